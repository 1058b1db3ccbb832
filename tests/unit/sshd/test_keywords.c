/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../../../daemon/sshd/table.h"
#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "sshd/keywords.h"

static struct sshd_release release_of(const char *text) {
        struct sshd_release release;

        assert_true(sshd_release_parse(text, &release));
        return release;
}

static void test_lookup(void **state) {
        static const struct {
                const char *name, *release;
                enum sshd_keyword_status status;
                const char *canonical;
                enum sshd_value_kind kind;
        } cases[] = {
                { "PERMITROOTLOGIN", "9.2", SSHD_KEYWORD_KNOWN, "permitrootlogin",
                  SSHD_VALUE_WORD },
                { "KeepAlive", "9.2", SSHD_KEYWORD_KNOWN, "tcpkeepalive", SSHD_VALUE_WORD },
                { "PubkeyAcceptedKeyTypes", "9.2", SSHD_KEYWORD_KNOWN, "pubkeyacceptedalgorithms",
                  SSHD_VALUE_LIST },
                { "PubkeyAcceptedKeyTypes", "8.4", SSHD_KEYWORD_KNOWN, "pubkeyacceptedkeytypes",
                  SSHD_VALUE_LIST },
                { "ChallengeResponseAuthentication", "8.4", SSHD_KEYWORD_KNOWN,
                  "challengeresponseauthentication", SSHD_VALUE_WORD },
                { "ChallengeResponseAuthentication", "9.2", SSHD_KEYWORD_KNOWN,
                  "kbdinteractiveauthentication", SSHD_VALUE_WORD },
                { "MaxStartups", "9.2", SSHD_KEYWORD_KNOWN, "maxstartups", SSHD_VALUE_TUPLE },
                { "AuthenticationMethods", "9.2", SSHD_KEYWORD_KNOWN, "authenticationmethods",
                  SSHD_VALUE_METHODS },
                { "RefuseConnection", "9.2", SSHD_KEYWORD_ELSEWHERE, "refuseconnection",
                  SSHD_VALUE_WORD },
                { "RefuseConnection", "10.0", SSHD_KEYWORD_KNOWN, "refuseconnection",
                  SSHD_VALUE_WORD },
                { "GSSAPIAuthentication", "10.6", SSHD_KEYWORD_DEPRECATED, "gssapiauthentication",
                  SSHD_VALUE_TEXT },
                { "UseLogin", "9.2", SSHD_KEYWORD_DEPRECATED, "uselogin", SSHD_VALUE_TEXT },
                { "Match", "9.2", SSHD_KEYWORD_UNKNOWN, NULL, SSHD_VALUE_TEXT },
                { "NoSuch", "9.2", SSHD_KEYWORD_UNKNOWN, NULL, SSHD_VALUE_TEXT },
        };

        (void)state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                struct sshd_release release = release_of(cases[i].release);
                const char *canonical = NULL;
                enum sshd_value_kind kind = SSHD_VALUE_TEXT;

                assert_int_equal(sshd_keyword_lookup(cases[i].name, &release, &canonical, &kind),
                                 cases[i].status);
                if (cases[i].canonical)
                        assert_string_equal(canonical, cases[i].canonical);
                assert_int_equal(kind, cases[i].kind);
        }
}

static void test_names(void **state) {
        (void)state;
        assert_string_equal(sshd_keyword_display_name("permitrootlogin"), "PermitRootLogin");
        assert_string_equal(sshd_keyword_display_name("nosuch"), "nosuch");
        assert_string_equal(sshd_keyword_nearest("PermitRotLogin"), "PermitRootLogin");
        assert_null(sshd_keyword_nearest("xyzzyxyzzy"));
}

static void test_canonical(void **state) {
        static const struct {
                const char *keyword, *value, *release, *canonical; /* NULL: refused with… */
                const char *message;
        } cases[] = {
                { "PermitRootLogin", "YES", "9.2", "yes", NULL },
                { "PermitRootLogin", "prohibit-password", "9.2", "without-password", NULL },
                { "PermitRootLogin", "prohibit-password", "10.6", "prohibit-password", NULL },
                { "PermitRootLogin", "maybe", "10.6", NULL,
                  "it takes without-password, prohibit-password, "
                  "forced-commands-only, yes or no" },
                { "LoginGraceTime", "2m", "9.2", "120", NULL },
                { "LoginGraceTime", "x", "9.2", NULL, "it takes a time, such as 90 or 2m" },
                { "MaxAuthTries", "03", "9.2", "3", NULL },
                { "MaxAuthTries", "3 4", "9.2", NULL, "it takes a number" },
                { "StreamLocalBindMask", "9", "9.2", NULL, "it takes an octal mask" },
                { "StreamLocalBindMask", "27", "8.4", "027", NULL },
                { "PerSourceMaxStartups", "x", "9.2", NULL, "it takes a number or none" },
                { "PermitUserEnvironment", "", "9.2", NULL, "it takes yes, no or a pattern" },
                { "RekeyLimit", "1G 1h", "9.2", "1073741824 3600", NULL },
                { "MaxStartups", "x", "9.2", NULL, "Invalid MaxStartups spec." },
                { "AcceptEnv", "LC_*", "9.2", "LC_*", NULL },
                { "Banner", "/x", "9.2", "/x", NULL },
                { "UseLogin", "x", "9.2", NULL, "it is no keyword that can be compared" },
        };

        (void)state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                struct sshd_release release = release_of(cases[i].release);
                CLEANUP_FREE char *canonical = NULL;
                CLEANUP_FREE char *message = NULL;
                int r = sshd_keyword_canonical_value(cases[i].keyword, cases[i].value, &release,
                                                     &canonical, &message);

                assert_int_equal(r, cases[i].canonical ? 0 : -EINVAL);
                if (cases[i].canonical)
                        assert_string_equal(canonical, cases[i].canonical);
                else
                        assert_string_equal(message, cases[i].message);
        }
}

static void test_number(void **state) {
        static const struct {
                const char *keyword, *value;
                int r;
                long long number;
                bool is_unlimited;
        } cases[] = {
                { "MaxAuthTries", "6", 0, 6, false },
                { "LoginGraceTime", "0", 0, 0, true },
                { "ClientAliveInterval", "15", 0, 15, false },
                { "UnusedConnectionTimeout", "none", 0, 0, true },
                { "StreamLocalBindMask", "0177", 0, 0177, false },
                { "MaxAuthTries", "6x", -EINVAL, 0, false },
                { "PermitRootLogin", "yes", -EINVAL, 0, false },
                { "NoSuch", "1", -EINVAL, 0, false },
        };

        (void)state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                long long number = 0;
                bool is_unlimited = false;

                assert_int_equal(sshd_keyword_number(cases[i].keyword, cases[i].value, &number,
                                                     &is_unlimited),
                                 cases[i].r);
                if (cases[i].r < 0)
                        continue;
                assert_int_equal(number, cases[i].number);
                assert_int_equal(is_unlimited, cases[i].is_unlimited);
        }
}

/* In every release a name has one row at most per use, a setting one row, and a lower-case name of
 * its own. */
static void test_table(void **state) {
        static const unsigned numbers[] = { 804,  805,  806,  807,  808,  809,  900, 901,
                                            902,  903,  904,  905,  906,  907,  908, 909,
                                            1000, 1001, 1002, 1003, 1004, 1005, 1006 };

        (void)state;
        for (size_t i = 0; i < 2 * N_ELEMENTS(numbers); i++) {
                struct sshd_release release = { .number = numbers[i / 2],
                                                .flavour = i % 2 ? SSHD_DEBIAN : SSHD_UPSTREAM };
                unsigned counts[N_SETTINGS + 1] = { 0 };

                for (size_t k = 0; k < n_keyword_table; k++) {
                        const struct keyword *row = &keyword_table[k];

                        assert_int_equal(strcasecmp(row->name, row->lower_name), 0);
                        if (!keyword_is_of(row, &release) || row->use != KEYWORD_SETTING)
                                continue;
                        if (counts[row->setting]++ > 0)
                                fail_msg("%s has two rows in %u", row->name, release.number);
                        assert_ptr_equal(keyword_find(row->name, &release), row);
                        assert_ptr_equal(keyword_of_setting(row->setting, &release), row);
                }
                assert_int_equal(counts[SETTING_PERMIT_ROOT_LOGIN], 1);
        }
}

/* Elements as one text; "!" and the message where the value is refused. */
static char *elements_of(const char *keyword, const char *value, const char *release_text) {
        const struct sshd_release release = release_of(release_text);
        char **values = NULL, *message = NULL, *joined;
        size_t n_values = 0;
        struct text text = { 0 };
        int r = value ? sshd_keyword_canonical_list(keyword, value, &release, &values, &n_values,
                                                    &message)
                      : sshd_keyword_default(keyword, &release, &values, &n_values);

        if (r < 0) {
                assert_int_equal(r, -EINVAL);
                joined = text_format("!%s", message ? message : "");
                free(message);
                return joined;
        }
        for (size_t i = 0; i < n_values; i++)
                assert_int_equal(text_appendf(&text, "%s|", values[i]), 0);
        strings_free(values, n_values);
        return text_take(&text);
}

static void test_lists(void **state) {
        static const struct {
                const char *keyword, *value, *elements; /* value NULL: what no line sets */
        } cases[] = {
                { "AllowUsers", "root bob", "root|bob|" },
                { "Ciphers", "aes128-ctr,aes256-ctr", "aes128-ctr|aes256-ctr|" },
                { "CIPHERS", "-aes*", "chacha20-poly1305@openssh.com|" },
                { "Ciphers", "nonsense", "!Bad SSH2 cipher spec 'nonsense'." },
                { "AuthenticationMethods", "publickey,password keyboard-interactive",
                  "publickey,password|keyboard-interactive|" },
                { "ListenAddress", "10.0.0.1", "10.0.0.1|" },
                { "Banner", "/a b", "/a b|" },
                { "Banner", "/a \"b\\ c", "/a \"b\\ c|" },
                { "MaxAuthTries", "1 2", "!it takes a number" },
                { "Match", "all", "!it is no keyword that can be compared" },
                { "MaxAuthTries", NULL, "6|" },
                { "Port", NULL, "22|" },
                { "AllowUsers", NULL, "" },
                { "AuthorizedKeysFile", NULL, ".ssh/authorized_keys|.ssh/authorized_keys2|" },
                { "NoSuch", NULL, "!" },
        };

        (void)state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                CLEANUP_FREE char *elements = elements_of(cases[i].keyword, cases[i].value, "9.2");

                assert_string_equal(elements, cases[i].elements);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_lookup),    cmocka_unit_test(test_names),
                cmocka_unit_test(test_canonical), cmocka_unit_test(test_number),
                cmocka_unit_test(test_table),     cmocka_unit_test(test_lists),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
