/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Account lists from passwd(5) and group(5) text.
 *
 * Read as glibc's nss_files reads them: a line needs all of its colons and decimal ids, a line that
 * does not have them is skipped, and so are comments and NIS lines ("+…", "-…"). The first account
 * of a name wins, as getpwnam(3) finds it first.
 *
 * A machine can have a hundred thousand accounts and as many groups, so nothing here walks a list
 * for each item of another: names and ids are looked up in hash indexes. */

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

/* ---- indexes: open addressing, never more than half full; of equal keys the first is in it ----
 */

static const size_t NOT_FOUND = SIZE_MAX;

static uint32_t hash_id(uint32_t id) {
        uint32_t hash = id * 2654435761U;

        return hash ^ hash >> 16;
}

static uint32_t hash_name(const char *name) {
        uint32_t hash = 2166136261U;

        while (*name)
                hash = (hash ^ (unsigned char)*name++) * 16777619U;
        return hash_id(hash);
}

static uint32_t hash_of_name(const struct accounts *accounts, size_t i) {
        return hash_name(accounts->items[i].name);
}

static uint32_t hash_of_uid(const struct accounts *accounts, size_t i) {
        return hash_id(accounts->items[i].uid);
}

static uint32_t hash_of_group_name(const struct accounts *accounts, size_t i) {
        return hash_name(accounts->groups[i].name);
}

static uint32_t hash_of_gid(const struct accounts *accounts, size_t i) {
        return hash_id(accounts->groups[i].gid);
}

static bool has_name(const struct accounts *accounts, size_t i, const void *key) {
        return strcmp(accounts->items[i].name, key) == 0;
}

static bool has_uid(const struct accounts *accounts, size_t i, const void *key) {
        return accounts->items[i].uid == *(const uint32_t *)key;
}

static bool has_group_name(const struct accounts *accounts, size_t i, const void *key) {
        return strcmp(accounts->groups[i].name, key) == 0;
}

static bool has_gid(const struct accounts *accounts, size_t i, const void *key) {
        return accounts->groups[i].gid == *(const uint32_t *)key;
}

static void index_put(struct account_index *index, uint32_t hash, size_t i) {
        size_t at = hash & (index->n_slots - 1);

        while (index->slots[at] != 0)
                at = (at + 1) & (index->n_slots - 1);
        index->slots[at] = (uint32_t)i + 1;
        index->n_used++;
}

/* Makes room for one more. Returns 0 or -ENOMEM. */
static int index_reserve(struct account_index *index,
                         uint32_t (*hash_of)(const struct accounts *accounts, size_t i),
                         const struct accounts *accounts) {
        struct account_index grown = { .n_slots = index->n_slots > 0 ? 2 * index->n_slots : 64 };

        if (2 * (index->n_used + 1) <= index->n_slots)
                return 0;
        grown.slots = calloc(grown.n_slots, sizeof *grown.slots);
        if (!grown.slots)
                return -ENOMEM;
        for (size_t at = 0; at < index->n_slots; at++)
                if (index->slots[at] != 0)
                        index_put(&grown, hash_of(accounts, index->slots[at] - 1),
                                  index->slots[at] - 1);
        free(index->slots);
        *index = grown;
        return 0;
}

static size_t index_find(const struct account_index *index, uint32_t hash,
                         bool (*has_key)(const struct accounts *accounts, size_t i,
                                         const void *key),
                         const struct accounts *accounts, const void *key) {
        if (index->n_slots == 0)
                return NOT_FOUND;
        for (size_t at = hash & (index->n_slots - 1); index->slots[at] != 0;
             at = (at + 1) & (index->n_slots - 1))
                if (has_key(accounts, index->slots[at] - 1, key))
                        return index->slots[at] - 1;
        return NOT_FOUND;
}

/* The position of an account; n_items or more: there is none. */
static size_t find_account(const struct accounts *accounts, const char *name) {
        return index_find(&accounts->by_name, hash_name(name), has_name, accounts, name);
}

/* ---- passwd(5) and group(5) ---- */

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
        size_t i = 0;
        int r = 0;

        while (i < account->n_groups && strcmp(account->groups[i], group) != 0)
                i++;
        if (i == account->n_groups)
                r = strings_append(&account->groups, &account->n_groups, group);
        if (r == 0 && is_primary) {
                char *primary = account->groups[i];

                memmove(account->groups + 1, account->groups, i * sizeof *account->groups);
                account->groups[0] = primary;
        }
        return r;
}

/* Membership is by id: of several names with one id getgrgid(3) gives the first, so a program that
 * asks for a user's groups never sees the others. */
static int join_members(struct accounts *accounts, struct field list, const char *group) {
        while (list.n > 0) {
                const char *comma = memchr(list.data, ',', list.n);
                struct field name = { list.data, comma ? (size_t)(comma - list.data) : list.n };
                CLEANUP_FREE char *member = copy_field(name);
                size_t i;
                int r;

                if (!member)
                        return -ENOMEM;
                i = find_account(accounts, member);
                r = i < accounts->n_items ? join_group(&accounts->items[i], group, false) : 0;
                if (r < 0 || !comma)
                        return r;
                list.data += name.n + 1;
                list.n -= name.n + 1;
        }
        return 0;
}

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
        return join_members(accounts, fields[3], known_as ? known_as : group);
}

static int join_primary_groups(struct accounts *accounts) {
        int r = 0;

        for (size_t i = 0; i < accounts->n_items && r == 0; i++) {
                struct account *account = &accounts->items[i];
                const char *group = accounts_group_name(accounts, account->gid);

                if (group)
                        r = join_group(account, group, true);
        }
        return r;
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
        r = join_primary_groups(&accounts);
        if (r < 0)
                return r;
        *ret = accounts;
        accounts = (struct accounts){ 0 };
        return 0;
}

const struct account *accounts_find(const struct accounts *accounts, const char *name) {
        size_t i = find_account(accounts, name);

        return i < accounts->n_items ? &accounts->items[i] : NULL;
}

const struct account *accounts_find_uid(const struct accounts *accounts, uint32_t uid) {
        size_t i = index_find(&accounts->by_uid, hash_id(uid), has_uid, accounts, &uid);

        return i != NOT_FOUND ? &accounts->items[i] : NULL;
}

bool accounts_find_group(const struct accounts *accounts, const char *name, uint32_t *ret_gid) {
        size_t i = index_find(&accounts->groups_by_name, hash_name(name), has_group_name, accounts,
                              name);

        if (i == NOT_FOUND)
                return false;
        *ret_gid = accounts->groups[i].gid;
        return true;
}

const char *accounts_group_name(const struct accounts *accounts, uint32_t gid) {
        size_t i = index_find(&accounts->groups_by_gid, hash_id(gid), has_gid, accounts, &gid);

        return i != NOT_FOUND ? accounts->groups[i].name : NULL;
}

bool account_is_same(const struct account *a, const struct account *b) {
        if (strcmp(a->name, b->name) != 0 || a->uid != b->uid || a->gid != b->gid ||
            strcmp(a->home, b->home) != 0 || a->n_groups != b->n_groups)
                return false;
        for (size_t i = 0; i < a->n_groups; i++)
                if (strcmp(a->groups[i], b->groups[i]) != 0)
                        return false;
        return true;
}

bool accounts_are_same(const struct accounts *a, const struct accounts *b) {
        if (a->n_items != b->n_items || a->n_groups != b->n_groups || a->complete != b->complete)
                return false;
        for (size_t i = 0; i < a->n_items; i++)
                if (!account_is_same(&a->items[i], &b->items[i]) ||
                    strcmp(a->items[i].shell, b->items[i].shell) != 0)
                        return false;
        for (size_t i = 0; i < a->n_groups; i++)
                if (a->groups[i].gid != b->groups[i].gid ||
                    strcmp(a->groups[i].name, b->groups[i].name) != 0)
                        return false;
        return true;
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
        if (r == 0)
                r = index_reserve(&accounts->groups_by_name, hash_of_group_name, accounts);
        if (r == 0)
                r = index_reserve(&accounts->groups_by_gid, hash_of_gid, accounts);
        if (r < 0) {
                free(copy);
                return r;
        }
        accounts->groups[accounts->n_groups] = (struct account_group){ copy, gid };
        index_put(&accounts->groups_by_name, hash_name(copy), accounts->n_groups);
        if (!accounts_group_name(accounts, gid))
                index_put(&accounts->groups_by_gid, hash_id(gid), accounts->n_groups);
        accounts->n_groups++;
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
        if (r == 0)
                r = index_reserve(&accounts->by_name, hash_of_name, accounts);
        if (r == 0)
                r = index_reserve(&accounts->by_uid, hash_of_uid, accounts);
        if (r < 0) {
                account_done(&copy);
                return r;
        }
        accounts->items[accounts->n_items] = copy;
        index_put(&accounts->by_name, hash_name(copy.name), accounts->n_items);
        if (!accounts_find_uid(accounts, copy.uid))
                index_put(&accounts->by_uid, hash_id(copy.uid), accounts->n_items);
        accounts->n_items++;
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
        free(accounts->by_name.slots);
        free(accounts->by_uid.slots);
        free(accounts->groups_by_name.slots);
        free(accounts->groups_by_gid.slots);
        *accounts = (struct accounts){ 0 };
}
