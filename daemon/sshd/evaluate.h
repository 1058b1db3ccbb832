/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The two halves of an evaluation, for those who ask about one keyword and many connections: which
 * Match blocks are in force, and what one keyword is then. sshd_effective_new() is the first once
 * and the second for every keyword. */

#include "base/account.h"
#include "model.h"
#include "sshd/effective.h"
#include "take.h"

/* Do the criteria of this block's own Match line (its parent aside) that are of KINDS, bits of enum
 * sshd_criterion_kind, match the connection of a user with ACCOUNT (NULL: none)? Returns 1, 0,
 * -ENOMEM, or -EINVAL with *reterr_reason (heap, may be NULL) where sshd itself would fail
 * (`Match LocalPort` without a port). */
int sshd_block_matches(const struct sshd_config *config, const struct sshd_block *block,
                       unsigned kinds, const struct sshd_connection *connection,
                       const struct account *account, char **reterr_reason);
#define SSHD_MATCH_ANY_KIND (~0U)

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

/* The value the keyword has if LINES, all of one Match block, decide; of the global section if
 * there are none. Losers are not worked out. Returns as above. */
int sshd_setting_of_lines(const struct sshd_config *config, const struct keyword *keyword,
                          const struct sshd_directive *const *lines, size_t n_lines,
                          struct sshd_setting *ret);

/* Does what Match blocks say of this keyword have any effect? */
bool sshd_keyword_is_copied(const struct keyword *keyword);
