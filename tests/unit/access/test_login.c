/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One connection after the other on small machines. What real logins say is asked in
 * tests/oracle/access; here each clause has its case. */
#include "cmocka_env.h"

#include <stdio.h>

#include "memory_machine.h"

#define KEY        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOVESzZkRnwsOAS0HEQ/PKbtB2Ca9HDZbjrYodt8Rxkt me"
#define UNIX       "auth required pam_unix.so nullok\n"
#define TOTP       "auth required pam_google_authenticator.so\n"
#define ACCOUNT    "account required pam_unix.so\n"
#define SESSION    "session required pam_permit.so\n"
#define REST       ACCOUNT SESSION
#define ONE_ANSWER "UsePAM yes\nKbdInteractiveAuthentication no\n"
#define PAM_ON     "UsePAM yes\nKbdInteractiveAuthentication yes\n"
#define KEY_FILE   "/home/bob/.ssh/authorized_keys"

static const char passwd[] = "root:x:0:0::/root:/bin/sh\n"
                             "bob:x:1000:1000::/home/bob:/bin/sh\n"
                             "cut:x:1001:1001::/home/cut:/usr/sbin/nologin\n"
                             "odd:x:1002:1002::/home/odd:/bin/missing\n";
static const char group[] = "root:x:0:\nbob:x:1000:\nstaff:x:50:bob\n";
static const char shadow[] = "root:$6$a$b:19000::::::\nbob:$6$a$b:19000::::::\n"
                             "cut:$6$a$b:19000::::::\nodd:*:19000::::::\n";

struct login_case {
        const char *config, *pam, *keys, *user, *shadow;
        struct memory_file more;
        const char *wanted; /* the ways, or "refused: …" */
};

static char *describe(const struct access_login *login) {
        struct text text = { 0 };

        if (login->refusal)
                return text_format("refused: %s", login->refusal);
        for (size_t i = 0; i < login->ways.n_items; i++) {
                char factors[ACCESS_FACTORS_TEXT_MAX];

                (void)text_appendf(&text, "%s%s%s", i > 0 ? ", " : "",
                                   access_factors_format(login->ways.items[i].factors, factors),
                                   login->ways.items[i].answer == ACCESS_YES ? "" : "?");
        }
        return text_take(&text);
}

static void judge(const struct login_case *one, struct access_login *ret,
                  struct memory_machine *memory, struct memory_file *files) {
        struct sshd_connection connection = { .user = BORROWED(one->user ? one->user : "bob"),
                                              .host = BORROWED("198.51.100.7"),
                                              .addr = BORROWED("198.51.100.7"),
                                              .laddr = BORROWED("192.0.2.1"),
                                              .lport = 22 };
        const struct memory_file fixed[] = {
                { .path = "/etc/ssh/sshd_config", .text = one->config },
                { .path = "/etc/passwd", .text = passwd },
                { .path = "/etc/group", .text = group },
                { .path = "/etc/shadow", .text = one->shadow ? one->shadow : shadow },
                { .path = "/etc/pam.d/sshd", .text = one->pam ? one->pam : UNIX REST },
                { .path = "/bin/sh", .text = "", .mode = 0755 },
                { .path = "/usr/sbin/nologin", .text = "", .mode = 0755 },
                { .path = KEY_FILE, .text = one->keys ? one->keys : "" },
        };
        size_t n = N_ELEMENTS(fixed);

        memcpy(files, fixed, sizeof fixed);
        if (one->more.path)
                files[n++] = one->more;
        assert_int_equal(memory_machine_open(files, n, memory), 0);
        assert_null(sshd_config_refusal(memory->config));
        assert_int_equal(access_login_judge(&memory->machine, &connection, ret), 0);
}

static void expect(const struct login_case *cases, size_t n) {
        for (size_t i = 0; i < n; i++) {
                struct memory_machine memory;
                struct memory_file files[16];
                struct access_login login;
                CLEANUP_FREE char *got = NULL;

                judge(&cases[i], &login, &memory, files);
                got = describe(&login);
                if (strcmp(got, cases[i].wanted) != 0)
                        fail_msg("case %zu: %s\nwanted %s, got %s", i, cases[i].config,
                                 cases[i].wanted, got);
                access_login_done(&login);
                memory_machine_close(&memory);
        }
}

static void test_doors(void **state) {
        static const struct login_case cases[] = {
                { .config = "UsePAM yes\n", .wanted = "password" },
                { .config = "UsePAM yes\nDenyUsers b*\n",
                  .wanted = "refused: it is listed in DenyUsers" },
                { .config = "UsePAM yes\nDenyUsers bob@192.0.2.0/24\n", .wanted = "password" },
                { .config = "UsePAM yes\nAllowUsers bob@198.51.100.0/24\n", .wanted = "password" },
                { .config = "UsePAM yes\nAllowUsers bob@!198.51.100.7,*\n",
                  .wanted = "refused: it is not listed in AllowUsers" },
                { .config = "UsePAM yes\nAllowGroups wheel staff\n", .wanted = "password" },
                { .config = "UsePAM yes\nAllowGroups wheel\n",
                  .wanted = "refused: none of its groups is listed in AllowGroups" },
                { .config = "UsePAM yes\nDenyGroups sta?f\n",
                  .wanted = "refused: one of its groups is listed in DenyGroups" },
                { .config = "UsePAM yes\n",
                  .user = "odd",
                  .wanted = "refused: its shell /bin/missing does not exist" },
                { .config = "UsePAM yes\n",
                  .user = "odd",
                  .more = { .path = "/bin/missing", .text = "", .mode = 0644 },
                  .wanted = "refused: its shell /bin/missing is not executable" },
                { .config = "UsePAM no\n",
                  .shadow = "bob:!$6$a$b:19000::::::\n",
                  .wanted = "refused: the account is locked" },
                { .config = "UsePAM no\n",
                  .shadow = "bob:$6$a$b:19000:::::19001:\n",
                  .wanted = "refused: the account has expired" },
                { .config = "UsePAM no\n",
                  .more = { .path = "/etc/nologin", .text = "" },
                  .wanted = "refused: /etc/nologin exists" },
                { .config = "PermitRootLogin no\n",
                  .user = "root",
                  .wanted = "refused: PermitRootLogin is no" },
                { .config = "Match User bob\n    AuthenticationMethods publickey\n"
                            "Match Group staff\n    AuthenticationMethods any\n",
                  .wanted = "refused: sshd ends on such a connection: \"any\" must appear alone "
                            "in AuthenticationMethods" },
        };

        (void)state;
        expect(cases, N_ELEMENTS(cases));
}

static void test_keys(void **state) {
        static const struct login_case cases[] = {
                { .config = "PasswordAuthentication no\n", .keys = KEY "\n", .wanted = "key" },
                { .config = "PasswordAuthentication no\n",
                  .keys = "from=\"192.0.2.*\" " KEY "\n",
                  .wanted = "" },
                { .config = "PasswordAuthentication no\n",
                  .keys = "expiry-time=\"20250101\" " KEY "\n",
                  .wanted = "" },
                { .config = "PasswordAuthentication no\n",
                  .keys = "cert-authority " KEY "\n",
                  .wanted = "certificate" },
                { .config = "PasswordAuthentication no\nPubkeyAcceptedAlgorithms -ssh-ed25519\n",
                  .keys = KEY "\n",
                  .wanted = "" },
                { .config = "PasswordAuthentication no\nRevokedKeys /etc/ssh/revoked\n",
                  .keys = KEY "\n",
                  .wanted = "" },
                { .config = "PasswordAuthentication no\nRevokedKeys /etc/ssh/revoked\n",
                  .keys = KEY "\n",
                  .more = { .path = "/etc/ssh/revoked", .text = "" },
                  .wanted = "key" },
                { .config = "PasswordAuthentication no\nRevokedKeys /etc/ssh/revoked\n",
                  .keys = KEY "\n",
                  .more = { .path = "/etc/ssh/revoked", .text = KEY "\n" },
                  .wanted = "" },
                { .config = "PasswordAuthentication no\nAuthorizedKeysCommand /bin/true\n"
                            "AuthorizedKeysCommandUser nobody\n",
                  .wanted = "key?" },
                { .config = "PasswordAuthentication no\nTrustedUserCAKeys /etc/ssh/ca\n",
                  .more = { .path = "/etc/ssh/ca", .text = KEY "\n" },
                  .wanted = "certificate" },
                { .config = "PasswordAuthentication no\nTrustedUserCAKeys /etc/ssh/ca\n"
                            "AuthorizedPrincipalsFile /etc/ssh/%u\n",
                  .more = { .path = "/etc/ssh/ca", .text = KEY "\n" },
                  .wanted = "" },
                { .config = "PasswordAuthentication no\nAuthenticationMethods "
                            "publickey,publickey\n",
                  .keys = KEY "\n" KEY "\n",
                  .wanted = "" },
                { .config = "PasswordAuthentication no\nPermitRootLogin forced-commands-only\n"
                            "AuthorizedKeysFile " KEY_FILE "\n",
                  .user = "root",
                  .keys = KEY "\n",
                  .wanted = "" },
                { .config = "PasswordAuthentication no\nPermitRootLogin forced-commands-only\n"
                            "AuthorizedKeysFile " KEY_FILE "\n",
                  .user = "root",
                  .keys = "command=\"true\" " KEY "\n",
                  .wanted = "key" },
        };

        (void)state;
        expect(cases, N_ELEMENTS(cases));
}

static void test_prompts(void **state) {
        static const struct memory_file secret = {
                .path = "/home/bob/.google_authenticator", .text = "", .mode = 0400, .uid = 1000
        };
        const struct login_case cases[] = {
                { .config = PAM_ON, .pam = UNIX TOTP REST, .wanted = "" },
                { .config = PAM_ON,
                  .pam = UNIX TOTP REST,
                  .more = secret,
                  .wanted = "password + code" },
                { .config = PAM_ON,
                  .pam = UNIX "auth required pam_google_authenticator.so nullok\n" REST,
                  .wanted = "password" },
                { .config = PAM_ON,
                  .pam = "auth sufficient pam_google_authenticator.so\n" UNIX REST,
                  .more = secret,
                  .wanted = "password, code" },
                /* one answer for both modules is none */
                { .config = ONE_ANSWER, .pam = UNIX TOTP REST, .more = secret, .wanted = "" },
                { .config = ONE_ANSWER,
                  .pam = "auth required pam_google_authenticator.so forward_pass\n"
                         "auth required pam_unix.so use_first_pass\n" REST,
                  .more = secret,
                  .wanted = "password + code" },
                { .config = PAM_ON,
                  .pam = "auth required pam_unix.so use_first_pass\n" REST,
                  .wanted = "" },
                { .config = PAM_ON "AuthenticationMethods publickey,keyboard-interactive\n",
                  .pam = TOTP REST,
                  .keys = KEY "\n",
                  .more = secret,
                  .wanted = "key + code" },
                { .config = PAM_ON,
                  .pam = "auth required pam_permit.so\n" REST,
                  .wanted = "nothing" },
                { .config = PAM_ON, .pam = "auth required pam_deny.so\n" REST, .wanted = "" },
                { .config = PAM_ON,
                  .pam = "auth sufficient pam_rootok.so\n" REST,
                  .wanted = "nothing" },
                { .config = PAM_ON,
                  .pam = "auth sufficient pam_succeed_if.so quiet uid >= 1000 user ingroup "
                         "staff\n" UNIX REST,
                  .wanted = "nothing" },
                { .config = PAM_ON,
                  .pam = "auth sufficient pam_succeed_if.so quiet shell != /bin/sh\n" UNIX REST,
                  .wanted = "password" },
                { .config = PAM_ON,
                  .pam = "auth required pam_ldap.so\n" REST,
                  .wanted = "nothing?" },
                { .config = PAM_ON "PermitEmptyPasswords yes\n",
                  .shadow = "bob::19000::::::\n",
                  .wanted = "nothing" },
                { .config = PAM_ON, .shadow = "bob::19000::::::\n", .wanted = "" },
                { .config = "UsePAM no\nPermitEmptyPasswords yes\n",
                  .shadow = "bob::19000::::::\n",
                  .wanted = "nothing" },
                { .config = "UsePAM no\n", .wanted = "password" },
                { .config = "UsePAM no\nPasswordAuthentication no\n"
                            "HostbasedAuthentication yes\n",
                  .wanted = "host?" },
                { .config = "UsePAM no\nPasswordAuthentication no\n"
                            "KbdInteractiveAuthentication yes\n",
                  .wanted = "" },
                { .config = PAM_ON "PermitRootLogin prohibit-password\n",
                  .user = "root",
                  .wanted = "" },
                { .config = PAM_ON "GSSAPIAuthentication yes\nPasswordAuthentication no\n"
                                   "AuthenticationMethods gssapi-with-mic,password "
                                   "gssapi-with-mic\n",
                  .wanted = "ticket?" },
        };

        (void)state;
        expect(cases, N_ELEMENTS(cases));
}

/* Who gets through the methods may be turned away all the same. */
static void test_accounts(void **state) {
        static const struct login_case cases[] = {
                { .config = PAM_ON,
                  .pam = UNIX "account required pam_time.so\n" SESSION,
                  .wanted = "password?" },
                { .config = PAM_ON,
                  .pam = UNIX "account required pam_deny.so\n" SESSION,
                  .wanted = "refused: PAM (sshd) refuses the account" },
                { .config = PAM_ON,
                  .pam = UNIX ACCOUNT "session required pam_deny.so\n",
                  .wanted = "refused: PAM (sshd) opens no session" },
                { .config = PAM_ON,
                  .pam = UNIX "account required pam_nologin.so\n" REST,
                  .more = { .path = "/etc/nologin", .text = "" },
                  .wanted = "refused: PAM (sshd) refuses the account" },
                { .config = PAM_ON,
                  .shadow = "bob:$6$a$b:19000:::::19001:\n",
                  .wanted = "refused: the account has expired" },
                { .config = PAM_ON, .shadow = "bob:$6$a$b:0::::::\n", .wanted = "password" },
        };

        (void)state;
        expect(cases, N_ELEMENTS(cases));
}

static void test_sessions(void **state) {
        static const struct {
                struct login_case login;
                enum access_session wanted;
                const char *name;
        } cases[] = {
                { { .config = "UsePAM no\n" }, ACCESS_SESSION_SHELL, "shell" },
                { { .config = "UsePAM no\n", .user = "cut" }, ACCESS_SESSION_NOTHING, "nothing" },
                { { .config = "UsePAM no\nForceCommand internal-sftp -l INFO\n", .user = "cut" },
                  ACCESS_SESSION_SFTP,
                  "sftp" },
                { { .config = "UsePAM no\nForceCommand /bin/menu\n" },
                  ACCESS_SESSION_COMMAND,
                  "command" },
        };

        (void)state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                struct memory_machine memory;
                struct memory_file files[16];
                struct access_login login;

                judge(&cases[i].login, &login, &memory, files);
                assert_int_equal(login.session, cases[i].wanted);
                assert_string_equal(access_session_name(login.session), cases[i].name);
                assert_int_equal(login.command != NULL, cases[i].wanted == ACCESS_SESSION_COMMAND);
                access_login_done(&login);
                memory_machine_close(&memory);
        }
}

/* Every entry is listed, with the reason of those that open nothing. */
static void test_keys_have_reasons(void **state) {
        static const struct login_case one = { .config = "PasswordAuthentication no\n",
                                               .keys = "no-such " KEY "\n" KEY "\nrubbish\n" };
        struct memory_machine memory;
        struct memory_file files[16];
        struct access_login login;

        (void)state;
        judge(&one, &login, &memory, files);
        assert_int_equal(login.n_keys, 3);
        assert_non_null(login.keys[0].refusal);
        assert_null(login.keys[1].refusal);
        assert_int_equal(login.keys[1].line, 2);
        assert_non_null(strstr(login.keys[1].description, "SHA256:"));
        assert_non_null(login.keys[2].refusal);
        assert_null(login.keys[2].sha256);
        access_login_done(&login);
        memory_machine_close(&memory);
}

/* Where they differ, an account has several. */
static void test_all_connections(void **state) {
        static const struct memory_file files[] = {
                { .path = "/etc/ssh/sshd_config",
                  .text = "PasswordAuthentication no\n"
                          "AllowUsers bob@10.0.0.0/8,192.0.2.* bob@198.51.100.0/24 root\n"
                          "DenyUsers *@10.66.0.0/16\nMatch Address 10.0.0.0/8\n"
                          "    PasswordAuthentication yes\n" },
                { .path = "/etc/passwd", .text = passwd },
                { .path = "/etc/group", .text = group },
                { .path = "/etc/shadow", .text = shadow },
                { .path = "/bin/sh", .text = "", .mode = 0755 },
                { .path = KEY_FILE, .text = "from=\"192.0.2.*,!192.0.2.9\" " KEY "\n" },
        };
        static const char *const wanted[] = { "", "key", "password",
                                              "refused: it is not listed in AllowUsers",
                                              "refused: it is listed in DenyUsers" };
        CLEANUP(access_logins_done) struct access_logins logins = { 0 };
        struct memory_machine memory;

        (void)state;
        assert_int_equal(memory_machine_open(files, N_ELEMENTS(files), &memory), 0);
        assert_int_equal(access_logins_judge(&memory.machine,
                                             accounts_find(&memory.accounts, "bob"), &logins),
                         0);
        assert_true(logins.is_complete);
        for (size_t i = 0; i < N_ELEMENTS(wanted); i++) {
                bool is_there = false;

                for (size_t k = 0; k < logins.n_items; k++) {
                        CLEANUP_FREE char *got = describe(&logins.items[k]);

                        is_there |= strcmp(got, wanted[i]) == 0;
                }
                if (!is_there)
                        fail_msg("no connection with \"%s\"", wanted[i]);
        }
        memory_machine_close(&memory);
}

/* Without shadow nobody knows who has a password; without libpam nobody knows what it asks. */
static void test_what_is_not_known(void **state) {
        static const char *const configs[] = { "UsePAM no\n", ONE_ANSWER, PAM_ON };

        (void)state;
        for (size_t i = 0; i < N_ELEMENTS(configs); i++) {
                const struct memory_file files[] = {
                        { .path = "/etc/ssh/sshd_config", .text = configs[i] },
                        { .path = "/etc/passwd", .text = passwd },
                        { .path = "/etc/group", .text = group },
                        { .path = "/etc/pam.d/sshd", .text = UNIX REST },
                        { .path = "/bin/sh", .text = "", .mode = 0755 },
                };
                CLEANUP(access_logins_done) struct access_logins logins = { 0 };
                struct memory_machine memory;

                assert_int_equal(memory_machine_open(files, N_ELEMENTS(files), &memory), 0);
                assert_int_equal(access_logins_judge(&memory.machine,
                                                     accounts_find(&memory.accounts, "bob"),
                                                     &logins),
                                 0);
                assert_int_equal(logins.n_items, 1);
                assert_int_equal(logins.items[0].answer, ACCESS_CANNOT_TELL);
                assert_true(logins.items[0].ways.n_items > 0);
                assert_non_null(logins.items[0].ways.items[0].reason);
                memory_machine_close(&memory);
        }
}

static void test_strangers(void **state) {
        static const struct memory_file files[] = {
                { .path = "/etc/ssh/sshd_config", .text = "" },
                { .path = "/etc/passwd", .text = passwd },
        };
        struct sshd_connection connection = { .user = BORROWED("mallory"), .lport = -1 };
        struct memory_machine memory;
        struct access_login login;

        (void)state;
        assert_int_equal(memory_machine_open(files, N_ELEMENTS(files), &memory), 0);
        assert_int_equal(access_login_judge(&memory.machine, &connection, &login), -ENOENT);
        memory_machine_close(&memory);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_doors),
                cmocka_unit_test(test_keys),
                cmocka_unit_test(test_prompts),
                cmocka_unit_test(test_accounts),
                cmocka_unit_test(test_sessions),
                cmocka_unit_test(test_keys_have_reasons),
                cmocka_unit_test(test_all_connections),
                cmocka_unit_test(test_strangers),
                cmocka_unit_test(test_what_is_not_known),

        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
