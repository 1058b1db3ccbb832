/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../../../daemon/sshd/lexer.h"
#include "base/cleanup.h"
#include "base/text.h"

static const struct sshd_release old = { .number = 804, .flavour = SSHD_DEBIAN };
static const struct sshd_release new = { .number = 902, .flavour = SSHD_DEBIAN };

#define TEXT(text) text, sizeof text - 1

static void test_lines(void **state) {
        static const struct {
                const char *data;
                size_t n;
                const char *old, *new; /* lines, each followed by "$" */
        } cases[] = {
                { TEXT(""), "$", "$" },
                { TEXT("a"), "a$", "a$" },
                { TEXT("a\n"), "a$$", "a$$" },
                { TEXT(" \t\ra \n\n b"), "a $$b$", "a $$b$" },
                { TEXT("a\0x\nb\nc"), "ab$c$", "ab$c$" },
                { TEXT("a\0"), "a$", "a$" },
                { TEXT("a#b\nc"), "a$c$", "a#b$c$" },
                { TEXT("# x\0\nb"), "$b$", "# xb$" },
                { TEXT("a #"), "a $$", "a #$" },
                { TEXT("a\r\n"), "a\r$$", "a\r$$" },
        };

        (void)state;
        for (size_t i = 0; i < 2 * N_ELEMENTS(cases); i++) {
                const char *expected = i % 2 ? cases[i / 2].new : cases[i / 2].old;
                CLEANUP(text_done) struct text lines = { 0 };
                struct lexer lexer;
                struct lexer_line line;
                unsigned count = 0;

                lexer_init(&lexer, cases[i / 2].data, cases[i / 2].n, i % 2 ? &new : &old);
                while (lexer_next(&lexer, &line) == 1) {
                        assert_int_equal(line.line, ++count);
                        assert_true(line.end <= cases[i / 2].n && line.begin <= line.end);
                        (void)text_appendf(&lines, "%s$", line.text);
                        free(line.text);
                }
                assert_string_equal(text_get(&lines), expected);
        }
}

static void test_delimit(void **state) {
        static const struct {
                const char *text;
                bool words_only;
                const char *token, *rest; /* NULL: none */
        } cases[] = {
                { "a b", false, "a", "b" },        { "a = b", false, "a", "b" },
                { "a=b=c", false, "a", "b=c" },    { "a == b", false, "a", "= b" },
                { "=a b", false, "", "a b" },      { "a", false, "a", NULL },
                { "\"a b\"c", false, "a b", "c" }, { "a\"b\" c", false, "ab", "c" },
                { "\"a b", false, NULL, NULL },    { "A=b c", true, "A=b", "c" },
        };

        (void)state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                CLEANUP_FREE char *text = strdup(cases[i].text);
                char *rest = text, *token = lexer_delimit(&rest, cases[i].words_only);

                if (cases[i].token)
                        assert_string_equal(token, cases[i].token);
                else
                        assert_null(token);
                if (cases[i].rest)
                        assert_string_equal(rest, cases[i].rest);
                else
                        assert_null(rest);
        }
}

static void test_arguments(void **state) {
        static const struct {
                const char *text, *old, *new; /* words, each followed by "$"; NULL: refused */
        } cases[] = {
                { "a b", "a$b$", "a$b$" },
                { "'a b' c", "'a$b'$c$", "a b$c$" },
                { "a\"b\"c", "ab$c$", "abc$" },
                { "a # b", "a$#$b$", "a$" },
                { "a#b", "a#b$", "a#b$" },
                { "a\\ b \\' \\x", "a\\$b$\\'$\\x$", "a b$'$\\x$" },
                { "\"a\\\"b\"", "a\\$", "a\"b$" },
                { "a=b", "a$b$", "a=b$" },
                { "\"\" a", "$a$", "$a$" },
                { "a 'b", "a$'b$", NULL },
        };

        (void)state;
        for (size_t i = 0; i < 2 * N_ELEMENTS(cases); i++) {
                const char *expected = i % 2 ? cases[i / 2].new : cases[i / 2].old;
                CLEANUP(text_done) struct text words = { 0 };
                CLEANUP_FREE char *text = strdup(cases[i / 2].text);
                struct arguments arguments;
                const char *word;
                int r = arguments_init(&arguments, text, i % 2 ? &new : &old);

                assert_int_equal(r, expected ? 0 : -EINVAL);
                while (expected && (word = arguments_next(&arguments)))
                        (void)text_appendf(&words, "%s$", word);
                if (expected)
                        assert_memory_equal(text_get(&words), expected, strlen(expected));
                arguments_done(&arguments);
        }
}

static void test_rest(void **state) {
        char text[] = "a none", empty[] = "";
        struct arguments arguments;

        (void)state;
        assert_int_equal(arguments_init(&arguments, text, &new), 0);
        assert_string_equal(arguments_next(&arguments), "a");
        assert_true(arguments_has_more(&arguments));
        assert_string_equal(arguments_peek(&arguments), "none");
        arguments_consume(&arguments);
        assert_false(arguments_has_more(&arguments));
        assert_null(arguments_peek(&arguments));
        arguments_done(&arguments);

        assert_int_equal(arguments_init(&arguments, empty, &old), 0);
        assert_true(arguments_has_more(&arguments));
        assert_string_equal(arguments_peek(&arguments), "");
        arguments_done(&arguments);
}

static void test_join(void **state) {
        static char a[] = "a", blank[] = "b c", quote[] = "d'\\\"";
        char *const words[] = { a, blank, quote };
        CLEANUP_FREE char *quoted = lexer_join(words, 3, true);
        CLEANUP_FREE char *plain = lexer_join(words, 3, false);

        (void)state;
        assert_string_equal(quoted, "a \"b c\" d\\'\\\\\\\"");
        assert_string_equal(plain, "a b c d'\\\"");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_lines),     cmocka_unit_test(test_delimit),
                cmocka_unit_test(test_arguments), cmocka_unit_test(test_rest),
                cmocka_unit_test(test_join),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
