/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What happens to a file that drifted: choosing the versions to put back, proving that they help,
 * and putting them in force. Decides and acts; recording and telling is the caller's. */

#include <stdbool.h>
#include <stddef.h>

#include "guard/permits.h"
#include "os/snapshot.h"
#include "policy/finding.h"
#include "world/verdict.h"
#include "world/world.h"

enum respond_outcome {
        RESPOND_DONE,
        RESPOND_NO_APPROVED,  /* no approved version helps */
        RESPOND_NEW_FINDINGS, /* putting it back would break another rule */
        RESPOND_SSHD_REFUSES, /* sshd -t refuses the candidate */
        RESPOND_CHANGED,      /* the file changed meanwhile: look again */
        RESPOND_FAILED,       /* the file could not be replaced; `reason` says why */
        RESPOND_LOCKS_OUT,    /* no administrator could log in any more; `reason` says who could */
        RESPOND_NOT_WRITABLE, /* a path this program never writes: secret, program, own policy */
        N_RESPOND_OUTCOMES
};

const char *respond_outcome_explain(enum respond_outcome outcome);

struct replaced_path {
        char *path;
        struct snapshot old; /* what was there */
};

struct respond_report {
        enum respond_outcome outcome;
        char *reason; /* details; may be NULL */
        char *remark; /* "sshd -t could not judge: …"; NULL if it accepted or was not needed */
        struct replaced_path *replaced; /* put back, also when a later one failed */
        size_t n_replaced;
        bool touched_sshd; /* sshd must read its configuration again */
        bool fell_back;    /* no edit helped, and a revert was tried in place of the repair */
};
void respond_report_done(struct respond_report *report);

/* What the caller must do with the old version before it is let go: keep it. A negative errno
 * leaves it on disk under its temporary name and is reported. */
enum respond_keep {
        RESPOND_KEEP_REPLACED, /* it is no longer in force */
        RESPOND_KEEP_FIRST,    /* it still is, and nothing was changed: `on_kept` tells the end, and
                                  a negative errno is it */
};
typedef int (*respond_keep_fn)(void *userdata, const char *path, const struct snapshot *old,
                               enum respond_keep how);

struct responder {
        struct world *world;
        struct verdicts *verdicts;
        const struct permits *permits; /* what they cover stays out of sets; NULL: none */
        bool is_dry_run;               /* audit: decide everything, write nothing */
        respond_keep_fn keep;
        /* After RESPOND_KEEP_FIRST: it was replaced or, with WHY_NOT, it was not. May be NULL. */
        void (*on_kept)(void *userdata, const char *why_not);
        void (*on_fallback)(void *userdata); /* from here on it is a revert; may be NULL */
        void *userdata;
};

/* Revert (RESPONSE_REVERT, RESPONSE_LOCK) or repair (RESPONSE_REPAIR) for one finding; PRESENT is
 * all that is wrong now. Returns 0 with *ret set, -ENOMEM, or what `keep` said where the old
 * version has to be kept first: then it is still in force. */
int respond_to(const struct responder *responder, const struct finding *finding,
               const struct findings *present, struct respond_report *ret);

/* Puts one version in force, for restore and approve: VERSION's content at PATH. */
int respond_put(const struct responder *responder, const char *path,
                const struct file_metadata *metadata, const char *data, size_t n_data,
                struct respond_report *ret);
