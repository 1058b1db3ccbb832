/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Status and GetMetrics: the same facts as one screen and as OpenMetrics text. */

#include <errno.h>
#include <inttypes.h>
#include <time.h>

#include "base/cleanup.h"
#include "call.h"
#include "control/describe.h"
#include "wire/json.h"

enum {
        STATUS_FINDINGS = 8, /* what one screen shows */
        STATUS_INCIDENTS = 5,
};

static int64_t wall_clock_us(void) {
        struct timespec now;

        (void)clock_gettime(CLOCK_REALTIME, &now);
        return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* ---- Status ---- */

static const char *state_name(enum control_state state) {
        static const char *const names[N_CONTROL_STATES] = {
                [CONTROL_STARTING] = "starting",
                [CONTROL_GUARDING] = "guarding",
                [CONTROL_PAUSED] = "paused",
                [CONTROL_STOPPING] = "stopping",
        };

        return names[state];
}

/* The gravest findings, in the order of the list among equals. */
static json_t *gravest_findings(const struct control_backend *backend) {
        CLEANUP(wire_json_cleanup) json_t *list = json_array();
        struct control_finding finding;

        for (int severity = N_SEVERITIES - 1; severity >= 0; severity--)
                for (size_t i = 0; json_array_size(list) < STATUS_FINDINGS &&
                                   backend->get_finding(backend->userdata, i, &finding) > 0;
                     i++)
                        if ((int)finding.finding->severity == severity &&
                            json_array_append_new(list, describe_finding(&finding)) < 0)
                                return NULL;
        return TAKE(list);
}

static json_t *newest_incidents(const struct control_backend *backend) {
        CLEANUP(wire_json_cleanup) json_t *list = json_array();
        struct incident_filter filter = { .limit = STATUS_INCIDENTS };
        struct incident *incidents = NULL;
        size_t n = 0;
        int r = 0;

        if (backend->list_incidents)
                r = backend->list_incidents(backend->userdata, &filter, &incidents, &n);
        for (size_t i = 0; r == 0 && i < n; i++)
                r = json_array_append_new(list, describe_incident(&incidents[i]));
        incidents_free(incidents, n);
        return r == 0 ? TAKE(list) : NULL;
}

static json_t *describe_gaps(const struct control_status *status) {
        CLEANUP(wire_json_cleanup) json_t *list = json_array();

        for (size_t i = 0; i < status->n_gaps; i++)
                if (json_array_append_new(list, describe_gap(&status->gaps[i])) < 0)
                        return NULL;
        return TAKE(list);
}

static json_t *describe_pass(const struct control_pass *pass) {
        if (pass->began_at_us == 0)
                return json_null();
        return json_pack("{s:I,s:o,s:I,s:I}", "began_at_us", (json_int_t)pass->began_at_us,
                         "ended_at_us",
                         pass->ended_at_us ? json_integer(pass->ended_at_us) : json_null(), "done",
                         (json_int_t)pass->n_done, "total", (json_int_t)pass->n_total);
}

static json_t *describe_pause(const struct control_pause *pause) {
        CLEANUP(wire_json_cleanup) json_t *described = NULL;

        if (pause->until_us == 0)
                return json_null();
        described = json_pack("{s:I,s:I}", "until_us", (json_int_t)pause->until_us, "by_uid",
                              (json_int_t)pause->by);
        if (!described || describe_bytes(described, "reason", pause->reason) < 0)
                return NULL;
        return TAKE(described);
}

static json_t *describe_unconfirmed(const struct control_backend *backend) {
        CLEANUP(wire_json_cleanup) json_t *list = json_array();
        struct control_unconfirmed edit;

        for (size_t i = 0;
             backend->get_unconfirmed && backend->get_unconfirmed(backend->userdata, i, &edit) > 0;
             i++) {
                CLEANUP(wire_json_cleanup)
                json_t *described =
                        json_pack("{s:I,s:I,s:I}", "at_us", (json_int_t)edit.at_us, "until_us",
                                  (json_int_t)edit.until_us, "by_uid", (json_int_t)edit.by);

                if (!described || describe_bytes(described, "path", edit.path) < 0 ||
                    json_array_append_new(list, TAKE(described)) < 0)
                        return NULL;
        }
        return TAKE(list);
}

static json_t *describe_package_run(const struct control_package_run *run) {
        CLEANUP(wire_json_cleanup) json_t *described = NULL;

        if (run->since_us == 0)
                return json_null();
        described = json_pack("{s:I,s:I}", "since_us", (json_int_t)run->since_us, "by_uid",
                              (json_int_t)run->by);
        if (!described || describe_bytes(described, "reason", run->reason) < 0)
                return NULL;
        return TAKE(described);
}

static json_t *describe_coverage(const struct control_coverage *coverage) {
        return json_pack(
                "{s:I,s:I,s:I,s:I,s:I,s:I,s:b}", "files", (json_int_t)coverage->n_files, "watched",
                (json_int_t)coverage->n_watched, "polled", (json_int_t)coverage->n_polled, "blind",
                (json_int_t)coverage->n_blind, "watches", (json_int_t)coverage->n_watches, "users",
                (json_int_t)coverage->n_users, "users_complete", coverage->users_complete ? 1 : 0);
}

static json_t *describe_counts(const size_t counts[N_SEVERITIES]) {
        CLEANUP(wire_json_cleanup) json_t *described = json_object();

        for (int i = 0; i < N_SEVERITIES; i++)
                if (json_object_set_new(described, severity_name((enum severity)i),
                                        json_integer((json_int_t)counts[i])) < 0)
                        return NULL;
        return TAKE(described);
}

static size_t count_permits(const struct control_backend *backend) {
        struct control_permit permit;
        size_t n = 0;

        if (!backend->get_permit)
                return 0;
        for (size_t i = 0; backend->get_permit(backend->userdata, i, &permit) > 0; i++)
                n += permit.path != NULL;
        return n;
}

static size_t count_rules(const struct control_backend *backend) {
        const struct policy *policy =
                backend->get_policy ? backend->get_policy(backend->userdata) : NULL;
        size_t n = 0;

        for (size_t i = 0; policy && i < policy->n_rules; i++)
                n += policy->rules[i].is_enabled;
        return n;
}

/* Sets NAME to VALUE, a new reference; NULL stands for a failed allocation. */
static int set(json_t *object, const char *name, json_t *value) {
        return json_object_set_new(object, name, value) < 0 ? -ENOMEM : 0;
}

/* What rules that only report would have done, and which of them wait. */
static int set_rollout(const struct control_backend *backend, json_t *reply) {
        const struct policy *policy =
                backend->get_policy ? backend->get_policy(backend->userdata) : NULL;
        struct would_count *counts = NULL;
        size_t n_counts = 0, n_pending = 0;
        int64_t n_would = 0;
        int r = backend->count_would ? backend->count_would(backend->userdata, &counts, &n_counts)
                                     : 0;

        for (size_t i = 0; i < n_counts; i++)
                n_would += counts[i].n;
        for (size_t i = 0; policy && i < policy->n_rules; i++)
                n_pending += policy->rules[i].is_enabled && policy->rules[i].is_pending;
        would_counts_free(counts, n_counts);
        r |= set(reply, "pending", json_integer((json_int_t)n_pending));
        r |= set(reply, "would", json_integer(n_would));
        r |= set(reply, "would_rules", json_integer((json_int_t)n_counts));
        return r;
}

static int fill_status(const struct control_backend *backend, const struct control_status *status,
                       json_t *reply) {
        size_t counts[N_SEVERITIES];
        int r;

        r = control_count_findings(backend, counts);
        if (r < 0)
                return r;
        r |= set(reply, "version", json_string(SSHGUARDD_VERSION));
        r |= set(reply, "now_us", json_integer(wall_clock_us()));
        r |= set(reply, "state", json_string(state_name(status->state)));
        r |= set(reply, "mode", json_string(policy_mode_name(status->mode)));
        r |= set(reply, "generation", json_integer((json_int_t)status->generation));
        r |= set(reply, "started_at_us", json_integer(status->started_at_us));
        r |= set(reply, "policy_loaded_at_us",
                 status->policy_loaded_at_us ? json_integer(status->policy_loaded_at_us)
                                             : json_null());
        r |= describe_bytes(reply, "policy_problem", status->policy_problem);
        r |= describe_bytes(reply, "root", status->root);
        r |= set(reply, "openssh", status->openssh ? json_string(status->openssh) : json_null());
        r |= set(reply, "rules", json_integer((json_int_t)count_rules(backend)));
        r |= set(reply, "counts", describe_counts(counts));
        r |= set(reply, "findings", gravest_findings(backend));
        r |= set(reply, "incidents", newest_incidents(backend));
        r |= set(reply, "coverage", describe_coverage(&status->coverage));
        r |= set(reply, "last_pass", describe_pass(&status->last_pass));
        r |= set(reply, "running_pass", describe_pass(&status->running_pass));
        r |= set(reply, "gaps", describe_gaps(status));
        r |= set(reply, "pause", describe_pause(&status->pause));
        r |= set(reply, "unconfirmed", describe_unconfirmed(backend));
        r |= set(reply, "package_run", describe_package_run(&status->package_run));
        r |= set(reply, "contested", json_integer((json_int_t)status->n_contested));
        r |= set(reply, "permits", json_integer((json_int_t)count_permits(backend)));
        r |= set_rollout(backend, reply);
        return r == 0 ? 0 : -ENOMEM;
}

int control_status(struct control_call *call) {
        CLEANUP(wire_json_cleanup) json_t *reply = json_object();
        struct control_status status = { 0 };
        int r;

        if (!call->backend->get_status || !call->backend->get_finding)
                return -EOPNOTSUPP;
        r = call->backend->get_status(call->backend->userdata, &status);
        if (r >= 0)
                r = fill_status(call->backend, &status, reply);
        if (r < 0)
                return r;
        call->reply = TAKE(reply);
        return 0;
}

/* ---- GetMetrics ---- */

struct sample {
        const char *name, *type, *help;
        uint64_t value;
};

static void append_sample(struct text *text, const struct sample *sample) {
        const char *suffix = sample->type[0] == 'c' ? "_total" : "";

        (void)text_appendf(text, "# TYPE sshguardd_%s %s\n# HELP sshguardd_%s %s\n", sample->name,
                           sample->type, sample->name, sample->help);
        (void)text_appendf(text, "sshguardd_%s%s %" PRIu64 "\n", sample->name, suffix,
                           sample->value);
}

static void append_findings(struct text *text, const size_t counts[N_SEVERITIES]) {
        (void)text_append(text, "# TYPE sshguardd_findings gauge\n"
                                "# HELP sshguardd_findings Rules that do not hold now.\n");
        for (int i = 0; i < N_SEVERITIES; i++)
                (void)text_appendf(text, "sshguardd_findings{severity=\"%s\"} %zu\n",
                                   severity_name((enum severity)i), counts[i]);
}

int control_get_metrics(struct control_call *call) {
        const struct control_backend *backend = call->backend;
        struct control_load load = control_get_load(call->control);
        CLEANUP(text_done) struct text text = { 0 };
        struct control_status status = { 0 };
        size_t counts[N_SEVERITIES];
        int r;

        if (!backend->get_status)
                return -EOPNOTSUPP;
        r = backend->get_status(backend->userdata, &status);
        if (r >= 0)
                r = control_count_findings(backend, counts);
        if (r < 0)
                return r;
        const struct sample samples[] = {
                { "guarding", "gauge", "1 while drift is answered.",
                  status.state == CONTROL_GUARDING && status.mode == MODE_ENFORCE },
                { "policy_generation", "gauge", "Generation of the policy in force.",
                  status.generation },
                { "start_time_seconds", "gauge", "When the daemon started.",
                  (uint64_t)(status.started_at_us / 1000000) },
                { "last_full_pass_seconds", "gauge", "When everything was last looked at; 0 never.",
                  (uint64_t)(status.last_pass.ended_at_us / 1000000) },
                { "files", "gauge", "Guarded paths.", status.coverage.n_files },
                { "files_polled", "gauge", "Guarded paths without events.",
                  status.coverage.n_polled },
                { "files_blind", "gauge", "Guarded paths that only the sweep sees.",
                  status.coverage.n_blind },
                { "watches", "gauge", "inotify watches in use.", status.coverage.n_watches },
                { "users", "gauge", "Accounts whose keys are guarded.", status.coverage.n_users },
                { "contested", "gauge", "Files somebody keeps changing back.", status.n_contested },
                { "looks", "counter", "Times a path was looked at.", status.n_looks },
                { "incidents", "counter", "Incidents recorded.", status.n_incidents },
                { "responses", "counter", "Files put right.", status.n_responses },
                { "control_connections", "gauge", "Open control connections.", load.n_connections },
                { "control_calls", "counter", "Control calls answered.", load.n_calls },
                { "control_closed", "counter", "Control connections closed for cause.",
                  load.n_closed_for_cause },
        };
        append_findings(&text, counts);
        for (size_t i = 0; i < N_ELEMENTS(samples); i++)
                append_sample(&text, &samples[i]);
        (void)text_append(&text, "# EOF\n");
        if (text_error(&text) < 0)
                return -ENOMEM;
        call->reply = json_pack("{s:s}", "text", text_get(&text));
        return call->reply ? 0 : -ENOMEM;
}
