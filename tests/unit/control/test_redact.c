/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <string.h>

#include "../../../daemon/control/redact.h"
#include "base/cleanup.h"

/* A real key; `ssh-keygen -lf` prints the fingerprint. */
#define BLOB "AAAAC3NzaC1lZDI1NTE5AAAAIGbgJwYUD1TGSDgnCdcIm7PVnRJHVMxTVdCXLXJLrGIu"
#define PEM  "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gt"

static void test_lines(void **state) {
        static const struct {
                const char *text;
                const char *must, *must_not; /* contained in the result; NULL: not asked */
        } cases[] = {
                { "Port 22\n\nUseDNS no", "Port 22\n\nUseDNS no", NULL },
                { "ssh-ed25519 " BLOB " bob@example", "ssh-ed25519 SHA256:", BLOB },
                { "from=\"10.0.0.1\",restrict ssh-ed25519 " BLOB " bob\n",
                  "from=\"10.0.0.1\",restrict ssh-ed25519 SHA256:", BLOB },
                { "# ssh-ed25519 " BLOB, "# ssh-ed25519 SHA256:", BLOB },
                { "command=\"x\" ssh-rsa " BLOB, "[68 characters, checksum ", BLOB },
                { BLOB, "[68 characters, checksum ", BLOB },
                { "x" BLOB "=y", " characters, checksum ", BLOB },
                { "/usr/lib/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                  "/usr/lib/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                  NULL },
                { "-----BEGIN OPENSSH PRIVATE KEY-----\n" PEM "\n/short=\n-----END OPENSSH PRIVATE "
                  "KEY-----\nPort 22\n",
                  "-----END OPENSSH PRIVATE KEY-----\nPort 22\n", PEM },
                { "-----BEGIN RSA PRIVATE KEY-----\nshort\n", "[5 characters, ", "short" },
                { "SHA256:mVPwvezndPv/ARoIadVY98vAC0g+P/5633yTC4d/wXE",
                  "SHA256:mVPwvezndPv/ARoIadVY98vAC0g+P/5633yTC4d/wXE", NULL },
        };

        (void)state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                CLEANUP(text_done) struct text text = { 0 };

                assert_int_equal(redact_keys(&text, cases[i].text, strlen(cases[i].text)), 0);
                if (!strstr(text_get(&text), cases[i].must))
                        fail_msg("%s", text_get(&text));
                if (cases[i].must_not)
                        assert_null(strstr(text_get(&text), cases[i].must_not));
        }
}

static void test_a_change_stays_visible(void **state) {
        CLEANUP(text_done) struct text one = { 0 };
        CLEANUP(text_done) struct text other = { 0 };

        (void)state;
        assert_int_equal(redact_keys(&one, PEM "A", strlen(PEM) + 1), 0);
        assert_int_equal(redact_keys(&other, PEM "B", strlen(PEM) + 1), 0);
        assert_string_not_equal(text_get(&one), text_get(&other));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_lines),
                cmocka_unit_test(test_a_change_stays_visible),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
