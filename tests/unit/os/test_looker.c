/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <errno.h>
#include <sched.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
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
                SKIP("assuming a user's rights needs root");
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

/* Rights that are kept serve the looks of that account, and no other's. */
static void test_kept_rights(void **state) {
        uint32_t group = 4322;
        struct credentials bob = { .uid = 4321, .gid = 4321, .groups = &group, .n_groups = 1 };
        struct look_trace trace = { 0 };
        struct snapshot s;

        (void)state;
        if (geteuid() != 0)
                SKIP("assuming a user's rights needs root");
        tree_write(&tree, "/etc/shadow", "secret");
        assert_int_equal(chmod(tree_path(&tree, "/etc/shadow"), 0600), 0);
        tree_write(&tree, "/home/bob/keys", "x");
        assert_int_equal(looker_keep_rights(looker, &bob), 0);
        assert_int_equal(setfsuid((uid_t)-1), 0);
        for (int i = 0; i < 3; i++) {
                s = take(i == 1 ? "/etc/shadow" : "/home/bob/keys", &bob, 0);
                assert_int_equal(s.metadata.kind, i == 1 ? FILE_UNREADABLE : FILE_REGULAR);
                snapshot_done(&s);
                assert_int_equal(setfsuid((uid_t)-1), 4321);
        }
        group = 4323; /* another account's, in the same place: they are compared by what they say */
        s = take("/home/bob/keys", &bob, 0);
        snapshot_done(&s);
        assert_int_equal(setfsuid((uid_t)-1), 0);
        assert_int_equal(looker_keep_rights(looker, &bob), 0);
        s = take("/etc/shadow", NULL, 0);
        assert_string_equal(s.data, "secret");
        snapshot_done(&s);
        assert_int_equal(looker_keep_rights(looker, &bob), 0);
        assert_int_equal(looker_trace(looker, "/home/bob/keys", &bob, &trace), 0);
        look_trace_done(&trace);
        assert_int_equal(setfsuid((uid_t)-1), 0);
        looker_drop_rights(looker);
        assert_int_equal(looker_keep_rights(looker, NULL), 0);
        s = take("/home/bob/keys", &bob, 0);
        snapshot_done(&s);
        assert_int_equal(setfsuid((uid_t)-1), 0);
        looker_drop_rights(looker);
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

/* What a child says through its pipe is what a look of our own gives. */
static int compare_looks(const char *path, unsigned flags) {
        CLEANUP(snapshot_done) struct snapshot here = { 0 }, there = { 0 };

        if (snapshot_take(&tree.root, path, flags, &here) < 0 ||
            looker_take(looker, path, NULL, flags, &there) < 0)
                return 1;
        if (file_metadata_compare(&here.metadata, &there.metadata) != 0 ||
            here.metadata.kind != there.metadata.kind || here.metadata.ino != there.metadata.ino ||
            here.metadata.ctime_ns != there.metadata.ctime_ns)
                return 2;
        if (here.n_data != there.n_data || !here.data != !there.data)
                return 3;
        return here.data && memcmp(here.data, there.data, here.n_data + 1) != 0 ? 4 : 0;
}

/* Links that leave the file system may lead to any server: a child follows them. */
static int behind_links(void) {
        static const char *const names[] = { "file", "empty", "none", "directory" };

        if (mount("x", tree_path(&tree, "/other"), "tmpfs", 0, NULL) < 0)
                return 77;
        tree_write(&tree, "/other/file", "PermitRootLogin no\n");
        tree_write(&tree, "/other/empty", "");
        tree_mkdir(&tree, "/other/directory");
        for (size_t i = 0; i < N_ELEMENTS(names); i++) {
                CLEANUP_FREE char *link = text_format("/home/bob/%s", names[i]);
                CLEANUP_FREE char *target = text_format("/other/%s", names[i]);
                int r;

                tree_symlink(&tree, target, link);
                r = compare_looks(link, 0);
                r = r == 0 ? compare_looks(link, SNAPSHOT_METADATA) : r;
                r = r == 0 ? compare_looks(link, SNAPSHOT_NOFOLLOW) : r;
                if (r != 0)
                        return (int)(10 * i) + r;
        }
        return 0;
}

/* A server that does not answer holds nobody up, and is not asked again for a while. */
static int with_a_dead_server(void) {
        char options[128];
        int fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);

        (void)snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0", fuse);
        if (fuse < 0 || mount("x", tree_path(&tree, "/other"), "fuse.dead", 0, options) < 0)
                return 77;
        if (!looker_is_silent(looker, "/other") || !looker_is_silent(looker, "/other/keys") ||
            looker_is_silent(looker, "/others") || looker_is_silent(looker, "/home/bob"))
                return 4;
        tree_symlink(&tree, "/other/keys", "/home/bob/keys");
        for (size_t i = 0; i < 2; i++) {
                struct look_trace trace = { 0 };
                struct snapshot s = take(i == 0 ? "/other/keys" : "/home/bob/keys", NULL, 0);

                if (s.metadata.kind != FILE_UNREADABLE || s.metadata.error != ETIMEDOUT)
                        return (int)i + 1;
                snapshot_done(&s);
                if (looker_trace(looker, "/other/keys", NULL, &trace) != -ETIMEDOUT)
                        return 3;
        }
        (void)umount2(tree_path(&tree, "/other"), MNT_DETACH);
        (void)close(fuse);
        return 0;
}

static int in_a_namespace(int (*fn)(void)) {
        int status;
        pid_t pid = fork();

        if (pid == 0) {
                if (unshare(CLONE_NEWNS) < 0 ||
                    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
                        tree_exit(77);
                /* descriptors of before lead to the mounts of before */
                looker_free(looker);
                os_root_close(&tree.root);
                tree_exit(os_root_open(tree.directory, &tree.root) < 0 ||
                                          looker_new(&tree.root, &looker) < 0
                                  ? 99
                                  : fn());
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        return WEXITSTATUS(status);
}

static void test_other_file_systems(void **state) {
        static int (*const each[])(void) = { behind_links, with_a_dead_server };

        (void)state;
        tree_mkdir(&tree, "/other");
        for (size_t i = 0; i < N_ELEMENTS(each); i++) {
                int result = in_a_namespace(each[i]);

                if (result == 77)
                        SKIP("no mounts of our own (needs root)");
                assert_int_equal(result, 0);
                (void)unlink(tree_path(&tree, "/home/bob/keys"));
        }
}

/* What was looked at last does not keep its file system busy. */
/* What is asked for comes without being read here; and again, if somebody drops the kernel's
 * caches. */
static bool becomes_cached(const char *path, const struct credentials *as) {
        bool is_cached = false;

        for (int i = 0; i < 500 && !is_cached; i++) {
                looker_read_ahead(looker, path, as);
                (void)usleep(10000);
                is_cached = tree_is_cached(&tree, path);
        }
        return is_cached;
}

static void test_read_ahead(void **state) {
        const struct credentials bob = { .uid = 4321, .gid = 4321 };
        const struct credentials *as = geteuid() == 0 ? &bob : NULL;

        (void)state;
        tree_write(&tree, "/home/bob/keys", "x");
        tree_write(&tree, "/etc/shadow", "secret");
        assert_int_equal(chmod(tree_path(&tree, "/etc/shadow"), 0600), 0);
        tree_symlink(&tree, "/etc/shadow", "/home/bob/planted");
        assert_int_equal(mkfifo(tree_path(&tree, "/home/bob/fifo"), 0666), 0);
        if (!tree_forget_content(&tree, "/home/bob/keys") ||
            !tree_forget_content(&tree, "/etc/shadow"))
                SKIP("the file system keeps everything in memory");
        looker_read_ahead(looker, "/home/bob/fifo", as);
        looker_read_ahead(looker, "/home/bob/planted", as);
        looker_read_ahead(looker, "/home/bob/none", as);
        looker_read_ahead(looker, "/home/bob", as);
        if (as)
                looker_read_ahead(looker, "/etc/shadow", as);
        assert_true(becomes_cached("/home/bob/keys", as));
        assert_false(tree_is_cached(&tree, "/etc/shadow"));
        assert_int_equal(setfsuid((uid_t)-1), geteuid());
}

static int unmount_what_was_looked_at(void) {
        struct snapshot s;

        tree_mkdir(&tree, "/other");
        if (mount("test", tree_path(&tree, "/other"), "tmpfs", 0, NULL) < 0)
                return 77;
        tree_write(&tree, "/other/keys", "x");
        s = take("/other/keys", NULL, 0);
        if (s.metadata.kind != FILE_REGULAR)
                return 1;
        snapshot_done(&s);
        looker_rest(looker);
        if (umount(tree_path(&tree, "/other")) < 0)
                return 2;
        return take("/other/keys", NULL, 0).metadata.kind == FILE_ABSENT ? 0 : 3;
}

static void test_a_rest_lets_go_of_mounts(void **state) {
        int status = in_a_namespace(unmount_what_was_looked_at);

        (void)state;
        if (status == 77)
                print_message("skipped: no mounts here\n");
        else
                assert_int_equal(status, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_kinds, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_a_rest_lets_go_of_mounts, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_read_ahead, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_rights, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_kept_rights, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_trace, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_oversize_is_not_hashed, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_other_file_systems, set_up, tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
