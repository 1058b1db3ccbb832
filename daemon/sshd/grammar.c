/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What all grammars share: messages as sshd writes them, values under construction, arguments. */

#include "grammar.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "number.h"
#include "table.h"

enum { LOG_LINE_MAX = 1021 }; /* log.c: MSGBUFSIZ without "\r\n" and NUL */

/* strnvis(VIS_SAFE | VIS_OCTAL): backslashes are doubled, what is neither printable nor a harmless
 * blank becomes octal. */
static void append_visible(struct text *text, char c) {
        unsigned char byte = (unsigned char)c;

        if (c == '\\')
                (void)text_append(text, "\\\\");
        else if ((byte >= ' ' && byte < 0x7f) || c == '\t' || c == '\n' || c == '\b' || c == '\a' ||
                 c == '\r')
                (void)text_append_char(text, c);
        else
                (void)text_appendf(text, "\\%03o", byte);
}

int log_append(struct text *messages, int limit, enum log_level level, const char *line) {
        if ((int)level > limit)
                return 0;
        for (size_t start = messages->n, n = 0; *line && n <= LOG_LINE_MAX; line++) {
                append_visible(messages, *line);
                n = messages->n - start;
                if (n > LOG_LINE_MAX && !messages->failed) {
                        messages->n = start + LOG_LINE_MAX;
                        messages->data[messages->n] = '\0';
                }
        }
        (void)text_append(messages, "\r\n");
        return text_error(messages);
}

/* Writes the line and keeps the reason. */
static int say(struct reading *reading, enum log_level level, bool has_place, const char *format,
               va_list arguments) __attribute__((format(printf, 4, 0)));

static int say(struct reading *reading, enum log_level level, bool has_place, const char *format,
               va_list arguments) {
        CLEANUP(text_done) struct text reason = { 0 };
        CLEANUP(text_done) struct text line = { 0 };

        (void)text_vappendf(&reason, format, arguments);
        if (has_place)
                (void)text_appendf(&line, "%s line %u: ", reading->file, reading->line);
        (void)text_append(&line, text_get(&reason));
        if (text_error(&reason) < 0 || text_error(&line) < 0 ||
            log_append(reading->messages, reading->log_limit, level, text_get(&line)) < 0)
                return -ENOMEM;
        free(reading->reason);
        reading->reason = text_take(&reason);
        return reading->reason ? 0 : -ENOMEM;
}

int reading_bad(struct reading *reading, const char *format, ...) {
        va_list arguments;
        int r;

        va_start(arguments, format);
        r = say(reading, LOG_LEVEL_ERROR, true, format, arguments);
        va_end(arguments);
        return r < 0 ? r : READING_BAD;
}

int reading_fatal(struct reading *reading, const char *format, ...) {
        va_list arguments;
        int r;

        va_start(arguments, format);
        r = say(reading, LOG_LEVEL_FATAL, true, format, arguments);
        va_end(arguments);
        return r < 0 ? r : READING_FATAL;
}

int reading_fatal_bare(struct reading *reading, const char *format, ...) {
        va_list arguments;
        int r;

        va_start(arguments, format);
        r = say(reading, LOG_LEVEL_FATAL, false, format, arguments);
        va_end(arguments);
        return r < 0 ? r : READING_FATAL;
}

/* A line without a place, at a level. */
static int complain(struct reading *reading, enum log_level level, const char *format,
                    va_list arguments) __attribute__((format(printf, 3, 0)));

static int complain(struct reading *reading, enum log_level level, const char *format,
                    va_list arguments) {
        CLEANUP(text_done) struct text line = { 0 };

        if (text_vappendf(&line, format, arguments) < 0)
                return -ENOMEM;
        return log_append(reading->messages, reading->log_limit, level, text_get(&line));
}

int reading_complain(struct reading *reading, const char *format, ...) {
        va_list arguments;
        int r;

        va_start(arguments, format);
        r = complain(reading, LOG_LEVEL_ERROR, format, arguments);
        va_end(arguments);
        return r;
}

int reading_note(struct reading *reading, const char *format, ...) {
        va_list arguments;
        int r;

        va_start(arguments, format);
        r = complain(reading, LOG_LEVEL_INFO, format, arguments);
        va_end(arguments);
        return r;
}

int value_add_number(struct sshd_value *value, long long number) {
        int r = ARRAY_GROW(value->numbers, value->n_numbers);

        if (r < 0)
                return r;
        value->numbers[value->n_numbers++] = number;
        return 0;
}

int value_add_string(struct sshd_value *value, const char *string) {
        return strings_append(&value->strings, &value->n_strings, string);
}

void value_done(struct sshd_value *value) {
        free(value->numbers);
        strings_free(value->strings, value->n_strings);
        *value = (struct sshd_value){ 0 };
}

void state_done(struct state *state) {
        free(state->strings);
        map_done(&state->names, NULL);
        *state = (struct state){ 0 };
}

const char *reading_word(struct reading *reading, const char *old, int *ret_result) {
        const char *word = arguments_next(&reading->arguments);

        if (word && *word)
                return word;
        *ret_result = reading->release->number < RELEASE_WORDING
                              ? reading_fatal(reading, "%s", old)
                              : reading_fatal(reading, "%s missing argument.", reading->name);
        return NULL;
}

int reading_port(const struct reading *reading, const char *text) {
        const struct sshd_environment *environment = reading->environment;
        long long number;
        uint16_t port;

        if (!number_parse(text, 0, 65535, &number))
                return (int)number;
        if (environment->service && environment->service(environment->userdata, text, &port) == 0)
                return port;
        return -1;
}
