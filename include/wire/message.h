/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Varlink's two messages: the call of a client and the reply of a service
 * (https://varlink.org/Method-Call). */

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

struct wire_call {
        const char *method; /* borrowed from `message` once parsed */
        json_t *parameters; /* an object, borrowed too; NULL: none given */
        bool more;          /* several replies are welcome */
        bool oneway;        /* no reply is wanted */
        bool upgrade;       /* another protocol is wanted afterwards */
        json_t *message;    /* owned; what a parsed call borrows from */
};

struct wire_reply {
        const char *error;  /* NULL: it went well */
        json_t *parameters; /* NULL: none */
        bool continues;     /* another reply follows */
        json_t *message;
};

/* A message without its NUL. Exact: unknown members and wrong types are -EBADMSG. Returns 0,
 * -EBADMSG or -ENOMEM. */
int wire_call_parse(const char *bytes, size_t n, struct wire_call *ret);
int wire_reply_parse(const char *bytes, size_t n, struct wire_reply *ret);

/* Appends the message with its NUL; members that have their default are left out. Returns 0 or
 * -ENOMEM. */
int wire_call_format(const struct wire_call *call, struct text *text);
int wire_reply_format(const struct wire_reply *reply, struct text *text);

void wire_call_done(struct wire_call *call);
void wire_reply_done(struct wire_reply *reply);

/* "org.sshguardd.Control" of "org.sshguardd.Control.Status": the length, 0 if there is no dot. */
size_t wire_interface_length(const char *qualified_name);

/* Errors of org.varlink.service. */
#define WIRE_INTERFACE_NOT_FOUND    "org.varlink.service.InterfaceNotFound"
#define WIRE_METHOD_NOT_FOUND       "org.varlink.service.MethodNotFound"
#define WIRE_METHOD_NOT_IMPLEMENTED "org.varlink.service.MethodNotImplemented"
#define WIRE_INVALID_PARAMETER      "org.varlink.service.InvalidParameter"
#define WIRE_PERMISSION_DENIED      "org.varlink.service.PermissionDenied"
#define WIRE_EXPECTED_MORE          "org.varlink.service.ExpectedMore"
