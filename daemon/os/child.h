/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* One child process with its pipes: what both forms of a probe are made of. */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/text.h"
#include "os/probe.h"

struct child_stream {
        int fd; /* non-blocking; -1 once it was closed */
        size_t max;
        bool is_cut; /* more than MAX came */
        struct text text;
};

enum { CHILD_OUT, CHILD_ERR, CHILD_START, N_CHILD_STREAMS };

struct child {
        pid_t pid;
        int pidfd;
        struct child_stream streams[N_CHILD_STREAMS]; /* CHILD_START: errno of a failed exec */
        bool is_call;
};

/* A child that is nothing yet; child_done() may be called from here on. */
void child_init(struct child *child);

/* Either a program or a call; the other one is NULL. Returns 0 or a negative errno. */
int child_start(struct child *child, const struct probe_program *program,
                const struct probe_work *work);

/* Reads what is there. Returns 0, CHILD_STREAM_ENDED, or a negative errno. Who watches the
 * descriptor with epoll has to stop that before it closes it: another child that was started
 * meanwhile has inherited it, and what others have open stays registered. */
enum { CHILD_STREAM_ENDED = 1 };
int child_read(struct child_stream *stream);

/* After all streams ended or the deadline passed (then TIMED_OUT): kills what is left of the group,
 * reaps, and gives the outcome. Waits at most PROBE_KILL_GRACE_MS. */
int child_finish(struct child *child, bool timed_out, struct probe_result *ret);

/* Kills and reaps a child that is still there; closes everything. */
void child_done(struct child *child);
