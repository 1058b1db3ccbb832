/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A pass of the reconciler: look, judge, respond, record.
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

enum {
        RESPONSES_MAX = 256, /* per pass; each removes at least one finding or is not tried again */
        RESPONSES_OF_USER = 8, /* of a pass over one account: then it is another one's turn */
};

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
        ledger_done(&reconciler->ledger);
        findings_done(&reconciler->noted);
        contests_done(&reconciler->contests);
        map_done(&reconciler->lifted, NULL);
        map_done(&reconciler->paid, free);
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

/* ---- respond ---- */

static bool is_audit(const struct reconciler *reconciler, const struct finding *finding) {
        return reconciler->world->policy->mode == MODE_AUDIT ||
               (finding->rule && (finding->rule->is_audit_only || finding->rule->is_pending));
}

struct keeping {
        const struct reconciler *reconciler;
        const struct finding *finding;
        enum rule_response response; /* what is done */
};

static const char *action_done(enum rule_response response) {
        static const char *const names[N_RULE_RESPONSES] = {
                [RESPONSE_ALERT] = "alerted",
                [RESPONSE_REVERT] = "reverted",
                [RESPONSE_REPAIR] = "repaired",
                [RESPONSE_LOCK] = "locked",
        };

        return names[response];
}

static void on_fallback(void *userdata) {
        struct keeping *keeping = userdata;

        keeping->response = RESPONSE_REVERT;
}

static int keep_old(void *userdata, const char *path, const struct snapshot *old) {
        const struct keeping *keeping = userdata;
        const struct record record = {
                .message_id =
                        keeping->response == RESPONSE_REPAIR ? MESSAGE_REPAIRED : MESSAGE_REVERTED,
                .finding = keeping->finding,
                .path = keeping->finding->path && strcmp(keeping->finding->path, path) == 0 ? NULL
                                                                                            : path,
                .action = action_done(keeping->response),
                .is_drift = true,
                .quarantined = old,
        };
        int64_t id;

        return record_incident(&keeping->reconciler->recorder, &record, &id);
}

static const char *action_wanted(enum rule_response response, bool is_possible) {
        static const char *const would[N_RULE_RESPONSES] = {
                [RESPONSE_ALERT] = "alerted",
                [RESPONSE_REVERT] = "would revert",
                [RESPONSE_REPAIR] = "would repair",
                [RESPONSE_LOCK] = "would lock",
        };
        static const char *const could_not[N_RULE_RESPONSES] = {
                [RESPONSE_ALERT] = "alerted",
                [RESPONSE_REVERT] = "not reverted",
                [RESPONSE_REPAIR] = "not repaired",
                [RESPONSE_LOCK] = "not locked",
        };

        return is_possible ? would[response] : could_not[response];
}

static const char *message_of(const struct finding *finding, const char *action,
                              const char *outcome) {
        static const struct {
                const char *rule_id, *message_id;
        } own[] = {
                { FINDING_UNAPPROVED, MESSAGE_UNAPPROVED },
                { FINDING_CROSS_CHECK, MESSAGE_CROSS_CHECK },
                { FINDING_REREAD, MESSAGE_SSHD_REREAD },
                { FINDING_RUNNING, MESSAGE_SSHD_COMMAND_LINE },
        };

        if (outcome)
                return MESSAGE_RESPONSE_FAILED;
        if (strncmp(action, "would", 5) == 0)
                return MESSAGE_WOULD_RESPOND;
        for (size_t i = 0; i < N_ELEMENTS(own); i++)
                if (strcmp(finding->rule_id, own[i].rule_id) == 0)
                        return own[i].message_id;
        return MESSAGE_DRIFT;
}

/* What was only told while responses waited, a permit or a run of dpkg, gets its answer later. */
static bool is_news(const struct open_finding *open, const char *action) {
        return strcmp(open->action, "alerted") == 0 && strcmp(action, "alerted") != 0;
}

int reconciler_open(struct reconciler *reconciler, struct ledger *ledger,
                    const struct finding *finding, const char *action, const char *outcome) {
        struct open_finding *open = ledger_find(ledger, finding);
        const struct record record = {
                .message_id = message_of(finding, action, outcome),
                .finding = finding,
                .action = action,
                .outcome = outcome,
                .is_drift = true,
        };
        int64_t id = 0;

        if (open)
                open->is_current = true;
        if (open && !is_news(open, action))
                return 0;
        (void)record_incident(&reconciler->recorder, &record, &id);
        return open ? ledger_renew(open, id, action)
                    : ledger_open(ledger, finding, record_now_us(), id, action);
}

static int open_finding(struct reconciler *reconciler, const struct finding *finding,
                        const char *action, const char *outcome) {
        return reconciler_open(reconciler, reconciler_ledger(reconciler, finding), finding, action,
                               outcome);
}

/* A repaired file is approved as it is now. */
static int approve_repaired(struct reconciler *reconciler, const struct respond_report *report) {
        int r = 0;

        for (size_t i = 0; i < report->n_replaced && r == 0; i++) {
                const char *path = report->replaced[i].path;
                const struct snapshot *snapshot;

                r = view_look(reconciler->world->view, path, 0, &snapshot);
                if (r == 0)
                        r = baseline_approve(reconciler->world->baseline, path, snapshot, false, 0,
                                             "repaired");
        }
        return r;
}

static int note_response(struct pass *pass, const struct finding *finding,
                         const struct respond_report *report, bool is_dry_run) {
        struct reconciler *reconciler = pass->reconciler;
        struct finding copy;
        int r = 0;

        for (size_t i = 0; i < report->n_replaced && r == 0; i++) {
                const struct snapshot *now;

                const struct guarded *guarded =
                        guarded_set_get(&reconciler->world->set, report->replaced[i].path);

                if (guarded && guarded->flags & GUARDED_PAM)
                        reconciler->pam_is_stale = true;
                if (guarded && guarded->flags & GUARDED_UNIT)
                        reconciler->unit_is_stale = true;
                r = pass_add(pass, report->replaced[i].path);
                if (r == 0)
                        r = pass_add_users_of(pass, report->replaced[i].path);
                if (r == 0)
                        r = view_look(reconciler->world->view, report->replaced[i].path, 0, &now);
                if (r == 0 && now->metadata.kind != report->replaced[i].old.metadata.kind)
                        pass->set_is_stale = true; /* it came or went */
        }
        if (report->touched_sshd) {
                reconciler->sshd_is_stale = true;
                pass->touched_sshd = true;
        }
        if (r == 0 && report->outcome == RESPOND_DONE && !is_dry_run) {
                if (report->remark)
                        record_notice(NULL, LOG_WARNING, "%s: %s", finding->rule_id,
                                      report->remark);
                if (finding->response == RESPONSE_REPAIR && !report->fell_back)
                        return approve_repaired(reconciler, report);
                for (size_t i = 0; i < report->n_replaced && r == 0; i++)
                        if (finding->response == RESPONSE_LOCK)
                                r = lock_add(reconciler, report->replaced[i].path);
                return r;
        }
        if (r == 0 && report->outcome == RESPOND_CHANGED && reconciler->on_changed_again &&
            finding->path)
                reconciler->on_changed_again(reconciler->userdata, finding->path);
        if (r == 0)
                r = finding_copy(&copy, finding);
        return r < 0 ? r : findings_add(&pass->tried, &copy);
}

static int respond_one(struct pass *pass, const struct finding *finding,
                       const struct findings *present) {
        struct reconciler *reconciler = pass->reconciler;
        bool is_dry_run = is_audit(reconciler, finding);
        struct keeping keeping = { reconciler, finding, finding->response };
        const struct responder responder = {
                .world = reconciler->world,
                .verdicts = reconciler->verdicts,
                .permits = reconciler->permits,
                .is_dry_run = is_dry_run,
                .keep = keep_old,
                .on_fallback = on_fallback,
                .userdata = &keeping,
        };
        CLEANUP(respond_report_done) struct respond_report report = { 0 };
        const struct open_finding *open =
                ledger_find(reconciler_ledger(reconciler, finding), finding);
        int r;

        if (is_dry_run && open && strcmp(open->action, "alerted") != 0) {
                report.outcome = RESPOND_DONE; /* said once, when it was opened */
                return note_response(pass, finding, &report, true);
        }
        r = respond_to(&responder, finding, present, &report);
        if (r < 0)
                return r;
        if (report.outcome != RESPOND_CHANGED && (is_dry_run || report.outcome != RESPOND_DONE)) {
                CLEANUP_FREE char *outcome = NULL;

                if (report.outcome != RESPOND_DONE)
                        outcome = text_format("%s%s%s", respond_outcome_explain(report.outcome),
                                              report.reason ? ": " : "",
                                              report.reason ? report.reason : "");
                r = open_finding(reconciler, finding,
                                 action_wanted(finding->response,
                                               is_dry_run && report.outcome == RESPOND_DONE),
                                 outcome);
        }
        return r < 0 ? r : note_response(pass, finding, &report, is_dry_run);
}

/* Whether an administrator allows for now what the finding complains of. */
static bool is_allowed(const struct reconciler *reconciler, const struct finding *finding) {
        const struct permits *permits = reconciler->permits;
        int64_t now_us = record_now_us();

        if (!permits)
                return false;
        if (permits_pause(permits, now_us))
                return true;
        if (permits_find_packages(permits) &&
            !(finding->path && users_get(&reconciler->world->users, finding->path)))
                return true;
        return finding->path && permits_allow(permits, finding->rule_id, finding->path, now_us);
}

/* The gravest finding that asks for a response and was not tried yet. */
static const struct finding *next_to_answer(const struct pass *pass,
                                            const struct findings *findings) {
        const struct finding *next = NULL;

        for (size_t i = 0; i < findings->n_items; i++) {
                const struct finding *finding = &findings->items[i];

                if (finding->response != RESPONSE_ALERT &&
                    (!next || finding->severity > next->severity) &&
                    !is_allowed(pass->reconciler, finding) &&
                    !findings_contain(&pass->tried, finding))
                        next = finding;
        }
        return next;
}

/* A user with very many files does not keep the others waiting: the account has another turn. Only
 * where it is alone in the pass: in a slice of a full pass nobody would come back to the rest. */
static bool is_going_on_later(struct pass *pass) {
        const struct reconciler *reconciler = pass->reconciler;
        const struct guarded_user *user;

        if (pass->n_users != 1 || !reconciler->on_changed_again)
                return false;
        user = &reconciler->world->users.items[pass->users[0]];
        pass->is_cut = user->n_files > 0;
        if (pass->is_cut)
                reconciler->on_changed_again(reconciler->userdata, user->files[0].path);
        return pass->is_cut;
}

static int respond_pass(struct pass *pass) {
        for (unsigned i = 0; i < RESPONSES_MAX && !pass->is_cut; i++) {
                CLEANUP(findings_done) struct findings present = { 0 };
                const struct finding *finding;
                int r = pass_collect(pass, &present);

                if (r < 0)
                        return r;
                finding = next_to_answer(pass, &present);
                if (!finding)
                        return 0;
                if (i == RESPONSES_OF_USER && is_going_on_later(pass))
                        return 0;
                r = respond_one(pass, finding, &present);
                if (r == 0)
                        r = pass_load_again(pass->reconciler);
                if (r > 0)
                        r = pass_rederive_set(pass);
                if (r == 0)
                        r = pass_judge(pass);
                if (r < 0)
                        return r;
        }
        return 0;
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
                r = open_finding(reconciler, &present.items[i], "alerted", NULL);
        for (size_t i = 0; i < unapproved.n_items && r == 0; i++)
                r = open_finding(reconciler, &unapproved.items[i], "alerted", NULL);
        if (r == 0)
                ledger_close(&reconciler->ledger, reconciler_on_closed, reconciler);
        return r == 0 && !pass->is_cut ? pass_record_users(pass) : r;
}

/* ---- the pass ---- */

static int run_pass(struct pass *pass) {
        struct reconciler *reconciler = pass->reconciler;
        int r = pass_look_again(pass);

        /* What decides who gets in is answered before anything else is read. */
        if (r == 0 && reconciler->sshd_is_stale) {
                r = judge_sshd(pass);
                if (r == 0)
                        r = respond_pass(pass);
        }
        if (r == 0)
                r = pass_load_dependents(reconciler);
        if (r > 0)
                r = pass_rederive_set(pass);
        if (r == 0 && reconciler->pam_is_stale) {
                r = judge_pam(pass);
                if (r == 0)
                        r = respond_pass(pass);
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
                r = respond_pass(pass);
        for (size_t i = 0; i < pass->n_paths && r == 0; i++)
                r = lock_keep(reconciler, pass->paths[i]);
        if (r == 0)
                r = pass_judge_admins(pass);
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
        CLEANUP(pass_done) struct pass pass = { .reconciler = reconciler };
        int r = strings_copy(&pass.paths, &pass.n_paths, paths, n_paths);

        return r < 0 ? r : run_pass(&pass);
}

int reconcile_users(struct reconciler *reconciler, size_t first, size_t n) {
        CLEANUP(pass_done) struct pass pass = { .reconciler = reconciler };
        int r = 0;

        for (size_t i = first; i < first + n && i < reconciler->world->users.n_items && r == 0; i++)
                r = pass_add_user(&pass, i);
        return r < 0 ? r : run_pass(&pass);
}
