/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The manager's parts, shared by manager.c (life, events) and backend.c (what the control socket
 * asks). */

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "control/control.h"
#include "guard/dirty.h"
#include "guard/liveness.h"
#include "guard/manager.h"
#include "guard/notify.h"
#include "guard/permits.h"
#include "guard/read_ahead.h"
#include "guard/reconcile.h"
#include "guard/reread.h"
#include "guard/rollout.h"
#include "guard/sweep.h"
#include "guard/unconfirmed.h"
#include "os/units.h"
#include "os/watch.h"
#include "world/cross_check.h"
#include "world/verdict.h"
#include "world/world.h"

enum {
        MANAGER_TURN_US = 10 * 1000, /* an account's, or a full pass's: who is next waits so long */
        MANAGER_ANSWER_US = 500 * 1000, /* what is not an account's is answered so long at once */
};

struct manager {
        const struct invocation *invocation;
        struct world world;
        struct store *emergency; /* approved versions once more; NULL: cannot be kept */
        struct verdicts *verdicts;
        struct reconciler reconciler;
        struct rollout rollout; /* of the policy in force */
        struct permits permits;
        struct unconfirmed unconfirmed;
        bool undo_is_stuck; /* that one cannot be undone was said */
        struct dirty_set dirty;
        struct sweep sweep;
        struct watch *watch;
        struct cross_check *cross_check;
        bool cross_check_is_blind; /* that sshd cannot be asked was said */
        uint64_t n_sshd_judged;    /* of the reconciler's, when it was looked at last */
        struct reread reread;
        char *pid_path;    /* sshd's PidFile; NULL: none is known */
        bool pid_is_dirty; /* look at it again */
        bool pid_is_blind; /* that there is none was said */
        sd_event_source *reread_timer;
        struct reloads reloads;
        struct units *inquiry; /* asks systemd what it has loaded */
        sd_event_source *inquiry_timer;
        uint32_t sshd_pid;         /* the main process of sshd's unit; 0: none */
        uint32_t restarted_pid;    /* 0: sshd was not restarted */
        uint64_t n_unit_loaded;    /* of the reconciler's, when it was looked at last */
        struct notifier *notifier; /* NULL as UNITS is */
        struct units *units;       /* NULL with --root, or without a system bus */
        struct control *control;
        struct map writing;                 /* path → itself: somebody has it open for writing */
        struct map watched;                 /* path → itself: what the watcher was given */
        bool is_limited;                    /* it was told that max_user_watches is reached */
        enum dirty_source watch_speaks_for; /* what its callbacks come from */

        unsigned turn_sources;  /* who asked for the turn that goes on */
        uint64_t turn_ended_us; /* CLOCK_MONOTONIC */
        size_t users_at_once;   /* accounts in the next slice of a full pass */

        size_t users_next;     /* where the full pass goes on among the accounts, round and round */
        size_t users_left;     /* accounts it has still to look at */
        size_t users_swept;    /* where the sweep does */
        size_t users_to_sweep; /* in the turn that goes on; all, after events were lost */
        uint64_t sweep_cost_us; /* of that, so far */
        uint64_t sweep_due_us;  /* CLOCK_MONOTONIC; its timer comes more often */
        bool is_adding_watches;
        bool is_dispatching;          /* events: the turn is scheduled once, behind them */
        struct read_ahead read_ahead; /* of the first full pass */
        char **left_paths;            /* that belong to an account no longer */
        size_t n_left_paths;
        struct accounts_query *query; /* NSS is being asked; NULL: it is not */
        bool query_again;

        char *canary_path; /* NULL with --root */
        struct liveness liveness;
        int64_t canary_came_at_us;

        sd_event *event;
        sd_event_source *watch_source, *turn_source, *heartbeat_source, *expiry_source,
                *sweep_source, *mounts_source, *idle_source, *confirm_source;

        int64_t started_at_us, policy_loaded_at_us;
        char *policy_problem; /* why the last reload was refused; NULL: it was not */
        bool is_stopping;

        int64_t pass_began_at_us;                        /* of the one going on */
        int64_t last_pass_began_at_us, pass_ended_at_us; /* of the last one that ended */
        bool pass_is_running;
        uint64_t pass_marked_us; /* CLOCK_MONOTONIC: what was marked first later is not of it */
        unsigned n_turns;
        size_t pass_n_total, pass_n_done;

        struct gap *gaps; /* the newest few, for status */
        size_t n_gaps;
        uint64_t n_looks, n_incidents, n_responses;

        const char **index; /* for the control socket: guarded paths in byte order */
        size_t n_index;
        struct {
                size_t user, n_before;
        } listed; /* the account whose findings were listed last, and how many were before them */
        struct approved_version
                shown; /* what the last file shown was approved as; borrowed parts */
};

/* From now on those who called Monitor hear what happens. */
void manager_start_telling(struct manager *manager);

/* Loads the policy anew; on failure the one in force stays, *reterr (may be NULL) has the
 * complaints. Returns 0 or a negative errno. */
int manager_load_policy(struct manager *manager, struct diagnostics *reterr);

/* What was just loaded by request of an administrator is the approved version of our own policy: a
 * change that nobody asked to load is drift. Returns 0 or a negative errno. */
int manager_approve_policy(struct manager *manager);

/* Marks one path, or everything, to be looked at. Return 0 or -ENOMEM. */
int manager_mark(struct manager *manager, const char *path);
int manager_mark_path(struct manager *manager, const char *path, enum dirty_source source,
                      bool is_being_written);
int manager_start_full_pass(struct manager *manager);

/* The self-test of events, at each heartbeat. */
int manager_start_canary(struct manager *manager);
/* Something was due at DUE_US (CLOCK_MONOTONIC): much later than that nobody looked meanwhile,
 * which is a gap, and all is looked at. */
void manager_note_lateness(struct manager *manager, uint64_t due_us);
void manager_beat_canary(struct manager *manager);

/* Keeps and takes away what a killed daemon left of a replacement. Returns 0 or -ENOMEM. */
int manager_clear_leftovers(struct manager *manager);

/* Reads the newest gaps anew, for status. */
void manager_read_gaps(struct manager *manager);

/* Wakes the loop when the next permit ends. */
void manager_schedule_expiry(struct manager *manager);

/* Reconciles the paths that are due, a slice of them. */
int manager_take_turn(struct manager *manager);
/* Prepares what is to stand by, once there is nothing else to do. */
int manager_start_idling(struct manager *manager);
void manager_schedule_idle(struct manager *manager);

/* Wakes the loop when the next path is due. */
void manager_schedule_turn(struct manager *manager);
uint64_t manager_now_us(void); /* CLOCK_MONOTONIC */
uint64_t manager_cpu_us(void); /* processor time so far */

/* The sshd that runs: what it is asked, and what it has read. The second one is called after each
 * turn, and when its PidFile may be another one. */
int manager_start_running(struct manager *manager);
void manager_after_turn(struct manager *manager);
void manager_stop_running(struct manager *manager);

/* The unit that systemd has loaded, and the command line of the sshd that runs: asked some time
 * after the unit's files or the process changed. */
int manager_start_inquiry(struct manager *manager);
int manager_approve(void *userdata, const struct control_approval *approval,
                    struct control_refusal *refusal);

/* A run of the package manager: what control's methods ask for, and what happens at the end of a
 * lease. */
int manager_begin_packages(void *userdata, const struct control_allowance *allowance,
                           struct control_refusal *refusal);
int manager_end_packages(void *userdata, int64_t *ret_n, struct control_refusal *refusal);
void manager_renew_packages(struct manager *manager);

void manager_ask_about_unit(struct manager *manager);
/* Looks for servers of ssh beside the unit's; judges, when systemd was just asked. */
void manager_look_for_other_servers(struct manager *manager);
void manager_judge_other_servers(struct manager *manager);
void manager_stop_inquiry(struct manager *manager);

/* Tells sshd to read its configuration again. */
void manager_reload_sshd(void *userdata);

/* Inotify, the sweep and the table of mounts on the event loop. Returns 0 or a negative errno. */
int manager_start_watching(struct manager *manager);
/* Watches what joined the guarded set, and no longer what left it. */
void manager_on_set_changed(void *userdata);

/* ---- accounts (manager_users.c) ---- */

/* Hooks into the reconciler and the baseline. Returns 0 or a negative errno. */
int manager_start_users(struct manager *manager);
void manager_on_user_changed(void *userdata, size_t i);
void manager_count_users(struct manager *manager); /* how their files are watched */
void manager_on_file_left(void *userdata, const struct user_file *file);
void manager_on_accounts_stale(void *userdata);

/* As manager_mark_path(), with a rest between two looks at one account. */
int manager_mark_user_path(struct manager *manager, const char *path, enum dirty_source source,
                           bool is_being_written);
/* A turn that cost so much was PATH's. */
void manager_looked_at(struct manager *manager, const char *path, uint64_t cost_us);

/* The accounts' part of a full pass: true while there is more, and the next slice of it. */
bool manager_has_users_left(const struct manager *manager);
int manager_take_users(struct manager *manager);
/* Compares some accounts with what was seen of them, in slices: users_to_sweep of them are left. */
int manager_start_sweep_of_users(struct manager *manager);
int manager_sweep_users(struct manager *manager);

/* For the control socket (backend_keys.c, backend_access.c). */
int manager_list_keys(void *userdata, const struct control_key_query *query, size_t *ret_next);

int manager_list_access(void *userdata, const struct control_access_query *query, size_t *ret_next,
                        struct control_refusal *refusal);

/* How PATH is watched, an account's file by its directory too. */
unsigned manager_coverage(const struct manager *manager, const char *path);

/* The approved version of a path, "absent" where there is none. Returns 0 or a negative errno. */
int manager_approved_version(struct manager *manager, const char *path,
                             struct control_version *ret);
/* What an incident left in force and what it replaced; an enum control_result, or a negative errno.
 */
int manager_incident_versions(struct manager *manager, int64_t id, struct control_versions *ret);

/* The index of guarded paths borrows them from the set; dropped whenever that changes. */
void manager_drop_index(struct manager *manager);

/* Fills in what the control server may ask. */
void manager_fill_backend(struct manager *manager, struct control_backend *ret);
void manager_fill_actions(struct control_backend *ret);
/* Lets those connect whom the configuration lists: after the socket, the policy or the accounts
 * are new. Nothing before there is a socket. */
void manager_admit_listed(struct manager *manager);
void manager_fill_edit(struct control_backend *ret);
void manager_fill_confirm(struct control_backend *ret);
void manager_fill_draft(struct control_backend *ret);
void manager_fill_decide(struct control_backend *ret);
void manager_fill_rollout(struct control_backend *ret);

/* ---- edits that undo themselves (confirm.c) ---- */

/* Reads those that wait from the store. Returns 0 or a negative errno. */
int manager_load_trials(struct manager *manager);
/* Undoes what is due, and has the others undone in time: before the first look at everything, which
 * would take what is half undone for drift. Returns 0 or a negative errno. */
int manager_start_trials(struct manager *manager);

/* Keeps what is at a path before PROPOSAL replaces it, so that it comes back by itself; tells of it
 * once it was replaced; or lets go of it where it was not. The first one returns CONTROL_DONE,
 * CONTROL_REFUSED, or a negative errno. */
int manager_begin_trial(struct manager *manager, const struct control_proposal *proposal,
                        const struct snapshot *now, bool is_excepted,
                        struct control_refusal *refusal);
void manager_tell_trial(struct manager *manager, const struct control_proposal *proposal);
void manager_drop_trial(struct manager *manager, const char *path);

/* CONTROL_REFUSED while an edit of PATH waits to be confirmed: what would come back otherwise? */
int manager_refuse_unconfirmed(struct manager *manager, const char *path,
                               struct control_refusal *refusal);

/* ---- what actions share (actions.c) ---- */

/* CONTROL_REFUSED with REASON, or -ENOMEM. */
int manager_refuse(struct control_refusal *refusal, const char *reason);

/* Puts VERSION in force at PATH and keeps what was there as DEED says; sshd is told where that
 * concerns it. Judges nothing. An enum control_result, or a negative errno. */
int manager_put(struct manager *manager, const struct record_deed *deed, const char *path,
                const struct replace_version *version, struct control_refusal *refusal);

/* CONTROL_REFUSED if PATH as CANDIDATE has it would lock the administrators out; CONTROL_DONE if it
 * may be written, or a negative errno. */
int manager_keep_admins(struct manager *manager, struct view *candidate, const char *path,
                        struct control_refusal *refusal);

/* Everything that rules say of the tree as VIEW has it and that a version of PATH can change, but
 * for what its approval settles. */
int manager_assess(struct manager *manager, struct view *view, const char *path,
                   struct findings *ret);

/* True if an administrator accepts each of them by EXCEPTION. */
bool manager_excepts_all(const struct control_exception *exception,
                         const struct findings *findings);

/* Records the exception. An enum control_result, or a negative errno. */
int manager_grant_exception(struct manager *manager, const struct control_peer *peer,
                            const struct control_exception *exception, const char *path,
                            const char *reason, struct control_refusal *refusal);
