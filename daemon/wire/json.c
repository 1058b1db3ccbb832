/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading and writing JSON with jansson, inside limits of our own: jansson descends 2048 levels and
 * writes every character beyond U+001F as it is. Depth is counted before it parses, on the bytes;
 * what a terminal would obey is escaped after it wrote, which is sound because such characters can
 * stand in JSON strings only. */

#include "wire/json.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/escape.h"

/* Counts brackets outside strings; what is not JSON may be counted wrongly and fails later. */
static bool is_too_deep(const char *bytes, size_t n) {
        bool in_string = false;
        size_t depth = 0;

        for (size_t i = 0; i < n; i++) {
                char c = bytes[i];

                if (in_string) {
                        if (c == '\\')
                                i++;
                        else if (c == '"')
                                in_string = false;
                } else if (c == '"') {
                        in_string = true;
                } else if (c == '{' || c == '[') {
                        if (++depth > WIRE_DEPTH_MAX)
                                return true;
                } else if ((c == '}' || c == ']') && depth > 0) {
                        depth--;
                }
        }
        return false;
}

int wire_json_parse(const char *bytes, size_t n, json_t **ret) {
        json_error_t error;
        json_t *value;

        if (is_too_deep(bytes, n))
                return -EBADMSG;
        value = json_loadb(bytes, n, JSON_REJECT_DUPLICATES, &error);
        if (!value)
                return json_error_code(&error) == json_error_out_of_memory ? -ENOMEM : -EBADMSG;
        if (!json_is_object(value)) {
                json_decref(value);
                return -EBADMSG;
        }
        *ret = value;
        return 0;
}

static int append_harmless(struct text *text, const char *bytes, size_t n) {
        size_t n_plain = 0; /* bytes before i that can be appended as they are */

        for (size_t i = 0; i < n;) {
                uint32_t character = 0;
                size_t length = escape_decode(bytes + i, n - i, &character);

                if (length == 0)
                        length = 1;
                if (character >= 0x7f && !escape_is_harmless(character)) {
                        (void)text_append_n(text, bytes + i - n_plain, n_plain);
                        (void)text_appendf(text, "\\u%04x", (unsigned)character);
                        n_plain = 0;
                } else {
                        n_plain += length;
                }
                i += length;
        }
        (void)text_append_n(text, bytes + n - n_plain, n_plain);
        return text_error(text);
}

int wire_json_format(const json_t *value, enum wire_json_style style, struct text *text) {
        size_t flags = style == WIRE_JSON_PRETTY ? JSON_INDENT(2) : JSON_COMPACT;
        CLEANUP_FREE char *dumped = json_dumps(value, flags | JSON_ENCODE_ANY);

        if (!dumped) {
                text->failed = true;
                return -ENOMEM;
        }
        return append_harmless(text, dumped, strlen(dumped));
}
