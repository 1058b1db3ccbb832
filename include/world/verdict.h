/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What sshd itself says of a configuration: `sshd -t` on a private copy, with a time limit,
 * verdicts remembered by hash of sshd and of every file. */

#include "world/world.h"

enum verdict {
        VERDICT_ACCEPTED,
        VERDICT_REFUSED,
        VERDICT_UNKNOWN, /* no sshd, no host keys, no /run/sshd, a timeout: our evaluator decides */
        N_VERDICTS
};

struct verdicts;

/* SCRATCH is a directory of our own on the host for the copies (made if missing). 0 or -ENOMEM. */
int verdicts_new(const char *scratch, struct verdicts **ret);
void verdicts_free(struct verdicts *verdicts);

/* Judges the configuration as VIEW has it. *ret_reason (heap, may stay NULL) is sshd's complaint,
 * or why it could not judge. Returns 0 or a negative errno. */
int verdicts_ask(struct verdicts *verdicts, const struct world *world, struct view *view,
                 enum verdict *ret_verdict, char **ret_reason);
