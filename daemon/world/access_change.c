/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two trees, account by account.
 *
 * Both are asked about the same connections, those that can differ in one of them; a way is given
 * where it is enough now and was not before, so a second factor that is no longer asked for is a
 * gift too. Keys are told by their fingerprints, for a key in the place of another one gives no new
 * way and yet lets somebody else in. */

#include "world/access_change.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "access/login.h"
#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "world/access_tree.h"

enum {
        ACCOUNTS_MAX = 64, /* looked at because of a file that decides about everybody */
        TEXT_MAX = 2000,   /* bytes; an alert is read by people */
        PLACES_MAX = 3,    /* named for one way */
};

void access_change_done(struct access_change *change) {
        free(change->text);
        *change = (struct access_change){ 0 };
}

static void view_cleanup(struct view **view) {
        view_free(*view);
}

enum { BEFORE, AFTER, N_SIDES };

struct comparing {
        struct access_tree trees[N_SIDES];
        struct access_machine machines[N_SIDES];
        struct text text;
        bool gives, takes;
        bool is_cut;
};

static void comparing_done(struct comparing *comparing) {
        for (size_t side = 0; side < N_SIDES; side++)
                access_tree_close(&comparing->trees[side]);
        text_done(&comparing->text);
}

/* One account from both sides, for the connections of either. */
struct pair {
        struct access_login logins[N_SIDES];
        char *where;
};
struct pairs {
        struct pair *items;
        size_t n_items;
};

static void pairs_done(struct pairs *pairs) {
        for (size_t i = 0; i < pairs->n_items; i++) {
                for (size_t side = 0; side < N_SIDES; side++)
                        access_login_done(&pairs->items[i].logins[side]);
                free(pairs->items[i].where);
        }
        free(pairs->items);
}

static int add_pair(const struct comparing *comparing, const struct access_logins *logins, size_t i,
                    struct pairs *pairs) {
        const struct sshd_connection *connection = &logins->items[i].connection;
        struct pair *pair;
        int r = 0;

        for (size_t k = 0; k < pairs->n_items; k++)
                if (strcmp(pairs->items[k].logins[BEFORE].connection.addr, connection->addr) == 0 &&
                    pairs->items[k].logins[BEFORE].connection.lport == connection->lport)
                        return 0;
        if (ARRAY_GROW(pairs->items, pairs->n_items) < 0)
                return -ENOMEM;
        pair = &pairs->items[pairs->n_items++];
        *pair = (struct pair){ .where = access_logins_where(logins, i) };
        for (size_t side = 0; side < N_SIDES && r == 0; side++)
                r = access_login_judge(&comparing->machines[side], connection, &pair->logins[side]);
        return r == 0 && !pair->where ? -ENOMEM : r;
}

static int find_pairs(const struct comparing *comparing, const struct account *account,
                      struct pairs *pairs) {
        int r = 0;

        for (size_t side = 0; side < N_SIDES && r == 0; side++) {
                CLEANUP(access_logins_done) struct access_logins logins = { 0 };

                r = access_logins_judge(&comparing->machines[side], account, &logins);
                for (size_t i = 0; i < logins.n_items && r == 0; i++)
                        r = add_pair(comparing, &logins, i, pairs);
        }
        return r;
}

/* ---- words ---- */

static struct text *begin(struct comparing *comparing, const struct access_login *login,
                          bool is_gift) {
        if (is_gift)
                comparing->gives = true;
        else
                comparing->takes = true;
        if (comparing->text.n > TEXT_MAX) {
                comparing->is_cut = true;
                return NULL;
        }
        (void)text_appendf(&comparing->text, "%s%s %s ", comparing->text.n > 0 ? "; " : "",
                           login->account->name, is_gift ? "gains" : "loses");
        return &comparing->text;
}

static bool is_enough(const struct access_login *login, const struct access_way *way) {
        return access_ways_suffice(&login->ways, way->factors) >= way->answer;
}

/* From where FACTORS is enough on SIDE and not on the other one. */
static int put_places(const struct pairs *pairs, const struct access_way *way, size_t side,
                      struct text *text) {
        size_t n = 0;

        for (size_t i = 0; i < pairs->n_items; i++)
                n += is_enough(&pairs->items[i].logins[side], way) &&
                     !is_enough(&pairs->items[i].logins[!side], way);
        if (n == pairs->n_items) {
                (void)text_append(text, " from any address");
                return text_error(text);
        }
        for (size_t i = 0, k = 0; i < pairs->n_items && k < PLACES_MAX; i++) {
                const struct pair *pair = &pairs->items[i];

                if (is_enough(&pair->logins[side], way) && !is_enough(&pair->logins[!side], way))
                        (void)text_appendf(text, "%s%s", k++ > 0 ? ", " : " from ",
                                           strcmp(pair->where, "anywhere") == 0 ? "elsewhere"
                                                                                : pair->where);
        }
        return text_error(text);
}

/* A way is told once, where it is met first. */
static bool was_told(const struct pairs *pairs, size_t until, size_t side,
                     const struct access_way *way) {
        for (size_t i = 0; i < until; i++) {
                const struct access_login *login = &pairs->items[i].logins[side];

                for (size_t k = 0; k < login->ways.n_items; k++)
                        if (login->ways.items[k].factors == way->factors &&
                            !is_enough(&pairs->items[i].logins[!side], way))
                                return true;
        }
        return false;
}

static int tell_ways(struct comparing *comparing, const struct pairs *pairs, size_t side) {
        int r = 0;

        for (size_t i = 0; i < pairs->n_items; i++) {
                const struct access_login *login = &pairs->items[i].logins[side];

                for (size_t k = 0; k < login->ways.n_items && r == 0; k++) {
                        const struct access_way *way = &login->ways.items[k];
                        char factors[ACCESS_FACTORS_TEXT_MAX];
                        struct text *text;

                        if (is_enough(&pairs->items[i].logins[!side], way) ||
                            was_told(pairs, i, side, way))
                                continue;
                        text = begin(comparing, login, side == AFTER);
                        if (!text)
                                continue;
                        (void)text_appendf(text, "%s login",
                                           access_factors_format(way->factors, factors));
                        if (way->answer == ACCESS_CANNOT_TELL)
                                (void)text_append(text, " (not sure)");
                        r = put_places(pairs, way, side, text);
                }
        }
        return r;
}

static bool opens_any(const struct pairs *pairs, size_t side, const char *sha256) {
        for (size_t i = 0; i < pairs->n_items; i++) {
                const struct access_login *login = &pairs->items[i].logins[side];

                for (size_t k = 0; k < login->n_keys; k++)
                        if (!login->keys[k].refusal && login->keys[k].sha256 &&
                            strcmp(login->keys[k].sha256, sha256) == 0)
                                return true;
        }
        return false;
}

static int tell_keys(struct comparing *comparing, const struct pairs *pairs, size_t side) {
        const char *told[ACCOUNTS_MAX];
        size_t n_told = 0;

        for (size_t i = 0; i < pairs->n_items; i++) {
                const struct access_login *login = &pairs->items[i].logins[side];

                for (size_t k = 0; k < login->n_keys && n_told < N_ELEMENTS(told); k++) {
                        const struct access_key *key = &login->keys[k];
                        struct text *text;
                        bool is_told = false;

                        if (key->refusal || !key->sha256 || opens_any(pairs, !side, key->sha256))
                                continue;
                        for (size_t n = 0; n < n_told; n++)
                                is_told |= strcmp(told[n], key->sha256) == 0;
                        if (is_told)
                                continue;
                        told[n_told++] = key->sha256;
                        text = begin(comparing, login, side == AFTER);
                        if (text)
                                (void)text_appendf(text, "%s%s",
                                                   key->is_authority ? "authority " : "key ",
                                                   key->sha256);
                }
        }
        return text_error(&comparing->text);
}

/* More may be done in a session, or less: of who gets in before and after. */
static int tell_session(struct comparing *comparing, const struct pairs *pairs) {
        for (size_t i = 0; i < pairs->n_items; i++) {
                const struct access_login *before = &pairs->items[i].logins[BEFORE];
                const struct access_login *after = &pairs->items[i].logins[AFTER];
                struct text *text;

                if (before->answer == ACCESS_NO || after->answer == ACCESS_NO ||
                    before->session == after->session)
                        continue;
                text = begin(comparing, after, after->session < before->session);
                if (text)
                        (void)text_appendf(text, "a session of %s in the place of %s",
                                           access_session_name(after->session),
                                           access_session_name(before->session));
                break;
        }
        return text_error(&comparing->text);
}

static int compare_account(struct comparing *comparing, const struct account *account) {
        CLEANUP(pairs_done) struct pairs pairs = { 0 };
        int r = find_pairs(comparing, account, &pairs);

        for (size_t side = N_SIDES; side-- > 0 && r == 0;) {
                r = tell_ways(comparing, &pairs, side);
                if (r == 0)
                        r = tell_keys(comparing, &pairs, side);
        }
        return r == 0 ? tell_session(comparing, &pairs) : r;
}

/* ---- the whole ---- */

struct owners {
        struct comparing *comparing;
        const struct world *world;
        size_t n;
        int error;
};

static void compare_owner(void *userdata, size_t i, struct user_file *file) {
        struct owners *owners = userdata;

        (void)file;
        if (owners->n++ < ACCOUNTS_MAX && owners->error == 0)
                owners->error =
                        compare_account(owners->comparing, users_account(&owners->world->users, i));
}

static int compare_accounts(struct comparing *comparing, struct world *world, const char *path) {
        const struct guarded *guarded = guarded_set_get(&world->set, path);
        const struct accounts *accounts = &world->accounts;
        struct owners owners = { comparing, world, 0, 0 };
        int r = 0;

        users_of_path(&world->users, path, compare_owner, &owners);
        if (owners.n > 0) {
                comparing->is_cut |= owners.n > ACCOUNTS_MAX;
                return owners.error;
        }
        /* what is guarded no longer may have been a drop-in, or an included stack */
        if (guarded && !(guarded->flags & (GUARDED_SSHD | GUARDED_PAM | GUARDED_UNIT)))
                return 0;
        for (size_t i = 0; i < accounts->n_items && i < ACCOUNTS_MAX && r == 0; i++)
                r = compare_account(comparing, &accounts->items[i]);
        comparing->is_cut |= accounts->n_items > ACCOUNTS_MAX;
        return r;
}

int access_change_find(struct world *world, struct view *before, struct view *after,
                       const char *path, struct access_change *ret) {
        CLEANUP(comparing_done) struct comparing comparing = { 0 };
        struct view *const views[N_SIDES] = { before, after };
        int r = 0;

        *ret = (struct access_change){ 0 };
        for (size_t side = 0; side < N_SIDES && r == 0; side++) {
                r = access_tree_open(world, views[side], &comparing.trees[side]);
                if (r == 0)
                        comparing.machines[side] = access_tree_machine(&comparing.trees[side]);
        }
        if (r == -EUCLEAN)
                return 0;
        if (r == 0)
                r = compare_accounts(&comparing, world, path);
        if (r == 0 && comparing.text.n > 0 && comparing.is_cut)
                r = text_append(&comparing.text, "; not all accounts were looked at");
        if (r < 0)
                return r;
        ret->gives = comparing.gives;
        ret->takes = comparing.takes;
        if (comparing.text.n > 0 && !(ret->text = text_take(&comparing.text)))
                return -ENOMEM;
        return 0;
}

static int lay_approved(struct world *world, const char *path, struct view **ret) {
        const struct approved *approved =
                world->baseline ? baseline_get(world->baseline, path) : NULL;
        CLEANUP(view_cleanup) struct view *view = NULL;
        CLEANUP_FREE char *data = NULL;
        size_t n_data = 0;
        int r;

        if (!approved)
                return 0;
        r = baseline_content(world->baseline, approved, &data, &n_data);
        if (r == 0)
                r = view_new_over(world->view, &view);
        if (r == 0)
                r = view_put(view, path, &approved->metadata, data, n_data);
        if (r == 0)
                *ret = TAKE(view);
        return r == -ENOENT || r == -EUCLEAN ? 0 : r;
}

int access_change_of(struct world *world, const char *path, const struct snapshot *bad,
                     struct access_change *ret) {
        CLEANUP(view_cleanup) struct view *before = NULL, *after = NULL;
        int r;

        *ret = (struct access_change){ 0 };
        r = lay_approved(world, path, &before);
        if (r < 0 || !before)
                return r;
        if (bad) {
                r = view_new_over(world->view, &after);
                if (r == 0)
                        r = view_put(after, path, &bad->metadata, bad->data, bad->n_data);
        }
        return r < 0 ? r
                     : access_change_find(world, before, after ? after : world->view, path, ret);
}
