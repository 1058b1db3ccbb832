/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Loading and re-deriving what is believed. Each step builds aside and swaps, so a failure leaves
 * the earlier belief in force. */

#include "world/world.h"

#include <errno.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "os/accounts.h"
#include "policy/judge_file.h"
#include "sshd/effective.h"
#include "world/sshd_tree.h"

/* Accounts' files are reached with their rights, everything without waiting for a server. */
static int read_path(void *userdata, const char *path, const char *owned, unsigned flags,
                     struct snapshot *ret) {
        struct world *world = userdata;
        const struct credentials *as = NULL;
        const struct user_file *file;
        size_t i;
        int r = 0;

        if (users_first_of(&world->users, owned ? owned : path, &i, &file)) {
                flags |= users_look_flags(file->role);
                r = users_credentials(&world->users, i, &as);
        }
        return r < 0 ? r : looker_take(world->looker, path, as, flags, ret);
}

/* A server that does not answer has no names for us: what was approved of them is missed, and told
 * as unreadable, while everything else goes on. */
static int glob_pattern(void *userdata, const char *pattern, char ***ret_paths, size_t *ret_n) {
        const struct world *world = userdata;
        int r = looker_glob(world->looker, pattern, NULL, ret_paths, ret_n);

        if (r != -ETIMEDOUT)
                return r;
        *ret_paths = NULL;
        *ret_n = 0;
        return 0;
}

static bool is_owned(void *userdata, const char *path) {
        const struct world *world = userdata;

        return users_get(&world->users, path) != NULL;
}

int world_init(struct world *world, const char *root_path, const char *config_path,
               const char *release) {
        int r;

        *world = (struct world){ .root.fd = -1, .config_path = config_path };
        r = os_root_open(root_path ? root_path : "/", &world->root);
        if (r < 0)
                return r;
        r = view_new(&world->root, &world->view);
        if (r == 0)
                r = looker_new(&world->root, &world->looker);
        if (r == 0) {
                users_init(&world->users, world->looker);
                view_set_reader(world->view,
                                &(struct view_reader){ world, read_path, is_owned, glob_pattern });
        } else {
                world_done(world);
                return r;
        }
        return releases_init(world, release);
}

void world_done(struct world *world) {
        guarded_set_done(&world->set);
        pam_stacks_done(&world->pam);
        service_tree_done(&world->service);
        users_done(&world->users);
        shadows_done(&world->shadows);
        file_metadata_done(&world->shadows_stamp);
        if (world->config != world->good_config)
                sshd_config_free(world->config);
        sshd_config_free(world->good_config);
        accounts_done(&world->accounts);
        policy_free(world->policy);
        view_free(world->view);
        looker_free(world->looker);
        standbys_done(&world->standbys);
        baseline_free(world->baseline);
        store_free(world->store);
        if (world->root.path)
                os_root_close(&world->root);
        *world = (struct world){ .root.fd = -1 };
}

int world_load_accounts(struct world *world) {
        struct accounts accounts;
        const char *const *extra = NULL;
        size_t n_extra = 0;
        int r;

        if (world->policy) {
                extra = (const char *const *)world->policy->extra_users.items;
                n_extra = world->policy->extra_users.n_items;
        }
        r = os_accounts_load(&world->root, extra, n_extra, &accounts);
        return r < 0 ? r : world_set_accounts(world, &accounts);
}

static int derive_users(struct world *world, const struct accounts *before) {
        const struct users_sources sources = {
                .accounts = &world->accounts,
                .before = before,
                .config = world->good_config,
                .policy = world->policy,
                .on_left = world->on_user_left,
                .userdata = world->userdata,
        };

        return users_derive(&world->users, &sources);
}

int world_derive_users(struct world *world) {
        return derive_users(world, NULL);
}

int world_set_accounts(struct world *world, struct accounts *accounts) {
        struct accounts before = world->accounts;
        int r;

        if (world->users.items && accounts_are_same(&before, accounts)) {
                accounts_done(accounts);
                return 0;
        }
        world->accounts = *accounts;
        *accounts = (struct accounts){ 0 };
        r = world->good_config || world->users.items ? derive_users(world, &before) : 0;
        accounts_done(&before);
        return r;
}

int world_load_service(struct world *world) {
        struct service_tree service;
        bool is_same;
        int r = service_tree_load(world->view, &service);

        if (r < 0)
                return r;
        is_same = service_tree_reads_same(&world->service, &service);
        service_tree_done(&world->service);
        world->service = service;
        return is_same ? 0 : 1;
}

static bool is_of_unit(void *userdata, const char *path) {
        return service_tree_concerns(path) || service_tree_is_of(userdata, path);
}

int world_view_service(const struct world *world, struct view *view, struct service_tree *storage,
                       const struct service_tree **ret) {
        struct service_tree lent = world->service; /* only asked */
        int r = 0;

        *ret = &world->service;
        if (view != world->view && view_has_put(view, is_of_unit, &lent)) {
                r = service_tree_load(view, storage);
                *ret = storage;
        }
        return r;
}

int world_parse_config(const struct world *world, struct view *view, struct sshd_config **ret) {
        CLEANUP(service_tree_done) struct service_tree storage = { 0 };
        struct sshd_environment environment = { 0 };
        const struct service_tree *service;
        struct sshd_source source = {
                .release = world->release,
                .cwd = "/",
                .accounts = &world->accounts,
        };
        int r = world_view_service(world, view, &storage, &service);

        if (r < 0)
                return r;
        source.path = service_tree_config_path(service);
        source.overrides = service->overrides;
        source.n_overrides = service->line.n_options;
        view_sshd_environment(view, &environment);
        return sshd_config_load(&source, &environment, ret);
}

static bool is_same_list(const struct sshd_config *a, const struct sshd_config *b,
                         size_t (*count)(const struct sshd_config *config),
                         const char *(*item)(const struct sshd_config *config, size_t i)) {
        if (count(a) != count(b))
                return false;
        for (size_t i = 0; i < count(a); i++)
                if (strcmp(item(a, i), item(b, i)) != 0)
                        return false;
        return true;
}

static bool names_the_same(const struct sshd_config *a, const struct sshd_config *b) {
        const struct sshd_named_path *x, *y;
        size_t n = sshd_config_named_paths(a, &x);

        if (!is_same_list(a, b, sshd_config_n_files, sshd_config_file) ||
            !is_same_list(a, b, sshd_config_n_globs, sshd_config_glob) ||
            sshd_config_named_paths(b, &y) != n)
                return false;
        for (size_t i = 0; i < n; i++)
                if (strcmp(x[i].path, y[i].path) != 0 || strcmp(x[i].keyword, y[i].keyword) != 0)
                        return false;
        return true;
}

static int load_strict_modes(struct world *world) {
        struct sshd_setting setting = { 0 };
        int r = sshd_effective_one(world->config, NULL, NULL, "strictmodes", &setting);

        if (r == -ENOMEM)
                return r;
        world->strict_modes =
                r < 0 || setting.n_values == 0 || strcmp(setting.values[0], "no") != 0;
        if (r == 0)
                sshd_setting_done(&setting);
        return 0;
}

/* sshd goes on with the last configuration it took: so do the accounts' files. */
int world_adopt_config(struct world *world) {
        struct sshd_config *old = world->good_config;
        int r;

        if (!world->config || world->config == old || sshd_config_refusal(world->config))
                return 0;
        world->good_config = world->config;
        r = load_strict_modes(world);
        if (r == 0)
                r = world_derive_users(world);
        sshd_config_free(old);
        return r;
}

int world_read_config(struct world *world) {
        struct sshd_config *config, *old;
        bool is_same;
        int r = world_parse_config(world, world->view, &config);

        if (r < 0)
                return r;
        is_same = world->config && names_the_same(world->config, config);
        old = world->config;
        world->config = config;
        if (old != world->good_config)
                sshd_config_free(old);
        return is_same ? 0 : 1;
}

int world_load_config(struct world *world) {
        int changed = world_read_config(world);
        int r = changed < 0 ? changed : world_adopt_config(world);

        return r < 0 ? r : changed;
}

static bool is_user_path(void *userdata, const char *path) {
        const struct users *users = userdata;

        return users_get(users, path) != NULL;
}

static bool was_absent(void *userdata, const char *path) {
        const struct user_file *file;
        size_t i;

        return users_first_of(userdata, path, &i, &file) && file->is_adopted;
}

void world_tell_baseline(struct world *world) {
        const struct baseline_users users = { &world->users, is_user_path, was_absent };

        baseline_set_users(world->baseline, &users);
}

void world_forget_user(struct world *world, size_t i) {
        const struct guarded_user *user = &world->users.items[i];

        for (size_t f = 0; f < user->n_files; f++)
                view_forget(world->view, user->files[f].path);
}

int world_parse_pam(const struct world *world, struct view *view, const struct sshd_config *config,
                    struct pam_stacks *ret) {
        const struct pam_sources sources = {
                .view = view,
                .release = &world->pam_release,
                .policy = world->policy,
                .config = config,
                .accounts = &world->accounts,
        };

        *ret = (struct pam_stacks){ 0 };
        return world->has_pam_release ? pam_stacks_load(&sources, ret) : 0;
}

int world_load_pam(struct world *world) {
        struct pam_stacks stacks;
        bool is_same;
        int r = world_parse_pam(world, world->view, world->config, &stacks);

        if (r < 0)
                return r;
        is_same = pam_stacks_have_same_paths(&world->pam, &stacks);
        pam_stacks_done(&world->pam);
        world->pam = stacks;
        return is_same ? 0 : 1;
}

struct approved_list {
        char **paths;
        size_t n_paths;
        int error;
};

static void list_approved(const char *path, const struct approved *approved, void *userdata) {
        struct approved_list *list = userdata;

        if (approved && approved->metadata.kind != FILE_ABSENT && list->error == 0)
                list->error = strings_append(&list->paths, &list->n_paths, path);
}

int world_derive_set(struct world *world) {
        struct guarded_sources sources = {
                .policy = world->policy,
                .config = world->config,
                .pam = &world->pam,
                .accounts = &world->accounts,
                .view = world->view,
                .config_path = world->config_path,
                .unit_paths = world->service.paths,
                .n_unit_paths = world->service.n_paths,
        };
        struct approved_list approved = { 0 };
        struct guarded_set set;
        int r;

        if (world->baseline)
                baseline_each(world->baseline, list_approved, &approved);
        sources.approved = approved.paths;
        sources.n_approved = approved.n_paths;
        r = approved.error < 0 ? approved.error : guarded_set_derive(&sources, &set);
        strings_free(approved.paths, approved.n_paths);
        if (r < 0)
                return r;
        guarded_set_done(&world->set);
        world->set = set;
        world->n_sets++;
        world->set.users = &world->users;
        return 0;
}

struct approved_puts {
        struct view *view;
        int error;
};

static void put_approved(const char *path, const struct approved *approved, void *userdata) {
        struct approved_puts *puts = userdata;

        if (approved && puts->error == 0)
                puts->error = view_put(puts->view, path, &approved->metadata, approved->data,
                                       approved->n_data);
}

static void view_cleanup(struct view **view) {
        view_free(*view);
}

int world_approved_view(const struct world *world, struct view **ret) {
        CLEANUP(view_cleanup) struct view *view = NULL;
        struct approved_puts puts = { 0 };
        int r = view_new_over(world->view, &view);

        if (r < 0)
                return r;
        puts.view = view;
        baseline_each(world->baseline, put_approved, &puts);
        if (puts.error < 0)
                return puts.error;
        *ret = TAKE(view);
        return 0;
}

static void config_cleanup(struct sshd_config **config) {
        sshd_config_free(*config);
}

/* A rule's pattern says nothing of what was there before the rule was written, and what is no
 * approved version must not be removed as if absence were one: unless that is the very rule. */
static int add_absent_rules(const struct policy *policy, struct guarded_set *set) {
        int r = 0;

        for (size_t i = 0; i < policy->n_rules && r == 0; i++) {
                const struct rule *rule = &policy->rules[i];
                CLEANUP_FREE char *pattern = NULL;

                if (rule->family != RULE_FILE || !rule->is_enabled || !rule->file_rule.absent ||
                    policy_file_rule_is_per_user(rule))
                        continue;
                r = policy_file_rule_glob(rule, NULL, &pattern);
                if (r == 0)
                        r = strings_append(&set->patterns, &set->n_patterns, pattern);
        }
        return r;
}

int world_update_patterns(struct world *world) {
        CLEANUP(view_cleanup) struct view *view = NULL;
        CLEANUP(config_cleanup) struct sshd_config *config = NULL;
        CLEANUP(guarded_set_done) struct guarded_set set = { 0 };
        struct guarded_sources sources = {
                .accounts = &world->accounts,
                .config_path = world->config_path,
        };
        int r = world_approved_view(world, &view);

        if (r == 0)
                r = world_parse_config(world, view, &config);
        if (r < 0)
                return r;
        sources.view = view;
        sources.config = config;
        r = guarded_set_derive(&sources, &set);
        if (r == 0)
                r = add_absent_rules(world->policy, &set);
        if (r < 0)
                return r;
        return baseline_set_patterns(world->baseline, set.patterns, set.n_patterns);
}
