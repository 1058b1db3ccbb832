/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* One consistent look at a path: metadata and content from the same descriptor, bounded, never
 * blocking on a local file system.
 *
 * The descriptor is opened O_PATH first and only a regular file is opened for reading (through
 * /proc/self/fd, O_NONBLOCK | O_NOCTTY), so a FIFO or device is never opened. If size or ctime move
 * while reading, the read is repeated a few times; then the last state is returned with
 * `is_unstable`. */

#include <stdbool.h>
#include <stddef.h>

#include "base/metadata.h"
#include "os/root.h"

enum {
        SNAPSHOT_CONTENT_MAX =
                4 << 20, /* larger files are hashed in full, kept in head and tail only */
        SNAPSHOT_END_MAX = 1 << 20,     /* "first and last MiB" of an oversize file */
        SNAPSHOT_HASH_MAX = 64 << 20,   /* a user can make a sparse file of terabytes: beyond this
                                           only head and tail are read, and has_sha256 is false */
        SNAPSHOT_XATTRS_MAX = 64 << 10, /* bytes of all xattrs; the kernel's own limit of a list */
        SNAPSHOT_GLOB_MATCHES_MAX = 4096,    /* more key or drop-in files than this is an attack */
        SNAPSHOT_GLOB_ENTRIES_MAX = 1 << 18, /* directory entries one pattern may look at */
};

struct snapshot {
        struct file_metadata metadata;
        char *data; /* of FILE_REGULAR: the content, NUL-terminated; of an oversize file: head +
                       tail */
        size_t n_data;
        bool is_unstable;
};

enum snapshot_flags {
        SNAPSHOT_NOFOLLOW = 1 << 0, /* the last component may be a link: report it, do not follow */
        SNAPSHOT_METADATA = 1 << 1, /* no content, no hash: what a sweep compares */
        SNAPSHOT_NO_LINKS =
                1 << 2, /* no symbolic link in any component: -ELOOP → FILE_UNREADABLE */
        SNAPSHOT_SECRET = 1 << 3,  /* hash the content, keep none of it */
        SNAPSHOT_WHOLE = 1 << 4,   /* keep all of an oversize file up to SNAPSHOT_HASH_MAX: what is
                                      to be approved; `is_oversize` is set all the same */
        SNAPSHOT_BOUNDED = 1 << 5, /* an oversize file is not hashed: who owns it could keep us
                                      busy with it */
};

/* Always gives a snapshot for what the path is (absent, a FIFO, a dangling link, unreadable …).
 * EWOULDBLOCK as the error of FILE_UNREADABLE: someone holds a lease on the file; it is being
 * broken, look again soon. Returns 0, or -ENOMEM, -EMFILE, -ENFILE: our own trouble, nothing is
 * known of the path. */
int snapshot_take(const struct os_root *root, const char *path, unsigned flags,
                  struct snapshot *ret);
/* The same of a descriptor (O_PATH will do). */
int snapshot_take_fd(int fd, unsigned flags, struct snapshot *ret);
void snapshot_done(struct snapshot *snapshot);

/* Names in a directory, byte order, without . and ..: 0 or a negative errno. At most MAX names,
 * then -E2BIG. */
int snapshot_list(const struct os_root *root, const char *path, size_t max, char ***ret_names,
                  size_t *ret_n);

/* glob(3) inside the root, as sshd's bundled OpenBSD glob with flags 0: `*`, `?`, `[…]`, backslash,
 * byte order, hidden names only for a literal dot, dangling links match. PATTERN is absolute.
 * No match: 0 paths. -E2BIG beyond the limits above; -EINVAL for a pattern that is not absolute. */
int snapshot_glob(const struct os_root *root, const char *pattern, char ***ret_paths,
                  size_t *ret_n);
