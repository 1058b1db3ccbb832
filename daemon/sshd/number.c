/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Numbers, times and sizes.
 *
 * sshd has four readers of numbers that accept different things: strtonum(3) (blanks and a sign
 * before the digits, nothing after), strtol(3) (anything after), scan_scaled(3) (fractions and
 * units) and convtime() (several numbers with units, changed in 9.2, 9.8 and 10.3). Each is here
 * once.
 *
 * Fractional seconds are kept in millionths, which is what `sshd -T` prints; sshd itself keeps a
 * double. */

#include "number.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum {
        MILLION = 1000000,
        SCALED_DIGITS_MAX = 21, /* fmt_scaled.c: MAX_DIGITS */
        RELEASE_INT_TIME = 806, /* convtime() stopped to wrap at INT_MAX */
        RELEASE_STRTONUM_TIME = 908,
        RELEASE_FINE_TIME = 1003,
        RELEASE_EXACT_FRACTION = 1004,
};

static const long long FINE_TIME_MAX = 900000000000; /* seconds in one number: no overflow */

static bool is_digit(char c) {
        return c >= '0' && c <= '9';
}

static bool is_blank(char c) {
        return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_alphanumeric(char c) {
        return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

long long number_parse_prefix(const char *text, int base, const char **ret_end) {
        char *end;
        long long value = strtoll(text, &end, base);

        *ret_end = end;
        return value;
}

const char *number_parse(const char *text, long long minimum, long long maximum, long long *ret) {
        const char *end;
        long long value;

        value = number_parse_prefix(text, 10, &end);
        if (end == text || *end != '\0')
                return "invalid";
        if (value == LLONG_MIN || value < minimum)
                return "too small";
        if (value == LLONG_MAX || value > maximum)
                return "too large";
        *ret = value;
        return NULL;
}

const char *number_parse_int(const char *text, long long *ret) {
        if (!text || *text == '\0')
                return "missing";
        return number_parse(text, 0, INT_MAX, ret);
}

/* Seconds per unit; 0: no unit. */
static long long time_unit(char c) {
        switch (c) {
        case '\0':
        case 's':
        case 'S':
                return 1;
        case 'm':
        case 'M':
                return 60;
        case 'h':
        case 'H':
                return 3600;
        case 'd':
        case 'D':
                return 86400;
        case 'w':
        case 'W':
                return 604800;
        default:
                return 0;
        }
}

/* The digits after a decimal point in millionths, rounded as printf(3) would; false without any. */
static bool parse_fraction(const char **text, long long *ret) {
        long long fraction = 0, digit = MILLION / 10;
        const char *start = *text;

        for (; is_digit(**text); (*text)++, digit /= 10) {
                if (digit == 0 && *text - start == 6 && **text >= '5')
                        fraction++;
                fraction += digit * (**text - '0');
        }
        *ret = fraction;
        return *text > start;
}

bool number_parse_fine_time(const char *text, long long *ret) {
        long long total = 0;
        bool has_seconds = false;

        if (*text == '\0')
                return false;
        while (*text) {
                long long whole = 0, fraction = 0, unit, part;
                const char *start = text;
                bool has_point;

                for (; is_digit(*text); text++) {
                        if (whole > FINE_TIME_MAX)
                                return false;
                        whole = whole * 10 + (*text - '0');
                }
                has_point = *text == '.';
                if (has_point) {
                        text++;
                        if (!parse_fraction(&text, &fraction))
                                return false;
                }
                unit = time_unit(*text);
                if (text == start || unit == 0 || (unit == 1 && has_seconds) ||
                    (unit > 1 && has_point))
                        return false;
                has_seconds = has_seconds || unit == 1;
                if (__builtin_mul_overflow(whole * MILLION + fraction, unit, &part) ||
                    __builtin_add_overflow(total, part, &total))
                        return false;
                if (*text)
                        text++;
        }
        *ret = total;
        return true;
}

/* Before 10.3: whole numbers. strtonum(3) took over from strtol(3) in 9.8, and with it blanks and
 * signs went, since it is given the digits only. */
static bool parse_whole_time(const char *text, long long maximum, bool digits_only,
                             long long *ret) {
        long long total = 0;

        while (*text) {
                const char *end;
                long long value, unit;

                if (digits_only && !is_digit(*text))
                        return false;
                value = number_parse_prefix(text, 10, &end);
                if (end == text || value < 0 || value == LLONG_MAX)
                        return false;
                unit = time_unit(*end);
                if (unit == 0 || value > maximum / unit || total > maximum - value * unit)
                        return false;
                total += value * unit;
                text = *end ? end + 1 : end;
        }
        *ret = total;
        return true;
}

bool number_parse_time(const char *text, const struct sshd_release *release, long long *ret) {
        long long value;

        if (!text || *text == '\0')
                return false;
        if (release->number >= RELEASE_FINE_TIME) {
                if (!number_parse_fine_time(text, &value) || value > (long long)INT_MAX * MILLION)
                        return false;
                *ret = value / MILLION;
                return true;
        }
        if (release->number >= RELEASE_INT_TIME)
                return parse_whole_time(text, INT_MAX, release->number >= RELEASE_STRTONUM_TIME,
                                        ret);
        if (!parse_whole_time(text, LLONG_MAX - 1, false, &value))
                return false;
        *ret = (int)(unsigned)(unsigned long long)value; /* it was stored in an int */
        return *ret != -1;
}

/* The digits of a scaled number; false where they are too many or too large. */
struct scaled {
        long long whole, fraction;
        unsigned n_digits, n_fraction; /* n_fraction: 0 without a point, else digits + 1 */
};

static const char *parse_scaled_digits(const char **text, struct scaled *scaled) {
        for (; is_digit(**text) || **text == '.'; (*text)++) {
                long long *part = scaled->n_fraction > 0 ? &scaled->fraction : &scaled->whole;
                int digit = **text - '0';

                if (**text == '.') {
                        if (scaled->n_fraction > 0)
                                return "Invalid argument";
                        scaled->n_fraction = 1;
                        continue;
                }
                if (scaled->n_fraction >= SCALED_DIGITS_MAX - 1)
                        continue;
                if (scaled->n_fraction > 0)
                        scaled->n_fraction++;
                else if (++scaled->n_digits >= SCALED_DIGITS_MAX)
                        return "Numerical result out of range";
                if (*part > LLONG_MAX / 10 || digit > LLONG_MAX - *part * 10)
                        return "Numerical result out of range";
                *part = *part * 10 + digit;
        }
        return NULL;
}

/* The fraction in units of 1: digits are given up until the product fits. */
static long long scale_fraction_old(struct scaled *scaled, long long factor) {
        long long fraction = scaled->fraction;

        while (fraction >= LLONG_MAX / factor) {
                fraction /= 10;
                scaled->n_fraction--;
        }
        fraction *= factor;
        for (unsigned i = 1; i < scaled->n_fraction; i++)
                fraction /= 10;
        return fraction;
}

/* The same, multiplying and dividing in turns. */
static long long scale_fraction(const struct scaled *scaled, unsigned n_products) {
        unsigned n_quotients = scaled->n_fraction > 0 ? scaled->n_fraction - 1 : 0;
        long long fraction = scaled->fraction;

        while (n_products > 0 || n_quotients > 0) {
                if (n_products > 0 && (fraction <= LLONG_MAX / 1024 || n_quotients == 0)) {
                        fraction *= 1024;
                        n_products--;
                } else {
                        fraction /= 10;
                        n_quotients--;
                }
        }
        return fraction;
}

const char *number_parse_scaled(const char *text, const struct sshd_release *release,
                                long long *ret) {
        static const char units[] = "BKMGTPE";
        struct scaled scaled = { 0 };
        long long factor = 1, fraction;
        const char *unit, *message;
        int sign = 1;

        while (is_blank(*text))
                text++;
        if (*text == '-' || *text == '+')
                sign = *text++ == '-' ? -1 : 1;
        if (*text == '-' || *text == '+')
                return "Invalid argument";
        message = parse_scaled_digits(&text, &scaled);
        if (message)
                return message;
        scaled.whole *= sign;
        if (*text == '\0') {
                *ret = scaled.whole;
                return NULL;
        }
        unit = strchr(units, *text >= 'a' && *text <= 'z' ? *text - 'a' + 'A' : *text);
        if (!unit || is_alphanumeric(text[1]))
                return "Invalid argument";
        factor <<= 10 * (unit - units);
        if (scaled.whole > LLONG_MAX / factor || scaled.whole < LLONG_MIN / factor)
                return "Numerical result out of range";
        fraction = release->number >= RELEASE_EXACT_FRACTION
                           ? scale_fraction(&scaled, (unsigned)(unit - units))
                           : scale_fraction_old(&scaled, factor);
        *ret = scaled.whole * factor + sign * fraction;
        return NULL;
}
