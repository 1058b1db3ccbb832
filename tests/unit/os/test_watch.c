/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <dirent.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include "os/watch.h"
#include "tree.h"

static struct tree tree;

/* What was reported since the last look. */
struct reports {
        size_t n, n_wanted, n_overflows; /* all; of the one path we ask about */
        size_t n_busy, n_events;         /* directories; events in the one we ask about */
        const char *wanted;
        bool is_being_written; /* of the last one */
};

static bool is_putting_off; /* what is reported is looked at later */

static bool on_dirty(void *userdata, const char *path, bool is_being_written) {
        struct reports *reports = userdata;

        reports->is_being_written = is_being_written;
        reports->n++;
        reports->n_wanted += reports->wanted && strcmp(path, reports->wanted) == 0;
        return is_putting_off;
}

static void on_overflow(void *userdata) {
        struct reports *reports = userdata;

        reports->n_overflows++;
}

static void on_events(void *userdata, const char *path, unsigned n) {
        struct reports *reports = userdata;

        reports->n_busy++;
        reports->n_events += reports->wanted && strcmp(path, reports->wanted) == 0 ? n : 0;
}

static struct reports reports;

static struct watch *start(void) {
        const struct watch_events events = { &reports, on_dirty, on_events, on_overflow };
        struct watch *watch;

        reports = (struct reports){ 0 };
        assert_int_equal(watch_new(&tree.root, &events, &watch), 0);
        return watch;
}

/* How often PATH was reported for what happened until now. */
static size_t dispatch(struct watch *watch, const char *path) {
        reports = (struct reports){ .wanted = path };
        assert_int_equal(watch_dispatch(watch), 0);
        return reports.n_wanted;
}

static int set_up(void **state) {
        (void)state;
        tree_make_fast(&tree);
        return 0;
}

static int tear_down(void **state) {
        (void)state;
        tree_remove(&tree);
        return 0;
}

static void append(const char *path) {
        int fd = open(tree_path(&tree, path), O_WRONLY | O_APPEND | O_CLOEXEC);

        TREE_MUST(fd);
        assert_int_equal(write(fd, "x", 1), 1);
        (void)close(fd);
}

/* What can happen to /t/etc/d/file, where /t/etc and all in it are made anew for each case. */

static void do_append(void) {
        append("/t/etc/d/file");
}

static void do_truncate(void) {
        TREE_MUST(truncate(tree_path(&tree, "/t/etc/d/file"), 0));
}

static void do_write_through_hard_link(void) {
        append("/t/other/hard");
}

static void do_rename_over(void) {
        tree_write(&tree, "/t/etc/d/.file.swp", "new");
        TREE_MUST(
                rename(tree_path(&tree, "/t/etc/d/.file.swp"), tree_path(&tree, "/t/etc/d/file")));
}

static void do_rename_in(void) {
        tree_write(&tree, "/t/other/new", "new");
        TREE_MUST(rename(tree_path(&tree, "/t/other/new"), tree_path(&tree, "/t/etc/d/file")));
}

static void do_rename_out(void) {
        TREE_MUST(rename(tree_path(&tree, "/t/etc/d/file"), tree_path(&tree, "/t/other/out")));
}

static void do_exchange(void) {
        tree_write(&tree, "/t/etc/d/x", "new");
        TREE_MUST(renameat2(AT_FDCWD, tree_path(&tree, "/t/etc/d/x"), AT_FDCWD,
                            tree_path(&tree, "/t/etc/d/file"), RENAME_EXCHANGE));
}

static void do_exchange_from_outside(void) {
        tree_write(&tree, "/t/other/x", "new");
        TREE_MUST(renameat2(AT_FDCWD, tree_path(&tree, "/t/other/x"), AT_FDCWD,
                            tree_path(&tree, "/t/etc/d/file"), RENAME_EXCHANGE));
}

static void do_unlink(void) {
        TREE_MUST(unlink(tree_path(&tree, "/t/etc/d/file")));
}

static void do_unlink_and_link(void) {
        tree_write(&tree, "/t/other/evil", "evil");
        TREE_MUST(unlink(tree_path(&tree, "/t/etc/d/file")));
        TREE_MUST(link(tree_path(&tree, "/t/other/evil"), tree_path(&tree, "/t/etc/d/file")));
}

static void do_symlink(void) {
        tree_write(&tree, "/t/other/evil", "evil");
        TREE_MUST(unlink(tree_path(&tree, "/t/etc/d/file")));
        tree_symlink(&tree, "../../other/evil", "/t/etc/d/file");
}

static void do_chmod(void) {
        TREE_MUST(chmod(tree_path(&tree, "/t/etc/d/file"), 0666));
}

static void do_chmod_hard_link(void) {
        TREE_MUST(chmod(tree_path(&tree, "/t/other/hard"), 0666));
}

static void do_times(void) {
        TREE_MUST(utimensat(AT_FDCWD, tree_path(&tree, "/t/etc/d/file"), NULL, 0));
}

static void do_tmpfile(void) {
        char name[64];
        int fd = open(tree_path(&tree, "/t/etc/d"), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

        TREE_MUST(fd);
        TREE_MUST(unlink(tree_path(&tree, "/t/etc/d/file")));
        (void)snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
        TREE_MUST(linkat(AT_FDCWD, name, AT_FDCWD, tree_path(&tree, "/t/etc/d/file"),
                         AT_SYMLINK_FOLLOW));
        assert_int_equal(write(fd, "evil", 4), 4);
        (void)close(fd);
}

static void do_munmap(void) {
        int fd = open(tree_path(&tree, "/t/etc/d/file"), O_RDWR | O_CLOEXEC);
        char *map = mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

        assert_ptr_not_equal(map, MAP_FAILED);
        (void)close(fd);
        map[0] = 'X';
        (void)munmap(map, 1);
}

static void do_directory_away(void) {
        TREE_MUST(rename(tree_path(&tree, "/t/etc/d"), tree_path(&tree, "/t/etc/gone")));
        tree_mkdir(&tree, "/t/etc/d");
        tree_write(&tree, "/t/etc/d/file", "new");
}

static void do_directory_above_away(void) {
        TREE_MUST(rename(tree_path(&tree, "/t/etc"), tree_path(&tree, "/t/gone")));
        tree_mkdir(&tree, "/t/etc");
        tree_mkdir(&tree, "/t/etc/d");
        tree_write(&tree, "/t/etc/d/file", "new");
}

static void do_directory_exchange(void) {
        tree_mkdir(&tree, "/t/etc/e");
        tree_write(&tree, "/t/etc/e/file", "evil");
        TREE_MUST(renameat2(AT_FDCWD, tree_path(&tree, "/t/etc/e"), AT_FDCWD,
                            tree_path(&tree, "/t/etc/d"), RENAME_EXCHANGE));
}

static void do_directory_symlink(void) {
        TREE_MUST(rename(tree_path(&tree, "/t/etc/d"), tree_path(&tree, "/t/etc/gone")));
        tree_write(&tree, "/t/other/file", "evil");
        tree_symlink(&tree, "../other", "/t/etc/d");
}

static void do_directory_mode(void) {
        /* not the file's business, but the directory is wanted too where that matters */
        TREE_MUST(chmod(tree_path(&tree, "/t/etc/d"), 0777));
}

static void do_unlink_all(void) {
        TREE_MUST(unlink(tree_path(&tree, "/t/etc/d/file")));
        TREE_MUST(rmdir(tree_path(&tree, "/t/etc/d")));
        TREE_MUST(rmdir(tree_path(&tree, "/t/etc")));
}

static void clear(const char *path) {
        (void)nftw(tree_path(&tree, path), tree_remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static void make_scene(void) {
        clear("/t");
        tree_mkdir(&tree, "/t");
        tree_mkdir(&tree, "/t/other");
        tree_mkdir(&tree, "/t/etc");
        tree_mkdir(&tree, "/t/etc/d");
        tree_write(&tree, "/t/etc/d/file", "text");
        TREE_MUST(link(tree_path(&tree, "/t/etc/d/file"), tree_path(&tree, "/t/other/hard")));
        tree_symlink(&tree, "etc/d", "/t/dlink");
        tree_symlink(&tree, "../etc/d/file", "/t/other/flink");
}

static bool exists(const char *path) {
        return access(tree_path(&tree, path), F_OK) == 0;
}

/* Whatever happened, the path is reported once, and it is watched as it is from then on. */
static void test_everything(void **state) {
        static const struct {
                const char *name;
                void (*act)(void);
                bool is_silent;
        } cases[] = {
                { "append", do_append, false },
                { "truncate", do_truncate, false },
                { "hard link", do_write_through_hard_link, false },
                { "rename over", do_rename_over, false },
                { "rename in", do_rename_in, false },
                { "rename out", do_rename_out, false },
                { "exchange", do_exchange, false },
                { "exchange outside", do_exchange_from_outside, false },
                { "unlink", do_unlink, false },
                { "unlink and link", do_unlink_and_link, false },
                { "symlink", do_symlink, false },
                { "chmod", do_chmod, false },
                { "chmod hard link", do_chmod_hard_link, false },
                { "times", do_times, false },
                { "O_TMPFILE", do_tmpfile, false },
                { "munmap", do_munmap, false },
                { "directory away", do_directory_away, false },
                { "directory above away", do_directory_above_away, false },
                { "directory exchange", do_directory_exchange, false },
                { "directory symlink", do_directory_symlink, false },
                { "directory mode", do_directory_mode, true },
                { "all gone", do_unlink_all, false },
        };
        static const char *const paths[] = { "/t/etc/d/file", "/t/dlink/file", "/t/other/flink" };

        /* one for all: closing an inotify descriptor waits for a grace period of the kernel */
        struct watch *watch = start();

        (void)state;
        for (size_t p = 0; p < sizeof paths / sizeof paths[0]; p++) {
                for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                        make_scene();
                        (void)dispatch(watch, "");
                        reports = (struct reports){ 0 };
                        assert_int_equal(watch_add(watch, paths[p]), 0);
                        assert_int_equal(reports.n, 1);
                        assert_int_equal(watch_coverage(watch, paths[p]),
                                         WATCH_DIRECTORY | WATCH_INODE);
                        assert_int_equal(dispatch(watch, paths[p]), 0);
                        cases[i].act();
                        if (dispatch(watch, paths[p]) != !cases[i].is_silent)
                                fail_msg("%s, %s: %zu reports", paths[p], cases[i].name, reports.n);
                        assert_int_equal(watch_coverage(watch, paths[p]),
                                         WATCH_DIRECTORY | (exists(paths[p]) ? WATCH_INODE : 0));
                        (void)dispatch(watch, paths[p]);
                        if (!exists("/t/etc"))
                                tree_mkdir(&tree, "/t/etc");
                        if (!exists("/t/etc/d"))
                                tree_mkdir(&tree, "/t/etc/d");
                        if (!exists(paths[p]))
                                tree_write(&tree, "/t/etc/d/file", "back");
                        (void)dispatch(watch, paths[p]);
                        append(paths[p]);
                        if (dispatch(watch, paths[p]) != 1)
                                fail_msg("%s, %s: deaf afterwards", paths[p], cases[i].name);
                        watch_remove(watch, paths[p]);
                        assert_int_equal(watch_n_watches(watch), 1);
                }
        }
        watch_free(watch);
        clear("/t");
}

/* mkdir -p and a file at once, before anybody can look: found, and watched. */
static void test_missing(void **state) {
        const char *path = "/m/home/bob/.ssh/authorized_keys";
        struct watch *watch = start();

        (void)state;
        tree_mkdir(&tree, "/m");
        assert_int_equal(watch_add(watch, path), 0);
        assert_int_equal(watch_coverage(watch, path), WATCH_DIRECTORY);
        tree_mkdir(&tree, "/m/home");
        tree_mkdir(&tree, "/m/home/bob");
        tree_mkdir(&tree, "/m/home/bob/.ssh");
        tree_write(&tree, path, "key");
        assert_int_equal(dispatch(watch, path), 1);
        assert_int_equal(watch_coverage(watch, path), WATCH_DIRECTORY | WATCH_INODE);
        append(path);
        assert_int_equal(dispatch(watch, path), 1);
        watch_free(watch);
        clear("/m");
}

/* Of a wanted directory: what happens in it, and to it. */
static void test_directory(void **state) {
        struct watch *watch = start();

        (void)state;
        tree_mkdir(&tree, "/drop-in");
        assert_int_equal(watch_add(watch, "/drop-in"), 0);
        tree_write(&tree, "/drop-in/a.conf", "");
        assert_int_equal(dispatch(watch, "/drop-in"), 1);
        append("/drop-in/a.conf");
        assert_int_equal(dispatch(watch, "/drop-in"), 1);
        TREE_MUST(chmod(tree_path(&tree, "/drop-in"), 0700));
        assert_int_equal(dispatch(watch, "/drop-in"), 1);
        TREE_MUST(rename(tree_path(&tree, "/drop-in"), tree_path(&tree, "/gone")));
        assert_int_equal(dispatch(watch, "/drop-in"), 1);
        tree_mkdir(&tree, "/drop-in");
        assert_int_equal(dispatch(watch, "/drop-in"), 1);
        tree_write(&tree, "/drop-in/b.conf", "");
        assert_int_equal(dispatch(watch, "/drop-in"), 1);
        tree_write(&tree, "/gone/c.conf", "");
        assert_int_equal(dispatch(watch, "/drop-in"), 0);
        watch_free(watch);
        /* the root itself can be wanted */
        watch = start();
        assert_int_equal(watch_add(watch, "/"), 0);
        assert_int_equal(watch_coverage(watch, "/"), WATCH_DIRECTORY | WATCH_INODE);
        tree_mkdir(&tree, "/drop-in2");
        assert_int_equal(dispatch(watch, "/"), 1);
        watch_free(watch);
}

/* A write in progress is told from a finished one. */
static void test_being_written(void **state) {
        struct watch *watch = start();
        int fd;

        (void)state;
        tree_write(&tree, "/slow", "");
        assert_int_equal(watch_add(watch, "/slow"), 0);
        assert_false(reports.is_being_written);
        (void)dispatch(watch, "");
        fd = open(tree_path(&tree, "/slow"), O_WRONLY | O_CLOEXEC);
        assert_int_equal(write(fd, "half", 4), 4);
        assert_int_equal(dispatch(watch, "/slow"), 1);
        assert_true(reports.is_being_written);
        assert_int_equal(write(fd, "more", 4), 4);
        TREE_MUST(fchmod(fd, 0600));
        assert_int_equal(dispatch(watch, "/slow"), 1);
        assert_false(reports.is_being_written);
        assert_int_equal(write(fd, "rest", 4), 4);
        (void)close(fd);
        assert_int_equal(dispatch(watch, "/slow"), 1);
        assert_false(reports.is_being_written);
        watch_free(watch);
}

/* An event costs what lies in that directory, not what is wanted elsewhere. */
static void test_cost(void **state) {
        enum { N_USERS = 2000 };
        struct watch *watch = start();
        char path[128];
        size_t n_watches;

        (void)state;
        tree_mkdir(&tree, "/home");
        for (int i = 0; i < N_USERS; i++) {
                (void)snprintf(path, sizeof path, "/home/u%d", i);
                tree_mkdir(&tree, path);
                assert_int_equal(watch_add(watch, path), 0);
                (void)snprintf(path, sizeof path, "/home/u%d/keys", i);
                tree_write(&tree, path, "");
                assert_int_equal(watch_add(watch, path), 0);
                assert_int_equal(watch_add(watch, path), 0);
        }
        (void)dispatch(watch, "");
        n_watches = watch_n_watches(watch);
        assert_int_equal(n_watches, 2 * N_USERS + 2);
        append("/home/u1000/keys");
        assert_int_equal(dispatch(watch, "/home/u1000/keys"), 1);
        assert_int_equal(reports.n, 2); /* the directory u1000 is wanted too */
        tree_mkdir(&tree, "/home/new");
        (void)dispatch(watch, "");
        assert_int_equal(reports.n, 0);
        TREE_MUST(rename(tree_path(&tree, "/home/u7"), tree_path(&tree, "/home/renamed")));
        assert_int_equal(dispatch(watch, "/home/u7/keys"), 1);
        assert_int_equal(reports.n, 2);
        /* all there was is given back */
        for (int i = 0; i < N_USERS; i++) {
                (void)snprintf(path, sizeof path, "/home/u%d", i);
                watch_remove(watch, path);
                (void)snprintf(path, sizeof path, "/home/u%d/keys", i);
                watch_remove(watch, path);
                watch_remove(watch, path);
        }
        assert_int_equal(watch_n_watches(watch), 1); /* the root stays */
        assert_int_equal(watch_coverage(watch, path), WATCH_NONE);
        watch_free(watch);
}

static void test_links(void **state) {
        struct watch *watch = start();

        (void)state;
        tree_mkdir(&tree, "/l");
        tree_mkdir(&tree, "/l/a");
        tree_mkdir(&tree, "/l/b");
        tree_write(&tree, "/l/b/keys", "b");
        tree_symlink(&tree, "./../l/a/../b/keys", "/l/link");
        tree_symlink(&tree, "loop", "/l/loop");
        tree_symlink(&tree, "missing/file", "/l/dangling");
        assert_int_equal(watch_add(watch, "/l/link"), 0);
        assert_int_equal(watch_coverage(watch, "/l/link"), WATCH_DIRECTORY | WATCH_INODE);
        append("/l/b/keys");
        assert_int_equal(dispatch(watch, "/l/link"), 1);
        assert_int_equal(watch_add(watch, "/l/loop"), 0);
        assert_int_equal(watch_coverage(watch, "/l/loop"), WATCH_UNREACHABLE);
        assert_int_equal(watch_add(watch, "/l/dangling"), 0);
        assert_int_equal(watch_coverage(watch, "/l/dangling"), WATCH_DIRECTORY);
        (void)dispatch(watch, "");
        tree_mkdir(&tree, "/l/missing");
        tree_write(&tree, "/l/missing/file", "");
        assert_int_equal(dispatch(watch, "/l/dangling"), 1);
        append("/l/missing/file");
        assert_int_equal(dispatch(watch, "/l/dangling"), 1);
        /* the loop is cut */
        TREE_MUST(unlink(tree_path(&tree, "/l/loop")));
        tree_symlink(&tree, "b/keys", "/l/loop");
        assert_int_equal(dispatch(watch, "/l/loop"), 1);
        assert_int_equal(watch_coverage(watch, "/l/loop"), WATCH_DIRECTORY | WATCH_INODE);
        watch_free(watch);
}

static void test_overflow(void **state) {
        struct watch *watch = start();
        FILE *limit = fopen("/proc/sys/fs/inotify/max_queued_events", "re");
        long max = 16384;

        (void)state;
        assert_non_null(limit);
        assert_int_equal(fscanf(limit, "%ld", &max), 1);
        (void)fclose(limit);
        tree_mkdir(&tree, "/o");
        tree_write(&tree, "/o/a", "");
        tree_write(&tree, "/o/b", "");
        assert_int_equal(watch_add(watch, "/o/a"), 0);
        assert_int_equal(watch_add(watch, "/o/b"), 0);
        for (long i = 0; i <= max; i++)
                TREE_MUST(chmod(tree_path(&tree, i % 2 ? "/o/a" : "/o/b"), 0600));
        /* what the overflow swallowed */
        TREE_MUST(rename(tree_path(&tree, "/o"), tree_path(&tree, "/o2")));
        tree_mkdir(&tree, "/o");
        tree_write(&tree, "/o/a", "new");
        reports = (struct reports){ 0 };
        for (int i = 0; i < 1000 && reports.n_overflows == 0; i++)
                assert_int_equal(watch_dispatch(watch), 0);
        assert_int_equal(reports.n_overflows, 1);
        assert_int_equal(watch_refresh(watch, "/o/a"), 0);
        (void)dispatch(watch, "");
        append("/o/a");
        assert_int_equal(dispatch(watch, "/o/a"), 1);
        watch_free(watch);
}

/* Refreshing tells only if there is something to tell. */
static void test_refresh(void **state) {
        struct watch *watch = start();

        (void)state;
        tree_write(&tree, "/r", "");
        assert_int_equal(watch_add(watch, "/r"), 0);
        reports = (struct reports){ 0 };
        assert_int_equal(watch_refresh(watch, "/r"), 0);
        assert_int_equal(watch_refresh(watch, "/not wanted"), 0);
        assert_int_equal(reports.n, 0);
        tree_write(&tree, "/r2", "");
        TREE_MUST(rename(tree_path(&tree, "/r2"), tree_path(&tree, "/r")));
        assert_int_equal(watch_refresh(watch, "/r"), 0); /* before the events were read */
        assert_int_equal(reports.n, 1);
        assert_int_equal(watch_refresh(watch, "/r"), 0);
        assert_int_equal(reports.n, 1);
        TREE_MUST(unlink(tree_path(&tree, "/r")));
        (void)dispatch(watch, "");
        reports = (struct reports){ 0 };
        assert_int_equal(watch_refresh(watch, "/r"), 0);
        assert_int_equal(reports.n, 0);
        watch_free(watch);
        watch_free(NULL);
}

static int in_child(int (*fn)(void)) {
        int status;
        pid_t pid = fork();

        if (pid == 0)
                tree_exit(fn());
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        return WEXITSTATUS(status);
}

static int write_text(const char *path, const char *text) {
        int fd = open(path, O_WRONLY | O_CLOEXEC);
        ssize_t n = fd < 0 ? -1 : write(fd, text, strlen(text));

        if (fd >= 0)
                (void)close(fd);
        return n < 0 ? -1 : 0;
}

/* A user namespace has a limit of its own. */
static int with_few_watches(void) {
        const char *limit = "/proc/sys/user/max_inotify_watches";
        struct watch *watch;
        int result = 0;

        if (unshare(CLONE_NEWUSER) < 0 || write_text("/proc/self/uid_map", "0 0 1") < 0 ||
            write_text(limit, "2") < 0)
                return 77;
        watch = start();
        if (watch_add(watch, "/w/a/file") != 0 || watch_add(watch, "/w/a/file2") != 0)
                return 1;
        if (watch_coverage(watch, "/w/a/file") != WATCH_LIMITED || watch_n_watches(watch) > 2 ||
            watch_n_limited(watch) != 2)
                result = 2;
        reports = (struct reports){ 0 };
        if (watch_refresh(watch, "/w/a/file") != 0 || reports.n != 0)
                result = 3; /* polling must not feed itself */
        if (write_text(limit, "100") < 0 || watch_refresh(watch, "/w/a/file") != 0 ||
            watch_coverage(watch, "/w/a/file") != (WATCH_DIRECTORY | WATCH_INODE) || reports.n != 1)
                result = 4;
        reports = (struct reports){ 0 };
        if (watch_retry_limited(watch) != 0 || watch_n_limited(watch) != 0 || reports.n != 1 ||
            watch_retry_limited(watch) != 0 || reports.n != 1)
                result = 5;
        if (write_text(limit, "1") < 0 || watch_add(watch, "/w/c/d") != 0)
                result = 6;
        reports = (struct reports){ 0 };
        if (watch_retry_limited(watch) != 0 || reports.n != 0)
                result = 7;
        watch_remove(watch, "/w/a/file2");
        watch_remove(watch, "/w/c/d");
        if (watch_n_limited(watch) != 0)
                result = 8;
        watch_free(watch);
        return result;
}

static void test_limit(void **state) {
        int status;

        (void)state;
        tree_mkdir(&tree, "/w");
        tree_mkdir(&tree, "/w/a");
        tree_write(&tree, "/w/a/file", "");
        tree_write(&tree, "/w/a/file2", "");
        status = in_child(with_few_watches);
        if (status == 77) {
                print_message("skipped: no user namespace of our own\n");
                skip();
        }
        assert_int_equal(status, 0);
}

static int on_mounts(void) {
        char options[128];
        struct watch *watch;
        int fuse;

        if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
                return 77;
        os_root_close(&tree.root);
        if (os_root_open(tree.directory, &tree.root) < 0)
                return 1;
        watch = start();
        if (watch_add(watch, "/mnt/d/file") != 0 || watch_add(watch, "/mnt/other") != 0)
                return 2;
        /* over the file, over its directory, and away again: no inotify event, but a new table */
        for (int i = 0; i < 4; i++) {
                const char *point = tree_path(&tree, i < 2 ? "/mnt/d/file" : "/mnt/d");

                if (i % 2 == 0 && mount(i < 2 ? tree_path(&tree, "/evil") : "tmpfs", point,
                                        i < 2 ? NULL : "tmpfs", i < 2 ? MS_BIND : 0, NULL) < 0)
                        return 3;
                if (i % 2 == 1 && umount(point) < 0)
                        return 4;
                reports = (struct reports){ .wanted = "/mnt/d/file" };
                if (watch_dispatch_mounts(watch) != 0 || reports.n_wanted != 1 || reports.n != 1)
                        return 10 + i;
                (void)dispatch(watch, "");
        }
        /* A FUSE file system whose server never answers: whoever touches it waits for ever. */
        fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);
        (void)snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0", fuse);
        if (fuse < 0 || mount("x", tree_path(&tree, "/mnt/d"), "fuse.dead", 0, options) < 0)
                return 78;
        if (watch_add(watch, "/mnt/d/deeper/file") != 0 ||
            watch_coverage(watch, "/mnt/d/deeper/file") != WATCH_NO_EVENTS ||
            watch_coverage(watch, "/mnt/d/file") != WATCH_NO_EVENTS ||
            watch_refresh(watch, "/mnt/d/file") != 0)
                return 20;
        (void)umount2(tree_path(&tree, "/mnt/d"), MNT_DETACH);
        if (watch_dispatch_mounts(watch) != 0 ||
            watch_coverage(watch, "/mnt/d/file") != (WATCH_DIRECTORY | WATCH_INODE))
                return 21;
        watch_free(watch);
        return 0;
}

static void test_mounts(void **state) {
        int status;

        (void)state;
        tree_mkdir(&tree, "/mnt");
        tree_mkdir(&tree, "/mnt/d");
        tree_write(&tree, "/mnt/d/file", "");
        tree_write(&tree, "/evil", "evil");
        status = in_child(on_mounts);
        if (status == 77 || status == 78) {
                print_message("skipped: no %s (needs root)\n",
                              status == 77 ? "mount namespace of our own" : "FUSE");
                skip();
        }
        assert_int_equal(status, 0);
}

static bool is_removing;
static struct watch *removing;

static bool on_dirty_remove(void *userdata, const char *path, bool is_being_written) {
        (void)userdata;
        (void)is_being_written;
        if (!is_removing || strcmp(path, "/c/other") == 0)
                return false;
        watch_remove(removing, path);
        assert_int_equal(watch_add(removing, "/c/other"), 0);
        return false;
}

/* Callbacks may change what is wanted. */
static void test_callbacks(void **state) {
        const struct watch_events events = { NULL, on_dirty_remove, NULL, on_overflow };

        (void)state;
        tree_mkdir(&tree, "/c");
        tree_write(&tree, "/c/a", "");
        tree_write(&tree, "/c/b", "");
        assert_int_equal(watch_new(&tree.root, &events, &removing), 0);
        assert_int_equal(watch_add(removing, "/c/a"), 0);
        assert_int_equal(watch_add(removing, "/c/b"), 0);
        TREE_MUST(rename(tree_path(&tree, "/c"), tree_path(&tree, "/c2")));
        is_removing = true;
        assert_int_equal(watch_dispatch(removing), 0);
        is_removing = false;
        assert_int_equal(watch_coverage(removing, "/c/a"), WATCH_NONE);
        assert_int_equal(watch_coverage(removing, "/c/b"), WATCH_NONE);
        watch_free(removing);
}

/* A path whose look is to come is told once, and while it is written each time; and once it is
 * taken its watches are where it is now. */
static void test_putting_off(void **state) {
        struct watch *watch;

        (void)state;
        tree_mkdir(&tree, "/off");
        tree_mkdir(&tree, "/off/d");
        tree_write(&tree, "/off/d/a", "");
        tree_write(&tree, "/off/d/b", "");
        watch = start();
        assert_int_equal(watch_add(watch, "/off/d/a"), 0);
        assert_int_equal(watch_add(watch, "/off/d/b"), 0);
        is_putting_off = true;
        append("/off/d/a");
        assert_int_equal(dispatch(watch, "/off/d/b"), 1);
        append("/off/d/a");
        assert_int_equal(dispatch(watch, "/off/d/a"), 0);
        assert_int_equal(watch_take(watch, "/off/d/a"), 0);
        append("/off/d/a");
        assert_int_equal(dispatch(watch, "/off/d/a"), 1);
        assert_int_equal(reports.n, 1); /* the other one was not taken */
        assert_int_equal(watch_take(watch, "/off/d/b"), 0);

        for (off_t n = 3; n > 0; n--) { /* IN_MODIFY: a writer */
                TREE_MUST(truncate(tree_path(&tree, "/off/d/b"), n));
                assert_int_equal(dispatch(watch, "/off/d/b"), 1);
                assert_true(reports.is_being_written);
        }
        append("/off/d/b");
        assert_int_equal(dispatch(watch, "/off/d/b"), 1);
        assert_false(reports.is_being_written);
        TREE_MUST(truncate(tree_path(&tree, "/off/d/b"), 9));
        append("/off/d/a");
        assert_int_equal(dispatch(watch, "/off/d/b"), 0);

        /* of a directory made anew nothing is seen until then, and all from then on */
        assert_int_equal(watch_take(watch, "/off/d/a"), 0);
        assert_int_equal(watch_take(watch, "/off/d/b"), 0);
        TREE_MUST(rename(tree_path(&tree, "/off/d"), tree_path(&tree, "/off/old")));
        tree_mkdir(&tree, "/off/d");
        tree_write(&tree, "/off/d/a", "");
        assert_int_equal(dispatch(watch, "/off/d/a"), 1);
        assert_int_equal(watch_take(watch, "/off/d/a"), 0);
        append("/off/d/a");
        assert_int_equal(dispatch(watch, "/off/d/a"), 1);
        assert_int_equal(watch_take(watch, "/off/d/none"), 0);
        is_putting_off = false;
        watch_free(watch);
}

/* How much happens in a directory is told whether or not it is told again what. */
static void test_busy(void **state) {
        struct watch *watch;

        (void)state;
        tree_mkdir(&tree, "/busy");
        tree_mkdir(&tree, "/busy/d");
        tree_mkdir(&tree, "/busy/e");
        tree_write(&tree, "/busy/d/a", "");
        watch = start();
        assert_int_equal(watch_add(watch, "/busy/d"), 0);
        assert_int_equal(watch_add(watch, "/busy/d/a"), 0);
        assert_int_equal(watch_add(watch, "/busy/e"), 0);
        is_putting_off = true;
        for (unsigned n = 0; n < 2; n++) {
                TREE_MUST(chmod(tree_path(&tree, "/busy/d/a"), 0600));
                TREE_MUST(chmod(tree_path(&tree, "/busy/d/a"), 0644));
                TREE_MUST(chmod(tree_path(&tree, "/busy/d/a"), 0600));
                (void)dispatch(watch, "/busy/d");
                assert_int_equal(reports.n_busy, 1);
                assert_int_equal(reports.n_events, 3);
        }
        (void)dispatch(watch, "/busy/d");
        assert_int_equal(reports.n_busy, 0);
        is_putting_off = false;
        watch_free(watch);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_everything), cmocka_unit_test(test_missing),
                cmocka_unit_test(test_directory),  cmocka_unit_test(test_cost),
                cmocka_unit_test(test_links),      cmocka_unit_test(test_being_written),
                cmocka_unit_test(test_overflow),   cmocka_unit_test(test_refresh),
                cmocka_unit_test(test_limit),      cmocka_unit_test(test_mounts),
                cmocka_unit_test(test_callbacks),  cmocka_unit_test(test_putting_off),
                cmocka_unit_test(test_busy),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
