/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include "base/cleanup.h"
#include "os/kernel_line.h"

static void test_words(void **state) {
        static const struct {
                const char *line;
                bool lists;
        } cases[] = {
                { "sshguardd.mode=audit", true },
                { "ro quiet sshguardd.mode=audit\n", true },
                { "  sshguardd.mode=audit\tro", true },
                { "", false },
                { "sshguardd.mode=audits", false },
                { "xsshguardd.mode=audit", false },
                { "sshguardd.mode=enforce", false },
                { "init=\"/bin/sh sshguardd.mode=audit\"", false },
                { "a=\"b c\" sshguardd.mode=audit", true },
        };

        (void)state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++)
                assert_int_equal(kernel_line_lists(cases[i].line, "sshguardd.mode=audit"),
                                 cases[i].lists);
}

static void test_the_running_kernel_has_a_line(void **state) {
        bool lists = true;

        (void)state;
        assert_int_equal(kernel_line_ask("sshguardd.no-such-word", &lists), 0);
        assert_false(lists);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_words),
                cmocka_unit_test(test_the_running_kernel_has_a_line),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
