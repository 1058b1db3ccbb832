/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Judging who can log in.
 *
 * What an account's logins need follows from sshd's configuration, PAM and the account's own files
 * together, so access rules are judged by account. While there is no rule about access nothing is
 * asked. A rule that speaks of some connections gets the logins of these. */

#include <errno.h>

#include "base/cleanup.h"
#include "guard/assess.h"
#include "policy/judge_access.h"
#include "world/access_tree.h"

static bool asks_access(const struct rule *rule) {
        return rule->family == RULE_ACCESS && rule->is_enabled;
}

bool assess_asks_access(const struct policy *policy, const struct account *account) {
        for (size_t i = 0; policy && i < policy->n_rules; i++)
                if (asks_access(&policy->rules[i]) &&
                    policy_access_rule_covers(&policy->rules[i], account))
                        return true;
        return false;
}

static int judge_when(const struct access_machine *machine, const struct rule *rule,
                      const struct account *account, struct findings *findings) {
        CLEANUP(access_logins_done) struct access_logins logins = { 0 };
        int r = access_logins_judge_when(machine, account, &rule->access.when, &logins);

        return r < 0 ? r : policy_judge_access(rule, account, &logins, findings);
}

static int judge(const struct world *world, const struct access_machine *machine,
                 const struct account *account, struct findings *findings) {
        CLEANUP(access_logins_done) struct access_logins all = { 0 };
        int r = 0;

        for (size_t i = 0; r == 0 && i < world->policy->n_rules; i++) {
                const struct rule *rule = &world->policy->rules[i];

                if (!asks_access(rule) || !policy_access_rule_covers(rule, account))
                        continue;
                if (policy_access_rule_has_when(rule)) {
                        r = judge_when(machine, rule, account, findings);
                        continue;
                }
                if (all.n_items == 0)
                        r = access_logins_judge(machine, account, &all);
                if (r == 0)
                        r = policy_judge_access(rule, account, &all, findings);
        }
        return r;
}

int assess_access(struct world *world, struct view *view, const struct account *account,
                  struct findings *findings) {
        CLEANUP(access_tree_close) struct access_tree tree = { 0 };
        struct access_machine machine;
        int r;

        if (!assess_asks_access(world->policy, account))
                return 0;
        r = access_tree_open(world, view, &tree);
        if (r == -EUCLEAN) /* that sshd refuses its configuration is a finding of its own */
                return 0;
        if (r < 0)
                return r;
        machine = access_tree_machine(&tree);
        return judge(world, &machine, account, findings);
}

int assess_access_of(struct world *world, struct view *view, const char *name,
                     struct findings *findings) {
        const struct account *account = accounts_find(&world->accounts, name);

        return account ? assess_access(world, view, account, findings) : 0;
}
