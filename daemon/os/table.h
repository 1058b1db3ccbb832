/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A hash table of entries that lie in the objects they stand for: finding, adding and removing cost
 * the same for ten objects and for a million. Equal keys may be there more than once. */

#include <stddef.h>
#include <stdint.h>

struct table_entry {
        struct table_entry *next; /* in its bucket */
        uint64_t hash;
};

struct table {
        struct table_entry **buckets;
        size_t n_buckets; /* a power of two, or 0 */
        size_t n_entries;
};

/* Returns 0 or -ENOMEM. */
int table_add(struct table *table, struct table_entry *entry, uint64_t hash);
/* No-op for an entry that is not in there. */
void table_remove(struct table *table, struct table_entry *entry);
/* The first entry of that hash, and the next one after an entry; NULL at the end. The caller
 * compares keys. */
struct table_entry *table_first(const struct table *table, uint64_t hash);
struct table_entry *table_next(const struct table_entry *entry);
/* Takes every entry out and frees the buckets; FREE_ENTRY frees the object an entry lies in (NULL:
 * that is others' business). */
void table_done(struct table *table, void (*free_entry)(struct table_entry *entry));

uint64_t table_hash(const void *data, size_t n, uint64_t seed);
