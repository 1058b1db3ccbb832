/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Handlers that change something, or wait for something: they turn parameters into a plain request,
 * hand it to the backend, and turn how it ended into a reply or a typed error.
 *
 * Identity is the kernel's word about the connection, never a parameter. What ends by itself must
 * say when: a time in the past is refused rather than done for no time at all. */

#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/escape.h"
#include "call.h"
#include "control/describe.h"
#include "wire/json.h"
#include "wire/message.h"

enum {
        REASON_MAX = 1000, /* bytes; it is kept for ever and shown in tables */
};

static json_t *describe_path(const char *path) {
        CLEANUP_FREE char *shown = escape_string(path);

        return json_pack("{s:s}", "path", shown);
}

static json_t *describe_diagnostics(const struct diagnostics *diagnostics) {
        CLEANUP(wire_json_cleanup) json_t *list = json_array();

        for (size_t i = 0; i < diagnostics->n_items; i++)
                if (json_array_append_new(list, describe_diagnostic(&diagnostics->items[i])) < 0)
                        return NULL;
        return TAKE(list);
}

static json_t *describe_reason(const struct control_refusal *refusal) {
        CLEANUP_FREE char *shown = escape_string(refusal->reason ? refusal->reason : "");

        return json_pack("{s:s}", "reason", shown);
}

int control_call_refuse(struct control_call *call, int result,
                        const struct control_refusal *refusal,
                        const struct control_request *subject) {
        char digest[2 * FILE_SHA256_SIZE + 1];

        switch ((enum control_result)result) {
        case CONTROL_NO_SUCH_PATH:
                return control_call_fail(call, CONTROL_ERROR("NoSuchPath"),
                                         describe_path(subject->path ? subject->path : ""));
        case CONTROL_NO_SUCH_INCIDENT:
                return control_call_fail(
                        call, CONTROL_ERROR("NoSuchIncident"),
                        json_pack("{s:I}", "incident", (json_int_t)subject->incident_id));
        case CONTROL_NO_SUCH_RULE:
                return control_call_fail(call, CONTROL_ERROR("NoSuchRule"),
                                         json_pack("{s:s,s:n}", "rule",
                                                   subject->rule_id ? subject->rule_id : "",
                                                   "nearest"));
        case CONTROL_NO_SUCH_PERMIT:
                return control_call_fail(call, CONTROL_ERROR("NoSuchPermit"),
                                         json_pack("{s:I}", "id", (json_int_t)subject->permit_id));
        case CONTROL_NOTHING_KEPT:
                return control_call_fail(call, CONTROL_ERROR("NothingKept"),
                                         json_pack("{s:o}", "incident",
                                                   subject->incident_id
                                                           ? json_integer(subject->incident_id)
                                                           : json_null()));
        case CONTROL_CONTENT_CHANGED:
                return control_call_fail(
                        call, CONTROL_ERROR("ContentChanged"),
                        json_pack("{s:s}", "sha256",
                                  refusal->has_sha256 ? file_sha256_format(refusal->sha256, digest)
                                                      : "absent"));
        case CONTROL_VIOLATES:
                return control_call_fail(
                        call, CONTROL_ERROR("Violates"),
                        json_pack("{s:o}", "findings", describe_findings(&refusal->findings)));
        case CONTROL_POLICY_INVALID:
                return control_call_fail(call, CONTROL_ERROR("PolicyInvalid"),
                                         json_pack("{s:o}", "diagnostics",
                                                   describe_diagnostics(&refusal->diagnostics)));
        case CONTROL_REFUSED:
                return control_call_fail(call, CONTROL_ERROR("Refused"), describe_reason(refusal));
        case CONTROL_DONE:
        case N_CONTROL_RESULTS:
                break;
        }
        return -EPROTO; /* a backend that broke its contract */
}

int control_call_conclude(struct control_call *call, int result, struct control_refusal *refusal,
                          const struct control_request *subject, json_t *reply) {
        int r = result;

        if (result == CONTROL_DONE) {
                call->reply = reply;
        } else {
                json_decref(reply);
                if (result > 0)
                        r = control_call_refuse(call, result, refusal, subject);
        }
        control_refusal_done(refusal);
        return r;
}

void control_refusal_done(struct control_refusal *refusal) {
        free(refusal->reason);
        findings_done(&refusal->findings);
        diagnostics_done(&refusal->diagnostics);
        *refusal = (struct control_refusal){ 0 };
}

/* ---- parameters ---- */

static const char *get_string(const struct control_call *call, const char *name) {
        return json_string_value(json_object_get(call->parameters, name));
}

static int64_t get_int(const struct control_call *call, const char *name, int64_t fallback) {
        const json_t *value = json_object_get(call->parameters, name);

        return json_is_integer(value) ? json_integer_value(value) : fallback;
}

/* The checkers return 0, 1 if the call failed with InvalidParameter, or a negative errno. */
static int fail_parameter(struct control_call *call, const char *name) {
        int r = control_call_fail(call, WIRE_INVALID_PARAMETER,
                                  json_pack("{s:s}", "parameter", name));

        return r < 0 ? r : 1;
}

int control_call_reason(struct control_call *call, const char **ret) {
        const char *reason = get_string(call, "reason");

        if (reason && strlen(reason) > REASON_MAX)
                return fail_parameter(call, "reason");
        *ret = reason;
        return 0;
}

static int get_future(struct control_call *call, const char *name, int64_t *ret) {
        struct timespec now;

        (void)clock_gettime(CLOCK_REALTIME, &now);
        *ret = get_int(call, name, 0);
        return *ret > (int64_t)now.tv_sec * 1000000 ? 0 : fail_parameter(call, name);
}

int control_call_subject(struct control_call *call, char **ret_path, struct control_subject *ret) {
        int r = control_call_path(call, true, ret_path);

        if (r != 0)
                return r;
        ret->path = *ret_path;
        ret->incident_id = get_int(call, "incident", 0);
        return !ret->path == (ret->incident_id == 0) ? fail_parameter(call, "path") : 0;
}

int control_call_exception(struct control_call *call, struct control_exception *ret) {
        ret->rule_id = get_string(call, "exception_rule");
        if (ret->rule_id)
                return get_future(call, "exception_until_us", &ret->until_us);
        if (get_int(call, "exception_until_us", 0) != 0)
                return fail_parameter(call, "exception_rule");
        return 0;
}

/* ---- decisions ---- */

int control_call_digest(struct control_call *call, const char *name, uint8_t ret[FILE_SHA256_SIZE],
                        bool *ret_absent) {
        const char *digest = get_string(call, name);

        *ret_absent = strcmp(digest, "absent") == 0;
        return *ret_absent || file_sha256_parse(digest, ret) ? 0 : fail_parameter(call, name);
}

int control_approve(struct control_call *call) {
        const struct control_backend *backend = call->backend;
        struct control_approval approval = { .peer = call->peer };
        struct control_refusal refusal = { 0 };
        CLEANUP_FREE char *path = NULL;
        int r;

        if (!backend->approve)
                return -EOPNOTSUPP;
        r = control_call_path(call, false, &path);
        if (r == 0)
                r = control_call_digest(call, "sha256", approval.sha256, &approval.absent);
        if (r == 0)
                r = control_call_reason(call, &approval.reason);
        if (r == 0)
                r = control_call_exception(call, &approval.exception);
        if (r != 0)
                return r < 0 ? r : 0;
        approval.path = path;
        r = backend->approve(backend->userdata, &approval, &refusal);
        return control_call_conclude(
                call, r, &refusal,
                &(struct control_request){ .path = path, .rule_id = approval.exception.rule_id },
                NULL);
}

int control_restore(struct control_call *call) {
        const struct control_backend *backend = call->backend;
        struct control_restoral restoral = { .peer = call->peer };
        struct control_refusal refusal = { 0 };
        CLEANUP_FREE char *path = NULL;
        int r;

        if (!backend->restore)
                return -EOPNOTSUPP;
        r = control_call_subject(call, &path, &restoral.subject);
        if (r == 0)
                r = control_call_reason(call, &restoral.reason);
        if (r == 0)
                r = control_call_exception(call, &restoral.exception);
        if (r != 0)
                return r < 0 ? r : 0;
        r = backend->restore(backend->userdata, &restoral, &refusal);
        return control_call_conclude(
                call, r, &refusal,
                &(struct control_request){ .path = path,
                                           .incident_id = restoral.subject.incident_id,
                                           .rule_id = restoral.exception.rule_id },
                NULL);
}

int control_acknowledge(struct control_call *call) {
        const struct control_backend *backend = call->backend;
        struct control_acknowledgement acknowledgement = { .peer = call->peer };
        struct control_refusal refusal = { 0 };
        bool is_absent = false;
        int r;

        if (!backend->acknowledge)
                return -EOPNOTSUPP;
        acknowledgement.rule_id = get_string(call, "rule");
        r = control_call_digest(call, "sha256", acknowledgement.sha256, &is_absent);
        if (r == 0 && is_absent)
                r = fail_parameter(call, "sha256");
        if (r == 0)
                r = control_call_reason(call, &acknowledgement.reason);
        if (r != 0)
                return r < 0 ? r : 0;
        r = backend->acknowledge(backend->userdata, &acknowledgement, &refusal);
        return control_call_conclude(
                call, r, &refusal, &(struct control_request){ .rule_id = acknowledgement.rule_id },
                NULL);
}

int control_reload(struct control_call *call) {
        const struct control_backend *backend = call->backend;
        struct control_refusal refusal = { 0 };
        struct control_status status = { 0 };
        int r;

        if (!backend->reload || !backend->get_status)
                return -EOPNOTSUPP;
        r = backend->reload(backend->userdata, &refusal);
        if (r == CONTROL_DONE)
                (void)backend->get_status(backend->userdata, &status);
        return control_call_conclude(
                call, r, &refusal, &(struct control_request){ 0 },
                json_pack("{s:I}", "generation", (json_int_t)status.generation));
}

/* ---- waiting ---- */

int control_check(struct control_call *call) {
        const struct control_backend *backend = call->backend;
        int r;

        if (!backend->start_check || !backend->get_status)
                return -EOPNOTSUPP;
        r = backend->start_check(backend->userdata);
        if (r < 0)
                return r;
        call->wait = CONTROL_WAIT_PASS;
        call->n_passes = (unsigned)r;
        return 0;
}

int control_monitor(struct control_call *call) {
        struct timespec now;
        struct control_event event = { .kind = CONTROL_EVENT_STATE, .message = "monitoring" };

        (void)clock_gettime(CLOCK_REALTIME, &now);
        event.at_us = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
        call->wait = CONTROL_WAIT_EVENTS;
        call->reply = json_pack("{s:o}", "event", describe_event(&event));
        return call->reply ? 0 : -ENOMEM;
}

/* ---- allowances ---- */

typedef int (*allow_fn)(void *userdata, const struct control_allowance *allowance,
                        struct control_refusal *refusal);

static int get_allowance(struct control_call *call, struct control_allowance *allowance) {
        int r;

        *allowance = (struct control_allowance){ .peer = call->peer, .uses = -1 };
        r = get_future(call, "until_us", &allowance->until_us);
        if (r == 0)
                r = control_call_reason(call, &allowance->reason);
        if (r == 0 && allowance->reason && allowance->reason[0] == '\0')
                r = fail_parameter(call, "reason");
        return r;
}

int control_permit(struct control_call *call) {
        const struct control_backend *backend = call->backend;
        struct control_refusal refusal = { 0 };
        struct control_allowance allowance;
        CLEANUP_FREE char *path = NULL;
        int64_t id = 0;
        int r;

        if (!backend->permit)
                return -EOPNOTSUPP;
        r = control_call_path(call, false, &path);
        if (r == 0)
                r = get_allowance(call, &allowance);
        if (r == 0) {
                allowance.uses = get_int(call, "uses", -1);
                if (allowance.uses == 0 || allowance.uses < -1)
                        r = fail_parameter(call, "uses");
        }
        if (r != 0)
                return r < 0 ? r : 0;
        allowance.path = path;
        r = backend->permit(backend->userdata, &allowance, &id, &refusal);
        return control_call_conclude(call, r, &refusal, &(struct control_request){ .path = path },
                                     json_pack("{s:I}", "id", (json_int_t)id));
}

int control_revoke_permit(struct control_call *call) {
        const struct control_backend *backend = call->backend;
        struct control_refusal refusal = { 0 };
        int64_t id = get_int(call, "id", 0);

        if (!backend->revoke_permit)
                return -EOPNOTSUPP;
        return control_call_conclude(call, backend->revoke_permit(backend->userdata, id, &refusal),
                                     &refusal, &(struct control_request){ .permit_id = id }, NULL);
}

/* Pause has no path, Unlock has one. */
static int allow(struct control_call *call, allow_fn act, bool has_path) {
        struct control_refusal refusal = { 0 };
        struct control_allowance allowance;
        CLEANUP_FREE char *path = NULL;
        int r = 0;

        if (!act)
                return -EOPNOTSUPP;
        if (has_path)
                r = control_call_path(call, false, &path);
        if (r == 0)
                r = get_allowance(call, &allowance);
        if (r != 0)
                return r < 0 ? r : 0;
        allowance.path = path;
        r = act(call->backend->userdata, &allowance, &refusal);
        return control_call_conclude(call, r, &refusal, &(struct control_request){ .path = path },
                                     NULL);
}

int control_pause(struct control_call *call) {
        return allow(call, call->backend->pause, false);
}

int control_unlock(struct control_call *call) {
        return allow(call, call->backend->unlock, true);
}

int control_resume(struct control_call *call) {
        const struct control_backend *backend = call->backend;
        struct control_refusal refusal = { 0 };

        if (!backend->resume)
                return -EOPNOTSUPP;
        return control_call_conclude(call, backend->resume(backend->userdata, &refusal), &refusal,
                                     &(struct control_request){ 0 }, NULL);
}

int control_begin_packages(struct control_call *call) {
        const struct control_backend *backend = call->backend;
        struct control_allowance allowance = { .peer = call->peer, .uses = -1 };
        struct control_refusal refusal = { 0 };
        int r;

        if (!backend->begin_packages)
                return -EOPNOTSUPP;
        r = control_call_reason(call, &allowance.reason);
        if (r == 0 && allowance.reason && allowance.reason[0] == '\0')
                r = fail_parameter(call, "reason");
        if (r != 0)
                return r < 0 ? r : 0;
        r = backend->begin_packages(backend->userdata, &allowance, &refusal);
        return control_call_conclude(call, r, &refusal, &(struct control_request){ 0 }, NULL);
}

int control_end_packages(struct control_call *call) {
        const struct control_backend *backend = call->backend;
        struct control_refusal refusal = { 0 };
        int64_t n_approved = 0;
        int r;

        if (!backend->end_packages)
                return -EOPNOTSUPP;
        r = backend->end_packages(backend->userdata, &n_approved, &refusal);
        return control_call_conclude(call, r, &refusal, &(struct control_request){ 0 },
                                     json_pack("{s:I}", "approved", (json_int_t)n_approved));
}
