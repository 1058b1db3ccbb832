/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading a unit file and its drop-ins (conf-parser.c, load-fragment.c of systemd).
 *
 * Each file is cut into lines, lines that end in a backslash are joined, and the assignments of
 * [Service] are applied one after the other over all files, so that an empty one takes back what
 * earlier files said. Only what decides with which words and variables sshd starts, or which files
 * it would see, is kept. A line that systemd ignores with a warning is ignored; what it refuses the
 * unit for is kept as the service's problem. */

#include "sshd/service.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/escape.h"
#include "base/text.h"
#include "service_environment.h"
#include "service_words.h"

static const char blanks[] = " \t\n\r";

struct parser {
        struct service *service;
        const char *file; /* the service's */
        bool is_service;  /* in [Service] */
        bool has_section;
};

static char *strip(char *string) {
        size_t n;

        string += strspn(string, blanks);
        n = strlen(string);
        while (n > 0 && strchr(blanks, string[n - 1]))
                string[--n] = '\0';
        return string;
}

int service_intern(struct service *service, const char *path, const char **ret) {
        int r;

        for (size_t i = 0; i < service->n_files; i++) {
                if (strcmp(service->files[i], path) == 0) {
                        *ret = service->files[i];
                        return 0;
                }
        }
        r = strings_append(&service->files, &service->n_files, path);
        if (r == 0)
                *ret = service->files[service->n_files - 1];
        return r;
}

static int set_problem(struct parser *parser, unsigned line, const char *what) {
        struct service *service = parser->service;

        if (service->problem)
                return 0;
        service->problem = text_format("%s:%u: %s", parser->file, line, what);
        return service->problem ? 0 : -ENOMEM;
}

/* ---- ExecStart= ---- */

static void command_done(struct service_command *command) {
        service_words_done(&command->words);
}

int service_add_word(struct service_words *words, char *text, const struct service_place *place,
                     const char *variable) {
        char *name = variable ? strdup(variable) : NULL;
        int r = text && (name || !variable) ? ARRAY_GROW(words->items, words->n_items) : -ENOMEM;

        if (r < 0) {
                free(text);
                free(name);
                return r;
        }
        words->items[words->n_items++] = (struct service_word){ text, *place, name };
        return 0;
}

static int add_specified(struct parser *parser, struct service_command *command, const char *word) {
        CLEANUP(text_done) struct text text = { 0 };
        int r = service_expand_specifiers(word, parser->service->name, &text);

        return r < 0 ? r
                     : service_add_word(&command->words, text_take(&text), &command->place, NULL);
}

/* The signs in front of the program. */
static const char *read_signs(const char *at, struct service_command *command) {
        for (; *at && strchr("-@:+!|", *at); at++) {
                command->has_own_name |= *at == '@';
                command->is_literal |= *at == ':';
        }
        return at;
}

static int read_words(struct parser *parser, const char **at, struct service_command *command) {
        while (**at) {
                CLEANUP_FREE char *word = NULL;
                bool ends = (*at)[0] == ';' && ((*at)[1] == '\0' || strchr(blanks, (*at)[1]));
                bool is_semicolon = (*at)[0] == '\\' && (*at)[1] == ';' &&
                                    ((*at)[2] == '\0' || strchr(blanks, (*at)[2]));
                int r;

                if (ends || is_semicolon) {
                        *at += ends ? 1 : 2;
                        *at += strspn(*at, blanks);
                }
                if (ends)
                        return 0;
                r = is_semicolon ? 1 : service_next_unit_word(at, &word);
                if (r > 0)
                        r = add_specified(parser, command, is_semicolon ? ";" : word);
                if (r < 0)
                        return r;
        }
        return 0;
}

static void drop_commands(struct service *service) {
        for (size_t i = 0; i < service->n_commands; i++)
                command_done(&service->commands[i]);
        free(service->commands);
        service->commands = NULL;
        service->n_commands = 0;
}

static int read_exec_start(struct parser *parser, const char *value,
                           const struct service_place *place) {
        struct service *service = parser->service;

        if (*value == '\0')
                drop_commands(service);
        while (*value) {
                struct service_command command = { .place = *place };
                int r;

                value = read_signs(value, &command);
                r = read_words(parser, &value, &command);
                if (r == 0 && command.words.n_items > 0)
                        r = ARRAY_GROW(service->commands, service->n_commands);
                if (r < 0 || command.words.n_items == 0) {
                        command_done(&command);
                        if (r == -EINVAL)
                                return set_problem(parser, place->line,
                                                   "ExecStart= has a quote that is not closed");
                        if (r < 0)
                                return r;
                        continue;
                }
                service->commands[service->n_commands++] = command;
        }
        return 0;
}

/* ---- the environment ---- */

static int read_environment(struct parser *parser, const char *value,
                            const struct service_place *place) {
        struct service *service = parser->service;
        int r = 1;

        if (*value == '\0')
                service_environment_done(&service->environment);
        while (r > 0) {
                CLEANUP_FREE char *word = NULL;
                CLEANUP(text_done) struct text text = { 0 };

                r = service_next_word(&value, WORD_UNESCAPE, &word);
                if (r > 0)
                        r = service_expand_specifiers(word, service->name, &text);
                if (word && r >= 0) {
                        r = service_environment_set(&service->environment, text_get(&text), place);
                        r = r < 0 ? r : 1;
                }
        }
        return r == -EINVAL ? 0 : r;
}

static void drop_environment_files(struct service *service) {
        for (size_t i = 0; i < service->n_environment_files; i++)
                free(service->environment_files[i].pattern);
        free(service->environment_files);
        service->environment_files = NULL;
        service->n_environment_files = 0;
}

static int read_environment_file(struct parser *parser, const char *value,
                                 const struct service_place *place) {
        struct service *service = parser->service;
        struct service_environment_file file = { .is_optional = *value == '-', .place = *place };
        CLEANUP(text_done) struct text text = { 0 };
        int r;

        if (*value == '\0') {
                drop_environment_files(service);
                return 0;
        }
        r = service_expand_specifiers(value + file.is_optional, service->name, &text);
        if (r < 0)
                return r;
        if (text_get(&text)[0] != '/')
                return 0;
        file.pattern = text_take(&text);
        r = file.pattern ? ARRAY_GROW(service->environment_files, service->n_environment_files)
                         : -ENOMEM;
        if (r < 0) {
                free(file.pattern);
                return r;
        }
        service->environment_files[service->n_environment_files++] = file;
        return 0;
}

static int read_unset(struct parser *parser, const char *value, const struct service_place *place) {
        struct service *service = parser->service;
        int r = 1;

        (void)place;
        if (*value == '\0') {
                strings_free(service->unset, service->n_unset);
                service->unset = NULL;
                service->n_unset = 0;
        }
        while (r > 0) {
                CLEANUP_FREE char *word = NULL;

                r = service_next_word(&value, WORD_UNESCAPE, &word);
                if (r > 0) {
                        r = strings_append(&service->unset, &service->n_unset, word);
                        r = r < 0 ? r : 1;
                }
        }
        return r == -EINVAL ? 0 : r;
}

/* ---- other settings ---- */

static const char *const of_the_namespace[] = {
        "RootDirectory",     "RootImage",   "BindPaths",
        "BindReadOnlyPaths", "MountImages", "TemporaryFileSystem",
        "ExtensionImages",   "RootMStack",  "ExtensionDirectories",
};

static void setting_done(struct service_setting *setting) {
        free(setting->key);
        free(setting->value);
}

static void drop_settings(struct service *service, const char *key) {
        size_t n = 0;

        for (size_t i = 0; i < service->n_settings; i++) {
                if (strcmp(service->settings[i].key, key) == 0)
                        setting_done(&service->settings[i]);
                else
                        service->settings[n++] = service->settings[i];
        }
        service->n_settings = n;
}

static int read_setting(struct parser *parser, const char *key, const char *value,
                        const struct service_place *place) {
        struct service *service = parser->service;
        struct service_setting setting = { .place = *place };
        int r;

        if (*value == '\0') {
                drop_settings(service, key);
                return 0;
        }
        setting.key = strdup(key);
        setting.value = strdup(value);
        r = setting.key && setting.value ? ARRAY_GROW(service->settings, service->n_settings)
                                         : -ENOMEM;
        if (r < 0) {
                setting_done(&setting);
                return r;
        }
        service->settings[service->n_settings++] = setting;
        return 0;
}

/* ---- lines ---- */

static int assign(struct parser *parser, const char *key, const char *value, unsigned line) {
        static const struct {
                const char *key;
                int (*read)(struct parser *parser, const char *value,
                            const struct service_place *place);
        } keys[] = {
                { "ExecStart", read_exec_start },
                { "Environment", read_environment },
                { "EnvironmentFile", read_environment_file },
                { "UnsetEnvironment", read_unset },
        };
        const struct service_place place = { parser->file, line };

        for (size_t i = 0; i < N_ELEMENTS(keys); i++)
                if (strcmp(keys[i].key, key) == 0)
                        return keys[i].read(parser, value, &place);
        for (size_t i = 0; i < N_ELEMENTS(of_the_namespace); i++)
                if (strcmp(of_the_namespace[i], key) == 0)
                        return read_setting(parser, key, value, &place);
        return 0;
}

static int read_line(struct parser *parser, char *text, unsigned line) {
        char *equals;
        size_t n;

        text = strip(text);
        n = strlen(text);
        if (n == 0 || !escape_is_utf8(text, n))
                return 0;
        if (*text == '[') {
                if (text[n - 1] != ']')
                        return set_problem(parser, line, "a section is not closed");
                parser->has_section = true;
                parser->is_service = strcmp(text, "[Service]") == 0;
                return 0;
        }
        equals = strchr(text, '=');
        if (!equals || equals == text || !parser->is_service)
                return 0;
        *equals = '\0';
        return assign(parser, strip(text), strip(equals + 1), line);
}

/* True if the last backslash of TEXT escapes its end. */
static bool is_continued(const char *text, size_t n) {
        bool is_escaped = false;

        for (size_t i = 0; i < n; i++)
                is_escaped = !is_escaped && text[i] == '\\';
        return is_escaped;
}

/* The length of the line at AT, and in *RET_END that of its end: \n, \r, NUL, or a pair of two of
 * them that differ. */
static size_t line_length(const char *at, size_t n, size_t *ret_end) {
        size_t length = 0;

        while (length < n && at[length] && at[length] != '\n' && at[length] != '\r')
                length++;
        *ret_end = length < n;
        if (length + 1 < n && at[length + 1] != at[length] &&
            (at[length + 1] == '\0' || at[length + 1] == '\n' || at[length + 1] == '\r'))
                *ret_end = 2;
        return length;
}

static int read_source(struct parser *parser, const struct service_source *source) {
        CLEANUP(text_done) struct text text = { 0 };
        static const char mark[] = "\xef\xbb\xbf";
        const char *at = source->data;
        size_t left = source->n_data, n_end;
        unsigned line = 0, begin = 0;
        int r = 0;

        if (left >= 3 && memcmp(at, mark, 3) == 0) {
                at += 3;
                left -= 3;
        }
        while (left > 0 && r == 0) {
                size_t n = line_length(at, left, &n_end), n_blank = 0;
                const char *here = at;

                at += n + n_end;
                left -= n + n_end;
                line++;
                while (n_blank < n && strchr(blanks, here[n_blank]))
                        n_blank++;
                if (n_blank < n && strchr("#;", here[n_blank]))
                        continue;
                if (text.n == 0)
                        begin = line;
                if (text_append_n(&text, here, n) < 0)
                        return -ENOMEM;
                if (is_continued(here, n)) { /* what was before it ends in a blank */
                        text.data[text.n - 1] = ' ';
                        continue;
                }
                if (text.n > 0)
                        r = read_line(parser, text.data, begin);
                text_done(&text);
        }
        if (r == 0 && text.n > 0)
                r = read_line(parser, text.data, begin);
        return r;
}

int service_parse(const char *name, const struct service_source *sources, size_t n_sources,
                  struct service *ret) {
        CLEANUP(service_done) struct service service = { .name = strdup(name) };
        int r = service.name ? 0 : -ENOMEM;

        for (size_t i = 0; i < n_sources && r == 0; i++) {
                struct parser parser = { .service = &service };

                r = service_intern(&service, sources[i].path, &parser.file);
                if (r == 0)
                        r = read_source(&parser, &sources[i]);
        }
        if (r < 0)
                return r;
        *ret = service;
        service = (struct service){ 0 };
        return 0;
}

void service_words_done(struct service_words *words) {
        for (size_t i = 0; i < words->n_items; i++) {
                free(words->items[i].text);
                free(words->items[i].variable);
        }
        free(words->items);
        *words = (struct service_words){ 0 };
}

void service_done(struct service *service) {
        drop_commands(service);
        drop_environment_files(service);
        service_environment_done(&service->environment);
        service_environment_done(&service->loaded);
        for (size_t i = 0; i < service->n_settings; i++)
                setting_done(&service->settings[i]);
        free(service->settings);
        strings_free(service->unset, service->n_unset);
        strings_free(service->files, service->n_files);
        free(service->problem);
        free(service->name);
        *service = (struct service){ 0 };
}
