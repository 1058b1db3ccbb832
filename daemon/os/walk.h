/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Resolving a wanted path component by component, watching what it leads through. */

#include "mounts.h"
#include "os/root.h"
#include "places.h"

/* Attaches WANTED anew and sets its coverage; what it was attached to before is released. Returns 0
 * or -ENOMEM (then it is attached to less, and said to be unreachable). */
int walk_wanted(const struct os_root *root, const struct mounts *mounts, struct places *places,
                struct wanted *wanted);
