/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Adding rules to the lists of a service while it is read. */

#include "pam/line.h"
#include "pam/stack.h"

/* The type of a line that may be any; `@include` of a top-level file is of it. */
enum { PAM_TYPE_ANY = N_PAM_TYPES };

struct pam_loader {
        const struct pam_environment *environment;
        const struct pam_release *release;
        struct pam_service *service;
        struct pam_rules own[N_PAM_TYPES], other[N_PAM_TYPES];
        size_t n_rules, n_inclusions, n_bytes;
};

/* A rule as its line gives it; strings are borrowed. */
struct pam_rule_draft {
        enum pam_rule_kind kind;
        unsigned type; /* enum pam_type, or PAM_TYPE_ANY */
        bool is_other, is_silent;
        unsigned level;
        const char *file;
        unsigned line, last_line;
        const char *control, *module;
        char *args; /* the rest of the line, or NULL */
        const int *actions;
};

enum pam_add_result {
        PAM_ADDED = 0,
        PAM_ADD_ABORTED = 1,  /* libpam gives up: PAM_ABORT */
        PAM_ADD_TOO_MANY = 2, /* PAM_RULES_MAX */
};

/* _pam_add_handler(). Returns a pam_add_result or -ENOMEM. */
int pam_loader_add(struct pam_loader *loader, const struct pam_rule_draft *draft);

void pam_rules_done(struct pam_rules *rules);
