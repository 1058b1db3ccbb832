/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pam rules against a view of the tree.
 *
 * Services are the files of /etc/pam.d, and those a rule names: a service without a file is what
 * `other` makes of it, which is what deleting /etc/pam.d/sshd amounts to. Modules are looked for on
 * disk; a candidate tree changes no module. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "guard/assess.h"
#include "pam/stack.h"
#include "policy/judge_pam.h"

static const char services_pattern[] = "/etc/pam.d/*";

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

static int add_service(char ***services, size_t *n_services, const char *name) {
        for (size_t i = 0; i < *n_services; i++)
                if (strcmp((*services)[i], name) == 0)
                        return 0;
        return strings_append(services, n_services, name);
}

static int find_services(const struct policy *policy, struct view *view, char ***ret,
                         size_t *ret_n) {
        char **paths = NULL;
        size_t n_paths = 0;
        int r = view_glob(view, services_pattern, &paths, &n_paths);

        for (size_t i = 0; i < n_paths && r == 0; i++)
                r = add_service(ret, ret_n, strrchr(paths[i], '/') + 1);
        strings_free(paths, n_paths);
        for (size_t i = 0; i < policy->n_rules && r == 0; i++) {
                const struct rule *rule = &policy->rules[i];

                if (rule->family == RULE_PAM && rule->is_enabled &&
                    strcmp(rule->pam.service, "*") != 0)
                        r = add_service(ret, ret_n, rule->pam.service);
        }
        return r;
}

static int judge_service(const struct world *world, const struct pam_environment *environment,
                         const char *name, struct findings *findings) {
        struct pam_service *service = NULL;
        int r = 0;

        for (size_t i = 0; i < world->policy->n_rules && r == 0; i++) {
                const struct rule *rule = &world->policy->rules[i];

                if (rule->family != RULE_PAM || !rule->is_enabled ||
                    !policy_pam_rule_covers(rule, name))
                        continue;
                if (!service)
                        r = pam_service_load(name, environment, &world->pam_release, &service);
                if (r == 0)
                        r = policy_judge_pam(rule, service, findings);
        }
        pam_service_free(service);
        return r;
}

int assess_pam(const struct world *world, struct view *view, struct findings *findings) {
        const struct pam_environment environment = {
                .userdata = view,
                .read = read_file,
                .is_directory = is_directory,
                .has_module = has_module,
        };
        char **services = NULL;
        size_t n_services = 0;
        int r = 0;

        if (!world->has_pam_release)
                return 0;
        r = find_services(world->policy, view, &services, &n_services);
        for (size_t i = 0; i < n_services && r == 0; i++)
                r = judge_service(world, &environment, services[i], findings);
        strings_free(services, n_services);
        return r;
}
