/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dpkg's records in a tree of our own. */

#include "cmocka_env.h"

#include <signal.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "os/dpkg.h"
#include "tree.h"

#define SUM_A "0cc175b9c0f1b6a831c399e269772661" /* of "a" */
#define SUM_B "92eb5ffee6ae2fec3ad71c777531578f"

static const char status[] = "Package: one\n"
                             "Status: install ok installed\n"
                             "Conffiles:\n"
                             " /etc/a " SUM_A "\n"
                             " /etc/other " SUM_A "\n"
                             " /etc/b " SUM_B " obsolete\n"
                             " /etc/newer newconffile\n"
                             "Description: one\n"
                             " /etc/description " SUM_A "\n"
                             "\n"
                             "Package: two\n"
                             "Conffiles:\n"
                             " /etc/c " SUM_B;

static bool is_wanted(void *userdata, const char *path) {
        (void)userdata;
        return strcmp(path, "/etc/other") != 0;
}

static void make(struct tree *tree) {
        tree_make(tree);
        tree_mkdir(tree, "/etc");
        tree_mkdir(tree, "/var");
        tree_mkdir(tree, "/var/lib");
        tree_mkdir(tree, "/var/lib/dpkg");
        tree_mkdir(tree, "/var/lib/dpkg/info");
        tree_mkdir(tree, "/var/lib/ucf");
}

static void test_configuration(void **state) {
        CLEANUP_FREE char *records = NULL;
        char sum[DPKG_MD5_SIZE];
        struct tree tree;

        (void)state;
        make(&tree);
        assert_int_equal(dpkg_configuration(&tree.root, is_wanted, NULL, &records), -ENOENT);
        tree_write(&tree, "/var/lib/dpkg/status", status);
        tree_write(&tree, "/var/lib/ucf/hashfile",
                   SUM_A "  /etc/ssh/sshd_config\nnonsense\n" SUM_A "\n");
        assert_int_equal(dpkg_configuration(&tree.root, is_wanted, NULL, &records), 0);
        assert_string_equal(records, SUM_A " /etc/a\n" SUM_B " /etc/b\n" SUM_B " /etc/c\n" SUM_A
                                           " /etc/ssh/sshd_config\n");
        assert_true(dpkg_configuration_of(records, "/etc/b", sum));
        assert_string_equal(sum, SUM_B);
        assert_false(dpkg_configuration_of(records, "/etc", sum));
        assert_false(dpkg_configuration_of(records, "/etc/description", sum));
        tree_remove(&tree);
}

static void test_unpacked(void **state) {
        char sum[DPKG_MD5_SIZE];
        struct tree tree;

        (void)state;
        make(&tree);
        tree_write(&tree, "/var/lib/dpkg/info/one.md5sums",
                   SUM_A "  usr/bin/a\n" SUM_B "  lib/b.so\n" SUM_B "  usr/bin/ab");
        tree_write(&tree, "/var/lib/dpkg/info/one.list", SUM_A "  usr/bin/c\n");
        assert_int_equal(dpkg_unpacked(&tree.root, "/usr/bin/a", 0, sum), 1);
        assert_string_equal(sum, SUM_A);
        assert_int_equal(dpkg_unpacked(&tree.root, "/usr/lib/b.so", 0, sum), 1);
        assert_string_equal(sum, SUM_B);
        assert_int_equal(dpkg_unpacked(&tree.root, "/usr/bin/ab", 0, sum), 1);
        assert_int_equal(dpkg_unpacked(&tree.root, "/usr/bin/c", 0, sum), 0);
        assert_int_equal(dpkg_unpacked(&tree.root, "/usr/bin/a", INT64_MAX, sum), 0);
        tree_remove(&tree);
}

static void test_sums(void **state) {
        char md5[DPKG_MD5_SIZE];
        uint8_t sha256[FILE_SHA256_SIZE];
        struct tree tree;

        (void)state;
        make(&tree);
        tree_write(&tree, "/etc/a", "a");
        assert_int_equal(dpkg_sums(&tree.root, "/etc/a", md5, sha256), 0);
        assert_string_equal(md5, SUM_A);
        assert_int_equal(sha256[0], 0xca);
        assert_int_equal(dpkg_sums(&tree.root, "/etc", md5, sha256), -EINVAL);
        assert_int_equal(dpkg_sums(&tree.root, "/etc/none", md5, sha256), -ENOENT);
        tree_remove(&tree);
}

static void test_lock(void **state) {
        struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
        int ready[2], fd;
        struct tree tree;
        char byte;
        pid_t pid;

        (void)state;
        make(&tree);
        assert_false(dpkg_is_running(&tree.root));
        tree_write(&tree, "/var/lib/dpkg/lock", "");
        assert_false(dpkg_is_running(&tree.root));
        assert_int_equal(pipe(ready), 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                fd = open(tree_path(&tree, "/var/lib/dpkg/lock"), O_RDWR | O_CLOEXEC);
                if (fd < 0 || fcntl(fd, F_SETLK, &lock) < 0 || write(ready[1], "x", 1) != 1)
                        tree_exit(1);
                for (;;)
                        (void)pause();
        }
        assert_int_equal(read(ready[0], &byte, 1), 1);
        assert_true(dpkg_is_running(&tree.root));
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        assert_false(dpkg_is_running(&tree.root));
        (void)close(ready[0]);
        (void)close(ready[1]);
        tree_remove(&tree);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_configuration),
                cmocka_unit_test(test_unpacked),
                cmocka_unit_test(test_sums),
                cmocka_unit_test(test_lock),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
