/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a pass looks at: the dirty paths are forgotten, what depends on them is loaded again, and
 * the guarded set is derived from it.
 *
 * The tree changes meanwhile, and nothing holds it still: sshd's files are found by one reading of
 * a directory, the guarded set by a later one. A file that came between is guarded, and would be
 * judged by a configuration that was read without it. So where the set has a file that what was
 * loaded has not read, it is loaded again before anything is said of the file. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "guard/record.h"
#include "pass.h"
#include "world/releases.h"

enum { LOADS_MAX = 4 }; /* of one derivation, each because a file joined meanwhile */

static bool is_set_directory(const struct guarded_set *set, const char *path) {
        for (size_t i = 0; i < set->n_directories; i++)
                if (strcmp(set->directories[i], path) == 0)
                        return true;
        return false;
}

int pass_add(struct pass *pass, const char *path) {
        for (size_t i = 0; i < pass->n_paths; i++)
                if (strcmp(pass->paths[i], path) == 0)
                        return 0;
        return strings_append(&pass->paths, &pass->n_paths, path);
}

struct joining {
        struct pass *pass;
        const struct guarded_set *before;
        unsigned unread; /* flags of what joined and was not there when its readers were read */
        int error;
};

static bool is_read_by_sshd(const struct world *world, const char *path) {
        for (size_t i = 0; world->config && i < sshd_config_n_files(world->config); i++)
                if (strcmp(sshd_config_file(world->config, i), path) == 0)
                        return true;
        return false;
}

static bool is_read_by_unit(const struct world *world, const char *path) {
        for (size_t i = 0; i < world->service.n_paths; i++)
                if (strcmp(world->service.paths[i], path) == 0)
                        return true;
        return false;
}

static bool is_read_by_pam(const struct world *world, const char *path) {
        for (size_t i = 0; i < world->pam.n_paths; i++)
                if (strcmp(world->pam.paths[i].path, path) == 0)
                        return true;
        return false;
}

/* Which of its readers were read without the file at PATH; 0 if there is none. */
static int find_unread(const struct world *world, const char *path, unsigned flags,
                       unsigned *ret_unread) {
        static const struct {
                unsigned flag;
                bool (*is_read)(const struct world *world, const char *path);
        } readers[] = {
                { GUARDED_SSHD, is_read_by_sshd },
                { GUARDED_PAM, is_read_by_pam },
                { GUARDED_UNIT, is_read_by_unit },
        };
        const struct snapshot *now;
        unsigned unread = 0;
        int r = 0;

        for (size_t i = 0; i < N_ELEMENTS(readers); i++)
                if (flags & readers[i].flag && !readers[i].is_read(world, path))
                        unread |= readers[i].flag;
        if (unread)
                r = view_look(world->view, path, flags & GUARDED_SECRET ? SNAPSHOT_SECRET : 0,
                              &now);
        if (r == 0)
                *ret_unread = unread && now->metadata.kind != FILE_ABSENT ? unread : 0;
        return r;
}

static void add_joined(const char *path, void *value, void *userdata) {
        const struct guarded *guarded = value;
        struct joining *joining = userdata;
        unsigned unread = 0;

        if (joining->error < 0 || guarded_set_get(joining->before, path))
                return;
        joining->error = pass_add(joining->pass, path);
        if (joining->error == 0)
                joining->error = find_unread(joining->pass->reconciler->world, path, guarded->flags,
                                             &unread);
        joining->unread |= unread;
        joining->pass->n_joined++;
}

/* Paths that left the set: what was said of them is said no more. */
static void add_left(const char *path, void *value, void *userdata) {
        struct joining *joining = userdata;

        (void)value;
        if (joining->error == 0 && !guarded_set_get(&joining->pass->reconciler->world->set, path))
                joining->error = pass_add(joining->pass, path);
}

int pass_add_all(struct pass *pass) {
        const struct guarded_set nothing = { 0 };
        struct joining joining = { .pass = pass, .before = &nothing };

        map_each(&pass->reconciler->world->set.paths, add_joined, &joining);
        return joining.error;
}

/* Returns, as flags, what has to be loaded again, or a negative errno. */
static int derive_set(struct pass *pass) {
        struct reconciler *reconciler = pass->reconciler;
        struct world *world = reconciler->world;
        struct guarded_set before = world->set;
        struct joining joining = { .pass = pass, .before = &before };
        int r;

        world->set = (struct guarded_set){ 0 };
        r = world_derive_set(world);
        if (r < 0) {
                guarded_set_done(&world->set);
                world->set = before;
                return r;
        }
        map_each(&world->set.paths, add_joined, &joining);
        map_each(&before.paths, add_left, &joining);
        guarded_set_done(&before);
        if (reconciler->on_set_changed)
                reconciler->on_set_changed(reconciler->userdata);
        return joining.error < 0 ? joining.error : (int)joining.unread;
}

/* A guarded link's path stands for what it leads to as well. */
static int forget_path(struct pass *pass, const char *path) {
        struct view *view = pass->reconciler->world->view;
        CLEANUP_FREE char *at = strdup(path);

        for (unsigned i = 0; at && i < VIEW_LINKS_MAX; i++) {
                const struct snapshot *known = view_known(view, at);
                char *next = NULL;

                if (known && known->metadata.kind == FILE_SYMLINK && known->metadata.link_target)
                        next = view_link_destination(at, known->metadata.link_target);
                view_forget(view, at);
                if (i > 0 && guarded_set_get(&pass->reconciler->world->set, at) &&
                    pass_add(pass, at) < 0)
                        return -ENOMEM;
                if (!next)
                        return 0;
                free(at);
                at = next;
        }
        return at ? 0 : -ENOMEM;
}

struct leading {
        struct pass *pass;
        const char *to;
        int error;
};

static void add_leading(const char *path, void *value, void *userdata) {
        struct leading *leading = userdata;
        const struct snapshot *known = view_known(leading->pass->reconciler->world->view, path);
        CLEANUP_FREE char *next = NULL;

        (void)value;
        if (leading->error < 0 || !known || known->metadata.kind != FILE_SYMLINK ||
            !known->metadata.link_target)
                return;
        next = view_link_destination(path, known->metadata.link_target);
        if (!next)
                leading->error = -ENOMEM;
        else if (strcmp(next, leading->to) == 0)
                leading->error = pass_add(leading->pass, path);
}

/* Rules speak of a link as of what it leads to: the sweep sees only that the latter changed. */
static int add_links(struct pass *pass) {
        const struct guarded_set *set = &pass->reconciler->world->set;
        struct leading leading = { .pass = pass };

        for (size_t i = 0; i < pass->n_paths && leading.error == 0; i++) {
                const struct guarded *guarded = guarded_set_get(set, pass->paths[i]);

                leading.to = pass->paths[i];
                if (guarded && guarded->flags & GUARDED_LED_TO)
                        map_each(&set->paths, add_leading, &leading);
        }
        return leading.error;
}

static bool is_watched(void *userdata, const char *path) {
        const struct guarded_set *set = userdata;

        /* of accounts' files only a stamp is kept: there are too many */
        return map_get(&set->paths, path) != NULL;
}

static int look_at_releases(struct reconciler *reconciler, unsigned which) {
        int r = releases_look(reconciler->world, which);

        if (r < 0)
                return r;
        record_releases(reconciler->world, r);
        reconciler->sshd_is_stale |= (r & RELEASES_SSHD) != 0;
        reconciler->pam_is_stale |= (r & RELEASES_PAM) != 0;
        return 0;
}

/* Loads again what of sshd's is stale. Returns 1 if the guarded set must be derived anew. */
static int load_sshd(struct reconciler *reconciler) {
        struct world *world = reconciler->world;
        int set_changed = 0, unit_changed = 0, r = look_at_releases(reconciler, RELEASES_SSHD);

        if (r < 0)
                return r;
        if (reconciler->unit_is_stale) {
                unit_changed = world_load_service(world);
                if (unit_changed < 0)
                        return unit_changed;
                reconciler->unit_is_stale = false;
                reconciler->n_unit_loaded++;
                reconciler->sshd_is_stale = true;
        }
        if (reconciler->sshd_is_stale) {
                set_changed = world_read_config(world);
                reconciler->services_are_stale = true;
        }
        return set_changed < 0 ? set_changed : set_changed | unit_changed;
}

/* The same of what follows from it: the accounts' files and the PAM services. */
int pass_load_dependents(struct reconciler *reconciler) {
        struct world *world = reconciler->world;
        bool asks_others = false;
        int changed = world_adopt_config(world), r = changed < 0 ? changed : 0;

        if (r == 0)
                r = look_at_releases(reconciler, RELEASES_PAM);
        if (r == 0 && reconciler->services_are_stale) {
                r = pam_stacks_ask_others(&world->pam, world->config, &world->accounts,
                                          &asks_others);
                reconciler->services_are_stale = r < 0;
                reconciler->pam_is_stale |= asks_others;
        }
        if (r == 0 && reconciler->pam_is_stale)
                r = world_load_pam(world);
        return r < 0 ? r : changed | r;
}

int pass_load_again(struct reconciler *reconciler) {
        int changed = load_sshd(reconciler);
        int r = changed < 0 ? changed : pass_load_dependents(reconciler);

        return r < 0 ? r : changed | r;
}

int pass_rederive_set(struct pass *pass) {
        struct reconciler *reconciler = pass->reconciler;
        int r = derive_set(pass);

        /* Whoever makes file after file in time has the rest of them seen in the next pass. */
        for (unsigned i = 0; i < LOADS_MAX && r > 0; i++) {
                reconciler->sshd_is_stale |= (r & GUARDED_SSHD) != 0;
                reconciler->pam_is_stale |= (r & GUARDED_PAM) != 0;
                reconciler->unit_is_stale |= (r & GUARDED_UNIT) != 0;
                r = pass_load_again(reconciler);
                if (r >= 0)
                        r = derive_set(pass);
        }
        return r < 0 ? r : 0;
}

int pass_look_again(struct pass *pass) {
        struct reconciler *reconciler = pass->reconciler;
        struct world *world = reconciler->world;
        bool set_is_stale = reconciler->sshd_is_stale, accounts_are_stale = false;
        /* No event tells of a path outside the set: where a guarded link leads, a module. */
        int r = view_forget_others(world->view, is_watched, &world->set, world->n_sets + 1);

        if (r == 0)
                r = add_links(pass);
        for (size_t i = 0; i < pass->n_paths && r == 0; i++)
                r = pass_charge_permit(reconciler, pass->paths[i]);
        for (size_t i = 0, n = pass->n_paths; i < n && r == 0; i++)
                r = forget_path(pass, pass->paths[i]);
        for (size_t i = 0; i < pass->n_paths; i++) {
                const struct guarded *guarded = guarded_set_get(&world->set, pass->paths[i]);

                if (guarded && guarded->flags & GUARDED_SSHD)
                        reconciler->sshd_is_stale = true;
                if (guarded && guarded->flags & GUARDED_PAM)
                        reconciler->pam_is_stale = true;
                if (guarded && guarded->flags & GUARDED_ACCOUNTS)
                        accounts_are_stale = true;
                if ((guarded && guarded->flags & GUARDED_UNIT) ||
                    service_tree_concerns(pass->paths[i]))
                        reconciler->unit_is_stale = true;
                if (is_set_directory(&world->set, pass->paths[i]))
                        set_is_stale = reconciler->sshd_is_stale = reconciler->pam_is_stale = true;
        }
        if (accounts_are_stale && reconciler->on_accounts_stale) {
                reconciler->on_accounts_stale(reconciler->userdata);
        } else if (accounts_are_stale && r == 0) {
                r = world_load_accounts(world);
                reconciler->sshd_is_stale = set_is_stale = true;
        }
        if (r == 0)
                r = load_sshd(reconciler);
        if (r > 0)
                return pass_rederive_set(pass);
        pass->set_is_stale = set_is_stale; /* what else joins can wait for the answer */
        return r;
}
