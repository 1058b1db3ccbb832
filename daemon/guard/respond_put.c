/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Putting one version in force.
 *
 * What is there is exchanged out, kept, and only then let go; if it cannot be kept it stays on disk
 * under its temporary name. Content that is already right stays on its inode. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "os/replace.h"
#include "respond_sets.h"
#include "respond_user.h"

static int note_replaced(struct respond_report *report, const char *path, struct snapshot *old) {
        char *copy = strdup(path);
        int r = copy ? ARRAY_GROW(report->replaced, report->n_replaced) : -ENOMEM;

        if (r < 0) {
                free(copy);
                return r;
        }
        report->replaced[report->n_replaced++] = (struct replaced_path){ copy, *old };
        *old = (struct snapshot){ 0 };
        return 0;
}

/* Content that is already right stays on its inode; only what is around it is put back. */
static unsigned request_flags(const struct file_metadata *now, const struct file_metadata *good) {
        unsigned differences = file_metadata_compare(now, good);
        unsigned not_around = FILE_DIFFERS_KIND | FILE_DIFFERS_CONTENT | FILE_DIFFERS_LINK;
        bool is_around = differences != 0 && !(differences & not_around);

        bool changes_hands = now->kind == FILE_DIRECTORY && good->kind == FILE_DIRECTORY &&
                             now->uid != good->uid;

        return REPLACE_NOFOLLOW | (changes_hands ? REPLACE_NO_LINKS : 0) |
               (is_around && good->has_sha256 ? REPLACE_METADATA : 0);
}

static int report_failure(struct respond_report *report, const struct replacement *replacement) {
        report->outcome =
                replacement->outcome == REPLACE_CHANGED ? RESPOND_CHANGED : RESPOND_FAILED;
        free(report->reason);
        report->reason = text_format("%s%s%s", replace_outcome_name(replacement->outcome),
                                     replacement->error ? ": " : "",
                                     replacement->error ? strerror(replacement->error) : "");
        return report->reason ? 0 : -ENOMEM;
}

/* Keeps the old version, then lets it go; if it cannot be kept it stays on disk. */
static int keep_and_finish(const struct responder *responder, const char *path, bool is_kept,
                           struct replacement *replacement, struct respond_report *report) {
        int r = is_kept ? 0
                        : responder->keep(responder->userdata, path, &replacement->old,
                                          RESPOND_KEEP_REPLACED);

        /* an error beside success: the old version could not be read, only the spare has it */
        if (r == 0)
                r = replacement->error ? -replacement->error
                                       : looker_finish(responder->world->looker, replacement);
        if (r < 0) {
                free(report->remark);
                report->remark =
                        text_format("the old version stays at %s: %s",
                                    replacement->spare ? replacement->spare : path, strerror(-r));
        }
        return note_replaced(report, path, &replacement->old);
}

/* Where nothing can be exchanged: kept before anything is changed, and told after it was. */
static int keep_and_overwrite(const struct responder *responder,
                              const struct replace_request *request,
                              struct replacement *replacement) {
        int r = responder->keep(responder->userdata, request->path, &replacement->old,
                                RESPOND_KEEP_FIRST);

        if (r < 0)
                return r;
        r = looker_overwrite(responder->world->looker, request, replacement);
        if (responder->on_kept)
                responder->on_kept(responder->userdata,
                                   r < 0 ? strerror(-r)
                                   : replacement->outcome == REPLACE_DONE
                                           ? NULL
                                           : replace_outcome_name(replacement->outcome));
        return r;
}

/* Its very own: a repaired version can have the same metadata and other content. */
static bool is_approved_version(const struct world *world, const char *path,
                                const struct file_metadata *metadata) {
        const struct approved *approved = baseline_get(world->baseline, path);

        return approved && metadata == &approved->metadata;
}

int respond_put(const struct responder *responder, const char *path,
                const struct file_metadata *metadata, const char *data, size_t n_data,
                struct respond_report *report) {
        struct world *world = responder->world;
        struct replace_request request = { .path = path, .version = { metadata, data, n_data } };
        CLEANUP(replacement_done) struct replacement replacement = { .directory_fd = -1 };
        const struct guarded *guarded = guarded_set_get(&world->set, path);
        const struct snapshot *now;
        bool is_kept = false;
        int r = view_look(world->view, path, 0, &now);

        if (r < 0)
                return r;
        if (!respond_may_touch(world, path) ||
            (metadata->kind == FILE_REGULAR && !data && metadata->size > 0)) {
                report->outcome = RESPOND_NOT_WRITABLE;
                return 0;
        }
        report->outcome = RESPOND_DONE;
        if (responder->is_dry_run)
                return 0;
        /* what could not be read was not judged */
        request.expected = now->metadata.kind == FILE_UNREADABLE ? NULL : &now->metadata;
        request.flags = request_flags(&now->metadata, metadata);
        if (is_approved_version(world, path, metadata))
                request.standby =
                        standbys_get(&world->standbys, path, baseline_get(world->baseline, path));
        r = respond_user_rights(world, &request);
        if (r == 0)
                r = looker_replace(world->looker, &request, &replacement);
        if (r == 0 && replacement.outcome == REPLACE_STORE_FIRST) {
                is_kept = true;
                r = keep_and_overwrite(responder, &request, &replacement);
        }
        if (r < 0)
                return r;
        if (replacement.outcome != REPLACE_DONE) {
                view_forget(world->view, path);
                return report_failure(report, &replacement);
        }
        if (guarded && guarded->flags & GUARDED_SSHD)
                report->touched_sshd = true;
        r = keep_and_finish(responder, path, is_kept, &replacement, report);
        view_forget(world->view, path);
        return r;
}
