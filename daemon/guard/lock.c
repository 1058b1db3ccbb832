/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keeping locks.
 *
 * The flag of an inode sends no inotify event; the sweep sees it (ioctl_iflags(2): FS_IMMUTABLE_FL
 * needs CAP_LINUX_IMMUTABLE to be set and cleared, and stops root's writes, renames and unlinks
 * until then). So a lock is a hurdle and a tripwire, no wall: whoever has that capability can clear
 * it, and is noticed. */

#include "guard/lock.h"

#include <errno.h>
#include <linux/fs.h>
#include <syslog.h>

#include "base/cleanup.h"
#include "guard/assess.h"
#include "guard/messages.h"

bool lock_is_on(const struct approved *approved) {
        return approved && approved->metadata.kind == FILE_REGULAR &&
               (approved->metadata.flags & FS_IMMUTABLE_FL);
}

int lock_add(struct reconciler *reconciler, const char *path) {
        struct world *world = reconciler->world;
        const struct approved *approved = baseline_get(world->baseline, path);
        const struct guarded *guarded = guarded_set_get(&world->set, path);
        struct snapshot locked = { 0 };
        int r;

        if (!approved || approved->metadata.kind != FILE_REGULAR || !approved->data ||
            lock_is_on(approved) || (guarded && guarded->flags & GUARDED_USER))
                return 0;
        r = file_metadata_copy(&locked.metadata, &approved->metadata);
        if (r < 0)
                return r;
        locked.metadata.flags |= FS_IMMUTABLE_FL;
        locked.data = approved->data;
        locked.n_data = approved->n_data;
        r = baseline_approve(world->baseline, path, &locked, false, approved->by, "locked");
        file_metadata_done(&locked.metadata);
        if (r == 0) /* the flag that is still missing is nobody's doing */
                r = map_set(&reconciler->lifted, path, reconciler, NULL);
        return r;
}

static int keep_nothing(void *userdata, const char *path, const struct snapshot *old,
                        enum respond_keep how) {
        (void)userdata;
        (void)path;
        (void)old;
        (void)how;
        return 0;
}

static int record_cleared(struct reconciler *reconciler, const char *path) {
        CLEANUP(finding_done) struct finding finding = { 0 };
        const struct record record = { .message_id = MESSAGE_REVERTED,
                                       .finding = &finding,
                                       .action = "locked" };
        int64_t id;
        int r = finding_init_own(&finding, "file.unlocked", SEVERITY_HIGH);

        r = finding_set(r, &finding.path, "%s", path);
        r = finding_set(r, &finding.setting, "flags");
        r = finding_set(r, &finding.want, "immutable");
        r = finding_set(r, &finding.message, "its immutable flag was taken away");
        return r < 0 ? r : record_incident(&reconciler->recorder, &record, &id);
}

/* Puts the approved metadata in force with or without the flag. 1 if that was done. */
static int set_flag(struct reconciler *reconciler, const char *path,
                    const struct approved *approved, bool is_set) {
        CLEANUP(file_metadata_done) struct file_metadata wanted = { 0 };
        CLEANUP(respond_report_done) struct respond_report report = { 0 };
        const struct responder responder = { .world = reconciler->world,
                                             .verdicts = reconciler->verdicts,
                                             .keep = keep_nothing };
        int r = file_metadata_copy(&wanted, &approved->metadata);

        if (r < 0)
                return r;
        if (!is_set)
                wanted.flags &= ~(uint32_t)FS_IMMUTABLE_FL;
        r = respond_put(&responder, path, &wanted, approved->data, approved->n_data, &report);
        if (r == 0 && report.outcome != RESPOND_DONE)
                record_notice_at(
                        path, NULL, LOG_WARNING, "%s: its immutable flag could not be %s: %s", path,
                        is_set ? "set" : "lifted",
                        report.reason ? report.reason : respond_outcome_explain(report.outcome));
        return r < 0 ? r : report.outcome == RESPOND_DONE;
}

int lock_keep(struct reconciler *reconciler, const char *path) {
        struct world *world = reconciler->world;
        const struct approved *approved = baseline_get(world->baseline, path);
        bool is_lifted, is_set, was_lifted;
        const struct snapshot *now;
        unsigned differences;
        int r;

        if (!lock_is_on(approved) || world->policy->mode == MODE_AUDIT)
                return 0;
        r = view_look(world->view, path, 0, &now);
        if (r < 0)
                return r;
        is_set = now->metadata.flags & FS_IMMUTABLE_FL;
        differences = file_metadata_compare(&approved->metadata, &now->metadata);
        is_lifted = reconciler->permits &&
                    permits_lift_lock(reconciler->permits, path, record_now_us());
        was_lifted = map_get(&reconciler->lifted, path) != NULL;
        if (is_lifted && !was_lifted)
                r = map_set(&reconciler->lifted, path, reconciler, NULL);
        if (r < 0 || is_set == !is_lifted || (differences & ~(unsigned)FILE_DIFFERS_FLAGS))
                return r;
        r = set_flag(reconciler, path, approved, !is_lifted);
        if (r <= 0 || is_lifted)
                return r < 0 ? r : 0;
        (void)map_remove(&reconciler->lifted, path);
        if (!was_lifted)
                return record_cleared(reconciler, path);
        record_notice_at(path, MESSAGE_PERMIT, LOG_NOTICE, "%s is locked", path);
        return 0;
}
