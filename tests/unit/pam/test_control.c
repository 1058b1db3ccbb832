/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <string.h>

#include "pam/control.h"

static void test_words(void **state) {
        static const struct {
                const char *line;
                const char *words[6];
        } cases[] = {
                { "auth required x", { "auth", "required", "x" } },
                { "  a\t b \n", { "a", "b" } },
                { "", { NULL } },
                { " \t\n", { NULL } },
                { "[a b] c", { "a b", "c" } },
                { "[a\\] b]c", { "a] b", "c" } },
                { "[a b", { "a b" } },
                { "[", { "" } },
                { "[]x", { "", "x" } },
                { "a[b c]", { "a[b", "c]" } },
                { "[a][b]", { "a", "b" } },
                { "\\] b", { "\\]", "b" } },
                { "a \r", { "a", "\r" } },
        };

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                char line[64];
                char *rest = strcpy(line, cases[i].line), *word;
                size_t n = 0;

                while ((word = pam_word_next(&rest)))
                        assert_string_equal(word, cases[i].words[n++]);
                assert_null(cases[i].words[n]);
                assert_null(pam_word_next(&rest));
        }
}

static void test_keywords(void **state) {
        static const struct {
                const char *word;
                enum pam_control_kind kind;
                int success, new_authtok, ignore, other;
        } cases[] = {
                { "required", PAM_CONTROL_RULE, -1, -1, 0, -3 },
                { "Requisite", PAM_CONTROL_RULE, -1, -1, 0, -4 },
                { "SUFFICIENT", PAM_CONTROL_RULE, -2, -2, 0, 0 },
                { "optional", PAM_CONTROL_RULE, -1, -1, 0, 0 },
                { "include", PAM_CONTROL_INCLUDE, -6, -6, -6, -6 },
                { "subStack", PAM_CONTROL_SUBSTACK, -6, -6, -6, -6 },
        };
        struct pam_release release;
        int actions[N_PAM_CODES];
        const char *reason;

        (void)state;
        assert_true(pam_release_parse("1.5.2", &release));
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                assert_int_equal(pam_control_parse(&release, cases[i].word, actions, &reason),
                                 cases[i].kind);
                assert_null(reason);
                for (int code = 0; code < N_PAM_CODES; code++)
                        assert_int_equal(actions[code], code == PAM_CODE_SUCCESS ? cases[i].success
                                                        : code == PAM_CODE_NEW_AUTHTOK_REQD
                                                                ? cases[i].new_authtok
                                                        : code == PAM_CODE_IGNORE ? cases[i].ignore
                                                                                  : cases[i].other);
        }
}

static void test_lists(void **state) {
        static const struct {
                const char *word;
                int success, auth_err; /* 100: the list is bad */
        } cases[] = {
                { "success=ok", -1, -3 },
                { "success=ok default=ignore", -1, 0 },
                { "default=ignore success=ok", -1, 0 },
                { "success=okdefault=ignore", -1, 0 },
                { "success = done  default =die ", -2, -4 },
                { "default=reset default=ok", -5, -5 },
                { "success=ok success=2", 2, -3 },
                { "success=01", 1, -3 },
                { "success=1\v", 1, -3 },
                { "auth_err=1000000 default=bad", -3, 1000000 },
                { "", -3, -3 },
                { "success=0", 100, 100 },
                { "success=-1", 100, 100 },
                { "success=1x", 100, 100 },
                { "success=OK", 100, 100 },
                { "Success=ok", 100, 100 },
                { "success", 100, 100 },
                { "success ok", 100, 100 },
                { "success=", 100, 100 },
                { "success= ", 100, 100 },
                { "success=ok,default=bad", 100, 100 },
                { "binding", 100, 100 },
                { "authtok_recovery_err=ok", 100, 100 },
        };
        struct pam_release release;
        int actions[N_PAM_CODES];
        const char *reason;

        (void)state;
        assert_true(pam_release_parse("1.7.0", &release));
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                bool is_bad = cases[i].success == 100;

                assert_int_equal(pam_control_parse(&release, cases[i].word, actions, &reason),
                                 PAM_CONTROL_RULE);
                assert_int_equal(reason != NULL, is_bad);
                assert_int_equal(actions[0], is_bad ? PAM_ACTION_BAD : cases[i].success);
                assert_int_equal(actions[PAM_CODE_AUTH_ERR],
                                 is_bad ? PAM_ACTION_BAD : cases[i].auth_err);
        }
}

/* Until 1.5.3 the number wraps, and may come to mean an action. */
static void test_jump_numbers(void **state) {
        static const struct {
                const char *word;
                int old, new; /* 100: the list is bad */
        } cases[] = {
                { "success=2147483647", 2147483647, 2147483647 },
                { "success=4294967297", 1, 100 },
                { "success=4294967295", PAM_ACTION_OK, 100 },
                { "success=2147483648", -2147483647 - 1, 100 },
                { "success=4294967296", 100, 100 },
                { "success=4294967290", PAM_ACTION_BAD, 100 },
        };
        struct pam_release old, new;
        int actions[N_PAM_CODES];
        const char *reason;

        (void)state;
        assert_true(pam_release_parse("1.5.2", &old));
        assert_true(pam_release_parse("1.7.0", &new));
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                (void)pam_control_parse(&old, cases[i].word, actions, &reason);
                assert_int_equal(actions[0], cases[i].old == 100 ? PAM_ACTION_BAD : cases[i].old);
                (void)pam_control_parse(&new, cases[i].word, actions, &reason);
                assert_int_equal(actions[0], cases[i].new == 100 ? PAM_ACTION_BAD : cases[i].new);
        }
}

static void test_action_names(void **state) {
        (void)state;
        assert_string_equal(pam_action_name(PAM_ACTION_RESET), "reset");
        assert_string_equal(pam_action_name(PAM_ACTION_IGNORE), "ignore");
        assert_null(pam_action_name(1));
        assert_null(pam_action_name(PAM_ACTION_UNSET));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_words),        cmocka_unit_test(test_keywords),
                cmocka_unit_test(test_lists),        cmocka_unit_test(test_jump_numbers),
                cmocka_unit_test(test_action_names),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
