/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pam rules against a view of the tree: every rule against every service it speaks of. Modules are
 * looked for on disk; a candidate tree changes no module. */

#include <errno.h>

#include "base/cleanup.h"
#include "guard/assess.h"
#include "policy/judge_pam.h"
#include "sshd/keywords.h"

static void config_cleanup(struct sshd_config **config) {
        sshd_config_free(*config);
}

static int judge_service(const struct policy *policy, const struct pam_stacks *stacks,
                         const struct pam_service *service, struct findings *findings) {
        int r = 0;

        for (size_t i = 0; i < policy->n_rules && r == 0; i++) {
                const struct rule *rule = &policy->rules[i];

                if (rule->family == RULE_PAM && rule->is_enabled &&
                    pam_stacks_rule_covers(stacks, rule, service->name))
                        r = policy_judge_pam(rule, service, findings);
        }
        return r;
}

int assess_pam_stacks(const struct world *world, const struct pam_stacks *stacks,
                      struct findings *findings) {
        int r = 0;

        for (size_t i = 0; i < stacks->n_services && r == 0; i++)
                r = judge_service(world->policy, stacks, stacks->services[i], findings);
        return r;
}

int assess_load_pam(const struct world *world, struct view *view, struct pam_stacks *ret) {
        CLEANUP(config_cleanup) struct sshd_config *config = NULL;
        int r = 0;

        *ret = (struct pam_stacks){ 0 };
        if (!world->has_pam_release)
                return 0;
        r = world_parse_config(world, view, &config);
        return r < 0 ? r : world_parse_pam(world, view, config, ret);
}

int assess_pam(const struct world *world, struct view *view, struct findings *findings) {
        CLEANUP(pam_stacks_done) struct pam_stacks stacks = { 0 };
        int r = assess_load_pam(world, view, &stacks);

        return r < 0 ? r : assess_pam_stacks(world, &stacks, findings);
}

int assess_asks_other_services(const struct world *world, struct view *view, bool *ret) {
        CLEANUP(config_cleanup) struct sshd_config *config = NULL;
        int r = 0;

        *ret = false;
        if (!world->has_pam_release || sshd_keyword_lookup("pamservicename", &world->release, NULL,
                                                           NULL) != SSHD_KEYWORD_KNOWN)
                return 0;
        r = world_parse_config(world, view, &config);
        return r < 0 ? r : pam_stacks_ask_others(&world->pam, config, &world->accounts, ret);
}

int assess_is_same_pam(const struct world *world, struct view *view, bool *ret_is_same) {
        CLEANUP(pam_stacks_done) struct pam_stacks stacks = { 0 };
        int r = assess_load_pam(world, view, &stacks);

        if (r < 0)
                return r;
        *ret_is_same = pam_stacks_are_same(&world->pam, &stacks);
        return 0;
}
