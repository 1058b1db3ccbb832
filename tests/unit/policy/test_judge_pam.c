/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <string.h>

#include "../pam/files.h"
#include "policy/judge_pam.h"

#define UNIX                                                                                       \
        "auth [success=1 default=ignore] pam_unix.so nullok\nauth requisite pam_deny.so\n"         \
        "auth required pam_permit.so\n"
#define TOTP "pam_google_authenticator.so"

static struct rule pam_rule_of(struct rule_pam pam) {
        return (struct rule){
                .id = "r", .family = RULE_PAM, .severity = SEVERITY_HIGH, .pam = pam
        };
}

static struct findings judge_service(const struct pam_service *service, struct rule_pam pam) {
        struct rule rule = pam_rule_of(pam);
        struct findings findings = { 0 };

        assert_int_equal(policy_judge_pam(&rule, service, &findings), 0);
        for (size_t i = 0; i < findings.n_items; i++) {
                assert_string_equal(findings.items[i].rule_id, "r");
                assert_int_equal(findings.items[i].severity, SEVERITY_HIGH);
                assert_non_null(findings.items[i].message);
                assert_non_null(strstr(findings.items[i].witness, "sshguardd --dump-pam s"));
                findings.items[i].rule = NULL; /* it ends with this function */
        }
        return findings;
}

/* A rule against a service of one file: the line and what is got of the only finding; LINE 0 with
 * GOT NULL: it holds. */
struct judge_case {
        const char *text;
        struct rule_pam pam;
        unsigned line;
        const char *got;
        const char *witness; /* its end */
};

#define WORDS(...)                                                                                 \
        {                                                                                          \
                .items = (char *[]){ __VA_ARGS__ },                                                \
                .n_items = sizeof((char *[]){ __VA_ARGS__ }) / sizeof(char *), .is_set = true      \
        }

static void check(const struct judge_case *test) {
        struct pam_service *service = memory_load_text("1.5.2", test->text);
        struct findings findings = judge_service(service, test->pam);

        if (findings.n_items != (test->got != NULL))
                fail_msg("%zu findings for\n%s", findings.n_items, test->text);
        if (test->got) {
                const struct finding *finding = &findings.items[0];
                size_t n = test->witness ? strlen(test->witness) : 0;

                assert_string_equal(finding->got, test->got);
                assert_int_equal(finding->line, test->line);
                assert_string_equal(finding->path, "/etc/pam.d/s");
                assert_true(strlen(finding->witness) >= n);
                if (test->witness)
                        assert_string_equal(finding->witness + strlen(finding->witness) - n,
                                            test->witness);
        }
        findings_done(&findings);
        pam_service_free(service);
}

static void test_requires(void **state) {
        static const struct rule_pam totp = { .service = "s", .requires_module = TOTP };
        static const struct rule_pam account = { .service = "s",
                                                 .facility = "account",
                                                 .requires_module = "pam_access.so" };
        const struct judge_case cases[] = {
                { UNIX "auth [success=ok default=die] " TOTP "\n", totp, 0, NULL, NULL },
                { UNIX "auth required " TOTP "\n", totp, 0, NULL, NULL },
                { UNIX "auth required " TOTP " nullok\n", totp, 4,
                  "success although " TOTP " returned ignore",
                  "--run auth --with auth:/etc/pam.d/s:4=ignore" },
                { UNIX "auth optional " TOTP "\n", totp, 4,
                  "success although " TOTP " returned auth_err",
                  "--run auth --with auth:/etc/pam.d/s:4=auth_err" },
                { UNIX "auth sufficient m\nauth [success=ok default=die] " TOTP "\n", totp, 4,
                  "success although " TOTP " was not run", "--run auth" },
                { UNIX, totp, 3, "success although " TOTP " was not run", "--run auth" },
                { "account required pam_access.so\n", account, 0, NULL, NULL },
                { UNIX "account required pam_access.so\naccount required m\n", account, 4,
                  "success although pam_access.so returned ignore",
                  "account:/etc/pam.d/s:4=ignore" },
                { "account [success=ok default=die] pam_access.so\n", account, 0, NULL, NULL },
                { "auth required .so\n", totp, 0, NULL, NULL },
        };

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
                check(&cases[i]);
}

static void test_order(void **state) {
        static const struct rule_pam order = { .service = "s",
                                               .requires_module = TOTP,
                                               .requires_before = "pam_unix.so" };
        const struct judge_case cases[] = {
                { "auth [success=ok default=die] " TOTP "\n" UNIX, order, 0, NULL, NULL },
                { UNIX "auth [success=ok default=die] " TOTP "\n", order, 1,
                  "pam_unix.so runs before " TOTP " has succeeded", "--run auth" },
        };

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
                check(&cases[i]);
}

static void test_must_not_succeed_by(void **state) {
        const struct rule_pam weak = { .service = "s",
                                       .must_not_succeed_by =
                                               WORDS("pam_permit.so", "pam_succeed_if.so") };
        const struct judge_case cases[] = {
                { UNIX, weak, 0, NULL, NULL },
                { "auth sufficient pam_succeed_if.so user = bob\n" UNIX, weak, 1,
                  "success by pam_succeed_if.so alone", "--run auth" },
                { "auth optional pam_unix.so\nauth required pam_permit.so\n", weak, 2,
                  "success by pam_permit.so alone", "--with auth:/etc/pam.d/s:1=auth_err" },
        };

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
                check(&cases[i]);
}

static void test_lines(void **state) {
        const struct rule_pam forbids = { .service = "*",
                                          .forbids = WORDS("pam_exec.so", "pam_script*") };
        const struct rule_pam in_session = { .service = "*",
                                             .facility = "session",
                                             .forbids = WORDS("pam_exec.so") };
        const struct rule_pam nullok = { .service = "*", .forbids_args = WORDS("nullok*") };
        const struct rule_pam totp_args = { .service = "*",
                                            .facility = "account",
                                            .requires_module = TOTP,
                                            .forbids_args = WORDS("nullok"),
                                            .requires_args = WORDS("secret=/var/*") };
        const struct rule_pam includes = { .service = "*",
                                           .facility = "auth",
                                           .includes = WORDS("pam_unix.so", "pam_fail*") };
        const struct rule_pam anywhere = { .service = "*", .includes = WORDS("pam_unix.so") };
        const struct rule_pam from = { .service = "*",
                                       .modules_from =
                                               WORDS("/usr/lib/*/security", "/lib/security") };
        const struct judge_case cases[] = {
                { "-session optional pam_exec.so x\n", forbids, 1, "pam_exec.so", "--dump-pam s" },
                { "session optional pam_scripts.so x\n", forbids, 1, "pam_scripts.so", NULL },
                { "session optional pam_unix.so\n", forbids, 0, NULL, NULL },
                { "auth optional pam_exec.so\n", in_session, 0, NULL, NULL },
                { "session optional /opt/pam_exec.so\n", in_session, 1, "/opt/pam_exec.so", NULL },
                { "bogus optional pam_exec.so\n", forbids, 0, NULL, NULL },
                { "auth required m.so try nullok_secure\n", nullok, 1, "nullok_secure", NULL },
                { "auth required m.so nullo\n", nullok, 0, NULL, NULL },
                { "account [success=ok default=die] " TOTP " secret=/var/x\n"
                  "account required m.so nullok\n",
                  totp_args, 0, NULL, NULL },
                { "account [success=ok default=die] " TOTP "\n", totp_args, 1, "none that matches",
                  NULL },
                { "account [success=ok default=die] " TOTP " secret=/var/x nullok\n", totp_args, 1,
                  "nullok", NULL },
                { UNIX "auth optional pam_faillock.so\n", includes, 0, NULL, NULL },
                { UNIX "account required pam_faillock.so\n", includes, 0, "no such module",
                  "--dump-pam s" },
                { UNIX "bogus required pam_faillock.so\n", includes, 0, "no such module", NULL },
                { "session optional pam_unix.so\n", anywhere, 0, NULL, NULL },
                { "", anywhere, 0, "no such module", NULL },
                { "auth required m.so\n", from, 0, NULL, NULL },
                { "auth required /lib/security/m.so\n", from, 0, NULL, NULL },
                { "auth required /usr/lib/x/security/m.so\n", from, 0, NULL, NULL },
                { "auth required /tmp/m.so\n", from, 1, "/tmp/m.so", NULL },
                { "auth required /lib/security/x/m.so\n", from, 1, "/lib/security/x/m.so", NULL },
                { "auth required /lib/../tmp/../lib/security/m.so\n", from, 1,
                  "/lib/../tmp/../lib/security/m.so", NULL },
                { "auth required /lib/security//m.so\n", from, 1, "/lib/security//m.so", NULL },
        };

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
                check(&cases[i]);
}

/* A line that is included twice is one line, and one finding. */
static void test_inclusion(void **state) {
        static const struct memory_file files[] = {
                { "/etc/pam.d/s", "auth include i\nauth include i\n" },
                { "/etc/pam.d/i", "auth required pam_exec.so\n" },
                { NULL, NULL },
        };
        struct memory memory = { .files = files };
        struct pam_service *service = memory_load(&memory, "1.5.2", "s");
        const struct rule_pam forbids = { .service = "*", .forbids = WORDS("pam_exec.so") };
        struct findings findings = judge_service(service, forbids);

        (void)state;
        assert_int_equal(findings.n_items, 1);
        assert_string_equal(findings.items[0].path, "/etc/pam.d/i");
        findings_done(&findings);
        pam_service_free(service);
}

static void test_absent(void **state) {
        static const struct memory_file files[] = { { "/etc/pam.d/s", "" },
                                                    { "/etc/pam.d/other", "" },
                                                    { NULL, NULL } };
        struct memory memory = { .files = files };
        struct pam_service *service = memory_load(&memory, "1.5.2", "s");
        struct rule_pam absent = { .service = "s", .absent = true };
        struct findings findings = judge_service(service, absent);

        (void)state;
        assert_int_equal(findings.n_items, 1);
        assert_string_equal(findings.items[0].path, "/etc/pam.d/s");
        findings_done(&findings);
        pam_service_free(service);
        service = memory_load(&memory, "1.5.2", "t");
        findings = judge_service(service, absent);
        assert_int_equal(findings.n_items, 0);
        findings_done(&findings);
        pam_service_free(service);
}

/* What cannot be told is said, not taken for fine. */
static void test_unknown(void **state) {
        static const struct memory_file files[] = { { "/etc/pam.d/s", NULL }, { NULL, NULL } };
        struct memory memory = { .files = files };
        struct pam_service *service = memory_load(&memory, "1.5.2", "s");
        struct rule_pam totp = { .service = "s", .requires_module = TOTP };
        struct findings findings = judge_service(service, totp);

        (void)state;
        assert_int_equal(findings.n_items, 1);
        assert_non_null(strstr(findings.items[0].message, "nothing can be excluded"));
        assert_string_equal(findings.items[0].path, "/etc/pam.d/s");
        findings_done(&findings);
        pam_service_free(service);
}

/* No file at all: the finding is about the one that is missing. */
static void test_nothing_there(void **state) {
        static const struct memory_file files[] = {
                { "/etc/pam.d/other", "auth optional pam_permit.so\n" }, { NULL, NULL }
        };
        struct memory memory = { .files = files };
        struct pam_service *service = memory_load(&memory, "1.5.2", "s");
        struct rule_pam totp = { .service = "s", .requires_module = TOTP };
        struct findings findings = judge_service(service, totp);

        (void)state;
        assert_int_equal(findings.n_items, 1);
        assert_string_equal(findings.items[0].path, "/etc/pam.d/other");
        findings_done(&findings);
        pam_service_free(service);
}

static void test_covers(void **state) {
        struct rule all = pam_rule_of((struct rule_pam){ .service = "*" });
        struct rule one = pam_rule_of((struct rule_pam){ .service = "sshd" });

        (void)state;
        assert_true(policy_pam_rule_covers(&all, "login"));
        assert_true(policy_pam_rule_covers(&one, "sshd"));
        assert_false(policy_pam_rule_covers(&one, "login"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_requires),
                cmocka_unit_test(test_order),
                cmocka_unit_test(test_must_not_succeed_by),
                cmocka_unit_test(test_lines),
                cmocka_unit_test(test_inclusion),
                cmocka_unit_test(test_absent),
                cmocka_unit_test(test_unknown),
                cmocka_unit_test(test_covers),
                cmocka_unit_test(test_nothing_there),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
