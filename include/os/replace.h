/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Putting a version of a file in force.
 *
 * The good version is written to a temporary name in the same directory, synced, given its owner,
 * mode, xattrs and ACL, and exchanged with renameat2(RENAME_EXCHANGE): it is in force at once and
 * the bad one is still on disk under the temporary name. The caller stores that, then
 * replace_finish() unlinks it. A power cut at any instruction leaves either version whole. */

#include <stdbool.h>
#include <stddef.h>

#include "base/metadata.h"
#include "os/root.h"
#include "os/snapshot.h"

enum replace_outcome {
        REPLACE_DONE = 0,
        REPLACE_CHANGED,     /* what is there is not what the caller had judged: look again */
        REPLACE_IMMUTABLE,   /* the flag could not be cleared */
        REPLACE_MOUNT_POINT, /* something is mounted over the path */
        REPLACE_READ_ONLY,
        REPLACE_NO_SPACE,
        REPLACE_REFUSED, /* not a path we write: a link, a directory, not below its owner's home */
        REPLACE_FAILED,  /* errno in ret->error */
        N_REPLACE_OUTCOMES
};

const char *replace_outcome_name(enum replace_outcome outcome);

struct replacement {
        enum replace_outcome outcome;
        int error;
        bool was_exchanged;  /* the old version is at `spare` and must be finished */
        char *spare;         /* path of the old version, inside the root */
        struct snapshot old; /* what was there at the moment of the exchange */
};

struct replace_version {
        const struct file_metadata
                *metadata; /* kind, owner, group, mode, xattrs, flags of the good version */
        const char *data;  /* its content; unused for FILE_ABSENT and FILE_SYMLINK */
        size_t n_data;
};

/* Puts VERSION in force at PATH. EXPECTED (may be NULL) is what the caller judged; if the path is
 * another inode or has other content by now, nothing is changed and REPLACE_CHANGED is returned.
 * Temporary names are TEMPORARY_PREFIX + random, in the directory of the (link-resolved) path.
 * Returns 0 with *ret set, or -ENOMEM. */
#define REPLACE_TEMPORARY_PREFIX ".sshguardd-"
int replace_file(const struct os_root *root, const char *path,
                 const struct replace_version *version, const struct file_metadata *expected,
                 struct replacement *ret);

/* Unlinks the old version after it was stored, and syncs the directory. Returns 0 or a negative
 * errno. */
int replace_finish(const struct os_root *root, struct replacement *replacement);
void replacement_done(struct replacement *replacement);

/* Paths of leftovers (TEMPORARY_PREFIX) in a directory: from a crash between exchange and finish.
 */
int replace_list_leftovers(const struct os_root *root, const char *directory, char ***ret_paths,
                           size_t *ret_n);
