/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "policy/rule.h"

static void test_names(void **state) {
        (void)state;
        assert_string_equal(rule_family_name(RULE_FILE), "file");
        assert_string_equal(rule_family_name(RULE_ACCESS), "access");
        assert_string_equal(rule_family_name(N_RULE_FAMILIES), "unknown");
        assert_string_equal(rule_response_name(RESPONSE_LOCK), "lock");
        assert_string_equal(severity_name(SEVERITY_LOW), "low");
        assert_string_equal(policy_mode_name(MODE_AUDIT), "audit");
        assert_string_equal(unapproved_response_name(UNAPPROVED_ACCEPT), "accept");
        for (int i = 0; i < N_SEVERITIES; i++)
                assert_int_equal(severity_priority((enum severity)i), 6 - i);
        assert_int_equal(severity_priority(N_SEVERITIES), 2);
}

static void test_find(void **state) {
        struct rule rules[] = { { .id = "a" }, { .id = "b" } };
        struct policy policy = { .rules = rules, .n_rules = 2 };

        (void)state;
        assert_ptr_equal(policy_find_rule(&policy, "b"), &rules[1]);
        assert_null(policy_find_rule(&policy, "c"));
}

/* Every string of every family is freed: what the leak checker of the asan preset would show. */
static void test_done(void **state) {
        struct policy *policy = calloc(1, sizeof *policy);

        (void)state;
        assert_non_null(policy);
        for (int i = 0; i < 4; i++) {
                struct rule *rule;

                assert_int_equal(ARRAY_GROW(policy->rules, policy->n_rules), 0);
                rule = &policy->rules[policy->n_rules++];
                rule->family = (enum rule_family)i;
                rule->id = strdup("id");
                rule->why = strdup("why");
                rule->source = strdup("source");
                rule->file = strdup("file");
                rule->profile = strdup("profile");
        }
        policy->rules[RULE_SSHD].sshd.keyword = strdup("port");
        policy->rules[RULE_SSHD].sshd.when.user = strdup("root");
        assert_int_equal(strings_append(&policy->rules[RULE_SSHD].sshd.must.items,
                                        &policy->rules[RULE_SSHD].sshd.must.n_items, "22"),
                         0);
        policy->rules[RULE_PAM].pam.requires_module = strdup("pam_unix.so");
        policy->rules[RULE_KEYS].keys.users = strdup("*");
        policy->rules[RULE_FILE].file_rule.path = strdup("/etc/ssh/sshrc");
        policy_free(policy);
        policy_free(NULL);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_names),
                cmocka_unit_test(test_find),
                cmocka_unit_test(test_done),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
