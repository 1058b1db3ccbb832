/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* SQLite behind the store: one connection, every statement it will ever run, values in and out. */

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum statement {
        SQL_BEGIN,
        SQL_COMMIT,
        SQL_ROLLBACK,
        SQL_SAVEPOINT,
        SQL_RELEASE,
        SQL_ROLLBACK_TO,
        SQL_FIND_CONTENT,
        SQL_ADD_CONTENT,
        SQL_GET_CONTENT,
        SQL_DROP_CONTENT,
        SQL_ADD_VERSION,
        SQL_CONTENT_OF_VERSION,
        SQL_GET_QUARANTINE,
        SQL_DROP_VERSION,
        SQL_EMPTY_VERSION,
        SQL_SET_APPROVED,
        SQL_GET_APPROVED,
        SQL_VERSION_OF_APPROVED,
        SQL_DROP_APPROVED,
        SQL_LIST_APPROVED,
        SQL_ADD_INCIDENT,
        SQL_UPDATE_INCIDENT,
        SQL_GET_INCIDENT,
        SQL_LIST_INCIDENTS,
        SQL_OLDEST_BARE_INCIDENT,
        SQL_DROP_INCIDENT,
        SQL_COUNT_COPIES,
        SQL_SURPLUS_COPY,
        SQL_LATEST_COPY,
        SQL_USAGE,
        SQL_SET_VALUE,
        SQL_GET_VALUE,
        SQL_LIST_VALUES,
        SQL_ADD_GAP,
        SQL_CLOSE_GAPS,
        SQL_LIST_GAPS,
        SQL_ADD_PERMIT,
        SQL_UPDATE_PERMIT,
        SQL_DROP_PERMIT,
        SQL_LIST_PERMITS,
        SQL_ACKNOWLEDGE,
        SQL_LIST_ACKNOWLEDGED,
        SQL_COUNT_WOULD,
        SQL_ADD_UNCONFIRMED,
        SQL_DROP_UNCONFIRMED,
        SQL_LIST_UNCONFIRMED,
        SQL_GET_VERSION,
        N_STATEMENTS
};

struct database {
        sqlite3 *handle;
        sqlite3_stmt *statements[N_STATEMENTS];
};

/* Opens, checks (-EUCLEAN), migrates and prepares. READ_ONLY: nothing is created or migrated. */
int database_open(const char *path, bool read_only, struct database *ret);
void database_done(struct database *database);

/* What is bound to ?1, ?2 … */
struct value {
        enum { VALUE_NULL, VALUE_INTEGER, VALUE_TEXT, VALUE_BLOB } type;
        int64_t integer;
        const void *data;
        size_t n;
};
#define INTEGER(x)   ((struct value){ .type = VALUE_INTEGER, .integer = (int64_t)(x) })
#define TEXT(x)      ((struct value){ .type = VALUE_TEXT, .data = (x) }) /* NULL binds NULL */
#define BLOB(x, n_x) ((struct value){ .type = VALUE_BLOB, .data = (x), .n = (n_x) })

/* One run of a statement; the destructor resets it, so no row keeps a lock or its memory. */
struct cursor {
        sqlite3_stmt *statement;
};
int cursor_start(struct database *database, enum statement statement, const struct value *values,
                 size_t n_values, struct cursor *ret);
/* 1: a row, 0: the end, or a negative errno. */
int cursor_next(struct cursor *cursor);
void cursor_done(struct cursor *cursor);

int64_t cursor_integer(const struct cursor *cursor, int column);
bool cursor_is_null(const struct cursor *cursor, int column);
/* On the heap. *ret stays NULL for NULL. Returns 0 or -ENOMEM. */
int cursor_text(const struct cursor *cursor, int column, char **ret);
int cursor_blob(const struct cursor *cursor, int column, char **ret, size_t *ret_n);

/* Runs a statement that gives no row. */
int database_run(struct database *database, enum statement statement, const struct value *values,
                 size_t n_values);
/* The first column of the first row: 0 or -ENOENT. */
int database_get_integer(struct database *database, enum statement statement,
                         const struct value *values, size_t n_values, int64_t *ret);
/* Runs an INSERT and gives the new row's id. */
int database_insert(struct database *database, enum statement statement, const struct value *values,
                    size_t n_values, int64_t *ret_id);
/* Did the last change touch a row? */
bool database_has_changed(const struct database *database);
