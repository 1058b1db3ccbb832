/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "files.h"
#include "pam/outcomes.h"

/* The rules of a type as "FILE:LINE[#N][@LEVEL] MODULE" separated by ", "; FILE without directory,
 * `!` for a broken rule and `>` for the mark of a substack in the place of the module. */
static const char *list(const struct pam_service *service, enum pam_type type) {
        static char out[1024];
        const struct pam_rules *rules = &service->rules[type];
        size_t at = 0;

        out[0] = '\0';
        for (size_t i = 0; i < rules->n_items; i++) {
                const struct pam_rule *rule = &rules->items[i];

                at += (size_t)snprintf(out + at, sizeof out - at, "%s%s:%u", i > 0 ? ", " : "",
                                       strrchr(rule->file, '/') + 1, rule->line);
                if (rule->n_inclusions > 1)
                        at += (size_t)snprintf(out + at, sizeof out - at, "#%u", rule->inclusion);
                if (rule->level > 0)
                        at += (size_t)snprintf(out + at, sizeof out - at, "@%u", rule->level);
                at += (size_t)snprintf(out + at, sizeof out - at, " %s",
                                       rule->kind == PAM_RULE_MUST_FAIL  ? "!"
                                       : rule->kind == PAM_RULE_SUBSTACK ? ">"
                                                                         : rule->module);
        }
        return out;
}

static void test_inclusion(void **state) {
        static const struct memory_file files[] = {
                { "/etc/pam.d/s",
                  "auth required a\n@include i\nauth substack i\naccount include i\n"
                  "-session include i\n" },
                { "/etc/pam.d/i", "auth required b\naccount required c\nauth substack j\n" },
                { "/etc/pam.d/j", "auth required d\n\nauth include /k/l more\n" },
                { "/k/l", "auth optional e\n" },
                { "/etc/pam.d/other", "session required o\npassword required p\n" },
                { NULL, NULL },
        };
        struct memory memory = { .files = files };
        struct pam_service *service = memory_load(&memory, "1.5.2", "s");

        (void)state;
        assert_int_equal(service->start, PAM_START_OK);
        assert_int_equal(service->diagnostics.n_items, 0);
        assert_string_equal(
                list(service, PAM_TYPE_AUTH),
                "s:1 a, i:1#1 b, i:3 >, j:1#1@1 d, l:1#1@1 e, s:3 >, i:1#2@1 b, i:3@1 >, "
                "j:1#2@2 d, l:1#2@2 e");
        assert_string_equal(list(service, PAM_TYPE_ACCOUNT), "i:2#1 c, i:2#2 c");
        assert_string_equal(list(service, PAM_TYPE_SESSION), "other:1 o");
        assert_string_equal(list(service, PAM_TYPE_PASSWORD), "other:2 p");
        assert_true(service->rules[PAM_TYPE_SESSION].is_from_other);
        assert_false(service->rules[PAM_TYPE_AUTH].is_from_other);
        assert_int_equal(service->n_files, 5);
        assert_string_equal(service->files[3], "/k/l");
        assert_ptr_equal(pam_service_rules(service, PAM_CLOSE_SESSION),
                         &service->rules[PAM_TYPE_SESSION]);
        pam_service_free(service);
}

static bool is_said(const struct pam_service *service, const char *message) {
        for (size_t i = 0; i < service->diagnostics.n_items; i++)
                if (strstr(service->diagnostics.items[i].message, message))
                        return true;
        print_message("not said: %s\n", message);
        return false;
}

/* Lines, how auth and account look, and a diagnostic; no start if auth is NULL. */
static void test_lines(void **state) {
        static const struct {
                const char *release, *text;
                const char *auth, *account;
                const char *message;
        } cases[] = {
                { "1.5.2", "bogus required m\naccount required m", "s:1 !", "s:2 m",
                  "illegal type" },
                { "1.5.2", "-\n", "s:1 !", "", "illegal type" },
                { "1.5.2", "auth\n", "s:1 !", "", "no control" },
                { "1.5.2", "account sufficient\n", "", "s:1 !", "no module" },
                { "1.5.2", "auth what m\n", "s:1 m", "", "bad control" },
                { "1.5.2", "auth include gone\nauth required m\n", "s:1 !, s:2 m", "",
                  "cannot include, the rule fails: gone" },
                { "1.5.2", "auth substack gone\n", "s:1 >, s:1 !", "", "cannot include" },
                { "1.5.2", "auth include\n", NULL, NULL, "crashes" },
                { "1.7.0-8", "auth include\n", "s:1 !", "", "no file is named" },
                { "1.5.2", "@include gone\n", NULL, NULL, "cannot include" },
                { "upstream-1.7.2", "@include gone\n", "s:1 !", "", "illegal type" },
                { "1.5.2", "auth required .so\n", NULL, NULL, "without a name" },
                { "1.5.2", "auth required ?.x\n", NULL, NULL, "without a name" },
                { "1.5.2", "auth required d/\n", NULL, NULL, "without a name" },
                { "1.5.2", "bogus required .so\n", NULL, NULL, "illegal type" },
                { "1.5.2", "auth required m \\\n", NULL, NULL, "the file ends" },
                { "1.7.0", "auth include s\n", "s:1#1 !", "", "cannot include" },
                { "1.5.2", "auth include s\n", NULL, NULL, "includes itself" },
                { "1.5.2", "auth include /etc/pam.d/s\nauth include /etc/pam.d/s\n", NULL, NULL,
                  "includes itself" },
                { "1.7.0", "auth include s\nauth include s\n", NULL, NULL, "too many" },
        };

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                struct pam_service *service = memory_load_text(cases[i].release, cases[i].text);

                assert_int_equal(service->start == PAM_START_OK, cases[i].auth != NULL);
                assert_true(is_said(service, cases[i].message));
                if (cases[i].auth) {
                        if (strcmp(cases[i].auth, "s:1#1 !") == 0)
                                assert_int_equal(service->rules[PAM_TYPE_AUTH].n_items, 1);
                        else
                                assert_string_equal(list(service, PAM_TYPE_AUTH), cases[i].auth);
                        assert_string_equal(list(service, PAM_TYPE_ACCOUNT), cases[i].account);
                } else
                        assert_int_equal(service->rules[PAM_TYPE_AUTH].n_items, 0);
                pam_service_free(service);
        }
}

/* Substacks of substacks: 16 levels, then a rule that fails. */
static void test_depth(void **state) {
        struct pam_service *service = memory_load_text("1.5.2", "auth substack s\n");
        const struct pam_rules *rules = &service->rules[PAM_TYPE_AUTH];

        (void)state;
        assert_int_equal(rules->n_items, 17);
        assert_int_equal(rules->items[15].level, 15);
        assert_int_equal(rules->items[16].kind, PAM_RULE_MUST_FAIL);
        assert_int_equal(rules->items[16].level, 15);
        pam_service_free(service);
}

static void test_lookup(void **state) {
        static const struct memory_file files[] = {
                { "/usr/lib/pam.d/s", "auth include i\n" },
                { "/usr/lib/pam.d/i", "auth required m\n" },
                { "/usr/share/pam/pam.d/v", "auth required v\n" },
                { "/etc/pam.d/other", "auth required o\n" },
                { NULL, NULL },
        };
        struct memory memory = { .files = files };
        struct pam_service *service = memory_load(&memory, "1.7.0-5", "/x/S");

        (void)state;
        assert_string_equal(service->name, "s");
        assert_string_equal(list(service, PAM_TYPE_AUTH), "s:1 !");
        assert_true(service->is_present);
        assert_false(service->is_read[0]);
        pam_service_free(service);
        service = memory_load(&memory, "1.7.0-6", "s");
        assert_string_equal(list(service, PAM_TYPE_AUTH), "i:1 m");
        pam_service_free(service);
        service = memory_load(&memory, "1.7.0-6", "v");
        assert_string_equal(list(service, PAM_TYPE_AUTH), "other:1 o");
        assert_false(service->is_present);
        pam_service_free(service);
        service = memory_load(&memory, "upstream-1.7.2", "v");
        assert_string_equal(list(service, PAM_TYPE_AUTH), "v:1 v");
        pam_service_free(service);
        /* `other` itself is read twice */
        service = memory_load(&memory, "1.5.2", "other");
        assert_string_equal(list(service, PAM_TYPE_AUTH), "other:1#1 o, other:1#2 o");
        pam_service_free(service);
}

static void test_nothing(void **state) {
        static const struct memory_file none[] = { { NULL, NULL } };
        static const struct memory_file broken_other[] = { { "/etc/pam.d/s", "auth required m\n" },
                                                           { "/etc/pam.d/other", "\\" },
                                                           { NULL, NULL } };
        static const struct memory_file huge[] = { { "/etc/pam.d/s", NULL }, { NULL, NULL } };
        struct memory memory = { .files = none };
        struct pam_service *service = memory_load(&memory, "1.5.2", "s");

        (void)state;
        assert_int_equal(service->start, PAM_START_ABORT);
        pam_service_free(service);
        memory.files = broken_other;
        service = memory_load(&memory, "1.5.2", "s");
        assert_int_equal(service->start, PAM_START_ABORT);
        assert_string_equal(service->diagnostics.items[0].file, "/etc/pam.d/other");
        pam_service_free(service);
        memory.files = huge;
        service = memory_load(&memory, "1.5.2", "s");
        assert_int_equal(service->start, PAM_START_UNKNOWN);
        pam_service_free(service);
        pam_service_free(NULL);
}

/* Where libpam goes on with memory it never set, nothing is claimed. */
static void test_unset_memory(void **state) {
        static const char *const inner[] = { "auth required .so\n", "@include gone\n" };

        (void)state;
        for (size_t i = 0; i < sizeof inner / sizeof inner[0]; i++) {
                const struct memory_file files[] = { { "/etc/pam.d/s", "auth include i\n" },
                                                     { "/etc/pam.d/i", inner[i] },
                                                     { NULL, NULL } };
                const struct memory_file plain[] = { { "/etc/pam.d/s", "@include i\n" },
                                                     { "/etc/pam.d/i", inner[i] },
                                                     { NULL, NULL } };
                struct memory memory = { .files = files };
                struct pam_service *service = memory_load(&memory, "1.5.2", "s");

                assert_int_equal(service->start, PAM_START_UNKNOWN);
                pam_service_free(service);
                memory.files = plain;
                service = memory_load(&memory, "1.5.2", "s");
                assert_int_equal(service->start, PAM_START_ABORT);
                pam_service_free(service);
        }
}

static void test_pam_conf(void **state) {
        static const struct memory_file files[] = {
                { "/etc/pam.conf", "S auth required m\nt auth required n\n"
                                   "other account required o\ns auth include i\n"
                                   "s session include /i\n" },
                { "/i", "session required p\n" },
                { NULL, NULL },
        };
        struct memory memory = { .files = files, .has_no_directory = true };
        struct pam_service *service = memory_load(&memory, "1.5.2", "s");

        (void)state;
        assert_string_equal(list(service, PAM_TYPE_AUTH), "pam.conf:1 m, pam.conf:4 !");
        assert_string_equal(list(service, PAM_TYPE_ACCOUNT), "pam.conf:3 o");
        assert_string_equal(list(service, PAM_TYPE_SESSION), "i:1 p");
        assert_true(service->is_present);
        pam_service_free(service);
        service = memory_load(&memory, "1.5.2", "u");
        assert_false(service->is_present);
        pam_service_free(service);
}

static void test_modules(void **state) {
        static const struct memory_file files[] = {
                { "/etc/pam.d/s", "-auth required gone.so\nauth required m.so [a b] c\n"
                                  "auth required /gone/$ISA/m.so\nauth required /gone/m.so\n"
                                  "auth required /x/m.so\n" },
                { NULL, NULL },
        };
        struct memory memory = { .files = files, .missing_module = "gone" };
        struct pam_service *service = memory_load(&memory, "1.5.2", "s");
        const struct pam_rule *rules = service->rules[PAM_TYPE_AUTH].items;

        (void)state;
        assert_true(rules[0].is_missing && rules[0].is_silent);
        assert_non_null(strstr(rules[0].module_path, "-linux-gnu"));
        assert_false(rules[1].is_missing || rules[1].is_silent);
        assert_int_equal(rules[1].n_args, 2);
        assert_string_equal(rules[1].args[0], "a b");
        assert_string_equal(rules[1].control, "required");
        assert_true(rules[2].is_missing);
        assert_true(rules[3].is_missing);
        assert_string_equal(rules[4].module_path, "/x/m.so");
        pam_service_free(service);

        memory.missing_module = "-linux-gnu/";
        service = memory_load(&memory, "1.5.2", "s");
        assert_string_equal(service->rules[PAM_TYPE_AUTH].items[1].module_path,
                            "/lib/security/m.so");
        pam_service_free(service);
        memory.missing_module = "$ISA";
        service = memory_load(&memory, "1.5.2", "s");
        assert_string_equal(service->rules[PAM_TYPE_AUTH].items[2].module_path,
                            "/gone//lib/security/m.so");
        assert_false(service->rules[PAM_TYPE_AUTH].items[2].is_missing);
        pam_service_free(service);
}

/* Rules that multiply are given up; so is a line that older releases read forever. */
static void test_limits(void **state) {
        enum { N_INNER = 100, N_OUTER = 100 };
        static const char rule[] = "auth required m\n", inclusion[] = "auth include i\n";
        char *inner = calloc(N_INNER, sizeof rule), *outer = calloc(N_OUTER, sizeof inclusion);
        const struct memory_file files[] = { { "/etc/pam.d/s", outer },
                                             { "/etc/pam.d/i", inner },
                                             { NULL, NULL } };
        struct memory memory = { .files = files };
        struct pam_service *service;
        uint32_t codes = 0;
        char line[1100];

        (void)state;
        for (int i = 0; i < N_INNER; i++)
                memcpy(inner + (size_t)i * strlen(rule), rule, strlen(rule));
        for (int i = 0; i < N_OUTER; i++)
                memcpy(outer + (size_t)i * strlen(inclusion), inclusion, strlen(inclusion));
        service = memory_load(&memory, "1.7.0", "s");
        assert_int_equal(service->start, PAM_START_UNKNOWN);
        assert_true(is_said(service, "too many rules"));
        assert_int_equal(pam_outcomes(service, PAM_AUTH, NULL, NULL, &codes), -E2BIG);
        assert_int_equal(pam_can_succeed(service, PAM_AUTH, NULL, NULL, NULL), -E2BIG);
        pam_service_free(service);
        free(inner);
        free(outer);

        memset(line, 'x', sizeof line);
        (void)strcpy(line + 1022, "\\\n");
        service = memory_load_text("1.5.2", line);
        assert_int_equal(service->start, PAM_START_CRASH);
        assert_true(is_said(service, "exactly"));
        pam_service_free(service);
}

/* One file of a MiB is read once, and cannot be made to be read a thousand times. */
static void test_too_much_to_read(void **state) {
        enum { SIZE = 1 << 20 };
        static const char inclusion[] = "auth include i\n";
        char *inner = malloc(SIZE), *outer = calloc(100, sizeof inclusion);
        const struct memory_file files[] = { { "/etc/pam.d/s", outer },
                                             { "/etc/pam.d/i", inner },
                                             { NULL, NULL } };
        struct memory memory = { .files = files };
        struct pam_service *service;

        (void)state;
        memset(inner, '#', SIZE);
        (void)strcpy(inner + SIZE - strlen("\nauth required m") - 1, "\nauth required m");
        (void)strcpy(outer, inclusion);
        service = memory_load(&memory, "1.7.0", "s");
        assert_int_equal(service->start, PAM_START_OK);
        assert_int_equal(service->rules[PAM_TYPE_AUTH].n_items, 1);
        pam_service_free(service);
        for (size_t i = 0; i < 100; i++)
                memcpy(outer + i * strlen(inclusion), inclusion, strlen(inclusion));
        service = memory_load(&memory, "1.7.0", "s");
        assert_int_equal(service->start, PAM_START_UNKNOWN);
        assert_true(is_said(service, "too much to read"));
        pam_service_free(service);
        free(inner);
        free(outer);
}

static int no_memory(void *userdata, const char *path, char **ret_data, size_t *ret_n) {
        (void)userdata;
        (void)path;
        (void)ret_data;
        (void)ret_n;
        return -ENOMEM;
}

static void test_no_memory(void **state) {
        struct memory memory = { 0 };
        struct pam_environment environment = memory_environment(&memory);
        struct pam_service *service = NULL;
        struct pam_release release;

        (void)state;
        environment.read = no_memory;
        assert_true(pam_release_parse("1.7.0", &release));
        assert_int_equal(pam_service_load("s", &environment, &release, &service), -ENOMEM);
        assert_null(service);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_inclusion), cmocka_unit_test(test_lines),
                cmocka_unit_test(test_depth),     cmocka_unit_test(test_lookup),
                cmocka_unit_test(test_nothing),   cmocka_unit_test(test_unset_memory),
                cmocka_unit_test(test_pam_conf),  cmocka_unit_test(test_modules),
                cmocka_unit_test(test_limits),    cmocka_unit_test(test_too_much_to_read),
                cmocka_unit_test(test_no_memory),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
