/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Where a path that is to be written really is: the directory as a descriptor, and a name in it. */

#include <stdbool.h>

#include "os/root.h"

struct target {
        int directory_fd; /* for reading where that is allowed (so it can be synced), else O_PATH */
        char *name;
        char *path; /* of the two, inside the root, no link in it */
};

/* FOLLOW: links at the last component are followed, also to where nothing is yet. RESOLVE as in
 * os_root_openat(). Returns 0; -ENOENT or -ENOTDIR (no such directory), -ELOOP (a link where none
 * may be, or too many), -EINVAL (not the name of a file: "/", "..", an empty one), or another
 * negative errno. */
int target_resolve(const struct os_root *root, const char *path, bool follow, unsigned long resolve,
                   struct target *ret);
void target_done(struct target *target);
