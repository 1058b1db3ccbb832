/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <stdio.h>
#include <string.h>

#include "files.h"
#include "pam/edit.h"

static const struct memory_file files[] = {
        { "/etc/pam.d/s", "# sshd\n@include i\nauth required a\nauth sufficient b \\\n  debug\n"
                          "account required c\nsession required\nsession required p" },
        { "/etc/pam.d/i",
          "auth [success=1 default=ignore] d\nauth requisite e\nauth required f\n" },
        { "/etc/pam.d/other", "account required o\nauth required o\n" },
        { NULL, NULL },
};

/* Edits FILE:LINE. Returns what pam_edit_line() did; its file is TEXT if it worked. */
static int edit(const char *file, unsigned line, enum pam_edit how, const char *text) {
        struct memory memory = { .files = files };
        struct pam_environment environment = memory_environment(&memory);
        struct pam_service *service = memory_load(&memory, "1.5.2", "s");
        struct pam_edited edited = { 0 };
        int r = pam_edit_line(service, &environment, file, line, how, &edited);

        if (r == 0) {
                assert_string_equal(edited.data, text);
                assert_int_equal(edited.n, strlen(text));
                assert_int_equal(edited.service->start, PAM_START_OK);
        }
        pam_edited_done(&edited);
        pam_service_free(service);
        return r;
}

static void test_edit(void **state) {
        (void)state;
        assert_int_equal(edit("/etc/pam.d/s", 3, PAM_EDIT_COMMENT,
                              "# sshd\n@include i\n# auth required a\nauth sufficient b \\\n"
                              "  debug\naccount required c\nsession required\nsession required p"),
                         0);
        assert_int_equal(
                edit("/etc/pam.d/s", 4, PAM_EDIT_COMMENT,
                     "# sshd\n@include i\nauth required a\n# auth sufficient b \\\n"
                     "#   debug\naccount required c\nsession required\nsession required p"),
                0);
        assert_int_equal(edit("/etc/pam.d/s", 4, PAM_EDIT_REMOVE,
                              "# sshd\n@include i\nauth required a\n"
                              "account required c\nsession required\nsession required p"),
                         0);
        /* a broken line, an inclusion */
        assert_int_equal(edit("/etc/pam.d/s", 7, PAM_EDIT_REMOVE,
                              "# sshd\n@include i\nauth required a\nauth sufficient b \\\n"
                              "  debug\naccount required c\nsession required p"),
                         0);
        assert_int_equal(edit("/etc/pam.d/s", 2, PAM_EDIT_COMMENT,
                              "# sshd\n# @include i\nauth required a\nauth sufficient b \\\n"
                              "  debug\naccount required c\nsession required\nsession required p"),
                         0);
        assert_int_equal(edit("/etc/pam.d/i", 3, PAM_EDIT_REMOVE,
                              "auth [success=1 default=ignore] d\nauth requisite e\n"),
                         0);
}

static void test_refusals(void **state) {
        (void)state;
        /* no logical line begins there */
        assert_int_equal(edit("/etc/pam.d/s", 1, PAM_EDIT_COMMENT, NULL), -ENOENT);
        assert_int_equal(edit("/etc/pam.d/s", 5, PAM_EDIT_COMMENT, NULL), -ENOENT);
        assert_int_equal(edit("/etc/pam.d/s", 99, PAM_EDIT_COMMENT, NULL), -ENOENT);
        assert_int_equal(edit("/etc/pam.d/gone", 1, PAM_EDIT_COMMENT, NULL), -ENOENT);
        /* `other` would step in */
        assert_int_equal(edit("/etc/pam.d/s", 6, PAM_EDIT_COMMENT, NULL), -ENOTSUP);
        /* the jump of line 1 would land one rule further */
        assert_int_equal(edit("/etc/pam.d/i", 2, PAM_EDIT_COMMENT, NULL), -ENOTSUP);
}

static void test_somebody_can_still_get_in(void **state) {
        static const struct memory_file last[] = {
                { "/etc/pam.d/s", "auth sufficient a\nauth required pam_deny.so\n"
                                  "account required b\naccount required c\n" },
                { NULL, NULL }
        };
        struct memory memory = { .files = last };
        struct pam_environment environment = memory_environment(&memory);
        struct pam_service *service = memory_load(&memory, "1.5.2", "s");
        struct pam_edited edited = { 0 };

        (void)state;
        assert_int_equal(
                pam_edit_line(service, &environment, "/etc/pam.d/s", 1, PAM_EDIT_COMMENT, &edited),
                -ENOTSUP);
        assert_int_equal(
                pam_edit_line(service, &environment, "/etc/pam.d/s", 3, PAM_EDIT_COMMENT, &edited),
                0);
        pam_edited_done(&edited);
        pam_service_free(service);
}

/* The tail of a line that is too long for the buffer would become a rule of its own. */
static void test_a_comment_that_is_too_long(void **state) {
        char text[2048];
        const struct memory_file files_long[] = { { "/etc/pam.d/s", text }, { NULL, NULL } };
        struct memory memory = { .files = files_long };
        struct pam_environment environment = memory_environment(&memory);
        struct pam_service *service;
        struct pam_edited edited = { 0 };

        (void)state;
        (void)snprintf(text, sizeof text, "auth optional a %*s\nauth required b\n", 1100, "x");
        memcpy(text + 1023 - 2, "auth sufficient evil", strlen("auth sufficient evil"));
        service = memory_load(&memory, "1.5.2", "s");
        assert_int_equal(service->start, PAM_START_OK);
        assert_int_equal(
                pam_edit_line(service, &environment, "/etc/pam.d/s", 1, PAM_EDIT_COMMENT, &edited),
                -ENOTSUP);
        pam_service_free(service);
}

/* A service that does not start is no ground for a proof. */
static void test_no_start(void **state) {
        static const struct memory_file broken[] = {
                { "/etc/pam.d/s", "auth required .so\nauth required a\n" }, { NULL, NULL }
        };
        struct memory memory = { .files = broken };
        struct pam_environment environment = memory_environment(&memory);
        struct pam_service *service = memory_load(&memory, "1.5.2", "s");
        struct pam_edited edited = { 0 };

        (void)state;
        environment.has_module = NULL;
        assert_int_equal(
                pam_edit_line(service, &environment, "/etc/pam.d/s", 1, PAM_EDIT_COMMENT, &edited),
                -ENOTSUP);
        pam_service_free(service);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_edit),
                cmocka_unit_test(test_refusals),
                cmocka_unit_test(test_somebody_can_still_get_in),
                cmocka_unit_test(test_a_comment_that_is_too_long),
                cmocka_unit_test(test_no_start),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
