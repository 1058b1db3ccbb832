/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/looker.h"
#include "tree.h"

static struct tree tree;
static struct looker *looker;

static int set_up(void **state) {
        (void)state;
        tree_make(&tree);
        tree_mkdir(&tree, "/home");
        tree_mkdir(&tree, "/home/bob");
        tree_mkdir(&tree, "/etc");
        return looker_new(&tree.root, &looker);
}

static int tear_down(void **state) {
        (void)state;
        looker_free(looker);
        tree_remove(&tree);
        return 0;
}

static struct snapshot take(const char *path, const struct credentials *as, unsigned flags) {
        struct snapshot s = { 0 };

        assert_int_equal(looker_take(looker, path, as, flags, &s), 0);
        return s;
}

static void test_kinds(void **state) {
        struct snapshot s;

        (void)state;
        tree_write(&tree, "/home/bob/keys", "x");
        tree_symlink(&tree, "keys", "/home/bob/link");
        tree_symlink(&tree, "/nowhere", "/home/bob/dangling");
        s = take("/home/bob/keys", NULL, 0);
        assert_int_equal(s.metadata.kind, FILE_REGULAR);
        assert_string_equal(s.data, "x");
        snapshot_done(&s);
        s = take("/home/bob/link", NULL, SNAPSHOT_NOFOLLOW);
        assert_int_equal(s.metadata.kind, FILE_SYMLINK);
        snapshot_done(&s);
        s = take("/home/bob/link", NULL, 0);
        assert_int_equal(s.metadata.kind, FILE_REGULAR);
        snapshot_done(&s);
        s = take("/home/bob/dangling", NULL, 0);
        assert_int_equal(s.metadata.kind, FILE_SYMLINK);
        snapshot_done(&s);
        s = take("/home/bob/none/at/all", NULL, 0);
        assert_int_equal(s.metadata.kind, FILE_ABSENT);
        snapshot_done(&s);
}

/* A link to what only root may read is read by nobody. */
static void test_rights(void **state) {
        const struct credentials bob = { .uid = 4321, .gid = 4321 };
        struct snapshot s;

        (void)state;
        if (geteuid() != 0)
                skip();
        tree_write(&tree, "/etc/shadow", "secret");
        assert_int_equal(chmod(tree_path(&tree, "/etc/shadow"), 0600), 0);
        tree_symlink(&tree, "/etc/shadow", "/home/bob/planted");
        s = take("/home/bob/planted", &bob, 0);
        assert_int_equal(s.metadata.kind, FILE_UNREADABLE);
        assert_int_equal(s.metadata.error, EACCES);
        assert_null(s.data);
        snapshot_done(&s);
        assert_int_equal(geteuid(), 0);
        s = take("/etc/shadow", NULL, 0);
        assert_string_equal(s.data, "secret");
        snapshot_done(&s);
}

static void test_trace(void **state) {
        struct look_trace trace = { 0 };

        (void)state;
        tree_write(&tree, "/home/bob/authorized_keys", "x");
        tree_symlink(&tree, "/home/bob", "/home/rob");
        assert_int_equal(looker_trace(looker, "/home/rob/authorized_keys", NULL, &trace), 0);
        assert_int_equal(trace.n_items, 4);
        assert_string_equal(trace.items[0].path, "/home/bob/authorized_keys");
        assert_string_equal(trace.items[1].path, "/home/bob");
        assert_string_equal(trace.items[3].path, "/");
        assert_int_equal(trace.items[1].mode, 0755);
        look_trace_done(&trace);
        assert_int_equal(looker_trace(looker, "/home/none", NULL, &trace), -ENOENT);
}

static void test_oversize_is_not_hashed(void **state) {
        struct snapshot s;

        (void)state;
        tree_write(&tree, "/home/bob/huge", "x");
        assert_int_equal(truncate(tree_path(&tree, "/home/bob/huge"), SNAPSHOT_CONTENT_MAX + 1), 0);
        s = take("/home/bob/huge", NULL, SNAPSHOT_BOUNDED);
        assert_true(s.metadata.is_oversize);
        assert_false(s.metadata.has_sha256);
        assert_int_equal(s.n_data, 2 * SNAPSHOT_END_MAX);
        snapshot_done(&s);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_kinds, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_rights, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_trace, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_oversize_is_not_hashed, set_up, tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
