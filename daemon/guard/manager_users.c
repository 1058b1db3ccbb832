/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The accounts in the running daemon: their watches, their part of full passes and sweeps, and
 * asking for them anew.
 *
 * Of an account its home, ~/.ssh and every key file that is there are watched; what else lies in
 * these directories is seen by their events. A full pass goes through the accounts in slices of a
 * few milliseconds, however long one account takes here, so an event or a question waits for one
 * slice at most, and so does a sweep. NSS is asked by a child while everything else goes on. */

#include <errno.h>
#include <string.h>
#include <syslog.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "guard/messages.h"
#include "manager.h"
#include "os/accounts.h"

enum {
        SLICE_USERS = 256,          /* of a full pass at most, between two looks at what else there
                                       is to be done */
        SLICE_US = 4000,            /* what it is to take */
        SLICE_USERS_ADOPTED = 2048, /* of the first one, where each slice is written to disk, and */
        SLICE_ADOPTED_US = 100000,  /* ten times as many slices write five times as much */
        SWEEP_USERS = 256,          /* in one turn of the sweep */
        POLL_USERS = 64,            /* of those whose files send no events, besides */
        SWEEP_SLICE_US = 5 * 1000,  /* then an event has its turn first */
        USER_REST_US = 100 * 1000,  /* between two looks at one account: who writes all the time
                                       costs ten looks a second */
};

/* ---- watches ---- */

static bool is_directory_role(enum user_role role) {
        return role == USER_HOME || role == USER_SSH || role == USER_DIRECTORY;
}

/* Whether what happens to the file shows in a directory of the account that is watched. */
static bool is_in_watched_directory(const struct guarded_user *user, const char *path) {
        const char *slash = strrchr(path, '/');
        size_t n = slash == path ? 1 : (size_t)(slash - path);

        for (size_t f = 0; f < user->n_files; f++)
                if (is_directory_role(user->files[f].role) &&
                    strncmp(user->files[f].path, path, n) == 0 && user->files[f].path[n] == '\0')
                        return true;
        return false;
}

static bool wants_watch(const struct guarded_user *user, const struct user_file *file) {
        if (is_directory_role(file->role))
                return true;
        if (!is_in_watched_directory(user, file->path))
                return true;
        return file->is_there && file->role != USER_SECRET && file->role != USER_OTHER;
}

struct counting {
        const struct manager *manager;
        struct user_coverage coverage;
};

static void count_path(void *userdata, const char *path) {
        struct counting *counting = userdata;
        unsigned mechanisms = manager_coverage(counting->manager, path);

        if (mechanisms & (WATCH_LIMITED | WATCH_NO_EVENTS))
                counting->coverage.n_polled++;
        else if (mechanisms & WATCH_DIRECTORY)
                counting->coverage.n_watched++;
        else
                counting->coverage.n_blind++;
}

static void count_user(struct manager *manager, size_t i) {
        struct users *users = &manager->world.users;
        struct user_coverage *own = &users->items[i].coverage, *all = &users->coverage;
        struct counting counting = { manager, { .is_counted = true } };

        users_each_own(users, i, count_path, &counting);
        all->n_watched += counting.coverage.n_watched - own->n_watched;
        all->n_polled += counting.coverage.n_polled - own->n_polled;
        all->n_blind += counting.coverage.n_blind - own->n_blind;
        *own = counting.coverage;
}

/* An account is counted when it is looked at, not when somebody asks: there may be very many. */
void manager_count_users(struct manager *manager) {
        struct users *users = &manager->world.users;

        if (users->coverage.is_counted)
                return;
        users->coverage = (struct user_coverage){ .is_counted = true };
        for (size_t i = 0; i < users->n_items; i++) {
                users->items[i].coverage = (struct user_coverage){ 0 };
                count_user(manager, i);
        }
}

void manager_on_user_changed(void *userdata, size_t i) {
        struct manager *manager = userdata;
        struct guarded_user *user = &manager->world.users.items[i];

        user->is_polled = false;
        manager->is_adding_watches = true; /* who is being looked at need not be looked at again */
        for (size_t f = 0; f < user->n_files; f++) {
                struct user_file *file = &user->files[f];
                int r = 0;

                if (!file->is_watched && wants_watch(user, file)) {
                        r = watch_add(manager->watch, file->path);
                        file->is_watched = r == 0;
                        if (r < 0)
                                record_notice_at(file->path, MESSAGE_COVERAGE, LOG_WARNING,
                                                 "%s cannot be watched: %s", file->path,
                                                 strerror(-r));
                }
                if (file->is_watched &&
                    watch_coverage(manager->watch, file->path) & (WATCH_LIMITED | WATCH_NO_EVENTS))
                        user->is_polled = true;
        }
        manager->is_adding_watches = false;
        if (manager->world.users.coverage.is_counted)
                count_user(manager, i);
}

static void note_left(struct manager *manager, const struct user_file *file) {
        if (file->is_watched &&
            strings_append(&manager->left_paths, &manager->n_left_paths, file->path) < 0)
                record_notice(NULL, LOG_CRIT, "out of memory: a path stays watched");
}

void manager_on_file_left(void *userdata, const struct user_file *file) {
        note_left(userdata, file);
}

/* A path may have left one account and still belong to another, or to the rest of the set. */
static void unwatch_left(struct manager *manager) {
        for (size_t i = 0; i < manager->n_left_paths; i++)
                if (!users_get(&manager->world.users, manager->left_paths[i]) &&
                    !map_get(&manager->watched, manager->left_paths[i]))
                        watch_remove(manager->watch, manager->left_paths[i]);
        strings_free(manager->left_paths, manager->n_left_paths);
        manager->left_paths = NULL;
        manager->n_left_paths = 0;
}

unsigned manager_coverage(const struct manager *manager, const char *path) {
        unsigned coverage = watch_coverage(manager->watch, path);
        const struct user_file *file;
        size_t i;

        if (coverage != WATCH_NONE || !users_first_of(&manager->world.users, path, &i, &file))
                return coverage;
        /* seen by the events of the account's own directories */
        if (is_in_watched_directory(&manager->world.users.items[i], path))
                return watch_coverage(manager->watch, manager->world.users.items[i].files[0].path);
        return coverage;
}

/* ---- one account is to be looked at ---- */

int manager_mark_user_path(struct manager *manager, const char *path, enum dirty_source source,
                           bool is_being_written) {
        const struct users *users = &manager->world.users;
        uint64_t now = manager_now_us(), due = 0;
        size_t i;

        if (users_first_of(users, path, &i, NULL) && users->items[i].looked_at_us > 0)
                due = users->items[i].looked_at_us + USER_REST_US;
        if (due <= now)
                return manager_mark_path(manager, path, source, is_being_written);
        return dirty_defer(&manager->dirty, path, source, due);
}

struct charging {
        struct manager *manager;
        uint64_t cost_us;
};

static void charge_user(void *userdata, size_t i, struct user_file *file) {
        const struct charging *charging = userdata;
        struct manager *manager = charging->manager;
        struct guarded_user *user = &manager->world.users.items[i];

        (void)file;
        if (user->looked_at_us == manager->turn_ended_us)
                return; /* by another path of the same turn */
        user->looked_at_us = manager->turn_ended_us;
        dirty_charge(&manager->dirty, &user->credit, charging->cost_us);
        dirty_owe(&user->credit, charging->cost_us, manager->turn_ended_us);
}

void manager_looked_at(struct manager *manager, const char *path, uint64_t cost_us) {
        struct charging charging = { manager, cost_us };

        users_of_path(&manager->world.users, path, charge_user, &charging);
}

/* ---- full passes ---- */

bool manager_has_users_left(const struct manager *manager) {
        return manager->users_left > 0;
}

/* As many accounts as a slice has time for, by what the last one of N took. */
static void fit_slice(struct manager *manager, size_t n, uint64_t took_us) {
        const bool is_adopting = !manager->reconciler.accounts_are_established;
        const size_t most = is_adopting ? SLICE_USERS_ADOPTED : SLICE_USERS;
        size_t fit = n * (is_adopting ? SLICE_ADOPTED_US : SLICE_US) / (took_us + 1);

        /* one that met an odd account, or a busy machine, says little */
        if (fit > 2 * n)
                fit = 2 * n;
        if (fit > most)
                fit = most;
        manager->users_at_once = fit > 0 ? fit : 1;
}

int manager_take_users(struct manager *manager) {
        size_t n_items = manager->world.users.n_items;
        size_t first = n_items > 0 ? manager->users_next % n_items : 0, n = n_items - first;
        uint64_t began_us = manager_now_us();
        int r;

        if (n > manager->users_at_once)
                n = manager->users_at_once;
        if (n > manager->users_left)
                n = manager->users_left;
        r = reconcile_users(&manager->reconciler, first, n);
        if (n == manager->users_at_once)
                fit_slice(manager, n, manager_now_us() - began_us);
        /* an account that cannot be looked at now is looked at by the next pass or sweep */
        manager->users_next = first + n;
        manager->users_left = n > 0 ? manager->users_left - n : 0;
        manager->n_looks += n;
        manager->pass_n_done += n;
        unwatch_left(manager);
        return r;
}

/* ---- sweep ---- */

static int sweep_user(struct manager *manager, size_t i) {
        struct world *world = &manager->world;
        struct guarded_user *user = &world->users.items[i];
        const struct credentials *as = NULL;
        int r;

        r = users_credentials(&world->users, i, &as);
        if (r == 0)
                r = looker_keep_rights(world->looker, as);
        world_forget_user(world, i);
        for (size_t f = 0; f < user->n_files && r == 0; f++) {
                const struct snapshot *now;

                r = view_look(world->view, user->files[f].path, 0, &now);
                if (r == 0 && users_has_moved(&user->files[f], &now->metadata)) {
                        r = manager_mark_path(manager, user->files[f].path, DIRTY_BY_SWEEP, false);
                        break;
                }
        }
        looker_drop_rights(world->looker);
        world_forget_user(world, i);
        return r;
}

/* Those whose files send no events, each time. */
static int sweep_polled(struct manager *manager) {
        size_t n_polled = 0;
        int r = 0;

        for (size_t i = 0; i < manager->world.users.n_items && n_polled < POLL_USERS && r == 0;
             i++) {
                if (!manager->world.users.items[i].is_polled)
                        continue;
                n_polled++;
                r = sweep_user(manager, i);
        }
        return r;
}

int manager_start_sweep_of_users(struct manager *manager) {
        size_t n_items = manager->world.users.n_items;

        manager->users_to_sweep = 0;
        if (manager_has_users_left(manager)) /* a full pass looks at them all */
                return 0;
        manager->users_to_sweep = n_items < SWEEP_USERS ? n_items : SWEEP_USERS;
        return sweep_polled(manager);
}

int manager_sweep_users(struct manager *manager) {
        uint64_t until_us = manager_now_us() + SWEEP_SLICE_US;
        int r = 0;

        while (manager->users_to_sweep > 0 && r == 0) {
                if (manager->users_swept >= manager->world.users.n_items)
                        manager->users_swept = 0;
                manager->users_to_sweep--;
                if (manager->users_swept < manager->world.users.n_items)
                        r = sweep_user(manager, manager->users_swept++);
                if (manager_now_us() >= until_us)
                        break;
        }
        return r;
}

/* ---- asking for the accounts ---- */

/* Who is new, or another than before, is looked at; and sshd's configuration is judged anew, for it
 * may speak of them. */
static int take_accounts(struct manager *manager, struct accounts *accounts) {
        const bool is_news = !accounts_are_same(&manager->world.accounts, accounts);
        int r = world_set_accounts(&manager->world, accounts);

        manager_admit_listed(manager);
        unwatch_left(manager);
        manager->reconciler.sshd_is_stale = true;
        for (size_t i = 0; is_news && i < manager->world.users.n_items && r == 0; i++) {
                const struct guarded_user *user = &manager->world.users.items[i];

                if (user->is_stale && user->n_files > 0)
                        r = manager_mark(manager, user->files[0].path);
        }
        return r < 0 ? r : manager_mark(manager, "/etc/ssh/sshd_config");
}

static void on_accounts(void *userdata, int error, struct accounts *accounts) {
        struct manager *manager = userdata;

        manager->query = NULL;
        if (error == 0)
                error = take_accounts(manager, accounts);
        if (error < 0)
                record_notice(NULL, LOG_ERR, "the accounts could not be read: %s",
                              strerror(-error));
        if (manager->query_again) {
                manager->query_again = false;
                manager_on_accounts_stale(manager);
        }
}

/* A pass that runs comes to the accounts after sshd's configuration. */
static void on_access_stale(void *userdata) {
        struct manager *manager = userdata;
        int r = 0;

        if (manager->pass_is_running)
                manager->users_left = manager->world.users.n_items;
        else
                r = manager_start_full_pass(manager);
        if (r < 0)
                record_notice(NULL, LOG_ERR, "not every account could be judged again: %s",
                              strerror(-r));
}

void manager_on_accounts_stale(void *userdata) {
        struct manager *manager = userdata;
        const struct rule_words *extra = &manager->world.policy->extra_users;
        const struct accounts_request request = {
                .root = &manager->world.root,
                .extra = (const char *const *)extra->items,
                .n_extra = extra->n_items,
                .on_done = on_accounts,
                .userdata = manager,
        };
        int r;

        if (manager->query) { /* what is being read may be the earlier state */
                manager->query_again = true;
                return;
        }
        r = os_accounts_query(manager->event, &request, &manager->query);
        if (r < 0)
                record_notice(NULL, LOG_ERR, "the accounts could not be asked for: %s",
                              strerror(-r));
}

/* ---- start ---- */

static struct turn_credit *owner_of(void *userdata, const char *path) {
        const struct users *users = userdata;
        size_t i;

        return users_first_of(users, path, &i, NULL) ? &users->items[i].credit : NULL;
}

int manager_start_users(struct manager *manager) {
        struct world *world = &manager->world;

        world_tell_baseline(world);
        world->on_user_left = reconciler_user_left;
        world->userdata = &manager->reconciler;
        world->users.on_file_left = manager_on_file_left;
        world->users.userdata = manager;
        manager->reconciler.on_user_changed = manager_on_user_changed;
        manager->reconciler.on_access_stale = on_access_stale;
        manager->reconciler.on_accounts_stale = manager_on_accounts_stale;
        manager->dirty.owner_of = owner_of;
        manager->dirty.userdata = &world->users;
        return reconciler_recall_accounts(&manager->reconciler);
}
