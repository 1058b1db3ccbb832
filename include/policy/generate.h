/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A first policy out of a machine as it is: what its sshd is told that is stricter than the default
 * becomes a rule, so that losing it is noticed. */

#include "base/account.h"
#include "base/text.h"
#include "sshd/config.h"

/* Appends a fragment for policy.d: a rule for every setting that is stricter than its default for
 * all connections, with the line that sets it; remarks about those that are so for some only. The
 * result loads. CONFIG must be one that sshd accepts, DEFAULTS an empty one of the same release.
 * Returns 0 or -ENOMEM. */
int policy_generate(const struct sshd_config *config, const struct sshd_config *defaults,
                    const struct accounts *accounts, struct text *text);
