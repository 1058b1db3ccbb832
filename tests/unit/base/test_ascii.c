/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <ctype.h>

#include "base/ascii.h"

/* The test program never calls setlocale(), so <ctype.h> speaks for the C locale. */
static void test_same_as_ctype(void **state) {
        (void)state;
        for (int c = 0; c < 256; c++) {
                assert_int_equal(ascii_is_digit((char)c), isdigit(c) != 0);
                assert_int_equal(ascii_is_space((char)c), isspace(c) != 0);
                assert_int_equal((unsigned char)ascii_to_lower((char)c), tolower(c));
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_same_as_ctype),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
