/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The two halves of an evaluation, for those who ask about one keyword and many connections: which
 * Match blocks are in force, and what one keyword is then. sshd_effective_new() is the first once
 * and the second for every keyword. */

#include "base/account.h"
#include "model.h"
#include "sshd/effective.h"

/* Does this block's own Match line match (its parent aside)? Returns 1, 0, -ENOMEM, or -EINVAL with
 * *reterr_reason (heap, may be NULL) where sshd itself would fail (`Match LocalPort` without a
 * port). */
int sshd_block_matches(const struct sshd_config *config, const struct sshd_block *block,
                       const struct sshd_connection *connection, const struct accounts *accounts,
                       char **reterr_reason);

/* All blocks, parents respected: RET_ACTIVE has config->n_blocks elements. CONNECTION NULL: plain
 * `sshd -T`. Returns as above (0 for success). */
int sshd_blocks_match(const struct sshd_config *config, const struct sshd_connection *connection,
                      const struct accounts *accounts, bool *ret_active,
                      struct sshd_refusal **reterr);

/* One keyword under a set of blocks in force. RET is the caller's: sshd_setting_done(). Returns 0,
 * -ENOMEM, or -EINVAL with *reterr where sshd would refuse when these blocks are in force together.
 */
int sshd_setting_evaluate(const struct sshd_config *config, const struct keyword *keyword,
                          const bool *active, struct sshd_setting *ret,
                          struct sshd_refusal **reterr);
