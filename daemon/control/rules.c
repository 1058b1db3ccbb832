/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ListRules and Explain: the policy in force rule by rule, whether it holds, what decides, what is
 * known of it, and what it would have done where it only reports. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/nearest.h"
#include "call.h"
#include "control/describe.h"
#include "policy/parse.h"
#include "wire/json.h"

enum {
        EXPLAIN_FINDINGS = 200,
        EXPLAIN_INCIDENTS = 10,
};

/* Number of open findings of each rule of the policy; *ret on the heap. */
static int count_by_rule(const struct control_backend *backend, const struct policy *policy,
                         size_t **ret) {
        CLEANUP_FREE size_t *counts = calloc(policy->n_rules + 1, sizeof *counts);
        struct control_finding finding;
        int r;

        if (!counts)
                return -ENOMEM;
        for (size_t i = 0; (r = backend->get_finding(backend->userdata, i, &finding)) > 0; i++) {
                /* by name: an open finding outlives the policy it was judged by */
                const struct rule *rule = policy_find_rule(policy, finding.finding->rule_id);

                if (rule)
                        counts[rule - policy->rules]++;
        }
        if (r < 0)
                return r;
        *ret = TAKE(counts);
        return 0;
}

/* 0, or -EOPNOTSUPP when the backend does not know policies or findings. */
static int get_policy(const struct control_call *call, const struct policy **ret) {
        static const struct policy none;
        const struct control_backend *backend = call->backend;

        if (!backend->get_policy || !backend->get_finding)
                return -EOPNOTSUPP;
        *ret = backend->get_policy(backend->userdata);
        if (!*ret)
                *ret = &none;
        return 0;
}

/* How often rules would have responded, by id. */
struct tally {
        struct would_count *items;
        size_t n_items;
};

static void tally_done(struct tally *tally) {
        would_counts_free(tally->items, tally->n_items);
}

static int count_would(const struct control_backend *backend, struct tally *ret) {
        return backend->count_would
                       ? backend->count_would(backend->userdata, &ret->items, &ret->n_items)
                       : 0;
}

static int compare_ids(const void *id, const void *count) {
        return strcmp(id, ((const struct would_count *)count)->rule_id);
}

static int describe_judged_rule(const struct control_backend *backend, const struct rule *rule,
                                size_t n_findings, const struct tally *tally, json_t **ret) {
        CLEANUP(wire_json_cleanup) json_t *described = NULL;
        struct control_rollout rollout = { 0 };
        int r = backend->get_rollout ? backend->get_rollout(backend->userdata, rule, &rollout) : 0;

        if (r < 0)
                return r;
        described =
                describe_rule(rule, &rollout,
                              tally->n_items == 0 ? NULL
                                                  : bsearch(rule->id, tally->items, tally->n_items,
                                                            sizeof *tally->items, compare_ids));
        if (!described)
                return -ENOMEM;
        if (rule->is_enabled &&
            json_object_set_new(described, "findings", json_integer((json_int_t)n_findings)) < 0)
                return -ENOMEM;
        *ret = TAKE(described);
        return 0;
}

int control_list_rules(struct control_call *call) {
        CLEANUP(wire_json_cleanup) json_t *list = json_array();
        CLEANUP(tally_done) struct tally tally = { 0 };
        CLEANUP_FREE size_t *counts = NULL;
        const struct policy *policy;
        int r;

        r = get_policy(call, &policy);
        if (r == 0)
                r = count_by_rule(call->backend, policy, &counts);
        if (r == 0)
                r = count_would(call->backend, &tally);
        for (size_t i = 0; r == 0 && i < policy->n_rules; i++) {
                json_t *rule = NULL;

                r = describe_judged_rule(call->backend, &policy->rules[i], counts[i], &tally,
                                         &rule);
                if (r == 0 && json_array_append_new(list, rule) < 0)
                        r = -ENOMEM;
        }
        if (r < 0)
                return r;
        call->reply = json_pack("{s:O}", "rules", list);
        return call->reply ? 0 : -ENOMEM;
}

static int fail_no_such_rule(struct control_call *call, const struct policy *policy,
                             const char *id) {
        struct nearest nearest;

        nearest_init(&nearest, id);
        for (size_t i = 0; i < policy->n_rules; i++)
                nearest_offer(&nearest, policy->rules[i].id);
        return control_call_fail(call, CONTROL_ERROR("NoSuchRule"),
                                 json_pack("{s:s,s:s?}", "rule", id, "nearest", nearest.best));
}

void control_decision_done(struct control_decision *decision) {
        free(decision->value);
        free(decision->path);
        free(decision->text);
        free(decision->connection);
}

void control_decisions_done(struct control_decisions *decisions) {
        for (size_t i = 0; i < decisions->n_items; i++)
                control_decision_done(&decisions->items[i]);
        free(decisions->items);
        *decisions = (struct control_decisions){ 0 };
}

static json_t *describe_decision(const struct control_decision *decision) {
        CLEANUP(wire_json_cleanup)
        json_t *described = json_pack("{s:I}", "line", (json_int_t)decision->line);

        if (!described || describe_bytes(described, "value", decision->value) < 0 ||
            describe_bytes(described, "path", decision->path) < 0 ||
            describe_bytes(described, "text", decision->text) < 0 ||
            describe_bytes(described, "connection", decision->connection) < 0)
                return NULL;
        return TAKE(described);
}

static int describe_decisions(const struct control_backend *backend, const struct rule *rule,
                              json_t *reply) {
        CLEANUP(control_decisions_done) struct control_decisions decisions = { 0 };
        CLEANUP(wire_json_cleanup) json_t *list = json_array();
        int r = backend->decide ? backend->decide(backend->userdata, rule, &decisions) : 0;

        for (size_t i = 0; i < decisions.n_items && r == 0; i++)
                r = json_array_append_new(list, describe_decision(&decisions.items[i])) < 0
                            ? -ENOMEM
                            : 0;
        if (r == 0 && (json_object_set(reply, "decisions", list) < 0 ||
                       json_object_set_new(reply, "decisions_truncated",
                                           json_boolean(decisions.is_truncated)) < 0))
                r = -ENOMEM;
        return r;
}

/* Lines of the policy language as a member; null for NULL. */
static int set_lines(json_t *reply, const char *name, const char *lines) {
        CLEANUP(text_done) struct text shown = { 0 };

        if (lines && describe_append_lines(&shown, lines, strlen(lines)) < 0)
                return -ENOMEM;
        return json_object_set_new(reply, name,
                                   lines ? json_string(text_get(&shown)) : json_null()) < 0
                       ? -ENOMEM
                       : 0;
}

/* The rule itself: where it stands, and what it says, said, and is acknowledged as. */
static int describe_terms(const struct control_backend *backend, const struct rule *rule,
                          size_t n_findings, json_t *reply) {
        CLEANUP(text_done) struct text conditions = { 0 };
        CLEANUP(tally_done) struct tally tally = { 0 };
        struct control_rollout rollout = { 0 };
        json_t *described = NULL;
        int r = count_would(backend, &tally);

        if (r == 0)
                r = describe_judged_rule(backend, rule, n_findings, &tally, &described);
        if (r == 0 && json_object_set_new(reply, "rule", described) < 0)
                r = -ENOMEM;
        if (r == 0)
                r = policy_format_conditions(rule, &conditions);
        if (r == 0)
                r = set_lines(reply, "conditions", text_get(&conditions));
        if (r == 0 && backend->get_rollout)
                r = backend->get_rollout(backend->userdata, rule, &rollout);
        if (r == 0)
                r = set_lines(reply, "shipped", rollout.terms);
        if (r == 0)
                r = set_lines(reply, "acknowledged",
                              rollout.acknowledged ? rollout.acknowledged->terms : NULL);
        return r;
}

int control_explain(struct control_call *call) {
        const struct control_backend *backend = call->backend;
        CLEANUP(wire_json_cleanup) json_t *reply = json_object();
        CLEANUP(wire_json_cleanup) json_t *findings = json_array();
        CLEANUP(wire_json_cleanup) json_t *incidents = NULL;
        const char *id = json_string_value(json_object_get(call->parameters, "rule"));
        const struct incident_filter filter = { .rule_id = id, .limit = EXPLAIN_INCIDENTS };
        const struct policy *policy;
        const struct rule *rule;
        struct control_finding finding;
        bool truncated;
        int r;

        r = get_policy(call, &policy);
        if (r < 0)
                return r;
        rule = policy_find_rule(policy, id);
        if (!rule)
                return fail_no_such_rule(call, policy, id);
        for (size_t i = 0; (r = backend->get_finding(backend->userdata, i, &finding)) > 0; i++)
                if (strcmp(finding.finding->rule_id, id) == 0 &&
                    json_array_size(findings) < EXPLAIN_FINDINGS &&
                    json_array_append_new(findings, describe_finding(&finding)) < 0)
                        return -ENOMEM;
        if (r == 0)
                r = control_find_incidents(backend, &filter, &incidents, &truncated);
        if (r == 0)
                r = describe_terms(backend, rule, json_array_size(findings), reply);
        if (r == 0)
                r = describe_decisions(backend, rule, reply);
        if (r == 0 && (json_object_set(reply, "findings", findings) < 0 ||
                       json_object_set(reply, "incidents", incidents) < 0))
                r = -ENOMEM;
        if (r < 0)
                return r;
        call->reply = TAKE(reply);
        return 0;
}
