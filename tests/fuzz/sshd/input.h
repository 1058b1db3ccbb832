/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Files of a configuration in one input: the first bytes are the target's, then comes the main
 * file; a line "%%NAME" starts another one, /etc/ssh/NAME, that an Include may name. */

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "sshd/config.h"

static const char main_path[] = "/etc/ssh/sshd_config";
static const char passwd[] = "root:x:0:0::/root:/bin/sh\nbob:x:1:1::/home/bob:/bin/sh\n";
static const char groups[] = "root:x:0:\nusers:x:1:root\n";

struct input {
        const char *data;
        size_t n;
};

/* Where the text of a file is in the input. */
static inline bool find_file(const struct input *input, const char *path, struct input *ret) {
        const char *name = strrchr(path, '/') + 1, *end = input->data + input->n;
        const char *start = strcmp(path, main_path) == 0 ? input->data : NULL, *stop = end;

        for (const char *line = input->data; line < end;) {
                const char *newline = memchr(line, '\n', (size_t)(end - line));
                size_t n = (size_t)((newline ? newline : end) - line);

                if (n > 2 && line[0] == '%' && line[1] == '%') {
                        if (start) {
                                stop = line;
                                break;
                        }
                        if (newline && n - 2 == strlen(name) && memcmp(line + 2, name, n - 2) == 0)
                                start = newline + 1;
                }
                line = newline ? newline + 1 : end;
        }
        if (!start)
                return false;
        *ret = (struct input){ start, (size_t)(stop - start) };
        return true;
}

static inline int glob_input(void *userdata, const char *pattern, char ***ret_paths,
                             size_t *ret_n) {
        struct input found;

        *ret_paths = NULL;
        *ret_n = 0;
        return find_file(userdata, pattern, &found) ? strings_append(ret_paths, ret_n, pattern) : 0;
}

static inline int read_input(void *userdata, const char *path, char **ret_data, size_t *ret_n) {
        struct input found;

        if (!find_file(userdata, path, &found))
                return -ENOENT;
        *ret_data = malloc(found.n + 1);
        if (!*ret_data)
                return -ENOMEM;
        memcpy(*ret_data, found.data, found.n);
        *ret_n = found.n;
        return 0;
}
