/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the control socket may ask and decide about rules of shipped profiles: what was acknowledged
 * of them, what they would have done, and that one may respond from now on. */

#include <errno.h>
#include <string.h>
#include <syslog.h>

#include "base/cleanup.h"
#include "guard/messages.h"
#include "guard/policy_load.h"
#include "manager.h"

static int hash_terms(const char *terms, uint8_t ret[FILE_SHA256_SIZE]) {
        CLEANUP_FREE char *digest = policy_load_digest(terms, strlen(terms));

        return digest && file_sha256_parse(digest, ret) ? 0 : -ENOMEM;
}

static int get_rollout(void *userdata, const struct rule *rule, struct control_rollout *ret) {
        const struct manager *manager = userdata;

        *ret = (struct control_rollout){
                .terms = rollout_terms(&manager->rollout, manager->world.policy, rule),
                .acknowledged = rollout_acknowledged(&manager->rollout, rule->id),
        };
        return ret->terms ? hash_terms(ret->terms, ret->sha256) : 0;
}

static int count_would(void *userdata, struct would_count **ret, size_t *ret_n) {
        const struct manager *manager = userdata;

        return store_count_would(manager->world.store, ret, ret_n);
}

static struct rule *find_rule(struct manager *manager, const char *id) {
        struct policy *policy = manager->world.policy;

        for (size_t i = 0; i < policy->n_rules; i++)
                if (strcmp(policy->rules[i].id, id) == 0)
                        return &policy->rules[i];
        return NULL;
}

static int acknowledge(void *userdata, const struct control_acknowledgement *acknowledgement,
                       struct control_refusal *refusal) {
        struct manager *manager = userdata;
        struct rule *rule = find_rule(manager, acknowledgement->rule_id);
        const char *reason = acknowledgement->reason ? acknowledgement->reason : "";
        struct control_rollout rollout;
        int r;

        if (!rule)
                return CONTROL_NO_SUCH_RULE;
        r = get_rollout(manager, rule, &rollout);
        if (r < 0)
                return r;
        if (!rollout.terms)
                return manager_refuse(refusal, "no shipped profile has it: it needs none");
        if (memcmp(rollout.sha256, acknowledgement->sha256, FILE_SHA256_SIZE) != 0) {
                refusal->has_sha256 = true;
                memcpy(refusal->sha256, rollout.sha256, FILE_SHA256_SIZE);
                return CONTROL_CONTENT_CHANGED;
        }
        r = rollout_acknowledge(&manager->rollout, manager->world.store, manager->world.policy,
                                rule, acknowledgement->peer.uid, reason);
        if (r < 0)
                return r;
        record_notice(MESSAGE_ACKNOWLEDGED, LOG_NOTICE, "uid %u acknowledged rule %s%s%s",
                      acknowledgement->peer.uid, rule->id, reason[0] ? ": " : "", reason);
        return manager_start_full_pass(manager);
}

void manager_fill_rollout(struct control_backend *ret) {
        ret->get_rollout = get_rollout;
        ret->count_would = count_would;
        ret->acknowledge = acknowledge;
}
