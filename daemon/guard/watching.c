/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where dirty paths come from: inotify, and for what sends no event the sweep and the table of
 * mounts. */

#include <errno.h>
#include <string.h>
#include <syslog.h>

#include "base/array.h"
#include "guard/messages.h"
#include "guard/record.h"
#include "manager.h"

/* Only who counts changes has to know who is still at it, and of each event. */
static bool note_writer(struct manager *manager, const char *path, bool is_being_written) {
        bool is_counted = permits_count_changes(&manager->permits, path, record_now_us());

        if (is_being_written && is_counted)
                (void)map_set(&manager->writing, path, manager, NULL);
        else
                (void)map_remove(&manager->writing, path);
        return is_counted;
}

static bool on_dirty(void *userdata, const char *path, bool is_being_written) {
        struct manager *manager = userdata;
        bool is_counted;

        if (manager->pid_path && strcmp(path, manager->pid_path) == 0) {
                manager->pid_is_dirty = true;
                return false;
        }
        if (manager->canary_path && strcmp(path, manager->canary_path) == 0) {
                liveness_note(&manager->liveness);
                return false;
        }
        if (manager->is_adding_watches)
                return false;
        is_counted = note_writer(manager, path, is_being_written);
        if (manager_mark_user_path(manager, path, manager->watch_speaks_for, is_being_written) == 0)
                return !is_counted;
        record_notice(NULL, LOG_CRIT, "out of memory: a change could not be noted");
        return false;
}

static void on_events(void *userdata, const char *path, unsigned n) {
        struct manager *manager = userdata;
        struct users *users = &manager->world.users;
        size_t i;

        if (users_first_of(users, path, &i, NULL))
                dirty_charge_events(&manager->dirty, &users->items[i].credit, n);
}

static int on_watch(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        struct manager *manager = userdata;
        int r;

        (void)source;
        (void)fd;
        (void)events;
        manager->is_dispatching = true;
        r = watch_dispatch(manager->watch);
        manager->is_dispatching = false;
        if (r < 0)
                record_notice(NULL, LOG_ERR, "reading events failed: %s", strerror(-r));
        /* The common case pays for no second turn of the loop. */
        if (dirty_next(&manager->dirty) <= manager_now_us())
                (void)manager_take_turn(manager);
        else
                manager_after_turn(manager);
        manager_schedule_turn(manager);
        return 0;
}

/* Behind what else is due. */
static void sweep_now(struct manager *manager) {
        if (!manager->sweep_source)
                return;
        manager->sweep_due_us = manager_now_us();
        (void)sd_event_source_set_time_accuracy(manager->sweep_source, 1);
        (void)sd_event_source_set_time(manager->sweep_source, manager->sweep_due_us);
}

/* That may be a moment later, together with something else. */
static void sleep_till_sweep(struct manager *manager) {
        uint64_t now_us = manager_now_us();
        uint64_t left_us = manager->sweep_due_us > now_us ? manager->sweep_due_us - now_us : 0;

        (void)sd_event_source_set_time_accuracy(manager->sweep_source, 0);
        (void)sd_event_source_set_time(manager->sweep_source, now_us + sweep_nap(left_us));
}

static void on_overflow(void *userdata) {
        struct manager *manager = userdata;

        record_notice(MESSAGE_OVERFLOW, LOG_WARNING,
                      "events were lost; everything is looked at again");
        if (manager_start_full_pass(manager) < 0)
                record_notice(NULL, LOG_CRIT, "out of memory: a full pass could not be started");
        /* Whose files changed shows sooner than all can be judged, and then turns are fair. */
        manager->users_to_sweep = manager->world.users.n_items;
        sweep_now(manager);
}

/* ---- what sends no event ---- */

static void on_different(void *userdata, const char *path) {
        (void)manager_mark_path(userdata, path, DIRTY_BY_SWEEP, false);
}

/* max_user_watches: told when it begins to matter, and when it no longer does. */
static void tell_limit(struct manager *manager) {
        size_t n = watch_n_limited(manager->watch);

        if ((n > 0) == manager->is_limited)
                return;
        manager->is_limited = n > 0;
        if (n > 0)
                record_notice(MESSAGE_COVERAGE, LOG_WARNING,
                              "%zu paths have no watch of their own and are polled instead: "
                              "fs.inotify.max_user_watches is reached, raise it with sysctl",
                              n);
        else
                record_notice(MESSAGE_COVERAGE, LOG_NOTICE, "every path has its watch again");
}

static int begin_sweep(struct manager *manager) {
        int r = sweep_turn(&manager->sweep, &manager->world, on_different, manager);

        manager->sweep_cost_us = 0;
        return r < 0 ? r : manager_start_sweep_of_users(manager);
}

/* Returns true once it is through. */
static bool sweep(struct manager *manager) {
        uint64_t before_us = manager_cpu_us();
        int r = manager->users_to_sweep == 0 ? begin_sweep(manager) : 0;

        if (r == 0)
                r = manager_sweep_users(manager);
        if (r < 0) {
                record_notice(NULL, LOG_ERR, "a sweep could not be finished: %s", strerror(-r));
                manager->users_to_sweep = 0;
        }
        manager->sweep_cost_us += manager_cpu_us() - before_us;
        if (manager->users_to_sweep > 0)
                return false;
        before_us = manager_cpu_us();
        if (watch_retry_limited(manager->watch) < 0)
                record_notice(NULL, LOG_CRIT, "out of memory: what is polled stays polled");
        tell_limit(manager);
        manager->pid_is_dirty = true;
        manager_after_turn(manager);
        manager->sweep_cost_us += manager_cpu_us() - before_us;
        return true;
}

static int on_sweep(sd_event_source *source, uint64_t due_us, void *userdata) {
        struct manager *manager = userdata;

        (void)source;
        manager_note_lateness(manager, due_us);
        if (manager_now_us() >= manager->sweep_due_us) {
                if (!sweep(manager)) {
                        sweep_now(manager);
                        return 0;
                }
                manager->sweep_due_us = manager_now_us() + sweep_interval(manager->sweep_cost_us);
        }
        sleep_till_sweep(manager);
        return 0;
}

static int on_mounts(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        struct manager *manager = userdata;
        int r;

        (void)source;
        (void)fd;
        (void)events;
        manager->watch_speaks_for = DIRTY_BY_MOUNT;
        r = watch_dispatch_mounts(manager->watch);
        manager->watch_speaks_for = DIRTY_BY_EVENT;
        if (r < 0)
                record_notice(NULL, LOG_ERR, "the table of mounts could not be read: %s",
                              strerror(-r));
        return 0;
}

/* ---- the guarded set and its watches ---- */

struct watching {
        struct manager *manager;
        char **left;
        size_t n_left;
};

static void watch_guarded(const char *path, void *value, void *userdata) {
        struct manager *manager = userdata;
        int r;

        (void)value;
        if (map_get(&manager->watched, path))
                return;
        r = map_set(&manager->watched, path, manager, NULL);
        if (r == 0)
                r = watch_add(manager->watch, path);
        if (r < 0)
                record_notice_at(path, MESSAGE_COVERAGE, LOG_WARNING, "%s cannot be watched: %s",
                                 path, strerror(-r));
}

static bool is_wanted(const struct guarded_set *set, const char *path) {
        if (guarded_set_get(set, path))
                return true;
        for (size_t i = 0; i < set->n_directories; i++)
                if (strcmp(set->directories[i], path) == 0)
                        return true;
        return false;
}

static void note_left(const char *path, void *value, void *userdata) {
        struct watching *watching = userdata;

        (void)value;
        if (!is_wanted(&watching->manager->world.set, path))
                (void)strings_append(&watching->left, &watching->n_left, path);
}

void manager_on_set_changed(void *userdata) {
        struct manager *manager = userdata;
        struct watching watching = { .manager = manager };

        manager_drop_index(manager);
        map_each(&manager->world.set.paths, watch_guarded, manager);
        for (size_t i = 0; i < manager->world.set.n_directories; i++)
                watch_guarded(manager->world.set.directories[i], NULL, manager);
        map_each(&manager->watched, note_left, &watching);
        for (size_t i = 0; i < watching.n_left; i++) {
                watch_remove(manager->watch, watching.left[i]);
                (void)map_remove(&manager->watched, watching.left[i]);
        }
        strings_free(watching.left, watching.n_left);
        standbys_forget_left(&manager->world.standbys, &manager->world.set);
}

int manager_start_watching(struct manager *manager) {
        static const struct watch_events events = { NULL, on_dirty, on_events, on_overflow };
        struct watch_events mine = events;
        int r;

        mine.userdata = manager;
        manager->watch_speaks_for = DIRTY_BY_EVENT;
        manager->sweep_due_us = manager_now_us() + SWEEP_INTERVAL_US;
        r = watch_new(&manager->world.root, &mine, &manager->watch);
        if (r == 0)
                r = sd_event_add_io(manager->event, &manager->watch_source,
                                    watch_fd(manager->watch), EPOLLIN, on_watch, manager);
        if (r >= 0)
                r = sd_event_add_time(manager->event, &manager->sweep_source, CLOCK_MONOTONIC,
                                      manager->sweep_due_us, 0, on_sweep, manager);
        if (r >= 0)
                r = sd_event_source_set_enabled(manager->sweep_source, SD_EVENT_ON);
        if (r >= 0)
                r = sd_event_add_io(manager->event, &manager->mounts_source,
                                    watch_mounts_fd(manager->watch), EPOLLPRI, on_mounts, manager);
        return r < 0 ? r : 0;
}
