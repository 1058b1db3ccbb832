/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The responses of a pass: one finding after the other, the gravest first, and after each the tree
 * is judged again.
 *
 * What was replaced is recorded before it is let go. A response that does not succeed is told and
 * not tried again in this pass. Accounts are answered in turns that end after some time: whatever
 * is left of one that storms its files then waits for its next turn, and no other account waits
 * for more than one. All else has more time, but not all there is: who puts a bad file back as fast
 * as it goes must not keep us from everything else, the watchdog among it. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "guard/lock.h"
#include "guard/messages.h"
#include "pass.h"
#include "respond_user.h"

enum {
        RESPONSES_MAX = 256, /* per pass; each removes at least one finding or is not tried again */
        RESPONSES_OF_TURN = 8, /* to accounts, however fast they are */
};

static bool is_audit(const struct reconciler *reconciler, const struct finding *finding) {
        return reconciler->world->policy->mode == MODE_AUDIT ||
               (finding->rule && (finding->rule->is_audit_only || finding->rule->is_pending));
}

struct keeping {
        const struct reconciler *reconciler;
        const struct finding *finding;
        enum rule_response response; /* what is done */
        struct record_begun begun;   /* of what is kept first */
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

static int keep_old(void *userdata, const char *path, const struct snapshot *old,
                    enum respond_keep how) {
        struct keeping *keeping = userdata;
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

        return how == RESPOND_KEEP_FIRST
                       ? record_begin(&keeping->reconciler->recorder, &record, &keeping->begun)
                       : record_incident(&keeping->reconciler->recorder, &record, &id);
}

static void on_kept(void *userdata, const char *why_not) {
        const struct keeping *keeping = userdata;

        record_end(&keeping->reconciler->recorder, &keeping->begun, why_not);
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
        int r;

        if (open)
                open->is_current = true;
        if (open && !is_news(open, action))
                return 0;
        (void)record_incident(&reconciler->recorder, &record, &id);
        if (open)
                return ledger_renew(open, id, action);
        r = ledger_open(ledger, finding, record_now_us(), id, action);
        record_finding(&reconciler->recorder, r == 0 ? ledger_find(ledger, finding) : NULL, true);
        return r;
}

int reconciler_open_own(struct reconciler *reconciler, const struct finding *finding,
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

/* What was answered since the tree was judged last. */
struct answered {
        bool *findings; /* of those that were present then */
        char **paths;   /* that were replaced */
        size_t n_paths;
};

static void answered_done(struct answered *answered) {
        free(answered->findings);
        strings_free(answered->paths, answered->n_paths);
}

static int note_replaced(struct answered *answered, const struct respond_report *report) {
        int r = 0;

        for (size_t i = 0; i < report->n_replaced && r == 0; i++)
                r = strings_append(&answered->paths, &answered->n_paths, report->replaced[i].path);
        return r;
}

static int respond_one(struct pass *pass, const struct finding *finding,
                       const struct findings *present, struct answered *answered) {
        struct reconciler *reconciler = pass->reconciler;
        bool is_dry_run = is_audit(reconciler, finding);
        struct keeping keeping = { reconciler, finding, finding->response, { 0 } };
        const struct responder responder = {
                .world = reconciler->world,
                .verdicts = reconciler->verdicts,
                .permits = reconciler->permits,
                .is_dry_run = is_dry_run,
                .keep = keep_old,
                .on_kept = on_kept,
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
        if (r < 0) { /* till then nobody is to think that all is well */
                CLEANUP_FREE char *outcome =
                        text_format("it failed, and is tried again: %s", strerror(-r));

                (void)reconciler_open_own(reconciler, finding,
                                          action_wanted(finding->response, false), outcome);
                return r;
        }
        if (report.outcome != RESPOND_CHANGED && (is_dry_run || report.outcome != RESPOND_DONE)) {
                CLEANUP_FREE char *outcome = NULL;

                if (report.outcome != RESPOND_DONE)
                        outcome = text_format("%s%s%s", respond_outcome_explain(report.outcome),
                                              report.reason ? ": " : "",
                                              report.reason ? report.reason : "");
                r = reconciler_open_own(reconciler, finding,
                                        action_wanted(finding->response,
                                                      is_dry_run && report.outcome == RESPOND_DONE),
                                        outcome);
        }
        if (r == 0)
                r = note_replaced(answered, &report);
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

static bool asks_for_response(const struct pass *pass, const struct finding *finding) {
        return finding->response != RESPONSE_ALERT && !is_allowed(pass->reconciler, finding) &&
               !findings_contain(&pass->tried, finding);
}

/* The gravest finding that asks for a response and was not tried yet. */
static const struct finding *next_to_answer(const struct pass *pass,
                                            const struct findings *findings) {
        const struct finding *next = NULL;

        for (size_t i = 0; i < findings->n_items; i++) {
                const struct finding *finding = &findings->items[i];

                if ((!next || finding->severity > next->severity) &&
                    asks_for_response(pass, finding))
                        next = finding;
        }
        return next;
}

/* ---- turns ---- */

/* An account with very many files does not keep the others waiting. */
static bool is_turn_over(const struct pass *pass, unsigned n_answered) {
        const struct reconciler *reconciler = pass->reconciler;

        if (pass->n_users == 0 || n_answered == 0 || reconciler->turn_us == 0)
                return false;
        return n_answered >= RESPONSES_OF_TURN ||
               record_monotonic_us() - pass->began_us >= reconciler->turn_us;
}

/* Each of an account's files stands for itself, so several are put back between two judgements: but
 * not what a link leads to, which another finding may be about. */
static bool is_independent(const struct pass *pass, const struct answered *answered,
                           const struct finding *finding) {
        const struct world *world = pass->reconciler->world;
        const struct snapshot *now;

        if (!respond_is_about_user(world, finding))
                return false;
        for (size_t i = 0; i < answered->n_paths; i++)
                if (strcmp(answered->paths[i], finding->path) == 0)
                        return false;
        now = view_known(world->view, finding->path);
        return now && now->metadata.kind != FILE_SYMLINK;
}

static bool has_answered_at(const struct findings *present, const struct answered *answered,
                            const char *path) {
        for (size_t i = 0; i < present->n_items; i++)
                if (answered->findings[i] && present->items[i].path &&
                    strcmp(present->items[i].path, path) == 0)
                        return true;
        return false;
}

/* Answers FIRST and, of accounts, what else there is time for. *N is how many in this pass. */
static int answer_some(struct pass *pass, const struct findings *present,
                       const struct finding *first, unsigned *n) {
        CLEANUP(answered_done) struct answered answered = { 0 };
        bool is_alone = !is_independent(pass, &answered, first);
        int r = 0;

        answered.findings = calloc(present->n_items + 1, sizeof *answered.findings);
        if (!answered.findings)
                return -ENOMEM;
        for (const struct finding *finding = first; r == 0 && finding; (*n)++) {
                r = respond_one(pass, finding, present, &answered);
                answered.findings[finding - present->items] = true;
                finding = NULL;
                for (size_t i = 0; i < present->n_items && !is_alone && r == 0; i++) {
                        const struct finding *other = &present->items[i];

                        if (!answered.findings[i] && asks_for_response(pass, other) &&
                            is_independent(pass, &answered, other) &&
                            !has_answered_at(present, &answered, other->path) &&
                            (!finding || other->severity > finding->severity))
                                finding = other;
                }
                if (is_turn_over(pass, *n + 1))
                        finding = NULL;
        }
        return r;
}

/* What is left to be answered of the accounts is answered in other turns. */
static void put_off_users(struct pass *pass) {
        const struct reconciler *reconciler = pass->reconciler;

        for (size_t n = 0; n < pass->n_users && reconciler->on_turn_over; n++) {
                struct guarded_user *user = &reconciler->world->users.items[pass->users[n]];

                if (user->n_files == 0 || !next_to_answer(pass, &user->findings))
                        continue;
                user->is_put_off = true;
                reconciler->on_turn_over(reconciler->userdata, user->files[0].path);
        }
}

static bool is_pass_over(struct pass *pass, unsigned n_answered) {
        const uint64_t now_us = record_monotonic_us(), bound_us = pass->reconciler->answer_us;

        if (pass->answers_since_us == 0)
                pass->answers_since_us = now_us;
        else if (bound_us > 0 && now_us - pass->answers_since_us >= bound_us)
                return true;
        return n_answered >= RESPONSES_MAX;
}

/* FINDING, and whatever else is left, is answered in another pass. */
static void put_off(struct pass *pass, const struct finding *finding) {
        struct reconciler *reconciler = pass->reconciler;

        put_off_users(pass);
        if (pass->is_put_off)
                return;
        reconciler->n_put_off++;
        pass->is_put_off = true;
        if (reconciler->on_turn_over)
                reconciler->on_turn_over(
                        reconciler->userdata,
                        finding->path ? finding->path
                                      : service_tree_config_path(&reconciler->world->service));
}

bool pass_has_put_off(const struct pass *pass, const struct finding *finding) {
        return pass->is_put_off && pass->reconciler->n_put_off <= PUT_OFF_MAX &&
               asks_for_response(pass, finding);
}

int pass_respond(struct pass *pass) {
        for (unsigned n = 0;;) {
                CLEANUP(findings_done) struct findings present = { 0 };
                const struct finding *finding;
                int r;

                if (is_turn_over(pass, n))
                        put_off_users(pass);
                r = pass_collect(pass, &present);
                if (r < 0)
                        return r;
                finding = next_to_answer(pass, &present);
                if (!finding)
                        return 0;
                if (is_pass_over(pass, n)) {
                        put_off(pass, finding);
                        return 0;
                }
                r = answer_some(pass, &present, finding, &n);
                if (r == 0)
                        r = pass_load_again(pass->reconciler);
                if (r > 0)
                        r = pass_rederive_set(pass);
                if (r == 0)
                        r = pass_judge(pass);
                if (r < 0)
                        return r;
        }
}
