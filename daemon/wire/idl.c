/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A recursive descent parser of Varlink's interface definition language, and the check of a JSON
 * value against a type.
 *
 * It reads interfaces that were compiled in, so it is strict and stops at the first mistake; it is
 * nevertheless bounded in depth, since tests and fuzzers feed it anything. Recursive types end
 * because values do: their depth was limited when they were parsed. */

#include "wire/idl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"

struct parser {
        const char *at;
        const char *line_begin;
        unsigned line;
        unsigned depth;
        struct text comment; /* the lines of `#` since the last empty line or member */
        struct diagnostics *diagnostics;
};

static int complain(struct parser *parser, const char *wanted) {
        int r = diagnostics_add(parser->diagnostics, NULL, parser->line,
                                (unsigned)(parser->at - parser->line_begin) + 1, "%s is expected",
                                wanted);

        return r < 0 ? r : -EBADMSG;
}

static void take_comment_line(struct parser *parser) {
        size_t n;

        parser->at++;
        if (*parser->at == ' ')
                parser->at++;
        n = strcspn(parser->at, "\n");
        (void)text_append_n(&parser->comment, parser->at, n);
        (void)text_append_char(&parser->comment, '\n');
        parser->at += n;
}

static void skip_space(struct parser *parser) {
        unsigned n_newlines = 0;

        for (;; parser->at++) {
                while (*parser->at == '#') {
                        n_newlines = 0;
                        take_comment_line(parser);
                }
                if (*parser->at == '\n') {
                        parser->line++;
                        parser->line_begin = parser->at + 1;
                        if (++n_newlines > 1)
                                text_done(&parser->comment);
                } else if (*parser->at == '\0' || !strchr(" \t\r", *parser->at)) {
                        return;
                }
        }
}

static bool accept(struct parser *parser, const char *token) {
        size_t n = strlen(token);

        skip_space(parser);
        if (strncmp(parser->at, token, n) != 0)
                return false;
        parser->at += n;
        return true;
}

static bool is_letter(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_word(char c) {
        return is_letter(c) || (c >= '0' && c <= '9') || c == '_';
}

/* A name of letters, digits and `_`, with EXTRA characters allowed after the first. */
static int parse_name(struct parser *parser, const char *extra, char **ret) {
        CLEANUP(text_done) struct text name = { 0 };
        size_t n = 0;

        skip_space(parser);
        if (!is_letter(*parser->at))
                return complain(parser, "a name");
        while (parser->at[n] != '\0' && (is_word(parser->at[n]) || strchr(extra, parser->at[n])))
                n++;
        (void)text_append_n(&name, parser->at, n);
        parser->at += n;
        *ret = text_take(&name);
        return *ret ? 0 : -ENOMEM;
}

static void done_type(struct idl_type *type);
static int parse_type(struct parser *parser, struct idl_type *ret);

static void done_field(struct idl_field *field) {
        free(field->name);
        done_type(&field->type);
}

static void done_type(struct idl_type *type) {
        free(type->name);
        if (type->inner)
                done_type(type->inner);
        free(type->inner);
        for (size_t i = 0; i < type->n_fields; i++)
                done_field(&type->fields[i]);
        free(type->fields);
        *type = (struct idl_type){ 0 };
}

static int add_field(struct parser *parser, struct idl_type *type, bool *is_enum) {
        struct idl_field *field;
        int r;

        r = ARRAY_GROW(type->fields, type->n_fields);
        if (r < 0)
                return r;
        field = &type->fields[type->n_fields++];
        r = parse_name(parser, "", &field->name);
        if (r < 0)
                return r;
        for (size_t i = 0; i + 1 < type->n_fields; i++)
                if (strcmp(type->fields[i].name, field->name) == 0)
                        return complain(parser, "another name");
        if (type->n_fields == 1) {
                skip_space(parser);
                *is_enum = *parser->at != ':';
        }
        if (*is_enum)
                return 0;
        if (!accept(parser, ":"))
                return complain(parser, "':'");
        return parse_type(parser, &field->type);
}

/* `(name: type, …)` or `(name, …)`, after the parenthesis. */
static int parse_fields(struct parser *parser, struct idl_type *type) {
        bool is_enum = false;
        int r;

        type->kind = IDL_STRUCT;
        if (accept(parser, ")"))
                return 0;
        do {
                r = add_field(parser, type, &is_enum);
                if (r < 0)
                        return r;
        } while (accept(parser, ","));
        type->kind = is_enum ? IDL_ENUM : IDL_STRUCT;
        return accept(parser, ")") ? 0 : complain(parser, "',' or ')'");
}

static int parse_inner(struct parser *parser, enum idl_kind kind, struct idl_type *type) {
        type->kind = kind;
        type->inner = calloc(1, sizeof *type->inner);
        return type->inner ? parse_type(parser, type->inner) : -ENOMEM;
}

static int parse_named(struct parser *parser, struct idl_type *type) {
        static const char *const basic[] = {
                [IDL_BOOL] = "bool",     [IDL_INT] = "int",       [IDL_FLOAT] = "float",
                [IDL_STRING] = "string", [IDL_OBJECT] = "object",
        };
        int r;

        type->kind = IDL_NAMED;
        r = parse_name(parser, "", &type->name);
        if (r < 0)
                return r;
        for (size_t i = 0; i < N_ELEMENTS(basic); i++) {
                if (strcmp(type->name, basic[i]) == 0) {
                        type->kind = (enum idl_kind)i;
                        free(type->name);
                        type->name = NULL;
                        return 0;
                }
        }
        return 0;
}

static int parse_type(struct parser *parser, struct idl_type *type) {
        int r;

        if (++parser->depth > IDL_DEPTH_MAX)
                return complain(parser, "a flatter type");
        if (accept(parser, "?"))
                r = parse_inner(parser, IDL_MAYBE, type);
        else if (accept(parser, "[]"))
                r = parse_inner(parser, IDL_ARRAY, type);
        else if (accept(parser, "[string]"))
                r = parse_inner(parser, IDL_MAP, type);
        else if (accept(parser, "("))
                r = parse_fields(parser, type);
        else
                r = parse_named(parser, type);
        parser->depth--;
        return r;
}

static int parse_parameters(struct parser *parser, struct idl_type *type) {
        int r;

        if (!accept(parser, "("))
                return complain(parser, "'('");
        r = parse_fields(parser, type);
        if (r == 0 && type->kind != IDL_STRUCT)
                return complain(parser, "a type for each parameter");
        return r;
}

static int parse_member(struct parser *parser, struct idl_member *member) {
        static const char *const keywords[] = { "type ", "method ", "error " };
        size_t kind = 0;
        int r;

        while (kind < N_ELEMENTS(keywords) && !accept(parser, keywords[kind]))
                kind++;
        if (kind == N_ELEMENTS(keywords))
                return complain(parser, "'type', 'method' or 'error'");
        member->kind = (enum idl_member_kind)kind;
        if (parser->comment.n > 0 && !(member->comment = text_take(&parser->comment)))
                return -ENOMEM;
        r = parse_name(parser, "", &member->name);
        if (r < 0)
                return r;
        if (member->kind == IDL_TYPE) {
                if (!accept(parser, "("))
                        return complain(parser, "'('");
                return parse_fields(parser, &member->in);
        }
        r = parse_parameters(parser, &member->in);
        if (r < 0 || member->kind == IDL_ERROR)
                return r;
        if (!accept(parser, "->"))
                return complain(parser, "'->'");
        return parse_parameters(parser, &member->out);
}

static void cleanup_interface(struct idl_interface **interface) {
        idl_free(*interface);
}

static bool has_member(const struct idl_interface *interface, const char *name, size_t n_before) {
        for (size_t i = 0; i < n_before; i++)
                if (strcmp(interface->members[i].name, name) == 0)
                        return true;
        return false;
}

/* Every name that a type mentions exists. */
static bool is_resolved(const struct idl_interface *interface, const struct idl_type *type) {
        if (type->kind == IDL_NAMED && !idl_find(interface, IDL_TYPE, type->name))
                return false;
        if (type->inner && !is_resolved(interface, type->inner))
                return false;
        for (size_t i = 0; i < type->n_fields; i++)
                if (!is_resolved(interface, &type->fields[i].type))
                        return false;
        return true;
}

static int parse_interface(struct parser *parser, struct idl_interface *interface) {
        int r;

        if (!accept(parser, "interface "))
                return complain(parser, "'interface'");
        r = parse_name(parser, ".-", &interface->name);
        if (r < 0)
                return r;
        text_done(&parser->comment);
        for (skip_space(parser); *parser->at != '\0'; skip_space(parser)) {
                struct idl_member *member;

                r = ARRAY_GROW(interface->members, interface->n_members);
                if (r < 0)
                        return r;
                member = &interface->members[interface->n_members++];
                r = parse_member(parser, member);
                if (r < 0)
                        return r;
                if (has_member(interface, member->name, interface->n_members - 1))
                        return complain(parser, "another name");
                text_done(&parser->comment);
        }
        for (size_t i = 0; i < interface->n_members; i++)
                if (!is_resolved(interface, &interface->members[i].in) ||
                    !is_resolved(interface, &interface->members[i].out))
                        return complain(parser, "a definition of every type");
        return 0;
}

int idl_parse(const char *text, struct diagnostics *diagnostics, struct idl_interface **ret) {
        CLEANUP(cleanup_interface) struct idl_interface *interface = calloc(1, sizeof *interface);
        struct parser parser = {
                .at = text, .line_begin = text, .line = 1, .diagnostics = diagnostics
        };
        int r;

        if (!interface)
                return -ENOMEM;
        r = parse_interface(&parser, interface);
        if (r == 0)
                r = text_error(&parser.comment);
        text_done(&parser.comment);
        if (r < 0)
                return r;
        *ret = TAKE(interface);
        return 0;
}

void idl_free(struct idl_interface *interface) {
        if (!interface)
                return;
        for (size_t i = 0; i < interface->n_members; i++) {
                struct idl_member *member = &interface->members[i];

                free(member->name);
                free(member->comment);
                done_type(&member->in);
                done_type(&member->out);
        }
        free(interface->members);
        free(interface->name);
        free(interface);
}

const struct idl_member *idl_find(const struct idl_interface *interface, enum idl_member_kind kind,
                                  const char *name) {
        for (size_t i = 0; i < interface->n_members; i++)
                if (interface->members[i].kind == kind &&
                    strcmp(interface->members[i].name, name) == 0)
                        return &interface->members[i];
        return NULL;
}

static bool check(const struct idl_interface *interface, const struct idl_type *type,
                  json_t *value);

static const struct idl_field *find_field(const struct idl_type *type, const char *name) {
        for (size_t i = 0; i < type->n_fields; i++)
                if (strcmp(type->fields[i].name, name) == 0)
                        return &type->fields[i];
        return NULL;
}

/* The name of the first field that is wrong; NULL if none is. */
static const char *find_wrong_field(const struct idl_interface *interface,
                                    const struct idl_type *type, json_t *value) {
        const char *name;
        json_t *field;

        json_object_foreach(value, name, field) {
                if (!find_field(type, name))
                        return name;
        }
        for (size_t i = 0; i < type->n_fields; i++)
                if (!check(interface, &type->fields[i].type,
                           json_object_get(value, type->fields[i].name)))
                        return type->fields[i].name;
        return NULL;
}

static bool check_array(const struct idl_interface *interface, const struct idl_type *type,
                        json_t *value) {
        if (!json_is_array(value))
                return false;
        for (size_t i = 0; i < json_array_size(value); i++)
                if (!check(interface, type->inner, json_array_get(value, i)))
                        return false;
        return true;
}

static bool check_map(const struct idl_interface *interface, const struct idl_type *type,
                      json_t *value) {
        const char *name;
        json_t *element;

        if (!json_is_object(value))
                return false;
        json_object_foreach(value, name, element) {
                if (!check(interface, type->inner, element))
                        return false;
        }
        return true;
}

static bool check(const struct idl_interface *interface, const struct idl_type *type,
                  json_t *value) {
        switch (type->kind) {
        case IDL_BOOL:
                return json_is_boolean(value);
        case IDL_INT:
                return json_is_integer(value);
        case IDL_FLOAT:
                return json_is_number(value);
        case IDL_STRING:
                return json_is_string(value);
        case IDL_OBJECT:
                return json_is_object(value);
        case IDL_NAMED:
                return check(interface, &idl_find(interface, IDL_TYPE, type->name)->in, value);
        case IDL_STRUCT:
                return json_is_object(value) && !find_wrong_field(interface, type, value);
        case IDL_ENUM:
                return json_is_string(value) && find_field(type, json_string_value(value));
        case IDL_ARRAY:
                return check_array(interface, type, value);
        case IDL_MAP:
                return check_map(interface, type, value);
        case IDL_MAYBE:
                return !value || json_is_null(value) || check(interface, type->inner, value);
        case N_IDL_KINDS:
                break;
        }
        return false;
}

bool idl_check(const struct idl_interface *interface, const struct idl_type *type, json_t *value,
               const char **ret_field) {
        const char *field = "";

        if (check(interface, type, value))
                return true;
        if (type->kind == IDL_STRUCT && json_is_object(value))
                field = find_wrong_field(interface, type, value);
        if (ret_field)
                *ret_field = field;
        return false;
}
