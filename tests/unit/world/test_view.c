/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "world/view.h"

struct fixture {
        char directory[64];
        struct os_root root;
        struct view *view;
};

static void write_file(const struct fixture *fixture, const char *path, const char *text) {
        char name[256];
        FILE *file;

        (void)snprintf(name, sizeof name, "%s%s", fixture->directory, path);
        file = fopen(name, "w");
        assert_non_null(file);
        assert_true(fputs(text, file) >= 0);
        assert_int_equal(fclose(file), 0);
}

static int set_up(void **state) {
        struct fixture *fixture = calloc(1, sizeof *fixture);
        char name[256];

        strcpy(fixture->directory, "/tmp/test-view-XXXXXX");
        assert_non_null(mkdtemp(fixture->directory));
        (void)snprintf(name, sizeof name, "%s/etc", fixture->directory);
        assert_int_equal(mkdir(name, 0755), 0);
        (void)snprintf(name, sizeof name, "%s/etc/d", fixture->directory);
        assert_int_equal(mkdir(name, 0755), 0);
        assert_int_equal(os_root_open(fixture->directory, &fixture->root), 0);
        assert_int_equal(view_new(&fixture->root, &fixture->view), 0);
        *state = fixture;
        return 0;
}

static int tear_down(void **state) {
        struct fixture *fixture = *state;
        char command[128];

        view_free(fixture->view);
        os_root_close(&fixture->root);
        (void)snprintf(command, sizeof command, "rm -rf '%s'", fixture->directory);
        assert_int_equal(system(command), 0);
        free(fixture);
        return 0;
}

static const char *text_at(struct view *view, const char *path) {
        const struct snapshot *snapshot;

        assert_int_equal(view_follow(view, path, 0, NULL, &snapshot), 0);
        return snapshot->data;
}

static void test_a_look_is_remembered_until_forgotten(void **state) {
        struct fixture *fixture = *state;

        write_file(fixture, "/etc/a", "one");
        assert_string_equal(text_at(fixture->view, "/etc/a"), "one");
        write_file(fixture, "/etc/a", "two");
        assert_string_equal(text_at(fixture->view, "/etc/a"), "one");
        view_forget(fixture->view, "/etc/a");
        assert_string_equal(text_at(fixture->view, "/etc/a"), "two");
}

static void test_links_lead_inside_the_view(void **state) {
        struct fixture *fixture = *state;
        const struct file_metadata regular = { .kind = FILE_REGULAR, .size = 3 };
        struct view *candidate;
        const struct snapshot *snapshot;
        char name[256], *leads_to = NULL;

        write_file(fixture, "/etc/target", "old");
        (void)snprintf(name, sizeof name, "%s/etc/link", fixture->directory);
        assert_int_equal(symlink("../etc/./target", name), 0);
        assert_int_equal(view_look(fixture->view, "/etc/link", 0, &snapshot), 0);
        assert_int_equal(snapshot->metadata.kind, FILE_SYMLINK);
        assert_int_equal(view_follow(fixture->view, "/etc/link", 0, &leads_to, &snapshot), 0);
        assert_string_equal(leads_to, "/etc/target");
        assert_string_equal(snapshot->data, "old");
        free(leads_to);
        assert_int_equal(view_new_over(fixture->view, &candidate), 0);
        assert_int_equal(view_put(candidate, "/etc/target", &regular, "new", 3), 0);
        assert_string_equal(text_at(candidate, "/etc/link"), "new");
        assert_string_equal(text_at(fixture->view, "/etc/link"), "old");
        view_free(candidate);
}

static void test_a_loop_of_links_is_a_link(void **state) {
        struct fixture *fixture = *state;
        const struct snapshot *snapshot;
        char name[256];

        (void)snprintf(name, sizeof name, "%s/etc/loop", fixture->directory);
        assert_int_equal(symlink("loop", name), 0);
        assert_int_equal(view_follow(fixture->view, "/etc/loop", 0, NULL, &snapshot), 0);
        assert_int_equal(snapshot->metadata.kind, FILE_SYMLINK);
}

static void test_a_candidate_changes_what_a_pattern_finds(void **state) {
        struct fixture *fixture = *state;
        const struct file_metadata absent = { .kind = FILE_ABSENT };
        const struct file_metadata regular = { .kind = FILE_REGULAR };
        struct view *candidate;
        char **paths;
        size_t n;

        write_file(fixture, "/etc/d/b.conf", "");
        write_file(fixture, "/etc/d/c.conf", "");
        assert_int_equal(view_new_over(fixture->view, &candidate), 0);
        assert_int_equal(view_put(candidate, "/etc/d/b.conf", &absent, NULL, 0), 0);
        assert_int_equal(view_put(candidate, "/etc/d/a.conf", &regular, "", 0), 0);
        assert_int_equal(view_put(candidate, "/etc/d/.h.conf", &regular, "", 0), 0);
        assert_int_equal(view_glob(candidate, "/etc/d/*.conf", &paths, &n), 0);
        assert_int_equal(n, 2);
        assert_string_equal(paths[0], "/etc/d/a.conf");
        assert_string_equal(paths[1], "/etc/d/c.conf");
        strings_free(paths, n);
        view_free(candidate);
}

/* What sshd would read: a masked drop-in is empty, another device is not opened at all. */
static void test_sshd_reads_the_null_device(void **state) {
        static const struct {
                const char *path;
                unsigned minor;
                int result;
        } cases[] = { { "/etc/null", 3, 0 }, { "/etc/zero", 5, -EINVAL } };
        struct fixture *fixture = *state;
        struct sshd_environment environment = { 0 };

        view_sshd_environment(fixture->view, &environment);
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                char name[256];
                char *data = NULL;
                size_t n = 1;

                (void)snprintf(name, sizeof name, "%s%s", fixture->directory, cases[i].path);
                if (mknod(name, S_IFCHR | 0600, makedev(1, cases[i].minor)) < 0) {
                        print_message("skipped: mknod (needs root)\n");
                        skip();
                }
                (void)snprintf(name, sizeof name, "%s/etc/d/masked.conf", fixture->directory);
                (void)unlink(name);
                assert_int_equal(symlink(cases[i].path, name), 0);
                view_forget_all(fixture->view);
                assert_int_equal(
                        environment.read(environment.userdata, "/etc/d/masked.conf", &data, &n),
                        cases[i].result);
                if (cases[i].result == 0)
                        assert_int_equal(n, 0);
                free(data);
        }
}

/* fopen(3) of what is not there. */
static void test_sshd_is_told_what_is_no_directory(void **state) {
        static const struct {
                const char *path;
                int result;
        } cases[] = {
                { "/etc/file", 0 },
                { "/etc/file/", -ENOTDIR },
                { "/etc/file/x/y", -ENOTDIR },
                { "/etc/link/", -ENOTDIR },
                { "/etc/none", -ENOENT },
                { "/etc/none/", -ENOENT },
                { "/etc/d/none/x", -ENOENT },
                { "/etc/dangling/x", -ENOENT },
                { "/etc/d/", 0 },
                { "/none", -ENOENT },
        };
        struct fixture *fixture = *state;
        struct sshd_environment environment = { 0 };
        char name[256];

        write_file(fixture, "/etc/file", "Port 22\n");
        (void)snprintf(name, sizeof name, "%s/etc/link", fixture->directory);
        assert_int_equal(symlink("file", name), 0);
        (void)snprintf(name, sizeof name, "%s/etc/dangling", fixture->directory);
        assert_int_equal(symlink("nowhere", name), 0);
        view_sshd_environment(fixture->view, &environment);
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                CLEANUP_FREE char *data = NULL;
                size_t n;
                int r = environment.read(environment.userdata, cases[i].path, &data, &n);

                if (r != cases[i].result)
                        fail_msg("%s: %d instead of %d", cases[i].path, r, cases[i].result);
        }
}

static unsigned n_asked;

static bool is_not_b(void *userdata, const char *path) {
        n_asked++;
        return strcmp(path, userdata) != 0;
}

/* Who was kept is not asked about again, until somebody says that answers may be others. */
static void test_others_are_forgotten(void **state) {
        const struct fixture *fixture = *state;
        char b[] = "/etc/b", c[] = "/etc/c";
        const struct snapshot *snapshot;

        n_asked = 0;
        assert_int_equal(view_look(fixture->view, "/etc/b", 0, &snapshot), 0);
        assert_int_equal(view_look(fixture->view, "/etc/c", 0, &snapshot), 0);
        assert_int_equal(view_forget_others(fixture->view, is_not_b, b, 1), 0);
        assert_null(view_known(fixture->view, "/etc/b"));
        assert_non_null(view_known(fixture->view, "/etc/c"));
        assert_int_equal(n_asked, 2);
        assert_int_equal(view_look(fixture->view, "/etc/b", 0, &snapshot), 0);
        assert_int_equal(view_forget_others(fixture->view, is_not_b, b, 1), 0);
        assert_null(view_known(fixture->view, "/etc/b"));
        assert_int_equal(n_asked, 3);
        assert_int_equal(view_forget_others(fixture->view, is_not_b, c, 2), 0);
        assert_null(view_known(fixture->view, "/etc/c"));
        assert_int_equal(n_asked, 4);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_a_look_is_remembered_until_forgotten, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(test_sshd_reads_the_null_device, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_sshd_is_told_what_is_no_directory, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(test_links_lead_inside_the_view, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_a_loop_of_links_is_a_link, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_others_are_forgotten, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_a_candidate_changes_what_a_pattern_finds,
                                                set_up, tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
