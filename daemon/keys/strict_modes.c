/* SPDX-License-Identifier: GPL-3.0-or-later */
/* safe_path() of misc.c, and secure_permissions() of Debian's user-group-modes.patch.
 *
 * Each path from the file upwards must belong to root or the account and be writable by nobody
 * else; the walk ends with the home directory, or with "/" where the file lies outside it. The
 * sticky bit helps nothing. Debian lets group-writable paths pass if the group is the owner's
 * alone: no other account has it as primary group, its member list is empty or names just the owner
 * of the path, and it is not empty altogether. */

#include "keys/strict_modes.h"

#include <string.h>

enum { GROUP_WRITABLE = 020, OTHER_WRITABLE = 002 };

/* Nobody but the owner may be in the group by its member list. The list itself is best; what the
 * accounts say of themselves leaves out names without an account. */
static bool members_are_only(const struct strict_modes_question *question, uint32_t gid,
                             const struct account *owner, bool *ret_has_members) {
        const struct accounts *accounts = question->accounts;
        const char *name = accounts_group_name(accounts, gid);
        struct strict_modes_group group = { 0 };

        *ret_has_members = false;
        if (question->group) {
                if (!question->group(question->userdata, gid, &group))
                        return false;
                *ret_has_members = group.n_members > 0;
                return group.n_members == 0 ||
                       (group.n_members == 1 && strcmp(group.members[0], owner->name) == 0);
        }
        for (size_t i = 0; name && i < accounts->n_items; i++) {
                const struct account *account = &accounts->items[i];

                for (size_t j = 0; account->gid != gid && j < account->n_groups; j++) {
                        if (strcmp(account->groups[j], name) != 0)
                                continue;
                        if (account != owner)
                                return false;
                        *ret_has_members = true;
                }
        }
        return name != NULL;
}

static bool group_is_private(const struct strict_modes_question *question,
                             const struct strict_modes_path *path) {
        const struct accounts *accounts = question->accounts;
        bool has_primary = false, has_members;
        const struct account *owner;

        owner = accounts ? accounts_find_uid(accounts, path->uid) : NULL;
        if (!owner)
                return false;
        for (size_t i = 0; i < accounts->n_items; i++) {
                if (accounts->items[i].gid != path->gid)
                        continue;
                if (accounts->items[i].uid != question->uid)
                        return false;
                has_primary = true;
        }
        return members_are_only(question, path->gid, owner, &has_members) &&
               (has_primary || has_members);
}

static bool is_secure(const struct strict_modes_question *question,
                      const struct strict_modes_path *path, const struct keys_release *release) {
        if (path->uid != 0 && path->uid != question->uid)
                return false;
        if (path->mode & OTHER_WRITABLE)
                return false;
        return !(path->mode & GROUP_WRITABLE) ||
               (release->is_debian && group_is_private(question, path));
}

const struct strict_modes_path *strict_modes_refuse(const struct strict_modes_question *question,
                                                    const struct keys_release *release) {
        for (size_t i = 0; i < question->n_chain; i++) {
                const struct strict_modes_path *path = &question->chain[i];

                if (!is_secure(question, path, release))
                        return path;
                if (i > 0 && question->home && strcmp(path->path, question->home) == 0)
                        break;
        }
        return NULL;
}
