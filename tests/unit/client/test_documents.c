/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The manual pages, the completions and the program name the same commands, options, methods and
 * errors. */
#include "cmocka_env.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../../client/client.h"
#include "base/cleanup.h"
#include "wire/idl.h"
#include "wire/interfaces.h"

static const char *const completions[] = { "completions/sshguardctl.bash",
                                           "completions/_sshguardctl",
                                           "completions/sshguardctl.fish" };

/* A file of the source tree, with a line end before its first line. */
static char *load(const char *name) {
        CLEANUP_FREE char *path = text_format("%s/%s", SSHGUARDD_SOURCE_DIR, name);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        struct text text = { 0 };
        char buffer[4096];
        ssize_t n;

        if (fd < 0)
                fail_msg("%s cannot be read", path);
        (void)text_append(&text, "\n");
        while ((n = read(fd, buffer, sizeof buffer)) > 0)
                (void)text_append_n(&text, buffer, (size_t)n);
        (void)close(fd);
        return text_take(&text);
}

static bool is_word(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_';
}

/* WORD stands in TEXT, by itself. */
static bool has_word(const char *text, const char *word) {
        for (const char *at = text; (at = strstr(at, word)); at++)
                if ((at == text || !is_word(at[-1])) && !is_word(at[strlen(word)]))
                        return true;
        return false;
}

/* "-l NAME", which is how fish is told of a long option. */
static bool has_option_of_fish(const char *text, const char *name) {
        CLEANUP_FREE char *option = text_format("-l %s", name);

        return has_word(text, option);
}

static size_t count(const char *text, const char *string) {
        size_t n = 0;

        for (const char *at = text; (at = strstr(at, string)); at++)
                n++;
        return n;
}

static void test_commands(void **state) {
        CLEANUP_FREE char *manual = load("docs/sshguardctl.1");
        const struct command *table;
        size_t n;

        (void)state;
        table = commands(&n);
        for (size_t i = 0; i < n; i++) {
                CLEANUP_FREE char *item = text_format("\n.It Cm %s", table[i].name);

                if (!strstr(manual, item))
                        fail_msg("sshguardctl.1 does not tell of %s", table[i].name);
        }
        assert_int_equal(count(manual, "\n.It Cm "), n);
        for (size_t k = 0; k < N_ELEMENTS(completions); k++) {
                CLEANUP_FREE char *completion = load(completions[k]);

                for (size_t i = 0; i < n; i++)
                        if (!has_word(completion, table[i].name))
                                fail_msg("%s does not know %s", completions[k], table[i].name);
        }
}

/* Help fits a terminal of 80 columns. */
static void assert_lines_fit(const char *name, const char *text) {
        while (*text) {
                size_t n = strcspn(text, "\n");

                if (n > 80)
                        fail_msg("%s: too wide: %.*s", name, (int)n, text);
                text += n + (text[n] == '\n');
        }
}

static void test_help_fits(void **state) {
        enum { SYNOPSIS_COLUMNS = 27 };
        CLEANUP(text_done) struct text options = { 0 };
        const struct command *table;
        size_t n;

        (void)state;
        arguments_append_help(&options, 0);
        arguments_append_help(&options, ~0U);
        assert_lines_fit("options", text_get(&options));
        table = commands(&n);
        for (size_t i = 0; i < n; i++) {
                if (strlen(table[i].summary) > 80 - SYNOPSIS_COLUMNS)
                        fail_msg("%s: too wide: %s", table[i].name, table[i].summary);
                assert_lines_fit(table[i].name, table[i].details);
        }
}

static void test_options(void **state) {
        CLEANUP_FREE char *manual = load("docs/sshguardctl.1");
        CLEANUP(text_done) struct text help = { 0 };
        size_t n = 0;

        (void)state;
        arguments_append_help(&help, 0);
        arguments_append_help(&help, ~0U);
        for (const char *at = text_get(&help); (at = strstr(at, " --"));
             at = strchr(at, '\n'), n++) {
                CLEANUP_FREE char *name = NULL, *item = NULL;

                at += 3;
                name = strndup(at, strspn(at, "abcdefghijklmnopqrstuvwxyz0123456789-"));
                item = text_format(" Fl -%s", name);
                if (!strstr(manual, item))
                        fail_msg("sshguardctl.1 does not tell of --%s", name);
                for (size_t k = 0; k < N_ELEMENTS(completions); k++) {
                        CLEANUP_FREE char *completion = load(completions[k]);

                        CLEANUP_FREE char *spelled = text_format("--%s", name);

                        if (!has_word(completion, spelled) && !has_option_of_fish(completion, name))
                                fail_msg("%s does not know --%s", completions[k], name);
                }
        }
        /* and no option that the program does not have */
        assert_int_equal(count(manual, "\n.It Fl "), n);
}

static void test_interface(void **state) {
        CLEANUP_FREE char *manual = load("docs/org.sshguardd.Control.7");
        struct diagnostics diagnostics = { 0 };
        struct idl_interface *interface = NULL;
        size_t n_methods = 0, n_errors = 0;

        (void)state;
        assert_int_equal(idl_parse(wire_control_description, &diagnostics, &interface), 0);
        for (size_t i = 0; i < interface->n_members; i++) {
                const struct idl_member *member = &interface->members[i];
                CLEANUP_FREE char *item = NULL;

                if (member->kind == IDL_TYPE)
                        continue;
                item = text_format("\n.It %s %s\n", member->kind == IDL_METHOD ? "Fn" : "Er",
                                   member->name);
                if (!strstr(manual, item))
                        fail_msg("org.sshguardd.Control.7 does not tell of %s", member->name);
                n_methods += member->kind == IDL_METHOD;
                n_errors += member->kind == IDL_ERROR;
        }
        assert_int_equal(count(manual, "\n.It Fn "), n_methods);
        assert_int_equal(count(manual, "\n.It Er "), n_errors);
        idl_free(interface);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_commands),
                cmocka_unit_test(test_help_fits),
                cmocka_unit_test(test_options),
                cmocka_unit_test(test_interface),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
