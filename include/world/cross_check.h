/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The second witness: what the installed sshd says of the configuration in force (`sshd -T`),
 * compared with what we worked out, for the plain context and for connections the rules speak of.
 *
 * Asked some time after the configuration was judged, one question at a time, each with a deadline;
 * nothing waits for it and nothing is decided by it. */

#include <stdbool.h>
#include <systemd/sd-event.h>

#include "world/world.h"

enum {
        CROSS_CHECK_SETTLE_MS = 1000,  /* a burst of edits is one question */
        CROSS_CHECK_TIMEOUT_MS = 5000, /* of one sshd -T: 6 ms as a rule, a slow resolver more */
        CROSS_CHECK_RETRY_MS = 60000,  /* where sshd could not be asked: /run/sshd may come */
        CROSS_CHECK_CONNECTIONS = 16,  /* besides the plain context: 0.1 s of sshd in all */
};

enum cross_check_outcome {
        CROSS_CHECK_AGREES,
        CROSS_CHECK_DISAGREES,
        CROSS_CHECK_CANNOT_TELL, /* `theirs` says why */
        N_CROSS_CHECK_OUTCOMES
};

/* All strings are borrowed. */
struct cross_check_report {
        enum cross_check_outcome outcome;
        bool is_moot;     /* of CANNOT_TELL: what it disagreed with before is in force no more */
        const char *spec; /* the connection, NULL: the plain context */
        const char *ours, *theirs; /* the first lines that only one of us has; NULL: none */
};

typedef void (*cross_check_fn)(void *userdata, const struct cross_check_report *report);

struct cross_check;

/* SCRATCH is a directory of our own on the host. WORLD is borrowed; its policy must be loaded when
 * a question is asked. Returns 0 or -ENOMEM. */
int cross_check_new(sd_event *event, const struct world *world, const char *scratch,
                    struct cross_check **ret);
void cross_check_free(struct cross_check *check);
void cross_check_on_report(struct cross_check *check, cross_check_fn on_report, void *userdata);

/* Another program in place of sshd, outside of any root: for tests. Returns 0 or -ENOMEM. */
int cross_check_set_program(struct cross_check *check, const char *path);

/* The configuration was judged: ask, unless the very same question was answered with "agrees".
 * SETTLE_MS is how long to wait for more of it. Returns 0 or a negative errno. */
int cross_check_request(struct cross_check *check, unsigned settle_ms);
