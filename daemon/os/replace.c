/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Putting a version in force by exchange.
 *
 * Order and what each step is for: resolve the directory; look at what is there and hold it against
 * what the caller judged; write the good version under a temporary name, complete with owner, mode
 * and labels, and sync it (ext4 may otherwise show an empty file after a power cut: the rename can
 * be on disk before the data); exchange; look at what came out, and exchange back if it is not what
 * was judged. Only then flags are set, for an immutable inode cannot be renamed.
 *
 * Two rights are at work. Everything that goes by name (resolving, creating, exchanging, reading)
 * is done with the request's credentials; what only root can do (owner, labels, flags) goes by
 * descriptor, to an inode that was created here, or that lies in the user's own directory and has
 * no second name: a hard link to a foreign file, made where protected_hardlinks is off, is left
 * alone.
 *
 * An error of the exchange is not believed at once: an interrupted or timed-out call may have done
 * its work, and doing it again would undo it. What is under the name tells.
 *
 * Who opened a FIFO before it was replaced would wait for ever (`sshd -t` before a reload, and then
 * no reload is made): he is let go. */

#include "os/replace.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <linux/stat.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "fd.h"
#include "inode.h"
#include "target.h"
#include "temporary.h"

static const uint32_t lock_flags = FS_IMMUTABLE_FL | FS_APPEND_FL;

/* One attempt. */
struct operation {
        const struct os_root *root;
        const struct replace_request *request;
        struct replacement *result;
        struct target target;
        uint32_t directory_uid;
        int current_fd;          /* O_PATH of what is there; -1: nothing */
        struct snapshot current; /* its metadata; absent is zero */
        struct temporary good;   /* the good version, until it is in force */
        bool directory_unlocked;
};

static void operation_done(struct operation *operation) {
        fd_close(&operation->current_fd);
        fd_close(&operation->good.fd);
        snapshot_done(&operation->current);
        target_done(&operation->target);
}

/* Ends the attempt with an outcome; returns 1 so that steps can be chained with `if (r != 0)`. */
static int conclude(struct operation *operation, enum replace_outcome outcome, int error) {
        operation->result->outcome = outcome;
        operation->result->error = error < 0 ? -error : error;
        return 1;
}

/* The outcome an errno means wherever it comes from. -ENOMEM is the caller's to know. */
static int conclude_error(struct operation *operation, int error) {
        static const struct {
                int error;
                enum replace_outcome outcome;
        } outcomes[] = {
                { EROFS, REPLACE_READ_ONLY }, { ENOSPC, REPLACE_NO_SPACE },
                { EDQUOT, REPLACE_NO_SPACE }, { EBUSY, REPLACE_MOUNT_POINT },
                { ELOOP, REPLACE_REFUSED },   { EEXIST, REPLACE_CHANGED },
                { ENOENT, REPLACE_CHANGED },
        };

        if (error == -ENOMEM)
                return error;
        for (size_t i = 0; i < N_ELEMENTS(outcomes); i++)
                if (outcomes[i].error == -error)
                        return conclude(operation, outcomes[i].outcome, error);
        return conclude(operation, REPLACE_FAILED, error);
}

static bool is_unsupported(int error) {
        return error == -EINVAL || error == -ENOSYS || error == -EOPNOTSUPP || error == -ENOTTY;
}

static bool follows(const struct replace_request *request) {
        enum file_kind kind = request->version.metadata->kind;

        return !(request->flags & (REPLACE_NOFOLLOW | REPLACE_NO_LINKS)) && kind != FILE_SYMLINK &&
               kind != FILE_ABSENT;
}

static int resolve(struct operation *operation) {
        const struct replace_request *request = operation->request;
        unsigned long flags = request->flags & REPLACE_NO_LINKS ? RESOLVE_NO_SYMLINKS : 0;
        CLEANUP(credentials_restore) struct credentials_scope scope = { 0 };
        struct stat st;
        int r;

        r = credentials_assume(request->as, &scope);
        if (r == 0)
                r = target_resolve(operation->root, request->path, follows(request), flags,
                                   &operation->target);
        if (r == -ENOENT || r == -ENOTDIR)
                return conclude(operation, REPLACE_NO_PARENT, r);
        if (r == -EINVAL)
                return conclude(operation, REPLACE_REFUSED, r);
        if (r >= 0 && fstat(operation->target.directory_fd, &st) < 0)
                r = -errno;
        if (r < 0)
                return conclude_error(operation, r);
        operation->directory_uid = st.st_uid;
        return 0;
}

/* A full look, with the rights of the request; with ours only at what has no other name than the
 * one in the user's directory. */
static int look(struct operation *operation, int fd, unsigned flags, struct snapshot *ret) {
        const struct credentials *as = operation->request->as;
        CLEANUP(credentials_restore) struct credentials_scope scope = { 0 };
        int r;

        r = credentials_assume(as, &scope);
        if (r < 0)
                return r;
        r = snapshot_take_fd(fd, flags, ret);
        credentials_restore(&scope);
        if (r == 0 && as && ret->metadata.kind == FILE_UNREADABLE &&
            ret->metadata.error == EACCES && ret->metadata.nlink == 1) {
                snapshot_done(ret);
                r = snapshot_take_fd(fd, flags, ret);
        }
        return r;
}

static bool is_mount_point(int fd) {
        struct statx s;

        return statx(fd, "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT, STATX_TYPE, &s) == 0 &&
               (s.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) &&
               (s.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

static int open_name(const struct operation *operation, const char *name) {
        int fd = openat(operation->target.directory_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

        return fd < 0 ? -errno : fd;
}

static int find_current(struct operation *operation) {
        CLEANUP(credentials_restore) struct credentials_scope scope = { 0 };
        int r;

        r = credentials_assume(operation->request->as, &scope);
        if (r < 0)
                return conclude_error(operation, r);
        operation->current_fd = open_name(operation, operation->target.name);
        credentials_restore(&scope);
        if (operation->current_fd == -ENOENT)
                return 0;
        if (operation->current_fd < 0)
                return conclude_error(operation, operation->current_fd);
        r = snapshot_take_fd(operation->current_fd, SNAPSHOT_METADATA, &operation->current);
        if (r < 0)
                return conclude_error(operation, r);
        if (is_mount_point(operation->current_fd))
                return conclude(operation, REPLACE_MOUNT_POINT, EBUSY);
        return 0;
}

static bool is_judged(const struct operation *operation, const struct file_metadata *found) {
        const struct file_metadata *expected = operation->request->expected;
        const unsigned judged = FILE_DIFFERS_KIND | FILE_DIFFERS_CONTENT | FILE_DIFFERS_LINK;

        return !expected || (file_metadata_compare(expected, found) & judged) == 0;
}

/* Is what is there what the caller judged? Unmoved metadata is believed, it is looked at once more
 * after the exchange. */
static int check_current(struct operation *operation) {
        const struct file_metadata *expected = operation->request->expected;
        const struct file_metadata *found = &operation->current.metadata;
        CLEANUP(snapshot_done) struct snapshot full = { 0 };
        int r;

        if (!expected || (expected->kind == found->kind && expected->ino == found->ino &&
                          expected->dev == found->dev && expected->size == found->size &&
                          expected->ctime_ns == found->ctime_ns))
                return 0;
        if (operation->current_fd < 0)
                return is_judged(operation, found) ? 0 : conclude(operation, REPLACE_CHANGED, 0);
        r = look(operation, operation->current_fd, 0, &full);
        if (r < 0)
                return conclude_error(operation, r);
        return is_judged(operation, &full.metadata) ? 0 : conclude(operation, REPLACE_CHANGED, 0);
}

/* May flags of what is there be changed with our own rights? */
static bool may_unlock(const struct operation *operation) {
        const struct credentials *as = operation->request->as;
        const struct file_metadata *m = &operation->current.metadata;

        return !as || m->uid == as->uid || (operation->directory_uid == as->uid && m->nlink == 1);
}

static int unlock_directory(struct operation *operation) {
        const struct credentials *as = operation->request->as;
        CLEANUP(snapshot_done) struct snapshot s = { 0 };
        int fd = operation->target.directory_fd, r;

        r = snapshot_take_fd(fd, SNAPSHOT_METADATA, &s);
        if (r < 0)
                return conclude_error(operation, r);
        operation->result->directory_flags = s.metadata.flags & lock_flags;
        if (!operation->result->directory_flags)
                return 0;
        if (as && operation->directory_uid != as->uid)
                return conclude(operation, REPLACE_IMMUTABLE, EPERM);
        r = inode_set_flags(fd, 0);
        if (r < 0)
                return conclude(operation, REPLACE_IMMUTABLE, r);
        operation->directory_unlocked = true;
        return 0;
}

static int unlock(struct operation *operation) {
        int r = unlock_directory(operation);

        if (r != 0 || operation->current_fd < 0 ||
            !(operation->current.metadata.flags & lock_flags))
                return r;
        if (!may_unlock(operation))
                return conclude(operation, REPLACE_IMMUTABLE, EPERM);
        r = inode_set_flags(operation->current_fd, 0);
        return r < 0 ? conclude(operation, REPLACE_IMMUTABLE, r) : 0;
}

/* Puts flags back that were cleared: always of the directory, of the file if it is still there. */
static void lock_again(struct operation *operation, bool file_too) {
        if (operation->directory_unlocked)
                (void)inode_set_flags(operation->target.directory_fd,
                                      operation->result->directory_flags);
        if (file_too && operation->current_fd >= 0 &&
            (operation->current.metadata.flags & lock_flags))
                (void)inode_set_flags(operation->current_fd, operation->current.metadata.flags);
}

/* What stands by only has to be named; where it cannot be, the version is written now. */
static int create_good(struct operation *operation) {
        const struct replace_request *request = operation->request;

        if (request->standby && !request->as &&
            temporary_link(operation->target.directory_fd, request->standby, &operation->good) == 0)
                return 0;
        return temporary_create(operation->target.directory_fd, &operation->request->version,
                                operation->request->as, &operation->good);
}

static void remove_good(struct operation *operation) {
        temporary_remove(operation->target.directory_fd, operation->request->as, &operation->good);
}

static bool is_in_force(const struct operation *operation) {
        return temporary_is_at(operation->target.directory_fd, &operation->good,
                               operation->target.name);
}

static int rename_with(struct operation *operation, const char *from, const char *to,
                       unsigned flags) {
        CLEANUP(credentials_restore) struct credentials_scope scope = { 0 };
        int directory = operation->target.directory_fd, r;

        r = credentials_assume(operation->request->as, &scope);
        if (r < 0)
                return r;
        return renameat2(directory, from, directory, to, flags) < 0 ? -errno : 0;
}

/* No exchange needed: nothing is under the name. link(2) where renameat2 knows no flags: neither
 * replaces what someone puts there meanwhile. */
static int move_into_place(struct operation *operation) {
        const char *name = operation->target.name;
        int directory = operation->target.directory_fd, r;

        r = rename_with(operation, operation->good.name, name, RENAME_NOREPLACE);
        if (is_unsupported(r)) {
                CLEANUP(credentials_restore) struct credentials_scope scope = { 0 };

                r = credentials_assume(operation->request->as, &scope);
                if (r == 0 && linkat(directory, operation->good.name, directory, name, 0) < 0)
                        r = -errno;
                if (r == 0) {
                        (void)unlinkat(directory, operation->good.name, 0);
                } else if (r == -EPERM || is_unsupported(r)) {
                        r = renameat(directory, operation->good.name, directory, name) < 0 ? -errno
                                                                                           : 0;
                }
        }
        if (r < 0 && temporary_is_at(directory, &operation->good, name))
                r = 0;
        if (r == 0)
                operation->good.name[0] = '\0';
        return r;
}

/* Before the exchange, when failing is still free: how the old version will be found. */
static int prepare_spare(struct operation *operation) {
        const char *path = operation->target.path;

        operation->result->spare = text_format("%.*s/%s", (int)(strrchr(path, '/') - path), path,
                                               operation->good.name);
        return operation->result->spare ? 0 : -ENOMEM;
}

static void discard_spare(struct operation *operation) {
        free(operation->result->spare);
        operation->result->spare = NULL;
}

/* The temporary name is none of ours any more: the caller's, or nobody's. */
static int conclude_spare(struct operation *operation, enum replace_outcome outcome, int error,
                          bool is_kept) {
        operation->good.name[0] = '\0';
        if (!is_kept)
                discard_spare(operation);
        return conclude(operation, outcome, error);
}

/* Looks at what is under the temporary name since the exchange, as the old version. */
static int look_at_spare(struct operation *operation) {
        struct file_metadata *old = &operation->result->old.metadata;
        CLEANUP_FD int fd = -1;
        int r;

        fd = open_name(operation, operation->good.name);
        if (fd < 0)
                return fd;
        r = look(operation, fd, 0, &operation->result->old);
        if (r < 0)
                return r;
        /* they were cleared to get here */
        old->flags |= operation->current.metadata.flags & lock_flags;
        /* what has a second name is not lost with this one */
        return old->kind == FILE_UNREADABLE && old->nlink < 2 ? -old->error : 0;
}

/* What came out is not what was judged: puts it back. What is then under the temporary name is the
 * good version again, or what someone put over it in that moment, which is kept as a spare. */
static int take_back(struct operation *operation) {
        bool was_exchanged = operation->request->version.metadata->kind != FILE_ABSENT;
        int directory = operation->target.directory_fd;
        int r = rename_with(operation, operation->good.name, operation->target.name,
                            was_exchanged ? RENAME_EXCHANGE : RENAME_NOREPLACE);

        if (r == 0 && !was_exchanged)
                return conclude_spare(operation, REPLACE_CHANGED, 0, false);
        if (r == 0 && temporary_is_at(directory, &operation->good, operation->good.name)) {
                remove_good(operation);
                return conclude_spare(operation, REPLACE_CHANGED, 0, false);
        }
        snapshot_done(&operation->result->old);
        (void)look_at_spare(operation);
        return conclude_spare(operation, REPLACE_CHANGED, r, true);
}

/* After the exchange. */
static int verify(struct operation *operation) {
        int r = look_at_spare(operation);

        if (r == 0 && !is_judged(operation, &operation->result->old.metadata))
                return take_back(operation);
        if (r == -ENOENT) /* someone took it away already */
                return conclude_spare(operation, REPLACE_DONE, 0, false);
        return conclude_spare(operation, REPLACE_DONE, r, true);
}

static int set_version_flags(struct operation *operation) {
        uint32_t flags = operation->request->version.metadata->flags & lock_flags;
        int r;

        if (!flags || operation->good.fd < 0 || operation->result->outcome != REPLACE_DONE)
                return 1;
        r = inode_set_flags(operation->good.fd, flags);
        if (r < 0)
                return conclude(operation, REPLACE_IMMUTABLE, r);
        return 1;
}

/* What can be done without an exchange: a look for the caller to store. */
static int store_first(struct operation *operation) {
        int r = 0;

        if (operation->current_fd >= 0)
                r = look(operation, operation->current_fd, 0, &operation->result->old);
        if (r < 0)
                return conclude_error(operation, r);
        if (!is_judged(operation, &operation->result->old.metadata))
                return conclude(operation, REPLACE_CHANGED, 0);
        return conclude(operation, REPLACE_STORE_FIRST, 0);
}

static int put_in_force(struct operation *operation) {
        int r = create_good(operation);

        if (is_unsupported(r))
                return store_first(operation);
        if (r < 0)
                return conclude_error(operation, r);
        if (operation->current_fd < 0) {
                r = move_into_place(operation);
                if (r < 0)
                        return conclude_error(operation, r);
                (void)conclude(operation, REPLACE_DONE, 0);
                return set_version_flags(operation);
        }
        r = prepare_spare(operation);
        if (r < 0)
                return r;
        r = rename_with(operation, operation->good.name, operation->target.name, RENAME_EXCHANGE);
        if (r < 0 && is_in_force(operation))
                r = 0;
        if (r < 0)
                discard_spare(operation);
        if (is_unsupported(r)) {
                remove_good(operation);
                return store_first(operation);
        }
        if (r < 0)
                return conclude_error(operation, r);
        (void)verify(operation);
        return set_version_flags(operation);
}

/* The version is "absent": what is there goes to the spare name. */
static int put_away(struct operation *operation) {
        int r;

        if (operation->current_fd < 0)
                return conclude(operation, REPLACE_DONE, 0);
        r = temporary_name(&operation->good);
        if (r == 0)
                r = prepare_spare(operation);
        if (r == 0)
                r = rename_with(operation, operation->target.name, operation->good.name,
                                RENAME_NOREPLACE);
        if (r == 0)
                return verify(operation);
        operation->good.name[0] = '\0';
        discard_spare(operation);
        return is_unsupported(r) ? store_first(operation) : conclude_error(operation, r);
}

/* What a name in a user's home leads to may be another's file, by a link or a rename. One of root's
 * is given to the user only if it is a directory, which has one name, and no link led there. */
static bool may_be_set(const struct replace_request *request, const struct file_metadata *found) {
        const struct credentials *as = request->as;

        if (found->kind != FILE_DIRECTORY && found->nlink > 1)
                return false;
        return !as || found->uid == as->uid ||
               (found->kind == FILE_DIRECTORY && found->uid == 0 &&
                request->flags & REPLACE_NO_LINKS);
}

/* Owner, mode, labels and flags of the inode that is there. */
static int set_in_place(struct operation *operation) {
        const struct file_metadata *wanted = operation->request->version.metadata;
        const struct file_metadata *found = &operation->current.metadata;
        int r;

        if (operation->current_fd < 0)
                return conclude(operation, REPLACE_CHANGED, ENOENT);
        if (found->kind != wanted->kind || !may_be_set(operation->request, found))
                return conclude(operation, REPLACE_REFUSED, 0);
        r = file_metadata_copy(&operation->result->old.metadata, found);
        if (r == 0)
                r = inode_set_metadata(operation->current_fd, wanted);
        if (r < 0)
                return conclude_error(operation, r);
        r = inode_set_flags(operation->current_fd, wanted->flags);
        if (r < 0)
                return conclude(operation, REPLACE_IMMUTABLE, r);
        return conclude(operation, REPLACE_DONE, 0);
}

static int act(struct operation *operation) {
        const struct replace_request *request = operation->request;
        enum file_kind kind = request->version.metadata->kind;

        if (request->flags & REPLACE_METADATA ||
            (kind == FILE_DIRECTORY && operation->current.metadata.kind == FILE_DIRECTORY))
                return set_in_place(operation);
        if (kind == FILE_ABSENT)
                return put_away(operation);
        return put_in_force(operation);
}

static bool is_writable_kind(const struct replace_version *version) {
        const struct file_metadata *m = version->metadata;

        return m->kind == FILE_ABSENT || m->kind == FILE_DIRECTORY ||
               (m->kind == FILE_REGULAR && (version->data || version->n_data == 0)) ||
               (m->kind == FILE_SYMLINK && m->link_target);
}

static int attempt(struct operation *operation) {
        int r;

        if (!is_writable_kind(&operation->request->version))
                return conclude(operation, REPLACE_REFUSED, 0);
        r = resolve(operation);
        if (r == 0)
                r = find_current(operation);
        if (r == 0)
                r = check_current(operation);
        if (r == 0)
                r = unlock(operation);
        if (r == 0)
                r = act(operation);
        /* what was replaced keeps its flags off, so that it can be unlinked */
        lock_again(operation, operation->result->outcome != REPLACE_DONE);
        return r;
}

/* Nobody finds it any more, so nobody comes to wait after this. */
static void release_waiting(const struct operation *operation) {
        if (operation->result->outcome == REPLACE_DONE && operation->current_fd >= 0 &&
            operation->current.metadata.kind == FILE_FIFO)
                inode_release_fifo(operation->current_fd);
}

int replace_file(const struct os_root *root, const struct replace_request *request,
                 struct replacement *ret) {
        struct replacement result = { .directory_fd = -1, .outcome = REPLACE_FAILED };
        CLEANUP(operation_done)
        struct operation operation = {
                .root = root,
                .request = request,
                .result = &result,
                .target = { .directory_fd = -1 },
                .current_fd = -1,
                .good = { .fd = -1 },
        };
        int r;

        r = attempt(&operation);
        release_waiting(&operation);
        remove_good(&operation);
        if (r < 0) {
                replacement_done(&result);
                return r;
        }
        result.directory_fd = fd_take(&operation.target.directory_fd);
        result.path = TAKE(operation.target.path);
        *ret = result;
        return 0;
}

/* Is what is there still what was stored? */
static int check_stored(struct operation *operation, const struct file_metadata *stored) {
        CLEANUP(snapshot_done) struct snapshot now = { 0 };
        int r = 0;

        if (operation->current_fd >= 0)
                r = look(operation, operation->current_fd, 0, &now);
        if (r < 0)
                return conclude_error(operation, r);
        if (file_metadata_compare(&now.metadata, stored) &
            (FILE_DIFFERS_KIND | FILE_DIFFERS_CONTENT | FILE_DIFFERS_LINK))
                return conclude(operation, REPLACE_CHANGED, 0);
        return 0;
}

/* The last resort, for file systems that let a file be written and nothing else. */
static int write_in_place(struct operation *operation) {
        const struct replace_version *version = &operation->request->version;
        CLEANUP_FD int fd = -1;
        int r;

        if (version->metadata->kind != FILE_REGULAR)
                return -EOPNOTSUPP;
        {
                CLEANUP(credentials_restore) struct credentials_scope scope = { 0 };

                r = credentials_assume(operation->request->as, &scope);
                if (r < 0)
                        return r;
                fd = openat(operation->target.directory_fd, operation->target.name,
                            O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
                if (fd < 0)
                        return -errno;
        }
        r = temporary_write(fd, version->data, version->n_data);
        while (r == 0 && ftruncate(fd, (off_t)version->n_data) < 0)
                r = errno == EINTR ? 0 : -errno;
        if (r == 0)
                r = inode_set_metadata(fd, version->metadata);
        if (r == 0)
                r = temporary_sync(fd);
        return r;
}

static int rename_over(struct operation *operation) {
        int r = create_good(operation);

        if (r < 0)
                return r;
        r = rename_with(operation, operation->good.name, operation->target.name, 0);
        if (r < 0 && is_in_force(operation))
                r = 0;
        if (r == 0)
                operation->good.name[0] = '\0';
        else
                remove_good(operation);
        return r;
}

/* No file can be renamed over a directory. It goes to a name of its own, and stays there if
 * something is in it. */
static int move_directory_away(struct operation *operation) {
        struct temporary aside = { .fd = -1 };
        int r = temporary_name(&aside);

        if (r == 0)
                r = rename_with(operation, operation->target.name, aside.name, 0);
        if (r == 0)
                temporary_remove(operation->target.directory_fd, operation->request->as, &aside);
        return r;
}

static int overwrite(struct operation *operation) {
        CLEANUP(credentials_restore) struct credentials_scope scope = { 0 };
        bool is_directory =
                operation->current_fd >= 0 && operation->current.metadata.kind == FILE_DIRECTORY;
        int r = is_directory ? move_directory_away(operation) : 0;

        if (r < 0)
                return conclude_error(operation, r);
        if (is_directory && operation->request->version.metadata->kind == FILE_ABSENT)
                return conclude(operation, REPLACE_DONE, 0);
        if (operation->request->version.metadata->kind == FILE_ABSENT) {
                r = credentials_assume(operation->request->as, &scope);
                if (r == 0 &&
                    unlinkat(operation->target.directory_fd, operation->target.name, 0) < 0)
                        r = -errno;
        } else {
                r = rename_over(operation);
                if (r == -EPERM || r == -EACCES || is_unsupported(r))
                        r = write_in_place(operation);
        }
        return r < 0 ? conclude_error(operation, r) : conclude(operation, REPLACE_DONE, 0);
}

int replace_overwrite(const struct os_root *root, const struct replace_request *request,
                      struct replacement *replacement) {
        CLEANUP(operation_done)
        struct operation operation = {
                .root = root,
                .request = request,
                .result = replacement,
                .target = { .directory_fd = -1 },
                .current_fd = -1,
                .good = { .fd = -1 },
        };
        int r;

        r = resolve(&operation);
        if (r == 0)
                r = find_current(&operation);
        if (r == 0)
                r = check_stored(&operation, &replacement->old.metadata);
        if (r == 0)
                r = overwrite(&operation);
        release_waiting(&operation);
        return r < 0 ? r : 0;
}
