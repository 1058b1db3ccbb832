/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is left of a replacement: the old version under its spare name, once it was stored, and the
 * leftovers of one that did not get so far.
 *
 * A spare is only unlinked if it is still the inode that was looked at. A directory with something
 * in it stays: what is in there was not stored. Leftovers are told by their name alone; whether one
 * is a bad version or a good one that was never put in force is for the caller to see, who must
 * store it before it goes. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "fd.h"
#include "inode.h"
#include "os/replace.h"
#include "target.h"
#include "temporary.h"

enum { ENTRIES_MAX = 1 << 16 }; /* of a directory that is searched for leftovers */

const char *replace_outcome_name(enum replace_outcome outcome) {
        static const char *const names[N_REPLACE_OUTCOMES] = {
                [REPLACE_DONE] = "done",
                [REPLACE_STORE_FIRST] = "to be stored first",
                [REPLACE_CHANGED] = "the file changed meanwhile",
                [REPLACE_IMMUTABLE] = "the immutable or append-only flag could not be changed",
                [REPLACE_MOUNT_POINT] = "something is mounted over the path",
                [REPLACE_READ_ONLY] = "the file system is read-only",
                [REPLACE_NO_SPACE] = "no space is left",
                [REPLACE_NO_PARENT] = "its directory is missing",
                [REPLACE_REFUSED] = "not a path or version that may be written",
                [REPLACE_FAILED] = "failed",
        };

        return outcome < N_REPLACE_OUTCOMES ? names[outcome] : "unknown";
}

void replacement_done(struct replacement *replacement) {
        fd_close(&replacement->directory_fd);
        snapshot_done(&replacement->old);
        free(replacement->path);
        free(replacement->spare);
        replacement->path = replacement->spare = NULL;
}

/* Unlinks NAME, a file or an empty directory, in a directory whose flags may be in the way. */
static int remove_name(int directory, const char *name, uint32_t directory_flags) {
        int r = 0;

        if (directory_flags)
                r = inode_set_flags(directory, 0);
        if (r == 0 && unlinkat(directory, name, 0) < 0)
                r = -errno;
        if (r == -EISDIR)
                r = unlinkat(directory, name, AT_REMOVEDIR) < 0 ? -errno : 0;
        if (directory_flags)
                (void)inode_set_flags(directory, directory_flags);
        return r == -ENOENT ? 0 : r;
}

/* A directory that could only be opened O_PATH cannot be synced; the next sync of its file system
 * does it. */
static int sync_directory(int directory) {
        int r = temporary_sync(directory);

        return r == -EBADF || r == -EINVAL || r == -EROFS ? 0 : r;
}

static const char *spare_name(const struct replacement *replacement) {
        return strrchr(replacement->spare, '/') + 1;
}

int replace_look_again(struct replacement *replacement) {
        CLEANUP(snapshot_done) struct snapshot old = { 0 };
        CLEANUP_FD int fd = -1;
        int r;

        if (!replacement->spare)
                return 0;
        fd = openat(replacement->directory_fd, spare_name(replacement),
                    O_PATH | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        r = snapshot_take_fd(fd, 0, &old);
        if (r < 0)
                return r;
        if (old.metadata.kind == FILE_UNREADABLE && old.metadata.nlink < 2)
                return -old.metadata.error;
        snapshot_done(&replacement->old);
        replacement->old = old;
        old = (struct snapshot){ 0 };
        replacement->error = 0;
        return 0;
}

int replace_finish(struct replacement *replacement) {
        const struct file_metadata *old = &replacement->old.metadata;
        const char *name;
        struct stat st;
        int r;

        if (replacement->directory_fd < 0)
                return 0;
        if (!replacement->spare)
                return sync_directory(replacement->directory_fd);
        if (replacement->error)
                return -EAGAIN;
        name = spare_name(replacement);
        if (fstatat(replacement->directory_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return errno == ENOENT ? 0 : -errno;
        if (old->ino != 0 && st.st_ino != old->ino)
                return -ESTALE;
        r = remove_name(replacement->directory_fd, name, replacement->directory_flags);
        if (r < 0)
                return r;
        free(replacement->spare);
        replacement->spare = NULL;
        return sync_directory(replacement->directory_fd);
}

int replace_list_leftovers(const struct os_root *root, const char *directory, char ***ret_paths,
                           size_t *ret_n) {
        char **names = NULL, **paths = NULL;
        size_t n_names = 0, n_paths = 0;
        int r;

        r = snapshot_list(root, directory, ENTRIES_MAX, &names, &n_names);
        for (size_t i = 0; i < n_names && r == 0; i++) {
                CLEANUP_FREE char *path = NULL;

                if (strncmp(names[i], REPLACE_TEMPORARY_PREFIX, strlen(REPLACE_TEMPORARY_PREFIX)) !=
                    0)
                        continue;
                path = text_format("%s/%s", strcmp(directory, "/") == 0 ? "" : directory, names[i]);
                r = path ? strings_append(&paths, &n_paths, path) : -ENOMEM;
        }
        strings_free(names, n_names);
        if (r < 0) {
                strings_free(paths, n_paths);
                return r;
        }
        *ret_paths = paths;
        *ret_n = n_paths;
        return 0;
}

int replace_remove_leftover(const struct os_root *root, const char *path) {
        CLEANUP(target_done) struct target target = { .directory_fd = -1 };
        CLEANUP(snapshot_done) struct snapshot directory = { 0 };
        int r;

        r = target_resolve(root, path, false, 0, &target);
        if (r < 0)
                return r;
        if (strncmp(target.name, REPLACE_TEMPORARY_PREFIX, strlen(REPLACE_TEMPORARY_PREFIX)) != 0)
                return -EINVAL;
        r = snapshot_take_fd(target.directory_fd, SNAPSHOT_METADATA, &directory);
        if (r == 0)
                r = remove_name(target.directory_fd, target.name, directory.metadata.flags);
        return r < 0 ? r : sync_directory(target.directory_fd);
}
