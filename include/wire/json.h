/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* JSON from peers and for people: bounded when read, harmless when written. */

#include <jansson.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "base/text.h"

enum {
        WIRE_DEPTH_MAX = 16, /* the deepest message of our interfaces nests 5 levels */
};

/* Parses one object: RFC 8259, UTF-8, no duplicate names, no NUL in strings, at most WIRE_DEPTH_MAX
 * levels. Returns 0, -EBADMSG for anything else, or -ENOMEM. */
int wire_json_parse(const char *bytes, size_t n, json_t **ret);

enum wire_json_style {
        WIRE_JSON_COMPACT, /* one line */
        WIRE_JSON_PRETTY,  /* indented */
};

/* Appends VALUE. Characters that would act on a terminal (DEL, C1 controls, bidirectional
 * overrides) are written as \uXXXX, so the text is ASCII controls free. Returns 0 or -ENOMEM. */
int wire_json_format(const json_t *value, enum wire_json_style style, struct text *text);

/* For CLEANUP() of a `json_t *` local. */
static inline void wire_json_cleanup(json_t **value) {
        json_decref(*value);
}
