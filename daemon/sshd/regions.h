/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The regions that glob patterns cut out of all strings: for every set of patterns that some string
 * matches while it matches none of the others, one such string. */

#include <stdbool.h>
#include <stddef.h>

#include "base/address.h"

enum {
        REGION_TEXT_MAX = 1022,      /* bytes; a longer pattern never matches in sshd */
        REGION_STATES_MAX = 1 << 14, /* of the automaton: a real machine needs dozens */
        REGION_WORK_MAX = 1 << 22,   /* steps of one pattern each: some milliseconds */
};

struct region_patterns {
        const char **items; /* `*` any run, `?` one byte; borrowed */
        size_t n_items;
};

struct region_sink {
        void *userdata;
        /* Is STRING no use as an example? Then another of the region is looked for. */
        bool (*is_unfit)(void *userdata, const char *string);
        /* Takes an example. Returns 0 or a negative errno. */
        int (*take)(void *userdata, const char *string);
};

/* Gives SINK one string of every region, the short ones first. Returns 1 if those were all (but for
 * regions in which no fit example was found), 0 if the bounds were reached before, or a negative
 * errno. */
int regions_of_strings(const struct region_patterns *patterns, const struct region_sink *sink);

/* The same for the texts of addresses, where what NETWORKS contain tells regions apart too. */
int regions_of_ipv4(const struct region_patterns *patterns, const struct network *networks,
                    size_t n_networks, const struct region_sink *sink);
int regions_of_ipv6(const struct region_patterns *patterns, const struct network *networks,
                    size_t n_networks, const struct region_sink *sink);
