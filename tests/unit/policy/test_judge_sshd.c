/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rules against configurations, parsed by the sshd room. */
#include "cmocka_env.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "policy/judge_sshd.h"
#include "policy/parse.h"
#include "sshd/config.h"

/* --- a tree of files -------------------------------------------------------------------------- */

static const char main_path[] = "/etc/ssh/sshd_config";
static const char dropin_path[] = "/etc/ssh/sshd_config.d/a.conf";

struct tree {
        const char *main, *dropin; /* DROPIN may be NULL */
};

static int tree_glob(void *userdata, const char *pattern, char ***ret_paths, size_t *ret_n) {
        const struct tree *tree = userdata;

        *ret_paths = NULL;
        *ret_n = 0;
        if (!tree->dropin || strcmp(pattern, "/etc/ssh/sshd_config.d/*.conf") != 0)
                return 0;
        return strings_append(ret_paths, ret_n, dropin_path);
}

static int tree_read(void *userdata, const char *path, char **ret_data, size_t *ret_n) {
        const struct tree *tree = userdata;
        const char *text = strcmp(path, main_path) == 0     ? tree->main
                           : strcmp(path, dropin_path) == 0 ? tree->dropin
                                                            : NULL;

        if (!text)
                return -ENOENT;
        *ret_data = strdup(text);
        *ret_n = strlen(text);
        return *ret_data ? 0 : -ENOMEM;
}

static const char passwd[] = "root:x:0:0::/root:/bin/bash\n"
                             "bob:x:1000:1000::/home/bob:/bin/bash\n"
                             "ftp:x:1001:1001::/srv/ftp:/usr/sbin/nologin\n";
static const char group[] = "root:x:0:\nbob:x:1000:\nftp:x:1001:\nstaff:x:50:bob\n";

struct world {
        struct tree tree;
        struct accounts accounts;
        struct sshd_config *config;
        struct policy *policy;
        struct findings findings;
};

static void load(struct world *world, const char *release, const char *const *overrides,
                 size_t n_overrides) {
        const struct sshd_environment environment = { .userdata = &world->tree,
                                                      .glob = tree_glob,
                                                      .read = tree_read };
        struct sshd_source source = { .path = main_path,
                                      .cwd = "/",
                                      .overrides = overrides,
                                      .n_overrides = n_overrides,
                                      .accounts = &world->accounts };

        assert_true(sshd_release_parse(release, &source.release));
        assert_int_equal(
                accounts_parse(passwd, strlen(passwd), group, strlen(group), &world->accounts), 0);
        world->accounts.complete = true;
        assert_int_equal(sshd_config_load(&source, &environment, &world->config), 0);
}

static void parse_rule(struct world *world, const char *rule) {
        char *text = text_format("rules = ( { id = \"x\"; severity = \"high\"; response = "
                                 "\"revert\"; %s } );",
                                 rule);
        struct policy_sources sources = { .main = { "policy", text, strlen(text) },
                                          .release = *sshd_config_release(world->config) };
        struct diagnostics diagnostics = { 0 };

        if (policy_parse(&sources, &world->policy, &diagnostics) < 0)
                fail_msg("%s: %s", text, diagnostics.items[0].message);
        free(text);
}

static void world_done(struct world *world) {
        findings_done(&world->findings);
        policy_free(world->policy);
        sshd_config_free(world->config);
        accounts_done(&world->accounts);
}

static void judge(struct world *world, const char *rule) {
        load(world, "9.2", NULL, 0);
        parse_rule(world, rule);
        assert_int_equal(policy_judge_sshd(&world->policy->rules[0], world->config,
                                           &world->accounts, &world->findings),
                         0);
}

/* --- values and lines ------------------------------------------------------------------------- */

#define INCLUDE "Include /etc/ssh/sshd_config.d/*.conf\n"

struct finding_case {
        struct tree tree;
        const char *rule;
        /* of each finding "PATH:LINE got", the path without its folder, ";" between */
        const char *expected;
};

static const struct finding_case cases[] = {
        { { .main = "PasswordAuthentication no\n" },
          "sshd = \"PasswordAuthentication\"; must = \"no\";",
          "" },
        { { .main = "\nPasswordAuthentication yes\n" },
          "sshd = \"PasswordAuthentication\"; must = \"no\";",
          "sshd_config:2 yes" },
        { { .main = "" }, "sshd = \"PasswordAuthentication\"; must = \"no\";", "-:0 yes" },
        { { .main = "" }, "sshd = \"PasswordAuthentication\"; unset = true;", "" },
        /* an element of a default list was written by no line */
        { { .main = "" },
          "sshd = \"MACs\"; none_match = \"umac-64@*\";",
          "-:0 umac-64@openssh.com" },
        { { .main = "PasswordAuthentication yes\n" },
          "sshd = \"PasswordAuthentication\"; unset = true;",
          "sshd_config:1 yes" },
        /* an included file wins over the main file */
        { { .main = INCLUDE "PasswordAuthentication no\n", "PasswordAuthentication yes\n" },
          "sshd = \"PasswordAuthentication\"; must = \"no\";",
          "a.conf:1 yes" },
        /* a Match block that some connection hits; the value for the others is all right */
        { { .main = "PasswordAuthentication no\nMatch Address *\nPasswordAuthentication yes\n" },
          "sshd = \"PasswordAuthentication\"; must = \"no\";",
          "sshd_config:3 yes" },
        { { .main = "PasswordAuthentication no\nMatch User root,!root\nPasswordAuthentication "
                    "yes\n" },
          "sshd = \"PasswordAuthentication\"; must = \"no\";",
          "" },
        { { .main = "Match User bob\nPasswordAuthentication no\nMatch all\nPasswordAuthentication "
                    "yes\n" },
          "sshd = \"PasswordAuthentication\"; must = \"no\";",
          "sshd_config:4 yes" },
        /* each line that wins for some connection is a finding of its own */
        { { .main = "MaxAuthTries 9\nMatch User bob\nMaxAuthTries 8\nMatch Group "
                    "staff\nMaxAuthTries 7\n"
                    "Match User ftp\nMaxAuthTries 7\n" },
          "sshd = \"MaxAuthTries\"; at_most = 6;",
          "sshd_config:1 9;sshd_config:3 8;sshd_config:7 7" },
        /* when: only some connections are asked about */
        { { .main = "PermitRootLogin yes\nMatch User root\nPermitRootLogin no\n" },
          "sshd = \"PermitRootLogin\"; must = \"no\"; when = { user = \"root\"; };",
          "" },
        { { .main = "X11Forwarding yes\nMatch Group staff\nX11Forwarding no\n" },
          "sshd = \"X11Forwarding\"; must = \"no\"; when = { group = \"staff\"; };",
          "" },
        { { .main = "X11Forwarding yes\nMatch Group staff\nX11Forwarding no\n" },
          "sshd = \"X11Forwarding\"; must = \"no\"; when = { shell = \"*/nologin\"; };",
          "sshd_config:1 yes" },
        { { .main = "PasswordAuthentication no\nMatch Address 10.0.0.0/8\nPasswordAuthentication "
                    "yes\n" },
          "sshd = \"PasswordAuthentication\"; must = \"no\"; when = { address = "
          "\"*,!10.0.0.0/8\"; };",
          "" },
        { { .main = "PasswordAuthentication no\nMatch LocalPort 2222\nPasswordAuthentication "
                    "yes\n" },
          "sshd = \"PasswordAuthentication\"; must = \"no\"; when = { lport = 22; };",
          "" },
        { { .main = "PasswordAuthentication no\nMatch LocalPort 2222\nPasswordAuthentication "
                    "yes\n" },
          "sshd = \"PasswordAuthentication\"; must = \"no\";",
          "sshd_config:3 yes" },
        /* gathered lists: the line that brought the bad element */
        { { .main = INCLUDE "AcceptEnv LANG LC_*\nAcceptEnv LD_PRELOAD A\n" },
          "sshd = \"AcceptEnv\"; none_match = \"LD_*\";",
          "sshd_config:3 LD_PRELOAD" },
        { { .main = INCLUDE "AcceptEnv LANG\n", "AcceptEnv *\n" },
          "sshd = \"AcceptEnv\"; none_match = \"LD_*\";",
          "a.conf:1 *" },
        { { .main = "AcceptEnv LANG LC_*\n" }, "sshd = \"AcceptEnv\"; none_match = \"LD_*\";", "" },
        { { .main = "SetEnv A=B LD_PRELOAD=/tmp/x\n" },
          "sshd = \"SetEnv\"; none_match = [ \"LD_*\", \"BASH_ENV*\" ];",
          "sshd_config:1 LD_PRELOAD=/tmp/x" },
        { { .main = "LoginGraceTime 0\n" },
          "sshd = \"LoginGraceTime\"; at_most = \"45s\";",
          "sshd_config:1 0" },
        { { .main = "LoginGraceTime 30\n" },
          "sshd = \"LoginGraceTime\"; at_least = \"1s\"; at_most = \"45s\";",
          "" },
        { { .main = "AuthenticationMethods publickey,password publickey\n" },
          "sshd = \"AuthenticationMethods\"; must = \"publickey\";",
          "" },
        { { .main = "AuthenticationMethods publickey,password password\n" },
          "sshd = \"AuthenticationMethods\"; must = \"publickey\";",
          "sshd_config:1 publickey,password password" },
        { { .main = "" }, "sshd = \"AuthenticationMethods\"; must = \"publickey\";", "-:0 any" },
        { { .main = "Ciphers aes128-ctr,aes256-ctr\n" },
          "sshd = \"Ciphers\"; must = \"aes256-ctr,aes128-ctr\";",
          "" },
        { { .main = "Ciphers +3des-cbc\n" },
          "sshd = \"Ciphers\"; none_match = \"*-cbc\";",
          "sshd_config:1 3des-cbc" },
        { { .main = "ChallengeResponseAuthentication yes\n" },
          "sshd = \"KbdInteractiveAuthentication\"; must = \"no\";",
          "sshd_config:1 yes" },
        { { .main = "PermitRootLogin prohibit-password\n" },
          "sshd = \"PermitRootLogin\"; one_of = [ \"prohibit-password\", \"no\" ];",
          "" },
        /* a keyword of another release says nothing here */
        { { .main = "" }, "sshd = \"SshdSessionPath\"; must = \"/x\";", "" },
        { { .main = "" }, "sshd = \"Protocol\"; must = \"2\";", "" },
};

static void test_cases(void **state) {
        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                struct world world = { .tree = cases[i].tree };
                CLEANUP(text_done) struct text text = { 0 };

                judge(&world, cases[i].rule);
                for (size_t k = 0; k < world.findings.n_items; k++) {
                        const struct finding *finding = &world.findings.items[k];
                        const char *path = finding->path ? strrchr(finding->path, '/') + 1 : "-";

                        (void)text_appendf(&text, "%s%s:%u %s", k ? ";" : "", path, finding->line,
                                           finding->got);
                        assert_non_null(finding->witness);
                        assert_int_equal(
                                strncmp(finding->witness, "sshd -T -C ", strlen("sshd -T -C ")), 0);
                }
                if (strcmp(text_get(&text), cases[i].expected) != 0)
                        fail_msg("%zu: %s: got \"%s\", not \"%s\"", i, cases[i].rule,
                                 text_get(&text), cases[i].expected);
                world_done(&world);
        }
}

/* --- the whole finding ------------------------------------------------------------------------ */

static void test_finding(void **state) {
        struct world world = { .tree = { .main = INCLUDE "PermitRootLogin no\n"
                                                         "Match User root\n"
                                                         "  PermitRootLogin yes\n",
                                         "PermitRootLogin forced-commands-only\n" } };
        const struct finding *finding;

        (void)state;
        judge(&world, "sshd = \"permitrootlogin\"; one_of = [ \"no\", \"forced-commands-only\" ];");
        assert_int_equal(world.findings.n_items, 1);
        finding = &world.findings.items[0];
        assert_ptr_equal(finding->rule, &world.policy->rules[0]);
        assert_string_equal(finding->rule_id, "x");
        assert_int_equal(finding->severity, SEVERITY_HIGH);
        assert_int_equal(finding->response, RESPONSE_REVERT);
        assert_string_equal(finding->path, main_path);
        assert_int_equal(finding->line, 4);
        assert_string_equal(finding->setting, "PermitRootLogin");
        assert_string_equal(finding->want, "one of no, forced-commands-only");
        assert_string_equal(finding->got, "yes");
        assert_string_equal(finding->message,
                            "PermitRootLogin is \"yes\"; wanted: one of no, forced-commands-only");
        assert_non_null(strstr(finding->witness, "user=root,"));
        assert_int_equal(finding->n_losers, 2);
        assert_string_equal(
                finding->losers[0],
                "/etc/ssh/sshd_config.d/a.conf:1: PermitRootLogin forced-commands-only");
        assert_string_equal(finding->losers[1], "/etc/ssh/sshd_config:2: PermitRootLogin no");
        world_done(&world);
}

static void test_default_and_override(void **state) {
        static const char *const overrides[] = { "PermitRootLogin=yes" };
        struct world world = { .tree = { .main = "" } };

        (void)state;
        judge(&world, "sshd = \"PermitRootLogin\"; must = \"no\";");
        assert_int_equal(world.findings.n_items, 1);
        assert_null(world.findings.items[0].path);
        assert_string_equal(world.findings.items[0].message,
                            "PermitRootLogin is at its default \"without-password\", as no line "
                            "sets it; wanted: no");
        world_done(&world);

        world = (struct world){ .tree = { .main = "PermitRootLogin no\n" } };
        load(&world, "9.2", overrides, 1);
        parse_rule(&world, "sshd = \"PermitRootLogin\"; must = \"no\";");
        assert_int_equal(policy_judge_sshd(&world.policy->rules[0], world.config, &world.accounts,
                                           &world.findings),
                         0);
        assert_int_equal(world.findings.n_items, 1);
        assert_string_equal(world.findings.items[0].path, "command-line");
        world_done(&world);
}

static void test_refusal(void **state) {
        struct world world = {
                .tree = { .main = "Port 22\nNoSuchKeyword x\nPermitRootLogin yes\n" }
        };
        const struct finding *finding;

        (void)state;
        /* no values are reported of a configuration that sshd does not take */
        judge(&world, "sshd = \"PermitRootLogin\"; must = \"no\";");
        assert_int_equal(world.findings.n_items, 0);
        assert_int_equal(policy_judge_sshd_refusal(world.config, &world.findings), 0);
        assert_int_equal(world.findings.n_items, 1);
        finding = &world.findings.items[0];
        assert_null(finding->rule);
        assert_string_equal(finding->rule_id, "sshd.refused");
        assert_int_equal(finding->severity, SEVERITY_CRITICAL);
        assert_string_equal(finding->path, main_path);
        assert_int_equal(finding->line, 2);
        assert_int_equal(strncmp(finding->message, "sshd would refuse this: ", 24), 0);
        world_done(&world);

        world = (struct world){ .tree = { .main = "Port 22\n" } };
        judge(&world, "sshd = \"Port\"; must = \"22\";");
        assert_int_equal(policy_judge_sshd_refusal(world.config, &world.findings), 0);
        assert_int_equal(world.findings.n_items, 0);
        world_done(&world);
}

static void test_applicable(void **state) {
        struct world world = { .tree = { .main = "" } };
        struct sshd_release newer, older;

        (void)state;
        load(&world, "9.2", NULL, 0);
        parse_rule(&world, "sshd = \"PAMServiceName\"; must = \"sshd\";");
        assert_true(sshd_release_parse("9.2", &older));
        assert_true(sshd_release_parse("9.8", &newer));
        assert_false(policy_rule_is_applicable(&world.policy->rules[0], &older));
        assert_true(policy_rule_is_applicable(&world.policy->rules[0], &newer));
        assert_true(policy_rule_is_applicable(&(struct rule){ .family = RULE_FILE }, &older));
        world_done(&world);
}

/* More Match blocks than can be gone through: that is said, and what was found stays. */
static void test_cannot_exclude(void **state) {
        CLEANUP(text_done) struct text text = { 0 };
        struct world world = { 0 };
        const struct finding *last;

        (void)state;
        (void)text_append(&text, "UseDNS yes\nAllowGroups a\n");
        for (int i = 0; i < 20; i++)
                (void)text_appendf(&text,
                                   "Match Address 10.%d.0.0/16\nAllowGroups a%d\n"
                                   "Match LocalAddress 10.%d.0.0/16\nAllowGroups l%d\n"
                                   "Match Host h%d\nAllowGroups h%d\n",
                                   i, i, i, i, i, i);
        world.tree.main = text.data;
        judge(&world, "sshd = \"AllowGroups\"; includes = \"z\";");
        assert_true(world.findings.n_items > 1);
        last = &world.findings.items[world.findings.n_items - 1];
        assert_int_equal(strncmp(last->message, "cannot exclude", 14), 0);
        assert_int_equal(last->response, RESPONSE_ALERT);
        assert_null(last->witness);
        world_done(&world);

        /* what is asked of each element needs no combinations */
        world = (struct world){ .tree.main = text.data };
        judge(&world, "sshd = \"AllowGroups\"; none_match = [ \"a\", \"h1\", \"l2\" ];");
        assert_int_equal(world.findings.n_items, 3);
        world_done(&world);
}

/* An account that is not in the list may be of any group. */
static void test_accounts_that_are_not_known(void **state) {
        struct world world = { .tree.main = "PasswordAuthentication no\nMatch Group admins\n"
                                            "PasswordAuthentication yes\n" };

        (void)state;
        judge(&world, "sshd = \"PasswordAuthentication\"; must = \"no\";");
        assert_int_equal(world.findings.n_items, 0);
        world.accounts.complete = false;
        assert_int_equal(policy_judge_sshd(&world.policy->rules[0], world.config, &world.accounts,
                                           &world.findings),
                         0);
        assert_int_equal(world.findings.n_items, 1);
        assert_string_equal(world.findings.items[0].got, "accounts that are not known");
        world_done(&world);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_cases),
                cmocka_unit_test(test_finding),
                cmocka_unit_test(test_default_and_override),
                cmocka_unit_test(test_refusal),
                cmocka_unit_test(test_applicable),
                cmocka_unit_test(test_cannot_exclude),
                cmocka_unit_test(test_accounts_that_are_not_known),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
