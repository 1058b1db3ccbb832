/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <string.h>

#include "base/pattern.h"

static void test_match(void **state) {
        static const struct {
                const char *string, *pattern;
                bool matches;
        } cases[] = {
                { "root", "root", true },  { "root", "r*t", true },    { "root", "r?ot", true },
                { "root", "", false },     { "", "", true },           { "", "*", true },
                { "", "?", false },        { "abcabc", "*abc", true }, { "abcabd", "*abc", false },
                { "root", "ROOT", false }, { "aXbXc", "a*X*c", true }, { "a", "**?", true },
        };

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
                assert_int_equal(pattern_match(cases[i].string, cases[i].pattern),
                                 cases[i].matches);
}

static void test_list(void **state) {
        char long_list[2048];

        (void)state;
        assert_int_equal(pattern_match_list("root", "bob,root", false), PATTERN_MATCHED);
        assert_int_equal(pattern_match_list("bob", "!bob", false), PATTERN_NEGATED);
        assert_int_equal(pattern_match_list("alice", "!bob", false), PATTERN_NONE);
        assert_int_equal(pattern_match_list("bob", "*,!bob", false), PATTERN_NEGATED);
        assert_int_equal(pattern_match_list("root", ",root", false), PATTERN_MATCHED);
        assert_int_equal(pattern_match_list("root", "a, root", false), PATTERN_NONE);
        assert_int_equal(pattern_match_list("host", "HOST", true), PATTERN_MATCHED);
        assert_int_equal(pattern_match_list("host", "HOST", false), PATTERN_NONE);
        memset(long_list, 'x', sizeof long_list);
        memcpy(long_list, "root,", 5);
        long_list[5 + 1023] = '\0';
        assert_int_equal(pattern_match_list("root", long_list, false), PATTERN_NONE);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_match),
                cmocka_unit_test(test_list),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
