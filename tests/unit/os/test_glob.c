/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include "base/array.h"
#include "base/text.h"
#include "os/snapshot.h"
#include "tree.h"

static struct tree tree;

static int set_up(void **state) {
        static const char *const files[] = {
                "/c/!x.conf", "/c/00-a.conf", "/c/b.conf",   "/c/.hid.conf", "/c/a*b",
                "/c/a]b",     "/c/a\\b",      "/c/a-b",      "/c/aXb",       "/c/a[b",
                "/h/bob/k1",  "/h/bob/k2",    "/h/alice/k1", "/h/file",      "/c/\xc3\xa9.conf",
        };

        (void)state;
        tree_make_fast(&tree);
        tree_mkdir(&tree, "/c");
        tree_mkdir(&tree, "/h");
        tree_mkdir(&tree, "/h/bob");
        tree_mkdir(&tree, "/h/alice");
        for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
                tree_write(&tree, files[i], "");
        tree_symlink(&tree, "nowhere", "/c/dangling.conf");
        tree_symlink(&tree, "/h/alice", "/h/link");
        tree_mkdir(&tree, "/c/dir.conf");
        return 0;
}

static int tear_down(void **state) {
        (void)state;
        tree_remove(&tree);
        return 0;
}

/* The matches, each followed by a blank. */
static char *expand(const char *pattern) {
        struct text text = { 0 };
        char **paths;
        size_t n;

        assert_int_equal(snapshot_glob(&tree.root, pattern, &paths, &n), 0);
        for (size_t i = 0; i < n; i++)
                (void)text_appendf(&text, "%s ", paths[i]);
        strings_free(paths, n);
        return text_take(&text);
}

/* What OpenBSD's glob with flags 0 gives. */
static void test_patterns(void **state) {
        static const struct {
                const char *pattern, *paths;
        } cases[] = {
                { "/c/*.conf", "/c/!x.conf /c/00-a.conf /c/b.conf /c/dangling.conf /c/dir.conf "
                               "/c/\xc3\xa9.conf " },
                { "/c/.*.conf", "/c/.hid.conf " },
                { "/c/[.]hid.conf", "" },
                { "/c/?hid.conf", "" },
                { "/c/\\.h*", "/c/.hid.conf " },
                { "/c/b.conf", "/c/b.conf " },
                { "/c/none.conf", "" },
                { "/c/dangling.conf", "/c/dangling.conf " },
                { "//c//b.conf", "//c//b.conf " },
                { "//c//b*f", "//c//b.conf " },
                { "/c/a\\*b", "/c/a*b " },
                { "/c/a[*]b", "/c/a*b " },
                { "/c/a[]]b", "/c/a]b " },
                { "/c/a[]-]b", "/c/a-b /c/a]b " },
                { "/c/a[A-Z]b", "/c/aXb " },
                { "/c/a[!A-Z]b", "/c/a*b /c/a-b /c/a[b /c/a\\b /c/a]b " },
                { "/c/a[^X]b", "/c/aXb " },
                { "/c/a[[:upper:]]b", "/c/aXb " },
                { "/c/a[[:upper:]-]b", "/c/a-b /c/aXb " },
                { "/c/a[[:nope:]X]b", "" },
                { "/c/a[[:upper:]", "" },
                { "/c/a[b", "/c/a[b " },
                { "/c/a[[]b", "/c/a[b " },
                { "/c/a\\\\b", "/c/a\\b " },
                { "/c/b.con[f/]", "" },
                { "/c/b.conf\\", "" },
                { "/c/b.con\\f", "/c/b.conf " },
                { "/h/*/k1", "/h/alice/k1 /h/bob/k1 /h/link/k1 " },
                { "/h/*/k?", "/h/alice/k1 /h/bob/k1 /h/bob/k2 /h/link/k1 " },
                { "/h/b*b/k*", "/h/bob/k1 /h/bob/k2 " },
                { "/h/**/k2", "/h/bob/k2 " },
                { "/h/*/", "/h/alice/ /h/bob/ /h/link/ " },
                { "/*/bob/../alice/k1", "/h/bob/../alice/k1 " },
                { "/none/*", "" },
                { "/h/file/*", "" },
                { "/", "/ " },
        };

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                char *paths = expand(cases[i].pattern);

                if (strcmp(paths, cases[i].paths) != 0)
                        fail_msg("%s: \"%s\", not \"%s\"", cases[i].pattern, paths, cases[i].paths);
                free(paths);
        }
}

static void test_limits(void **state) {
        char *pattern, **paths;
        size_t n;

        (void)state;
        assert_int_equal(snapshot_glob(&tree.root, "c/*", &paths, &n), -EINVAL);
        pattern = malloc(PATH_MAX + 1);
        memset(pattern, '/', PATH_MAX);
        pattern[PATH_MAX] = '\0';
        assert_int_equal(snapshot_glob(&tree.root, pattern, &paths, &n), 0);
        assert_int_equal(n, 0);
        free(pattern);
        tree_mkdir(&tree, "/many");
        for (int i = 0; i <= SNAPSHOT_GLOB_MATCHES_MAX; i++) {
                char name[32];

                (void)snprintf(name, sizeof name, "/many/%d", i);
                tree_write(&tree, name, "");
        }
        assert_int_equal(snapshot_glob(&tree.root, "/many/*", &paths, &n), -E2BIG);
        assert_int_equal(snapshot_glob(&tree.root, "/many/1?", &paths, &n), 0);
        assert_int_equal(n, 10);
        strings_free(paths, n);
}

/* A tree that leads back into itself would be walked for ever: 2^k paths for k stars. */
static void test_entries_are_bounded(void **state) {
        struct text pattern = { 0 };
        char **paths;
        size_t n;

        (void)state;
        tree_mkdir(&tree, "/loop");
        for (int i = 0; i < 64; i++) {
                char name[32];

                (void)snprintf(name, sizeof name, "/loop/%d", i);
                tree_symlink(&tree, ".", name);
        }
        (void)text_append(&pattern, "/loop");
        for (int i = 0; i < 30; i++)
                (void)text_append(&pattern, "/*");
        (void)text_append(&pattern, "/x");
        assert_int_equal(snapshot_glob(&tree.root, text_get(&pattern), &paths, &n), -E2BIG);
        text_done(&pattern);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_patterns),
                cmocka_unit_test(test_limits),
                cmocka_unit_test(test_entries_are_bounded),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
