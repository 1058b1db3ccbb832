/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* One pass of the reconciler, shared by reconcile.c (look, judge, respond, record), drift.c and
 * adopt.c. */

#include "guard/reconcile.h"

/* What the tree as it is means, compared with the approved one. */
enum meaning { MEANING_UNKNOWN, MEANING_SAME, MEANING_OTHER, N_MEANINGS };

struct pass {
        struct reconciler *reconciler;
        char **paths; /* looked at in this pass: the dirty ones, and what joined because of them */
        size_t n_paths;
        size_t n_joined;       /* of these, how many are new in the guarded set */
        struct findings tried; /* responses that did not succeed: not tried twice */
        bool touched_sshd;
        bool access_is_stale; /* sshd's configuration or PAM was judged anew: who gets in may differ
                               */
        bool admins_are_stale;     /* as above, for the administrators
                                    */
        bool set_is_stale;         /* a response made a path come or go */
        uint64_t began_us;         /* CLOCK_MONOTONIC */
        uint64_t answers_since_us; /* the same; 0: none was given yet */
        bool is_put_off;           /* there was no time to answer all: another pass does */
        size_t *users;             /* positions of the accounts looked at in this pass */
        size_t n_users;
        enum meaning sshd_meaning, pam_meaning; /* asked for at most once */
};

void pass_done(struct pass *pass);

/* Add a path, or every guarded one, to what is looked at. Return 0 or -ENOMEM. */
int pass_add(struct pass *pass, const char *path);
int pass_add_all(struct pass *pass);

/* ---- look (pass_look.c) ---- */

/* Forgets what was known of the dirty paths and loads again what of sshd's depends on them. */
int pass_look_again(struct pass *pass);
/* Load again what is stale: what follows from sshd's configuration (the accounts' files, the PAM
 * services), or all of it. Return 1 if the guarded set must be derived anew, 0, or a negative
 * errno. */
int pass_load_dependents(struct reconciler *reconciler);
int pass_load_again(struct reconciler *reconciler);
/* Derives the guarded set anew; what comes and goes is looked at in this pass. Where a file came
 * after sshd's configuration, its unit or the stacks were read, they are read again first, and are
 * stale. Returns 0 or a negative errno. */
int pass_rederive_set(struct pass *pass);

/* Answers what asks for a response, and judges anew (answer.c). */
int pass_respond(struct pass *pass);
/* Whether the finding's answer was put off, and it is told with that. */
bool pass_has_put_off(const struct pass *pass, const struct finding *finding);

/* Judges the pass's paths, and sshd's configuration where it is stale. */
int pass_judge(struct pass *pass);
/* If PATH is another than at the last look, a permit with a number of uses pays for it. */
int pass_charge_permit(struct reconciler *reconciler, const char *path);

/* All that is wrong now, copied. */
int reconciler_collect(const struct reconciler *reconciler, struct findings *ret);

bool pass_has_finding_at(const struct findings *findings, const char *path);

/* Adds a finding for each guarded path that drifted and has none in PRESENT, or accepts it. */
int pass_note_drift(struct pass *pass, const struct findings *present, struct findings *unapproved);

/* The same of one path; PRESENT is what is known of it. */
int pass_note_drift_at(struct pass *pass, const char *path, const struct findings *present,
                       struct findings *unapproved);

/* Tells of such a finding in LEDGER, unless the file settles still: then it is looked at once more
 * when that is over. */
int pass_open_drift(struct pass *pass, struct ledger *ledger, const struct finding *finding);

/* For how many microseconds what came to PATH may still become something else (settling.c); 0: it
 * is told now; or a negative errno. */
int64_t pass_time_to_settle(struct pass *pass, const char *path);
void settling_done(struct settling *settling);

/* Adopts what joined the guarded set in this pass. */
int pass_adopt_joined(struct pass *pass);

/* Makes what is at PATH its approved version, unless PRESENT has something against it. */
int pass_adopt_path(struct pass *pass, const char *path, const struct findings *present,
                    bool *ret_adopted);

/* True while sshd's configuration is not the approved one: then nothing that it names is adopted,
 * for the drift may be what brought it in. */
bool pass_sshd_has_drifted(const struct pass *pass);

/* ---- accounts (pass_users.c) ---- */

/* Add an account, or every account that PATH belongs to. Return 0 or -ENOMEM. */
int pass_add_user(struct pass *pass, size_t i);
int pass_add_users_of(struct pass *pass, const char *path);
void pass_leave_users(struct pass *pass);

/* Derives their files anew and forgets what was seen; judges those that are stale; records what
 * came and went; adopts what is new. Return 0 or a negative errno. */
int pass_look_at_users(struct pass *pass);
int pass_judge_users(struct pass *pass);
/* After sshd's configuration or PAM was judged anew: accounts whose access may be another. */
int pass_on_access_stale(struct pass *pass);
/* Whether an administrator still gets in, where that may have changed. */
int pass_judge_admins(struct pass *pass);
int pass_record_users(struct pass *pass);
int pass_adopt_users(struct pass *pass);

/* reconciler_collect() and what is wrong with the accounts of this pass that are not put off. */
int pass_collect(const struct pass *pass, struct findings *ret);

/* The ledger a finding belongs to: an account's own, or the one of all else. */
struct ledger *reconciler_ledger(struct reconciler *reconciler, const struct finding *finding);

/* Opens the finding with an incident of its own, unless it is open already; in LEDGER, or in the
 * one that it belongs to. */
int reconciler_open(struct reconciler *reconciler, struct ledger *ledger,
                    const struct finding *finding, const char *action, const char *outcome);
int reconciler_open_own(struct reconciler *reconciler, const struct finding *finding,
                        const char *action, const char *outcome);
/* For ledger_close(); USERDATA is the reconciler. */
void reconciler_on_closed(void *userdata, const struct open_finding *closed);
