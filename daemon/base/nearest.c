/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Optimal string alignment distance with three rows on the stack. Names longer than NAME_MAX_BYTES
 * are no typing errors of ours and get no suggestion. */

#include "base/nearest.h"

#include <stdbool.h>
#include <string.h>

enum { NAME_MAX_BYTES = 63 }; /* the longest keyword of sshd_config has 32 bytes */

static char fold_byte(char c) {
        return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static size_t least(size_t a, size_t b, size_t c) {
        size_t least_of_two = a < b ? a : b;

        return least_of_two < c ? least_of_two : c;
}

static size_t distance_between(const char *a, size_t n_a, const char *b, size_t n_b) {
        size_t rows[3][NAME_MAX_BYTES + 1];
        size_t *before = rows[0], *previous = rows[1], *current = rows[2];

        for (size_t j = 0; j <= n_b; j++)
                previous[j] = before[j] = j;
        for (size_t i = 1; i <= n_a; i++) {
                size_t *recycled = before;

                current[0] = i;
                for (size_t j = 1; j <= n_b; j++) {
                        bool same = fold_byte(a[i - 1]) == fold_byte(b[j - 1]);

                        current[j] = least(previous[j] + 1, current[j - 1] + 1,
                                           previous[j - 1] + (same ? 0 : 1));
                        if (i > 1 && j > 1 && fold_byte(a[i - 1]) == fold_byte(b[j - 2]) &&
                            fold_byte(a[i - 2]) == fold_byte(b[j - 1]) &&
                            before[j - 2] + 1 < current[j])
                                current[j] = before[j - 2] + 1;
                }
                before = previous;
                previous = current;
                current = recycled;
        }
        return previous[n_b];
}

void nearest_init(struct nearest *nearest, const char *name) {
        *nearest = (struct nearest){ .name = name };
}

void nearest_offer(struct nearest *nearest, const char *candidate) {
        size_t n_name = strlen(nearest->name), n_candidate = strlen(candidate);
        size_t longer = n_name > n_candidate ? n_name : n_candidate;
        size_t distance;

        if (longer > NAME_MAX_BYTES)
                return;
        distance = distance_between(nearest->name, n_name, candidate, n_candidate);
        if (distance > (longer + 2) / 3 || distance >= longer)
                return; /* too far, or another name of one letter */
        if (!nearest->best || distance < nearest->distance) {
                nearest->best = candidate;
                nearest->distance = distance;
        }
}
