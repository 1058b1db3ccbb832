/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lines of a principals file.
 *
 * Unlike key files, a `#` anywhere cuts the line, also inside quotes, and the options end at the
 * *last* space (or, in a line without a space, the last tab); sshd parses them from the whole line,
 * so `a b c` is principal `c` with the options `a`, which no release knows. A carriage return is
 * part of the principal. */

#include "keys/principals.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"

static void trim_end(char *text) {
        size_t n = strlen(text);

        while (n > 1 && (text[n - 1] == '\n' || text[n - 1] == ' ' || text[n - 1] == '\t'))
                text[--n] = '\0';
}

static int parse_line(struct authorized_principal *entry, char *text,
                      const struct keys_release *release,
                      const struct keys_environment *environment) {
        const char *blank, *name = text, *options = NULL;
        int r;

        trim_end(text);
        blank = strrchr(text, ' ');
        if (!blank)
                blank = strrchr(text, '\t');
        if (blank) {
                name = blank + strspn(blank, " \t");
                options = text;
        }
        entry->name = strdup(name);
        if (!entry->name)
                return -ENOMEM;
        r = key_options_parse(options, release, environment, &entry->options, &entry->problem);
        return r < 0 ? r : 0;
}

int authorized_principals_parse(const char *bytes, size_t n, const struct keys_release *release,
                                const struct keys_environment *environment,
                                struct authorized_principals *ret) {
        CLEANUP(authorized_principals_done) struct authorized_principals principals = { 0 };
        unsigned line = 0;

        for (size_t offset = 0, n_line; offset < n; offset += n_line) {
                CLEANUP_FREE char *copy = NULL;
                const char *newline = memchr(bytes + offset, '\n', n - offset);
                char *text;
                int r;

                line++;
                n_line = newline ? (size_t)(newline + 1 - bytes) - offset : n - offset;
                copy = strndup(bytes + offset, n_line);
                if (!copy)
                        return -ENOMEM;
                text = copy + strspn(copy, " \t");
                text[strcspn(text, "#")] = '\0';
                if (*text == '\0' || *text == '\n')
                        continue;
                r = ARRAY_GROW(principals.items, principals.n_items);
                if (r < 0)
                        return r;
                principals.items[principals.n_items].line = line;
                r = parse_line(&principals.items[principals.n_items++], text, release, environment);
                if (r < 0)
                        return r;
        }
        *ret = principals;
        principals = (struct authorized_principals){ 0 };
        return 0;
}

void authorized_principals_done(struct authorized_principals *principals) {
        for (size_t i = 0; i < principals->n_items; i++) {
                free(principals->items[i].name);
                key_options_done(&principals->items[i].options);
        }
        free(principals->items);
        *principals = (struct authorized_principals){ 0 };
}
