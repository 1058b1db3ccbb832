/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* One consistent look at a path: metadata and content from the same descriptor, bounded, never
 * blocking.
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
        SNAPSHOT_END_MAX = 1 << 20, /* "first and last MiB" of an oversize file */
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
        SNAPSHOT_SECRET = 1 << 3, /* hash the content, keep none of it */
};

/* Always gives a snapshot for what the path is (absent, a FIFO, unreadable …). Returns 0 or
 * -ENOMEM. */
int snapshot_take(const struct os_root *root, const char *path, unsigned flags,
                  struct snapshot *ret);
void snapshot_done(struct snapshot *snapshot);

/* Names in a directory, byte order, without . and ..: 0 or a negative errno. At most MAX names,
 * then -E2BIG. */
int snapshot_list(const struct os_root *root, const char *path, size_t max, char ***ret_names,
                  size_t *ret_n);

/* glob(3) inside the root, as sshd's bundled OpenBSD glob with flags 0: `*`, `?`, `[…]`, backslash,
 * byte order, hidden names only for a literal dot. No match: 0 paths. */
int snapshot_glob(const struct os_root *root, const char *pattern, char ***ret_paths,
                  size_t *ret_n);
