/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include "base/cleanup.h"
#include "memory_tree.h"
#include "sshd/edit.h"
#include "sshd/effective.h"
#include "sshd/mirror.h"

static struct accounts accounts;

struct edit_case {
        const char *text;
        const char *keyword;
        const char *values[3];
        const char *spec;
        const char *edited; /* NULL: no edit is possible */
};

static void check_edit(const struct edit_case *edit_case) {
        const struct memory_file file = { "/etc/ssh/sshd_config", edit_case->text };
        struct memory_tree tree = { &file, 1 };
        struct sshd_config *config;
        struct sshd_connection connection;
        struct sshd_edit edit = { 0 };
        size_t n_values = 0;
        int r;

        while (n_values < 3 && edit_case->values[n_values])
                n_values++;
        assert_int_equal(memory_load(&tree, &accounts, &config), 0);
        assert_null(sshd_config_refusal(config));
        sshd_connection_init(&connection);
        assert_int_equal(sshd_connection_parse(&connection, edit_case->spec,
                                               sshd_config_release(config), NULL),
                         0);
        r = sshd_edit_set(config, edit_case->keyword,
                          &(struct sshd_wanted){ edit_case->values, n_values }, &connection,
                          &accounts, &edit);
        assert_int_equal(r, edit_case->edited ? 0 : -ENOTSUP);
        if (edit_case->edited) {
                assert_string_equal(edit.path, "/etc/ssh/sshd_config");
                assert_string_equal(edit.data, edit_case->edited);
                assert_int_equal(edit.n_data, strlen(edit_case->edited));
        }
        sshd_edit_done(&edit);
        sshd_connection_done(&connection);
        sshd_config_free(config);
}

#define SPEC "user=root,host=h,addr=192.0.2.1,laddr=192.0.2.2,lport=22"

static const struct edit_case cases[] = {
        /* a list without elements, and without the blanks they need */
        { "DenyUsers # nobody\n", "denyusers", { "bob" }, SPEC, "DenyUsers bob # nobody\n" },
        /* the winning line, in place, layout kept */
        { "# top\n  permitrootlogin   yes  # why\nPort 22\n",
          "permitrootlogin",
          { "no" },
          SPEC,
          "# top\n  permitrootlogin   no  # why\nPort 22\n" },
        { "PermitRootLogin=yes\nPermitRootLogin no\n",
          "permitrootlogin",
          { "no" },
          SPEC,
          "PermitRootLogin=no\nPermitRootLogin no\n" },
        { "PermitRootLogin \"yes\"\r\nPort 22\r\n",
          "permitrootlogin",
          { "no" },
          SPEC,
          "PermitRootLogin no\r\nPort 22\r\n" },
        { "X11Forwarding yes", "x11forwarding", { "no" }, SPEC, "X11Forwarding no" },
        /* an unset one: before the first Match, or at the end */
        { "Port 22\nMatch User a\nX11Forwarding no\n",
          "maxauthtries",
          { "3" },
          SPEC,
          "Port 22\nMaxAuthTries 3\nMatch User a\nX11Forwarding no\n" },
        { "Port 22", "maxauthtries", { "3" }, SPEC, "Port 22\nMaxAuthTries 3\n" },
        { "", "maxauthtries", { "3" }, SPEC, "MaxAuthTries 3\n" },
        /* inside the block that wins for this connection */
        { "PasswordAuthentication no\nMatch User root\n\tPasswordAuthentication yes\n",
          "passwordauthentication",
          { "no" },
          SPEC,
          "PasswordAuthentication no\nMatch User root\n\tPasswordAuthentication no\n" },
        /* lists that add up lose what is not wanted */
        { "AcceptEnv LANG LD_*\nAcceptEnv LC_*\n",
          "acceptenv",
          { "LANG", "LC_*" },
          SPEC,
          "AcceptEnv LANG\nAcceptEnv LC_*\n" },
        { "AcceptEnv LANG\nAcceptEnv LD_PRELOAD # x\nPort 22\n",
          "acceptenv",
          { "LANG" },
          SPEC,
          "AcceptEnv LANG\n#AcceptEnv LD_PRELOAD # x\nPort 22\n" },
        /* nothing is wanted: the line that decides goes */
        { "Banner none\n\tBanner /x # y\n",
          "banner",
          { NULL },
          SPEC,
          "#Banner none\n\tBanner /x # y\n" },
        { "Port 22\n", "banner", { NULL }, SPEC, NULL },
        { "Match User root\n SetEnv LD_PRELOAD=x\n",
          "setenv",
          { NULL },
          SPEC,
          "Match User root\n# SetEnv LD_PRELOAD=x\n" },
        /* blanks and quotes of an element */
        { "SetEnv A=1\n", "setenv", { "A=b c" }, SPEC, "SetEnv \"A=b c\"\n" },
        { "SetEnv A=1\n", "setenv", { "A=b\"c", "B=2" }, SPEC, "SetEnv A=b\\\"c B=2\n" },
        { "RekeyLimit 1G\n", "rekeylimit", { "1024 60" }, SPEC, "RekeyLimit 1024 60\n" },
        { "\"MaxAuthTries\"255 # x\n", "maxauthtries", { "3" }, SPEC, "\"MaxAuthTries\"3 # x\n" },
        { "Ciphers aes128-ctr,3des-cbc # x\n",
          "ciphers",
          { "aes128-ctr", "aes256-ctr" },
          SPEC,
          "Ciphers aes128-ctr,aes256-ctr # x\n" },
        /* one element per line */
        { "Port 22\nPort 2222 # x\n", "port", { "22" }, SPEC, "Port 22\n#Port 2222 # x\n" },
        { "Port 22\nPort 2222\n", "port", { "22", "443" }, SPEC, "Port 22\nPort 443\n" },
        { "Port 22\n", "port", { "22", "443" }, SPEC, "Port 22\nPort 443\n" },
        { "Port 22\n", "port", { "22" }, SPEC, NULL },
        { "Subsystem sftp internal-sftp -e\nSubsystem x /tmp/x y\n",
          "subsystem",
          { "sftp internal-sftp -e" },
          SPEC,
          "Subsystem sftp internal-sftp -e\n#Subsystem x /tmp/x y\n" },
        { "DenyUsers eve\n", "denyusers", { "eve", "mallory" }, SPEC, "DenyUsers eve mallory\n" },
        /* the rest of the line is the value */
        { "ForceCommand /bin/a # b\n",
          "forcecommand",
          { "/bin/true" },
          SPEC,
          "ForceCommand /bin/true\n" },
};

static void test_edits(void **state) {
        (void)state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++)
                check_edit(&cases[i]);
}

static void test_a_private_copy_includes_itself(void **state) {
        static const struct memory_file files[] = {
                { "/etc/ssh/sshd_config",
                  "Include /etc/ssh/sshd_config.d/*.conf extra\n#\nPort 22\n" },
                { "/etc/ssh/extra", "UsePAM yes" },
                { "/etc/ssh/sshd_config.d/a.conf", "Match all\n  Include \"/srv/x y\"\n" },
        };
        struct memory_tree tree = { files, N_ELEMENTS(files) };
        struct sshd_config *config;
        struct sshd_mirror mirror;

        (void)state;
        assert_int_equal(memory_load(&tree, &accounts, &config), 0);
        assert_int_equal(sshd_mirror_new(config, "/run/p", &mirror), 0);
        assert_int_equal(mirror.n_files, 3);
        assert_string_equal(mirror.files[0].path, "/run/p/etc/ssh/sshd_config");
        assert_string_equal(mirror.files[0].data,
                            "Include /run/p/etc/ssh/sshd_config.d/*.conf /run/p/etc/ssh/extra\n"
                            "#\nPort 22\n");
        for (size_t i = 1; i < mirror.n_files; i++) {
                if (strcmp(mirror.files[i].path, "/run/p/etc/ssh/extra") == 0)
                        assert_string_equal(mirror.files[i].data, "UsePAM yes");
                else
                        assert_string_equal(mirror.files[i].data,
                                            "Match all\nInclude \"/run/p/srv/x y\"\n");
        }
        sshd_mirror_done(&mirror);
        sshd_config_free(config);
}

static bool is_same(const char *a, const char *b) {
        const struct memory_file x = { "/etc/ssh/sshd_config", a };
        const struct memory_file y = { "/etc/ssh/sshd_config", b };
        struct memory_tree x_tree = { &x, 1 }, y_tree = { &y, 1 };
        struct sshd_config *x_config, *y_config;
        bool result;

        assert_int_equal(memory_load(&x_tree, &accounts, &x_config), 0);
        assert_int_equal(memory_load(&y_tree, &accounts, &y_config), 0);
        result = sshd_config_is_same(x_config, y_config);
        sshd_config_free(x_config);
        sshd_config_free(y_config);
        return result;
}

static void test_sameness_is_of_meaning(void **state) {
        (void)state;
        assert_true(is_same("Port 22\n", "# hi\n\nport  \"22\" # there\n"));
        assert_true(is_same("LoginGraceTime 2m\n", "LoginGraceTime 120\n"));
        assert_false(is_same("Port 22\n", "Port 23\n"));
        assert_false(is_same("UsePAM yes\n", "UsePAM yes\nX11Forwarding no\n"));
        assert_false(
                is_same("Match User a\nX11Forwarding no\n", "Match User b\nX11Forwarding no\n"));
        assert_false(is_same("Match User a\nX11Forwarding no\n", "X11Forwarding no\n"));
        assert_true(is_same("Nonsense 1\n", "Nonsense 1\n"));
        assert_false(is_same("Nonsense 1\n", "Port 22\n"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_edits),
                cmocka_unit_test(test_a_private_copy_includes_itself),
                cmocka_unit_test(test_sameness_is_of_meaning),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
