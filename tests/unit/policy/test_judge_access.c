/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <string.h>

#include "base/cleanup.h"
#include "policy/judge_access.h"
#include "policy/users.h"

static char *bob_groups[] = { (char[]){ "staff" } };
static const struct account bob = { .name = (char[]){ "bob" },
                                    .groups = bob_groups,
                                    .n_groups = 1 };

/* One login from everywhere, with these ways. */
struct machine {
        struct access_login login;
        struct access_key keys[2];
        struct access_logins logins;
};

static char name[] = "bob", address[] = "203.0.113.9", here[] = "192.0.2.1", key_file[] = "/k",
            expired[] = "expired";

static void machine_init(struct machine *machine) {
        *machine = (struct machine){
                .login = { .account = &bob,
                           .connection = { .user = name,
                                           .host = address,
                                           .addr = address,
                                           .laddr = here,
                                           .lport = 22 } },
                .keys = { { .path = key_file, .line = 1, .refusal = expired },
                          { .path = key_file, .line = 2 } },
        };
        machine->login.keys = machine->keys;
        machine->login.n_keys = 2;
        machine->logins = (struct access_logins){ .items = &machine->login,
                                                  .n_items = 1,
                                                  .is_complete = true };
}

static void add(struct machine *machine, unsigned factors, enum access_answer answer,
                const char *methods) {
        assert_int_equal(access_ways_add(&machine->login.ways, factors, answer, methods,
                                         answer == ACCESS_YES ? NULL : "pam_ldap.so"),
                         0);
}

static char *publickey[] = { (char[]){ "publickey" } };
static char *key_and_code[] = { (char[]){ "publickey" }, (char[]){ "keyboard-interactive" } };
static char *others[] = { (char[]){ "root" }, (char[]){ "@wheel" } };
static char *staff[] = { (char[]){ "root" }, (char[]){ "@staff" } };
static char *sftp[] = { (char[]){ "sftp" } };

#define LIST(array)                                                                                \
        { .items = (array), .n_items = N_ELEMENTS(array), .is_set = true }

static void test_conditions(void **state) {
        static const struct {
                struct rule_access rule;
                unsigned factors;
                const char *methods;
                const char *setting; /* of the one finding; NULL: it holds */
                unsigned line;
        } cases[] = {
                { { .denied = true }, ACCESS_PASSWORD, "password", "denied", 0 },
                { { .denied = true }, ACCESS_KEY, "publickey", "denied", 2 },
                { { .factors_at_least = 2 }, ACCESS_KEY, "publickey", "factors_at_least", 2 },
                { { .factors_at_least = 2 },
                  ACCESS_KEY | ACCESS_OTHER_KEY,
                  "publickey,publickey",
                  NULL,
                  0 },
                { { .factors_at_least = 1 }, 0, "none", "factors_at_least", 0 },
                { { .only_methods = LIST(publickey) }, ACCESS_KEY, "publickey", NULL, 0 },
                { { .only_methods = LIST(publickey) },
                  ACCESS_KEY | ACCESS_PASSWORD,
                  "publickey,password",
                  "only_methods",
                  2 },
                { { .only_methods = LIST(key_and_code) },
                  ACCESS_KEY | ACCESS_CODE,
                  "publickey,keyboard-interactive:pam",
                  NULL,
                  0 },
                { { .only_methods = LIST(key_and_code) },
                  ACCESS_PASSWORD,
                  "keyboard-interactive or password",
                  "only_methods",
                  0 },
                { { .only_users = LIST(others) }, ACCESS_KEY, "publickey", "only_users", 2 },
                { { .only_users = LIST(staff) }, ACCESS_KEY, "publickey", NULL, 0 },
                { { .only_sessions = LIST(sftp) }, ACCESS_CODE, "x", "only_sessions", 0 },
        };

        (void)state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                const struct rule rule = { .id = (char[]){ "r" },
                                           .family = RULE_ACCESS,
                                           .response = RESPONSE_REVERT,
                                           .access = cases[i].rule };
                CLEANUP(findings_done) struct findings findings = { 0 };
                struct machine machine;

                machine_init(&machine);
                add(&machine, cases[i].factors, ACCESS_YES, cases[i].methods);
                assert_int_equal(policy_judge_access(&rule, &bob, &machine.logins, &findings), 0);
                assert_int_equal(findings.n_items, cases[i].setting ? 1 : 0);
                if (cases[i].setting) {
                        const struct finding *finding = &findings.items[0];

                        assert_string_equal(finding->setting, cases[i].setting);
                        assert_int_equal(finding->line, cases[i].line);
                        assert_string_equal(finding->users, "bob");
                        assert_int_equal(finding->response, RESPONSE_REVERT);
                        assert_string_equal(finding->witness,
                                            "sshguardd --dump-access -C user=bob,host=203.0.113.9,"
                                            "addr=203.0.113.9,laddr=192.0.2.1,lport=22");
                }
                access_ways_done(&machine.login.ways);
        }
}

static void test_what_cannot_be_told_is_reported(void **state) {
        const struct rule rule = { .id = (char[]){ "r" },
                                   .family = RULE_ACCESS,
                                   .response = RESPONSE_REVERT,
                                   .access = { .denied = true } };
        CLEANUP(findings_done) struct findings findings = { 0 };
        struct machine machine;

        (void)state;
        machine_init(&machine);
        machine.logins.is_complete = false;
        add(&machine, ACCESS_PASSWORD, ACCESS_CANNOT_TELL, "keyboard-interactive");
        assert_int_equal(policy_judge_access(&rule, &bob, &machine.logins, &findings), 0);
        assert_int_equal(findings.n_items, 2);
        assert_int_equal(findings.items[0].response, RESPONSE_ALERT);
        assert_string_equal(findings.items[0].got, "cannot tell: password anywhere");
        assert_string_equal(findings.items[0].message,
                            "it cannot be told whether bob gets in with password anywhere: "
                            "pam_ldap.so");
        assert_int_equal(findings.items[1].response, RESPONSE_ALERT);
        assert_string_equal(findings.items[1].got, "cannot tell");
        access_ways_done(&machine.login.ways);
}

static void test_a_long_list_is_cut(void **state) {
        const struct rule rule = { .id = (char[]){ "r" },
                                   .family = RULE_ACCESS,
                                   .access = { .only_sessions = LIST(sftp) } };
        CLEANUP(findings_done) struct findings findings = { 0 };
        struct access_login logins[12];
        struct machine machine;

        (void)state;
        machine_init(&machine);
        add(&machine, ACCESS_PASSWORD, ACCESS_YES, "password");
        for (size_t i = 0; i < N_ELEMENTS(logins); i++)
                logins[i] = machine.login;
        machine.logins.items = logins;
        machine.logins.n_items = N_ELEMENTS(logins);
        assert_int_equal(policy_judge_access(&rule, &bob, &machine.logins, &findings), 0);
        assert_int_equal(findings.n_items, 1);
        assert_non_null(
                strstr(findings.items[0].got, "password elsewhere to a session of shell; "));
        assert_non_null(strstr(findings.items[0].got, "; and others"));
        access_ways_done(&machine.login.ways);
}

static void test_covers(void **state) {
        const struct rule all = { .access = { .users = (char[]){ "*,!root" } } };
        const struct rule some = { .access = { .users = (char[]){ "@wheel" },
                                               .when = { .lport = "22" } } };

        (void)state;
        assert_true(policy_access_rule_covers(&all, &bob));
        assert_false(policy_access_rule_covers(&some, &bob));
        assert_false(policy_access_rule_has_when(&all));
        assert_true(policy_access_rule_has_when(&some));
        assert_true(policy_users_cover("@staff", &bob));
        assert_false(policy_users_cover("*,!bob", &bob));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_conditions),
                cmocka_unit_test(test_what_cannot_be_told_is_reported),
                cmocka_unit_test(test_a_long_list_is_cut),
                cmocka_unit_test(test_covers),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
