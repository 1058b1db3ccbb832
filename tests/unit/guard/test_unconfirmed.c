/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "guard/unconfirmed.h"

#define MINUTE_US INT64_C(60000000)

struct fixture {
        char directory[64];
        struct store *store;
        struct unconfirmed unconfirmed;
};

static const struct unconfirmed_moment first = { "one", 1000 * MINUTE_US, 5000 * MINUTE_US };

static int setup(void **state) {
        struct fixture *fixture = calloc(1, sizeof *fixture);

        (void)snprintf(fixture->directory, sizeof fixture->directory, "/tmp/unconfirmed-XXXXXX");
        if (!mkdtemp(fixture->directory) || store_open(fixture->directory, &fixture->store) < 0 ||
            unconfirmed_load(fixture->store, &first, &fixture->unconfirmed) < 0)
                return -1;
        *state = fixture;
        return 0;
}

static int teardown(void **state) {
        struct fixture *fixture = *state;
        char command[96];

        unconfirmed_done(&fixture->unconfirmed);
        store_free(fixture->store);
        (void)snprintf(command, sizeof command, "rm -rf %s", fixture->directory);
        free(fixture);
        return system(command);
}

/* As after a restart of the daemon, or of the machine. */
static void load_again(struct fixture *fixture, const struct unconfirmed_moment *now) {
        unconfirmed_done(&fixture->unconfirmed);
        store_free(fixture->store);
        assert_int_equal(store_open(fixture->directory, &fixture->store), 0);
        assert_int_equal(unconfirmed_load(fixture->store, now, &fixture->unconfirmed), 0);
}

static struct kept_version version(const char *data) {
        struct kept_version version = { .metadata = { .kind = FILE_REGULAR,
                                                      .mode = 0640,
                                                      .size = strlen(data),
                                                      .has_sha256 = true },
                                        .data = BORROWED(data),
                                        .n_data = strlen(data) };

        assert_int_equal(
                EVP_Digest(data, strlen(data), version.metadata.sha256, NULL, EVP_sha256(), NULL),
                1);
        return version;
}

static struct unconfirmed_edit an_edit(const char *path, const char *before) {
        return (struct unconfirmed_edit){ .path = BORROWED(path),
                                          .before = version(before),
                                          .sha256 = { 7 },
                                          .at_us = first.real_us,
                                          .span_us = 5 * MINUTE_US,
                                          .boot_us = first.boot_us,
                                          .by = 12,
                                          .permit_id = 34 };
}

static void add(struct fixture *fixture, const struct unconfirmed_edit *edit) {
        assert_int_equal(unconfirmed_add(&fixture->unconfirmed, edit), 0);
}

static void test_what_was_there_survives(void **state) {
        struct fixture *fixture = *state;
        struct unconfirmed_edit edit = an_edit("/b", "before\n");
        const struct unconfirmed_edit *kept;

        edit.has_approved = true;
        edit.approved = version("approved\n");
        add(fixture, &edit);
        edit = an_edit("/a", "");
        edit.before = (struct kept_version){ .metadata = { .kind = FILE_ABSENT } };
        add(fixture, &edit);
        assert_int_equal(unconfirmed_add(&fixture->unconfirmed, &edit), -EEXIST);
        load_again(fixture, &first);
        assert_int_equal(fixture->unconfirmed.n_items, 2);
        kept = unconfirmed_find(&fixture->unconfirmed, "/b");
        assert_non_null(kept);
        assert_string_equal(kept->before.data, "before\n");
        assert_int_equal(kept->before.metadata.mode, 0640);
        assert_true(kept->has_approved);
        assert_string_equal(kept->approved.data, "approved\n");
        assert_int_equal(kept->sha256[0], 7);
        assert_int_equal(kept->by, 12);
        assert_int_equal(kept->permit_id, 34);
        assert_string_equal(kept->boot_id, "one");
        kept = unconfirmed_find(&fixture->unconfirmed, "/a");
        assert_non_null(kept);
        assert_int_equal(kept->before.metadata.kind, FILE_ABSENT);
        assert_null(kept->before.data);
        assert_false(kept->has_approved);
        assert_null(unconfirmed_find(&fixture->unconfirmed, "/c"));
}

static void test_what_is_over_leaves_nothing(void **state) {
        struct fixture *fixture = *state;
        struct unconfirmed_edit edit = an_edit("/a", "only here\n");
        char *data;
        size_t n;

        add(fixture, &edit);
        assert_int_equal(store_get_content(fixture->store, edit.before.metadata.sha256, &data, &n),
                         0);
        free(data);
        assert_int_equal(unconfirmed_remove(&fixture->unconfirmed, "/a"), 0);
        assert_int_equal(fixture->unconfirmed.n_items, 0);
        assert_int_equal(unconfirmed_remove(&fixture->unconfirmed, "/a"), -ENOENT);
        assert_int_equal(store_get_content(fixture->store, edit.before.metadata.sha256, &data, &n),
                         -ENOENT);
        add(fixture, &edit);
}

/* Its end by CLOCK_BOOTTIME, after it was loaded at some other moment. */
static void test_when_it_is_due(void **state) {
        static const struct {
                struct unconfirmed_moment loaded;
                int64_t due_us;
        } cases[] = {
                /* the same kernel: whatever the wall clock says */
                { { "one", 1001 * MINUTE_US, 5001 * MINUTE_US }, 1005 * MINUTE_US },
                { { "one", 1001 * MINUTE_US, 9999 * MINUTE_US }, 1005 * MINUTE_US },
                { { "one", 1001 * MINUTE_US, 1 * MINUTE_US }, 1005 * MINUTE_US },
                { { "one", 2000 * MINUTE_US, 6000 * MINUTE_US }, 1005 * MINUTE_US },
                /* another one: what is left by the wall clock, from nothing to the whole */
                { { "two", 1 * MINUTE_US, 5002 * MINUTE_US }, 4 * MINUTE_US },
                { { "two", 1 * MINUTE_US, 5006 * MINUTE_US }, 1 * MINUTE_US },
                { { "two", 1 * MINUTE_US, 1 * MINUTE_US }, 6 * MINUTE_US },
        };
        struct fixture *fixture = *state;
        struct unconfirmed_edit edit = an_edit("/a", "x");

        assert_true(unconfirmed_next_due_us(&fixture->unconfirmed) == UNCONFIRMED_NEVER);
        add(fixture, &edit);
        edit = an_edit("/b", "x");
        edit.span_us *= 2;
        add(fixture, &edit);
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                load_again(fixture, &cases[i].loaded);
                assert_int_equal(unconfirmed_next_due_us(&fixture->unconfirmed), cases[i].due_us);
        }
}

static void test_which_login_shows_something(void **state) {
        const struct ssh_login older = { 1, first.boot_us - 1 }, same = { 1, first.boot_us },
                               newer = { 1, first.boot_us + 1 };
        const struct unconfirmed_moment later = { "two", MINUTE_US, 5001 * MINUTE_US };
        struct fixture *fixture = *state;
        const struct unconfirmed_edit edit = an_edit("/a", "x"), *kept;

        add(fixture, &edit);
        kept = unconfirmed_find(&fixture->unconfirmed, "/a");
        assert_false(unconfirmed_precedes(&fixture->unconfirmed, kept, &older));
        assert_false(unconfirmed_precedes(&fixture->unconfirmed, kept, &same));
        assert_true(unconfirmed_precedes(&fixture->unconfirmed, kept, &newer));
        load_again(fixture, &later);
        kept = unconfirmed_find(&fixture->unconfirmed, "/a");
        assert_true(unconfirmed_precedes(&fixture->unconfirmed, kept, &older));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_what_was_there_survives, setup, teardown),
                cmocka_unit_test_setup_teardown(test_what_is_over_leaves_nothing, setup, teardown),
                cmocka_unit_test_setup_teardown(test_when_it_is_due, setup, teardown),
                cmocka_unit_test_setup_teardown(test_which_login_shows_something, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
