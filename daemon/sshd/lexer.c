/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lines, keywords, arguments.
 *
 * sshd reads a file with getline(3) and treats each line as a C string: a NUL byte ends it, and
 * because the line end is lost with the rest, the next line is glued on. Leading blanks go per
 * physical line. The result is then split at line ends once more.
 *
 * A keyword is cut off by strdelim(), which knows double quotes and one `=`. Arguments were cut off
 * by the same function until 8.6; since 8.7 by argv_split(), a small shell-like splitter with both
 * kinds of quotes and backslashes, where `#` at the start of a word ends the line. */

#include "lexer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"

enum { RELEASE_ARGV = 807 };

static const char blanks[] = " \t\r\n";

void lexer_init(struct lexer *lexer, const char *data, size_t n_data,
                const struct sshd_release *release) {
        *lexer = (struct lexer){
                .data = data,
                .n_data = n_data,
                .cut_comments = release->number < RELEASE_ARGV,
        };
}

/* What a physical line contributes, and whether its line end is part of that. */
static int append_physical(struct lexer *lexer, struct text *text, size_t begin, size_t end,
                           bool *ret_ends) {
        const char *data = lexer->data + begin, *stop;
        size_t n = end - begin, skip = 0;

        *ret_ends = end < lexer->n_data;
        stop = memchr(data, '\0', n);
        if (stop)
                n = (size_t)(stop - data);
        if (lexer->cut_comments) {
                const char *comment = memchr(data, '#', n);

                if (comment) {
                        n = (size_t)(comment - data);
                        stop = NULL; /* a line end is put in its place */
                        *ret_ends = true;
                }
        }
        if (stop)
                *ret_ends = false;
        while (skip < n && (data[skip] == ' ' || data[skip] == '\t' || data[skip] == '\r'))
                skip++;
        return text_append_n(text, data + skip, n - skip);
}

int lexer_next(struct lexer *lexer, struct lexer_line *ret) {
        CLEANUP(text_done) struct text text = { 0 };
        size_t begin = lexer->offset;
        bool ends = false;

        if (lexer->is_done)
                return 0;
        while (!ends && lexer->offset < lexer->n_data) {
                const char *start = lexer->data + lexer->offset;
                const char *line_end = memchr(start, '\n', lexer->n_data - lexer->offset);
                size_t end = line_end ? (size_t)(line_end - lexer->data) : lexer->n_data;
                int r = append_physical(lexer, &text, lexer->offset, end, &ends);

                if (r < 0)
                        return r;
                ret->end = end;
                lexer->offset = line_end ? end + 1 : end;
        }
        if (!ends)
                lexer->is_done = true;
        if (begin >= lexer->n_data)
                ret->end = begin;
        ret->begin = begin;
        ret->line = ++lexer->line;
        ret->text = text_take(&text);
        return ret->text ? 1 : -ENOMEM;
}

char *lexer_delimit(char **text, bool words_only) {
        char *start = *text, *end;
        bool was_equals;

        if (!start)
                return NULL;
        end = strpbrk(start, words_only ? " \t\r\n\"" : " \t\r\n\"=");
        if (!end) {
                *text = NULL;
                return start;
        }
        if (*end == '"') {
                memmove(end, end + 1, strlen(end));
                end = strchr(end, '"');
                if (!end) {
                        *text = NULL;
                        return NULL;
                }
                *end = '\0';
                *text = end + 1 + strspn(end + 1, blanks);
                return start;
        }
        was_equals = *end == '=';
        *end = '\0';
        *text = end + 1 + strspn(end + 1, blanks);
        if (!words_only && **text == '=' && !was_equals)
                *text += 1 + strspn(*text + 1, blanks);
        return start;
}

/* One word of argv_split() at *TEXT, which is moved behind it, to *OUT, which is moved behind its
 * NUL. False if a quote is not closed. */
static bool split_word(const char **text, char **out) {
        const char *c = *text;
        char quote = '\0';

        for (; *c; c++) {
                if (*c == '\\' &&
                    (c[1] == '\'' || c[1] == '"' || c[1] == '\\' || (!quote && c[1] == ' ')))
                        *(*out)++ = *++c;
                else if (*c == '\\')
                        *(*out)++ = *c;
                else if (!quote && (*c == ' ' || *c == '\t'))
                        break;
                else if (!quote && (*c == '"' || *c == '\''))
                        quote = *c;
                else if (quote && *c == quote)
                        quote = '\0';
                else
                        *(*out)++ = *c;
        }
        *(*out)++ = '\0';
        *text = c;
        return quote == '\0';
}

/* The words and their bytes are one block: there are at most half as many words as bytes, and they
 * are no longer than the text. */
static int split_words(const char *text, char ***ret_words, size_t *ret_n_words) {
        size_t n = strlen(text), n_words_max = n / 2 + 1;
        CLEANUP_FREE char **words = malloc(n_words_max * sizeof *words + n + 1);
        char *out;

        if (!words)
                return -ENOMEM;
        out = (char *)(words + n_words_max);
        for (size_t n_words = 0;; n_words++) {
                while (*text == ' ' || *text == '\t')
                        text++;
                if (*text == '\0' || *text == '#') {
                        *ret_words = TAKE(words);
                        *ret_n_words = n_words;
                        return 0;
                }
                words[n_words] = out;
                if (!split_word(&text, &out))
                        return -EINVAL;
        }
}

int arguments_init(struct arguments *arguments, char *rest, const struct sshd_release *release) {
        *arguments = (struct arguments){
                .rest = rest,
                .is_lazy = release->number < RELEASE_ARGV,
        };
        if (arguments->is_lazy)
                return 0;
        return split_words(rest ? rest : "", &arguments->words, &arguments->n_words);
}

void arguments_done(struct arguments *arguments) {
        free(arguments->words);
        *arguments = (struct arguments){ 0 };
}

static char *next(struct arguments *arguments, bool words_only) {
        if (arguments->is_lazy)
                return lexer_delimit(&arguments->rest, words_only);
        return arguments->next < arguments->n_words ? arguments->words[arguments->next++] : NULL;
}

char *arguments_next(struct arguments *arguments) {
        return next(arguments, false);
}

char *arguments_next_word(struct arguments *arguments) {
        return next(arguments, true);
}

bool arguments_has_more(const struct arguments *arguments) {
        if (arguments->is_lazy)
                return arguments->rest != NULL;
        return arguments->next < arguments->n_words;
}

const char *arguments_peek(const struct arguments *arguments) {
        if (arguments->is_lazy)
                return arguments->rest;
        return arguments_has_more(arguments) ? arguments->words[arguments->next] : NULL;
}

void arguments_consume(struct arguments *arguments) {
        arguments->rest = NULL;
        arguments->next = arguments->n_words;
}

char *lexer_join(char *const *words, size_t n_words, bool quote) {
        struct text text = { 0 };

        for (size_t i = 0; i < n_words; i++) {
                const char *mark = quote && strpbrk(words[i], " \t") ? "\"" : "";

                (void)text_append(&text, i > 0 ? " " : "");
                (void)text_append(&text, mark);
                for (const char *c = words[i]; *c; c++) {
                        if (quote && strchr("\\'\"", *c))
                                (void)text_append_char(&text, '\\');
                        (void)text_append_char(&text, *c);
                }
                (void)text_append(&text, mark);
        }
        return text_take(&text);
}
