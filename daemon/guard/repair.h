/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* From a rule and its violation to the edit that mends it; respond proves and writes it. */

#include "guard/world.h"
#include "policy/finding.h"
#include "sshd/edit.h"

/* The edit that mends what FINDING shows, for the connection of its witness. Returns 0, -ENOTSUP if
 * there is none, or another negative errno. */
int repair_edit(const struct rule *rule, const struct sshd_config *config,
                const struct accounts *accounts, const struct finding *finding,
                struct sshd_edit *ret);

/* NOW with the owner, group and mode, or the absence, that the finding's rule asks for. */
int repair_metadata(const struct world *world, const struct finding *finding,
                    const struct file_metadata *now, struct file_metadata *ret);
