/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Variables: environment files, and what becomes of $NAME and ${NAME} (env-file.c, env-util.c of
 * systemd).
 *
 * An environment file looks like shell and is not: nothing is expanded, a line that is no
 * assignment is passed over, a backslash before a line end joins lines. Quotes may be closed and
 * opened again in one value. One byte that is not UTF-8 in a key or value spoils the whole file. */

#include "service_environment.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/ascii.h"
#include "base/cleanup.h"
#include "base/escape.h"
#include "base/text.h"
#include "service_words.h"

static bool is_name_byte(char c, bool is_first) {
        char lower = ascii_to_lower(c);

        return c == '_' || (lower >= 'a' && lower <= 'z') || (!is_first && ascii_is_digit(c));
}

static bool is_name(const char *name, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (!is_name_byte(name[i], i == 0))
                        return false;
        return n > 0;
}

static struct service_variable *find(const struct service_environment *environment,
                                     const char *name, size_t n_name) {
        for (size_t i = 0; i < environment->n_items; i++) {
                struct service_variable *variable = &environment->items[i];

                if (strncmp(variable->name, name, n_name) == 0 && variable->name[n_name] == '\0')
                        return variable;
        }
        return NULL;
}

static int set(struct service_environment *environment, const char *name, size_t n_name,
               const char *value, const struct service_place *place) {
        struct service_variable *variable = find(environment, name, n_name);
        struct service_variable new = { strndup(name, n_name), strdup(value), *place };
        int r = new.name &&new.value ? 0 : -ENOMEM;

        if (r == 0 && variable) {
                free(variable->name);
                free(variable->value);
                *variable = new;
                return 0;
        }
        if (r == 0)
                r = ARRAY_GROW(environment->items, environment->n_items);
        if (r < 0) {
                free(new.name);
                free(new.value);
                return r;
        }
        environment->items[environment->n_items++] = new;
        return 0;
}

int service_environment_set(struct service_environment *environment, const char *assignment,
                            const struct service_place *place) {
        const char *equals = strchr(assignment, '=');

        if (!equals || !is_name(assignment, (size_t)(equals - assignment)) ||
            !escape_is_utf8(assignment, strlen(assignment)))
                return 0;
        return set(environment, assignment, (size_t)(equals - assignment), equals + 1, place);
}

void service_environment_done(struct service_environment *environment) {
        for (size_t i = 0; i < environment->n_items; i++) {
                free(environment->items[i].name);
                free(environment->items[i].value);
        }
        free(environment->items);
        *environment = (struct service_environment){ 0 };
}

/* ---- environment files ---- */

enum state {
        BEFORE_KEY,
        IN_KEY,
        BEFORE_VALUE, /* or between its quoted parts */
        IN_VALUE,
        IN_SINGLE_QUOTES,
        IN_DOUBLE_QUOTES,
        IN_COMMENT,
};

struct reader {
        enum state state;
        bool is_escaped;
        bool comments_end; /* with their line, in spite of a backslash */
        bool is_spoilt;
        unsigned line, key_line;
        struct text key, value;
        size_t n_value; /* without blanks at the end of an unquoted part */
        struct service_environment found;
        const char *file;
};

static void reader_done(struct reader *reader) {
        text_done(&reader->key);
        text_done(&reader->value);
        service_environment_done(&reader->found);
}

static bool is_line_end(char c) {
        return c == '\n' || c == '\r';
}

static bool is_blank(char c) {
        return c == ' ' || c == '\t' || is_line_end(c);
}

/* A key with its value is complete. */
static int finish(struct reader *reader) {
        const struct service_place place = { reader->file, reader->key_line };
        int r = 0;

        while (reader->key.n > 0 && is_blank(reader->key.data[reader->key.n - 1]))
                reader->key.data[--reader->key.n] = '\0';
        if (reader->state == IN_VALUE && reader->value.data)
                reader->value.data[reader->n_value] = '\0';
        if (!escape_is_utf8(text_get(&reader->key), reader->key.n) ||
            !escape_is_utf8(text_get(&reader->value), strlen(text_get(&reader->value))))
                reader->is_spoilt = true;
        else if (is_name(text_get(&reader->key), reader->key.n))
                r = set(&reader->found, reader->key.data, reader->key.n, text_get(&reader->value),
                        &place);
        text_done(&reader->key);
        text_done(&reader->value);
        reader->n_value = 0;
        reader->state = BEFORE_KEY;
        return r;
}

static int append_value(struct reader *reader, char c, bool is_kept) {
        int r = text_append_char(&reader->value, c);

        if (r == 0 && is_kept)
                reader->n_value = reader->value.n;
        return r;
}

static int read_escaped(struct reader *reader, char c) {
        reader->is_escaped = false;
        switch (reader->state) {
        case IN_COMMENT:
                if (is_line_end(c) && reader->comments_end)
                        reader->state = BEFORE_KEY;
                return 0;
        case IN_DOUBLE_QUOTES:
                if (c == '\n')
                        return 0;
                if (!strchr("\"\\`$", c) && append_value(reader, '\\', true) < 0)
                        return -ENOMEM;
                return append_value(reader, c, true);
        default:
                reader->state = IN_VALUE;
                return is_line_end(c) ? 0 : append_value(reader, c, true);
        }
}

static int read_key_byte(struct reader *reader, char c) {
        if (is_line_end(c)) {
                text_done(&reader->key);
                reader->state = BEFORE_KEY;
                return 0;
        }
        if (c != '=')
                return text_append_char(&reader->key, c);
        reader->state = BEFORE_VALUE;
        return 0;
}

static int read_value_byte(struct reader *reader, char c) {
        if (is_line_end(c))
                return finish(reader);
        if (c == '\\') {
                reader->is_escaped = true;
                reader->n_value = reader->value.n;
                return 0;
        }
        if (reader->state == BEFORE_VALUE && (c == '\'' || c == '"')) {
                reader->state = c == '"' ? IN_DOUBLE_QUOTES : IN_SINGLE_QUOTES;
                return 0;
        }
        if (reader->state == BEFORE_VALUE && is_blank(c))
                return 0;
        reader->state = IN_VALUE;
        return append_value(reader, c, !is_blank(c));
}

static int read_quoted_byte(struct reader *reader, char c) {
        bool is_double = reader->state == IN_DOUBLE_QUOTES;

        if (c == (is_double ? '"' : '\'')) {
                reader->state = BEFORE_VALUE;
                return 0;
        }
        if (is_double && c == '\\') {
                reader->is_escaped = true;
                return 0;
        }
        return append_value(reader, c, true);
}

static int read_byte(struct reader *reader, char c) {
        if (reader->is_escaped)
                return read_escaped(reader, c);
        switch (reader->state) {
        case BEFORE_KEY:
                if (is_blank(c))
                        return 0;
                reader->key_line = reader->line;
                reader->state = c == '#' || c == ';' ? IN_COMMENT : IN_KEY;
                return reader->state == IN_KEY ? text_append_char(&reader->key, c) : 0;
        case IN_KEY:
                return read_key_byte(reader, c);
        case IN_COMMENT:
                reader->is_escaped = c == '\\';
                if (is_line_end(c))
                        reader->state = BEFORE_KEY;
                return 0;
        case IN_SINGLE_QUOTES:
        case IN_DOUBLE_QUOTES:
                return read_quoted_byte(reader, c);
        default:
                return read_value_byte(reader, c);
        }
}

int service_load_environment(struct service *service, const struct service_source *source,
                             unsigned systemd) {
        CLEANUP(reader_done)
        struct reader reader = { .comments_end = systemd >= SERVICE_SYSTEMD_COMMENTS_END,
                                 .line = 1 };
        int r = service_intern(service, source->path, &reader.file);

        if (r < 0 || source->n_data == 0 || memchr(source->data, '\0', source->n_data))
                return r;
        for (size_t i = 0; i < source->n_data && r == 0; i++) {
                r = read_byte(&reader, source->data[i]);
                reader.line += source->data[i] == '\n';
        }
        if (r == 0 && reader.state != BEFORE_KEY && reader.state != IN_KEY &&
            reader.state != IN_COMMENT)
                r = finish(&reader);
        for (size_t i = 0; i < reader.found.n_items && r == 0 && !reader.is_spoilt; i++) {
                const struct service_variable *variable = &reader.found.items[i];

                r = set(&service->loaded, variable->name, strlen(variable->name), variable->value,
                        &variable->place);
        }
        return r;
}

/* ---- what the processes find ---- */

static bool is_unset(const struct service *service, const struct service_variable *variable) {
        size_t n_name = strlen(variable->name);

        for (size_t i = 0; i < service->n_unset; i++) {
                const char *unset = service->unset[i];

                if (strncmp(unset, variable->name, n_name) == 0 &&
                    (unset[n_name] == '\0' ||
                     (unset[n_name] == '=' && strcmp(unset + n_name + 1, variable->value) == 0)))
                        return true;
        }
        return false;
}

int service_environment(const struct service *service, struct service_environment *ret) {
        const struct service_environment *const layers[] = { &service->environment,
                                                             &service->loaded };
        struct service_environment merged = { 0 }, kept = { 0 };
        int r = 0;

        for (size_t k = 0; k < N_ELEMENTS(layers); k++) {
                for (size_t i = 0; i < layers[k]->n_items && r == 0; i++) {
                        const struct service_variable *item = &layers[k]->items[i];

                        r = set(&merged, item->name, strlen(item->name), item->value, &item->place);
                }
        }
        for (size_t i = 0; i < merged.n_items && r == 0; i++) {
                const struct service_variable *item = &merged.items[i];

                if (!is_unset(service, item))
                        r = set(&kept, item->name, strlen(item->name), item->value, &item->place);
        }
        service_environment_done(&merged);
        if (r < 0) {
                service_environment_done(&kept);
                return r;
        }
        *ret = kept;
        return 0;
}

/* $NAME as a word of its own: the value, cut into words. */
static int add_split(struct service_words *words, const struct service_variable *variable) {
        const char *at = variable->value;
        int r = 1;

        while (r > 0) {
                char *word = NULL;

                r = service_next_word(&at, WORD_RELAXED, &word);
                if (r > 0) {
                        r = service_add_word(words, word, &variable->place, variable->name);
                        r = r < 0 ? r : 1;
                }
        }
        return r;
}

/* ${NAME} anywhere, and $$ for a dollar sign. */
static int add_replaced(struct service_words *words, const struct service_word *word,
                        const struct service_environment *environment) {
        CLEANUP(text_done) struct text text = { 0 };
        const struct service_variable *origin = NULL;

        for (const char *at = word->text; *at;) {
                const char *end = at[0] == '$' && at[1] == '{' ? strchr(at, '}') : NULL;
                const struct service_variable *variable;

                if (!end) {
                        (void)text_append_char(&text, *at);
                        at += at[0] == '$' && at[1] == '$' ? 2 : 1;
                        continue;
                }
                variable = find(environment, at + 2, (size_t)(end - at) - 2);
                if (variable) {
                        (void)text_append(&text, variable->value);
                        origin = variable;
                }
                at = end + 1;
        }
        return service_add_word(words, text_take(&text), origin ? &origin->place : &word->place,
                                origin ? origin->name : NULL);
}

int service_arguments(const struct service *service, const struct service_command *command,
                      struct service_words *ret) {
        CLEANUP(service_environment_done) struct service_environment environment = { 0 };
        struct service_words words = { 0 };
        int r = service_environment(service, &environment);

        for (size_t i = 0; i < command->words.n_items && r == 0; i++) {
                const struct service_word *word = &command->words.items[i];
                const struct service_variable *variable;

                if (i == 0 && command->has_own_name)
                        continue; /* the program, not its name */
                if (command->is_literal) {
                        r = service_add_word(&words, strdup(word->text), &word->place, NULL);
                } else if (word->text[0] == '$' && word->text[1] != '{' && word->text[1] != '$') {
                        variable = find(&environment, word->text + 1, strlen(word->text + 1));
                        r = variable ? add_split(&words, variable) : 0;
                } else {
                        r = add_replaced(&words, word, &environment);
                }
        }
        if (r < 0) {
                service_words_done(&words);
                return r;
        }
        *ret = words;
        return 0;
}
