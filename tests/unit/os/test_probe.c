/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/probe.h"

enum { LONG_MS = 60000, SHORT_MS = 100 };

static int shell(const char *script, unsigned timeout_ms, struct probe_result *ret) {
        const char *const argv[] = { "/bin/sh", "-c", script, NULL };

        return probe_run(argv, NULL, NULL, timeout_ms, ret);
}

static void test_run(void **state) {
        static const struct {
                const char *script, *out, *err;
                int exit_status, signal;
        } cases[] = {
                { "echo out; echo err >&2; exit 3", "out\n", "err\n", 3, 0 },
                { "cat", "", "", 0, 0 }, /* no input */
                { "pwd", "/\n", "", 0, 0 },
                { "kill -9 $$", "", "", -1, SIGKILL },
                { "kill -TERM $$", "", "", -1, SIGTERM },
        };

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                struct probe_result result;

                assert_int_equal(shell(cases[i].script, LONG_MS, &result), 0);
                assert_false(result.timed_out);
                assert_string_equal(result.out, cases[i].out);
                assert_string_equal(result.err, cases[i].err);
                assert_int_equal(result.n_out, strlen(result.out));
                assert_int_equal(result.exit_status, cases[i].exit_status);
                assert_int_equal(result.signal, cases[i].signal);
                probe_result_done(&result);
        }
}

static void test_environment(void **state) {
        const char *const argv[] = { "/usr/bin/env", NULL };
        struct probe_result result;

        (void)state;
        assert_int_equal(setenv("LD_PRELOAD_SECRET", "x", 1), 0);
        assert_int_equal(probe_run(argv, NULL, NULL, LONG_MS, &result), 0);
        assert_string_equal(
                result.out,
                "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\nLANG=C\n");
        probe_result_done(&result);
}

static void test_nothing_is_inherited(void **state) {
        struct probe_result result;
        int fd = open("/etc/passwd", O_RDONLY); /* without O_CLOEXEC */
        int high = fcntl(fd, F_DUPFD, 200);

        (void)state;
        assert_true(high >= 200);
        assert_int_equal(shell("ls /proc/self/fd | tr '\\n' ' '", LONG_MS, &result), 0);
        assert_string_equal(result.out, "0 1 2 3 "); /* 3 is ls reading the directory */
        probe_result_done(&result);
        (void)close(fd);
        (void)close(high);
}

static void test_signals_are_default(void **state) {
        struct probe_result result;
        sigset_t mask, old;

        (void)state;
        (void)sigfillset(&mask);
        assert_int_equal(sigprocmask(SIG_BLOCK, &mask, &old), 0);
        (void)signal(SIGPIPE, SIG_IGN);
        assert_int_equal(shell("grep -E '^Sig(Blk|Ign)' /proc/self/status", LONG_MS, &result), 0);
        assert_string_equal(result.out, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
        probe_result_done(&result);
        (void)signal(SIGPIPE, SIG_DFL);
        assert_int_equal(sigprocmask(SIG_SETMASK, &old, NULL), 0);
}

static void test_cannot_start(void **state) {
        const char *const missing[] = { "/nonexistent/sshd", "-t", NULL };
        const char *const script[] = { "/etc/passwd", NULL };
        const char *const shell_argv[] = { "/bin/sh", NULL };
        struct probe_result result;

        (void)state;
        assert_int_equal(probe_run(missing, NULL, NULL, LONG_MS, &result), -ENOENT);
        assert_int_equal(probe_run(script, NULL, NULL, LONG_MS, &result), -EACCES);
        assert_int_equal(probe_run(shell_argv, "/nonexistent", NULL, LONG_MS, &result), -ENOENT);
        if (geteuid() == 0)
                assert_int_equal(probe_run(shell_argv, NULL, "/proc", LONG_MS, &result), -ENOENT);
}

static void test_deadline(void **state) {
        struct probe_result result;
        char *end;
        long pid;

        (void)state;
        /* the grandchild holds the pipe too, and must go with the group */
        assert_int_equal(shell("sleep 1000 & echo $!; sleep 1000", SHORT_MS, &result), 0);
        assert_true(result.timed_out);
        assert_int_equal(result.exit_status, -1);
        pid = strtol(result.out, &end, 10);
        assert_true(pid > 1);
        /* killed; a zombie of init's at most */
        for (int i = 0; i < 1000 && kill((pid_t)pid, 0) == 0; i++) {
                char path[64], state_letter = 'Z';
                FILE *stat;

                (void)snprintf(path, sizeof path, "/proc/%ld/stat", pid);
                stat = fopen(path, "re");
                if (!stat || fscanf(stat, "%*d %*s %c", &state_letter) != 1)
                        state_letter = 'Z';
                if (stat)
                        (void)fclose(stat);
                if (state_letter == 'Z' || state_letter == 'X')
                        break;
                (void)usleep(10000);
                assert_int_not_equal(i, 999);
        }
        probe_result_done(&result);
        /* nothing of ours is left to be reaped */
        assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
        assert_int_equal(errno, ECHILD);
}

static void test_output_is_bounded(void **state) {
        struct probe_result result;

        (void)state;
        assert_int_equal(shell("head -c 3000000 /dev/zero; echo end >&2", LONG_MS, &result), 0);
        assert_int_equal(result.n_out, PROBE_OUTPUT_MAX);
        assert_string_equal(result.err, "end\n");
        assert_int_equal(result.exit_status, 0);
        probe_result_done(&result);
}

static void test_chroot(void **state) {
        const char *const argv[] = { "/sh", "-c", "exit 0", NULL };
        struct probe_result result;

        (void)state;
        if (geteuid() != 0) {
                print_message("skipped: chroot(2) needs root\n");
                skip();
        }
        /* found below /bin only if that is the root; its loader is not there, hence ENOENT too */
        assert_int_equal(probe_run(argv, NULL, "/nonexistent", LONG_MS, &result), -ENOENT);
        assert_int_equal(probe_run((const char *const[]){ "/bin/sh", "-c", "exit 7", NULL }, "/",
                                   "/", LONG_MS, &result),
                         0);
        assert_int_equal(result.exit_status, 7);
        probe_result_done(&result);
}

static int answer(void *userdata, int fd) {
        const char *text = userdata;

        return probe_write(fd, text, strlen(text)) ? 5 : 6;
}

static int hang(void *userdata, int fd) {
        (void)userdata;
        (void)fd;
        (void)pause();
        return 0;
}

static int crash(void *userdata, int fd) {
        (void)userdata;
        (void)fd;
        (void)kill(getpid(), SIGKILL);
        return 0;
}

static void test_call(void **state) {
        char text[] = "accounts";
        char *data = NULL;
        size_t n = 0;
        int status = 0;

        (void)state;
        assert_int_equal(probe_call(answer, text, LONG_MS, &data, &n, &status), 0);
        assert_int_equal(n, strlen(text));
        assert_string_equal(data, text);
        assert_int_equal(status, 5);
        free(data);
        assert_int_equal(probe_call(hang, NULL, SHORT_MS, &data, &n, &status), -ETIMEDOUT);
        assert_int_equal(probe_call(crash, NULL, LONG_MS, &data, &n, &status), -ECANCELED);
}

struct outcome {
        sd_event *event;
        int error, n_calls;
        struct probe_result result;
};

static void on_done(void *userdata, int error, struct probe_result *result) {
        struct outcome *outcome = userdata;

        outcome->n_calls++;
        outcome->error = error;
        if (result) {
                outcome->result = *result;
                *result = (struct probe_result){ 0 };
        }
        (void)sd_event_exit(outcome->event, 0);
}

static void wait_for(const char *script, unsigned timeout_ms, struct outcome *outcome) {
        const char *const argv[] = { "/bin/sh", "-c", script, NULL };
        struct probe_program program = { .argv = argv, .timeout_ms = timeout_ms };
        struct probe *probe;

        *outcome = (struct outcome){ 0 };
        assert_int_equal(sd_event_new(&outcome->event), 0);
        assert_int_equal(probe_start(outcome->event, &program, on_done, outcome, &probe), 0);
        assert_int_equal(sd_event_loop(outcome->event), 0);
        assert_int_equal(outcome->n_calls, 1);
        (void)sd_event_unref(outcome->event);
}

static void test_start(void **state) {
        struct outcome outcome;

        (void)state;
        wait_for("echo out; echo err >&2; exit 3", LONG_MS, &outcome);
        assert_int_equal(outcome.error, 0);
        assert_string_equal(outcome.result.out, "out\n");
        assert_string_equal(outcome.result.err, "err\n");
        assert_int_equal(outcome.result.exit_status, 3);
        probe_result_done(&outcome.result);
        /* streams closed long before the end */
        wait_for("exec >&- 2>&-; sleep 0.1; exit 4", LONG_MS, &outcome);
        assert_int_equal(outcome.result.exit_status, 4);
        probe_result_done(&outcome.result);
        wait_for("echo before; exec sleep 1000", SHORT_MS, &outcome);
        assert_true(outcome.result.timed_out);
        assert_string_equal(outcome.result.out, "before\n");
        probe_result_done(&outcome.result);
}

static void test_start_missing(void **state) {
        const char *const argv[] = { "/nonexistent/sshd", NULL };
        struct probe_program program = { .argv = argv, .timeout_ms = LONG_MS };
        struct outcome outcome = { 0 };
        struct probe *probe;

        (void)state;
        assert_int_equal(sd_event_new(&outcome.event), 0);
        assert_int_equal(probe_start(outcome.event, &program, on_done, &outcome, &probe), 0);
        assert_int_equal(sd_event_loop(outcome.event), 0);
        assert_int_equal(outcome.error, -ENOENT);
        (void)sd_event_unref(outcome.event);
}

static void test_start_call(void **state) {
        char text[] = "later";
        struct probe_work work = { .fn = answer, .fn_userdata = text, .timeout_ms = LONG_MS };
        struct outcome outcome = { 0 };
        struct probe *probe;

        (void)state;
        assert_int_equal(sd_event_new(&outcome.event), 0);
        assert_int_equal(probe_start_call(outcome.event, &work, on_done, &outcome, &probe), 0);
        assert_int_equal(sd_event_loop(outcome.event), 0);
        assert_int_equal(outcome.error, 0);
        assert_string_equal(outcome.result.out, "later");
        assert_int_equal(outcome.result.exit_status, 5);
        probe_result_done(&outcome.result);
        (void)sd_event_unref(outcome.event);

        work = (struct probe_work){ .fn = hang, .timeout_ms = SHORT_MS };
        outcome = (struct outcome){ 0 };
        assert_int_equal(sd_event_new(&outcome.event), 0);
        assert_int_equal(probe_start_call(outcome.event, &work, on_done, &outcome, &probe), 0);
        assert_int_equal(sd_event_loop(outcome.event), 0);
        assert_int_equal(outcome.error, -ETIMEDOUT);
        assert_null(outcome.result.out);
        (void)sd_event_unref(outcome.event);
}

static void count_done(void *userdata, int error, struct probe_result *result) {
        assert_int_equal(error, 0);
        assert_string_equal(result->out, "first");
        ++*(int *)userdata;
}

/* The second child has inherited the pipe of the first one, and is still there when that ended. */
static void test_one_ends_before_another(void **state) {
        char text[] = "first";
        struct probe_work first = { .fn = answer, .fn_userdata = text, .timeout_ms = LONG_MS };
        struct probe_work second = { .fn = hang, .timeout_ms = LONG_MS };
        struct probe *probe, *hanging;
        sd_event *event;
        int n_first = 0, n_second = 0;

        (void)state;
        assert_int_equal(sd_event_new(&event), 0);
        assert_int_equal(probe_start_call(event, &first, count_done, &n_first, &probe), 0);
        assert_int_equal(probe_start_call(event, &second, count_done, &n_second, &hanging), 0);
        while (n_first == 0)
                assert_true(sd_event_run(event, UINT64_MAX) >= 0);
        /* a pipe that is closed here and still registered would be told of now */
        assert_int_equal(sd_event_run(event, 0), 0);
        assert_int_equal(n_first, 1);
        assert_int_equal(n_second, 0);
        probe_cancel(hanging);
        (void)sd_event_unref(event);
}

static void test_cancel(void **state) {
        struct probe_work work = { .fn = hang, .timeout_ms = LONG_MS };
        struct outcome outcome = { 0 };
        struct probe *probe;

        (void)state;
        assert_int_equal(sd_event_new(&outcome.event), 0);
        assert_int_equal(probe_start_call(outcome.event, &work, on_done, &outcome, &probe), 0);
        probe_cancel(probe);
        probe_cancel(NULL);
        assert_int_equal(outcome.n_calls, 0);
        assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
        (void)sd_event_unref(outcome.event);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_run),
                cmocka_unit_test(test_environment),
                cmocka_unit_test(test_nothing_is_inherited),
                cmocka_unit_test(test_signals_are_default),
                cmocka_unit_test(test_cannot_start),
                cmocka_unit_test(test_deadline),
                cmocka_unit_test(test_output_is_bounded),
                cmocka_unit_test(test_chroot),
                cmocka_unit_test(test_call),
                cmocka_unit_test(test_start),
                cmocka_unit_test(test_start_missing),
                cmocka_unit_test(test_start_call),
                cmocka_unit_test(test_one_ends_before_another),
                cmocka_unit_test(test_cancel),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
