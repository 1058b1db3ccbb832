/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What may block runs in a child that is killed at a deadline: programs (`sshd -t`, `sshd -T`,
 * `sshd -V`), NSS, and looks at FUSE and network file systems.
 *
 * Each form exists twice: one that waits, for the offline tools and for start-up, and one over
 * sd-event, for the daemon. A child has its own process group, no input, unblocked default signals,
 * and dies with us. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

enum {
        PROBE_OUTPUT_MAX = 1 << 20,   /* per stream of a program; more is read and dropped */
        PROBE_ANSWER_MAX = 256 << 20, /* of a call: 200,000 accounts, or a file of its own size */
        PROBE_KILL_GRACE_MS = 200,    /* how long a killed child may take to be gone; one that hangs
                                         in the kernel is left behind and reaped later */
};

struct probe_result {
        bool timed_out;
        int exit_status; /* -1 if killed by a signal */
        int signal;
        char *out, *err; /* NUL-terminated; the answer of a call is in OUT */
        size_t n_out, n_err;
};

/* Runs ARGV (absolute path first, no shell), with a minimal environment and no input, in CWD,
 * chrooted to CHROOT if that is not NULL. Blocks at most TIMEOUT_MS (plus PROBE_KILL_GRACE_MS).
 * Returns 0 with *ret set, or a negative errno (-ENOENT: no such program). */
int probe_run(const char *const *argv, const char *cwd, const char *chroot_path,
              unsigned timeout_ms, struct probe_result *ret);
void probe_result_done(struct probe_result *result);

/* Runs FN in a forked child with a pipe; what FN writes to FD comes back. FN returns an exit
 * status; it keeps our open descriptors and must not touch the event loop. -ETIMEDOUT if the
 * deadline passed, -ECANCELED if the child was killed by a signal, -E2BIG beyond
 * PROBE_ANSWER_MAX. */
int probe_call(int (*fn)(void *userdata, int fd), void *userdata, unsigned timeout_ms,
               char **ret_data, size_t *ret_n, int *ret_status);

/* Without waiting. ON_DONE is called once from the event loop; ERROR is what the waiting form would
 * have returned, RESULT (NULL if ERROR < 0) may be plundered but not kept. The probe is freed by
 * the callback's return; probe_cancel() before that kills the child and no callback comes. */
struct probe;
typedef void (*probe_done_fn)(void *userdata, int error, struct probe_result *result);

struct probe_program {
        const char *const *argv;
        const char *cwd;         /* NULL: / */
        const char *chroot_path; /* NULL: none */
        unsigned timeout_ms;
};
int probe_start(sd_event *event, const struct probe_program *program, probe_done_fn on_done,
                void *userdata, struct probe **ret);

struct probe_work {
        int (*fn)(void *fn_userdata, int fd); /* runs in the child */
        void *fn_userdata;                    /* needed until probe_start_call() returns */
        unsigned timeout_ms;
};
int probe_start_call(sd_event *event, const struct probe_work *work, probe_done_fn on_done,
                     void *userdata, struct probe **ret);
void probe_cancel(struct probe *probe);

/* For FN: writes all of it; false if the parent is gone. */
bool probe_write(int fd, const void *data, size_t n);
