/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Varlink's interface definition language (https://varlink.org/Interface-Definition), and whether a
 * value has a type of it. The interface file is thereby what decides which parameters are valid. */

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/diagnostics.h"

enum idl_kind {
        IDL_BOOL,
        IDL_INT,
        IDL_FLOAT,
        IDL_STRING,
        IDL_OBJECT, /* any object */
        IDL_NAMED,  /* a type of the interface: `name` */
        IDL_STRUCT, /* `fields` */
        IDL_ENUM,   /* `fields`: names only */
        IDL_ARRAY,  /* of `inner` */
        IDL_MAP,    /* of `inner`, by string */
        IDL_MAYBE,  /* `inner`, or null, or left out */
        N_IDL_KINDS
};

struct idl_field;

struct idl_type {
        enum idl_kind kind;
        char *name;
        struct idl_type *inner;
        struct idl_field *fields;
        size_t n_fields;
};

struct idl_field {
        char *name;
        struct idl_type type;
};

enum idl_member_kind { IDL_TYPE, IDL_METHOD, IDL_ERROR, N_IDL_MEMBER_KINDS };

struct idl_member {
        enum idl_member_kind kind;
        char *name;
        struct idl_type in;  /* the type, a method's parameters, an error's parameters */
        struct idl_type out; /* a method's reply */
        char *comment;       /* the lines of `#` above it, without them; NULL if none */
};

struct idl_interface {
        char *name; /* "org.sshguardd.Control" */
        struct idl_member *members;
        size_t n_members;
};

enum {
        IDL_DEPTH_MAX = 8, /* types in types; ours have two */
};

/* Returns 0, -EBADMSG with one diagnostic that says where, or -ENOMEM. */
int idl_parse(const char *text, struct diagnostics *diagnostics, struct idl_interface **ret);
void idl_free(struct idl_interface *interface);

/* The member of that kind and unqualified name, or NULL. */
const struct idl_member *idl_find(const struct idl_interface *interface, enum idl_member_kind kind,
                                  const char *name);

/* True if VALUE (NULL: left out) is of TYPE, exactly: no unknown fields, none missing. Otherwise
 * *ret_field (may be NULL) is the outermost field that is wrong, borrowed from TYPE or VALUE; ""
 * when it is VALUE itself. */
bool idl_check(const struct idl_interface *interface, const struct idl_type *type, json_t *value,
               const char **ret_field);
