/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <linux/openat2.h>

#include "tree.h"

static struct tree tree;

static int set_up(void **state) {
        (void)state;
        tree_make(&tree);
        tree_mkdir(&tree, "/etc");
        tree_mkdir(&tree, "/etc/ssh");
        tree_mkdir(&tree, "/pve");
        tree_write(&tree, "/etc/ssh/sshd_config", "inside");
        tree_write(&tree, "/pve/keys", "keys");
        tree_symlink(&tree, "/pve/keys", "/etc/absolute");
        tree_symlink(&tree, "../../../../../../pve", "/etc/up");
        tree_symlink(&tree, "nowhere", "/etc/dangling");
        tree_symlink(&tree, "/etc/loop", "/etc/loop");
        return 0;
}

static int tear_down(void **state) {
        (void)state;
        tree_remove(&tree);
        return 0;
}

static void test_realpath(void **state) {
        static const struct {
                const char *path, *real;
                int error;
        } cases[] = {
                { "/", "/", 0 },
                { "/etc/ssh/sshd_config", "/etc/ssh/sshd_config", 0 },
                { "/etc//ssh/../ssh/./sshd_config", "/etc/ssh/sshd_config", 0 },
                { "/etc/absolute", "/pve/keys", 0 },
                { "/etc/up/keys", "/pve/keys", 0 },
                { "/../../etc/ssh", "/etc/ssh", 0 },
                { "/etc/dangling", NULL, -ENOENT },
                { "/etc/missing", NULL, -ENOENT },
                { "/etc/ssh/sshd_config/x", NULL, -ENOTDIR },
                { "/etc/loop", NULL, -ELOOP },
        };

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                char *real = NULL;

                assert_int_equal(os_root_realpath(&tree.root, cases[i].path, &real),
                                 cases[i].error);
                if (cases[i].real)
                        assert_string_equal(real, cases[i].real);
                free(real);
        }
}

static void test_odd_names(void **state) {
        char *real = NULL;

        (void)state;
        tree_write(&tree, "/etc/x (deleted)", "");
        assert_int_equal(os_root_realpath(&tree.root, "/etc/x (deleted)", &real), 0);
        assert_string_equal(real, "/etc/x (deleted)");
        free(real);
}

static void test_path_of(void **state) {
        char *path = NULL;
        int fd;

        (void)state;
        tree_write(&tree, "/etc/gone", "");
        fd = os_root_openat(&tree.root, "/etc/gone", O_PATH, 0);
        assert_true(fd >= 0);
        assert_int_equal(rename(tree_path(&tree, "/etc/gone"), tree_path(&tree, "/etc/moved")), 0);
        assert_int_equal(os_root_path_of(&tree.root, fd, &path), 0);
        assert_string_equal(path, "/etc/moved");
        free(path);
        assert_int_equal(unlink(tree_path(&tree, "/etc/moved")), 0);
        assert_int_equal(os_root_path_of(&tree.root, fd, &path), -ENOENT);
        /* another file by the name the kernel makes up for the unlinked one */
        tree_write(&tree, "/etc/moved (deleted)", "");
        assert_int_equal(os_root_path_of(&tree.root, fd, &path), -ENOENT);
        (void)close(fd);
        fd = open("/", O_PATH | O_CLOEXEC);
        assert_int_equal(os_root_path_of(&tree.root, fd, &path), -EXDEV);
        (void)close(fd);
}

static void test_host_path(void **state) {
        struct os_root system = { .fd = -1 };
        char *path;

        (void)state;
        path = os_root_host_path(&tree.root, "/etc");
        assert_string_equal(path, tree_path(&tree, "/etc"));
        free(path);
        assert_int_equal(os_root_open("/../.", &system), 0);
        assert_true(os_root_is_system(&system));
        assert_false(os_root_is_system(&tree.root));
        path = os_root_host_path(&system, "/etc");
        assert_string_equal(path, "/etc");
        free(path);
        path = NULL;
        assert_int_equal(os_root_realpath(&system, "/proc/self/../../etc/.", &path), 0);
        assert_string_equal(path, "/etc");
        free(path);
        os_root_close(&system);
        os_root_close(&system);
}

static void test_refusals(void **state) {
        struct os_root root;

        (void)state;
        assert_int_equal(os_root_open("/nonexistent", &root), -ENOENT);
        assert_int_equal(os_root_open("/etc/passwd", &root), -ENOTDIR);
        assert_int_equal(os_root_openat(&tree.root, "/etc/up/keys", O_PATH, RESOLVE_NO_SYMLINKS),
                         -ELOOP);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_realpath), cmocka_unit_test(test_odd_names),
                cmocka_unit_test(test_path_of),  cmocka_unit_test(test_host_path),
                cmocka_unit_test(test_refusals),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
