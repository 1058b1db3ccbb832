/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* From a rule and its violation to the edit that mends it; respond proves and writes it. */

#include "policy/finding.h"
#include "sshd/edit.h"
#include "world/world.h"

/* The edit that mends what FINDING shows, for the connection of its witness. Returns 0, -ENOTSUP if
 * there is none, or another negative errno. */
int repair_edit(const struct rule *rule, const struct sshd_config *config,
                const struct accounts *accounts, const struct finding *finding,
                struct sshd_edit *ret);

/* NOW with the owner, group and mode, or the absence, that the finding's rule asks for. */
int repair_metadata(const struct world *world, const struct finding *finding,
                    const struct file_metadata *now, struct file_metadata *ret);

/* Makes CANDIDATE a tree in which every pam rule holds, by taking out the lines that its rules of
 * response `repair` blame; *RET_PATHS are the files that were edited. An edit is made only where
 * every service that reads the file is what it was without that line, and still lets somebody in.
 * Returns 0, -ENOTSUP if that does not make them hold, or another negative errno. */
int repair_pam(const struct world *world, struct view *candidate, char ***ret_paths,
               size_t *ret_n_paths);
