/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Responding to a finding.
 *
 * A revert restores the smallest set of drifted files that makes the rule hold: the winning line's
 * file, then the drifted files that set the keyword (of a PAM rule: one drifted stack, then all of
 * them), then all drifted files. Each set is tried as a candidate tree in memory first. Files that
 * did not drift are never touched, and nothing is written that sshd would refuse. A full return to
 * the approved tree was judged when it was approved and asks sshd nothing, which is what keeps the
 * common case below a millisecond. */

#include "guard/respond.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "guard/assess.h"
#include "guard/record.h"
#include "os/replace.h"
#include "policy/judge_sshd.h"
#include "repair.h"
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

/* ---- the drifted files ---- */

static void path_list_done(struct path_list *list) {
        strings_free(list->items, list->n_items);
        *list = (struct path_list){ 0 };
}

/* The files that may be put back. */
struct drifted {
        struct path_list paths;
        bool is_all; /* with these back, sshd's tree is the approved one */
};

static void drifted_done(struct drifted *drifted) {
        path_list_done(&drifted->paths);
}

static bool path_list_contains(const struct path_list *list, const char *path) {
        for (size_t i = 0; i < list->n_items; i++)
                if (strcmp(list->items[i], path) == 0)
                        return true;
        return false;
}

struct drift_search {
        const struct responder *responder;
        const char *winner; /* the file that is to go back; NULL: none in particular */
        struct drifted *found;
        bool sshd_only; /* what of the set can change nothing that sshd does is passed over */
        int error;
};

static bool is_writable(const struct world *world, const char *path) {
        const struct guarded *guarded = guarded_set_get(&world->set, path);

        return !guarded || !(guarded->flags & (GUARDED_SECRET | GUARDED_ALERT_ONLY |
                                               GUARDED_ACCOUNTS | GUARDED_POLICY));
}

/* What an administrator allows for now is not put back because of what stands elsewhere. */
static bool is_covered(const struct drift_search *search, const char *path) {
        const struct permits *permits = search->responder->permits;

        return permits && !(search->winner && strcmp(search->winner, path) == 0) &&
               permits_cover(permits, path, record_now_us());
}

static bool is_passed_over(const struct drift_search *search, const char *path) {
        const struct guarded *guarded = guarded_set_get(&search->responder->world->set, path);

        return search->sshd_only && guarded && !(guarded->flags & (GUARDED_SSHD | GUARDED_UNIT)) &&
               !(search->winner && strcmp(search->winner, path) == 0);
}

static void search_path(struct drift_search *search, const char *path) {
        const struct world *world = search->responder->world;
        struct path_list *paths = &search->found->paths;
        unsigned differences;

        if (search->error < 0 || is_passed_over(search, path) || !is_writable(world, path) ||
            path_list_contains(paths, path))
                return;
        search->error = assess_drift(world, world->view, path, &differences);
        if (search->error < 0 || differences == 0)
                return;
        if (is_covered(search, path))
                search->found->is_all = false;
        else
                search->error = strings_append(&paths->items, &paths->n_items, path);
}

static void search_approved(const char *path, const struct approved *approved, void *userdata) {
        (void)approved;
        search_path(userdata, path);
}

static void search_guarded(const char *path, void *value, void *userdata) {
        struct drift_search *search = userdata;
        const struct guarded *guarded = value;

        if (guarded->flags & GUARDED_SSHD &&
            !baseline_get(search->responder->world->baseline, path))
                search->found->is_all = false; /* never approved, so never judged */
        search_path(search, path);
}

static int find_drifted(const struct responder *responder, const struct finding *finding,
                        bool sshd_only, struct drifted *ret) {
        struct drift_search search = { responder, finding->path, ret, sshd_only, 0 };

        ret->is_all = true;
        baseline_each(responder->world->baseline, search_approved, &search);
        map_each(&responder->world->set.paths, search_guarded, &search);
        return search.error;
}

/* ---- sets of files to try ---- */

/* True if a line of DATA begins with KEYWORD: a guess at who sets it, proven or not by the
 * candidate. */
static bool mentions_keyword(const char *data, size_t n_data, const char *keyword) {
        size_t n_keyword = strlen(keyword);
        const char *end = data + n_data;

        for (const char *line = data; line && line < end;) {
                const char *newline = memchr(line, '\n', (size_t)(end - line));

                while (line < end && (*line == ' ' || *line == '\t' || *line == '"'))
                        line++;
                if ((size_t)(end - line) > n_keyword &&
                    strncasecmp(line, keyword, n_keyword) == 0 &&
                    !isalnum((unsigned char)line[n_keyword]))
                        return true;
                line = newline ? newline + 1 : NULL;
        }
        return false;
}

static int sets_keyword(const struct world *world, const char *path, const char *keyword,
                        bool *ret) {
        const struct approved *approved = baseline_get(world->baseline, path);
        const struct snapshot *snapshot;
        int r = view_follow(world->view, path, 0, NULL, &snapshot);

        if (r < 0)
                return r;
        *ret = (snapshot->data && mentions_keyword(snapshot->data, snapshot->n_data, keyword)) ||
               (approved && approved->data &&
                mentions_keyword(approved->data, approved->n_data, keyword));
        return 0;
}

enum { SET_WINNER, SET_SETTERS, SET_ALL, N_SETS };

static bool is_of_family(const struct finding *finding, enum rule_family family) {
        return finding->rule && finding->rule->family == family;
}

static bool is_stack(const struct world *world, const char *path) {
        const struct guarded *guarded = guarded_set_get(&world->set, path);

        return guarded && guarded->flags & GUARDED_PAM;
}

/* Whether PATH belongs to the set; the sets only ever hold drifted files. */
static int belongs_to_set(const struct world *world, const struct finding *finding,
                          const char *path, int set, bool *ret) {
        bool is_winner = finding->path && strcmp(finding->path, path) == 0;

        *ret = is_winner || set == SET_ALL;
        if (set == SET_SETTERS && is_of_family(finding, RULE_PAM)) {
                *ret = is_winner || is_stack(world, path);
                return 0;
        }
        if (*ret || set == SET_WINNER || !finding->setting)
                return 0;
        return sets_keyword(world, path, finding->setting, ret);
}

static int choose_files(const struct world *world, const struct finding *finding,
                        const struct path_list *drifted, int set, struct path_list *ret) {
        for (size_t i = 0; i < drifted->n_items; i++) {
                bool belongs;
                int r = belongs_to_set(world, finding, drifted->items[i], set, &belongs);

                if (r == 0 && belongs)
                        r = strings_append(&ret->items, &ret->n_items, drifted->items[i]);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* How many sets there are to try. Any file of a stack may be what let the blamed line decide, so
 * each that drifted is tried by itself before all of them: first those that came or went. */
static size_t count_sets(const struct finding *finding, const struct path_list *drifted) {
        return N_SETS + (is_of_family(finding, RULE_PAM) ? 2 * drifted->n_items : 0);
}

/* The Nth set, which may be empty. */
static int choose_set(const struct world *world, const struct finding *finding,
                      const struct path_list *drifted, size_t n, struct path_list *ret) {
        size_t n_single = count_sets(finding, drifted) - N_SETS;
        bool is_first_round = n <= drifted->n_items, has_moved;
        unsigned differences = 0;
        const char *path;
        int r;

        if (n == 0)
                return choose_files(world, finding, drifted, SET_WINNER, ret);
        if (n > n_single)
                return choose_files(world, finding, drifted, (int)(n - n_single), ret);
        path = drifted->items[n - 1 - (is_first_round ? 0 : drifted->n_items)];
        r = assess_drift(world, world->view, path, &differences);
        has_moved = differences & FILE_DIFFERS_KIND;
        if (r < 0 || !is_stack(world, path) || has_moved != is_first_round)
                return r;
        return strings_append(&ret->items, &ret->n_items, path);
}

/* ---- proving a candidate ---- */

static bool concerns_sshd(const struct world *world, const struct finding *finding,
                          const struct path_list *paths) {
        if (finding &&
            (strncmp(finding->rule_id, "sshd.", 5) == 0 || is_of_family(finding, RULE_SSHD)))
                return true;
        for (size_t i = 0; i < paths->n_items; i++) {
                const struct guarded *guarded = guarded_set_get(&world->set, paths->items[i]);

                if (guarded && guarded->flags & GUARDED_SSHD)
                        return true;
        }
        return false;
}

struct proof {
        bool rule_holds;      /* nothing of the finding's rule is left */
        bool finding_is_gone; /* this finding is not there, others of the rule may be */
        bool adds_nothing;    /* no finding that the present tree lacks */
};

/* Returns 1 if the candidate may change what PAM does, 0 if not, or a negative errno. */
static int concerns_pam(const struct world *world, struct view *candidate,
                        const struct finding *finding, const struct path_list *paths) {
        bool asks_other_services;
        int r;

        if (is_of_family(finding, RULE_PAM))
                return 1;
        for (size_t i = 0; i < paths->n_items; i++)
                if (is_stack(world, paths->items[i]))
                        return 1;
        if (!concerns_sshd(world, finding, paths))
                return 0;
        r = assess_asks_other_services(world, candidate, &asks_other_services);
        return r < 0 ? r : asks_other_services;
}

static bool is_about_sshd(const struct finding *finding) {
        return finding->rule ? finding->rule->family == RULE_SSHD
                             : strcmp(finding->rule_id, "sshd.refused") == 0;
}

/* While sshd refuses its configuration no setting is judged. What another file then turns out to
 * break was there all along, and is answered next; the candidate did not add it. */
static bool is_revealed(const struct findings *present, const struct path_list *restored,
                        const struct finding *finding) {
        if (!is_about_sshd(finding) ||
            (finding->path && path_list_contains(restored, finding->path)))
                return false;
        for (size_t i = 0; i < present->n_items; i++)
                if (strcmp(present->items[i].rule_id, "sshd.refused") == 0)
                        return true;
        return false;
}

static bool is_allowed(const struct responder *responder, const struct finding *finding) {
        /* what is allowed where it stands keeps nothing else from going back */
        return responder->permits && finding->path &&
               permits_allow(responder->permits, finding->rule_id, finding->path, record_now_us());
}

static int prove(const struct responder *responder, struct view *candidate,
                 const struct finding *finding, const struct findings *present,
                 const struct path_list *paths, struct proof *ret) {
        struct world *world = responder->world;
        CLEANUP(findings_done) struct findings after = { 0 };
        int r = 0;

        if (concerns_sshd(world, finding, paths))
                r = assess_sshd(world, candidate, &after);
        if (r == 0)
                r = concerns_pam(world, candidate, finding, paths);
        if (r > 0)
                r = assess_pam(world, candidate, &after);
        for (size_t i = 0; i < paths->n_items && r == 0; i++)
                r = assess_file(world, candidate, paths->items[i], &after);
        if (r == 0 && is_of_family(finding, RULE_ACCESS) && finding->users)
                r = assess_access_of(world, candidate, finding->users, &after);
        if (r < 0)
                return r;
        *ret = (struct proof){ true, true, true };
        for (size_t i = 0; i < after.n_items; i++) {
                if (strcmp(after.items[i].rule_id, finding->rule_id) == 0)
                        ret->rule_holds = false;
                if (finding_is_same(&after.items[i], finding))
                        ret->finding_is_gone = false;
                if (!findings_contain(present, &after.items[i]) &&
                    !is_revealed(present, paths, &after.items[i]) &&
                    !is_allowed(responder, &after.items[i]))
                        ret->adds_nothing = false;
        }
        return 0;
}

static int lay_candidate(const struct world *world, const struct path_list *paths,
                         struct view **ret) {
        CLEANUP(view_cleanup) struct view *candidate = NULL;
        int r = view_new_over(world->view, &candidate);

        for (size_t i = 0; i < paths->n_items && r == 0; i++) {
                const struct approved *approved = baseline_get(world->baseline, paths->items[i]);
                CLEANUP_FREE char *data = NULL;
                size_t n_data;

                if (!approved)
                        continue;
                r = baseline_content(world->baseline, approved, &data, &n_data);
                if (r == 0)
                        r = view_put(candidate, paths->items[i], &approved->metadata, data, n_data);
        }
        if (r < 0)
                return r;
        *ret = TAKE(candidate);
        return 0;
}

/* Asks sshd unless it need not be asked. Returns 1 if the candidate may be written, 0 if not. */
static int ask_sshd(const struct responder *responder, struct view *candidate,
                    struct respond_report *report) {
        enum verdict verdict;
        char *reason = NULL;
        int r = verdicts_ask(responder->verdicts, responder->world, candidate, &verdict, &reason);

        if (r < 0)
                return r;
        if (verdict == VERDICT_REFUSED) {
                free(report->reason);
                report->reason = reason;
                report->outcome = RESPOND_SSHD_REFUSES;
                return 0;
        }
        if (verdict == VERDICT_UNKNOWN) {
                free(report->remark);
                report->remark = reason;
                reason = NULL;
        }
        free(reason);
        return 1;
}

/* As ask_sshd(), and whether an administrator is left. */
static int may_write(const struct responder *responder, struct view *candidate,
                     const struct path_list *paths, bool asks_sshd, struct respond_report *report) {
        int r = asks_sshd ? ask_sshd(responder, candidate, report) : 1;

        return r <= 0 ? r : respond_keep_admins(responder, candidate, paths, report);
}

/* ---- writing ---- */

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
        int r = is_kept ? 0 : responder->keep(responder->userdata, path, &replacement->old);

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
        if (!is_writable(world, path) ||
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
                r = responder->keep(responder->userdata, path, &replacement.old);
                is_kept = r == 0;
                if (r == 0)
                        r = looker_overwrite(world->looker, &request, &replacement);
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

/* ---- revert ---- */

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
        int r = lay_candidate(responder->world, paths, &candidate);

        if (r == 0)
                r = prove(responder, candidate, finding, present, paths, &proof);
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
        int r = lay_candidate(responder->world, paths, &candidate);

        if (r == 0)
                r = may_write(responder, candidate, paths,
                              !is_full_return && concerns_sshd(responder->world, finding, paths),
                              report);
        return r > 0 ? put_approved_set(responder, paths, report) : r;
}

/* Reverts with a set of what drifted; the report says whether one helped. */
static int revert_among(const struct responder *responder, const struct finding *finding,
                        const struct findings *present, bool sshd_only,
                        struct respond_report *report) {
        CLEANUP(drifted_done) struct drifted drifted = { 0 };
        CLEANUP(path_list_done) struct path_list helpful = { 0 };
        int r = find_drifted(responder, finding, sshd_only, &drifted);

        report->outcome = RESPOND_NO_APPROVED;
        for (size_t i = 0; r == 0 && i < count_sets(finding, &drifted.paths); i++) {
                CLEANUP(path_list_done) struct path_list paths = { 0 };

                r = choose_set(responder->world, finding, &drifted.paths, i, &paths);
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

        if (is_about_sshd(finding)) {
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
                if (!is_writable(world, paths->items[i]))
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
                r = prove(responder, candidate, finding, present, &paths, &proof);
        if (r < 0)
                return r;
        if (!proof.finding_is_gone || !proof.adds_nothing) {
                report->outcome = RESPOND_NEW_FINDINGS;
                return 0;
        }
        r = may_write(responder, candidate, &paths, concerns_sshd(world, finding, &paths), report);
        return r > 0 ? put_repaired(responder, candidate, &paths, report) : r;
}

int respond_to(const struct responder *responder, const struct finding *finding,
               const struct findings *present, struct respond_report *ret) {
        struct respond_report report = { 0 };
        bool is_user = respond_is_about_user(responder->world, finding);
        bool is_writable_path = !finding->path || is_writable(responder->world, finding->path);
        int r = 0;

        /* what a vendor's stack decides may be decided by a file of /etc again */
        if (!is_writable_path && !is_of_family(finding, RULE_PAM))
                report.outcome = RESPOND_NOT_WRITABLE;
        else if (is_user)
                r = respond_to_user(responder, finding, present, &report);
        else if (finding->response == RESPONSE_REPAIR)
                r = repair(responder, finding, present, &report);
        else
                r = revert(responder, finding, present, &report);
        /* Who gets in may be decided elsewhere than by his own files. */
        if (r == 0 && is_user && is_of_family(finding, RULE_ACCESS) &&
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
        if (report.n_replaced > 0 && is_about_sshd(finding))
                report.touched_sshd = true; /* also where a link led out of the set */
        *ret = report;
        return 0;
}
