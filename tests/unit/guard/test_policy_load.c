/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where the policy's files are, and what may stand in their place. */
#include "cmocka_env.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "guard/policy_load.h"
#include "policy/parse.h"

static const char config_path[] = "/etc/sshguardd/sshguardd.conf";

struct tree {
        char path[64];
        struct os_root root;
        struct policy *policy;
        struct diagnostics diagnostics;
};

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw) {
        (void)st;
        (void)type;
        (void)ftw;
        return remove(path);
}

static char *tree_path(const struct tree *tree, const char *path) {
        char *full = text_format("%s%s", tree->path, path);

        assert_non_null(full);
        return full;
}

static void put_folder(const struct tree *tree, const char *path) {
        CLEANUP_FREE char *full = tree_path(tree, path);

        for (char *slash = strchr(full + strlen(tree->path) + 1, '/'); slash;
             slash = strchr(slash + 1, '/')) {
                *slash = '\0';
                (void)mkdir(full, 0755);
                *slash = '/';
        }
        assert_true(mkdir(full, 0755) == 0 || errno == EEXIST);
}

static void put(const struct tree *tree, const char *path, const char *text) {
        CLEANUP_FREE char *full = tree_path(tree, path);
        FILE *file = fopen(full, "w");

        assert_non_null(file);
        assert_true(fputs(text, file) >= 0);
        assert_int_equal(fclose(file), 0);
}

static int set_up(void **state) {
        struct tree *tree = calloc(1, sizeof *tree);

        assert_non_null(tree);
        (void)snprintf(tree->path, sizeof tree->path, "/tmp/sshguardd-policy-XXXXXX");
        assert_non_null(mkdtemp(tree->path));
        assert_int_equal(os_root_open(tree->path, &tree->root), 0);
        put_folder(tree, "/etc/sshguardd/policy.d");
        put_folder(tree, "/etc/sshguardd/profiles");
        put_folder(tree, "/usr/share/sshguardd/profiles");
        *state = tree;
        return 0;
}

static int tear_down(void **state) {
        struct tree *tree = *state;

        policy_free(tree->policy);
        diagnostics_done(&tree->diagnostics);
        os_root_close(&tree->root);
        (void)nftw(tree->path, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
        free(tree);
        return 0;
}

static int load(struct tree *tree) {
        struct sshd_release release;

        assert_true(sshd_release_parse("9.2", &release));
        policy_free(tree->policy);
        tree->policy = NULL;
        diagnostics_done(&tree->diagnostics);
        return policy_load(&tree->root, config_path, &release, &tree->policy, &tree->diagnostics);
}

static void assert_complains(const struct tree *tree, const char *expected) {
        CLEANUP(text_done) struct text text = { 0 };

        assert_int_equal(diagnostics_format(&tree->diagnostics, &text), 0);
        assert_string_equal(text_get(&text), expected);
}

static void test_order(void **state) {
        struct tree *tree = *state;
        CLEANUP_FREE char *target = tree_path(tree, "/etc/sshguardd/policy.d/b.conf");

        put(tree, config_path,
            "extends = [ \"own\", \"shipped\" ]; rules = ( { id = \"c\"; file = "
            "\"/c\"; owner = \"conf\"; } );");
        put(tree, "/usr/share/sshguardd/profiles/own.conf", "this is not read {");
        put(tree, "/etc/sshguardd/profiles/own.conf",
            "rules = ( { id = \"o\"; file = \"/o\"; owner = \"own\"; } );");
        put(tree, "/usr/share/sshguardd/profiles/shipped.conf",
            "rules = ( { id = \"s\"; file = \"/s\"; owner = \"shipped\"; } );");
        put(tree, "/etc/sshguardd/policy.d/a.conf",
            "rules = ( { id = \"c\"; owner = \"a\"; }, { id = \"o\"; owner = \"a\"; } );");
        put(tree, "/etc/sshguardd/policy.d/B.conf", "rules = ( { id = \"c\"; owner = \"B\"; } );");
        put(tree, "/etc/sshguardd/other", "rules = ( { id = \"c\"; owner = \"link\"; } );");
        assert_int_equal(symlink("/etc/sshguardd/other", target), 0); /* inside the root */
        put(tree, "/etc/sshguardd/policy.d/.hidden.conf", "nor is this {");
        put(tree, "/etc/sshguardd/policy.d/a.conf~", "nor is this {");
        put(tree, "/etc/sshguardd/policy.d/conf", "nor is this {");
        if (load(tree) < 0)
                assert_complains(tree, "");
        assert_int_equal(tree->policy->n_rules, 3);
        assert_string_equal(policy_find_rule(tree->policy, "c")->file_rule.owner, "link");
        assert_string_equal(policy_find_rule(tree->policy, "c")->file,
                            "/etc/sshguardd/policy.d/b.conf");
        assert_string_equal(policy_find_rule(tree->policy, "o")->file_rule.owner, "a");
        assert_string_equal(policy_find_rule(tree->policy, "o")->profile, "own");
        assert_string_equal(policy_find_rule(tree->policy, "s")->file_rule.owner, "shipped");
}

static void test_nothing_there(void **state) {
        struct tree *tree = *state;
        CLEANUP_FREE char *policies = tree_path(tree, "/etc/sshguardd/policy.d");
        CLEANUP_FREE char *profiles = tree_path(tree, "/etc/sshguardd/profiles");

        assert_int_equal(load(tree), -EINVAL);
        assert_complains(tree, "/etc/sshguardd/sshguardd.conf: there is no such file\n");
        assert_int_equal(rmdir(policies), 0);
        assert_int_equal(rmdir(profiles), 0);
        put(tree, config_path, "mode = \"audit\";");
        assert_int_equal(load(tree), 0);
        assert_int_equal(tree->policy->mode, MODE_AUDIT);
        put(tree, config_path, "extends = \"no-such-profile\";");
        assert_int_equal(load(tree), -EINVAL);
        assert_complains(tree, "/etc/sshguardd/sshguardd.conf:1: there is no profile "
                               "`no-such-profile`\n");
}

/* What is no file is a complaint and never waited for; all of them are named. */
static void test_what_is_no_file(void **state) {
        struct tree *tree = *state;
        CLEANUP_FREE char *fifo = tree_path(tree, "/etc/sshguardd/policy.d/a.conf");
        CLEANUP_FREE char *link = tree_path(tree, "/etc/sshguardd/policy.d/b.conf");
        CLEANUP_FREE char *large = tree_path(tree, "/etc/sshguardd/policy.d/c.conf");
        CLEANUP_FREE char *profile = tree_path(tree, "/etc/sshguardd/profiles/p.conf");
        int fd;

        put(tree, config_path, "mode = 5;");
        assert_int_equal(mkfifo(fifo, 0600), 0);
        assert_int_equal(symlink("/nowhere", link), 0);
        put(tree, "/etc/sshguardd/policy.d/c.conf", "");
        fd = open(large, O_WRONLY | O_CLOEXEC);
        assert_int_equal(ftruncate(fd, 50 << 20), 0);
        assert_int_equal(close(fd), 0);
        put(tree, "/etc/sshguardd/policy.d/d.conf", "rules = 1;");
        assert_int_equal(load(tree), -EINVAL);
        assert_complains(tree,
                         "/etc/sshguardd/policy.d/a.conf: is a FIFO where a regular file belongs\n"
                         "/etc/sshguardd/policy.d/b.conf: is a symbolic link where a regular file "
                         "belongs\n"
                         "/etc/sshguardd/policy.d/c.conf: the file is too large for a policy\n"
                         "/etc/sshguardd/sshguardd.conf:1: `mode` takes a string, not an integer\n"
                         "/etc/sshguardd/policy.d/d.conf:1: `rules` takes a list of groups: write "
                         "rules = ( { … }, { … } )\n");

        assert_int_equal(unlink(fifo), 0);
        assert_int_equal(unlink(link), 0);
        assert_int_equal(unlink(large), 0);
        put(tree, "/etc/sshguardd/policy.d/d.conf", "rules = ( );");
        put(tree, config_path, "extends = \"p\";");
        assert_int_equal(mkfifo(profile, 0600), 0);
        assert_int_equal(load(tree), -EINVAL);
        assert_complains(tree, "/etc/sshguardd/profiles/p.conf: is a FIFO where a regular file "
                               "belongs\n");
}

static void test_folder_that_is_none(void **state) {
        struct tree *tree = *state;
        CLEANUP_FREE char *folder = tree_path(tree, "/etc/sshguardd/policy.d");

        put(tree, config_path, "mode = \"audit\";");
        assert_int_equal(rmdir(folder), 0);
        put(tree, "/etc/sshguardd/policy.d", "");
        assert_int_equal(load(tree), -EINVAL);
        assert_complains(tree, "/etc/sshguardd/policy.d: cannot be listed: Not a directory\n");
}

static void test_digest(void **state) {
        static const char first[] = "mode = \"audit\";\n  // file:1\n  { id = \"a // b\"; }\n";
        static const char moved[] =
                "// x\nmode = \"audit\";\n  // file:9\n  { id = \"a // b\"; }\n";
        static const char other[] = "mode = \"audit\";\n  // file:1\n  { id = \"a // c\"; }\n";
        CLEANUP_FREE char *a = policy_load_digest(first, strlen(first));
        CLEANUP_FREE char *b = policy_load_digest(moved, strlen(moved));
        CLEANUP_FREE char *c = policy_load_digest(other, strlen(other));

        (void)state;
        assert_int_equal(strlen(a), 64);
        assert_string_equal(a, b);
        assert_string_not_equal(a, c);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_order, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_nothing_there, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_what_is_no_file, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_folder_that_is_none, set_up, tear_down),
                cmocka_unit_test(test_digest),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
