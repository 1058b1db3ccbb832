/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The program's memory as plain values; database.c knows the SQL.
 *
 * Contents are kept once, under their SHA-256: an approved version, and the same bytes quarantined
 * a hundred times, are one row. A version is a file's metadata at one moment and refers to a
 * content, or to none: absent files, secrets, what the bounds of the quarantine did not admit.
 *
 * The database lies in a directory only root can write. It is created with its final mode, so no
 * other mode is ever seen; SQLite gives its journal the same. */

#include "os/store.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "codec.h"
#include "fd.h"
#include "store_internal.h"

enum { SET_ASIDE_MAX = 1000 }; /* damaged databases kept */

static const char database_name[] = "state.db";

DEFINE_CLEANUP(store_cleanup, struct store, store_free)

int store_hash(const char *data, size_t n, uint8_t ret[FILE_SHA256_SIZE]) {
        return EVP_Digest(n > 0 ? data : "", n, ret, NULL, EVP_sha256(), NULL) == 1 ? 0 : -ENOMEM;
}

int store_count(struct store *store) {
        struct store_usage usage;
        int r = store_get_usage(store, &usage);

        if (r < 0)
                return r;
        store->quarantine_bytes = usage.quarantine_bytes;
        store->n_incidents = usage.n_incidents;
        return 0;
}

static int create_file(const char *directory, const char *path) {
        CLEANUP_FD int fd = -1;

        if (mkdir(directory, 0700) < 0 && errno != EEXIST)
                return -errno;
        fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        return fd < 0 ? -errno : 0;
}

static int open_store(const char *directory, bool read_only, struct store **ret) {
        CLEANUP(store_cleanup) struct store *store = NULL;
        CLEANUP_FREE char *path = text_format("%s/%s", directory, database_name);
        int r;

        if (!path)
                return -ENOMEM;
        if (read_only)
                r = access(path, R_OK) < 0 ? -errno : 0;
        else
                r = create_file(directory, path);
        if (r < 0)
                return r;
        store = calloc(1, sizeof *store);
        if (!store)
                return -ENOMEM;
        r = database_open(path, read_only, &store->database);
        if (r < 0)
                return r;
        r = store_count(store);
        if (r < 0)
                return r;
        *ret = TAKE(store);
        return 0;
}

int store_open(const char *directory, struct store **ret) {
        return open_store(directory, false, ret);
}

int store_open_read_only(const char *directory, struct store **ret) {
        return open_store(directory, true, ret);
}

void store_free(struct store *store) {
        if (!store)
                return;
        database_done(&store->database);
        free(store);
}

static int sync_directory(const char *path) {
        CLEANUP_FD int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (fd < 0)
                return -errno;
        return fsync(fd) < 0 ? -errno : 0;
}

/* Renames the parts of a database; the journal has the last commits, so it goes along. */
static int move_database(const char *from, const char *to) {
        static const char *const parts[] = { "-wal", "-shm", "" };

        for (size_t i = 0; i < N_ELEMENTS(parts); i++) {
                CLEANUP_FREE char *source = text_format("%s%s", from, parts[i]);
                CLEANUP_FREE char *target = text_format("%s%s", to, parts[i]);

                if (!source || !target)
                        return -ENOMEM;
                if (rename(source, target) < 0 && errno != ENOENT)
                        return -errno;
        }
        return 0;
}

int store_set_aside(const char *directory, char **ret_kept_as) {
        CLEANUP_FREE char *path = text_format("%s/%s", directory, database_name);
        int r;

        if (!path)
                return -ENOMEM;
        for (int i = 1; i <= SET_ASIDE_MAX; i++) {
                CLEANUP_FREE char *kept = text_format("%s.damaged-%d", path, i);

                if (!kept)
                        return -ENOMEM;
                if (access(kept, F_OK) == 0)
                        continue;
                r = move_database(path, kept);
                if (r < 0)
                        return r;
                r = sync_directory(directory);
                if (r < 0)
                        return r;
                *ret_kept_as = TAKE(kept);
                return 0;
        }
        return -EEXIST;
}

int store_begin(struct store *store) {
        int r = database_run(&store->database, SQL_BEGIN, NULL, 0);

        store->is_begun = r == 0;
        return r;
}

int store_commit(struct store *store) {
        int r = database_run(&store->database, SQL_COMMIT, NULL, 0);

        if (r == 0)
                store->is_begun = false;
        return r;
}

void store_rollback(struct store *store) {
        if (!store->is_begun)
                return;
        (void)database_run(&store->database, SQL_ROLLBACK, NULL, 0);
        store->is_begun = false;
        (void)store_count(store);
}

int store_step_begin(struct store *store) {
        return database_run(&store->database, SQL_SAVEPOINT, NULL, 0);
}

int store_step_end(struct store *store, int r) {
        if (r == 0)
                r = database_run(&store->database, SQL_RELEASE, NULL, 0);
        if (r == 0)
                return 0;
        (void)database_run(&store->database, SQL_ROLLBACK_TO, NULL, 0);
        (void)database_run(&store->database, SQL_RELEASE, NULL, 0);
        (void)store_count(store);
        return r;
}

int store_find_content(struct store *store, const uint8_t sha256[FILE_SHA256_SIZE],
                       int64_t *ret_id) {
        const struct value key = BLOB(sha256, FILE_SHA256_SIZE);

        return database_get_integer(&store->database, SQL_FIND_CONTENT, &key, 1, ret_id);
}

int store_put_content(struct store *store, const uint8_t sha256[FILE_SHA256_SIZE], const char *data,
                      size_t n, int64_t *ret_id) {
        const struct value row[] = { BLOB(sha256, FILE_SHA256_SIZE), INTEGER(n), BLOB(data, n) };
        int r = store_find_content(store, sha256, ret_id);

        if (r != -ENOENT)
                return r;
        return database_insert(&store->database, SQL_ADD_CONTENT, row, N_ELEMENTS(row), ret_id);
}

int store_put_version(struct store *store, const struct file_metadata *m, int64_t content,
                      int64_t *ret_id) {
        CLEANUP(text_done) struct text xattrs = { 0 };

        encode_xattrs(&xattrs, m->xattrs, m->n_xattrs);
        if (text_error(&xattrs) < 0)
                return text_error(&xattrs);
        const struct value row[N_VERSION_COLUMNS] = {
                INTEGER(m->kind),
                INTEGER(m->error),
                INTEGER(m->mode),
                INTEGER(m->uid),
                INTEGER(m->gid),
                INTEGER(m->size),
                INTEGER(m->mtime_ns),
                INTEGER(m->ctime_ns),
                INTEGER(m->dev),
                INTEGER(m->ino),
                INTEGER(m->nlink),
                INTEGER(m->flags),
                BLOB(xattrs.data, xattrs.n),
                TEXT(m->link_target),
                m->has_sha256 ? BLOB(m->sha256, FILE_SHA256_SIZE) : (struct value){ 0 },
                INTEGER(m->is_oversize),
                content ? INTEGER(content) : (struct value){ 0 },
        };
        return database_insert(&store->database, SQL_ADD_VERSION, row, N_ELEMENTS(row), ret_id);
}

int store_drop_version(struct store *store, int64_t version) {
        const struct value key[] = { INTEGER(version) };
        int64_t content;
        int r;

        r = database_get_integer(&store->database, SQL_CONTENT_OF_VERSION, key, 1, &content);
        if (r < 0)
                return r;
        r = database_run(&store->database, SQL_DROP_VERSION, key, 1);
        if (r < 0 || content == 0)
                return r;
        return database_run(&store->database, SQL_DROP_CONTENT,
                            (const struct value[]){ INTEGER(content) }, 1);
}

int store_get_metadata(const struct cursor *cursor, struct file_metadata *m) {
        CLEANUP_FREE char *xattrs = NULL, *sha256 = NULL;
        struct decoder decoder;
        size_t n_xattrs = 0, n_sha256 = 0;
        int64_t kind = cursor_integer(cursor, 0);

        if (kind < 0 || kind >= N_FILE_KINDS)
                return -EUCLEAN;
        m->kind = (enum file_kind)kind;
        m->error = (int)cursor_integer(cursor, 1);
        m->mode = (uint32_t)cursor_integer(cursor, 2);
        m->uid = (uint32_t)cursor_integer(cursor, 3);
        m->gid = (uint32_t)cursor_integer(cursor, 4);
        m->size = (uint64_t)cursor_integer(cursor, 5);
        m->mtime_ns = cursor_integer(cursor, 6);
        m->ctime_ns = cursor_integer(cursor, 7);
        m->dev = (uint64_t)cursor_integer(cursor, 8);
        m->ino = (uint64_t)cursor_integer(cursor, 9);
        m->nlink = (uint64_t)cursor_integer(cursor, 10);
        m->flags = (uint32_t)cursor_integer(cursor, 11);
        m->is_oversize = cursor_integer(cursor, 15) != 0;
        if (cursor_blob(cursor, 12, &xattrs, &n_xattrs) < 0 ||
            cursor_text(cursor, 13, &m->link_target) < 0 ||
            cursor_blob(cursor, 14, &sha256, &n_sha256) < 0)
                return -ENOMEM;
        decoder = (struct decoder){ .data = xattrs, .n = n_xattrs };
        decode_xattrs(&decoder, m);
        if (decode_end(&decoder) < 0)
                return decoder.no_memory ? -ENOMEM : -EUCLEAN;
        m->has_sha256 = sha256 != NULL;
        if (sha256 && n_sha256 != FILE_SHA256_SIZE)
                return -EUCLEAN;
        if (sha256)
                memcpy(m->sha256, sha256, FILE_SHA256_SIZE);
        return 0;
}

static int drop_approved(struct store *store, const char *path) {
        const struct value key[] = { TEXT(path) };
        int64_t version;
        int r;

        r = database_get_integer(&store->database, SQL_VERSION_OF_APPROVED, key, 1, &version);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        r = database_run(&store->database, SQL_DROP_APPROVED, key, 1);
        return r < 0 ? r : store_drop_version(store, version);
}

static int set_approved(struct store *store, const struct approved_version *approved,
                        const char *data, size_t n) {
        uint8_t sha256[FILE_SHA256_SIZE];
        int64_t content = 0, version;
        int r;

        if (data) {
                r = store_hash(data, n, sha256);
                if (r < 0)
                        return r;
                if (approved->metadata.has_sha256 &&
                    memcmp(sha256, approved->metadata.sha256, sizeof sha256) != 0)
                        return -EINVAL;
                r = store_put_content(store, sha256, data, n, &content);
                if (r < 0)
                        return r;
        }
        /* the new one first: content that both have stays */
        r = store_put_version(store, &approved->metadata, content, &version);
        if (r < 0)
                return r;
        r = drop_approved(store, approved->path);
        if (r < 0)
                return r;
        const struct value row[] = {
                TEXT(approved->path),
                INTEGER(version),
                INTEGER(approved->approved_at_us),
                INTEGER(approved->approved_by),
                TEXT(approved->reason),
                INTEGER(approved->is_secret),
                INTEGER(approved->is_user),
        };
        return database_run(&store->database, SQL_SET_APPROVED, row, N_ELEMENTS(row));
}

int store_approve(struct store *store, const struct approved_version *version, const char *data,
                  size_t n_data) {
        int r = store_step_begin(store);

        if (r < 0)
                return r;
        return store_step_end(store, set_approved(store, version, data, n_data));
}

int store_forget_approved(struct store *store, const char *path) {
        int r = store_step_begin(store);

        if (r < 0)
                return r;
        return store_step_end(store, drop_approved(store, path));
}

static int get_approved(const struct cursor *cursor, struct approved_version *approved) {
        int r = store_get_metadata(cursor, &approved->metadata);

        if (r < 0)
                return r;
        approved->approved_at_us = cursor_integer(cursor, N_VERSION_COLUMNS + 1);
        approved->approved_by = (uint32_t)cursor_integer(cursor, N_VERSION_COLUMNS + 2);
        approved->is_secret = cursor_integer(cursor, N_VERSION_COLUMNS + 4) != 0;
        approved->is_user = cursor_integer(cursor, N_VERSION_COLUMNS + 5) != 0;
        if (cursor_text(cursor, N_VERSION_COLUMNS, &approved->path) < 0 ||
            cursor_text(cursor, N_VERSION_COLUMNS + 3, &approved->reason) < 0)
                return -ENOMEM;
        return 0;
}

int store_get_approved(struct store *store, const char *path, struct approved_version *ret) {
        CLEANUP(cursor_done) struct cursor cursor = { 0 };
        struct approved_version approved = { 0 };
        const struct value key[] = { TEXT(path) };
        int r;

        r = cursor_start(&store->database, SQL_GET_APPROVED, key, 1, &cursor);
        if (r < 0)
                return r;
        r = cursor_next(&cursor);
        if (r <= 0)
                return r < 0 ? r : -ENOENT;
        r = get_approved(&cursor, &approved);
        if (r < 0) {
                approved_version_done(&approved);
                return r;
        }
        *ret = approved;
        return 0;
}

static int list_approved(struct cursor *cursor, struct approved_version **versions, size_t *n) {
        int r;

        while ((r = cursor_next(cursor)) > 0) {
                if (ARRAY_GROW(*versions, *n) < 0)
                        return -ENOMEM;
                r = get_approved(cursor, &(*versions)[(*n)++]);
                if (r < 0)
                        return r;
        }
        return r;
}

int store_list_approved(struct store *store, struct approved_version **ret, size_t *ret_n) {
        CLEANUP(cursor_done) struct cursor cursor = { 0 };
        struct approved_version *versions = NULL;
        size_t n = 0;
        int r;

        r = cursor_start(&store->database, SQL_LIST_APPROVED, NULL, 0, &cursor);
        if (r == 0)
                r = list_approved(&cursor, &versions, &n);
        if (r < 0) {
                approved_versions_free(versions, n);
                return r;
        }
        *ret = versions;
        *ret_n = n;
        return 0;
}

void approved_version_done(struct approved_version *version) {
        free(version->path);
        free(version->reason);
        file_metadata_done(&version->metadata);
        *version = (struct approved_version){ 0 };
}

void approved_versions_free(struct approved_version *versions, size_t n) {
        for (size_t i = 0; i < n; i++)
                approved_version_done(&versions[i]);
        free(versions);
}

int store_read_content(struct store *store, enum statement statement, const struct value *key,
                       const uint8_t *sha256, char **ret_data, size_t *ret_n) {
        CLEANUP(cursor_done) struct cursor cursor = { 0 };
        CLEANUP_FREE char *data = NULL, *name = NULL;
        uint8_t actual[FILE_SHA256_SIZE];
        size_t n = 0, n_name = FILE_SHA256_SIZE;
        int r;

        r = cursor_start(&store->database, statement, key, 1, &cursor);
        if (r < 0)
                return r;
        r = cursor_next(&cursor);
        if (r <= 0)
                return r < 0 ? r : -ENOENT;
        if (cursor_blob(&cursor, 0, &data, &n) < 0 ||
            (!sha256 && cursor_blob(&cursor, 1, &name, &n_name) < 0) ||
            store_hash(data, n, actual) < 0)
                return -ENOMEM;
        if (n_name != FILE_SHA256_SIZE ||
            memcmp(actual, sha256 ? (const void *)sha256 : name, FILE_SHA256_SIZE) != 0)
                return -EUCLEAN;
        *ret_data = TAKE(data);
        *ret_n = n;
        return 0;
}

int store_get_content(struct store *store, const uint8_t sha256[FILE_SHA256_SIZE], char **ret_data,
                      size_t *ret_n) {
        const struct value key = BLOB(sha256, FILE_SHA256_SIZE);

        return store_read_content(store, SQL_GET_CONTENT, &key, sha256, ret_data, ret_n);
}

int store_get_usage(struct store *store, struct store_usage *ret) {
        CLEANUP(cursor_done) struct cursor cursor = { 0 };
        CLEANUP_FREE char *dropped = NULL;
        int r;

        r = store_get_value(store, STORE_DROPPED, &dropped);
        if (r < 0 && r != -ENOENT)
                return r;
        r = cursor_start(&store->database, SQL_USAGE, NULL, 0, &cursor);
        if (r < 0)
                return r;
        r = cursor_next(&cursor);
        if (r <= 0)
                return r < 0 ? r : -EUCLEAN;
        *ret = (struct store_usage){
                .n_approved = cursor_integer(&cursor, 0),
                .n_incidents = cursor_integer(&cursor, 1),
                .quarantine_bytes = cursor_integer(&cursor, 2),
                .n_quarantined = cursor_integer(&cursor, 3),
                .n_dropped = dropped ? strtoll(dropped, NULL, 10) : 0,
        };
        return 0;
}

int store_set_value(struct store *store, const char *name, const char *value) {
        const struct value row[] = { TEXT(name), TEXT(value) };

        return database_run(&store->database, SQL_SET_VALUE, row, N_ELEMENTS(row));
}

int store_get_value(struct store *store, const char *name, char **ret) {
        CLEANUP(cursor_done) struct cursor cursor = { 0 };
        CLEANUP_FREE char *value = NULL;
        const struct value key = TEXT(name);
        int r;

        r = cursor_start(&store->database, SQL_GET_VALUE, &key, 1, &cursor);
        if (r < 0)
                return r;
        r = cursor_next(&cursor);
        if (r <= 0)
                return r < 0 ? r : -ENOENT;
        r = cursor_text(&cursor, 0, &value);
        if (r < 0)
                return r;
        if (!value)
                return -ENOENT;
        *ret = TAKE(value);
        return 0;
}

int store_add_gap(struct store *store, const struct gap *gap) {
        const struct value row[] = { INTEGER(gap->from_us), INTEGER(gap->until_us),
                                     TEXT(gap->reason) };

        return database_run(&store->database, SQL_ADD_GAP, row, N_ELEMENTS(row));
}

int store_close_gaps(struct store *store, int64_t until_us) {
        const struct value row[] = { INTEGER(until_us) };

        return database_run(&store->database, SQL_CLOSE_GAPS, row, N_ELEMENTS(row));
}

static int list_gaps(struct cursor *cursor, struct gap **gaps, size_t *n) {
        int r;

        while ((r = cursor_next(cursor)) > 0) {
                struct gap *gap;

                if (ARRAY_GROW(*gaps, *n) < 0)
                        return -ENOMEM;
                gap = &(*gaps)[(*n)++];
                gap->id = cursor_integer(cursor, 0);
                gap->from_us = cursor_integer(cursor, 1);
                gap->until_us = cursor_integer(cursor, 2);
                if (cursor_text(cursor, 3, &gap->reason) < 0)
                        return -ENOMEM;
        }
        return r;
}

int store_list_gaps(struct store *store, size_t limit, struct gap **ret, size_t *ret_n) {
        CLEANUP(cursor_done) struct cursor cursor = { 0 };
        const struct value row[] = { INTEGER(limit > 0 ? (int64_t)limit : -1) };
        struct gap *gaps = NULL;
        size_t n = 0;
        int r;

        r = cursor_start(&store->database, SQL_LIST_GAPS, row, 1, &cursor);
        if (r == 0)
                r = list_gaps(&cursor, &gaps, &n);
        if (r < 0) {
                gaps_free(gaps, n);
                return r;
        }
        *ret = gaps;
        *ret_n = n;
        return 0;
}

void gaps_free(struct gap *gaps, size_t n) {
        for (size_t i = 0; i < n; i++)
                free(gaps[i].reason);
        free(gaps);
}
