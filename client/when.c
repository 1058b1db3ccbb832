/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Times in the words of systemd.time(7), as far as they are needed here: journalctl's users know
 * them. Local time is the C library's, TZ included. */

#include "when.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/cleanup.h"

#define MINUTE_US  (60 * WHEN_SECOND_US)
#define HOUR_US    (60 * MINUTE_US)
#define DAY_US     (24 * HOUR_US)
#define MONTH_US   (INT64_C(2629800) * WHEN_SECOND_US) /* as systemd.time(7): 30.44 days */
#define YEAR_US    (12 * MONTH_US)
#define CENTURY_US (36525 * DAY_US)

static const struct unit {
        const char *name, *plural; /* as printed */
        int64_t us;
} shown_units[] = {
        { " day", " days", DAY_US },
        { "h", "h", HOUR_US },
        { "min", "min", MINUTE_US },
        { "s", "s", WHEN_SECOND_US },
};

int when_append_span(struct text *text, int64_t span_us) {
        unsigned n_shown = 0;

        for (size_t i = 0; i < N_ELEMENTS(shown_units) && n_shown < 2; i++) {
                int64_t n = span_us / shown_units[i].us;

                if (n == 0 && n_shown == 0)
                        continue;
                if (n > 0)
                        (void)text_appendf(text, "%s%lld%s", n_shown > 0 ? " " : "", (long long)n,
                                           n == 1 ? shown_units[i].name : shown_units[i].plural);
                span_us -= n * shown_units[i].us;
                n_shown++;
        }
        return n_shown == 0 ? text_append(text, "0s") : text_error(text);
}

int when_append_relative(struct text *text, int64_t at_us, int64_t now_us) {
        int64_t span = now_us > at_us ? now_us - at_us : at_us - now_us;

        if (span < WHEN_SECOND_US)
                return text_append(text, "just now");
        if (now_us < at_us)
                (void)text_append(text, "in ");
        (void)when_append_span(text, span);
        return text_append(text, now_us > at_us ? " ago" : "");
}

int when_append_local(struct text *text, int64_t at_us) {
        time_t seconds = (time_t)(at_us / WHEN_SECOND_US);
        char shown[64];
        struct tm local;

        if (!localtime_r(&seconds, &local) ||
            strftime(shown, sizeof shown, "%Y-%m-%d %H:%M:%S", &local) == 0)
                return text_append(text, "?");
        return text_append(text, shown);
}

int when_append_both(struct text *text, int64_t at_us, int64_t now_us) {
        (void)when_append_local(text, at_us);
        (void)text_append(text, " (");
        (void)when_append_relative(text, at_us, now_us);
        return text_append(text, ")");
}

static const struct {
        const char *name;
        int64_t us;
} read_units[] = {
        { "seconds", WHEN_SECOND_US },
        { "second", WHEN_SECOND_US },
        { "sec", WHEN_SECOND_US },
        { "s", WHEN_SECOND_US },
        { "minutes", MINUTE_US },
        { "minute", MINUTE_US },
        { "min", MINUTE_US },
        { "m", MINUTE_US },
        { "hours", HOUR_US },
        { "hour", HOUR_US },
        { "h", HOUR_US },
        { "days", DAY_US },
        { "day", DAY_US },
        { "d", DAY_US },
        { "weeks", 7 * DAY_US },
        { "week", 7 * DAY_US },
        { "w", 7 * DAY_US },
        { "months", MONTH_US },
        { "month", MONTH_US },
        { "M", MONTH_US },
        { "years", YEAR_US },
        { "year", YEAR_US },
        { "y", YEAR_US },
        { "msec", 1000 },
        { "ms", 1000 },
        { "usec", 1 },
        { "us", 1 },
        { "hr", HOUR_US },
        { "", WHEN_SECOND_US },
};

/* One "NUMBER UNIT" at *STRING, which is moved behind it and the spaces that follow. */
static bool parse_part(const char **string, int64_t *ret_us) {
        unsigned long long number;
        size_t n_unit;
        char *end;

        if (**string < '0' || **string > '9')
                return false;
        number = strtoull(*string, &end, 10);
        end += strspn(end, " ");
        n_unit = strcspn(end, " 0123456789");
        for (size_t i = 0; i < N_ELEMENTS(read_units); i++) {
                if (strlen(read_units[i].name) != n_unit ||
                    strncmp(read_units[i].name, end, n_unit) != 0)
                        continue;
                if (number > (unsigned long long)(CENTURY_US / read_units[i].us))
                        return false;
                *ret_us = (int64_t)number * read_units[i].us;
                *string = end + n_unit + strspn(end + n_unit, " ");
                return true;
        }
        return false;
}

bool when_parse_span(const char *string, int64_t *ret_us) {
        int64_t sum = 0, part;

        do {
                if (!parse_part(&string, &part))
                        return false;
                sum += part;
                if (sum > CENTURY_US)
                        return false;
        } while (*string != '\0');
        *ret_us = sum;
        return true;
}

/* "Mon ", "Friday ": systemd.time(7) prints it, so it is read back; whether it is that day is not
 * looked at. */
static const char *skip_weekday(const char *string) {
        static const char *const days[] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" };
        size_t n = strcspn(string, " ");

        for (size_t i = 0; i < N_ELEMENTS(days); i++)
                if (n >= 3 && string[n] == ' ' && strncasecmp(string, days[i], 3) == 0)
                        return string + n + 1;
        return string;
}

static bool parse_calendar(const char *string, int64_t now_us, int64_t *ret_us) {
        static const struct {
                const char *format;
                bool is_today;
        } formats[] = {
                { "%Y-%m-%d %H:%M:%S", false }, { "%Y-%m-%d %H:%M", false },
                { "%Y-%m-%dT%H:%M:%S", false }, { "%Y-%m-%d", false },
                { "%H:%M:%S", true },           { "%H:%M", true },
        };
        time_t now = (time_t)(now_us / WHEN_SECOND_US), parsed;

        for (size_t i = 0; i < N_ELEMENTS(formats); i++) {
                struct tm local = { 0 };
                const char *end;
                bool is_utc;

                if (formats[i].is_today && !localtime_r(&now, &local))
                        return false;
                local.tm_sec = local.tm_min = local.tm_hour = 0;
                local.tm_isdst = -1;
                end = strptime(skip_weekday(string), formats[i].format, &local);
                is_utc = end && strcmp(end, " UTC") == 0;
                if (!end || (*end != '\0' && !is_utc))
                        continue;
                parsed = is_utc ? timegm(&local) : mktime(&local);
                *ret_us = (int64_t)parsed * WHEN_SECOND_US;
                return parsed != (time_t)-1;
        }
        return false;
}

static bool midnight(int64_t now_us, int days_back, int64_t *ret_us) {
        time_t now = (time_t)(now_us / WHEN_SECOND_US);
        struct tm local;

        if (!localtime_r(&now, &local))
                return false;
        local.tm_sec = local.tm_min = local.tm_hour = 0;
        local.tm_mday -= days_back;
        local.tm_isdst = -1;
        *ret_us = (int64_t)mktime(&local) * WHEN_SECOND_US;
        return true;
}

bool when_parse(const char *string, int64_t now_us, int64_t *ret_us) {
        size_t n = strlen(string);
        int64_t span;

        if (strcmp(string, "now") == 0) {
                *ret_us = now_us;
                return true;
        }
        if (strcmp(string, "today") == 0)
                return midnight(now_us, 0, ret_us);
        if (strcmp(string, "yesterday") == 0)
                return midnight(now_us, 1, ret_us);
        if (strcmp(string, "tomorrow") == 0)
                return midnight(now_us, -1, ret_us);
        if (string[0] == '@') {
                if (!when_parse_span(string + 1, &span))
                        return false;
                *ret_us = span;
                return true;
        }
        if (string[0] == '-') {
                if (!when_parse_span(string + 1, &span))
                        return false;
                *ret_us = now_us - span;
                return true;
        }
        if (n > 4 && strcmp(string + n - 4, " ago") == 0) {
                CLEANUP_FREE char *copy = strndup(string, n - 4);

                if (!copy || !when_parse_span(copy, &span))
                        return false;
                *ret_us = now_us - span;
                return true;
        }
        return parse_calendar(string, now_us, ret_us);
}
