/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/journal.h"
#include "tree.h"

static const char message_id[] = "0123456789abcdef0123456789abcdef";

static const struct journal_field fields[] = {
        { "SSHGUARDD_RULE", "sshd.password-authentication" },
        { "SSHGUARDD_LINE", NULL },
        { "SSHGUARDD_GOT", "yes\x1b[2J\n" },
};

/* What FN prints on standard error. */
static void capture(void (*fn)(void), char *buffer, size_t size) {
        int saved = dup(STDERR_FILENO), pipe_fds[2];
        ssize_t n;

        assert_int_equal(pipe(pipe_fds), 0);
        assert_true(dup2(pipe_fds[1], STDERR_FILENO) >= 0);
        fn();
        assert_true(dup2(saved, STDERR_FILENO) >= 0);
        (void)close(saved);
        (void)close(pipe_fds[1]);
        n = read(pipe_fds[0], buffer, size - 1);
        assert_true(n >= 0);
        buffer[n] = '\0';
        (void)close(pipe_fds[0]);
}

static void send_alert(void) {
        journal_send(2, message_id, "bad\tthing\x9b", fields, 3);
}

static void log_line(void) {
        journal_log(6, "adopted %d files of %s", 7, "bob\r");
}

static void test_stderr(void **state) {
        char printed[512];

        (void)state;
        journal_use_stderr(true);
        capture(send_alert, printed, sizeof printed);
        assert_string_equal(printed, "<2>bad\\x09thing\\x9b | SSHGUARDD_RULE=sshd.password-"
                                     "authentication SSHGUARDD_GOT=yes\\x1b[2J\\x0a\n");
        capture(log_line, printed, sizeof printed);
        assert_string_equal(printed, "<6>adopted 7 files of bob\\x0d\n");
        journal_use_stderr(false);
}

/* A journal of our own, in a mount namespace of a child. Exit status: 0 as it should be. */
static int with_journal(void) {
        struct sockaddr_un address = { .sun_family = AF_UNIX,
                                       .sun_path = "/run/systemd/journal/socket" };
        char got[1024];
        ssize_t n;
        int fd;

        if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
            mount("tmpfs", "/run", "tmpfs", 0, NULL) < 0)
                return 77;
        if (mkdir("/run/systemd", 0755) < 0 || mkdir("/run/systemd/journal", 0755) < 0)
                return 2;
        fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0)
                return 3;
        send_alert();
        n = recv(fd, got, sizeof got - 1, 0);
        if (n <= 0)
                return 4;
        got[n] = '\0';
        if (!strstr(got, "MESSAGE=bad\\x09thing\\x9b\n") || !strstr(got, "PRIORITY=2\n") ||
            !strstr(got, "MESSAGE_ID=0123456789abcdef0123456789abcdef\n") ||
            !strstr(got, "SYSLOG_IDENTIFIER=sshguardd\n") ||
            !strstr(got, "SSHGUARDD_RULE=sshd.password-authentication\n") ||
            !strstr(got, "SSHGUARDD_GOT=yes\\x1b[2J\\x0a\n") || strstr(got, "SSHGUARDD_LINE"))
                return 5;
        return 0;
}

/* Runs it in a process of its own, which may make itself another /run. */
static void run_apart(int (*test)(void)) {
        int status;
        pid_t pid = fork();

        if (pid == 0)
                tree_exit(test());
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        if (WEXITSTATUS(status) == 77)
                SKIP("no mount namespace of our own (needs root)");
        assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_journal(void **state) {
        (void)state;
        run_apart(with_journal);
}

/* No socket: the line is not lost in sd_journal_sendv()'s success. */
static int without_journal(void) {
        char printed[512];

        if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
            mount("tmpfs", "/run", "tmpfs", 0, NULL) < 0)
                return 77;
        capture(log_line, printed, sizeof printed);
        return strcmp(printed, "<6>adopted 7 files of bob\\x0d\n") == 0 ? 0 : 2;
}

static void test_no_journal(void **state) {
        (void)state;
        run_apart(without_journal);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_stderr),
                cmocka_unit_test(test_journal),
                cmocka_unit_test(test_no_journal),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
