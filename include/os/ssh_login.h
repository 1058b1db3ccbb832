/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The ssh connection that a process was started over. */

#include <stdint.h>
#include <sys/types.h>

struct ssh_login {
        pid_t sshd;       /* the process of sshd that serves the connection */
        int64_t began_us; /* when that began, CLOCK_BOOTTIME, as exactly as the kernel tells (10 ms
                             and down) */
};

/* Of process PID, by its parents in PROC ("/proc"). Returns 1, 0 if there is none (a console, a
 * timer, a tmux(1) that has outlived its login, or the process is gone), or a negative errno. */
int ssh_login_find(const char *proc, pid_t pid, struct ssh_login *ret);

/* Now, on that clock. */
int64_t ssh_login_now_us(void);

/* Which start of the kernel this is, on the heap. Returns 0 or a negative errno. */
int ssh_login_boot_id(const char *proc, char **ret);
