/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "policy/judge_file.h"

static struct account bob = { .name = "bob", .home = "/home/bob" };

static int id_of(void *userdata, const char *name, uint32_t *ret) {
        (void)userdata;
        if (strcmp(name, "root") == 0)
                *ret = 0;
        else if (strcmp(name, "shadow") == 0)
                *ret = 42;
        else
                return strcmp(name, "broken") == 0 ? -EIO : -ENOENT;
        return 0;
}

static struct rule file_rule(char *path) {
        return (struct rule){ .id = "file.x",
                              .family = RULE_FILE,
                              .severity = SEVERITY_HIGH,
                              .file_rule = { .path = path, .mode_at_most = -1 } };
}

static struct file_metadata regular(uint32_t mode) {
        return (struct file_metadata){ .kind = FILE_REGULAR, .mode = mode };
}

/* "SETTING|WANT|GOT|MESSAGE" per finding, ";" between them. */
static char *judge(const struct rule *rule, const struct file_metadata *metadata,
                   const struct file_metadata *approved) {
        const struct judged_file file = { .path = "/etc/ssh/a b",
                                          .metadata = metadata,
                                          .approved = approved,
                                          .owner_name = metadata->uid == 0 ? "root" : NULL,
                                          .group_name = "staff",
                                          .uid_of = id_of,
                                          .gid_of = id_of };
        struct findings findings = { 0 };
        struct text text = { 0 };

        assert_int_equal(policy_judge_file(rule, &file, &findings), 0);
        for (size_t i = 0; i < findings.n_items; i++) {
                const struct finding *finding = &findings.items[i];

                assert_string_equal(finding->path, "/etc/ssh/a b");
                assert_string_equal(finding->witness, "stat '/etc/ssh/a b'");
                assert_int_equal(finding->severity, SEVERITY_HIGH);
                (void)text_appendf(&text, "%s%s|%s|%s|%s", i == 0 ? "" : ";", finding->setting,
                                   finding->want, finding->got, finding->message);
        }
        findings_done(&findings);
        return text_take(&text);
}

static void assert_judged(const struct rule *rule, const struct file_metadata *metadata,
                          const char *expected) {
        char *text = judge(rule, metadata, NULL);

        assert_non_null(text);
        assert_string_equal(text, expected);
        free(text);
}

static void test_owner_group_mode(void **state) {
        struct rule rule = file_rule("/etc/ssh/a b");
        struct file_metadata metadata = regular(0644);

        (void)state;
        rule.file_rule.owner = "root";
        rule.file_rule.group = "0";
        rule.file_rule.mode_at_most = 0644;
        assert_judged(&rule, &metadata, "");
        metadata.mode = 0600;
        assert_judged(&rule, &metadata, "");
        metadata.mode = 0000;
        assert_judged(&rule, &metadata, "");
        metadata.mode = 0606;
        assert_judged(&rule, &metadata,
                      "mode|at most 0644|0606|its mode 0606 grants more than 0644");
        metadata.mode = 04644;
        assert_judged(&rule, &metadata,
                      "mode|at most 0644|4644|its mode 4644 grants more than 0644");
        metadata.mode = 0644;
        metadata.uid = 1000;
        metadata.gid = 50;
        assert_judged(&rule, &metadata,
                      "owner|root|1000|its owner is 1000, not root;"
                      "group|0|staff|its group is staff, not 0");
        rule.file_rule.owner = "nosuch";
        rule.file_rule.group = "50";
        assert_judged(&rule, &metadata,
                      "owner|nosuch|1000|its owner is 1000, not nosuch, which does not exist here");
        /* the account's own name is meant only where there is an account */
        rule.file_rule.owner = "%u";
        assert_judged(&rule, &metadata,
                      "owner|%u|1000|its owner is 1000, not %u, which does not exist here");
        /* a number is an id even if it is too large for one: then it is nobody's */
        rule.file_rule.owner = "4294967295";
        assert_judged(&rule, &metadata,
                      "owner|4294967295|1000|its owner is 1000, not 4294967295, which does not "
                      "exist here");
}

static void test_kinds(void **state) {
        struct rule rule = file_rule("/etc/ssh/a b");
        struct rule directory = file_rule("/etc/ssh/");
        static const struct {
                struct file_metadata metadata;
                const char *as_file;
        } cases[] = {
                { { .kind = FILE_ABSENT }, "" },
                { { .kind = FILE_REGULAR }, "" },
                { { .kind = FILE_FIFO },
                  "kind|a regular file|a FIFO|it is a FIFO where a regular file belongs" },
                { { .kind = FILE_DIRECTORY },
                  "kind|a regular file|a directory|it is a directory where a regular file "
                  "belongs" },
                { { .kind = FILE_CHARACTER_DEVICE },
                  "kind|a regular file|a character device|it is a character device where a regular "
                  "file belongs" },
                { { .kind = FILE_SYMLINK, .link_target = "/nowhere" },
                  "kind|a regular file|a symbolic link to /nowhere|it is a symbolic link to "
                  "/nowhere where a regular file belongs" },
                { { .kind = FILE_UNREADABLE, .error = ELOOP },
                  "kind|a regular file|unreadable (a symbolic link on the way)|it is unreadable (a "
                  "symbolic link on the way) where a regular file belongs" },
                { { .kind = FILE_UNREADABLE, .error = 12345 },
                  "kind|a regular file|unreadable (error 12345)|it is unreadable (error 12345) "
                  "where a regular file belongs" },
                { { .kind = FILE_REGULAR, .is_oversize = true, .size = 52428800 },
                  "size|a size that can be read whole|52428800 bytes|it is larger than any such "
                  "file: 52428800 bytes" },
        };

        (void)state;
        rule.file_rule.owner = "0";
        directory.file_rule.mode_at_most = 0755;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
                assert_judged(&rule, &cases[i].metadata, cases[i].as_file);
        assert_judged(&directory, &cases[3].metadata, "");
        assert_judged(&directory, &cases[1].metadata,
                      "kind|a directory|a regular file|it is a regular file where a directory "
                      "belongs");
}

static void test_absent(void **state) {
        struct rule rule = file_rule("/etc/ssh/sshrc");
        struct file_metadata metadata = regular(0644);

        (void)state;
        rule.file_rule.absent = true;
        assert_judged(&rule, &metadata,
                      "kind|absent|a regular file|it must not exist, but is a regular file");
        metadata.kind = FILE_SYMLINK;
        assert_judged(&rule, &metadata,
                      "kind|absent|a symbolic link|it must not exist, but is a symbolic link");
        metadata.kind = FILE_ABSENT;
        assert_judged(&rule, &metadata, "");
}

static void test_approved(void **state) {
        struct rule rule = file_rule("/etc/ssh/sshd_config");
        struct file_metadata metadata = regular(0644), approved = regular(0600);
        char *text;

        (void)state;
        rule.file_rule.approved_only = true;
        assert_judged(&rule, &metadata, ""); /* nothing approved yet: adoption decides */
        approved.uid = 7;
        text = judge(&rule, &metadata, &approved);
        assert_string_equal(text, "approved|the approved version|mode, owner changed|it is not the "
                                  "approved version: mode, owner changed");
        free(text);
        metadata.kind = FILE_ABSENT;
        text = judge(&rule, &metadata, &approved);
        assert_non_null(strstr(text, "kind"));
        free(text);
        text = judge(&rule, &approved, &approved);
        assert_string_equal(text, "");
        free(text);
}

static void test_error_leaves_no_finding(void **state) {
        struct rule rule = file_rule("/x");
        struct file_metadata metadata = { .kind = FILE_REGULAR, .mode = 0777, .uid = 5 };
        struct judged_file file = {
                .path = "/x", .metadata = &metadata, .uid_of = id_of, .gid_of = id_of
        };
        struct findings findings = { 0 };

        (void)state;
        rule.file_rule.owner = "root";
        rule.file_rule.group = "broken";
        assert_int_equal(policy_judge_file(&rule, &file, &findings), -EIO);
        assert_int_equal(findings.n_items, 0);
        findings_done(&findings);
}

static void test_covers(void **state) {
        struct account odd = { .name = "o*d", .home = "/srv/a*b/" };
        struct account rooted = { .name = "sys", .home = "/" };
        const struct {
                char *pattern;
                const struct account *account;
                const char *path;
                bool covers;
        } cases[] = {
                { "/etc/ssh/sshd_config", NULL, "/etc/ssh/sshd_config", true },
                { "/etc/ssh/sshd_config", NULL, "/etc/ssh/sshd_configs", false },
                { "/etc/ssh/sshd_config.d/*.conf", NULL, "/etc/ssh/sshd_config.d/a.conf", true },
                { "/etc/ssh/sshd_config.d/*.conf", NULL, "/etc/ssh/sshd_config.d/.conf", false },
                { "/etc/ssh/sshd_config.d/*.conf", NULL, "/etc/ssh/sshd_config.d/d/a.conf", false },
                { "/etc/ssh/ssh_host_*_key", NULL, "/etc/ssh/ssh_host_a_key_b_key", true },
                { "/etc/ssh/ssh_host_*_key", NULL, "/etc/ssh/ssh_host_rsa_key.pub", false },
                { "/etc/x?", NULL, "/etc/xy", true },
                { "/etc/x?", NULL, "/etc/x", false },
                { "/etc/?hidden", NULL, "/etc/.hidden", false },
                { "/etc/.*", NULL, "/etc/.hidden", true },
                { "/etc/ssh/", NULL, "/etc/ssh", true },
                { "~/.ssh/rc", &bob, "/home/bob/.ssh/rc", true },
                { "~/.ssh/rc", NULL, "/home/bob/.ssh/rc", false },
                { "~/.ssh/", &bob, "/home/bob/.ssh", true },
                { "~", &bob, "/home/bob", true },
                { "~/", &rooted, "/", true },
                { "~/.ssh/rc", &rooted, "/.ssh/rc", true },
                { "/var/keys/%u", &bob, "/var/keys/bob", true },
                { "/var/keys/%u", NULL, "/var/keys/bob", false },
                { "/var/100%%", NULL, "/var/100%", true },
                { "~/*", &odd, "/srv/a*b/x", true },
                { "~/*", &odd, "/srv/aXb/x", false },
                { "/var/keys/%u", &odd, "/var/keys/o*d", true },
                { "/var/keys/%u", &odd, "/var/keys/oXd", false },
        };

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                struct rule rule = file_rule(cases[i].pattern);

                if (policy_file_rule_covers(&rule, cases[i].account, cases[i].path) !=
                    cases[i].covers)
                        fail_msg("%s, %s", cases[i].pattern, cases[i].path);
        }
}

static void test_glob_and_users(void **state) {
        struct account odd = { .name = "o", .home = "/srv/a[b" };
        struct rule per_user = file_rule("~/.ssh/"), fixed = file_rule("/etc/100%%u");
        char *pattern = NULL;

        (void)state;
        assert_int_equal(policy_file_rule_glob(&per_user, &odd, &pattern), 0);
        assert_string_equal(pattern, "/srv/a\\[b/.ssh");
        free(pattern);
        assert_int_equal(policy_file_rule_glob(&per_user, NULL, &pattern), -ENOENT);
        assert_true(policy_file_rule_is_per_user(&per_user));
        assert_true(policy_file_rule_wants_directory(&per_user));
        assert_false(policy_file_rule_is_per_user(&fixed));
        assert_false(policy_file_rule_wants_directory(&fixed));
        fixed = file_rule("/keys/%u");
        assert_true(policy_file_rule_is_per_user(&fixed));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_owner_group_mode),
                cmocka_unit_test(test_kinds),
                cmocka_unit_test(test_absent),
                cmocka_unit_test(test_approved),
                cmocka_unit_test(test_error_leaves_no_finding),
                cmocka_unit_test(test_covers),
                cmocka_unit_test(test_glob_and_users),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
