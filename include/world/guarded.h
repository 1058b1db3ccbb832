/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The guarded set: every path that decides who can log in, derived from the effective
 * configuration, the policy and a table of fixed places; recomputed when one of these changes. */

#include <stdbool.h>
#include <stddef.h>

#include "base/account.h"
#include "base/map.h"
#include "policy/rule.h"
#include "sshd/config.h"
#include "world/view.h"

enum guarded_flags {
        GUARDED_SECRET = 1 << 0,       /* metadata and fingerprint only; alert only */
        GUARDED_ALERT_ONLY = 1 << 1,   /* programs and modules under /usr */
        GUARDED_SSHD = 1 << 2,         /* part of sshd's configuration: a change is judged anew */
        GUARDED_ACCOUNTS = 1 << 3,     /* a change means: ask for the accounts again; never drift */
        GUARDED_POLICY = 1 << 4,       /* our own configuration: never put back, alerts only */
        GUARDED_USER = 1 << 5,         /* under a user's control */
        GUARDED_PAM = 1 << 7,          /* part of a PAM stack: a change is judged anew */
        GUARDED_DIRECTORY = 1 << 6,    /* a rule speaks of it as a directory: owner and mode only */
        GUARDED_UNIT = 1 << 8,         /* part of sshd's unit: its command line is read anew */
        GUARDED_KEYS = 1 << 11,        /* sshd reads keys from it */
        GUARDED_METADATA = 1 << 9,     /* what is in it is nobody's business: owner and mode only */
        GUARDED_UNVERSIONED = 1 << 10, /* rules speak of it; it is never approved, so no drift */
        GUARDED_MAY_DANGLE = 1 << 12,  /* to its reader a link that leads nowhere is no file */
        GUARDED_LED_TO = 1 << 13, /* a guarded link leads to it: what is said of that changes too */
        /* a module: hashed as a secret is, and no secret */
        GUARDED_MODULE = GUARDED_PAM | GUARDED_SECRET | GUARDED_ALERT_ONLY,
};

struct guarded {
        unsigned flags;
        const char *why; /* "sshd reads it", "named by HostKey" … ; a literal or the config's */
};

struct users;

struct guarded_set {
        const struct users *users; /* the accounts' part; borrowed, NULL: none */
        struct map paths;          /* path → struct guarded: all the rest */
        char **patterns;           /* glob patterns whose matches join the set */
        size_t n_patterns;
        char **directories; /* directories whose entries the patterns speak of, to be watched */
        size_t n_directories;
};

struct pam_stacks;

struct guarded_sources {
        const struct policy *policy;      /* may be NULL */
        const struct sshd_config *config; /* may be NULL */
        const struct pam_stacks *pam;     /* may be NULL */
        const struct accounts *accounts;
        struct view *view;     /* for the patterns */
        char *const *approved; /* paths with an approved version that is not absence */
        size_t n_approved;
        const char *config_path; /* our own configuration file */
        char *const *unit_paths; /* what the unit that starts sshd was read from */
        size_t n_unit_paths;
};

/* Returns 0 or a negative errno. */
int guarded_set_derive(const struct guarded_sources *sources, struct guarded_set *ret);
void guarded_set_done(struct guarded_set *set);

/* What PATH is in the set, an account's file too; NULL if it is not in it. */
const struct guarded *guarded_set_get(const struct guarded_set *set, const char *path);
