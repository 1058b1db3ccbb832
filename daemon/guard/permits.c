/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Permits in memory over the store's table; the store is written first, as with the baseline. */

#include "guard/permits.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

int permits_load(struct store *store, struct permits *ret) {
        struct permits permits = { .store = store };
        int r = store_list_permits(store, &permits.items, &permits.n_items);

        if (r < 0)
                return r;
        *ret = permits;
        return 0;
}

void permits_done(struct permits *permits) {
        permits_free(permits->items, permits->n_items);
        *permits = (struct permits){ 0 };
}

/* The store's list is the truth; the one in memory is read anew after each change. */
static int read_again(struct permits *permits) {
        struct permits fresh;
        int r = permits_load(permits->store, &fresh);

        if (r < 0)
                return r;
        permits_done(permits);
        *permits = fresh;
        return 0;
}

int permits_add(struct permits *permits, const struct permit *permit, int64_t *ret_id) {
        int64_t id;
        int r = store_add_permit(permits->store, permit, &id);

        if (r == 0)
                r = read_again(permits);
        if (r == 0 && ret_id)
                *ret_id = id;
        return r;
}

int permits_remove(struct permits *permits, int64_t id) {
        int r = store_remove_permit(permits->store, id);

        return r < 0 ? r : read_again(permits);
}

static bool is_over(const struct permit *permit, int64_t now_us) {
        return permit->until_us <= now_us;
}

static bool is_for(const struct permit *permit, enum permit_kind kind, const char *path) {
        return permit->kind == kind && permit->path && strcmp(permit->path, path) == 0;
}

/* The permit that pays for a change of PATH; NULL if none has to. */
static struct permit *find_counted(const struct permits *permits, const char *path,
                                   int64_t now_us) {
        struct permit *counted = NULL;

        for (size_t i = 0; i < permits->n_items; i++) {
                struct permit *permit = &permits->items[i];

                if (!is_for(permit, PERMIT_CHANGE, path) || is_over(permit, now_us))
                        continue;
                if (permit->uses_left < 0)
                        return NULL;
                if (!counted || permit->uses_left > 0)
                        counted = permit;
        }
        return counted;
}

bool permits_count_changes(const struct permits *permits, const char *path, int64_t now_us) {
        return find_counted(permits, path, now_us) != NULL;
}

int permits_use(struct permits *permits, const char *path, int64_t now_us) {
        struct permit *permit = find_counted(permits, path, now_us);
        bool is_counted = permit && permit->uses_left > 0;
        int r;

        if (!permit)
                return 0;
        if (is_counted)
                permit->uses_left--;
        else
                permit->until_us = now_us;
        r = store_update_permit(permits->store, permit);
        return r < 0 ? r : is_counted;
}

int permits_expire(struct permits *permits, int64_t now_us,
                   void (*on_ended)(void *userdata, const struct permit *permit), void *userdata) {
        int n_ended = 0;

        for (size_t i = 0; i < permits->n_items; i++) {
                int r;

                if (!is_over(&permits->items[i], now_us))
                        continue;
                r = store_remove_permit(permits->store, permits->items[i].id);
                if (r < 0 && r != -ENOENT)
                        return r;
                if (on_ended)
                        on_ended(userdata, &permits->items[i]);
                n_ended++;
        }
        if (n_ended > 0) {
                int r = read_again(permits);

                if (r < 0)
                        return r;
        }
        return n_ended;
}

int64_t permits_next_end(const struct permits *permits) {
        int64_t next = PERMITS_NEVER;

        for (size_t i = 0; i < permits->n_items; i++)
                if (permits->items[i].until_us < next)
                        next = permits->items[i].until_us;
        return next;
}

bool permits_allow_change(const struct permits *permits, const char *path, int64_t now_us) {
        for (size_t i = 0; i < permits->n_items; i++)
                if (is_for(&permits->items[i], PERMIT_CHANGE, path) &&
                    !is_over(&permits->items[i], now_us))
                        return true;
        return false;
}

bool permits_allow_exception(const struct permits *permits, const char *rule_id, const char *path,
                             int64_t now_us) {
        for (size_t i = 0; i < permits->n_items; i++) {
                const struct permit *permit = &permits->items[i];

                if (is_for(permit, PERMIT_EXCEPTION, path) && !is_over(permit, now_us) &&
                    permit->rule_id && strcmp(permit->rule_id, rule_id) == 0)
                        return true;
        }
        return false;
}

bool permits_allow(const struct permits *permits, const char *rule_id, const char *path,
                   int64_t now_us) {
        return permits_allow_change(permits, path, now_us) ||
               permits_allow_exception(permits, rule_id, path, now_us);
}

bool permits_cover(const struct permits *permits, const char *path, int64_t now_us) {
        for (size_t i = 0; i < permits->n_items; i++) {
                const struct permit *permit = &permits->items[i];

                if ((is_for(permit, PERMIT_CHANGE, path) ||
                     is_for(permit, PERMIT_EXCEPTION, path)) &&
                    !is_over(permit, now_us))
                        return true;
        }
        return false;
}

bool permits_lift_lock(const struct permits *permits, const char *path, int64_t now_us) {
        for (size_t i = 0; i < permits->n_items; i++)
                if (is_for(&permits->items[i], PERMIT_UNLOCK, path) &&
                    !is_over(&permits->items[i], now_us))
                        return true;
        return permits_find_packages(permits) || permits_allow_change(permits, path, now_us);
}

const struct permit *permits_find_packages(const struct permits *permits) {
        for (size_t i = 0; i < permits->n_items; i++)
                if (permits->items[i].kind == PERMIT_PACKAGES)
                        return &permits->items[i];
        return NULL;
}

int permits_extend(struct permits *permits, int64_t id, int64_t until_us) {
        for (size_t i = 0; i < permits->n_items; i++) {
                if (permits->items[i].id != id)
                        continue;
                permits->items[i].until_us = until_us;
                return store_update_permit(permits->store, &permits->items[i]);
        }
        return -ENOENT;
}

const struct permit *permits_pause(const struct permits *permits, int64_t now_us) {
        for (size_t i = 0; i < permits->n_items; i++)
                if (permits->items[i].kind == PERMIT_PAUSE && !is_over(&permits->items[i], now_us))
                        return &permits->items[i];
        return NULL;
}
