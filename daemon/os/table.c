/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Chained hash table with intrusive entries; it doubles when there is an entry per bucket. A failed
 * doubling is no error: the chains only grow longer. */

#include "table.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

enum { FIRST_BUCKETS = 64 };

static struct table_entry **bucket_of(const struct table *table, uint64_t hash) {
        return &table->buckets[hash & (table->n_buckets - 1)];
}

static bool grow(struct table *table) {
        struct table bigger = { .n_buckets =
                                        table->n_buckets ? table->n_buckets * 2 : FIRST_BUCKETS };

        bigger.buckets = calloc(bigger.n_buckets, sizeof *bigger.buckets);
        if (!bigger.buckets)
                return false;
        for (size_t i = 0; i < table->n_buckets; i++) {
                struct table_entry *entry = table->buckets[i], *next;

                for (; entry; entry = next) {
                        struct table_entry **bucket = bucket_of(&bigger, entry->hash);

                        next = entry->next;
                        entry->next = *bucket;
                        *bucket = entry;
                }
        }
        free(table->buckets);
        table->buckets = bigger.buckets;
        table->n_buckets = bigger.n_buckets;
        return true;
}

int table_add(struct table *table, struct table_entry *entry, uint64_t hash) {
        struct table_entry **bucket;

        if (table->n_entries >= table->n_buckets && !grow(table) && !table->buckets)
                return -ENOMEM;
        bucket = bucket_of(table, hash);
        *entry = (struct table_entry){ .next = *bucket, .hash = hash };
        *bucket = entry;
        table->n_entries++;
        return 0;
}

void table_remove(struct table *table, struct table_entry *entry) {
        struct table_entry **link;

        if (!table->buckets)
                return;
        for (link = bucket_of(table, entry->hash); *link; link = &(*link)->next) {
                if (*link != entry)
                        continue;
                *link = entry->next;
                table->n_entries--;
                return;
        }
}

struct table_entry *table_first(const struct table *table, uint64_t hash) {
        struct table_entry *entry = table->buckets ? *bucket_of(table, hash) : NULL;

        while (entry && entry->hash != hash)
                entry = entry->next;
        return entry;
}

struct table_entry *table_next(const struct table_entry *entry) {
        struct table_entry *next = entry->next;

        while (next && next->hash != entry->hash)
                next = next->next;
        return next;
}

void table_done(struct table *table, void (*free_entry)(struct table_entry *entry)) {
        for (size_t i = 0; free_entry && i < table->n_buckets; i++) {
                struct table_entry *entry = table->buckets[i], *next;

                for (; entry; entry = next) {
                        next = entry->next;
                        free_entry(entry);
                }
        }
        free(table->buckets);
        *table = (struct table){ 0 };
}

/* FNV-1a */
uint64_t table_hash(const void *data, size_t n, uint64_t seed) {
        const unsigned char *bytes = data;
        uint64_t hash = UINT64_C(14695981039346656037) ^ seed;

        for (size_t i = 0; i < n; i++)
                hash = (hash ^ bytes[i]) * UINT64_C(1099511628211);
        return hash ^ hash >> 32;
}
