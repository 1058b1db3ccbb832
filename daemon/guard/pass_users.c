/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The accounts' part of a pass.
 *
 * An account is looked at and judged as a whole, and its findings have a ledger of their own, so a
 * change of one user costs that user's files, however many others there are. Whoever is in a pass
 * is judged in it; who is not keeps what was found of him.
 *
 * Adoption is remembered by account: its home and the files that were then derived for it. A file
 * that was not there then is approved as absent; a file that sshd began to read since is adopted
 * when the configuration that says so is approved. Where an account moved, the approved versions
 * move with it. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "guard/assess.h"
#include "guard/messages.h"
#include "pass.h"
#include "world/lockout.h"

static const char accounts_established[] = "accounts-established";

static struct guarded_user *user_at(const struct pass *pass, size_t n) {
        return &pass->reconciler->world->users.items[pass->users[n]];
}

static const char *name_at(const struct pass *pass, size_t n) {
        return users_account(&pass->reconciler->world->users, pass->users[n])->name;
}

int pass_add_user(struct pass *pass, size_t i) {
        struct guarded_user *user = &pass->reconciler->world->users.items[i];

        user->is_stale = true;
        if (user->is_in_pass)
                return 0;
        if (ARRAY_GROW(pass->users, pass->n_users) < 0)
                return -ENOMEM;
        pass->users[pass->n_users++] = i;
        user->is_in_pass = true;
        return 0;
}

struct adding {
        struct pass *pass;
        int error;
};

static void add_owner(void *userdata, size_t i, struct user_file *file) {
        struct adding *adding = userdata;

        (void)file;
        if (adding->error == 0)
                adding->error = pass_add_user(adding->pass, i);
}

int pass_add_users_of(struct pass *pass, const char *path) {
        struct adding adding = { pass, 0 };

        users_of_path(&pass->reconciler->world->users, path, add_owner, &adding);
        return adding.error;
}

void pass_leave_users(struct pass *pass) {
        for (size_t n = 0; n < pass->n_users; n++)
                user_at(pass, n)->is_in_pass = user_at(pass, n)->is_put_off = false;
        free(pass->users);
        pass->users = NULL;
        pass->n_users = 0;
}

/* ---- what is known of an account's adoption ---- */

/* The version of a file in a home that was moved. */
static int move_version(struct world *world, const char *from, const char *to) {
        const struct approved *approved = baseline_get(world->baseline, from);
        CLEANUP_FREE char *data = NULL;
        struct snapshot version = { 0 };
        int r;

        if (!approved || baseline_knows(world->baseline, to) ||
            approved->metadata.kind == FILE_ABSENT)
                return 0;
        r = baseline_content(world->baseline, approved, &data, &version.n_data);
        if (r < 0)
                return r == -ENOMEM ? r : 0;
        version.metadata = approved->metadata;
        version.data = data;
        return baseline_approve(world->baseline, to, &version, approved->is_secret, 0,
                                "approved before the account moved");
}

/* One path of the record: as it is, or where it is since the home is another. */
static int note_adopted(struct world *world, struct guarded_user *user, const char *old_home,
                        const char *home, const char *path) {
        size_t n = strlen(old_home);
        CLEANUP_FREE char *moved = NULL;

        if (strcmp(old_home, home) != 0 && strncmp(path, old_home, n) == 0 && path[n] == '/') {
                int r;

                moved = text_format("%s%s", home, path + n);
                if (!moved)
                        return -ENOMEM;
                r = move_version(world, path, moved);
                if (r < 0)
                        return r;
                path = moved;
        }
        for (size_t f = 0; f < user->n_files; f++)
                if (strcmp(user->files[f].path, path) == 0)
                        user->files[f].is_adopted = true;
        return 0;
}

static char *record_name(const char *account) {
        return text_format("account:%s", account);
}

/* Reads what was adopted of the account; a new one has nothing. */
static int recall(struct pass *pass, size_t n) {
        struct world *world = pass->reconciler->world;
        const struct account *account = users_account(&world->users, pass->users[n]);
        struct guarded_user *user = user_at(pass, n);
        CLEANUP_FREE char *name = record_name(account->name), *value = NULL;
        char *rest, *old_home;
        int r;

        if (user->is_recalled || !world->store)
                return 0;
        r = name ? store_get_value(world->store, name, &value) : -ENOMEM;
        user->is_recalled = r == 0 || r == -ENOENT;
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        user->is_known = true;
        rest = value;
        old_home = strsep(&rest, "\n");
        for (char *path; r == 0 && (path = strsep(&rest, "\n"));)
                r = note_adopted(world, user, old_home, account->home, path);
        return r;
}

static int remember(struct world *world, size_t i) {
        const struct account *account = users_account(&world->users, i);
        const struct guarded_user *user = &world->users.items[i];
        CLEANUP_FREE char *name = record_name(account->name);
        CLEANUP(text_done) struct text value = { 0 };

        (void)text_append(&value, account->home);
        for (size_t f = 0; f < user->n_files; f++)
                if (user->files[f].is_adopted && !strchr(user->files[f].path, '\n'))
                        (void)text_appendf(&value, "\n%s", user->files[f].path);
        if (!name || text_error(&value) < 0)
                return -ENOMEM;
        return baseline_set_value(world->baseline, name, text_get(&value));
}

/* ---- look and judge ---- */

/* What is an account's file and a rule's too is judged by both: else a change that a look at the
 * account found first would break no rule, and be accepted. */
static int add_shared(struct pass *pass, const struct guarded_user *user) {
        int r = 0;

        for (size_t i = 0; i < user->n_files && r == 0; i++)
                if (map_get(&pass->reconciler->world->set.paths, user->files[i].path))
                        r = pass_add(pass, user->files[i].path);
        return r;
}

int pass_look_at_users(struct pass *pass) {
        struct reconciler *reconciler = pass->reconciler;
        int r = 0;

        for (size_t n = 0; n < pass->n_paths && r == 0; n++)
                r = pass_add_users_of(pass, pass->paths[n]);
        for (size_t n = 0; n < pass->n_users && r == 0; n++) {
                size_t i = pass->users[n];

                world_forget_user(reconciler->world, i);
                r = users_refresh(&reconciler->world->users, i);
                if (r >= 0 && reconciler->on_user_changed)
                        reconciler->on_user_changed(reconciler->userdata, i);
                if (r >= 0)
                        r = recall(pass, n);
                if (r == 0)
                        r = add_shared(pass, user_at(pass, n));
        }
        return r;
}

/* A link is legal where it is what was approved, or where the policy speaks of what it leads to. */
static bool is_legal_link(const struct world *world, const struct seen_user_file *seen) {
        const struct approved *approved =
                world->baseline ? baseline_get(world->baseline, seen->file->path) : NULL;

        if (map_get(&world->set.paths, seen->destination))
                return true;
        return approved && approved->metadata.kind == FILE_SYMLINK;
}

/* Guards what legal links lead to. Returns 1 if that is news, 0, or a negative errno. */
static int follow_links(struct world *world, size_t i, const struct user_sight *sight) {
        int r = 0;

        for (size_t f = 0; f < sight->n_files && r == 0; f++) {
                const struct seen_user_file *seen = &sight->files[f];
                CLEANUP_FREE char *target = NULL;

                if (!seen->destination || seen->file->role != USER_KEYS ||
                    seen->snapshot->metadata.kind != FILE_REGULAR || !is_legal_link(world, seen))
                        continue;
                target = strdup(seen->destination);
                /* the sight borrows from the files: after a change it must be made anew */
                r = target ? users_add_target(&world->users, i, target) : -ENOMEM;
        }
        return r;
}

static int judge_user(struct pass *pass, size_t i) {
        struct reconciler *reconciler = pass->reconciler;
        struct world *world = reconciler->world;
        struct guarded_user *user = &world->users.items[i];
        CLEANUP(user_sight_done) struct user_sight sight = { 0 };
        CLEANUP(findings_done) struct findings findings = { 0 };
        int r = assess_look_at_user(world, world->view, i, &sight);

        if (r == 0)
                r = follow_links(world, i, &sight);
        if (r > 0) {
                user_sight_done(&sight);
                if (reconciler->on_user_changed)
                        reconciler->on_user_changed(reconciler->userdata, i);
                r = assess_look_at_user(world, world->view, i, &sight);
        }
        if (r == 0)
                r = assess_user(world, world->view, i, &sight, &findings);
        for (size_t f = 0; f < user->n_files && r == 0; f++) {
                const struct snapshot *snapshot;

                r = view_look(world->view, user->files[f].path, 0, &snapshot);
                if (r == 0)
                        (void)users_note_seen(&user->files[f], &snapshot->metadata);
        }
        if (r < 0)
                return r;
        findings_done(&user->findings);
        user->findings = findings;
        findings = (struct findings){ 0 };
        user->is_stale = false;
        if (reconciler->on_user_changed)
                reconciler->on_user_changed(reconciler->userdata, i);
        return 0;
}

/* Who gets in follows from sshd's configuration and PAM too. So many accounts are judged at once;
 * of more, a full pass takes the rest. */
enum { ACCESS_USERS_AT_ONCE = 64 };

int pass_on_access_stale(struct pass *pass) {
        struct reconciler *reconciler = pass->reconciler;
        const struct world *world = reconciler->world;
        size_t n_added = 0;
        int r = 0;

        pass->access_is_stale = false;
        pass->admins_are_stale = true;
        for (size_t i = 0; i < world->users.n_items && r == 0; i++) {
                if (!assess_asks_access(world->policy, users_account(&world->users, i)))
                        continue;
                if (n_added == ACCESS_USERS_AT_ONCE) {
                        if (reconciler->on_access_stale)
                                reconciler->on_access_stale(reconciler->userdata);
                        break;
                }
                r = pass_add_user(pass, i);
                n_added++;
        }
        return r;
}

int pass_judge_users(struct pass *pass) {
        int r = 0;

        for (size_t n = 0; n < pass->n_users && r == 0; n++)
                if (user_at(pass, n)->is_stale)
                        r = judge_user(pass, pass->users[n]);
        return r;
}

/* Once a pass, when anything that decides about their logins was looked at. */
int pass_judge_admins(struct pass *pass) {
        struct reconciler *reconciler = pass->reconciler;
        struct world *world = reconciler->world;
        struct findings findings = { 0 };
        bool is_asked = pass->admins_are_stale;
        int r;

        for (size_t n = 0; n < pass->n_users && !is_asked; n++)
                is_asked = lockout_concerns(world->policy,
                                            users_account(&world->users, pass->users[n]));
        if (!is_asked)
                return 0;
        r = lockout_assess(world, &findings);
        if (r < 0) {
                findings_done(&findings);
                return r;
        }
        findings_done(&reconciler->admin_findings);
        reconciler->admin_findings = findings;
        return 0;
}

static int copy_findings(struct findings *all, const struct findings *some) {
        int r = 0;

        for (size_t i = 0; i < some->n_items && r == 0; i++) {
                struct finding copy;

                r = finding_copy(&copy, &some->items[i]);
                if (r == 0)
                        r = findings_add(all, &copy);
        }
        return r;
}

int pass_collect(const struct pass *pass, struct findings *ret) {
        int r = reconciler_collect(pass->reconciler, ret);

        for (size_t n = 0; n < pass->n_users && r == 0; n++)
                if (!user_at(pass, n)->is_put_off)
                        r = copy_findings(ret, &user_at(pass, n)->findings);
        return r;
}

/* ---- record ---- */

struct ledger *reconciler_ledger(struct reconciler *reconciler, const struct finding *finding) {
        struct users *users = &reconciler->world->users;
        const struct account *account;

        bool is_about_access = finding->rule && finding->rule->family == RULE_ACCESS;

        if (!finding->users ||
            (!is_about_access && (!finding->path || !users_get(users, finding->path))))
                return &reconciler->ledger;
        account = accounts_find(users->accounts, finding->users);
        return account ? &users->items[account - users->accounts->items].ledger
                       : &reconciler->ledger;
}

/* Of a file that several accounts share the first one speaks. */
static bool speaks_for(const struct users *users, size_t i, const char *path) {
        size_t first;

        return users_first_of(users, path, &first, NULL) && first == i;
}

/* While a home is not there (not mounted, being moved) nothing in it is missed. */
static bool is_in_missing_home(const struct guarded_user *user, const char *path) {
        const struct user_file *home = &user->files[0];
        size_t n = strlen(home->path);

        return home->role == USER_HOME && !home->is_there && strncmp(path, home->path, n) == 0 &&
               path[n] == '/';
}

static int note_user_drift(struct pass *pass, size_t n, struct findings *unapproved) {
        struct world *world = pass->reconciler->world;
        const struct guarded_user *user = user_at(pass, n);
        int r = 0;

        for (size_t f = 0; f < user->n_files && r == 0; f++) {
                const char *path = user->files[f].path;
                size_t n_before = unapproved->n_items;

                if (!speaks_for(&world->users, pass->users[n], path) ||
                    is_in_missing_home(user, path))
                        continue;
                r = pass_note_drift_at(pass, path, &user->findings, unapproved);
                for (size_t k = n_before; k < unapproved->n_items && r == 0; k++)
                        r = finding_set(0, &unapproved->items[k].users, "%s", name_at(pass, n));
        }
        return r;
}

int pass_record_users(struct pass *pass) {
        struct reconciler *reconciler = pass->reconciler;
        int r = 0;

        for (size_t n = 0; n < pass->n_users && r == 0; n++) {
                struct guarded_user *user = user_at(pass, n);
                CLEANUP(findings_done) struct findings unapproved = { 0 };

                if (user->is_put_off)
                        continue;
                r = note_user_drift(pass, n, &unapproved);
                ledger_begin(&user->ledger);
                for (size_t i = 0; i < user->findings.n_items && r == 0; i++)
                        r = reconciler_open(reconciler, &user->ledger, &user->findings.items[i],
                                            "alerted", NULL);
                for (size_t i = 0; i < unapproved.n_items && r == 0; i++)
                        r = pass_open_drift(pass, &user->ledger, &unapproved.items[i]);
                if (r == 0)
                        ledger_close(&user->ledger, reconciler_on_closed, reconciler);
        }
        return r;
}

/* ---- adopt ---- */

/* Adopts what is not adopted yet; *ret_n of them are there. Returns 1 if there was anything to
 * decide, 0 if not, or a negative errno. */
static int adopt_files(struct pass *pass, size_t n, size_t *ret_n) {
        struct world *world = pass->reconciler->world;
        struct guarded_user *user = user_at(pass, n);
        bool is_news = false;

        for (size_t f = 0; f < user->n_files; f++) {
                struct user_file *file = &user->files[f];
                const struct guarded *guarded = users_get(&world->users, file->path);
                const struct snapshot *snapshot;
                bool adopted = false;
                int r = 0;

                if (file->is_adopted || !guarded || guarded->flags & GUARDED_UNVERSIONED)
                        continue;
                r = view_look(world->view, file->path, 0, &snapshot);
                if (r == 0 && snapshot->metadata.kind != FILE_ABSENT)
                        r = pass_adopt_path(pass, file->path, &user->findings, &adopted);
                if (r < 0)
                        return r;
                file->is_adopted = is_news = true;
                *ret_n += adopted;
                if (adopted && snapshot->metadata.kind == FILE_SYMLINK)
                        user->is_stale = true; /* what it leads to is guarded from now on */
        }
        return is_news || !user->is_known;
}

static int adopt_user(struct pass *pass, size_t n) {
        struct reconciler *reconciler = pass->reconciler;
        struct guarded_user *user = user_at(pass, n);
        bool is_new = !user->is_known;
        size_t n_adopted = 0;
        int r = adopt_files(pass, n, &n_adopted);

        if (r <= 0)
                return r;
        r = remember(reconciler->world, pass->users[n]);
        if (r < 0)
                return r;
        user->is_known = true;
        if (reconciler->accounts_are_established && is_new)
                record_notice(MESSAGE_ACCOUNT, LOG_NOTICE,
                              "account %s is new; %zu of its files were adopted", name_at(pass, n),
                              n_adopted);
        else if (reconciler->accounts_are_established && n_adopted > 0)
                record_notice(MESSAGE_ACCOUNT, LOG_NOTICE,
                              "%zu files of account %s joined the guarded set and were adopted",
                              n_adopted, name_at(pass, n));
        return 0;
}

int pass_adopt_users(struct pass *pass) {
        struct reconciler *reconciler = pass->reconciler;
        struct baseline *baseline = reconciler->world->baseline;
        int r = 0;

        if (pass->n_users == 0 || !baseline || pass_sshd_has_drifted(pass))
                return 0;
        r = baseline_begin(baseline);
        if (r < 0)
                return r;
        for (size_t n = 0; n < pass->n_users && r == 0; n++)
                r = adopt_user(pass, n);
        if (r == 0)
                r = baseline_commit(baseline);
        if (r < 0)
                baseline_rollback(baseline);
        for (size_t n = 0; n < pass->n_users && r == 0; n++)
                if (user_at(pass, n)->is_stale && reconciler->on_changed_again)
                        reconciler->on_changed_again(reconciler->userdata,
                                                     user_at(pass, n)->files[0].path);
        return r;
}

int reconciler_recall_accounts(struct reconciler *reconciler) {
        CLEANUP_FREE char *value = NULL;
        int r = store_get_value(reconciler->world->store, accounts_established, &value);

        reconciler->accounts_are_established = r == 0;
        return r == -ENOENT ? 0 : r;
}

int reconciler_establish_accounts(struct reconciler *reconciler) {
        int r;

        if (reconciler->accounts_are_established)
                return 0;
        r = baseline_set_value(reconciler->world->baseline, accounts_established, "1");
        reconciler->accounts_are_established = r == 0;
        return r;
}

/* ---- accounts that leave ---- */

void reconciler_user_left(void *userdata, struct guarded_user *user, const char *name) {
        struct reconciler *reconciler = userdata;

        ledger_begin(&user->ledger);
        ledger_close(&user->ledger, reconciler_on_closed, reconciler);
        record_notice(MESSAGE_ACCOUNT, LOG_NOTICE,
                      "account %s is gone; its files are no longer guarded", name);
}
