/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The PAM services of a tree, as one view has it: which there are, which of them sshd asks for, and
 * every path that decides what they do. */

#include <stdbool.h>
#include <stddef.h>

#include "base/account.h"
#include "pam/stack.h"
#include "policy/rule.h"
#include "sshd/config.h"
#include "world/view.h"

struct pam_sources {
        struct view *view;
        const struct pam_release *release;
        const struct policy *policy;      /* rules may name services that have no file */
        const struct sshd_config *config; /* of the same view, for PAMServiceName; may be NULL */
        const struct accounts *accounts;
};

/* A file that a service reads or would read, a module, or what a module's arguments name. */
struct pam_path {
        char *path;
        unsigned flags; /* enum guarded_flags */
        const char *why;
};

struct pam_stacks {
        struct pam_service **services;
        size_t n_services;
        char **sshd_services; /* the names sshd starts PAM with, over all connections */
        size_t n_sshd_services;
        struct pam_path *paths; /* each once, sorted */
        size_t n_paths;
};

/* Reads every service that has a file in a directory of services, that a rule names or that sshd
 * asks for. Returns 0 or a negative errno. */
int pam_stacks_load(const struct pam_sources *sources, struct pam_stacks *ret);
void pam_stacks_done(struct pam_stacks *stacks);

/* The values of PAMServiceName over all connections, each once; "sshd" where the release has no
 * such keyword or the configuration has no values. Returns 0 or -ENOMEM. */
int pam_stacks_sshd_services(const struct sshd_config *config, const struct accounts *accounts,
                             char ***ret_names, size_t *ret_n);

/* True if sshd, so configured, asks for other services than those of STACKS. */
int pam_stacks_ask_others(const struct pam_stacks *stacks, const struct sshd_config *config,
                          const struct accounts *accounts, bool *ret);

/* True if the rule speaks of the service: a rule about "sshd" is about what sshd asks for. */
bool pam_stacks_rule_covers(const struct pam_stacks *stacks, const struct rule *rule,
                            const char *service);

/* True if PATH is the file of a service that sshd does not ask for, and nothing else reads it. */
bool pam_stacks_stands_alone(const struct pam_stacks *stacks, const char *path);

/* True if both say the same of every service: same rules, modules and arguments. */
bool pam_stacks_are_same(const struct pam_stacks *a, const struct pam_stacks *b);

/* True if the same paths are to be guarded because of both. */
bool pam_stacks_have_same_paths(const struct pam_stacks *a, const struct pam_stacks *b);

/* How the pam room sees a view. */
struct pam_environment pam_stacks_environment(struct view *view);
