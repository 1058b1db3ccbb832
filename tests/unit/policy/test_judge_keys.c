/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <string.h>

#include "base/cleanup.h"
#include "policy/judge_keys.h"

#include "../keys/keys_data.h"

#define KEY         "ssh-ed25519 " ED25519
#define FINGERPRINT "SHA256:XpN2w0wLJhQMR0VZUbL6Bhl0833asR9N8q2lf14d4/w"

static char *bob_groups[] = { "bob", "staff", "sudo" };
static const struct account bob = {
        .name = "bob", .uid = 1000, .gid = 1000, .groups = bob_groups, .n_groups = 3
};

static void test_covers(void **state) {
        static const struct {
                const char *users;
                bool covers;
        } cases[] = {
                { "*", true },           { "bob", true },       { "b?b", true },
                { "root", false },       { "root,bob", true },  { "@sudo", true },
                { "@s*", true },         { "@wheel", false },   { "*,!bob", false },
                { "!bob", false },       { "*,!@sudo", false }, { "*,!root", true },
                { "bob,!@wheel", true }, { "", false },         { "@", false },
                { "!root", false },      { " bob", false },
        };

        char longest[1025];

        (void)state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                CLEANUP_FREE char *users = strdup(cases[i].users);
                const struct rule rule = { .family = RULE_KEYS, .keys.users = users };

                assert_int_equal(policy_keys_rule_covers(&rule, &bob), cases[i].covers);
        }
        memset(longest, '*', sizeof longest - 1);
        longest[sizeof longest - 1] = '\0';
        assert_false(policy_keys_rule_covers(&(struct rule){ .keys.users = longest }, &bob));
        assert_true(policy_keys_rule_covers(&(struct rule){ .keys.users = longest + 1 }, &bob));
}

/* --- one rule against files */

static struct rule_words words(char **items) {
        struct rule_words list = { .items = items, .is_set = true };

        while (items[list.n_items])
                list.n_items++;
        return list;
}

#define WORDS(...) words((char *[]){ __VA_ARGS__, NULL })
#define NO_WORDS   words((char *[]){ NULL })

static struct rule rule_of(struct rule_keys conditions) {
        struct rule rule = { .id = "keys.test",
                             .family = RULE_KEYS,
                             .severity = SEVERITY_HIGH,
                             .keys = conditions };

        rule.keys.users = "*";
        if (conditions.max_keys == 0)
                rule.keys.max_keys = -1; /* not asked */
        if (conditions.expires_within_s == 0)
                rule.keys.expires_within_s = -1;
        return rule;
}

#define CONDITIONS(...) rule_of((struct rule_keys){ __VA_ARGS__ })

struct fixture {
        struct authorized_keys parsed[2];
        struct judged_key_file files[2];
        struct judged_keys keys;
        struct findings findings;
};

static void fixture_init(struct fixture *fixture, const char *first, const char *second) {
        *fixture = (struct fixture){ 0 };
        assert_int_equal(authorized_keys_parse(first, strlen(first), &openssh_9_2, NULL,
                                               &fixture->parsed[0]),
                         0);
        assert_int_equal(authorized_keys_parse(second, strlen(second), &openssh_9_2, NULL,
                                               &fixture->parsed[1]),
                         0);
        fixture->files[0] =
                (struct judged_key_file){ "/home/bob/.ssh/authorized_keys", &fixture->parsed[0] };
        fixture->files[1] =
                (struct judged_key_file){ "/home/bob/.ssh/authorized keys2", &fixture->parsed[1] };
        fixture->keys = (struct judged_keys){ &bob, fixture->files, 2, 1000000 };
}

static void fixture_done(struct fixture *fixture) {
        authorized_keys_done(&fixture->parsed[0]);
        authorized_keys_done(&fixture->parsed[1]);
        findings_done(&fixture->findings);
}

/* "LINE:SETTING" of each finding in FILE, separated by blanks. */
static char *judge(const struct rule *rule, const char *file) {
        CLEANUP(fixture_done) struct fixture fixture;
        struct text text = { 0 };

        fixture_init(&fixture, file, "");
        assert_int_equal(policy_judge_keys(rule, &fixture.keys, &fixture.findings), 0);
        for (size_t i = 0; i < fixture.findings.n_items; i++)
                (void)text_appendf(&text, "%s%u:%s", i > 0 ? " " : "",
                                   fixture.findings.items[i].line,
                                   fixture.findings.items[i].setting);
        return text_take(&text);
}

/* 1 plain, 2 restricted, 3 an authority, 4 of an unknown type, 5 with an option sshd refuses, 6 no
 * key at all, 7 that expires */
static const char file[] = KEY " bob@home\n"
                               "restrict,from=\"10.0.0.0/8\" " KEY " bob@work\n"
                               "cert-authority " KEY " ca\n"
                               "ssh-foo AAAA x\n"
                               "nonsense " KEY " y\n"
                               "ssh-rsa AAAA z\n"
                               "expiry-time=\"19700113\" " KEY " bob@once\n";

static void test_conditions(void **state) {
        const struct {
                struct rule rule;
                const char *broken;
        } cases[] = {
                { CONDITIONS(.types = WORDS("ssh-ed25519")), "4:types" },
                { CONDITIONS(.types = WORDS("sk-*", "ssh-ed*")), "4:types" },
                { CONDITIONS(.types = WORDS("ssh-rsa")),
                  "1:types 2:types 3:types 4:types 5:types 7:types" },
                { CONDITIONS(.only = WORDS(FINGERPRINT)), "3:only 4:only" },
                { CONDITIONS(.only = NO_WORDS), "1:only 2:only 3:only 4:only 5:only 7:only" },
                { CONDITIONS(.only = WORDS(FINGERPRINT), .cert_authorities = WORDS(FINGERPRINT)),
                  "4:only" },
                { CONDITIONS(.only = WORDS(FINGERPRINT), .cert_authorities = NO_WORDS),
                  "3:cert_authorities 4:only" },
                { CONDITIONS(.cert_authorities = WORDS(FINGERPRINT)), "4:cert_authorities" },
                { CONDITIONS(.forbids = WORDS("SHA256:x", FINGERPRINT)),
                  "1:forbids 2:forbids 3:forbids 5:forbids 7:forbids" },
                { CONDITIONS(.forbids = WORDS("SHA256:x")), "" },
                { CONDITIONS(.requires_options = WORDS("restrict", "from")),
                  "1:requires_options 3:requires_options 7:requires_options" },
                { CONDITIONS(.requires_options = WORDS("from=10.*")),
                  "1:requires_options 3:requires_options 7:requires_options" },
                { CONDITIONS(.forbids_options = WORDS("pty")),
                  "1:forbids_options 3:forbids_options 7:forbids_options" },
                { CONDITIONS(.forbids_options = WORDS("command", "cert-authority")),
                  "3:forbids_options" },
                { CONDITIONS(.comments = WORDS("bob@*")), "3:comments 5:comments" },
                { CONDITIONS(.max_keys = 2), "3:max_keys 7:max_keys" },
                { CONDITIONS(.max_keys = 4), "" },
                { CONDITIONS(.expires_within_s = 86400),
                  "1:expires_within 2:expires_within 3:expires_within" },
                { CONDITIONS(.expires_within_s = 36799),
                  "1:expires_within 2:expires_within 3:expires_within 7:expires_within" },
                { CONDITIONS(.expires_within_s = 36800),
                  "1:expires_within 2:expires_within 3:expires_within" },
                { CONDITIONS(.expires_within_s = INT64_MAX),
                  "1:expires_within 2:expires_within 3:expires_within" },
                { CONDITIONS(.rsa_bits_at_least = 4096), "" },
        };

        (void)state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                CLEANUP_FREE char *broken = judge(&cases[i].rule, file);

                assert_string_equal(broken, cases[i].broken);
        }
}

static void test_rsa_bits(void **state) {
        size_t n;
        CLEANUP_FREE char *good = keys_data("good.pub", &n);
        const struct rule enough = CONDITIONS(.rsa_bits_at_least = 3072);
        const struct rule more = CONDITIONS(.rsa_bits_at_least = 3073);
        CLEANUP_FREE char *none = judge(&enough, good);
        CLEANUP_FREE char *some = judge(&more, good);

        (void)state;
        assert_string_equal(none, "");
        /* 2 and its certificate, the aliases, the leading zeros */
        assert_string_equal(some, "2:rsa_bits_at_least 7:rsa_bits_at_least 14:rsa_bits_at_least "
                                  "15:rsa_bits_at_least 18:rsa_bits_at_least");
}

static void test_finding(void **state) {
        CLEANUP(fixture_done) struct fixture fixture;
        const struct rule rule = CONDITIONS(.requires_options = WORDS("restrict", "from"));
        const struct finding *finding;

        (void)state;
        fixture_init(&fixture, "", "# mine\nno-pty " KEY " bob\n");
        assert_int_equal(policy_judge_keys(&rule, &fixture.keys, &fixture.findings), 0);
        assert_int_equal(fixture.findings.n_items, 1);
        finding = &fixture.findings.items[0];
        assert_string_equal(finding->path, "/home/bob/.ssh/authorized keys2");
        assert_int_equal(finding->line, 2);
        assert_string_equal(finding->users, "bob");
        assert_string_equal(finding->want, "restrict, from");
        assert_string_equal(finding->got, FINGERPRINT " ssh-ed25519 256 no-pty");
        assert_string_equal(finding->witness,
                            "sshguardd --dump-keys '/home/bob/.ssh/authorized keys2'");
        assert_int_equal(finding->severity, SEVERITY_HIGH);
        assert_ptr_equal(finding->rule, &rule);
}

/* The limit is the account's, over all of its files. */
static void test_max_keys_over_files(void **state) {
        CLEANUP(fixture_done) struct fixture fixture;
        const struct rule rule = CONDITIONS(.max_keys = 2);

        (void)state;
        fixture_init(&fixture, KEY "\n" KEY "\n", "\n" KEY "\n");
        assert_int_equal(policy_judge_keys(&rule, &fixture.keys, &fixture.findings), 0);
        assert_int_equal(fixture.findings.n_items, 1);
        assert_string_equal(fixture.findings.items[0].path, fixture.files[1].path);
        assert_int_equal(fixture.findings.items[0].line, 2);
}

static void test_bad_lines(void **state) {
        CLEANUP(fixture_done) struct fixture fixture;
        const struct findings *findings = &fixture.findings;

        (void)state;
        fixture_init(&fixture, file, "");
        assert_int_equal(policy_judge_key_lines(&fixture.keys, &fixture.findings), 0);
        assert_int_equal(findings->n_items, 3);
        assert_string_equal(findings->items[0].rule_id, "keys.unknown-type");
        assert_int_equal(findings->items[0].line, 4);
        assert_string_equal(findings->items[0].got,
                            "no release of OpenSSH knows this key type: ssh-foo");
        assert_string_equal(findings->items[1].rule_id, "keys.bad-line");
        assert_int_equal(findings->items[1].line, 5);
        assert_int_equal(findings->items[2].line, 6);
}

static void check_repair(const struct rule *rule, size_t i, const char *wanted) {
        CLEANUP(fixture_done) struct fixture fixture;
        bool *remove = NULL;
        char got[16] = { 0 };

        fixture_init(&fixture, file, "no-pty " KEY "\n" KEY "\n");
        assert_int_equal(policy_repair_keys(rule, &fixture.keys, i, &remove), 0);
        for (size_t j = 0; j < fixture.parsed[i].n_items; j++)
                got[j] = remove[j] ? 'x' : '.';
        free(remove);
        assert_string_equal(got, wanted);
}

static void test_repair(void **state) {
        const struct rule only = CONDITIONS(.only = WORDS(FINGERPRINT));
        const struct rule options = CONDITIONS(.requires_options = WORDS("no-pty"));
        const struct rule few = CONDITIONS(.max_keys = 5);
        const struct rule restricted_few =
                CONDITIONS(.max_keys = 2, .requires_options = WORDS("no-pty"));

        (void)state;
        check_repair(&only, 0, "..xx...");
        check_repair(&only, 1, "..");
        check_repair(&options, 0, "x.x...x");
        check_repair(&options, 1, ".x");
        check_repair(&few, 0, ".......");
        check_repair(&few, 1, ".x");
        check_repair(&restricted_few, 1, ".x");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_covers),
                cmocka_unit_test(test_conditions),
                cmocka_unit_test(test_rsa_bits),
                cmocka_unit_test(test_finding),
                cmocka_unit_test(test_max_keys_over_files),
                cmocka_unit_test(test_bad_lines),
                cmocka_unit_test(test_repair),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
