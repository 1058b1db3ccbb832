/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <linux/fs.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "os/replace.h"
#include "tree.h"

static const char good[] = "PermitRootLogin no\n";
static const char bad[] = "PermitRootLogin yes\n";

enum { BOB = 70000 };

static struct tree tree;

static int set_up(void **state) {
        (void)state;
        tree_make(&tree);
        tree_mkdir(&tree, "/etc");
        tree_mkdir(&tree, "/pve");
        return 0;
}

static int tear_down(void **state) {
        (void)state;
        tree_remove(&tree);
        return 0;
}

static bool need_root(void) {
        if (geteuid() == 0)
                return false;
        print_message("skipped: needs root\n");
        return true;
}

static struct file_metadata regular(uint32_t mode) {
        return (struct file_metadata){
                .kind = FILE_REGULAR, .mode = mode, .uid = geteuid(), .gid = getegid()
        };
}

static struct replace_request request_for(const char *path, const struct file_metadata *m) {
        return (struct replace_request){
                .path = path,
                .version = { .metadata = m,
                             .data = m->kind == FILE_REGULAR ? good : NULL,
                             .n_data = m->kind == FILE_REGULAR ? strlen(good) : 0 },
        };
}

/* Runs a request that must end with OUTCOME; the caller gets the replacement. */
static struct replacement replace(const struct replace_request *request,
                                  enum replace_outcome outcome) {
        struct replacement replacement;

        assert_int_equal(replace_file(&tree.root, request, &replacement), 0);
        if (replacement.outcome != outcome)
                fail_msg("%s: %s: %s, not %s", request->path,
                         replace_outcome_name(replacement.outcome), strerror(replacement.error),
                         replace_outcome_name(outcome));
        return replacement;
}

static void replace_only(const struct replace_request *request, enum replace_outcome outcome) {
        struct replacement replacement = replace(request, outcome);

        assert_null(replacement.spare);
        replacement_done(&replacement);
}

static size_t count_leftovers(const char *directory) {
        char **paths;
        size_t n;

        assert_int_equal(replace_list_leftovers(&tree.root, directory, &paths, &n), 0);
        strings_free(paths, n);
        return n;
}

static void append_line(const char *path) {
        int fd = open(tree_path(&tree, path), O_WRONLY | O_APPEND | O_CLOEXEC);

        assert_true(fd >= 0);
        assert_int_equal(write(fd, "#\n", 2), 2);
        (void)close(fd);
}

static void test_exchange(void **state) {
        struct file_metadata m = regular(0640);
        struct replace_request request = request_for("/etc/sshd_config", &m);
        struct replacement replacement;
        struct stat st;

        (void)state;
        tree_write(&tree, "/etc/sshd_config", bad);
        assert_int_equal(chmod(tree_path(&tree, "/etc/sshd_config"), 0666), 0);
        replacement = replace(&request, REPLACE_DONE);
        assert_string_equal(replacement.path, "/etc/sshd_config");
        assert_string_equal(tree_read(&tree, "/etc/sshd_config"), good);
        assert_int_equal(stat(tree_path(&tree, "/etc/sshd_config"), &st), 0);
        assert_int_equal(st.st_mode & 07777, 0640);
        assert_non_null(replacement.spare);
        assert_string_equal(tree_read(&tree, replacement.spare), bad);
        assert_int_equal(replacement.old.metadata.kind, FILE_REGULAR);
        assert_int_equal(replacement.old.metadata.mode, 0666);
        assert_string_equal(replacement.old.data, bad);
        assert_int_equal(count_leftovers("/etc"), 1);
        assert_int_equal(replace_finish(&replacement), 0);
        assert_null(replacement.spare);
        assert_int_equal(replace_finish(&replacement), 0);
        replacement_done(&replacement);
        assert_int_equal(count_leftovers("/etc"), 0);
        assert_string_equal(tree_read(&tree, "/etc/sshd_config"), good);
}

static void test_owner_and_labels(void **state) {
        /* owner, user 1234, group, mask, others */
        char acl[] = "\2\0\0\0\1\0\6\0\377\377\377\377\2\0\4\0\322\4\0\0\4\0\0\0\377\377\377\377"
                     "\20\0\4\0\377\377\377\377\40\0\0\0\377\377\377\377";
        char acl_name[] = "system.posix_acl_access", user_name[] = "user.note", value[] = "x";
        struct file_xattr xattrs[] = { { acl_name, acl, 44 }, { user_name, value, 1 } };
        struct file_metadata m = regular(0640);
        struct replace_request request = request_for("/etc/labelled", &m);
        struct replacement replacement;
        struct snapshot now;

        (void)state;
        if (need_root())
                skip();
        m.uid = BOB;
        m.gid = BOB + 1;
        m.mode = 04640; /* set-id bits survive the change of owner */
        m.xattrs = xattrs;
        m.n_xattrs = 2;
        tree_write(&tree, "/etc/labelled", bad);
        assert_int_equal(setxattr(tree_path(&tree, "/etc/labelled"), "user.evil", "y", 1, 0), 0);
        /* a default ACL of the directory would be on every new file */
        assert_int_equal(setxattr(tree_path(&tree, "/etc"), "system.posix_acl_default", acl, 44, 0),
                         0);
        replacement = replace(&request, REPLACE_DONE);
        assert_int_equal(snapshot_take(&tree.root, "/etc/labelled", 0, &now), 0);
        m.has_sha256 = true;
        m.size = now.metadata.size;
        memcpy(m.sha256, now.metadata.sha256, sizeof m.sha256);
        assert_int_equal(file_metadata_compare(&now.metadata, &m), 0);
        snapshot_done(&now);
        assert_int_equal(replace_finish(&replacement), 0);
        replacement_done(&replacement);

        m.n_xattrs = 0;
        replacement = replace(&request, REPLACE_DONE);
        assert_int_equal(snapshot_take(&tree.root, "/etc/labelled", 0, &now), 0);
        assert_int_equal(now.metadata.n_xattrs, 0);
        assert_int_equal(now.metadata.mode, 04640);
        snapshot_done(&now);
        assert_int_equal(replace_finish(&replacement), 0);
        replacement_done(&replacement);
        assert_int_equal(removexattr(tree_path(&tree, "/etc"), "system.posix_acl_default"), 0);
}

static void test_absence(void **state) {
        struct file_metadata m = regular(0600), absent = { .kind = FILE_ABSENT };
        struct replace_request create = request_for("/etc/drop-in", &m);
        struct replace_request remove = request_for("/etc/drop-in", &absent);
        struct replacement replacement;

        (void)state;
        replace_only(&remove, REPLACE_DONE);
        replacement = replace(&create, REPLACE_DONE);
        assert_null(replacement.spare);
        assert_int_equal(replacement.old.metadata.kind, FILE_ABSENT);
        assert_int_equal(replace_finish(&replacement), 0);
        replacement_done(&replacement);
        assert_string_equal(tree_read(&tree, "/etc/drop-in"), good);
        replacement = replace(&remove, REPLACE_DONE);
        assert_string_equal(tree_read(&tree, "/etc/drop-in"), "(absent)");
        assert_string_equal(tree_read(&tree, replacement.spare), good);
        assert_string_equal(replacement.old.data, good);
        assert_int_equal(replace_finish(&replacement), 0);
        replacement_done(&replacement);
        assert_int_equal(count_leftovers("/etc"), 0);
        create.path = "/none/drop-in";
        replace_only(&create, REPLACE_NO_PARENT);
        create.path = "/etc/..";
        replace_only(&create, REPLACE_REFUSED);
        create.path = "/";
        replace_only(&create, REPLACE_REFUSED);
        m.kind = FILE_FIFO;
        create.path = "/etc/fifo";
        replace_only(&create, REPLACE_REFUSED);
}

static void test_kinds(void **state) {
        char target[] = "/pve/keys";
        struct file_metadata m = regular(0600);
        struct file_metadata link = {
                .kind = FILE_SYMLINK, .link_target = target, .uid = geteuid(), .gid = getegid()
        };
        struct file_metadata directory = {
                .kind = FILE_DIRECTORY, .mode = 0700, .uid = geteuid(), .gid = getegid()
        };
        struct replace_request request = request_for("/etc/k", &m);
        struct replacement replacement;
        char got[64] = "";
        struct stat st;

        (void)state;
        assert_int_equal(mkfifo(tree_path(&tree, "/etc/k"), 0600), 0);
        replacement = replace(&request, REPLACE_DONE);
        assert_int_equal(replacement.old.metadata.kind, FILE_FIFO);
        assert_int_equal(replace_finish(&replacement), 0);
        replacement_done(&replacement);
        assert_string_equal(tree_read(&tree, "/etc/k"), good);

        request = request_for("/etc/k", &link);
        replacement = replace(&request, REPLACE_DONE);
        assert_true(readlink(tree_path(&tree, "/etc/k"), got, sizeof got - 1) > 0);
        assert_string_equal(got, target);
        assert_int_equal(replace_finish(&replacement), 0);
        replacement_done(&replacement);

        request = request_for("/etc/k", &directory);
        request.flags = REPLACE_NOFOLLOW;
        replacement = replace(&request, REPLACE_DONE);
        assert_int_equal(replacement.old.metadata.kind, FILE_SYMLINK);
        assert_int_equal(replace_finish(&replacement), 0);
        replacement_done(&replacement);
        assert_int_equal(lstat(tree_path(&tree, "/etc/k"), &st), 0);
        assert_true(S_ISDIR(st.st_mode));
        assert_int_equal(st.st_mode & 07777, 0700);

        /* a directory that is there keeps its content and gets its metadata */
        tree_write(&tree, "/etc/k/inside", "kept");
        assert_int_equal(chmod(tree_path(&tree, "/etc/k"), 0777), 0);
        replace_only(&request, REPLACE_DONE);
        assert_int_equal(lstat(tree_path(&tree, "/etc/k"), &st), 0);
        assert_int_equal(st.st_mode & 07777, 0700);
        assert_string_equal(tree_read(&tree, "/etc/k/inside"), "kept");

        /* a directory where a file belongs is moved aside, with what is in it */
        request = request_for("/etc/k", &m);
        replacement = replace(&request, REPLACE_DONE);
        assert_string_equal(tree_read(&tree, "/etc/k"), good);
        assert_int_equal(replacement.old.metadata.kind, FILE_DIRECTORY);
        assert_int_equal(replace_finish(&replacement), -ENOTEMPTY);
        assert_non_null(replacement.spare);
        (void)snprintf(got, sizeof got, "%s/inside", replacement.spare);
        assert_string_equal(tree_read(&tree, got), "kept");
        assert_int_equal(unlink(tree_path(&tree, got)), 0);
        assert_int_equal(replace_finish(&replacement), 0);
        replacement_done(&replacement);
        assert_int_equal(count_leftovers("/etc"), 0);
}

static void test_links(void **state) {
        struct file_metadata m = regular(0600);
        struct replace_request request = request_for("/etc/keys", &m);
        struct replacement replacement;
        struct stat st;

        (void)state;
        tree_write(&tree, "/pve/keys", bad);
        tree_symlink(&tree, "/pve/keys", "/etc/keys");
        tree_symlink(&tree, "etc", "/etc-link");
        replacement = replace(&request, REPLACE_DONE);
        assert_string_equal(replacement.path, "/pve/keys");
        assert_string_equal(tree_read(&tree, "/pve/keys"), good);
        assert_int_equal(lstat(tree_path(&tree, "/etc/keys"), &st), 0);
        assert_true(S_ISLNK(st.st_mode));
        assert_int_equal(count_leftovers("/pve"), 1);
        assert_int_equal(replace_finish(&replacement), 0);
        replacement_done(&replacement);

        /* a dangling one: the file is created where it points */
        assert_int_equal(unlink(tree_path(&tree, "/pve/keys")), 0);
        request.path = "/etc-link/keys";
        replacement = replace(&request, REPLACE_DONE);
        assert_string_equal(replacement.path, "/pve/keys");
        replacement_done(&replacement);
        assert_string_equal(tree_read(&tree, "/pve/keys"), good);

        request.flags = REPLACE_NO_LINKS;
        replace_only(&request, REPLACE_REFUSED);
        /* the directory is none, but the file itself is: what no link may be is put in its place */
        request.path = "/etc/keys";
        request.flags = REPLACE_NOFOLLOW | REPLACE_NO_LINKS;
        replacement = replace(&request, REPLACE_DONE);
        assert_int_equal(replacement.old.metadata.kind, FILE_SYMLINK);
        assert_string_equal(replacement.old.metadata.link_target, "/pve/keys");
        assert_int_equal(replace_finish(&replacement), 0);
        replacement_done(&replacement);
        assert_int_equal(lstat(tree_path(&tree, "/etc/keys"), &st), 0);
        assert_true(S_ISREG(st.st_mode));

        tree_symlink(&tree, "loop", "/etc/loop");
        request.path = "/etc/loop";
        request.flags = 0;
        replace_only(&request, REPLACE_REFUSED);
}

static void test_expected(void **state) {
        struct file_metadata m = regular(0600), absent = { .kind = FILE_ABSENT };
        struct replace_request request = request_for("/etc/judged", &m);
        struct replacement replacement;
        struct snapshot judged;

        (void)state;
        tree_write(&tree, "/etc/judged", bad);
        assert_int_equal(snapshot_take(&tree.root, "/etc/judged", 0, &judged), 0);
        request.expected = &judged.metadata;
        tree_write(&tree, "/etc/judged", "something else\n");
        replace_only(&request, REPLACE_CHANGED);
        assert_string_equal(tree_read(&tree, "/etc/judged"), "something else\n");
        request.expected = &absent;
        replace_only(&request, REPLACE_CHANGED);
        /* the same content in another inode is what was judged */
        assert_int_equal(unlink(tree_path(&tree, "/etc/judged")), 0);
        request.expected = &judged.metadata;
        replace_only(&request, REPLACE_CHANGED);
        tree_write(&tree, "/etc/judged", bad);
        replacement = replace(&request, REPLACE_DONE);
        assert_int_equal(replace_finish(&replacement), 0);
        replacement_done(&replacement);
        snapshot_done(&judged);
        assert_int_equal(count_leftovers("/etc"), 0);
}

static void test_flags(void **state) {
        struct file_metadata m = regular(0600), absent = { .kind = FILE_ABSENT };
        struct replace_request request = request_for("/etc/locked", &m);
        struct replacement replacement;
        struct snapshot s;

        (void)state;
        tree_write(&tree, "/etc/locked", bad);
        if (tree_set_flags(tree_path(&tree, "/etc/locked"), FS_IMMUTABLE_FL) < 0) {
                print_message("skipped: no inode flags here: %s\n", strerror(errno));
                skip();
        }
        assert_int_equal(tree_set_flags(tree_path(&tree, "/etc"), FS_APPEND_FL), 0);
        replacement = replace(&request, REPLACE_DONE);
        assert_int_equal(replacement.old.metadata.flags, FS_IMMUTABLE_FL);
        assert_string_equal(tree_read(&tree, "/etc/locked"), good);
        assert_int_equal(replace_finish(&replacement), 0);
        replacement_done(&replacement);
        assert_int_equal(snapshot_take(&tree.root, "/etc", SNAPSHOT_METADATA, &s), 0);
        assert_int_equal(s.metadata.flags, FS_APPEND_FL);
        snapshot_done(&s);
        assert_int_equal(tree_set_flags(tree_path(&tree, "/etc"), 0), 0);

        m.flags = FS_IMMUTABLE_FL;
        replacement = replace(&request, REPLACE_DONE);
        assert_int_equal(replace_finish(&replacement), 0);
        replacement_done(&replacement);
        assert_int_equal(snapshot_take(&tree.root, "/etc/locked", 0, &s), 0);
        assert_int_equal(s.metadata.flags, FS_IMMUTABLE_FL);
        snapshot_done(&s);

        /* what is not replaced after all keeps its flags */
        request.expected = &absent;
        replace_only(&request, REPLACE_CHANGED);
        m.kind = FILE_SYMLINK;
        request.expected = NULL;
        replace_only(&request, REPLACE_REFUSED);
        assert_int_equal(snapshot_take(&tree.root, "/etc/locked", 0, &s), 0);
        assert_int_equal(s.metadata.flags, FS_IMMUTABLE_FL);
        snapshot_done(&s);
        assert_int_equal(tree_set_flags(tree_path(&tree, "/etc/locked"), 0), 0);
}

static void test_metadata_only(void **state) {
        struct file_metadata m = regular(0400);
        struct replace_request request = request_for("/etc/.google_authenticator", &m);
        struct replacement replacement;
        struct stat before, after;

        (void)state;
        request.flags = REPLACE_METADATA;
        request.version.data = NULL;
        request.version.n_data = 0;
        replace_only(&request, REPLACE_CHANGED);
        tree_write(&tree, "/etc/.google_authenticator", "SECRET\n");
        assert_int_equal(chmod(tree_path(&tree, "/etc/.google_authenticator"), 0666), 0);
        assert_int_equal(stat(tree_path(&tree, "/etc/.google_authenticator"), &before), 0);
        replacement = replace(&request, REPLACE_DONE);
        assert_int_equal(replacement.old.metadata.mode, 0666);
        assert_null(replacement.old.data);
        assert_null(replacement.spare);
        assert_int_equal(replace_finish(&replacement), 0);
        replacement_done(&replacement);
        assert_int_equal(stat(tree_path(&tree, "/etc/.google_authenticator"), &after), 0);
        assert_int_equal(after.st_ino, before.st_ino);
        assert_int_equal(after.st_mode & 07777, 0400);
        assert_string_equal(tree_read(&tree, "/etc/.google_authenticator"), "SECRET\n");
        /* not to a file with another name: it may be somebody else's */
        assert_int_equal(link(tree_path(&tree, "/etc/.google_authenticator"),
                              tree_path(&tree, "/etc/second")),
                         0);
        replace_only(&request, REPLACE_REFUSED);
}

/* A directory that root took from its owner is given back, unless a link led to it. */
static void test_directory_of_roots(void **state) {
        struct credentials bob = { .uid = BOB, .gid = BOB };
        struct file_metadata m = { .kind = FILE_DIRECTORY, .mode = 0700, .uid = BOB, .gid = BOB };
        struct replace_request request = request_for("/own/bob/.ssh", &m);
        struct replacement replacement;
        struct stat st;

        (void)state;
        if (need_root())
                skip();
        request.as = &bob;
        request.version.data = NULL;
        request.version.n_data = 0;
        tree_mkdir(&tree, "/own");
        tree_mkdir(&tree, "/own/bob");
        tree_mkdir(&tree, "/own/bob/.ssh");
        assert_int_equal(chown(tree_path(&tree, "/own/bob"), BOB, BOB), 0);
        assert_int_equal(chown(tree_path(&tree, "/own/bob/.ssh"), 0, BOB), 0);
        replace_only(&request, REPLACE_REFUSED); /* links were allowed */
        request.flags = REPLACE_NO_LINKS;
        replacement = replace(&request, REPLACE_DONE);
        assert_int_equal(replacement.old.metadata.uid, 0);
        assert_int_equal(replace_finish(&replacement), 0);
        replacement_done(&replacement);
        assert_int_equal(stat(tree_path(&tree, "/own/bob/.ssh"), &st), 0);
        assert_int_equal(st.st_uid, BOB);
        assert_int_equal(st.st_mode & 07777, 0700);

        assert_int_equal(chown(tree_path(&tree, "/own/bob/.ssh"), BOB + 1, BOB), 0);
        replace_only(&request, REPLACE_REFUSED); /* a third one's */
        assert_int_equal(rmdir(tree_path(&tree, "/own/bob/.ssh")), 0);
        tree_mkdir(&tree, "/roots");
        tree_mkdir(&tree, "/roots/.ssh");
        tree_symlink(&tree, "/roots", "/own/bob/way");
        request.path = "/own/bob/way/.ssh";
        replacement = replace(&request, REPLACE_REFUSED);
        replacement_done(&replacement);
        assert_int_equal(stat(tree_path(&tree, "/roots/.ssh"), &st), 0);
        assert_int_equal(st.st_uid, 0);
}

static void test_as_user(void **state) {
        struct credentials bob = { .uid = BOB, .gid = BOB };
        struct file_metadata m = { .kind = FILE_REGULAR, .mode = 0600, .uid = BOB, .gid = BOB };
        struct replace_request request = request_for("/home/bob/.ssh/authorized_keys", &m);
        struct replacement replacement;
        struct stat st;

        (void)state;
        if (need_root())
                skip();
        tree_mkdir(&tree, "/home");
        tree_mkdir(&tree, "/home/bob");
        tree_mkdir(&tree, "/home/bob/.ssh");
        assert_int_equal(chown(tree_path(&tree, "/home/bob"), BOB, BOB), 0);
        assert_int_equal(chown(tree_path(&tree, "/home/bob/.ssh"), BOB, BOB), 0);
        tree_write(&tree, "/home/bob/.ssh/authorized_keys", bad);
        assert_int_equal(chmod(tree_path(&tree, "/home/bob/.ssh/authorized_keys"), 0), 0);
        assert_int_equal(chown(tree_path(&tree, "/home/bob/.ssh/authorized_keys"), BOB, BOB), 0);
        request.as = &bob;
        replacement = replace(&request, REPLACE_DONE);
        assert_string_equal(replacement.old.data, bad); /* mode 000, and still kept */
        assert_int_equal(replace_finish(&replacement), 0);
        replacement_done(&replacement);
        assert_int_equal(stat(tree_path(&tree, "/home/bob/.ssh/authorized_keys"), &st), 0);
        assert_int_equal(st.st_uid, BOB);

        /* a planted link to root's file, and a directory swapped for a link to root's */
        tree_mkdir(&tree, "/secret");
        tree_write(&tree, "/secret/shadow", "root:secret");
        assert_int_equal(chmod(tree_path(&tree, "/secret/shadow"), 0600), 0);
        assert_int_equal(unlink(tree_path(&tree, "/home/bob/.ssh/authorized_keys")), 0);
        tree_symlink(&tree, "/secret/shadow", "/home/bob/.ssh/authorized_keys");
        replacement = replace(&request, REPLACE_FAILED);
        assert_int_equal(replacement.error, EACCES);
        assert_null(replacement.old.data);
        replacement_done(&replacement);
        request.flags = REPLACE_METADATA;
        replace_only(&request, REPLACE_REFUSED);
        request.flags = 0;
        assert_int_equal(stat(tree_path(&tree, "/secret/shadow"), &st), 0);
        assert_int_equal(st.st_uid, 0);
        assert_int_equal(tree_set_flags(tree_path(&tree, "/secret/shadow"), FS_IMMUTABLE_FL), 0);
        replace_only(&request, REPLACE_IMMUTABLE);
        request.flags = REPLACE_METADATA;
        replace_only(&request, REPLACE_IMMUTABLE);
        request.flags = REPLACE_NOFOLLOW;
        assert_int_equal(tree_set_flags(tree_path(&tree, "/secret/shadow"), 0), 0);
        replacement = replace(&request, REPLACE_DONE);
        assert_int_equal(replacement.old.metadata.kind, FILE_SYMLINK);
        assert_int_equal(replace_finish(&replacement), 0);
        replacement_done(&replacement);
        assert_string_equal(tree_read(&tree, "/secret/shadow"), "root:secret");
        assert_string_equal(tree_read(&tree, "/home/bob/.ssh/authorized_keys"), good);

        /* a second name of root's file: its bytes are not the user's to have kept */
        assert_int_equal(unlink(tree_path(&tree, "/home/bob/.ssh/authorized_keys")), 0);
        assert_int_equal(link(tree_path(&tree, "/secret/shadow"),
                              tree_path(&tree, "/home/bob/.ssh/authorized_keys")),
                         0);
        replacement = replace(&request, REPLACE_DONE);
        assert_int_equal(replacement.old.metadata.kind, FILE_UNREADABLE);
        assert_null(replacement.old.data);
        assert_int_equal(replace_finish(&replacement), 0);
        replacement_done(&replacement);
        assert_string_equal(tree_read(&tree, "/secret/shadow"), "root:secret");

        assert_int_equal(rename(tree_path(&tree, "/home/bob/.ssh"), tree_path(&tree, "/gone")), 0);
        tree_symlink(&tree, "/secret", "/home/bob/.ssh");
        request.path = "/home/bob/.ssh/shadow";
        replacement = replace(&request, REPLACE_FAILED);
        assert_int_equal(replacement.error, EACCES);
        replacement_done(&replacement);
        assert_string_equal(tree_read(&tree, "/secret/shadow"), "root:secret");
        assert_int_equal(count_leftovers("/secret"), 0);
}

/* In a mount namespace of its own; status 77 where there is none. */
static int in_namespace(int (*fn)(void)) {
        int status;
        pid_t pid = fork();

        if (pid == 0) {
                if (unshare(CLONE_NEWNS) < 0 ||
                    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
                        tree_exit(77);
                tree_exit(fn());
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        return WEXITSTATUS(status);
}

static enum replace_outcome outcome_of(const struct os_root *root, const char *path) {
        struct file_metadata m = regular(0600);
        struct replace_request request = request_for(path, &m);
        struct replacement replacement;
        enum replace_outcome outcome;

        if (replace_file(root, &request, &replacement) < 0)
                return N_REPLACE_OUTCOMES;
        outcome = replacement.outcome;
        replacement_done(&replacement);
        return outcome;
}

static int on_mounts(void) {
        static char filler[1 << 20];
        char *full = strdup(tree_path(&tree, "/full"));
        int fd;

        os_root_close(&tree.root); /* it is of the other namespace */
        if (os_root_open(tree.directory, &tree.root) < 0)
                return 9;
        tree_mkdir(&tree, "/mnt");
        tree_write(&tree, "/mnt/file", bad);
        tree_write(&tree, "/evil", "evil");
        if (mount(tree_path(&tree, "/evil"), tree_path(&tree, "/mnt/file"), NULL, MS_BIND, NULL) <
            0)
                return 1;
        if (outcome_of(&tree.root, "/mnt/file") != REPLACE_MOUNT_POINT)
                return 2;
        if (umount(tree_path(&tree, "/mnt/file")) < 0 ||
            mount(tree_path(&tree, "/mnt"), tree_path(&tree, "/mnt"), NULL, MS_BIND, NULL) < 0 ||
            mount(NULL, tree_path(&tree, "/mnt"), NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL) < 0)
                return 3;
        if (outcome_of(&tree.root, "/mnt/file") != REPLACE_READ_ONLY)
                return 4;
        tree_mkdir(&tree, "/full");
        if (mount("tmpfs", full, "tmpfs", 0, "size=64k") < 0)
                return 5;
        tree_write(&tree, "/full/file", bad);
        fd = open(tree_path(&tree, "/full/filler"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        while (write(fd, filler, 4096) > 0)
                ;
        (void)close(fd);
        if (outcome_of(&tree.root, "/full/file") != REPLACE_NO_SPACE)
                return 6;
        if (strcmp(tree_read(&tree, "/full/file"), bad) != 0 || count_leftovers("/full") != 0)
                return 7;
        return umount(tree_path(&tree, "/mnt")) < 0 || umount(full) < 0 ? 8 : 0;
}

static void test_mounts(void **state) {
        int status = in_namespace(on_mounts);

        (void)state;
        if (status == 77) {
                print_message("skipped: no mount namespace of our own (needs root)\n");
                skip();
        }
        assert_int_equal(status, 0);
}

/* A process that waits in open(2) for the other end of the FIFO at PATH, and ends then. */
static pid_t wait_at(const char *path) {
        char state = '?';
        pid_t pid = fork();

        if (pid == 0) {
                (void)alarm(20);
                _exit(open(tree_path(&tree, path), O_RDONLY) < 0);
        }
        while (state != 'S') {
                CLEANUP_FREE char *name = text_format("/proc/%d/stat", (int)pid);
                FILE *file = fopen(name, "r");

                assert_int_equal(fscanf(file, "%*d %*s %c", &state), 1);
                (void)fclose(file);
        }
        return pid;
}

/* Who was about to read a FIFO must not wait for ever once nobody can find it any more. */
static void test_a_fifo_lets_go(void **state) {
        struct file_metadata kinds[] = { regular(0640), { .kind = FILE_ABSENT } };

        (void)state;
        for (size_t i = 0; i < 4; i++) {
                struct replace_request request = request_for("/etc/waited", &kinds[i % 2]);
                struct replacement replacement = { .directory_fd = -1,
                                                   .old.metadata.kind = FILE_FIFO };
                int pid, status;

                assert_int_equal(mkfifo(tree_path(&tree, "/etc/waited"), 0600), 0);
                pid = wait_at("/etc/waited");
                if (i < 2)
                        replacement = replace(&request, REPLACE_DONE);
                else
                        assert_int_equal(replace_overwrite(&tree.root, &request, &replacement), 0);
                assert_int_equal(replacement.outcome, REPLACE_DONE);
                assert_int_equal(waitpid(pid, &status, 0), pid);
                assert_int_equal(status, 0);
                assert_int_equal(replace_finish(&replacement), 0);
                replacement_done(&replacement);
                (void)unlink(tree_path(&tree, "/etc/waited"));
        }
}

/* Where nothing can be exchanged either: an empty one goes, what is in another one stays. */
static void test_overwrite_a_directory(void **state) {
        struct file_metadata m = regular(0640), absent = { .kind = FILE_ABSENT };
        const struct {
                struct file_metadata *wanted;
                bool is_empty;
                const char *content;
        } cases[] = {
                { &m, true, good },
                { &absent, true, "(absent)" },
                { &m, false, good },
                { &absent, false, "(absent)" },
        };

        (void)state;
        assert_int_equal(mkdir(tree_path(&tree, "/etc/over"), 0755), 0);
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
                struct replace_request request = request_for("/etc/over/it", cases[i].wanted);
                struct replacement replacement = { .directory_fd = -1 };
                size_t n_before = count_leftovers("/etc/over");

                assert_int_equal(mkdir(tree_path(&tree, "/etc/over/it"), 0755), 0);
                if (!cases[i].is_empty)
                        tree_write(&tree, "/etc/over/it/in", bad);
                assert_int_equal(snapshot_take(&tree.root, "/etc/over/it", 0, &replacement.old), 0);
                assert_int_equal(replace_overwrite(&tree.root, &request, &replacement), 0);
                assert_int_equal(replacement.outcome, REPLACE_DONE);
                assert_string_equal(tree_read(&tree, "/etc/over/it"), cases[i].content);
                assert_int_equal(count_leftovers("/etc/over"), n_before + !cases[i].is_empty);
                replacement_done(&replacement);
                (void)unlink(tree_path(&tree, "/etc/over/it"));
        }
}

/* The second way, for file systems that cannot exchange. */
static void test_overwrite(void **state) {
        struct file_metadata m = regular(0640), absent = { .kind = FILE_ABSENT };
        struct replace_request request = request_for("/etc/fuse", &m);
        struct replacement replacement = { .directory_fd = -1 };
        struct stat st;

        (void)state;
        tree_write(&tree, "/etc/fuse", bad);
        assert_int_equal(snapshot_take(&tree.root, "/etc/fuse", 0, &replacement.old), 0);
        append_line("/etc/fuse");
        assert_int_equal(replace_overwrite(&tree.root, &request, &replacement), 0);
        assert_int_equal(replacement.outcome, REPLACE_CHANGED);
        tree_write(&tree, "/etc/fuse", bad);
        assert_int_equal(replace_overwrite(&tree.root, &request, &replacement), 0);
        assert_int_equal(replacement.outcome, REPLACE_DONE);
        assert_string_equal(tree_read(&tree, "/etc/fuse"), good);
        assert_int_equal(stat(tree_path(&tree, "/etc/fuse"), &st), 0);
        assert_int_equal(st.st_mode & 07777, 0640);
        replacement_done(&replacement);

        assert_int_equal(snapshot_take(&tree.root, "/etc/fuse", 0, &replacement.old), 0);
        request = request_for("/etc/fuse", &absent);
        assert_int_equal(replace_overwrite(&tree.root, &request, &replacement), 0);
        assert_int_equal(replacement.outcome, REPLACE_DONE);
        assert_string_equal(tree_read(&tree, "/etc/fuse"), "(absent)");
        request.path = "/none/fuse";
        assert_int_equal(replace_overwrite(&tree.root, &request, &replacement), 0);
        assert_int_equal(replacement.outcome, REPLACE_NO_PARENT);
        replacement_done(&replacement);
}

/* What could not be read stays until it was. */
static void test_unread(void **state) {
        struct file_metadata m = regular(0600);
        struct replace_request request = request_for("/etc/unread", &m);
        struct replacement replacement;

        (void)state;
        tree_write(&tree, "/etc/unread", bad);
        replacement = replace(&request, REPLACE_DONE);
        snapshot_done(&replacement.old);
        replacement.error = EIO;
        assert_int_equal(replace_finish(&replacement), -EAGAIN);
        assert_string_equal(tree_read(&tree, replacement.spare), bad);
        assert_int_equal(replace_look_again(&replacement), 0);
        assert_string_equal(replacement.old.data, bad);
        assert_int_equal(replace_finish(&replacement), 0);
        assert_int_equal(replace_look_again(&replacement), 0);
        replacement_done(&replacement);

        /* somebody put another file under the spare name: it is not ours to remove */
        tree_write(&tree, "/etc/unread", bad);
        replacement = replace(&request, REPLACE_DONE);
        tree_write(&tree, "/etc/foreign", "foreign");
        assert_int_equal(
                rename(tree_path(&tree, "/etc/foreign"), tree_path(&tree, replacement.spare)), 0);
        assert_int_equal(replace_finish(&replacement), -ESTALE);
        assert_int_equal(replace_remove_leftover(&tree.root, replacement.spare), 0);
        assert_int_equal(replace_finish(&replacement), 0);
        replacement_done(&replacement);
}

static void test_leftovers(void **state) {
        char **paths;
        size_t n;

        (void)state;
        tree_mkdir(&tree, "/left");
        tree_write(&tree, "/left/.sshguardd-0123456789abcdef", bad);
        tree_write(&tree, "/left/sshguardd.conf", "");
        assert_int_equal(replace_list_leftovers(&tree.root, "/left", &paths, &n), 0);
        assert_int_equal(n, 1);
        assert_string_equal(paths[0], "/left/.sshguardd-0123456789abcdef");
        assert_int_equal(replace_remove_leftover(&tree.root, paths[0]), 0);
        assert_int_equal(replace_remove_leftover(&tree.root, paths[0]), 0);
        strings_free(paths, n);
        assert_int_equal(replace_remove_leftover(&tree.root, "/left/sshguardd.conf"), -EINVAL);
        assert_int_equal(count_leftovers("/left"), 0);
        assert_int_equal(replace_list_leftovers(&tree.root, "/none", &paths, &n), -ENOENT);
        tree_write(&tree, "/.sshguardd-1", "");
        assert_int_equal(replace_list_leftovers(&tree.root, "/", &paths, &n), 0);
        assert_int_equal(n, 1);
        assert_string_equal(paths[0], "/.sshguardd-1");
        strings_free(paths, n);
}

static void test_names(void **state) {
        (void)state;
        for (int i = 0; i < N_REPLACE_OUTCOMES; i++)
                assert_non_null(replace_outcome_name((enum replace_outcome)i));
        assert_string_equal(replace_outcome_name(N_REPLACE_OUTCOMES), "unknown");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_exchange),
                cmocka_unit_test(test_owner_and_labels),
                cmocka_unit_test(test_absence),
                cmocka_unit_test(test_kinds),
                cmocka_unit_test(test_links),
                cmocka_unit_test(test_expected),
                cmocka_unit_test(test_flags),
                cmocka_unit_test(test_metadata_only),
                cmocka_unit_test(test_as_user),
                cmocka_unit_test(test_mounts),
                cmocka_unit_test(test_directory_of_roots),
                cmocka_unit_test(test_a_fifo_lets_go),
                cmocka_unit_test(test_overwrite),
                cmocka_unit_test(test_overwrite_a_directory),
                cmocka_unit_test(test_unread),
                cmocka_unit_test(test_leftovers),
                cmocka_unit_test(test_names),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
