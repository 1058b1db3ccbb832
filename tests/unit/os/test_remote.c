/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "os/remote.h"
#include "tree.h"

static const char good[] = "PermitRootLogin no\n";
static const char bad[] = "PermitRootLogin yes\n";

static struct tree tree;

static int set_up(void **state) {
        (void)state;
        tree_make(&tree);
        tree_mkdir(&tree, "/d");
        return 0;
}

static int tear_down(void **state) {
        (void)state;
        tree_remove(&tree);
        return 0;
}

static void test_replace(void **state) {
        struct file_metadata m = {
                .kind = FILE_REGULAR, .mode = 0600, .uid = geteuid(), .gid = getegid()
        };
        struct replace_request request = {
                .path = "/d/config",
                .version = { .metadata = &m, .data = good, .n_data = strlen(good) },
        };
        struct replacement replacement;

        (void)state;
        tree_write(&tree, "/d/config", bad);
        assert_int_equal(remote_replace(&tree.root, &request, &replacement), 0);
        assert_int_equal(replacement.outcome, REPLACE_DONE);
        assert_string_equal(replacement.path, "/d/config");
        assert_string_equal(replacement.old.data, bad);
        assert_string_equal(tree_read(&tree, "/d/config"), good);
        assert_string_equal(tree_read(&tree, replacement.spare), bad);
        assert_int_equal(remote_finish(&tree.root, &replacement), 0);
        assert_null(replacement.spare);
        assert_int_equal(remote_finish(&tree.root, &replacement), 0);

        /* what was stored, and only that, is overwritten */
        assert_int_equal(remote_overwrite(&tree.root, &request, &replacement), 0);
        assert_int_equal(replacement.outcome, REPLACE_CHANGED);
        replacement_done(&replacement);
        tree_write(&tree, "/d/config", bad);
        replacement = (struct replacement){ .directory_fd = -1 };
        assert_int_equal(snapshot_take(&tree.root, "/d/config", 0, &replacement.old), 0);
        assert_int_equal(remote_overwrite(&tree.root, &request, &replacement), 0);
        assert_int_equal(replacement.outcome, REPLACE_DONE);
        assert_string_equal(tree_read(&tree, "/d/config"), good);
        replacement_done(&replacement);
}

/* A FUSE server that never answers. */
static int with_dead_server(void) {
        struct file_metadata m = { .kind = FILE_REGULAR, .mode = 0600 };
        struct replace_request request = {
                .path = "/dead/config",
                .version = { .metadata = &m, .data = good, .n_data = strlen(good) },
        };
        struct replacement replacement;
        char options[128];
        int fuse, result = 0;

        if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
                return 77;
        os_root_close(&tree.root);
        fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);
        (void)snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0", fuse);
        if (os_root_open(tree.directory, &tree.root) < 0 || fuse < 0 ||
            mount("x", tree_path(&tree, "/dead"), "fuse.dead", 0, options) < 0)
                return 77;
        if (remote_replace(&tree.root, &request, &replacement) < 0 ||
            replacement.outcome != REPLACE_FAILED || replacement.error != ETIMEDOUT)
                result = 2;
        (void)umount2(tree_path(&tree, "/dead"), MNT_DETACH);
        (void)close(fuse);
        return result;
}

static void test_dead_server(void **state) {
        int status;
        pid_t pid;

        (void)state;
        tree_mkdir(&tree, "/dead");
        pid = fork();
        if (pid == 0)
                tree_exit(with_dead_server());
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        if (WEXITSTATUS(status) == 77) {
                print_message("skipped: no FUSE mount of our own (needs root)\n");
                skip();
        }
        assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_replace),
                cmocka_unit_test(test_dead_server),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
