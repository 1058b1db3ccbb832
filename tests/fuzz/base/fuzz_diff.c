/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two texts, cut at the first NUL. What the hunks keep and remove, in order, must be lines of the
 * first, what they keep and add lines of the second; equal texts must have none. */

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/diff.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Moves *AT behind the next line of TEXT that is LINE (which must come); NULL when it does not. */
static const char *find_line(const char *at, const char *end, const char *line, size_t n) {
        while (at < end) {
                const char *newline = memchr(at, '\n', (size_t)(end - at));
                size_t n_at = newline ? (size_t)(newline - at) + 1 : (size_t)(end - at);
                size_t n_bare = newline ? n_at - 1 : n_at;

                if (n_bare == n && memcmp(at, line, n) == 0)
                        return at + n_at;
                at += n_at;
        }
        return NULL;
}

static void check(const char *text, size_t n, const struct text *diff, char sign) {
        const char *at = text, *line = text_get(diff), *end = line + diff->n;

        while (line < end) {
                const char *newline = memchr(line, '\n', (size_t)(end - line));

                assert(newline);
                if (*line == ' ' || *line == sign) {
                        at = find_line(at, text + n, line + 1, (size_t)(newline - line) - 1);
                        assert(at);
                }
                line = newline + 1;
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        const char *before = (const char *)data, *cut = size > 0 ? memchr(data, '\0', size) : NULL;
        size_t n_before = cut ? (size_t)(cut - before) : size;
        const char *after = cut ? cut + 1 : "";
        size_t n_after = cut ? size - n_before - 1 : 0;
        CLEANUP(text_done) struct text diff = { 0 };
        bool truncated;

        assert(diff_unified(before, n_before, after, n_after, &diff, &truncated) == 0);
        assert(!truncated);
        assert((diff.n == 0) ==
               (n_before == n_after && (n_before == 0 || memcmp(before, after, n_before) == 0)));
        check(before, n_before, &diff, '-');
        check(after, n_after, &diff, '+');
        return 0;
}
