/* SPDX-License-Identifier: GPL-3.0-or-later */
/* String map on tsearch(3). An entry and its key are one allocation; a stack entry with a borrowed
 * key serves as the needle of look-ups. */

#include "base/map.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

struct map_entry {
        const char *key; /* points behind the entry */
        void *value;
};

static int compare_entries(const void *a, const void *b) {
        const struct map_entry *x = a, *y = b;

        return strcmp(x->key, y->key);
}

static struct map_entry *find_entry(const struct map *map, const char *key) {
        const struct map_entry needle = { .key = key };
        void *const *node = tfind(&needle, &map->root, compare_entries);

        return node ? *node : NULL;
}

void *map_get(const struct map *map, const char *key) {
        const struct map_entry *entry = find_entry(map, key);

        return entry ? entry->value : NULL;
}

int map_set(struct map *map, const char *key, void *value, void **ret_old) {
        struct map_entry *entry = find_entry(map, key);
        size_t n = strlen(key) + 1;

        if (ret_old)
                *ret_old = entry ? entry->value : NULL;
        if (entry) {
                entry->value = value;
                return 0;
        }
        entry = malloc(sizeof *entry + n);
        if (!entry)
                return -ENOMEM;
        entry->key = memcpy((char *)(entry + 1), key, n);
        entry->value = value;
        if (!tsearch(entry, &map->root, compare_entries)) {
                free(entry);
                return -ENOMEM;
        }
        map->n++;
        return 0;
}

void *map_remove(struct map *map, const char *key) {
        struct map_entry *entry = find_entry(map, key);
        void *value;

        if (!entry)
                return NULL;
        value = entry->value;
        (void)tdelete(entry, &map->root, compare_entries);
        free(entry);
        map->n--;
        return value;
}

struct walk {
        void (*fn)(const char *key, void *value, void *userdata);
        void *userdata;
};

static void visit_node(const void *node, VISIT which, void *closure) {
        const struct map_entry *entry = *(struct map_entry *const *)node;
        const struct walk *walk = closure;

        if (which == postorder || which == leaf)
                walk->fn(entry->key, entry->value, walk->userdata);
}

void map_each(const struct map *map, void (*fn)(const char *key, void *value, void *userdata),
              void *userdata) {
        struct walk walk = { fn, userdata };

        twalk_r(map->root, visit_node, &walk);
}

void map_done(struct map *map, void (*free_value)(void *value)) {
        while (map->root) {
                struct map_entry *entry = *(struct map_entry **)map->root;

                (void)tdelete(entry, &map->root, compare_entries);
                if (free_value && entry->value)
                        free_value(entry->value);
                free(entry);
        }
        map->n = 0;
}
