/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The profile `baseline` finds nothing on Debian as it is installed, and what it is for on one that
 * was tampered with. */
#include "cmocka_env.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "pam/stack.h"
#include "policy/judge_pam.h"
#include "policy/judge_sshd.h"
#include "policy/parse.h"

static const char stock_config[] = "Include /etc/ssh/sshd_config.d/*.conf\n"
                                   "KbdInteractiveAuthentication no\n"
                                   "UsePAM yes\n"
                                   "X11Forwarding yes\n"
                                   "PrintMotd no\n"
                                   "AcceptEnv LANG LC_*\n"
                                   "Subsystem sftp /usr/lib/openssh/sftp-server\n";

static struct {
        struct policy *policy;
        struct accounts accounts;
        struct findings findings;
        const char *dropin; /* text of the only one; NULL: there is none */
} world;

static int read_whole(const char *path, char **ret_data, size_t *ret_n) {
        char buffer[64 << 10];
        FILE *file = fopen(path, "r");
        size_t n;

        if (!file)
                return -errno;
        n = fread(buffer, 1, sizeof buffer, file);
        (void)fclose(file);
        assert_true(n < sizeof buffer);
        *ret_data = strndup(buffer, n);
        *ret_n = n;
        return *ret_data ? 0 : -ENOMEM;
}

static int read_profile(void *userdata, const char *name, struct policy_text *ret) {
        (void)userdata;
        ret->path = text_format("%s/conf/profiles/%s.conf", SSHGUARDD_SOURCE_DIR, name);
        return read_whole(ret->path, &ret->data, &ret->n);
}

static void load_policy(const char *release) {
        struct policy_sources sources = { .profile = read_profile };
        struct diagnostics diagnostics = { 0 };

        sources.main =
                (struct policy_text){ strdup("main"), strdup("extends = \"baseline\";"), 21 };
        assert_true(sshd_release_parse(release, &sources.release));
        if (policy_parse(&sources, &world.policy, &diagnostics) < 0)
                fail_msg("%u: %s", diagnostics.items[0].line, diagnostics.items[0].message);
        policy_text_done(&sources.main);
}

static int set_up(void **state) {
        static const char passwd[] = "root:x:0:0::/root:/bin/bash\n"
                                     "nobody:x:65534:65534::/nonexistent:/usr/sbin/nologin\n"
                                     "bob:x:1000:1000::/home/bob:/bin/bash\n";

        (void)state;
        memset(&world, 0, sizeof world);
        assert_int_equal(accounts_parse(passwd, strlen(passwd), NULL, 0, &world.accounts), 0);
        world.accounts.complete = true;
        return 0;
}

static int tear_down(void **state) {
        (void)state;
        policy_free(world.policy);
        findings_done(&world.findings);
        accounts_done(&world.accounts);
        return 0;
}

/* --- sshd ------------------------------------------------------------------------------------- */

static int glob_dropins(void *userdata, const char *pattern, char ***ret_paths, size_t *ret_n) {
        (void)userdata;
        *ret_paths = NULL;
        *ret_n = 0;
        if (!world.dropin || strcmp(pattern, "/etc/ssh/sshd_config.d/*.conf") != 0)
                return 0;
        return strings_append(ret_paths, ret_n, "/etc/ssh/sshd_config.d/a.conf");
}

static int read_config(void *userdata, const char *path, char **ret_data, size_t *ret_n) {
        const char *text = strcmp(path, "/etc/ssh/sshd_config") == 0 ? stock_config : world.dropin;

        (void)userdata;
        *ret_data = strdup(text);
        *ret_n = strlen(text);
        return *ret_data ? 0 : -ENOMEM;
}

static void judge_config(const char *release, const char *dropin) {
        const struct sshd_environment environment = { .glob = glob_dropins, .read = read_config };
        struct sshd_source source = { .path = "/etc/ssh/sshd_config",
                                      .cwd = "/",
                                      .accounts = &world.accounts };
        struct sshd_config *config = NULL;

        world.dropin = dropin;
        findings_truncate(&world.findings, 0);
        assert_true(sshd_release_parse(release, &source.release));
        assert_int_equal(sshd_config_load(&source, &environment, &config), 0);
        if (sshd_config_refusal(config))
                fail_msg("%s: %s", release, sshd_config_refusal(config)->message);
        for (size_t i = 0; i < world.policy->n_rules; i++)
                if (world.policy->rules[i].family == RULE_SSHD)
                        assert_int_equal(policy_judge_sshd(&world.policy->rules[i], config,
                                                           &world.accounts, &world.findings),
                                         0);
        sshd_config_free(config);
}

static void test_stock_sshd(void **state) {
        static const char *const releases[] = {
                "8.4", "9.2", "9.6", "9.8", "10.0", "10.3", "10.6"
        };

        (void)state;
        for (size_t i = 0; i < N_ELEMENTS(releases); i++) {
                policy_free(world.policy);
                world.policy = NULL;
                load_policy(releases[i]);
                judge_config(releases[i], NULL);
                if (world.findings.n_items > 0)
                        fail_msg("%s: %s: %s", releases[i], world.findings.items[0].rule_id,
                                 world.findings.items[0].message);
        }
}

/* One line in a drop-in, and the rule that it breaks. */
static void test_tampered_sshd(void **state) {
        static const struct {
                const char *dropin, *rule, *release;
        } cases[] = {
                { "PermitEmptyPasswords yes", "sshd.empty-passwords", "9.2" },
                { "Match Address *\nPermitEmptyPasswords yes", "sshd.empty-passwords", "9.2" },
                { "AuthenticationMethods none", "sshd.method-none", "9.2" },
                { "AuthenticationMethods publickey none", "sshd.method-none", "9.2" },
                { "HostbasedAuthentication yes", "sshd.hostbased", "9.2" },
                { "IgnoreRhosts no", "sshd.rhosts", "9.2" },
                { "PermitRootLogin=yes", "sshd.root-by-password", "9.2" },
                { "StrictModes no", "sshd.strict-modes", "9.2" },
                { "UsePAM no", "sshd.use-pam", "9.2" },
                { "PAMServiceName evil", "sshd.pam-service", "9.8" },
                { "AuthorizedKeysFile .ssh/authorized_keys /dev/shm/%u", "sshd.keys-file", "9.2" },
                { "AuthorizedKeysFile .ssh/../../dev/shm/k", "sshd.keys-file", "9.2" },
                { "AuthorizedKeysCommand /bin/echo ssh-ed25519 AAAA\nAuthorizedKeysCommandUser "
                  "root",
                  "sshd.keys-command", "9.2" },
                { "AuthorizedPrincipalsCommand /bin/echo root\nAuthorizedPrincipalsCommandUser "
                  "root",
                  "sshd.principals-command", "9.2" },
                { "PermitUserEnvironment yes", "sshd.user-environment", "9.2" },
                { "PermitUserEnvironment LD_*", "sshd.user-environment", "9.2" },
                { "PermitUserEnvironment No", "sshd.user-environment", "9.2" },
                { "SetEnv A=B LD_PRELOAD=/tmp/x.so", "sshd.set-env", "9.2" },
                { "SetEnv BASH_ENV=/tmp/x", "sshd.set-env", "9.2" },
                { "AcceptEnv LD_PRELOAD", "sshd.accept-env", "9.2" },
                { "AcceptEnv *", "sshd.accept-env", "9.2" },
                { "AcceptEnv L?_*", "sshd.accept-env", "9.2" },
                { "Subsystem evil /tmp/evil", "sshd.subsystem", "9.2" },
                { "SshdSessionPath /tmp/evil", "sshd.session-path", "9.8" },
                { "SshdAuthPath /tmp/evil", "sshd.auth-path", "10.0" },
                { "SecurityKeyProvider /tmp/evil.so", "sshd.security-key-provider", "9.2" },
                { "HostKeyAgent /tmp/agent", "sshd.host-key-agent", "9.2" },
                { "LogLevel QUIET", "sshd.log-level", "9.2" },
                { "Match User bob\nLogLevel FATAL", "sshd.log-level", "9.2" },
                { "ModuliFile /tmp/moduli", "sshd.moduli", "9.2" },
        };

        (void)state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                policy_free(world.policy);
                world.policy = NULL;
                load_policy(cases[i].release);
                judge_config(cases[i].release, cases[i].dropin);
                if (world.findings.n_items != 1 ||
                    strcmp(world.findings.items[0].rule_id, cases[i].rule) != 0)
                        fail_msg("%s: %zu findings, the first of %s", cases[i].dropin,
                                 world.findings.n_items,
                                 world.findings.n_items ? world.findings.items[0].rule_id : "-");
        }
}

/* What administrators do, and no rule of this profile is about. */
static void test_choices(void **state) {
        static const char *const dropins[] = {
                "PasswordAuthentication no",
                "PasswordAuthentication yes\nKbdInteractiveAuthentication yes",
                "PermitRootLogin no",
                "PermitRootLogin forced-commands-only",
                "Match User root Address 10.0.0.0/8\nPermitRootLogin prohibit-password",
                "AuthenticationMethods publickey,keyboard-interactive publickey",
                "AuthorizedKeysFile .ssh/authorized_keys",
                "AuthorizedKeysFile /etc/ssh/authorized_keys/%u",
                "AuthorizedKeysCommand /usr/bin/userdbctl ssh-authorized-keys %u\n"
                "AuthorizedKeysCommandUser root",
                "AuthorizedKeysCommand /usr/bin/sss_ssh_authorizedkeys %u\n"
                "AuthorizedKeysCommandUser nobody",
                "TrustedUserCAKeys /etc/ssh/ca.pub",
                "AcceptEnv COLORTERM GIT_*",
                "SetEnv LANG=C",
                "LogLevel VERBOSE",
                "Port 2222\nMaxAuthTries 3\nLoginGraceTime 30\nAllowGroups ssh",
                "Match Group sftp\nForceCommand internal-sftp\nChrootDirectory /srv/%u",
        };

        (void)state;
        load_policy("9.2");
        for (size_t i = 0; i < N_ELEMENTS(dropins); i++) {
                judge_config("9.2", dropins[i]);
                if (world.findings.n_items > 0)
                        fail_msg("%s: %s", dropins[i], world.findings.items[0].message);
        }
}

/* --- pam -------------------------------------------------------------------------------------- */

struct stacks {
        const char *folder; /* of tests/data/pam */
        const char *extra;  /* a line after those of the service sshd */
};

static int read_stack(void *userdata, const char *path, char **ret_data, size_t *ret_n) {
        const struct stacks *stacks = userdata;
        CLEANUP_FREE char *full =
                text_format("%s/tests/data/pam/%s%s", SSHGUARDD_SOURCE_DIR, stacks->folder, path);
        int r = read_whole(full, ret_data, ret_n);

        if (r == 0 && stacks->extra && strcmp(path, "/etc/pam.d/sshd") == 0) {
                char *longer = text_format("%s\n%s\n", *ret_data, stacks->extra);

                free(*ret_data);
                *ret_data = longer;
                *ret_n = strlen(longer);
        }
        return r;
}

static bool is_etc(void *userdata, const char *path) {
        (void)userdata;
        return strcmp(path, "/etc/pam.d") == 0;
}

static void judge_service(const char *name, struct stacks *stacks, const char *version) {
        const struct pam_environment environment = { .userdata = stacks,
                                                     .read = read_stack,
                                                     .is_directory = is_etc };
        struct pam_service *service = NULL;
        struct pam_release release;

        assert_true(pam_release_parse(version, &release));
        assert_int_equal(pam_service_load(name, &environment, &release, &service), 0);
        assert_int_equal(service->start, PAM_START_OK);
        for (size_t i = 0; i < world.policy->n_rules; i++)
                if (world.policy->rules[i].family == RULE_PAM &&
                    policy_pam_rule_covers(&world.policy->rules[i], name))
                        assert_int_equal(
                                policy_judge_pam(&world.policy->rules[i], service, &world.findings),
                                0);
        pam_service_free(service);
}

static void test_stock_pam(void **state) {
        static const struct {
                const char *folder, *version;
        } releases[] = { { "bullseye", "1.4.0-9+deb11u1" },
                         { "bookworm", "1.5.2-6+deb12u2" },
                         { "trixie", "1.7.0-5" },
                         { "sid", "1.7.0-8" } };
        static const char *const services[] = { "sshd", "login", "sudo", "cron", "su", "passwd" };

        (void)state;
        load_policy("9.2");
        for (size_t i = 0; i < N_ELEMENTS(releases); i++) {
                struct stacks stacks = { .folder = releases[i].folder };

                for (size_t k = 0; k < N_ELEMENTS(services); k++)
                        judge_service(services[k], &stacks, releases[i].version);
                if (world.findings.n_items > 0)
                        fail_msg("%s: %s: %s", releases[i].folder, world.findings.items[0].rule_id,
                                 world.findings.items[0].message);
        }
}

static void test_tampered_pam(void **state) {
        static const struct {
                const char *line, *rule;
        } cases[] = {
                { "auth sufficient /tmp/evil.so", "pam.system-modules" },
                { "session optional pam_exec.so /tmp/x", "pam.sshd.no-exec" },
                { "-auth optional pam_script.so", "pam.sshd.no-exec" },
        };

        (void)state;
        load_policy("9.2");
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                struct stacks stacks = { .folder = "bookworm", .extra = cases[i].line };

                findings_truncate(&world.findings, 0);
                judge_service("sshd", &stacks, "1.5.2-6+deb12u2");
                if (world.findings.n_items != 1 ||
                    strcmp(world.findings.items[0].rule_id, cases[i].rule) != 0)
                        fail_msg("%s: %zu findings, the first of %s", cases[i].line,
                                 world.findings.n_items,
                                 world.findings.n_items ? world.findings.items[0].rule_id : "-");
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_stock_sshd, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_tampered_sshd, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_choices, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_stock_pam, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_tampered_pam, set_up, tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
