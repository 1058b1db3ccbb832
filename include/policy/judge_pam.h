/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* pam rules against a service as libpam reads it. */

#include "pam/stack.h"
#include "policy/finding.h"

/* True if the rule speaks of the service: its name, or "*". */
bool policy_pam_rule_covers(const struct rule *rule, const char *service);

/* Appends what does not hold of one rule of family RULE_PAM for SERVICE. Returns 0 or a negative
 * errno. Each finding has a `sshguardd --dump-pam` command as its witness; for a success that must
 * not be, one that replays it. What the conditions mean:
 *
 * requires = M, must_not_succeed_by, requires_before speak of auth unless the rule names a
 * facility; the others of all four.
 * - requires: no success unless some call of M returned success (pam_can_succeed_without()).
 *   With requires_before = X: nor one in which X ran before that.
 * - must_not_succeed_by: no success in which only the named modules returned success.
 * - includes: for each of these patterns some rule runs such a module, whatever comes of it.
 * - forbids: no rule runs such a module. `-` before the type makes no difference.
 * - forbids_args, requires_args: patterns that no, that some argument of each rule of M matches; of
 *   every module where the rule has no `requires`.
 * - modules_from: each module is loaded from one of these directories (patterns; a leading /usr
 *   counts for nothing, as /lib is a link there).
 * - absent: the service has no file of its own.
 *
 * A service that does not start lets nobody in: there the first three hold, the lists are empty.
 * If what libpam does rests on memory it never set, or there are too many states to look at, a
 * finding says that nothing can be excluded. */
int policy_judge_pam(const struct rule *rule, const struct pam_service *service,
                     struct findings *findings);
