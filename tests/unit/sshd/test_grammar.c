/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every grammar against what the real sshd of four releases said (grammar_cases.h). */

#include "cmocka_env.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/account.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "grammar_cases.h"
#include "sshd/config.h"
#include "sshd/dump.h"
#include "sshd/effective.h"
#include "sshd/keywords.h"

DEFINE_CLEANUP(cleanup_config, struct sshd_config, sshd_config_free)
DEFINE_CLEANUP(cleanup_effective, struct sshd_effective, sshd_effective_free)
DEFINE_CLEANUP(cleanup_refusal, struct sshd_refusal, sshd_refusal_free)

static const char *const releases[4] = {
        "OpenSSH_8.4p1 Debian-5+deb11u3",
        "OpenSSH_9.2p1 Debian-2+deb12u10",
        "OpenSSH_10.0p2 Debian-7+deb13u4",
        "OpenSSH_10.6p1 Debian-1",
};
static const char passwd[] = "root:x:0:0::/root:/bin/sh\n";

static int no_glob(void *userdata, const char *pattern, char ***ret_paths, size_t *ret_n) {
        (void)userdata;
        (void)pattern;
        *ret_paths = NULL;
        *ret_n = 0;
        return 0;
}

static int read_case(void *userdata, const char *path, char **ret_data, size_t *ret_n) {
        const struct grammar_case *grammar_case = userdata;

        assert_string_equal(path, "/t/c");
        *ret_data = malloc(grammar_case->n_text + 1);
        if (!*ret_data)
                return -ENOMEM;
        memcpy(*ret_data, grammar_case->text, grammar_case->n_text);
        *ret_n = grammar_case->n_text;
        return 0;
}

static int know_https(void *userdata, const char *name, uint16_t *ret_port) {
        (void)userdata;
        *ret_port = 443;
        return strcmp(name, "https") == 0 ? 0 : -ENOENT;
}

static uint32_t know_lo(void *userdata, const char *name) {
        (void)userdata;
        return strcmp(name, "lo") == 0;
}

/* The values of one keyword, as the table writes them. */
static char *values_of(const struct sshd_effective *effective, const char *keyword) {
        CLEANUP(text_done) struct text dump = { 0 };
        struct text values = { 0 };
        size_t n = strlen(keyword);

        assert_int_equal(sshd_effective_format(effective, &dump), 0);
        for (const char *line = text_get(&dump); *line; line = strchr(line, '\n') + 1) {
                if (strncasecmp(line, keyword, n) != 0 || line[n] != ' ')
                        continue;
                (void)text_append(&values, values.n > 0 ? "|" : "");
                (void)text_append_n(&values, line + n + 1, strcspn(line + n + 1, "\n"));
        }
        return text_take(&values);
}

/* What became of the case: values, or "!" and all that sshd would have written. */
static char *judge(const struct grammar_case *grammar_case, const char *release,
                   const struct accounts *accounts) {
        struct grammar_case copy = *grammar_case;
        const struct sshd_environment environment = { .userdata = &copy,
                                                      .glob = no_glob,
                                                      .read = read_case,
                                                      .service = know_https,
                                                      .scope = know_lo };
        struct sshd_source source = { .path = "/t/c", .cwd = "/", .accounts = accounts };
        CLEANUP(cleanup_config) struct sshd_config *config = NULL;
        CLEANUP(cleanup_effective) struct sshd_effective *effective = NULL;
        CLEANUP(cleanup_refusal) struct sshd_refusal *refusal = NULL;

        assert_true(sshd_release_parse(release, &source.release));
        assert_int_equal(sshd_config_load(&source, &environment, &config), 0);
        if (sshd_config_refusal(config)) {
                assert_int_equal(sshd_config_refusal(config)->exit_status, 255);
                return text_format("!%s", sshd_config_refusal(config)->message);
        }
        if (sshd_effective_new(config, NULL, accounts, &effective, &refusal) == -EINVAL)
                return text_format("!%s", refusal->message);
        assert_non_null(effective);
        return values_of(effective, grammar_case->keyword);
}

static void test_cases(void **state) {
        CLEANUP(accounts_done) struct accounts accounts = { 0 };
        unsigned n_wrong = 0;

        (void)state;
        assert_int_equal(accounts_parse(passwd, sizeof passwd - 1, NULL, 0, &accounts), 0);
        for (size_t i = 0; i < N_ELEMENTS(grammar_cases); i++) {
                const char *expected = NULL;

                for (size_t k = 0; k < N_ELEMENTS(releases); k++) {
                        CLEANUP_FREE char *actual =
                                judge(&grammar_cases[i], releases[k], &accounts);
                        bool is_equal;

                        assert_non_null(actual);
                        if (grammar_cases[i].expected[k])
                                expected = grammar_cases[i].expected[k];
                        is_equal = *expected == '!' ? *actual == '!' && strstr(actual, expected + 1)
                                                    : strcmp(actual, expected) == 0;
                        if (is_equal)
                                continue;
                        n_wrong++;
                        print_error("%s: %s\nexpected %s\nactual   %s\n", releases[k],
                                    grammar_cases[i].text, expected, actual);
                }
        }
        assert_int_equal(n_wrong, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_cases),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
