/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Account lists from passwd(5) and group(5) text.
 *
 * Read as glibc's nss_files reads them: a line needs all of its colons and decimal ids, a line that
 * does not have them is skipped, and so are comments and NIS lines ("+…", "-…"). The first account
 * of a name wins, as getpwnam(3) finds it first. */

#include "base/account.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"

enum {
        N_PASSWD_FIELDS = 7,
        N_GROUP_FIELDS = 4,
};

struct field {
        const char *data;
        size_t n;
};

/* Splits a line at its colons into exactly N fields; the last one takes the rest. */
static bool split_fields(const char *line, size_t n, struct field *fields, size_t n_fields) {
        const char *end = line + n;

        if (n == 0 || *line == '#' || *line == '+' || *line == '-')
                return false;
        for (size_t i = 0; i < n_fields; i++) {
                const char *colon = memchr(line, ':', (size_t)(end - line));

                if (i + 1 == n_fields)
                        colon = end;
                if (!colon)
                        return false;
                fields[i] = (struct field){ line, (size_t)(colon - line) };
                line = colon + 1;
        }
        return fields[0].n > 0;
}

static bool parse_id(struct field field, uint32_t *ret) {
        uint64_t id = 0;

        if (field.n == 0)
                return false;
        for (size_t i = 0; i < field.n; i++) {
                if (field.data[i] < '0' || field.data[i] > '9')
                        return false;
                id = id * 10 + (uint64_t)(field.data[i] - '0');
                if (id > UINT32_MAX)
                        return false;
        }
        *ret = (uint32_t)id;
        return true;
}

static const char *next_line(const char *data, const char *end, size_t *ret_n) {
        const char *newline = memchr(data, '\n', (size_t)(end - data));

        *ret_n = (size_t)((newline ? newline : end) - data);
        return newline ? newline + 1 : end;
}

static char *copy_field(struct field field) {
        return strndup(field.data, field.n);
}

static bool is_listed(struct field list, const char *name) {
        size_t n_name = strlen(name);

        while (list.n > 0) {
                const char *comma = memchr(list.data, ',', list.n);
                size_t n = comma ? (size_t)(comma - list.data) : list.n;

                if (n == n_name && memcmp(list.data, name, n) == 0)
                        return true;
                if (!comma)
                        return false;
                list.data += n + 1;
                list.n -= n + 1;
        }
        return false;
}

static int parse_passwd_line(struct accounts *accounts, const char *line, size_t n) {
        struct account account = { 0 };
        struct field fields[N_PASSWD_FIELDS];
        int r;

        if (!split_fields(line, n, fields, N_PASSWD_FIELDS) || !parse_id(fields[2], &account.uid) ||
            !parse_id(fields[3], &account.gid))
                return 0;
        account.name = copy_field(fields[0]);
        account.home = copy_field(fields[5]);
        account.shell = copy_field(fields[6]);
        r = account.name && account.home && account.shell ? accounts_add(accounts, &account)
                                                          : -ENOMEM;
        account_done(&account);
        return r;
}

/* The primary group goes first; nothing is listed twice. */
static int join_group(struct account *account, const char *group, bool is_primary) {
        int r;

        for (size_t i = 0; i < account->n_groups; i++)
                if (strcmp(account->groups[i], group) == 0)
                        return 0;
        r = strings_append(&account->groups, &account->n_groups, group);
        if (r == 0 && is_primary && account->n_groups > 1) {
                char *last = account->groups[account->n_groups - 1];

                memmove(account->groups + 1, account->groups,
                        (account->n_groups - 1) * sizeof *account->groups);
                account->groups[0] = last;
        }
        return r;
}

/* Membership is by id: of several names with one id getgrgid(3) gives the first, so a program that
 * asks for a user's groups never sees the others. */
static int parse_group_line(struct accounts *accounts, const char *line, size_t n) {
        struct field fields[N_GROUP_FIELDS];
        CLEANUP_FREE char *group = NULL;
        const char *known_as;
        uint32_t gid;

        if (!split_fields(line, n, fields, N_GROUP_FIELDS) || !parse_id(fields[2], &gid))
                return 0;
        group = copy_field(fields[0]);
        if (!group || accounts_add_group(accounts, group, gid) < 0)
                return -ENOMEM;
        known_as = accounts_group_name(accounts, gid);
        for (size_t i = 0; i < accounts->n_items; i++) {
                struct account *account = &accounts->items[i];
                bool is_primary = account->gid == gid;
                int r;

                if (!is_primary && !is_listed(fields[3], account->name))
                        continue;
                r = join_group(account, known_as ? known_as : group, is_primary);
                if (r < 0)
                        return r;
        }
        return 0;
}

int accounts_parse(const char *passwd, size_t n_passwd, const char *group, size_t n_group,
                   struct accounts *ret) {
        CLEANUP(accounts_done) struct accounts accounts = { .complete = passwd != NULL };
        size_t n;
        int r;

        for (const char *line = passwd, *next; passwd && line < passwd + n_passwd; line = next) {
                next = next_line(line, passwd + n_passwd, &n);
                r = parse_passwd_line(&accounts, line, n);
                if (r < 0)
                        return r;
        }
        for (const char *line = group, *next; group && line < group + n_group; line = next) {
                next = next_line(line, group + n_group, &n);
                r = parse_group_line(&accounts, line, n);
                if (r < 0)
                        return r;
        }
        *ret = accounts;
        accounts = (struct accounts){ 0 };
        return 0;
}

const struct account *accounts_find(const struct accounts *accounts, const char *name) {
        for (size_t i = 0; i < accounts->n_items; i++)
                if (strcmp(accounts->items[i].name, name) == 0)
                        return &accounts->items[i];
        return NULL;
}

bool accounts_find_group(const struct accounts *accounts, const char *name, uint32_t *ret_gid) {
        for (size_t i = 0; i < accounts->n_groups; i++) {
                if (strcmp(accounts->groups[i].name, name) == 0) {
                        *ret_gid = accounts->groups[i].gid;
                        return true;
                }
        }
        return false;
}

const char *accounts_group_name(const struct accounts *accounts, uint32_t gid) {
        for (size_t i = 0; i < accounts->n_groups; i++)
                if (accounts->groups[i].gid == gid)
                        return accounts->groups[i].name;
        return NULL;
}

int accounts_add_group(struct accounts *accounts, const char *name, uint32_t gid) {
        uint32_t known;
        char *copy;
        int r;

        if (accounts_find_group(accounts, name, &known))
                return 0;
        copy = strdup(name);
        if (!copy)
                return -ENOMEM;
        r = ARRAY_GROW(accounts->groups, accounts->n_groups);
        if (r < 0) {
                free(copy);
                return r;
        }
        accounts->groups[accounts->n_groups++] = (struct account_group){ copy, gid };
        return 0;
}

int accounts_add(struct accounts *accounts, const struct account *account) {
        struct account copy = { .uid = account->uid, .gid = account->gid };
        int r;

        if (accounts_find(accounts, account->name))
                return 0;
        copy.name = strdup(account->name);
        copy.home = strdup(account->home ? account->home : "");
        copy.shell = strdup(account->shell ? account->shell : "");
        r = copy.name && copy.home && copy.shell ? 0 : -ENOMEM;
        if (r == 0)
                r = strings_copy(&copy.groups, &copy.n_groups, account->groups, account->n_groups);
        if (r == 0)
                r = ARRAY_GROW(accounts->items, accounts->n_items);
        if (r < 0) {
                account_done(&copy);
                return r;
        }
        accounts->items[accounts->n_items++] = copy;
        return 0;
}

void account_done(struct account *account) {
        free(account->name);
        free(account->home);
        free(account->shell);
        strings_free(account->groups, account->n_groups);
        *account = (struct account){ 0 };
}

void accounts_done(struct accounts *accounts) {
        for (size_t i = 0; i < accounts->n_items; i++)
                account_done(&accounts->items[i]);
        free(accounts->items);
        for (size_t i = 0; i < accounts->n_groups; i++)
                free(accounts->groups[i].name);
        free(accounts->groups);
        *accounts = (struct accounts){ 0 };
}
