/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* access rules against the logins of one account.
 *
 * What cannot be told breaks a rule too, as a finding that is only reported: a guard that does not
 * know must not say "holds". */

#include "access/login.h"
#include "base/account.h"
#include "policy/finding.h"

/* True if the rule speaks of the account; `when` is left to who finds its logins. */
bool policy_access_rule_covers(const struct rule *rule, const struct account *account);
/* True if it asks about some connections only. */
bool policy_access_rule_has_when(const struct rule *rule);

/* Appends a finding for each condition that LOGINS, those the rule is about, break. Returns 0 or
 * -ENOMEM. */
int policy_judge_access(const struct rule *rule, const struct account *account,
                        const struct access_logins *logins, struct findings *findings);
