/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "sshd/effective.h"

static void test_parse(void **state) {
        static const struct {
                const char *spec, *release;
                const char *formatted, *message; /* NULL, and what sshd says */
        } cases[] = {
                { "user=a,host=h,addr=1.2.3.4,laddr=::1,lport=2222,rdomain=v", "9.2",
                  "user=a,host=h,addr=1.2.3.4,laddr=::1,lport=2222,rdomain=v", NULL },
                { "", "9.2", "user=nobody,host=192.0.2.1,addr=192.0.2.1,laddr=192.0.2.2,lport=22",
                  NULL },
                { "user=a,user=b,,nonsense", "9.2",
                  "user=b,host=192.0.2.1,addr=192.0.2.1,laddr=192.0.2.2,lport=22", NULL },
                { ",nonsense", "9.2",
                  "user=nobody,host=192.0.2.1,addr=192.0.2.1,laddr=192.0.2.2,lport=22", NULL },
                { "addr=10.0.0.1,invalid-user", "10.0",
                  "user=nobody,host=10.0.0.1,addr=10.0.0.1,laddr=192.0.2.2,lport=22,invalid-user",
                  NULL },
                { "invalid-user", "9.2", NULL, "Invalid test mode specification invalid-user" },
                { "lport=x", "9.2", NULL, "Invalid port 'x' in test mode specification lport=x" },
                { "foo=1", "9.2", NULL, "Invalid test mode specification foo=1" },
        };

        (void)state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                CLEANUP(sshd_connection_done) struct sshd_connection connection;
                CLEANUP(sshd_connection_done) struct sshd_connection copy;
                CLEANUP_FREE char *message = NULL;
                struct sshd_release release;
                int r;

                sshd_connection_init(&connection);
                sshd_connection_init(&copy);
                assert_true(sshd_release_parse(cases[i].release, &release));
                r = sshd_connection_parse(&connection, cases[i].spec, &release, &message);
                assert_int_equal(r, cases[i].formatted ? 0 : -EINVAL);
                if (cases[i].formatted) {
                        CLEANUP_FREE char *formatted = NULL;

                        assert_int_equal(sshd_connection_copy(&copy, &connection), 0);
                        formatted = sshd_connection_format(&copy);
                        assert_string_equal(formatted, cases[i].formatted);
                } else {
                        assert_string_equal(message, cases[i].message);
                }
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_parse),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
