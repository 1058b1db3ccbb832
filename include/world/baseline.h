/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The baseline: the approved version of every guarded path, in memory for a quick revert and in the
 * store for good.
 *
 * Absence is an approved version too. Paths that an approved pattern covers (a drop-in directory's
 * *.conf) and that have no record are approved as absent once the baseline is established: what
 * appears there later is drift. A path that was there at the first adoption but broke a rule has no
 * approved version. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/metadata.h"
#include "os/snapshot.h"
#include "os/store.h"

struct baseline;

struct approved {
        struct file_metadata metadata;
        char *data; /* NULL for kinds without content, secrets and oversize files */
        size_t n_data;
        int64_t at_us;
        uint32_t by;
        char *reason;
        bool is_secret;
        bool is_user; /* `data` is not in memory: baseline_content() */
};

/* What the guarded set knows of accounts' files, of which there may be very many: their approved
 * versions are kept apart, and their content in the store alone. */
struct baseline_users {
        void *userdata;
        bool (*is_user)(void *userdata, const char *path);
        /* True if PATH, which has no record, was not there when its account was adopted. */
        bool (*is_absent)(void *userdata, const char *path);
};

/* Reads every approved version from STORE, which is borrowed. Returns 0 or a negative errno; a
 * version whose content is damaged is left out and reported through on_damaged (may be NULL). */
int baseline_load(struct store *store, void (*on_damaged)(void *userdata, const char *path),
                  void *userdata, struct baseline **ret);
void baseline_free(struct baseline *baseline);

void baseline_set_users(struct baseline *baseline, const struct baseline_users *users);

/* The content of an approved version, on the heap; NULL if it has none. Returns 0 or a negative
 * errno. */
int baseline_content(const struct baseline *baseline, const struct approved *approved,
                     char **ret_data, size_t *ret_n);

/* From now on every approval is written to COPY as well (borrowed; NULL: no more). What could not
 * be written there is told by baseline_copy_is_stale(), until it is set anew. */
void baseline_set_copy(struct baseline *baseline, struct store *copy);
bool baseline_copy_is_stale(const struct baseline *baseline);

/* What is recorded between begin and commit is written as a whole or not at all: one sync for many.
 * Return 0 or a negative errno. */
int baseline_begin(struct baseline *baseline);
int baseline_commit(struct baseline *baseline);
void baseline_rollback(struct baseline *baseline);

/* A small value that belongs to what was approved; store_get_value() reads it. Returns 0 or a
 * negative errno. */
int baseline_set_value(struct baseline *baseline, const char *name, const char *value);

/* False before the first adoption is complete. */
bool baseline_is_established(const struct baseline *baseline);
int baseline_establish(struct baseline *baseline);

/* The approved version of PATH; NULL if there is none. */
const struct approved *baseline_get(const struct baseline *baseline, const char *path);

/* True if a decision was recorded for PATH, be it that it has no approved version. */
bool baseline_knows(const struct baseline *baseline, const char *path);

/* Makes what SNAPSHOT saw the approved version. Returns 0 or a negative errno, then nothing
 * changed. */
int baseline_approve(struct baseline *baseline, const char *path, const struct snapshot *snapshot,
                     bool is_secret, uint32_t by, const char *reason);

/* Records that what is there was not adopted. */
int baseline_decline(struct baseline *baseline, const char *path, const char *reason);

/* Records that what is there could not be read, with that error, and so not be adopted yet; whether
 * that is the last decision about PATH; and about how many. */
int baseline_postpone(struct baseline *baseline, const char *path, int error);
bool baseline_is_postponed(const struct baseline *baseline, const char *path);
size_t baseline_count_postponed(const struct baseline *baseline);

/* The patterns of the approved configuration: see above. Replaces the earlier ones. */
int baseline_set_patterns(struct baseline *baseline, char *const *patterns, size_t n_patterns);

/* Calls FN for each path with a record, in byte order; APPROVED is NULL where it was declined.
 * Accounts' files are left out. */
void baseline_each(const struct baseline *baseline,
                   void (*fn)(const char *path, const struct approved *approved, void *userdata),
                   void *userdata);
