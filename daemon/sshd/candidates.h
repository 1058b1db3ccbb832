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
        DIMENSION_ADDRESS, /* and the host name, where that is the address */
        DIMENSION_HOST,    /* where it is another name, with UseDNS yes */
        DIMENSION_LOCAL_ADDRESS,
        DIMENSION_LOCAL_PORT,
        DIMENSION_RDOMAIN,
        N_DIMENSIONS
};

/* The kinds of criteria that look at a dimension: bits of enum sshd_criterion_kind. */
unsigned dimension_kinds(enum dimension dimension, bool host_is_address);

struct candidate {
        struct sshd_connection part;   /* only the dimension's members are set; strings borrowed */
        const struct account *account; /* of DIMENSION_USER; NULL: nobody we know */
};

struct candidates {
        struct candidate *items;
        size_t n_items;
        char **pool; /* the strings that are nobody else's */
        size_t n_pool;
        bool is_incomplete; /* there may be regions without a candidate */
};

struct candidate_source {
        const struct sshd_config *config;
        const struct sshd_block *const *blocks; /* whose criteria matter, parents included */
        size_t n_blocks;
        const struct accounts *accounts;
        const struct sshd_when *when; /* may be NULL: its patterns count as well */
        bool host_is_address;
        long long port; /* where sshd listens, for a natural witness */
};

enum {
        CANDIDATES_MAX = 1 << 18, /* per dimension: a domain of 200,000 accounts fits */
};

/* Each appends candidates of a dimension and returns 0 or -ENOMEM. The first: the most natural
 * ones, whatever the blocks say; a single one if LIMIT is 1. The second: those that BLOCK and the
 * ones around it ask for, of many only some. The third: one of every region, the most natural
 * first. */
int candidates_natural(const struct candidate_source *source, enum dimension dimension,
                       size_t limit, struct candidates *ret);
int candidates_of_block(const struct candidate_source *source, enum dimension dimension,
                        const struct sshd_block *block, struct candidates *ret);
int candidates_all(const struct candidate_source *source, enum dimension dimension,
                   struct candidates *ret);
void candidates_done(struct candidates *candidates);
