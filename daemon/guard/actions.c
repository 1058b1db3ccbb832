/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an administrator may have the manager do over the control socket. An action changes nothing
 * unless it can be done whole; what it allowed is recorded with who and why. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "guard/assess.h"
#include "guard/lock.h"
#include "guard/messages.h"
#include "manager.h"
#include "world/lockout.h"

int manager_refuse(struct control_refusal *refusal, const char *reason) {
        free(refusal->reason);
        refusal->reason = strdup(reason);
        return refusal->reason ? CONTROL_REFUSED : -ENOMEM;
}

struct putting {
        const struct manager *manager;
        const struct record_deed *deed;
        struct record_begun begun; /* of what is kept first */
};

static int keep_replaced(void *userdata, const char *path, const struct snapshot *old,
                         enum respond_keep how) {
        struct putting *putting = userdata;

        return record_deed(&putting->manager->reconciler.recorder, putting->deed, path, old,
                           how == RESPOND_KEEP_FIRST ? &putting->begun : NULL);
}

static void on_kept(void *userdata, const char *why_not) {
        const struct putting *putting = userdata;

        record_end(&putting->manager->reconciler.recorder, &putting->begun, why_not);
}

int manager_put(struct manager *manager, const struct record_deed *deed, const char *path,
                const struct replace_version *version, struct control_refusal *refusal) {
        struct putting putting = { manager, deed, { 0 } };
        const struct responder responder = { .world = &manager->world,
                                             .verdicts = manager->verdicts,
                                             .keep = keep_replaced,
                                             .on_kept = on_kept,
                                             .userdata = &putting };
        CLEANUP(respond_report_done) struct respond_report report = { 0 };
        int r = respond_put(&responder, path, version->metadata, version->data, version->n_data,
                            &report);

        if (r < 0)
                return r;
        if (report.outcome != RESPOND_DONE)
                return manager_refuse(refusal, report.reason
                                                       ? report.reason
                                                       : respond_outcome_explain(report.outcome));
        if (report.touched_sshd)
                manager->reconciler.on_sshd_changed(manager);
        return CONTROL_DONE;
}

/* "Only the approved version" is what an approval makes true. */
static bool is_settled_by_approval(const struct finding *finding) {
        return finding->rule &&
               (finding->rule->family == RULE_FILE || finding->rule->family == RULE_KEYS) &&
               finding->setting && strcmp(finding->setting, "approved") == 0;
}

/* Adds those of SOME that are about PATH (NULL: any) and that an approval does not settle. */
static int add_unsettled(const struct findings *some, const char *path, struct findings *ret) {
        int r = 0;

        for (size_t i = 0; i < some->n_items && r == 0; i++) {
                const struct finding *finding = &some->items[i];
                struct finding copy;

                if (is_settled_by_approval(finding) ||
                    (path && (!finding->path || strcmp(finding->path, path) != 0)))
                        continue;
                r = finding_copy(&copy, finding);
                if (r == 0)
                        r = findings_add(ret, &copy);
        }
        return r;
}

int manager_assess(struct manager *manager, struct view *view, const char *path,
                   struct findings *ret) {
        CLEANUP(findings_done) struct findings all = { 0 };
        int r = assess_sshd(&manager->world, view, &all);

        if (r == 0)
                r = assess_pam(&manager->world, view, &all);
        if (r == 0)
                r = assess_path(&manager->world, view, path, &all);
        return r == 0 ? add_unsettled(&all, NULL, ret) : r;
}

/* What a view says is wrong because of PATH: findings whose winning line stands there, or about it.
 */
static int findings_because_of(struct manager *manager, struct view *view, const char *path,
                               struct findings *ret) {
        CLEANUP(findings_done) struct findings all = { 0 };
        int r = manager_assess(manager, view, path, &all);

        return r == 0 ? add_unsettled(&all, path, ret) : r;
}

int manager_grant_exception(struct manager *manager, const struct control_peer *peer,
                            const struct control_exception *exception, const char *path,
                            const char *reason, struct control_refusal *refusal) {
        const struct permit permit = {
                .kind = PERMIT_EXCEPTION,
                .path = BORROWED(path),
                .rule_id = BORROWED(exception->rule_id),
                .since_us = record_now_us(),
                .until_us = exception->until_us,
                .uses_left = -1,
                .by = peer->uid,
                .reason = BORROWED(reason ? reason : ""),
        };
        int r;

        if (!policy_find_rule(manager->world.policy, exception->rule_id) &&
            strncmp(exception->rule_id, "sshd.", 5) != 0)
                return CONTROL_NO_SUCH_RULE;
        if (!reason || !reason[0] || exception->until_us <= permit.since_us)
                return manager_refuse(refusal, "an exception needs a reason and an end");
        r = permits_add(&manager->permits, &permit, NULL);
        if (r < 0)
                return r;
        record_notice_at(path, MESSAGE_PERMIT, LOG_NOTICE,
                         "uid %u allowed %s to break %s for a while: %s", peer->uid, path,
                         exception->rule_id, reason);
        manager_schedule_expiry(manager);
        return CONTROL_DONE;
}

int manager_keep_admins(struct manager *manager, struct view *candidate, const char *path,
                        struct control_refusal *refusal) {
        CLEANUP_FREE char *own = strdup(path);
        CLEANUP_FREE char *reason = NULL;
        int r = own ? lockout_judge(&manager->world, candidate, &own, 1, &reason) : -ENOMEM;

        if (r < 0)
                return r;
        return reason ? manager_refuse(refusal, reason) : CONTROL_DONE;
}

bool manager_excepts_all(const struct control_exception *exception,
                         const struct findings *findings) {
        for (size_t i = 0; i < findings->n_items; i++)
                if (!exception->rule_id ||
                    strcmp(findings->items[i].rule_id, exception->rule_id) != 0)
                        return false;
        return true;
}

/* END is what NOW leads to, if that is a link. */
static int check_reviewed(const struct snapshot *now, const struct snapshot *end,
                          const struct control_approval *approval,
                          struct control_refusal *refusal) {
        bool is_absent = now->metadata.kind == FILE_ABSENT;

        if (approval->absent
                    ? is_absent
                    : end->metadata.has_sha256 &&
                              memcmp(end->metadata.sha256, approval->sha256, FILE_SHA256_SIZE) == 0)
                return CONTROL_DONE;
        refusal->has_sha256 = end->metadata.has_sha256;
        memcpy(refusal->sha256, end->metadata.sha256, FILE_SHA256_SIZE);
        return CONTROL_CONTENT_CHANGED;
}

/* A lock is part of the approved version, also of the next one. */
static int approve_step(struct manager *manager, const char *path, const struct snapshot *now,
                        const struct guarded *guarded, uint32_t by, const char *reason) {
        bool was_locked = lock_is_on(baseline_get(manager->world.baseline, path));
        int r = baseline_approve(manager->world.baseline, path, now,
                                 guarded->flags & GUARDED_SECRET, by, reason);

        return r == 0 && was_locked ? lock_add(&manager->reconciler, path) : r;
}

/* The path, and every step of where it leads if it is a link: all of that was reviewed. */
static int approve_reviewed(struct manager *manager, const struct control_approval *approval,
                            const struct snapshot *now) {
        const char *reason = approval->reason ? approval->reason : "approved";
        CLEANUP_FREE char *at = strdup(approval->path);
        int r = at ? 0 : -ENOMEM;

        for (unsigned i = 0; i < VIEW_LINKS_MAX && r == 0; i++) {
                const struct guarded *guarded = guarded_set_get(&manager->world.set, at);
                char *next;

                if (guarded)
                        r = approve_step(manager, at, now, guarded, approval->peer.uid, reason);
                if (r < 0 || now->metadata.kind != FILE_SYMLINK)
                        return r;
                next = view_link_destination(
                        at, now->metadata.link_target ? now->metadata.link_target : "");
                if (!next)
                        return -ENOMEM;
                free(at);
                at = next;
                r = view_look(manager->world.view, at, 0, &now);
        }
        return r;
}

int manager_approve(void *userdata, const struct control_approval *approval,
                    struct control_refusal *refusal) {
        struct manager *manager = userdata;
        const struct guarded *guarded = guarded_set_get(&manager->world.set, approval->path);
        CLEANUP(findings_done) struct findings findings = { 0 };
        const struct snapshot *now, *end;
        bool is_secret = guarded && guarded->flags & GUARDED_SECRET;
        int r;

        if (!guarded)
                return CONTROL_NO_SUCH_PATH;
        if (guarded->flags & (GUARDED_ACCOUNTS | GUARDED_UNVERSIONED))
                return manager_refuse(refusal, "that path has no approved version");
        r = manager_refuse_unconfirmed(manager, approval->path, refusal);
        if (r != CONTROL_DONE)
                return r;
        view_forget_all(manager->world.view); /* also what a link leads to */
        r = view_look(manager->world.view, approval->path, is_secret ? SNAPSHOT_SECRET : 0, &now);
        if (r == 0)
                r = view_follow(manager->world.view, approval->path, 0, NULL, &end);
        if (r < 0)
                return r;
        r = check_reviewed(now, end, approval, refusal);
        if (r != CONTROL_DONE)
                return r;
        r = findings_because_of(manager, manager->world.view, approval->path, &findings);
        if (r < 0)
                return r;
        if (!manager_excepts_all(&approval->exception, &findings)) {
                refusal->findings = findings;
                findings = (struct findings){ 0 };
                return CONTROL_VIOLATES;
        }
        if (findings.n_items > 0) {
                r = manager_grant_exception(manager, &approval->peer, &approval->exception,
                                            approval->path, approval->reason, refusal);
        } else {
                r = approve_reviewed(manager, approval, now);
                if (r == 0)
                        r = world_update_patterns(&manager->world);
                if (r == 0)
                        record_notice_at(approval->path, MESSAGE_APPROVED, LOG_NOTICE,
                                         "%s: approved by uid %u%s%s", approval->path,
                                         approval->peer.uid, approval->reason ? ": " : "",
                                         approval->reason ? approval->reason : "");
        }
        return r == 0 ? manager_mark(manager, approval->path) : r;
}

/* Proves and writes a version of old; what it breaks must be excepted. */
static int restore_version(struct manager *manager, const struct control_restoral *restoral,
                           const struct control_versions *versions,
                           struct control_refusal *refusal) {
        bool is_approved = restoral->subject.path != NULL;
        struct view *candidate = NULL;
        struct findings findings = { 0 };
        const struct record_deed deed = {
                .message_id = MESSAGE_RESTORED,
                .rule_id = "file.restored",
                .action = "restored",
                .message = is_approved ? "its approved version was put back in its place"
                                       : "a quarantined version was put back in its place",
                .severity = SEVERITY_INFO,
        };
        const struct control_version *version = &versions->after;
        bool is_violating;
        int r = view_new_over(manager->world.view, &candidate);

        if (r == 0)
                r = view_put(candidate, versions->path, &version->metadata, version->data,
                             version->n_data);
        if (r == 0)
                r = findings_because_of(manager, candidate, versions->path, &findings);
        is_violating = findings.n_items > 0;
        if (r == 0)
                r = manager_keep_admins(manager, candidate, versions->path, refusal);
        view_free(candidate);
        if (r > 0) {
                findings_done(&findings);
                return r;
        }
        if (r < 0 || !manager_excepts_all(&restoral->exception, &findings)) {
                refusal->findings = findings;
                return r < 0 ? r : CONTROL_VIOLATES;
        }
        findings_done(&findings);
        if (is_violating) {
                r = manager_grant_exception(manager, &restoral->peer, &restoral->exception,
                                            versions->path, restoral->reason, refusal);
                if (r != CONTROL_DONE)
                        return r;
        }
        r = manager_put(
                manager, &deed, versions->path,
                &(struct replace_version){ &version->metadata, version->data, version->n_data },
                refusal);
        if (r != CONTROL_DONE)
                return r;
        if (!is_violating && !is_approved) {
                const struct snapshot *now;

                r = view_look(manager->world.view, versions->path, 0, &now);
                if (r == 0)
                        r = baseline_approve(manager->world.baseline, versions->path, now, false,
                                             restoral->peer.uid,
                                             restoral->reason ? restoral->reason : "restored");
                if (r == 0)
                        r = world_update_patterns(&manager->world);
        }
        return r < 0 ? r : manager_mark(manager, versions->path);
}

/* Of an oversize file the two ends are kept, of a secret nothing. */
static bool is_whole(const struct control_version *version) {
        return version->metadata.kind != FILE_REGULAR || version->n_data == version->metadata.size;
}

/* The approved version of what drifted, as versions->after. */
static int find_approved(struct manager *manager, const char *path,
                         struct control_versions *versions, struct control_refusal *refusal) {
        const struct guarded *guarded = guarded_set_get(&manager->world.set, path);
        unsigned differences;
        int r;

        if (!guarded)
                return CONTROL_NO_SUCH_PATH;
        if (guarded->flags & (GUARDED_ACCOUNTS | GUARDED_UNVERSIONED) ||
            !baseline_get(manager->world.baseline, path))
                return manager_refuse(refusal, "that path has no approved version");
        view_forget_all(manager->world.view);
        r = assess_drift(&manager->world, manager->world.view, path, &differences);
        if (r < 0)
                return r;
        if (differences == 0)
                return manager_refuse(refusal, "what is there is the approved version");
        versions->path = strdup(path);
        r = versions->path ? manager_approved_version(manager, path, &versions->after) : -ENOMEM;
        if (r < 0)
                return r;
        return is_whole(&versions->after)
                       ? CONTROL_DONE
                       : manager_refuse(refusal, "no content is kept of its approved version");
}

static int restore(void *userdata, const struct control_restoral *restoral,
                   struct control_refusal *refusal) {
        const struct control_subject *subject = &restoral->subject;
        struct manager *manager = userdata;
        CLEANUP(control_versions_done) struct control_versions versions = { 0 };
        int r = subject->path ? find_approved(manager, subject->path, &versions, refusal)
                              : manager_incident_versions(manager, subject->incident_id, &versions);

        if (r != CONTROL_DONE)
                return r;
        if (!is_whole(&versions.after))
                return CONTROL_NOTHING_KEPT;
        r = manager_refuse_unconfirmed(manager, versions.path, refusal);
        if (r != CONTROL_DONE)
                return r;
        return restore_version(manager, restoral, &versions, refusal);
}

static int reload(void *userdata, struct control_refusal *refusal) {
        struct manager *manager = userdata;
        int r = manager_load_policy(manager, &refusal->diagnostics);

        if (r == -ENOMEM)
                return r;
        if (r < 0)
                return CONTROL_POLICY_INVALID;
        r = manager_approve_policy(manager);
        return r < 0 ? r : manager_start_full_pass(manager);
}

/* A pass that runs begins anew, so its one end is the end of all. */
static int start_check(void *userdata) {
        int r = manager_start_full_pass(userdata);

        return r < 0 ? r : 1;
}

static int add_allowance(struct manager *manager, enum permit_kind kind,
                         const struct control_allowance *allowance, int64_t *ret_id,
                         struct control_refusal *refusal) {
        static const char *const what[N_PERMIT_KINDS] = {
                [PERMIT_CHANGE] = "permitted changes of ",
                [PERMIT_PAUSE] = "paused all responses",
                [PERMIT_UNLOCK] = "lifted the lock of ",
        };
        const struct permit permit = {
                .kind = kind,
                .path = BORROWED(allowance->path),
                .since_us = record_now_us(),
                .until_us = allowance->until_us,
                .uses_left = kind == PERMIT_CHANGE ? allowance->uses : -1,
                .by = allowance->peer.uid,
                .reason = BORROWED(allowance->reason ? allowance->reason : ""),
        };
        int r;

        if (permit.until_us <= permit.since_us)
                return manager_refuse(refusal, "its end is in the past");
        r = permits_add(&manager->permits, &permit, ret_id);
        if (r < 0)
                return r;
        record_notice_at(permit.path, MESSAGE_PERMIT, LOG_NOTICE, "uid %u %s%s for %lld s: %s",
                         permit.by, what[kind], permit.path ? permit.path : "",
                         (long long)(permit.until_us - permit.since_us) / 1000000, permit.reason);
        manager_schedule_expiry(manager);
        if (permit.path) {
                view_forget(manager->world.view, permit.path);
                r = lock_keep(&manager->reconciler, permit.path);
        }
        return r < 0 ? r : CONTROL_DONE;
}

static int permit(void *userdata, const struct control_allowance *allowance, int64_t *ret_id,
                  struct control_refusal *refusal) {
        struct manager *manager = userdata;

        if (!guarded_set_get(&manager->world.set, allowance->path))
                return CONTROL_NO_SUCH_PATH;
        return add_allowance(manager, PERMIT_CHANGE, allowance, ret_id, refusal);
}

static int unlock(void *userdata, const struct control_allowance *allowance,
                  struct control_refusal *refusal) {
        struct manager *manager = userdata;

        if (!guarded_set_get(&manager->world.set, allowance->path))
                return CONTROL_NO_SUCH_PATH;
        if (!lock_is_on(baseline_get(manager->world.baseline, allowance->path)))
                return manager_refuse(refusal, "it is not locked");
        return add_allowance(manager, PERMIT_UNLOCK, allowance, NULL, refusal);
}

/* Ending a permit early is a look at what it covered. */
static int end_permit(struct manager *manager, int64_t id) {
        int r = permits_remove(&manager->permits, id);

        if (r == -ENOENT)
                return CONTROL_NO_SUCH_PERMIT;
        if (r < 0)
                return r;
        record_notice(MESSAGE_PERMIT, LOG_NOTICE, "permit %lld was ended early", (long long)id);
        return manager_start_full_pass(manager);
}

static int revoke_permit(void *userdata, int64_t id, struct control_refusal *refusal) {
        (void)refusal;
        return end_permit(userdata, id);
}

static int pause_responses(void *userdata, const struct control_allowance *allowance,
                           struct control_refusal *refusal) {
        return add_allowance(userdata, PERMIT_PAUSE, allowance, NULL, refusal);
}

static int resume(void *userdata, struct control_refusal *refusal) {
        struct manager *manager = userdata;
        const struct permit *pause;
        int r = CONTROL_NO_SUCH_PERMIT;

        while ((pause = permits_pause(&manager->permits, record_now_us())) &&
               (r == CONTROL_DONE || r == CONTROL_NO_SUCH_PERMIT))
                r = end_permit(manager, pause->id);
        return r == CONTROL_NO_SUCH_PERMIT ? manager_refuse(refusal, "it is not paused") : r;
}

void manager_fill_actions(struct control_backend *ret) {
        ret->approve = manager_approve;
        ret->restore = restore;
        ret->reload = reload;
        ret->start_check = start_check;
        ret->permit = permit;
        ret->revoke_permit = revoke_permit;
        ret->pause = pause_responses;
        ret->unlock = unlock;
        ret->resume = resume;
        ret->begin_packages = manager_begin_packages;
        ret->end_packages = manager_end_packages;
        manager_fill_edit(ret);
        manager_fill_confirm(ret);
        manager_fill_draft(ret);
        manager_fill_decide(ret);
        manager_fill_rollout(ret);
}
