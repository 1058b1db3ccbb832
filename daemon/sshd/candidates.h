/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Representatives of everything a connection can be, one dimension at a time: for every region that
 * the patterns of some Match blocks cut out of a dimension, a value inside it. */

#include <stdbool.h>
#include <stddef.h>

#include "base/account.h"
#include "model.h"
#include "sshd/contexts.h"

enum dimension {
        DIMENSION_USER,
        DIMENSION_ADDRESS, /* with UseDNS no the host name is the address, so both vary together */
        DIMENSION_HOST,    /* with UseDNS yes */
        DIMENSION_LOCAL_ADDRESS,
        DIMENSION_LOCAL_PORT,
        DIMENSION_RDOMAIN,
        N_DIMENSIONS
};

/* Which dimension a criterion looks at. */
enum dimension dimension_of(enum sshd_criterion_kind kind, bool use_dns);

struct candidates {
        struct sshd_connection *items; /* only this dimension's members are set */
        size_t n_items;
};

struct candidate_source {
        const struct sshd_block *const *blocks; /* whose criteria matter, parents included */
        size_t n_blocks;
        const struct accounts *accounts;
        const struct sshd_when *when; /* may be NULL: its patterns count as well */
        bool use_dns;
        bool tells_invalid_user; /* the release can be told of it, and its Match can ask */
        long long port;          /* where sshd listens, for a natural witness */
};

enum {
        CANDIDATES_MAX = 1 << 18, /* per dimension: a domain of 200,000 accounts fits */
};

/* Appends the candidates of a dimension, the most natural ones first. Returns 0, -ENOMEM, or -E2BIG
 * beyond CANDIDATES_MAX. */
int candidates_collect(const struct candidate_source *source, enum dimension dimension,
                       struct candidates *ret);
/* Just the most natural one, for a dimension that nothing looks at. Returns 0 or -ENOMEM. */
int candidates_natural(const struct candidate_source *source, enum dimension dimension,
                       struct candidates *ret);
void candidates_done(struct candidates *candidates);
