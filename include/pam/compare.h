/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Whether two readings of stacks say the same. */

#include "pam/stack.h"

/* True if both do the same in a run: kind, level, actions, module and arguments. Where they stand
 * makes no difference. */
bool pam_rule_is_same(const struct pam_rule *a, const struct pam_rule *b);

/* True if libpam does the same with both services: they start alike, and each of their lists has
 * the same rules. */
bool pam_service_is_same(const struct pam_service *a, const struct pam_service *b);
