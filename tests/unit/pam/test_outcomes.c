/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "files.h"
#include "pam/outcomes.h"

/* --- what real stacks conclude ---------------------------------------------------------------- */

#define DEBIAN_AUTH                                                                                \
        "auth [success=1 default=ignore] pam_unix.so nullok\n"                                     \
        "auth requisite pam_deny.so\nauth required pam_permit.so\n"
#define TOTP "pam_google_authenticator.so"

static void test_without(void **state) {
        static const struct {
                const char *text, *module;
                bool can;
                const char *command; /* its --with's */
        } cases[] = {
                { DEBIAN_AUTH, "pam_unix.so", false, NULL },
                { DEBIAN_AUTH, "pam_permit.so", false, NULL },
                { DEBIAN_AUTH, "pam_deny.so", true, "" },
                { DEBIAN_AUTH "auth required " TOTP "\n", TOTP, false, NULL },
                { DEBIAN_AUTH "auth required " TOTP " nullok\n", TOTP, true,
                  " --with auth:/etc/pam.d/s:4=ignore" },
                { DEBIAN_AUTH "auth [success=ok default=die] " TOTP "\n", TOTP, false, NULL },
                { DEBIAN_AUTH "auth [success=ignore default=die] " TOTP "\n", TOTP, false, NULL },
                { DEBIAN_AUTH "auth optional " TOTP "\n", TOTP, true,
                  " --with auth:/etc/pam.d/s:4=auth_err" },
                { "auth sufficient a\n" DEBIAN_AUTH "auth [default=die success=ok] " TOTP "\n",
                  TOTP, true, "" },
                { "auth [success=1 default=ignore] a\nauth [success=ok default=die] " TOTP
                  "\nauth required b\n",
                  TOTP, true, "" },
                { "auth [success=ok default=bad] " TOTP "\nauth [default=reset] a\n"
                  "auth required b\n",
                  TOTP, true, " --with auth:/etc/pam.d/s:1=auth_err" },
                /* one success of several calls is enough */
                { "auth [success=done default=ignore] " TOTP "\n"
                  "auth [success=ok default=die] " TOTP "\n",
                  TOTP, false, NULL },
                { "auth required a\n", TOTP, true, "" },
                { "auth required pam_warn.so\n", TOTP, false, NULL },
                { "account required a\n", TOTP, false, NULL },
                { "auth required /tmp/pam_deny.so\n", TOTP, true, "" },
                { "auth required pam_deny.so\n", TOTP, false, NULL },
                { "auth required .so\n", TOTP, false, NULL },
        };

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                struct pam_service *service = memory_load_text("1.5.2", cases[i].text);
                struct pam_witness witness = { 0 };
                int r = pam_can_succeed_without(service, PAM_AUTH, cases[i].module, &witness);

                if (r != cases[i].can)
                        print_message("%s", cases[i].text);
                assert_int_equal(r, cases[i].can);
                if (r) {
                        struct text command = { 0 };

                        assert_int_equal(pam_witness_format(service, PAM_AUTH, &witness, &command),
                                         0);
                        assert_non_null(strstr(text_get(&command), "--dump-pam s --run auth"));
                        assert_string_equal(strstr(text_get(&command), "auth") + 4,
                                            cases[i].command);
                        text_done(&command);
                }
                pam_witness_done(&witness);
                pam_service_free(service);
        }
}

static void test_results(void **state) {
        static const struct {
                const char *text;
                enum pam_facility facility;
                uint32_t results;
        } cases[] = {
                { "auth required pam_deny.so\n", PAM_AUTH, PAM_CODE_BIT(PAM_CODE_AUTH_ERR) },
                { "auth required pam_deny.so\n", PAM_SETCRED, PAM_CODE_BIT(PAM_CODE_CRED_ERR) },
                { "session required pam_permit.so\n", PAM_OPEN_SESSION,
                  PAM_CODE_BIT(PAM_CODE_SUCCESS) },
                { "session required pam_warn.so\n", PAM_CLOSE_SESSION,
                  PAM_CODE_BIT(PAM_CODE_PERM_DENIED) },
                { "auth required m\n", PAM_AUTH, PAM_CODES_ALL & ~PAM_CODE_BIT(PAM_CODE_IGNORE) },
                { "auth [default=ok] m\n", PAM_AUTH, PAM_CODES_ALL },
                { "auth sufficient\n", PAM_AUTH, PAM_CODE_BIT(PAM_CODE_PERM_DENIED) },
                { "auth required m\n", PAM_ACCOUNT, PAM_CODE_BIT(PAM_CODE_PERM_DENIED) },
                { "auth required ?\n", PAM_ACCOUNT, PAM_CODE_BIT(PAM_CODE_ABORT) },
        };

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                struct pam_service *service = memory_load_text("1.5.2", cases[i].text);
                uint32_t results = 0;

                assert_int_equal(pam_outcomes(service, cases[i].facility, NULL, NULL, &results), 0);
                assert_int_equal(results, cases[i].results);
                pam_service_free(service);
        }
}

static void test_missing_module(void **state) {
        static const struct memory_file files[] = {
                { "/etc/pam.d/s", "auth sufficient gone.so\nauth required pam_deny.so\n" },
                { NULL, NULL },
        };
        struct memory memory = { .files = files, .missing_module = "gone" };
        struct pam_service *service = memory_load(&memory, "1.5.2", "s");

        (void)state;
        assert_int_equal(pam_can_succeed(service, PAM_AUTH, NULL, NULL, NULL), 0);
        pam_service_free(service);
}

/* Words of a command are quoted for a shell; the second inclusion is named. */
static void test_format(void **state) {
        static const struct memory_file files[] = {
                { "/etc/pam.d/a b", "auth include it's\nauth include it's\n" },
                { "/etc/pam.d/it's", "auth sufficient m\n" },
                { NULL, NULL },
        };
        struct memory memory = { .files = files };
        struct pam_service *service = memory_load(&memory, "1.5.2", "a b");
        struct pam_rule *rules = service->rules[PAM_TYPE_AUTH].items;
        struct pam_witness_step steps[] = { { &rules[0], 0 }, { &rules[1], PAM_CODE_ABORT } };
        struct pam_witness witness = { steps, 2 };
        struct text text = { 0 };

        (void)state;
        assert_int_equal(pam_witness_format(service, PAM_AUTH, &witness, &text), 0);
        assert_string_equal(text_get(&text), "sshguardd --dump-pam 'a b' --run auth --with "
                                             "'auth:/etc/pam.d/it'\\''s:1#2=abort'");
        text_done(&text);
        pam_service_free(service);
}

/* --- against every outcome, tried ------------------------------------------------------------- */

enum { N_TRIED_CODES = 5, N_STACKS = 250, N_RULES_MAX = 5 };

static const int tried_codes[N_TRIED_CODES] = { PAM_CODE_SUCCESS, PAM_CODE_AUTH_ERR,
                                                PAM_CODE_IGNORE, PAM_CODE_NEW_AUTHTOK_REQD, 11 };

static unsigned draw(unsigned *seed, unsigned n) {
        *seed = *seed * 1103515245U + 12345U;
        return (*seed >> 16) % n;
}

static void draw_stack(unsigned *seed, unsigned n, bool may_include, char *out) {
        static const char *const controls[] = { "required", "requisite", "sufficient", "optional" };
        static const char *const values[] = { "success", "auth_err", "ignore", "default",
                                              "new_authtok_reqd" };
        static const char *const actions[] = { "ok",    "done", "bad", "die", "ignore",
                                               "reset", "1",    "2",   "ok",  "1" };

        *out = '\0';
        for (unsigned i = 0; i < n; i++) {
                if (may_include && draw(seed, 4) == 0) {
                        out += sprintf(out, "auth %s i\n", draw(seed, 2) ? "substack" : "include");
                        may_include = false;
                }
                if (draw(seed, 2) == 0)
                        out += sprintf(out, "auth %s m%u.so\n", controls[draw(seed, 4)],
                                       draw(seed, 3));
                else
                        out += sprintf(out, "auth [%s=%s %s=%s %s=%s] m%u.so\n",
                                       values[draw(seed, 5)], actions[draw(seed, 10)],
                                       values[draw(seed, 5)], actions[draw(seed, 10)],
                                       values[draw(seed, 5)], actions[draw(seed, 10)],
                                       draw(seed, 3));
        }
}

struct trial {
        const struct pam_rules *rules;
        int codes[2 * N_RULES_MAX]; /* per rule */
        /* what happened in this run */
        bool has_succeeded[3]; /* modules */
        bool is_late;          /* m1 ran before m0 had succeeded */
};

static int tried_module(void *userdata, const struct pam_call *call) {
        struct trial *trial = userdata;
        int code = trial->codes[call->rule - trial->rules->items];
        int module = call->rule->module[1] - '0';

        trial->is_late |= module == 1 && !trial->has_succeeded[0];
        trial->has_succeeded[module] |= code == PAM_CODE_SUCCESS;
        return code;
}

struct found {
        uint32_t results;
        bool without[3]; /* m0, m1, m2 */
        bool by_m0;      /* m0 alone */
        bool late;
};

/* Runs the stack with every assignment of the tried codes to its rules. */
static struct found try_all(const struct pam_service *service, enum pam_facility facility) {
        struct trial trial = { .rules = &service->rules[PAM_TYPE_AUTH] };
        unsigned digits[2 * N_RULES_MAX] = { 0 };
        size_t n = trial.rules->n_items, at;
        struct found found = { 0 };

        do {
                struct pam_run *run;
                int result;

                for (size_t i = 0; i < n; i++)
                        trial.codes[i] = tried_codes[digits[i]];
                memset(trial.has_succeeded, 0, sizeof trial.has_succeeded);
                trial.is_late = false;
                assert_int_equal(pam_run_new(service, &run), 0);
                result = pam_run_facility(run, facility, tried_module, &trial);
                pam_run_free(run);
                found.results |= PAM_CODE_BIT(result);
                for (int i = 0; i < 3 && result == PAM_CODE_SUCCESS; i++)
                        found.without[i] |= !trial.has_succeeded[i];
                if (result == PAM_CODE_SUCCESS) {
                        found.by_m0 |= !trial.has_succeeded[1] && !trial.has_succeeded[2];
                        found.late |= trial.is_late;
                }
                for (at = 0; at < n && (trial.rules->items[at].kind != PAM_RULE_MODULE ||
                                        ++digits[at] == N_TRIED_CODES);
                     at++)
                        digits[at] = 0;
        } while (at < n);
        return found;
}

static uint32_t codes_tried(void *userdata, const struct pam_rule *rule) {
        uint32_t codes = 0;

        (void)userdata;
        (void)rule;
        for (int i = 0; i < N_TRIED_CODES; i++)
                codes |= PAM_CODE_BIT(tried_codes[i]);
        return codes;
}

static int replayed(void *userdata, const struct pam_call *call) {
        const struct pam_witness *witness = userdata;

        for (size_t i = 0; i < witness->n_steps; i++)
                if (witness->steps[i].rule == call->rule)
                        return witness->steps[i].code;
        fail_msg("a rule runs that the witness does not know");
        return -1;
}

static void check_answer(const struct pam_service *service, int answer, bool found,
                         struct pam_witness *witness) {
        struct pam_run *run;

        assert_int_equal(answer, found);
        if (answer == 1) {
                assert_int_equal(pam_run_new(service, &run), 0);
                assert_int_equal(pam_run_facility(run, PAM_AUTH, replayed, witness),
                                 PAM_CODE_SUCCESS);
                pam_run_free(run);
        }
        pam_witness_done(witness);
}

static void test_against_all_outcomes(void **state) {
        char *modules[] = { "m0.so" };
        unsigned seed = 42;

        (void)state;
        for (int i = 0; i < N_STACKS; i++) {
                unsigned n = 1 + draw(&seed, N_RULES_MAX), n_inner = draw(&seed, n);
                char outer[1024], inner[1024];
                const struct memory_file files[] = { { "/etc/pam.d/s", outer },
                                                     { "/etc/pam.d/i", inner },
                                                     { NULL, NULL } };
                struct memory memory = { .files = files };
                struct pam_service *service;
                struct pam_witness witness = { 0 };
                struct found found;
                uint32_t results;

                draw_stack(&seed, n - n_inner, n_inner > 0, outer);
                draw_stack(&seed, n_inner, false, inner);
                service = memory_load(&memory, "1.5.2", "s");
                found = try_all(service, PAM_AUTH);
                assert_int_equal(pam_outcomes(service, PAM_AUTH, codes_tried, NULL, &results), 0);
                if (results != found.results)
                        print_message("%s---\n%s", outer, inner);
                assert_int_equal(results, found.results);
                for (int m = 0; m < 3; m++) {
                        char name[] = { 'm', (char)('0' + m), '.', 's', 'o', '\0' };

                        check_answer(service,
                                     pam_can_succeed_without(service, PAM_AUTH, name, &witness),
                                     found.without[m], &witness);
                }
                check_answer(service, pam_can_succeed_by(service, PAM_AUTH, modules, 1, &witness),
                             found.by_m0, &witness);
                check_answer(service,
                             pam_can_succeed_before(service, PAM_AUTH, "m0.so", "m1.so", &witness),
                             found.late, &witness);
                pam_service_free(service);
        }
}

/* setcred where nothing was authenticated before; a jumping rule counts for upstream's libpam. */
static void test_setcred_against_all_outcomes(void **state) {
        static const char *const releases[] = { "1.7.0", "upstream-1.7.2" };
        unsigned seed = 7, n_different = 0;

        (void)state;
        for (int i = 0; i < N_STACKS; i++) {
                uint32_t results[2];
                char text[1024];

                draw_stack(&seed, 1 + draw(&seed, N_RULES_MAX), false, text);
                for (int k = 0; k < 2; k++) {
                        const struct memory_file files[] = { { "/etc/pam.d/s", text },
                                                             { NULL, NULL } };
                        struct memory memory = { .files = files };
                        struct pam_service *service = memory_load(&memory, releases[k], "s");

                        assert_int_equal(
                                pam_outcomes(service, PAM_SETCRED, codes_tried, NULL, &results[k]),
                                0);
                        if (results[k] != try_all(service, PAM_SETCRED).results)
                                fail_msg("%s:\n%s", releases[k], text);
                        pam_service_free(service);
                }
                n_different += results[0] != results[1];
        }
        assert_true(n_different > 0);
}

/* A stack that was written to have many states is given up, not searched for hours. */
static void test_too_many_states(void **state) {
        static char texts[PAM_LEVEL_MAX][32768];
        static char paths[PAM_LEVEL_MAX][32];
        struct memory_file files[PAM_LEVEL_MAX + 1] = { 0 };
        struct memory memory = { .files = files };
        struct pam_service *service;
        uint32_t results;

        (void)state;
        for (int i = 0; i < PAM_LEVEL_MAX - 1; i++) {
                bool is_last = i == PAM_LEVEL_MAX - 2;
                char *out = texts[i];

                (void)sprintf(paths[i], "/etc/pam.d/%c", 'a' + i);
                files[i] = (struct memory_file){ paths[i], texts[i] };
                for (int k = 0; k < (is_last ? 350 : 1); k++)
                        out += sprintf(out, "auth [default=ok auth_err=bad ignore=ignore] m\n");
                if (!is_last)
                        out += sprintf(out, "auth substack %c\n", 'b' + i);
                (void)sprintf(out, "auth [default=reset] m\n");
        }
        service = memory_load(&memory, "1.7.0", "a");
        assert_int_equal(service->start, PAM_START_OK);
        assert_int_equal(pam_outcomes(service, PAM_AUTH, NULL, NULL, &results), -E2BIG);
        assert_int_equal(pam_can_succeed(service, PAM_AUTH, NULL, NULL, NULL), -E2BIG);
        pam_service_free(service);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_without),
                cmocka_unit_test(test_results),
                cmocka_unit_test(test_missing_module),
                cmocka_unit_test(test_format),
                cmocka_unit_test(test_against_all_outcomes),
                cmocka_unit_test(test_setcred_against_all_outcomes),
                cmocka_unit_test(test_too_many_states),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
