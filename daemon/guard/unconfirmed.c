/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unconfirmed edits in memory over the store's table; the store is written first.
 *
 * The countdown runs by CLOCK_BOOTTIME, which nobody sets and which goes on in a suspended machine.
 * It begins anew with each start of the kernel (random(4), boot_id), so over a start of the machine
 * what is left of it is taken from the wall clock, and never more than the whole. */

#include "guard/unconfirmed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

int unconfirmed_load(struct store *store, const struct unconfirmed_moment *now,
                     struct unconfirmed *ret) {
        struct unconfirmed unconfirmed = { .store = store,
                                           .loaded_boot_us = now->boot_us,
                                           .loaded_real_us = now->real_us,
                                           .boot_id = strdup(now->boot_id) };
        int r = unconfirmed.boot_id
                        ? store_list_unconfirmed(store, &unconfirmed.items, &unconfirmed.n_items)
                        : -ENOMEM;

        if (r < 0) {
                free(unconfirmed.boot_id);
                return r;
        }
        *ret = unconfirmed;
        return 0;
}

void unconfirmed_done(struct unconfirmed *unconfirmed) {
        unconfirmed_edits_free(unconfirmed->items, unconfirmed->n_items);
        free(unconfirmed->boot_id);
        *unconfirmed = (struct unconfirmed){ 0 };
}

/* The store's list is the truth; the one in memory is read anew after each change. */
static int read_again(struct unconfirmed *unconfirmed) {
        struct unconfirmed_edit *items = NULL;
        size_t n_items = 0;
        int r = store_list_unconfirmed(unconfirmed->store, &items, &n_items);

        if (r < 0)
                return r;
        unconfirmed_edits_free(unconfirmed->items, unconfirmed->n_items);
        unconfirmed->items = items;
        unconfirmed->n_items = n_items;
        return 0;
}

int unconfirmed_add(struct unconfirmed *unconfirmed, const struct unconfirmed_edit *edit) {
        struct unconfirmed_edit kept = *edit;
        int r;

        kept.boot_id = unconfirmed->boot_id;
        r = store_add_unconfirmed(unconfirmed->store, &kept);
        return r < 0 ? r : read_again(unconfirmed);
}

int unconfirmed_remove(struct unconfirmed *unconfirmed, const char *path) {
        int r = store_drop_unconfirmed(unconfirmed->store, path);

        return r < 0 ? r : read_again(unconfirmed);
}

const struct unconfirmed_edit *unconfirmed_find(const struct unconfirmed *unconfirmed,
                                                const char *path) {
        for (size_t i = 0; i < unconfirmed->n_items; i++)
                if (strcmp(unconfirmed->items[i].path, path) == 0)
                        return &unconfirmed->items[i];
        return NULL;
}

static bool is_of_this_boot(const struct unconfirmed *unconfirmed,
                            const struct unconfirmed_edit *edit) {
        return strcmp(unconfirmed->boot_id, edit->boot_id) == 0;
}

int64_t unconfirmed_due_us(const struct unconfirmed *unconfirmed,
                           const struct unconfirmed_edit *edit) {
        int64_t left_us = edit->at_us + edit->span_us - unconfirmed->loaded_real_us;

        if (is_of_this_boot(unconfirmed, edit))
                return edit->boot_us + edit->span_us;
        if (left_us < 0)
                left_us = 0;
        return unconfirmed->loaded_boot_us + (left_us < edit->span_us ? left_us : edit->span_us);
}

int64_t unconfirmed_next_due_us(const struct unconfirmed *unconfirmed) {
        int64_t next = UNCONFIRMED_NEVER;

        for (size_t i = 0; i < unconfirmed->n_items; i++) {
                int64_t due = unconfirmed_due_us(unconfirmed, &unconfirmed->items[i]);

                if (due < next)
                        next = due;
        }
        return next;
}

bool unconfirmed_precedes(const struct unconfirmed *unconfirmed,
                          const struct unconfirmed_edit *edit, const struct ssh_login *login) {
        return !is_of_this_boot(unconfirmed, edit) || login->began_us > edit->boot_us;
}
