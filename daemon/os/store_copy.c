/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Making one store protect what another does: its approved versions and its values, not its
 * incidents. What is equal already is not written again, so keeping a copy up to date costs two
 * listings. A version whose content is damaged is left out: what the copy has of it stays. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "store_internal.h"

struct listing {
        struct approved_version *items;
        size_t n_items;
};

static void listing_done(struct listing *listing) {
        approved_versions_free(listing->items, listing->n_items);
}

static int compare_paths(const void *a, const void *b) {
        const struct approved_version *x = a, *y = b;

        return strcmp(x->path, y->path);
}

static const struct approved_version *find(const struct listing *listing,
                                           const struct approved_version *like) {
        return listing->n_items == 0 ? NULL
                                     : bsearch(like, listing->items, listing->n_items,
                                               sizeof *listing->items, compare_paths);
}

static bool is_equal(const struct approved_version *a, const struct approved_version *b) {
        return a->approved_at_us == b->approved_at_us && a->approved_by == b->approved_by &&
               a->is_secret == b->is_secret &&
               file_metadata_compare(&a->metadata, &b->metadata) == 0;
}

/* 1 if it was copied, 0 if its content is damaged. */
static int copy_version(struct store *from, struct store *to,
                        const struct approved_version *version) {
        CLEANUP_FREE char *data = NULL;
        size_t n_data = 0;
        int r = 0;

        if (version->metadata.has_sha256 && !version->is_secret)
                r = store_get_content(from, version->metadata.sha256, &data, &n_data);
        if (r == -EUCLEAN)
                return 0;
        if (r == 0 || r == -ENOENT) /* of programs and oversize files none is kept */
                r = store_approve(to, version, data, n_data);
        return r < 0 ? r : 1;
}

static int copy_approved(struct store *from, struct store *to, size_t *n_copied) {
        CLEANUP(listing_done) struct listing theirs = { 0 };
        CLEANUP(listing_done) struct listing ours = { 0 };
        int r = store_list_approved(from, &theirs.items, &theirs.n_items);

        if (r == 0)
                r = store_list_approved(to, &ours.items, &ours.n_items);
        for (size_t i = 0; i < theirs.n_items && r >= 0; i++) {
                const struct approved_version *known = find(&ours, &theirs.items[i]);

                if (known && is_equal(known, &theirs.items[i]))
                        continue;
                r = copy_version(from, to, &theirs.items[i]);
                if (r > 0)
                        ++*n_copied;
        }
        for (size_t i = 0; i < ours.n_items && r >= 0; i++)
                if (!find(&theirs, &ours.items[i]))
                        r = store_forget_approved(to, ours.items[i].path);
        return r < 0 ? r : 0;
}

static int copy_values(struct store *from, struct store *to) {
        CLEANUP(cursor_done) struct cursor cursor = { 0 };
        int r = cursor_start(&from->database, SQL_LIST_VALUES, NULL, 0, &cursor);

        while (r >= 0 && (r = cursor_next(&cursor)) > 0) {
                CLEANUP_FREE char *name = NULL, *value = NULL;

                r = cursor_text(&cursor, 0, &name);
                if (r == 0)
                        r = cursor_text(&cursor, 1, &value);
                if (r == 0 && value)
                        r = store_set_value(to, name, value);
        }
        return r;
}

static int copy_acknowledged(struct store *from, struct store *to) {
        struct acknowledgement *items = NULL;
        size_t n = 0;
        int r = store_list_acknowledged(from, &items, &n);

        for (size_t i = 0; i < n && r == 0; i++)
                r = store_acknowledge(to, &items[i]);
        acknowledgements_free(items, n);
        return r;
}

int store_copy_protection(struct store *from, struct store *to, size_t *ret_n) {
        size_t n_copied = 0;
        int r = store_begin(to);

        if (r == 0)
                r = copy_approved(from, to, &n_copied);
        if (r == 0)
                r = copy_values(from, to);
        if (r == 0)
                r = copy_acknowledged(from, to);
        if (r == 0)
                r = store_commit(to);
        if (r < 0) {
                store_rollback(to);
                return r;
        }
        *ret_n = n_copied;
        return 0;
}
