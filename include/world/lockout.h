/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The owner is never locked out: `admins` and `never_remove` of sshguardd.conf. */

#include <stdbool.h>
#include <stddef.h>

#include "policy/finding.h"
#include "world/view.h"
#include "world/world.h"

/* What would be lost if PATHS were as CANDIDATE has them: *RET_REASON (heap) says who gets in now
 * and would not, or which key would go; NULL if it may be written. Returns 0 or a negative errno.
 */
int lockout_judge(struct world *world, struct view *candidate, char *const *paths, size_t n_paths,
                  char **ret_reason);

/* The finding that no administrator gets in as the tree is; none where none is named. Returns 0 or
 * a negative errno. */
int lockout_assess(struct world *world, struct findings *findings);

/* True if the account is an administrator's. */
bool lockout_concerns(const struct policy *policy, const struct account *account);
