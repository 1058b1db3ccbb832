/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What each module answers that is known, by what comes of a stack with it. What the real ones do
 * is asked in tests/oracle/access and tests/oracle/pam. */
#include "cmocka_env.h"

#include <stdio.h>

#include "memory_machine.h"

#define UNIX    "auth required pam_unix.so\n"
#define ACCOUNT "account required pam_unix.so\n"
#define SESSION "session required pam_permit.so\n"
#define REST    ACCOUNT SESSION
#define TOTP    "auth required pam_google_authenticator.so "
#define SECRET  "/home/bob/.google_authenticator"

static const char passwd[] = "root:x:0:0::/root:/bin/sh\n"
                             "bob:x:1000:1000::/home/bob:/bin/sh\n";

struct stack_case {
        const char *pam;
        const char *wanted; /* the ways by keyboard-interactive, or "refused" */
        struct memory_file more;
        const char *settings, *shadow;
};

static char *ask(const struct stack_case *one) {
        CLEANUP_FREE char *config = text_format("UsePAM yes\nKbdInteractiveAuthentication yes\n"
                                                "PasswordAuthentication no\n%s",
                                                one->settings ? one->settings : "");
        const struct memory_file files[] = {
                { .path = "/etc/ssh/sshd_config", .text = config },
                { .path = "/etc/passwd", .text = passwd },
                { .path = "/etc/group", .text = "root:x:0:\nbob:x:1000:\nstaff:x:50:bob\n" },
                { .path = "/etc/shadow",
                  .text = one->shadow ? one->shadow : "bob:$6$a$b:19000::::::\n" },
                { .path = "/etc/pam.d/sshd", .text = one->pam },
                { .path = "/bin/sh", .text = "", .mode = 0755 },
                one->more,
        };
        struct sshd_connection connection = { .user = BORROWED("bob"),
                                              .host = BORROWED("198.51.100.7"),
                                              .addr = BORROWED("198.51.100.7"),
                                              .laddr = BORROWED("192.0.2.1"),
                                              .lport = 22 };
        struct memory_machine memory;
        struct access_login login;
        struct text text = { 0 };

        assert_int_equal(memory_machine_open(files, N_ELEMENTS(files) - !one->more.path, &memory),
                         0);
        assert_int_equal(access_login_judge(&memory.machine, &connection, &login), 0);
        (void)text_append(&text, login.refusal ? "refused" : "");
        for (size_t i = 0; !login.refusal && i < login.ways.n_items; i++) {
                char factors[ACCESS_FACTORS_TEXT_MAX];

                (void)text_appendf(&text, "%s%s%s", i > 0 ? ", " : "",
                                   access_factors_format(login.ways.items[i].factors, factors),
                                   login.ways.items[i].answer == ACCESS_YES ? "" : "?");
        }
        access_login_done(&login);
        memory_machine_close(&memory);
        return text_take(&text);
}

static void expect(const struct stack_case *cases, size_t n) {
        for (size_t i = 0; i < n; i++) {
                CLEANUP_FREE char *got = ask(&cases[i]);

                if (strcmp(got, cases[i].wanted) != 0)
                        fail_msg("%s\nwanted \"%s\", got \"%s\"", cases[i].pam, cases[i].wanted,
                                 got);
        }
}

/* Each condition decides whether the password is asked for at all. */
static void test_succeed_if(void **state) {
        static const struct {
                const char *condition;
                char is; /* yes, no, not known */
        } conditions[] = {
                { "uid = 1000", '?' },
                { "uid eq 1000", 'y' },
                { "uid ne 1000", 'n' },
                { "uid < 1000", 'n' },
                { "uid <= 1000", 'y' },
                { "uid > 999", 'y' },
                { "uid >= 1001", 'n' },
                { "uid eq many", '?' },
                { "uid eq 99999999999", '?' },
                { "gid eq 1000", 'y' },
                { "user = bob", 'y' },
                { "user != bob", 'n' },
                { "user in ann:bob:cat", 'y' },
                { "user in ann:bobby", 'n' },
                { "user notin ann:cat", 'y' },
                { "user ingroup staff", 'y' },
                { "user ingroup wheel:staff", 'y' },
                { "user notingroup wheel:staff", 'n' },
                { "user like b*", '?' },
                { "shell = /bin/sh", 'y' },
                { "shell in /bin/sh:/bin/bash", 'y' },
                { "home != /home/bob", 'n' },
                { "service = sshd", 'y' },
                { "service notin login:sshd", 'n' },
                { "rhost = localhost", '?' },
                { "quiet debug audit quiet_fail quiet_success user = bob", 'y' },
                { "use_uid user = bob", '?' },
                { "uid eq 1000 user = ann", 'n' },
                { "user = ann uid eq 1000", 'n' },
                { "uid eq 1000 user = bob", 'y' },
                { "uid eq", '?' },
                { "", '?' },
        };

        (void)state;
        for (size_t i = 0; i < N_ELEMENTS(conditions); i++) {
                CLEANUP_FREE char *pam =
                        text_format("auth sufficient pam_succeed_if.so %s\n" UNIX REST,
                                    conditions[i].condition);
                const struct stack_case one = { .pam = pam,
                                                .wanted = conditions[i].is == 'y'   ? "nothing"
                                                          : conditions[i].is == 'n' ? "password"
                                                                                    : "nothing?" };

                expect(&one, 1);
        }
}

static void test_authenticator(void **state) {
        static const struct memory_file good = { SECRET, "", 0400, 1000, NULL };
        const struct stack_case cases[] = {
                { TOTP "\n" REST, "code", good, NULL, NULL },
                { TOTP "\n" REST, "", { SECRET, "", 0400, 0, NULL }, NULL, NULL },
                { TOTP "\n" REST, "", { SECRET, "", 0644, 1000, NULL }, NULL, NULL },
                { TOTP "\n" REST, "code", { SECRET, "", 0600, 1000, NULL }, NULL, NULL },
                { TOTP "\n" REST, "", { 0 }, NULL, NULL },
                /* nobody without a secret is asked, and then nothing was */
                { TOTP "nullok\n" UNIX REST, "password", { 0 }, NULL, NULL },
                { TOTP "nullok\n" UNIX REST, "password + code", good, NULL, NULL },
                { TOTP "secret=/var/totp/${USER}\n" REST,
                  "code",
                  { "/var/totp/bob", "", 0400, 1000, NULL },
                  NULL,
                  NULL },
                { TOTP "secret=${HOME}/code\n" REST,
                  "code",
                  { "/home/bob/code", "", 0400, 1000, NULL },
                  NULL,
                  NULL },
                { TOTP "secret=~/code\n" REST,
                  "code",
                  { "/home/bob/code", "", 0400, 1000, NULL },
                  NULL,
                  NULL },
                { TOTP "secret=${SHELL}\n" REST, "nothing?", good, NULL, NULL },
                { TOTP "secret=relative\n" REST, "nothing?", good, NULL, NULL },
                { TOTP "user=root secret=/var/totp/${USER}\n" REST, "nothing?", good, NULL, NULL },
                { TOTP "allowed_perm=0644\n" REST, "nothing?", good, NULL, NULL },
                { TOTP "no_strict_owner\n" REST, "nothing?", good, NULL, NULL },
                { TOTP "try_first_pass\n" REST, "nothing?", good, NULL, NULL },
                { TOTP "grace_period=60\n" REST, "nothing?, code", good, NULL, NULL },
        };

        (void)state;
        expect(cases, N_ELEMENTS(cases));
}

static void test_unix(void **state) {
        static const char empty[] = "bob::19000::::::\n";
        static const struct memory_file secret = { SECRET, "", 0400, 1000, NULL };
        const struct stack_case cases[] = {
                { UNIX REST, "password", { 0 }, NULL, NULL },
                { UNIX REST, "", { 0 }, NULL, "bob:*:19000::::::\n" },
                { UNIX REST, "", { 0 }, NULL, "ann:$6$a$b:19000::::::\n" },
                { UNIX REST, "", { 0 }, "PermitEmptyPasswords yes\n", empty },
                /* an account without a line in shadow has no age */
                { "auth required pam_permit.so\n" REST,
                  "nothing",
                  { 0 },
                  NULL,
                  "ann:$6$a$b:19000::::::\n" },
                { "auth required pam_unix.so nullok\n" REST,
                  "nothing",
                  { 0 },
                  "PermitEmptyPasswords yes\n",
                  empty },
                { "auth required pam_unix.so nullok\n" REST, "", { 0 }, NULL, empty },
                { "auth required pam_unix.so nullok_secure\n" REST,
                  "nothing?",
                  { 0 },
                  "PermitEmptyPasswords yes\n",
                  empty },
                /* whose password? somebody must have asked for it */
                { "auth required pam_unix.so use_first_pass\n" REST, "", { 0 }, NULL, NULL },
                { UNIX "auth required pam_unix.so use_first_pass\n" REST,
                  "password",
                  { 0 },
                  NULL,
                  NULL },
                { TOTP "forward_pass\nauth required pam_unix.so use_first_pass\n" REST,
                  "password + code", secret, NULL, NULL },
                { "auth required pam_odd.so\nauth required pam_unix.so use_first_pass\n" REST,
                  "password?",
                  { 0 },
                  NULL,
                  NULL },
                /* an age that keeps out, or only asks for another one */
                { UNIX REST, "refused", { 0 }, NULL, "bob:$6$a$b:19000:0:30:7:5::\n" },
                { UNIX REST, "refused", { 0 }, NULL, "bob:$6$a$b:19000:0:99999:7::19500:\n" },
                { UNIX REST, "password", { 0 }, NULL, "bob:$6$a$b:0:0:99999:7:::\n" },
                { UNIX "account required pam_unix.so no_pass_expiry\n" SESSION,
                  "password",
                  { 0 },
                  NULL,
                  "bob:$6$a$b:19000:0:30:7:5::\n" },
                { UNIX "account required pam_unix.so no_pass_expiry\n" SESSION,
                  "password",
                  { 0 },
                  NULL,
                  "bob:$6$a$b:0:0:99999:7:::\n" },
        };

        (void)state;
        expect(cases, N_ELEMENTS(cases));
}

static void test_doors(void **state) {
        static const struct memory_file closed = { "/etc/nologin", "", 0, 0, NULL };
        const struct stack_case cases[] = {
                { "auth requisite pam_nologin.so\n" UNIX REST, "password", { 0 }, NULL, NULL },
                { "auth requisite pam_nologin.so\n" UNIX REST, "", closed, NULL, NULL },
                { "auth requisite pam_nologin.so\n" UNIX REST,
                  "",
                  { "/run/nologin", "", 0, 0, NULL },
                  NULL,
                  NULL },
                { "auth sufficient pam_nologin.so successok\n" UNIX REST,
                  "nothing",
                  { 0 },
                  NULL,
                  NULL },
                { "auth requisite pam_nologin.so file=/etc/shut\n" UNIX REST,
                  "password?",
                  { 0 },
                  NULL,
                  NULL },
                { "auth sufficient pam_shells.so\n" UNIX REST,
                  "nothing",
                  { "/etc/shells", "# all\n/bin/bash\n/bin/sh\n", 0, 0, NULL },
                  NULL,
                  NULL },
                { "auth sufficient pam_shells.so\n" UNIX REST,
                  "password",
                  { "/etc/shells", "/bin/shell\n#/bin/sh\n", 0, 0, NULL },
                  NULL,
                  NULL },
                { "auth sufficient pam_shells.so\n" UNIX REST, "password", { 0 }, NULL, NULL },
                { "auth sufficient pam_localuser.so\n" UNIX REST, "nothing", { 0 }, NULL, NULL },
                { "auth sufficient pam_localuser.so file=/etc/some\n" UNIX REST,
                  "nothing?",
                  { 0 },
                  NULL,
                  NULL },
                { "auth sufficient pam_rootok.so\n" UNIX REST, "nothing", { 0 }, NULL, NULL },
                { UNIX "account required pam_rootok.so\n" SESSION, "password", { 0 }, NULL, NULL },
                { UNIX ACCOUNT "session required pam_unix.so\nsession required pam_limits.so\n",
                  "password",
                  { 0 },
                  NULL,
                  NULL },
        };

        (void)state;
        expect(cases, N_ELEMENTS(cases));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_succeed_if),
                cmocka_unit_test(test_authenticator),
                cmocka_unit_test(test_unix),
                cmocka_unit_test(test_doors),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
