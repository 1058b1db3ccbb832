/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <stdio.h>
#include <string.h>

#include "pam/line.h"

/* Logical lines as "FIRST-LAST:text|", and how the file ends. */
static void read_all(const char *version, const char *data, size_t n, char *out, size_t size) {
        struct pam_line line = { 0 };
        struct pam_line_reader reader;
        struct pam_release release;
        size_t at = 0;
        int r;

        assert_true(pam_release_parse(version, &release));
        pam_line_reader_init(&reader, &release, data, n);
        out[0] = '\0';
        while ((r = pam_line_next(&reader, &line)) == PAM_LINE_READ) {
                const char *text = text_get(&line.text);

                at += (size_t)snprintf(out + at, size - at, "%u-%u:%.*s|", line.first, line.last,
                                       (int)strcspn(text, "\n"), text);
        }
        (void)snprintf(out + at, size - at, "%s",
                       r == PAM_LINE_END      ? "end"
                       : r == PAM_LINE_BROKEN ? "broken"
                                              : "endless");
        pam_line_done(&line);
}

static void test_small_files(void **state) {
        static const struct {
                const char *data;
                const char *old, *new; /* NULL: as the old one */
        } cases[] = {
                { "", "end", NULL },
                { "a b\n", "1-1:a b|end", NULL },
                { "a", "1-1:a|end", NULL },
                { "# x\n\n \t\na\n", "4-4:a|end", NULL },
                { "a # x\nb#\n", "1-1:a |2-2:b|end", NULL },
                { "a \\\nb\nc\n", "1-2:a  b|3-3:c|end", NULL },
                { "req\\\nuired\n", "1-2:req uired|end", NULL },
                { "a \\  \nb\n", "1-2:a  b|end", NULL },
                { "a # x \\\nb\n", "1-1:a |2-2:b|end", NULL },
                { "a \\\n# x\nb\n", "1-3:a  b|end", "1-2:a  |3-3:b|end" },
                { "a \\\n\nb\n", "1-3:a  b|end", "1-2:a  |3-3:b|end" },
                { "a \\\n", "broken", NULL },
                { "a \\", "broken", NULL },
                { "a\nb \\\n", "1-1:a|broken", NULL },
                { "\\\n\\\nb\n", "1-3:  b|end", "3-3:b|end" },
                { "\\", "broken", NULL },
                { "\\\n", "broken", NULL },
                { "a\\b\n", "1-1:a\\b|end", NULL },
                { "\r\na\r\n", "1-1:\r|2-2:a\r|end", NULL },
        };
        char out[256];

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                read_all("1.5.2", cases[i].data, strlen(cases[i].data), out, sizeof out);
                assert_string_equal(out, cases[i].old);
                read_all("1.7.0", cases[i].data, strlen(cases[i].data), out, sizeof out);
                assert_string_equal(out, cases[i].new ? cases[i].new : cases[i].old);
        }
}

/* A NUL ends the line for libpam; the newer reader still looks behind it for a backslash. */
static void test_nul(void **state) {
        static const char data[] = "a\0b\nc\n", continued[] = "a\0 \\\nb\nc\n",
                          first[] = "\0a\nb\n", commented[] = "a # \0 \\\nb\n";
        char out[256];

        (void)state;
        read_all("1.5.2", data, sizeof data - 1, out, sizeof out);
        assert_string_equal(out, "1-1:a|2-2:c|end");
        read_all("1.7.0", data, sizeof data - 1, out, sizeof out);
        assert_string_equal(out, "1-1:a|2-2:c|end");
        read_all("1.5.2", continued, sizeof continued - 1, out, sizeof out);
        assert_string_equal(out, "1-1:a|2-2:b|3-3:c|end");
        read_all("1.7.0", continued, sizeof continued - 1, out, sizeof out);
        assert_string_equal(out, "1-2:a|3-3:c|end");
        read_all("1.5.2", first, sizeof first - 1, out, sizeof out);
        assert_string_equal(out, "2-2:b|end");
        read_all("1.7.0", first, sizeof first - 1, out, sizeof out);
        assert_string_equal(out, "2-2:b|end");
        read_all("1.7.0", commented, sizeof commented - 1, out, sizeof out);
        assert_string_equal(out, "1-1:a |2-2:b|end");
}

/* The tail of a long comment is a rule for releases that read through a buffer. */
static void test_long_lines(void **state) {
        char data[4096], out[4096];
        size_t n = 0;

        (void)state;
        data[n++] = '#';
        memset(data + n, ' ', 1022);
        n += 1022;
        n += (size_t)sprintf(data + n, "auth\nb\n");
        read_all("1.5.2", data, n, out, sizeof out);
        assert_string_equal(out, "1-1:auth|2-2:b|end");
        read_all("1.7.0", data, n, out, sizeof out);
        assert_string_equal(out, "2-2:b|end");

        /* a continuation that leaves room for nothing but the NUL */
        memset(data, 'x', 1022);
        memcpy(data + 1022, "\\\nb\n", 5);
        read_all("1.5.2", data, 1026, out, sizeof out);
        assert_string_equal(out, "endless");
        read_all("1.7.0", data, 1026, out, sizeof out);
        assert_non_null(strstr(out, " b|end"));
        /* one byte less: what follows is cut in the middle */
        memmove(data, data + 1, 1025);
        memcpy(data + 1021, "\\\nbc\n", 6);
        read_all("1.5.2", data, 1026, out, sizeof out);
        assert_non_null(strstr(out, " b|2-2:c|end"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_small_files),
                cmocka_unit_test(test_nul),
                cmocka_unit_test(test_long_lines),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
