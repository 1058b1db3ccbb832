/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What systemd has loaded, and with which command line sshd runs.
 *
 * A drop-in that was put back may still be in systemd's memory, and the next start of sshd would
 * use it: systemd is told to load its unit files again. An sshd that was started with another
 * command line goes on with it whatever it is told: only a restart helps. It is restarted where
 * sessions outlive that (KillMode=process, as Debian's unit has it), where sshd itself accepts the
 * configuration, and once for each process; elsewhere the finding says what to do. A command line
 * that was approved when sshd was started with it is no finding: when to restart after an edit of
 * his own is the administrator's business. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "guard/assess.h"
#include "guard/messages.h"
#include "manager.h"

enum { INQUIRY_SETTLE_US = 2000000 }; /* a revert, and what was being started, come first */

static const char approved_line_name[] = "sshd-command-line";

struct searching {
        const struct world *world;
        bool is_approved;
        int error;
};

static void look_for_drift(const char *path, void *value, void *userdata) {
        const struct guarded *guarded = value;
        struct searching *searching = userdata;
        unsigned differences = 0;

        if (!(guarded->flags & GUARDED_UNIT) || searching->error < 0)
                return;
        searching->error =
                assess_drift(searching->world, searching->world->view, path, &differences);
        if (differences != 0)
                searching->is_approved = false;
}

static bool unit_is_approved(const struct manager *manager) {
        struct searching searching = { &manager->world, true, 0 };

        map_each(&manager->world.set.paths, look_for_drift, &searching);
        return searching.is_approved && searching.error == 0;
}

static int note_other_line(struct manager *manager, const char *line) {
        const struct service_tree *service = &manager->world.service;
        CLEANUP(finding_done) struct finding finding = { 0 };
        CLEANUP(text_done) struct text wanted = { 0 };
        int r = finding_init_own(&finding, FINDING_RUNNING, SEVERITY_CRITICAL);

        for (size_t i = 0; i < service->words.n_items; i++)
                (void)text_appendf(&wanted, "%s%s", i > 0 ? " " : "", service->words.items[i].text);
        if (r == 0)
                r = text_error(&wanted);
        if (service->n_paths > 0)
                r = finding_set(r, &finding.path, "%s", service->paths[0]);
        r = finding_set(r, &finding.setting, "ExecStart");
        r = finding_set(r, &finding.want, "%s", text_get(&wanted));
        r = finding_set(r, &finding.got, "%s", line);
        r = finding_set(r, &finding.message,
                        "the sshd that runs was started with another command line than is "
                        "approved; only a restart ends that (systemctl restart %s)",
                        service->service.name);
        return r < 0 ? r : reconciler_note(&manager->reconciler, FINDING_RUNNING, &finding);
}

static void on_restarted(void *userdata, const char *unit, const char *error) {
        struct manager *manager = userdata;

        if (error)
                record_notice(MESSAGE_SSHD_RELOAD_FAILED, LOG_CRIT,
                              "%s could not be restarted: %s; it runs with another command line "
                              "than is approved",
                              unit, error);
        else if (unit)
                record_notice(MESSAGE_SSHD_RESTARTED, LOG_WARNING,
                              "%s was restarted with its approved command line", unit);
        manager_ask_about_unit(manager);
}

/* Once for each process, and only if sshd itself has nothing against the configuration. */
static int restart(struct manager *manager, const struct units_state *state) {
        CLEANUP_FREE char *reason = NULL;
        enum verdict verdict;
        int r;

        if (!state->kills_main_only || manager->restarted_pid == state->main_pid ||
            manager->world.policy->mode == MODE_AUDIT)
                return 0;
        r = verdicts_ask(manager->verdicts, &manager->world, manager->world.view, &verdict,
                         &reason);
        if (r < 0 || verdict != VERDICT_ACCEPTED)
                return r;
        manager->restarted_pid = state->main_pid;
        return units_restart_sshd(manager->units, on_restarted, manager);
}

/* An older line is approved too, as long as sshd runs with it. */
static int judge_line(struct manager *manager, const struct units_state *state, int comparison,
                      const char *line) {
        CLEANUP_FREE char *approved = NULL;
        int r = store_get_value(manager->world.store, approved_line_name, &approved);

        if (r < 0 && r != -ENOENT)
                return r;
        if (comparison == SERVICE_RUNNING_OTHER && !(approved && strcmp(approved, line) == 0)) {
                r = note_other_line(manager, line);
                return r < 0 || !approved ? r : restart(manager, state);
        }
        r = 0;
        if (comparison == SERVICE_RUNNING_SAME && !(approved && strcmp(approved, line) == 0))
                r = store_set_value(manager->world.store, approved_line_name, line);
        if (r == 0 && reconciler_has_noted(&manager->reconciler, FINDING_RUNNING))
                r = reconciler_note(&manager->reconciler, FINDING_RUNNING, NULL);
        return r;
}

static bool on_state(void *userdata, const struct units_state *state) {
        struct manager *manager = userdata;
        CLEANUP_FREE char *title = NULL, *line = NULL;
        int r = 0, comparison = SERVICE_RUNNING_UNKNOWN;

        manager->sshd_pid = state->main_pid;
        if (!unit_is_approved(manager))
                return false;
        if (state->main_pid > 0)
                r = units_process_title(state->main_pid, &title);
        if (r == 0 && title)
                comparison = service_tree_compare_running(&manager->world.service, title, &line);
        if (r == 0 && (comparison == SERVICE_RUNNING_SAME || comparison == SERVICE_RUNNING_OTHER))
                r = judge_line(manager, state, comparison, line);
        if (r < 0 && r != -ESRCH)
                record_notice(NULL, LOG_ERR, "the command line of sshd cannot be judged: %s",
                              strerror(-r));
        return state->needs_daemon_reload && manager->world.policy->mode != MODE_AUDIT;
}

static void on_asked(void *userdata, const char *unit, const char *error) {
        if (!error)
                manager_judge_other_servers(userdata);
        if (unit && error)
                record_notice(NULL, LOG_NOTICE, "systemd could not be asked about %s: %s", unit,
                              error);
}

static int on_inquiry(sd_event_source *source, uint64_t now_us, void *userdata) {
        struct manager *manager = userdata;
        int r;

        (void)source;
        (void)now_us;
        manager->sshd_pid = 0;
        r = units_ask_sshd(manager->inquiry, on_state, on_asked, manager);
        if (r == -EBUSY)
                manager_ask_about_unit(manager);
        return 0;
}

void manager_ask_about_unit(struct manager *manager) {
        if (!manager->inquiry_timer)
                return;
        (void)sd_event_source_set_time(manager->inquiry_timer,
                                       manager_now_us() + INQUIRY_SETTLE_US);
        (void)sd_event_source_set_enabled(manager->inquiry_timer, SD_EVENT_ONESHOT);
}

int manager_start_inquiry(struct manager *manager) {
        int r;

        if (!manager->units)
                return 0;
        r = units_new(manager->event, &manager->inquiry);
        if (r == 0)
                r = sd_event_add_time(manager->event, &manager->inquiry_timer, CLOCK_MONOTONIC,
                                      UINT64_MAX, 0, on_inquiry, manager);
        if (r < 0)
                return r;
        manager_ask_about_unit(manager);
        return 0;
}

void manager_stop_inquiry(struct manager *manager) {
        units_free(manager->inquiry);
        (void)sd_event_source_disable_unref(manager->inquiry_timer);
}
