/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "memory_tree.h"
#include "sshd/user_files.h"

static const char passwd_text[] = "root:x:0:0::/root:/bin/bash\n"
                                  "alice:x:1000:1000::/home/alice:/bin/bash\n"
                                  "bob:x:1001:1001::/srv/bob/:/bin/sh\n";
static const char group_text[] = "alice:x:1000:\nbob:x:1001:\nstaff:x:50:bob\n";

static void test_files_of_a_user(void **state) {
        static const struct {
                const char *release, *config, *keyword, *user, *files;
        } cases[] = {
                { "9.2", "", "authorizedkeysfile", "alice",
                  "/home/alice/.ssh/authorized_keys;/home/alice/.ssh/authorized_keys2;" },
                { "9.2", "", "authorizedprincipalsfile", "alice", "" },
                { "9.2", "AuthorizedKeysFile /etc/keys/%u %h/k %U.%% keys\n", "authorizedkeysfile",
                  "bob", "/etc/keys/bob;/srv/bob//k;/srv/bob/1001.%;/srv/bob/keys;" },
                { "9.2", "AuthorizedKeysFile none\n", "authorizedkeysfile", "bob", "" },
                { "9.2", "AuthorizedKeysFile /a none /a\n", "authorizedkeysfile", "bob", "/a;" },
                { "9.2", "AuthorizedKeysFile /a/%q /b\n", "authorizedkeysfile", "bob", "/b;" },
                { "9.2", "AuthorizedKeysFile /k/*.%u\n", "authorizedkeysfile", "bob", "/k/*.bob;" },
                { "10.0", "AuthorizedKeysFile /k/*.%u x\n", "authorizedkeysfile", "bob",
                  "glob /k/*.bob;/srv/bob/x;" },
                { "9.2", "AuthorizedPrincipalsFile /p/%u\n", "authorizedprincipalsfile", "alice",
                  "/p/alice;" },
                /* whom a Match block speaks of, and from where */
                { "9.2", "Match User bob\nAuthorizedKeysFile /b\n", "authorizedkeysfile", "bob",
                  "/b;" },
                { "9.2", "Match User bob\nAuthorizedKeysFile /b\n", "authorizedkeysfile", "alice",
                  "/home/alice/.ssh/authorized_keys;/home/alice/.ssh/authorized_keys2;" },
                { "9.2", "AuthorizedKeysFile /a\nMatch Group staff\nAuthorizedKeysFile none\n",
                  "authorizedkeysfile", "bob", "" },
                { "9.2", "AuthorizedKeysFile /a\nMatch Address 10.0.0.0/8\nAuthorizedKeysFile /b\n",
                  "authorizedkeysfile", "alice", "/a;/b;" },
        };

        (void)state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                const struct memory_file file = { "/etc/ssh/sshd_config", cases[i].config };
                struct memory_tree tree = { &file, 1 };
                CLEANUP(accounts_done) struct accounts accounts = { 0 };
                CLEANUP(text_done) struct text got = { 0 };
                struct sshd_user_files files = { 0 };
                struct sshd_user_keyword keyword;
                struct sshd_config *config;
                bool is_once;

                assert_int_equal(accounts_parse(passwd_text, sizeof passwd_text - 1, group_text,
                                                sizeof group_text - 1, &accounts),
                                 0);
                assert_int_equal(memory_load_as(cases[i].release, &tree, &accounts, &config), 0);
                assert_int_equal(sshd_user_keyword_init(&keyword, config, cases[i].keyword), 0);
                assert_int_equal(sshd_user_files_add(
                                         &keyword, accounts_find(&accounts, cases[i].user), &files),
                                 0);
                for (size_t j = 0; j < files.n_items; j++)
                        (void)text_appendf(&got, "%s%s;", files.items[j].is_pattern ? "glob " : "",
                                           files.items[j].path);
                is_once = strstr(cases[i].files, "/a;/b;") == NULL;
                if (is_once)
                        assert_string_equal(text_get(&got), cases[i].files);
                else /* in which order connections are asked about is nobody's promise */
                        assert_true(strstr(text_get(&got), "/a;") && strstr(text_get(&got), "/b;"));
                sshd_user_files_done(&files);
                sshd_user_keyword_done(&keyword);
                sshd_config_free(config);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_files_of_a_user) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
