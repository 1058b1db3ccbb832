/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <stdio.h>
#include <string.h>

#include "../../../client/table.h"
#include "base/cleanup.h"

static const char *const heads[] = { "ID", "PATH", "WHAT" };

static char *draw(unsigned width, const char *const cells[][3], size_t n_rows) {
        CLEANUP(table_done) struct table table = { .heads = heads, .n_columns = 3 };
        struct screen screen = { .width = width };

        for (size_t i = 0; i < n_rows; i++)
                for (size_t k = 0; k < 3; k++)
                        table_add(&table, STYLE_PLAIN, cells[i][k]);
        table_put(&table, &screen, 1);
        return text_take(&screen.text);
}

static void test_alignment(void **state) {
        static const char *const cells[][3] = { { "1", "/a", "short" },
                                                { "12", "/a/b", NULL },
                                                { "3", "/\xe5\x90\x8d", "\x1b[m" } };
        CLEANUP_FREE char *drawn = draw(0, cells, 3);

        (void)state;
        assert_string_equal(drawn, " ID  PATH  WHAT\n"
                                   " 1   /a    short\n"
                                   " 12  /a/b  -\n"
                                   " 3   /\xe5\x90\x8d   \\x1b[m\n");
}

static void test_narrow(void **state) {
        static const char *const cells[][3] = { { "1", "/etc/ssh/sshd_config.d/99-cloud.conf",
                                                  "a sentence of several words" } };
        CLEANUP_FREE char *drawn = draw(40, cells, 1);

        (void)state;
        assert_string_equal(drawn, " ID  PATH               WHAT\n"
                                   " 1   /etc/ssh/          a sentence of\n"
                                   "     sshd_config.d/99-  several words\n"
                                   "     cloud.conf\n");
}

/* Whatever the width: nothing is lost but spaces, and no line is wider than it must be. */
static void test_nothing_is_lost(void **state) {
        static const char *const cells[][3] = {
                { "1", "/etc/ssh/sshd_config.d/99-cloud.conf:4", "PasswordAuthentication is yes" },
                { "2", "/home/\xe5\x90\x8d\xe5\x89\x8d/.ssh/authorized_keys", "x" },
        };

        (void)state;
        for (unsigned width = 1; width < 120; width++) {
                CLEANUP_FREE char *drawn = draw(width, cells, 2);
                size_t n_marks = 0, n_expected = 0;

                for (const char *c = drawn; *c; c++)
                        n_marks += *c != ' ' && *c != '\n';
                for (size_t i = 0; i < 6; i++)
                        for (const char *c = cells[i / 3][i % 3]; *c; c++)
                                n_expected += *c != ' ';
                assert_int_equal(n_marks, n_expected + strlen("IDPATHWHAT"));
                for (const char *line = drawn; *line; line += strcspn(line, "\n") + 1) {
                        size_t n = strcspn(line, "\n");

                        /* three columns at their least, two gaps and the indent */
                        assert_true(screen_columns(line, n) <= (width > 31 ? width : 31));
                        assert_true(n == 0 || line[n - 1] != ' ');
                }
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_alignment),
                cmocka_unit_test(test_narrow),
                cmocka_unit_test(test_nothing_is_lost),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
