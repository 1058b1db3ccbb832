/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The sshd that runs, and what it says itself: what no file shows. */

#include <errno.h>
#include <string.h>
#include <syslog.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "guard/messages.h"
#include "manager.h"
#include "sshd/keywords.h"

/* ---- sshd -T ---- */

/* "sshd prints X, we worked out Y", with a command that shows it. */
static int describe_disagreement(struct manager *manager, const struct cross_check_report *report,
                                 struct finding *finding) {
        const char *line = report->theirs ? report->theirs : report->ours;
        CLEANUP_FREE char *keyword = strndup(line, strcspn(line, " "));
        struct findings one = { .items = finding, .n_items = 1 };
        int r = keyword ? finding_init_own(finding, FINDING_CROSS_CHECK, SEVERITY_HIGH) : -ENOMEM;

        if (r < 0)
                return r;
        r = finding_set(r, &finding->setting, "%s", sshd_keyword_display_name(keyword));
        r = finding_set(r, &finding->want, "%s", report->theirs ? report->theirs : "no such line");
        r = finding_set(r, &finding->got, "%s", report->ours ? report->ours : "no such line");
        r = finding_set(r, &finding->witness, "sshd -T%s%s", report->spec ? " -C " : "",
                        report->spec ? report->spec : "");
        r = finding_set(r, &finding->message,
                        "sshd itself says \"%s\" where sshguardd worked out \"%s\"",
                        finding->want ? finding->want : "", finding->got ? finding->got : "");
        if (r == 0)
                r = service_tree_place_findings(&manager->world.service, &one, 0);
        return r;
}

static void on_cross_check(void *userdata, const struct cross_check_report *report) {
        struct manager *manager = userdata;
        struct finding finding = { 0 };
        int r = 0;

        if (report->outcome == CROSS_CHECK_CANNOT_TELL) {
                if (!manager->cross_check_is_blind)
                        record_notice(MESSAGE_CROSS_CHECK, LOG_NOTICE,
                                      "sshd could not be asked what it makes of its configuration, "
                                      "and is asked again from time to time: %s",
                                      report->theirs);
                manager->cross_check_is_blind = true;
                return;
        }
        manager->cross_check_is_blind = false;
        if (report->outcome == CROSS_CHECK_DISAGREES)
                r = describe_disagreement(manager, report, &finding);
        if (r == 0)
                r = reconciler_note(&manager->reconciler, FINDING_CROSS_CHECK,
                                    finding.rule_id ? &finding : NULL);
        finding_done(&finding);
        if (r < 0)
                record_notice(NULL, LOG_ERR, "what sshd said could not be noted: %s", strerror(-r));
}

void manager_after_turn(struct manager *manager) {
        if (manager->n_sshd_judged == manager->reconciler.n_sshd_judged)
                return;
        manager->n_sshd_judged = manager->reconciler.n_sshd_judged;
        if (manager->cross_check)
                (void)cross_check_request(manager->cross_check, CROSS_CHECK_SETTLE_MS);
}

int manager_start_running(struct manager *manager) {
        int r = cross_check_new(manager->event, &manager->world, manager->invocation->state_path,
                                &manager->cross_check);

        if (r == 0)
                cross_check_on_report(manager->cross_check, on_cross_check, manager);
        return r;
}

void manager_stop_running(struct manager *manager) {
        cross_check_free(manager->cross_check);
}
