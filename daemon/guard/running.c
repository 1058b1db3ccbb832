/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The sshd that runs, and what it says itself: what no file shows. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "guard/messages.h"
#include "manager.h"
#include "sshd/keywords.h"

enum {
        REREAD_SETTLE_US = 1500000, /* our own reload after a revert comes first */
};

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
                if (!report->is_moot)
                        return;
        } else {
                manager->cross_check_is_blind = false;
        }
        if (report->outcome == CROSS_CHECK_DISAGREES)
                r = describe_disagreement(manager, report, &finding);
        if (r == 0)
                r = reconciler_note(&manager->reconciler, FINDING_CROSS_CHECK,
                                    finding.rule_id ? &finding : NULL);
        finding_done(&finding);
        if (r < 0)
                record_notice(NULL, LOG_ERR, "what sshd said could not be noted: %s", strerror(-r));
}

/* ---- what sshd has read ---- */

static const char reread_name[] = "sshd-read";

/* The PidFile of the configuration in force is watched; it may be another one than before. */
static int follow_pid_path(struct manager *manager) {
        char *path;
        int r = reread_pid_path(&manager->world, &path);

        if (r < 0)
                return r;
        if (path && manager->pid_path && strcmp(path, manager->pid_path) == 0) {
                free(path);
                return 0;
        }
        if (manager->pid_path)
                watch_remove(manager->watch, manager->pid_path);
        free(manager->pid_path);
        manager->pid_path = path;
        if (path)
                return watch_add(manager->watch, path);
        if (!manager->pid_is_blind)
                record_notice(NULL, LOG_NOTICE,
                              "sshd writes no PidFile: whether it read its configuration while it "
                              "was changed for a moment cannot be seen");
        manager->pid_is_blind = true;
        return 0;
}

static int keep_reread(struct manager *manager, const char *before) {
        CLEANUP_FREE char *after = reread_format(&manager->reread);

        if (!after)
                return -ENOMEM;
        if (!manager->reread.has_begun || (before && strcmp(before, after) == 0))
                return 0;
        return store_set_value(manager->world.store, reread_name, after);
}

/* Looks; 1 if sshd has to read its configuration again. */
static int observe_sshd(struct manager *manager, struct reread_observation *ret) {
        CLEANUP_FREE char *before = reread_format(&manager->reread);
        struct reread_observation observation = { 0 };
        uint64_t ino = manager->reread.pid.ino;
        bool is_stale;
        int r = follow_pid_path(manager);

        if (r == 0)
                r = reread_look(&manager->world, manager->pid_path, &observation);
        if (r < 0)
                return r;
        observation.now_us = manager_now_us();
        observation.is_compliant = manager->reconciler.sshd_findings.n_items == 0 &&
                                   !sshd_config_refusal(manager->world.config);
        is_stale = reread_observe(&manager->reread, &observation);
        if (manager->reread.pid.ino != ino)
                manager_ask_about_unit(manager); /* it may be another process, too */
        *ret = observation;
        r = keep_reread(manager, before);
        return r < 0 ? r : is_stale;
}

static int note_reread(struct manager *manager) {
        bool is_sure = manager->reread.knowledge == REREAD_DRIFTED ||
                       manager->reread.knowledge == REREAD_COMPLIANT;
        CLEANUP(finding_done) struct finding finding = { 0 };
        int r = finding_init_own(&finding, FINDING_REREAD, SEVERITY_HIGH);

        r = finding_set(r, &finding.path, "%s", service_tree_config_path(&manager->world.service));
        r = finding_set(r, &finding.want, "what its files say");
        r = finding_set(r, &finding.got, is_sure ? "another one" : "perhaps another one");
        r = finding_set(r, &finding.message,
                        is_sure ? "sshd read its configuration while it was not as approved; the "
                                  "change was undone since, and sshd still uses it"
                                : "the configuration was changed about the time when sshd read it, "
                                  "and put back since; sshd may still use what it said");
        return r < 0 ? r : reconciler_note(&manager->reconciler, FINDING_REREAD, &finding);
}

static void schedule_reread(struct manager *manager, uint64_t after_us) {
        (void)sd_event_source_set_time(manager->reread_timer, manager_now_us() + after_us);
        (void)sd_event_source_set_enabled(manager->reread_timer, SD_EVENT_ONESHOT);
}

/* sshd does not use what the files say: says so, and has it read them again. */
static int on_reread_due(sd_event_source *source, uint64_t now_us, void *userdata) {
        struct manager *manager = userdata;
        struct reread_observation now;
        uint64_t wait_us;
        int r = observe_sshd(manager, &now);

        (void)source;
        (void)now_us;
        if (r > 0 && reread_is_suspicious(&manager->reread))
                r = note_reread(manager);
        else if (r <= 0)
                return 0;
        if (r < 0)
                record_notice(NULL, LOG_ERR, "what sshd has read could not be noted: %s",
                              strerror(-r));
        if (manager->world.policy->mode == MODE_AUDIT)
                return 0;
        if (manager->reloads.n_tried == 0 && !reread_is_suspicious(&manager->reread))
                record_notice(NULL, LOG_NOTICE,
                              "the configuration was changed about the time when sshd read it; "
                              "sshd has to read it again");
        switch (reloads_advise(&manager->reloads, &wait_us)) {
        case RELOADS_TRY:
                manager_reload_sshd(manager);
                schedule_reread(manager, wait_us);
                break;
        case RELOADS_TELL:
                record_notice(MESSAGE_SSHD_RELOAD_FAILED, LOG_CRIT,
                              "sshd was told %d times to read its configuration again and did not; "
                              "it may still use another one",
                              RELOADS_MAX);
                break;
        case RELOADS_LEAVE:
                break;
        }
        return 0;
}

static void look_at_sshd(struct manager *manager) {
        int is_scheduled = SD_EVENT_OFF;
        struct reread_observation now;
        int r = observe_sshd(manager, &now);

        if (r < 0) {
                record_notice(NULL, LOG_ERR, "what sshd has read cannot be told: %s", strerror(-r));
                return;
        }
        if (manager->world.policy->mode != MODE_AUDIT &&
            reloads_take_due(&manager->reloads, manager->reconciler.n_sshd_judged,
                             now.is_approved || now.is_compliant))
                manager_reload_sshd(manager);
        (void)sd_event_source_get_enabled(manager->reread_timer, &is_scheduled);
        if (r > 0 && is_scheduled == SD_EVENT_OFF && manager->reloads.n_tried == 0)
                schedule_reread(manager, REREAD_SETTLE_US);
        if (r == 0 && (manager->reread.knowledge == REREAD_APPROVED ||
                       manager->reread.knowledge == REREAD_COMPLIANT)) {
                (void)sd_event_source_set_enabled(manager->reread_timer, SD_EVENT_OFF);
                manager->reloads.n_tried = 0;
                if (reconciler_has_noted(&manager->reconciler, FINDING_REREAD))
                        (void)reconciler_note(&manager->reconciler, FINDING_REREAD, NULL);
        }
}

/* ---- having it read again ---- */

static void on_reloaded(void *userdata, const char *unit, const char *error) {
        struct manager *manager = userdata;

        manager->reloads.has_failed = error != NULL;
        if (error) {
                record_notice(
                        MESSAGE_SSHD_RELOAD_FAILED, LOG_ERR,
                        "%s could not be reloaded: %s; it may still use the earlier configuration",
                        unit, error);
                look_at_sshd(manager); /* what was in the way may be gone */
        } else if (unit) {             /* else no sshd is running as a unit: nothing to reload */
                record_notice(MESSAGE_SSHD_RELOADED, LOG_NOTICE, "%s was reloaded", unit);
        }
}

void manager_reload_sshd(void *userdata) {
        struct manager *manager = userdata;
        int r;

        if (!manager->units)
                return;
        reloads_begin(&manager->reloads, manager->reconciler.n_sshd_judged);
        r = units_reload_sshd(manager->units, on_reloaded, manager);
        if (r < 0)
                on_reloaded(manager, "sshd", strerror(-r));
}

/* ---- all of it ---- */

void manager_after_turn(struct manager *manager) {
        bool is_judged = manager->n_sshd_judged != manager->reconciler.n_sshd_judged;

        manager->n_sshd_judged = manager->reconciler.n_sshd_judged;
        looker_rest(manager->world.looker);
        if (is_judged && manager->cross_check)
                (void)cross_check_request(manager->cross_check, CROSS_CHECK_SETTLE_MS);
        if (manager->n_unit_loaded != manager->reconciler.n_unit_loaded)
                manager_ask_about_unit(manager);
        manager->n_unit_loaded = manager->reconciler.n_unit_loaded;
        if ((is_judged || manager->pid_is_dirty) && manager->units) {
                manager->pid_is_dirty = false;
                look_at_sshd(manager);
        }
}

int manager_start_running(struct manager *manager) {
        CLEANUP_FREE char *known = NULL;
        int r = cross_check_new(manager->event, &manager->world, manager->invocation->state_path,
                                &manager->cross_check);

        if (r < 0)
                return r;
        cross_check_on_report(manager->cross_check, on_cross_check, manager);
        r = sd_event_add_time(manager->event, &manager->reread_timer, CLOCK_MONOTONIC, UINT64_MAX,
                              0, on_reread_due, manager);
        if (r >= 0)
                r = sd_event_source_set_enabled(manager->reread_timer, SD_EVENT_OFF);
        if (r < 0)
                return r;
        r = store_get_value(manager->world.store, reread_name, &known);
        if (r == 0)
                (void)reread_parse(&manager->reread, known);
        return r < 0 && r != -ENOENT ? r : manager_start_inquiry(manager);
}

void manager_stop_running(struct manager *manager) {
        manager_stop_inquiry(manager);
        cross_check_free(manager->cross_check);
        (void)sd_event_source_disable_unref(manager->reread_timer);
        free(manager->pid_path);
}
