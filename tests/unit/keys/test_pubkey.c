/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/escape.h"
#include "keys/authorized_keys.h"
#include "keys/pubkey.h"
#include "keys_data.h"

/* tests/data/keys/good.openssh-R is what ssh-keygen -l of release R says of good.pub. */
static void test_as_ssh_keygen(void **state) {
        static const struct {
                const char *file;
                const struct keys_release *release;
        } cases[] = {
                { "good.openssh-8.4", &openssh_8_4 },
                { "good.openssh-9.2", &openssh_9_2 },
                { "good.openssh-10.0", &openssh_10_0 },
                { "good.openssh-10.6", &openssh_10_6 },
        };
        size_t n_good, n_expected;
        CLEANUP_FREE char *good = keys_data("good.pub", &n_good);

        (void)state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                CLEANUP_FREE char *expected = keys_data(cases[i].file, &n_expected);
                CLEANUP(authorized_keys_done) struct authorized_keys keys = { 0 };
                CLEANUP(text_done) struct text text = { 0 };

                assert_int_equal(authorized_keys_parse(good, n_good, cases[i].release, NULL, &keys),
                                 0);
                for (size_t j = 0; j < keys.n_items; j++)
                        if (keys.items[j].problem == KEY_OK) {
                                assert_int_equal(authorized_key_format(&keys.items[j], &text), 0);
                                (void)text_append_char(&text, '\n');
                        }
                assert_true(n_expected > 0);
                assert_string_equal(text_get(&text), expected);
        }
}

static int parse(const char *line, const struct keys_release *release) {
        CLEANUP(public_key_done) struct public_key key = { 0 };
        size_t end = 0;

        return public_key_parse(line, release, &key, &end);
}

static void test_fingerprints(void **state) {
        CLEANUP(public_key_done) struct public_key key = { 0 };
        size_t end = 0;

        (void)state;
        assert_int_equal(
                public_key_parse("ssh-ed25519 " ED25519 "  a comment", &openssh_9_2, &key, &end),
                KEY_OK);
        assert_string_equal(key.type, "ssh-ed25519");
        assert_string_equal(key.sha256, "SHA256:XpN2w0wLJhQMR0VZUbL6Bhl0833asR9N8q2lf14d4/w");
        assert_string_equal(key.md5, "MD5:b5:16:9a:ee:ce:c2:d0:58:53:a7:91:63:27:43:d2:0a");
        assert_int_equal(end, strlen("ssh-ed25519 " ED25519 "  "));
        assert_null(key.certificate);
        assert_null(key.application);
}

/* What follows the base64 of a good Ed25519 key decides whether it stays one. */
static void test_base64(void **state) {
        static const struct {
                const char *line;
                int problem;
        } cases[] = {
                { "ssh-ed25519 " ED25519, KEY_OK },
                { "ssh-ed25519\t \t" ED25519 "\t", KEY_OK },
                { "ssh-ed25519 " ED25519 "\r\n", KEY_OK },
                { "ssh-ed25519 " ED25519 "=", KEY_BAD_BASE64 },
                { "ssh-ed25519 " ED25519 "==", KEY_BAD_BASE64 },
                { "ssh-ed25519 " ED25519 "A", KEY_BAD_BASE64 },
                { "ssh-ed25519 " ED25519 "AA==", KEY_BAD_STRUCTURE },
                { "ssh-ed25519 " ED25519 "AAA=", KEY_BAD_STRUCTURE },
                { "ssh-ed25519 " ED25519 "AAA==", KEY_BAD_BASE64 },
                { "ssh-ed25519 " ED25519 "AB==", KEY_BAD_BASE64 },
                { "ssh-ed25519 " ED25519 "AAB=", KEY_BAD_BASE64 },
                { "ssh-ed25519 " ED25519 "AA=\f=\v", KEY_BAD_STRUCTURE },
                { "ssh-ed25519 " ED25519 "AA=x", KEY_BAD_BASE64 },
                { "ssh-ed25519 " ED25519 "#", KEY_BAD_BASE64 },
                { "ssh-ed25519 " ED25519 "\xff", KEY_BAD_BASE64 },
                { "ssh-ed25519 AAAA", KEY_BAD_STRUCTURE },
                { "ssh-ed25519 \n", KEY_BAD_STRUCTURE },
                { "ssh-ed25519 ", KEY_NOT_A_KEY },
                { "ssh-ed25519", KEY_NOT_A_KEY },
                { "", KEY_NOT_A_KEY },
                { "SSH-ED25519 " ED25519, KEY_UNKNOWN_TYPE },
                { "ed25519 " ED25519, KEY_UNKNOWN_TYPE },
                { "ssh-ed25519\v" ED25519, KEY_NOT_A_KEY },
                { "ssh-rsa " ED25519, KEY_TYPE_MISMATCH },
                { "ssh-ed25519-cert-v01@openssh.com " ED25519, KEY_TYPE_MISMATCH },
        };

        (void)state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++)
                assert_int_equal(parse(cases[i].line, &openssh_9_2), cases[i].problem);
}

/* --- keys made by hand */

static void put(struct text *blob, const char *bytes, size_t n) {
        const char length[4] = { (char)(n >> 24), (char)(n >> 16), (char)(n >> 8), (char)n };

        (void)text_append_n(blob, length, 4);
        (void)text_append_n(blob, bytes, n);
}

static int parse_blob(const char *type, struct text *blob, const struct keys_release *release) {
        CLEANUP(text_done) struct text line = { 0 };

        (void)text_appendf(&line, "%s ", type);
        (void)escape_append_base64(&line, text_get(blob), blob->n);
        text_done(blob);
        return parse(text_get(&line), release);
}

static int parse_rsa(size_t n_modulus, char first, const struct keys_release *release) {
        struct text blob = { 0 };
        char *modulus = calloc(1, n_modulus);
        int r;

        modulus[0] = first;
        put(&blob, "ssh-rsa", 7);
        put(&blob, "\x01\x00\x01", 3);
        put(&blob, modulus, n_modulus);
        free(modulus);
        r = parse_blob("ssh-rsa", &blob, release);
        return r;
}

static void test_rsa_sizes(void **state) {
        (void)state;
        assert_int_equal(parse_rsa(128, 0x7f, &openssh_9_2), KEY_TOO_SHORT); /* 1023 bits */
        assert_int_equal(parse_rsa(128, (char)0x80, &openssh_9_2), KEY_BAD_STRUCTURE); /* < 0 */
        assert_int_equal(parse_rsa(129, 0x00, &openssh_9_2), KEY_TOO_SHORT); /* just zeros */
        assert_int_equal(parse_rsa(129, 0x01, &openssh_9_2), KEY_OK);        /* 1025 bits */
        assert_int_equal(parse_rsa(2048, 0x7f, &openssh_9_2), KEY_OK);
        assert_int_equal(parse_rsa(2049, 0x01, &openssh_9_2), KEY_BAD_STRUCTURE); /* too large */
}

static int parse_point(const char *type, const char *curve, const char *point, size_t n,
                       const struct keys_release *release) {
        struct text blob = { 0 };

        put(&blob, type, strlen(type));
        put(&blob, curve, strlen(curve));
        put(&blob, point, n);
        return parse_blob(type, &blob, release);
}

static void test_points(void **state) {
        /* a point of P-256 with x = 0: on the curve, but not of ordinary size */
        static const char small[] =
                "\x04"
                "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x00"
                "\x66\x48\x5c\x78\x0e\x2f\x83\xd7\x24\x33\xbd\x5d\x84\xa0\x6b\xb6"
                "\x54\x1c\x2a\xf3\x1d\xae\x87\x17\x28\xbf\x85\x6a\x17\x4f\x93\xf4";
        static const char type[] = "ecdsa-sha2-nistp256";
        char wrong[65];

        (void)state;
        memcpy(wrong, small, 65);
        assert_int_equal(parse_point(type, "nistp256", small, 65, &openssh_10_6), KEY_OK);
        assert_int_equal(parse_point(type, "nistp256", small, 65, &openssh_10_0), KEY_BAD_POINT);
        wrong[64] ^= 1;
        assert_int_equal(parse_point(type, "nistp256", wrong, 65, &openssh_10_6), KEY_BAD_POINT);
        assert_int_equal(parse_point(type, "nistp256", small, 64, &openssh_10_6), KEY_BAD_POINT);
        assert_int_equal(parse_point(type, "nistp256", "\x02", 1, &openssh_10_6), KEY_BAD_POINT);
        assert_int_equal(parse_point(type, "nistp256", "", 0, &openssh_10_6), KEY_BAD_POINT);
        assert_int_equal(parse_point(type, "nistp384", small, 65, &openssh_10_6),
                         KEY_TYPE_MISMATCH);
        assert_int_equal(parse_point("ecdsa-sha2-nistp521", "nistp521", small, 65, &openssh_10_6),
                         KEY_BAD_POINT);
}

static void test_names_inside(void **state) {
        static const struct {
                const char *name;
                size_t n;
                int problem_9_2, problem_10_0;
        } cases[] = {
                { "ssh-ed25519", 11, KEY_OK, KEY_OK },
                { "ssh-ed25519\0", 12, KEY_OK, KEY_OK },
                { "ssh-ed\0 25519", 12, KEY_BAD_STRUCTURE, KEY_BAD_STRUCTURE },
                { "ed25519", 7, KEY_OK, KEY_TYPE_MISMATCH },
                { "ED25519-SK", 10, KEY_TYPE_MISMATCH, KEY_TYPE_MISMATCH },
                { "ECDSA", 5, KEY_TYPE_MISMATCH, KEY_TYPE_MISMATCH },
                { "", 0, KEY_TYPE_MISMATCH, KEY_TYPE_MISMATCH },
        };

        (void)state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                struct text blob = { 0 };

                put(&blob, cases[i].name, cases[i].n);
                put(&blob, "0123456789abcdef0123456789abcdef", 32);
                assert_int_equal(parse_blob("ssh-ed25519", &blob, &openssh_9_2),
                                 cases[i].problem_9_2);
                put(&blob, cases[i].name, cases[i].n);
                put(&blob, "0123456789abcdef0123456789abcdef", 32);
                assert_int_equal(parse_blob("ssh-ed25519", &blob, &openssh_10_0),
                                 cases[i].problem_10_0);
        }
}

static void test_releases(void **state) {
        (void)state;
        assert_int_equal(parse("ssh-dss AAAA", &openssh_9_2), KEY_BAD_STRUCTURE);
        assert_int_equal(parse("ssh-dss AAAA", &openssh_10_0), KEY_OTHER_RELEASE);
        assert_int_equal(parse("ssh-mldsa44-ed25519 AAAA", &openssh_10_6), KEY_BAD_STRUCTURE);
        assert_int_equal(parse("ssh-mldsa44-ed25519 AAAA", &openssh_10_5), KEY_OTHER_RELEASE);
        assert_int_equal(parse("ssh-mldsa44-ed25519@openssh.com AAAA", &openssh_10_5),
                         KEY_BAD_STRUCTURE);
        assert_int_equal(
                parse("webauthn-sk-ecdsa-sha2-nistp256-cert-v01@openssh.com AAAA", &openssh_10_0),
                KEY_OTHER_RELEASE);
        assert_true(public_key_type_is_known("ssh-dss AAAA"));
        assert_false(public_key_type_is_known("ssh-dsss AAAA"));
        assert_string_equal(public_key_type_name(0), "ssh-ed25519");
        assert_null(public_key_type_name(1000));
}

/* --- certificates: lines 7 to 10 and 23 to 28 of good.pub */

static char *line_of(const char *text, unsigned line) {
        while (--line > 0)
                text = strchr(text, '\n') + 1;
        return strndup(text, strcspn(text, "\n"));
}

static void test_certificate(void **state) {
        size_t n, end;
        CLEANUP_FREE char *good = keys_data("good.pub", &n);
        CLEANUP_FREE char *line = line_of(good, 7);
        CLEANUP(public_key_done) struct public_key key = { 0 };

        (void)state;
        assert_int_equal(public_key_parse(line, &openssh_9_2, &key, &end), KEY_OK);
        assert_non_null(key.certificate);
        assert_string_equal(key.certificate->key_id, "id1");
        assert_int_equal(key.certificate->n_principals, 2);
        assert_string_equal(key.certificate->principals[1], "bob");
        assert_string_equal(key.certificate->ca_type, "ssh-ed25519");
        assert_string_equal(key.certificate->ca_fingerprint,
                            "SHA256:XpN2w0wLJhQMR0VZUbL6Bhl0833asR9N8q2lf14d4/w");
        assert_false(key.certificate->is_host);
        assert_true(key.certificate->valid_before == UINT64_MAX);
}

/* Whatever byte of a certificate is changed, it is no key any more. */
static void test_forged_certificates(void **state) {
        size_t n;
        CLEANUP_FREE char *good = keys_data("good.pub", &n);

        (void)state;
        for (unsigned i = 7; i <= 28; i = i == 10 ? 23 : i + 1) {
                CLEANUP_FREE char *line = line_of(good, i);
                char *base64 = strchr(line, ' ') + 1, *end = strchr(base64, ' ');

                assert_int_equal(parse(line, &openssh_9_2), KEY_OK);
                for (char *c = base64 + 60; c < end - 4; c += 97) {
                        char before = *c;

                        *c = before == 'A' ? 'B' : 'A';
                        assert_int_not_equal(parse(line, &openssh_9_2), KEY_OK);
                        *c = before;
                }
                *end = '\0';
                while (end-- > base64 + 4) {
                        *end = '\0';
                        assert_int_not_equal(parse(line, &openssh_9_2), KEY_OK);
                }
        }
}

static void test_describe(void **state) {
        (void)state;
        for (int i = 0; i < N_KEY_PROBLEMS; i++)
                assert_non_null(key_problem_describe((enum key_problem)i));
        assert_string_equal(key_problem_describe(N_KEY_PROBLEMS), "unknown");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_as_ssh_keygen),
                cmocka_unit_test(test_fingerprints),
                cmocka_unit_test(test_base64),
                cmocka_unit_test(test_rsa_sizes),
                cmocka_unit_test(test_points),
                cmocka_unit_test(test_names_inside),
                cmocka_unit_test(test_releases),
                cmocka_unit_test(test_certificate),
                cmocka_unit_test(test_forged_certificates),
                cmocka_unit_test(test_describe),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
