/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A scratch directory as the guarded root, and what tests do in it. Every path is inside it.
 * Creation failures abort: a test that cannot set up must not pass. */

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/root.h"

struct tree {
        char directory[PATH_MAX];
        struct os_root root;
};

#define TREE_MUST(call)                                                                            \
        do {                                                                                       \
                if ((call) < 0) {                                                                  \
                        fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #call,              \
                                strerror(errno));                                                  \
                        abort();                                                                   \
                }                                                                                  \
        } while (0)

/* The end of a test's own child. By exit(3), so that what it covered counts in a coverage build;
 * not under a sanitizer, which would take what the parent holds for leaks. What the parent had
 * printed is not printed twice. */
static inline void tree_exit(int status) {
#ifdef __SANITIZE_ADDRESS__
        _exit(status);
#else
        __fpurge(stdout);
        exit(status);
#endif
}

static inline const char *tree_path(const struct tree *tree, const char *path) {
        static char buffers[4][PATH_MAX];
        static unsigned turn;
        char *buffer = buffers[turn++ % 4];

        if (snprintf(buffer, PATH_MAX, "%s%s", tree->directory, path) >= PATH_MAX)
                abort();
        return buffer;
}

static inline void tree_make_in(struct tree *tree, const char *parent) {
        if (snprintf(tree->directory, sizeof tree->directory, "%s/sshguardd-test-XXXXXX", parent) >=
            (int)sizeof tree->directory)
                abort();
        if (!mkdtemp(tree->directory))
                abort();
        TREE_MUST(chmod(tree->directory, 0755));
        if (os_root_open(tree->directory, &tree->root) < 0)
                abort();
}

static inline void tree_make(struct tree *tree) {
        tree_make_in(tree, "/tmp");
}

/* In memory, for tests that make thousands of files or sync a lot and need nothing of a disk. */
static inline void tree_make_fast(struct tree *tree) {
        tree_make_in(tree, access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
}

static inline void tree_mkdir(const struct tree *tree, const char *path) {
        TREE_MUST(mkdir(tree_path(tree, path), 0755));
}

static inline void tree_write_n(const struct tree *tree, const char *path, const void *data,
                                size_t n) {
        int fd = open(tree_path(tree, path), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

        TREE_MUST(fd);
        if (write(fd, data, n) != (ssize_t)n)
                abort();
        TREE_MUST(close(fd));
}

static inline void tree_write(const struct tree *tree, const char *path, const char *text) {
        tree_write_n(tree, path, text, strlen(text));
}

static inline void tree_symlink(const struct tree *tree, const char *target, const char *path) {
        TREE_MUST(symlink(target, tree_path(tree, path)));
}

/* What the file says, in a buffer that lasts until the next call; "(absent)" without one. */
static inline const char *tree_read(const struct tree *tree, const char *path) {
        static char buffer[1 << 16];
        int fd = open(tree_path(tree, path), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        ssize_t n;

        if (fd < 0)
                return "(absent)";
        n = read(fd, buffer, sizeof buffer - 1);
        TREE_MUST(n);
        buffer[n] = '\0';
        TREE_MUST(close(fd));
        return buffer;
}

/* FLAGS of chattr(1); returns -1 where the file system has none. */
static inline int tree_set_flags(const char *host_path, int flags) {
        int fd = open(host_path, O_RDONLY | O_NONBLOCK | O_CLOEXEC), r;

        if (fd < 0)
                return -1;
        r = ioctl(fd, _IOW('f', 2, long), &flags);
        (void)close(fd);
        return r;
}

static inline int tree_remove_entry(const char *path, const struct stat *st, int type,
                                    struct FTW *where) {
        (void)type;
        (void)where;
        if (remove(path) == 0 || errno == ENOENT)
                return 0;
        if (S_ISREG(st->st_mode) || S_ISDIR(st->st_mode))
                (void)tree_set_flags(path, 0);
        return remove(path);
}

static inline void tree_remove(struct tree *tree) {
        os_root_close(&tree->root);
        (void)nftw(tree->directory, tree_remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* Whether its first page is in memory. */
static inline bool tree_is_cached(const struct tree *tree, const char *path) {
        int fd = open(tree_path(tree, path), O_RDONLY | O_CLOEXEC);
        unsigned char page = 0;
        void *at;

        TREE_MUST(fd);
        at = mmap(NULL, 1, PROT_READ, MAP_SHARED, fd, 0);
        if (at == MAP_FAILED)
                abort();
        TREE_MUST(mincore(at, 1, &page));
        TREE_MUST(munmap(at, 1));
        TREE_MUST(close(fd));
        return page & 1;
}

/* Takes a small file out of memory; false where the file system keeps it there. */
static inline bool tree_forget_content(const struct tree *tree, const char *path) {
        int fd = open(tree_path(tree, path), O_RDONLY | O_CLOEXEC);

        TREE_MUST(fd);
        TREE_MUST(fsync(fd));
        (void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
        TREE_MUST(close(fd));
        return !tree_is_cached(tree, path);
}
