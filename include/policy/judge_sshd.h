/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* sshd rules against a parsed configuration, for every possible connection. */

#include "base/account.h"
#include "policy/finding.h"
#include "sshd/config.h"

/* Appends what does not hold of one rule of family RULE_SSHD: one finding per distinct (winning
 * line, value), each with a witness. A keyword of another release adds nothing (see
 * policy_rule_is_applicable()). If the contexts are too many to enumerate, a finding "cannot
 * exclude" is added. Returns 0 or a negative errno. */
int policy_judge_sshd(const struct rule *rule, const struct sshd_config *config,
                      const struct accounts *accounts, struct findings *findings);

/* "sshd would refuse this: REASON", if it would. */
int policy_judge_sshd_refusal(const struct sshd_config *config, struct findings *findings);

/* False if the rule speaks of a keyword this release does not know. */
bool policy_rule_is_applicable(const struct rule *rule, const struct sshd_release *release);
