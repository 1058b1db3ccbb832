/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <errno.h>
#include <string.h>

#include "../../../daemon/sshd/algorithms.h"
#include "base/cleanup.h"

struct pattern_case {
        const char *release;
        const char *list;
        const char *expected; /* how the expanded list begins */
};

/* A pattern expands in the order in which the release knows the names. */
static void test_order_of_patterns(void **state) {
        static const struct pattern_case cases[] = {
                { "8.9", "ssh-rsa,ssh-*", "ssh-rsa,ssh-ed25519,ssh-ed25519-cert-v01@openssh.com," },
                { "8.9", "*",
                  "ssh-ed25519,ssh-ed25519-cert-v01@openssh.com,"
                  "sk-ssh-ed25519@openssh.com,sk-ssh-ed25519-cert-v01@openssh.com,"
                  "ssh-rsa,rsa-sha2-256,rsa-sha2-512,ssh-dss,ecdsa-sha2-nistp256," },
                { "9.2", "*",
                  "ssh-ed25519,ssh-ed25519-cert-v01@openssh.com,"
                  "sk-ssh-ed25519@openssh.com,sk-ssh-ed25519-cert-v01@openssh.com,"
                  "ecdsa-sha2-nistp256,ecdsa-sha2-nistp256-cert-v01@openssh.com," },
                { "10.5", "*mldsa*",
                  "ssh-mldsa44-ed25519@openssh.com,ssh-mldsa44-ed25519-cert-v01@openssh.com" },
                { "10.6", "*mldsa*", "ssh-mldsa44-ed25519,ssh-mldsa44-ed25519-cert" },
        };

        (void)state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                CLEANUP_FREE char *list = NULL;
                struct sshd_release release;

                assert_true(sshd_release_parse(cases[i].release, &release));
                assert_int_equal(algorithms_check(ALGORITHM_KEY, cases[i].list, &release, NULL), 0);
                assert_int_equal(algorithms_assemble(ALGORITHM_KEY, cases[i].list, &release, &list),
                                 0);
                assert_int_equal(strncmp(list, cases[i].expected, strlen(cases[i].expected)), 0);
        }
}

static void test_names_of_one_release(void **state) {
        struct sshd_release release;
        const char *unknown;

        (void)state;
        assert_true(sshd_release_parse("10.4", &release));
        assert_int_equal(algorithms_check(ALGORITHM_KEY, "ssh-mldsa44-ed25519@openssh.com",
                                          &release, &unknown),
                         -EINVAL);
        assert_true(sshd_release_parse("10.5", &release));
        assert_int_equal(
                algorithms_check(ALGORITHM_CA, "ssh-mldsa44-ed25519@openssh.com", &release, NULL),
                0);
        assert_int_equal(algorithms_check(ALGORITHM_CA, "ssh-mldsa44-ed25519", &release, &unknown),
                         -EINVAL);
}

/* sshd works lists out twice; its own defaults stay what they are, so once is enough. */
static void test_defaults_stay(void **state) {
        static const char *const releases[] = { "8.4", "8.5",  "8.9",  "9.0",  "9.2",  "9.8",
                                                "9.9", "10.0", "10.3", "10.4", "10.5", "10.6" };

        (void)state;
        for (size_t i = 0; i < N_ELEMENTS(releases); i++)
                for (int kind = 0; kind < N_ALGORITHM_KINDS; kind++) {
                        CLEANUP_FREE char *once = NULL, *twice = NULL;
                        struct sshd_release release;

                        assert_true(sshd_release_parse(releases[i], &release));
                        assert_int_equal(algorithms_assemble((enum algorithm_kind)kind, NULL,
                                                             &release, &once),
                                         0);
                        assert_int_equal(algorithms_assemble((enum algorithm_kind)kind, once,
                                                             &release, &twice),
                                         0);
                        assert_string_equal(once, twice);
                }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_order_of_patterns),
                cmocka_unit_test(test_names_of_one_release),
                cmocka_unit_test(test_defaults_stay),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
