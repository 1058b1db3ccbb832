/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Processes and their parents in a folder that stands for /proc. */

#include "cmocka_env.h"

#include "base/cleanup.h"
#include "os/ssh_login.h"
#include "tree.h"

static const struct {
        int pid;
        const char *name;
        int parent;
        unsigned began; /* ticks */
        const char *title;
} processes[] = {
        { 1, "systemd", 0, 1, "/sbin/init" },
        { 10, "sshd", 1, 500, "sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups" },
        /* a user's login: the one that serves the connection, and its child without rights */
        { 20, "sshd", 10, 1000, "sshd: alice [priv]" },
        { 21, "sshd", 20, 1200, "sshd: alice@pts/0" },
        { 22, "bash", 21, 1201, "-bash" },
        { 23, "sudo", 22, 1300, "sudo -i" },
        { 24, "sshguardctl", 23, 1301, "sshguardctl confirm" },
        /* since OpenSSH 9.8 */
        { 30, "sshd-session", 10, 2000, "sshd-session: root@notty" },
        { 31, "sh", 30, 2001, "sh -c sshguardctl confirm" },
        /* a socket of systemd's: sshd -i has no listener above it */
        { 40, "sshd", 1, 3000, "sshd: root@pts/1" },
        { 41, "bash", 40, 3001, "-bash" },
        /* what names itself with blanks and brackets */
        { 50, "a) R 10 (sshd", 20, 4000, "x" },
        /* no login */
        { 60, "tmux: server", 1, 5000, "tmux" },
        { 61, "bash", 60, 5001, "-bash" },
        { 62, "sshdx", 1, 5002, "sshdx" },
        { 63, "bash", 10, 5003, "bash" }, /* of the service itself */
        /* parents in a circle, or gone */
        { 70, "a", 71, 6000, "a" },
        { 71, "b", 70, 6001, "b" },
        { 72, "c", 7000, 6002, "c" },
};

static void make_processes(struct tree *tree) {
        tree_make(tree);
        for (size_t i = 0; i < N_ELEMENTS(processes); i++) {
                CLEANUP_FREE char *stat = NULL;
                char name[64];

                (void)snprintf(name, sizeof name, "/%d", processes[i].pid);
                TREE_MUST(mkdir(tree_path(tree, name), 0755));
                (void)snprintf(name, sizeof name, "/%d/cmdline", processes[i].pid);
                tree_write(tree, name, processes[i].title);
                TREE_MUST(asprintf(
                        &stat, "%d (%s) S %d 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 %u 9 9\n",
                        processes[i].pid, processes[i].name, processes[i].parent,
                        processes[i].began));
                (void)snprintf(name, sizeof name, "/%d/stat", processes[i].pid);
                tree_write(tree, name, stat);
        }
}

static void test_who_came_over_which_connection(void **state) {
        static const struct {
                pid_t of, sshd; /* 0: none */
                unsigned began;
        } cases[] = {
                { 24, 20, 1000 }, { 22, 20, 1000 }, { 20, 20, 1000 }, { 31, 30, 2000 },
                { 41, 40, 3000 }, { 50, 20, 1000 }, { 61, 0, 0 },     { 62, 0, 0 },
                { 63, 0, 0 },     { 10, 0, 0 },     { 1, 0, 0 },      { 70, 0, 0 },
                { 72, 0, 0 },     { 9999, 0, 0 },
        };
        const int64_t tick_us = 1000000 / sysconf(_SC_CLK_TCK);
        struct tree tree;

        (void)state;
        make_processes(&tree);
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                struct ssh_login login = { 0 };
                int r = ssh_login_find(tree.directory, cases[i].of, &login);

                if (r != (cases[i].sshd != 0) || login.sshd != cases[i].sshd ||
                    login.began_us != cases[i].began * tick_us)
                        fail_msg("%d: %d, sshd %d, %lld us", cases[i].of, r, login.sshd,
                                 (long long)login.began_us);
        }
        tree_remove(&tree);
}

static void test_what_is_no_stat(void **state) {
        static const char *const lines[] = {
                "",        "5 (a",          "5 a) S 1",
                "5 (a) S", "5 (a) S 1 2 3", "5 (a) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 x"
        };
        struct ssh_login login;
        struct tree tree;

        (void)state;
        tree_make(&tree);
        TREE_MUST(mkdir(tree_path(&tree, "/5"), 0755));
        for (size_t i = 0; i < N_ELEMENTS(lines); i++) {
                tree_write(&tree, "/5/stat", lines[i]);
                assert_int_equal(ssh_login_find(tree.directory, 5, &login), -EBADMSG);
        }
        tree_remove(&tree);
}

static void test_this_machine(void **state) {
        CLEANUP_FREE char *id = NULL, *again = NULL, *none = NULL;
        struct ssh_login login;
        int64_t before = ssh_login_now_us();

        (void)state;
        assert_int_equal(ssh_login_boot_id("/proc", &id), 0);
        assert_int_equal(strlen(id), 36);
        assert_int_equal(ssh_login_boot_id("/proc", &again), 0);
        assert_string_equal(id, again);
        assert_int_equal(ssh_login_boot_id("/proc/self/none", &none), -ENOENT);
        assert_true(ssh_login_find("/proc", getpid(), &login) >= 0);
        assert_true(ssh_login_now_us() >= before);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_who_came_over_which_connection),
                cmocka_unit_test(test_what_is_no_stat),
                cmocka_unit_test(test_this_machine),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
