/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Responding to a finding.
 *
 * A revert tries sets of drifted files from the smallest to all (respond_sets), each as a candidate
 * tree in memory (respond_proof), and puts the first that helps in force (respond_put). A repair
 * lays its candidate by edits instead. A full return to the approved tree was judged when it was
 * approved and asks sshd nothing, which is what keeps the common case below a millisecond. */

#include "guard/respond.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "policy/judge_sshd.h"
#include "repair.h"
#include "respond_proof.h"
#include "respond_user.h"

enum {
        REPAIRS_MAX = 64, /* edits for one finding: one a line that must change */
};

const char *respond_outcome_explain(enum respond_outcome outcome) {
        static const char *const texts[N_RESPOND_OUTCOMES] = {
                [RESPOND_DONE] = "done",
                [RESPOND_NO_APPROVED] = "there is no approved version that helps",
                [RESPOND_NEW_FINDINGS] = "putting it back would break another rule",
                [RESPOND_SSHD_REFUSES] = "sshd would refuse the result",
                [RESPOND_CHANGED] = "the file changed meanwhile",
                [RESPOND_FAILED] = "the file could not be replaced",
                [RESPOND_LOCKS_OUT] = "it would lock the administrators out",
                [RESPOND_NOT_WRITABLE] = "this program never writes that path",
        };

        return outcome < N_RESPOND_OUTCOMES ? texts[outcome] : "unknown";
}

void respond_report_done(struct respond_report *report) {
        for (size_t i = 0; i < report->n_replaced; i++) {
                free(report->replaced[i].path);
                snapshot_done(&report->replaced[i].old);
        }
        free(report->replaced);
        free(report->reason);
        free(report->remark);
        *report = (struct respond_report){ 0 };
}

static void view_cleanup(struct view **view) {
        view_free(*view);
}

static void config_cleanup(struct sshd_config **config) {
        sshd_config_free(*config);
}

/* ---- revert ---- */

static int put_approved_set(const struct responder *responder, const struct path_list *paths,
                            struct respond_report *report) {
        for (size_t i = 0; i < paths->n_items; i++) {
                const struct approved *approved =
                        baseline_get(responder->world->baseline, paths->items[i]);
                CLEANUP_FREE char *data = NULL;
                size_t n_data;
                int r = baseline_content(responder->world->baseline, approved, &data, &n_data);

                if (r == 0)
                        r = respond_put(responder, paths->items[i], &approved->metadata, data,
                                        n_data, report);
                if (r < 0 || report->outcome != RESPOND_DONE)
                        return r;
        }
        return 0;
}

enum trial {
        TRIAL_NO_HELP,
        TRIAL_HELPS, /* this finding goes, others of its rule stay */
        TRIAL_HOLDS, /* the rule holds */
};

/* What putting back one set would bring; an enum trial, or a negative errno. */
static int try_set(const struct responder *responder, const struct finding *finding,
                   const struct findings *present, const struct path_list *paths,
                   struct respond_report *report) {
        CLEANUP(view_cleanup) struct view *candidate = NULL;
        struct proof proof;
        int r = respond_lay_candidate(responder->world, paths, &candidate);

        if (r == 0)
                r = respond_prove(responder, candidate, finding, present, paths, &proof);
        if (r < 0)
                return r;
        if (!proof.finding_is_gone)
                return TRIAL_NO_HELP;
        if (!proof.adds_nothing) {
                report->outcome = RESPOND_NEW_FINDINGS;
                return TRIAL_NO_HELP;
        }
        return proof.rule_holds ? TRIAL_HOLDS : TRIAL_HELPS;
}

static int write_set(const struct responder *responder, const struct finding *finding,
                     const struct drifted *drifted, const struct path_list *paths,
                     struct respond_report *report) {
        CLEANUP(view_cleanup) struct view *candidate = NULL;
        bool is_full_return = drifted->is_all && paths->n_items == drifted->paths.n_items;
        int r = respond_lay_candidate(responder->world, paths, &candidate);

        if (r == 0)
                r = respond_may_write(
                        responder, candidate, paths,
                        !is_full_return && respond_concerns_sshd(responder->world, finding, paths),
                        report);
        return r > 0 ? put_approved_set(responder, paths, report) : r;
}

/* Reverts with a set of what drifted; the report says whether one helped. */
static int revert_among(const struct responder *responder, const struct finding *finding,
                        const struct findings *present, bool sshd_only,
                        struct respond_report *report) {
        CLEANUP(drifted_done) struct drifted drifted = { 0 };
        CLEANUP(path_list_done) struct path_list helpful = { 0 };
        int r = respond_find_drifted(responder, finding, sshd_only, &drifted);

        report->outcome = RESPOND_NO_APPROVED;
        for (size_t i = 0; r == 0 && i < respond_count_sets(finding, &drifted.paths); i++) {
                CLEANUP(path_list_done) struct path_list paths = { 0 };

                r = respond_choose_set(responder->world, finding, &drifted.paths, i, &paths);
                if (r < 0)
                        return r;
                if (paths.n_items == 0)
                        continue;
                r = try_set(responder, finding, present, &paths, report);
                if (r == TRIAL_HOLDS) {
                        r = write_set(responder, finding, &drifted, &paths, report);
                        if (r < 0 || report->outcome != RESPOND_SSHD_REFUSES)
                                return r;
                        continue; /* what sshd minds may go with a larger set */
                }
                if (r == TRIAL_HELPS && helpful.n_items == 0) {
                        helpful = paths;
                        paths = (struct path_list){ 0 };
                }
                if (r > 0)
                        r = 0;
        }
        /* The rule was broken before the drift and stays so; what the drift added goes all the
         * same. */
        if (r == 0 && helpful.n_items > 0)
                return write_set(responder, finding, &drifted, &helpful, report);
        return r;
}

/* What sshd does follows from few files, so these are looked at first, and mostly alone. */
static int revert(const struct responder *responder, const struct finding *finding,
                  const struct findings *present, struct respond_report *report) {
        int r;

        if (respond_is_about_sshd(finding)) {
                r = revert_among(responder, finding, present, true, report);
                if (r < 0 || report->outcome < RESPOND_NO_APPROVED ||
                    report->outcome > RESPOND_SSHD_REFUSES)
                        return r;
        }
        return revert_among(responder, finding, present, false, report);
}

/* ---- repair ---- */

/* One edit towards the rule: for the connection that shows the first violation left. Returns 1
 * after an edit, 0 if the rule holds, -ENOTSUP if no edit helps. */
static int edit_once(const struct world *world, struct view *candidate, const struct rule *rule,
                     struct path_list *paths) {
        CLEANUP(config_cleanup) struct sshd_config *config = NULL;
        CLEANUP(findings_done) struct findings findings = { 0 };
        CLEANUP(sshd_edit_done) struct sshd_edit edit = { 0 };
        CLEANUP_FREE char *path = NULL; /* a link stays one: what it leads to is edited */
        const struct snapshot *now;
        int r = world_parse_config(world, candidate, &config);

        if (r == 0)
                r = policy_judge_sshd(rule, config, &world->accounts, &findings);
        if (r < 0 || findings.n_items == 0)
                return r;
        r = repair_edit(rule, config, &world->accounts, &findings.items[0], &edit);
        if (r == 0)
                r = view_follow(candidate, edit.path, 0, &path, &now);
        if (r == 0)
                r = view_put(candidate, path, &now->metadata, edit.data, edit.n_data);
        if (r == 0 && !path_list_contains(paths, path))
                r = strings_append(&paths->items, &paths->n_items, path);
        return r < 0 ? r : 1;
}

/* The candidate in which one file has the owner, group and mode (or the absence) that its rule asks
 * for. */
static int mend_file(const struct world *world, struct view *candidate,
                     const struct finding *finding, struct path_list *paths) {
        CLEANUP(file_metadata_done) struct file_metadata metadata = { 0 };
        const struct snapshot *now;
        int r = view_look(candidate, finding->path, 0, &now);

        if (r == 0)
                r = repair_metadata(world, finding, &now->metadata, &metadata);
        if (r == 0)
                r = view_put(candidate, finding->path, &metadata, now->data, now->n_data);
        if (r == 0)
                r = strings_append(&paths->items, &paths->n_items, finding->path);
        return r;
}

/* The candidate in which every pam rule holds by lines taken out of files that are ours to write.
 */
static int lay_repaired_stacks(const struct world *world, struct view *candidate,
                               struct path_list *paths) {
        int r = repair_pam(world, candidate, &paths->items, &paths->n_items);

        for (size_t i = 0; i < paths->n_items && r == 0; i++)
                if (!respond_may_touch(world, paths->items[i]))
                        r = -ENOTSUP;
        return r;
}

static int lay_repair(const struct world *world, struct view *candidate,
                      const struct finding *finding, struct path_list *paths) {
        int r = 1;

        if (!finding->rule)
                return -ENOTSUP;
        if (finding->rule->family == RULE_FILE)
                return finding->path ? mend_file(world, candidate, finding, paths) : -ENOTSUP;
        if (finding->rule->family == RULE_PAM)
                return lay_repaired_stacks(world, candidate, paths);
        if (finding->rule->family != RULE_SSHD)
                return -ENOTSUP;
        for (unsigned i = 0; i < REPAIRS_MAX && r > 0; i++)
                r = edit_once(world, candidate, finding->rule, paths);
        return r > 0 ? -ENOTSUP : r;
}

static int put_repaired(const struct responder *responder, struct view *candidate,
                        const struct path_list *paths, struct respond_report *report) {
        for (size_t i = 0; i < paths->n_items; i++) {
                const struct snapshot *good;
                int r = view_look(candidate, paths->items[i], 0, &good);

                if (r == 0)
                        r = respond_put(responder, paths->items[i], &good->metadata, good->data,
                                        good->n_data, report);
                if (r < 0 || report->outcome != RESPOND_DONE)
                        return r;
        }
        return 0;
}

static int repair(const struct responder *responder, const struct finding *finding,
                  const struct findings *present, struct respond_report *report) {
        const struct world *world = responder->world;
        CLEANUP(view_cleanup) struct view *candidate = NULL;
        CLEANUP(path_list_done) struct path_list paths = { 0 };
        struct proof proof = { 0 };
        int r = view_new_over(world->view, &candidate);

        if (r == 0)
                r = lay_repair(world, candidate, finding, &paths);
        if (r == -ENOTSUP) {
                report->outcome = RESPOND_NO_APPROVED;
                report->reason = strdup("no edit makes the rule hold");
                return report->reason ? 0 : -ENOMEM;
        }
        if (r == 0)
                r = respond_prove(responder, candidate, finding, present, &paths, &proof);
        if (r < 0)
                return r;
        if (!proof.finding_is_gone || !proof.adds_nothing) {
                report->outcome = RESPOND_NEW_FINDINGS;
                return 0;
        }
        r = respond_may_write(responder, candidate, &paths,
                              respond_concerns_sshd(world, finding, &paths), report);
        return r > 0 ? put_repaired(responder, candidate, &paths, report) : r;
}

int respond_to(const struct responder *responder, const struct finding *finding,
               const struct findings *present, struct respond_report *ret) {
        struct respond_report report = { 0 };
        bool is_user = respond_is_about_user(responder->world, finding);
        bool is_writable_path =
                !finding->path || respond_may_touch(responder->world, finding->path);
        int r = 0;

        /* what a vendor's stack decides may be decided by a file of /etc again */
        if (!is_writable_path && !respond_is_of_family(finding, RULE_PAM))
                report.outcome = RESPOND_NOT_WRITABLE;
        else if (is_user)
                r = respond_to_user(responder, finding, present, &report);
        else if (finding->response == RESPONSE_REPAIR)
                r = repair(responder, finding, present, &report);
        else
                r = revert(responder, finding, present, &report);
        /* Who gets in may be decided elsewhere than by his own files. */
        if (r == 0 && is_user && respond_is_of_family(finding, RULE_ACCESS) &&
            report.outcome == RESPOND_NO_APPROVED) {
                respond_report_done(&report);
                r = revert(responder, finding, present, &report);
        }
        /* What no edit mends, the approved version may. */
        if (r == 0 && finding->response == RESPONSE_REPAIR &&
            report.outcome == RESPOND_NO_APPROVED && !is_user) {
                respond_report_done(&report);
                report.fell_back = true;
                if (responder->on_fallback)
                        responder->on_fallback(responder->userdata);
                r = revert(responder, finding, present, &report);
        }
        if (r == 0 && !is_writable_path && report.outcome == RESPOND_NO_APPROVED)
                report.outcome = RESPOND_NOT_WRITABLE;
        if (r < 0) {
                respond_report_done(&report);
                return r;
        }
        if (report.n_replaced > 0 && respond_is_about_sshd(finding))
                report.touched_sshd = true; /* also where a link led out of the set */
        *ret = report;
        return 0;
}
