/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Putting a version of a file in force.
 *
 * The good version is written to a temporary name in the same directory, given its owner, mode,
 * xattrs and ACL, synced, and exchanged with renameat2(RENAME_EXCHANGE): it is in force at once and
 * the bad one is still on disk under the temporary name. The caller stores that, then
 * replace_finish() unlinks it. A power cut at any instruction leaves either version whole.
 *
 *         replace_file() ── REPLACE_DONE ──────── store `old` ── replace_finish()
 *                        └─ REPLACE_STORE_FIRST ─ store `old` ── replace_overwrite()
 *
 * The second way is for file systems without exchange (FUSE): nothing was changed yet. */

#include <stdbool.h>
#include <stddef.h>

#include "base/metadata.h"
#include "os/credentials.h"
#include "os/root.h"
#include "os/snapshot.h"

enum replace_outcome {
        REPLACE_DONE = 0,
        REPLACE_STORE_FIRST, /* no exchange here: store `old`, then replace_overwrite() */
        REPLACE_CHANGED,     /* what is there is not what the caller had judged: look again */
        REPLACE_IMMUTABLE,   /* the flag could not be cleared */
        REPLACE_MOUNT_POINT, /* something is mounted over the path */
        REPLACE_READ_ONLY,
        REPLACE_NO_SPACE,
        REPLACE_NO_PARENT, /* its directory is missing: put that in force first */
        REPLACE_REFUSED, /* not a path or version we write: a link where none may be, a device … */
        REPLACE_FAILED,  /* errno in ret->error */
        N_REPLACE_OUTCOMES
};

/* "done", "the file changed meanwhile" …; for messages. */
const char *replace_outcome_name(enum replace_outcome outcome);

struct replace_version {
        /* kind, owner, group, mode, xattrs, flags and link_target of the good version. Kinds that
         * can be put in force: FILE_ABSENT, FILE_REGULAR, FILE_SYMLINK, FILE_DIRECTORY. */
        const struct file_metadata *metadata;
        const char *data; /* the content of FILE_REGULAR */
        size_t n_data;
};

enum replace_flags {
        REPLACE_NOFOLLOW = 1 << 0, /* a link at the last component is replaced itself; without it
                                      its target is (implied for FILE_SYMLINK and FILE_ABSENT) */
        REPLACE_NO_LINKS = 1 << 1, /* a link in any component: REPLACE_REFUSED */
        REPLACE_METADATA = 1 << 2, /* the content stays: owner, mode, xattrs and flags are set on
                                      the inode that is there (of a directory: always so) */
};

struct standby;

struct replace_request {
        const char *path;
        struct replace_version version;
        /* What the caller judged, NULL for "whatever is there". If the path has another kind,
         * content or link target by now, nothing is changed: REPLACE_CHANGED. Whoever writes
         * faster than we look is met with NULL. */
        const struct file_metadata *expected;
        /* Whose rights reach, create and exchange; NULL: ours. Owner, labels and flags are set with
         * ours, on the descriptor of what was created. */
        const struct credentials *as;
        unsigned flags;
        /* VERSION, prepared ahead: used up where it serves. NULL: none. */
        struct standby *standby;
};

struct replacement {
        enum replace_outcome outcome;
        int error;           /* errno behind the outcome, 0 if there is none; of REPLACE_DONE: why
                                `old` could not be read, the spare has it */
        struct snapshot old; /* what was there at the moment of the exchange, flags included */
        char *path;          /* where the file really is, inside the root */
        char *spare;      /* where the old version is by now, NULL if nowhere: replace_finish() */
        int directory_fd; /* of both; for this module */
        uint32_t directory_flags; /* immutable and append-only of the directory, put back */
};

/* Puts a version in force. Temporary names are REPLACE_TEMPORARY_PREFIX + random, in the directory
 * of the (link-resolved) path. If what came out of the exchange is not what was expected, it is
 * exchanged back. A `spare` may be there with any outcome: it has what could not be put back and
 * must be stored as well. Returns 0 with *ret set, or -ENOMEM with nothing changed. */
#define REPLACE_TEMPORARY_PREFIX ".sshguardd-"
int replace_file(const struct os_root *root, const struct replace_request *request,
                 struct replacement *ret);

/* After REPLACE_STORE_FIRST and after `old` was stored: renames the good version over the bad one
 * or, where not even that works, writes it in place. Sets replacement->outcome. Returns 0 or
 * -ENOMEM. */
int replace_overwrite(const struct os_root *root, const struct replace_request *request,
                      struct replacement *replacement);

/* After REPLACE_DONE with an `error`: reads the spare into `old` once more (with our rights; it has
 * no other name). Returns 0, the error being gone, or a negative errno. */
int replace_look_again(struct replacement *replacement);

/* Unlinks the old version after it was stored, and syncs the directory. Returns 0 or a negative
 * errno: -EAGAIN if the old version could not be read yet, -ENOTEMPTY if it was a directory with
 * something in it, which stays under its spare name. Nothing to do without a spare but to sync. */
int replace_finish(struct replacement *replacement);
void replacement_done(struct replacement *replacement);

/* Paths of leftovers (REPLACE_TEMPORARY_PREFIX) in a directory: from a crash between exchange and
 * finish (a bad version that must be stored) or before the exchange (a good one, maybe cut off). */
int replace_list_leftovers(const struct os_root *root, const char *directory, char ***ret_paths,
                           size_t *ret_n);
/* Unlinks a leftover after it was stored. Returns 0 or a negative errno. */
int replace_remove_leftover(const struct os_root *root, const char *path);
