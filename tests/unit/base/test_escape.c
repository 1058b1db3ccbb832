/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"

static void test_decode(void **state) {
        static const struct {
                const char *bytes;
                size_t length;
                uint32_t character;
        } cases[] = {
                { "a", 1, 'a' },
                { "\xc3\xbc!", 2, 0xfc },
                { "\xe8\xaa\x9e", 3, 0x8a9e },
                { "\xf0\x9f\x94\x91", 4, 0x1f511 },
                { "", 0, 0 },
                { "\xc3", 0, 0 },             /* cut off */
                { "\xc0\xaf", 0, 0 },         /* overlong */
                { "\xed\xa0\x80", 0, 0 },     /* a surrogate */
                { "\xf4\x90\x80\x80", 0, 0 }, /* beyond U+10FFFF */
                { "\x80", 0, 0 },
                { "\xff", 0, 0 },
        };

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                uint32_t character = 0;

                assert_int_equal(escape_decode(cases[i].bytes, strlen(cases[i].bytes), &character),
                                 cases[i].length);
                if (cases[i].length > 0)
                        assert_int_equal(character, cases[i].character);
        }
}

static void test_strings(void **state) {
        static const struct {
                const char *bytes, *escaped;
                bool is_utf8;
        } cases[] = {
                { "", "", true },
                { "plain \\ text", "plain \\ text", true },
                { "\x1b]0;x\x07", "\\x1b]0;x\\x07", true },
                { "tab\tline\n", "tab\\x09line\\x0a", true },
                { "\x7f", "\\x7f", true },
                { "\xc2\x9b", "\\xc2\\x9b", true },
                { "\xe2\x80\xae", "\\xe2\\x80\\xae", true },
                { "\xc3\xbc", "\xc3\xbc", true },
                { "a\xff\xc3\xbc", "a\\xff\xc3\xbc", false },
        };

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                char *escaped = escape_string(cases[i].bytes);

                assert_string_equal(escaped, cases[i].escaped);
                assert_int_equal(escape_is_utf8(cases[i].bytes, strlen(cases[i].bytes)),
                                 cases[i].is_utf8);
                free(escaped);
        }
}

static void test_base64(void **state) {
        static const struct {
                const char *bytes, *encoded; /* RFC 4648, section 10 */
        } cases[] = {
                { "", "" },
                { "f", "Zg==" },
                { "fo", "Zm8=" },
                { "foo", "Zm9v" },
                { "foob", "Zm9vYg==" },
                { "fooba", "Zm9vYmE=" },
                { "foobar", "Zm9vYmFy" },
                { "\xff\xfe\xfd", "//79" },
        };

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                struct text encoded = { 0 }, decoded = { 0 };

                assert_int_equal(
                        escape_append_base64(&encoded, cases[i].bytes, strlen(cases[i].bytes)), 0);
                assert_string_equal(text_get(&encoded), cases[i].encoded);
                assert_int_equal(escape_decode_base64(&decoded, text_get(&encoded), encoded.n), 0);
                assert_string_equal(text_get(&decoded), cases[i].bytes);
                text_done(&decoded);
                text_done(&encoded);
        }
}

static void test_shell(void **state) {
        static const struct {
                const char *string, *word;
        } cases[] = {
                { "user=bob,addr=203.0.113.9,lport=22", "user=bob,addr=203.0.113.9,lport=22" },
                { "", "''" },
                { "a b", "'a b'" },
                { "it's", "'it'\\''s'" },
                { "$(x)", "'$(x)'" },
                { "a*", "'a*'" },
        };

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                struct text text = { 0 };

                assert_int_equal(escape_append_shell(&text, cases[i].string), 0);
                assert_string_equal(text_get(&text), cases[i].word);
                text_done(&text);
        }
}

static void test_not_base64(void **state) {
        static const char *const cases[] = { "Z",     "Zg",   "Zg=",      "Zh==",
                                             "Zm9=",  "====", "Z===",     "Zg==Zg==",
                                             "Zm9v ", "Zm-_", "Zm9vYg=x", "=m9v" };

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                struct text decoded = { 0 };

                assert_int_equal(escape_decode_base64(&decoded, cases[i], strlen(cases[i])),
                                 -EBADMSG);
                assert_int_equal(decoded.n, 0);
                text_done(&decoded);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_decode),     cmocka_unit_test(test_strings),
                cmocka_unit_test(test_base64),     cmocka_unit_test(test_shell),
                cmocka_unit_test(test_not_base64),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
