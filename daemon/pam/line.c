/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Logical lines as _pam_assemble_line() of pam_handlers.c (until 1.5.3) and _pam_line_assemble() of
 * pam_line.c (since 1.6.0) make them.
 *
 * Both end a line at the first `#`, wherever it stands, and turn a final backslash into one space.
 * They differ where it hurts: the older one reads through fgets() into what is left of 1024 bytes,
 * so the tail of a longer physical line - of a comment, too - is the next line; and it skips blank
 * and comment lines inside a continuation, at which the newer one ends it.
 *
 * C strings end at NUL for libpam, also in the middle of a line; both readers are followed in
 * that. */

#include "pam/line.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { LINE_BUFFER_SIZE = 1024 /* pam_handlers.c: BUF_SIZE */ };

static const char unfinished[] = "the file ends inside a continued line";

void pam_line_reader_init(struct pam_line_reader *reader, const struct pam_release *release,
                          const char *data, size_t n) {
        *reader = (struct pam_line_reader){ .release = release, .data = data, .n = n, .line = 1 };
}

/* Takes up to MAX bytes, not beyond the next newline: fgets(3), getline(3). */
static size_t take_chunk(struct pam_line_reader *reader, size_t max, const char **ret) {
        const char *start = reader->data + reader->at;
        size_t left = reader->n - reader->at, length;
        const char *newline;

        if (left > max)
                left = max;
        newline = left > 0 ? memchr(start, '\n', left) : NULL;
        length = newline ? (size_t)(newline - start) + 1 : left;
        reader->at += length;
        if (newline)
                reader->line++;
        *ret = start;
        return length;
}

/* True if, blanks aside, the string from START to END finishes with a backslash; *RET_AT is then
 * its position. A string is never empty here. */
static bool find_continuation(const char *start, const char *end, const char **ret_at) {
        const char *at = end;

        while (at > start) {
                at--;
                if (*at != ' ' && *at != '\t' && *at != '\n')
                        break;
        }
        *ret_at = at;
        return at < end && *at == '\\';
}

static int next_buffered(struct pam_line_reader *reader, struct pam_line *line) {
        char buffer[LINE_BUFFER_SIZE];
        size_t at = 0;
        bool is_continued = false;

        for (;;) {
                size_t room = sizeof buffer - at, n;
                unsigned number = reader->line;
                const char *chunk, *backslash;
                char *start;

                if (room <= 1) { /* fgets(3) with room for the NUL alone reads nothing, forever */
                        line->reason = "a continued line fills libpam's line buffer exactly";
                        return PAM_LINE_ENDLESS;
                }
                n = take_chunk(reader, room - 1, &chunk);
                if (n == 0) {
                        line->reason = is_continued ? unfinished : NULL;
                        return is_continued ? PAM_LINE_BROKEN : PAM_LINE_END;
                }
                memcpy(buffer + at, chunk, n);
                buffer[at + n] = '\0';
                start = buffer + at + strspn(buffer + at, " \n\t");
                if (*start == '\0' || *start == '#')
                        continue;
                if (!is_continued)
                        line->first = number;
                line->last = number;
                if (!strchr(start, '#') &&
                    find_continuation(start, start + strlen(start), &backslash)) {
                        is_continued = true;
                        at = (size_t)(backslash - buffer);
                        buffer[at++] = ' ';
                        buffer[at] = '\0';
                        continue;
                }
                start[strcspn(start, "#")] = '\0';
                return text_append(&line->text, buffer) < 0 ? -ENOMEM : PAM_LINE_READ;
        }
}

/* One physical line of the newer reader: what it adds to the logical line, and whether that ends.
 */
struct prepared {
        size_t skip;   /* leading blanks */
        size_t length; /* bytes in all, after the backslash became a blank */
        bool is_last;
};

static struct prepared prepare(char *bytes, size_t n) {
        struct prepared prepared = { .length = n, .is_last = true };
        const char *backslash;

        if (find_continuation(bytes, bytes + n, &backslash)) {
                prepared.length = (size_t)(backslash - bytes) + 1;
                bytes[prepared.length - 1] = ' ';
                bytes[prepared.length] = '\0';
                prepared.is_last = strchr(bytes, '#') != NULL;
        }
        prepared.skip = strspn(bytes, " \t");
        bytes[prepared.skip + strcspn(bytes + prepared.skip, "#")] = '\0';
        return prepared;
}

static int next_unbounded(struct pam_line_reader *reader, struct pam_line *line) {
        struct text physical = { 0 };
        bool is_continued = false;
        int r;

        for (;;) {
                unsigned number = reader->line;
                struct prepared prepared;
                const char *chunk;
                size_t n = take_chunk(reader, SIZE_MAX, &chunk);

                if (n == 0) {
                        line->reason = is_continued ? unfinished : NULL;
                        r = is_continued ? PAM_LINE_BROKEN : PAM_LINE_END;
                        break;
                }
                physical.n = 0;
                r = text_append_n(&physical, chunk, n);
                if (r < 0)
                        break;
                prepared = prepare(physical.data, n);
                if (line->text.n == 0)
                        line->first = number;
                line->last = number;
                chunk = physical.data + prepared.skip;
                if (!prepared.is_last || line->text.n > 0 || (*chunk && *chunk != '\n')) {
                        r = text_append_n(&line->text, chunk, prepared.length - prepared.skip);
                        if (r < 0)
                                break;
                }
                is_continued = !prepared.is_last;
                if (is_continued)
                        continue;
                if (*text_get(&line->text) != '\0') {
                        r = PAM_LINE_READ;
                        break;
                }
                line->text.n = 0; /* nothing in it: on to the next */
        }
        text_done(&physical);
        return r;
}

int pam_line_next(struct pam_line_reader *reader, struct pam_line *line) {
        pam_line_done(line);
        return reader->release->has_line_buffer ? next_buffered(reader, line)
                                                : next_unbounded(reader, line);
}

void pam_line_done(struct pam_line *line) {
        text_done(&line->text);
        *line = (struct pam_line){ 0 };
}
