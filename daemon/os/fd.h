/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Descriptors as owned locals, and the name of what an O_PATH descriptor refers to. */

#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"

static inline void fd_close(int *fd) {
        if (*fd >= 0)
                (void)close(*fd);
        *fd = -1;
}
#define CLEANUP_FD CLEANUP(fd_close)

static inline int fd_take(int *fd) {
        int value = *fd;

        *fd = -1;
        return value;
}

/* "/proc/self/fd/N": calls that refuse O_PATH descriptors (open(2), *xattr(2), chmod(2)) reach the
 * object itself through it, whatever its name is by now. */
struct fd_name {
        char path[32];
};
static inline struct fd_name fd_name(int fd) {
        struct fd_name name;

        (void)snprintf(name.path, sizeof name.path, "/proc/self/fd/%d", fd);
        return name;
}
