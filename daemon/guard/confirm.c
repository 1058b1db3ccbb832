/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Edits that undo themselves: what `edit --confirm` begins, and how it ends.
 *
 * That one still gets in is shown by getting in, over a connection that began after the edit and,
 * where sshd reads the file once, after sshd read it; the process that confirms must descend from
 * it. Nothing else counts: not a shell that was open before, not a session on a shared connection.
 *
 * Undoing puts back what was there and what was approved then. It asks neither the rules nor
 * whether an administrator is locked out: the administrator who asked for it got in by that. It is
 * done in audit mode and in a pause too, for it is an administrator's word and no response. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "guard/messages.h"
#include "guard/policy_load.h"
#include "guard/record.h"
#include "manager.h"
#include "os/snapshot.h"

enum { RETRY_US = 5 * 1000000 }; /* after one that could not be undone: a full disk, a mount */

#define WHAT_TO_TYPE                                                                               \
        "log in over a new connection (`ssh -o ControlPath=none HOST`) and type there "            \
        "`sshguardctl confirm`, or take the edit back with `sshguardctl confirm --undo`"

/* ---- what waits ---- */

static int get_unconfirmed(void *userdata, size_t index, struct control_unconfirmed *ret) {
        const struct manager *manager = userdata;
        const struct unconfirmed *unconfirmed = &manager->unconfirmed;
        const struct unconfirmed_edit *edit;

        if (index >= unconfirmed->n_items)
                return 0;
        edit = &unconfirmed->items[index];
        *ret = (struct control_unconfirmed){
                .path = edit->path,
                .at_us = edit->at_us,
                .until_us = record_now_us() + unconfirmed_due_us(unconfirmed, edit) -
                            ssh_login_now_us(),
                .by = edit->by,
        };
        return 1;
}

int manager_refuse_unconfirmed(struct manager *manager, const char *path,
                               struct control_refusal *refusal) {
        if (!unconfirmed_find(&manager->unconfirmed, path))
                return CONTROL_DONE;
        return manager_refuse(refusal, "an edit of it waits to be confirmed: " WHAT_TO_TYPE);
}

static void schedule(struct manager *manager) {
        int64_t next = unconfirmed_next_due_us(&manager->unconfirmed);

        if (!manager->confirm_source)
                return;
        if (next == UNCONFIRMED_NEVER) {
                (void)sd_event_source_set_enabled(manager->confirm_source, SD_EVENT_OFF);
                return;
        }
        (void)sd_event_source_set_time(manager->confirm_source, (uint64_t)next);
        (void)sd_event_source_set_enabled(manager->confirm_source, SD_EVENT_ONESHOT);
}

/* ---- beginning ---- */

static struct kept_version borrow_version(const struct file_metadata *metadata, const char *data,
                                          size_t n_data) {
        return (struct kept_version){ *metadata, BORROWED(data), n_data };
}

/* The exception that was granted last for PATH. */
static int64_t newest_exception(const struct permits *permits, const char *path) {
        int64_t id = 0;

        for (size_t i = 0; i < permits->n_items; i++)
                if (permits->items[i].kind == PERMIT_EXCEPTION &&
                    strcmp(permits->items[i].path, path) == 0 && permits->items[i].id > id)
                        id = permits->items[i].id;
        return id;
}

int manager_begin_trial(struct manager *manager, const struct control_proposal *proposal,
                        const struct snapshot *now, bool is_excepted,
                        struct control_refusal *refusal) {
        const struct baseline *baseline = manager->world.baseline;
        const struct approved *approved = baseline_get(baseline, proposal->path);
        struct unconfirmed_edit edit = {
                .path = BORROWED(proposal->path),
                .before = borrow_version(&now->metadata, now->data, now->n_data),
                .has_approved = approved != NULL,
                .at_us = record_now_us(),
                .span_us = proposal->confirm_within_us,
                .boot_us = ssh_login_now_us(),
                .by = proposal->peer.uid,
                .permit_id = is_excepted ? newest_exception(&manager->permits, proposal->path) : 0,
        };
        CLEANUP_FREE char *data = NULL;
        CLEANUP_FREE char *digest = policy_load_digest(proposal->data, proposal->n_data);
        size_t n_data = 0;
        int r = digest && file_sha256_parse(digest, edit.sha256) ? 0 : -ENOMEM;

        if (now->metadata.kind == FILE_REGULAR && (!now->data || now->metadata.is_oversize))
                return manager_refuse(refusal, "what is there is too large to be kept for an undo");
        if (r == 0 && approved)
                r = baseline_content(baseline, approved, &data, &n_data);
        if (r == 0 && approved)
                edit.approved = borrow_version(&approved->metadata, data, n_data);
        if (r == 0)
                r = unconfirmed_add(&manager->unconfirmed, &edit);
        return r < 0 ? r : CONTROL_DONE;
}

void manager_tell_trial(struct manager *manager, const struct control_proposal *proposal) {
        record_notice_at(proposal->path, MESSAGE_UNCONFIRMED, LOG_WARNING,
                         "%s: edited by uid %u; undone in %lld s unless `sshguardctl confirm` is "
                         "typed in a login over ssh that begins after this",
                         proposal->path, proposal->peer.uid,
                         (long long)proposal->confirm_within_us / 1000000);
        schedule(manager);
}

void manager_drop_trial(struct manager *manager, const char *path) {
        int r = unconfirmed_remove(&manager->unconfirmed, path);

        if (r < 0)
                record_notice_at(path, NULL, LOG_ERR, "%s: its countdown could not be ended: %s",
                                 path, strerror(-r));
        schedule(manager);
}

/* ---- undoing ---- */

static bool is_content(const struct approved *approved, const uint8_t sha256[FILE_SHA256_SIZE]) {
        return approved && approved->metadata.has_sha256 &&
               memcmp(approved->metadata.sha256, sha256, FILE_SHA256_SIZE) == 0;
}

/* Another version was approved since, by a run of the package manager or by a repair: that decision
 * is newer. */
static bool is_superseded(const struct manager *manager, const struct unconfirmed_edit *edit) {
        const struct approved *approved = baseline_get(manager->world.baseline, edit->path);

        if (edit->permit_id != 0 || !approved || is_content(approved, edit->sha256))
                return false;
        return !edit->has_approved ||
               file_metadata_compare(&approved->metadata, &edit->approved.metadata) != 0;
}

static int approve_again(struct manager *manager, const struct unconfirmed_edit *edit) {
        const struct snapshot approved = { .metadata = edit->approved.metadata,
                                           .data = edit->approved.data,
                                           .n_data = edit->approved.n_data };
        static const char reason[] = "as before an edit that was not confirmed";
        struct baseline *baseline = manager->world.baseline;
        int r = 0;

        if (edit->permit_id != 0) { /* the edit was never approved */
                r = permits_remove(&manager->permits, edit->permit_id);
                return r == -ENOENT ? 0 : r;
        }
        if (edit->has_approved)
                r = baseline_approve(baseline, edit->path, &approved, false, edit->by, reason);
        else if (baseline_get(baseline, edit->path))
                r = baseline_decline(baseline, edit->path, reason);
        return r < 0 ? r : world_update_patterns(&manager->world);
}

/* What was there, in force again. An enum control_result, or a negative errno. */
static int put_back(struct manager *manager, const struct unconfirmed_edit *edit,
                    struct control_refusal *refusal) {
        static const struct record_deed deed = {
                .message_id = MESSAGE_UNDONE,
                .rule_id = "file.unconfirmed",
                .action = "undone",
                .message = "an edit that was not confirmed was taken back",
                .severity = SEVERITY_MEDIUM,
        };
        const struct snapshot *now;
        int r;

        view_forget(manager->world.view, edit->path);
        r = view_look(manager->world.view, edit->path, 0, &now);
        if (r < 0 || file_metadata_compare(&now->metadata, &edit->before.metadata) == 0)
                return r < 0 ? r : CONTROL_DONE;
        return manager_put(manager, &deed, edit->path,
                           &(struct replace_version){ &edit->before.metadata, edit->before.data,
                                                      edit->before.n_data },
                           refusal);
}

/* The approved version first: who is killed in between must not find what was undone and put the
 * edit back in force. */
static int undo_edit(struct manager *manager, const struct unconfirmed_edit *edit,
                     struct control_refusal *refusal) {
        CLEANUP_FREE char *path = strdup(edit->path);
        int r = path ? 0 : -ENOMEM;

        if (r == 0 && is_superseded(manager, edit)) {
                record_notice_at(path, MESSAGE_UNDONE, LOG_NOTICE,
                                 "%s: the edit was not confirmed, but another version was approved "
                                 "since: that stays",
                                 path);
        } else if (r == 0) {
                r = approve_again(manager, edit);
                if (r == 0)
                        r = put_back(manager, edit, refusal);
        }
        if (r == CONTROL_DONE)
                r = unconfirmed_remove(&manager->unconfirmed, path);
        return r != CONTROL_DONE ? r : manager_mark(manager, path);
}

/* Once, not at each try. */
static void tell_stuck(const struct manager *manager, const char *path, int r,
                       const struct control_refusal *refusal) {
        const char *reason =
                r > 0 && refusal->reason ? refusal->reason : strerror(r < 0 ? -r : EIO);

        if (!manager->undo_is_stuck && path)
                record_notice_at(path, MESSAGE_UNDO_FAILED, LOG_CRIT,
                                 "%s: the edit was not confirmed and cannot be undone: %s", path,
                                 reason);
}

/* Those that are due; true if one could not be undone. */
static bool undo_due(struct manager *manager) {
        bool has_failed = false;

        for (size_t i = 0; i < manager->unconfirmed.n_items;) {
                const struct unconfirmed_edit *edit = &manager->unconfirmed.items[i];
                size_t n_before = manager->unconfirmed.n_items;
                struct control_refusal refusal = { 0 };
                CLEANUP_FREE char *path = strdup(edit->path);
                int r;

                if (unconfirmed_due_us(&manager->unconfirmed, edit) > ssh_login_now_us()) {
                        i++;
                        continue;
                }
                r = undo_edit(manager, edit, &refusal);
                if (r != CONTROL_DONE) {
                        has_failed = true;
                        tell_stuck(manager, path, r, &refusal);
                }
                control_refusal_done(&refusal);
                i += manager->unconfirmed.n_items == n_before; /* else the next one is here */
        }
        manager->undo_is_stuck = has_failed;
        return has_failed;
}

static int on_due(sd_event_source *source, uint64_t now_us, void *userdata) {
        struct manager *manager = userdata;
        bool has_failed = undo_due(manager);

        schedule(manager);
        if (has_failed)
                (void)sd_event_source_set_time(source, now_us + RETRY_US);
        manager_schedule_turn(manager);
        return 0;
}

int manager_load_trials(struct manager *manager) {
        CLEANUP_FREE char *boot_id = NULL;
        int r = ssh_login_boot_id("/proc", &boot_id);

        if (r == 0)
                r = unconfirmed_load(manager->world.store,
                                     &(struct unconfirmed_moment){ boot_id, ssh_login_now_us(),
                                                                   record_now_us() },
                                     &manager->unconfirmed);
        return r;
}

int manager_start_trials(struct manager *manager) {
        int r = sd_event_add_time(manager->event, &manager->confirm_source, CLOCK_BOOTTIME,
                                  UINT64_MAX, 0, on_due, manager);

        if (r < 0)
                return r;
        (void)undo_due(manager); /* what could not be is due at once */
        schedule(manager);
        return 0;
}

/* ---- confirming ---- */

/* Why sshd cannot have shown with LOGIN that the edit lets in; NULL if it has. */
static const char *find_unread(const struct manager *manager, const struct unconfirmed_edit *edit,
                               const struct ssh_login *login) {
        const struct guarded *guarded = guarded_set_get(&manager->world.set, edit->path);
        struct snapshot pid_file;
        int64_t read_at_us, since_us;
        bool is_running;

        if (!guarded || !(guarded->flags & GUARDED_SSHD) || !manager->pid_path || !manager->units)
                return NULL;
        if (snapshot_take(&manager->world.root, manager->pid_path,
                          SNAPSHOT_METADATA | SNAPSHOT_NOFOLLOW, &pid_file) < 0)
                return "sshd's PidFile cannot be looked at";
        is_running = pid_file.metadata.kind == FILE_REGULAR;
        read_at_us = pid_file.metadata.mtime_ns / 1000;
        snapshot_done(&pid_file);
        if (!is_running)
                return "sshd does not run, or reads its configuration just now: " WHAT_TO_TYPE;
        if (read_at_us < edit->at_us)
                return "sshd has not read what was edited: reload it (`systemctl reload ssh`), "
                       "then " WHAT_TO_TYPE;
        since_us = record_now_us() - read_at_us;
        if (login->began_us < ssh_login_now_us() - since_us)
                return "sshd read what was edited after this login began: " WHAT_TO_TYPE;
        return NULL;
}

static const char *find_objection(const struct manager *manager,
                                  const struct unconfirmed_edit *edit,
                                  const struct ssh_login *login) {
        if (!unconfirmed_precedes(&manager->unconfirmed, edit, login))
                return "this connection is older than the edit, so it does not show that one still "
                       "gets in: " WHAT_TO_TYPE;
        return find_unread(manager, edit, login);
}

static bool is_meant(const struct unconfirmed_edit *edit, const char *path) {
        return !path || strcmp(edit->path, path) == 0;
}

/* CONTROL_DONE if there is something to decide about. */
static int check_meant(const struct manager *manager, const char *path,
                       struct control_refusal *refusal) {
        for (size_t i = 0; i < manager->unconfirmed.n_items; i++)
                if (is_meant(&manager->unconfirmed.items[i], path))
                        return CONTROL_DONE;
        return manager_refuse(refusal, path ? "no edit of it waits to be confirmed"
                                            : "no edit waits to be confirmed");
}

static int check_login(struct manager *manager, const struct control_confirmation *confirmation,
                       struct control_refusal *refusal) {
        struct ssh_login login;
        int r = ssh_login_find("/proc", confirmation->peer.pid, &login);

        if (r == 0)
                return manager_refuse(refusal,
                                      "this is no login over ssh (inside tmux or screen it cannot "
                                      "be told): " WHAT_TO_TYPE);
        for (size_t i = 0; i < manager->unconfirmed.n_items && r > 0; i++) {
                const struct unconfirmed_edit *edit = &manager->unconfirmed.items[i];
                const char *objection = is_meant(edit, confirmation->path)
                                                ? find_objection(manager, edit, &login)
                                                : NULL;

                if (objection)
                        return manager_refuse(refusal, objection);
        }
        return r < 0 ? r : CONTROL_DONE;
}

static int confirm_edit(struct manager *manager, const struct unconfirmed_edit *edit,
                        struct control_refusal *refusal) {
        CLEANUP_FREE char *path = strdup(edit->path);
        int r = path ? unconfirmed_remove(&manager->unconfirmed, path) : -ENOMEM;

        (void)refusal;
        if (r < 0)
                return r;
        record_notice_at(path, MESSAGE_CONFIRMED, LOG_NOTICE,
                         "%s: the edit was confirmed from a login that began after it", path);
        return CONTROL_DONE;
}

/* Ends each one that is meant, one way or the other. */
static int end_all(struct manager *manager, const char *path, size_t *ret_n,
                   struct control_refusal *refusal,
                   int (*end)(struct manager *manager, const struct unconfirmed_edit *edit,
                              struct control_refusal *refusal)) {
        size_t n = 0;
        int r = CONTROL_DONE;

        for (size_t i = 0; i < manager->unconfirmed.n_items && r == CONTROL_DONE;) {
                if (!is_meant(&manager->unconfirmed.items[i], path)) {
                        i++;
                        continue;
                }
                r = end(manager, &manager->unconfirmed.items[i], refusal);
                n += r == CONTROL_DONE;
        }
        schedule(manager);
        *ret_n = n;
        return r;
}

static int confirm(void *userdata, const struct control_confirmation *confirmation, size_t *ret_n,
                   struct control_refusal *refusal) {
        int r = check_meant(userdata, confirmation->path, refusal);

        if (r == CONTROL_DONE)
                r = check_login(userdata, confirmation, refusal);
        return r == CONTROL_DONE
                       ? end_all(userdata, confirmation->path, ret_n, refusal, confirm_edit)
                       : r;
}

static int undo(void *userdata, const struct control_confirmation *confirmation, size_t *ret_n,
                struct control_refusal *refusal) {
        int r = check_meant(userdata, confirmation->path, refusal);

        return r == CONTROL_DONE ? end_all(userdata, confirmation->path, ret_n, refusal, undo_edit)
                                 : r;
}

void manager_fill_confirm(struct control_backend *ret) {
        ret->get_unconfirmed = get_unconfirmed;
        ret->confirm = confirm;
        ret->undo = undo;
}
