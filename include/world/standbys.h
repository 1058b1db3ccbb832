/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Approved versions that stand by, so that putting one back waits for no disk: of the files that
 * decide what sshd and PAM do, which are few. Accounts' files have none: they are many, and would
 * be charged to their owners' quotas. */

#include <stdbool.h>
#include <sys/stat.h>

#include "base/map.h"
#include "os/root.h"
#include "os/standby.h"
#include "world/baseline.h"
#include "world/guarded.h"

enum {
        STANDBYS_MAX = 128, /* descriptors; a Debian with every package of PAM's has some sixty */
};

struct standbys {
        struct map paths; /* path → what stands by for it */
        dev_t device;     /* where the database is: that file system is kept busy anyway */
        bool is_enabled;
};

/* Enables it for the file system that STATE_PATH is on. */
void standbys_init(struct standbys *standbys, const char *state_path);
void standbys_done(struct standbys *standbys);

/* What stands by for PATH as APPROVED; NULL if nothing does. What was used up, by whatever end, or
 * is another version than that, is gone. It stays this module's. */
struct standby *standbys_get(struct standbys *standbys, const char *path,
                             const struct approved *approved);

/* Prepares the next one that is missing. Returns true if there may be more: to be called again when
 * there is nothing better to do, since each one waits for a disk. */
bool standbys_prepare_next(struct standbys *standbys, const struct os_root *root,
                           const struct guarded_set *set, const struct baseline *baseline);

/* Lets go of what stands by for paths that are not in SET. */
void standbys_forget_left(struct standbys *standbys, const struct guarded_set *set);

/* How many stand by. */
size_t standbys_count(const struct standbys *standbys);
