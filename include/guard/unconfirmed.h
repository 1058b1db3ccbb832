/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Edits that are undone unless they are confirmed from a login that began after them. Kept in the
 * store, so that neither a restart of the daemon nor one of the machine ends the countdown or
 * forgets what was there. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "os/ssh_login.h"
#include "os/store.h"

/* When, by which clocks. */
struct unconfirmed_moment {
        const char *boot_id; /* of the kernel that runs */
        int64_t boot_us;     /* CLOCK_BOOTTIME */
        int64_t real_us;     /* since 1970 */
};

struct unconfirmed {
        struct store *store; /* borrowed */
        char *boot_id;
        int64_t loaded_boot_us, loaded_real_us;
        struct unconfirmed_edit *items; /* in byte order of their paths */
        size_t n_items;
};

#define UNCONFIRMED_NEVER INT64_MAX

/* Reads them from STORE at the moment NOW. Returns 0 or a negative errno. */
int unconfirmed_load(struct store *store, const struct unconfirmed_moment *now,
                     struct unconfirmed *ret);
void unconfirmed_done(struct unconfirmed *unconfirmed);

/* Keeps one (copied): boot_id is filled in. Returns 0, -EEXIST if one of that path waits, or
 * another negative errno. */
int unconfirmed_add(struct unconfirmed *unconfirmed, const struct unconfirmed_edit *edit);

/* It is confirmed, or undone. Returns 0, -ENOENT, or another negative errno. */
int unconfirmed_remove(struct unconfirmed *unconfirmed, const char *path);

/* NULL if none of PATH waits. Stays until the next change. */
const struct unconfirmed_edit *unconfirmed_find(const struct unconfirmed *unconfirmed,
                                                const char *path);

/* When it is undone, by CLOCK_BOOTTIME: setting the wall clock neither hastens nor delays it,
 * unless the machine was started anew since. */
int64_t unconfirmed_due_us(const struct unconfirmed *unconfirmed,
                           const struct unconfirmed_edit *edit);
/* UNCONFIRMED_NEVER if none waits. */
int64_t unconfirmed_next_due_us(const struct unconfirmed *unconfirmed);

/* Whether LOGIN began after the edit was made. */
bool unconfirmed_precedes(const struct unconfirmed *unconfirmed,
                          const struct unconfirmed_edit *edit, const struct ssh_login *login);
