/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What is believed at this moment: the policy in force, the accounts, sshd's release and
 * configuration, the guarded set, the view of the disk and the baseline. One value, owned by the
 * manager (or by --check), handed to whoever judges or responds. */

#include <stdint.h>

#include "access/shadow.h"
#include "base/account.h"
#include "os/root.h"
#include "os/store.h"
#include "pam/release.h"
#include "policy/rule.h"
#include "sshd/config.h"
#include "sshd/release.h"
#include "world/baseline.h"
#include "world/guarded.h"
#include "world/pam_stacks.h"
#include "world/releases.h"
#include "world/service_tree.h"
#include "world/standbys.h"
#include "world/users.h"
#include "world/view.h"

struct world {
        struct os_root root;
        const char *config_path; /* our own configuration file, inside the root */
        struct store *store;     /* NULL with --check where there is no state */
        struct baseline *baseline;
        struct standbys standbys; /* of the baseline */
        struct view *view;
        struct policy *policy;
        uint64_t generation; /* of the policy */
        struct accounts accounts;
        struct sshd_release release;
        bool has_release; /* false: no sshd found, the newest known release is assumed */
        struct pam_release pam_release;
        bool has_pam_release;            /* false: the tree has no libpam, pam rules say nothing */
        struct releases releases;        /* whether these two still hold */
        struct service_tree service;     /* what sshd is started with, as the view has it now */
        struct sshd_config *config;      /* the same, with what it reads then */
        struct sshd_config *good_config; /* the last one that sshd would take; NULL: none yet */
        struct pam_stacks pam;           /* as the view has them now */
        struct guarded_set set;
        uint64_t n_sets; /* how often it was derived */
        struct looker *looker;
        struct users users; /* the accounts' part of the set */
        struct shadows shadows;
        struct file_metadata shadows_stamp; /* of the file they were read from */
        bool has_shadows;                   /* false: not read yet, or cannot be */
        bool strict_modes; /* sshd's StrictModes: it ignores key files others could write */
        /* an account that is gone, while the accounts are loaded anew; may be NULL */
        void (*on_user_left)(void *userdata, struct guarded_user *user, const char *name);
        void *userdata;
};

/* Opens the root and the view, finds sshd's release. Returns 0 or a negative errno. */
int world_init(struct world *world, const char *root_path, const char *config_path,
               const char *release);
void world_done(struct world *world);

/* Each asks anew; on failure the old state stays. Return 0 (or what is said) or a negative errno.
 */
int world_load_accounts(struct world *world);
/* The same with what was asked for elsewhere; takes ACCOUNTS over. */
int world_set_accounts(struct world *world, struct accounts *accounts);
/* sshd's, through the view. Returns 1 if it reads or names other paths than before, so that the
 * guarded set must be derived anew. */
int world_load_config(struct world *world);
/* The two halves of it: what sshd would read now; and, unless it would refuse that, what follows
 * for the accounts' files. */
int world_read_config(struct world *world);
int world_adopt_config(struct world *world);
/* The PAM services, after sshd's configuration. Returns 1 if they read or load other paths than
 * before. */
int world_load_pam(struct world *world);
int world_derive_set(struct world *world);
/* The accounts' part: after the accounts, the policy, or the settings that name key files. */
int world_derive_users(struct world *world);
/* Tells the baseline which paths are accounts', and which of them were not there at adoption. */
void world_tell_baseline(struct world *world);
/* Lets go of what the view remembers of the account at position I. */
void world_forget_user(struct world *world, size_t i);

/* sshd's unit, through the view; before world_load_config(), whose answer it decides. Returns 1 if
 * it is read from other paths than before. */
int world_load_service(struct world *world);

/* What sshd would be started with as VIEW has it: the world's own unless VIEW is a candidate that
 * changes the unit, which is loaded into *STORAGE (zeroed before, service_tree_done() after). */
int world_view_service(const struct world *world, struct view *view, struct service_tree *storage,
                       const struct service_tree **ret);

/* Parses sshd's configuration as VIEW (the world's own, or a candidate) has it. */
int world_parse_config(const struct world *world, struct view *view, struct sshd_config **ret);

/* Reads the PAM services as VIEW has them, CONFIG being sshd's configuration of the same view; none
 * where the tree has no libpam. */
int world_parse_pam(const struct world *world, struct view *view, const struct sshd_config *config,
                    struct pam_stacks *ret);

/* A candidate view in which every path with an approved version is that version. */
int world_approved_view(const struct world *world, struct view **ret);

/* Tells the baseline the patterns of the approved configuration. */
int world_update_patterns(struct world *world);
