/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The one reconciler: dirty paths in, the tree put right and every transition recorded. Inotify,
 * the sweep, a poll, SIGHUP, an overflow and a restart all come through here. */

#include <stdbool.h>
#include <stddef.h>

#include "base/map.h"
#include "guard/permits.h"
#include "guard/record.h"
#include "guard/respond.h"
#include "world/ledger.h"
#include "world/verdict.h"
#include "world/world.h"

/* New files that are told when they stay. */
struct settling {
        struct map since; /* path → uint64_t, CLOCK_MONOTONIC: waited for in this window */
        uint64_t window_us;
};

/* So many passes in a row an answer may be put off (a slow server, many files) before what it is
 * about is told without. */
enum { PUT_OFF_MAX = 10 };

struct reconciler {
        struct world *world;
        struct verdicts *verdicts;
        struct recorder recorder;
        struct contests contests; /* the recorder's */
        struct map paid;          /* path → when a permit paid for a write that goes on */
        struct settling settling;
        struct map lifted; /* path → itself: whose lock we lifted, or have still to set */
        struct ledger ledger;
        struct findings sshd_findings; /* of the configuration as it is now */
        struct findings pam_findings;
        struct findings admin_findings; /* that none of them gets in */
        struct findings noted;          /* what no file says: reconciler_note() */
        struct map file_findings;       /* path → struct findings *, only where there are any */
        bool sshd_is_stale;      /* judge the configuration anew: policy or accounts changed */
        bool pam_is_stale;       /* the same of the PAM stacks */
        bool unit_is_stale;      /* read anew what sshd is started with */
        bool services_are_stale; /* ask anew which PAM services sshd asks for */
        uint64_t n_unit_loaded;  /* how often sshd's unit was read */
        uint64_t n_sshd_judged;  /* how often the configuration was judged */
        bool joined_wait;        /* paths joined the guarded set and were not adopted yet */
        bool accounts_are_established; /* the first adoption of all accounts is over */
        uint64_t turn_us; /* how long accounts are answered in one pass; 0: till all is answered */
        uint64_t answer_us;      /* the same of all else */
        unsigned n_put_off;      /* passes in a row that had no time to answer all */
        struct permits *permits; /* borrowed; NULL: none */
        /* what a pass asks of its owner; each may be NULL */
        void (*on_set_changed)(void *userdata);
        void (*on_sshd_changed)(void *userdata); /* sshd must read its configuration again */
        void (*on_permit_used)(void *userdata);  /* one may have ended */
        bool (*is_being_written)(void *userdata, const char *path); /* somebody has it open */
        void (*on_changed_again)(void *userdata, const char *path); /* look once more */
        void (*on_unsettled)(void *userdata, const char *path, uint64_t in_us); /* and when */
        void (*on_turn_over)(void *userdata, const char *path); /* the same, there was no time */
        void (*on_access_stale)(void *userdata);                /* judge every account again */
        void (*on_accounts_stale)(void *userdata); /* ask for them; NULL: asked for at once */
        void (*on_user_changed)(void *userdata, size_t i); /* its files may be others */
        void *userdata;
};

/* Embedded; WORLD and VERDICTS are borrowed. */
void reconciler_init(struct reconciler *reconciler, struct world *world, struct verdicts *verdicts);
void reconciler_done(struct reconciler *reconciler);

/* The policy was replaced: findings, which borrow from it, are forgotten and judged anew. */
void reconciler_forget(struct reconciler *reconciler);

/* Looks at PATHS again and does what follows. Returns 0 or a negative errno (out of memory, the
 * store): what was not done is done by the next pass. */
int reconcile_paths(struct reconciler *reconciler, char *const *paths, size_t n_paths);

/* Makes FINDING (taken over, may be NULL: none) the one of its own rule RULE_ID: what the daemon
 * found out beside the files, about the sshd that runs. Opens and closes it in the ledger like any
 * other. Returns 0 or a negative errno. */
int reconciler_note(struct reconciler *reconciler, const char *rule_id, struct finding *finding);
bool reconciler_has_noted(const struct reconciler *reconciler, const char *rule_id);

/* The same of N accounts from position FIRST on: a slice of a full pass. */
int reconcile_users(struct reconciler *reconciler, size_t first, size_t n);

/* Reads, or writes, that the first adoption of all accounts is over: from then on a new account is
 * worth a notice. Return 0 or a negative errno. */
int reconciler_recall_accounts(struct reconciler *reconciler);
int reconciler_establish_accounts(struct reconciler *reconciler);

/* For the world's on_user_left; USERDATA is the reconciler. */
void reconciler_user_left(void *userdata, struct guarded_user *user, const char *name);

/* First start: makes everything the approved version that wins no violated rule and breaks no file
 * rule. Returns the number of paths adopted, or a negative errno, then nothing was. */
int reconcile_adopt_all(struct reconciler *reconciler);
