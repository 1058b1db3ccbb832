/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Regions of addresses: globs look at the text of an address, networks at its bits, so the walk
 * writes the text and reads the bits at once. Where an address of which only the first bits are
 * known stands to each network belongs to the state, and so does the position in the text.
 *
 * IPv4 is walked octet by octet. The text of IPv6 has many shapes, since the longest run of zeros
 * is written `::`: each walk follows one of a few layouts, how many groups there are before and
 * behind it. Among what is behind there are no zero groups side by side, which would be the shorter
 * run. */

#include "regions.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "walk.h"

/* ---- networks ---- */

enum standing { OUTSIDE, UNDECIDED, INSIDE };

struct terrain {
        const struct network *networks;
        size_t n_networks;
        int family;
};

/* Bits AT to AT + N (at most 8) of an address are VALUE. */
static enum standing stand(const struct network *network, unsigned at, unsigned n, unsigned value) {
        for (unsigned i = 0; i < n && at + i < network->bits; i++) {
                unsigned wanted = network->address.bytes[(at + i) / 8] >> (7 - (at + i) % 8) & 1;

                if (wanted != (value >> (n - 1 - i) & 1))
                        return OUTSIDE;
        }
        return network->bits <= at + n ? INSIDE : UNDECIDED;
}

/* A run of bits that becomes known. */
struct bits {
        unsigned at, n, value; /* of more than 8 all are zero */
};

static enum standing stand_run(const struct network *network, const struct bits *bits) {
        enum standing standing = network->bits <= bits->at ? INSIDE : UNDECIDED;

        for (unsigned i = 0; i < bits->n && standing == UNDECIDED; i += 8)
                standing = stand(network, bits->at + i, bits->n - i < 8 ? bits->n - i : 8,
                                 bits->value);
        return standing;
}

/* Appends the standings to the scratch state: two numbers per network behind the places; what is
 * outside is dropped. FROM NULL: nothing is known yet. */
static void add_networks(struct walk *walk, const struct terrain *terrain, const struct state *from,
                         const struct bits *bits) {
        size_t base = walk->automaton.n_places, i = 0;

        for (size_t k = 0; k < terrain->n_networks; k++) {
                const struct network *network = &terrain->networks[k];
                enum standing standing = network->bits == 0 ? INSIDE : UNDECIDED;

                if (network->address.family != terrain->family)
                        continue;
                if (from) {
                        while (i < from->n_places && from->places[i] < base + 2 * k)
                                i++;
                        if (i == from->n_places || from->places[i] > base + 2 * k + 1)
                                continue;
                        standing = from->places[i] == base + 2 * k + 1 ? INSIDE
                                                                       : stand_run(network, bits);
                }
                if (standing != OUTSIDE)
                        walk->scratch[walk->n_scratch++] =
                                (uint32_t)(base + 2 * k + (standing == INSIDE));
        }
        walk->n_work += terrain->n_networks;
}

static void add_mark(struct walk *walk, const struct terrain *terrain, size_t mark) {
        walk->scratch[walk->n_scratch++] =
                (uint32_t)(walk->automaton.n_places + 2 * terrain->n_networks + mark);
}

/* The last number of a state. */
static size_t mark_of(const struct walk *walk, const struct terrain *terrain,
                      const struct state *state) {
        return state->places[state->n_places - 1] - walk->automaton.n_places -
               2 * terrain->n_networks;
}

/* From a state over TEXT to the scratch state, places only. */
static void step_text(struct walk *walk, const struct state *from, const char *text) {
        size_t n = from->n_places;

        while (n > 0 && from->places[n - 1] >= walk->automaton.n_places)
                n--;
        walk->n_scratch = n;
        memcpy(walk->scratch, from->places, n * sizeof *walk->scratch);
        for (; *text; text++) {
                size_t n_before = walk->n_scratch;

                memcpy(walk->before, walk->scratch, n_before * sizeof *walk->before);
                walk_step(walk, walk->before, n_before, *text);
        }
}

static int give(const struct walk *walk, const char *text) {
        const struct region_sink *sink = walk->sink;

        return sink->is_unfit(sink->userdata, text) ? 0 : sink->take(sink->userdata, text);
}

/* Patterns of CHARACTERS only: no others can match. */
static int choose_patterns(const struct region_patterns *patterns, const char *characters,
                           struct region_patterns *ret) {
        for (size_t i = 0; i < patterns->n_items; i++) {
                if (patterns->items[i][strspn(patterns->items[i], characters)] != '\0')
                        continue;
                if (ARRAY_GROW(ret->items, ret->n_items) < 0)
                        return -ENOMEM;
                ret->items[ret->n_items++] = patterns->items[i];
        }
        return 0;
}

static void patterns_done(struct region_patterns *patterns) {
        free(patterns->items);
}

/* ---- IPv4 ---- */

static int give_ipv4(const struct walk *walk, size_t number) {
        unsigned octets[4] = { 0 };
        char text[ADDRESS_TEXT_MAX];

        for (size_t i = 4; i-- > 0; number = walk->states[number].parent)
                octets[i] = walk->states[number].byte;
        (void)snprintf(text, sizeof text, "%u.%u.%u.%u", octets[0], octets[1], octets[2],
                       octets[3]);
        return give(walk, text);
}

static int walk_ipv4(struct walk *walk, const struct terrain *terrain) {
        int r;

        walk_start(walk);
        add_networks(walk, terrain, NULL, NULL);
        add_mark(walk, terrain, 0);
        r = walk_add_state(walk, 0, 0);
        for (size_t i = 0; i < walk->n_states && r >= 0; i++) {
                if (walk->states[i].depth == 4 && walk_add_region(walk, i))
                        r = give_ipv4(walk, i);
                for (unsigned k = 0; walk->states[i].depth < 4 && k < 256 && r >= 0; k++) {
                        const struct state *from = &walk->states[i];
                        unsigned octet = (k + 7) % 256; /* small ones are an address' usual look */
                        char text[8];

                        if (walk_is_at_bound(walk))
                                return 0;
                        (void)snprintf(text, sizeof text, from->depth < 3 ? "%u." : "%u", octet);
                        step_text(walk, from, text);
                        add_networks(walk, terrain, from,
                                     &(struct bits){ 8U * from->depth, 8, octet });
                        add_mark(walk, terrain, from->depth + 1U);
                        r = walk_add_state(walk, i, (uint8_t)octet);
                }
        }
        return r < 0 ? r : 1;
}

int regions_of_ipv4(const struct region_patterns *patterns, const struct network *networks,
                    size_t n_networks, const struct region_sink *sink) {
        CLEANUP(patterns_done) struct region_patterns chosen = { 0 };
        CLEANUP(walk_done) struct walk walk = { .patterns = &chosen, .sink = sink };
        const struct terrain terrain = { networks, n_networks, 4 };
        int r = choose_patterns(patterns, "*?.0123456789", &chosen);

        if (r < 0 || chosen.n_items == 0)
                return r < 0 ? r : 1;
        r = walk_init(&walk, &chosen, n_networks + 1);
        return r < 0 ? r : walk_ipv4(&walk, &terrain);
}

/* ---- IPv6 ---- */

enum { GROUPS = 8, DIGITS = 4, N_MARKS = (GROUPS + 1) * 64 };

/* Groups before `::` and behind it; 8 and 0: there is none. What inet_ntop(3) writes another way
 * (`::1.2.3.4`) is not among them. */
static const struct layout {
        unsigned before, behind;
} layouts[] = {
        { 8, 0 }, { 1, 0 }, { 1, 1 }, { 2, 0 }, { 2, 1 }, { 3, 0 }, { 3, 1 }, { 4, 0 },
        { 4, 1 }, { 5, 0 }, { 5, 1 }, { 6, 0 }, { 0, 1 }, { 2, 2 }, { 1, 2 }, { 4, 2 },
};

/* Where in the text a state is: so many groups begun, so many digits of the last one missing. */
struct position {
        unsigned group, missing;
        bool is_first;  /* the next digit is the first of its group */
        bool is_single; /* and the only one */
        bool was_zero;  /* the last group is zero */
};

static size_t to_mark(const struct position *position) {
        return position->group * 64 + position->missing * 8 + position->is_first * 4U +
               position->is_single * 2U + position->was_zero;
}

static struct position to_position(size_t mark) {
        return (struct position){
                .group = (unsigned)mark / 64,
                .missing = (unsigned)mark / 8 % 8,
                .is_first = mark & 4,
                .is_single = mark & 2,
                .was_zero = mark & 1,
        };
}

struct walk_ipv6 {
        struct walk *walk;
        const struct terrain *terrain;
        const struct layout *layout;
};

/* The bit at which group number GROUP begins. */
static unsigned bit_of(const struct layout *layout, unsigned group) {
        unsigned n = layout->before + layout->behind;

        return 16 * (group < layout->before ? group : GROUPS - (n - group));
}

/* What is written in front of group number GROUP. */
static const char *separator(const struct layout *layout, unsigned group) {
        if (group == layout->before && layout->before < GROUPS)
                return "::";
        return group == 0 ? "" : ":";
}

/* Begins the next group, of N digits. */
static int begin_group(const struct walk_ipv6 *six, size_t number, struct position position,
                       unsigned n) {
        const struct layout *layout = six->layout;
        const struct state *from = &six->walk->states[number];
        unsigned known = 0, at = bit_of(layout, position.group) + 4 * (DIGITS - n);

        if (position.group > 0)
                known = bit_of(layout, position.group - 1) + 16;
        step_text(six->walk, from, separator(layout, position.group));
        add_networks(six->walk, six->terrain, from, &(struct bits){ known, at - known, 0 });
        position.group++;
        position.missing = n;
        position.is_first = true;
        position.is_single = n == 1;
        add_mark(six->walk, six->terrain, to_mark(&position));
        return walk_add_state(six->walk, number, (uint8_t)(128 + n));
}

static int add_digit(const struct walk_ipv6 *six, size_t number, struct position position,
                     unsigned digit) {
        const struct layout *layout = six->layout;
        const struct state *from = &six->walk->states[number];
        bool is_at_gap = layout->before < GROUPS &&
                         (position.group == layout->before || position.group == layout->before + 1);
        unsigned at = bit_of(layout, position.group - 1) + 4 * (DIGITS - position.missing);
        const char text[2] = { "0123456789abcdef"[digit] };

        if (position.is_first && digit == 0 &&
            (!position.is_single || position.was_zero || is_at_gap))
                return 0;
        step_text(six->walk, from, text);
        add_networks(six->walk, six->terrain, from, &(struct bits){ at, 4, digit });
        position.was_zero = position.is_first && digit == 0;
        position.is_first = position.is_single = false;
        position.missing--;
        add_mark(six->walk, six->terrain, to_mark(&position));
        return walk_add_state(six->walk, number, (uint8_t)text[0]);
}

/* All groups are there: what is missing is zero. */
static int end_address(const struct walk_ipv6 *six, size_t number, unsigned group) {
        const struct state *from = &six->walk->states[number];
        unsigned known = bit_of(six->layout, group - 1) + 16;

        step_text(six->walk, from, six->layout->behind == 0 && known < 128 ? "::" : "");
        add_networks(six->walk, six->terrain, from, &(struct bits){ known, 128 - known, 0 });
        add_mark(six->walk, six->terrain, N_MARKS);
        return walk_add_state(six->walk, number, 0);
}

static int give_ipv6(const struct walk_ipv6 *six, size_t number) {
        const struct walk *walk = six->walk;
        char bytes[ADDRESS_TEXT_MAX * 2], text[ADDRESS_TEXT_MAX * 2];
        size_t n = walk->states[number].depth, n_text = 0;
        unsigned group = 0;

        for (size_t i = n; i > 0; number = walk->states[number].parent)
                bytes[--i] = (char)walk->states[number].byte;
        for (size_t i = 0; i + 1 < n; i++) {
                const char *between = "";

                if ((unsigned char)bytes[i] >= 128)
                        between = separator(six->layout, group++);
                else
                        text[n_text++] = bytes[i];
                for (; *between; between++)
                        text[n_text++] = *between;
        }
        if (six->layout->behind == 0 && six->layout->before < GROUPS) {
                text[n_text++] = ':';
                text[n_text++] = ':';
        }
        text[n_text] = '\0';
        return give(walk, text);
}

/* All ways on from a state. */
static int leave_ipv6(const struct walk_ipv6 *six, size_t number) {
        struct position position =
                to_position(mark_of(six->walk, six->terrain, &six->walk->states[number]));
        unsigned n_groups = six->layout->before + six->layout->behind;
        int r = 0;

        if (position.missing > 0) {
                for (unsigned digit = 0; digit < 16 && r >= 0; digit++)
                        r = add_digit(six, number, position, (digit + 7) % 16);
                return r;
        }
        if (position.group == n_groups)
                return end_address(six, number, position.group);
        for (unsigned n = 1; n <= DIGITS && r >= 0; n++)
                r = begin_group(six, number, position, n);
        return r;
}

static int walk_layout(const struct walk_ipv6 *six) {
        struct walk *walk = six->walk;
        int r;

        walk_start(walk);
        add_networks(walk, six->terrain, NULL, NULL);
        add_mark(walk, six->terrain, to_mark(&(struct position){ 0 }));
        r = walk_add_state(walk, 0, 0);
        for (size_t i = 0; i < walk->n_states && r >= 0; i++) {
                if (walk_is_at_bound(walk))
                        return 0;
                if (mark_of(walk, six->terrain, &walk->states[i]) != N_MARKS)
                        r = leave_ipv6(six, i);
                else if (walk_add_region(walk, i))
                        r = give_ipv6(six, i);
        }
        return r < 0 ? r : 1;
}

int regions_of_ipv6(const struct region_patterns *patterns, const struct network *networks,
                    size_t n_networks, const struct region_sink *sink) {
        CLEANUP(patterns_done) struct region_patterns chosen = { 0 };
        const struct terrain terrain = { networks, n_networks, 6 };
        bool is_complete = true;
        int r = choose_patterns(patterns, "*?:0123456789abcdef", &chosen);

        for (size_t i = 0; i < N_ELEMENTS(layouts) && r >= 0 && chosen.n_items > 0; i++) {
                CLEANUP(walk_done) struct walk walk = { .patterns = &chosen, .sink = sink };
                const struct walk_ipv6 six = { &walk, &terrain, &layouts[i] };

                r = walk_init(&walk, &chosen, n_networks + 1);
                if (r == 0)
                        r = walk_layout(&six);
                is_complete = is_complete && r == 1;
        }
        return r < 0 ? r : is_complete;
}
