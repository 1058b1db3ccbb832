/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The running daemon: one event loop, one owner.
 *
 * Everything that can happen (an inotify event, a signal, a call on the control socket, the sweep)
 * only marks paths dirty; one deferred turn of the loop takes the due ones in a bounded slice and
 * reconciles them. READY is said after the first full pass, so sshd, which is ordered after this
 * unit, never starts on a configuration nobody has looked at. */

#include "manager.h"

#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "guard/emergency.h"
#include "guard/messages.h"
#include "guard/policy_load.h"
#include "os/accounts.h"
#include "os/journal.h"
#include "policy/parse.h"

enum {
        SLICE_PATHS = 64, /* of nobody's, looked at in one turn: an event never waits longer than
                             this takes */
        HEARTBEAT_US = 30 * 1000000, /* how exactly a gap's beginning is known after a SIGKILL */
        RETRY_US = 5 * 1000000,      /* after a pass that failed: a full disk may have room again */
        GAPS_SHOWN = 5,              /* in status */
        USER_AGAIN_US = 200 * 1000,  /* who changes his own file all the time waits a little */
        READY_PATIENCE_US = 10 * 1000000, /* sshd waits this long for very many accounts to be
                                             looked at; the rest follows */
};

static const char last_seen_name[] = "last-seen";
static const char control_group[] = "sshguardd";

uint64_t manager_now_us(void) {
        return record_monotonic_us();
}

uint64_t manager_cpu_us(void) {
        struct timespec now;

        (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
        return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* ---- marking, and the turn that follows ---- */

void manager_schedule_turn(struct manager *manager) {
        uint64_t next = dirty_next(&manager->dirty);

        if (!manager->turn_source || manager->is_dispatching)
                return;
        if (manager_has_users_left(manager))
                next = 0;
        if (next == DIRTY_NEVER) {
                (void)sd_event_source_set_enabled(manager->turn_source, SD_EVENT_OFF);
                return;
        }
        (void)sd_event_source_set_time(manager->turn_source, next);
        (void)sd_event_source_set_enabled(manager->turn_source, SD_EVENT_ONESHOT);
}

int manager_mark_path(struct manager *manager, const char *path, enum dirty_source source,
                      bool is_being_written) {
        int r = dirty_mark(&manager->dirty, path, source, is_being_written, manager_now_us());

        if (r == 0)
                manager_schedule_turn(manager);
        return r;
}

int manager_mark(struct manager *manager, const char *path) {
        return manager_mark_path(manager, path, DIRTY_BY_EVENT, false);
}

struct marking {
        struct manager *manager;
        int error;
};

static void mark_guarded(const char *path, void *value, void *userdata) {
        struct marking *marking = userdata;

        (void)value;
        if (marking->error == 0)
                marking->error = manager_mark_path(marking->manager, path, DIRTY_BY_PASS, false);
}

int manager_start_full_pass(struct manager *manager) {
        struct marking marking = { manager, 0 };

        view_forget_all(manager->world.view);
        manager->reconciler.unit_is_stale = true;
        manager->reconciler.sshd_is_stale = manager->reconciler.pam_is_stale = true;
        map_each(&manager->world.set.paths, mark_guarded, &marking);
        for (size_t i = 0; i < manager->world.set.n_directories && marking.error == 0; i++)
                marking.error = manager_mark_path(manager, manager->world.set.directories[i],
                                                  DIRTY_BY_PASS, false);
        manager->pass_is_running = true;
        manager->pass_began_at_us = record_now_us();
        manager->pass_marked_us = manager_now_us();
        manager->users_left = manager->world.users.n_items;
        manager->pass_n_total = manager->dirty.paths.n + manager->world.users.n_items;
        manager->pass_n_done = 0;
        return marking.error;
}

static void end_full_pass(struct manager *manager) {
        manager->pass_is_running = false;
        read_ahead_stop(&manager->read_ahead);
        manager->last_pass_began_at_us = manager->pass_began_at_us;
        manager->pass_ended_at_us = record_now_us();
        manager_look_for_other_servers(manager);
        if (reconciler_establish_accounts(&manager->reconciler) < 0)
                record_notice(NULL, LOG_ERR, "the adoption of accounts could not be noted");
        if (manager->control)
                control_pass_ended(manager->control);
}

/* After a slice that ended with R. */
static int note_progress(struct manager *manager, int r) {
        if (r < 0)
                record_notice(NULL, LOG_ERR, "a pass could not be finished: %s", strerror(-r));
        if (manager->pass_is_running) {
                if (manager->control)
                        control_pass_progressed(manager->control, manager->pass_n_done,
                                                manager->pass_n_total);
                if (!manager_has_users_left(manager) &&
                    !dirty_has_left(&manager->dirty, DIRTY_BY_PASS, manager->pass_marked_us))
                        end_full_pass(manager);
        }
        return r;
}

static void note_sources(struct manager *manager, unsigned sources) {
        manager->turn_sources = sources;
        manager->reconciler.recorder.noticed_by = dirty_sources_name(sources);
}

int manager_take_turn(struct manager *manager) {
        CLEANUP(dirty_slice_done) struct dirty_slice slice = { 0 };
        uint64_t cost_us;
        bool is_turn_of_pass =
                manager_has_users_left(manager) && ++manager->n_turns % DIRTY_PASS_TURN == 0;
        int r = is_turn_of_pass
                        ? 0
                        : dirty_take(&manager->dirty, manager_now_us(), SLICE_PATHS, &slice);

        if (r < 0)
                return r;
        if (slice.n_paths == 0) {
                note_sources(manager, DIRTY_BY_PASS);
                r = manager_has_users_left(manager) ? manager_take_users(manager) : 0;
                return note_progress(manager, r);
        }
        note_sources(manager, slice.sources);
        cost_us = manager_cpu_us(); /* who waits for a slow disk is not to wait twice */
        for (size_t i = 0; i < slice.n_paths; i++)
                (void)watch_take(manager->watch, slice.paths[i]);
        r = reconcile_paths(&manager->reconciler, slice.paths, slice.n_paths);
        manager->n_looks += slice.n_paths;
        manager->turn_ended_us = manager_now_us();
        cost_us = manager_cpu_us() - cost_us;
        if (cost_us > MANAGER_TURN_US) /* it paid for what others had made stale */
                cost_us = MANAGER_TURN_US;
        for (size_t i = 0; i < slice.n_paths; i++) {
                (void)watch_refresh(manager->watch, slice.paths[i]);
                manager_looked_at(manager, slice.paths[i], cost_us);
                if (r < 0)
                        (void)dirty_defer(&manager->dirty, slice.paths[i], DIRTY_BY_PASS,
                                          manager->turn_ended_us + RETRY_US);
        }
        manager->pass_n_done += slice.n_paths;
        r = note_progress(manager, r);
        manager_after_turn(manager);
        manager_schedule_idle(manager);
        return r;
}

/* One at a time, and behind whatever else there is: an event does not wait for a disk. */
static int on_idle(sd_event_source *source, void *userdata) {
        struct world *world = &((struct manager *)userdata)->world;
        bool may_be_more =
                world->policy->mode != MODE_AUDIT &&
                standbys_prepare_next(&world->standbys, &world->root, &world->set, world->baseline);

        (void)sd_event_source_set_enabled(source, may_be_more ? SD_EVENT_ON : SD_EVENT_OFF);
        return 0;
}

int manager_start_idling(struct manager *manager) {
        int r = sd_event_add_defer(manager->event, &manager->idle_source, on_idle, manager);

        standbys_init(&manager->world.standbys, manager->invocation->state_path);
        if (r >= 0)
                r = sd_event_source_set_priority(manager->idle_source, SD_EVENT_PRIORITY_IDLE);
        if (r >= 0)
                r = sd_event_source_set_enabled(manager->idle_source, SD_EVENT_ON);
        return r < 0 ? r : 0;
}

void manager_schedule_idle(struct manager *manager) {
        if (manager->idle_source)
                (void)sd_event_source_set_enabled(manager->idle_source, SD_EVENT_ON);
}

static int on_turn(sd_event_source *source, uint64_t now_us, void *userdata) {
        struct manager *manager = userdata;

        (void)source;
        (void)now_us;
        (void)manager_take_turn(manager);
        manager_schedule_turn(manager);
        return 0;
}

/* ---- what the reconciler tells ---- */

static void on_changed_again(void *userdata, const char *path) {
        struct manager *manager = userdata;

        if (users_get(&manager->world.users, path))
                (void)dirty_defer(&manager->dirty, path, manager->turn_sources,
                                  manager_now_us() + USER_AGAIN_US);
        else
                (void)manager_mark(manager, path);
}

static void on_unsettled(void *userdata, const char *path, uint64_t in_us) {
        struct manager *manager = userdata;

        (void)dirty_defer(&manager->dirty, path, manager->turn_sources, manager_now_us() + in_us);
}

static void on_turn_over(void *userdata, const char *path) {
        struct manager *manager = userdata;

        (void)dirty_mark(&manager->dirty, path, manager->turn_sources, false, manager_now_us());
        manager_schedule_turn(manager);
}

/* ---- permits ---- */

static void on_permit_ended(void *userdata, const struct permit *permit) {
        static const char *const kinds[N_PERMIT_KINDS] = {
                [PERMIT_CHANGE] = "permit",
                [PERMIT_PAUSE] = "pause",
                [PERMIT_EXCEPTION] = "exception",
                [PERMIT_UNLOCK] = "unlock",
                [PERMIT_PACKAGES] = "run of the package manager",
        };

        (void)userdata;
        record_notice_at(permit->path, MESSAGE_PERMIT, LOG_NOTICE,
                         "the %s %s%s%sby uid %u ended: %s", kinds[permit->kind],
                         permit->path ? "for " : "", permit->path ? permit->path : "",
                         permit->path ? " " : "", permit->by, permit->reason);
}

static void on_permit_used(void *userdata) {
        manager_schedule_expiry(userdata);
}

static bool is_being_written(void *userdata, const char *path) {
        const struct manager *manager = userdata;

        return map_get(&manager->writing, path) != NULL;
}

static int on_expiry(sd_event_source *source, uint64_t now_us, void *userdata) {
        struct manager *manager = userdata;
        int n_ended;

        (void)now_us;
        manager_renew_packages(manager);
        n_ended = permits_expire(&manager->permits, record_now_us(), on_permit_ended, NULL);
        if (n_ended < 0)
                record_notice(NULL, LOG_ERR, "permits could not be ended: %s", strerror(-n_ended));
        if (n_ended > 0)
                (void)manager_start_full_pass(manager);
        manager_schedule_expiry(manager);
        if (n_ended < 0 && permits_next_end(&manager->permits) <= record_now_us())
                (void)sd_event_source_set_time(source, (uint64_t)record_now_us() + RETRY_US);
        return 0;
}

void manager_schedule_expiry(struct manager *manager) {
        int64_t next = permits_next_end(&manager->permits);

        if (!manager->expiry_source)
                return;
        if (next == PERMITS_NEVER) {
                (void)sd_event_source_set_enabled(manager->expiry_source, SD_EVENT_OFF);
                return;
        }
        (void)sd_event_source_set_time(manager->expiry_source, (uint64_t)next);
        (void)sd_event_source_set_enabled(manager->expiry_source, SD_EVENT_ONESHOT);
}

/* ---- start ---- */

static void on_damaged_version(void *userdata, const char *path) {
        (void)userdata;
        record_notice(MESSAGE_STORE_DAMAGED, LOG_CRIT,
                      "%s: the approved version in the database is damaged and was left out", path);
}

/* The time since somebody was last here is a gap. */
static int note_gap(struct manager *manager) {
        struct store *store = manager->world.store;
        CLEANUP_FREE char *last_seen = NULL;
        struct gap gap = { .until_us = record_now_us() };
        int r = store_get_value(store, last_seen_name, &last_seen);

        if (r == -ENOENT)
                return 0;
        if (r < 0)
                return r;
        gap.from_us = strtoll(last_seen, NULL, 10);
        gap.reason = BORROWED("the daemon was not running");
        if (gap.from_us >= gap.until_us)
                gap.from_us = gap.until_us; /* the clock was set back meanwhile */
        r = store_add_gap(store, &gap);
        record_notice(MESSAGE_GAP, LOG_NOTICE,
                      "nobody watched for %" PRId64 " s; what changed meanwhile is looked at now",
                      (gap.until_us - gap.from_us) / 1000000);
        return r;
}

static int heartbeat(struct manager *manager) {
        char now[24];

        (void)snprintf(now, sizeof now, "%" PRId64, record_now_us());
        return store_set_value(manager->world.store, last_seen_name, now);
}

void manager_read_gaps(struct manager *manager) {
        struct gap *gaps = NULL;
        size_t n_gaps = 0;

        if (store_list_gaps(manager->world.store, GAPS_SHOWN, &gaps, &n_gaps) < 0)
                return;
        gaps_free(manager->gaps, manager->n_gaps);
        manager->gaps = gaps;
        manager->n_gaps = n_gaps;
}

static void update_emergency_copy(struct manager *manager) {
        emergency_update(manager->world.store, manager->emergency);
        baseline_set_copy(manager->world.baseline, manager->emergency);
}

static int on_heartbeat(sd_event_source *source, uint64_t now_us, void *userdata) {
        struct manager *manager = userdata;

        (void)heartbeat(manager);
        (void)record_summaries(&manager->reconciler.recorder);
        manager_beat_canary(manager);
        manager_look_for_other_servers(manager);
        if (baseline_copy_is_stale(manager->world.baseline))
                update_emergency_copy(manager);
        (void)sd_event_source_set_time(source, now_us + HEARTBEAT_US);
        return 0;
}

static int on_stop(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata) {
        struct manager *manager = userdata;

        (void)info;
        manager->is_stopping = true;
        return sd_event_exit(sd_event_source_get_event(source), EXIT_SUCCESS);
}

static int on_hangup(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata) {
        struct manager *manager = userdata;
        uint64_t now_us = 0;

        (void)source;
        (void)info;
        /* Type=notify-reload takes a READY=1 only if it is later than this */
        (void)sd_event_now(manager->event, CLOCK_MONOTONIC, &now_us);
        (void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, now_us);
        if (manager_load_policy(manager, NULL) == 0)
                (void)manager_approve_policy(manager);
        (void)manager_start_full_pass(manager);
        (void)sd_notify(0, "READY=1");
        return 0;
}

static int add_event_sources(struct manager *manager) {
        sd_event *event = manager->event;
        sigset_t signals;
        int r;

        (void)sigemptyset(&signals);
        (void)sigaddset(&signals, SIGTERM);
        (void)sigaddset(&signals, SIGINT);
        (void)sigaddset(&signals, SIGHUP);
        (void)sigprocmask(SIG_BLOCK, &signals, NULL);
        r = sd_event_add_signal(event, NULL, SIGTERM, on_stop, manager);
        if (r >= 0)
                r = sd_event_add_signal(event, NULL, SIGINT, on_stop, manager);
        if (r >= 0)
                r = sd_event_add_signal(event, NULL, SIGHUP, on_hangup, manager);
        if (r >= 0)
                r = sd_event_add_time(event, &manager->turn_source, CLOCK_MONOTONIC, 0, 1, on_turn,
                                      manager);
        if (r >= 0)
                r = sd_event_add_time(event, &manager->heartbeat_source, CLOCK_MONOTONIC,
                                      manager_now_us() + HEARTBEAT_US, 0, on_heartbeat, manager);
        if (r >= 0)
                r = sd_event_source_set_enabled(manager->heartbeat_source, SD_EVENT_ON);
        if (r >= 0)
                r = sd_event_add_time(event, &manager->expiry_source, CLOCK_REALTIME, UINT64_MAX, 0,
                                      on_expiry, manager);
        manager_schedule_expiry(manager);
        if (r >= 0)
                r = sd_event_set_watchdog(event, true);
        return r < 0 ? r : 0;
}

static int start_control(struct manager *manager) {
        struct group *group = manager->invocation->root_path ? NULL : getgrnam(control_group);
        const struct control_options options = {
                .socket_path = manager->invocation->socket_path,
                .root_path = manager->invocation->root_path,
                .group = group ? (int64_t)group->gr_gid : CONTROL_GROUP_NONE,
        };
        struct control_backend backend = { 0 };

        int r;

        manager_fill_backend(manager, &backend);
        r = control_new(manager->event, &options, &backend, &manager->control);
        manager_admit_listed(manager);
        return r;
}

/* Everything that is known of the tree, and the first full pass. */
static int look_at_everything(struct manager *manager) {
        struct world *world = &manager->world;
        uint64_t patience_us = manager_now_us() + READY_PATIENCE_US;
        int r = world_load_accounts(world);

        manager_admit_listed(manager);
        if (r == 0)
                r = world_load_service(world);
        if (r >= 0)
                r = world_load_config(world);
        if (r >= 0)
                r = world_load_pam(world);
        if (r >= 0)
                r = world_derive_set(world);
        if (r < 0)
                return r;
        r = manager_start_users(manager);
        if (r == 0)
                r = read_ahead_start(&manager->read_ahead, manager->event, &world->users);
        if (r < 0)
                return r;
        manager_on_set_changed(manager);
        if (!baseline_is_established(world->baseline)) {
                int n_adopted = reconcile_adopt_all(&manager->reconciler);

                if (n_adopted < 0)
                        return n_adopted;
                record_notice(MESSAGE_ADOPTED, LOG_NOTICE,
                              "first start: %d paths were adopted as their approved versions",
                              n_adopted);
        } else {
                r = world_update_patterns(world);
                manager->reconciler.joined_wait = baseline_count_postponed(world->baseline) > 0;
        }
        update_emergency_copy(manager);
        if (r == 0)
                r = manager_clear_leftovers(manager);
        if (r == 0 && record_end_left(&manager->reconciler.recorder) < 0)
                record_notice(NULL, LOG_ERR, "what went on at the last end could not be noted");
        if (r == 0)
                r = manager_start_trials(manager);
        if (r == 0)
                r = manager_start_full_pass(manager);
        while (r == 0 && manager->pass_is_running && !manager->is_stopping &&
               !(manager->dirty.paths.n == 0 && manager_now_us() > patience_us)) {
                r = manager_take_turn(manager);
                if (r == 0 && sd_event_run(manager->event, 0) < 0) /* who asks, is answered */
                        r = -EIO;
        }
        manager->reconciler.turn_us = MANAGER_TURN_US; /* before, nobody waits for anything else */
        manager->reconciler.answer_us = MANAGER_ANSWER_US;
        return r;
}

struct step {
        const char *what;
        int (*run)(struct manager *manager);
};

static int step_world(struct manager *manager) {
        const struct invocation *invocation = manager->invocation;
        int r = world_init(&manager->world, invocation->root_path, invocation->config_path,
                           invocation->release);

        if (r == 0 && !manager->world.has_release)
                record_notice(NULL, LOG_WARNING,
                              "no sshd was found; its configuration is read as OpenSSH %s does",
                              manager->world.releases.openssh);
        return r;
}

static int step_store(struct manager *manager) {
        int r = emergency_open(manager->invocation->state_path, &manager->world.store,
                               &manager->emergency);

        if (r == 0)
                r = baseline_load(manager->world.store, on_damaged_version, NULL,
                                  &manager->world.baseline);
        if (r == 0)
                r = permits_load(manager->world.store, &manager->permits);
        if (r == 0)
                r = manager_load_trials(manager);
        if (r == 0)
                r = note_gap(manager);
        if (r == 0)
                r = store_list_gaps(manager->world.store, GAPS_SHOWN, &manager->gaps,
                                    &manager->n_gaps);
        return r < 0 ? r : heartbeat(manager);
}

static int step_policy(struct manager *manager) {
        int r = verdicts_new(manager->invocation->state_path, &manager->verdicts);

        if (r < 0)
                return r;
        reconciler_init(&manager->reconciler, &manager->world, manager->verdicts);
        manager->reconciler.on_set_changed = manager_on_set_changed;
        manager->reconciler.on_sshd_changed = manager_reload_sshd;
        manager->reconciler.on_changed_again = on_changed_again;
        manager->reconciler.on_unsettled = on_unsettled;
        manager->reconciler.on_turn_over = on_turn_over;
        manager->reconciler.on_permit_used = on_permit_used;
        manager->reconciler.is_being_written = is_being_written;
        manager->reconciler.userdata = manager;
        manager->reconciler.permits = &manager->permits;
        manager_start_telling(manager);
        return manager_load_policy(manager, NULL);
}

static int step_loop(struct manager *manager) {
        int r = sd_event_default(&manager->event);

        if (r < 0)
                return r;
        r = manager_start_watching(manager);
        if (r == 0 && manager_start_canary(manager) < 0)
                record_notice_at(manager->canary_path, MESSAGE_COVERAGE, LOG_WARNING,
                                 "whether events arrive cannot be tested");
        if (r < 0)
                return r;
        if (!manager->invocation->root_path && units_new(manager->event, &manager->units) < 0)
                record_notice(NULL, LOG_WARNING, "no system bus: sshd cannot be reloaded");
        if (manager->units && notifier_new(manager->event, &manager->notifier) < 0)
                record_notice(NULL, LOG_WARNING, "nobody can be notified of incidents");
        return add_event_sources(manager);
}

static const struct step steps[] = {
        { "opening the tree", step_world },
        { "opening the state", step_store },
        { "loading the policy", step_policy },
        { "setting up the event loop", step_loop },
        { "looking at the running sshd", manager_start_running },
        { "opening the control socket", start_control },
        { "looking at everything", look_at_everything },
        { "preparing what is to stand by", manager_start_idling },
};

int manager_new(const struct invocation *invocation, struct manager **ret) {
        struct manager *manager = calloc(1, sizeof *manager);

        if (!manager)
                return -ENOMEM;
        manager->invocation = invocation;
        manager->world.root.fd = -1;
        manager->users_at_once = 1;
        manager->started_at_us = manager->canary_came_at_us = record_now_us();
        if (invocation->root_path)
                journal_use_stderr(true);
        for (size_t i = 0; i < N_ELEMENTS(steps); i++) {
                int r = steps[i].run(manager);

                if (r < 0) {
                        record_notice(NULL, LOG_ERR, "%s failed: %s", steps[i].what, strerror(-r));
                        manager_free(manager);
                        return r;
                }
        }
        *ret = manager;
        return 0;
}

int manager_run(struct manager *manager) {
        int r;

        record_notice(MESSAGE_STARTED, LOG_INFO, "watching %zu paths", manager->watched.n);
        manager_schedule_turn(manager);
        (void)sd_notifyf(0, "READY=1\nSTATUS=Watching %zu paths, policy generation %" PRIu64,
                         manager->watched.n, manager->world.generation);
        r = sd_event_loop(manager->event);
        (void)sd_notify(0, "STOPPING=1");
        (void)heartbeat(manager);
        (void)record_summaries(&manager->reconciler.recorder);
        record_notice(MESSAGE_STOPPED, LOG_NOTICE, "no longer watching");
        return r < 0 ? EXIT_FAILURE : r;
}

void manager_free(struct manager *manager) {
        if (!manager)
                return;
        record_tell_notices(NULL, NULL);
        control_free(manager->control);
        manager_stop_running(manager);
        notifier_free(manager->notifier);
        units_free(manager->units);
        sd_event_source_unref(manager->watch_source);
        sd_event_source_unref(manager->turn_source);
        sd_event_source_unref(manager->heartbeat_source);
        sd_event_source_unref(manager->expiry_source);
        sd_event_source_unref(manager->sweep_source);
        sd_event_source_unref(manager->mounts_source);
        sd_event_source_unref(manager->idle_source);
        sd_event_source_unref(manager->confirm_source);
        sweep_done(&manager->sweep);
        os_accounts_query_cancel(manager->query);
        read_ahead_stop(&manager->read_ahead);
        watch_free(manager->watch);
        strings_free(manager->left_paths, manager->n_left_paths);
        reconciler_done(&manager->reconciler);
        permits_done(&manager->permits);
        unconfirmed_done(&manager->unconfirmed);
        rollout_done(&manager->rollout);
        free(manager->index);
        verdicts_free(manager->verdicts);
        dirty_done(&manager->dirty);
        map_done(&manager->watched, NULL);
        map_done(&manager->writing, NULL);
        gaps_free(manager->gaps, manager->n_gaps);
        world_done(&manager->world);
        store_free(manager->emergency);
        free(manager->canary_path);
        sd_event_unref(manager->event);
        free(manager->policy_problem);
        free(manager);
}
