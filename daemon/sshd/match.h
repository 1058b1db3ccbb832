/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Match lines: reading their criteria, and comparing them with a connection. */

#include "evaluate.h"
#include "grammar.h"

/* Reads the criteria of a Match line into BLOCK (criteria and `always`). REST is what follows the
 * keyword, of which releases before 9.9 cut off words on their own. Returns enum reading_result or
 * -ENOMEM. */
int match_read(struct reading *reading, struct sshd_block *block);

void sshd_block_done(struct sshd_block *block);
