/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "policy/finding.h"

static struct rule rule = { .id = "sshd.root",
                            .severity = SEVERITY_HIGH,
                            .response = RESPONSE_REVERT };

static void fill(struct finding *finding) {
        int r = finding_init(finding, &rule);

        r = finding_set(r, &finding->path, "/etc/ssh/%s", "sshd_config");
        r = finding_set(r, &finding->setting, "PermitRootLogin");
        r = finding_set(r, &finding->want, "no");
        r = finding_set(r, &finding->got, "yes");
        r = finding_set(r, &finding->witness, "sshd -T -C user=root");
        r = finding_set(r, &finding->message, "it is %d", 1);
        assert_int_equal(r, 0);
        finding->line = 12;
        assert_int_equal(strings_append(&finding->losers, &finding->n_losers, "a:1: x"), 0);
}

static void test_init(void **state) {
        struct finding finding;

        (void)state;
        fill(&finding);
        assert_ptr_equal(finding.rule, &rule);
        assert_string_equal(finding.rule_id, "sshd.root");
        assert_int_equal(finding.severity, SEVERITY_HIGH);
        assert_int_equal(finding.response, RESPONSE_REVERT);
        assert_string_equal(finding.path, "/etc/ssh/sshd_config");
        /* a second value replaces the first; a failed chain changes nothing */
        assert_int_equal(finding_set(0, &finding.got, "without-password"), 0);
        assert_int_equal(finding_set(-12, &finding.got, "never"), -12);
        assert_string_equal(finding.got, "without-password");
        finding_done(&finding);
        finding_done(&finding);
        assert_int_equal(finding_init_own(&finding, "sshd.refused", SEVERITY_CRITICAL), 0);
        assert_null(finding.rule);
        assert_int_equal(finding.response, RESPONSE_ALERT);
        finding_done(&finding);
}

static void test_same(void **state) {
        struct finding a, b;

        (void)state;
        fill(&a);
        fill(&b);
        assert_true(finding_is_same(&a, &b));
        b.line = 99;
        assert_true(finding_is_same(&a, &b));
        assert_int_equal(finding_set(0, &b.message, "other words"), 0);
        assert_true(finding_is_same(&a, &b));
        assert_int_equal(finding_set(0, &b.got, "prohibit-password"), 0);
        assert_false(finding_is_same(&a, &b));
        assert_int_equal(finding_set(0, &b.got, "yes"), 0);
        free(b.path);
        b.path = NULL;
        assert_false(finding_is_same(&a, &b));
        assert_false(finding_is_same(&b, &a));
        finding_done(&a);
        finding_done(&b);
}

static void test_copy_and_list(void **state) {
        struct findings findings = { 0 };
        struct finding finding, copy;

        (void)state;
        fill(&finding);
        assert_int_equal(finding_copy(&copy, &finding), 0);
        assert_true(finding_is_same(&copy, &finding));
        assert_string_equal(copy.witness, finding.witness);
        assert_string_equal(copy.message, finding.message);
        assert_int_equal(copy.line, 12);
        assert_int_equal(copy.n_losers, 1);
        assert_ptr_not_equal(copy.losers[0], finding.losers[0]);
        assert_null(copy.users);
        assert_false(findings_contain(&findings, &finding));
        for (int i = 0; i < 5; i++) {
                struct finding each;

                assert_int_equal(finding_copy(&each, &finding), 0);
                assert_int_equal(findings_add(&findings, &each), 0);
                assert_null(each.rule_id);
        }
        assert_int_equal(findings.n_items, 5);
        assert_true(findings_contain(&findings, &copy));
        findings_truncate(&findings, 7);
        assert_int_equal(findings.n_items, 5);
        findings_truncate(&findings, 2);
        assert_int_equal(findings.n_items, 2);
        finding_done(&finding);
        finding_done(&copy);
        findings_done(&findings);
        assert_int_equal(findings.n_items, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_init),
                cmocka_unit_test(test_same),
                cmocka_unit_test(test_copy_and_list),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
