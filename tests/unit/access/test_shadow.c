/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <stdio.h>
#include <string.h>

#include "access/shadow.h"
#include "base/cleanup.h"

static void test_hashes(void **state) {
        static const char text[] = "set:$6$salt$hash:19000:0:99999:7:::\n"
                                   "des:abJnggxhB/yWI:19000::::::\n"
                                   "empty::19000::::::\n"
                                   "star:*:19000::::::\n"
                                   "locked:!$6$salt$hash:19000::::::\n"
                                   "never:!:19000::::::\n"
                                   "word:secret:19000::::::\n"
                                   "set:*:1::::::\n"
                                   "short:$6$a$b:19000\n"
                                   "number:$6$a$b:x::::::\n"
                                   "last:$y$j9T$a$b:19000:0:99999:7::20000:";
        static const struct {
                const char *name;
                enum shadow_password password;
                bool is_locked;
        } wanted[] = {
                { "set", SHADOW_PASSWORD_SET, false },     { "des", SHADOW_PASSWORD_SET, false },
                { "empty", SHADOW_PASSWORD_EMPTY, false }, { "star", SHADOW_PASSWORD_NONE, false },
                { "locked", SHADOW_PASSWORD_NONE, true },  { "never", SHADOW_PASSWORD_NONE, true },
                { "word", SHADOW_PASSWORD_NONE, false },   { "last", SHADOW_PASSWORD_SET, false },
        };
        CLEANUP(shadows_done) struct shadows shadows = { 0 };

        (void)state;
        assert_int_equal(shadows_parse(text, sizeof text - 1, &shadows), 0);
        for (size_t i = 0; i < N_ELEMENTS(wanted); i++) {
                const struct shadow *shadow = shadows_find(&shadows, wanted[i].name);

                assert_non_null(shadow);
                assert_int_equal(shadow->password, wanted[i].password);
                assert_int_equal(shadow->is_locked, wanted[i].is_locked);
        }
        assert_null(shadows_find(&shadows, "short"));
        assert_null(shadows_find(&shadows, "number"));
        assert_int_equal(shadows_find(&shadows, "last")->expire, 20000);
        assert_int_equal(shadows_find(&shadows, "set")->max, 99999);
        assert_int_equal(shadows_find(&shadows, "des")->expire, -1);
}

/* The order of check_shadow_expiry(): the account first, then the password. */
static void test_dates(void **state) {
        static const struct {
                struct shadow shadow; /* password, locked, last change, max, inactive, expire */
                enum shadow_verdict wanted;
        } cases[] = {
                { { 0, 0, 900, -1, -1, -1 }, SHADOW_VALID },
                { { 0, 0, 900, 100, -1, -1 }, SHADOW_VALID },
                { { 0, 0, 900, 99, -1, -1 }, SHADOW_MUST_CHANGE },
                { { 0, 0, 900, 50, 50, -1 }, SHADOW_MUST_CHANGE },
                { { 0, 0, 900, 50, 49, -1 }, SHADOW_PASSWORD_EXPIRED },
                { { 0, 0, 0, 50, 49, -1 }, SHADOW_MUST_CHANGE },
                { { 0, 0, 1001, 0, 0, -1 }, SHADOW_VALID },
                { { 0, 0, 900, -1, -1, 1001 }, SHADOW_VALID },
                { { 0, 0, 900, -1, -1, 1000 }, SHADOW_ACCOUNT_EXPIRED },
                { { 0, 0, 0, 50, 49, 1000 }, SHADOW_ACCOUNT_EXPIRED },
        };

        (void)state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++)
                assert_int_equal(shadow_judge(&cases[i].shadow, 1000), cases[i].wanted);
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_hashes),
                                            cmocka_unit_test(test_dates) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
