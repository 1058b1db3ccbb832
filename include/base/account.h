/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Accounts as plain values: what passwd(5) and group(5), or NSS, say of a user. The pure rooms
 * never ask the user database; they are given this. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct account {
        char *name;
        uint32_t uid, gid;
        char *home;
        char *shell;
        char **groups; /* group names: the primary one first, then the supplementary ones */
        size_t n_groups;
};

struct account_group {
        char *name;
        uint32_t gid;
};

/* Positions in an array by a key of its items, so that a look-up does not walk them. */
struct account_index {
        uint32_t *slots; /* position + 1; 0: free */
        size_t n_slots;
        size_t n_used;
};

struct accounts {
        struct account
                *items; /* in the order of the source; names are unique, the first one wins */
        size_t n_items;
        struct account_group *groups; /* every group known, for ids in file rules */
        size_t n_groups;
        bool complete; /* false: the source failed or was cut off; "nobody else exists" is not known
                        */
        struct account_index by_name, by_uid, groups_by_name, groups_by_gid;
};

/* The account of that name, the first of that uid; NULL if there is none. */
const struct account *accounts_find(const struct accounts *accounts, const char *name);
const struct account *accounts_find_uid(const struct accounts *accounts, uint32_t uid);

/* The gid of a group name; false if there is none. The name of a gid; NULL if it has none. */
bool accounts_find_group(const struct accounts *accounts, const char *name, uint32_t *ret_gid);
const char *accounts_group_name(const struct accounts *accounts, uint32_t gid);

/* What of two lists is the same account: name, ids, home and groups. */
bool account_is_same(const struct account *a, const struct account *b);

/* Whether the lists are equal in all they say, in the same order. */
bool accounts_are_same(const struct accounts *a, const struct accounts *b);

/* Parses passwd(5) and group(5) bytes (either may be NULL), for --root and for tests: malformed
 * lines are skipped as glibc's `files` skips them. Returns 0 or -ENOMEM. */
int accounts_parse(const char *passwd, size_t n_passwd, const char *group, size_t n_group,
                   struct accounts *ret);

/* Appends a copy; an account of that name that is there already stays. Returns 0 or -ENOMEM. */
int accounts_add(struct accounts *accounts, const struct account *account);

/* Appends a group; one of that name that is there already stays. Returns 0 or -ENOMEM. */
int accounts_add_group(struct accounts *accounts, const char *name, uint32_t gid);

void account_done(struct account *account);
void accounts_done(struct accounts *accounts);
