/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What holds now for a rule about a setting of sshd, and which line decides: for every connection
 * that can differ, each value with its line once. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "manager.h"
#include "sshd/contexts.h"
#include "sshd/effective.h"

enum {
        DECISIONS_MAX = 20, /* of one rule: more is no explanation */
};

static bool is_same_text(const char *a, const char *b) {
        return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool is_known(const struct control_decisions *decisions,
                     const struct control_decision *decision) {
        for (size_t i = 0; i < decisions->n_items; i++) {
                const struct control_decision *known = &decisions->items[i];

                if (strcmp(known->value, decision->value) == 0 && known->line == decision->line &&
                    is_same_text(known->path, decision->path))
                        return true;
        }
        return false;
}

/* A heap copy, NULL for NULL; *r is -ENOMEM if there is no memory. */
static char *copy(int *r, const char *string) {
        char *copied = string ? strdup(string) : NULL;

        if (string && !copied)
                *r = -ENOMEM;
        return copied;
}

static int describe(const struct sshd_setting *setting, const struct sshd_connection *connection,
                    struct control_decision *ret) {
        struct text value = { 0 };
        int r = text_append(&value, "");

        for (size_t i = 0; i < setting->n_values; i++)
                (void)text_appendf(&value, "%s%s", i > 0 ? " " : "", setting->values[i]);
        ret->value = text_take(&value);
        ret->path = copy(&r, setting->winner.file);
        ret->text = copy(&r, setting->winner.text);
        ret->line = setting->winner.line;
        if (connection)
                ret->connection = sshd_connection_format(connection);
        return !ret->value || (connection && !ret->connection) ? -ENOMEM : r;
}

static int decide_for(const struct world *world, const char *keyword,
                      const struct sshd_connection *connection, struct control_decisions *ret) {
        CLEANUP(sshd_setting_done) struct sshd_setting setting = { 0 };
        CLEANUP(control_decision_done) struct control_decision decision = { 0 };
        int r = sshd_effective_one(world->config, connection, &world->accounts, keyword, &setting);

        if (r < 0)
                return r == -ENOMEM ? r
                                    : 0; /* sshd fails on that connection, or has no such word */
        r = describe(&setting, connection, &decision);
        if (r < 0 || is_known(ret, &decision))
                return r;
        if (ret->n_items == DECISIONS_MAX) {
                ret->is_truncated = true;
                return 0;
        }
        r = ARRAY_GROW(ret->items, ret->n_items);
        if (r < 0)
                return r;
        ret->items[ret->n_items++] = decision;
        decision = (struct control_decision){ 0 };
        return 0;
}

static int decide(void *userdata, const struct rule *rule, struct control_decisions *ret) {
        const struct world *world = &((const struct manager *)userdata)->world;
        CLEANUP(sshd_contexts_done) struct sshd_contexts contexts = { 0 };
        int r;

        if (rule->family != RULE_SSHD || !world->config || sshd_config_refusal(world->config))
                return 0;
        if (!sshd_keyword_is_conditional(world->config, rule->sshd.keyword))
                return decide_for(world, rule->sshd.keyword, NULL, ret);
        r = sshd_contexts_new(world->config, rule->sshd.keyword, &world->accounts, &rule->sshd.when,
                              &contexts);
        if (r == -EINVAL)
                return 0;
        for (size_t i = 0; i < contexts.n_items && r == 0; i++)
                r = decide_for(world, rule->sshd.keyword, &contexts.items[i], ret);
        if (ret->n_items == 1) { /* the same for all */
                free(ret->items[0].connection);
                ret->items[0].connection = NULL;
        }
        return r;
}

void manager_fill_decide(struct control_backend *ret) {
        ret->decide = decide;
}
