/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What may block runs in a child that is killed at a deadline: programs (`sshd -t`, `sshd -T`,
 * `sshd -V`), NSS, and looks at FUSE and network file systems. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PROBE_OUTPUT_MAX = 1 << 20 }; /* per stream; more is cut off */

struct probe_result {
        bool timed_out;
        int exit_status; /* -1 if killed by a signal */
        int signal;
        char *out, *err; /* NUL-terminated */
        size_t n_out, n_err;
};

/* Runs ARGV (absolute path first, no shell), with a minimal environment and no input, in CWD,
 * chrooted to CHROOT if that is not NULL. Blocks at most TIMEOUT_MS. Returns 0 with *ret set, or a
 * negative errno (-ENOENT: no such program). */
int probe_run(const char *const *argv, const char *cwd, const char *chroot_path,
              unsigned timeout_ms, struct probe_result *ret);
void probe_result_done(struct probe_result *result);

/* Runs FN in a forked child with a pipe; what FN writes to FD comes back. FN returns an exit
 * status. -ETIMEDOUT if the deadline passed. */
int probe_call(int (*fn)(void *userdata, int fd), void *userdata, unsigned timeout_ms,
               char **ret_data, size_t *ret_n, int *ret_status);
