/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <string.h>

#include "base/array.h"
#include "guard/dirty.h"

static size_t take(struct dirty_set *set, uint64_t now_us, size_t max, const char *first) {
        char **paths = NULL;
        size_t n = 0;

        assert_int_equal(dirty_take(set, now_us, max, &paths, &n), 0);
        if (first) {
                assert_true(n > 0);
                assert_string_equal(paths[0], first);
        }
        strings_free(paths, n);
        return n;
}

static void test_each_path_once(void **state) {
        struct dirty_set set = { 0 };

        (void)state;
        assert_true(dirty_next(&set) == DIRTY_NEVER);
        assert_int_equal(dirty_mark(&set, "/a", false, false, 100), 0);
        assert_int_equal(dirty_mark(&set, "/a", false, false, 200), 0);
        assert_true(dirty_next(&set) == 100);
        assert_int_equal(take(&set, 200, 10, "/a"), 1);
        assert_int_equal(take(&set, 200, 10, NULL), 0);
        dirty_done(&set);
}

static void test_writers_settle_but_cannot_hide(void **state) {
        struct dirty_set set = { 0 };
        uint64_t now = 1000;

        (void)state;
        for (; now < 1000 + 2 * DIRTY_SETTLE_MAX_US; now += DIRTY_SETTLE_US / 2) {
                assert_int_equal(dirty_mark(&set, "/w", true, false, now), 0);
                if (take(&set, now, 10, NULL) > 0)
                        break;
        }
        assert_true(now >= 1000 + DIRTY_SETTLE_MAX_US);
        assert_true(now <= 1000 + DIRTY_SETTLE_MAX_US + DIRTY_SETTLE_US);
        dirty_done(&set);
}

static void test_a_close_ends_settling(void **state) {
        struct dirty_set set = { 0 };

        (void)state;
        assert_int_equal(dirty_mark(&set, "/w", true, false, 1000), 0);
        assert_int_equal(take(&set, 1000, 10, NULL), 0);
        assert_int_equal(dirty_mark(&set, "/w", false, false, 1001), 0);
        assert_int_equal(take(&set, 1001, 10, "/w"), 1);
        dirty_done(&set);
}

static void test_events_go_before_the_full_pass(void **state) {
        struct dirty_set set = { 0 };

        (void)state;
        assert_int_equal(dirty_mark(&set, "/a", false, true, 1), 0);
        assert_int_equal(dirty_mark(&set, "/b", false, true, 1), 0);
        assert_int_equal(dirty_mark(&set, "/z", false, false, 5), 0);
        assert_int_equal(take(&set, 5, 10, "/z"), 1);
        assert_int_equal(dirty_mark(&set, "/b", false, false, 6), 0);
        assert_int_equal(take(&set, 6, 10, "/b"), 1);
        assert_int_equal(take(&set, 6, 10, "/a"), 1);
        dirty_done(&set);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_each_path_once),
                cmocka_unit_test(test_writers_settle_but_cannot_hide),
                cmocka_unit_test(test_a_close_ends_settling),
                cmocka_unit_test(test_events_go_before_the_full_pass),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
