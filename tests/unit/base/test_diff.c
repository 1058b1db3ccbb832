/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/diff.h"

/* Applies the hunks of DIFF to BEFORE, checking every context and removed line. */
static char *apply(const char *before, const char *diff) {
        struct text after = { 0 };
        size_t line = 0; /* of BEFORE, from 0 */

        while (*diff) {
                const char *newline = strchr(diff, '\n');
                bool is_last = strncmp(newline + 1, "\\ No newline", 12) == 0;
                size_t begin, n_lines = 1, n = (size_t)(newline - diff) - (is_last ? 1 : 0);

                if (diff[0] == '@') {
                        assert_true(sscanf(diff, "@@ -%zu,%zu", &begin, &n_lines) >= 1);
                        for (begin -= n_lines > 0; line < begin; line++) {
                                size_t length = strcspn(before, "\n") + 1;

                                (void)text_append_n(&after, before, length);
                                before += length;
                        }
                } else {
                        if (diff[0] != '+') {
                                assert_memory_equal(before, diff + 1, n);
                                before += n;
                                line++;
                        }
                        if (diff[0] != '-')
                                (void)text_append_n(&after, diff + 1, n);
                }
                diff = newline + 1;
                if (is_last)
                        diff = strchr(diff, '\n') + 1;
        }
        (void)text_append(&after, before);
        return text_take(&after);
}

static void test_known(void **state) {
        static const struct {
                const char *before, *after, *diff;
        } cases[] = {
                { "", "", "" },
                { "a\n", "a\n", "" },
                { "a", "a", "" },
                { "", "a\n", "@@ -0,0 +1 @@\n+a\n" },
                { "a\n", "", "@@ -1 +0,0 @@\n-a\n" },
                { "a\n", "a", "@@ -1 +1 @@\n-a\n+a\n\\ No newline at end of file\n" },
                { "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n",
                  "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n" },
                /* changes with six equal lines between them are one hunk, with seven they are two
                 */
                { "a\n1\n2\n3\n4\n5\n6\nb\n", "A\n1\n2\n3\n4\n5\n6\nB\n",
                  "@@ -1,8 +1,8 @@\n-a\n+A\n 1\n 2\n 3\n 4\n 5\n 6\n-b\n+B\n" },
                { "a\n1\n2\n3\n4\n5\n6\n7\nb\n", "A\n1\n2\n3\n4\n5\n6\n7\nB\n",
                  "@@ -1,4 +1,4 @@\n-a\n+A\n 1\n 2\n 3\n@@ -6,4 +6,4 @@\n 5\n 6\n 7\n-b\n+B\n" },
        };

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                struct text diff = { 0 };
                bool truncated = true;

                assert_int_equal(diff_unified(cases[i].before, strlen(cases[i].before),
                                              cases[i].after, strlen(cases[i].after), &diff,
                                              &truncated),
                                 0);
                assert_string_equal(text_get(&diff), cases[i].diff);
                assert_false(truncated);
                text_done(&diff);
        }
}

static size_t count_lines(const char *diff, char sign) {
        size_t n = 0;

        for (const char *line = diff; *line; line = strchr(line, '\n') + 1)
                n += *line == sign;
        return n;
}

static void test_random_edits_apply(void **state) {
        unsigned seed = 20261120;

        (void)state;
        for (int round = 0; round < 2000; round++) {
                struct text before = { 0 }, after = { 0 }, diff = { 0 };
                size_t n_changed = 0;
                char *applied;

                for (int line = rand_r(&seed) % 40; line > 0; line--) {
                        int what = rand_r(&seed) % 10, word = rand_r(&seed) % 6;

                        if (what > 0)
                                (void)text_appendf(&before, "line %d\n", word);
                        if (what > 1)
                                (void)text_appendf(&after, "line %d\n", word);
                        n_changed += what < 2;
                        if (what == 0)
                                (void)text_appendf(&after, "new %d\n", word);
                }
                assert_int_equal(diff_unified(text_get(&before), before.n, text_get(&after),
                                              after.n, &diff, NULL),
                                 0);
                applied = apply(text_get(&before), text_get(&diff));
                assert_string_equal(applied, text_get(&after));
                /* never longer than the edits that were made */
                assert_true(count_lines(text_get(&diff), '+') + count_lines(text_get(&diff), '-') <=
                            n_changed);
                free(applied);
                text_done(&before);
                text_done(&after);
                text_done(&diff);
        }
}

static void test_bounds(void **state) {
        struct text before = { 0 }, after = { 0 }, diff = { 0 };
        bool truncated = false;
        char *applied;

        (void)state;
        for (int i = 0; i < 3000; i++) {
                (void)text_appendf(&before, "old %d\n", i);
                (void)text_appendf(&after, "new %d\n", i);
        }
        assert_int_equal(diff_unified(before.data, before.n, after.data, after.n, &diff, NULL), 0);
        applied = apply(before.data, diff.data);
        assert_string_equal(applied, after.data);
        free(applied);
        text_done(&diff);
        for (int i = 0; i < DIFF_LINES_MAX; i++)
                (void)text_append(&after, "x\n");
        assert_int_equal(
                diff_unified(before.data, before.n, after.data, after.n, &diff, &truncated), 0);
        assert_true(truncated);
        text_done(&before);
        text_done(&after);
        text_done(&diff);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_known),
                cmocka_unit_test(test_random_edits_apply),
                cmocka_unit_test(test_bounds),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
