/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Counting changes against a permit that has a number of uses.
 *
 * What differs from the last look is one change. A file that is truncated, and written a while
 * later by the same writer, differs twice and was changed once: a change that was paid for when it
 * was seen first is paid for until its writer closes the file, which inotify tells
 * (IN_CLOSE_WRITE). A writer who never closes pays again after a while. */

#include <errno.h>
#include <stdlib.h>
#include <syslog.h>

#include "base/cleanup.h"
#include "guard/messages.h"
#include "pass.h"

enum { WRITE_MAX_US = 5000000 }; /* one write that takes longer counts as more than one */

static bool is_paid_for(const struct reconciler *reconciler, const char *path, int64_t now_us) {
        const int64_t *paid_at = map_get(&reconciler->paid, path);

        return paid_at && now_us >= *paid_at && now_us - *paid_at < WRITE_MAX_US;
}

static int note_payment(struct reconciler *reconciler, const char *path, int64_t now_us) {
        int64_t *paid_at = malloc(sizeof *paid_at);
        void *replaced = NULL;
        int r = -ENOMEM;

        if (paid_at) {
                *paid_at = now_us;
                r = map_set(&reconciler->paid, path, paid_at, &replaced);
        }
        if (r < 0)
                free(paid_at);
        free(replaced);
        return r;
}

static int use_permit(struct reconciler *reconciler, const char *path, int64_t now_us) {
        int r = permits_use(reconciler->permits, path, now_us);

        if (r < 0)
                return r;
        record_notice_at(path, MESSAGE_PERMIT, LOG_NOTICE, "%s: %s", path,
                         r > 0 ? "a permit was used for one change"
                               : "one change more than was permitted; the permit ends");
        if (reconciler->on_permit_used)
                reconciler->on_permit_used(reconciler->userdata);
        return note_payment(reconciler, path, now_us);
}

/* Whether it is another file than at the last look. Returns 0, 1 or a negative errno. */
static int differs(struct reconciler *reconciler, const char *path) {
        struct view *view = reconciler->world->view;
        const struct snapshot *known = view_known(view, path), *now;
        CLEANUP(file_metadata_done) struct file_metadata before = { 0 };
        int r;

        if (!known)
                return 0;
        r = file_metadata_copy(&before, &known->metadata);
        view_forget(view, path);
        if (r == 0)
                r = view_look(view, path, 0, &now);
        return r < 0 ? r : file_metadata_compare(&before, &now->metadata) != 0;
}

int pass_charge_permit(struct reconciler *reconciler, const char *path) {
        int64_t now_us = record_now_us();
        int r;

        if (!reconciler->permits || !permits_count_changes(reconciler->permits, path, now_us))
                return 0;
        r = differs(reconciler, path);
        if (r > 0 && !is_paid_for(reconciler, path, now_us))
                r = use_permit(reconciler, path, now_us);
        if (!reconciler->is_being_written ||
            !reconciler->is_being_written(reconciler->userdata, path))
                free(map_remove(&reconciler->paid, path));
        return r < 0 ? r : 0;
}
