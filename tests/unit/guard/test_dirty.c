/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <string.h>

#include "guard/dirty.h"

static size_t take(struct dirty_set *set, uint64_t now_us, size_t max, const char *first) {
        struct dirty_slice slice = { 0 };
        size_t n;

        assert_int_equal(dirty_take(set, now_us, max, &slice), 0);
        if (first) {
                assert_true(slice.n_paths > 0);
                assert_string_equal(slice.paths[0], first);
        }
        n = slice.n_paths;
        dirty_slice_done(&slice);
        return n;
}

static void test_each_path_once(void **state) {
        struct dirty_set set = { 0 };

        (void)state;
        assert_true(dirty_next(&set) == DIRTY_NEVER);
        assert_int_equal(dirty_mark(&set, "/a", DIRTY_BY_EVENT, false, 100), 0);
        assert_int_equal(dirty_mark(&set, "/a", DIRTY_BY_EVENT, false, 200), 0);
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
                assert_int_equal(dirty_mark(&set, "/w", DIRTY_BY_EVENT, true, now), 0);
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
        assert_int_equal(dirty_mark(&set, "/w", DIRTY_BY_EVENT, true, 1000), 0);
        assert_int_equal(take(&set, 1000, 10, NULL), 0);
        assert_int_equal(dirty_mark(&set, "/w", DIRTY_BY_EVENT, false, 1001), 0);
        assert_int_equal(take(&set, 1001, 10, "/w"), 1);
        dirty_done(&set);
}

static void test_events_go_before_the_full_pass(void **state) {
        struct dirty_set set = { 0 };

        (void)state;
        assert_int_equal(dirty_mark(&set, "/a", DIRTY_BY_PASS, false, 1), 0);
        assert_int_equal(dirty_mark(&set, "/b", DIRTY_BY_PASS, false, 1), 0);
        assert_int_equal(dirty_mark(&set, "/z", DIRTY_BY_EVENT, false, 5), 0);
        assert_int_equal(take(&set, 5, 10, "/z"), 1);
        assert_int_equal(dirty_mark(&set, "/b", DIRTY_BY_EVENT, false, 6), 0);
        assert_int_equal(take(&set, 6, 10, "/b"), 1);
        assert_int_equal(take(&set, 6, 10, "/a"), 1);
        dirty_done(&set);
}

static void test_a_storm_leaves_the_full_pass_its_turns(void **state) {
        struct dirty_set set = { 0 };
        unsigned n_turns = 0;

        (void)state;
        assert_int_equal(dirty_mark(&set, "/a", DIRTY_BY_PASS, false, 1), 0);
        for (uint64_t now = 2; dirty_has_left(&set, DIRTY_BY_PASS, 1); now++) {
                assert_int_equal(dirty_mark(&set, "/storm", DIRTY_BY_EVENT, false, now), 0);
                assert_int_equal(take(&set, now, 1, NULL), 1);
                assert_true(++n_turns <= DIRTY_PASS_TURN);
        }
        dirty_done(&set);
}

/* It was marked when the pass had begun, as what could not be done is. */
static void test_a_pass_ends_without_what_was_put_off(void **state) {
        struct dirty_set set = { 0 };

        (void)state;
        assert_int_equal(dirty_mark(&set, "/a", DIRTY_BY_EVENT, false, 1), 0);
        assert_int_equal(dirty_mark(&set, "/a", DIRTY_BY_PASS, false, 2), 0);
        assert_true(dirty_has_left(&set, DIRTY_BY_PASS, 2));
        assert_int_equal(take(&set, 2, 10, "/a"), 1);
        assert_int_equal(dirty_defer(&set, "/a", DIRTY_BY_PASS, 50), 0);
        assert_false(dirty_has_left(&set, DIRTY_BY_PASS, 2));
        assert_true(dirty_next(&set) < DIRTY_NEVER);
        dirty_done(&set);
}

static void test_a_slice_says_who_asked_for_it(void **state) {
        struct dirty_set set = { 0 };
        struct dirty_slice slice = { 0 };

        (void)state;
        assert_int_equal(dirty_mark(&set, "/a", DIRTY_BY_PASS, false, 1), 0);
        assert_int_equal(dirty_mark(&set, "/a", DIRTY_BY_SWEEP, false, 2), 0);
        assert_int_equal(dirty_mark(&set, "/b", DIRTY_BY_MOUNT, false, 2), 0);
        assert_int_equal(dirty_mark(&set, "/c", DIRTY_BY_PASS, false, 2), 0);
        assert_int_equal(dirty_take(&set, 2, 10, &slice), 0);
        assert_int_equal(slice.n_paths, 2);
        assert_string_equal(dirty_sources_name(slice.sources), "mount, sweep, pass");
        dirty_slice_done(&slice);
        dirty_done(&set);
}

/* By its first letter. */
static struct turn_credit *owner_of(void *userdata, const char *path) {
        struct turn_credit *owners = userdata;

        return &owners[path[1] - 'a'];
}

static void test_the_lowest_tag_is_next(void **state) {
        struct turn_credit owners[] = { { .tag = 300 },
                                        { 0 },
                                        { .tag = 200 } }; /* /b was never served */
        struct dirty_set set = { .owner_of = owner_of, .userdata = owners };

        (void)state;
        assert_int_equal(dirty_mark(&set, "/a1", DIRTY_BY_EVENT, false, 1), 0);
        assert_int_equal(dirty_mark(&set, "/a2", DIRTY_BY_EVENT, false, 1), 0);
        assert_int_equal(dirty_mark(&set, "/c", DIRTY_BY_EVENT, false, 2), 0);
        assert_int_equal(dirty_mark(&set, "/b", DIRTY_BY_PASS, false, 1), 0);
        assert_int_equal(take(&set, 5, 10, "/c"), 1); /* whatever names come before */
        owners[2].tag = 400;
        assert_int_equal(dirty_mark(&set, "/c", DIRTY_BY_EVENT, false, 5), 0);
        assert_int_equal(take(&set, 5, 10, "/a1"), 2); /* a turn has all that is theirs */
        assert_int_equal(take(&set, 5, 10, "/c"), 1);
        assert_int_equal(take(&set, 5, 10, "/b"), 1);
        dirty_done(&set);
}

static void test_all_are_equal_once_nobody_waits(void **state) {
        struct turn_credit owners[2] = { 0 };
        struct dirty_set set = { .owner_of = owner_of, .userdata = owners };

        (void)state;
        for (uint64_t now = 1; now <= 100; now++) {
                assert_int_equal(dirty_mark(&set, "/a", DIRTY_BY_EVENT, false, now), 0);
                assert_int_equal(take(&set, now, 1, "/a"), 1);
                dirty_charge(&set, &owners[0], 10);
        }
        assert_int_equal(take(&set, 100, 1, NULL), 0); /* nobody waits: all are equal again */
        assert_int_equal(dirty_mark(&set, "/a", DIRTY_BY_EVENT, false, 101), 0);
        assert_int_equal(dirty_mark(&set, "/b", DIRTY_BY_EVENT, false, 102), 0);
        assert_int_equal(take(&set, 102, 1, "/a"), 1);
        dirty_charge(&set, &owners[0], 10);
        assert_int_equal(dirty_mark(&set, "/a", DIRTY_BY_EVENT, false, 103), 0);
        assert_int_equal(take(&set, 103, 1, "/b"), 1);
        dirty_charge(&set, &owners[1], 10);
        assert_true(owners[1].tag == owners[0].tag);
        dirty_done(&set);
}

/* Two always want a turn, and a third one comes when that has gone on for very long. */
static void test_who_paused_has_saved_little_up(void **state) {
        const uint64_t cost = DIRTY_CREDIT_US / 10;
        struct turn_credit owners[3] = { 0 };
        uint64_t n_in_a_row = 0;
        struct dirty_set set = { .owner_of = owner_of, .userdata = owners };

        (void)state;
        for (uint64_t now = 1; now <= 1000; now++) {
                struct dirty_slice slice = { 0 };
                size_t who;

                assert_int_equal(dirty_mark(&set, "/a", DIRTY_BY_EVENT, false, now), 0);
                assert_int_equal(dirty_mark(&set, "/c", DIRTY_BY_EVENT, false, now), 0);
                if (now > 500)
                        assert_int_equal(dirty_mark(&set, "/b", DIRTY_BY_EVENT, false, now), 0);
                assert_int_equal(dirty_take(&set, now, 1, &slice), 0);
                who = (size_t)(slice.paths[0][1] - 'a');
                n_in_a_row = who == 1 ? n_in_a_row + 1 : 0;
                assert_true(n_in_a_row <= 2 * DIRTY_CREDIT_US / cost);
                assert_true(now != 501 || who == 1); /* at once */
                dirty_charge(&set, &owners[who], cost);
                dirty_slice_done(&slice);
        }
        assert_true(owners[1].tag + 2 * cost >= owners[0].tag &&
                    owners[0].tag + 2 * cost >= owners[1].tag);
        dirty_done(&set);
}

/* Two always want a turn, and one of them costs three times as much; a third asks now and then. */
static void test_turns_are_shared_by_what_they_cost(void **state) {
        static const uint64_t costs[] = { 30, 10, 1 };
        struct turn_credit owners[3] = { 0 };
        uint64_t spent[] = { 0, 0, 0 }, asked_at = 0;
        struct dirty_set set = { .owner_of = owner_of, .userdata = owners };

        (void)state;
        for (uint64_t now = 1; now <= 1000; now++) {
                struct dirty_slice slice = { 0 };
                size_t who;

                assert_int_equal(dirty_mark(&set, "/a", DIRTY_BY_EVENT, false, now), 0);
                assert_int_equal(dirty_mark(&set, "/b", DIRTY_BY_EVENT, false, now), 0);
                if (now % 100 == 0)
                        assert_int_equal(dirty_mark(&set, "/c", DIRTY_BY_EVENT, false, now), 0);
                if (now % 100 == 0)
                        asked_at = now;
                assert_int_equal(dirty_take(&set, now, 1, &slice), 0);
                assert_int_equal(slice.n_paths, 1);
                who = (size_t)(slice.paths[0][1] - 'a');
                if (who == 2)
                        asked_at = 0;
                assert_true(asked_at == 0 || now == asked_at); /* the turn after this one at last */
                spent[who] += costs[who];
                dirty_charge(&set, &owners[who], costs[who]);
                dirty_slice_done(&slice);
        }
        assert_int_equal(spent[2], 10 * costs[2]);
        assert_true(spent[0] < spent[1] + costs[0] + costs[1]);
        assert_true(spent[1] < spent[0] + costs[0] + costs[1]);
        dirty_done(&set);
}

/* Both are there for the first time, and the one who came first made a hundred changes. */
static void test_who_made_many_events_is_behind(void **state) {
        struct turn_credit owners[3] = { 0 };
        struct dirty_set set = { .owner_of = owner_of, .userdata = owners };

        (void)state;
        assert_int_equal(dirty_mark(&set, "/a", DIRTY_BY_EVENT, false, 1), 0);
        dirty_charge_events(&set, &owners[0], 300);
        assert_int_equal(dirty_mark(&set, "/b", DIRTY_BY_EVENT, false, 2), 0);
        dirty_charge_events(&set, &owners[1], 3);
        assert_int_equal(take(&set, 3, 1, "/b"), 1);
        for (unsigned n = 0; n < 1000; n++)
                dirty_charge_events(&set, &owners[0], 300);
        assert_int_equal(owners[0].tag, DIRTY_CREDIT_US); /* not for ever */
        assert_int_equal(dirty_mark(&set, "/b", DIRTY_BY_EVENT, false, 4), 0);
        dirty_charge(&set, &owners[1], 2 * DIRTY_CREDIT_US);
        assert_int_equal(take(&set, 4, 1, "/a"), 1);
        dirty_done(&set);
}

static void test_what_is_deferred_waits_as_long_as_it_is_told(void **state) {
        struct dirty_set set = { 0 };

        (void)state;
        assert_int_equal(dirty_defer(&set, "/a", DIRTY_BY_EVENT, 10 * DIRTY_SETTLE_MAX_US), 0);
        assert_int_equal(dirty_next(&set), 10 * DIRTY_SETTLE_MAX_US);
        assert_int_equal(dirty_defer(&set, "/a", DIRTY_BY_EVENT, 20 * DIRTY_SETTLE_MAX_US), 0);
        assert_int_equal(take(&set, 10 * DIRTY_SETTLE_MAX_US - 1, 10, NULL), 0);
        assert_int_equal(take(&set, 10 * DIRTY_SETTLE_MAX_US, 10, "/a"), 1);
        dirty_done(&set);
}

/* Who asks now and then never waits; who always asks gets his share in the long run. */
static void test_what_a_turn_costs_is_paid_for_by_a_share(void **state) {
        const uint64_t cost = DIRTY_CREDIT_US / 10, paid_in = cost * DIRTY_SHARE;
        struct turn_credit often = { 0 }, seldom = { 0 };
        uint64_t now, n = 0;

        (void)state;
        for (now = paid_in; now < 100 * paid_in; now += paid_in + 1) {
                dirty_owe(&seldom, cost, now);
                assert_true(seldom.paid_us <= now);
        }
        for (uint64_t end = now + 100 * paid_in; now < end; n++) {
                dirty_owe(&often, cost, now);
                if (often.paid_us > now)
                        now = often.paid_us;
        }
        assert_in_range(n, 100, 100 + DIRTY_CREDIT_US / cost + 1);
        dirty_owe(&often, cost, now + 1000 * paid_in); /* what is saved up has a limit */
        assert_true(often.paid_us + DIRTY_CREDIT_US / cost * paid_in >= now + 1000 * paid_in);
}

static void test_who_owes_waits_and_nobody_for_him(void **state) {
        struct turn_credit owners[] = { { .tag = 1, .paid_us = 100 }, { .tag = 2 } };
        struct dirty_set set = { .owner_of = owner_of, .userdata = owners };

        (void)state;
        assert_int_equal(dirty_mark(&set, "/a", DIRTY_BY_EVENT, false, 1), 0);
        assert_int_equal(dirty_mark(&set, "/b", DIRTY_BY_EVENT, false, 2), 0);
        assert_int_equal(take(&set, 3, 10, "/b"), 1);
        assert_int_equal(dirty_next(&set), 100);
        assert_int_equal(dirty_mark(&set, "/a", DIRTY_BY_EVENT, false, 4), 0);
        assert_int_equal(take(&set, 99, 10, NULL), 0);
        assert_int_equal(dirty_next(&set), 100);
        assert_int_equal(take(&set, 100, 10, "/a"), 1);
        dirty_done(&set);
}

static void test_an_event_is_no_pass_though_it_is_put_off(void **state) {
        struct dirty_set set = { 0 };

        (void)state;
        assert_int_equal(dirty_mark(&set, "/a", DIRTY_BY_PASS, false, 1), 0);
        assert_int_equal(dirty_mark(&set, "/b", DIRTY_BY_PASS, false, 1), 0);
        assert_int_equal(dirty_defer(&set, "/b", DIRTY_BY_EVENT, 5), 0);
        assert_int_equal(take(&set, 5, 10, "/b"), 1);
        dirty_done(&set);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_each_path_once),
                cmocka_unit_test(test_the_lowest_tag_is_next),
                cmocka_unit_test(test_all_are_equal_once_nobody_waits),
                cmocka_unit_test(test_who_paused_has_saved_little_up),
                cmocka_unit_test(test_turns_are_shared_by_what_they_cost),
                cmocka_unit_test(test_who_made_many_events_is_behind),
                cmocka_unit_test(test_what_is_deferred_waits_as_long_as_it_is_told),
                cmocka_unit_test(test_what_a_turn_costs_is_paid_for_by_a_share),
                cmocka_unit_test(test_who_owes_waits_and_nobody_for_him),
                cmocka_unit_test(test_an_event_is_no_pass_though_it_is_put_off),
                cmocka_unit_test(test_writers_settle_but_cannot_hide),
                cmocka_unit_test(test_a_close_ends_settling),
                cmocka_unit_test(test_events_go_before_the_full_pass),
                cmocka_unit_test(test_a_storm_leaves_the_full_pass_its_turns),
                cmocka_unit_test(test_a_pass_ends_without_what_was_put_off),
                cmocka_unit_test(test_a_slice_says_who_asked_for_it),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
