/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Is there a connection that puts some Match blocks in force and others not? Each block's criteria
 * look at independent dimensions of a connection, so a connection is a choice of one candidate per
 * dimension, and a block is in force if its criteria hold in each. */

#include "candidates.h"
#include "index.h"

/* A choice of candidates. */
struct choice {
        const struct candidate *of[N_DIMENSIONS];
};

/* A candidate, and the blocks whose criteria on its dimension all hold. */
struct option {
        block_word *blocks;
        const struct candidate *candidate;
};

struct options {
        struct option *items;
        size_t n_items;
        struct candidates candidates;
};

struct search {
        struct candidate_source source;
        size_t n_words;
        block_word *relevant;               /* the blocks of the source */
        block_word *involved;               /* and those around them */
        block_word *free_of[N_DIMENSIONS];  /* with no criterion of their own on it */
        block_word *settled[N_DIMENSIONS];  /* relevant ones that look at none behind it */
        bool is_looked_at[N_DIMENSIONS];    /* by a relevant block or by `when` */
        const struct sshd_block **children; /* involved ones with a block around them */
        size_t n_children;
        struct options naturals[N_DIMENSIONS], all[N_DIMENSIONS];
        bool has_all;
        size_t n_steps, n_matches;
        bool is_cut; /* an answer "no" since this was cleared was not the whole truth */
};

enum {
        SEARCH_STEPS_MAX = 1 << 22,   /* words of blocks per search: some milliseconds */
        SEARCH_MATCHES_MAX = 1 << 20, /* of candidates with Match lines: a tenth of a second */
        SEARCH_SETS_MAX = 4096,       /* of blocks that can be in force together */
};

/* SOURCE is kept; what it points to must live as long as the search. Returns 0 or -ENOMEM. */
int search_init(struct search *search, const struct candidate_source *source);
void search_done(struct search *search);

/* Looks for a connection that puts TARGET (NULL: nothing in particular) in force and none of
 * EXCLUDED. Returns 1 with *ret, 0 (see is_cut), or -ENOMEM. If QUICK, only likely ones are tried.
 */
int search_target(struct search *search, const struct sshd_block *target,
                  const block_word *excluded, bool quick, struct sshd_connection *ret);

/* One set of relevant blocks that can be in force together, and a connection that does it. */
struct search_set {
        block_word *blocks;
        struct choice choice;
};

struct search_sets {
        struct search_set *items;
        size_t n_items;
};

/* All of them; is_cut says if there may be more. Returns 0 or -ENOMEM. */
int search_sets(struct search *search, struct search_sets *ret);
void search_sets_done(struct search_sets *sets);

/* The connection that a choice stands for, into an empty one. Returns 0 or -ENOMEM. */
int choice_connection(const struct choice *choice, struct sshd_connection *ret);
