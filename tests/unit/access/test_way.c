/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <string.h>

#include "access/way.h"
#include "base/cleanup.h"

static void add(struct access_ways *ways, unsigned factors, enum access_answer answer) {
        assert_int_equal(access_ways_add(ways, factors, answer, "method",
                                         answer == ACCESS_YES ? NULL : "who knows"),
                         0);
}

static void test_only_the_smallest_are_kept(void **state) {
        CLEANUP(access_ways_done) struct access_ways ways = { 0 };

        (void)state;
        add(&ways, ACCESS_KEY | ACCESS_PASSWORD, ACCESS_YES);
        add(&ways, ACCESS_CODE, ACCESS_YES);
        add(&ways, ACCESS_KEY, ACCESS_CANNOT_TELL);
        assert_int_equal(ways.n_items, 3);
        add(&ways, ACCESS_KEY, ACCESS_YES);
        assert_int_equal(ways.n_items, 2);
        assert_int_equal(access_ways_suffice(&ways, ACCESS_KEY | ACCESS_CODE), ACCESS_YES);
        assert_int_equal(access_ways_suffice(&ways, ACCESS_PASSWORD), ACCESS_NO);
        add(&ways, 0, ACCESS_CANNOT_TELL);
        assert_int_equal(ways.n_items, 3);
        assert_int_equal(access_ways_suffice(&ways, ACCESS_PASSWORD), ACCESS_CANNOT_TELL);
        add(&ways, 0, ACCESS_YES);
        assert_int_equal(ways.n_items, 1);
}

static void test_methods_that_need_the_same_are_one_way(void **state) {
        static const char *const methods[] = { "password", "keyboard-interactive", "password",
                                               "word", "password,word" };
        CLEANUP(access_ways_done) struct access_ways ways = { 0 };

        (void)state;
        for (size_t i = 0; i < N_ELEMENTS(methods); i++)
                assert_int_equal(
                        access_ways_add(&ways, ACCESS_PASSWORD, ACCESS_YES, methods[i], NULL), 0);
        assert_int_equal(ways.n_items, 1);
        assert_string_equal(ways.items[0].methods,
                            "password or keyboard-interactive or word or password,word");
        add(&ways, ACCESS_PASSWORD, ACCESS_CANNOT_TELL);
        assert_int_equal(ways.n_items, 1);
}

static void test_two_methods_that_want_a_key_want_two(void **state) {
        CLEANUP(access_ways_done) struct access_ways a = { 0 }, b = { 0 }, both = { 0 };

        (void)state;
        add(&a, ACCESS_KEY, ACCESS_YES);
        add(&b, ACCESS_KEY, ACCESS_YES);
        add(&b, ACCESS_CODE, ACCESS_CANNOT_TELL);
        assert_int_equal(access_ways_combine(&a, &b, &both), 0);
        assert_int_equal(both.n_items, 2);
        assert_int_equal(access_ways_suffice(&both, ACCESS_KEY), ACCESS_NO);
        assert_int_equal(access_ways_suffice(&both, ACCESS_KEY | ACCESS_OTHER_KEY), ACCESS_YES);
        assert_int_equal(access_ways_suffice(&both, ACCESS_KEY | ACCESS_CODE), ACCESS_CANNOT_TELL);
        assert_string_equal(both.items[0].methods, "method,method");
}

static void test_names(void **state) {
        char buffer[ACCESS_FACTORS_TEXT_MAX];

        (void)state;
        assert_string_equal(access_factors_format(0, buffer), "nothing");
        assert_string_equal(access_factors_format(ACCESS_KEY | ACCESS_CODE, buffer), "key + code");
        assert_string_equal(access_factors_format(ACCESS_FACTORS_END - 1, buffer),
                            "key + other key + certificate + password + code + host + ticket");
        assert_int_equal(access_factors_count(ACCESS_KEY | ACCESS_OTHER_KEY), 2);
        for (unsigned bit = 1; bit < ACCESS_FACTORS_END; bit <<= 1)
                assert_int_equal(access_factor_parse(access_factor_name(bit)), bit);
        assert_int_equal(access_factor_parse("luck"), 0);
        assert_null(access_factor_name(ACCESS_FACTORS_END));
        assert_string_equal(access_answer_name(ACCESS_YES), "yes");
        assert_string_equal(access_answer_name(ACCESS_NO), "no");
        assert_string_equal(access_answer_name(ACCESS_CANNOT_TELL), "cannot tell");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_only_the_smallest_are_kept),
                cmocka_unit_test(test_methods_that_need_the_same_are_one_way),
                cmocka_unit_test(test_two_methods_that_want_a_key_want_two),
                cmocka_unit_test(test_names),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
