/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What one configuration makes different from another.
 *
 * A text says little about that: a line may be overruled, a Match block may hit nobody. So each
 * keyword is evaluated with both configurations, for connections that between them show every value
 * it can take in either (contexts.c). A keyword that no Match block sets has one value for all, and
 * costs two evaluations. */

#include "sshd/changes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "sshd/contexts.h"
#include "sshd/effective.h"
#include "table.h"

static void change_done(struct sshd_change *change) {
        free(change->setting);
        free(change->before);
        free(change->after);
        free(change->connection);
}

void sshd_changes_done(struct sshd_changes *changes) {
        for (size_t i = 0; i < changes->n_items; i++)
                change_done(&changes->items[i]);
        free(changes->items);
        *changes = (struct sshd_changes){ 0 };
}

/* One keyword under comparison. */
struct comparison {
        const struct sshd_config *before, *after;
        const struct accounts *accounts;
        const struct keyword *keyword;
        size_t n_seen;    /* connections looked at */
        size_t n_changed; /* of these, different */
        size_t first;     /* the keyword's first change */
        struct sshd_changes *found;
};

/* "" for an unset list; also where sshd fails on this connection alone, which it does not refuse.
 */
static int format_value(const struct sshd_config *config, const struct comparison *comparison,
                        const struct sshd_connection *connection, char **ret) {
        const char *separator = comparison->keyword->layout == LAYOUT_COMMAS ? "," : " ";
        CLEANUP(sshd_setting_done) struct sshd_setting setting = { 0 };
        struct text text = { 0 };
        int r = sshd_effective_one(config, connection, comparison->accounts,
                                   comparison->keyword->name, &setting);

        if (r == -ENOMEM)
                return r;
        (void)text_append(&text, "");
        for (size_t i = 0; r == 0 && i < setting.n_values; i++)
                (void)text_appendf(&text, "%s%s", i > 0 ? separator : "", setting.values[i]);
        *ret = text_take(&text);
        return *ret ? 0 : -ENOMEM;
}

static bool is_known(const struct comparison *comparison, const struct sshd_change *change) {
        for (size_t i = comparison->first; i < comparison->found->n_items; i++)
                if (strcmp(comparison->found->items[i].before, change->before) == 0 &&
                    strcmp(comparison->found->items[i].after, change->after) == 0)
                        return true;
        return false;
}

static int add_change(struct comparison *comparison, const struct sshd_connection *connection,
                      struct sshd_change *change) {
        struct sshd_changes *found = comparison->found;
        int r;

        if (found->n_items == SSHD_CHANGES_MAX) {
                found->complete = false;
                return 0;
        }
        change->setting = strdup(comparison->keyword->name);
        change->connection = connection ? sshd_connection_format(connection) : NULL;
        if (!change->setting || (connection && !change->connection))
                return -ENOMEM;
        r = ARRAY_GROW(found->items, found->n_items);
        if (r < 0)
                return r;
        found->items[found->n_items++] = *change;
        *change = (struct sshd_change){ 0 };
        return 0;
}

static int compare_for(struct comparison *comparison, const struct sshd_connection *connection) {
        CLEANUP(change_done) struct sshd_change change = { 0 };
        int r = format_value(comparison->before, comparison, connection, &change.before);

        if (r == 0)
                r = format_value(comparison->after, comparison, connection, &change.after);
        if (r < 0)
                return r;
        comparison->n_seen++;
        if (strcmp(change.before, change.after) == 0)
                return 0;
        comparison->n_changed++;
        return is_known(comparison, &change) ? 0 : add_change(comparison, connection, &change);
}

static int compare_for_contexts(struct comparison *comparison, const struct sshd_config *config) {
        CLEANUP(sshd_contexts_done) struct sshd_contexts contexts = { 0 };
        int r = sshd_contexts_new(config, comparison->keyword->name, comparison->accounts, NULL,
                                  &contexts);

        if (r < 0)
                return r;
        comparison->found->complete &= contexts.complete;
        for (size_t i = 0; i < contexts.n_items && r == 0; i++)
                r = compare_for(comparison, &contexts.items[i]);
        return r;
}

/* Where every connection sees the same change, none need be named. */
static void forget_connection(const struct comparison *comparison) {
        struct sshd_change *change;

        if (comparison->n_changed < comparison->n_seen ||
            comparison->found->n_items != comparison->first + 1)
                return;
        change = &comparison->found->items[comparison->first];
        free(change->connection);
        change->connection = NULL;
}

static int compare_keyword(struct comparison *comparison) {
        const char *name = comparison->keyword->name;
        int r;

        comparison->first = comparison->found->n_items;
        comparison->n_seen = comparison->n_changed = 0;
        if (!sshd_keyword_is_conditional(comparison->before, name) &&
            !sshd_keyword_is_conditional(comparison->after, name))
                return compare_for(comparison, NULL);
        r = compare_for_contexts(comparison, comparison->before);
        if (r == 0)
                r = compare_for_contexts(comparison, comparison->after);
        if (r == 0)
                forget_connection(comparison);
        return r;
}

int sshd_changes_find(const struct sshd_config *before, const struct sshd_config *after,
                      const struct accounts *accounts, struct sshd_changes *ret) {
        CLEANUP(sshd_changes_done) struct sshd_changes found = { .complete = true };
        struct comparison comparison = {
                .before = before, .after = after, .accounts = accounts, .found = &found
        };
        const struct sshd_release *release = sshd_config_release(before);
        int r = 0;

        for (size_t i = 0; i < n_keyword_table && r == 0; i++) {
                comparison.keyword = &keyword_table[i];
                if (keyword_table[i].use == KEYWORD_SETTING &&
                    keyword_is_of(&keyword_table[i], release))
                        r = compare_keyword(&comparison);
        }
        if (r < 0)
                return r;
        *ret = found;
        found = (struct sshd_changes){ 0 };
        return 0;
}
