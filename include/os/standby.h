/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A good version that stands by: written, given its owner, mode, labels and ACL, and synced long
 * before it is needed, so that putting it in force is a link and an exchange and waits for no disk.
 *
 * It has no name (O_TMPFILE) until then. So nobody reads it as a drop-in, a directory's watchers
 * see nothing of it, and when the process ends, however it ends, the kernel takes it away. */

#include <stdbool.h>
#include <sys/stat.h>

#include "os/replace.h"
#include "os/root.h"

struct standby {
        int fd;           /* -1: there is none */
        struct stat made; /* as it was when it was complete */
};

/* Prepares VERSION, a regular file, for DIRECTORY (inside ROOT, on the root's own mount). DEVICE is
 * where it may be: an open descriptor keeps a file system from being unmounted or made read-only,
 * so the caller names one that it keeps busy anyway. Returns 0, -EXDEV if the directory is
 * elsewhere, -EOPNOTSUPP if its file system has no unnamed files, or another negative errno. */
int standby_prepare(const struct os_root *root, const char *directory, dev_t device,
                    const struct replace_version *version, struct standby *ret);

/* False once anybody changed it (through /proc/PID/fd), or there is none. */
bool standby_is_untouched(const struct standby *standby);

void standby_done(struct standby *standby);
