/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A child process that cannot outstay its welcome.
 *
 * The child leads a process group of its own, so that what it starts is killed with it, and asks
 * the kernel for SIGKILL when we die (PR_SET_PDEATHSIG; it then checks that we did not die before
 * that). An exec'd program gets an environment of PATH and LANG, /dev/null as input, the two pipes,
 * nothing else: close_range(2) marks every other descriptor close-on-exec. A failed exec is
 * reported through a close-on-exec pipe, so that "no such program" is told from a program that
 * exits with 127.
 *
 * A pidfd names the child without the race of numbers. A killed child is reaped for a short while
 * only: in an uninterruptible wait (a dead server behind a hard mount) SIGKILL does not end it.
 * Such a child is left in a small list and reaped when a later probe comes by. */

#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fd.h"

enum {
        N_LEFT_BEHIND = 64, /* more hanging children than that: the oldest are forgotten */
        READ_CHUNK = 16 << 10,
        READS_PER_TURN = 64, /* then the event loop gets its turn */
};

static pid_t left_behind[N_LEFT_BEHIND];

/* Sockets of the parent, a pipe for each stream. */
struct pipes {
        int ends[N_CHILD_STREAMS][2];
};

static void pipes_done(struct pipes *pipes) {
        for (size_t i = 0; i < N_CHILD_STREAMS; i++)
                for (size_t k = 0; k < 2; k++)
                        fd_close(&pipes->ends[i][k]);
}

static void reap_left_behind(void) {
        for (size_t i = 0; i < N_LEFT_BEHIND; i++)
                if (left_behind[i] > 0 && waitpid(left_behind[i], NULL, WNOHANG) != 0)
                        left_behind[i] = 0;
}

static void leave_behind(pid_t pid) {
        memmove(left_behind + 1, left_behind, sizeof left_behind - sizeof left_behind[0]);
        left_behind[0] = pid;
}

void child_init(struct child *child) {
        *child = (struct child){ .pidfd = -1 };
        for (size_t i = 0; i < N_CHILD_STREAMS; i++)
                child->streams[i].fd = -1;
}

/* In the child: signals as a program expects them, whatever the event loop blocked or ignored. */
static void reset_signals(void) {
        struct sigaction action = { .sa_handler = SIG_DFL };
        sigset_t none;

        for (int i = 1; i < NSIG; i++)
                (void)sigaction(i, &action, NULL);
        (void)sigemptyset(&none);
        (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static void settle_in(pid_t parent) {
        (void)setpgid(0, 0);
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
                _exit(EXIT_FAILURE);
        reset_signals();
}

/* Moves FD away from 0..2, where it would be overwritten. */
static int above_standard(int fd) {
        return fd > STDERR_FILENO ? fd : fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
}

static int set_standard(int out, int err) {
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);

        null = above_standard(null);
        if (null < 0 || dup2(null, STDIN_FILENO) < 0 ||
            dup2(out >= 0 ? out : null, STDOUT_FILENO) < 0 ||
            dup2(err >= 0 ? err : null, STDERR_FILENO) < 0)
                return -errno;
        return 0;
}

/* exec(3) wants the strings writable and never writes to them. */
static void execute(const char *const *argv) {
        static char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
        static char lang[] = "LANG=C";
        static char *environment[] = { path, lang, NULL };
        char **arguments;

        memcpy(&arguments, &argv, sizeof arguments);
        (void)execve(argv[0], arguments, environment);
}

__attribute__((noreturn)) static void run_program(const struct probe_program *program,
                                                  struct pipes *pipes) {
        int out = above_standard(pipes->ends[CHILD_OUT][1]);
        int err = above_standard(pipes->ends[CHILD_ERR][1]);
        int report = above_standard(pipes->ends[CHILD_START][1]);
        int error = 0;

        if (out < 0 || err < 0 || report < 0)
                _exit(EXIT_FAILURE);
        if (set_standard(out, err) < 0)
                error = errno;
        /* Close-on-exec, not closed: the report pipe must live until the exec succeeded. */
        if (!error && syscall(SYS_close_range, STDERR_FILENO + 1U, ~0U, CLOSE_RANGE_CLOEXEC) < 0 &&
            errno != ENOSYS && errno != EINVAL)
                error = errno;
        if (!error && program->chroot_path && chroot(program->chroot_path) < 0)
                error = errno;
        if (!error && chdir(program->cwd ? program->cwd : "/") < 0)
                error = errno;
        if (!error) {
                execute(program->argv);
                error = errno;
        }
        (void)probe_write(report, &error, sizeof error);
        _exit(EXIT_FAILURE);
}

__attribute__((noreturn)) static void run_call(const struct probe_work *work, struct pipes *pipes) {
        int fd = above_standard(pipes->ends[CHILD_OUT][1]);

        if (fd < 0 || set_standard(-1, -1) < 0)
                _exit(EXIT_FAILURE);
        _exit(work->fn(work->fn_userdata, fd));
}

static int make_pipes(struct pipes *pipes, bool is_call) {
        for (size_t i = 0; i < N_CHILD_STREAMS; i++)
                pipes->ends[i][0] = pipes->ends[i][1] = -1;
        for (size_t i = 0; i < N_CHILD_STREAMS; i++) {
                if (is_call && i != CHILD_OUT)
                        continue;
                if (pipe2(pipes->ends[i], O_CLOEXEC) < 0)
                        return -errno;
                if (fcntl(pipes->ends[i][0], F_SETFL, O_NONBLOCK) < 0)
                        return -errno;
        }
        return 0;
}

int child_start(struct child *child, const struct probe_program *program,
                const struct probe_work *work) {
        CLEANUP(pipes_done) struct pipes pipes;
        pid_t parent = getpid();
        int r;

        reap_left_behind();
        r = make_pipes(&pipes, work != NULL);
        if (r < 0)
                return r;
        child->is_call = work != NULL;
        child->pid = fork();
        if (child->pid < 0)
                return -errno;
        if (child->pid == 0) {
                settle_in(parent);
                if (program)
                        run_program(program, &pipes);
                run_call(work, &pipes);
        }
        (void)setpgid(child->pid, child->pid); /* whoever of us comes first */
        for (size_t i = 0; i < N_CHILD_STREAMS; i++) {
                child->streams[i].fd = fd_take(&pipes.ends[i][0]);
                child->streams[i].max = work ? PROBE_ANSWER_MAX : PROBE_OUTPUT_MAX;
        }
        child->pidfd = (int)syscall(SYS_pidfd_open, child->pid, 0);
        return child->pidfd < 0 ? -errno : 0;
}

int child_read(struct child_stream *stream) {
        char chunk[READ_CHUNK];

        for (int i = 0; i < READS_PER_TURN; i++) {
                ssize_t n = read(stream->fd, chunk, sizeof chunk);
                size_t room = stream->max - stream->text.n;

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return errno == EAGAIN ? 0 : -errno;
                if (n == 0)
                        return CHILD_STREAM_ENDED;
                if ((size_t)n > room)
                        stream->is_cut = true;
                if (text_append_n(&stream->text, chunk, (size_t)n < room ? (size_t)n : room) < 0)
                        return -ENOMEM;
        }
        return 0;
}

/* Kills the group and reaps its leader; false if that hangs in the kernel. */
static bool kill_and_reap(struct child *child, bool has_ended, int *ret_status) {
        struct pollfd poll_fd = { .fd = child->pidfd, .events = POLLIN };
        pid_t pid = child->pid;
        int r;

        (void)kill(-pid, SIGKILL); /* also what a program that exited left running */
        if (!has_ended) {
                (void)kill(pid, SIGKILL); /* before its setpgid() */
                if (child->pidfd >= 0)
                        (void)poll(&poll_fd, 1, PROBE_KILL_GRACE_MS);
        }
        child->pid = 0;
        do
                r = waitpid(pid, ret_status, child->pidfd >= 0 ? WNOHANG : 0);
        while (r < 0 && errno == EINTR);
        if (r == 0)
                leave_behind(pid);
        return r == pid;
}

/* A program that closed its streams may still need a moment to exit; one that was given up on
 * gets none. */
static bool wait_for_exit(struct child *child, bool timed_out) {
        struct pollfd poll_fd = { .fd = child->pidfd, .events = POLLIN };

        return !timed_out && poll(&poll_fd, 1, PROBE_KILL_GRACE_MS) > 0;
}

static int start_error(const struct child *child) {
        const struct text *report = &child->streams[CHILD_START].text;
        int error;

        if (report->n < sizeof error)
                return 0;
        memcpy(&error, report->data, sizeof error);
        return -error;
}

int child_finish(struct child *child, bool timed_out, struct probe_result *ret) {
        struct probe_result result = { .timed_out = timed_out, .exit_status = -1 };
        bool has_ended = wait_for_exit(child, timed_out);
        bool reaped;
        int status = 0, r;

        reaped = kill_and_reap(child, has_ended, &status);
        r = start_error(child);
        if (r < 0)
                return r;
        if (reaped && WIFEXITED(status))
                result.exit_status = WEXITSTATUS(status);
        else
                result.signal = reaped && WIFSIGNALED(status) ? WTERMSIG(status) : SIGKILL;
        if (!has_ended && !timed_out)
                result.timed_out = true;
        result.n_out = child->streams[CHILD_OUT].text.n;
        result.n_err = child->streams[CHILD_ERR].text.n;
        result.out = text_take(&child->streams[CHILD_OUT].text);
        result.err = text_take(&child->streams[CHILD_ERR].text);
        if (!result.out || !result.err) {
                probe_result_done(&result);
                return -ENOMEM;
        }
        *ret = result;
        return 0;
}

void child_done(struct child *child) {
        int status;

        if (child->pid > 0)
                (void)kill_and_reap(child, false, &status);
        for (size_t i = 0; i < N_CHILD_STREAMS; i++) {
                fd_close(&child->streams[i].fd);
                text_done(&child->streams[i].text);
        }
        fd_close(&child->pidfd);
}
