/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Preview and Install: what an administrator's edit of a guarded file would do, and doing it.
 *
 * The content comes whole and as bytes (base64), so what is judged, shown and written is one thing;
 * a call has room for far more than any configuration file has. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/escape.h"
#include "call.h"
#include "control/describe.h"
#include "wire/json.h"
#include "wire/message.h"

/* Who has not shown within a day that he still gets in is not waiting for it. */
#define CONFIRM_WITHIN_MAX_US (INT64_C(24) * 3600 * 1000000)

void control_preview_done(struct control_preview *preview) {
        free(preview->refusal);
        free(preview->remark);
        sshd_changes_done(&preview->changes);
        findings_done(&preview->violations);
        findings_done(&preview->resolved);
        control_versions_done(&preview->versions);
        *preview = (struct control_preview){ 0 };
}

static const char *get_string(const struct control_call *call, const char *name) {
        return json_string_value(json_object_get(call->parameters, name));
}

/* What both calls bring; the buffers own what the proposal points to. Returns 0, 1 if the call
 * failed with InvalidParameter, or a negative errno. */
static int get_proposal(struct control_call *call, char **path, struct text *content,
                        struct control_proposal *ret) {
        const char *encoded = get_string(call, "content_base64");
        int r = control_call_path(call, false, path);

        if (r != 0)
                return r;
        r = text_append(content, "");
        if (r == 0)
                r = escape_decode_base64(content, encoded, strlen(encoded));
        if (r == -EBADMSG) {
                r = control_call_fail(call, WIRE_INVALID_PARAMETER,
                                      json_pack("{s:s}", "parameter", "content_base64"));
                return r < 0 ? r : 1;
        }
        *ret = (struct control_proposal){
                .peer = call->peer, .path = *path, .data = text_get(content), .n_data = content->n
        };
        return r;
}

/* ---- GetContent ---- */

static int reply_content(struct control_call *call, const struct control_version *version) {
        CLEANUP(text_done) struct text encoded = { 0 };
        char digest[2 * FILE_SHA256_SIZE + 1];
        bool is_absent = version->metadata.kind == FILE_ABSENT;

        (void)text_append(&encoded, "");
        if (version->data && escape_append_base64(&encoded, version->data, version->n_data) < 0)
                return -ENOMEM;
        call->reply = json_pack("{s:s,s:s}", "content_base64", text_get(&encoded), "sha256",
                                is_absent ? "absent"
                                          : file_sha256_format(version->metadata.sha256, digest));
        return call->reply ? 0 : -ENOMEM;
}

int control_get_content(struct control_call *call) {
        const struct control_backend *backend = call->backend;
        CLEANUP(control_version_done) struct control_version version = { 0 };
        CLEANUP_FREE char *path = NULL;
        struct control_refusal refusal = { 0 };
        int r;

        if (!backend->get_content)
                return -EOPNOTSUPP;
        r = control_call_path(call, false, &path);
        if (r != 0)
                return r < 0 ? r : 0;
        r = backend->get_content(backend->userdata, path, &version, &refusal);
        if (r == CONTROL_DONE) {
                control_refusal_done(&refusal);
                return reply_content(call, &version);
        }
        return control_call_conclude(call, r, &refusal, &(struct control_request){ .path = path },
                                     NULL);
}

/* ---- Preview ---- */

static json_t *describe_change(const struct sshd_change *change) {
        CLEANUP(wire_json_cleanup)
        json_t *described = json_pack("{s:s}", "setting", change->setting);

        if (!described || describe_bytes(described, "before", change->before) < 0 ||
            describe_bytes(described, "after", change->after) < 0 ||
            describe_bytes(described, "connection", change->connection) < 0)
                return NULL;
        return TAKE(described);
}

static json_t *describe_changes(const struct sshd_changes *changes) {
        CLEANUP(wire_json_cleanup) json_t *list = json_array();

        for (size_t i = 0; i < changes->n_items; i++)
                if (json_array_append_new(list, describe_change(&changes->items[i])) < 0)
                        return NULL;
        return TAKE(list);
}

static int reply_preview(struct control_call *call, const struct control_preview *preview) {
        CLEANUP(wire_json_cleanup) json_t *reply = NULL;
        CLEANUP(text_done) struct text diff = { 0 };
        bool truncated = false;
        int r = control_format_diff(&preview->versions, &diff, &truncated);

        if (r < 0)
                return r;
        reply = json_pack("{s:b,s:o,s:b,s:o,s:o,s:s,s:b}", "comparable", preview->is_comparable,
                          "settings", describe_changes(&preview->changes), "settings_complete",
                          preview->changes.complete, "violations",
                          describe_findings(&preview->violations), "resolved",
                          describe_findings(&preview->resolved), "diff", text_get(&diff),
                          "truncated", truncated);
        if (!reply || describe_bytes(reply, "access", preview->versions.access) < 0 ||
            describe_bytes(reply, "refusal", preview->refusal) < 0 ||
            describe_bytes(reply, "remark", preview->remark) < 0)
                return -ENOMEM;
        call->reply = TAKE(reply);
        return 0;
}

int control_preview(struct control_call *call) {
        const struct control_backend *backend = call->backend;
        CLEANUP(control_preview_done) struct control_preview preview = { 0 };
        CLEANUP(text_done) struct text content = { 0 };
        CLEANUP_FREE char *path = NULL;
        struct control_proposal proposal;
        struct control_refusal refusal = { 0 };
        int r;

        if (!backend->preview)
                return -EOPNOTSUPP;
        r = get_proposal(call, &path, &content, &proposal);
        if (r != 0)
                return r < 0 ? r : 0;
        r = backend->preview(backend->userdata, &proposal, &preview, &refusal);
        if (r == CONTROL_DONE) {
                control_refusal_done(&refusal);
                return reply_preview(call, &preview);
        }
        return control_call_conclude(call, r, &refusal, &(struct control_request){ .path = path },
                                     NULL);
}

/* ---- Install ---- */

/* confirm_within_us, and when that is. Returns as get_proposal(). */
static int get_span(struct control_call *call, int64_t *ret_span_us, json_t **ret_end) {
        const json_t *given = json_object_get(call->parameters, "confirm_within_us");
        struct timespec now;
        int r;

        *ret_span_us = json_integer_value(given);
        *ret_end = json_null();
        if (!json_is_integer(given))
                return 0;
        if (*ret_span_us <= 0 || *ret_span_us > CONFIRM_WITHIN_MAX_US) {
                r = control_call_fail(call, WIRE_INVALID_PARAMETER,
                                      json_pack("{s:s}", "parameter", "confirm_within_us"));
                return r < 0 ? r : 1;
        }
        (void)clock_gettime(CLOCK_REALTIME, &now);
        *ret_end =
                json_integer((json_int_t)now.tv_sec * 1000000 + now.tv_nsec / 1000 + *ret_span_us);
        return *ret_end ? 0 : -ENOMEM;
}

int control_install(struct control_call *call) {
        const struct control_backend *backend = call->backend;
        CLEANUP(wire_json_cleanup) json_t *end = NULL;
        CLEANUP(text_done) struct text content = { 0 };
        CLEANUP_FREE char *path = NULL;
        struct control_proposal proposal;
        struct control_refusal refusal = { 0 };
        int r;

        if (!backend->install)
                return -EOPNOTSUPP;
        r = get_proposal(call, &path, &content, &proposal);
        if (r == 0)
                r = control_call_digest(call, "replaces", proposal.sha256, &proposal.absent);
        if (r == 0)
                r = control_call_reason(call, &proposal.reason);
        if (r == 0)
                r = control_call_exception(call, &proposal.exception);
        if (r == 0)
                r = get_span(call, &proposal.confirm_within_us, &end);
        if (r != 0)
                return r < 0 ? r : 0;
        r = backend->install(backend->userdata, &proposal, &refusal);
        return control_call_conclude(
                call, r, &refusal,
                &(struct control_request){ .path = path, .rule_id = proposal.exception.rule_id },
                json_pack("{s:O}", "undone_at_us", end));
}

/* ---- Confirm, Undo ---- */

typedef int (*decide_fn)(void *userdata, const struct control_confirmation *confirmation,
                         size_t *ret_n, struct control_refusal *refusal);

static int decide(struct control_call *call, decide_fn act, const char *counted) {
        struct control_confirmation confirmation = { .peer = call->peer };
        struct control_refusal refusal = { 0 };
        CLEANUP_FREE char *path = NULL;
        size_t n = 0;
        int r;

        if (!act)
                return -EOPNOTSUPP;
        r = control_call_path(call, true, &path);
        if (r != 0)
                return r < 0 ? r : 0;
        confirmation.path = path;
        r = act(call->backend->userdata, &confirmation, &n, &refusal);
        return control_call_conclude(call, r, &refusal, &(struct control_request){ .path = path },
                                     json_pack("{s:I}", counted, (json_int_t)n));
}

int control_confirm(struct control_call *call) {
        return decide(call, call->backend->confirm, "confirmed");
}

int control_undo(struct control_call *call) {
        return decide(call, call->backend->undo, "undone");
}
