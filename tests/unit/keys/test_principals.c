/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <string.h>

#include "base/cleanup.h"
#include "keys/principals.h"
#include "keys_data.h"

static void test_lines(void **state) {
        static const char file[] = "root\n"
                                   "# comment\n"
                                   "\n"
                                   "  bob \t\n"
                                   "no-pty alice # the admin\n"
                                   "from=\"10.0.0.0/8\",command=\"a b\" carol\n"
                                   "a b c\n"
                                   "no-pty\tdave\n"
                                   "command=\"#\" erin\n"
                                   "frank\r\n"
                                   "no-pty grace\0junk";
        static const struct {
                unsigned line;
                const char *name;
                bool is_good, permits_pty;
        } wanted[] = {
                { 1, "root", true, true },       { 4, "bob", true, true },
                { 5, "alice", true, false },     { 6, "carol", true, true },
                { 7, "c", false, false },        { 8, "dave", true, false },
                { 9, "command=\"", true, true }, { 10, "frank\r", true, true },
                { 11, "grace", true, false },
        };
        CLEANUP(authorized_principals_done) struct authorized_principals principals = { 0 };

        (void)state;
        assert_int_equal(
                authorized_principals_parse(file, sizeof file - 1, &openssh_9_2, NULL, &principals),
                0);
        assert_int_equal(principals.n_items, N_ELEMENTS(wanted));
        for (size_t i = 0; i < N_ELEMENTS(wanted); i++) {
                assert_int_equal(principals.items[i].line, wanted[i].line);
                assert_string_equal(principals.items[i].name, wanted[i].name);
                assert_int_equal(principals.items[i].problem == NULL, wanted[i].is_good);
                if (wanted[i].is_good)
                        assert_int_equal(principals.items[i].options.permits_pty,
                                         wanted[i].permits_pty);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_lines) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
