/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A breadth-first walk over the states of many glob patterns run side by side. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "regions.h"

enum { PLACE_END = '\0', PLACE_RUN = '*', PLACE_ANY = '?' };

struct automaton {
        char *places; /* of each place the byte it waits for, or one of the above */
        size_t n_places;
        uint32_t *starts; /* of each pattern its first place */
        size_t n_starts;
        char filler; /* no pattern spells it */
};

/* A set of places, ascending; for IPv4 the standing of each network, and the depth, behind them. */
struct state {
        uint32_t *places;
        size_t n_places;
        uint32_t parent; /* the state it was reached from */
        uint8_t byte;    /* by this byte or octet */
        uint16_t depth;
};

/* All states met, and the regions met: found by content through a table of their numbers. */
struct table {
        uint32_t *buckets; /* number + 1; 0: free */
        size_t n_buckets;
};

struct walk {
        struct automaton automaton;
        const struct region_patterns *patterns;
        const struct region_sink *sink;
        struct state *states;
        size_t n_states;
        struct table by_places, by_region;
        uint32_t *scratch, *before; /* the state that is being made, and the one before it */
        size_t n_scratch, n_work;
};

/* Zeroed before. N_MORE: how many numbers a state has at most behind its places. -ENOMEM or 0. */
int walk_init(struct walk *walk, const struct region_patterns *patterns, size_t n_more);
void walk_done(struct walk *walk);

/* Make the scratch state: the one before the first byte; the one after BYTE. */
void walk_start(struct walk *walk);
void walk_step(struct walk *walk, const uint32_t *places, size_t n_places, char byte);

/* The scratch state joins unless it was met before. Returns 1 if it is new, 0, or -ENOMEM. */
int walk_add_state(struct walk *walk, size_t parent, uint8_t byte);

/* Is the region of a state a new one? */
bool walk_add_region(struct walk *walk, size_t number);

bool walk_is_at_bound(const struct walk *walk);
