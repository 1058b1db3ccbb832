/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <stdio.h>
#include <string.h>

#include "guard/contest.h"

static const uint64_t second = 1000000;

static enum contest_verdict note(struct contests *contests, const char *path, uint8_t version,
                                 uint64_t now_us) {
        uint8_t sha256[FILE_SHA256_SIZE] = { version };

        return contests_note(contests, path, "rule", sha256, now_us);
}

static void test_a_sixth_within_a_minute_begins_a_contest(void **state) {
        struct contests contests = { 0 };

        (void)state;
        for (uint64_t i = 1; i < CONTEST_TIMES; i++) {
                assert_int_equal(note(&contests, "/a", 1, i * second), CONTEST_TELL);
                assert_int_equal(note(&contests, "/b", 1, i * 16 * second), CONTEST_TELL);
        }
        assert_false(contests_has(&contests, "/a"));
        assert_int_equal(note(&contests, "/a", 1, CONTEST_TIMES * second), CONTEST_TELL);
        assert_int_equal(note(&contests, "/a", 1, (CONTEST_TIMES + 1) * second), CONTEST_BEGINS);
        assert_true(contests_has(&contests, "/a"));
        /* one each sixteen seconds is none */
        for (uint64_t i = CONTEST_TIMES; i < 20; i++)
                assert_int_equal(note(&contests, "/b", 1, i * 16 * second), CONTEST_TELL);
        assert_false(contests_has(&contests, "/b"));
        assert_int_equal(contests_count(&contests), 1);
        contests_done(&contests);
}

static uint64_t begin(struct contests *contests) {
        uint64_t now = second;

        while (note(contests, "/a", 1, now) != CONTEST_BEGINS)
                now += second;
        return now;
}

static void test_another_rule_or_path_is_told(void **state) {
        struct contests contests = { 0 };
        uint64_t now = begin(&contests);

        (void)state;
        assert_int_equal(note(&contests, "/a", 1, now), CONTEST_COUNT);
        assert_int_equal(contests_note(&contests, "/a", "other", NULL, now), CONTEST_TELL);
        assert_int_equal(note(&contests, "/other", 1, now), CONTEST_TELL);
        contests_done(&contests);
}

static void test_each_version_is_recorded_once_up_to_the_bound(void **state) {
        struct contests contests = { 0 };
        uint64_t now = begin(&contests);

        (void)state;
        for (unsigned i = 0; i < 200; i++) {
                bool is_kept = i + 1 < CONTEST_VERSIONS; /* one was shown before */

                assert_int_equal(note(&contests, "/a", (uint8_t)(i + 2), now),
                                 is_kept ? CONTEST_RECORD : CONTEST_DROP);
                assert_int_equal(note(&contests, "/a", (uint8_t)(i + 2), now),
                                 is_kept ? CONTEST_COUNT : CONTEST_DROP);
        }
        contests_done(&contests);
}

struct told {
        size_t n;
        uint64_t n_times;
        bool is_over;
};

static void tell(void *userdata, const struct contest_summary *summary) {
        struct told *told = userdata;

        assert_string_equal(summary->path, "/a");
        assert_string_equal(summary->rule_id, "rule");
        told->n++;
        told->n_times += summary->n_times;
        told->is_over = summary->is_over;
}

static void test_repeats_are_summarised_and_end(void **state) {
        struct contests contests = { 0 };
        uint64_t now = begin(&contests), end;
        struct told told = { 0 };

        (void)state;
        for (unsigned i = 0; i < 1000; i++) {
                (void)note(&contests, "/a", 1, now);
                assert_int_equal(contests_summarise(&contests, now, tell, &told), 0);
                now += second / 5;
        }
        end = now;
        assert_int_equal(told.n, 3); /* 200 s, one a minute */
        for (; now < end + CONTEST_CALM_US - second; now += 30 * second)
                assert_int_equal(contests_summarise(&contests, now, tell, &told), 0);
        assert_int_equal(told.n_times, 1000);
        assert_false(told.is_over);
        assert_int_equal(contests_summarise(&contests, end + CONTEST_CALM_US, tell, &told), 0);
        assert_true(told.is_over);
        assert_int_equal(contests_count(&contests), 0);
        assert_int_equal(note(&contests, "/a", 1, now + CONTEST_CALM_US), CONTEST_TELL);
        contests_done(&contests);
}

static void test_memory_is_bounded(void **state) {
        struct contests contests = { 0 };
        char path[32];

        (void)state;
        for (unsigned i = 0; i < CONTEST_MAX + 100; i++) {
                (void)snprintf(path, sizeof path, "/%u", i);
                assert_int_equal(note(&contests, path, 1, second), CONTEST_TELL);
        }
        assert_int_equal(contests.items.n, CONTEST_MAX);
        assert_int_equal(contests_summarise(&contests, second + CONTEST_WINDOW_US, tell, NULL), 0);
        assert_int_equal(contests.items.n, 0);
        contests_done(&contests);
}

static void test_severity_rises_to_the_top(void **state) {
        (void)state;
        assert_int_equal(contest_raise(SEVERITY_INFO), SEVERITY_LOW);
        assert_int_equal(contest_raise(SEVERITY_HIGH), SEVERITY_CRITICAL);
        assert_int_equal(contest_raise(SEVERITY_CRITICAL), SEVERITY_CRITICAL);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_sixth_within_a_minute_begins_a_contest),
                cmocka_unit_test(test_another_rule_or_path_is_told),
                cmocka_unit_test(test_each_version_is_recorded_once_up_to_the_bound),
                cmocka_unit_test(test_repeats_are_summarised_and_end),
                cmocka_unit_test(test_memory_is_bounded),
                cmocka_unit_test(test_severity_rises_to_the_top),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
