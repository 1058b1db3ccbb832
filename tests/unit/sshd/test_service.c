/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The words and variables of a unit. What is expected was said by systemd 252 and 257, which ran
 * each of these as a unit whose program printed its arguments. */

#include "cmocka_env.h"

#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "sshd/service.h"

enum { WORDS_MAX = 6, SYSTEMD = 252 };

struct words_case {
        const char *name, *unit, *environment;
        const char *words[WORDS_MAX];
};

static const struct words_case words_cases[] = {
        { "as Debian has it",
          "EnvironmentFile=-/root/env\nExecStart=/bin/args -D $SSHD_OPTS\n",
          "SSHD_OPTS=\n",
          { "-D" } },
        { "one option",
          "EnvironmentFile=-/root/env\nExecStart=/bin/args -D $SSHD_OPTS\n",
          "SSHD_OPTS=-oPermitRootLogin=yes\n",
          { "-D", "-oPermitRootLogin=yes" } },
        { "unquoted blanks",
          "EnvironmentFile=-/root/env\nExecStart=/bin/args -D $SSHD_OPTS\n",
          "SSHD_OPTS=-o  PermitRootLogin=yes -4   \n",
          { "-D", "-o", "PermitRootLogin=yes", "-4" } },
        { "double quotes",
          "EnvironmentFile=-/root/env\nExecStart=/bin/args -D $SSHD_OPTS\n",
          "SSHD_OPTS=\"-o 'PermitRootLogin yes' -4\"\n",
          { "-D", "-o", "PermitRootLogin yes", "-4" } },
        { "single quotes",
          "EnvironmentFile=-/root/env\nExecStart=/bin/args -D $SSHD_OPTS\n",
          "SSHD_OPTS='-o \"PermitRootLogin yes\"'\n",
          { "-D", "-o", "PermitRootLogin yes" } },
        { "quotes in the middle",
          "EnvironmentFile=-/root/env\nExecStart=/bin/args $SSHD_OPTS\n",
          "SSHD_OPTS=-o \"A b\" -o'C d'\n",
          { "-o", "A b", "-oC d" } },
        { "quoted parts",
          "EnvironmentFile=-/root/env\nExecStart=/bin/args $SSHD_OPTS\n",
          "SSHD_OPTS=\"-o\" ' A' \"b\"x \n",
          { "-o", "Abx" } },
        { "escapes",
          "EnvironmentFile=-/root/env\nExecStart=/bin/args $SSHD_OPTS\n",
          "SSHD_OPTS=-o\\ A\\\\b \\\n -4 \\\n\n",
          { "-o", "Ab", "-4" } },
        { "escapes in double quotes",
          "EnvironmentFile=-/root/env\nExecStart=/bin/args $SSHD_OPTS\n",
          "SSHD_OPTS=\"a\\\"b\\$c\\d\\\ne\"\n",
          { "ab$cde" } },
        { "value over lines",
          "EnvironmentFile=-/root/env\nExecStart=/bin/args $SSHD_OPTS\n",
          "SSHD_OPTS=\"-o\nA=b\n-4\"\nX=1\n",
          { "-o", "A=b", "-4" } },
        { "the last assignment",
          "EnvironmentFile=-/root/env\nExecStart=/bin/args $SSHD_OPTS\n",
          "SSHD_OPTS=a\nSSHD_OPTS=b\nexport SSHD_OPTS=c\nSSHD_OPTS =d\n 2X=e\n",
          { "d" } },
        { "comments",
          "EnvironmentFile=-/root/env\nExecStart=/bin/args $SSHD_OPTS\n",
          "# SSHD_OPTS=a\n;SSHD_OPTS=b\n  # c\nSSHD_OPTS=d # e\n",
          { "d", "#", "e" } },
        { "no final newline",
          "EnvironmentFile=-/root/env\nExecStart=/bin/args $SSHD_OPTS\n",
          "SSHD_OPTS=-4  ",
          { "-4" } },
        { "open quote",
          "EnvironmentFile=-/root/env\nExecStart=/bin/args $SSHD_OPTS\n",
          "SSHD_OPTS=\"-4 -o A\n",
          { "-4", "-o", "A" } },
        { "carriage returns",
          "EnvironmentFile=-/root/env\nExecStart=/bin/args $SSHD_OPTS\n",
          "SSHD_OPTS=-4\r\nB=1\r\n",
          { "-4" } },
        { "braces are one word",
          "EnvironmentFile=-/root/env\nExecStart=/bin/args ${SSHD_OPTS} x${SSHD_OPTS}y\n",
          "SSHD_OPTS=-o A\n",
          { "-o A", "x-o Ay" } },
        { "braces without a variable",
          "ExecStart=/bin/args ${NONE} a${NONE}b $NONE c\n",
          NULL,
          { "", "ab", "c" } },
        { "dollars",
          "Environment=FOO=x\nExecStart=/bin/args $$FOO a$FOO $${FOO} $FOO-y ${FOO\n",
          NULL,
          { "$FOO", "a$FOO", "${FOO}", "${FOO" } },
        { "environment",
          "Environment=\"FOO=a b\" BAR=c\n Environment = BAR='d' \nExecStart=/bin/args $FOO ${FOO} "
          "$BAR\n",
          NULL,
          { "a", "b", "a b", "d" } },
        { "the file beats Environment",
          "EnvironmentFile=/root/env\nEnvironment=FOO=a\nExecStart=/bin/args $FOO\n",
          "FOO=b\n",
          { "b" } },
        { "Environment is taken back",
          "Environment=FOO=a\nEnvironment=\nEnvironment=BAR=b\nExecStart=/bin/args $FOO $BAR\n",
          NULL,
          { "b" } },
        { "variables unset",
          "Environment=FOO=a BAR=b BAZ=c\nUnsetEnvironment=FOO BAR=b BAZ=d\nExecStart=/bin/args "
          "$FOO $BAR $BAZ\n",
          NULL,
          { "c" } },
        { "words of a unit",
          "ExecStart=/bin/args \"a b\" 'c \"d' e\\x41f \\\"g a\"b c\"d\n",
          NULL,
          { "a b", "c \"d", "eAf", "\"g", "ab cd" } },
        { "C escapes",
          "ExecStart=/bin/args \\ta\\040b \\u00e4 '\\s' \"\\\\\"\n",
          NULL,
          { "\ta b", "\xc3\xa4", " ", "\\" } },
        { "characters of three and four bytes",
          "ExecStart=/bin/args \\u20ac \\U0001f600\n",
          NULL,
          { "\xe2\x82\xac", "\xf0\x9f\x98\x80" } },
        { "unknown escapes", "ExecStart=/bin/args a\\qb c\n", NULL, { "a\\qb", "c" } },
        { "lines joined",
          "ExecStart=/bin/args a \\\n# a comment\n  b\\\nc\n",
          NULL,
          { "a", "b", "c" } },
        { "taken back",
          "ExecStart=/bin/false\nExecStart=\nExecStart=/bin/args z\n",
          NULL,
          { "z" } },
        { "own name", "ExecStart=@/bin/args sshd -4\n", NULL, { "-4" } },
        { "no variables",
          "Environment=FOO=a\nExecStart=:/bin/args $FOO ${FOO} $$\n",
          NULL,
          { "$FOO", "${FOO}", "$$" } },
        { "minus and at", "ExecStart=-@/bin/args sshd a\n", NULL, { "a" } },
        { "specifiers",
          "ExecStart=/bin/args %% %n %N %p %t a%%b\n",
          NULL,
          { "%", "probe.service", "probe", "probe", "/run", "a%b" } },
        { "semicolons",
          "ExecStart=/bin/args a\\; \\; ';' b;c\n",
          NULL,
          { "a\\;", ";", ";", "b;c" } },
        { "a section in between",
          "[Unit]\nEnvironment=FOO=a\n[Service]\nExecStart=/bin/args $FOO "
          "b\n[Install]\nExecStart=/bin/false\n",
          NULL,
          { "b" } },
        { "split honours quotes",
          "Environment=\"FOO='a b' c\\\"d e\"\nExecStart=/bin/args $FOO\n",
          NULL,
          { "a b", "cd e" } },
        { "split drops backslashes",
          "Environment='FOO=a\\\\\\\\ b'\nExecStart=/bin/args $FOO\n",
          NULL,
          { "a\\", "b" } },
        { "invalid bytes spoil the file",
          "EnvironmentFile=-/root/env\nExecStart=/bin/args x$FOO $FOO y\n",
          "FOO=a\nBAR=\xff\n",
          { "x$FOO", "y" } },
        { "empty quotes",
          "Environment=FOO=\nExecStart=/bin/args \"\" $FOO ${FOO} ''x\n",
          NULL,
          { "", "", "x" } },
};

static struct service_source source_of(const char *path, const char *data) {
        return (struct service_source){ path, data, data ? strlen(data) : 0 };
}

/* Reads a unit of one file, and its environment file if there is one. */
static void read_unit(const char *unit, const char *environment, unsigned systemd,
                      struct service *ret) {
        struct service_source sources[] = { source_of("/unit", "[Service]\nType=oneshot\n"),
                                            source_of("/drop-in", NULL) };
        char *text = text_format("[Service]\n%s", unit);

        sources[1] = source_of("/drop-in", text);
        assert_int_equal(service_parse("probe.service", sources, N_ELEMENTS(sources), ret), 0);
        free(text);
        if (environment) {
                const struct service_source file = source_of("/root/env", environment);

                assert_int_equal(ret->n_environment_files, 1);
                assert_string_equal(ret->environment_files[0].pattern, "/root/env");
                assert_int_equal(service_load_environment(ret, &file, systemd), 0);
        }
}

static void words_are_those_of_systemd(void **state) {
        (void)state;
        for (size_t i = 0; i < N_ELEMENTS(words_cases); i++) {
                const struct words_case *c = &words_cases[i];
                CLEANUP(service_done) struct service service = { 0 };
                CLEANUP(service_words_done) struct service_words words = { 0 };
                size_t n = 0;

                read_unit(c->unit, c->environment, SYSTEMD, &service);
                assert_null(service.problem);
                assert_int_equal(service.n_commands, 1);
                assert_string_equal(service.commands[0].words.items[0].text, "/bin/args");
                assert_int_equal(service_arguments(&service, &service.commands[0], &words), 0);
                while (n < WORDS_MAX && c->words[n])
                        n++;
                if (words.n_items != n + 1)
                        print_error("%s: %zu words\n", c->name, words.n_items);
                assert_int_equal(words.n_items, n + 1);
                for (size_t k = 0; k < n; k++) {
                        if (strcmp(words.items[k + 1].text, c->words[k]) != 0)
                                print_error("%s: word %zu\n", c->name, k);
                        assert_string_equal(words.items[k + 1].text, c->words[k]);
                }
        }
}

static void a_comment_that_ends_in_a_backslash_went_on_until_254(void **state) {
        static const char unit[] = "EnvironmentFile=/root/env\nExecStart=/bin/args $FOO\n";
        static const char environment[] = "FOO=a\n# x \\\nFOO=b\n";
        static const struct {
                unsigned systemd;
                const char *value;
        } cases[] = { { 253, "a" }, { 254, "b" } };

        (void)state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                CLEANUP(service_done) struct service service = { 0 };

                read_unit(unit, environment, cases[i].systemd, &service);
                assert_int_equal(service.loaded.n_items, 1);
                assert_string_equal(service.loaded.items[0].value, cases[i].value);
        }
}

static void each_word_says_where_it_was_written(void **state) {
        static const char environment[] = "# options\n\nSSHD_OPTS=-4 \\\n  -oX=y\n";
        static const char unit[] = "EnvironmentFile=-/root/env\n\nExecStart=/bin/args -D \\\n"
                                   "  $SSHD_OPTS -u${NONE}\n";
        CLEANUP(service_done) struct service service = { 0 };
        CLEANUP(service_words_done) struct service_words words = { 0 };

        (void)state;
        read_unit(unit, environment, SYSTEMD, &service);
        assert_true(service.environment_files[0].is_optional);
        assert_int_equal(service_arguments(&service, &service.commands[0], &words), 0);
        assert_int_equal(words.n_items, 5);
        assert_string_equal(words.items[1].place.file, "/drop-in");
        assert_int_equal(words.items[1].place.line, 4);
        assert_null(words.items[1].variable);
        assert_string_equal(words.items[3].text, "-oX=y");
        assert_string_equal(words.items[3].place.file, "/root/env");
        assert_int_equal(words.items[3].place.line, 3);
        assert_string_equal(words.items[3].variable, "SSHD_OPTS");
        assert_string_equal(words.items[4].place.file, "/drop-in");
}

static void settings_of_the_namespace_are_kept_until_taken_back(void **state) {
        CLEANUP(service_done) struct service service = { 0 };

        (void)state;
        read_unit("BindPaths=/tmp/evil:/etc/ssh\nRootDirectory=/srv\nRootDirectory=\n"
                  "PrivateTmp=yes\n",
                  NULL, SYSTEMD, &service);
        assert_int_equal(service.n_settings, 1);
        assert_string_equal(service.settings[0].key, "BindPaths");
        assert_string_equal(service.settings[0].value, "/tmp/evil:/etc/ssh");
        assert_int_equal(service.settings[0].place.line, 2);
}

static void what_systemd_refuses_is_a_problem(void **state) {
        static const struct {
                const char *unit, *problem;
        } cases[] = {
                { "ExecStart=/bin/args \"a\n",
                  "/drop-in:2: ExecStart= has a quote that is not closed" },
                { "[Install\n", "/drop-in:2: a section is not closed" },
        };

        (void)state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                CLEANUP(service_done) struct service service = { 0 };

                read_unit(cases[i].unit, NULL, SYSTEMD, &service);
                assert_non_null(service.problem);
                assert_string_equal(service.problem, cases[i].problem);
                assert_int_equal(service.n_commands, 0);
        }
}

static void several_commands_are_kept_apart(void **state) {
        CLEANUP(service_done) struct service service = { 0 };

        (void)state;
        read_unit("ExecStart=/bin/a 1 ; -/bin/b 2\nExecStart=/bin/c\nEnvironmentFile=relative\n"
                  "EnvironmentFile=/a\nEnvironmentFile=\nEnvironment=1X=2 =3 nothing OK=4\n",
                  NULL, SYSTEMD, &service);
        assert_int_equal(service.n_commands, 3);
        assert_string_equal(service.commands[1].words.items[0].text, "/bin/b");
        assert_int_equal(service.n_environment_files, 0);
        assert_int_equal(service.environment.n_items, 1);
        assert_string_equal(service.environment.items[0].name, "OK");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(words_are_those_of_systemd),
                cmocka_unit_test(a_comment_that_ends_in_a_backslash_went_on_until_254),
                cmocka_unit_test(each_word_says_where_it_was_written),
                cmocka_unit_test(settings_of_the_namespace_are_kept_until_taken_back),
                cmocka_unit_test(what_systemd_refuses_is_a_problem),
                cmocka_unit_test(several_commands_are_kept_apart),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
