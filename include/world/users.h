/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The guarded part of every account: its home, ~/.ssh, each file that sshd would read for it, the
 * files that rules with ~ or %u speak of.
 *
 * A machine can have a hundred thousand accounts, so this is kept apart from the rest of the
 * guarded set: an account has a few short strings, is looked at as a whole and alone, and what it
 * costs does not depend on how many others there are. Of what was seen only a stamp is kept. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/account.h"
#include "os/credentials.h"
#include "os/looker.h"
#include "os/snapshot.h"
#include "policy/finding.h"
#include "policy/rule.h"
#include "sshd/user_files.h"
#include "world/guarded.h"
#include "world/ledger.h"
#include "world/user_rights.h"

enum user_role {
        USER_HOME,       /* the home directory: owner and mode */
        USER_SSH,        /* ~/.ssh, likewise */
        USER_DIRECTORY,  /* where new matches of a pattern begin */
        USER_KEYS,       /* AuthorizedKeysFile */
        USER_PRINCIPALS, /* AuthorizedPrincipalsFile */
        USER_TARGET,     /* what a key file that is approved as a link leads to */
        USER_SECRET,     /* ~/.google_authenticator: existence, owner and mode only */
        USER_OTHER,      /* a file rule speaks of it */
        N_USER_ROLES
};

struct user_file {
        char *path;
        enum user_role role;
        bool is_watched;
        bool is_adopted; /* it was there, or not, when the account was adopted */
        bool is_there;
        uint64_t stamp[2];     /* of what was seen last; zero: nothing yet */
        uint64_t missed_at_us; /* CLOCK_MONOTONIC: since when what was approved is gone; 0: not */
};

/* How the files that are there are watched, of an account or of all; one that several accounts
 * share is the first one's. */
struct user_coverage {
        size_t n_watched, n_polled, n_blind;
        bool is_counted; /* false: to be counted anew */
};

/* What its turns cost so far, for guard/dirty.h. */
struct turn_credit {
        uint64_t tag;
        uint64_t paid_us; /* CLOCK_MONOTONIC */
};

struct guarded_user {
        struct user_file *files; /* key files in the order sshd tries them */
        size_t n_files;
        char **targets; /* that were found to belong to it */
        size_t n_targets;
        struct findings findings; /* what is wrong with it now */
        struct ledger ledger;     /* and what was said of it */
        struct user_coverage coverage;
        uint64_t looked_at_us; /* CLOCK_MONOTONIC */
        struct turn_credit credit;
        bool is_recalled; /* its adoption was looked up */
        bool is_known;    /* it was adopted */
        bool is_stale;    /* to be judged anew whatever the stamps say */
        bool is_in_pass;
        bool is_put_off; /* of this pass: the rest of its findings is answered in another turn */
        bool is_polled;  /* some of its files send no events */
};

struct user_slot;

struct users {
        const struct accounts *accounts; /* borrowed: the world's */
        struct guarded_user *items;      /* as many as there are accounts, in their order */
        size_t n_items;
        struct user_slot *slots; /* path → user and file, open addressing */
        size_t n_slots, n_used;
        struct sshd_user_keyword keys, principals;
        char *derived_from; /* what the files of every account follow from; NULL: not known */
        struct user_coverage coverage; /* of all */
        const struct policy *policy;   /* borrowed; may be NULL */
        struct looker *looker;         /* borrowed: for patterns */
        bool can_assume;               /* we are root */
        struct user_rights rights;     /* of the account asked about last */
        size_t rights_of;              /* its position + 1; 0: none */
        /* a file that belongs to its account no longer; may be NULL */
        void (*on_file_left)(void *userdata, const struct user_file *file);
        void *userdata;
};

void users_init(struct users *users, struct looker *looker);
void users_done(struct users *users);

/* Forgets what was derived: the configuration, the policy or the accounts are others now. Accounts
 * that stayed the same keep what is known of them. CONFIG and POLICY may be NULL. ON_LEFT gets each
 * account that is gone, before it is freed, and may be NULL. Returns 0 or a negative errno, then
 * nothing changed. */
struct users_sources {
        const struct accounts *accounts;
        const struct accounts *before; /* whose positions the users have now; NULL: the same */
        const struct sshd_config *config;
        const struct policy *policy;
        void (*on_left)(void *userdata, struct guarded_user *user, const char *name);
        void *userdata;
};
int users_derive(struct users *users, const struct users_sources *sources);

/* Derives one account anew: patterns and links may lead elsewhere by now. Returns 1 if its files
 * are others than before, 0 if not, or a negative errno. */
int users_refresh(struct users *users, size_t i);

/* Adds a target of a link. Returns 1 if it is new, 0, or -ENOMEM. */
int users_add_target(struct users *users, size_t i, const char *path);

/* What PATH is to an account; NULL if it belongs to none. */
const struct guarded *users_get(const struct users *users, const char *path);

/* Calls FN for every account that PATH belongs to. */
void users_of_path(const struct users *users, const char *path,
                   void (*fn)(void *userdata, size_t i, struct user_file *file), void *userdata);

/* The first such account; false if there is none. */
bool users_first_of(const struct users *users, const char *path, size_t *ret_i,
                    const struct user_file **ret_file);

/* Calls FN for each of its files that is there and has no account before it. */
void users_each_own(const struct users *users, size_t i,
                    void (*fn)(void *userdata, const char *path), void *userdata);

/* Whose rights reach its files; NULL: ours. Stays until the next call. Returns 0 or -ENOMEM. */
int users_credentials(struct users *users, size_t i, const struct credentials **ret);

static inline const struct account *users_account(const struct users *users, size_t i) {
        return &users->accounts->items[i];
}

/* How a file of that role is looked at: snapshot flags. */
unsigned users_look_flags(enum user_role role);

/* Notes what was seen of a file; true if it is another than before. */
bool users_note_seen(struct user_file *file, const struct file_metadata *metadata);
bool users_has_moved(const struct user_file *file, const struct file_metadata *metadata);
