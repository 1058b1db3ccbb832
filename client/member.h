/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Members of replies. A daemon of another version may leave any of them out. */

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

static inline const char *member_string(const json_t *object, const char *name) {
        return json_string_value(json_object_get(object, name));
}

/* FALLBACK unless it is a string. */
static inline const char *member_word(const json_t *object, const char *name,
                                      const char *fallback) {
        const char *string = member_string(object, name);

        return string ? string : fallback;
}

/* 0 unless it is an integer. */
static inline int64_t member_int(const json_t *object, const char *name) {
        return json_integer_value(json_object_get(object, name));
}

static inline bool member_is_int(const json_t *object, const char *name) {
        return json_is_integer(json_object_get(object, name));
}

static inline bool member_bool(const json_t *object, const char *name) {
        return json_is_true(json_object_get(object, name));
}
