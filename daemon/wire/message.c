/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Calls and replies of Varlink. Both are objects with a handful of members, described by one table
 * each; a member that the table does not have is refused, as systemd's own implementation does, so
 * that a misspelt `oneway` does not turn into a call that waits. */

#include "wire/message.h"

#include <errno.h>
#include <string.h>

#include "wire/json.h"

enum member_kind { MEMBER_STRING, MEMBER_OBJECT, MEMBER_BOOL };

struct member {
        const char *name;
        enum member_kind kind;
        size_t offset; /* in the message's struct */
};

static const struct member call_members[] = {
        { "method", MEMBER_STRING, offsetof(struct wire_call, method) },
        { "parameters", MEMBER_OBJECT, offsetof(struct wire_call, parameters) },
        { "more", MEMBER_BOOL, offsetof(struct wire_call, more) },
        { "oneway", MEMBER_BOOL, offsetof(struct wire_call, oneway) },
        { "upgrade", MEMBER_BOOL, offsetof(struct wire_call, upgrade) },
};

static const struct member reply_members[] = {
        { "parameters", MEMBER_OBJECT, offsetof(struct wire_reply, parameters) },
        { "error", MEMBER_STRING, offsetof(struct wire_reply, error) },
        { "continues", MEMBER_BOOL, offsetof(struct wire_reply, continues) },
};

static bool set_member(const struct member *member, json_t *value, void *object) {
        char *place = (char *)object + member->offset;

        switch (member->kind) {
        case MEMBER_STRING:
                if (!json_is_string(value))
                        return false;
                *(const char **)(void *)place = json_string_value(value);
                return true;
        case MEMBER_OBJECT:
                if (json_is_null(value))
                        return true;
                if (!json_is_object(value))
                        return false;
                *(json_t **)(void *)place = value;
                return true;
        case MEMBER_BOOL:
                if (!json_is_boolean(value))
                        return false;
                *(bool *)(void *)place = json_is_true(value);
                return true;
        }
        return false;
}

static bool set_members(json_t *message, const struct member *members, size_t n_members,
                        void *object) {
        const char *name;
        json_t *value;

        json_object_foreach(message, name, value) {
                const struct member *member = NULL;

                for (size_t i = 0; i < n_members && !member; i++)
                        if (strcmp(members[i].name, name) == 0)
                                member = &members[i];
                if (!member || !set_member(member, value, object))
                        return false;
        }
        return true;
}

int wire_call_parse(const char *bytes, size_t n, struct wire_call *ret) {
        CLEANUP(wire_json_cleanup) json_t *message = NULL;
        struct wire_call call = { 0 };
        int r;

        r = wire_json_parse(bytes, n, &message);
        if (r < 0)
                return r;
        if (!set_members(message, call_members, N_ELEMENTS(call_members), &call) || !call.method)
                return -EBADMSG;
        if (call.oneway && (call.more || call.upgrade))
                return -EBADMSG;
        call.message = TAKE(message);
        *ret = call;
        return 0;
}

int wire_reply_parse(const char *bytes, size_t n, struct wire_reply *ret) {
        CLEANUP(wire_json_cleanup) json_t *message = NULL;
        struct wire_reply reply = { 0 };
        int r;

        r = wire_json_parse(bytes, n, &message);
        if (r < 0)
                return r;
        if (!set_members(message, reply_members, N_ELEMENTS(reply_members), &reply))
                return -EBADMSG;
        if (reply.error && reply.continues)
                return -EBADMSG;
        reply.message = TAKE(message);
        *ret = reply;
        return 0;
}

static int format_message(const void *object, const struct member *members, size_t n_members,
                          struct text *text) {
        CLEANUP(wire_json_cleanup) json_t *message = json_object();
        int failed = 0;

        for (size_t i = 0; i < n_members; i++) {
                const char *place = (const char *)object + members[i].offset;
                json_t *value = NULL;

                if (members[i].kind == MEMBER_STRING) {
                        const char *string = *(const char *const *)(const void *)place;

                        value = string ? json_string(string) : NULL;
                        failed |= string && !value;
                } else if (members[i].kind == MEMBER_OBJECT) {
                        value = json_incref(*(json_t *const *)(const void *)place);
                } else if (*(const bool *)(const void *)place) {
                        value = json_true();
                }
                if (value)
                        failed |= json_object_set_new(message, members[i].name, value);
        }
        if (!message || failed != 0) {
                text->failed = true;
                return -ENOMEM;
        }
        (void)wire_json_format(message, WIRE_JSON_COMPACT, text);
        return text_append_char(text, '\0') < 0 ? -ENOMEM : text_error(text);
}

int wire_call_format(const struct wire_call *call, struct text *text) {
        return format_message(call, call_members, N_ELEMENTS(call_members), text);
}

int wire_reply_format(const struct wire_reply *reply, struct text *text) {
        return format_message(reply, reply_members, N_ELEMENTS(reply_members), text);
}

void wire_call_done(struct wire_call *call) {
        json_decref(call->message);
        *call = (struct wire_call){ 0 };
}

void wire_reply_done(struct wire_reply *reply) {
        json_decref(reply->message);
        *reply = (struct wire_reply){ 0 };
}

size_t wire_interface_length(const char *qualified_name) {
        const char *dot = strrchr(qualified_name, '.');

        return dot ? (size_t)(dot - qualified_name) : 0;
}
