/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Temporary names.
 *
 * The name has 64 random bits and a prefix that is told from anything else; it begins with a dot,
 * so neither sshd's Include nor Linux-PAM takes it for a file of theirs. The object is created with
 * O_EXCL and mode 0600 (0700), so its content is nobody's to read before its mode is set. */

#include "temporary.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "fd.h"
#include "inode.h"

int temporary_name(struct temporary *temporary) {
        uint64_t random;

        if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
                return -EIO;
        (void)snprintf(temporary->name, sizeof temporary->name, "%s%016llx",
                       REPLACE_TEMPORARY_PREFIX, (unsigned long long)random);
        return 0;
}

int temporary_write(int fd, const char *data, size_t n) {
        while (n > 0) {
                ssize_t written = write(fd, data, n);

                if (written < 0 && errno == EINTR)
                        continue;
                if (written < 0)
                        return -errno;
                data += written;
                n -= (size_t)written;
        }
        return 0;
}

int temporary_sync(int fd) {
        while (fsync(fd) < 0)
                if (errno != EINTR)
                        return -errno;
        return 0;
}

/* An empty object of the version's kind; *ret_made even if it cannot be opened then. */
static int make(int directory, const struct file_metadata *m, struct temporary *temporary,
                bool *ret_made) {
        const char *name = temporary->name;
        int flags = O_PATH | O_NOFOLLOW | O_CLOEXEC, made = 0;

        if (m->kind == FILE_SYMLINK)
                made = symlinkat(m->link_target, directory, name);
        else if (m->kind == FILE_DIRECTORY)
                made = mkdirat(directory, name, 0700);
        else
                flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
        if (made < 0)
                return -errno;
        *ret_made = !(flags & O_CREAT);
        do
                temporary->fd = openat(directory, name, flags, 0600);
        while (temporary->fd < 0 && errno == EINTR && !(flags & O_CREAT));
        if (temporary->fd < 0)
                return -errno;
        *ret_made = true;
        return fstat(temporary->fd, &temporary->made) < 0 ? -errno : 0;
}

int temporary_fill(int fd, const struct replace_version *version) {
        int r = 0;

        if (version->metadata->kind == FILE_REGULAR)
                r = temporary_write(fd, version->data, version->n_data);
        if (r == 0)
                r = inode_set_metadata(fd, version->metadata);
        if (r == 0 && version->metadata->kind == FILE_REGULAR)
                r = temporary_sync(fd);
        return r;
}

int temporary_create(int directory, const struct replace_version *version,
                     const struct credentials *as, struct temporary *temporary) {
        CLEANUP(credentials_restore) struct credentials_scope scope = { 0 };
        bool made = false;
        int r;

        r = temporary_name(temporary);
        if (r == 0)
                r = credentials_assume(as, &scope);
        if (r == 0)
                r = make(directory, version->metadata, temporary, &made);
        credentials_restore(&scope);
        if (r == 0)
                r = temporary_fill(temporary->fd, version);
        if (r < 0 && made)
                temporary_remove(directory, as, temporary);
        if (r < 0)
                temporary->name[0] = '\0';
        return r;
}

int temporary_link(int directory, struct standby *standby, struct temporary *temporary) {
        int r = standby_is_untouched(standby) ? temporary_name(temporary) : -ESTALE;

        if (r == 0 && linkat(AT_FDCWD, fd_name(standby->fd).path, directory, temporary->name,
                             AT_SYMLINK_FOLLOW) < 0)
                r = -errno;
        if (r < 0) {
                temporary->name[0] = '\0';
                return r;
        }
        temporary->made = standby->made;
        temporary->fd = fd_take(&standby->fd);
        return 0;
}

void temporary_remove(int directory, const struct credentials *as, struct temporary *temporary) {
        CLEANUP(credentials_restore) struct credentials_scope scope = { 0 };

        if (temporary->name[0] == '\0')
                return;
        if (credentials_assume(as, &scope) == 0 && unlinkat(directory, temporary->name, 0) < 0 &&
            errno == EISDIR)
                (void)unlinkat(directory, temporary->name, AT_REMOVEDIR);
        temporary->name[0] = '\0';
}

bool temporary_is_at(int directory, const struct temporary *temporary, const char *name) {
        struct stat st;

        return temporary->fd >= 0 && fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
               st.st_dev == temporary->made.st_dev && st.st_ino == temporary->made.st_ino;
}
