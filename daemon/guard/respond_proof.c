/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Proving a candidate before anything is written.
 *
 * A candidate is a tree in memory: what is there, with some files as they would become. It is
 * judged whole; it must take the finding away and bring none that the present tree lacks. What sshd
 * would refuse, or what leaves no administrator a way in, is not written. */

#include "respond_proof.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "guard/assess.h"
#include "guard/record.h"
#include "respond_user.h"

static void view_cleanup(struct view **view) {
        view_free(*view);
}

bool respond_concerns_sshd(const struct world *world, const struct finding *finding,
                           const struct path_list *paths) {
        if (finding && (strncmp(finding->rule_id, "sshd.", 5) == 0 ||
                        respond_is_of_family(finding, RULE_SSHD)))
                return true;
        for (size_t i = 0; i < paths->n_items; i++) {
                const struct guarded *guarded = guarded_set_get(&world->set, paths->items[i]);

                if (guarded && guarded->flags & GUARDED_SSHD)
                        return true;
        }
        return false;
}

/* Returns 1 if the candidate may change what PAM does, 0 if not, or a negative errno. */
static int concerns_pam(const struct world *world, struct view *candidate,
                        const struct finding *finding, const struct path_list *paths) {
        bool asks_other_services;
        int r;

        if (respond_is_of_family(finding, RULE_PAM))
                return 1;
        for (size_t i = 0; i < paths->n_items; i++)
                if (respond_is_stack(world, paths->items[i]))
                        return 1;
        if (!respond_concerns_sshd(world, finding, paths))
                return 0;
        r = assess_asks_other_services(world, candidate, &asks_other_services);
        return r < 0 ? r : asks_other_services;
}

bool respond_is_about_sshd(const struct finding *finding) {
        return finding->rule ? finding->rule->family == RULE_SSHD
                             : strcmp(finding->rule_id, "sshd.refused") == 0;
}

/* While sshd refuses its configuration no setting is judged. What another file then turns out to
 * break was there all along, and is answered next; the candidate did not add it. */
static bool is_revealed(const struct findings *present, const struct path_list *restored,
                        const struct finding *finding) {
        if (!respond_is_about_sshd(finding) ||
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

int respond_prove(const struct responder *responder, struct view *candidate,
                  const struct finding *finding, const struct findings *present,
                  const struct path_list *paths, struct proof *ret) {
        struct world *world = responder->world;
        CLEANUP(findings_done) struct findings after = { 0 };
        int r = 0;

        if (respond_concerns_sshd(world, finding, paths))
                r = assess_sshd(world, candidate, &after);
        if (r == 0)
                r = concerns_pam(world, candidate, finding, paths);
        if (r > 0)
                r = assess_pam(world, candidate, &after);
        for (size_t i = 0; i < paths->n_items && r == 0; i++)
                r = assess_file(world, candidate, paths->items[i], &after);
        if (r == 0 && respond_is_of_family(finding, RULE_ACCESS) && finding->users)
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

int respond_lay_candidate(const struct world *world, const struct path_list *paths,
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

int respond_may_write(const struct responder *responder, struct view *candidate,
                      const struct path_list *paths, bool asks_sshd,
                      struct respond_report *report) {
        int r = asks_sshd ? ask_sshd(responder, candidate, report) : 1;

        return r <= 0 ? r : respond_keep_admins(responder, candidate, paths, report);
}
