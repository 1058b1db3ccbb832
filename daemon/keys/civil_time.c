/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Dates of expiry-time.
 *
 * sshd cuts the digits into fields, joins them with separators and hands that to strptime(3), so
 * the quirks of glibc's strptime decide: white space may stand in front of a number, a number ends
 * where another digit would exceed its limit, and until 9.0 nothing looked at what was left. The
 * fields then go through mktime(3) or timegm(3), which carry 30 February over into March. Until
 * 10.3 a time before 1970 is refused; since 10.4 it is taken, and wraps to a time without end. */

#include "civil_time.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
        RELEASE_WITH_UTC = 901,
        RELEASE_WITH_NEGATIVE_TIMES = 1004,
        N_FIELDS_MAX = 6,
};

struct field {
        unsigned n_digits;
        int least, most;
        char separator; /* in front of it */
};

static const struct field fields[N_FIELDS_MAX] = {
        { 4, 0, 9999, '\0' }, { 2, 1, 12, '-' }, { 2, 1, 31, '-' },
        { 2, 0, 23, 'T' },    { 2, 0, 59, ':' }, { 2, 0, 61, ':' },
};

static bool is_digit(char c) {
        return c >= '0' && c <= '9';
}

/* strptime(3)'s number. */
static bool take_number(const char **text, const struct field *field, int *ret) {
        unsigned n = 0;
        int value = 0;

        while (**text == ' ' || (**text >= '\t' && **text <= '\r'))
                (*text)++;
        if (!is_digit(**text))
                return false;
        do
                value = value * 10 + (*(*text)++ - '0');
        while (++n < field->n_digits && value * 10 <= field->most && is_digit(**text));
        *ret = value;
        return value >= field->least && value <= field->most;
}

/* Writes the N bytes of TEXT as strptime(3) is given them: "2099-01-31T12:30". */
static size_t join_fields(const char *text, size_t n, char ret[32]) {
        size_t n_ret = 0, n_fields = 0;

        for (size_t i = 0; i < n; n_fields++) {
                if (fields[n_fields].separator)
                        ret[n_ret++] = fields[n_fields].separator;
                for (unsigned j = 0; j < fields[n_fields].n_digits; j++)
                        ret[n_ret++] = text[i++];
        }
        ret[n_ret] = '\0';
        return n_fields;
}

/* timegm(3) for years from 0: days of the proleptic Gregorian calendar, March first. */
static int64_t seconds_since_1970(const struct keys_civil_time *time) {
        int64_t year = time->month <= 2 ? time->year - 1 : time->year;
        int64_t era = (year >= 0 ? year : year - 399) / 400;
        int64_t year_of_era = year - era * 400;
        int64_t month = (time->month + 9) % 12;
        int64_t day_of_year = (153 * month + 2) / 5 + time->day - 1;
        int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

        return (era * 146097 + day_of_era - 719468) * 86400 + time->hour * 3600 +
               time->minute * 60 + time->second;
}

static size_t strip_utc(const char *text, size_t n) {
        if (n > 1 && strcasecmp(text + n - 1, "Z") == 0)
                return n - 1;
        if (n > 3 && strcasecmp(text + n - 3, "UTC") == 0)
                return n - 3;
        return n;
}

bool civil_time_parse(const char *text, const struct keys_release *release,
                      const struct keys_environment *environment, uint64_t *ret) {
        int values[N_FIELDS_MAX] = { 0 };
        struct keys_civil_time time;
        size_t n_all = strlen(text), n = n_all, n_fields;
        const char *next;
        char joined[32];
        int64_t seconds;

        if (release->number >= RELEASE_WITH_UTC)
                n = strip_utc(text, n);
        if (n != 8 && n != 12 && n != 14)
                return false;
        n_fields = join_fields(text, n, joined);
        next = joined;
        for (size_t i = 0; i < n_fields; i++) {
                if (fields[i].separator && *next++ != fields[i].separator)
                        return false;
                if (!take_number(&next, &fields[i], &values[i]))
                        return false;
        }
        if (*next != '\0' && release->number >= RELEASE_WITH_UTC)
                return false;
        time = (struct keys_civil_time){ values[0], values[1], values[2],
                                         values[3], values[4], values[5] };
        if (n == n_all && environment && environment->local_time) {
                if (!environment->local_time(environment->userdata, &time, &seconds))
                        return false;
        } else {
                seconds = seconds_since_1970(&time);
        }
        if (seconds == 0 || (seconds < 0 && release->number < RELEASE_WITH_NEGATIVE_TIMES))
                return false;
        *ret = (uint64_t)seconds;
        return true;
}

void civil_time_format(uint64_t seconds, char *ret, size_t n_ret) {
        static const uint64_t end_of_9999 = 253402300799;
        uint64_t days = seconds / 86400 + 719468, second = seconds % 86400;
        unsigned day_of_era, year_of_era, day_of_year, month;

        if (seconds > end_of_9999) {
                (void)snprintf(ret, n_ret, "%llu", (unsigned long long)seconds);
                return;
        }
        day_of_era = (unsigned)(days % 146097);
        year_of_era =
                (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
        day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        month = (5 * day_of_year + 2) / 153; /* from March */
        (void)snprintf(ret, n_ret, "%04u%02u%02u%02u%02u%02uZ",
                       (unsigned)(days / 146097) * 400 + year_of_era + (month >= 10),
                       month < 10 ? month + 3 : month - 9, day_of_year - (153 * month + 2) / 5 + 1,
                       (unsigned)second / 3600, (unsigned)second / 60 % 60, (unsigned)second % 60);
}
