/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Incidents and what they took out of force.
 *
 * The bounds of the quarantine: a path may have so many different contents; when all is full, the
 * latest copies of the path with the most of them make room, down to a fair share, and a copy of a
 * path beyond its own share is not kept. So whoever fights over one file cannot push out what was
 * taken from another, and nobody's first copy is ever dropped. What is dropped is counted; its
 * metadata and digest stay. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "store_internal.h"

/* Columns behind those of the version. */
enum {
        COLUMN_ID = N_VERSION_COLUMNS,
        COLUMN_AT,
        COLUMN_PATH,
        COLUMN_RULE,
        COLUMN_SEVERITY,
        COLUMN_LINE,
        COLUMN_SETTING,
        COLUMN_WANT,
        COLUMN_GOT,
        COLUMN_WITNESS,
        COLUMN_MESSAGE,
        COLUMN_ACTION,
        COLUMN_OUTCOME,
        COLUMN_GENERATION,
        COLUMN_COUNT,
        COLUMN_VERSION,
};

int store_note_dropped(struct store *store, uint64_t n) {
        CLEANUP_FREE char *dropped = NULL;
        char number[32];
        int r;

        r = store_get_value(store, STORE_DROPPED, &dropped);
        if (r < 0 && r != -ENOENT)
                return r;
        (void)snprintf(number, sizeof number, "%lld",
                       (dropped ? strtoll(dropped, NULL, 10) : 0) + (long long)n);
        return store_set_value(store, STORE_DROPPED, number);
}

/* Takes a copy that STATEMENT chooses by KEY. 1 if one was taken. */
static int drop_copy(struct store *store, enum statement statement, struct value key) {
        struct value version;
        int64_t content, id;
        int r;

        {
                CLEANUP(cursor_done) struct cursor cursor = { 0 };

                r = cursor_start(&store->database, statement, &key, 1, &cursor);
                if (r < 0)
                        return r;
                r = cursor_next(&cursor);
                if (r <= 0)
                        return r;
                id = cursor_integer(&cursor, 0);
                content = cursor_integer(&cursor, 1);
        }
        version = INTEGER(id);
        r = database_run(&store->database, SQL_EMPTY_VERSION, &version, 1);
        if (r == 0)
                r = database_run(&store->database, SQL_DROP_CONTENT,
                                 (const struct value[]){ INTEGER(content) }, 1);
        if (r == 0)
                r = store_note_dropped(store, 1);
        if (r == 0)
                r = store_count(store);
        return r < 0 ? r : 1;
}

/* May a new content of N bytes be kept for PATH? Makes room for it if it may. 1, 0 or -errno. */
static int admit(struct store *store, const struct incident *incident, size_t n) {
        const struct value key = TEXT(incident->path);
        int64_t n_copies;
        int r;

        r = database_get_integer(&store->database, SQL_COUNT_COPIES, &key, 1, &n_copies);
        if (r < 0)
                return r;
        for (; n_copies >= STORE_QUARANTINE_COPIES_MAX; n_copies--) {
                r = incident->is_contested ? 0 : drop_copy(store, SQL_LATEST_COPY, key);
                if (r <= 0)
                        return r;
        }
        while (store->quarantine_bytes + (int64_t)n > STORE_QUARANTINE_BYTES_MAX) {
                if (n_copies >= STORE_QUARANTINE_FAIR)
                        return 0;
                r = drop_copy(store, SQL_SURPLUS_COPY, INTEGER(STORE_QUARANTINE_FAIR));
                if (r < 0)
                        return r;
                if (r == 0)
                        return n_copies == 0;
        }
        return 1;
}

/* *ret_content is 0 if it is not kept. */
static int quarantine_content(struct store *store, const struct incident *incident,
                              const struct snapshot *snapshot, int64_t *ret_content) {
        uint8_t sha256[FILE_SHA256_SIZE];
        int r;

        *ret_content = 0;
        if (!snapshot->data)
                return 0;
        r = store_hash(snapshot->data, snapshot->n_data, sha256);
        if (r < 0)
                return r;
        r = store_find_content(store, sha256, ret_content);
        if (r != -ENOENT)
                return r;
        r = admit(store, incident, snapshot->n_data);
        if (r < 0)
                return r;
        if (r == 0)
                return store_note_dropped(store, 1);
        store->quarantine_bytes += (int64_t)snapshot->n_data;
        return store_put_content(store, sha256, snapshot->data, snapshot->n_data, ret_content);
}

static int forget_oldest(struct store *store) {
        int64_t id;
        int r;

        r = database_get_integer(&store->database, SQL_OLDEST_BARE_INCIDENT, NULL, 0, &id);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        store->n_incidents--;
        return database_run(&store->database, SQL_DROP_INCIDENT,
                            (const struct value[]){ INTEGER(id) }, 1);
}

static int add_incident(struct store *store, const struct incident *incident,
                        const struct snapshot *quarantined, int64_t *ret_id) {
        int64_t content = 0, version = 0;
        int r = 0;

        if (quarantined) {
                r = quarantine_content(store, incident, quarantined, &content);
                if (r == 0)
                        r = store_put_version(store, &quarantined->metadata, content, &version);
        }
        if (r == 0 && store->n_incidents >= STORE_INCIDENTS_MAX)
                r = forget_oldest(store);
        if (r < 0)
                return r;
        const struct value row[] = {
                INTEGER(incident->at_us),      TEXT(incident->path),
                TEXT(incident->rule_id),       INTEGER(incident->severity),
                INTEGER(incident->line),       TEXT(incident->setting),
                TEXT(incident->want),          TEXT(incident->got),
                TEXT(incident->witness),       TEXT(incident->message),
                TEXT(incident->action),        TEXT(incident->outcome),
                INTEGER(incident->generation), version ? INTEGER(version) : (struct value){ 0 },
                INTEGER(incident->count),
        };
        store->n_incidents++;
        return database_insert(&store->database, SQL_ADD_INCIDENT, row, N_ELEMENTS(row), ret_id);
}

int store_add_incident(struct store *store, const struct incident *incident,
                       const struct snapshot *quarantined, int64_t *ret_id) {
        int64_t id = 0;
        int r;

        r = store_step_begin(store);
        if (r < 0)
                return r;
        r = store_step_end(store, add_incident(store, incident, quarantined, &id));
        if (r == 0)
                *ret_id = id;
        return r;
}

int store_update_incident(struct store *store, int64_t id, const char *action, const char *outcome,
                          int64_t count) {
        const struct value row[] = { INTEGER(id), TEXT(action), TEXT(outcome), INTEGER(count) };
        int r = database_run(&store->database, SQL_UPDATE_INCIDENT, row, N_ELEMENTS(row));

        if (r < 0)
                return r;
        return database_has_changed(&store->database) ? 0 : -ENOENT;
}

static int get_texts(const struct cursor *cursor, struct incident *incident) {
        const struct {
                int column;
                char **text;
        } texts[] = {
                { COLUMN_PATH, &incident->path },       { COLUMN_RULE, &incident->rule_id },
                { COLUMN_SETTING, &incident->setting }, { COLUMN_WANT, &incident->want },
                { COLUMN_GOT, &incident->got },         { COLUMN_WITNESS, &incident->witness },
                { COLUMN_MESSAGE, &incident->message }, { COLUMN_ACTION, &incident->action },
                { COLUMN_OUTCOME, &incident->outcome },
        };

        for (size_t i = 0; i < N_ELEMENTS(texts); i++) {
                int r = cursor_text(cursor, texts[i].column, texts[i].text);

                if (r < 0)
                        return r;
        }
        return 0;
}

static int get_incident(const struct cursor *cursor, struct incident *incident) {
        incident->id = cursor_integer(cursor, COLUMN_ID);
        incident->at_us = cursor_integer(cursor, COLUMN_AT);
        incident->severity = (int)cursor_integer(cursor, COLUMN_SEVERITY);
        incident->line = (unsigned)cursor_integer(cursor, COLUMN_LINE);
        incident->generation = (uint64_t)cursor_integer(cursor, COLUMN_GENERATION);
        incident->count = cursor_integer(cursor, COLUMN_COUNT);
        incident->has_version = !cursor_is_null(cursor, COLUMN_VERSION);
        incident->has_quarantine = !cursor_is_null(cursor, N_VERSION_COLUMNS - 1);
        if (incident->has_version) {
                int r = store_get_metadata(cursor, &incident->metadata);

                if (r < 0)
                        return r;
        }
        return get_texts(cursor, incident);
}

int store_get_incident(struct store *store, int64_t id, struct incident *ret) {
        CLEANUP(cursor_done) struct cursor cursor = { 0 };
        struct incident incident = { 0 };
        const struct value key = INTEGER(id);
        int r;

        r = cursor_start(&store->database, SQL_GET_INCIDENT, &key, 1, &cursor);
        if (r < 0)
                return r;
        r = cursor_next(&cursor);
        if (r <= 0)
                return r < 0 ? r : -ENOENT;
        r = get_incident(&cursor, &incident);
        if (r < 0) {
                incident_done(&incident);
                return r;
        }
        *ret = incident;
        return 0;
}

static int list_incidents(struct cursor *cursor, struct incident **incidents, size_t *n) {
        int r;

        while ((r = cursor_next(cursor)) > 0) {
                if (ARRAY_GROW(*incidents, *n) < 0)
                        return -ENOMEM;
                r = get_incident(cursor, &(*incidents)[(*n)++]);
                if (r < 0)
                        return r;
        }
        return r;
}

/* What to look for in witnesses ("user=bob,") and at the beginning of paths ("/home/bob/"). */
static int filter_user(const struct incident_filter *filter, char **ret_witness, char **ret_below) {
        if (!filter->user)
                return 0;
        *ret_witness = text_format(" user=%s,", filter->user);
        if (filter->home && strcmp(filter->home, "/") != 0)
                *ret_below = text_format("%s/", filter->home);
        return *ret_witness && (*ret_below || !filter->home || strcmp(filter->home, "/") == 0)
                       ? 0
                       : -ENOMEM;
}

int store_list_incidents(struct store *store, const struct incident_filter *filter,
                         struct incident **ret, size_t *ret_n) {
        CLEANUP(cursor_done) struct cursor cursor = { 0 };
        CLEANUP_FREE char *witness = NULL, *below = NULL;
        int r = filter_user(filter, &witness, &below);
        const struct value row[] = {
                TEXT(filter->path),
                TEXT(filter->rule_id),
                INTEGER(filter->since_us),
                INTEGER(filter->severity_at_least),
                INTEGER(filter->limit > 0 ? (int64_t)filter->limit : -1),
                TEXT(witness),
                TEXT(below),
                INTEGER(filter->until_us),
        };
        struct incident *incidents = NULL;
        size_t n = 0;

        if (r < 0)
                return r;
        r = cursor_start(&store->database, SQL_LIST_INCIDENTS, row, N_ELEMENTS(row), &cursor);
        if (r == 0)
                r = list_incidents(&cursor, &incidents, &n);
        if (r < 0) {
                incidents_free(incidents, n);
                return r;
        }
        *ret = incidents;
        *ret_n = n;
        return 0;
}

int store_get_quarantine(struct store *store, int64_t id, char **ret_data, size_t *ret_n) {
        const struct value key = INTEGER(id);

        return store_read_content(store, SQL_GET_QUARANTINE, &key, NULL, ret_data, ret_n);
}

void incident_done(struct incident *incident) {
        char *texts[] = { incident->path,    incident->rule_id, incident->setting,
                          incident->want,    incident->got,     incident->witness,
                          incident->message, incident->action,  incident->outcome };

        for (size_t i = 0; i < N_ELEMENTS(texts); i++)
                free(texts[i]);
        file_metadata_done(&incident->metadata);
        *incident = (struct incident){ 0 };
}

void incidents_free(struct incident *incidents, size_t n) {
        for (size_t i = 0; i < n; i++)
                incident_done(&incidents[i]);
        free(incidents);
}
