/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "files.h"
#include "pam/run.h"

/* Modules return the code their first argument names, in setcred and close_session the second, if
 * there is one; each call is noted by its line, in capitals of the facility's initial. */
struct script {
        char log[256];
        size_t n;
};

static int scripted(void *userdata, const struct pam_call *call) {
        struct script *script = userdata;
        const struct pam_rule *rule = call->rule;
        bool is_second = call->facility == PAM_SETCRED || call->facility == PAM_CLOSE_SESSION ||
                         call->is_update;
        size_t i = is_second && rule->n_args > 1 ? 1 : 0;
        int code = PAM_CODE_SUCCESS, n;

        n = snprintf(script->log + script->n, sizeof script->log - script->n, "%s%u",
                     script->n > 0 ? " " : "", rule->line);
        script->n += (size_t)n;
        if (rule->n_args > 0)
                assert_true(pam_code_parse(rule->args[i], &code));
        return code;
}

struct run_case {
        const char *text;
        const char *log;
        const char *results; /* one per facility of the test */
};

static void check(const char *release, const struct run_case *test,
                  const enum pam_facility *facilities, size_t n) {
        struct pam_service *service = memory_load_text(release, test->text);
        struct script script = { 0 };
        char results[128] = "";
        struct pam_run *run;

        assert_int_equal(pam_run_new(service, &run), 0);
        for (size_t i = 0; i < n; i++) {
                int result = pam_run_facility(run, facilities[i], scripted, &script);

                if (i > 0)
                        strcat(results, " ");
                strcat(results, pam_code_name(result));
        }
        if (strcmp(results, test->results) != 0 || strcmp(script.log, test->log) != 0)
                print_message("%s\n", test->text);
        assert_string_equal(results, test->results);
        assert_string_equal(script.log, test->log);
        pam_run_free(run);
        pam_service_free(service);
}

static void test_auth(void **state) {
        static const struct run_case cases[] = {
                /* nothing decided */
                { "auth optional m auth_err\n", "1", "perm_denied" },
                { "auth required m ignore\n", "1", "perm_denied" },
                { "account required m\n", "", "perm_denied" },
                /* the first failure's code stays */
                { "auth required m auth_err\nauth required m maxtries\n", "1 2", "auth_err" },
                { "auth required m auth_err\nauth sufficient m\nauth required m\n", "1 2 3",
                  "auth_err" },
                { "auth required m auth_err\nauth requisite m maxtries\nauth required m\n", "1 2",
                  "auth_err" },
                { "auth sufficient m\nauth required m auth_err\n", "1", "success" },
                /* ok on an error code makes it the result, for good */
                { "auth [auth_err=ok] m auth_err\nauth required m\n", "1 2", "auth_err" },
                { "auth [default=ok] m ignore\n", "1", "ignore" },
                { "auth [success=bad] m\n", "1", "perm_denied" },
                { "auth [default=bad] m ignore\n", "1", "perm_denied" },
                { "auth required m new_authtok_reqd\nauth required m\n", "1 2",
                  "new_authtok_reqd" },
                /* reset forgets failures, at the top level all of them */
                { "auth required m auth_err\nauth [default=reset] m auth_err\nauth required m\n",
                  "1 2 3", "success" },
                /* jumps */
                { "auth [success=1 default=ignore] m\nauth requisite m auth_err\nauth required m\n",
                  "1 3", "success" },
                { "auth [success=1] m\nauth required m\n", "1", "perm_denied" },
                { "auth [success=2] m\nauth required m\n", "1", "perm_denied" },
                { "auth required m\nauth [success=2] m\nauth required m\n", "1 2", "perm_denied" },
                { "auth required m\nauth [success=1] m\nauth required m\n", "1 2", "success" },
                /* a code that is none counts as bad, whatever the control */
                { "auth optional m 99\nauth required m\n", "1 2", "perm_denied" },
                { "auth optional m -5\nauth required m\n", "1 2", "perm_denied" },
                /* broken rules */
                { "bogus required m\nauth required m\n", "2", "perm_denied" },
                { "auth sufficient\nauth required m\n", "2", "success" },
                { "auth\nauth required m\n", "2", "perm_denied" },
                { "auth [success=okay] m\n", "1", "perm_denied" },
                { "auth [success=okdefault=ignore] m\n", "1", "success" },
                { "auth [success=nix] m\n", "1", "perm_denied" },
        };
        static const enum pam_facility facilities[] = { PAM_AUTH };

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
                check("1.5.2", &cases[i], facilities, 1);
}

static void test_frozen_chain(void **state) {
        static const struct run_case cases[] = {
                /* the decision is auth's, the code setcred's own */
                { "auth sufficient m success cred_err\nauth required m\n", "1 1",
                  "success cred_err" },
                { "auth [success=ok default=die] m success auth_err\nauth required m\n", "1 2 1 2",
                  "success auth_err" },
                { "auth required m success ignore\n", "1 1", "success perm_denied" },
                { "auth requisite m auth_err success\nauth required m\n", "1 1",
                  "auth_err perm_denied" },
        };
        static const struct run_case jumping = {
                "auth [success=1 default=ignore] m success cred_err\nauth requisite m auth_err\n"
                "auth required m\n",
                "1 3 1 3", "success success"
        };
        static const struct run_case upstream_jumping = {
                "auth [success=1 default=ignore] m success cred_err\nauth requisite m auth_err\n"
                "auth required m\n",
                "1 3 1 3", "success cred_err"
        };
        static const struct run_case unreached = {
                "auth sufficient m auth_err success\nauth required m auth_err cred_err\n", "1",
                "success"
        };
        static const enum pam_facility facilities[] = { PAM_AUTH, PAM_SETCRED };

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
                check("1.7.0", &cases[i], facilities, 2);
        check("1.5.2", &jumping, facilities, 2);
        check("upstream-1.7.2", &upstream_jumping, facilities, 2);
        check("1.5.2", &unreached, facilities + 1, 1);
}

static void test_password(void **state) {
        static const struct run_case cases[] = {
                { "password required m\npassword required m success authtok_err\n", "1 2 1 2",
                  "authtok_err" },
                { "password requisite m authtok_err success\npassword required m\n", "1",
                  "authtok_err" },
                { "password sufficient m success auth_err\npassword required m\n", "1 1 2",
                  "success" },
        };
        static const enum pam_facility facilities[] = { PAM_PASSWORD };

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
                check("1.5.2", &cases[i], facilities, 1);
}

/* A module that asks to be called again. */
static int resuming(void *userdata, const struct pam_call *call) {
        unsigned *calls = userdata;

        (*calls)++;
        return call->rule->line == 2 && *calls % 2 == 0 ? PAM_CODE_INCOMPLETE : PAM_CODE_SUCCESS;
}

static void test_incomplete(void **state) {
        struct pam_service *service =
                memory_load_text("1.5.2", "auth required m\nauth required m\n"
                                          "password required m\npassword required m\n");
        struct pam_run *run;
        unsigned calls = 0;

        (void)state;
        assert_int_equal(pam_run_new(service, &run), 0);
        assert_int_equal(pam_run_facility(run, PAM_AUTH, resuming, &calls), PAM_CODE_INCOMPLETE);
        assert_int_equal(calls, 2);
        assert_int_equal(pam_run_facility(run, PAM_SETCRED, resuming, &calls), PAM_CODE_ABORT);
        assert_int_equal(calls, 2);
        assert_int_equal(pam_run_facility(run, PAM_AUTH, resuming, &calls), PAM_CODE_SUCCESS);
        assert_int_equal(calls, 3);
        pam_run_free(run);
        pam_service_free(service);
}

/* password: PRELIM is not repeated when UPDATE was suspended. */
static int update_later(void *userdata, const struct pam_call *call) {
        unsigned *calls = userdata;

        (*calls)++;
        return call->is_update && *calls == 2 ? PAM_CODE_INCOMPLETE : PAM_CODE_SUCCESS;
}

static void test_incomplete_update(void **state) {
        struct pam_service *service = memory_load_text("1.5.2", "password required m\n");
        struct pam_run *run;
        unsigned calls = 0;

        (void)state;
        assert_int_equal(pam_run_new(service, &run), 0);
        assert_int_equal(pam_run_facility(run, PAM_PASSWORD, update_later, &calls),
                         PAM_CODE_INCOMPLETE);
        assert_int_equal(pam_run_facility(run, PAM_PASSWORD, update_later, &calls),
                         PAM_CODE_SUCCESS);
        assert_int_equal(calls, 3);
        pam_run_free(run);
        pam_service_free(service);
}

static void test_substacks(void **state) {
        static const struct {
                const char *outer, *inner;
                const char *log, *result;
        } cases[] = {
                /* done and die end the substack alone */
                { "auth substack i\nauth required m\n", "auth sufficient m\nauth required m\n",
                  "1 2", "success" },
                { "auth substack i\nauth required m\n",
                  "auth requisite m auth_err\nauth required m\n", "1 2", "auth_err" },
                { "auth include i\nauth required m\n",
                  "auth requisite m auth_err\nauth required m\n", "1", "auth_err" },
                /* a substack counts as one rule, an include as many */
                { "auth [success=1] m\nauth substack i\nauth required m\n",
                  "auth required m\nauth required m\n", "1 3", "success" },
                { "auth [success=1] m\nauth include i\nauth required m\n",
                  "auth required m\nauth required m\n", "1 2 3", "success" },
                /* no jump leaves its substack */
                { "auth substack i\nauth required m\n",
                  "auth required m\nauth [success=2] m\nauth required m\n", "1 2 2",
                  "perm_denied" },
                /* reset goes back to the entry of the substack */
                { "auth required m auth_err\nauth substack i\nauth required m\n",
                  "auth [default=reset] m maxtries\n", "1 1 3", "auth_err" },
                { "auth required m\nauth substack i\nauth required m\n",
                  "auth required m auth_err\nauth [default=reset] m maxtries\n", "1 1 2 3",
                  "success" },
        };

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                const struct memory_file files[] = { { "/etc/pam.d/s", cases[i].outer },
                                                     { "/etc/pam.d/i", cases[i].inner },
                                                     { NULL, NULL } };
                struct memory memory = { .files = files };
                struct pam_service *service = memory_load(&memory, "1.7.0-8", "s");
                struct script script = { 0 };
                struct pam_run *run;

                assert_int_equal(pam_run_new(service, &run), 0);
                assert_string_equal(
                        pam_code_name(pam_run_facility(run, PAM_AUTH, scripted, &script)),
                        cases[i].result);
                assert_string_equal(script.log, cases[i].log);
                pam_run_free(run);
                pam_service_free(service);
        }
}

static void test_missing_module(void **state) {
        static const struct memory_file files[] = {
                { "/etc/pam.d/s", "-auth optional gone.so\nauth required m\n"
                                  "session required gone.so\n" },
                { NULL, NULL },
        };
        struct memory memory = { .files = files, .missing_module = "gone" };
        struct pam_service *service = memory_load(&memory, "1.5.2", "/a/S");
        struct script script = { 0 };
        struct pam_run *run;

        (void)state;
        assert_int_equal(pam_run_new(service, &run), 0);
        assert_int_equal(pam_run_facility(run, PAM_AUTH, scripted, &script), PAM_CODE_SUCCESS);
        assert_int_equal(pam_run_facility(run, PAM_OPEN_SESSION, scripted, &script),
                         PAM_CODE_MODULE_UNKNOWN);
        assert_string_equal(script.log, "2");
        pam_run_free(run);
        pam_service_free(service);
}

static void test_no_start(void **state) {
        static const struct run_case cases[] = {
                { "auth required .so\n", "", "abort abort" },
                { "@include gone\n", "", "abort abort" },
                { "auth required m\nauth required \\\n", "", "abort abort" },
        };
        static const enum pam_facility facilities[] = { PAM_AUTH, PAM_PASSWORD };

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
                check("1.5.2", &cases[i], facilities, 2);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_auth),
                cmocka_unit_test(test_frozen_chain),
                cmocka_unit_test(test_password),
                cmocka_unit_test(test_incomplete),
                cmocka_unit_test(test_incomplete_update),
                cmocka_unit_test(test_substacks),
                cmocka_unit_test(test_missing_module),
                cmocka_unit_test(test_no_start),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
