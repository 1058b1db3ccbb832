/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <string.h>

#include "base/cleanup.h"
#include "keys/authorized_keys.h"
#include "keys_data.h"

#define KEY "ssh-ed25519 " ED25519

static void parse(const char *bytes, size_t n, struct authorized_keys *ret) {
        assert_int_equal(authorized_keys_parse(bytes, n, &openssh_9_2, NULL, ret), 0);
}

static void test_one_line(void **state) {
        static const struct {
                const char *line;
                enum key_problem problem;
                const char *comment_or_word; /* of a good line, of a bad one */
        } cases[] = {
                { KEY, KEY_OK, "" },
                { "\t " KEY " a # comment \n", KEY_OK, "a # comment " },
                { KEY "\r\n", KEY_OK, "" },
                { KEY " me\r\n", KEY_OK, "me" },
                { KEY " no-pty", KEY_OK, "no-pty" },
                { "no-pty " KEY " me", KEY_OK, "me" },
                { "no-pty \t " KEY " me", KEY_OK, "me" },
                { "command=\"echo " KEY "\" " KEY " me", KEY_OK, "me" },
                { ", " KEY " me", KEY_OK, "me" },
                { "no-pty restrict " KEY, KEY_UNKNOWN_TYPE, "restrict" },
                { "no-pty, restrict " KEY, KEY_UNKNOWN_TYPE, "restrict" },
                { "command=\"x\" ,no-pty " KEY, KEY_UNKNOWN_TYPE, ",no-pty" },
                { "command=\"x " KEY, KEY_BAD_QUOTES, "" },
                { "comm\\\"and " KEY, KEY_BAD_OPTIONS, "ssh-ed25519" },
                { "nopty " KEY, KEY_BAD_OPTIONS, "ssh-ed25519" },
                { "ssh-foo " ED25519 " me", KEY_UNKNOWN_TYPE, "ssh-foo" },
                { "ssh-foo AAAA\n", KEY_UNKNOWN_TYPE, "ssh-foo" },
                { "no-pty ssh-foo AAAA", KEY_UNKNOWN_TYPE, "ssh-foo" },
                { "no-pty ssh-rsa AAAA", KEY_BAD_STRUCTURE, "ssh-rsa" },
                { "ssh-rsa " ED25519, KEY_TYPE_MISMATCH, "ssh-rsa" },
                { "ssh-ed25519 " ED25519 "= x", KEY_BAD_BASE64, "ssh-ed25519" },
                { "ssh-mldsa44-ed25519 AAAA", KEY_OTHER_RELEASE, "ssh-mldsa44-ed25519" },
                { "restrict", KEY_NOT_A_KEY, "restrict" },
                { "\r\n", KEY_NOT_A_KEY, "" },
                { "\v" KEY, KEY_UNKNOWN_TYPE, "\vssh-ed25519" },
                { "\xef\xbb\xbf" KEY, KEY_UNKNOWN_TYPE, "\xef\xbb\xbfssh-ed25519" },
                { "-----BEGIN OPENSSH PRIVATE KEY-----", KEY_UNKNOWN_TYPE, "-----BEGIN" },
                { "@cert-authority * " KEY, KEY_UNKNOWN_TYPE, "@cert-authority" },
        };

        (void)state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                CLEANUP(authorized_keys_done) struct authorized_keys keys = { 0 };
                const struct authorized_key *entry;

                parse(cases[i].line, strlen(cases[i].line), &keys);
                assert_int_equal(keys.n_items, 1);
                entry = &keys.items[0];
                assert_int_equal(entry->problem, cases[i].problem);
                assert_int_equal(entry->n, strlen(cases[i].line));
                if (entry->problem == KEY_OK) {
                        assert_string_equal(entry->comment, cases[i].comment_or_word);
                        assert_null(entry->reason);
                } else {
                        assert_string_equal(entry->word, cases[i].comment_or_word);
                        assert_non_null(entry->reason);
                }
        }
}

static void test_skipped_lines(void **state) {
        static const char file[] = "\n  \t\n# comment\n \t# comment\n\0junk\n" KEY "\0x\n" KEY;
        CLEANUP(authorized_keys_done) struct authorized_keys keys = { 0 };

        (void)state;
        parse(file, sizeof file - 1, &keys);
        assert_int_equal(keys.n_items, 2);
        assert_int_equal(keys.items[0].line, 6);
        assert_int_equal(keys.items[0].n, strlen(KEY) + 3);
        assert_int_equal(keys.items[0].problem, KEY_OK);
        assert_int_equal(keys.items[1].line, 7);
        assert_int_equal(keys.items[1].offset, sizeof file - 1 - strlen(KEY));
        assert_int_equal(keys.items[1].n, strlen(KEY));
}

static void test_nothing(void **state) {
        CLEANUP(authorized_keys_done) struct authorized_keys keys = { 0 };

        (void)state;
        parse("", 0, &keys);
        assert_int_equal(keys.n_items, 0);
}

static void test_long_line(void **state) {
        enum { LENGTH = 300000 };
        CLEANUP(authorized_keys_done) struct authorized_keys keys = { 0 };
        CLEANUP_FREE char *line = malloc(LENGTH);

        (void)state;
        memset(line, 'c', LENGTH);
        memcpy(line, KEY " ", strlen(KEY) + 1);
        parse(line, LENGTH, &keys);
        assert_int_equal(keys.items[0].problem, KEY_OK);
        assert_int_equal(strlen(keys.items[0].comment), LENGTH - strlen(KEY) - 1);
}

static void test_format(void **state) {
        static const char file[] = KEY " a\033[31m\xff\tb\n" KEY "\n";
        CLEANUP(authorized_keys_done) struct authorized_keys keys = { 0 };
        CLEANUP(text_done) struct text text = { 0 };
        CLEANUP_FREE char *wanted = NULL;

        (void)state;
        parse(file, sizeof file - 1, &keys);
        wanted =
                text_format("256 %s a\\x1b[31m\\xff\\x09b (ED25519)\n256 %s no comment (ED25519)\n",
                            keys.items[0].key.sha256, keys.items[1].key.sha256);
        for (size_t i = 0; i < keys.n_items; i++) {
                assert_int_equal(authorized_key_format(&keys.items[i], &text), 0);
                (void)text_append_char(&text, '\n');
        }
        assert_string_equal(text_get(&text), wanted);
}

static void test_would_accept(void **state) {
        static const struct {
                const char *options;
                bool is_accepted;
        } cases[] = {
                { "", true },
                { "from=\"10.0.0.0/8\" ", true },
                { "from=\"!10.0.0.0/8\" ", false },
                { "cert-authority ", true },
                { "cert-authority,principals=\"root,\" ", true },
                { "cert-authority,principals=\"\" ", false },
                { "cert-authority,principals=\",root\" ", false },
                { "nonsense ", false },
        };
        const struct key_connection connection = { "root", "host", "10.0.0.1", 1 };
        size_t n_good;
        CLEANUP_FREE char *good = keys_data("good.pub", &n_good);
        CLEANUP(authorized_keys_done) struct authorized_keys certificates = { 0 };
        const char *reason = NULL;

        (void)state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                CLEANUP_FREE char *line = text_format("%s" KEY, cases[i].options);
                CLEANUP(authorized_keys_done) struct authorized_keys keys = { 0 };

                parse(line, strlen(line), &keys);
                reason = NULL;
                assert_int_equal(authorized_key_would_accept(&keys.items[0], &openssh_9_2, NULL,
                                                             &connection, &reason),
                                 cases[i].is_accepted);
                assert_int_equal(reason == NULL, cases[i].is_accepted);
        }
        parse(good, n_good, &certificates);
        assert_non_null(certificates.items[6].key.certificate);
        assert_false(authorized_key_would_accept(&certificates.items[6], &openssh_9_2, NULL,
                                                 &connection, &reason));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_one_line), cmocka_unit_test(test_skipped_lines),
                cmocka_unit_test(test_nothing),  cmocka_unit_test(test_long_line),
                cmocka_unit_test(test_format),   cmocka_unit_test(test_would_accept),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
