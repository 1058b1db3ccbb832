/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The store's table of permits: allowances that must survive a restart and must not outlive their
 * end. */

#include <errno.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "store_internal.h"

int store_add_permit(struct store *store, const struct permit *permit, int64_t *ret_id) {
        const struct value row[] = { INTEGER(permit->kind),     TEXT(permit->path),
                                     TEXT(permit->rule_id),     INTEGER(permit->since_us),
                                     INTEGER(permit->until_us), INTEGER(permit->uses_left),
                                     INTEGER(permit->by),       TEXT(permit->reason) };

        return database_insert(&store->database, SQL_ADD_PERMIT, row, N_ELEMENTS(row), ret_id);
}

int store_update_permit(struct store *store, const struct permit *permit) {
        const struct value row[] = { INTEGER(permit->id), INTEGER(permit->until_us),
                                     INTEGER(permit->uses_left) };
        int r = database_run(&store->database, SQL_UPDATE_PERMIT, row, N_ELEMENTS(row));

        return r < 0 ? r : database_has_changed(&store->database) ? 0 : -ENOENT;
}

int store_remove_permit(struct store *store, int64_t id) {
        const struct value row[] = { INTEGER(id) };
        int r = database_run(&store->database, SQL_DROP_PERMIT, row, N_ELEMENTS(row));

        return r < 0 ? r : database_has_changed(&store->database) ? 0 : -ENOENT;
}

static int list_permits(struct cursor *cursor, struct permit **permits, size_t *n) {
        int r;

        while ((r = cursor_next(cursor)) > 0) {
                struct permit *permit;

                if (ARRAY_GROW(*permits, *n) < 0)
                        return -ENOMEM;
                permit = &(*permits)[(*n)++];
                permit->id = cursor_integer(cursor, 0);
                permit->kind = (enum permit_kind)cursor_integer(cursor, 1);
                permit->since_us = cursor_integer(cursor, 2);
                permit->until_us = cursor_integer(cursor, 3);
                permit->uses_left = cursor_integer(cursor, 4);
                permit->by = (uint32_t)cursor_integer(cursor, 5);
                r = cursor_text(cursor, 6, &permit->path);
                if (r == 0)
                        r = cursor_text(cursor, 7, &permit->rule_id);
                if (r == 0)
                        r = cursor_text(cursor, 8, &permit->reason);
                if (r < 0)
                        return r;
        }
        return r;
}

int store_list_permits(struct store *store, struct permit **ret, size_t *ret_n) {
        CLEANUP(cursor_done) struct cursor cursor = { 0 };
        struct permit *permits = NULL;
        size_t n = 0;
        int r = cursor_start(&store->database, SQL_LIST_PERMITS, NULL, 0, &cursor);

        if (r == 0)
                r = list_permits(&cursor, &permits, &n);
        if (r < 0) {
                permits_free(permits, n);
                return r;
        }
        *ret = permits;
        *ret_n = n;
        return 0;
}

void permits_free(struct permit *permits, size_t n) {
        for (size_t i = 0; i < n; i++) {
                free(permits[i].path);
                free(permits[i].rule_id);
                free(permits[i].reason);
        }
        free(permits);
}
