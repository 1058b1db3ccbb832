/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include "files.h"
#include "pam/module.h"

static void test_matches(void **state) {
        static const struct {
                const char *line, *pattern;
                bool matches;
        } cases[] = {
                { "auth required pam_unix.so", "pam_unix.so", true },
                { "auth required pam_unix.so", "pam_unix", false },
                { "auth required pam_unix.so", "pam_u*", true },
                { "auth required /opt/pam_unix.so", "pam_unix.so", true },
                { "auth required /opt/pam_unix.so", "/opt/*", true },
                { "auth required /opt/pam_unix.so", "/lib/*", false },
                { "auth required pam_unix.so", "/lib/*/pam_unix.so", true },
                { "auth required sub/pam_unix.so", "sub/pam_unix.so", true },
                { "bogus required pam_unix.so", "pam_unix.so", false },
        };

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                struct pam_service *service = memory_load_text("1.5.2", cases[i].line);
                const struct pam_rule *rule = &service->rules[PAM_TYPE_AUTH].items[0];
                char pattern[64];
                char *patterns[] = { "none", pattern };

                (void)strcpy(pattern, cases[i].pattern);
                assert_int_equal(pam_module_matches(rule, cases[i].pattern), cases[i].matches);
                assert_int_equal(pam_module_matches_any(rule, patterns, 2), cases[i].matches);
                assert_false(pam_module_matches_any(rule, patterns, 1));
                pam_service_free(service);
        }
}

static void test_codes(void **state) {
        static const struct {
                const char *line;
                uint32_t codes;
        } cases[] = {
                { "auth required pam_deny.so", PAM_CODE_BIT(PAM_CODE_AUTH_ERR) },
                { "auth required /lib/security/pam_deny.so", PAM_CODE_BIT(PAM_CODE_AUTH_ERR) },
                { "auth required /tmp/pam_deny.so", PAM_CODES_ALL },
                { "auth required ./pam_deny.so", PAM_CODES_ALL },
                { "auth required pam_warn.so", PAM_CODE_BIT(PAM_CODE_IGNORE) },
                { "auth required pam_unix.so nullok",
                  PAM_CODES_ALL & ~PAM_CODE_BIT(PAM_CODE_IGNORE) },
                { "auth required /opt/pam_unix.so", PAM_CODES_ALL },
                { "auth required pam_google_authenticator.so nullokay",
                  PAM_CODE_BIT(PAM_CODE_SUCCESS) | PAM_CODE_BIT(PAM_CODE_AUTH_ERR) },
                { "auth required pam_google_authenticator.so debug nullok", PAM_CODES_ALL },
                { "auth required pam_x.so", PAM_CODES_ALL },
                { "auth required gone.so", PAM_CODE_BIT(PAM_CODE_MODULE_UNKNOWN) },
                { "auth required", PAM_CODE_BIT(PAM_CODE_PERM_DENIED) },
        };

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                const struct memory_file files[] = { { "/etc/pam.d/s", cases[i].line },
                                                     { NULL, NULL } };
                struct memory memory = { .files = files, .missing_module = "gone" };
                struct pam_service *service = memory_load(&memory, "1.5.2", "s");

                assert_int_equal(pam_module_codes(service, &service->rules[PAM_TYPE_AUTH].items[0],
                                                  PAM_AUTH),
                                 cases[i].codes);
                pam_service_free(service);
        }
}

static void test_files(void **state) {
        static const struct {
                const char *line, *first, *second;
                bool is_program;
        } cases[] = {
                { "auth required pam_access.so accessfile=/etc/a", "/etc/a", NULL, false },
                { "auth required pam_env.so envfile=/b debug conffile=/a", "/b", "/a", false },
                { "auth required pam_env.so envfile=b", NULL, NULL, false },
                { "auth required pam_env.so file=/b", NULL, NULL, false },
                { "auth required pam_exec.so quiet log=/l /bin/sh /opt/x", "/bin/sh", "/opt/x",
                  true },
                { "auth required pam_u2f.so authfile=%h/x", NULL, NULL, false },
                { "auth required pam_u2f.so authfile=/home/%u/x", NULL, NULL, false },
                { "auth required pam_unix.so /etc/a", NULL, NULL, false },
                { "auth required", NULL, NULL, false },
        };

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                struct pam_service *service = memory_load_text("1.5.2", cases[i].line);
                const struct pam_rule *rule = &service->rules[PAM_TYPE_AUTH].items[0];
                const char *expected[] = { cases[i].first, cases[i].second, NULL };
                bool is_program = false;

                for (size_t n = 0; n < 3; n++) {
                        const char *file = pam_module_file(rule, n, &is_program);

                        if (!expected[n])
                                assert_null(file);
                        else
                                assert_string_equal(file ? file : "", expected[n]);
                }
                assert_int_equal(is_program, cases[i].is_program);
                pam_service_free(service);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_matches),
                cmocka_unit_test(test_codes),
                cmocka_unit_test(test_files),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
