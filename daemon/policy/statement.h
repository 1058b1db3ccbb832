/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* One rule group of a policy file, and what it does to the rule of that id so far. */

#include "check.h"
#include "read.h"

/* Where the rules of a file go. */
struct rule_target {
        struct policy *policy;
        const struct sshd_release *release;
        struct reader reader;
        const char *profile; /* the profile being read; NULL: the administrator's own file */
};

/* Reads GROUP and merges it into the policy; what is wrong with it goes to the diagnostics. Returns
 * 0 or -ENOMEM. */
int statement_apply(const struct rule_target *target, const config_setting_t *group);
