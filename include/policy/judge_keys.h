/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* keys rules against what one account's files of authorized keys say.
 *
 * What a key is (types, rsa_bits_at_least, only, forbids) is asked of every line that holds a key,
 * also of one that sshd does not take because of its options. What it may do is asked of the lines
 * sshd takes. A line of a type this sshd does not know breaks `types`, `only` and
 * `cert_authorities`: another release may know it. A cert-authority opens the door to every key it
 * signs, so it passes `only` and `cert_authorities` by the latter's list alone. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/account.h"
#include "keys/authorized_keys.h"
#include "policy/finding.h"

struct judged_key_file {
        const char *path; /* as the administrator knows it */
        const struct authorized_keys *keys;
};

struct judged_keys {
        const struct account *account;
        const struct judged_key_file *files; /* in the order sshd tries them */
        size_t n_files;
        int64_t now; /* seconds since 1970 */
};

/* True if the rule speaks of the account: its `keys` is a list of patterns of names, and of groups
 * behind an @; one that is negated with ! and matches takes the account out. */
bool policy_keys_rule_covers(const struct rule *rule, const struct account *account);

/* Appends what does not hold of a rule that covers the account: one finding per entry and broken
 * condition, with its line. `approved_only` is about the file, not its entries, and is not judged
 * here. Returns 0 or -ENOMEM. */
int policy_judge_keys(const struct rule *rule, const struct judged_keys *keys,
                      struct findings *findings);

/* Appends a finding of the program's own per line sshd can make nothing of: "keys.unknown-type", or
 * "keys.bad-line" for any other. */
int policy_judge_key_lines(const struct judged_keys *keys, struct findings *findings);

/* Which entries of the file FILES[I] break the rule, for authorized_keys_remove(): one bool per
 * entry, on the heap. Returns 0 or -ENOMEM. */
int policy_repair_keys(const struct rule *rule, const struct judged_keys *keys, size_t i,
                       bool **ret_remove);
