/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include "os/accounts.h"
#include "tree.h"

static void test_tree(void **state) {
        struct accounts accounts;
        struct tree tree;

        (void)state;
        tree_make(&tree);
        assert_int_equal(os_accounts_load(&tree.root, NULL, 0, &accounts), 0);
        assert_int_equal(accounts.n_items, 0);
        assert_false(accounts.complete);
        accounts_done(&accounts);

        tree_mkdir(&tree, "/etc");
        tree_mkdir(&tree, "/real");
        tree_write(&tree, "/real/passwd",
                   "root:x:0:0::/root:/bin/sh\nbob:x:1000:1000::/home/bob:/bin/zsh\n");
        tree_symlink(&tree, "/real/passwd", "/etc/passwd");
        tree_write(&tree, "/etc/group", "root:x:0:\nbob:x:1000:\nsudo:x:27:bob\n");
        assert_int_equal(os_accounts_load(&tree.root, NULL, 0, &accounts), 0);
        assert_int_equal(accounts.n_items, 2);
        assert_true(accounts.complete);
        assert_string_equal(accounts.items[1].home, "/home/bob");
        assert_int_equal(accounts.items[1].n_groups, 2);
        assert_string_equal(accounts.items[1].groups[1], "sudo");
        accounts_done(&accounts);

        assert_int_equal(unlink(tree_path(&tree, "/etc/passwd")), 0);
        assert_int_equal(mkfifo(tree_path(&tree, "/etc/passwd"), 0644), 0);
        assert_int_equal(os_accounts_load(&tree.root, NULL, 0, &accounts), 0);
        assert_int_equal(accounts.n_items, 0);
        assert_false(accounts.complete);
        accounts_done(&accounts);
        tree_remove(&tree);
}

/* Everybody getent(1) would print, with getgrouplist(3)'s groups. */
static void test_system(void **state) {
        const char *const extra[] = { "root", "nobody-of-that-name" };
        struct accounts accounts;
        const struct account *root;
        const struct passwd *entry;
        struct os_root system;
        size_t n = 0;

        (void)state;
        assert_int_equal(os_root_open("/", &system), 0);
        assert_int_equal(os_accounts_load(&system, extra, 2, &accounts), 0);
        assert_true(accounts.complete);
        setpwent();
        while ((entry = getpwent())) {
                const struct account *account = accounts_find(&accounts, entry->pw_name);

                n++;
                assert_non_null(account);
                assert_string_equal(account->home, entry->pw_dir);
                assert_string_equal(account->shell, entry->pw_shell);
                if (getgrgid(entry->pw_gid)) {
                        assert_true(account->n_groups > 0);
                        assert_string_equal(account->groups[0], getgrgid(entry->pw_gid)->gr_name);
                }
        }
        endpwent();
        assert_int_equal(accounts.n_items, n);
        root = accounts_find(&accounts, "root");
        assert_non_null(root);
        assert_int_equal(root->uid, 0);
        assert_string_equal(accounts_group_name(&accounts, 0), "root");
        accounts_done(&accounts);
        os_root_close(&system);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_tree),
                cmocka_unit_test(test_system),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
