/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include "base/cleanup.h"
#include "policy/generate.h"
#include "policy/parse.h"
#include "sshd/memory_tree.h"

static const char passwd_text[] = "root:x:0:0::/root:/bin/bash\n"
                                  "alice:x:1000:1000::/home/alice:/bin/bash\n";

static struct sshd_config *load(const char *text, const struct accounts *accounts) {
        const struct memory_file file = { "/etc/ssh/sshd_config", text };
        struct memory_tree tree = { &file, 1 };
        struct sshd_config *config;

        assert_int_equal(memory_load_as("9.2", &tree, accounts, &config), 0);
        assert_null(sshd_config_refusal(config));
        return config;
}

/* What is generated loads: as a fragment of policy.d, beside an empty sshguardd.conf. */
static void assert_loads(const char *generated, size_t n_rules) {
        struct policy_text fragment = { strdup("/etc/sshguardd/policy.d/site.conf"),
                                        strdup(generated), strlen(generated) };
        struct policy_sources sources = {
                .main = { strdup("/etc/sshguardd/sshguardd.conf"), strdup("mode = \"audit\";\n"),
                          16 },
                .fragments = &fragment,
                .n_fragments = 1,
        };
        struct diagnostics diagnostics = { 0 };
        struct policy *policy = NULL;

        assert_true(sshd_release_parse("9.2", &sources.release));
        if (policy_parse(&sources, &policy, &diagnostics) < 0)
                fail_msg("%s\n%s", diagnostics.items[0].message, generated);
        assert_int_equal(policy->n_rules, n_rules);
        policy_free(policy);
        diagnostics_done(&diagnostics);
        policy_text_done(&sources.main);
        policy_text_done(&fragment);
}

static char *generate(const char *config_text) {
        struct accounts accounts = { 0 };
        struct sshd_config *config, *defaults;
        struct text text = { 0 };

        assert_int_equal(accounts_parse(passwd_text, sizeof passwd_text - 1, "", 0, &accounts), 0);
        config = load(config_text, &accounts);
        defaults = load("", &accounts);
        assert_int_equal(policy_generate(config, defaults, &accounts, &text), 0);
        sshd_config_free(config);
        sshd_config_free(defaults);
        accounts_done(&accounts);
        return text_take(&text);
}

static void test_what_is_stricter_becomes_a_rule(void **state) {
        static const struct {
                const char *config;
                size_t n_rules;
                const char *contained; /* NULL: nothing in particular */
        } cases[] = {
                { "", 0, "rules = ();\n" },
                { "PasswordAuthentication yes\nMaxAuthTries 8\nX11Forwarding yes\n", 0, NULL },
                { "PasswordAuthentication no\n", 1,
                  "\n  // /etc/ssh/sshd_config:1: PasswordAuthentication no\n"
                  "  { id = \"site.password-authentication\";\n"
                  "    sshd = \"PasswordAuthentication\"; must = \"no\";\n"
                  "    response = \"alert\"; severity = \"critical\";\n" },
                { "PermitRootLogin no\n", 1, "must = \"no\"" },
                { "PermitRootLogin forced-commands-only\n", 1,
                  "one_of = [ \"no\", \"forced-commands-only\" ]" },
                { "PermitRootLogin prohibit-password\n", 0, NULL }, /* the default */
                { "PermitRootLogin yes\n", 0, NULL },
                { "MaxAuthTries 3\n", 1,
                  "id = \"site.max-auth-tries\";\n    sshd = \"MaxAuthTries\"; at_most = 3;" },
                { "LoginGraceTime 1m\n", 1, "at_most = 60;" },
                { "LoginGraceTime 0\n", 0, NULL }, /* without limit */
                { "RequiredRSASize 3072\n", 1, "id = \"site.required-rsa-size\"" },
                { "RequiredRSASize 512\n", 0, NULL },
                { "MACs hmac-sha2-512\n", 1,
                  "id = \"site.macs\";\n    sshd = \"MACs\"; only_match = \"hmac-sha2-512\";" },
                { "Ciphers +aes128-cbc\n", 0, NULL },
                { "AllowUsers alice root@10.0.0.*\n", 1,
                  "must = [ \"alice\", \"root@10.0.0.*\" ];" },
                { "AllowUsers \"a\\\\b\"\n", 1, "must = \"a\\\\b\";" },
                { "AuthenticationMethods publickey,password\n", 1,
                  "must = [ \"publickey\", \"password\" ];" },
                { "AuthenticationMethods publickey password\n", 0, NULL },
                { "PasswordAuthentication no\nMaxAuthTries 3\nAllowGroups sudo\n", 3, "" },
                /* a rule speaks of all connections */
                { "Match User alice\nPasswordAuthentication no\n", 0,
                  "// PasswordAuthentication differs between connections" },
                { "PasswordAuthentication no\nMatch User alice\nPasswordAuthentication yes\n", 0,
                  "differs" },
                { "MaxAuthTries 3\nMatch User alice\nMaxAuthTries 4\n", 1, "at_most = 4;" },
                { "AllowUsers alice\nMatch Address 10.0.0.0/8\nAllowUsers alice root\n", 0,
                  "differs" },
        };

        (void)state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                CLEANUP_FREE char *generated = generate(cases[i].config);

                if (cases[i].contained && !strstr(generated, cases[i].contained))
                        fail_msg("%s:\n%s", cases[i].config, generated);
                assert_loads(generated, cases[i].n_rules);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_what_is_stricter_becomes_a_rule),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
