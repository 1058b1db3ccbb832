/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <string.h>

#include "pam/release.h"

static void test_parse(void **state) {
        static const struct {
                const char *text;
                unsigned number, revision;
                enum pam_flavour flavour;
        } cases[] = {
                { "1.5.2", 10502, 0, PAM_DEBIAN },
                { "1.4", 10400, 0, PAM_DEBIAN },
                { "1.5.2-6+deb12u2", 10502, 6, PAM_DEBIAN },
                { "1.7.0-8", 10700, 8, PAM_DEBIAN },
                { "1.7.0-5~bpo1", 10700, 5, PAM_DEBIAN },
                { "1.5.3-5ubuntu5.1", 10503, 5, PAM_DEBIAN },
                { "upstream-1.7.2", 10702, 0, PAM_UPSTREAM },
        };

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                struct pam_release release;

                assert_true(pam_release_parse(cases[i].text, &release));
                assert_int_equal(release.number, cases[i].number);
                assert_int_equal(release.revision, cases[i].revision);
                assert_int_equal(release.flavour, cases[i].flavour);
        }
}

static void test_no_release(void **state) {
        static const char *const texts[] = { "",        "1",          "1.",        "1.5.",
                                             "a.b",     "1.5.2x",     "1.5.2-",    "0.9.1",
                                             "1.123.1", "12345678.1", "upstream-", "-1.5.2",
                                             "1.5.2 x" };
        struct pam_release release;

        (void)state;
        for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
                assert_false(pam_release_parse(texts[i], &release));
}

static void test_facts(void **state) {
        struct pam_release bookworm, trixie, sid, upstream;

        (void)state;
        assert_true(pam_release_parse("1.5.2-6+deb12u2", &bookworm));
        assert_true(pam_release_parse("1.7.0-5", &trixie));
        assert_true(pam_release_parse("1.7.0-8", &sid));
        assert_true(pam_release_parse("upstream-1.7.2", &upstream));
        assert_true(bookworm.has_line_buffer && bookworm.counts_substacks_only);
        assert_true(bookworm.wraps_jumps && bookworm.includes_from_etc_only);
        assert_false(trixie.has_line_buffer || trixie.counts_substacks_only || trixie.wraps_jumps);
        assert_true(trixie.includes_from_etc_only && !sid.includes_from_etc_only);
        assert_true(sid.has_at_include && sid.ignores_frozen_jumps);
        assert_false(upstream.has_at_include || upstream.ignores_frozen_jumps ||
                     upstream.includes_from_etc_only);
        assert_null(sid.service_dirs[2]);
        assert_string_equal(upstream.service_dirs[2], "/usr/share/pam/pam.d");
        assert_non_null(strstr(bookworm.module_dirs[0], "/lib/"));
        assert_string_equal(bookworm.module_dirs[1], "/lib/security");
        assert_string_equal(sid.module_dirs[1], "/usr/lib/security");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_parse),
                cmocka_unit_test(test_no_release),
                cmocka_unit_test(test_facts),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
