/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "world/baseline.h"

struct fixture {
        char directory[64];
        struct store *store;
        struct baseline *baseline;
};

static void open_again(struct fixture *fixture) {
        baseline_free(fixture->baseline);
        store_free(fixture->store);
        assert_int_equal(store_open(fixture->directory, &fixture->store), 0);
        assert_int_equal(baseline_load(fixture->store, NULL, NULL, &fixture->baseline), 0);
}

static int set_up(void **state) {
        struct fixture *fixture = calloc(1, sizeof *fixture);

        strcpy(fixture->directory, "/tmp/test-baseline-XXXXXX");
        assert_non_null(mkdtemp(fixture->directory));
        open_again(fixture);
        *state = fixture;
        return 0;
}

static int tear_down(void **state) {
        struct fixture *fixture = *state;
        char command[128];

        baseline_free(fixture->baseline);
        store_free(fixture->store);
        (void)snprintf(command, sizeof command, "rm -rf '%s'", fixture->directory);
        assert_int_equal(system(command), 0);
        free(fixture);
        return 0;
}

static struct snapshot file_with(const char *text) {
        struct snapshot snapshot = { .metadata = { .kind = FILE_REGULAR, .mode = 0600 },
                                     .data = BORROWED(text),
                                     .n_data = strlen(text) };

        snapshot.metadata.size = snapshot.n_data;
        snapshot.metadata.has_sha256 = file_sha256_parse(
                "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
                snapshot.metadata.sha256);
        return snapshot;
}

static void test_what_was_approved_survives(void **state) {
        struct fixture *fixture = *state;
        struct snapshot snapshot = file_with("foo"); /* the digest above is of "foo" */
        const struct approved *approved;

        assert_null(baseline_get(fixture->baseline, "/etc/a"));
        assert_int_equal(
                baseline_approve(fixture->baseline, "/etc/a", &snapshot, false, 1000, "because"),
                0);
        assert_int_equal(baseline_establish(fixture->baseline), 0);
        open_again(fixture);
        assert_true(baseline_is_established(fixture->baseline));
        approved = baseline_get(fixture->baseline, "/etc/a");
        assert_non_null(approved);
        assert_string_equal(approved->data, "foo");
        assert_int_equal(approved->by, 1000);
        assert_string_equal(approved->reason, "because");
}

static void test_absence_is_approved_by_pattern(void **state) {
        struct fixture *fixture = *state;
        char pattern[] = "/etc/d/*.conf", *patterns[] = { pattern };
        const struct approved *approved;

        assert_int_equal(baseline_set_patterns(fixture->baseline, patterns, 1), 0);
        assert_null(baseline_get(fixture->baseline, "/etc/d/x.conf"));
        assert_int_equal(baseline_establish(fixture->baseline), 0);
        approved = baseline_get(fixture->baseline, "/etc/d/x.conf");
        assert_non_null(approved);
        assert_int_equal(approved->metadata.kind, FILE_ABSENT);
        assert_null(baseline_get(fixture->baseline, "/etc/d/x/y.conf"));
        assert_null(baseline_get(fixture->baseline, "/etc/other"));
}

static void test_a_declined_path_has_no_approved_version(void **state) {
        struct fixture *fixture = *state;
        char pattern[] = "/etc/d/*.conf", *patterns[] = { pattern };

        assert_int_equal(baseline_decline(fixture->baseline, "/etc/d/x.conf", "it breaks a rule"),
                         0);
        assert_int_equal(baseline_establish(fixture->baseline), 0);
        open_again(fixture);
        assert_int_equal(baseline_set_patterns(fixture->baseline, patterns, 1), 0);
        assert_true(baseline_knows(fixture->baseline, "/etc/d/x.conf"));
        assert_null(baseline_get(fixture->baseline, "/etc/d/x.conf"));
}

static void test_what_could_not_be_read_can_be_adopted_later(void **state) {
        struct fixture *fixture = *state;
        struct snapshot snapshot = file_with("foo");

        assert_int_equal(baseline_decline(fixture->baseline, "/etc/b", "it breaks a rule"), 0);
        assert_int_equal(baseline_postpone(fixture->baseline, "/etc/a", EIO), 0);
        open_again(fixture);
        assert_true(baseline_is_postponed(fixture->baseline, "/etc/a"));
        assert_false(baseline_is_postponed(fixture->baseline, "/etc/b"));
        assert_int_equal(baseline_count_postponed(fixture->baseline), 1);
        assert_null(baseline_get(fixture->baseline, "/etc/a"));
        assert_int_equal(
                baseline_approve(fixture->baseline, "/etc/a", &snapshot, false, 0, "adopted"), 0);
        assert_int_equal(baseline_count_postponed(fixture->baseline), 0);
        assert_non_null(baseline_get(fixture->baseline, "/etc/a"));
}

static void test_a_secret_is_kept_without_content(void **state) {
        struct fixture *fixture = *state;
        struct snapshot snapshot = file_with("foo");
        const struct approved *approved;

        assert_int_equal(baseline_approve(fixture->baseline, "/etc/key", &snapshot, true, 0, "x"),
                         0);
        open_again(fixture);
        approved = baseline_get(fixture->baseline, "/etc/key");
        assert_non_null(approved);
        assert_true(approved->is_secret);
        assert_null(approved->data);
}

static void assert_copy_has(const char *directory, bool is_there) {
        struct store *copy;
        struct approved_version version = { 0 };
        char *value = NULL;

        assert_int_equal(store_open_read_only(directory, &copy), 0);
        assert_int_equal(store_get_approved(copy, "/etc/a", &version), is_there ? 0 : -ENOENT);
        assert_int_equal(store_get_value(copy, "account:bob", &value), is_there ? 0 : -ENOENT);
        approved_version_done(&version);
        free(value);
        store_free(copy);
}

/* The emergency copy gets what is recorded together together too, and nothing of what is undone. */
static void test_many_are_recorded_as_one(void **state) {
        struct fixture *fixture = *state;
        struct snapshot foo = file_with("foo");
        struct store *copy;
        char directory[80];

        (void)snprintf(directory, sizeof directory, "%s/copy", fixture->directory);
        assert_int_equal(store_open(directory, &copy), 0);
        baseline_set_copy(fixture->baseline, copy);
        for (int undone = 1; undone >= 0; undone--) {
                assert_int_equal(baseline_begin(fixture->baseline), 0);
                assert_int_equal(baseline_approve(fixture->baseline, "/etc/a", &foo, false, 0, "x"),
                                 0);
                assert_int_equal(baseline_set_value(fixture->baseline, "account:bob", "/home/bob"),
                                 0);
                assert_copy_has(directory, false);
                if (undone)
                        baseline_rollback(fixture->baseline);
                else
                        assert_int_equal(baseline_commit(fixture->baseline), 0);
                assert_copy_has(directory, !undone);
        }
        assert_copy_has(fixture->directory, true);
        assert_false(baseline_copy_is_stale(fixture->baseline));
        baseline_set_copy(fixture->baseline, NULL);
        store_free(copy);
}

/* A copy that somebody else is writing to is told to be behind; the approval holds. */
static void test_a_copy_that_cannot_be_written(void **state) {
        struct fixture *fixture = *state;
        struct snapshot foo = file_with("foo");
        struct store *copy, *other;
        char directory[80];

        (void)snprintf(directory, sizeof directory, "%s/copy", fixture->directory);
        assert_int_equal(store_open(directory, &copy), 0);
        assert_int_equal(store_open(directory, &other), 0);
        assert_int_equal(store_begin(other), 0);
        baseline_set_copy(fixture->baseline, copy);
        assert_int_equal(baseline_begin(fixture->baseline), 0);
        assert_true(baseline_copy_is_stale(fixture->baseline));
        store_rollback(other);
        assert_int_equal(baseline_approve(fixture->baseline, "/etc/a", &foo, false, 0, "x"), 0);
        assert_int_equal(baseline_commit(fixture->baseline), 0);
        assert_true(baseline_copy_is_stale(fixture->baseline));
        assert_non_null(baseline_get(fixture->baseline, "/etc/a"));
        baseline_set_copy(fixture->baseline, NULL);
        store_free(copy);
        store_free(other);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_what_was_approved_survives, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_many_are_recorded_as_one, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_a_copy_that_cannot_be_written, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(test_absence_is_approved_by_pattern, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(test_a_declined_path_has_no_approved_version,
                                                set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_what_could_not_be_read_can_be_adopted_later,
                                                set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_a_secret_is_kept_without_content, set_up,
                                                tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
