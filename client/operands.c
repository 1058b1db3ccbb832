/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Paths are sent as the bytes they are: a name that is not UTF-8 must be approved like any other.
 */

#include "operands.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/escape.h"

bool operand_parse_number(const char *string, int64_t *ret) {
        long long number;
        char *end;

        if (*string < '0' || *string > '9')
                return false;
        errno = 0;
        number = strtoll(string, &end, 10);
        if (errno != 0 || *end != '\0' || number < 1)
                return false;
        *ret = number;
        return true;
}

/* Without "." and empty components and final slashes; ".." stays, since a link may precede it. */
static bool append_absolute(struct text *text, const char *path) {
        if (*path == '\0')
                return false;
        if (*path != '/') {
                CLEANUP_FREE char *directory = getcwd(NULL, 0);

                if (!directory || *directory != '/')
                        return false;
                (void)text_append(text, strcmp(directory, "/") == 0 ? "" : directory);
        }
        while (*path) {
                size_t n = strcspn(path, "/");

                if (n > 0 && !(n == 1 && *path == '.')) {
                        (void)text_append_char(text, '/');
                        (void)text_append_n(text, path, n);
                }
                path += n + (path[n] == '/');
        }
        if (text->n == 0)
                (void)text_append_char(text, '/');
        return text_error(text) == 0;
}

bool operand_set_path(json_t *parameters, const char *path) {
        CLEANUP(text_done) struct text absolute = { 0 };
        CLEANUP(text_done) struct text encoded = { 0 };

        if (!append_absolute(&absolute, path))
                return false;
        if (escape_is_utf8(text_get(&absolute), absolute.n))
                return json_object_set_new(parameters, "path", json_string(absolute.data)) == 0;
        return escape_append_base64(&encoded, absolute.data, absolute.n) == 0 &&
               json_object_set_new(parameters, "path_base64", json_string(encoded.data)) == 0;
}

bool operand_set_subject(json_t *parameters, const char *operand) {
        int64_t id;

        return operand_parse_number(operand, &id)
                       ? json_object_set_new(parameters, "incident", json_integer(id)) == 0
                       : operand_set_path(parameters, operand);
}

bool operand_set_string(json_t *parameters, const char *name, const char *string) {
        return !string || json_object_set_new(parameters, name, json_string(string)) == 0;
}
