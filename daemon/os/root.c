/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The guarded tree as one descriptor.
 *
 * openat2(2) with RESOLVE_IN_ROOT makes the kernel treat the directory as "/" for absolute paths,
 * absolute links and "..": a link planted in the tree cannot lead out of it, and magic links of
 * /proc are refused. The kernel answers EAGAIN when a rename or mount anywhere on the machine raced
 * with a ".." of the path; that is tried again, a bounded number of times, since whoever renames in
 * a loop must not stop us for ever.
 *
 * A real path is taken from where the kernel says the opened object is (/proc/self/fd), never by
 * walking the path ourselves, and is believed only if opening it without following any link gives
 * the same inode: " (deleted)" could be part of a name. */

#include "os/root.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "fd.h"

enum { RESOLVE_ATTEMPTS = 64 }; /* an innocent race is over after one or two */

int os_root_open(const char *path, struct os_root *ret) {
        CLEANUP_FREE char *canonical = NULL;
        CLEANUP_FD int fd = -1;

        canonical = realpath(path, NULL);
        if (!canonical)
                return -errno;
        fd = open(canonical, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        if (strcmp(canonical, "/") == 0)
                canonical[0] = '\0';
        *ret = (struct os_root){ .fd = fd_take(&fd), .path = TAKE(canonical) };
        return 0;
}

void os_root_close(struct os_root *root) {
        if (!root->path)
                return;
        fd_close(&root->fd);
        free(root->path);
        root->path = NULL;
}

int os_root_openat(const struct os_root *root, const char *path, int flags, unsigned long resolve) {
        struct open_how how = {
                .flags = (uint64_t)(unsigned)flags | O_CLOEXEC,
                .resolve = RESOLVE_IN_ROOT | resolve,
        };
        long fd = -EAGAIN;

        for (int i = 0; i < RESOLVE_ATTEMPTS; i++) {
                fd = syscall(SYS_openat2, root->fd, path, &how, sizeof how);
                if (fd >= 0)
                        return (int)fd;
                if (errno != EAGAIN && errno != EINTR)
                        return -errno;
        }
        return -EAGAIN;
}

char *os_root_host_path(const struct os_root *root, const char *path) {
        return text_format("%s%s", root->path, path);
}

static int read_link_of(int fd, char buffer[PATH_MAX]) {
        ssize_t n = readlink(fd_name(fd).path, buffer, PATH_MAX);

        if (n < 0)
                return -errno;
        if (n >= PATH_MAX)
                return -ENAMETOOLONG;
        buffer[n] = '\0';
        return 0;
}

/* Is PATH, opened without following anything, the object behind FD? */
static int is_at(const struct os_root *root, int fd, const char *path) {
        CLEANUP_FD int again = -1;
        struct stat x, y;

        again = os_root_openat(root, path, O_PATH | O_NOFOLLOW, RESOLVE_NO_SYMLINKS);
        if (again == -ELOOP || again == -ENOTDIR)
                return -ENOENT;
        if (again < 0)
                return again;
        if (fstat(fd, &x) < 0 || fstat(again, &y) < 0)
                return -errno;
        return x.st_dev == y.st_dev && x.st_ino == y.st_ino ? 0 : -ENOENT;
}

int os_root_path_of(const struct os_root *root, int fd, char **ret) {
        char top[PATH_MAX], there[PATH_MAX];
        const char *inside;
        size_t n_top;
        char *path;
        int r;

        r = read_link_of(root->fd, top);
        if (r < 0)
                return r;
        r = read_link_of(fd, there);
        if (r < 0)
                return r;
        n_top = strcmp(top, "/") == 0 ? 0 : strlen(top);
        if (strncmp(there, top, n_top) != 0 || (there[n_top] != '/' && there[n_top] != '\0'))
                return -EXDEV;
        inside = there[n_top] == '\0' ? "/" : there + n_top;
        r = is_at(root, fd, inside);
        if (r < 0)
                return r;
        path = strdup(inside);
        if (!path)
                return -ENOMEM;
        *ret = path;
        return 0;
}

int os_root_realpath(const struct os_root *root, const char *path, char **ret) {
        int r = -ENOENT;

        for (int i = 0; i < RESOLVE_ATTEMPTS; i++) {
                CLEANUP_FD int fd = os_root_openat(root, path, O_PATH, 0);

                if (fd < 0)
                        return fd;
                /* -ENOENT: renamed or replaced between the open and the look; it may be back */
                r = os_root_path_of(root, fd, ret);
                if (r != -ENOENT)
                        return r;
        }
        return r;
}
