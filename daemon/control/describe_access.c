/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who can log in, as the JSON that org.sshguardd.Control defines.
 *
 * A connection is what sshd's -C takes, so that each answer can be replayed. Of keys only what
 * describes them appears. */

#include <jansson.h>
#include <string.h>

#include "base/cleanup.h"
#include "control/describe.h"
#include "wire/json.h"

/* A list that FN makes of N items of SIZE bytes. */
static json_t *describe_list(const void *items, size_t n, size_t size,
                             json_t *(*describe)(const void *item)) {
        CLEANUP(wire_json_cleanup) json_t *list = json_array();

        for (size_t i = 0; i < n; i++)
                if (json_array_append_new(list, describe((const char *)items + i * size)) < 0)
                        return NULL;
        return TAKE(list);
}

static json_t *describe_way(const void *item) {
        const struct access_way *way = item;
        CLEANUP(wire_json_cleanup) json_t *factors = json_array(), *object = NULL;

        for (unsigned bit = 1; bit < ACCESS_FACTORS_END; bit <<= 1)
                if (way->factors & bit &&
                    json_array_append_new(factors, json_string(access_factor_name(bit))) < 0)
                        return NULL;
        object = json_pack("{s:O, s:s, s:s}", "factors", factors, "answer",
                           access_answer_name(way->answer), "methods", way->methods);
        return object && describe_bytes(object, "reason", way->reason) == 0 ? TAKE(object) : NULL;
}

static json_t *describe_access_key(const void *item) {
        const struct access_key *key = item;
        CLEANUP(wire_json_cleanup)
        json_t *object = json_pack("{s:i, s:b, s:b}", "line", (int)key->line, "authority",
                                   key->is_authority, "opens", !key->refusal);

        if (!object || describe_bytes(object, "path", key->path) < 0 ||
            describe_bytes(object, "key", key->description) < 0 ||
            describe_bytes(object, "fingerprint", key->sha256) < 0 ||
            describe_bytes(object, "options", key->restrictions) < 0 ||
            describe_bytes(object, "refusal", key->refusal) < 0)
                return NULL;
        return TAKE(object);
}

static json_t *describe_login(const struct access_logins *logins, size_t i, bool with_keys) {
        const struct access_login *login = &logins->items[i];
        CLEANUP_FREE char *where = access_logins_where(logins, i);
        CLEANUP_FREE char *spec = sshd_connection_format(&login->connection);
        CLEANUP(wire_json_cleanup)
        json_t *object = json_object();
        json_t *ways = describe_list(login->ways.items, login->ways.n_items,
                                     sizeof *login->ways.items, describe_way);
        json_t *keys = describe_list(login->keys, with_keys ? login->n_keys : 0,
                                     sizeof *login->keys, describe_access_key);
        int r = json_object_set_new(object, "ways", ways);

        r |= json_object_set_new(object, "keys", keys);
        r |= json_object_set_new(object, "from", json_string(where));
        r |= json_object_set_new(object, "answer", json_string(access_answer_name(login->answer)));
        r |= json_object_set_new(object, "session",
                                 json_string(access_session_name(login->session)));
        if (r < 0 || !spec || describe_bytes(object, "connection", spec) < 0 ||
            describe_bytes(object, "refusal", login->refusal) < 0 ||
            describe_bytes(object, "command", login->command) < 0)
                return NULL;
        return TAKE(object);
}

json_t *describe_access(const struct account *account, const struct access_logins *logins,
                        bool with_keys) {
        CLEANUP(wire_json_cleanup) json_t *object = json_object(), *list = json_array();

        for (size_t i = 0; i < logins->n_items; i++)
                if (json_array_append_new(list, describe_login(logins, i, with_keys)) < 0)
                        return NULL;
        if (json_object_set(object, "logins", list) < 0 ||
            json_object_set_new(object, "complete", json_boolean(logins->is_complete)) < 0 ||
            describe_bytes(object, "user", account->name) < 0)
                return NULL;
        return TAKE(object);
}
