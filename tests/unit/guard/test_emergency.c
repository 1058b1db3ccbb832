/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "guard/emergency.h"
#include "os/journal.h"
#include "world/baseline.h"

struct fixture {
        char directory[64];
        struct store *store, *copy;
        struct baseline *baseline;
};

static void open_both(struct fixture *fixture) {
        assert_int_equal(emergency_open(fixture->directory, &fixture->store, &fixture->copy), 0);
        assert_int_equal(baseline_load(fixture->store, NULL, NULL, &fixture->baseline), 0);
        emergency_update(fixture->store, fixture->copy);
        baseline_set_copy(fixture->baseline, fixture->copy);
}

static void close_both(struct fixture *fixture) {
        baseline_free(fixture->baseline);
        store_free(fixture->store);
        store_free(fixture->copy);
}

static int setup(void **state) {
        struct fixture *fixture = calloc(1, sizeof *fixture);

        journal_use_stderr(true);
        (void)snprintf(fixture->directory, sizeof fixture->directory, "/tmp/emergency-XXXXXX");
        if (!mkdtemp(fixture->directory))
                return -1;
        open_both(fixture);
        *state = fixture;
        return 0;
}

static int teardown(void **state) {
        struct fixture *fixture = *state;
        char command[96];

        close_both(fixture);
        (void)snprintf(command, sizeof command, "rm -rf %s", fixture->directory);
        free(fixture);
        return system(command);
}

static void approve(struct fixture *fixture, const char *path, const char *text) {
        struct snapshot snapshot = { .metadata = { .kind = FILE_REGULAR, .mode = 0644 } };

        snapshot.data = BORROWED(text);
        snapshot.n_data = snapshot.metadata.size = strlen(text);
        snapshot.metadata.has_sha256 = true;
        assert_int_equal(
                EVP_Digest(text, strlen(text), snapshot.metadata.sha256, NULL, EVP_sha256(), NULL),
                1);
        assert_int_equal(baseline_approve(fixture->baseline, path, &snapshot, false, 0, "tested"),
                         0);
}

/* What a disk does: the middle of the file is something else. */
static void damage(const struct fixture *fixture, const char *name) {
        char path[128], noise[8192];
        int fd;

        (void)snprintf(path, sizeof path, "%s/%s", fixture->directory, name);
        (void)memset(noise, 0x5a, sizeof noise);
        fd = open(path, O_WRONLY | O_CLOEXEC);
        assert_true(fd >= 0);
        assert_int_equal(pwrite(fd, noise, sizeof noise, 0), sizeof noise);
        (void)close(fd);
}

static void assert_approved(const struct fixture *fixture, const char *path, const char *text) {
        const struct approved *approved = baseline_get(fixture->baseline, path);

        assert_non_null(approved);
        assert_int_equal(approved->n_data, strlen(text));
        assert_memory_equal(approved->data, text, strlen(text));
}

static void test_a_damaged_database_is_made_anew(void **state) {
        struct fixture *fixture = *state;
        char kept[128];

        approve(fixture, "/etc/a", "first\n");
        approve(fixture, "/etc/a", "second\n");
        approve(fixture, "/etc/b", "b\n");
        assert_int_equal(baseline_establish(fixture->baseline), 0);
        emergency_update(fixture->store, fixture->copy);
        assert_false(baseline_copy_is_stale(fixture->baseline));
        close_both(fixture);
        damage(fixture, "state.db");
        open_both(fixture);
        assert_approved(fixture, "/etc/a", "second\n");
        assert_approved(fixture, "/etc/b", "b\n");
        assert_true(baseline_is_established(fixture->baseline));
        (void)snprintf(kept, sizeof kept, "%s/state.db.damaged-1", fixture->directory);
        assert_int_equal(access(kept, F_OK), 0);
}

static void test_a_damaged_copy_is_made_anew(void **state) {
        struct fixture *fixture = *state;

        approve(fixture, "/etc/a", "first\n");
        close_both(fixture);
        damage(fixture, "emergency/state.db");
        open_both(fixture);
        close_both(fixture);
        damage(fixture, "state.db");
        open_both(fixture);
        assert_approved(fixture, "/etc/a", "first\n");
}

static void test_both_damaged_begin_empty(void **state) {
        struct fixture *fixture = *state;

        approve(fixture, "/etc/a", "first\n");
        close_both(fixture);
        damage(fixture, "emergency/state.db");
        damage(fixture, "state.db");
        open_both(fixture);
        assert_false(baseline_knows(fixture->baseline, "/etc/a"));
        assert_false(baseline_is_established(fixture->baseline));
}

static void test_the_copy_forgets_what_the_database_forgot(void **state) {
        struct fixture *fixture = *state;
        struct approved_version *versions = NULL;
        size_t n_versions = 0;

        approve(fixture, "/etc/a", "first\n");
        assert_int_equal(store_forget_approved(fixture->store, "/etc/a"), 0);
        emergency_update(fixture->store, fixture->copy);
        assert_int_equal(store_list_approved(fixture->copy, &versions, &n_versions), 0);
        assert_int_equal(n_versions, 0);
        approved_versions_free(versions, n_versions);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_a_damaged_database_is_made_anew, setup,
                                                teardown),
                cmocka_unit_test_setup_teardown(test_a_damaged_copy_is_made_anew, setup, teardown),
                cmocka_unit_test_setup_teardown(test_both_damaged_begin_empty, setup, teardown),
                cmocka_unit_test_setup_teardown(test_the_copy_forgets_what_the_database_forgot,
                                                setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
