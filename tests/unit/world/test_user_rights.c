/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "os/tree.h"
#include "world/user_rights.h"

static struct tree tree;
static struct looker *looker;
static struct accounts accounts;

static int set_up(void **state) {
        static const char group[] = "staff:x:50:bob\nbob:x:1000:\n";
        CLEANUP_FREE char *passwd = NULL;

        (void)state;
        tree_make(&tree);
        tree_mkdir(&tree, "/home");
        tree_mkdir(&tree, "/home/bob");
        tree_mkdir(&tree, "/home/bob/.ssh");
        tree_write(&tree, "/home/bob/.ssh/keys", "");
        /* the tree's files belong to who runs the test */
        passwd = text_format("root:x:0:0::/root:/bin/sh\nme:x:%u:%u::/home/bob:/bin/sh\n"
                             "bob:x:1000:1000::/home/bob:/bin/sh\n",
                             geteuid() ? geteuid() : 4242, getegid());
        if (!passwd || looker_new(&tree.root, &looker) < 0)
                return -1;
        return accounts_parse(passwd, strlen(passwd), group, sizeof group - 1, &accounts);
}

static int tear_down(void **state) {
        (void)state;
        accounts_done(&accounts);
        looker_free(looker);
        tree_remove(&tree);
        return 0;
}

static void test_rights(void **state) {
        CLEANUP(user_rights_done) struct user_rights rights = { 0 };
        const struct credentials *as;

        (void)state;
        assert_int_equal(
                user_rights_init(&rights, &accounts, accounts_find(&accounts, "bob"), true), 0);
        as = user_rights_get(&rights);
        assert_non_null(as);
        assert_int_equal(as->uid, 1000);
        assert_int_equal(as->n_groups, 2); /* the primary one first */
        assert_int_equal(as->groups[0], 1000);
        assert_int_equal(as->groups[1], 50);
        user_rights_done(&rights);
        assert_int_equal(
                user_rights_init(&rights, &accounts, accounts_find(&accounts, "root"), true), 0);
        assert_null(user_rights_get(&rights));
        assert_int_equal(
                user_rights_init(&rights, &accounts, accounts_find(&accounts, "bob"), false), 0);
        assert_null(user_rights_get(&rights));
}

/* "" if sshd trusts the path. */
static const char *refused_for(const struct file_metadata *file) {
        static char buffer[PATH_MAX];
        CLEANUP_FREE char *path = NULL;
        struct strict_modes_path refused;
        const struct user_trust trust = { .looker = looker,
                                          .accounts = &accounts,
                                          .account = accounts_find(&accounts, "me"),
                                          .release = { 902, false },
                                          .path = "/home/bob/.ssh/keys",
                                          .file = file };

        assert_int_equal(user_trust_refuse(&trust, &refused, &path), 0);
        (void)snprintf(buffer, sizeof buffer, "%s", path ? path : "");
        return buffer;
}

static void test_trust(void **state) {
        struct file_metadata candidate = { .kind = FILE_REGULAR, .mode = 0666, .uid = geteuid() };

        (void)state;
        assert_string_equal(refused_for(NULL), "");
        /* what is to be written counts, not what is there */
        assert_string_equal(refused_for(&candidate), "/home/bob/.ssh/keys");
        TREE_MUST(chmod(tree_path(&tree, "/home/bob/.ssh"), 0777));
        assert_string_equal(refused_for(NULL), "/home/bob/.ssh");
        TREE_MUST(chmod(tree_path(&tree, "/home/bob/.ssh"), 0700));
        /* above the home nobody looks */
        TREE_MUST(chmod(tree_path(&tree, "/home"), 0777));
        assert_string_equal(refused_for(NULL), "");
        TREE_MUST(unlink(tree_path(&tree, "/home/bob/.ssh/keys")));
        assert_string_equal(refused_for(NULL), "");
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_rights),
                                            cmocka_unit_test(test_trust) };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
