/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <stdlib.h>
#include <string.h>

#include "../../../daemon/policy/values.h"
#include "base/cleanup.h"
#include "base/pattern.h"
#include "words.h"

struct conditions {
        const char *must, *one_of, *only_match, *none_match, *includes;
        char *at_most, *at_least;
        bool unset;
};

/* What is wanted, and the offenders after " !". */
static char *judge(enum sshd_value_kind kind, char *keyword, const char *values,
                   const struct conditions *conditions) {
        struct rule_sshd rule = { .keyword = keyword,
                                  .must = words(conditions->must),
                                  .one_of = words(conditions->one_of),
                                  .only_match = words(conditions->only_match),
                                  .none_match = words(conditions->none_match),
                                  .includes = words(conditions->includes),
                                  .at_most = conditions->at_most,
                                  .at_least = conditions->at_least,
                                  .unset = conditions->unset };
        struct rule_words list = words(values);
        struct sshd_setting setting = { .keyword = keyword,
                                        .values = list.items,
                                        .n_values = list.n_items,
                                        .is_default = values == NULL };
        struct verdict verdict = { 0 };
        struct text text = { 0 };

        assert_int_equal(values_judge(&rule, kind, &setting, &verdict), 0);
        (void)text_append(&text, text_get(&verdict.want));
        for (size_t i = 0; i < verdict.n_offenders; i++)
                (void)text_appendf(&text, " !%s", verdict.offenders[i]);
        verdict_done(&verdict);
        rule_words_done(&list);
        rule_words_done(&rule.must);
        rule_words_done(&rule.one_of);
        rule_words_done(&rule.only_match);
        rule_words_done(&rule.none_match);
        rule_words_done(&rule.includes);
        return text_take(&text);
}

struct value_case {
        char *keyword;
        enum sshd_value_kind kind;
        const char *values; /* "|" between; NULL: at its default, which is no value */
        struct conditions conditions;
        const char *expected; /* "": it holds */
};

static void run(const struct value_case *cases, size_t n) {
        for (size_t i = 0; i < n; i++) {
                CLEANUP_FREE char *actual = judge(cases[i].kind, cases[i].keyword, cases[i].values,
                                                  &cases[i].conditions);

                if (!actual || strcmp(actual, cases[i].expected) != 0)
                        fail_msg("%zu: %s %s: got \"%s\", not \"%s\"", i, cases[i].keyword,
                                 cases[i].values, actual, cases[i].expected);
        }
}

#define RUN(cases) run(cases, sizeof(cases) / sizeof((cases)[0]))

static void test_words(void **state) {
        static const struct value_case cases[] = {
                { "passwordauthentication", SSHD_VALUE_WORD, "no", { .must = "no" }, "" },
                { "passwordauthentication", SSHD_VALUE_WORD, "yes", { .must = "no" }, "no" },
                { "permitrootlogin",
                  SSHD_VALUE_WORD,
                  "yes",
                  { .one_of = "no|without-password" },
                  "one of no, without-password" },
                { "permitrootlogin", SSHD_VALUE_WORD, "no", { .one_of = "yes|no" }, "" },
                { "loglevel",
                  SSHD_VALUE_WORD,
                  "QUIET",
                  { .none_match = "QUIET|FATAL" },
                  "none of QUIET, FATAL !QUIET" },
                { "loglevel", SSHD_VALUE_WORD, "INFO", { .none_match = "QUIET|FATAL" }, "" },
                { "loglevel",
                  SSHD_VALUE_WORD,
                  "DEBUG2",
                  { .only_match = "INFO|VERB*" },
                  "only INFO, VERB* !DEBUG2" },
                { "banner", SSHD_VALUE_TEXT, "/etc/issue", { .must = "none" }, "none" },
                { "banner", SSHD_VALUE_TEXT, NULL, { .must = "none" }, "none" },
                { "permituserenvironment",
                  SSHD_VALUE_WORD,
                  "L*",
                  { .none_match = "LD_*" },
                  "none of LD_* !L*" },
                { "x11forwarding",
                  SSHD_VALUE_WORD,
                  "yes",
                  { .must = "no", .one_of = "no" },
                  "no; one of no" },
        };

        (void)state;
        RUN(cases);
}

static void test_numbers(void **state) {
        static const struct value_case cases[] = {
                { "maxauthtries", SSHD_VALUE_NUMBER, "3", { .at_most = "3" }, "" },
                { "maxauthtries", SSHD_VALUE_NUMBER, "4", { .at_most = "3" }, "at most 3" },
                { "maxauthtries",
                  SSHD_VALUE_NUMBER,
                  "1",
                  { .at_least = "2", .at_most = "3" },
                  "at least 2" },
                { "maxauthtries", SSHD_VALUE_NUMBER, "6", { .must = "6" }, "" },
                /* 0 is no limit: above every bound, and below one all the same */
                { "logingracetime", SSHD_VALUE_NUMBER, "0", { .at_most = "45" }, "at most 45" },
                { "logingracetime",
                  SSHD_VALUE_NUMBER,
                  "0",
                  { .at_least = "1", .at_most = "45" },
                  "at least 1; at most 45" },
                { "logingracetime",
                  SSHD_VALUE_NUMBER,
                  "45",
                  { .at_least = "1", .at_most = "45" },
                  "" },
                { "unusedconnectiontimeout",
                  SSHD_VALUE_NUMBER,
                  "none",
                  { .at_most = "60" },
                  "at most 60" },
                { "unusedconnectiontimeout", SSHD_VALUE_NUMBER, "none", { .at_least = "60" }, "" },
                { "maxstartups",
                  SSHD_VALUE_TUPLE,
                  "10:30:100",
                  { .at_most = "10:30:60" },
                  "at most 10:30:60" },
                { "maxstartups", SSHD_VALUE_TUPLE, "10:30:60", { .at_most = "10:30:60" }, "" },
                { "maxstartups",
                  SSHD_VALUE_TUPLE,
                  "5:60:20",
                  { .at_least = "10:30:20" },
                  "at least 10:30:20" },
                { "maxstartups",
                  SSHD_VALUE_TUPLE,
                  "10",
                  { .at_most = "10:30:60" },
                  "at most 10:30:60" },
                { "maxstartups",
                  SSHD_VALUE_TUPLE,
                  "what",
                  { .at_most = "10:30:60" },
                  "at most 10:30:60" },
                { "maxauthtries", SSHD_VALUE_NUMBER, NULL, { .at_most = "3" }, "at most 3" },
        };

        (void)state;
        RUN(cases);
}

static void test_lists(void **state) {
        static const struct value_case cases[] = {
                { "allowgroups", SSHD_VALUE_LIST, "a|b", { .must = "b|a" }, "" },
                { "allowgroups", SSHD_VALUE_LIST, "a|b|c", { .must = "b|a" }, "b a" },
                { "allowgroups", SSHD_VALUE_LIST, NULL, { .must = "a" }, "a" },
                { "acceptenv", SSHD_VALUE_LIST, NULL, { .must = "" }, "" },
                { "acceptenv", SSHD_VALUE_LIST, "LANG", { .must = "" }, "(none)" },
                { "ipqos", SSHD_VALUE_LIST, "af21|cs1", { .must = "af21|cs1" }, "" },
                { "ipqos", SSHD_VALUE_LIST, "af21|cs1", { .must = "cs1|af21" }, "cs1 af21" },
                { "ipqos", SSHD_VALUE_LIST, "af21", { .must = "cs1|af21" }, "cs1 af21" },
                { "allowgroups", SSHD_VALUE_LIST, "a|b", { .includes = "b" }, "" },
                { "allowgroups", SSHD_VALUE_LIST, "a", { .includes = "a|b" }, "including a, b" },
                { "ciphers",
                  SSHD_VALUE_LIST,
                  "aes128-ctr|3des-cbc",
                  { .none_match = "*-cbc" },
                  "none of *-cbc !3des-cbc" },
                { "ciphers",
                  SSHD_VALUE_LIST,
                  "aes128-ctr|aes128-gcm@openssh.com",
                  { .only_match = "*-gcm@openssh.com" },
                  "only *-gcm@openssh.com !aes128-ctr" },
                { "setenv",
                  SSHD_VALUE_LIST,
                  "A=B|LD_PRELOAD=/x|BASH_ENV=y",
                  { .none_match = "LD_*|BASH_ENV*" },
                  "none of LD_*, BASH_ENV* !LD_PRELOAD=/x !BASH_ENV=y" },
                { "setenv", SSHD_VALUE_LIST, NULL, { .only_match = "" }, "" },
                { "setenv", SSHD_VALUE_LIST, "A=B", { .only_match = "" }, "only (none) !A=B" },
                /* elements that are patterns */
                { "acceptenv", SSHD_VALUE_LIST, "LANG|LC_*", { .none_match = "LD_*" }, "" },
                { "acceptenv",
                  SSHD_VALUE_LIST,
                  "LANG|*",
                  { .none_match = "LD_*" },
                  "none of LD_* !*" },
                { "acceptenv",
                  SSHD_VALUE_LIST,
                  "L?_*",
                  { .none_match = "LD_*" },
                  "none of LD_* !L?_*" },
                { "allowusers",
                  SSHD_VALUE_LIST,
                  "bob|r*",
                  { .none_match = "root|root@*" },
                  "none of root, root@* !r*" },
                { "acceptenv", SSHD_VALUE_LIST, "LC_*", { .only_match = "LANG|LC_*" }, "" },
                { "acceptenv",
                  SSHD_VALUE_LIST,
                  "L*",
                  { .only_match = "LANG|LC_*" },
                  "only LANG, LC_* !L*" },
        };

        (void)state;
        RUN(cases);
}

static void test_methods(void **state) {
        static const struct value_case cases[] = {
                { "authenticationmethods",
                  SSHD_VALUE_METHODS,
                  "any",
                  { .must = "publickey" },
                  "every alternative with publickey" },
                { "authenticationmethods",
                  SSHD_VALUE_METHODS,
                  "publickey",
                  { .must = "publickey" },
                  "" },
                { "authenticationmethods",
                  SSHD_VALUE_METHODS,
                  "publickey,password|publickey,keyboard-interactive:pam",
                  { .must = "publickey" },
                  "" },
                { "authenticationmethods",
                  SSHD_VALUE_METHODS,
                  "publickey,password|password",
                  { .must = "publickey" },
                  "every alternative with publickey" },
                /* one string with blanks, as sshd -T prints it, is the same */
                { "authenticationmethods",
                  SSHD_VALUE_METHODS,
                  "publickey,password password",
                  { .must = "publickey" },
                  "every alternative with publickey" },
                { "authenticationmethods",
                  SSHD_VALUE_METHODS,
                  "publickey,keyboard-interactive:pam",
                  { .must = "publickey|keyboard-interactive" },
                  "" },
                { "authenticationmethods",
                  SSHD_VALUE_METHODS,
                  "publickey,keyboard-interactive",
                  { .must = "keyboard-interactive:pam" },
                  "every alternative with keyboard-interactive:pam" },
                { "authenticationmethods",
                  SSHD_VALUE_METHODS,
                  "publickey,publickeyx",
                  { .must = "publickey|publickey" },
                  "every alternative with publickey,publickey" },
                { "authenticationmethods",
                  SSHD_VALUE_METHODS,
                  "publickey,publickey",
                  { .must = "publickey|publickey" },
                  "" },
                { "authenticationmethods",
                  SSHD_VALUE_METHODS,
                  "publickey|none",
                  { .none_match = "none" },
                  "none of none !none" },
                { "authenticationmethods",
                  SSHD_VALUE_METHODS,
                  "publickey,password",
                  { .only_match = "publickey" },
                  "only publickey !password" },
        };

        (void)state;
        RUN(cases);
}

static void test_unset(void **state) {
        static const struct value_case cases[] = {
                { "banner", SSHD_VALUE_TEXT, NULL, { .unset = true }, "" },
                { "banner", SSHD_VALUE_TEXT, "none", { .unset = true }, "left at its default" },
        };

        (void)state;
        RUN(cases);
}

/* Against brute force: all patterns of up to 4 letters, all strings of up to 4. */
static const char *nth_word(unsigned n, const char *letters, char buffer[8]) {
        unsigned base = (unsigned)strlen(letters), length = 0, count = 1;

        while (n >= count) {
                n -= count;
                count *= base;
                length++;
        }
        for (unsigned i = 0; i < length; i++) {
                buffer[i] = letters[n % base];
                n /= base;
        }
        buffer[length] = '\0';
        return buffer;
}

static void test_patterns_against_brute_force(void **state) {
        enum { N_PATTERNS = 1 + 4 + 16 + 64 + 256, N_STRINGS = 1 + 2 + 4 + 8 + 16 + 32 + 64 + 128 };
        static bool matches[N_PATTERNS][N_STRINGS];
        char a[8], b[8];

        (void)state;
        for (unsigned p = 0; p < N_PATTERNS; p++)
                for (unsigned s = 0; s < N_STRINGS; s++)
                        matches[p][s] = pattern_match(nth_word(s, "xy", a), nth_word(p, "xy*?", b));
        for (unsigned p = 0; p < N_PATTERNS; p++) {
                for (unsigned q = 0; q < N_PATTERNS; q++) {
                        bool overlap = false, within = true;

                        for (unsigned s = 0; s < N_STRINGS; s++) {
                                overlap |= matches[p][s] && matches[q][s];
                                within &= !matches[p][s] || matches[q][s];
                        }
                        nth_word(p, "xy*?", a);
                        nth_word(q, "xy*?", b);
                        if (values_patterns_overlap(a, b) != overlap)
                                fail_msg("overlap of %s and %s", a, b);
                        if (values_pattern_within(a, b) && !within)
                                fail_msg("%s within %s", a, b);
                        if (p == q && !values_pattern_within(a, b))
                                fail_msg("%s within itself", a);
                }
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_words), cmocka_unit_test(test_numbers),
                cmocka_unit_test(test_lists), cmocka_unit_test(test_methods),
                cmocka_unit_test(test_unset), cmocka_unit_test(test_patterns_against_brute_force),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
