/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the daemon checks about itself: that events still arrive, that it was there all the time,
 * and that nothing is left of a swap in which it was killed.
 *
 * A leftover is a file under a temporary name of ours: the bad version that was exchanged out, or a
 * good one that was never put in force. Either is kept in quarantine before it goes. */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "guard/messages.h"
#include "manager.h"
#include "os/replace.h"

/* ---- the canary ---- */

static bool write_canary(const struct manager *manager) {
        int fd = open(manager->canary_path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        bool is_written;

        if (fd < 0)
                return false;
        is_written = pwrite(fd, ".", 1, 0) == 1;
        return close(fd) == 0 && is_written;
}

int manager_start_canary(struct manager *manager) {
        CLEANUP_FREE char *directory = NULL;
        int r;

        if (manager->invocation->root_path)
                return 0; /* nothing of ours lies in that tree */
        directory = text_format("%s/canary", manager->invocation->state_path);
        manager->canary_path = directory ? text_format("%s/alive", directory) : NULL;
        if (!manager->canary_path)
                return -ENOMEM;
        if (mkdir(directory, 0700) < 0 && errno != EEXIST)
                return -errno;
        r = watch_add(manager->watch, manager->canary_path);
        if (r == 0)
                (void)liveness_beat(&manager->liveness, write_canary(manager));
        return r;
}

static void begin_blindness(struct manager *manager) {
        const struct gap gap = { .from_us = manager->canary_came_at_us,
                                 .reason = BORROWED("no events arrived") };

        record_notice_at(manager->canary_path, MESSAGE_COVERAGE, LOG_CRIT,
                         "events no longer arrive: changes are seen by the sweep alone, and "
                         "everything is looked at each half minute");
        (void)store_add_gap(manager->world.store, &gap);
        manager_read_gaps(manager);
}

static void end_blindness(struct manager *manager) {
        record_notice_at(manager->canary_path, MESSAGE_COVERAGE, LOG_NOTICE, "events arrive again");
        (void)store_close_gaps(manager->world.store, record_now_us());
        manager_read_gaps(manager);
}

void manager_beat_canary(struct manager *manager) {
        enum liveness_state state;

        if (!manager->canary_path)
                return;
        if (manager->liveness.has_come)
                manager->canary_came_at_us = record_now_us();
        state = liveness_beat(&manager->liveness, write_canary(manager));
        if (state == LIVENESS_LOST)
                begin_blindness(manager);
        if (state == LIVENESS_BACK)
                end_blindness(manager);
        if (state == LIVENESS_FINE)
                return;
        (void)watch_refresh(manager->watch, manager->canary_path);
        (void)manager_start_full_pass(manager);
}

/* ---- time in which nobody looked ---- */

enum { LATE_US = 5 * 1000000 }; /* a machine that is merely busy is not that late */

void manager_note_lateness(struct manager *manager, uint64_t due_us) {
        uint64_t now_us = manager_now_us(), late_us = now_us > due_us ? now_us - due_us : 0;
        struct gap gap = { .until_us = record_now_us(),
                           .reason = BORROWED("the daemon was stopped") };

        if (late_us < LATE_US)
                return;
        gap.from_us = gap.until_us - (int64_t)late_us;
        if (store_add_gap(manager->world.store, &gap) < 0)
                record_notice(NULL, LOG_ERR, "a gap could not be noted");
        manager_read_gaps(manager);
        record_notice(MESSAGE_GAP, LOG_WARNING,
                      "the daemon was stopped, or had no processor, for %" PRId64
                      " s; what changed meanwhile is looked at now",
                      (int64_t)late_us / 1000000);
        if (manager_start_full_pass(manager) < 0)
                record_notice(NULL, LOG_CRIT, "out of memory: a full pass could not be started");
}

/* ---- leftovers ---- */

struct directories {
        char **paths;
        size_t n_paths;
        int error;
};

static void add_directory(const char *path, void *value, void *userdata) {
        const struct guarded *guarded = value;
        struct directories *directories = userdata;
        size_t n = (size_t)(strrchr(path, '/') - path);

        if (directories->error < 0 || n == 0 ||
            guarded->flags & (GUARDED_USER | GUARDED_ALERT_ONLY | GUARDED_SECRET))
                return;
        for (size_t i = 0; i < directories->n_paths; i++)
                if (strlen(directories->paths[i]) == n &&
                    strncmp(directories->paths[i], path, n) == 0)
                        return;
        directories->error = strings_append_n(&directories->paths, &directories->n_paths, path, n);
}

static int keep_leftover(struct manager *manager, const char *path) {
        CLEANUP(snapshot_done) struct snapshot left = { 0 };
        CLEANUP(finding_done) struct finding finding = { 0 };
        const struct record record = { .message_id = MESSAGE_DRIFT,
                                       .finding = &finding,
                                       .action = "kept",
                                       .quarantined = &left };
        int64_t id;
        int r = snapshot_take(&manager->world.root, path, SNAPSHOT_NOFOLLOW, &left);

        if (r < 0)
                return r;
        if (left.metadata.kind != FILE_REGULAR && left.metadata.kind != FILE_SYMLINK)
                return 0;
        r = finding_init_own(&finding, "file.leftover", SEVERITY_LOW);
        r = finding_set(r, &finding.path, "%s", path);
        r = finding_set(r, &finding.message,
                        "it is left of a replacement that was cut short, and was taken away");
        if (r == 0)
                r = record_incident(&manager->reconciler.recorder, &record, &id);
        return r < 0 ? r : replace_remove_leftover(&manager->world.root, path);
}

int manager_clear_leftovers(struct manager *manager) {
        struct directories directories = { 0 };

        if (manager->world.policy->mode == MODE_AUDIT)
                return 0;
        map_each(&manager->world.set.paths, add_directory, &directories);
        for (size_t i = 0; i < directories.n_paths && directories.error != -ENOMEM; i++) {
                char **paths = NULL;
                size_t n_paths = 0;

                directories.error = replace_list_leftovers(&manager->world.root,
                                                           directories.paths[i], &paths, &n_paths);
                for (size_t k = 0; k < n_paths && directories.error == 0; k++)
                        directories.error = keep_leftover(manager, paths[k]);
                strings_free(paths, n_paths);
        }
        strings_free(directories.paths, directories.n_paths);
        return directories.error == -ENOMEM ? -ENOMEM : 0;
}
