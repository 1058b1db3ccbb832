/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The store's table of edits that wait to be confirmed. What was there before is kept with them,
 * not with the incident that tells of the edit: the bounds of the quarantine must not take away
 * what an administrator relies on to get in again. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "store_internal.h"

enum { /* of SQL_LIST_UNCONFIRMED */
       COLUMN_PATH,
       COLUMN_VERSION,
       COLUMN_APPROVED,
       COLUMN_AT,
       COLUMN_SPAN,
       COLUMN_BOOT_ID,
       COLUMN_BOOT_AT,
       COLUMN_BY,
       COLUMN_PERMIT,
       COLUMN_SHA256,
};

void kept_version_done(struct kept_version *version) {
        file_metadata_done(&version->metadata);
        free(version->data);
        *version = (struct kept_version){ 0 };
}

static void unconfirmed_edit_done(struct unconfirmed_edit *edit) {
        free(edit->path);
        free(edit->boot_id);
        kept_version_done(&edit->before);
        kept_version_done(&edit->approved);
}

void unconfirmed_edits_free(struct unconfirmed_edit *edits, size_t n) {
        for (size_t i = 0; i < n; i++)
                unconfirmed_edit_done(&edits[i]);
        free(edits);
}

/* ---- writing ---- */

static int put_kept(struct store *store, const struct kept_version *version, int64_t *ret_id) {
        uint8_t sha256[FILE_SHA256_SIZE];
        int64_t content = 0;
        int r = 0;

        if (version->data) {
                r = store_hash(version->data, version->n_data, sha256);
                if (r == 0)
                        r = store_put_content(store, sha256, version->data, version->n_data,
                                              &content);
        }
        return r < 0 ? r : store_put_version(store, &version->metadata, content, ret_id);
}

static int add_edit(struct store *store, const struct unconfirmed_edit *edit) {
        int64_t before = 0, approved = 0;
        int r = put_kept(store, &edit->before, &before);

        if (r == 0 && edit->has_approved)
                r = put_kept(store, &edit->approved, &approved);
        if (r < 0)
                return r;
        const struct value row[] = {
                TEXT(edit->path),
                INTEGER(before),
                edit->has_approved ? INTEGER(approved) : (struct value){ 0 },
                INTEGER(edit->at_us),
                INTEGER(edit->span_us),
                TEXT(edit->boot_id),
                INTEGER(edit->boot_us),
                INTEGER(edit->by),
                INTEGER(edit->permit_id),
                BLOB(edit->sha256, FILE_SHA256_SIZE),
        };
        return database_run(&store->database, SQL_ADD_UNCONFIRMED, row, N_ELEMENTS(row));
}

/* The versions of the edit of PATH; *ret_approved is 0 if there is none. */
static int find_versions(struct store *store, const char *path, int64_t *ret_before,
                         int64_t *ret_approved) {
        CLEANUP(cursor_done) struct cursor cursor = { 0 };
        int r = cursor_start(&store->database, SQL_LIST_UNCONFIRMED, NULL, 0, &cursor);

        while (r >= 0 && (r = cursor_next(&cursor)) > 0) {
                CLEANUP_FREE char *own = NULL;

                r = cursor_text(&cursor, COLUMN_PATH, &own);
                if (r < 0 || strcmp(own, path) != 0)
                        continue;
                *ret_before = cursor_integer(&cursor, COLUMN_VERSION);
                *ret_approved = cursor_integer(&cursor, COLUMN_APPROVED);
                return 0;
        }
        return r < 0 ? r : -ENOENT;
}

int store_add_unconfirmed(struct store *store, const struct unconfirmed_edit *edit) {
        int64_t before, approved;
        int r = find_versions(store, edit->path, &before, &approved);

        if (r != -ENOENT)
                return r < 0 ? r : -EEXIST;
        r = store_step_begin(store);
        return r < 0 ? r : store_step_end(store, add_edit(store, edit));
}

static int drop_edit(struct store *store, const char *path) {
        const struct value key = TEXT(path);
        int64_t before = 0, approved = 0;
        int r = find_versions(store, path, &before, &approved);

        if (r == 0)
                r = database_run(&store->database, SQL_DROP_UNCONFIRMED, &key, 1);
        if (r == 0)
                r = store_drop_version(store, before);
        if (r == 0 && approved != 0)
                r = store_drop_version(store, approved);
        return r;
}

int store_drop_unconfirmed(struct store *store, const char *path) {
        int r = store_step_begin(store);

        return r < 0 ? r : store_step_end(store, drop_edit(store, path));
}

/* ---- reading ---- */

static int get_kept(struct store *store, int64_t id, struct kept_version *ret) {
        CLEANUP(cursor_done) struct cursor cursor = { 0 };
        const struct value key = INTEGER(id);
        int r = cursor_start(&store->database, SQL_GET_VERSION, &key, 1, &cursor);

        if (r == 0)
                r = cursor_next(&cursor);
        if (r <= 0)
                return r < 0 ? r : -EUCLEAN;
        r = store_get_metadata(&cursor, &ret->metadata);
        return r < 0 ? r : cursor_blob(&cursor, N_VERSION_COLUMNS, &ret->data, &ret->n_data);
}

/* What is kept must be what was there: it is going to be put in force. */
static int check_kept(const struct kept_version *version) {
        uint8_t sha256[FILE_SHA256_SIZE];
        int r;

        if (!version->data)
                return version->metadata.kind == FILE_REGULAR ? -EUCLEAN : 0;
        r = store_hash(version->data, version->n_data, sha256);
        if (r < 0)
                return r;
        return memcmp(sha256, version->metadata.sha256, FILE_SHA256_SIZE) == 0 ? 0 : -EUCLEAN;
}

static int get_edit(struct store *store, const struct cursor *cursor,
                    struct unconfirmed_edit *edit) {
        CLEANUP_FREE char *sha256 = NULL;
        size_t n_sha256 = 0;
        int r = cursor_text(cursor, COLUMN_PATH, &edit->path);

        edit->has_approved = !cursor_is_null(cursor, COLUMN_APPROVED);
        edit->at_us = cursor_integer(cursor, COLUMN_AT);
        edit->span_us = cursor_integer(cursor, COLUMN_SPAN);
        edit->boot_us = cursor_integer(cursor, COLUMN_BOOT_AT);
        edit->by = (uint32_t)cursor_integer(cursor, COLUMN_BY);
        edit->permit_id = cursor_integer(cursor, COLUMN_PERMIT);
        if (r == 0)
                r = cursor_text(cursor, COLUMN_BOOT_ID, &edit->boot_id);
        if (r == 0)
                r = cursor_blob(cursor, COLUMN_SHA256, &sha256, &n_sha256);
        if (r == 0 && n_sha256 != FILE_SHA256_SIZE)
                r = -EUCLEAN;
        if (r < 0)
                return r;
        memcpy(edit->sha256, sha256, FILE_SHA256_SIZE);
        r = get_kept(store, cursor_integer(cursor, COLUMN_VERSION), &edit->before);
        if (r == 0)
                r = check_kept(&edit->before);
        if (r == 0 && edit->has_approved)
                r = get_kept(store, cursor_integer(cursor, COLUMN_APPROVED), &edit->approved);
        return r;
}

int store_list_unconfirmed(struct store *store, struct unconfirmed_edit **ret, size_t *ret_n) {
        CLEANUP(cursor_done) struct cursor cursor = { 0 };
        struct unconfirmed_edit *edits = NULL;
        size_t n = 0;
        int r = cursor_start(&store->database, SQL_LIST_UNCONFIRMED, NULL, 0, &cursor);

        while (r >= 0 && (r = cursor_next(&cursor)) > 0) {
                r = ARRAY_GROW(edits, n);
                if (r == 0) {
                        edits[n] = (struct unconfirmed_edit){ 0 };
                        r = get_edit(store, &cursor, &edits[n++]);
                }
        }
        if (r < 0) {
                unconfirmed_edits_free(edits, n);
                return r;
        }
        *ret = edits;
        *ret_n = n;
        return 0;
}
