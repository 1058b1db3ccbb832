/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <linux/fs.h>
#include <openssl/sha.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/xattr.h>

#include "base/array.h"
#include "os/snapshot.h"
#include "tree.h"

static struct tree tree;

static int set_up(void **state) {
        (void)state;
        tree_make(&tree);
        tree_mkdir(&tree, "/d");
        tree_write(&tree, "/d/file", "PermitRootLogin no\n");
        return 0;
}

static int tear_down(void **state) {
        (void)state;
        tree_remove(&tree);
        return 0;
}

static void assert_sha256_of(const struct snapshot *s, const void *data, size_t n) {
        uint8_t digest[SHA256_DIGEST_LENGTH];

        (void)SHA256(data, n, digest);
        assert_true(s->metadata.has_sha256);
        assert_memory_equal(s->metadata.sha256, digest, sizeof digest);
}

static void test_regular(void **state) {
        const char *text = "PermitRootLogin no\n";
        struct snapshot s;

        (void)state;
        assert_int_equal(chmod(tree_path(&tree, "/d/file"), 04640), 0);
        assert_int_equal(snapshot_take(&tree.root, "/d/file", 0, &s), 0);
        assert_int_equal(s.metadata.kind, FILE_REGULAR);
        assert_int_equal(s.metadata.mode, 04640);
        assert_int_equal(s.metadata.size, strlen(text));
        assert_int_equal(s.metadata.nlink, 1);
        assert_true(s.metadata.ctime_ns > 0 && s.metadata.ino > 0);
        assert_int_equal(s.n_data, strlen(text));
        assert_string_equal(s.data, text);
        assert_false(s.is_unstable || s.metadata.is_oversize);
        assert_sha256_of(&s, text, strlen(text));
        snapshot_done(&s);
}

static void test_flags(void **state) {
        const char *text = "PermitRootLogin no\n";
        struct snapshot s;

        (void)state;
        assert_int_equal(snapshot_take(&tree.root, "/d/file", SNAPSHOT_METADATA, &s), 0);
        assert_null(s.data);
        assert_false(s.metadata.has_sha256);
        assert_int_equal(s.metadata.size, strlen(text));
        snapshot_done(&s);
        assert_int_equal(snapshot_take(&tree.root, "/d/file", SNAPSHOT_SECRET, &s), 0);
        assert_null(s.data);
        assert_sha256_of(&s, text, strlen(text));
        snapshot_done(&s);
}

static void test_kinds(void **state) {
        static const struct {
                const char *path;
                unsigned flags;
                enum file_kind kind;
                int error;
        } cases[] = {
                { "/d", 0, FILE_DIRECTORY, 0 },
                { "/d/absent", 0, FILE_ABSENT, 0 },
                { "/absent/absent", 0, FILE_ABSENT, 0 },
                { "/d/file/below", 0, FILE_ABSENT, 0 },
                { "/d/fifo", 0, FILE_FIFO, 0 },
                { "/d/socket", 0, FILE_SOCKET, 0 },
                { "/d/link", 0, FILE_REGULAR, 0 },
                { "/d/link", SNAPSHOT_NOFOLLOW, FILE_SYMLINK, 0 },
                { "/d/link", SNAPSHOT_NO_LINKS, FILE_UNREADABLE, ELOOP },
                { "/d/link", SNAPSHOT_NO_LINKS | SNAPSHOT_NOFOLLOW, FILE_SYMLINK, 0 },
                { "/dlink/file", SNAPSHOT_NOFOLLOW, FILE_REGULAR, 0 },
                { "/dlink/file", SNAPSHOT_NO_LINKS, FILE_UNREADABLE, ELOOP },
                { "/d/dangling", 0, FILE_SYMLINK, 0 },
                { "/d/dangling", SNAPSHOT_NO_LINKS, FILE_UNREADABLE, ELOOP },
                { "/d/loop", 0, FILE_UNREADABLE, ELOOP },
                { "/d/outside", 0, FILE_SYMLINK, 0 }, /* there is no such file inside */
        };
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd;

        (void)state;
        assert_int_equal(mkfifo(tree_path(&tree, "/d/fifo"), 0600), 0);
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        (void)snprintf(address.sun_path, sizeof address.sun_path, "%s",
                       tree_path(&tree, "/d/socket"));
        assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
        (void)close(fd);
        tree_symlink(&tree, "file", "/d/link");
        tree_symlink(&tree, "d", "/dlink");
        tree_symlink(&tree, "nowhere", "/d/dangling");
        tree_symlink(&tree, "loop", "/d/loop");
        tree_symlink(&tree, "/etc/passwd", "/d/outside");
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                struct snapshot s;

                assert_int_equal(snapshot_take(&tree.root, cases[i].path, cases[i].flags, &s), 0);
                assert_int_equal(s.metadata.kind, cases[i].kind);
                assert_int_equal(s.metadata.error, cases[i].error);
                assert_false(s.metadata.kind != FILE_REGULAR && s.data);
                if (s.metadata.kind == FILE_SYMLINK)
                        assert_non_null(s.metadata.link_target);
                snapshot_done(&s);
        }
}

static void test_device(void **state) {
        struct snapshot s;

        (void)state;
        if (mknod(tree_path(&tree, "/d/device"), S_IFCHR | 0600, makedev(1, 3)) < 0) {
                print_message("skipped: mknod: %s (needs root)\n", strerror(errno));
                skip();
        }
        assert_int_equal(mknod(tree_path(&tree, "/d/disk"), S_IFBLK | 0600, makedev(7, 255)), 0);
        assert_int_equal(snapshot_take(&tree.root, "/d/device", 0, &s), 0);
        assert_int_equal(s.metadata.kind, FILE_CHARACTER_DEVICE);
        assert_true(s.metadata.is_null);
        snapshot_done(&s);
        assert_int_equal(snapshot_take(&tree.root, "/d/disk", 0, &s), 0);
        assert_int_equal(s.metadata.kind, FILE_BLOCK_DEVICE);
        assert_false(s.metadata.is_null);
        snapshot_done(&s);
}

static void test_oversize(void **state) {
        size_t n = (size_t)SNAPSHOT_CONTENT_MAX + 12345;
        char *data = malloc(n);
        struct snapshot s;

        (void)state;
        for (size_t i = 0; i < n; i++)
                data[i] = (char)(i * 2654435761U >> 13);
        tree_write_n(&tree, "/d/big", data, n);
        assert_int_equal(snapshot_take(&tree.root, "/d/big", 0, &s), 0);
        assert_true(s.metadata.is_oversize);
        assert_int_equal(s.metadata.size, n);
        assert_int_equal(s.n_data, 2 * SNAPSHOT_END_MAX);
        assert_memory_equal(s.data, data, SNAPSHOT_END_MAX);
        assert_memory_equal(s.data + SNAPSHOT_END_MAX, data + n - SNAPSHOT_END_MAX,
                            SNAPSHOT_END_MAX);
        assert_sha256_of(&s, data, n);
        snapshot_done(&s);
        assert_int_equal(snapshot_take(&tree.root, "/d/big", SNAPSHOT_WHOLE, &s), 0);
        assert_true(s.metadata.is_oversize);
        assert_int_equal(s.n_data, n);
        assert_memory_equal(s.data, data, n);
        assert_sha256_of(&s, data, n);
        snapshot_done(&s);
        tree_write_n(&tree, "/d/big", data, SNAPSHOT_CONTENT_MAX);
        assert_int_equal(snapshot_take(&tree.root, "/d/big", 0, &s), 0);
        assert_false(s.metadata.is_oversize);
        assert_int_equal(s.n_data, SNAPSHOT_CONTENT_MAX);
        assert_memory_equal(s.data, data, SNAPSHOT_CONTENT_MAX);
        snapshot_done(&s);
        free(data);
}

/* A terabyte that costs its owner nothing must not cost us minutes. */
static void test_sparse(void **state) {
        struct snapshot s;

        (void)state;
        tree_write(&tree, "/d/sparse", "head");
        assert_int_equal(truncate(tree_path(&tree, "/d/sparse"), (off_t)1 << 40), 0);
        assert_int_equal(snapshot_take(&tree.root, "/d/sparse", 0, &s), 0);
        assert_true(s.metadata.is_oversize);
        assert_false(s.metadata.has_sha256);
        assert_int_equal(s.n_data, 2 * SNAPSHOT_END_MAX);
        assert_memory_equal(s.data, "head", 4);
        snapshot_done(&s);
}

static void test_xattrs(void **state) {
        const char *path = tree_path(&tree, "/d/file");
        /* user:1234:r--, as posix_acl_xattr.h lays it out */
        static const unsigned char acl[] = {
                2,  0, 0, 0,                      /* version */
                1,  0, 6, 0, 255,  255, 255, 255, /* owner */
                2,  0, 4, 0, 0xd2, 4,   0,   0,   /* user 1234 */
                4,  0, 4, 0, 255,  255, 255, 255, /* group */
                16, 0, 4, 0, 255,  255, 255, 255, /* mask */
                32, 0, 0, 0, 255,  255, 255, 255, /* others */
        };
        struct snapshot s;

        (void)state;
        if (setxattr(path, "user.b", "two", 3, 0) < 0) {
                print_message("skipped: setxattr: %s\n", strerror(errno));
                skip();
        }
        assert_int_equal(setxattr(path, "user.a", "one\0x", 5, 0), 0);
        assert_int_equal(setxattr(path, "system.posix_acl_access", acl, sizeof acl, 0), 0);
        assert_int_equal(snapshot_take(&tree.root, "/d/file", SNAPSHOT_METADATA, &s), 0);
        assert_int_equal(s.metadata.n_xattrs, 3);
        assert_string_equal(s.metadata.xattrs[0].name, "system.posix_acl_access");
        assert_memory_equal(s.metadata.xattrs[0].value, acl, sizeof acl);
        assert_string_equal(s.metadata.xattrs[1].name, "user.a");
        assert_int_equal(s.metadata.xattrs[1].n_value, 5);
        assert_memory_equal(s.metadata.xattrs[1].value, "one\0x", 5);
        assert_string_equal(s.metadata.xattrs[2].name, "user.b");
        snapshot_done(&s);
}

static void test_inode_flags(void **state) {
        struct snapshot s;

        (void)state;
        tree_write(&tree, "/d/flagged", "x");
        if (tree_set_flags(tree_path(&tree, "/d/flagged"), FS_IMMUTABLE_FL | FS_NODUMP_FL) < 0) {
                print_message("skipped: FS_IOC_SETFLAGS: %s (needs root)\n", strerror(errno));
                skip();
        }
        assert_int_equal(snapshot_take(&tree.root, "/d/flagged", SNAPSHOT_METADATA, &s), 0);
        assert_int_equal(s.metadata.flags, FS_IMMUTABLE_FL);
        snapshot_done(&s);
        assert_int_equal(tree_set_flags(tree_path(&tree, "/d/flagged"), FS_APPEND_FL), 0);
        assert_int_equal(snapshot_take(&tree.root, "/d/flagged", 0, &s), 0);
        assert_int_equal(s.metadata.flags, FS_APPEND_FL);
        snapshot_done(&s);
}

/* A lease holder makes open(2) wait; we are told instead. */
static void test_lease(void **state) {
        struct snapshot s;
        int fd;

        (void)state;
        tree_write(&tree, "/d/leased", "x");
        fd = open(tree_path(&tree, "/d/leased"), O_RDWR | O_CLOEXEC);
        (void)signal(SIGIO, SIG_IGN);
        if (fcntl(fd, F_SETLEASE, F_WRLCK) < 0) {
                print_message("skipped: F_SETLEASE: %s\n", strerror(errno));
                skip();
        }
        assert_int_equal(snapshot_take(&tree.root, "/d/leased", 0, &s), 0);
        assert_int_equal(s.metadata.kind, FILE_UNREADABLE);
        assert_int_equal(s.metadata.error, EWOULDBLOCK);
        assert_int_equal(s.metadata.size, 1);
        snapshot_done(&s);
        (void)close(fd);
}

static atomic_bool stop_writing;

static void *write_for_ever(void *fd_pointer) {
        int fd = *(int *)fd_pointer;
        char byte = 0;

        while (!atomic_load(&stop_writing))
                if (pwrite(fd, &byte, 1, byte++ & 63) < 0)
                        abort();
        return NULL;
}

/* Someone who never stops writing gets "unstable", not our attention for ever. */
static void test_unstable(void **state) {
        static char data[SNAPSHOT_CONTENT_MAX];
        bool was_unstable = false;
        pthread_t thread;
        int fd;

        (void)state;
        tree_write_n(&tree, "/d/moving", data, sizeof data);
        fd = open(tree_path(&tree, "/d/moving"), O_WRONLY | O_CLOEXEC);
        assert_int_equal(pthread_create(&thread, NULL, write_for_ever, &fd), 0);
        for (int i = 0; i < 1000 && !was_unstable; i++) {
                struct snapshot s;

                assert_int_equal(snapshot_take(&tree.root, "/d/moving", 0, &s), 0);
                assert_int_equal(s.metadata.kind, FILE_REGULAR);
                was_unstable = s.is_unstable;
                snapshot_done(&s);
        }
        atomic_store(&stop_writing, true);
        assert_int_equal(pthread_join(thread, NULL), 0);
        (void)close(fd);
        assert_true(was_unstable);
}

static void test_list(void **state) {
        char **names;
        size_t n;

        (void)state;
        tree_mkdir(&tree, "/l");
        assert_int_equal(snapshot_list(&tree.root, "/l", 3, &names, &n), 0);
        assert_int_equal(n, 0);
        strings_free(names, n);
        tree_write(&tree, "/l/b", "");
        tree_write(&tree, "/l/.a", "");
        tree_write(&tree, "/l/\xc3\xa9", "");
        assert_int_equal(snapshot_list(&tree.root, "/l", 3, &names, &n), 0);
        assert_int_equal(n, 3);
        assert_string_equal(names[0], ".a");
        assert_string_equal(names[1], "b");
        assert_string_equal(names[2], "\xc3\xa9");
        strings_free(names, n);
        assert_int_equal(snapshot_list(&tree.root, "/l", 2, &names, &n), -E2BIG);
        assert_int_equal(snapshot_list(&tree.root, "/l/b", 2, &names, &n), -ENOTDIR);
        assert_int_equal(snapshot_list(&tree.root, "/none", 2, &names, &n), -ENOENT);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_regular),  cmocka_unit_test(test_flags),
                cmocka_unit_test(test_kinds),    cmocka_unit_test(test_device),
                cmocka_unit_test(test_oversize), cmocka_unit_test(test_sparse),
                cmocka_unit_test(test_xattrs),   cmocka_unit_test(test_inode_flags),
                cmocka_unit_test(test_lease),    cmocka_unit_test(test_unstable),
                cmocka_unit_test(test_list),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
