/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* One call on its way through its handler: what it brings, what it gets. Handlers
 * (control_methods.c, control_actions.c) see neither sockets nor buffers. */

#include <jansson.h>

#include "control/control.h"
#include "wire/interfaces.h"

enum control_wait { /* what an answered call goes on waiting for */
                    CONTROL_WAIT_NOTHING,
                    CONTROL_WAIT_EVENTS, /* control_publish() */
                    CONTROL_WAIT_PASS,   /* control_pass_ended() */
};

struct control_call {
        const struct control_backend *backend;
        const struct control *control;
        struct control_peer peer;
        json_t *parameters; /* of the type the interface file says; never NULL */
        bool more;

        /* set by the handler, which returns 0; a negative errno becomes the error Failed,
         * -EOPNOTSUPP MethodNotImplemented */
        json_t *reply;     /* owned; of the type the interface file says; NULL: {} */
        const char *error; /* a constant: the reply is this error, its parameters are `reply` */
        enum control_wait wait;
        unsigned n_passes; /* with CONTROL_WAIT_PASS: how many must end; there is no reply yet */
};

#define CONTROL_ERROR(name) WIRE_CONTROL "." name

/* Ends the call with an error whose parameters are a new reference (NULL: out of memory). */
int control_call_fail(struct control_call *call, const char *error, json_t *parameters);

/* What a request was about, for the parameters of its error. */
struct control_request {
        const char *path;
        int64_t incident_id, permit_id;
        const char *rule_id;
};

/* Ends the call with the error for RESULT, an enum control_result other than CONTROL_DONE. */
int control_call_refuse(struct control_call *call, int result,
                        const struct control_refusal *refusal,
                        const struct control_request *request);

/* A path parameter, from path or path_base64: 0 with *ret on the heap; 1 if the call failed with
 * InvalidParameter; -ENOMEM. With `is_optional`, *ret is NULL if neither was given. */
int control_call_path(struct control_call *call, bool is_optional, char **ret);

/* A path or an incident, exactly one of both: as above, with *ret borrowing *ret_path (on the heap)
 * and the parameter incident. */
int control_call_subject(struct control_call *call, char **ret_path, struct control_subject *ret);

/* The unified difference of two versions, keys as fingerprints; nothing of a secret one. */
int control_format_diff(const struct control_versions *versions, struct text *ret,
                        bool *ret_truncated);

/* What an action ends with: REPLY (a new reference, NULL for {}) if RESULT is CONTROL_DONE, else
 * the error for RESULT. The refusal is done with. */
int control_call_conclude(struct control_call *call, int result, struct control_refusal *refusal,
                          const struct control_request *request, json_t *reply);

/* The parameters of a decision. Each returns 0, 1 if the call failed with InvalidParameter, or a
 * negative errno. */
int control_call_reason(struct control_call *call, const char **ret);
int control_call_exception(struct control_call *call, struct control_exception *ret);
int control_call_digest(struct control_call *call, const char *name, uint8_t ret[FILE_SHA256_SIZE],
                        bool *ret_absent);

/* At most wanted->limit of them as a new list, and whether there are more. */
int control_find_incidents(const struct control_backend *backend,
                           const struct incident_filter *wanted, json_t **ret, bool *ret_truncated);

/* Number of open findings by severity. */
int control_count_findings(const struct control_backend *backend, size_t ret[N_SEVERITIES]);

/* Listening sockets (control_listen.c). *ret_stored: the service manager keeps the socket. */
int control_listen(const struct control_options *options, int *ret_fd, bool *ret_stored);

/* Handlers that ask. */
int control_get_info(struct control_call *call);
int control_get_interface_description(struct control_call *call);
int control_status(struct control_call *call);
int control_list_files(struct control_call *call);
int control_list_keys(struct control_call *call);
int control_list_access(struct control_call *call);
int control_list_rules(struct control_call *call);
int control_list_findings(struct control_call *call);
int control_list_incidents(struct control_call *call);
int control_get_incident(struct control_call *call);
int control_diff(struct control_call *call);
int control_explain(struct control_call *call);
int control_generate_policy(struct control_call *call);
int control_get_metrics(struct control_call *call);
int control_list_permits(struct control_call *call);

/* Handlers that act. */
int control_approve(struct control_call *call);
int control_restore(struct control_call *call);
int control_get_content(struct control_call *call);
int control_preview(struct control_call *call);
int control_install(struct control_call *call);
int control_confirm(struct control_call *call);
int control_undo(struct control_call *call);
int control_check(struct control_call *call);
int control_acknowledge(struct control_call *call);
int control_reload(struct control_call *call);
int control_monitor(struct control_call *call);
int control_permit(struct control_call *call);
int control_revoke_permit(struct control_call *call);
int control_pause(struct control_call *call);
int control_resume(struct control_call *call);
int control_begin_packages(struct control_call *call);
int control_end_packages(struct control_call *call);
int control_unlock(struct control_call *call);
