/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A user's rights to files, for this thread and a while: what is under a user's control is reached
 * with that user's fsuid, fsgid and groups, so that a planted link leads nowhere the user could not
 * go alone. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct credentials {
        uint32_t uid, gid;
        const uint32_t *groups; /* supplementary */
        size_t n_groups;
};

/* A copy owns its groups. Returns 0 or -ENOMEM. */
int credentials_copy(struct credentials *ret, const struct credentials *credentials);
void credentials_done(struct credentials *copy);
bool credentials_are_same(const struct credentials *a, const struct credentials *b);

/* What was there before; zeroed means nothing was changed. */
struct credentials_scope {
        bool is_assumed;
        uint32_t uid, gid;
        uint32_t *groups;
        size_t n_groups;
};

enum { CREDENTIALS_GROUPS_MAX = 65536 }; /* NGROUPS_MAX of Linux */

/* Assumes CREDENTIALS (NULL: nothing changes) until credentials_restore(). Scopes do not nest.
 * Returns 0, or a negative errno (-EPERM: we are not root) with the rights as they were. If the old
 * rights cannot be had back the process aborts: going on with mixed rights would be worse. */
int credentials_assume(const struct credentials *credentials, struct credentials_scope *ret);
void credentials_restore(struct credentials_scope *scope);
