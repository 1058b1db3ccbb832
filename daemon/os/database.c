/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The database of the store: its schema, its statements, its errors.
 *
 * WAL with synchronous=FULL: a transaction that was committed survives a power cut, one that was
 * not leaves nothing (https://sqlite.org/wal.html). quick_check reads every page once at open; the
 * contents themselves are checked against their digests when they are used.
 *
 * The schema's version is SQLite's user_version: the number of migrations that ran. Each runs in
 * one transaction with its number, so a power cut repeats it whole. A table that lacks what the
 * statements want is damage like any other. Paths are compared as bytes (BINARY collation) and may
 * hold any. */

#include "database.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

enum { BUSY_TIMEOUT_MS = 2000 }; /* a reader's checkpoint; nobody else writes */

/* "would revert" and its like; a condition that the index can serve */
#define IS_WOULD "action >= 'would ' AND action < 'would!'"

/* Digests and paths scatter over their indices: a transaction of thousands of accounts that does
 * not fit into the cache would write the same pages again and again. */
#define CACHE_SIZE "PRAGMA cache_size = -8192;" /* KiB, of which only what is used is allocated */

static const char *const migrations[] = {
        "CREATE TABLE content ("
        "  id INTEGER PRIMARY KEY,"
        "  sha256 BLOB NOT NULL UNIQUE,"
        "  size INTEGER NOT NULL,"
        "  data BLOB NOT NULL);"
        "CREATE TABLE version ("
        "  id INTEGER PRIMARY KEY,"
        "  kind INTEGER NOT NULL, error INTEGER NOT NULL,"
        "  mode INTEGER NOT NULL, uid INTEGER NOT NULL, gid INTEGER NOT NULL,"
        "  size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, ctime_ns INTEGER NOT NULL,"
        "  dev INTEGER NOT NULL, ino INTEGER NOT NULL, nlink INTEGER NOT NULL,"
        "  flags INTEGER NOT NULL, xattrs BLOB NOT NULL, link_target TEXT,"
        "  sha256 BLOB, is_oversize INTEGER NOT NULL,"
        "  content INTEGER REFERENCES content(id));"
        "CREATE INDEX version_content ON version(content);"
        "CREATE TABLE approved ("
        "  path TEXT PRIMARY KEY NOT NULL,"
        "  version INTEGER NOT NULL REFERENCES version(id),"
        "  at_us INTEGER NOT NULL, by_uid INTEGER NOT NULL, reason TEXT,"
        "  is_secret INTEGER NOT NULL);"
        "CREATE INDEX approved_version ON approved(version);"
        "CREATE TABLE incident ("
        "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
        "  at_us INTEGER NOT NULL, path TEXT, rule_id TEXT,"
        "  severity INTEGER NOT NULL, line INTEGER NOT NULL,"
        "  setting TEXT, want TEXT, got TEXT, witness TEXT, message TEXT,"
        "  action TEXT, outcome TEXT,"
        "  generation INTEGER NOT NULL,"
        "  version INTEGER REFERENCES version(id),"
        "  count INTEGER NOT NULL);"
        "CREATE INDEX incident_version ON incident(version);"
        "CREATE INDEX incident_path ON incident(path, version);"
        "CREATE INDEX incident_bare ON incident(id) WHERE version IS NULL;"
        "CREATE TABLE value (name TEXT PRIMARY KEY NOT NULL, value TEXT);"
        "CREATE TABLE gap ("
        "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
        "  from_us INTEGER NOT NULL, until_us INTEGER NOT NULL, reason TEXT);",
        "CREATE TABLE permit ("
        "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
        "  kind INTEGER NOT NULL, path TEXT, rule_id TEXT,"
        "  since_us INTEGER NOT NULL, until_us INTEGER NOT NULL, uses_left INTEGER NOT NULL,"
        "  by_uid INTEGER NOT NULL, reason TEXT);",
        "ALTER TABLE approved ADD COLUMN is_user INTEGER NOT NULL DEFAULT 0;",
        "CREATE TABLE acknowledged ("
        "  rule_id TEXT PRIMARY KEY NOT NULL, terms TEXT NOT NULL,"
        "  at_us INTEGER NOT NULL, by_uid INTEGER NOT NULL, reason TEXT);"
        "CREATE INDEX incident_would ON incident(rule_id, at_us, count) WHERE " IS_WOULD ";",
        "CREATE TABLE unconfirmed ("
        "  path TEXT PRIMARY KEY NOT NULL,"
        "  version INTEGER NOT NULL REFERENCES version(id),"
        "  approved INTEGER REFERENCES version(id),"
        "  at_us INTEGER NOT NULL, span_us INTEGER NOT NULL,"
        "  boot_id TEXT NOT NULL, boot_us INTEGER NOT NULL,"
        "  by_uid INTEGER NOT NULL, permit INTEGER NOT NULL, sha256 BLOB NOT NULL);"
        "CREATE INDEX unconfirmed_version ON unconfirmed(version);"
        "CREATE INDEX unconfirmed_approved ON unconfirmed(approved);",
};

#define VERSION_COLUMNS                                                                            \
        "version.kind, version.error, version.mode, version.uid, version.gid, version.size, "      \
        "version.mtime_ns, version.ctime_ns, version.dev, version.ino, version.nlink, "            \
        "version.flags, version.xattrs, version.link_target, version.sha256, "                     \
        "version.is_oversize, version.content "
#define APPROVED_COLUMNS                                                                           \
        VERSION_COLUMNS ", path, at_us, by_uid, reason, is_secret, is_user, version.id "
#define INCIDENT_COLUMNS                                                                           \
        VERSION_COLUMNS ", incident.id, at_us, path, rule_id, severity, line, setting, want, "     \
                        "got, witness, message, action, outcome, generation, count, version.id "

static const char *const sql[N_STATEMENTS] = {
        [SQL_BEGIN] = "BEGIN IMMEDIATE",
        [SQL_COMMIT] = "COMMIT",
        [SQL_ROLLBACK] = "ROLLBACK",
        [SQL_SAVEPOINT] = "SAVEPOINT step",
        [SQL_RELEASE] = "RELEASE step",
        [SQL_ROLLBACK_TO] = "ROLLBACK TO step",
        [SQL_FIND_CONTENT] = "SELECT id FROM content WHERE sha256 = ?1",
        [SQL_ADD_CONTENT] = "INSERT INTO content (sha256, size, data) VALUES (?1, ?2, ?3)",
        [SQL_GET_CONTENT] = "SELECT data FROM content WHERE sha256 = ?1",
        [SQL_DROP_CONTENT] = "DELETE FROM content WHERE id = ?1 "
                             "AND NOT EXISTS (SELECT 1 FROM version WHERE content = ?1)",
        [SQL_ADD_VERSION] = "INSERT INTO version (kind, error, mode, uid, gid, size, mtime_ns, "
                            "ctime_ns, dev, ino, nlink, flags, xattrs, link_target, sha256, "
                            "is_oversize, content) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, "
                            "?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
        [SQL_CONTENT_OF_VERSION] = "SELECT content FROM version WHERE id = ?1",
        [SQL_GET_QUARANTINE] =
                "SELECT content.data, content.sha256 FROM incident "
                "JOIN version ON version.id = incident.version "
                "JOIN content ON content.id = version.content WHERE incident.id = ?1",
        [SQL_DROP_VERSION] = "DELETE FROM version WHERE id = ?1",
        [SQL_EMPTY_VERSION] = "UPDATE version SET content = NULL WHERE id = ?1",
        [SQL_SET_APPROVED] = "INSERT INTO approved (path, version, at_us, by_uid, reason, "
                             "is_secret, is_user) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        [SQL_GET_APPROVED] = "SELECT " APPROVED_COLUMNS
                             "FROM approved JOIN version ON version.id = approved.version "
                             "WHERE path = ?1",
        [SQL_VERSION_OF_APPROVED] = "SELECT version FROM approved WHERE path = ?1",
        [SQL_DROP_APPROVED] = "DELETE FROM approved WHERE path = ?1",
        [SQL_LIST_APPROVED] = "SELECT " APPROVED_COLUMNS
                              "FROM approved JOIN version ON version.id = approved.version "
                              "ORDER BY path",
        [SQL_ADD_INCIDENT] = "INSERT INTO incident (at_us, path, rule_id, severity, line, setting, "
                             "want, got, witness, message, action, outcome, generation, version, "
                             "count) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, "
                             "?13, ?14, ?15)",
        [SQL_UPDATE_INCIDENT] = "UPDATE incident SET action = ?2, outcome = ?3, count = ?4 "
                                "WHERE id = ?1",
        [SQL_GET_INCIDENT] = "SELECT " INCIDENT_COLUMNS
                             "FROM incident LEFT JOIN version ON version.id = incident.version "
                             "WHERE incident.id = ?1",
        [SQL_LIST_INCIDENTS] = "SELECT " INCIDENT_COLUMNS
                               "FROM incident LEFT JOIN version ON version.id = incident.version "
                               "WHERE (?1 IS NULL OR path = ?1) AND (?2 IS NULL OR rule_id = ?2) "
                               "AND at_us >= ?3 AND (?8 = 0 OR at_us <= ?8) AND severity >= ?4 "
                               "AND (?6 IS NULL OR instr(witness, ?6) > 0 "
                               "OR substr(path, 1, length(?7)) = ?7) "
                               "ORDER BY incident.id DESC LIMIT ?5",
        [SQL_OLDEST_BARE_INCIDENT] = "SELECT id FROM incident WHERE version IS NULL "
                                     "ORDER BY id LIMIT 1",
        [SQL_DROP_INCIDENT] = "DELETE FROM incident WHERE id = ?1",
        [SQL_COUNT_COPIES] = "SELECT count(DISTINCT version.content) FROM incident "
                             "JOIN version ON version.id = incident.version WHERE path = ?1",
        /* Of the path with the most copies, the latest one: nobody's first. */
        [SQL_SURPLUS_COPY] =
                "SELECT version.id, version.content FROM incident "
                "JOIN version ON version.id = incident.version "
                "WHERE version.content IS NOT NULL AND path = "
                "  (SELECT path FROM incident JOIN version ON version.id = incident.version "
                "   WHERE version.content IS NOT NULL GROUP BY path "
                "   HAVING count(DISTINCT version.content) > ?1 "
                "   ORDER BY count(DISTINCT version.content) DESC LIMIT 1) "
                "ORDER BY incident.id DESC LIMIT 1",
        [SQL_LATEST_COPY] = "SELECT version.id, version.content FROM incident "
                            "JOIN version ON version.id = incident.version "
                            "WHERE version.content IS NOT NULL AND path = ?1 "
                            "ORDER BY incident.id DESC LIMIT 1",
        [SQL_USAGE] = "SELECT (SELECT count(*) FROM approved), (SELECT count(*) FROM incident), "
                      "(SELECT coalesce(sum(size), 0) FROM content WHERE id IN "
                      "  (SELECT content FROM version JOIN incident "
                      "   ON incident.version = version.id)), "
                      "(SELECT count(*) FROM incident JOIN version "
                      "   ON version.id = incident.version WHERE version.content IS NOT NULL)",
        [SQL_SET_VALUE] = "INSERT INTO value (name, value) VALUES (?1, ?2) "
                          "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        [SQL_LIST_VALUES] = "SELECT name, value FROM value ORDER BY name",
        [SQL_GET_VALUE] = "SELECT value FROM value WHERE name = ?1",
        [SQL_ADD_GAP] = "INSERT INTO gap (from_us, until_us, reason) VALUES (?1, ?2, ?3)",
        [SQL_CLOSE_GAPS] = "UPDATE gap SET until_us = ?1 WHERE until_us = 0",
        [SQL_LIST_GAPS] = "SELECT id, from_us, until_us, reason FROM gap ORDER BY id DESC "
                          "LIMIT ?1",
        [SQL_ADD_PERMIT] =
                "INSERT INTO permit (kind, path, rule_id, since_us, until_us, uses_left, "
                "by_uid, reason) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        [SQL_UPDATE_PERMIT] = "UPDATE permit SET until_us = ?2, uses_left = ?3 WHERE id = ?1",
        [SQL_DROP_PERMIT] = "DELETE FROM permit WHERE id = ?1",
        [SQL_LIST_PERMITS] =
                "SELECT id, kind, since_us, until_us, uses_left, by_uid, path, rule_id, "
                "reason FROM permit ORDER BY id",
        [SQL_ACKNOWLEDGE] = "INSERT INTO acknowledged (rule_id, terms, at_us, by_uid, reason) "
                            "VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (rule_id) DO UPDATE SET "
                            "terms = excluded.terms, at_us = excluded.at_us, "
                            "by_uid = excluded.by_uid, reason = excluded.reason",
        [SQL_LIST_ACKNOWLEDGED] = "SELECT rule_id, terms, at_us, by_uid, reason "
                                  "FROM acknowledged ORDER BY rule_id",
        [SQL_COUNT_WOULD] = "SELECT rule_id, sum(count), max(at_us) FROM incident WHERE " IS_WOULD
                            " GROUP BY rule_id ORDER BY rule_id",
        [SQL_ADD_UNCONFIRMED] =
                "INSERT INTO unconfirmed (path, version, approved, at_us, span_us, boot_id, "
                "boot_us, by_uid, permit, sha256) "
                "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        [SQL_DROP_UNCONFIRMED] = "DELETE FROM unconfirmed WHERE path = ?1",
        [SQL_LIST_UNCONFIRMED] = "SELECT path, version, approved, at_us, span_us, boot_id, "
                                 "boot_us, by_uid, permit, sha256 FROM unconfirmed ORDER BY path",
        [SQL_GET_VERSION] = "SELECT " VERSION_COLUMNS ", content.data "
                            "FROM version LEFT JOIN content ON content.id = version.content "
                            "WHERE version.id = ?1",
};

/* What happened, as the caller can act on it. */
static int error_of(int result) {
        switch (result & 0xff) {
        case SQLITE_OK:
        case SQLITE_ROW:
        case SQLITE_DONE:
                return 0;
        case SQLITE_NOMEM:
                return -ENOMEM;
        case SQLITE_FULL:
                return -ENOSPC;
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
        case SQLITE_ERROR: /* a table or column is not there: our statements are right */
        case SQLITE_CONSTRAINT:
        case SQLITE_MISMATCH:
                return -EUCLEAN;
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
                return -EBUSY;
        case SQLITE_READONLY:
                return -EROFS;
        case SQLITE_CANTOPEN:
        case SQLITE_PERM:
        case SQLITE_AUTH:
                return -EACCES;
        case SQLITE_TOOBIG:
                return -EFBIG;
        default:
                return -EIO;
        }
}

static int execute(struct database *database, const char *script) {
        return error_of(sqlite3_exec(database->handle, script, NULL, NULL, NULL));
}

static void finalize(sqlite3_stmt **statement) {
        (void)sqlite3_finalize(*statement);
}

/* The first column of a one-off statement. */
static int ask(struct database *database, const char *question, char **ret) {
        CLEANUP(finalize) sqlite3_stmt *statement = NULL;
        const unsigned char *answer;
        int r;

        r = error_of(sqlite3_prepare_v2(database->handle, question, -1, &statement, NULL));
        if (r < 0)
                return r;
        r = error_of(sqlite3_step(statement));
        if (r < 0)
                return r;
        answer = sqlite3_column_text(statement, 0);
        *ret = strdup(answer ? (const char *)answer : "");
        return *ret ? 0 : -ENOMEM;
}

static int check(struct database *database) {
        CLEANUP_FREE char *verdict = NULL;
        int r = ask(database, "PRAGMA quick_check(1)", &verdict);

        if (r < 0)
                return r;
        return strcmp(verdict, "ok") == 0 ? 0 : -EUCLEAN;
}

static int migrate(struct database *database, size_t from) {
        for (size_t i = from; i < N_ELEMENTS(migrations); i++) {
                CLEANUP_FREE char *script = NULL;
                int r;

                script = text_format("BEGIN IMMEDIATE; %s PRAGMA user_version = %zu; COMMIT;",
                                     migrations[i], i + 1);
                if (!script)
                        return -ENOMEM;
                r = execute(database, script);
                if (r < 0) {
                        (void)execute(database, "ROLLBACK");
                        return r;
                }
        }
        return 0;
}

static int prepare(struct database *database) {
        for (size_t i = 0; i < N_STATEMENTS; i++) {
                int r = error_of(sqlite3_prepare_v3(database->handle, sql[i], -1,
                                                    SQLITE_PREPARE_PERSISTENT,
                                                    &database->statements[i], NULL));

                if (r < 0)
                        return r;
        }
        return 0;
}

static int set_up(struct database *database, bool read_only) {
        CLEANUP_FREE char *version = NULL;
        size_t n_applied;
        int r;

        (void)sqlite3_extended_result_codes(database->handle, 1);
        (void)sqlite3_busy_timeout(database->handle, BUSY_TIMEOUT_MS);
        r = execute(database, read_only ? "PRAGMA foreign_keys = ON;"
                                        : "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                                          "PRAGMA foreign_keys = ON;" CACHE_SIZE);
        if (r < 0)
                return r;
        r = check(database);
        if (r < 0)
                return r;
        r = ask(database, "PRAGMA user_version", &version);
        if (r < 0)
                return r;
        n_applied = strtoul(version, NULL, 10);
        if (n_applied > N_ELEMENTS(migrations))
                return -ENOTSUP;
        if (!read_only) {
                r = migrate(database, n_applied);
                if (r < 0)
                        return r;
        }
        return prepare(database);
}

int database_open(const char *path, bool read_only, struct database *ret) {
        CLEANUP(database_done) struct database database = { 0 };
        int flags = read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE, r;

        r = error_of(sqlite3_open_v2(path, &database.handle, flags | SQLITE_OPEN_NOMUTEX, NULL));
        if (r < 0)
                return r;
        r = set_up(&database, read_only);
        if (r < 0)
                return r;
        *ret = database;
        database = (struct database){ 0 };
        return 0;
}

void database_done(struct database *database) {
        for (size_t i = 0; i < N_STATEMENTS; i++)
                (void)sqlite3_finalize(database->statements[i]);
        (void)sqlite3_close(database->handle);
        *database = (struct database){ 0 };
}

static int bind(sqlite3_stmt *statement, int index, const struct value *value) {
        switch (value->type) {
        case VALUE_INTEGER:
                return sqlite3_bind_int64(statement, index, value->integer);
        case VALUE_TEXT:
                return sqlite3_bind_text(statement, index, value->data, -1, SQLITE_STATIC);
        case VALUE_BLOB:
                /* an empty blob is not NULL */
                return sqlite3_bind_blob64(statement, index, value->data ? value->data : "",
                                           value->n, SQLITE_STATIC);
        default:
                return sqlite3_bind_null(statement, index);
        }
}

int cursor_start(struct database *database, enum statement statement, const struct value *values,
                 size_t n_values, struct cursor *ret) {
        sqlite3_stmt *prepared = database->statements[statement];

        for (size_t i = 0; i < n_values; i++) {
                int r = error_of(bind(prepared, (int)i + 1, &values[i]));

                if (r < 0) {
                        (void)sqlite3_clear_bindings(prepared);
                        return r;
                }
        }
        ret->statement = prepared;
        return 0;
}

int cursor_next(struct cursor *cursor) {
        int result = sqlite3_step(cursor->statement);

        return result == SQLITE_ROW ? 1 : error_of(result);
}

void cursor_done(struct cursor *cursor) {
        int error = errno;

        if (cursor->statement) {
                (void)sqlite3_reset(cursor->statement);
                (void)sqlite3_clear_bindings(cursor->statement);
        }
        cursor->statement = NULL;
        errno = error;
}

int64_t cursor_integer(const struct cursor *cursor, int column) {
        return sqlite3_column_int64(cursor->statement, column);
}

bool cursor_is_null(const struct cursor *cursor, int column) {
        return sqlite3_column_type(cursor->statement, column) == SQLITE_NULL;
}

int cursor_blob(const struct cursor *cursor, int column, char **ret, size_t *ret_n) {
        const void *data;
        size_t n;
        char *copy;

        if (cursor_is_null(cursor, column))
                return 0;
        data = sqlite3_column_blob(cursor->statement, column);
        n = (size_t)sqlite3_column_bytes(cursor->statement, column);
        if (!data && n > 0)
                return -ENOMEM;
        copy = malloc(n + 1);
        if (!copy)
                return -ENOMEM;
        if (n > 0)
                memcpy(copy, data, n);
        copy[n] = '\0';
        *ret = copy;
        *ret_n = n;
        return 0;
}

int cursor_text(const struct cursor *cursor, int column, char **ret) {
        size_t n;

        return cursor_blob(cursor, column, ret, &n);
}

int database_run(struct database *database, enum statement statement, const struct value *values,
                 size_t n_values) {
        CLEANUP(cursor_done) struct cursor cursor = { 0 };
        int r;

        r = cursor_start(database, statement, values, n_values, &cursor);
        if (r < 0)
                return r;
        do
                r = cursor_next(&cursor);
        while (r > 0);
        return r;
}

int database_get_integer(struct database *database, enum statement statement,
                         const struct value *values, size_t n_values, int64_t *ret) {
        CLEANUP(cursor_done) struct cursor cursor = { 0 };
        int r;

        r = cursor_start(database, statement, values, n_values, &cursor);
        if (r < 0)
                return r;
        r = cursor_next(&cursor);
        if (r <= 0)
                return r < 0 ? r : -ENOENT;
        *ret = cursor_integer(&cursor, 0);
        return 0;
}

int database_insert(struct database *database, enum statement statement, const struct value *values,
                    size_t n_values, int64_t *ret_id) {
        int r = database_run(database, statement, values, n_values);

        if (r < 0)
                return r;
        *ret_id = sqlite3_last_insert_rowid(database->handle);
        return 0;
}

bool database_has_changed(const struct database *database) {
        return sqlite3_changes(database->handle) > 0;
}
