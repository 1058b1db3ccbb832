/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sshd's options. */

#include "cmocka_env.h"

#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "sshd/command_line.h"

enum { ARGUMENTS_MAX = 8 };

struct options_case {
        const char *argv[ARGUMENTS_MAX]; /* without the program */
        const char *options;             /* "TEXT@WORD|…" */
        const char *config_path, *problem;
};

static const struct options_case cases[] = {
        { { "-D" }, "", NULL, NULL },
        { { "-D", "-o", "PermitRootLogin=yes" }, "PermitRootLogin=yes@3", NULL, NULL },
        { { "-DoPermitRootLogin=yes" }, "PermitRootLogin=yes@1", NULL, NULL },
        { { "-oA=b", "-oA=c", "-p", "22", "-p2222" }, "A=b@1|A=c@2|-p22@4|-p2222@5", NULL, NULL },
        { { "-oA=b", "-4", "-6" }, "AddressFamily inet6@3|A=b@1", NULL, NULL },
        { { "-g", "30", "-q" }, "LoginGraceTime 30@2|LogLevel QUIET@3", NULL, NULL },
        { { "-ddd", "-d" }, "LogLevel DEBUG3@2", NULL, NULL },
        { { "-qd" }, "LogLevel DEBUG1@1", NULL, NULL },
        { { "-h", "/a key", "-c/b" }, "HostKey \"/a key\"@2|HostCertificate /b@3", NULL, NULL },
        { { "-f", "/tmp/x", "-u0", "-E/log", "-e", "-C", "user=x" }, "", "/tmp/x", NULL },
        { { "-f", "/a", "-f/b" }, "", "/b", NULL },
        { { "-o", "A=b", "--", "-4" }, "A=b@2", NULL, "Extra argument -4." },
        { { "-D", "extra", "-4" }, "", NULL, "Extra argument extra." },
        { { "-" }, "", NULL, "Extra argument -." },
        { { "-o" }, "", NULL, "option requires an argument -- o" },
        { { "-4z" }, "AddressFamily inet@1", NULL, "unknown option -- z" },
};

static void options_become_lines(void **state) {
        (void)state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                const char *argv[ARGUMENTS_MAX + 1] = { "/usr/sbin/sshd" };
                CLEANUP(sshd_command_line_done) struct sshd_command_line line = { 0 };
                char got[256] = "";
                size_t n = 1;

                while (n <= ARGUMENTS_MAX && cases[i].argv[n - 1]) {
                        argv[n] = cases[i].argv[n - 1];
                        n++;
                }
                assert_int_equal(sshd_command_line_parse(argv, n, &line), 0);
                for (size_t k = 0; k < line.n_options; k++) {
                        size_t used = strlen(got);

                        (void)snprintf(got + used, sizeof got - used, "%s%s@%zu", k ? "|" : "",
                                       line.options[k].text, line.options[k].word);
                }
                assert_string_equal(got, cases[i].options);
                assert_true(!line.config_path == !cases[i].config_path);
                if (line.config_path)
                        assert_string_equal(line.config_path, cases[i].config_path);
                assert_true(!line.problem == !cases[i].problem);
                if (line.problem)
                        assert_string_equal(line.problem, cases[i].problem);
        }
}

static void what_serves_otherwise_is_told(void **state) {
        static const struct {
                const char *option;
                bool is_inetd, is_debug, is_test;
        } kinds[] = {
                { "-i", true, false, false },  { "-t", false, false, true },
                { "-d", false, true, false },  { "-T", false, false, true },
                { "-D", false, false, false },
        };

        (void)state;
        for (size_t i = 0; i < N_ELEMENTS(kinds); i++) {
                const char *argv[] = { "sshd", kinds[i].option };
                CLEANUP(sshd_command_line_done) struct sshd_command_line line = { 0 };

                assert_int_equal(sshd_command_line_parse(argv, 2, &line), 0);
                assert_int_equal(line.is_inetd, kinds[i].is_inetd);
                assert_int_equal(line.is_debug, kinds[i].is_debug);
                assert_int_equal(line.is_test, kinds[i].is_test);
        }
}

static void no_words_at_all_are_no_options(void **state) {
        CLEANUP(sshd_command_line_done) struct sshd_command_line line = { 0 };

        (void)state;
        assert_int_equal(sshd_command_line_parse(NULL, 0, &line), 0);
        assert_int_equal(line.n_options, 0);
        assert_null(line.problem);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(options_become_lines),
                cmocka_unit_test(what_serves_otherwise_is_told),
                cmocka_unit_test(no_words_at_all_are_no_options),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
