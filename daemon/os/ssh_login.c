/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From a process up to the sshd that serves its connection.
 *
 * sshd forks for each connection, before it authenticates anybody, and that process stays until the
 * connection ends; it keeps its start time (proc_pid_stat(5), starttime) when it executes
 * sshd-session (OpenSSH 9.8). So its start says when the connection began, whatever PAM, logind or
 * the audit system are told, and a session that shares an older connection (ControlMaster) has the
 * older one's. sudo(8) and su(1) stay below it. The process that listens names itself so, as
 * os/listeners.c says. A name in /proc/PID/stat may hold blanks and brackets: it ends at the last
 * one. */

#include "os/ssh_login.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "fd.h"

enum {
        PARENTS_MAX = 256, /* a tree of processes is not deep; numbers could change on the way */
        STAT_MAX = 1024,
        /* of proc_pid_stat(5), from 1 */
        FIELD_STATE = 3,
        FIELD_PARENT = 4,
        FIELD_STARTTIME = 22,
};

struct process {
        bool is_sshd, is_listening;
        pid_t parent;
        int64_t began_us;
};

/* What is there of PROC/NAME, NUL-terminated; its length, or a negative errno. */
static ssize_t read_file(const char *proc, const char *name, char *ret, size_t size) {
        char path[256];
        CLEANUP_FD int fd = -1;
        ssize_t n;

        (void)snprintf(path, sizeof path, "%s/%s", proc, name);
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0)
                return -errno;
        n = read(fd, ret, size - 1);
        if (n < 0)
                return -errno;
        ret[n] = '\0';
        return n;
}

static int64_t us_of_ticks(unsigned long long ticks) {
        return (int64_t)(ticks * 1000000 / (unsigned long long)sysconf(_SC_CLK_TCK));
}

/* The number in a field of stat(5), whose third begins at STATE: false if there is none. */
static bool parse_field(const char *state, int field, unsigned long long *ret) {
        const char *at = state;
        char *rest;

        for (int i = FIELD_STATE; i < field; i++) {
                at += strcspn(at, " ");
                at += strspn(at, " ");
        }
        errno = 0;
        *ret = strtoull(at, &rest, 10);
        return rest != at && errno == 0;
}

/* "PID (NAME) STATE PARENT …": false if it is something else. */
static bool parse_stat(const char *line, struct process *ret) {
        const char *name = strchr(line, '('), *end = strrchr(line, ')');
        unsigned long long parent, ticks;

        if (!name || !end || end < name || end[1] != ' ')
                return false;
        name++;
        ret->is_sshd = (end - name == 4 && strncmp(name, "sshd", 4) == 0) ||
                       (end - name > 5 && strncmp(name, "sshd-", 5) == 0);
        if (!parse_field(end + 2, FIELD_PARENT, &parent) || parent > INT_MAX ||
            !parse_field(end + 2, FIELD_STARTTIME, &ticks))
                return false;
        ret->parent = (pid_t)parent;
        ret->began_us = us_of_ticks(ticks);
        return true;
}

/* 1, 0 if the process is gone, or a negative errno. */
static int look_at(const char *proc, pid_t pid, struct process *ret) {
        char name[32], stat[STAT_MAX], title[STAT_MAX];
        ssize_t n;

        (void)snprintf(name, sizeof name, "%d/stat", pid);
        n = read_file(proc, name, stat, sizeof stat);
        if (n == -ENOENT || n == -ESRCH)
                return 0;
        if (n < 0)
                return (int)n;
        *ret = (struct process){ 0 };
        if (!parse_stat(stat, ret))
                return -EBADMSG;
        if (!ret->is_sshd)
                return 1;
        (void)snprintf(name, sizeof name, "%d/cmdline", pid);
        n = read_file(proc, name, title, sizeof title);
        ret->is_listening = n > 0 && memmem(title, (size_t)n, " [listener]", 11);
        return 1;
}

int ssh_login_find(const char *proc, pid_t pid, struct ssh_login *ret) {
        struct ssh_login found = { 0 };

        for (int i = 0; i < PARENTS_MAX && pid > 0; i++) {
                struct process process;
                int r = look_at(proc, pid, &process);

                if (r <= 0)
                        return r;
                if (process.is_sshd && process.is_listening)
                        break;
                if (process.is_sshd)
                        found = (struct ssh_login){ pid, process.began_us };
                pid = process.parent;
        }
        if (found.sshd == 0)
                return 0;
        *ret = found;
        return 1;
}

int64_t ssh_login_now_us(void) {
        struct timespec now;

        (void)clock_gettime(CLOCK_BOOTTIME, &now);
        return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int ssh_login_boot_id(const char *proc, char **ret) {
        char id[64];
        ssize_t n = read_file(proc, "sys/kernel/random/boot_id", id, sizeof id);

        if (n < 0)
                return (int)n;
        id[strcspn(id, "\n")] = '\0';
        *ret = strdup(id);
        return *ret ? 0 : -ENOMEM;
}
