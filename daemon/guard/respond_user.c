/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reverts and repairs of an account's files.
 *
 * Only the file the finding is about is written, as its owner, after the account was judged with
 * the candidate in its place. A directory of root's that holds a user's file (/etc/ssh/keys/%u, or
 * a ~/.ssh that was taken from its owner) is written with our own rights, and then no link may be
 * on the way.
 *
 * A key file that is a FIFO, a device or a link to what its owner cannot read as a file opens
 * nothing: it is reported and left alone. A link that was approved stays one; what it leads to is
 * edited where it is. */

#include "respond_user.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "guard/assess.h"
#include "guard/record.h"
#include "keys/edit.h"
#include "repair.h"
#include "world/lockout.h"

enum {
        SSH_DIRECTORY_MODE = 0700,
        MISSING_PATIENCE_US = 2 * 1000000, /* userdel(8) removes the home before the account */
};

static void view_cleanup(struct view **view) {
        view_free(*view);
}

/* The account a finding is about, and its file; false if there is none. */
static bool find_user(const struct world *world, const struct finding *finding, size_t *ret_i,
                      struct user_file **ret_file) {
        const struct account *account = finding->users && finding->path
                                                ? accounts_find(&world->accounts, finding->users)
                                                : NULL;
        const struct guarded_user *user;

        if (!account || !world->users.items)
                return false;
        *ret_i = (size_t)(account - world->accounts.items);
        user = &world->users.items[*ret_i];
        for (size_t f = 0; f < user->n_files; f++) {
                if (strcmp(user->files[f].path, finding->path) != 0)
                        continue;
                *ret_file = &user->files[f];
                return true;
        }
        return false;
}

bool respond_is_about_user(const struct world *world, const struct finding *finding) {
        struct user_file *file;
        size_t i;

        return find_user(world, finding, &i, &file);
}

/* ---- rights ---- */

static char *directory_of(const char *path) {
        const char *slash = strrchr(path, '/');

        return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

int respond_user_rights(struct world *world, struct replace_request *request) {
        CLEANUP(snapshot_done) struct snapshot directory = { 0 };
        CLEANUP_FREE char *path = NULL;
        size_t i;
        int r;

        if (!users_first_of(&world->users, request->path, &i, NULL))
                return 0;
        r = users_credentials(&world->users, i, &request->as);
        if (r < 0 || !request->as)
                return r;
        path = directory_of(request->path);
        r = path ? looker_take(world->looker, path, request->as, SNAPSHOT_METADATA, &directory)
                 : -ENOMEM;
        if (r < 0)
                return r;
        if (directory.metadata.kind == FILE_DIRECTORY && directory.metadata.uid == 0) {
                request->as = NULL;
                request->flags |= REPLACE_NO_LINKS;
        }
        return 0;
}

int respond_keep_admins(const struct responder *responder, struct view *candidate,
                        const struct path_list *paths, struct respond_report *report) {
        char *reason;
        int r = lockout_judge(responder->world, candidate, paths->items, paths->n_items, &reason);

        if (r < 0 || !reason)
                return r < 0 ? r : 1;
        free(report->reason);
        report->reason = reason;
        report->outcome = RESPOND_LOCKS_OUT;
        return 0;
}

/* ---- the candidate ---- */

/* Lays ~/.ssh into the tree if the file's directory is it and is gone. */
static int make_ssh_directory(const struct responder *responder, size_t i, const char *path,
                              struct respond_report *report) {
        struct world *world = responder->world;
        const struct guarded_user *user = &world->users.items[i];
        const struct account *account = users_account(&world->users, i);
        const struct file_metadata metadata = { .kind = FILE_DIRECTORY,
                                                .mode = SSH_DIRECTORY_MODE,
                                                .uid = account->uid,
                                                .gid = account->gid };
        CLEANUP_FREE char *directory = directory_of(path);
        const struct snapshot *now;
        int r = directory ? 0 : -ENOMEM;

        for (size_t f = 0; f < user->n_files && r == 0; f++) {
                if (user->files[f].role != USER_SSH || strcmp(user->files[f].path, directory) != 0)
                        continue;
                r = view_look(world->view, directory, 0, &now);
                if (r == 0 && now->metadata.kind == FILE_ABSENT)
                        r = respond_put(responder, directory, &metadata, NULL, 0, report);
        }
        return r;
}

/* One file that is to be written, and the tree with it. */
struct plan {
        char *path;
        struct view *candidate;
};

static void plan_done(struct plan *plan) {
        free(plan->path);
        view_cleanup(&plan->candidate);
}

static int is_helpful(const struct responder *responder, size_t i, const struct finding *finding,
                      const struct findings *present, const struct plan *plan) {
        struct world *world = responder->world;
        CLEANUP(user_sight_done) struct user_sight sight = { 0 };
        CLEANUP(findings_done) struct findings after = { 0 };
        int r = assess_look_at_user(world, plan->candidate, i, &sight);

        if (r == 0)
                r = assess_user(world, plan->candidate, i, &sight, &after);
        if (r < 0)
                return r;
        for (size_t k = 0; k < after.n_items; k++)
                if (finding_is_same(&after.items[k], finding) ||
                    !findings_contain(present, &after.items[k]))
                        return 0;
        return 1;
}

static int carry_out(const struct responder *responder, size_t i, const struct finding *finding,
                     const struct findings *present, const struct plan *plan,
                     struct respond_report *report) {
        const struct snapshot *good;
        int r = is_helpful(responder, i, finding, present, plan);

        if (r == 0)
                report->outcome = RESPOND_NEW_FINDINGS;
        if (r > 0)
                r = respond_keep_admins(responder, plan->candidate,
                                        &(struct path_list){ (char *[]){ plan->path }, 1 }, report);
        if (r <= 0)
                return r;
        r = make_ssh_directory(responder, i, plan->path, report);
        if (r < 0 || report->outcome == RESPOND_FAILED)
                return r;
        r = view_look(plan->candidate, plan->path, 0, &good);
        return r < 0 ? r
                     : respond_put(responder, plan->path, &good->metadata, good->data, good->n_data,
                                   report);
}

/* ---- what is there ---- */

static const struct seen_user_file *seen_at(const struct user_sight *sight,
                                            const struct user_file *file) {
        for (size_t f = 0; f < sight->n_files; f++)
                if (sight->files[f].file == file)
                        return &sight->files[f];
        return NULL;
}

static bool is_key_role(enum user_role role) {
        return role == USER_KEYS || role == USER_PRINCIPALS || role == USER_TARGET;
}

/* A file in its own place that its owner may not read any more. */
static bool is_locked_away(const struct seen_user_file *seen) {
        const struct file_metadata *metadata = &seen->snapshot->metadata;

        return metadata->kind == FILE_UNREADABLE && metadata->error == EACCES &&
               metadata->ino != 0 && !seen->destination;
}

/* True if sshd reads nothing from it, and it is neither gone nor only given away. */
static bool opens_nothing(const struct seen_user_file *seen) {
        enum file_kind kind = seen->snapshot->metadata.kind;

        return is_key_role(seen->file->role) && kind != FILE_REGULAR && kind != FILE_ABSENT &&
               !is_locked_away(seen);
}

/* Where the bytes are: the file itself, or what an approved link leads to. On the heap. */
static char *place_of(const struct world *world, const struct seen_user_file *seen) {
        const struct approved *approved = baseline_get(world->baseline, seen->file->path);

        return strdup(seen->destination && approved && approved->metadata.kind == FILE_SYMLINK
                              ? seen->destination
                              : seen->file->path);
}

/* ---- repair ---- */

static int repair_keys(const struct responder *responder, size_t i, const struct finding *finding,
                       const struct user_sight *sight, const struct seen_user_file *seen,
                       struct plan *plan) {
        struct world *world = responder->world;
        CLEANUP_FREE struct judged_key_file *files = NULL;
        CLEANUP_FREE bool *remove = NULL;
        CLEANUP(text_done) struct text text = { 0 };
        struct judged_keys keys = { .account = users_account(&world->users, i),
                                    .now = record_now_us() / 1000000 };
        size_t at = 0;
        int r;

        plan->path = place_of(world, seen);
        /* of a link nobody approved the link is what is wrong */
        if (!seen->has_keys ||
            (seen->destination && plan->path && strcmp(plan->path, seen->destination) != 0))
                return plan->path ? -ENOTSUP : -ENOMEM;
        r = plan->path ? assess_key_files(sight, &files, &keys.n_files) : -ENOMEM;
        keys.files = files;
        while (r == 0 && at < keys.n_files && files[at].keys != &seen->keys)
                at++;
        if (r == 0)
                r = policy_repair_keys(finding->rule, &keys, at, &remove);
        if (r == 0)
                r = authorized_keys_remove(seen->snapshot->data, seen->snapshot->n_data,
                                           &seen->keys, remove, &text);
        return r < 0 ? r
                     : view_put(plan->candidate, plan->path, &seen->snapshot->metadata,
                                text_get(&text), text.n);
}

static int repair_file(const struct responder *responder, const struct finding *finding,
                       struct plan *plan) {
        struct world *world = responder->world;
        CLEANUP(file_metadata_done) struct file_metadata metadata = { 0 };
        const struct snapshot *now;
        int r;

        plan->path = strdup(finding->path);
        r = plan->path ? view_look(world->view, plan->path, 0, &now) : -ENOMEM;
        if (r == 0 && now->metadata.kind == FILE_SYMLINK && !finding->rule->file_rule.absent)
                return -ENOTSUP;
        if (r == 0)
                r = repair_metadata(world, finding, &now->metadata, &metadata);
        return r < 0 ? r : view_put(plan->candidate, plan->path, &metadata, now->data, now->n_data);
}

/* Of a directory no version is kept: what a rule asks of its owner and mode is put right as such.
 */
static bool has_no_versions(const struct world *world, const struct user_file *file) {
        return users_get(&world->users, file->path)->flags & GUARDED_UNVERSIONED;
}

/* Returns -ENOTSUP if no edit makes the rule hold. */
static int plan_repair(const struct responder *responder, size_t i, const struct finding *finding,
                       const struct user_sight *sight, const struct seen_user_file *seen,
                       struct plan *plan) {
        int r = view_new_over(responder->world->view, &plan->candidate);

        if (r < 0)
                return r;
        if (!finding->rule)
                return -ENOTSUP;
        if (finding->rule->family == RULE_KEYS)
                return repair_keys(responder, i, finding, sight, seen, plan);
        return finding->rule->family == RULE_FILE ? repair_file(responder, finding, plan)
                                                  : -ENOTSUP;
}

/* ---- revert ---- */

static int plan_revert(const struct responder *responder, const struct seen_user_file *seen,
                       struct plan *plan) {
        struct world *world = responder->world;
        const struct approved *approved;
        CLEANUP_FREE char *data = NULL;
        size_t n_data = 0;
        unsigned differences = 0;
        int r = view_new_over(world->view, &plan->candidate);

        if (r < 0)
                return r;
        plan->path = place_of(world, seen);
        if (!plan->path)
                return -ENOMEM;
        r = assess_drift(world, world->view, plan->path, &differences);
        approved = baseline_get(world->baseline, plan->path);
        if (r == 0 && (differences == 0 || !approved))
                return -ENOTSUP;
        if (r == 0)
                r = baseline_content(world->baseline, approved, &data, &n_data);
        return r < 0 ? r : view_put(plan->candidate, plan->path, &approved->metadata, data, n_data);
}

/* What is gone opens nothing, so it may be missed for a moment: whoever removes an account, or
 * moves a home, begins with the files. */
static bool may_wait(struct user_file *file, const struct seen_user_file *seen) {
        uint64_t now = record_monotonic_us();

        if (seen->snapshot->metadata.kind != FILE_ABSENT) {
                file->missed_at_us = 0;
                return false;
        }
        if (file->missed_at_us == 0)
                file->missed_at_us = now;
        if (now - file->missed_at_us < MISSING_PATIENCE_US)
                return true;
        file->missed_at_us = 0;
        return false;
}

/* ---- both ---- */

static int explain(struct respond_report *report, enum respond_outcome outcome,
                   const char *reason) {
        report->outcome = outcome;
        free(report->reason);
        report->reason = strdup(reason);
        return report->reason ? 0 : -ENOMEM;
}

int respond_to_user(const struct responder *responder, const struct finding *finding,
                    const struct findings *present, struct respond_report *report) {
        struct world *world = responder->world;
        CLEANUP(user_sight_done) struct user_sight sight = { 0 };
        CLEANUP(plan_done) struct plan plan = { 0 };
        const struct seen_user_file *seen;
        struct user_file *file;
        size_t i;
        int r;

        if (!find_user(world, finding, &i, &file))
                return -EINVAL;
        r = assess_look_at_user(world, world->view, i, &sight);
        if (r < 0)
                return r;
        seen = seen_at(&sight, file);
        if (!seen || opens_nothing(seen))
                return explain(report, RESPOND_NOT_WRITABLE,
                               "what is there opens nothing, and is left to its owner");
        if (!responder->is_dry_run && may_wait(file, seen)) {
                report->outcome = RESPOND_CHANGED;
                return 0;
        }
        r = -ENOTSUP;
        if (finding->response == RESPONSE_REPAIR || has_no_versions(world, file))
                r = plan_repair(responder, i, finding, &sight, seen, &plan);
        if (r == -ENOTSUP) { /* what no edit mends, the approved version may */
                plan_done(&plan);
                plan = (struct plan){ 0 };
                r = plan_revert(responder, seen, &plan);
        }
        if (r == -ENOTSUP)
                return explain(report, RESPOND_NO_APPROVED,
                               finding->response == RESPONSE_REPAIR ? "no edit makes the rule hold"
                                                                    : "it did not drift");
        return r < 0 ? r : carry_out(responder, i, finding, present, &plan, report);
}
