/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The names of a policy's words, and the end of its objects. What may be said in a rule is the
 * table of schema.c, which knows where each key's value lives; freeing goes through it too, so a
 * new key cannot be forgotten here. */

#include "policy/rule.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "schema.h"

#define NAME_OF(names, value) ((size_t)(value) < N_ELEMENTS(names) ? (names)[value] : "unknown")

static const char *const family_names[N_RULE_FAMILIES] = {
        [RULE_SSHD] = "sshd", [RULE_PAM] = "pam",       [RULE_KEYS] = "keys",
        [RULE_FILE] = "file", [RULE_ACCESS] = "access",
};

static const char *const response_names[N_RULE_RESPONSES] = {
        [RESPONSE_ALERT] = "alert",
        [RESPONSE_REVERT] = "revert",
        [RESPONSE_REPAIR] = "repair",
        [RESPONSE_LOCK] = "lock",
};

static const char *const severity_names[N_SEVERITIES] = {
        [SEVERITY_INFO] = "info", [SEVERITY_LOW] = "low",           [SEVERITY_MEDIUM] = "medium",
        [SEVERITY_HIGH] = "high", [SEVERITY_CRITICAL] = "critical",
};

static const char *const mode_names[N_POLICY_MODES] = {
        [MODE_ENFORCE] = "enforce",
        [MODE_AUDIT] = "audit",
};

static const char *const unapproved_names[N_UNAPPROVED_RESPONSES] = {
        [UNAPPROVED_ALERT] = "alert",
        [UNAPPROVED_ACCEPT] = "accept",
};

const char *rule_family_name(enum rule_family family) {
        return NAME_OF(family_names, family);
}

const char *rule_response_name(enum rule_response response) {
        return NAME_OF(response_names, response);
}

const char *severity_name(enum severity severity) {
        return NAME_OF(severity_names, severity);
}

int severity_priority(enum severity severity) {
        static const int priorities[N_SEVERITIES] = {
                [SEVERITY_INFO] = 6, [SEVERITY_LOW] = 5,      [SEVERITY_MEDIUM] = 4,
                [SEVERITY_HIGH] = 3, [SEVERITY_CRITICAL] = 2,
        };

        return severity < N_SEVERITIES ? priorities[severity] : priorities[SEVERITY_CRITICAL];
}

const char *policy_mode_name(enum policy_mode mode) {
        return NAME_OF(mode_names, mode);
}

const char *unapproved_response_name(enum unapproved_response response) {
        return NAME_OF(unapproved_names, response);
}

const struct rule *policy_find_rule(const struct policy *policy, const char *id) {
        for (size_t i = 0; i < policy->n_rules; i++)
                if (strcmp(policy->rules[i].id, id) == 0)
                        return &policy->rules[i];
        return NULL;
}

void rule_words_done(struct rule_words *words) {
        strings_free(words->items, words->n_items);
        *words = (struct rule_words){ 0 };
}

void rule_done(struct rule *rule) {
        schema_clear_rule(rule);
        free(rule->id);
        free(rule->file);
        free(rule->profile);
        *rule = (struct rule){ 0 };
}

void policy_free(struct policy *policy) {
        if (!policy)
                return;
        for (size_t i = 0; i < policy->n_rules; i++)
                rule_done(&policy->rules[i]);
        free(policy->rules);
        rule_words_done(&policy->extends);
        rule_words_done(&policy->admins);
        rule_words_done(&policy->never_remove);
        rule_words_done(&policy->control_read);
        rule_words_done(&policy->control_change);
        rule_words_done(&policy->extra_users);
        free(policy);
}
