/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which key opens whom: every entry of every key file that sshd reads for an account, as it is now,
 * looked at with the account's rights. An entry is as old as the approval of the version it stands
 * in; one that was added since has none. */

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "guard/assess.h"
#include "manager.h"
#include "world/keys_tree.h"

/* The same key with the same limits. */
static bool is_same_entry(const struct authorized_key *a, const struct authorized_key *b) {
        CLEANUP(text_done) struct text x = { 0 }, y = { 0 };

        if (!a->key.type || !b->key.type || a->problem != b->problem ||
            strcmp(a->key.sha256, b->key.sha256) != 0)
                return false;
        if (a->problem != KEY_OK)
                return true;
        return key_options_format(&a->options, &x) == 0 &&
               key_options_format(&b->options, &y) == 0 && strcmp(text_get(&x), text_get(&y)) == 0;
}

static bool contains(const struct authorized_keys *keys, const struct authorized_key *entry) {
        for (size_t i = 0; i < keys->n_items; i++)
                if (is_same_entry(&keys->items[i], entry))
                        return true;
        return false;
}

static bool is_ignored(const struct guarded_user *user, const char *path) {
        for (size_t i = 0; i < user->findings.n_items; i++)
                if (strcmp(user->findings.items[i].rule_id, "keys.ignored") == 0 &&
                    strcmp(user->findings.items[i].path, path) == 0)
                        return true;
        return false;
}

/* The approved version of where the bytes are, and its entries. */
static int load_approved(const struct world *world, const struct seen_user_file *seen,
                         const struct approved **ret, struct authorized_keys *ret_keys) {
        const char *path = seen->destination ? seen->destination : seen->file->path;
        const struct approved *approved = baseline_get(world->baseline, path);
        struct keys_release release = keys_tree_release(&world->release);
        CLEANUP_FREE char *data = NULL;
        size_t n_data = 0;
        int r;

        *ret = NULL;
        if (!approved || approved->metadata.kind != FILE_REGULAR)
                return 0;
        r = baseline_content(world->baseline, approved, &data, &n_data);
        if (r == -ENOENT || r == -EUCLEAN || (r == 0 && !data))
                return 0;
        if (r == 0)
                r = authorized_keys_parse(data, n_data, &release, &keys_tree_environment, ret_keys);
        if (r == 0)
                *ret = approved;
        return r;
}

static int list_file(const struct manager *manager, size_t i, const struct seen_user_file *seen,
                     const struct control_key_query *query) {
        const struct world *world = &manager->world;
        CLEANUP(authorized_keys_done) struct authorized_keys known = { 0 };
        const struct approved *approved;
        int r = load_approved(world, seen, &approved, &known);

        for (size_t k = 0; k < seen->keys.n_items && r == 0; k++) {
                struct control_key key = {
                        .user = users_account(&world->users, i)->name,
                        .path = seen->file->path,
                        .entry = &seen->keys.items[k],
                        .is_ignored = is_ignored(&world->users.items[i], seen->file->path),
                };

                if (approved && contains(&known, key.entry)) {
                        key.approved_at_us = approved->at_us;
                        key.approved_by = approved->by;
                }
                r = query->on_key(query->userdata, &key);
        }
        return r;
}

static int list_user(struct manager *manager, size_t i, const struct control_key_query *query) {
        CLEANUP(user_sight_done) struct user_sight sight = { 0 };
        int r;

        world_forget_user(&manager->world, i);
        r = assess_look_at_user(&manager->world, manager->world.view, i, &sight);
        for (size_t f = 0; f < sight.n_files && r == 0; f++)
                if (sight.files[f].has_keys)
                        r = list_file(manager, i, &sight.files[f], query);
        user_sight_done(&sight);
        world_forget_user(&manager->world, i);
        return r;
}

int manager_list_keys(void *userdata, const struct control_key_query *query, size_t *ret_next) {
        struct manager *manager = userdata;
        const struct users *users = &manager->world.users;
        size_t i = query->first, end = users->n_items;

        if (query->user) {
                const struct account *account =
                        accounts_find(&manager->world.accounts, query->user);

                if (!account)
                        return 0;
                i = (size_t)(account - manager->world.accounts.items);
                end = i + 1;
        }
        for (size_t n = 0; i < end && n < query->n_accounts; i++, n++) {
                int r = list_user(manager, i, query);

                if (r < 0)
                        return r;
        }
        *ret_next = i < end ? i : 0;
        return 1;
}
