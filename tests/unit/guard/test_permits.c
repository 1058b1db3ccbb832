/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "guard/permits.h"

struct fixture {
        char directory[64];
        struct store *store;
        struct permits permits;
};

static int setup(void **state) {
        struct fixture *fixture = calloc(1, sizeof *fixture);

        (void)snprintf(fixture->directory, sizeof fixture->directory, "/tmp/permits-XXXXXX");
        if (!mkdtemp(fixture->directory) || store_open(fixture->directory, &fixture->store) < 0 ||
            permits_load(fixture->store, &fixture->permits) < 0)
                return -1;
        *state = fixture;
        return 0;
}

static int teardown(void **state) {
        struct fixture *fixture = *state;
        char command[96];

        permits_done(&fixture->permits);
        store_free(fixture->store);
        (void)snprintf(command, sizeof command, "rm -rf %s", fixture->directory);
        free(fixture);
        return system(command);
}

static int64_t add(struct fixture *fixture, const char *path, int64_t until_us, int64_t uses) {
        const struct permit permit = { .kind = PERMIT_CHANGE,
                                       .path = BORROWED(path),
                                       .since_us = 1,
                                       .until_us = until_us,
                                       .uses_left = uses,
                                       .reason = BORROWED("tested") };
        int64_t id = 0;

        assert_int_equal(permits_add(&fixture->permits, &permit, &id), 0);
        return id;
}

static void count_ended(void *userdata, const struct permit *permit) {
        (void)permit;
        (*(size_t *)userdata)++;
}

static void test_they_end_by_themselves_and_survive(void **state) {
        struct fixture *fixture = *state;
        const struct permit change = { .kind = PERMIT_CHANGE,
                                       .path = BORROWED("/etc/a"),
                                       .since_us = 10,
                                       .until_us = 100,
                                       .uses_left = 1,
                                       .reason = BORROWED("upgrade") };
        const struct permit exception = { .kind = PERMIT_EXCEPTION,
                                          .path = BORROWED("/etc/b"),
                                          .rule_id = BORROWED("r"),
                                          .since_us = 10,
                                          .until_us = 200,
                                          .uses_left = -1,
                                          .reason = BORROWED("migration") };
        struct permits *permits = &fixture->permits;
        size_t n_ended = 0;

        assert_int_equal(permits_add(permits, &change, NULL), 0);
        assert_int_equal(permits_add(permits, &exception, NULL), 0);
        permits_done(permits);
        store_free(TAKE(fixture->store));
        assert_int_equal(store_open(fixture->directory, &fixture->store), 0);
        assert_int_equal(permits_load(fixture->store, permits), 0);
        assert_int_equal(permits->n_items, 2);
        assert_true(permits_allow_change(permits, "/etc/a", 50));
        assert_false(permits_allow_change(permits, "/etc/a", 100));
        assert_false(permits_allow_change(permits, "/etc/b", 50));
        assert_true(permits_allow_exception(permits, "r", "/etc/b", 50));
        assert_false(permits_allow_exception(permits, "other", "/etc/b", 50));
        assert_null(permits_pause(permits, 50));
        assert_int_equal(permits_use(permits, "/etc/a", 50), 1);
        assert_true(permits_allow_change(permits, "/etc/a", 51));
        assert_int_equal(permits_use(permits, "/etc/a", 51), 0);
        assert_false(permits_allow_change(permits, "/etc/a", 51));
        assert_int_equal(permits_expire(permits, 60, count_ended, &n_ended), 1);
        assert_int_equal(n_ended, 1);
        assert_int_equal(permits_next_end(permits), 200);
        assert_int_equal(permits_expire(permits, 200, count_ended, &n_ended), 1);
        assert_int_equal(permits_next_end(permits), PERMITS_NEVER);
}

static void test_uses_are_counted_and_the_next_change_ends_it(void **state) {
        struct fixture *fixture = *state;
        struct permits *permits = &fixture->permits;

        (void)add(fixture, "/a", 1000, 2);
        assert_true(permits_count_changes(permits, "/a", 10));
        assert_false(permits_count_changes(permits, "/b", 10));
        assert_int_equal(permits_use(permits, "/a", 10), 1);
        assert_int_equal(permits_use(permits, "/a", 20), 1);
        /* the second change stays permitted, also over a restart */
        permits_done(permits);
        assert_int_equal(permits_load(fixture->store, permits), 0);
        assert_int_equal(permits->items[0].uses_left, 0);
        assert_true(permits_allow_change(permits, "/a", 30));
        assert_true(permits_next_end(permits) == 1000);
        assert_int_equal(permits_use(permits, "/a", 40), 0);
        assert_false(permits_allow_change(permits, "/a", 40));
        assert_true(permits_next_end(permits) == 40);
        assert_int_equal(permits_expire(permits, 40, NULL, NULL), 1);
        assert_true(permits_next_end(permits) == PERMITS_NEVER);
        assert_int_equal(permits_use(permits, "/a", 50), 0);
}

static void test_an_unlimited_permit_pays_for_all(void **state) {
        struct fixture *fixture = *state;

        (void)add(fixture, "/a", 1000, 1);
        (void)add(fixture, "/a", 500, -1);
        assert_false(permits_count_changes(&fixture->permits, "/a", 10));
        assert_int_equal(permits_use(&fixture->permits, "/a", 10), 0);
        assert_int_equal(fixture->permits.items[0].uses_left, 1);
        /* until it is over */
        assert_true(permits_count_changes(&fixture->permits, "/a", 600));
        assert_int_equal(permits_use(&fixture->permits, "/a", 600), 1);
}

static void test_two_permits_add_up(void **state) {
        struct fixture *fixture = *state;

        (void)add(fixture, "/a", 1000, 1);
        (void)add(fixture, "/a", 1000, 1);
        assert_int_equal(permits_use(&fixture->permits, "/a", 10), 1);
        assert_int_equal(permits_use(&fixture->permits, "/a", 10), 1);
        assert_true(permits_allow_change(&fixture->permits, "/a", 10));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_they_end_by_themselves_and_survive, setup,
                                                teardown),
                cmocka_unit_test_setup_teardown(test_uses_are_counted_and_the_next_change_ends_it,
                                                setup, teardown),
                cmocka_unit_test_setup_teardown(test_an_unlimited_permit_pays_for_all, setup,
                                                teardown),
                cmocka_unit_test_setup_teardown(test_two_permits_add_up, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
