/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Incidents and alerts.
 *
 * The store is for the program and the journal is for people and collectors; both get the same
 * facts, in this order, so an alert never names an incident that was not kept, and neither says
 * that something was done before it was. Who made a change is not known to inotify, and is said to
 * be unknown rather than guessed. */

#include "guard/record.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
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

/* The finding's line is one of the finding's file. */
static unsigned line_of(const struct record *record) {
        return record->path ? 0 : record->finding->line;
}

/* "FILE:LINE: SETTING is GOT, wanted WANT: MESSAGE (RULE); ACTION" */
static char *format_message(const struct record *record) {
        const struct finding *finding = record->finding;
        const char *path = path_of(record);
        struct text text = { 0 };

        if (path)
                (void)text_append(&text, path);
        if (path && line_of(record) > 0)
                (void)text_appendf(&text, ":%u", line_of(record));
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
                { "SSHGUARDD_LINE", line_of(record) > 0 ? line : NULL },
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

        (void)snprintf(line, sizeof line, "%u", line_of(record));
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

/* What the store is to have; all of it is lent. */
static struct incident incident_of(const struct recorder *recorder, const struct record *record,
                                   enum contest_verdict verdict) {
        const struct finding *finding = record->finding;
        struct incident incident = {
                .at_us = record_now_us(),
                .path = BORROWED(path_of(record)),
                .rule_id = finding->rule_id,
                .severity = finding->severity,
                .line = line_of(record),
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
                .is_contested = verdict == CONTEST_RECORD,
        };

        if (verdict != CONTEST_TELL)
                incident.severity = (int)contest_raise(finding->severity);
        if (record->quarantined)
                incident.metadata = record->quarantined->metadata;
        return incident;
}

static int store_incident(const struct recorder *recorder, const struct incident *incident,
                          const struct snapshot *quarantined, int64_t *ret_id) {
        int r = store_add_incident(recorder->world->store, incident, quarantined, ret_id);

        if (r < 0)
                record_notice(NULL, LOG_ERR, "the incident could not be stored: error %d", -r);
        return r;
}

static void tell_incident(const struct recorder *recorder, const struct record *record,
                          const struct incident *incident, enum contest_verdict verdict) {
        if (verdict != CONTEST_RECORD)
                send_entry(recorder, record, severity_priority((enum severity)incident->severity),
                           incident->id);
        if (verdict == CONTEST_BEGINS)
                begin_contest(recorder, record, incident->id);
        if (incident->id > 0 && recorder->on_incident)
                recorder->on_incident(recorder->userdata, incident);
}

static bool is_left_to_summaries(enum contest_verdict verdict) {
        return verdict == CONTEST_DROP || verdict == CONTEST_COUNT;
}

int record_incident(const struct recorder *recorder, const struct record *record, int64_t *ret_id) {
        enum contest_verdict verdict = note_contest(recorder, record);
        CLEANUP_FREE char *message = NULL;
        struct record told = *record;
        struct incident incident;
        struct finding finding;
        int r;

        *ret_id = 0;
        if (is_left_to_summaries(verdict))
                return 0;
        finding = describe_drift(recorder, record, &message);
        told.finding = &finding;
        incident = incident_of(recorder, &told, verdict);
        r = store_incident(recorder, &incident, told.quarantined, ret_id);
        incident.id = *ret_id;
        tell_incident(recorder, &told, &incident, verdict);
        return r;
}

/* ---- in two steps ---- */

/* What is done, and what an incident says while it goes on. */
static const struct {
        const char *done, *going_on, *message_id;
} courses[] = {
        { "reverted", "reverting", MESSAGE_REVERTED }, { "locked", "locking", MESSAGE_REVERTED },
        { "repaired", "repairing", MESSAGE_REPAIRED }, { "edited", "editing", MESSAGE_INSTALLED },
        { "restored", "restoring", MESSAGE_RESTORED }, { "undone", "undoing", MESSAGE_UNDONE },
};

enum { LEFT_MAX = 16 }; /* newest incidents: what went on at a kill is among them */

static const char *action_going_on(const char *done) {
        for (size_t i = 0; i < N_ELEMENTS(courses); i++)
                if (strcmp(courses[i].done, done) == 0)
                        return courses[i].going_on;
        return "kept";
}

int record_begin(const struct recorder *recorder, const struct record *record,
                 struct record_begun *ret) {
        struct record_begun begun = { .verdict = note_contest(recorder, record) };
        CLEANUP_FREE char *message = NULL;
        struct record kept = *record;
        struct incident incident;
        struct finding finding;
        int r = 0;

        if (!is_left_to_summaries(begun.verdict)) {
                finding = describe_drift(recorder, record, &message);
                kept.finding = &finding;
                kept.action = action_going_on(record->action);
                incident = incident_of(recorder, &kept, begun.verdict);
                r = store_incident(recorder, &incident, kept.quarantined, &begun.id);
        }
        if (r == 0)
                *ret = begun;
        return r;
}

/* INCIDENT goes on; it becomes what it came to. */
static int end_incident(const struct recorder *recorder, const struct incident *incident,
                        enum contest_verdict verdict, const char *why_not) {
        const struct finding finding = {
                .rule_id = incident->rule_id,
                .severity = (enum severity)incident->severity,
                .path = incident->path,
                .line = incident->line,
                .setting = incident->setting,
                .want = incident->want,
                .got = incident->got,
                .witness = incident->witness,
                .message = incident->message,
        };
        struct record record = { .finding = &finding, .action = "kept", .outcome = why_not };
        int r;

        for (size_t i = 0; i < N_ELEMENTS(courses) && !why_not; i++)
                if (strcmp(courses[i].going_on, incident->action) == 0) {
                        record.action = courses[i].done;
                        record.message_id = courses[i].message_id;
                }
        r = store_update_incident(recorder->world->store, incident->id, record.action, why_not,
                                  incident->count);
        if (!why_not) {
                struct incident ended = *incident;

                ended.action = BORROWED(record.action);
                tell_incident(recorder, &record, &ended, verdict);
        } else if (verdict == CONTEST_BEGINS) {
                begin_contest(recorder, &record, incident->id);
        }
        return r;
}

void record_end(const struct recorder *recorder, const struct record_begun *begun,
                const char *why_not) {
        CLEANUP(incident_done) struct incident incident = { 0 };
        int r;

        if (begun->id == 0)
                return;
        r = store_get_incident(recorder->world->store, begun->id, &incident);
        if (r == 0)
                r = end_incident(recorder, &incident, begun->verdict, why_not);
        if (r < 0)
                record_notice(NULL, LOG_ERR,
                              "how incident %" PRId64 " ended (%s) is not stored: %s", begun->id,
                              why_not ? why_not : "well", strerror(-r));
}

static bool is_going_on(const struct incident *incident) {
        for (size_t i = 0; i < N_ELEMENTS(courses); i++)
                if (strcmp(courses[i].going_on, incident->action) == 0)
                        return true;
        return false;
}

/* Returns 1 if what is at PATH is as approved, 0 if not, or a negative errno. */
static int is_as_approved(const struct world *world, const char *path) {
        const unsigned counted = FILE_DIFFERS_KIND | FILE_DIFFERS_CONTENT | FILE_DIFFERS_LINK;
        const struct approved *approved = baseline_get(world->baseline, path);
        const struct snapshot *now;
        int r = approved ? view_look(world->view, path, 0, &now) : 0;

        if (r < 0 || !approved)
                return r;
        return (file_metadata_compare(&approved->metadata, &now->metadata) & counted) == 0;
}

int record_end_left(const struct recorder *recorder) {
        const struct incident_filter newest = { .limit = LEFT_MAX };
        struct incident *incidents = NULL;
        size_t n = 0;
        int r = store_list_incidents(recorder->world->store, &newest, &incidents, &n);

        for (size_t i = 0; i < n && r == 0; i++) {
                if (!is_going_on(&incidents[i]))
                        continue;
                r = is_as_approved(recorder->world, incidents[i].path);
                if (r >= 0)
                        r = end_incident(recorder, &incidents[i], CONTEST_TELL,
                                         r > 0 ? NULL : "the daemon was ended meanwhile");
        }
        incidents_free(incidents, n);
        return r;
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
                const struct snapshot *old, struct record_begun *ret_begun) {
        CLEANUP(finding_done) struct finding finding = { 0 };
        const struct record record = { .message_id = deed->message_id,
                                       .finding = &finding,
                                       .action = deed->action,
                                       .quarantined = old };
        int64_t id;
        int r = finding_init_own(&finding, deed->rule_id, deed->severity);

        r = finding_set(r, &finding.path, "%s", path);
        r = finding_set(r, &finding.message, "%s", deed->message);
        if (r < 0)
                return r;
        return ret_begun ? record_begin(recorder, &record, ret_begun)
                         : record_incident(recorder, &record, &id);
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
