/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Owner, mode, labels and flags of an inode.
 *
 * The order matters: a change of owner clears the set-id bits, so the mode comes after it; while an
 * access ACL is there chmod(2) changes its mask instead of the group's bits, so one that does not
 * belong (a directory's default ACL leaves one on every new file) goes before, and the wanted one,
 * which says the same as the mode, comes last. */

#include "inode.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "fd.h"
#include "os/snapshot.h"

static const uint32_t lock_flags = FS_IMMUTABLE_FL | FS_APPEND_FL;

static const struct file_xattr *find(const struct file_metadata *m, const char *name) {
        for (size_t i = 0; i < m->n_xattrs; i++)
                if (strcmp(m->xattrs[i].name, name) == 0)
                        return &m->xattrs[i];
        return NULL;
}

static int remove_foreign_xattrs(const char *path, const struct file_metadata *now,
                                 const struct file_metadata *wanted) {
        for (size_t i = 0; i < now->n_xattrs; i++) {
                const char *name = now->xattrs[i].name;

                if (find(wanted, name) || removexattr(path, name) == 0 || errno == ENODATA)
                        continue;
                /* a label cannot be taken away, only changed: the policy's default stays */
                if (strcmp(name, "security.selinux") != 0)
                        return -errno;
        }
        return 0;
}

static int set_wanted_xattrs(const char *path, const struct file_metadata *now,
                             const struct file_metadata *wanted) {
        for (size_t i = 0; i < wanted->n_xattrs; i++) {
                const struct file_xattr *x = &wanted->xattrs[i], *y = find(now, x->name);

                if (y && y->n_value == x->n_value && memcmp(y->value, x->value, x->n_value) == 0)
                        continue;
                if (setxattr(path, x->name, x->value, x->n_value, 0) < 0)
                        return -errno;
        }
        return 0;
}

static int set_owner_and_mode(int fd, const struct file_metadata *now,
                              const struct file_metadata *wanted) {
        struct stat st;

        if ((now->uid != wanted->uid || now->gid != wanted->gid) &&
            fchownat(fd, "", wanted->uid, wanted->gid, AT_EMPTY_PATH) < 0)
                return -errno;
        if (now->kind == FILE_SYMLINK)
                return 0;
        if (fstat(fd, &st) < 0)
                return -errno;
        if ((st.st_mode & 07777) != wanted->mode && chmod(fd_name(fd).path, wanted->mode) < 0)
                return -errno;
        return 0;
}

int inode_set_metadata(int fd, const struct file_metadata *wanted) {
        CLEANUP(snapshot_done) struct snapshot now = { 0 };
        struct fd_name path = fd_name(fd);
        int r;

        r = snapshot_take_fd(fd, SNAPSHOT_METADATA, &now);
        if (r < 0)
                return r;
        if (now.metadata.kind == FILE_UNREADABLE)
                return -now.metadata.error;
        r = remove_foreign_xattrs(path.path, &now.metadata, wanted);
        if (r == 0)
                r = set_owner_and_mode(fd, &now.metadata, wanted);
        if (r == 0)
                r = set_wanted_xattrs(path.path, &now.metadata, wanted);
        return r;
}

int inode_set_flags(int fd, uint32_t wanted) {
        CLEANUP_FD int readable = -1;
        int flags = 0, changed;

        readable = open(fd_name(fd).path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (readable < 0)
                return -errno;
        if (ioctl(readable, FS_IOC_GETFLAGS, &flags) < 0)
                return (wanted & lock_flags) == 0 &&
                                       (errno == ENOTTY || errno == EOPNOTSUPP || errno == ENOSYS)
                               ? 0
                               : -errno;
        changed = (int)(((uint32_t)flags & ~lock_flags) | (wanted & lock_flags));
        if (changed != flags && ioctl(readable, FS_IOC_SETFLAGS, &changed) < 0)
                return -errno;
        return 0;
}

/* Opened for both it waits for nobody, and is the other end for whoever does: fifo(7). */
void inode_release_fifo(int fd) {
        CLEANUP_FD int both = open(fd_name(fd).path, O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

        (void)both;
}
