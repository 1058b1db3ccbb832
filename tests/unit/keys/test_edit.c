/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <string.h>

#include "base/cleanup.h"
#include "keys/edit.h"
#include "keys_data.h"

#define KEY "ssh-ed25519 " ED25519

static void test_remove(void **state) {
        static const char file[] = "# mine\r\n" KEY " a\r\n\n" KEY " b\n\tnonsense\0\n" KEY " c";
        static const struct {
                bool remove[4];
                const char *left;
                size_t n;
        } cases[] = {
#define LEFT(...) __VA_ARGS__, sizeof(__VA_ARGS__) - 1
                { { false, false, false, false }, file, sizeof file - 1 },
                { { true, false, false, false },
                  LEFT("# mine\r\n\n" KEY " b\n\tnonsense\0\n" KEY " c") },
                { { false, true, true, false }, LEFT("# mine\r\n" KEY " a\r\n\n" KEY " c") },
                { { false, false, false, true },
                  LEFT("# mine\r\n" KEY " a\r\n\n" KEY " b\n\tnonsense\0\n") },
                { { true, true, true, true }, LEFT("# mine\r\n\n") },
        };
        CLEANUP(authorized_keys_done) struct authorized_keys keys = { 0 };

        (void)state;
        assert_int_equal(authorized_keys_parse(file, sizeof file - 1, &openssh_9_2, NULL, &keys),
                         0);
        assert_int_equal(keys.n_items, 4);
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                CLEANUP(text_done) struct text text = { 0 };

                assert_int_equal(authorized_keys_remove(file, sizeof file - 1, &keys,
                                                        cases[i].remove, &text),
                                 0);
                assert_int_equal(text.n, cases[i].n);
                assert_memory_equal(text_get(&text), cases[i].left, cases[i].n);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_remove) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
