/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Recording and telling: one incident in the store, one structured entry in the journal, one event
 * for those who listen. */

#include <stdbool.h>
#include <stdint.h>

#include "guard/contest.h"
#include "os/store.h"
#include "policy/finding.h"
#include "world/ledger.h"
#include "world/world.h"

struct recorder {
        struct world *world;
        const char *noticed_by;    /* "event", "sweep" …; NULL: nothing made us look */
        struct contests *contests; /* who fights with us; NULL: each incident is told */
        /* called for each incident recorded; may be NULL */
        void (*on_incident)(void *userdata, const struct incident *incident);
        /* called for each finding that is open from now on, or no longer; may be NULL */
        void (*on_finding)(void *userdata, const struct open_finding *finding, bool is_open);
        void *userdata;
};

struct record {
        const char *message_id;
        const struct finding *finding; /* what it is about */
        const char *path;              /* NULL: the finding's */
        const char *action;            /* "reverted", "alerted", "would revert" … */
        const char *outcome;           /* why it could not be done; NULL if it was */
        bool is_drift; /* a file is, or was, another than its approved version: say what it gave */
        const struct snapshot *quarantined; /* the version that was there; NULL: nothing is kept */
};

/* Writes the incident, then the journal entry. *ret_id is the incident's number, 0 if the store
 * could not take it (the journal says so, and the entry is sent all the same). Returns 0 or a
 * negative errno of the store.
 *
 * Of a contested path only what was not seen before is written, and what the summaries tell is not
 * told: *ret_id may then be 0 too. */
int record_incident(const struct recorder *recorder, const struct record *record, int64_t *ret_id);

/* What has to be kept before it is replaced, since nothing can be exchanged there (FUSE): until it
 * is known how that ended the incident says that it goes on ("reverting"), and nobody is told. */
struct record_begun {
        int64_t id; /* 0: of a contested path, and nothing was written */
        enum contest_verdict verdict;
};
int record_begin(const struct recorder *recorder, const struct record *record,
                 struct record_begun *ret);
/* It was replaced, which is told now; or, with WHY_NOT, it was not, and the incident says that it
 * was kept, and why. */
void record_end(const struct recorder *recorder, const struct record_begun *begun,
                const char *why_not);
/* Ends what an earlier process began: it was replaced if it is as approved. Returns 0 or a negative
 * errno. */
int record_end_left(const struct recorder *recorder);

/* The same of what an administrator asked for: what was at PATH is no longer there or, with
 * RET_BEGUN, will no longer be. */
struct record_deed {
        const char *message_id, *rule_id, *action, *message;
        enum severity severity;
};
int record_deed(const struct recorder *recorder, const struct record_deed *deed, const char *path,
                const struct snapshot *old, struct record_begun *ret_begun);

/* Tells of contested paths what was not told one by one, and forgets what is over. Returns 0 or
 * -ENOMEM. */
int record_summaries(const struct recorder *recorder);

/* A journal entry about a finding without an incident of its own (it is resolved, say). */
void record_alert(const struct recorder *recorder, const struct record *record, int priority,
                  int64_t incident_id);

/* Tells who listens that a finding is open from now on, or no longer. NULL: nothing. */
void record_finding(const struct recorder *recorder, const struct open_finding *finding,
                    bool is_open);

/* A journal entry about the program itself. */
void record_notice(const char *message_id, int priority, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/* The same about a path, which the entry carries as SSHGUARDD_PATH. */
void record_notice_at(const char *path, const char *message_id, int priority, const char *format,
                      ...) __attribute__((format(printf, 4, 5)));

/* Tells which programs became another release, by the RELEASES_ bits of releases_look(). */
void record_releases(const struct world *world, int changed);

int64_t record_now_us(void);
uint64_t record_monotonic_us(void); /* CLOCK_MONOTONIC */

/* From now on LISTENER hears each notice that the journal gets; NULL: nobody does. */
void record_tell_notices(void (*listener)(void *userdata, const char *message_id,
                                          const char *message),
                         void *userdata);
