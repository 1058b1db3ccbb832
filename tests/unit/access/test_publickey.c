/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which keys and authorities open an account, and why the others do not. */
#include "cmocka_env.h"

#include <stdio.h>

#include "memory_machine.h"

#define KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOVESzZkRnwsOAS0HEQ/PKbtB2Ca9HDZbjrYodt8Rxkt me\n"
#define OTHER                                                                                      \
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKwgfsgnUQh+hYtOWhwplSY9TggXymjgfbyHQ8IFcHj2 other\n"
#define KEYS     "/home/bob/.ssh/authorized_keys"
#define CA       "TrustedUserCAKeys /etc/ssh/ca\n"
#define SETTINGS "UsePAM no\nPasswordAuthentication no\n"

/* A 2048 bit key made for this test. */
#define RSA                                                                                        \
        "ssh-rsa "                                                                                 \
        "AAAAB3NzaC1yc2EAAAADAQABAAABAQDh5oEG/iXFqcTUC0KfU5G4mZTG93JcfjS1nRmDdTUNxCxE"             \
        "vHInKJUTJ8YG7u/PZxr7RNmtw3j+DT+rWjq50Ubt/0cMkoKBN8JYFnX46k5q9lxDUKdeFt8BW0Ne"             \
        "TyNDw8CLHz1BAKZoPpW9VjO/O49LROLzeljjiN27t0sqrUxt+d5lzw0F6BPdWFaYeSDWr3h3yEpS"             \
        "/Q7VHYsdqo2DL+yh8qhTbiUZokrSAYfDLy/prANxTbk4cLUmVAh5tqSOhS+yi/hOic0VMjtOy7/w"             \
        "TG8yZMSN7uHmvKA6TcgWXJzCxc1AH64ig3m0dQLhoLm5I4JjCmAEbTzlsSFPpFGyd8tV"                     \
        " rsa\n"

struct key_case {
        const char *settings, *keys;
        const char *ways;    /* with a ? where it cannot be told */
        const char *refusal; /* a part of it, of the last entry; NULL: it opens */
        struct memory_file more[3];
        const char *ignored; /* why StrictModes keeps sshd from the file of keys */
};

static void judge(const struct key_case *one, struct access_login *ret) {
        CLEANUP_FREE char *config = text_format(SETTINGS "%s", one->settings ? one->settings : "");
        struct memory_file files[12] = {
                { .path = "/etc/ssh/sshd_config", .text = config },
                { .path = "/etc/passwd",
                  .text = "root:x:0:0::/root:/bin/sh\nbob:x:1000:1000::/home/bob:/bin/sh\n" },
                { .path = "/etc/group", .text = "root:x:0:\nbob:x:1000:\n" },
                { .path = "/etc/shadow", .text = "bob:$6$a$b:19000::::::\nroot:*:19000::::::\n" },
                { .path = "/bin/sh", .text = "", .mode = 0755 },
        };
        bool is_root = strstr(config, "PermitRootLogin forced") != NULL;
        struct sshd_connection connection = { .user = is_root ? BORROWED("root") : BORROWED("bob"),
                                              .host = BORROWED("198.51.100.7"),
                                              .addr = BORROWED("198.51.100.7"),
                                              .laddr = BORROWED("192.0.2.1"),
                                              .lport = 22 };
        struct memory_machine memory;
        size_t n = 5;

        if (one->keys)
                files[n++] =
                        (struct memory_file){ .path = is_root ? "/root/.ssh/authorized_keys" : KEYS,
                                              .text = one->keys,
                                              .ignored = one->ignored };
        for (size_t i = 0; i < N_ELEMENTS(one->more) && one->more[i].path; i++)
                files[n++] = one->more[i];
        assert_int_equal(memory_machine_open(files, n, &memory), 0);
        assert_null(sshd_config_refusal(memory.config));
        assert_int_equal(access_login_judge(&memory.machine, &connection, ret), 0);
        memory_machine_close(&memory);
}

static void expect(const struct key_case *cases, size_t n_cases) {
        for (size_t i = 0; i < n_cases; i++) {
                struct access_login login;
                struct text ways = { 0 };
                const char *refusal;

                judge(&cases[i], &login);
                (void)text_append(&ways, "");
                for (size_t k = 0; k < login.ways.n_items; k++) {
                        char factors[ACCESS_FACTORS_TEXT_MAX];

                        (void)text_appendf(
                                &ways, "%s%s%s", k > 0 ? ", " : "",
                                access_factors_format(login.ways.items[k].factors, factors),
                                login.ways.items[k].answer == ACCESS_YES ? "" : "?");
                }
                refusal = login.n_keys > 0 ? login.keys[login.n_keys - 1].refusal : NULL;
                if (strcmp(text_get(&ways), cases[i].ways) != 0 || !cases[i].refusal != !refusal ||
                    (refusal && !strstr(refusal, cases[i].refusal)))
                        fail_msg("case %zu: %s%s\nwanted \"%s\" (%s)\ngot \"%s\" (%s)", i,
                                 cases[i].settings ? cases[i].settings : "",
                                 cases[i].keys ? cases[i].keys : "", cases[i].ways,
                                 cases[i].refusal ? cases[i].refusal : "opens", text_get(&ways),
                                 refusal ? refusal : "opens");
                text_done(&ways);
                access_login_done(&login);
        }
}

static void test_keys(void **state) {
        static const struct key_case cases[] = {
                { NULL, KEY, "key", NULL, { { 0 } }, NULL },
                { NULL, NULL, "", NULL, { { 0 } }, NULL },
                { NULL, RSA, "key", NULL, { { 0 } }, NULL },
                { "PubkeyAcceptedAlgorithms rsa-sha2-256\n", RSA, "key", NULL, { { 0 } }, NULL },
                { "PubkeyAcceptedAlgorithms ssh-ed25519\n",
                  RSA,
                  "",
                  "not among PubkeyAcceptedAlgorithms",
                  { { 0 } },
                  NULL },
                { "PubkeyAcceptedAlgorithms rsa-*\n",
                  KEY,
                  "",
                  "not among PubkeyAcceptedAlgorithms",
                  { { 0 } },
                  NULL },
                { "RequiredRSASize 3072\n",
                  RSA,
                  "",
                  "fewer bits than RequiredRSASize",
                  { { 0 } },
                  NULL },
                { NULL, KEY, "", "writable by others", { { 0 } }, "it is writable by others" },
                { "StrictModes no\n", KEY, "key", NULL, { { 0 } }, "it is writable by others" },
                { "PermitRootLogin forced-commands-only\n",
                  KEY,
                  "",
                  "forced command",
                  { { 0 } },
                  NULL },
                { "PermitRootLogin forced-commands-only\n",
                  "command=\"true\" " KEY,
                  "key",
                  NULL,
                  { { 0 } },
                  NULL },
        };

        (void)state;
        expect(cases, N_ELEMENTS(cases));
}

static void test_where_keys_are(void **state) {
        static const struct key_case cases[] = {
                /* a file for each account, wherever it lies; a pattern matches what there is */
                { "AuthorizedKeysFile /etc/ssh/keys/%u\n",
                  NULL,
                  "key",
                  NULL,
                  { { "/etc/ssh/keys/bob", KEY, 0, 0, NULL } },
                  NULL },
                { "AuthorizedKeysFile /etc/ssh/keys/*\n",
                  NULL,
                  "key",
                  NULL,
                  { { "/etc/ssh/keys/*", KEY, 0, 0, NULL } },
                  NULL },
                { "UseDNS yes\n", "from=\"198.51.100.7\" " KEY, "key", NULL, { { 0 } }, NULL },
                { "AuthorizedKeysFile none\n", KEY, "", NULL, { { 0 } }, NULL },
                /* the same key twice is one */
                { "AuthenticationMethods publickey,publickey\n",
                  KEY KEY,
                  "",
                  NULL,
                  { { 0 } },
                  NULL },
                { "AuthenticationMethods publickey,publickey\n",
                  KEY OTHER,
                  "key + other key",
                  NULL,
                  { { 0 } },
                  NULL },
                { "AuthorizedKeysCommand /bin/keys\nAuthorizedKeysCommandUser nobody\n",
                  NULL,
                  "key?",
                  NULL,
                  { { 0 } },
                  NULL },
                { "RevokedKeys /etc/ssh/revoked\n",
                  KEY,
                  "",
                  "RevokedKeys cannot be read",
                  { { 0 } },
                  NULL },
                { "RevokedKeys /etc/ssh/revoked\n",
                  KEY OTHER,
                  "key",
                  "RevokedKeys holds it",
                  { { "/etc/ssh/revoked", OTHER, 0, 0, NULL } },
                  NULL },
        };

        (void)state;
        expect(cases, N_ELEMENTS(cases));
}

static void test_authorities(void **state) {
        static const struct memory_file ca = { "/etc/ssh/ca", KEY, 0, 0, NULL };
        const struct key_case cases[] = {
                { CA, NULL, "certificate", NULL, { ca }, NULL },
                { CA, NULL, "", NULL, { { 0 } }, NULL },
                { CA "RevokedKeys /etc/ssh/revoked\n",
                  NULL,
                  "",
                  "RevokedKeys holds it",
                  { ca, { "/etc/ssh/revoked", KEY, 0, 0, NULL } },
                  NULL },
                { CA, NULL, "", "", { { "/etc/ssh/ca", "rubbish\n", 0, 0, NULL } }, NULL },
                { CA "PubkeyAcceptedAlgorithms ssh-ed25519\n",
                  NULL,
                  "",
                  "has no certificates",
                  { ca },
                  NULL },
                { CA "CASignatureAlgorithms rsa-sha2-512\n",
                  NULL,
                  "",
                  "not among CASignatureAlgorithms",
                  { ca },
                  NULL },
                { NULL, "cert-authority " KEY, "certificate", NULL, { { 0 } }, NULL },
                { NULL,
                  "cert-authority,principals=\"bob\" " KEY,
                  "certificate",
                  NULL,
                  { { 0 } },
                  NULL },
                /* whose certificates? */
                { CA "AuthorizedPrincipalsFile /etc/ssh/who/%u\n", NULL, "", NULL, { ca }, NULL },
                { CA "AuthorizedPrincipalsFile /etc/ssh/who/%u\n",
                  NULL,
                  "certificate",
                  NULL,
                  { ca, { "/etc/ssh/who/bob", "# they\nbob\n", 0, 0, NULL } },
                  NULL },
                { CA "AuthorizedPrincipalsFile /etc/ssh/who/%u\n",
                  NULL,
                  "",
                  NULL,
                  { ca, { "/etc/ssh/who/bob", "from=\"10.0.0.1\" bob\n", 0, 0, NULL } },
                  NULL },
                { CA "AuthorizedPrincipalsFile /etc/ssh/who/%u\n",
                  NULL,
                  "certificate",
                  NULL,
                  { ca, { "/etc/ssh/who/bob", "from=\"198.51.100.*\" bob\n", 0, 0, NULL } },
                  NULL },
                { CA "AuthorizedPrincipalsFile /etc/ssh/who/%u\n",
                  NULL,
                  "",
                  NULL,
                  { ca, { "/etc/ssh/who/bob", "bob\n", 0, 0, "it is writable by others" } },
                  NULL },
                { CA
                  "AuthorizedPrincipalsCommand /bin/who\nAuthorizedPrincipalsCommandUser nobody\n",
                  NULL,
                  "certificate?",
                  NULL,
                  { ca },
                  NULL },
                { CA "PermitRootLogin forced-commands-only\n",
                  NULL,
                  "certificate?",
                  NULL,
                  { ca },
                  NULL },
        };

        (void)state;
        expect(cases, N_ELEMENTS(cases));
}

/* What cannot be read says so. */
static int fail_to_read(void *userdata, const char *path, char **ret_data, size_t *ret_n) {
        (void)userdata;
        (void)path;
        (void)ret_data;
        (void)ret_n;
        return -EACCES;
}

static int fail_to_look(void *userdata, const struct account *account, const char *path,
                        bool is_strict, struct access_user_file *ret) {
        (void)userdata;
        (void)account;
        (void)path;
        (void)is_strict;
        *ret = (struct access_user_file){ .ignored = strdup("the server of the home is silent"),
                                          .is_unknown = true };
        return ret->ignored ? 0 : -ENOMEM;
}

static void test_what_cannot_be_read(void **state) {
        static const struct {
                const char *settings;
                const char *reason;
                enum access_factor factor;
        } cases[] = {
                { "", "the server of the home is silent", ACCESS_KEY },
                { CA "AuthorizedKeysFile none\n", "TrustedUserCAKeys could not be read",
                  ACCESS_CERTIFICATE },
        };
        struct sshd_connection connection = { .user = BORROWED("bob"),
                                              .host = BORROWED("198.51.100.7"),
                                              .addr = BORROWED("198.51.100.7"),
                                              .laddr = BORROWED("192.0.2.1"),
                                              .lport = 22 };

        (void)state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                CLEANUP_FREE char *config = text_format(SETTINGS "%s", cases[i].settings);
                const struct memory_file files[] = {
                        { .path = "/etc/ssh/sshd_config", .text = config },
                        { .path = "/etc/passwd", .text = "bob:x:1000:1000::/home/bob:/bin/sh\n" },
                        { .path = "/etc/shadow", .text = "bob:$6$a$b:19000::::::\n" },
                        { .path = "/bin/sh", .text = "", .mode = 0755 },
                };
                struct memory_machine memory;
                struct access_login login;

                assert_int_equal(memory_machine_open(files, N_ELEMENTS(files), &memory), 0);
                memory.machine.read = fail_to_read;
                memory.machine.user_file = fail_to_look;
                assert_int_equal(access_login_judge(&memory.machine, &connection, &login), 0);
                assert_int_equal(login.answer, ACCESS_CANNOT_TELL);
                assert_int_equal(login.ways.n_items, 1);
                assert_int_equal(login.ways.items[0].factors, cases[i].factor);
                assert_string_equal(login.ways.items[0].reason, cases[i].reason);
                access_login_done(&login);
                memory_machine_close(&memory);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_keys),
                cmocka_unit_test(test_where_keys_are),
                cmocka_unit_test(test_authorities),
                cmocka_unit_test(test_what_cannot_be_read),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
