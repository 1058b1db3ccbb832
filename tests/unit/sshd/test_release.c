/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include "base/cleanup.h"
#include "sshd/release.h"

static void test_parse(void **state) {
        static const struct {
                const char *text;
                unsigned number; /* 0: names no release */
                enum sshd_flavour flavour;
                const char *version;
                bool is_known;
        } cases[] = {
                { "9.2", 902, SSHD_DEBIAN, "OpenSSH_9.2p1 Debian", true },
                { "10.0p2", 1000, SSHD_DEBIAN, "OpenSSH_10.0p2 Debian", true },
                { "OpenSSH_10.0p2 Debian-7+deb13u4, OpenSSL 3.5.7 9 Jun 2026", 1000, SSHD_DEBIAN,
                  "OpenSSH_10.0p2 Debian-7+deb13u4", true },
                { "OpenSSH_9.2, OpenSSL 3.0.20 7 Apr 2026\n", 902, SSHD_DEBIAN, "OpenSSH_9.2",
                  true },
                { "OpenSSH_9.6p1 Ubuntu-3ubuntu13, OpenSSL 3.0.13", 906, SSHD_DEBIAN,
                  "OpenSSH_9.6p1 Ubuntu-3ubuntu13", true },
                { "OpenSSH_9.9p2, LibreSSL 4.0.0", 909, SSHD_UPSTREAM, "OpenSSH_9.9p2", true },
                { "unknown option -- V\nOpenSSH_8.4p1 Debian-5+deb11u3, OpenSSL 1.1.1w\nusage: "
                  "sshd",
                  804, SSHD_DEBIAN, "OpenSSH_8.4p1 Debian-5+deb11u3", true },
                { "7.9", 709, SSHD_DEBIAN, "OpenSSH_7.9p1 Debian", false },
                { "11.0", 1100, SSHD_DEBIAN, "OpenSSH_11.0p1 Debian", false },
                { "9", 0, SSHD_DEBIAN, NULL, false },
                { "9.", 0, SSHD_DEBIAN, NULL, false },
                { "nine", 0, SSHD_DEBIAN, NULL, false },
                { "9.2x", 0, SSHD_DEBIAN, NULL, false },
                { "100.1", 0, SSHD_DEBIAN, NULL, false },
                { "OpenSSH_x", 0, SSHD_DEBIAN, NULL, false },
                { "", 0, SSHD_DEBIAN, NULL, false },
        };

        (void)state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                struct sshd_release release;

                assert_int_equal(sshd_release_parse(cases[i].text, &release), cases[i].number > 0);
                if (cases[i].number == 0)
                        continue;
                assert_int_equal(release.number, cases[i].number);
                assert_int_equal(release.flavour, cases[i].flavour);
                assert_string_equal(release.version, cases[i].version);
                assert_int_equal(sshd_release_is_known(&release), cases[i].is_known);
        }
}

static void test_long_version(void **state) {
        struct sshd_release release;

        (void)state;
        assert_true(sshd_release_parse("OpenSSH_9.2p1 "
                                       "Debianxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                                       "xxxxxxxxxxxxxxxxxxxx",
                                       &release));
        assert_int_equal(strlen(release.version), sizeof release.version - 1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_parse),
                cmocka_unit_test(test_long_version),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
