/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What a candidate tree would bring, and whether it may be written. */

#include "respond_sets.h"

struct proof {
        bool rule_holds;      /* nothing of the finding's rule is left */
        bool finding_is_gone; /* this finding is not there, others of the rule may be */
        bool adds_nothing;    /* no finding that the present tree lacks */
};

/* The tree with the approved versions of PATHS in their place. Returns 0 or a negative errno. */
int respond_lay_candidate(const struct world *world, const struct path_list *paths,
                          struct view **ret);

/* Judges CANDIDATE, which has PATHS otherwise than the present tree; PRESENT is what is wrong now.
 * Returns 0 or a negative errno. */
int respond_prove(const struct responder *responder, struct view *candidate,
                  const struct finding *finding, const struct findings *present,
                  const struct path_list *paths, struct proof *ret);

/* Asks sshd (with ASKS_SSHD), and whether an administrator is left. Returns 1 if the candidate may
 * be written, 0 with the report set if not, or a negative errno. */
int respond_may_write(const struct responder *responder, struct view *candidate,
                      const struct path_list *paths, bool asks_sshd, struct respond_report *report);

/* True if what the finding is about, or one of PATHS, decides what sshd does. */
bool respond_concerns_sshd(const struct world *world, const struct finding *finding,
                           const struct path_list *paths);

bool respond_is_about_sshd(const struct finding *finding);
