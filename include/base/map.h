/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A map from strings to pointers, in byte order of the keys: libc's balanced tree (tsearch(3)), so
 * no stranger's choice of names makes it slow. Embedded: `struct map m = { 0 };`. Values are the
 * caller's. */

#include <stddef.h>

struct map {
        void *root;
        size_t n;
};

void *map_get(const struct map *map, const char *key);

/* Adds or replaces; the key is copied. *ret_old (may be NULL) is the value it had. Returns 0 or
 * -ENOMEM. */
int map_set(struct map *map, const char *key, void *value, void **ret_old);

/* Takes the key out; returns its value, NULL if there was none. */
void *map_remove(struct map *map, const char *key);

/* Calls FN in byte order of the keys. FN must not change the map. */
void map_each(const struct map *map, void (*fn)(const char *key, void *value, void *userdata),
              void *userdata);

/* Empties the map; FREE_VALUE (may be NULL) is called for every value. */
void map_done(struct map *map, void (*free_value)(void *value));
