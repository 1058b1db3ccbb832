/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Finding the directory to write in.
 *
 * Links in directories are the kernel's business (openat2 below the root). The last component is
 * ours: a file that a link names may be missing, and is then created where the link points, as a
 * writer with O_CREAT would; a link is never replaced by a file here. From then on everything
 * happens by name in the open directory, so whoever moves directories about meanwhile moves the
 * file's place with them, and cannot redirect us. */

#include "target.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "fd.h"

enum { LINKS_MAX = 40 }; /* MAXSYMLINKS of the kernel */

void target_done(struct target *target) {
        fd_close(&target->directory_fd);
        free(target->name);
        free(target->path);
        target->name = target->path = NULL;
}

/* Splits "/a/b" into "/a" and "b". */
static int split(const char *path, char **ret_directory, char **ret_name) {
        const char *slash = strrchr(path, '/');
        const char *name = slash ? slash + 1 : path;

        if (!slash || name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
                return -EINVAL;
        *ret_directory = slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
        *ret_name = strdup(name);
        return *ret_directory && *ret_name ? 0 : -ENOMEM;
}

/* What the link at PATH says, as a path inside the root; NULL in *ret if there is no link. */
static int read_link(const struct os_root *root, const char *path, const char *directory,
                     unsigned long resolve, char **ret) {
        CLEANUP_FD int fd = os_root_openat(root, path, O_PATH | O_NOFOLLOW, resolve);
        char target[PATH_MAX];
        struct stat st;
        ssize_t n;

        *ret = NULL;
        if (fd == -ENOENT || fd == -ENOTDIR)
                return 0;
        if (fd < 0)
                return fd;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISLNK(st.st_mode))
                return 0;
        if (resolve & RESOLVE_NO_SYMLINKS)
                return -ELOOP;
        n = readlinkat(fd, "", target, sizeof target - 1);
        if (n < 0)
                return -errno;
        target[n] = '\0';
        *ret = target[0] == '/' ? strdup(target) : text_format("%s/%s", directory, target);
        return *ret ? 0 : -ENOMEM;
}

static int open_directory(const struct os_root *root, const char *directory, unsigned long resolve,
                          struct target *target) {
        CLEANUP_FREE char *real = NULL;
        int r;

        target->directory_fd = os_root_openat(root, directory, O_RDONLY | O_DIRECTORY, resolve);
        if (target->directory_fd == -EACCES)
                target->directory_fd =
                        os_root_openat(root, directory, O_PATH | O_DIRECTORY, resolve);
        if (target->directory_fd < 0)
                return target->directory_fd;
        r = os_root_path_of(root, target->directory_fd, &real);
        if (r < 0)
                return r;
        target->path = text_format("%s/%s", strcmp(real, "/") == 0 ? "" : real, target->name);
        return target->path ? 0 : -ENOMEM;
}

int target_resolve(const struct os_root *root, const char *path, bool follow, unsigned long resolve,
                   struct target *ret) {
        CLEANUP_FREE char *current = strdup(path);

        if (!current)
                return -ENOMEM;
        for (int i = 0; i < LINKS_MAX; i++) {
                CLEANUP(target_done) struct target target = { .directory_fd = -1 };
                CLEANUP_FREE char *directory = NULL, *next = NULL;
                int r;

                r = split(current, &directory, &target.name);
                if (r == 0 && follow)
                        r = read_link(root, current, directory, resolve, &next);
                if (r < 0)
                        return r;
                if (next) {
                        free(current);
                        current = TAKE(next);
                        continue;
                }
                r = open_directory(root, directory, resolve, &target);
                if (r < 0)
                        return r;
                *ret = target;
                target = (struct target){ .directory_fd = -1 };
                return 0;
        }
        return -ELOOP;
}
