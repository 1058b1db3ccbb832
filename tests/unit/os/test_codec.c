/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../../../daemon/os/codec.h"

static void encode_sample(struct text *text) {
        char name_a[] = "security.selinux", value_a[] = "label", name_b[] = "user.x",
             value_b[] = "\0\1\2", link[] = "../target";
        struct file_xattr xattrs[] = { { name_a, value_a, 5 }, { name_b, value_b, 3 } };
        struct file_metadata m = {
                .kind = FILE_SYMLINK,
                .error = 13,
                .mode = 07777,
                .uid = UINT32_MAX,
                .gid = 1,
                .size = UINT64_MAX,
                .mtime_ns = INT64_MIN,
                .ctime_ns = INT64_MAX,
                .dev = 1,
                .ino = 2,
                .nlink = 3,
                .flags = 0x30,
                .xattrs = xattrs,
                .n_xattrs = 2,
                .link_target = link,
                .sha256 = { 1, 2, 3 },
                .has_sha256 = true,
                .is_oversize = true,
        };

        encode_metadata(text, &m);
        encode_string(text, NULL);
        encode_string(text, "");
        encode_bytes(text, "a\0b", 3);
        assert_int_equal(text_error(text), 0);
}

static void test_round_trip(void **state) {
        struct text text = { 0 };
        struct decoder decoder;
        struct file_metadata m;
        char *string;
        size_t n;

        (void)state;
        encode_sample(&text);
        decoder = (struct decoder){ .data = text.data, .n = text.n };
        decode_metadata(&decoder, &m);
        assert_int_equal(m.kind, FILE_SYMLINK);
        assert_int_equal(m.error, 13);
        assert_int_equal(m.mode, 07777);
        assert_true(m.uid == UINT32_MAX && m.size == UINT64_MAX && m.mtime_ns == INT64_MIN &&
                    m.ctime_ns == INT64_MAX);
        assert_int_equal(m.nlink, 3);
        assert_int_equal(m.n_xattrs, 2);
        assert_string_equal(m.xattrs[0].name, "security.selinux");
        assert_int_equal(m.xattrs[1].n_value, 3);
        assert_memory_equal(m.xattrs[1].value, "\0\1\2", 3);
        assert_string_equal(m.link_target, "../target");
        assert_true(m.has_sha256 && m.is_oversize && m.sha256[2] == 3);
        file_metadata_done(&m);
        assert_null(decode_string(&decoder));
        assert_false(decoder.failed);
        string = decode_string(&decoder);
        assert_string_equal(string, "");
        free(string);
        assert_int_equal(decode_end(&decoder), -EBADMSG); /* something is left */
        string = decode_bytes(&decoder, &n);
        assert_int_equal(n, 3);
        assert_memory_equal(string, "a\0b", 4);
        free(string);
        assert_int_equal(decode_end(&decoder), 0);
        text_done(&text);
}

/* Cut off anywhere, or with any byte changed: an error or other values, never more. */
static void test_damage(void **state) {
        struct text text = { 0 };
        unsigned seed = 1;

        (void)state;
        encode_sample(&text);
        for (size_t n = 0; n < text.n; n++) {
                struct decoder decoder = { .data = text.data, .n = n };
                struct file_metadata m;
                size_t ignored;

                decode_metadata(&decoder, &m);
                file_metadata_done(&m);
                free(decode_string(&decoder));
                free(decode_string(&decoder));
                free(decode_bytes(&decoder, &ignored));
                assert_int_equal(decode_end(&decoder), -EBADMSG);
        }
        for (int i = 0; i < 20000; i++) {
                char *copy = malloc(text.n);
                struct decoder decoder = { .data = copy, .n = text.n };
                struct file_metadata m;

                memcpy(copy, text.data, text.n);
                for (int k = 0; k < 3; k++) {
                        seed = seed * 1103515245 + 12345;
                        copy[(seed >> 16) % text.n] = (char)(seed >> 8);
                }
                decode_metadata(&decoder, &m);
                assert_true(m.kind < N_FILE_KINDS);
                file_metadata_done(&m);
                free(copy);
        }
        text_done(&text);
}

/* Lengths and counts that cannot be. */
static void test_lies(void **state) {
        static const char huge[] = "\xfe\xff\xff\xff", many[] = "\xff\xff\xff\xff\0\0\0\0\0\0\0\0";
        struct decoder decoder = { .data = huge, .n = 4 };
        struct file_metadata m = { 0 };
        size_t n = 7;

        (void)state;
        assert_null(decode_bytes(&decoder, &n));
        assert_int_equal(n, 0);
        assert_int_equal(decode_u64(&decoder), 0);
        assert_int_equal(decode_end(&decoder), -EBADMSG);
        decoder = (struct decoder){ .data = many, .n = 12 };
        decode_xattrs(&decoder, &m);
        assert_int_equal(decode_end(&decoder), -EBADMSG);
        assert_true(m.n_xattrs <= 2);
        file_metadata_done(&m);
}

/* Bytes may hold a NUL; a string that does would be another string. */
static void test_nul_in_string(void **state) {
        struct text text = { 0 };
        struct decoder decoder;
        char *bytes;
        size_t n;

        (void)state;
        encode_bytes(&text, "a\0b", 3);
        decoder = (struct decoder){ .data = text.data, .n = text.n };
        bytes = decode_bytes(&decoder, &n);
        assert_int_equal(n, 3);
        free(bytes);
        assert_int_equal(decode_end(&decoder), 0);
        decoder = (struct decoder){ .data = text.data, .n = text.n };
        assert_null(decode_string(&decoder));
        assert_int_equal(decode_end(&decoder), -EBADMSG);
        text_done(&text);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_round_trip),
                cmocka_unit_test(test_damage),
                cmocka_unit_test(test_lies),
                cmocka_unit_test(test_nul_in_string),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
