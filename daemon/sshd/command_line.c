/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sshd's command line (main() of sshd.c, BSDgetopt of openbsd-compat).
 *
 * The first of equal -o wins, like lines of a file, and all of them before any file. Some options
 * assign where -o would not: -4, -6, -g, -q and -d beat every -o and the last of them wins, so they
 * are put in front here. -p, -h and -c add to what -o and files say. Getopt does not permute: an
 * operand ends the options, and sshd refuses it. */

#include "sshd/command_line.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "lexer.h"

enum assigned { ASSIGNED_FAMILY, ASSIGNED_GRACE, ASSIGNED_LOG_LEVEL, N_ASSIGNED };

enum effect {
        EFFECT_NONE, /* nothing of it is configuration */
        EFFECT_ASSIGN,
        EFFECT_ADD, /* as a line of its keyword */
        EFFECT_OPTION,
        EFFECT_PORT,
        EFFECT_FILE,
        EFFECT_DEBUG,
        EFFECT_INETD,
        EFFECT_TEST,
};

struct letter {
        char letter;
        bool has_value;
        enum effect effect;
        const char *keyword;
        const char *value; /* where it has none of its own */
        enum assigned assigned;
};

static const struct letter letters[] = {
        { '4', false, EFFECT_ASSIGN, "AddressFamily", "inet", ASSIGNED_FAMILY },
        { '6', false, EFFECT_ASSIGN, "AddressFamily", "inet6", ASSIGNED_FAMILY },
        { 'C', true, EFFECT_NONE, NULL, NULL, 0 },
        { 'D', false, EFFECT_NONE, NULL, NULL, 0 },
        { 'E', true, EFFECT_NONE, NULL, NULL, 0 },
        { 'G', false, EFFECT_TEST, NULL, NULL, 0 },
        { 'Q', false, EFFECT_NONE, NULL, NULL, 0 },
        { 'R', false, EFFECT_INETD, NULL, NULL, 0 },
        { 'T', false, EFFECT_TEST, NULL, NULL, 0 },
        { 'V', false, EFFECT_TEST, NULL, NULL, 0 },
        { 'b', true, EFFECT_NONE, NULL, NULL, 0 },
        { 'c', true, EFFECT_ADD, "HostCertificate", NULL, 0 },
        { 'd', false, EFFECT_DEBUG, "LogLevel", NULL, ASSIGNED_LOG_LEVEL },
        { 'e', false, EFFECT_NONE, NULL, NULL, 0 },
        { 'f', true, EFFECT_FILE, NULL, NULL, 0 },
        { 'g', true, EFFECT_ASSIGN, "LoginGraceTime", NULL, ASSIGNED_GRACE },
        { 'h', true, EFFECT_ADD, "HostKey", NULL, 0 },
        { 'i', false, EFFECT_INETD, NULL, NULL, 0 },
        { 'k', true, EFFECT_NONE, NULL, NULL, 0 },
        { 'o', true, EFFECT_OPTION, NULL, NULL, 0 },
        { 'p', true, EFFECT_PORT, NULL, NULL, 0 },
        { 'q', false, EFFECT_ASSIGN, "LogLevel", "QUIET", ASSIGNED_LOG_LEVEL },
        { 'r', false, EFFECT_NONE, NULL, NULL, 0 },
        { 't', false, EFFECT_TEST, NULL, NULL, 0 },
        { 'u', true, EFFECT_NONE, NULL, NULL, 0 },
};

struct reader {
        struct sshd_command_line *line;
        struct sshd_option assigned[N_ASSIGNED]; /* text NULL: not said */
        struct sshd_option *added;
        size_t n_added;
        unsigned debug; /* how often -d was said */
};

static void reader_done(struct reader *reader) {
        for (size_t i = 0; i < N_ASSIGNED; i++)
                free(reader->assigned[i].text);
        for (size_t i = 0; i < reader->n_added; i++)
                free(reader->added[i].text);
        free(reader->added);
}

static const struct letter *find_letter(char c) {
        for (size_t i = 0; i < N_ELEMENTS(letters); i++)
                if (letters[i].letter == c)
                        return &letters[i];
        return NULL;
}

static int set_problem(struct sshd_command_line *line, size_t word, char *problem) {
        line->problem = problem;
        line->problem_word = word;
        return problem ? 0 : -ENOMEM;
}

/* A line that says VALUE, whatever bytes are in it. */
static char *format_line(const char *keyword, const char *value) {
        char *lent = BORROWED(value);
        CLEANUP_FREE char *quoted = lexer_join(&lent, 1, true);

        return quoted ? text_format("%s %s", keyword, quoted) : NULL;
}

static int assign(struct reader *reader, const struct letter *letter, const char *value,
                  size_t word) {
        struct sshd_option *slot = &reader->assigned[letter->assigned];
        char *text = format_line(letter->keyword, value);

        if (!text)
                return -ENOMEM;
        free(slot->text);
        *slot = (struct sshd_option){ text, word };
        return 0;
}

static int add(struct reader *reader, char *text, size_t word) {
        int r = text ? ARRAY_GROW(reader->added, reader->n_added) : -ENOMEM;

        if (r < 0) {
                free(text);
                return r;
        }
        reader->added[reader->n_added++] = (struct sshd_option){ text, word };
        return 0;
}

static int set_config_path(struct sshd_command_line *line, const char *path, size_t word) {
        char *copy = strdup(path);

        if (!copy)
                return -ENOMEM;
        free(line->config_path);
        line->config_path = copy;
        line->config_word = word;
        return 0;
}

/* The first -d asks for DEBUG1, each further one for one more. */
static int read_debug(struct reader *reader, const struct letter *letter, size_t word) {
        static const char *const levels[] = { "DEBUG1", "DEBUG2", "DEBUG3" };

        reader->line->is_debug = true;
        if (reader->debug < N_ELEMENTS(levels))
                reader->debug++;
        return assign(reader, letter, levels[reader->debug - 1], word);
}

static int apply(struct reader *reader, const struct letter *letter, const char *value,
                 size_t word) {
        struct sshd_command_line *line = reader->line;

        switch (letter->effect) {
        case EFFECT_ASSIGN:
                return assign(reader, letter, letter->value ? letter->value : value, word);
        case EFFECT_ADD:
                return add(reader, format_line(letter->keyword, value), word);
        case EFFECT_OPTION:
                return add(reader, strdup(value), word);
        case EFFECT_PORT:
                return add(reader, text_format("-p%s", value), word);
        case EFFECT_FILE:
                return set_config_path(line, value, word);
        case EFFECT_DEBUG:
                return read_debug(reader, letter, word);
        case EFFECT_INETD:
                line->is_inetd = true;
                return 0;
        case EFFECT_TEST:
                line->is_test = true;
                return 0;
        case EFFECT_NONE:
                return 0;
        }
        return 0;
}

/* The letters of one word, and the value of the last of them; *I is its index and moves on to the
 * word that holds that value. */
static int read_word(struct reader *reader, const char *const *argv, size_t n_argv, size_t *i) {
        size_t word = *i;

        for (const char *at = argv[word] + 1; *at; at++) {
                const struct letter *letter = find_letter(*at);
                const char *value = NULL;
                int r;

                if (!letter)
                        return set_problem(reader->line, word,
                                           text_format("unknown option -- %c", *at));
                if (letter->has_value && at[1] == '\0' && *i + 1 >= n_argv)
                        return set_problem(reader->line, word,
                                           text_format("option requires an argument -- %c", *at));
                if (letter->has_value)
                        value = at[1] ? at + 1 : argv[++*i];
                r = apply(reader, letter, value, *i);
                if (r < 0 || letter->has_value)
                        return r;
        }
        return 0;
}

/* What assigns first, then what adds. */
static int put_together(struct reader *reader) {
        struct sshd_command_line *line = reader->line;

        line->options = calloc(N_ASSIGNED + reader->n_added, sizeof *line->options);
        if (!line->options)
                return -ENOMEM;
        for (size_t i = 0; i < N_ASSIGNED; i++)
                if (reader->assigned[i].text)
                        line->options[line->n_options++] =
                                (struct sshd_option){ TAKE(reader->assigned[i].text),
                                                      reader->assigned[i].word };
        for (size_t i = 0; i < reader->n_added; i++)
                line->options[line->n_options++] =
                        (struct sshd_option){ TAKE(reader->added[i].text), reader->added[i].word };
        return 0;
}

int sshd_command_line_parse(const char *const *argv, size_t n_argv, struct sshd_command_line *ret) {
        CLEANUP(sshd_command_line_done) struct sshd_command_line line = { 0 };
        CLEANUP(reader_done) struct reader reader = { .line = &line };
        size_t i = 1;
        int r = 0;

        for (; i < n_argv && r == 0 && !line.problem; i++) {
                if (strcmp(argv[i], "--") == 0) {
                        i++;
                        break;
                }
                if (argv[i][0] != '-' || argv[i][1] == '\0')
                        break;
                r = read_word(&reader, argv, n_argv, &i);
        }
        if (r == 0 && !line.problem && i < n_argv)
                r = set_problem(&line, i, text_format("Extra argument %s.", argv[i]));
        if (r == 0)
                r = put_together(&reader);
        if (r < 0)
                return r;
        *ret = line;
        line = (struct sshd_command_line){ 0 };
        return 0;
}

void sshd_command_line_done(struct sshd_command_line *line) {
        for (size_t i = 0; i < line->n_options; i++)
                free(line->options[i].text);
        free(line->options);
        free(line->config_path);
        free(line->problem);
        *line = (struct sshd_command_line){ 0 };
}
