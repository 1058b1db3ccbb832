/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The automaton of glob patterns.
 *
 * A state is the set of places the patterns could be in after the bytes so far. The places are
 * numbered through all patterns, so a state is a sorted list, and patterns that cannot match any
 * more cost nothing. Numbers behind those of the places are the walker's own (regions_address.c),
 * and tell states and regions apart as well. */

#include "walk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

void walk_done(struct walk *walk) {
        for (size_t i = 0; i < walk->n_states; i++)
                free(walk->states[i].places);
        free(walk->states);
        free(walk->by_places.buckets);
        free(walk->by_region.buckets);
        free(walk->scratch);
        free(walk->before);
        free(walk->automaton.places);
        free(walk->automaton.starts);
}

/* ---- the automaton ---- */

/* A byte that no pattern spells; '\0' if they spell them all. */
static char choose_filler(const struct region_patterns *patterns) {
        static const char fillers[] = "qxzjkvwyufbgphmcdlniorsteaQXZJKVWYUFBGPHMCDLNIORSTEA"
                                      "0123456789_-.+=@^";

        for (const char *filler = fillers; *filler; filler++) {
                bool is_spelt = false;

                for (size_t i = 0; i < patterns->n_items && !is_spelt; i++)
                        is_spelt = strchr(patterns->items[i], *filler);
                if (!is_spelt)
                        return *filler;
        }
        return '\0';
}

static int automaton_init(struct automaton *automaton, const struct region_patterns *patterns) {
        size_t n = 0;

        for (size_t i = 0; i < patterns->n_items; i++)
                n += strlen(patterns->items[i]) + 1;
        automaton->places = malloc(n + 1);
        automaton->starts = calloc(patterns->n_items + 1, sizeof *automaton->starts);
        if (!automaton->places || !automaton->starts)
                return -ENOMEM;
        for (size_t i = 0; i < patterns->n_items; i++) {
                automaton->starts[automaton->n_starts++] = (uint32_t)automaton->n_places;
                for (const char *c = patterns->items[i]; *c; c++)
                        if (*c != '*' || c[1] != '*')
                                automaton->places[automaton->n_places++] = *c;
                automaton->places[automaton->n_places++] = PLACE_END;
        }
        automaton->filler = choose_filler(patterns);
        return 0;
}

/* Places come in ascending order but for the last two: a place leads at most two further. */
static void add_place(struct walk *walk, uint32_t place) {
        uint32_t *scratch = walk->scratch;

        for (size_t i = walk->n_scratch; i > 0 && scratch[i - 1] >= place; i--)
                if (scratch[i - 1] == place)
                        return;
        scratch[walk->n_scratch++] = place;
        if (walk->automaton.places[place] == PLACE_RUN)
                add_place(walk, place + 1);
}

void walk_start(struct walk *walk) {
        walk->n_scratch = 0;
        for (size_t i = 0; i < walk->automaton.n_starts; i++)
                add_place(walk, walk->automaton.starts[i]);
}

/* From PLACES over BYTE to the scratch state. */
void walk_step(struct walk *walk, const uint32_t *places, size_t n_places, char byte) {
        walk->n_scratch = 0;
        walk->n_work += n_places;
        for (size_t i = 0; i < n_places; i++) {
                char waits_for = walk->automaton.places[places[i]];

                if (waits_for == PLACE_RUN)
                        add_place(walk, places[i]);
                else if (waits_for == PLACE_ANY || (waits_for != PLACE_END && waits_for == byte))
                        add_place(walk, places[i] + 1);
        }
}

/* ---- what was met ---- */

static uint64_t hash_places(const uint32_t *places, size_t n) {
        uint64_t hash = 1469598103934665603U;

        for (size_t i = 0; i < n; i++)
                hash = (hash ^ places[i]) * 1099511628211U;
        return hash ^ hash >> 29;
}

static bool is_end(const struct walk *walk, uint32_t place) {
        return walk->automaton.places[place] == PLACE_END;
}

static uint64_t hash_region(const struct walk *walk, const struct state *state) {
        uint64_t hash = 1469598103934665603U;

        for (size_t i = 0; i < state->n_places; i++)
                if (state->places[i] >= walk->automaton.n_places || is_end(walk, state->places[i]))
                        hash = (hash ^ state->places[i]) * 1099511628211U;
        return hash ^ hash >> 29;
}

/* The next place that counts for the region, from I on. */
static size_t next_end(const struct walk *walk, const struct state *state, size_t i) {
        while (i < state->n_places && state->places[i] < walk->automaton.n_places &&
               !is_end(walk, state->places[i]))
                i++;
        return i;
}

static bool is_same_region(const struct walk *walk, const struct state *a, const struct state *b) {
        size_t i = next_end(walk, a, 0), j = next_end(walk, b, 0);

        while (i < a->n_places && j < b->n_places && a->places[i] == b->places[j]) {
                i = next_end(walk, a, i + 1);
                j = next_end(walk, b, j + 1);
        }
        return i == a->n_places && j == b->n_places;
}

static int table_init(struct table *table) {
        table->n_buckets = REGION_STATES_MAX * 2;
        table->buckets = calloc(table->n_buckets, sizeof *table->buckets);
        return table->buckets ? 0 : -ENOMEM;
}

int walk_add_state(struct walk *walk, size_t parent, uint8_t byte) {
        size_t n = walk->n_scratch, mask = walk->by_places.n_buckets - 1, at;
        struct state *state;
        int r;

        for (at = hash_places(walk->scratch, n) & mask; walk->by_places.buckets[at];
             at = (at + 1) & mask) {
                const struct state *met = &walk->states[walk->by_places.buckets[at] - 1];

                if (met->n_places == n && memcmp(met->places, walk->scratch, n * 4) == 0)
                        return 0;
        }
        r = ARRAY_GROW(walk->states, walk->n_states);
        if (r < 0)
                return r;
        state = &walk->states[walk->n_states];
        state->places = malloc((n + 1) * sizeof *state->places);
        if (!state->places)
                return -ENOMEM;
        memcpy(state->places, walk->scratch, n * sizeof *state->places);
        state->n_places = n;
        state->parent = (uint32_t)parent;
        state->byte = byte;
        state->depth =
                walk->n_states > 0 ? (uint16_t)(walk->states[parent].depth + 1) : (uint16_t)0;
        walk->by_places.buckets[at] = (uint32_t)++walk->n_states;
        return 1;
}

bool walk_add_region(struct walk *walk, size_t number) {
        size_t mask = walk->by_region.n_buckets - 1, at;
        const struct state *state = &walk->states[number];

        for (at = hash_region(walk, state) & mask; walk->by_region.buckets[at];
             at = (at + 1) & mask)
                if (is_same_region(walk, state, &walk->states[walk->by_region.buckets[at] - 1]))
                        return false;
        walk->by_region.buckets[at] = (uint32_t)number + 1;
        return true;
}

int walk_init(struct walk *walk, const struct region_patterns *patterns, size_t n_more) {
        int r = automaton_init(&walk->automaton, patterns);

        if (r == 0)
                r = table_init(&walk->by_places);
        if (r == 0)
                r = table_init(&walk->by_region);
        if (r < 0)
                return r;
        walk->scratch = calloc(walk->automaton.n_places + n_more + 1, sizeof *walk->scratch);
        walk->before = calloc(walk->automaton.n_places + 1, sizeof *walk->before);
        return walk->scratch && walk->before ? 0 : -ENOMEM;
}

bool walk_is_at_bound(const struct walk *walk) {
        return walk->n_states >= REGION_STATES_MAX - 1 || walk->n_work >= REGION_WORK_MAX;
}
