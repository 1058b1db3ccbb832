/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What spans lines and files: includes, the command line, refusals with their place, Match and
 * connections, winners and losers. */

#include "cmocka_env.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "memory_tree.h"
#include "sshd/config.h"
#include "sshd/dump.h"
#include "sshd/effective.h"

DEFINE_CLEANUP(cleanup_config, struct sshd_config, sshd_config_free)
DEFINE_CLEANUP(cleanup_effective, struct sshd_effective, sshd_effective_free)
DEFINE_CLEANUP(cleanup_refusal, struct sshd_refusal, sshd_refusal_free)

static const char passwd[] = "root:x:0:0::/root:/bin/sh\nbob:x:1:7::/home/bob:/bin/sh\n";
static const char group[] = "root:x:0:\nstaff:x:7:\nwheel:x:8:bob\n";

struct loading {
        struct memory_file files[4];
        const char *release, *overrides[3];
        struct memory_tree tree;
        struct accounts accounts;
        struct sshd_config *config;
};

static void loading_done(struct loading *loading) {
        sshd_config_free(loading->config);
        accounts_done(&loading->accounts);
}

static int resolve_localhost(void *userdata, const char *host, int family, char ***ret_addresses,
                             size_t *ret_n) {
        (void)userdata;
        (void)family;
        if (strcmp(host, "slow") == 0)
                return -ETIMEDOUT;
        if (strcmp(host, "localhost") != 0)
                return -ENOENT;
        *ret_addresses = NULL;
        *ret_n = 0;
        return strings_append(ret_addresses, ret_n, "127.0.0.1");
}

static int know_https(void *userdata, const char *name, uint16_t *ret_port) {
        (void)userdata;
        *ret_port = 443;
        return strcmp(name, "https") == 0 ? 0 : -ENOENT;
}

static uint32_t know_interface(void *userdata, const char *name) {
        (void)userdata;
        return strcmp(name, "a") == 0 ? 2 : 0;
}

static int load(struct loading *loading) {
        const struct sshd_environment environment = { .userdata = &loading->tree,
                                                      .glob = memory_glob,
                                                      .read = memory_read,
                                                      .resolve = resolve_localhost,
                                                      .service = know_https,
                                                      .scope = know_interface };
        struct sshd_source source = { .path = "/etc/ssh/sshd_config",
                                      .overrides = loading->overrides,
                                      .accounts = &loading->accounts };

        loading->tree.files = loading->files;
        while (loading->tree.n_files < N_ELEMENTS(loading->files) &&
               loading->files[loading->tree.n_files].path)
                loading->tree.n_files++;
        while (source.n_overrides < N_ELEMENTS(loading->overrides) &&
               loading->overrides[source.n_overrides])
                source.n_overrides++;
        assert_true(
                sshd_release_parse(loading->release ? loading->release : "9.2", &source.release));
        assert_int_equal(accounts_parse(passwd, sizeof passwd - 1, group, sizeof group - 1,
                                        &loading->accounts),
                         0);
        return sshd_config_load(&source, &environment, &loading->config);
}

static const struct refusal_case {
        struct loading loading;
        const char *file;
        unsigned line;
        const char *reason, *message;
        int exit_status;
} refusal_cases[] = {
        { { .files = { { "/etc/ssh/sshd_config", "Foo 1\nBar 2\nUsePAM yes\n" } } },
          "/etc/ssh/sshd_config",
          1,
          "Bad configuration option: Foo",
          "/etc/ssh/sshd_config: line 1: Bad configuration option: Foo\r\n"
          "/etc/ssh/sshd_config: line 2: Bad configuration option: Bar\r\n"
          "/etc/ssh/sshd_config: terminating, 2 bad configuration options\r\n",
          255 },
        { { .files = { { "/etc/ssh/a", "Port 1\nUsePAM x\n" },
                       { "/etc/ssh/sshd_config", "Include a\n" } } },
          "/etc/ssh/a",
          2,
          "unsupported option \"x\".",
          "/etc/ssh/a line 2: unsupported option \"x\".\r\n",
          255 },
        { { .files = { { "/etc/ssh/a", "Foo 1\n" },
                       { "/etc/ssh/sshd_config", "Bar\nInclude a\nPort x\n" } } },
          "/etc/ssh/a",
          1,
          "Bad configuration option: Foo",
          "/etc/ssh/sshd_config line 1: no argument after keyword \"Bar\"\r\n"
          "/etc/ssh/a: line 1: Bad configuration option: Foo\r\n"
          "/etc/ssh/a: terminating, 1 bad configuration options\r\n",
          255 },
        { { .files = { { "/etc/ssh/none", "" } } },
          "/etc/ssh/sshd_config",
          0,
          "No such file or directory",
          "/etc/ssh/sshd_config: No such file or directory\n",
          1 },
        { { .files = { { "/etc/ssh/sshd_config", "Include sshd_config\n" } } },
          NULL,
          0,
          "Too many recursive configuration includes",
          "Too many recursive configuration includes\r\n",
          255 },
        { { .files = { { "/etc/ssh/sshd_config", "" } }, .overrides = { "Foo 1" } },
          "command-line",
          1,
          "Bad configuration option: Foo",
          "command-line: line 0: Bad configuration option: Foo\r\n",
          1 },
        { { .files = { { "/etc/ssh/sshd_config", "" } }, .overrides = { "Include x" } },
          "command-line",
          1,
          "Include directive not supported as a command-line option",
          "Include directive not supported as a command-line option\r\n",
          255 },
        { { .files = { { "/etc/ssh/sshd_config", "" } }, .overrides = { "Match all" } },
          "command-line",
          1,
          "Match directive not supported as a command-line option",
          "Match directive not supported as a command-line option\r\n",
          255 },
        { { .files = { { "/etc/ssh/sshd_config", "" } }, .overrides = { "-px" } },
          "command-line",
          1,
          "Bad port number.",
          "Bad port number.\n",
          1 },
        { { .files = { { "/etc/ssh/sshd_config", "ListenAddress nowhere\n" } } },
          NULL,
          0,
          "bad addr or host: nowhere (Name or service not known)",
          "bad addr or host: nowhere (Name or service not known)\r\n",
          255 },
        { { .files = { { "/etc/ssh/sshd_config", "AddressFamily inet6\nListenAddress ::1\n"
                                                 "ListenAddress 10.0.0.1 rdomain a\n"
                                                 "ListenAddress 10.0.0.2\n" } } },
          NULL,
          0,
          "bad addr or host: 10.0.0.1 (Address family for hostname not supported)",
          "bad addr or host: 10.0.0.1 (Address family for hostname not supported)\r\n",
          255 },
        { { .files = { { "/etc/ssh/sshd_config", "AuthenticationMethods keyboard-interactive\n"
                                                 "ChallengeResponseAuthentication no\n" } },
            .release = "8.4" },
          NULL,
          0,
          "AuthenticationMethods cannot be satisfied by enabled authentication methods",
          "Disabled method \"keyboard-interactive\" in AuthenticationMethods list "
          "\"keyboard-interactive\"\r\n"
          "AuthenticationMethods cannot be satisfied by enabled authentication methods\r\n",
          255 },
        { { .files = { { "/etc/ssh/sshd_config", "UsePAM \303\251\\\n" } } },
          "/etc/ssh/sshd_config",
          1,
          "unsupported option \"\303\251\\\".",
          "/etc/ssh/sshd_config line 1: unsupported option \"\\303\\251\\\\\".\r\n",
          255 },
        { { .files = { { "/etc/ssh/sshd_config", "UsePAM x\n" } },
            .overrides = { "LogLevel QUIET" } },
          "/etc/ssh/sshd_config",
          1,
          "unsupported option \"x\".",
          "",
          255 },
};

static void test_refusals(void **state) {
        (void)state;
        for (size_t i = 0; i < N_ELEMENTS(refusal_cases); i++) {
                CLEANUP(loading_done) struct loading loading = refusal_cases[i].loading;
                const struct sshd_refusal *refusal;

                assert_int_equal(load(&loading), 0);
                refusal = sshd_config_refusal(loading.config);
                assert_non_null(refusal);
                assert_string_equal(refusal->reason, refusal_cases[i].reason);
                assert_string_equal(refusal->message, refusal_cases[i].message);
                assert_int_equal(refusal->line, refusal_cases[i].line);
                assert_int_equal(refusal->exit_status, refusal_cases[i].exit_status);
                if (refusal_cases[i].file)
                        assert_string_equal(refusal->file, refusal_cases[i].file);
                else
                        assert_null(refusal->file);
        }
}

static void test_errors(void **state) {
        CLEANUP(loading_done)
        struct loading slow = { .files = { { "/etc/ssh/sshd_config", "ListenAddress slow\n" } } };

        (void)state;
        assert_int_equal(load(&slow), -ETIMEDOUT);
}

static int read_error(void *userdata, const char *path, char **ret_data, size_t *ret_n) {
        (void)path;
        (void)ret_data;
        (void)ret_n;
        return *(const int *)userdata;
}

/* What perror(3) says of the main file, and errors that are none of the file. */
static void test_unreadable(void **state) {
        static const struct {
                int error;
                const char *reason; /* NULL: the error is passed on */
        } cases[] = {
                { -EACCES, "Permission denied" },
                { -EPERM, "Operation not permitted" },
                { -ELOOP, "Too many levels of symbolic links" },
                { -ENOTDIR, "Not a directory" },
                { -ENAMETOOLONG, "File name too long" },
                { -ENXIO, "No such device or address" },
                { -EINVAL, "Not a regular file that can be read" },
                { -EFBIG, "File too large" },
                { -EIO, "Input/output error" },
                { -ENOMEM, NULL },
                { -ETIMEDOUT, NULL },
        };

        (void)state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                int error = cases[i].error;
                const struct sshd_environment environment = { .userdata = &error,
                                                              .glob = memory_glob,
                                                              .read = read_error };
                struct sshd_source source = { .path = "/c" };
                CLEANUP(cleanup_config) struct sshd_config *config = NULL;

                assert_true(sshd_release_parse("9.2", &source.release));
                assert_int_equal(sshd_config_load(&source, &environment, &config),
                                 cases[i].reason ? 0 : error);
                if (!cases[i].reason)
                        continue;
                assert_string_equal(sshd_config_refusal(config)->reason, cases[i].reason);
                assert_int_equal(sshd_config_refusal(config)->exit_status, 1);
        }
}

/* Limits: what is too long or too much for sshd. */
static void test_limits(void **state) {
        CLEANUP(text_done) struct text subsystems = { 0 };
        CLEANUP(text_done) struct text word = { 0 };
        CLEANUP(text_done) struct text path = { 0 };
        CLEANUP(text_done) struct text user = { 0 };
        CLEANUP(text_done) struct text ports = { 0 };
        struct {
                struct text *text;
                const char *release, *reason; /* NULL: accepted */
        } cases[] = {
                { &subsystems, "9.2", "too many subsystems defined." },
                { &subsystems, "10.0", NULL },
                { &path, "8.4", "tilde_expand_filename: Path too long" },
                { &path, "9.2", "tilde_expand: Path too long" },
                { &user, "8.4", "tilde_expand_filename: ~username too long" },
                { &ports, "9.2", "too many ports." },
        };

        (void)state;
        for (unsigned i = 0; i < 300; i++)
                (void)text_appendf(&subsystems, "Subsystem s%u /x\n", i);
        for (unsigned i = 1; i < 300; i++)
                (void)text_appendf(&ports, "Port %u\n", i);
        for (unsigned i = 0; i < 5000; i++)
                (void)text_append(&word, "x");
        (void)text_appendf(&path, "Banner ~/%s\n", text_get(&word));
        (void)text_appendf(&user, "Banner ~%.200s/x\n", text_get(&word));
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                CLEANUP(loading_done)
                struct loading loading = {
                        .files = { { "/etc/ssh/sshd_config", text_get(cases[i].text) } },
                        .release = cases[i].release,
                };
                const struct sshd_refusal *refusal;

                assert_int_equal(load(&loading), 0);
                refusal = sshd_config_refusal(loading.config);
                assert_int_equal(refusal != NULL, cases[i].reason != NULL);
                if (refusal)
                        assert_string_equal(refusal->reason, cases[i].reason);
        }
        (void)text_append(&word, " x\n");
        {
                CLEANUP(loading_done)
                struct loading loading = { .files = {
                                                   { "/etc/ssh/sshd_config", text_get(&word) } } };

                assert_int_equal(load(&loading), 0);
                assert_int_equal(strcspn(sshd_config_refusal(loading.config)->message, "\r"), 1021);
        }
}

/* -f none: no file, yet everything is checked. */
static void test_no_file(void **state) {
        static const char *const overrides[] = { "AuthorizedKeysCommand /x" };
        const struct sshd_environment environment = { .glob = memory_glob, .read = memory_read };
        struct sshd_source source = { .path = "None", .overrides = overrides };

        (void)state;
        assert_true(sshd_release_parse("9.2", &source.release));
        for (size_t i = 0; i < 2; i++) {
                CLEANUP(cleanup_config) struct sshd_config *config = NULL;

                source.n_overrides = i;
                assert_int_equal(sshd_config_load(&source, &environment, &config), 0);
                assert_int_equal(sshd_config_n_files(config), 0);
                assert_int_equal(sshd_config_refusal(config) != NULL, i == 1);
        }
}

/* The command line alone, as sshd has read it when it comes to a bad -C. */
static void test_overrides_alone(void **state) {
        static const char *const overrides[] = { "UseLogin yes" };
        const struct sshd_environment environment = { .glob = memory_glob, .read = memory_read };
        struct sshd_source source = { .overrides = overrides, .n_overrides = 1 };
        CLEANUP(cleanup_config) struct sshd_config *config = NULL;

        (void)state;
        assert_true(sshd_release_parse("9.2", &source.release));
        assert_int_equal(sshd_config_load(&source, &environment, &config), 0);
        assert_null(sshd_config_refusal(config));
        assert_string_equal(sshd_config_messages(config),
                            "command-line line 0: Deprecated option UseLogin\r\n");
}

/* What a keyword is for a connection; "!" and the reason where sshd would fail. */
static char *value_of(const struct loading *loading, const char *spec, const char *keyword) {
        CLEANUP(cleanup_effective) struct sshd_effective *effective = NULL;
        CLEANUP(cleanup_refusal) struct sshd_refusal *refusal = NULL;
        CLEANUP(sshd_connection_done) struct sshd_connection connection;
        CLEANUP_FREE char *message = NULL;
        const struct sshd_setting *setting;
        struct text text = { 0 };
        int r;

        sshd_connection_init(&connection);
        assert_null(sshd_config_refusal(loading->config));
        assert_int_equal(sshd_connection_parse(&connection, spec,
                                               sshd_config_release(loading->config), &message),
                         0);
        r = sshd_effective_new(loading->config, &connection, &loading->accounts, &effective,
                               &refusal);
        if (r == -EINVAL)
                return text_format("!%s", refusal->reason);
        assert_int_equal(r, 0);
        setting = sshd_effective_get(effective, keyword);
        assert_non_null(setting);
        for (size_t i = 0; i < setting->n_values; i++)
                (void)text_appendf(&text, "%s%s", i > 0 ? " " : "", setting->values[i]);
        return text_take(&text);
}

static void test_connections(void **state) {
        static const struct {
                const char *main_file, *drop_in, *release, *spec, *keyword, *value;
        } cases[] = {
                { "Match user bob\nBanner /b\n", "", "9.2", "user=bob", "Banner", "/b" },
                { "Match user bob\nBanner /b\n", "", "9.2", "user=eve", "Banner", "none" },
                { "Match group wheel\nBanner /b\n", "", "9.2", "user=bob", "banner", "/b" },
                { "Match group *,!wheel\nBanner /b\n", "", "9.2", "user=bob", "banner", "none" },
                { "Match group *\nBanner /b\n", "", "9.2", "user=nobody", "banner", "none" },
                { "Match host *.EX.org\nBanner /b\n", "", "9.2", "host=A.ex.ORG", "banner", "/b" },
                { "Match address 10.0.0.0/8\nBanner /b\n", "", "9.2", "addr=10.1.1.1", "banner",
                  "/b" },
                { "Match address 10.0.0.0/8\nBanner /b\n", "", "9.2", "addr=x", "banner", "none" },
                { "Match localaddress ::1\nBanner /b\n", "", "9.2", "laddr=::1", "banner", "/b" },
                { "Match localport 22\nBanner /b\n", "", "9.2", "lport=22", "banner", "/b" },
                { "Match localport https\nBanner /b\n", "", "9.2", "lport=443", "banner", "/b" },
                { "Match localport 22\nBanner /b\n", "", "9.2", "user=bob", "banner",
                  "!'Match LocalPort' in configuration but 'lport' not in connection test "
                  "specification." },
                { "Match rdomain vrf*\nBanner /b\n", "", "9.2", "rdomain=vrf1", "banner", "/b" },
                { "ListenAddress 10.0.0.1\nListenAddress 10.0.0.2 rdomain a\nListenAddress "
                  "10.0.0.3\n",
                  "", "9.2", "", "listenaddress", "10.0.0.1:22 10.0.0.3:22 10.0.0.2:22 rdomain a" },
                { "Match invalid-user\nBanner /b\n", "", "10.0", "invalid-user", "banner", "/b" },
                { "Match version OpenSSH_10.*\nBanner /b\n", "", "10.0", "", "banner", "/b" },
                { "Match user=bob\nBanner /b\n", "", "10.0", "user=bob", "banner", "/b" },
                { "Match user bob\nInclude d\nMaxSessions 3\n",
                  "Banner /b\nMatch all\nMaxSessions 5\n", "9.2", "user=bob", "maxsessions", "5" },
                { "Match user bob\nInclude d\nMaxSessions 3\n",
                  "Banner /b\nMatch all\nMaxSessions 5\n", "9.2", "user=eve", "maxsessions", "10" },
                { "Include d\nMaxSessions 3\n", "Match user bob\nMaxSessions 5\n", "9.2",
                  "user=bob", "maxsessions", "5" },
                { "Include d\nMaxSessions 3\n", "Match user bob\nMaxSessions 5\n", "9.2",
                  "user=eve", "maxsessions", "3" },
                { "AllowUsers a b\nMatch user bob\nAllowUsers c\nMatch all\nAllowUsers d\n", "",
                  "9.2", "user=bob", "allowusers", "c d" },
                { "RekeyLimit 1G\nMatch all\nRekeyLimit default 1h\n", "", "9.2", "", "rekeylimit",
                  "0 3600" },
                { "Match user bob\nBanner ~nosuch/x\n", "", "9.2", "user=bob", "banner",
                  "!tilde_expand: No such user nosuch" },
                { "Match user bob\nPubkeyAcceptedAlgorithms !ssh-rsa\n", "", "9.2", "user=bob",
                  "banner", "!assemble_algorithms: pubkey_accepted_algos: invalid argument" },
                { "Subsystem a /a\nMatch user bob\nSubsystem c\n", "", "10.0", "user=bob",
                  "subsystem", "!Missing subsystem command." },
                { "AuthorizedKeysCommand /k\nAuthorizedKeysCommandUser u\nMatch user bob\n"
                  "AuthorizedPrincipalsCommand /p\n",
                  "", "9.2", "user=bob", "authorizedprincipalscommand", "/p" },
                { "Match user bob\nAuthorizedKeysCommand /k\nAuthorizedPrincipalsCommand /p\n", "",
                  "9.2", "user=bob", "authorizedprincipalscommand", "none" },
                { "Subsystem a /x\n", "", "9.6", "", "subsystem", "a /x " },
                { "ListenAddress localhost\n", "", "9.2", "", "listenaddress", "127.0.0.1:22" },
                /* addresses outside blocks are not asked for again, families outside not known */
                { "AddressFamily any\nListenAddress 10.0.0.1\nMatch all\nAddressFamily inet6\nPort "
                  "23\n",
                  "", "9.2", "", "listenaddress", "10.0.0.1:23" },
                { "AddressFamily inet\nMatch all\nListenAddress 10.0.0.1\n", "", "9.2", "",
                  "listenaddress", "10.0.0.1:22" },
                { "AddressFamily any\nMatch all\nAddressFamily inet\nAddressFamily inet6\n"
                  "ListenAddress 10.0.0.1\n",
                  "", "9.2", "", "listenaddress", "10.0.0.1:22" },
        };

        (void)state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                CLEANUP(loading_done)
                struct loading loading = {
                        .files = { { "/etc/ssh/d", cases[i].drop_in },
                                   { "/etc/ssh/sshd_config", cases[i].main_file } },
                        .release = cases[i].release,
                };
                CLEANUP_FREE char *value = NULL;

                assert_int_equal(load(&loading), 0);
                value = value_of(&loading, cases[i].spec, cases[i].keyword);
                if (strcmp(value, cases[i].value) != 0)
                        fail_msg("%s\n%s: %s instead of %s", cases[i].main_file, cases[i].spec,
                                 value, cases[i].value);
        }
}

static void test_lines(void **state) {
        CLEANUP(loading_done)
        struct loading loading = {
                .files = { { "/etc/ssh/d", "Banner /d\n" },
                           { "/etc/ssh/sshd_config",
                             "Include d\n  Banner /g # c \nAcceptEnv A\nAcceptEnv B\nMatch user "
                             "bob\nBanner /m\nBanner /n\nUseLogin x\n" } },
                .overrides = { "MaxSessions 4", "-p2222" },
        };
        CLEANUP(cleanup_effective) struct sshd_effective *effective = NULL;
        struct sshd_connection connection = { .user = (char *)(uintptr_t) "bob" };
        const struct sshd_setting *setting;

        (void)state;
        loading.files[1].text = "Include d\n  Banner /g \nAcceptEnv A\nAcceptEnv B\nPort 5\n"
                                "Match user bob\nBanner /m\nBanner /n\nRSAAuthentication x\n";
        assert_int_equal(load(&loading), 0);
        assert_int_equal(sshd_effective_new(loading.config, &connection, &loading.accounts,
                                            &effective, NULL),
                         0);
        setting = sshd_effective_get(effective, "banner");
        assert_string_equal(setting->values[0], "/m");
        assert_int_equal(setting->winner.line, 7);
        assert_string_equal(setting->winner.text, "Banner /m");
        assert_int_equal(setting->n_losers, 3);
        assert_string_equal(setting->losers[0].file, "/etc/ssh/d");
        assert_string_equal(setting->losers[1].text, "Banner /g");
        setting = sshd_effective_get(effective, "AcceptEnv");
        assert_int_equal(setting->n_values, 2);
        assert_int_equal(setting->winner.line, 3);
        assert_int_equal(setting->n_losers, 0);
        setting = sshd_effective_get(effective, "MAXSESSIONS");
        assert_string_equal(setting->winner.file, "command-line");
        setting = sshd_effective_get(effective, "Port");
        assert_string_equal(setting->values[0], "2222");
        assert_true(sshd_effective_get(effective, "UseDNS")->is_default);
        assert_null(sshd_effective_get(effective, "RefuseConnection"));
        assert_null(sshd_effective_get(effective, "Match"));
        assert_string_equal(sshd_config_messages(loading.config),
                            "/etc/ssh/sshd_config line 9: Deprecated option RSAAuthentication\r\n");
        assert_string_equal(sshd_effective_messages(effective),
                            "reprocess config line 9: Deprecated option RSAAuthentication\r\n");
}

/* What sshd writes when it refuses a connection. */
static char *refusal_of(struct loading *loading, const char *spec) {
        CLEANUP(cleanup_effective) struct sshd_effective *effective = NULL;
        CLEANUP(cleanup_refusal) struct sshd_refusal *refusal = NULL;
        CLEANUP(sshd_connection_done) struct sshd_connection connection;
        CLEANUP_FREE char *message = NULL;

        sshd_connection_init(&connection);
        assert_int_equal(load(loading), 0);
        assert_null(sshd_config_refusal(loading->config));
        assert_int_equal(sshd_connection_parse(&connection, spec,
                                               sshd_config_release(loading->config), &message),
                         0);
        assert_int_equal(sshd_effective_new(loading->config, &connection, &loading->accounts,
                                            &effective, &refusal),
                         -EINVAL);
        return strdup(refusal->message);
}

/* Where sshd itself crashes: 9.5 to 10.2, with subsystems in a block alone. */
static void test_crash(void **state) {
        static const struct {
                const char *release, *text, *reason; /* NULL: no crash */
        } cases[] = {
                { "10.0", "Match user bob\nSubsystem a /a\n",
                  "sshd crashes: Subsystem in a Match block, none outside" },
                { "9.5", "Match user bob\nSubsystem a /a\n",
                  "sshd crashes: Subsystem in a Match block, none outside" },
                { "10.3", "Match user bob\nSubsystem a /a\n", NULL },
                { "10.0", "Match user alice\nSubsystem a /a\n", NULL },
                { "10.0", "Subsystem a /a\nMatch user bob\nSubsystem b /b\n", NULL },
                /* it may crash, and may as well live: what the block sets counts */
                { "10.0",
                  "Subsystem a /a\nMatch user bob\nSubsystem a /b\nSubsystem b /b\n"
                  "Subsystem c /c\nSubsystem d /d\n",
                  NULL },
        };

        (void)state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                CLEANUP(loading_done)
                struct loading loading = { .files = { { "/etc/ssh/sshd_config", cases[i].text } },
                                           .release = cases[i].release };
                CLEANUP(cleanup_effective) struct sshd_effective *effective = NULL;
                CLEANUP(cleanup_refusal) struct sshd_refusal *refusal = NULL;
                struct sshd_connection connection;

                sshd_connection_init(&connection);
                connection.user = strdup("bob");
                assert_int_equal(load(&loading), 0);
                assert_int_equal(sshd_effective_new(loading.config, &connection, &loading.accounts,
                                                    &effective, &refusal),
                                 cases[i].reason ? -EINVAL : 0);
                if (refusal) {
                        assert_string_equal(refusal->reason, cases[i].reason);
                        assert_int_equal(refusal->exit_status, 139);
                }
                sshd_connection_done(&connection);
        }
}

/* A pattern included from one of its own files: start-up ends, an evaluation does not. */
static void test_circle(void **state) {
        CLEANUP(loading_done)
        struct loading loading = { .files = { { "/etc/ssh/d/1", "MaxSessions 3\n" },
                                              { "/etc/ssh/d/2", "Include d/*\n" },
                                              { "/etc/ssh/sshd_config", "Include d/*\n" } } };
        CLEANUP_FREE char *value = NULL;

        (void)state;
        assert_int_equal(load(&loading), 0);
        value = value_of(&loading, "", "maxsessions");
        assert_string_equal(value, "!Too many recursive configuration includes");
}

/* Pass 2 of such a circle repeats its notes on each level, and may die of something else first. */
static void test_circle_again(void **state) {
        static const struct circle_case {
                struct loading loading;
                const char *spec, *message;
                unsigned repeated; /* how often the message has its first line */
        } cases[] = {
                { { .files = { { "/etc/ssh/d/1", "" },
                               { "/etc/ssh/d/2", "RSAAuthentication yes\nInclude d/*\n" },
                               { "/etc/ssh/sshd_config", "Include d/*\n" } } },
                  "",
                  "/etc/ssh/d/2 line 1: Deprecated option RSAAuthentication\r\n"
                  "Too many recursive configuration includes\r\n",
                  16 },
                /* a note of the global section, which is in the block from the second level on */
                { { .files = { { "/etc/ssh/d/1", "" },
                               { "/etc/ssh/d/2", "UseLogin 1\nMatch user bob\nInclude d/*\n" },
                               { "/etc/ssh/sshd_config", "Include d/*\n" } } },
                  "user=root",
                  "Too many recursive configuration includes\r\n",
                  1 },
                { { .files = { { "/etc/ssh/d/1", "" },
                               { "/etc/ssh/d/2", "UseLogin 1\nMatch user bob\nInclude d/*\n" },
                               { "/etc/ssh/sshd_config", "Include d/*\n" } } },
                  "user=bob",
                  "/etc/ssh/d/2 line 1: Deprecated option UseLogin\r\n"
                  "Too many recursive configuration includes\r\n",
                  15 },
                /* the main file under its own name */
                { { .files = { { "/etc/ssh/d/1", "" },
                               { "/etc/ssh/d/2", "Include sshd_config\n" },
                               { "/etc/ssh/sshd_config",
                                 "RSAAuthentication 1\nMatch user bob\nInclude d/*\n" } } },
                  "user=bob",
                  "reprocess config line 1: Deprecated option RSAAuthentication\r\n"
                  "/etc/ssh/sshd_config line 1: Deprecated option RSAAuthentication\r\n",
                  1 },
                { { .files = { { "/etc/ssh/d/1", "" },
                               { "/etc/ssh/d/2", "Banner ~none/x\nMatch user bob\nInclude d/*\n" },
                               { "/etc/ssh/sshd_config", "Banner none\nInclude d/*\n" } } },
                  "user=bob",
                  "tilde_expand: No such user none\r\n",
                  1 },
                { { .files = { { "/etc/ssh/d/1", "" },
                               { "/etc/ssh/d/2", "Banner ~none/x\nMatch user bob\nInclude d/*\n" },
                               { "/etc/ssh/sshd_config", "Banner none\nInclude d/*\n" } } },
                  "user=root",
                  "Too many recursive configuration includes\r\n",
                  1 },
        };

        (void)state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                CLEANUP(loading_done) struct loading loading = cases[i].loading;
                const char *expected = cases[i].message;
                size_t n_line = strcspn(expected, "\n") + 1;
                CLEANUP_FREE char *message = refusal_of(&loading, cases[i].spec);
                const char *rest = message;

                for (unsigned n = 1; n < cases[i].repeated; n++) {
                        assert_memory_equal(rest, expected, n_line);
                        rest += n_line;
                }
                assert_memory_equal(rest, expected, strlen(expected));
        }
}

/* What pass 2 reads again of blocks that are always in force, and dies of, though sshd has started.
 * The words are those of the real sshd. */
static void test_always_in_force(void **state) {
        static const struct {
                struct loading loading;
                const char *message;
        } cases[] = {
                /* the family of the global section is unknown to pass 2, that of the block counts
                 */
                { { .files = { { "/etc/ssh/sshd_config",
                                 "AddressFamily inet6\nMatch all\nListenAddress [::]\n"
                                 "AddressFamily inet\nUseLogin yes\n" } } },
                  "reprocess config line 5: Deprecated option UseLogin\r\n"
                  "bad addr or host: :: (Address family for hostname not supported)\r\n" },
                { { .files = { { "/etc/ssh/a", "AddressFamily inet6\nListenAddress 10.0.0.1\n" },
                               { "/etc/ssh/sshd_config",
                                 "AddressFamily any\nMatch version OpenSSH_*\nInclude a\n" } },
                    .release = "10.0" },
                  "bad addr or host: 10.0.0.1 (Address family for hostname not supported)\r\n" },
                { { .files = { { "/etc/ssh/sshd_config",
                                 "Match all\nListenAddress ::1\nListenAddress 127.0.0.1\n"
                                 "AddressFamily inet\nAddressFamily inet6\n" } },
                    .overrides = { "AddressFamily any" } },
                  "bad addr or host: ::1 (Address family for hostname not supported)\r\n" },
                /* before what blocks set is copied, after what their lines alone die of */
                { { .files = { { "/etc/ssh/sshd_config",
                                 "AddressFamily any\nMatch all\nListenAddress ::1\n"
                                 "AddressFamily inet\nMatch user *\nSubsystem a /x\n" } },
                    .release = "9.6" },
                  "bad addr or host: ::1 (Address family for hostname not supported)\r\n" },
                { { .files = { { "/etc/ssh/sshd_config",
                                 "AddressFamily any\nBanner none\nMatch all\nListenAddress ::1\n"
                                 "AddressFamily inet\nBanner ~none/x\n" } } },
                  "tilde_expand: No such user none\r\n" },
                /* nor does it know of -p */
                { { .files = { { "/etc/ssh/sshd_config", "Match all\nPort x\n" } },
                    .overrides = { "-p2222" } },
                  "reprocess config line 2: Badly formatted port number.\r\n" },
                { { .files = { { "/etc/ssh/sshd_config", "Match all\nPort \"\"\n" } },
                    .overrides = { "-p2222" } },
                  "reprocess config line 2: missing port number.\r\n" },
                { { .files = { { "/etc/ssh/sshd_config", "Match all\nPort 22 33\nPort 1 2\n" } },
                    .overrides = { "-p2222" } },
                  "reprocess config line 2: keyword Port extra arguments at end of line\r\n"
                  "reprocess config line 3: keyword Port extra arguments at end of line\r\n"
                  "reprocess config: terminating, 2 bad configuration options\r\n" },
                { { .files = { { "/etc/ssh/a", "Port 22\nPort b c\n" },
                               { "/etc/ssh/sshd_config", "Match all\nInclude a\n" } },
                    .overrides = { "-p2222" } },
                  "/etc/ssh/a line 2: Badly formatted port number.\r\n" },
                { { .files = { { "/etc/ssh/sshd_config", "Match all\nPort 22 33\n" } },
                    .release = "8.4",
                    .overrides = { "-p2222" } },
                  "reprocess config line 2: garbage at end of line; \"33\".\r\n" },
        };

        (void)state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                CLEANUP(loading_done) struct loading loading = cases[i].loading;
                CLEANUP_FREE char *message = refusal_of(&loading, "user=bob");

                assert_string_equal(message, cases[i].message);
        }
}

/* 257 ports: -p hides them from pass 1. */
static void test_ports_of_pass_two(void **state) {
        CLEANUP(text_done) struct text text = { 0 };
        CLEANUP_FREE char *message = NULL;

        (void)state;
        assert_int_equal(text_append(&text, "Match all\n"), 0);
        for (unsigned i = 0; i < 257; i++)
                assert_int_equal(text_append(&text, "Port 1\n"), 0);
        {
                CLEANUP(loading_done)
                struct loading loading = { .files = { { "/etc/ssh/sshd_config", text_get(&text) } },
                                           .overrides = { "-p2222" } };

                message = refusal_of(&loading, "");
        }
        assert_string_equal(message, "reprocess config line 258: too many ports.\r\n");
}

static void test_files(void **state) {
        CLEANUP(loading_done)
        struct loading loading = {
                .files = { { "/etc/ssh/d/1",
                             "TrustedUserCAKeys /ca\nAuthorizedKeysFile .k /x/%u none\n" },
                           { "/etc/ssh/sshd_config",
                             "Include d/*\nInclude d/*\nMatch user x\nBanner none\nForceCommand "
                             "\"/bin/a b\" c\nMatch user y\nForceCommand internal-sftp\n" } }
        };
        const struct sshd_named_path *paths;

        (void)state;
        assert_int_equal(load(&loading), 0);
        assert_null(sshd_config_refusal(loading.config));
        assert_int_equal(sshd_config_n_files(loading.config), 2);
        assert_string_equal(sshd_config_file(loading.config, 0), "/etc/ssh/sshd_config");
        assert_string_equal(sshd_config_file(loading.config, 1), "/etc/ssh/d/1");
        assert_int_equal(sshd_config_n_globs(loading.config), 1);
        assert_string_equal(sshd_config_glob(loading.config, 0), "/etc/ssh/d/*");
        assert_int_equal(sshd_config_named_paths(loading.config, &paths), 7);
        assert_string_equal(paths[0].keyword, "trustedusercakeys");
        assert_string_equal(paths[0].path, "/ca");
        assert_string_equal(paths[2].path, "/x/%u");
        assert_string_equal(paths[6].path, "/bin/a b");
        assert_string_equal(paths[6].keyword, "forcecommand");
        assert_int_equal(paths[6].line, 5);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_refusals),        cmocka_unit_test(test_errors),
                cmocka_unit_test(test_connections),     cmocka_unit_test(test_lines),
                cmocka_unit_test(test_unreadable),      cmocka_unit_test(test_limits),
                cmocka_unit_test(test_overrides_alone), cmocka_unit_test(test_no_file),
                cmocka_unit_test(test_crash),           cmocka_unit_test(test_circle),
                cmocka_unit_test(test_circle_again),    cmocka_unit_test(test_files),
                cmocka_unit_test(test_always_in_force), cmocka_unit_test(test_ports_of_pass_two),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
