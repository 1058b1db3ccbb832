/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The supervisor holds the listener of the child's seccomp filter: each call in the table waits
 * until it was answered, so points are counted the same way in every run. The child says the number
 * of its listener in shared memory, since by then its calls are already waiting. */

#include "supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define N_ELEMENTS(array) (sizeof(array) / sizeof((array)[0]))

enum { READING, OPENING, WRITING, SYNCING, NAMING, SETTING, N_CLASSES };

static const int class_errors[N_CLASSES][10] = {
        [READING] = { EIO, EINTR, ENOMEM, 0 },
        [OPENING] = { EIO, EACCES, EPERM, EMFILE, ENOSPC, EROFS, EINTR, ENOMEM, 0 },
        [WRITING] = { EIO, ENOSPC, EDQUOT, EINTR, 0 },
        [SYNCING] = { EIO, ENOSPC, EINTR, 0 },
        [NAMING] = { EIO, ENOSPC, EROFS, EPERM, EACCES, EBUSY, EINTR, ENOMEM, 0 },
        [SETTING] = { EIO, EPERM, EROFS, ENOSPC, EBUSY, EINTR, 0 },
};

static const struct {
        int nr, class;
        const char *name;
} calls[] = {
#define CALL(name, class)                                                                          \
        { SYS_##name, class, #name }
        CALL(openat, OPENING),    CALL(openat2, OPENING),    CALL(read, READING),
        CALL(pread64, READING),   CALL(newfstatat, READING), CALL(fstat, READING),
        CALL(statx, READING),     CALL(readlinkat, READING), CALL(getxattr, READING),
        CALL(listxattr, READING), CALL(lseek, READING),      CALL(getrandom, READING),
        CALL(write, WRITING),     CALL(pwrite64, WRITING),   CALL(ftruncate, WRITING),
        CALL(fallocate, WRITING), CALL(fsync, SYNCING),      CALL(fdatasync, SYNCING),
        CALL(renameat, NAMING),   CALL(renameat2, NAMING),   CALL(linkat, NAMING),
        CALL(symlinkat, NAMING),  CALL(mkdirat, NAMING),     CALL(unlinkat, NAMING),
        CALL(fchownat, SETTING),  CALL(fchown, SETTING),     CALL(fchmod, SETTING),
        CALL(fchmodat, SETTING),  CALL(setxattr, SETTING),   CALL(removexattr, SETTING),
        CALL(ioctl, SETTING),     CALL(fcntl, READING),
#ifdef SYS_open
        CALL(open, OPENING),      CALL(stat, READING),       CALL(lstat, READING),
        CALL(readlink, READING),  CALL(rename, NAMING),      CALL(link, NAMING),
        CALL(unlink, NAMING),     CALL(mkdir, NAMING),       CALL(chmod, SETTING),
        CALL(access, READING),
#endif
#undef CALL
};

static size_t find(int nr) {
        size_t i = 0;

        while (i < N_ELEMENTS(calls) && calls[i].nr != nr)
                i++;
        return i;
}

const char *call_name(int nr) {
        size_t i = find(nr);

        return i < N_ELEMENTS(calls) ? calls[i].name : "the end";
}

bool call_fault(int nr, size_t i, struct fault *ret) {
        size_t call = find(nr), n_errors = 0;
        const int *errors;

        if (call == N_ELEMENTS(calls))
                return false;
        if (i == 0) {
                ret->kind = FAULT_KILL;
                return true;
        }
        if (nr == SYS_fcntl) /* locks that fail for no reason are not a thing of files */
                return false;
        errors = class_errors[calls[call].class];
        while (errors[n_errors])
                n_errors++;
        ret->kind = i <= n_errors ? FAULT_ERROR : nr == SYS_renameat2 ? FAULT_LATE : FAULT_SHORT;
        ret->error = i <= n_errors ? errors[i - 1] : EIO;
        return i <= n_errors || (i == n_errors + 1 && (nr == SYS_renameat2 || nr == SYS_write));
}

/* In the child: from the next call on, each one waits for its answer. */
static int install_filter(void) {
        struct sock_filter filter[2 * N_ELEMENTS(calls) + 2];
        struct sock_fprog program = { .filter = filter };
        unsigned short n = 0;

        filter[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                                                   offsetof(struct seccomp_data, nr));
        for (size_t i = 0; i < N_ELEMENTS(calls); i++) {
                filter[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
                                                           (unsigned)calls[i].nr, 0, 1);
                filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
        }
        filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
        program.len = n;
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                return -1;
        return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
                            &program);
}

/* A call that does nothing and that nothing else makes. */
enum { SIGN_OFFSET = 0x5e1f };

void supervise_from_here(void) {
        (void)lseek(-1, SIGN_OFFSET, SEEK_SET);
}

static bool is_sign(const struct seccomp_data *data) {
        return data->nr == SYS_lseek && (int)data->args[0] == -1 && data->args[1] == SIGN_OFFSET;
}

struct run {
        pid_t pid;
        bool has_begun;
        int pidfd, listener;
        const struct fault *fault;
        struct outcome *outcome;
};

static bool peek(const struct run *run, uint64_t address, char *buffer, size_t n) {
        struct iovec local = { buffer, n }, remote = { (void *)(uintptr_t)address, n };
        ssize_t got = process_vm_readv(run->pid, &local, 1, &remote, 1, 0);

        /* a string may end before the page does */
        return got > 0;
}

static int borrow(const struct run *run, int fd) {
        return fd == AT_FDCWD ? AT_FDCWD : (int)syscall(SYS_pidfd_getfd, run->pidfd, fd, 0);
}

/* Makes the renaming for the child, which is then told that it failed. */
static void rename_for(const struct run *run, const struct seccomp_data *data) {
        char from[256] = "", to[256] = "";
        int from_fd = borrow(run, (int)data->args[0]), to_fd = borrow(run, (int)data->args[2]);

        if (peek(run, data->args[1], from, sizeof from - 1) &&
            peek(run, data->args[3], to, sizeof to - 1))
                (void)renameat2(from_fd, from, to_fd, to, (unsigned)data->args[4]);
        (void)close(from_fd);
        (void)close(to_fd);
}

/* Writes the first half for the child; the offset is that of the shared description. */
static int64_t write_half(const struct run *run, const struct seccomp_data *data) {
        size_t n = (size_t)data->args[2] / 2;
        char *bytes = malloc(n + 1);
        int fd = borrow(run, (int)data->args[0]);
        ssize_t written = -1;

        if (bytes && n > 0 && peek(run, data->args[1], bytes, n))
                written = write(fd, bytes, n);
        (void)close(fd);
        free(bytes);
        return written;
}

/* Decides about one call; false if the child is to be killed at it. */
static bool answer(struct run *run, const struct seccomp_notif *call,
                   struct seccomp_notif_resp *response) {
        const struct fault *fault = run->fault;
        bool is_here;

        response->id = call->id;
        if (fault->waits && !run->has_begun) {
                run->has_begun = is_sign(&call->data);
                response->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
                return true;
        }
        is_here = ++run->outcome->n_calls == fault->at;
        if (fault->before_call)
                fault->before_call(fault->userdata);
        if (is_here)
                run->outcome->nr = call->data.nr;
        if (is_here && fault->kind == FAULT_KILL)
                return false;
        if (is_here && (fault->kind == FAULT_ERROR || fault->kind == FAULT_LATE)) {
                if (fault->kind == FAULT_LATE)
                        rename_for(run, &call->data);
                response->error = -fault->error;
                return true;
        }
        if (fault->no_exchange && call->data.nr == SYS_renameat2 && call->data.args[4] != 0) {
                response->error = -EINVAL;
                return true;
        }
        if (fault->no_rename && (call->data.nr == SYS_renameat2 || call->data.nr == SYS_renameat)) {
                response->error = -EPERM;
                return true;
        }
        if (is_here && fault->kind == FAULT_SHORT) {
                response->val = write_half(run, &call->data);
                if (response->val > 0)
                        return true;
                response->val = 0;
        }
        response->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
        return true;
}

static void attend(struct run *run) {
        for (;;) {
                struct pollfd poll_fd = { .fd = run->listener, .events = POLLIN };
                struct seccomp_notif call = { 0 };
                struct seccomp_notif_resp response = { 0 };

                if (poll(&poll_fd, 1, -1) < 0 || !(poll_fd.revents & POLLIN))
                        return;
                if (ioctl(run->listener, SECCOMP_IOCTL_NOTIF_RECV, &call) < 0)
                        continue;
                if (!answer(run, &call, &response)) {
                        (void)kill(run->pid, SIGKILL);
                        return;
                }
                (void)ioctl(run->listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
        }
}

static int attach(struct run *run, atomic_int *listener) {
        int number;

        while ((number = atomic_load(listener)) == 0)
                (void)sched_yield();
        if (number < 0)
                return -ENOSYS;
        run->pidfd = (int)syscall(SYS_pidfd_open, run->pid, 0);
        if (run->pidfd < 0)
                return -errno;
        run->listener = (int)syscall(SYS_pidfd_getfd, run->pidfd, number, 0);
        return run->listener < 0 ? -errno : 0;
}

int supervise(int (*fn)(void *userdata), void *userdata, const struct fault *fault,
              struct outcome *ret) {
        atomic_int *listener = mmap(NULL, sizeof *listener, PROT_READ | PROT_WRITE,
                                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        struct run run = { .pidfd = -1, .listener = -1, .fault = fault, .outcome = ret };
        int status = 0, r;

        if (listener == MAP_FAILED)
                return -errno;
        *ret = (struct outcome){ .nr = -1 };
        run.pid = fork();
        if (run.pid < 0)
                return -errno;
        if (run.pid == 0) {
                atomic_store(listener, install_filter());
                if (atomic_load(listener) < 0)
                        _exit(EXIT_FAILURE);
                _exit(fn(userdata));
        }
        r = attach(&run, listener);
        if (r == 0)
                attend(&run);
        else
                (void)kill(run.pid, SIGKILL);
        (void)waitpid(run.pid, &status, 0);
        ret->was_killed = WIFSIGNALED(status);
        ret->status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
        (void)close(run.pidfd);
        (void)close(run.listener);
        (void)munmap(listener, sizeof *listener);
        return r;
}
