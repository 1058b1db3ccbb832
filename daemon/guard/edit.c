/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An administrator's edit: the content he wrote is judged as if it were there (rules, then sshd
 * -t), and written in one exchange that keeps owner, mode, labels and what was there.
 *
 * A new file is taken where something would read it: a drop-in that an Include matches, a PAM
 * service. Links are left alone, since the file behind one is what should be edited. What is wrong
 * without the edit does not stand in its way, unless it is wrong in this very file. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "guard/assess.h"
#include "guard/messages.h"
#include "guard/record.h"
#include "guard/respond.h"
#include "manager.h"
#include "world/access_change.h"

DEFINE_CLEANUP(cleanup_view, struct view, view_free)
DEFINE_CLEANUP(cleanup_config, struct sshd_config, sshd_config_free)

/* The tree with the edit in it. */
struct laid {
        struct view *view;
        struct sshd_config *config;
        struct file_metadata metadata; /* of the file as it would be */
        unsigned flags;                /* enum guarded_flags */
        const struct snapshot *now;    /* what is there */
};

static void laid_done(struct laid *laid) {
        view_free(laid->view);
        sshd_config_free(laid->config);
        file_metadata_done(&laid->metadata);
}

/* ---- laying it ---- */

/* What a new file gets: what it was approved with before it went away, or what root's files have.
 */
static int set_new_metadata(const struct world *world, const char *path,
                            struct file_metadata *ret) {
        const struct approved *approved = baseline_get(world->baseline, path);

        if (approved && approved->metadata.kind == FILE_REGULAR)
                return file_metadata_copy(ret, &approved->metadata);
        *ret = (struct file_metadata){ .kind = FILE_REGULAR, .mode = 0644 };
        return 0;
}

static int set_metadata(const struct world *world, const struct control_proposal *proposal,
                        const struct snapshot *now, struct file_metadata *ret) {
        int r = now->metadata.kind == FILE_ABSENT ? set_new_metadata(world, proposal->path, ret)
                                                  : file_metadata_copy(ret, &now->metadata);

        ret->size = proposal->n_data;
        ret->has_sha256 = false; /* whoever needs it reads what was written */
        ret->is_oversize = false;
        return r;
}

/* How the path is guarded, or would be with the edit in force: 1, 0 if nothing reads it. */
static int find_flags(const struct world *world, const struct laid *laid, const char *path,
                      unsigned *ret) {
        CLEANUP(guarded_set_done) struct guarded_set set = { 0 };
        const struct guarded *guarded = guarded_set_get(&world->set, path);
        const struct guarded_sources sources = {
                .policy = world->policy,
                .config = laid->config,
                .accounts = &world->accounts,
                .view = laid->view,
                .config_path = world->config_path,
        };
        int r = guarded ? 0 : guarded_set_derive(&sources, &set);

        if (r < 0)
                return r;
        if (!guarded)
                guarded = guarded_set_get(&set, path);
        if (!guarded)
                return 0;
        *ret = guarded->flags;
        return 1;
}

static int check_editable(const struct laid *laid, struct control_refusal *refusal) {
        if (laid->flags & GUARDED_SECRET)
                return manager_refuse(refusal, "that file holds a secret");
        if (laid->flags & GUARDED_POLICY)
                return manager_refuse(refusal, "our own configuration is edited like any file; "
                                               "`sshguardd --test-policy` checks it");
        if (laid->flags & (GUARDED_ALERT_ONLY | GUARDED_ACCOUNTS))
                return manager_refuse(refusal, "this program never writes that path");
        return CONTROL_DONE;
}

/* An enum control_result, or a negative errno. */
static int lay(struct manager *manager, const struct control_proposal *proposal, struct laid *ret,
               struct control_refusal *refusal) {
        struct world *world = &manager->world;
        const char *path = proposal->path;
        int r;

        view_forget(world->view, path);
        r = view_look(world->view, path, 0, &ret->now);
        if (r < 0)
                return r;
        if (ret->now->metadata.kind == FILE_SYMLINK)
                return manager_refuse(refusal, "it is a link; edit the file it leads to");
        if (ret->now->metadata.kind != FILE_REGULAR && ret->now->metadata.kind != FILE_ABSENT)
                return manager_refuse(refusal, "it is no regular file");
        r = set_metadata(world, proposal, ret->now, &ret->metadata);
        if (r == 0)
                r = view_new_over(world->view, &ret->view);
        if (r == 0)
                r = view_put(ret->view, path, &ret->metadata, proposal->data, proposal->n_data);
        if (r == 0)
                r = world_parse_config(world, ret->view, &ret->config);
        if (r == 0)
                r = find_flags(world, ret, path, &ret->flags);
        if (r < 0)
                return r;
        return r == 0 ? CONTROL_NO_SUCH_PATH : check_editable(ret, refusal);
}

/* ---- judging it ---- */

/* What A has and B lacks. */
static int subtract(const struct findings *a, const struct findings *b, struct findings *ret) {
        int r = 0;

        for (size_t i = 0; i < a->n_items && r == 0; i++) {
                struct finding copy;

                if (findings_contain(b, &a->items[i]))
                        continue;
                r = finding_copy(&copy, &a->items[i]);
                if (r == 0)
                        r = findings_add(ret, &copy);
        }
        return r;
}

/* Adds what AFTER says of the file itself to *ret, unless it is there already. */
static int add_own(const struct findings *after, const char *path, struct findings *ret) {
        int r = 0;

        for (size_t i = 0; i < after->n_items && r == 0; i++) {
                const struct finding *finding = &after->items[i];
                struct finding copy;

                if (!finding->path || strcmp(finding->path, path) != 0 ||
                    findings_contain(ret, finding))
                        continue;
                r = finding_copy(&copy, finding);
                if (r == 0)
                        r = findings_add(ret, &copy);
        }
        return r;
}

struct judgement {
        struct findings before, after;
};

static void judgement_done(struct judgement *judgement) {
        findings_done(&judgement->before);
        findings_done(&judgement->after);
}

static int judge(struct manager *manager, const struct laid *laid, const char *path,
                 struct judgement *ret) {
        int r = manager_assess(manager, manager->world.view, path, &ret->before);

        return r < 0 ? r : manager_assess(manager, laid->view, path, &ret->after);
}

/* What needs an exception: it comes with the edit, or is wrong in the file edited. */
static int find_violations(const struct judgement *judgement, const char *path,
                           struct findings *ret) {
        int r = subtract(&judgement->after, &judgement->before, ret);

        return r < 0 ? r : add_own(&judgement->after, path, ret);
}

/* Asks sshd where the file is part of its configuration. *ret_refusal and *ret_remark (both on the
 * heap) stay NULL where there is nothing to say. */
static int ask_sshd(struct manager *manager, const struct laid *laid, char **ret_refusal,
                    char **ret_remark) {
        const struct sshd_refusal *own = sshd_config_refusal(laid->config);
        enum verdict verdict = VERDICT_ACCEPTED;
        char *reason = NULL;
        int r = 0;

        if (!(laid->flags & GUARDED_SSHD))
                return 0;
        r = verdicts_ask(manager->verdicts, &manager->world, laid->view, &verdict, &reason);
        if (r < 0)
                return r;
        if (verdict == VERDICT_REFUSED) {
                *ret_refusal = reason;
                return 0;
        }
        *ret_remark = reason;
        if (verdict == VERDICT_UNKNOWN && own) {
                *ret_refusal = strdup(own->reason);
                return *ret_refusal ? 0 : -ENOMEM;
        }
        return 0;
}

/* ---- GetContent ---- */

static int copy_content(struct control_version *ret, const struct file_metadata *metadata,
                        const char *data, size_t n_data) {
        int r = file_metadata_copy(&ret->metadata, metadata);

        if (r < 0 || !data)
                return r;
        ret->data = malloc(n_data + 1);
        if (!ret->data)
                return -ENOMEM;
        memcpy(ret->data, data, n_data);
        ret->n_data = n_data;
        return 0;
}

static int get_content(void *userdata, const char *path, struct control_version *ret,
                       struct control_refusal *refusal) {
        const struct control_proposal proposal = { .path = path, .data = "" };
        CLEANUP(laid_done) struct laid laid = { 0 };
        int r = lay(userdata, &proposal, &laid, refusal);

        if (r != CONTROL_DONE)
                return r;
        if (laid.now->metadata.kind == FILE_REGULAR &&
            (!laid.now->metadata.has_sha256 || !laid.now->data))
                return manager_refuse(refusal, "it is too large");
        r = copy_content(ret, &laid.now->metadata, laid.now->data, laid.now->n_data);
        return r < 0 ? r : CONTROL_DONE;
}

/* ---- Preview ---- */

static int compare_settings(const struct world *world, const struct laid *laid,
                            struct control_preview *ret) {
        CLEANUP(cleanup_config) struct sshd_config *before = NULL;
        int r = world_parse_config(world, world->view, &before);

        ret->changes.complete = true;
        if (r < 0)
                return r;
        ret->is_comparable = !sshd_config_refusal(before) && !sshd_config_refusal(laid->config);
        return ret->is_comparable
                       ? sshd_changes_find(before, laid->config, &world->accounts, &ret->changes)
                       : 0;
}

/* Who gets in otherwise. Nothing where that cannot be found out. */
static int compare_access(struct world *world, const struct laid *laid, const char *path,
                          struct control_preview *ret) {
        CLEANUP(access_change_done) struct access_change change = { 0 };
        int r = access_change_find(world, world->view, laid->view, path, &change);

        ret->versions.access = TAKE(change.text);
        return r == -ENOMEM ? r : 0;
}

static int preview(void *userdata, const struct control_proposal *proposal,
                   struct control_preview *ret, struct control_refusal *refusal) {
        struct manager *manager = userdata;
        CLEANUP(judgement_done) struct judgement judgement = { 0 };
        CLEANUP(laid_done) struct laid laid = { 0 };
        int r = lay(manager, proposal, &laid, refusal);

        if (r != CONTROL_DONE)
                return r;
        r = judge(manager, &laid, proposal->path, &judgement);
        if (r == 0)
                r = find_violations(&judgement, proposal->path, &ret->violations);
        if (r == 0)
                r = subtract(&judgement.before, &judgement.after, &ret->resolved);
        if (r == 0)
                r = ask_sshd(manager, &laid, &ret->refusal, &ret->remark);
        if (r == 0)
                r = compare_settings(&manager->world, &laid, ret);
        if (r == 0)
                r = compare_access(&manager->world, &laid, proposal->path, ret);
        if (r == 0)
                r = copy_content(&ret->versions.before, &laid.now->metadata, laid.now->data,
                                 laid.now->n_data);
        if (r == 0)
                r = copy_content(&ret->versions.after, &laid.metadata, proposal->data,
                                 proposal->n_data);
        return r < 0 ? r : CONTROL_DONE;
}

/* ---- Install ---- */

static int check_replaced(const struct laid *laid, const struct control_proposal *proposal,
                          struct control_refusal *refusal) {
        const struct file_metadata *now = &laid->now->metadata;

        if (proposal->absent ? now->kind == FILE_ABSENT
                             : now->has_sha256 &&
                                       memcmp(now->sha256, proposal->sha256, FILE_SHA256_SIZE) == 0)
                return CONTROL_DONE;
        refusal->has_sha256 = now->has_sha256;
        memcpy(refusal->sha256, now->sha256, FILE_SHA256_SIZE);
        return CONTROL_CONTENT_CHANGED;
}

/* May it be written? An enum control_result, or a negative errno; *ret_excepted: it breaks what an
 * exception must be recorded for. */
static int check_allowed(struct manager *manager, const struct control_proposal *proposal,
                         const struct laid *laid, struct control_refusal *refusal,
                         bool *ret_excepted) {
        CLEANUP(judgement_done) struct judgement judgement = { 0 };
        CLEANUP(findings_done) struct findings broken = { 0 };
        CLEANUP_FREE char *words = NULL, *remark = NULL;
        int r = ask_sshd(manager, laid, &words, &remark);

        if (r < 0)
                return r;
        if (words) {
                CLEANUP_FREE char *reason = text_format("sshd would not take it: %s", words);

                return reason ? manager_refuse(refusal, reason) : -ENOMEM;
        }
        r = manager_keep_admins(manager, laid->view, proposal->path, refusal);
        if (r != CONTROL_DONE)
                return r;
        r = judge(manager, laid, proposal->path, &judgement);
        if (r == 0)
                r = find_violations(&judgement, proposal->path, &broken);
        if (r < 0)
                return r;
        *ret_excepted = broken.n_items > 0;
        if (manager_excepts_all(&proposal->exception, &broken))
                return CONTROL_DONE;
        refusal->findings = broken;
        broken = (struct findings){ 0 };
        return CONTROL_VIOLATES;
}

static int approve_written(struct manager *manager, const struct control_proposal *proposal) {
        const char *reason = proposal->reason ? proposal->reason : "edited";
        const struct snapshot *now;
        int r = view_look(manager->world.view, proposal->path, 0, &now);

        if (r == 0)
                r = baseline_approve(manager->world.baseline, proposal->path, now, false,
                                     proposal->peer.uid, reason);
        if (r == 0)
                r = world_update_patterns(&manager->world);
        if (r == 0)
                record_notice_at(proposal->path, MESSAGE_APPROVED, LOG_NOTICE,
                                 "%s: edited and approved by uid %u: %s", proposal->path,
                                 proposal->peer.uid, reason);
        return r;
}

static int install(void *userdata, const struct control_proposal *proposal,
                   struct control_refusal *refusal) {
        static const struct record_deed deed = {
                .message_id = MESSAGE_INSTALLED,
                .rule_id = "file.edited",
                .action = "edited",
                .message = "an administrator replaced it with `sshguardctl edit`",
                .severity = SEVERITY_INFO,
        };
        struct manager *manager = userdata;
        bool is_trial = proposal->confirm_within_us > 0, is_excepted = false;
        CLEANUP(laid_done) struct laid laid = { 0 };
        int r = manager_refuse_unconfirmed(manager, proposal->path, refusal);

        if (r == CONTROL_DONE)
                r = lay(manager, proposal, &laid, refusal);
        if (r == CONTROL_DONE)
                r = check_replaced(&laid, proposal, refusal);
        if (r == CONTROL_DONE)
                r = check_allowed(manager, proposal, &laid, refusal, &is_excepted);
        if (r == CONTROL_DONE && is_excepted)
                r = manager_grant_exception(manager, &proposal->peer, &proposal->exception,
                                            proposal->path, proposal->reason, refusal);
        if (r == CONTROL_DONE && is_trial)
                r = manager_begin_trial(manager, proposal, laid.now, is_excepted, refusal);
        if (r != CONTROL_DONE)
                return r;
        r = manager_put(
                manager, &deed, proposal->path,
                &(struct replace_version){ &laid.metadata, proposal->data, proposal->n_data },
                refusal);
        if (r != CONTROL_DONE) {
                if (is_trial)
                        manager_drop_trial(manager, proposal->path);
                return r;
        }
        if (is_trial)
                manager_tell_trial(manager, proposal);
        r = is_excepted ? 0 : approve_written(manager, proposal);
        if (laid.flags & GUARDED_SSHD && !guarded_set_get(&manager->world.set, proposal->path))
                manager->reconciler.on_sshd_changed(manager); /* it joins the set by this edit */
        return r < 0 ? r : manager_mark(manager, proposal->path);
}

void manager_fill_edit(struct control_backend *ret) {
        ret->get_content = get_content;
        ret->preview = preview;
        ret->install = install;
}
