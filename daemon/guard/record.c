/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Incidents and alerts.
 *
 * The store is for the program and the journal is for people and collectors; both get the same
 * facts, in this order, so an alert never names an incident that was not kept. Who made a change is
 * not known to inotify, and is said to be unknown rather than guessed. */

#include "guard/record.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <syslog.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "guard/messages.h"
#include "os/journal.h"
#include "world/access_change.h"

int64_t record_now_us(void) {
        struct timespec now;

        (void)clock_gettime(CLOCK_REALTIME, &now);
        return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static const char *path_of(const struct record *record) {
        return record->path ? record->path : record->finding->path;
}

/* "FILE:LINE: SETTING is GOT, wanted WANT: MESSAGE (RULE); ACTION" */
static char *format_message(const struct record *record) {
        const struct finding *finding = record->finding;
        const char *path = path_of(record);
        struct text text = { 0 };

        if (path)
                (void)text_append(&text, path);
        if (path && finding->line > 0 && !record->path)
                (void)text_appendf(&text, ":%u", finding->line);
        if (path)
                (void)text_append(&text, ": ");
        (void)text_append(&text, finding->message ? finding->message : "a rule does not hold");
        (void)text_appendf(&text, " (%s); %s", finding->rule_id, record->action);
        if (record->outcome)
                (void)text_appendf(&text, ": %s", record->outcome);
        return text_take(&text);
}

static void send_entry(const struct recorder *recorder, const struct record *record, int priority,
                       int64_t incident_id) {
        const struct finding *finding = record->finding;
        CLEANUP_FREE char *message = format_message(record);
        char line[16], incident[24], generation[24];
        const struct journal_field fields[] = {
                { "SSHGUARDD_RULE", finding->rule_id },
                { "SSHGUARDD_PATH", path_of(record) },
                { "SSHGUARDD_LINE", finding->line > 0 ? line : NULL },
                { "SSHGUARDD_SETTING", finding->setting },
                { "SSHGUARDD_WANT", finding->want },
                { "SSHGUARDD_GOT", finding->got },
                { "SSHGUARDD_WITNESS", finding->witness },
                { "SSHGUARDD_ACTION", record->action },
                { "SSHGUARDD_OUTCOME", record->outcome },
                { "SSHGUARDD_NOTICED_BY", recorder->noticed_by },
                { "SSHGUARDD_INCIDENT", incident_id > 0 ? incident : NULL },
                { "SSHGUARDD_GENERATION", generation },
                { "SSHGUARDD_BY_PID", "unknown" },
                { "SSHGUARDD_BY_EXE", "unknown" },
                { "SSHGUARDD_BY_LOGINUID", "unknown" },
                { "SSHGUARDD_BY_UNIT", "unknown" },
        };

        (void)snprintf(line, sizeof line, "%u", finding->line);
        (void)snprintf(incident, sizeof incident, "%" PRId64, incident_id);
        (void)snprintf(generation, sizeof generation, "%" PRIu64, recorder->world->generation);
        journal_send(priority, record->message_id, message ? message : record->action, fields,
                     N_ELEMENTS(fields));
}

void record_alert(const struct recorder *recorder, const struct record *record, int priority,
                  int64_t incident_id) {
        const char *path = path_of(record);

        if (path && recorder->contests && contests_has(recorder->contests, path))
                return; /* it will be back */
        send_entry(recorder, record, priority, incident_id);
}

void record_finding(const struct recorder *recorder, const struct open_finding *finding,
                    bool is_open) {
        if (recorder->on_finding && finding)
                recorder->on_finding(recorder->userdata, finding, is_open);
}

uint64_t record_monotonic_us(void) {
        struct timespec now;

        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static enum contest_verdict note_contest(const struct recorder *recorder,
                                         const struct record *record) {
        const struct snapshot *old = record->quarantined;
        const char *path = path_of(record);

        if (!recorder->contests || !path)
                return CONTEST_TELL;
        return contests_note(recorder->contests, path, record->finding->rule_id,
                             old && old->metadata.has_sha256 ? old->metadata.sha256 : NULL,
                             record_monotonic_us());
}

static void begin_contest(const struct recorder *recorder, const struct record *record,
                          int64_t id) {
        const char *path = path_of(record);

        contests_set_incident(recorder->contests, path, record->finding->rule_id, id);
        record_notice_at(path, MESSAGE_CONTESTED,
                         severity_priority(contest_raise(record->finding->severity)),
                         "%s: somebody keeps changing it against %s; it stays protected, and what "
                         "follows is summarised",
                         path, record->finding->rule_id);
}

static void tell_summary(void *userdata, const struct contest_summary *summary) {
        const struct recorder *recorder = userdata;
        CLEANUP(incident_done) struct incident incident = { 0 };
        enum severity severity = SEVERITY_INFO;

        if (store_get_incident(recorder->world->store, summary->incident_id, &incident) == 0) {
                severity = contest_raise((enum severity)incident.severity);
                (void)store_update_incident(recorder->world->store, summary->incident_id,
                                            incident.action, incident.outcome,
                                            incident.count + (int64_t)summary->n_times);
        }
        if (summary->n_times > 0)
                record_notice_at(summary->path, MESSAGE_CONTESTED, severity_priority(severity),
                                 "%s: changed against %s %" PRIu64 " times more within %" PRIu64
                                 " s (incident %" PRId64 ")",
                                 summary->path, summary->rule_id, summary->n_times,
                                 summary->seconds, summary->incident_id);
        if (summary->is_over)
                record_notice_at(summary->path, MESSAGE_CONTESTED, LOG_NOTICE,
                                 "%s: nobody contests it any more", summary->path);
}

int record_summaries(const struct recorder *recorder) {
        struct recorder copy = *recorder;

        if (recorder->contests->n_dropped > 0 &&
            store_note_dropped(recorder->world->store, recorder->contests->n_dropped) == 0)
                recorder->contests->n_dropped = 0;
        return contests_summarise(recorder->contests, record_monotonic_us(), tell_summary, &copy);
}

/* More access is worse than a changed comment. */
static enum severity raise_severity(enum severity severity, const struct access_change *change) {
        enum severity least = change->gives   ? SEVERITY_HIGH
                              : change->takes ? SEVERITY_MEDIUM
                                              : SEVERITY_INFO;

        return severity < least ? least : severity;
}

/* The finding with what the drift gave to whom; its other parts are lent. *RET_MESSAGE (heap) is
 * its message then. What cannot be found out is not said. */
static struct finding describe_drift(const struct recorder *recorder, const struct record *record,
                                     char **ret_message) {
        CLEANUP(access_change_done) struct access_change change = { 0 };
        struct finding told = *record->finding;
        const char *path = path_of(record);

        if (!record->is_drift || !path ||
            access_change_of(recorder->world, path, record->quarantined, &change) < 0 ||
            !change.text)
                return told;
        *ret_message =
                text_format("%s; %s", told.message ? told.message : "it is another", change.text);
        if (*ret_message)
                told.message = *ret_message;
        told.severity = raise_severity(told.severity, &change);
        return told;
}

static int write_incident(const struct recorder *recorder, const struct record *record,
                          enum contest_verdict verdict, int64_t *ret_id) {
        const struct finding *finding = record->finding;
        struct incident incident = {
                .at_us = record_now_us(),
                .path = BORROWED(path_of(record)),
                .rule_id = finding->rule_id,
                .severity = finding->severity,
                .line = finding->line,
                .setting = finding->setting,
                .want = finding->want,
                .got = finding->got,
                .witness = finding->witness,
                .message = finding->message,
                .action = BORROWED(record->action),
                .outcome = BORROWED(record->outcome),
                .generation = recorder->world->generation,
                .has_quarantine = record->quarantined != NULL,
                .count = 1,
        };
        int64_t id = 0;
        int r;

        if (verdict != CONTEST_TELL)
                incident.severity = (int)contest_raise(finding->severity);
        incident.is_contested = verdict == CONTEST_RECORD;
        if (record->quarantined)
                incident.metadata = record->quarantined->metadata;
        r = store_add_incident(recorder->world->store, &incident, record->quarantined, &id);
        if (r < 0)
                record_notice(NULL, LOG_ERR, "the incident could not be stored: error %d", -r);
        incident.id = id;
        if (verdict != CONTEST_RECORD)
                send_entry(recorder, record, severity_priority((enum severity)incident.severity),
                           id);
        if (verdict == CONTEST_BEGINS)
                begin_contest(recorder, record, id);
        if (r == 0 && recorder->on_incident)
                recorder->on_incident(recorder->userdata, &incident);
        *ret_id = id;
        return r;
}

int record_incident(const struct recorder *recorder, const struct record *record, int64_t *ret_id) {
        enum contest_verdict verdict = note_contest(recorder, record);
        CLEANUP_FREE char *message = NULL;
        struct record told = *record;
        struct finding finding;

        *ret_id = 0;
        if (verdict == CONTEST_DROP || verdict == CONTEST_COUNT)
                return 0; /* the next summary tells */
        finding = describe_drift(recorder, record, &message);
        told.finding = &finding;
        return write_incident(recorder, &told, verdict, ret_id);
}

/* Notices are of the program, not of a recorder: whoever sends one need not know who listens. */
static struct {
        void (*listener)(void *userdata, const char *message_id, const char *message);
        void *userdata;
} hearing;

void record_tell_notices(void (*listener)(void *userdata, const char *message_id,
                                          const char *message),
                         void *userdata) {
        hearing.listener = listener;
        hearing.userdata = userdata;
}

int record_deed(const struct recorder *recorder, const struct record_deed *deed, const char *path,
                const struct snapshot *old) {
        CLEANUP(finding_done) struct finding finding = { 0 };
        const struct record record = { .message_id = deed->message_id,
                                       .finding = &finding,
                                       .action = deed->action,
                                       .quarantined = old };
        int64_t id;
        int r = finding_init_own(&finding, deed->rule_id, deed->severity);

        r = finding_set(r, &finding.path, "%s", path);
        r = finding_set(r, &finding.message, "%s", deed->message);
        return r < 0 ? r : record_incident(recorder, &record, &id);
}

__attribute__((format(printf, 4, 0))) static void send_notice(const char *path,
                                                              const char *message_id, int priority,
                                                              const char *format,
                                                              va_list arguments) {
        const struct journal_field fields[] = { { "SSHGUARDD_PATH", path } };
        struct text text = { 0 };
        CLEANUP_FREE char *message = NULL;

        (void)text_vappendf(&text, format, arguments);
        message = text_take(&text);
        journal_send(priority, message_id, message ? message : format, fields, N_ELEMENTS(fields));
        if (hearing.listener && message)
                hearing.listener(hearing.userdata, message_id, message);
}

void record_notice(const char *message_id, int priority, const char *format, ...) {
        va_list arguments;

        va_start(arguments, format);
        send_notice(NULL, message_id, priority, format, arguments);
        va_end(arguments);
}

void record_notice_at(const char *path, const char *message_id, int priority, const char *format,
                      ...) {
        va_list arguments;

        va_start(arguments, format);
        send_notice(path, message_id, priority, format, arguments);
        va_end(arguments);
}

void record_releases(const struct world *world, int changed) {
        const unsigned pam = world->pam_release.number;

        if (changed & RELEASES_SSHD)
                record_notice(NULL, LOG_NOTICE, "another sshd is installed: %s",
                              world->release.version);
        if (changed & RELEASES_PAM && !world->has_pam_release)
                record_notice(NULL, LOG_WARNING, "libpam is gone: PAM rules say nothing");
        else if (changed & RELEASES_PAM)
                record_notice(NULL, LOG_NOTICE, "another libpam is installed: %u.%u.%u",
                              pam / 10000, pam / 100 % 100, pam % 100);
}
