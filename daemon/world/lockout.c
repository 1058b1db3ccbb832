/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Nothing is written that locks the administrators out.
 *
 * `admins` of sshguardd.conf names them. Before a write the tree with it is judged: one of them
 * must be left with a login to a shell, from somewhere else than this machine. A password, a code
 * or a ticket stay what they were; a key counts only if it opens the account now, or does in the
 * approved tree, by the same kind of connection: whether anybody holds one that comes with the
 * write is not known, and one that an intruder put in the place of the approved one must not
 * protect itself.
 *
 * Where no administrator gets in now either, nothing can be lost, and nothing is refused. */

#include "world/lockout.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "access/login.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "policy/users.h"
#include "world/access_tree.h"
#include "world/keys_tree.h"

static void view_cleanup(struct view **view) {
        view_free(*view);
}

static bool is_admin(const struct policy *policy, const struct account *account) {
        for (size_t i = 0; i < policy->admins.n_items; i++)
                if (policy_users_cover(policy->admins.items[i], account))
                        return true;
        return false;
}

bool lockout_concerns(const struct policy *policy, const struct account *account) {
        return policy && is_admin(policy, account);
}

/* ---- what counts ---- */

static bool is_from_here(const struct sshd_connection *connection) {
        return strncmp(connection->addr, "127.", 4) == 0 || strcmp(connection->addr, "::1") == 0;
}

static bool is_usable(const struct access_login *login) {
        return login->answer == ACCESS_YES && login->session == ACCESS_SESSION_SHELL &&
               !is_from_here(&login->connection);
}

static bool opens_shell(const struct access_key *key) {
        return !key->refusal && key->sha256 && !key->has_command;
}

/* How many keys, or authorities, open both logins. */
static unsigned count_common(const struct access_login *a, const struct access_login *b,
                             bool is_authority) {
        unsigned n = 0;

        for (size_t i = 0; i < a->n_keys; i++) {
                const struct access_key *x = &a->keys[i];

                if (!opens_shell(x) || x->is_authority != is_authority)
                        continue;
                for (size_t k = 0; k < b->n_keys; k++) {
                        const struct access_key *y = &b->keys[k];

                        if (opens_shell(y) && y->is_authority == is_authority &&
                            strcmp(x->sha256, y->sha256) == 0) {
                                n++;
                                break;
                        }
                }
        }
        return n;
}

/* Whoever gets in BEFORE by one of its ways still has what a way of AFTER asks for. */
static bool is_kept(const struct access_login *before, const struct access_login *after) {
        if (!is_usable(before) || !is_usable(after))
                return false;
        for (size_t i = 0; i < after->ways.n_items; i++) {
                const struct access_way *way = &after->ways.items[i];
                unsigned n_keys = way->factors & ACCESS_OTHER_KEY ? 2 : 1;

                if (way->answer != ACCESS_YES)
                        continue;
                if (way->factors & ACCESS_KEY && count_common(before, after, false) < n_keys)
                        continue;
                if (way->factors & ACCESS_CERTIFICATE && count_common(before, after, true) == 0)
                        continue;
                return true;
        }
        return false;
}

/* ---- trees ---- */

enum { PRESENT, APPROVED, CANDIDATE, N_TREES };

struct question {
        struct world *world;
        struct view *approved; /* owned */
        struct access_tree trees[N_TREES];
        struct access_machine machines[N_TREES];
        bool has_tree[N_TREES];
        bool has_any;     /* somebody gets in now */
        struct text lost; /* who, from where, with what */
};

static void question_done(struct question *question) {
        for (size_t i = 0; i < N_TREES; i++)
                access_tree_close(&question->trees[i]);
        view_cleanup(&question->approved);
        text_done(&question->lost);
}

/* Of accounts' files the baseline has the content elsewhere. */
static int put_approved_files(struct question *question, size_t i) {
        struct world *world = question->world;
        const struct guarded_user *user = &world->users.items[i];
        int r = 0;

        for (size_t f = 0; f < user->n_files && r == 0; f++) {
                const char *path = user->files[f].path;
                const struct approved *approved = baseline_get(world->baseline, path);
                CLEANUP_FREE char *data = NULL;
                size_t n_data = 0;

                if (!approved)
                        continue;
                r = baseline_content(world->baseline, approved, &data, &n_data);
                if (r == 0)
                        r = view_put(question->approved, path, &approved->metadata, data, n_data);
                if (r == -ENOENT || r == -EUCLEAN) /* not kept: it is what it is */
                        r = 0;
        }
        return r;
}

static int lay_approved(struct question *question) {
        struct world *world = question->world;
        int r = world_approved_view(world, &question->approved);

        for (size_t i = 0; i < world->users.n_items && r == 0; i++)
                if (is_admin(world->policy, users_account(&world->users, i)))
                        r = put_approved_files(question, i);
        return r;
}

static int open_tree(struct question *question, int which, struct view *view) {
        int r = access_tree_open(question->world, view, &question->trees[which]);

        if (r < 0)
                return r == -EUCLEAN ? 0 : r;
        question->machines[which] = access_tree_machine(&question->trees[which]);
        question->has_tree[which] = true;
        return 0;
}

static int open_trees(struct question *question, struct view *candidate) {
        struct world *world = question->world;
        int r = open_tree(question, PRESENT, world->view);

        if (r == 0 && candidate)
                r = open_tree(question, CANDIDATE, candidate);
        if (r == 0 && candidate && world->baseline) {
                r = lay_approved(question);
                if (r == 0)
                        r = open_tree(question, APPROVED, question->approved);
        }
        return r;
}

/* ---- one administrator ---- */

static int note_lost(struct question *question, const struct access_logins *logins, size_t i) {
        const struct access_login *login = &logins->items[i];
        CLEANUP_FREE char *where = access_logins_where(logins, i);
        char factors[ACCESS_FACTORS_TEXT_MAX];
        unsigned least = 0;

        for (size_t k = 0; k < login->ways.n_items; k++)
                if (login->ways.items[k].answer == ACCESS_YES)
                        least = login->ways.items[k].factors;
        (void)text_appendf(&question->lost, "%s%s with %s", question->lost.n > 0 ? ", " : "",
                           login->account->name, access_factors_format(least, factors));
        for (size_t k = 0; least & ACCESS_KEY && k < login->n_keys; k++) {
                if (!opens_shell(&login->keys[k]) || login->keys[k].is_authority)
                        continue;
                (void)text_appendf(&question->lost, " %s", login->keys[k].sha256);
                break;
        }
        (void)text_appendf(&question->lost, " %s", where ? where : "?");
        return text_error(&question->lost);
}

/* Is a login from CONNECTION left that works in one of the trees there are? 1, 0 or -errno. */
static int is_left(struct question *question, const struct sshd_connection *connection,
                   const struct access_login *after) {
        int r = 0;

        for (int which = PRESENT; r == 0 && which <= APPROVED; which++) {
                struct access_login before = { 0 };

                if (!question->has_tree[which])
                        continue;
                r = access_login_judge(&question->machines[which], connection, &before);
                if (r < 0)
                        return r;
                r = is_kept(&before, after);
                access_login_done(&before);
        }
        return r;
}

/* 1 if the account keeps a login, 0 if not, or a negative errno. */
static int judge_admin(struct question *question, const struct account *account) {
        CLEANUP(access_logins_done) struct access_logins now = { 0 }, then = { 0 };
        bool is_noted = false;
        int r = access_logins_judge(&question->machines[PRESENT], account, &now);

        if (r == 0 && question->has_tree[CANDIDATE])
                r = access_logins_judge(&question->machines[CANDIDATE], account, &then);
        for (size_t i = 0; r == 0 && i < then.n_items; i++)
                if (is_usable(&then.items[i]))
                        r = is_left(question, &then.items[i].connection, &then.items[i]);
        for (size_t i = 0; r == 0 && i < now.n_items; i++) {
                struct access_login after = { 0 };

                if (!is_usable(&now.items[i]))
                        continue;
                question->has_any = true;
                if (!is_noted)
                        r = note_lost(question, &now, i);
                is_noted = true;
                if (r < 0 || !question->has_tree[CANDIDATE])
                        continue;
                r = access_login_judge(&question->machines[CANDIDATE], &now.items[i].connection,
                                       &after);
                if (r == 0)
                        r = is_kept(&now.items[i], &after);
                access_login_done(&after);
        }
        return r;
}

static int judge_admins(struct question *question) {
        const struct world *world = question->world;
        int r = 0;

        for (size_t i = 0; r == 0 && i < world->accounts.n_items; i++)
                if (is_admin(world->policy, &world->accounts.items[i]))
                        r = judge_admin(question, &world->accounts.items[i]);
        return r;
}

/* ---- never_remove ---- */

static int has_key(const struct world *world, const struct snapshot *snapshot, const char *sha256,
                   bool *ret) {
        const struct keys_release release = keys_tree_release(&world->release);
        CLEANUP(authorized_keys_done) struct authorized_keys keys = { 0 };
        int r;

        *ret = false;
        if (snapshot->metadata.kind != FILE_REGULAR || !snapshot->data)
                return 0;
        r = authorized_keys_parse(snapshot->data, snapshot->n_data, &release,
                                  &keys_tree_environment, &keys);
        for (size_t i = 0; r == 0 && i < keys.n_items; i++)
                *ret |= keys.items[i].problem == KEY_OK &&
                        strcmp(keys.items[i].key.sha256, sha256) == 0;
        return r;
}

static int check_removed(struct world *world, struct view *candidate, const char *path,
                         char **ret_reason) {
        const struct rule_words *kept = &world->policy->never_remove;
        const struct snapshot *now, *then;
        int r = 0;

        if (kept->n_items == 0 || !users_get(&world->users, path))
                return 0;
        r = view_follow(world->view, path, 0, NULL, &now);
        if (r == 0)
                r = view_follow(candidate, path, 0, NULL, &then);
        for (size_t i = 0; i < kept->n_items && r == 0; i++) {
                bool was_there, is_there;

                r = has_key(world, now, kept->items[i], &was_there);
                if (r == 0)
                        r = has_key(world, then, kept->items[i], &is_there);
                if (r < 0 || !was_there || is_there)
                        continue;
                *ret_reason = text_format("%s must never be removed from %s", kept->items[i], path);
                return *ret_reason ? 0 : -ENOMEM;
        }
        return r;
}

/* ---- the whole ---- */

int lockout_judge(struct world *world, struct view *candidate, char *const *paths, size_t n_paths,
                  char **ret_reason) {
        CLEANUP(question_done) struct question question = { .world = world };
        int r = 0;

        *ret_reason = NULL;
        for (size_t i = 0; i < n_paths && r == 0 && !*ret_reason; i++)
                r = check_removed(world, candidate, paths[i], ret_reason);
        if (r < 0 || *ret_reason || world->policy->admins.n_items == 0)
                return r;
        r = open_trees(&question, candidate);
        if (r == 0 && question.has_tree[PRESENT])
                r = judge_admins(&question);
        if (r != 0 || !question.has_any)
                return r < 0 ? r : 0;
        *ret_reason = text_format("no administrator could log in any more: now %s",
                                  text_get(&question.lost));
        return *ret_reason ? 0 : -ENOMEM;
}

int lockout_assess(struct world *world, struct findings *findings) {
        CLEANUP(question_done) struct question question = { .world = world };
        CLEANUP(finding_done) struct finding finding = { 0 };
        int r;

        if (!world->policy || world->policy->admins.n_items == 0)
                return 0;
        r = open_trees(&question, NULL);
        if (r == 0 && question.has_tree[PRESENT])
                r = judge_admins(&question);
        if (r != 0 || !question.has_tree[PRESENT] || question.has_any)
                return r < 0 ? r : 0;
        r = finding_init_own(&finding, FINDING_ADMINS, SEVERITY_CRITICAL);
        r = finding_set(r, &finding.want, "a login for one of the administrators");
        r = finding_set(r, &finding.got, "none that is sure");
        r = finding_set(r, &finding.witness, "sshguardd --dump-access");
        r = finding_set(r, &finding.message,
                        "none of the accounts that `admins` names is sure to get in to a shell");
        return r < 0 ? r : findings_add(findings, &finding);
}
