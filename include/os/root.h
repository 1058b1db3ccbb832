/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The tree that is guarded: "/" or --root DIR. All paths given to this room are absolute inside it;
 * links resolve inside it (openat2(2), RESOLVE_IN_ROOT), and messages print them without DIR. */

#include <stdbool.h>

struct os_root {
        int fd;     /* O_PATH of the directory */
        char *path; /* canonical, without a final slash; "" for the real root */
};

/* Returns 0 or a negative errno. */
int os_root_open(const char *path, struct os_root *ret);
void os_root_close(struct os_root *root);
static inline bool os_root_is_system(const struct os_root *root) {
        return root->path[0] == '\0';
}

/* openat2(2) below the root; O_CLOEXEC is implied. RESOLVE adds flags (RESOLVE_NO_SYMLINKS …). A
 * descriptor or -errno. */
int os_root_openat(const struct os_root *root, const char *path, int flags, unsigned long resolve);

/* The path as the host sees it (root.path + path), for programs that must be given a name. NULL
 * when memory ran out. */
char *os_root_host_path(const struct os_root *root, const char *path);

/* Where PATH really is inside the root, all links resolved; -ENOENT if the last component is
 * missing. Result on the heap, without DIR. */
int os_root_realpath(const struct os_root *root, const char *path, char **ret);

/* Where the object behind a descriptor is inside the root by now: -ENOENT if it was unlinked,
 * -EXDEV if it is elsewhere. Result on the heap. */
int os_root_path_of(const struct os_root *root, int fd, char **ret);
