/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Which Match blocks could match: a superset, found without looking at every block. What is found
 * has to be asked with sshd_block_matches(). */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/account.h"
#include "model.h"
#include "sshd/effective.h"

/* A set of Match blocks, a bit each, by their index. */
typedef uint64_t block_word;
enum { BLOCK_WORD_BITS = 64 };

static inline size_t block_words(size_t n_blocks) {
        return n_blocks / BLOCK_WORD_BITS + 1;
}

static inline bool block_is_in(const block_word *set, size_t block) {
        return set[block / BLOCK_WORD_BITS] >> block % BLOCK_WORD_BITS & 1;
}

static inline void block_add(block_word *set, size_t block) {
        set[block / BLOCK_WORD_BITS] |= (block_word)1 << block % BLOCK_WORD_BITS;
}

static inline void block_remove(block_word *set, size_t block) {
        set[block / BLOCK_WORD_BITS] &= ~((block_word)1 << block % BLOCK_WORD_BITS);
}

struct block_index;

/* The index of all blocks of CONFIG, from which it borrows. Returns 0 or -ENOMEM. */
int block_index_new(const struct sshd_config *config, struct block_index **ret);
void block_index_free(struct block_index *index);

/* Adds to SET the blocks with a criterion of one of KINDS (bits of enum sshd_criterion_kind) that
 * CONNECTION, of a user with ACCOUNT (NULL: none), may meet: all that it does meet, and some
 * others. A local port that is not told counts as met, since sshd dies of it. */
void block_index_find(const struct sshd_config *config, const struct sshd_connection *connection,
                      const struct account *account, unsigned kinds, block_word *set);
