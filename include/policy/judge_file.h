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
        const char
                *user; /* whose file it is where the rule is judged for each account, else NULL */
        /* ids of the names the rule asks for, resolved by the caller through accounts */
        int (*uid_of)(void *userdata, const char *name, uint32_t *ret);
        int (*gid_of)(void *userdata, const char *name, uint32_t *ret);
        void *userdata;
};

/* The rule's path for ACCOUNT (NULL: none) as a glob(3) pattern with `*` and `?` in its last
 * component, everything else escaped with backslashes, without a slash at its end; ~ is the home
 * and %u the name. Returns 0 with *ret on the heap, -ENOENT if the path speaks of accounts and
 * ACCOUNT is NULL, or -ENOMEM. */
int policy_file_rule_glob(const struct rule *rule, const struct account *account, char **ret);

/* True if the rule's path speaks of accounts: it is judged for each of them. */
bool policy_file_rule_is_per_user(const struct rule *rule);

/* True if the rule is about a directory: its path ends in a slash. */
bool policy_file_rule_wants_directory(const struct rule *rule);

/* True if the rule's path, for ACCOUNT or NULL, names PATH. */
bool policy_file_rule_covers(const struct rule *rule, const struct account *account,
                             const char *path);

/* Appends what does not hold. An absent path breaks no rule but that it is not the approved
 * version; without an approved version `approved_only` asks for nothing (adoption decides then).
 * Returns 0 or a negative errno. */
int policy_judge_file(const struct rule *rule, const struct judged_file *file,
                      struct findings *findings);

/* The owner a rule asks for: %u is the account's own name. */
const char *policy_wanted_owner(const struct rule *rule, const struct judged_file *file);

/* The id that NAME, a name or a decimal number, stands for; names are asked for with ID_OF (uid_of
 * or gid_of of a judged file; may be NULL). Returns 0, -ENOENT, or another error of ID_OF. */
int policy_resolve_id(const char *name, void *userdata,
                      int (*id_of)(void *userdata, const char *name, uint32_t *ret), uint32_t *ret);
