/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What an administrator knows of the rules that shipped profiles bring. A rule that is new or
 * changed in a profile that was in use before only reports until it is acknowledged: an upgrade
 * puts nothing into force. A profile that the administrator adds to `extends` is his word, and so
 * is what he writes himself: neither waits. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/metadata.h"
#include "os/store.h"
#include "policy/rule.h"

struct rollout {
        struct acknowledgement *known; /* as the store has them, by rule */
        size_t n_known;
        char **terms; /* of each rule of the policy in force what shipped profiles say of it; NULL:
                       * nothing, or an own profile has the last word */
        size_t n_terms;
};

/* What the profiles say on their own, without the administrator's rules. */
struct rollout_profiles {
        const struct policy *now;    /* with the `extends` of the policy */
        const struct policy *before; /* with that of the last policy in force, as the files are now;
                                      * NULL: it is the same, or cannot be read any more */
};

/* The `extends` of the last policy that rollout_begin() saw; -ENOENT: it saw none. */
int rollout_last_extends(struct store *store, struct rule_words *ret);

/* Compares POLICY with what was acknowledged, marks the rules that wait (is_pending), and records
 * what needs no acknowledgement: everything at the first start, and later what a profile brought
 * that the administrator added. Returns 0 or a negative errno of the store. */
int rollout_begin(struct store *store, struct policy *policy,
                  const struct rollout_profiles *profiles, struct rollout *ret);
void rollout_done(struct rollout *rollout);

/* RULE is one of POLICY's, the one it began with. NULL: the rule is the administrator's own. */
const char *rollout_terms(const struct rollout *rollout, const struct policy *policy,
                          const struct rule *rule);
/* NULL if none of its terms ever was. */
const struct acknowledgement *rollout_acknowledged(const struct rollout *rollout,
                                                   const char *rule_id);

/* Acknowledges what shipped profiles say of RULE now. Returns 0 or a negative errno. */
int rollout_acknowledge(struct rollout *rollout, struct store *store, const struct policy *policy,
                        struct rule *rule, uint32_t by, const char *reason);
