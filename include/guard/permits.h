/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What an administrator allows for a while: changes to a path, a pause of all responses, an
 * exception from a rule. Kept in the store, so a restart does not end one early and does not forget
 * its end. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "os/store.h"

struct permits {
        struct store *store; /* borrowed */
        struct permit *items;
        size_t n_items;
};

#define PERMITS_NEVER INT64_MAX

/* Reads them from STORE; ended ones too, until permits_expire(). Returns 0 or a negative errno. */
int permits_load(struct store *store, struct permits *ret);
void permits_done(struct permits *permits);

/* Records one (copied). *ret_id (may be NULL) is its number. Returns 0 or a negative errno. */
int permits_add(struct permits *permits, const struct permit *permit, int64_t *ret_id);

/* Ends one early. Returns 0, or -ENOENT. */
int permits_remove(struct permits *permits, int64_t id);

/* Whether changes of PATH are counted now: a permit with a number of uses covers it, and none
 * without. */
bool permits_count_changes(const struct permits *permits, const char *path, int64_t now_us);

/* Counts one change against the permit of PATH with uses left. The last use stays permitted until
 * the permit's time is over; the change after it ends the permit. Returns 1 if it was counted, 0 if
 * there is nothing to count or the permit has ended, or a negative errno. */
int permits_use(struct permits *permits, const char *path, int64_t now_us);

/* Ends what is over; ON_ENDED sees each before it goes. Returns how many ended, or a negative
 * errno. */
int permits_expire(struct permits *permits, int64_t now_us,
                   void (*on_ended)(void *userdata, const struct permit *permit), void *userdata);

/* When the next one ends; PERMITS_NEVER if there is none. */
int64_t permits_next_end(const struct permits *permits);

/* Whether a permit for changes or an exception allows what RULE_ID complains of at PATH. */
bool permits_allow(const struct permits *permits, const char *rule_id, const char *path,
                   int64_t now_us);

/* Whether PATH is under a permit or an exception of any rule: it is then not put back for the sake
 * of another file. */
bool permits_cover(const struct permits *permits, const char *path, int64_t now_us);

bool permits_allow_change(const struct permits *permits, const char *path, int64_t now_us);
bool permits_allow_exception(const struct permits *permits, const char *rule_id, const char *path,
                             int64_t now_us);
/* Whether the lock of PATH is lifted: by an unlock, or because it may be changed. */
bool permits_lift_lock(const struct permits *permits, const char *path, int64_t now_us);

/* The run of the package manager, though its lease be over; NULL if there is none. */
const struct permit *permits_find_packages(const struct permits *permits);
/* Puts off the end of one. Returns 0, -ENOENT, or another negative errno. */
int permits_extend(struct permits *permits, int64_t id, int64_t until_us);

/* The pause that holds now; NULL if there is none. */
const struct permit *permits_pause(const struct permits *permits, int64_t now_us);
