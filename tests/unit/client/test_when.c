/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../../client/when.h"
#include "base/cleanup.h"

#define NOW_US (INT64_C(1795186800) * WHEN_SECOND_US) /* 2026-11-20 15:00:00 UTC */

static void test_spans_are_read(void **state) {
        static const struct {
                const char *string;
                int64_t seconds; /* -1: none */
        } cases[] = {
                { "0", 0 },         { "90", 90 },      { "30min", 1800 },
                { "30 min", 1800 }, { "2h", 7200 },    { "1d", 86400 },
                { "1h 30m", 5400 }, { "1h30m", 5400 }, { "2 weeks", 1209600 },
                { "1 day", 86400 }, { "3s", 3 },       { "", -1 },
                { "h", -1 },        { "2x", -1 },      { "-2h", -1 },
                { "2h ", 7200 },    { "1.5h", -1 },    { "99999999999999999999d", -1 },
                { "101y", -1 },     { "36526d", -1 },  { "2 h 3", 7203 },
                { " 2h", -1 },      { "2h\xff", -1 },  { "36525d 1s", -1 },
        };

        (void)state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                int64_t us = -WHEN_SECOND_US;
                bool good = when_parse_span(cases[i].string, &us);

                if (good != (cases[i].seconds >= 0) || us != cases[i].seconds * WHEN_SECOND_US)
                        fail_msg("%s: %lld", cases[i].string, (long long)us);
        }
}

static void test_times_are_read(void **state) {
        static const struct {
                const char *string;
                int64_t before_now_s; /* INT64_MIN: none */
        } cases[] = {
                { "now", 0 },
                { "today", 15 * 3600 },
                { "yesterday", 39 * 3600 },
                { "2h ago", 7200 },
                { "-2h", 7200 },
                { "-1week", 604800 },
                { "1 month ago", 2629800 },
                { "tomorrow", -9 * 3600 },
                { "@1795186740", 60 },
                { "Fri 2026-11-20 14:59:00 UTC", 60 },
                { "Friday 2026-11-20 14:59:00", 60 },
                { "2026-11-20 14:59 UTC", 60 },
                { "@", INT64_MIN },
                { "@-1", INT64_MIN },
                { "Fri", INT64_MIN },
                { "2026-11-20 14:59 CET", INT64_MIN },
                { "14:00", 3600 },
                { "14:59:58", 2 },
                { "2026-11-20", 15 * 3600 },
                { "2026-11-20 14:00", 3600 },
                { "2026-11-20 15:00:01", -1 },
                { "2026-11-20T14:59:59", 1 },
                { "", INT64_MIN },
                { "soon", INT64_MIN },
                { " ago", INT64_MIN },
                { "x ago", INT64_MIN },
                { "2026-13-01", INT64_MIN },
                { "2026-11-20x", INT64_MIN },
                { "25:00", INT64_MIN },
        };

        (void)state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                int64_t us = 0;
                bool good = when_parse(cases[i].string, NOW_US, &us);

                if (good != (cases[i].before_now_s != INT64_MIN) ||
                    (good && us != NOW_US - cases[i].before_now_s * WHEN_SECOND_US))
                        fail_msg("%s: %lld", cases[i].string, (long long)us);
        }
}

static void test_spans_are_shown(void **state) {
        static const struct {
                int64_t seconds;
                const char *shown;
        } cases[] = {
                { 0, "0s" },           { 1, "1s" },          { 59, "59s" },
                { 60, "1min" },        { 61, "1min 1s" },    { 3600, "1h" },
                { 3601, "1h" },        { 3660, "1h 1min" },  { 86400, "1 day" },
                { 90000, "1 day 1h" }, { 172800, "2 days" }, { 172860, "2 days" },
        };

        (void)state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                CLEANUP(text_done) struct text text = { 0 };

                assert_int_equal(when_append_span(&text, cases[i].seconds * WHEN_SECOND_US), 0);
                assert_string_equal(text_get(&text), cases[i].shown);
        }
}

static void test_times_are_shown(void **state) {
        CLEANUP(text_done) struct text text = { 0 };

        (void)state;
        (void)when_append_both(&text, NOW_US - 180 * WHEN_SECOND_US, NOW_US);
        (void)text_append(&text, "|");
        (void)when_append_relative(&text, NOW_US + 60 * WHEN_SECOND_US, NOW_US);
        (void)text_append(&text, "|");
        (void)when_append_relative(&text, NOW_US + 5, NOW_US);
        (void)text_append(&text, "|");
        (void)when_append_local(&text, INT64_MAX);
        assert_string_equal(
                text_get(&text),
                "2026-11-20 14:57:00 (3min ago)|in 1min|just now|294247-01-10 04:00:54");
}

static int set_zone(void **state) {
        (void)state;
        tzset();
        return setenv("TZ", "UTC", 1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_spans_are_read),
                cmocka_unit_test(test_times_are_read),
                cmocka_unit_test(test_spans_are_shown),
                cmocka_unit_test(test_times_are_shown),
        };

        return cmocka_run_group_tests(tests, set_zone, NULL);
}
