/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The store's table of acknowledged rules, and what rules that only report would have done. */

#include <errno.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "store_internal.h"

int store_acknowledge(struct store *store, const struct acknowledgement *acknowledgement) {
        const struct value row[] = { TEXT(acknowledgement->rule_id), TEXT(acknowledgement->terms),
                                     INTEGER(acknowledgement->at_us), INTEGER(acknowledgement->by),
                                     TEXT(acknowledgement->reason) };

        return database_run(&store->database, SQL_ACKNOWLEDGE, row, N_ELEMENTS(row));
}

static int list_acknowledged(struct cursor *cursor, struct acknowledgement **items, size_t *n) {
        int r;

        while ((r = cursor_next(cursor)) > 0) {
                struct acknowledgement *item;

                if (ARRAY_GROW(*items, *n) < 0)
                        return -ENOMEM;
                item = &(*items)[(*n)++];
                *item = (struct acknowledgement){ .at_us = cursor_integer(cursor, 2),
                                                  .by = (uint32_t)cursor_integer(cursor, 3) };
                r = cursor_text(cursor, 0, &item->rule_id);
                if (r == 0)
                        r = cursor_text(cursor, 1, &item->terms);
                if (r == 0)
                        r = cursor_text(cursor, 4, &item->reason);
                if (r < 0)
                        return r;
        }
        return r;
}

int store_list_acknowledged(struct store *store, struct acknowledgement **ret, size_t *ret_n) {
        CLEANUP(cursor_done) struct cursor cursor = { 0 };
        struct acknowledgement *items = NULL;
        size_t n = 0;
        int r = cursor_start(&store->database, SQL_LIST_ACKNOWLEDGED, NULL, 0, &cursor);

        if (r == 0)
                r = list_acknowledged(&cursor, &items, &n);
        if (r < 0) {
                acknowledgements_free(items, n);
                return r;
        }
        *ret = items;
        *ret_n = n;
        return 0;
}

void acknowledgements_free(struct acknowledgement *acknowledgements, size_t n) {
        for (size_t i = 0; i < n; i++) {
                free(acknowledgements[i].rule_id);
                free(acknowledgements[i].terms);
                free(acknowledgements[i].reason);
        }
        free(acknowledgements);
}

static int count_would(struct cursor *cursor, struct would_count **counts, size_t *n) {
        int r;

        while ((r = cursor_next(cursor)) > 0) {
                struct would_count *count;

                if (ARRAY_GROW(*counts, *n) < 0)
                        return -ENOMEM;
                count = &(*counts)[(*n)++];
                *count = (struct would_count){ .n = cursor_integer(cursor, 1),
                                               .last_at_us = cursor_integer(cursor, 2) };
                r = cursor_text(cursor, 0, &count->rule_id);
                if (r < 0)
                        return r;
        }
        return r;
}

int store_count_would(struct store *store, struct would_count **ret, size_t *ret_n) {
        CLEANUP(cursor_done) struct cursor cursor = { 0 };
        struct would_count *counts = NULL;
        size_t n = 0;
        int r = cursor_start(&store->database, SQL_COUNT_WOULD, NULL, 0, &cursor);

        if (r == 0)
                r = count_would(&cursor, &counts, &n);
        if (r < 0) {
                would_counts_free(counts, n);
                return r;
        }
        *ret = counts;
        *ret_n = n;
        return 0;
}

void would_counts_free(struct would_count *counts, size_t n) {
        for (size_t i = 0; i < n; i++)
                free(counts[i].rule_id);
        free(counts);
}
