/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Regions of strings: a walk along the bytes that any pattern waits for and one byte that none
 * spells, which meets every set of patterns that can match together. */

#include "regions.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/pattern.h"
#include "walk.h"

static void spell(const struct walk *walk, size_t number, char text[REGION_TEXT_MAX + 1]) {
        size_t n = walk->states[number].depth;

        for (text[n] = '\0'; n > 0; number = walk->states[number].parent)
                text[--n] = (char)walk->states[number].byte;
}

/* Does TEXT match exactly the patterns that EXAMPLE matches? */
static bool is_alike(const struct walk *walk, const char *text, const char *example) {
        for (size_t i = 0; i < walk->patterns->n_items; i++)
                if (pattern_match(text, walk->patterns->items[i]) !=
                    pattern_match(example, walk->patterns->items[i]))
                        return false;
        return true;
}

/* A fit string of the region of TEXT, which is not: with more of the filler in some place. */
static bool find_fit(const struct walk *walk, const char *text, char fit[REGION_TEXT_MAX + 1]) {
        size_t n = strlen(text);

        for (size_t more = 1; more <= 2; more++)
                for (size_t at = n + 1; at-- > 0 && n + more <= REGION_TEXT_MAX;) {
                        memcpy(fit, text, at);
                        memset(fit + at, walk->automaton.filler, more);
                        memcpy(fit + at + more, text + at, n - at + 1);
                        if (!walk->sink->is_unfit(walk->sink->userdata, fit) &&
                            is_alike(walk, fit, text))
                                return true;
                }
        return false;
}

static int give_string(struct walk *walk, size_t number) {
        char text[REGION_TEXT_MAX + 1], fit[REGION_TEXT_MAX + 1];
        const struct region_sink *sink = walk->sink;

        spell(walk, number, text);
        if (!sink->is_unfit(sink->userdata, text))
                return sink->take(sink->userdata, text);
        if (walk->automaton.filler && find_fit(walk, text, fit))
                return sink->take(sink->userdata, fit);
        return 0;
}

/* The bytes that lead from a state somewhere: those that a pattern waits for there, and the filler.
 */
static size_t collect_bytes(const struct walk *walk, const struct state *state, char bytes[257]) {
        bool is_met[256] = { false };
        size_t n = 0;

        if (walk->automaton.filler)
                bytes[n++] = walk->automaton.filler;
        for (size_t i = 0; i < state->n_places; i++) {
                char byte = walk->automaton.places[state->places[i]];

                if (byte == PLACE_END || byte == PLACE_RUN || byte == PLACE_ANY ||
                    is_met[(unsigned char)byte])
                        continue;
                is_met[(unsigned char)byte] = true;
                bytes[n++] = byte;
        }
        return n;
}

int regions_of_strings(const struct region_patterns *patterns, const struct region_sink *sink) {
        CLEANUP(walk_done) struct walk walk = { .patterns = patterns, .sink = sink };
        int r = walk_init(&walk, patterns, 0);

        if (r < 0)
                return r;
        walk_start(&walk);
        r = walk_add_state(&walk, 0, 0);
        for (size_t i = 0; i < walk.n_states && r >= 0; i++) {
                char bytes[257];
                size_t n_bytes;

                if (walk_add_region(&walk, i))
                        r = give_string(&walk, i);
                n_bytes = walk.states[i].depth < REGION_TEXT_MAX
                                  ? collect_bytes(&walk, &walk.states[i], bytes)
                                  : 0;
                for (size_t k = 0; k < n_bytes && r >= 0; k++) {
                        if (walk_is_at_bound(&walk))
                                return 0;
                        walk_step(&walk, walk.states[i].places, walk.states[i].n_places, bytes[k]);
                        r = walk_add_state(&walk, i, (uint8_t)bytes[k]);
                }
        }
        return r < 0 ? r : 1;
}
