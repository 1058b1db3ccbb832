/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* "Did you mean …?": the nearest of a set of names. */

#include <stddef.h>

/* Feed candidates one by one, then read `best`: NULL if nothing is near enough to be a typing error
 * (Damerau-Levenshtein distance, case folded, at most a third of the longer name, rounded up). */
struct nearest {
        const char *name;
        const char *best;
        size_t distance;
};

void nearest_init(struct nearest *nearest, const char *name);
void nearest_offer(struct nearest *nearest, const char *candidate);
