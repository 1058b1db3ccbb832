/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Looking at paths, and writing them, with somebody's rights and without ever waiting for a server.
 *
 * What a user controls is reached with that user's rights, so a planted link leads nowhere the user
 * could not go alone. What lies on a file system with a server behind it (FUSE, NFS, CIFS, 9p,
 * autofs), or behind a link that may lead to one, is touched only by a child that is killed at a
 * deadline; all else is looked at here, and the kernel is asked to refuse whatever would leave the
 * file system that was found to be a local one.
 *
 * A server that did not answer is not asked again for LOOKER_REST_MS: till then its paths are
 * FILE_UNREADABLE with ETIMEDOUT. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "os/credentials.h"
#include "os/replace.h"
#include "os/root.h"
#include "os/snapshot.h"

enum {
        LOOKER_TIMEOUT_MS = 1000, /* a healthy server answers in milliseconds */
        LOOKER_REST_MS = 30000,
};

struct looker;

/* ROOT is borrowed. Returns 0 or a negative errno. */
int looker_new(const struct os_root *root, struct looker **ret);
void looker_free(struct looker *looker);

/* For many looks with the same rights: once a look assumed AS, they stay till looker_drop_rights()
 * or a look with others. Between the two nothing but looks may happen. NULL: nothing is kept.
 * Returns 0 or -ENOMEM. */
int looker_keep_rights(struct looker *looker, const struct credentials *as);
void looker_drop_rights(struct looker *looker);
/* Lets go of whatever makes the next look quicker, after a number of them: a mount that is held
 * open cannot be unmounted. */
void looker_rest(struct looker *looker);

/* As snapshot_take(), with the rights of AS (NULL: ours). */
int looker_take(struct looker *looker, const char *path, const struct credentials *as,
                unsigned flags, struct snapshot *ret);

/* Makes the kernel read what a look at PATH will need, its directories at once and its content
 * behind our back. Nothing is done for what may block, and nothing is told: it is a hint. */
void looker_read_ahead(struct looker *looker, const char *path, const struct credentials *as);

/* One element of a real path: what stat(2) says of it. */
struct look_step {
        char *path;
        uint32_t mode; /* permission bits */
        uint32_t uid, gid;
};
struct look_trace {
        struct look_step *items; /* the object at the end of all links, then its directory, and so
                                    on upwards to "/" */
        size_t n_items;
};
/* Where PATH really is, as realpath(3) with the rights of AS finds it, and what stands above it.
 * Returns 0, a negative errno of that (-ENOENT, -EACCES …), -ETIMEDOUT, or -ENOMEM. */
int looker_trace(struct looker *looker, const char *path, const struct credentials *as,
                 struct look_trace *ret);
void look_trace_done(struct look_trace *trace);

/* As snapshot_glob(), with the rights of AS. -ETIMEDOUT besides. */
int looker_glob(struct looker *looker, const char *pattern, const struct credentials *as,
                char ***ret_paths, size_t *ret_n);

/* True if PATH, by its text, is on a file system that sends no events and may block. */
bool looker_is_silent(struct looker *looker, const char *path);

/* As replace_file(), replace_overwrite(), replace_look_again() and replace_finish(); the request
 * has its own rights. */
int looker_replace(struct looker *looker, const struct replace_request *request,
                   struct replacement *ret);
int looker_overwrite(struct looker *looker, const struct replace_request *request,
                     struct replacement *replacement);
int looker_finish(struct looker *looker, struct replacement *replacement);
