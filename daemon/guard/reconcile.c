/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A pass of the reconciler: look, judge, respond (answer.c), record.
 *
 * It is driven by level, not by edge: whatever made a path dirty, what counts is what the path is
 * now. So the guard's own writes need no special case: the next look finds nothing to do. sshd's
 * configuration is judged as a whole, since a line in one file decides what a line in another
 * means; all else is judged path by path. */

#include "guard/reconcile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "guard/assess.h"
#include "guard/lock.h"
#include "guard/messages.h"
#include "pass.h"
#include "world/releases.h"

void pass_done(struct pass *pass) {
        strings_free(pass->paths, pass->n_paths);
        findings_done(&pass->tried);
        pass_leave_users(pass);
}

static void free_findings(void *value) {
        struct findings *findings = value;

        findings_done(findings);
        free(findings);
}

void reconciler_init(struct reconciler *reconciler, struct world *world,
                     struct verdicts *verdicts) {
        *reconciler = (struct reconciler){
                .world = world,
                .verdicts = verdicts,
                .recorder = { .world = world, .contests = &reconciler->contests },
                .sshd_is_stale = true,
                .pam_is_stale = true,
        };
}

void reconciler_forget(struct reconciler *reconciler) {
        findings_done(&reconciler->sshd_findings);
        findings_done(&reconciler->pam_findings);
        findings_done(&reconciler->admin_findings);
        map_done(&reconciler->file_findings, free_findings);
        for (size_t i = 0; i < reconciler->world->users.n_items; i++)
                findings_done(&reconciler->world->users.items[i].findings);
        reconciler->sshd_is_stale = reconciler->pam_is_stale = true;
}

void reconciler_done(struct reconciler *reconciler) {
        if (!reconciler->world)
                return; /* the daemon did not come so far */
        ledger_done(&reconciler->ledger);
        findings_done(&reconciler->noted);
        contests_done(&reconciler->contests);
        map_done(&reconciler->lifted, NULL);
        map_done(&reconciler->paid, free);
        settling_done(&reconciler->settling);
        reconciler_forget(reconciler);
}

/* ---- judge ---- */

static int judge_path(struct reconciler *reconciler, const char *path) {
        struct findings *old, *findings = calloc(1, sizeof *findings);
        void *replaced = NULL;
        int r = 0;

        if (!findings)
                return -ENOMEM;
        if (map_get(&reconciler->world->set.paths, path))
                r = assess_file(reconciler->world, reconciler->world->view, path, findings);
        if (r < 0 || findings->n_items == 0) {
                free_findings(findings);
                if (r < 0)
                        return r;
                old = map_remove(&reconciler->file_findings, path);
                if (old)
                        free_findings(old);
                return 0;
        }
        r = map_set(&reconciler->file_findings, path, findings, &replaced);
        if (r < 0)
                free_findings(findings);
        if (replaced)
                free_findings(replaced);
        return r;
}

static int judge_sshd(struct pass *pass) {
        struct reconciler *reconciler = pass->reconciler;
        struct findings findings = { 0 };
        const struct world *world = reconciler->world;
        int r = assess_config(world, &world->service, world->config, &findings);

        if (r < 0) {
                findings_done(&findings);
                return r;
        }
        findings_done(&reconciler->sshd_findings);
        reconciler->sshd_findings = findings;
        reconciler->sshd_is_stale = false;
        pass->access_is_stale = true;
        reconciler->n_sshd_judged++;
        return 0;
}

static int judge_pam(struct pass *pass) {
        struct reconciler *reconciler = pass->reconciler;
        struct findings findings = { 0 };
        int r = assess_pam_stacks(reconciler->world, &reconciler->world->pam, &findings);

        if (r < 0) {
                findings_done(&findings);
                return r;
        }
        findings_done(&reconciler->pam_findings);
        reconciler->pam_findings = findings;
        reconciler->pam_is_stale = false;
        pass->access_is_stale = true;
        return 0;
}

static int judge_stale(struct pass *pass) {
        const struct reconciler *reconciler = pass->reconciler;
        int r = 0;

        if (reconciler->sshd_is_stale)
                r = judge_sshd(pass);
        if (r == 0 && reconciler->pam_is_stale)
                r = judge_pam(pass);
        return r == 0 && pass->access_is_stale ? pass_on_access_stale(pass) : r;
}

int pass_judge(struct pass *pass) {
        int r = judge_stale(pass);

        for (size_t i = 0; i < pass->n_paths && r == 0; i++)
                r = judge_path(pass->reconciler, pass->paths[i]);
        return r == 0 ? pass_judge_users(pass) : r;
}

struct collecting {
        struct findings *findings;
        int error;
};

static int collect(struct findings *all, const struct findings *some) {
        for (size_t i = 0; i < some->n_items; i++) {
                struct finding copy;
                int r = finding_copy(&copy, &some->items[i]);

                if (r == 0)
                        r = findings_add(all, &copy);
                if (r < 0)
                        return r;
        }
        return 0;
}

static void collect_path(const char *path, void *value, void *userdata) {
        struct collecting *collecting = userdata;

        (void)path;
        if (collecting->error == 0)
                collecting->error = collect(collecting->findings, value);
}

/* All that is wrong now, the gravest first among what is to be answered. */
int reconciler_collect(const struct reconciler *reconciler, struct findings *ret) {
        struct collecting collecting = { ret, 0 };

        collecting.error = collect(ret, &reconciler->sshd_findings);
        if (collecting.error == 0)
                collecting.error = collect(ret, &reconciler->pam_findings);
        if (collecting.error == 0)
                collecting.error = collect(ret, &reconciler->admin_findings);
        if (collecting.error == 0)
                collecting.error = collect(ret, &reconciler->noted);
        map_each(&reconciler->file_findings, collect_path, &collecting);
        return collecting.error;
}

bool pass_has_finding_at(const struct findings *findings, const char *path) {
        for (size_t i = 0; i < findings->n_items; i++)
                if (findings->items[i].path && strcmp(findings->items[i].path, path) == 0)
                        return true;
        return false;
}

/* ---- record ---- */

void reconciler_on_closed(void *userdata, const struct open_finding *closed) {
        const struct reconciler *reconciler = userdata;
        const struct record record = {
                .message_id = MESSAGE_RESOLVED,
                .finding = &closed->finding,
                .action = "resolved",
        };

        record_alert(&reconciler->recorder, &record, LOG_NOTICE, closed->incident_id);
        record_finding(&reconciler->recorder, closed, false);
}

/* While sshd refuses its configuration no setting is judged: what was wrong is not resolved. */
static void keep_unjudged(struct reconciler *reconciler) {
        struct ledger *ledger = &reconciler->ledger;

        if (!sshd_config_refusal(reconciler->world->config))
                return;
        for (size_t i = 0; i < ledger->n_items; i++) {
                const struct rule *rule = policy_find_rule(reconciler->world->policy,
                                                           ledger->items[i].finding.rule_id);

                if (rule && rule->is_enabled && rule->family == RULE_SSHD)
                        ledger->items[i].is_current = true;
        }
}

/* What is open stays so until the answer comes. */
static int keep_put_off(struct reconciler *reconciler, const struct finding *finding) {
        struct open_finding *open = ledger_find(reconciler_ledger(reconciler, finding), finding);

        if (open)
                open->is_current = true;
        return 0;
}

static int update_ledger(struct pass *pass) {
        struct reconciler *reconciler = pass->reconciler;
        CLEANUP(findings_done) struct findings present = { 0 };
        CLEANUP(findings_done) struct findings unapproved = { 0 };
        int r = reconciler_collect(reconciler, &present);

        if (r < 0)
                return r;
        r = pass_note_drift(pass, &present, &unapproved);
        ledger_begin(&reconciler->ledger);
        keep_unjudged(reconciler);
        for (size_t i = 0; i < present.n_items && r == 0; i++)
                r = pass_has_put_off(pass, &present.items[i])
                            ? keep_put_off(reconciler, &present.items[i])
                            : reconciler_open_own(reconciler, &present.items[i], "alerted", NULL);
        for (size_t i = 0; i < unapproved.n_items && r == 0; i++)
                r = pass_open_drift(pass, reconciler_ledger(reconciler, &unapproved.items[i]),
                                    &unapproved.items[i]);
        if (r == 0)
                ledger_close(&reconciler->ledger, reconciler_on_closed, reconciler);
        return r == 0 ? pass_record_users(pass) : r;
}

/* ---- the pass ---- */

static int run_pass(struct pass *pass) {
        struct reconciler *reconciler = pass->reconciler;
        int r = pass_look_again(pass);

        /* What decides who gets in is answered before anything else is read. */
        if (r == 0 && reconciler->sshd_is_stale) {
                r = judge_sshd(pass);
                if (r == 0)
                        r = pass_respond(pass);
        }
        if (r == 0)
                r = pass_load_dependents(reconciler);
        if (r > 0)
                r = pass_rederive_set(pass);
        if (r == 0 && reconciler->pam_is_stale) {
                r = judge_pam(pass);
                if (r == 0)
                        r = pass_respond(pass);
        }
        if (r == 0 && pass->set_is_stale)
                r = pass_rederive_set(pass);
        pass->set_is_stale = false;
        if (r == 0 && pass->access_is_stale)
                r = pass_on_access_stale(pass);
        if (r == 0)
                r = pass_look_at_users(pass);
        if (r == 0)
                r = pass_judge(pass);
        if (r == 0)
                r = pass_respond(pass);
        for (size_t i = 0; i < pass->n_paths && r == 0; i++)
                r = lock_keep(reconciler, pass->paths[i]);
        if (r == 0)
                r = pass_judge_admins(pass);
        if (!pass->is_put_off)
                reconciler->n_put_off = 0;
        if (r == 0)
                r = update_ledger(pass);
        if (r == 0)
                r = pass_adopt_joined(pass);
        if (r == 0)
                r = pass_adopt_users(pass);
        if (pass->touched_sshd && reconciler->on_sshd_changed)
                reconciler->on_sshd_changed(reconciler->userdata);
        return r;
}

int reconcile_paths(struct reconciler *reconciler, char *const *paths, size_t n_paths) {
        CLEANUP(pass_done)
        struct pass pass = { .reconciler = reconciler, .began_us = record_monotonic_us() };
        int r = strings_copy(&pass.paths, &pass.n_paths, paths, n_paths);

        return r < 0 ? r : run_pass(&pass);
}

int reconcile_users(struct reconciler *reconciler, size_t first, size_t n) {
        CLEANUP(pass_done)
        struct pass pass = { .reconciler = reconciler, .began_us = record_monotonic_us() };
        int r = 0;

        for (size_t i = first; i < first + n && i < reconciler->world->users.n_items && r == 0; i++)
                r = pass_add_user(&pass, i);
        return r < 0 ? r : run_pass(&pass);
}
