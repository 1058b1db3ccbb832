/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Locks: the immutable flag on files whose rule asks for the response `lock`.
 *
 * A lock comes with the first revert for such a rule and is part of the approved version from then
 * on. A permit for the path, or an unlock, lifts the flag; when that ends it comes back, as soon as
 * what is there is the approved version. A flag that somebody else took away is put back and is an
 * incident. Nothing is locked in audit mode or where the file system has no flags. */

#include <stdbool.h>

#include "guard/reconcile.h"
#include "world/baseline.h"

bool lock_is_on(const struct approved *approved);

/* Makes the lock part of PATH's approved version; lock_keep() sets the flag. Returns 0 or a
 * negative errno. */
int lock_add(struct reconciler *reconciler, const char *path);

/* Brings PATH's flag to what it should be now. Returns 0 or a negative errno. */
int lock_keep(struct reconciler *reconciler, const char *path);
