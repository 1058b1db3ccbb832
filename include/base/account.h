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

struct accounts {
        struct account
                *items; /* in the order of the source; names are unique, the first one wins */
        size_t n_items;
        bool complete; /* false: the source failed or was cut off; "nobody else exists" is not known
                        */
};

const struct account *accounts_find(const struct accounts *accounts, const char *name);

/* Parses passwd(5) and group(5) bytes (either may be NULL), for --root and for tests: malformed
 * lines are skipped as glibc's `files` skips them. Returns 0 or -ENOMEM. */
int accounts_parse(const char *passwd, size_t n_passwd, const char *group, size_t n_group,
                   struct accounts *ret);

/* Appends a copy; an account of that name that is there already stays. Returns 0 or -ENOMEM. */
int accounts_add(struct accounts *accounts, const struct account *account);

void account_done(struct account *account);
void accounts_done(struct accounts *accounts);
