/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <grp.h>
#include <sys/fsuid.h>
#include <sys/wait.h>

#include "os/credentials.h"
#include "tree.h"

static struct tree tree;

static int set_up(void **state) {
        (void)state;
        tree_make(&tree);
        tree_mkdir(&tree, "/home");
        return 0;
}

static int tear_down(void **state) {
        (void)state;
        tree_remove(&tree);
        return 0;
}

static bool can_read(const char *path) {
        int fd = open(tree_path(&tree, path), O_RDONLY | O_CLOEXEC);

        if (fd >= 0)
                (void)close(fd);
        return fd >= 0;
}

static void test_assume(void **state) {
        const uint32_t groups[] = { 70001, 70002 };
        struct credentials bob = { .uid = 70000, .gid = 70000, .groups = groups, .n_groups = 2 };
        struct credentials_scope scope;
        struct stat st;
        int fd;

        (void)state;
        if (geteuid() != 0) {
                print_message("skipped: assuming a user's rights needs root\n");
                skip();
        }
        tree_write(&tree, "/root-only", "x");
        tree_write(&tree, "/group-only", "x");
        assert_int_equal(chmod(tree_path(&tree, "/root-only"), 0600), 0);
        assert_int_equal(chmod(tree_path(&tree, "/group-only"), 0040), 0);
        assert_int_equal(chown(tree_path(&tree, "/group-only"), 0, 70002), 0);
        assert_int_equal(chown(tree_path(&tree, "/home"), 70000, 70000), 0);

        assert_int_equal(credentials_assume(&bob, &scope), 0);
        assert_false(can_read("/root-only"));
        assert_true(can_read("/group-only"));
        fd = open(tree_path(&tree, "/home/new"), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
        assert_true(fd >= 0);
        assert_int_equal(fstat(fd, &st), 0);
        assert_int_equal(st.st_uid, 70000);
        assert_int_equal(st.st_gid, 70000);
        (void)close(fd);
        fd = open(tree_path(&tree, "/planted"), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
        assert_int_equal(fd, -1);
        credentials_restore(&scope);
        assert_true(can_read("/root-only"));
        assert_int_equal(setfsuid((uid_t)-1), 0);
        assert_int_equal(setfsgid((gid_t)-1), 0);
        credentials_restore(&scope); /* harmless */
}

static void test_groups_come_back(void **state) {
        const gid_t ours[] = { 4, 70009 };
        struct credentials bob = { .uid = 70000, .gid = 70000 };
        struct credentials_scope scope;
        gid_t groups[8];

        (void)state;
        if (geteuid() != 0) {
                print_message("skipped: assuming a user's rights needs root\n");
                skip();
        }
        assert_int_equal(setgroups(2, ours), 0);
        assert_int_equal(credentials_assume(&bob, &scope), 0);
        assert_int_equal(getgroups(8, groups), 0);
        credentials_restore(&scope);
        assert_int_equal(getgroups(8, groups), 2);
        assert_int_equal(groups[1], 70009);
        assert_int_equal(setgroups(0, NULL), 0);
}

static void test_nothing(void **state) {
        struct credentials too_many = { .n_groups = CREDENTIALS_GROUPS_MAX + 1 };
        struct credentials_scope scope;

        (void)state;
        assert_int_equal(credentials_assume(NULL, &scope), 0);
        assert_false(scope.is_assumed);
        credentials_restore(&scope);
        assert_int_equal(credentials_assume(&too_many, &scope), -EINVAL);
        assert_false(scope.is_assumed);
}

/* Who is not root is refused, with the rights as they were. */
static void test_not_root(void **state) {
        struct credentials bob = { .uid = 70000, .gid = 70000 };
        struct credentials root = { .uid = 0, .gid = 0 };
        struct credentials_scope scope;
        int status;
        pid_t pid;

        (void)state;
        pid = fork();
        if (pid == 0) {
                if (geteuid() == 0 && (setgid(70001) < 0 || setuid(70001) < 0))
                        _exit(2);
                if (credentials_assume(&bob, &scope) != -EPERM ||
                    credentials_assume(&root, &scope) != -EPERM || scope.is_assumed)
                        _exit(3);
                _exit(setfsuid((uid_t)-1) == (int)geteuid() ? 0 : 4);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_assume),
                cmocka_unit_test(test_groups_come_back),
                cmocka_unit_test(test_nothing),
                cmocka_unit_test(test_not_root),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
