/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* One pass of the reconciler, shared by reconcile.c (look, judge, respond, record), drift.c and
 * adopt.c. */

#include "guard/reconcile.h"

struct pass {
        struct reconciler *reconciler;
        char **paths; /* looked at in this pass: the dirty ones, and what joined because of them */
        size_t n_paths;
        size_t n_joined;       /* of these, how many are new in the guarded set */
        struct findings tried; /* responses that did not succeed: not tried twice */
        bool touched_sshd;
        bool set_is_stale; /* a response made a path come or go */
};

void pass_done(struct pass *pass);

/* Adds every guarded path to what is looked at. Returns 0 or -ENOMEM. */
int pass_add_all(struct pass *pass);

/* Judges the pass's paths, and sshd's configuration where it is stale. */
int pass_judge(struct pass *pass);

/* All that is wrong now, copied. */
int reconciler_collect(const struct reconciler *reconciler, struct findings *ret);

bool pass_has_finding_at(const struct findings *findings, const char *path);

/* Adds a finding for each guarded path that drifted and has none in PRESENT, or accepts it. */
int pass_note_drift(struct pass *pass, const struct findings *present, struct findings *unapproved);

/* Adopts what joined the guarded set in this pass. */
int pass_adopt_joined(struct pass *pass);
