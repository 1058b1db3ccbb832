/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Good versions without a name.
 *
 * What it rests on: fsync(2) of an unnamed inode writes its data and the inode, although no
 * directory leads to it yet; linkat(2) from /proc/self/fd then gives it a name, on any directory of
 * its file system, and the journal keeps that order (open(2), O_TMPFILE). A power cut before leaves
 * an orphan that the next mount takes away, one after it a whole file.
 *
 * Nobody but us can reach the inode by a path, except through /proc/PID/fd, and whoever can open
 * that could write the guarded file as well. Even so it is held against what was made: ctime moves
 * with every write and every change of owner, mode or label. */

#include "os/standby.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "fd.h"
#include "temporary.h"

void standby_done(struct standby *standby) {
        fd_close(&standby->fd);
}

int standby_prepare(const struct os_root *root, const char *directory, dev_t device,
                    const struct replace_version *version, struct standby *ret) {
        CLEANUP(standby_done) struct standby standby = { .fd = -1 };
        CLEANUP_FD int directory_fd = -1;
        struct stat st;
        int r;

        if (version->metadata->kind != FILE_REGULAR)
                return -EOPNOTSUPP;
        directory_fd = os_root_openat(root, directory, O_RDONLY | O_DIRECTORY, RESOLVE_NO_XDEV);
        if (directory_fd < 0)
                return directory_fd;
        if (fstat(directory_fd, &st) < 0)
                return -errno;
        if (st.st_dev != device)
                return -EXDEV;
        standby.fd = openat(directory_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
        if (standby.fd < 0) /* a kernel or file system without: it is taken for a directory */
                return errno == EISDIR || errno == EINVAL ? -EOPNOTSUPP : -errno;
        r = temporary_fill(standby.fd, version);
        if (r == 0 && fstat(standby.fd, &standby.made) < 0)
                r = -errno;
        if (r < 0)
                return r;
        *ret = standby;
        standby.fd = -1;
        return 0;
}

static bool is_same_time(const struct timespec *a, const struct timespec *b) {
        return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

bool standby_is_untouched(const struct standby *standby) {
        struct stat st;

        return standby->fd >= 0 && fstat(standby->fd, &st) == 0 &&
               st.st_size == standby->made.st_size && st.st_nlink == 0 &&
               is_same_time(&st.st_ctim, &standby->made.st_ctim) &&
               is_same_time(&st.st_mtim, &standby->made.st_mtim);
}
