/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The emergency copy: approved versions a second time, in a database of their own, so that a
 * damaged one does not end the protection. */

#include "os/store.h"

/* Opens DIRECTORY's database and its emergency copy (DIRECTORY/emergency). Whichever is damaged is
 * set aside, kept, and made anew from the other; both damaged begin empty. What happened is told in
 * the journal. *ret_copy is NULL where no copy can be kept. Returns 0 or a negative errno. */
int emergency_open(const char *directory, struct store **ret_store, struct store **ret_copy);

/* Makes the copy protect what STORE does. A failure is told. COPY may be NULL. */
void emergency_update(struct store *store, struct store *copy);
