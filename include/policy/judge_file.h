/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* file rules against what a path is now. */

#include "base/account.h"
#include "base/metadata.h"
#include "policy/finding.h"

struct judged_file {
        const char *path;                     /* as the administrator knows it */
        const struct file_metadata *metadata; /* now */
        const struct file_metadata *approved; /* NULL: no approved version */
        const char *owner_name, *group_name;  /* of the metadata's ids, NULL if they have no name */
        /* ids of the names the rule asks for, resolved by the caller through accounts */
        int (*uid_of)(void *userdata, const char *name, uint32_t *ret);
        int (*gid_of)(void *userdata, const char *name, uint32_t *ret);
        void *userdata;
};

/* True if the rule's path (with ~ and %u expanded for ACCOUNT, or NULL, and globs) names PATH. */
bool policy_file_rule_covers(const struct rule *rule, const struct account *account,
                             const char *path);

/* Appends what does not hold. Returns 0 or a negative errno. */
int policy_judge_file(const struct rule *rule, const struct judged_file *file,
                      struct findings *findings);
