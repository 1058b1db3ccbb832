/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From the view of a tree to its PAM services.
 *
 * Services are the files of the directories libpam looks in, and those that a rule or sshd names: a
 * service without a file is what `other` makes of it, which is what deleting /etc/pam.d/sshd
 * amounts to. Every path that libpam would ask for is a path to guard, also one that is not there:
 * a vendor's file waits behind the one in /etc, and a module in an earlier directory would be
 * loaded instead of the one in a later. Modules and what lies under /usr belong to the package
 * manager: they are watched, never written.
 *
 * libpam makes names lower case, so a file with a capital in its name is no service. */

#include "world/pam_stacks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "pam/compare.h"
#include "pam/module.h"
#include "policy/judge_pam.h"
#include "sshd/contexts.h"
#include "sshd/effective.h"
#include "world/guarded.h"

static const char sshd_service[] = "sshd";

/* ---- the room's view of a view ---- */

static int read_file(void *userdata, const char *path, char **ret_data, size_t *ret_n) {
        struct view *view = userdata;
        struct sshd_environment environment;
        const struct snapshot *snapshot;
        int r = view_follow(view, path, 0, NULL, &snapshot);

        if (r < 0)
                return r;
        if (snapshot->metadata.kind == FILE_REGULAR && snapshot->metadata.is_oversize)
                return -EFBIG;
        view_sshd_environment(view, &environment);
        return environment.read(view, path, ret_data, ret_n);
}

static bool has_kind(void *userdata, const char *path, enum file_kind kind) {
        const struct snapshot *snapshot;

        return view_follow(userdata, path, SNAPSHOT_SECRET, NULL, &snapshot) == 0 &&
               snapshot->metadata.kind == kind;
}

static bool is_directory(void *userdata, const char *path) {
        return has_kind(userdata, path, FILE_DIRECTORY);
}

static bool has_module(void *userdata, const char *path) {
        return has_kind(userdata, path, FILE_REGULAR);
}

struct pam_environment pam_stacks_environment(struct view *view) {
        return (struct pam_environment){
                .userdata = view,
                .read = read_file,
                .is_directory = is_directory,
                .has_module = has_module,
        };
}

/* ---- which services ---- */

struct names {
        char **items;
        size_t n_items;
};

static void names_done(struct names *names) {
        strings_free(names->items, names->n_items);
        *names = (struct names){ 0 };
}

/* As pam_start(3) makes a service of it. */
static int names_add(struct names *names, const char *service) {
        const char *slash = strrchr(service, '/');
        CLEANUP_FREE char *name = strdup(slash ? slash + 1 : service);

        if (!name)
                return -ENOMEM;
        for (char *c = name; *c; c++)
                if (*c >= 'A' && *c <= 'Z')
                        *c = (char)(*c - 'A' + 'a');
        for (size_t i = 0; i < names->n_items; i++)
                if (strcmp(names->items[i], name) == 0)
                        return 0;
        return strings_append(&names->items, &names->n_items, name);
}

static bool is_reachable(const char *name) {
        for (; *name; name++)
                if (*name >= 'A' && *name <= 'Z')
                        return false;
        return true;
}

static int add_directory(const struct pam_sources *sources, const char *directory,
                         struct names *names) {
        CLEANUP_FREE char *pattern = text_format("%s/*", directory);
        char **paths = NULL;
        size_t n_paths = 0;
        int r = pattern ? view_glob(sources->view, pattern, &paths, &n_paths) : -ENOMEM;

        for (size_t i = 0; i < n_paths && r == 0; i++) {
                const char *name = strrchr(paths[i], '/') + 1;

                if (is_reachable(name))
                        r = names_add(names, name);
        }
        strings_free(paths, n_paths);
        return r;
}

static int find_services(const struct pam_sources *sources, const struct pam_stacks *stacks,
                         struct names *names) {
        int r = 0;

        for (size_t i = 0; sources->release->service_dirs[i] && r == 0; i++)
                r = add_directory(sources, sources->release->service_dirs[i], names);
        for (size_t i = 0; i < stacks->n_sshd_services && r == 0; i++)
                r = names_add(names, stacks->sshd_services[i]);
        for (size_t i = 0; sources->policy && i < sources->policy->n_rules && r == 0; i++) {
                const struct rule *rule = &sources->policy->rules[i];

                if (rule->family == RULE_PAM && rule->is_enabled &&
                    strcmp(rule->pam.service, "*") != 0 &&
                    strcmp(rule->pam.service, sshd_service) != 0)
                        r = names_add(names, rule->pam.service);
        }
        return r;
}

static int add_value(const struct sshd_config *config, const struct sshd_connection *connection,
                     const struct accounts *accounts, struct names *names) {
        struct sshd_setting setting;
        int r = sshd_effective_one(config, connection, accounts, "pamservicename", &setting);

        if (r < 0)
                return r == -ENOMEM ? r : 0; /* sshd drops such a connection */
        r = setting.n_values > 0 ? names_add(names, setting.values[0]) : 0;
        sshd_setting_done(&setting);
        return r;
}

int pam_stacks_sshd_services(const struct sshd_config *config, const struct accounts *accounts,
                             char ***ret_names, size_t *ret_n) {
        CLEANUP(names_done) struct names names = { 0 };
        struct sshd_contexts contexts = { 0 };
        int r = -EINVAL;

        if (config && !sshd_config_refusal(config))
                r = sshd_contexts_new(config, "pamservicename", accounts, NULL, &contexts);
        if (r == 0) {
                for (size_t i = 0; i < contexts.n_items && r == 0; i++)
                        r = add_value(config, &contexts.items[i], accounts, &names);
                sshd_contexts_done(&contexts);
        } else if (r == -EINVAL) {
                r = 0; /* no such keyword, or no values at all */
        }
        if (r == 0 && names.n_items == 0)
                r = names_add(&names, sshd_service);
        if (r < 0)
                return r;
        *ret_names = names.items;
        *ret_n = names.n_items;
        names = (struct names){ 0 };
        return 0;
}

static bool is_same_list(char *const *a, size_t n_a, char *const *b, size_t n_b) {
        if (n_a != n_b)
                return false;
        for (size_t i = 0; i < n_a; i++)
                if (strcmp(a[i], b[i]) != 0)
                        return false;
        return true;
}

int pam_stacks_ask_others(const struct pam_stacks *stacks, const struct sshd_config *config,
                          const struct accounts *accounts, bool *ret) {
        CLEANUP(names_done) struct names names = { 0 };
        int r = pam_stacks_sshd_services(config, accounts, &names.items, &names.n_items);

        if (r < 0)
                return r;
        *ret = !is_same_list(names.items, names.n_items, stacks->sshd_services,
                             stacks->n_sshd_services);
        return 0;
}

/* ---- what they read and load ---- */

static int compare_paths(const void *a, const void *b) {
        const struct pam_path *x = a, *y = b;

        return strcmp(x->path, y->path);
}

static int add_path(struct pam_stacks *stacks, const char *path, unsigned flags, const char *why) {
        char *copy;
        int r;

        if (path[0] != '/')
                return 0;
        copy = strdup(path);
        r = copy ? ARRAY_GROW(stacks->paths, stacks->n_paths) : -ENOMEM;
        if (r < 0) {
                free(copy);
                return r;
        }
        if (strncmp(path, "/usr/", strlen("/usr/")) == 0)
                flags |= GUARDED_ALERT_ONLY;
        stacks->paths[stacks->n_paths++] = (struct pam_path){ copy, flags, why };
        return 0;
}

/* The module, and where libpam would have found it first. */
static int add_module(struct pam_stacks *stacks, const struct pam_release *release,
                      const struct pam_rule *rule) {
        static const char why[] = "PAM loads it";
        bool is_found = false;
        int r = 0;

        if (rule->module[0] == '/')
                return add_path(stacks, rule->module_path, GUARDED_MODULE, why);
        for (size_t i = 0; release->module_dirs[i] && r == 0 && !is_found; i++) {
                CLEANUP_FREE char *path =
                        text_format("%s/%s", release->module_dirs[i], rule->module);

                is_found = path && !rule->is_missing && strcmp(path, rule->module_path) == 0;
                r = path ? add_path(stacks, path, GUARDED_MODULE, why) : -ENOMEM;
        }
        return r;
}

static int add_rule(struct pam_stacks *stacks, const struct pam_service *service,
                    const struct pam_rule *rule) {
        bool is_program = false;
        const char *file;
        int r;

        if (rule->kind != PAM_RULE_MODULE)
                return 0;
        r = add_module(stacks, &service->release, rule);
        for (size_t n = 0; r == 0 && (file = pam_module_file(rule, n, &is_program)); n++)
                r = add_path(stacks, file, is_program ? GUARDED_ALERT_ONLY : GUARDED_MAY_DANGLE,
                             is_program ? "PAM runs it" : "a PAM module reads it");
        return r;
}

static int add_service(struct pam_stacks *stacks, const struct pam_service *service) {
        int r = 0;

        for (size_t i = 0; i < service->n_files && r == 0; i++)
                r = add_path(stacks, service->files[i], GUARDED_PAM, "PAM reads it");
        for (enum pam_type type = 0; type < N_PAM_TYPES && r == 0; type++)
                for (size_t i = 0; i < service->rules[type].n_items && r == 0; i++)
                        r = add_rule(stacks, service, &service->rules[type].items[i]);
        return r;
}

/* What is read as a stack and called a module elsewhere stays what can be put back. */
static unsigned merge_flags(unsigned a, unsigned b) {
        return (a & b) | ((a | b) & GUARDED_PAM);
}

/* Each path once. */
static void merge_paths(struct pam_stacks *stacks) {
        size_t n = 0;

        if (stacks->n_paths == 0)
                return;
        qsort(stacks->paths, stacks->n_paths, sizeof *stacks->paths, compare_paths);
        for (size_t i = 1; i < stacks->n_paths; i++) {
                if (strcmp(stacks->paths[n].path, stacks->paths[i].path) == 0) {
                        stacks->paths[n].flags =
                                merge_flags(stacks->paths[n].flags, stacks->paths[i].flags);
                        free(stacks->paths[i].path);
                } else {
                        stacks->paths[++n] = stacks->paths[i];
                }
        }
        stacks->n_paths = n + 1;
}

static int load_services(const struct pam_sources *sources, const struct names *names,
                         struct pam_stacks *stacks) {
        const struct pam_environment environment = pam_stacks_environment(sources->view);
        int r = 0;

        stacks->services = calloc(names->n_items + 1, sizeof(struct pam_service *));
        if (!stacks->services)
                return -ENOMEM;
        for (size_t i = 0; i < names->n_items && r == 0; i++) {
                r = pam_service_load(names->items[i], &environment, sources->release,
                                     &stacks->services[i]);
                if (r < 0)
                        return r;
                stacks->n_services++;
                r = add_service(stacks, stacks->services[i]);
        }
        merge_paths(stacks);
        return r;
}

int pam_stacks_load(const struct pam_sources *sources, struct pam_stacks *ret) {
        CLEANUP(pam_stacks_done) struct pam_stacks stacks = { 0 };
        CLEANUP(names_done) struct names names = { 0 };
        int r = pam_stacks_sshd_services(sources->config, sources->accounts, &stacks.sshd_services,
                                         &stacks.n_sshd_services);

        if (r == 0)
                r = find_services(sources, &stacks, &names);
        if (r == 0)
                r = load_services(sources, &names, &stacks);
        if (r < 0)
                return r;
        *ret = stacks;
        stacks = (struct pam_stacks){ 0 };
        return 0;
}

void pam_stacks_done(struct pam_stacks *stacks) {
        for (size_t i = 0; i < stacks->n_services; i++)
                pam_service_free(stacks->services[i]);
        free(stacks->services);
        strings_free(stacks->sshd_services, stacks->n_sshd_services);
        for (size_t i = 0; i < stacks->n_paths; i++)
                free(stacks->paths[i].path);
        free(stacks->paths);
        *stacks = (struct pam_stacks){ 0 };
}

/* ---- questions ---- */

bool pam_stacks_rule_covers(const struct pam_stacks *stacks, const struct rule *rule,
                            const char *service) {
        if (strcmp(rule->pam.service, sshd_service) != 0)
                return policy_pam_rule_covers(rule, service);
        for (size_t i = 0; i < stacks->n_sshd_services; i++)
                if (strcmp(stacks->sshd_services[i], service) == 0)
                        return true;
        return false;
}

static bool asks_for(const struct pam_service *service, const char *path) {
        for (size_t i = 0; i < service->n_files; i++)
                if (strcmp(service->files[i], path) == 0)
                        return true;
        return false;
}

bool pam_stacks_stands_alone(const struct pam_stacks *stacks, const char *path) {
        const char *name = strrchr(path, '/');
        bool is_service = false;

        for (size_t i = 0; i < stacks->n_services; i++) {
                const struct pam_service *service = stacks->services[i];

                if (!asks_for(service, path))
                        continue;
                if (!name || strcmp(service->name, name + 1) != 0)
                        return false;
                is_service = true;
        }
        for (size_t i = 0; i < stacks->n_sshd_services; i++)
                if (name && strcmp(stacks->sshd_services[i], name + 1) == 0)
                        return false;
        return is_service;
}

static const struct pam_service *find_service(const struct pam_stacks *stacks, const char *name) {
        for (size_t i = 0; i < stacks->n_services; i++)
                if (strcmp(stacks->services[i]->name, name) == 0)
                        return stacks->services[i];
        return NULL;
}

bool pam_stacks_are_same(const struct pam_stacks *a, const struct pam_stacks *b) {
        if (a->n_services != b->n_services || !is_same_list(a->sshd_services, a->n_sshd_services,
                                                            b->sshd_services, b->n_sshd_services))
                return false;
        for (size_t i = 0; i < a->n_services; i++) {
                const struct pam_service *other = find_service(b, a->services[i]->name);

                if (!other || !pam_service_is_same(a->services[i], other))
                        return false;
        }
        return true;
}

bool pam_stacks_have_same_paths(const struct pam_stacks *a, const struct pam_stacks *b) {
        if (a->n_paths != b->n_paths)
                return false;
        for (size_t i = 0; i < a->n_paths; i++)
                if (a->paths[i].flags != b->paths[i].flags ||
                    strcmp(a->paths[i].path, b->paths[i].path) != 0)
                        return false;
        return true;
}
