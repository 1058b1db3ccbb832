/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include "files.h"
#include "pam/compare.h"

static void test_same(void **state) {
        static const struct {
                const char *a, *b;
                bool is_same;
        } cases[] = {
                { "auth required pam_a.so\n",
                  "# x\nAUTH  [success=ok new_authtok_reqd=ok "
                  "ignore=ignore default=bad] pam_a.so\n",
                  true },
                { "auth required pam_a.so", "auth required /lib/security/pam_a.so", false },
                { "auth required pam_a.so", "auth required pam_b.so", false },
                { "auth required pam_a.so", "auth requisite pam_a.so", false },
                { "auth required pam_a.so", "auth required pam_a.so x", false },
                { "auth required pam_a.so x", "auth required pam_a.so y", false },
                { "auth required pam_a.so x", "auth required pam_a.so x # y", true },
                { "auth required pam_a.so", "account required pam_a.so", false },
                { "auth required pam_a.so\nauth required pam_a.so", "auth required pam_a.so",
                  false },
                { "auth required pam_a.so\nauth required pam_b.so",
                  "auth required pam_b.so\nauth required pam_a.so", false },
                { "auth include i", "auth required pam_i.so", true },
                { "auth substack i", "auth required pam_i.so", false },
                { "auth substack i", "auth substack /etc/pam.d/i", true },
                { "auth required pam_a.so", "auth required", false },
                { "auth required", "auth required", true },
                { "@include gone", "auth required pam_x.so \\", true }, /* neither starts */
                { "@include gone", "auth required pam_a.so", false },
                { "auth required pam_gone.so", "auth required pam_gone.so", true },
        };

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                struct memory_file files[] = { { "/etc/pam.d/s", cases[i].a },
                                               { "/etc/pam.d/i", "auth required pam_i.so" },
                                               { NULL, NULL } };
                struct memory memory = { .files = files };
                struct pam_service *a = memory_load(&memory, "1.7.0", "s"), *b;

                files[0].text = cases[i].b;
                b = memory_load(&memory, "1.7.0", "s");
                assert_int_equal(pam_service_is_same(a, b), cases[i].is_same);
                assert_int_equal(pam_service_is_same(b, a), cases[i].is_same);
                pam_service_free(a);
                pam_service_free(b);
        }
}

static void test_a_module_that_vanished(void **state) {
        const struct memory_file files[] = { { "/etc/pam.d/s", "auth optional pam_a.so" },
                                             { NULL, NULL } };
        struct memory memory = { .files = files };
        struct pam_service *a = memory_load(&memory, "1.7.0", "s"), *b;

        (void)state;
        memory.missing_module = "pam_a";
        b = memory_load(&memory, "1.7.0", "s");
        assert_false(pam_service_is_same(a, b));
        pam_service_free(a);
        pam_service_free(b);
}

static void test_what_cannot_be_told_is_no_equal(void **state) {
        const struct memory_file files[] = { { "/etc/pam.d/s", NULL }, { NULL, NULL } };
        struct memory memory = { .files = files };
        struct pam_service *service = memory_load(&memory, "1.7.0", "s");

        (void)state;
        assert_int_equal(service->start, PAM_START_UNKNOWN);
        assert_false(pam_service_is_same(service, service));
        pam_service_free(service);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_same),
                cmocka_unit_test(test_a_module_that_vanished),
                cmocka_unit_test(test_what_cannot_be_told_is_no_equal),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
