/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/text.h"
#include "policy/repair.h"
#include "words.h"

struct sshd_case {
        char *keyword;
        const char *values;
        const char *must, *one_of, *only_match, *none_match, *includes;
        char *at_most, *at_least;
        bool unset;
        const char *expected; /* "|" between; NULL: -ENOTSUP */
};

static const struct sshd_case sshd_cases[] = {
        { "passwordauthentication", "yes", .must = "no", .expected = "no" },
        { "permitrootlogin", "yes", .one_of = "no|without-password", .expected = "no" },
        { "maxauthtries", "6", .at_most = "3", .expected = "3" },
        { "maxauthtries", "1", .at_least = "2", .expected = "2" },
        { "logingracetime", "0", .at_least = "1", .at_most = "45", .expected = "45" },
        { "logingracetime", "120", .at_least = "1", .at_most = "45", .expected = "45" },
        { "maxauthtries", "1", .at_least = "2", .at_most = "6", .expected = "2" },
        /* no value says it, but the default does: the line has to go */
        { "loglevel", "QUIET", .none_match = "QUIET", .expected = "" },
        { "banner", "/x", .unset = true, .expected = "" },
        { "loglevel", "QUIET", .none_match = "QUIET|INFO" },
        { "nosuchkeyword", "x", .must = "y" },
        /* lists lose what is forbidden and gain what is missing */
        { "acceptenv", "LANG|LD_PRELOAD|LC_*", .none_match = "LD_*", .expected = "LANG|LC_*" },
        { "acceptenv", "LANG|*", .none_match = "LD_*", .expected = "LANG" },
        { "acceptenv", "*", .none_match = "LD_*", .expected = "" },
        { "setenv", "LD_PRELOAD=x", .none_match = "LD_*", .expected = "" },
        { "permitopen", "a:1", .only_match = "b:*|none", .expected = "none" },
        { "authorizedkeysfile", "/x", .only_match = "/y" },
        { "allowgroups", "a|b", .includes = "b|c", .expected = "a|b|c" },
        { "allowgroups", "a", .must = "b|c", .expected = "b|c" },
        { "ciphers", "aes128-ctr|3des-cbc", .only_match = "*-ctr", .expected = "aes128-ctr" },
        /* methods: what every alternative lacks comes before what it has */
        { "authenticationmethods", "any", .must = "publickey", .expected = "publickey" },
        { "authenticationmethods", "any", .must = "publickey|keyboard-interactive",
          .expected = "publickey,keyboard-interactive" },
        { "authenticationmethods", "password|publickey", .must = "publickey",
          .expected = "publickey,password|publickey" },
        { "authenticationmethods", "password password", .must = "publickey",
          .expected = "publickey,password" },
        { "authenticationmethods", "none", .none_match = "none" },
        { "authenticationmethods", "none", .must = "publickey", .none_match = "none" },
};

static char *repair(const struct sshd_case *c) {
        struct rule rule = { .id = "x",
                             .family = RULE_SSHD,
                             .sshd = { .keyword = c->keyword,
                                       .must = words(c->must),
                                       .one_of = words(c->one_of),
                                       .only_match = words(c->only_match),
                                       .none_match = words(c->none_match),
                                       .includes = words(c->includes),
                                       .at_most = c->at_most,
                                       .at_least = c->at_least,
                                       .unset = c->unset } };
        struct rule_words list = words(c->values);
        struct sshd_setting setting = { .keyword = c->keyword,
                                        .values = list.items,
                                        .n_values = list.n_items };
        struct sshd_release release;
        struct text text = { 0 };
        char **values = NULL;
        size_t n_values = 0;
        int r;

        assert_true(sshd_release_parse("9.2", &release));
        r = policy_repair_sshd(&rule, &release, &setting, &values, &n_values);
        for (size_t i = 0; i < n_values; i++)
                (void)text_appendf(&text, "%s%s", i ? "|" : "", values[i]);
        strings_free(values, n_values);
        rule_words_done(&list);
        rule_words_done(&rule.sshd.must);
        rule_words_done(&rule.sshd.one_of);
        rule_words_done(&rule.sshd.only_match);
        rule_words_done(&rule.sshd.none_match);
        rule_words_done(&rule.sshd.includes);
        if (r == 0)
                return text_take(&text);
        assert_int_equal(r, -ENOTSUP);
        assert_int_equal(n_values, 0);
        return NULL;
}

static void test_sshd(void **state) {
        (void)state;
        for (size_t i = 0; i < sizeof sshd_cases / sizeof sshd_cases[0]; i++) {
                char *actual = repair(&sshd_cases[i]);
                const char *expected = sshd_cases[i].expected;

                if (!actual != !expected || (actual && strcmp(actual, expected) != 0))
                        fail_msg("%zu: %s: got %s, not %s", i, sshd_cases[i].keyword, actual,
                                 expected);
                free(actual);
        }
}

static int id_of(void *userdata, const char *name, uint32_t *ret) {
        (void)userdata;
        if (strcmp(name, "root") != 0)
                return strcmp(name, "broken") == 0 ? -EIO : -ENOENT;
        *ret = 0;
        return 0;
}

static int repair_file(const struct rule_file *asked, const struct file_metadata *metadata,
                       const struct file_metadata *approved, struct file_repair *ret) {
        struct rule rule = { .id = "x", .family = RULE_FILE, .file_rule = *asked };
        struct judged_file file = { .path = "/x",
                                    .metadata = metadata,
                                    .approved = approved,
                                    .uid_of = id_of,
                                    .gid_of = id_of };

        *ret = (struct file_repair){ 0 };
        return policy_repair_file(&rule, &file, ret);
}

static void test_file(void **state) {
        const struct file_metadata open = {
                .kind = FILE_REGULAR, .mode = 0666, .uid = 5, .gid = 6
        };
        struct rule_file asked = {
                .path = "/x", .owner = "root", .group = "6", .mode_at_most = 0640
        };
        struct file_repair repair;

        (void)state;
        assert_int_equal(repair_file(&asked, &open, NULL, &repair), 0);
        assert_true(repair.set_owner);
        assert_int_equal(repair.uid, 0);
        assert_false(repair.set_group);
        assert_true(repair.set_mode);
        assert_int_equal(repair.mode, 0640);
        assert_false(repair.remove);
        /* bits are taken away, never given */
        asked = (struct rule_file){ .path = "/x", .mode_at_most = 0755 };
        assert_int_equal(repair_file(&asked, &open, NULL, &repair), 0);
        assert_int_equal(repair.mode, 0644);
        assert_false(repair.set_owner);
        asked = (struct rule_file){ .path = "/x", .owner = "nobody-at-all", .mode_at_most = -1 };
        assert_int_equal(repair_file(&asked, &open, NULL, &repair), -ENOTSUP);
        asked.owner = "%u";
        assert_int_equal(repair_file(&asked, &open, NULL, &repair), -ENOTSUP);
        assert_int_equal(
                policy_repair_file(
                        &(struct rule){ .family = RULE_FILE, .file_rule = asked },
                        &(struct judged_file){ .metadata = &open, .user = "root", .uid_of = id_of },
                        &repair),
                0);
        assert_true(repair.set_owner);
        assert_int_equal(repair.uid, 0);
        asked.owner = "broken";
        assert_int_equal(repair_file(&asked, &open, NULL, &repair), -EIO);
}

static void test_file_kinds(void **state) {
        const struct file_metadata regular = { .kind = FILE_REGULAR, .mode = 0644 };
        const struct file_metadata other = { .kind = FILE_REGULAR, .mode = 0600 };
        const struct file_metadata directory = { .kind = FILE_DIRECTORY, .mode = 0777 };
        const struct file_metadata fifo = { .kind = FILE_FIFO };
        const struct file_metadata absent = { .kind = FILE_ABSENT };
        struct rule_file asked = { .path = "/x", .absent = true, .mode_at_most = -1 };
        struct file_repair repair;

        (void)state;
        assert_int_equal(repair_file(&asked, &regular, NULL, &repair), 0);
        assert_true(repair.remove);
        assert_int_equal(repair_file(&asked, &fifo, NULL, &repair), 0);
        assert_true(repair.remove);
        assert_int_equal(repair_file(&asked, &absent, NULL, &repair), 0);
        assert_false(repair.remove);
        assert_int_equal(repair_file(&asked, &directory, NULL, &repair), -ENOTSUP);

        asked = (struct rule_file){ .path = "/x", .mode_at_most = 0755 };
        assert_int_equal(repair_file(&asked, &directory, NULL, &repair), -ENOTSUP);
        asked.path = "/x/";
        assert_int_equal(repair_file(&asked, &directory, NULL, &repair), 0);
        assert_int_equal(repair.mode, 0755);
        asked = (struct rule_file){ .path = "/x", .mode_at_most = 0644, .approved_only = true };
        assert_int_equal(repair_file(&asked, &regular, &other, &repair), -ENOTSUP);
        assert_int_equal(repair_file(&asked, &regular, &regular, &repair), 0);
        assert_false(repair.set_mode);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_sshd),
                cmocka_unit_test(test_file),
                cmocka_unit_test(test_file_kinds),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
