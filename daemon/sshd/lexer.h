/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* From the bytes of a file to lines, keywords and arguments, as each release of sshd cuts them. */

#include <stdbool.h>
#include <stddef.h>

#include "sshd/release.h"

/* The lines of a file as load_server_config() and strsep(3) leave them. */
struct lexer {
        const char *data;
        size_t n_data;
        size_t offset;     /* of what is not read yet */
        unsigned line;     /* of the line last returned, from 1 */
        bool cut_comments; /* before 8.7 everything from the first `#` of a physical line was
                              dropped */
        bool is_done;
};

/* One line as the parser of sshd gets it, and where it came from. */
struct lexer_line {
        char *text; /* heap */
        unsigned line;
        size_t begin, end; /* bytes of the file it was made of, without the line end */
};

void lexer_init(struct lexer *lexer, const char *data, size_t n_data,
                const struct sshd_release *release);

/* Returns 1 with *ret set, 0 at the end, -ENOMEM. The line after the last line end is a line too
 * (an empty one, usually), as in sshd. A NUL byte drops the rest of its physical line with its line
 * end. */
int lexer_next(struct lexer *lexer, struct lexer_line *ret);

/* strdelim() of misc.c: the next token of *TEXT, which is cut up; NULL at the end or if a quote is
 * not closed. WORDS_ONLY: strdelimw(), for which `=` is an ordinary byte. */
char *lexer_delimit(char **text, bool words_only);

/* The arguments of one directive. From 8.7 on they are split before anything looks at them; before,
 * each one was cut off when it was asked for. */
struct arguments {
        char *rest;   /* what follows the keyword; before 8.7: what is left of it */
        bool is_lazy; /* before 8.7 */
        char **words; /* else: all of them, one block with their bytes */
        size_t n_words, next;
};

/* argv_split(…, terminate_on_comment=1). Takes REST, which must live as long as the arguments.
 * Returns 0, -ENOMEM, or -EINVAL: a quote is not closed. */
int arguments_init(struct arguments *arguments, char *rest, const struct sshd_release *release);
void arguments_done(struct arguments *arguments);

/* The next argument; NULL: none. */
char *arguments_next(struct arguments *arguments);
/* As above, where before 8.7 `=` did not separate (SetEnv). */
char *arguments_next_word(struct arguments *arguments);
/* Is anything left? Before 8.7 an empty rest counts as something. */
bool arguments_has_more(const struct arguments *arguments);
/* The next argument without taking it; NULL: none. Before 8.7: all of the rest. */
const char *arguments_peek(const struct arguments *arguments);
void arguments_consume(struct arguments *arguments);

/* argv_assemble(): words as one line, quoted where they hold blanks. NULL: out of memory. */
char *lexer_join(char *const *words, size_t n_words, bool quote);
