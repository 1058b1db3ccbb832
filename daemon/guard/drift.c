/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Drift that breaks no rule: a guarded path that differs from its approved version although every
 * rule holds. Its severity comes from its meaning, and the policy says whether it is accepted. */

#include <errno.h>
#include <string.h>
#include <syslog.h>

#include "base/cleanup.h"
#include "guard/assess.h"
#include "guard/messages.h"
#include "pass.h"
#include "world/access_change.h"

/* Whether sshd, or PAM, does what it would do with the approved tree: asked once in a pass, however
 * many files drifted. */
static int find_meaning(const struct world *world, bool of_pam, enum meaning *meaning) {
        struct view *approved = NULL;
        bool is_same = false;
        int r;

        if (*meaning != MEANING_UNKNOWN)
                return 0;
        r = world_approved_view(world, &approved);
        if (r == 0)
                r = of_pam ? assess_is_same_pam(world, approved, &is_same)
                           : assess_is_same_meaning(world, world->view, approved, &is_same);
        view_free(approved);
        if (r == 0)
                *meaning = is_same ? MEANING_SAME : MEANING_OTHER;
        return r;
}

/* Severity from meaning: what changes no effective setting and no stack is information. */
static int unapproved_severity(struct pass *pass, const char *path, unsigned differences,
                               enum severity *ret) {
        const struct world *world = pass->reconciler->world;
        const struct guarded *guarded = guarded_set_get(&world->set, path);
        unsigned flags = guarded ? guarded->flags : 0;
        bool is_same = flags & (GUARDED_SSHD | GUARDED_PAM);
        int r = 0;

        *ret = SEVERITY_MEDIUM;
        if ((flags & GUARDED_MODULE) == GUARDED_MODULE ||
            differences & ~(unsigned)(FILE_DIFFERS_CONTENT | FILE_DIFFERS_KIND))
                return 0;
        if (flags & GUARDED_SSHD) {
                r = find_meaning(world, false, &pass->sshd_meaning);
                is_same = is_same && pass->sshd_meaning == MEANING_SAME;
        }
        if (r == 0 && flags & GUARDED_PAM) {
                r = find_meaning(world, true, &pass->pam_meaning);
                is_same = is_same && pass->pam_meaning == MEANING_SAME;
        }
        if (r == 0 && is_same)
                *ret = SEVERITY_INFO;
        return r;
}

static int accept_unapproved(struct reconciler *reconciler, const char *path) {
        struct world *world = reconciler->world;
        const struct guarded *guarded = guarded_set_get(&world->set, path);
        bool is_secret = guarded && guarded->flags & GUARDED_SECRET;
        CLEANUP(access_change_done) struct access_change change = { 0 };
        const struct snapshot *snapshot;
        int r = access_change_of(world, path, NULL, &change);

        if (r == -ENOMEM)
                return r;
        r = view_look(world->view, path, 0, &snapshot);
        if (r == 0)
                r = baseline_approve(world->baseline, path, snapshot, is_secret, 0,
                                     "accepted: it breaks no rule");
        if (r == 0)
                record_notice_at(path, MESSAGE_ACCEPTED, change.gives ? LOG_WARNING : LOG_NOTICE,
                                 "%s: an unapproved but compliant change was accepted%s%s", path,
                                 change.text ? "; " : "", change.text ? change.text : "");
        return r;
}

int pass_note_drift_at(struct pass *pass, const char *path, const struct findings *present,
                       struct findings *unapproved) {
        struct reconciler *reconciler = pass->reconciler;
        const struct guarded *guarded = guarded_set_get(&reconciler->world->set, path);
        const struct policy *policy = reconciler->world->policy;
        enum unapproved_response response = guarded && guarded->flags & GUARDED_USER
                                                    ? policy->unapproved_users
                                                    : policy->unapproved_etc;
        enum severity severity;
        unsigned differences;
        int r = assess_drift(reconciler->world, reconciler->world->view, path, &differences);

        /* of an account's file a rule about files may say what the account's findings do not */
        if (r < 0 || differences == 0 || pass_has_finding_at(present, path) ||
            map_get(&reconciler->file_findings, path))
                return r;
        if (response == UNAPPROVED_ACCEPT)
                return accept_unapproved(reconciler, path);
        r = unapproved_severity(pass, path, differences, &severity);
        if (r == 0)
                r = assess_unapproved(reconciler->world, path, differences, severity, unapproved);
        return r;
}

/* ---- telling ---- */

static bool is_told(const struct ledger *ledger, const struct finding *finding) {
        for (size_t i = 0; i < ledger->n_items; i++)
                if (strcmp(ledger->items[i].finding.rule_id, finding->rule_id) == 0 &&
                    strcmp(ledger->items[i].finding.path, finding->path) == 0)
                        return true;
        return false;
}

int pass_open_drift(struct pass *pass, struct ledger *ledger, const struct finding *finding) {
        struct reconciler *reconciler = pass->reconciler;
        int64_t wait_us = 0;

        if (reconciler->on_unsettled && !is_told(ledger, finding))
                wait_us = pass_time_to_settle(pass, finding->path);
        if (wait_us < 0)
                return (int)wait_us;
        if (wait_us == 0)
                return reconciler_open(reconciler, ledger, finding, "alerted", NULL);
        reconciler->on_unsettled(reconciler->userdata, finding->path, (uint64_t)wait_us);
        return 0;
}

/* ---- noting ---- */

struct drift_noting {
        struct pass *pass;
        const struct findings *present;
        struct findings *unapproved;
        int error;
};

static void note_drift_of(const char *path, void *value, void *userdata) {
        struct drift_noting *noting = userdata;

        (void)value;
        if (noting->error == 0)
                noting->error =
                        pass_note_drift_at(noting->pass, path, noting->present, noting->unapproved);
}

int pass_note_drift(struct pass *pass, const struct findings *present,
                    struct findings *unapproved) {
        struct drift_noting noting = { pass, present, unapproved, 0 };

        map_each(&pass->reconciler->world->set.paths, note_drift_of, &noting);
        return noting.error;
}
