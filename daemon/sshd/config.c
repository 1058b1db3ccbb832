/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading a configuration: pass 1 of sshd, which sees every line of the main file and of what it
 * includes.
 *
 * Each line becomes a directive of the model and is taken into the global state at once, since some
 * lines are fatal only because of what earlier ones set. Files are read once per Include pattern,
 * as sshd caches them.
 *
 * sshd stops at the first fatal line; what it merely counts as bad (an unknown keyword, extra
 * arguments) it collects until the end of that file. Both refuse the configuration. After the last
 * line come the checks that need the whole (checks.c). */

#include "loader.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "index.h"
#include "match.h"
#include "take.h"

enum {
        LINES_MAX = 1 << 20, /* of all files together: includes can multiply without bound */
};

/* A file while it is read: the block in force, and the one its Include stands in. */
struct scope {
        const struct sshd_file *file;
        const char *name; /* as messages call it */
        const struct sshd_block *inherited, *block;
        unsigned n_bad;
        unsigned bad_line; /* of the first */
        char *bad_reason;
        unsigned depth; /* of includes */
};

static void scope_done(struct scope *scope) {
        free(scope->bad_reason);
}

static bool is_active(const struct scope *scope) {
        return !scope->block || scope->block->is_global;
}

static int add_notice(struct loader *loader, struct reading *reading, const struct scope *scope,
                      const struct sshd_place *place) {
        struct sshd_config *config = loader->config;
        const struct keyword *keyword = reading->keyword;
        struct sshd_notice notice = {
                .place = *place,
                .block = scope->block,
                .is_global_only = !(keyword->flags & KEYWORD_IN_MATCH),
        };
        int r;

        arguments_consume(&reading->arguments);
        if (keyword->use == KEYWORD_IGNORED)
                return READING_DONE;
        notice.text = text_format(
                "%s option %s", keyword->use == KEYWORD_UNSUPPORTED ? "Unsupported" : "Deprecated",
                reading->name);
        if (!notice.text)
                return -ENOMEM;
        r = ARRAY_GROW(config->notices, config->n_notices);
        if (r < 0) {
                free(notice.text);
                return r;
        }
        config->notices[config->n_notices++] = notice;
        return reading_note(reading, "%s line %u: %s", reading->file, reading->line, notice.text);
}

static int add_block(struct loader *loader, struct reading *reading, struct scope *scope,
                     const struct sshd_place *place) {
        struct sshd_config *config = loader->config;
        struct sshd_block *block;
        int r;

        block = calloc(1, sizeof *block);
        if (!block)
                return -ENOMEM;
        r = ARRAY_GROW(config->blocks, config->n_blocks);
        if (r < 0) {
                free(block);
                return r;
        }
        block->index = config->n_blocks;
        config->blocks[config->n_blocks++] = block;
        block->place = *place;
        block->parent = scope->inherited;
        r = match_read(reading, block);
        if (r != READING_DONE)
                return r;
        block->is_global = block->always && (!block->parent || block->parent->is_global);
        scope->block = block;
        return READING_DONE;
}

/* sshd's own place for the reason of a late refusal. */
static int refuse_later(struct loader *loader, struct reading *reading,
                        const struct sshd_directive *directive, char *reason) {
        CLEANUP_FREE char *owned = reason;
        bool is_bare = directive->later.reason && directive->later.is_bare;
        int r = 0;

        (void)loader;
        if (directive->later.reason && directive->later.complaint)
                r = reading_complain(reading, "%s", directive->later.complaint);
        if (r < 0)
                return r;
        return is_bare ? reading_fatal_bare(reading, "%s", owned)
                       : reading_fatal(reading, "%s", owned);
}

static int index_directive(struct sshd_config *config, struct sshd_directive *directive) {
        struct sshd_slot *slot = &config->slots[directive->keyword->setting];
        int r = ARRAY_GROW(slot->directives, slot->n_directives);

        if (r < 0)
                return r;
        slot->directives[slot->n_directives++] = directive;
        return 0;
}

/* What is left after a directive's own arguments. */
static int check_rest(struct reading *reading) {
        const char *word;

        if (!reading->arguments.is_lazy)
                return arguments_has_more(&reading->arguments)
                               ? reading_bad(reading, "keyword %s extra arguments at end of line",
                                             reading->name)
                               : READING_DONE;
        word = arguments_next(&reading->arguments);
        if (word && *word)
                return reading_fatal(reading, "garbage at end of line; \"%.200s\".", word);
        return READING_DONE;
}

/* Where -p has given the ports, pass 1 does not even look at the port of a line; pass 2, which
 * knows nothing of -p, does where the line is in force. */
static int read_overruled(struct reading *reading) {
        CLEANUP(text_done) struct text unsaid = { 0 };
        struct text *messages = reading->messages;
        int r;

        reading->messages = &unsaid;
        r = reading->keyword->grammar->read(reading);
        if (r == READING_DONE)
                r = check_rest(reading);
        reading->messages = messages;
        if (r < 0)
                return r;
        reading->later->is_bad = r == READING_BAD;
        reading->later->reason = TAKE(reading->reason);
        arguments_consume(&reading->arguments);
        return READING_DONE;
}

/* Reads a setting; the directive belongs to the config from the start. */
static int add_directive(struct loader *loader, struct reading *reading, struct scope *scope,
                         const struct sshd_place *place) {
        struct sshd_config *config = loader->config;
        const struct keyword *keyword = reading->keyword;
        struct sshd_directive *directive;
        CLEANUP_FREE char *reason = NULL;
        enum setting guard;
        bool is_guarded, is_overruled;
        int r;

        is_overruled =
                keyword->setting == SETTING_PORT && loader->has_command_line_ports && place->file;
        if (is_overruled && !scope->block) {
                arguments_consume(&reading->arguments);
                return READING_DONE;
        }
        r = ARRAY_GROW(config->directives, config->n_directives);
        if (r < 0)
                return r;
        directive = calloc(1, sizeof *directive);
        if (!directive)
                return -ENOMEM;
        directive->index = config->n_directives;
        config->directives[config->n_directives++] = directive;
        directive->keyword = keyword;
        directive->place = *place;
        directive->block = scope->block;
        directive->name = strdup(reading->name);
        directive->text = TAKE(loader->text);
        reading->value = &directive->value;
        reading->later = &directive->later;
        if (!directive->name || !directive->text)
                return -ENOMEM;
        r = is_overruled ? read_overruled(reading) : keyword->grammar->read(reading);
        if (r != READING_DONE)
                return r;
        if (loader->is_again || is_overruled)
                return index_directive(config, directive);
        is_guarded =
                take_has_guard(keyword, &config->release, &guard) && config->global[guard].is_set;
        r = take_directive(&config->global[keyword->setting], directive, reading->is_active,
                           is_guarded, &config->release, &reason);
        if (r < 0)
                return r;
        directive->global_taking = r;
        if (r == TAKING_FATAL)
                return refuse_later(loader, reading, directive, TAKE(reason));
        return index_directive(config, directive);
}

static int read_file(struct loader *loader, const struct sshd_file *file, const char *name,
                     const struct sshd_block *inherited, unsigned depth);

/* The files of one pattern. While the first Include of a pattern is at work, another one of the
 * same text, in one of these files, finds those that are finished; if none is, it starts over.
 * Afterwards all are finished: pass 2 reads what includes itself again, until it is too deep. */
static int read_include_word(struct loader *loader, struct scope *scope, const char *word) {
        CLEANUP_FREE char *pattern = NULL;
        struct include_entry *entry;
        bool is_nested;
        size_t n;
        int r;

        pattern = *word == '/' || *word == '~' ? strdup(word) : text_format("/etc/ssh/%s", word);
        if (!pattern)
                return -ENOMEM;
        r = loader_glob(loader, pattern, &entry);
        if (r != READING_DONE)
                return r;
        is_nested = entry->n_done < entry->n_paths && entry->is_used;
        if (is_nested)
                loader->has_recursion = true;
        n = is_nested && entry->n_done > 0 ? entry->n_done : entry->n_paths;
        entry->is_used = true;
        /* an unreadable file is fatal after those before it were read */
        for (size_t i = 0; r == READING_DONE && i < n; i++) {
                const struct sshd_file *file;

                r = loader_read(loader, entry->paths[i], &file);
                if (r == READING_DONE)
                        r = read_file(loader, file, file->path, scope->block, scope->depth + 1);
                if (!is_nested && entry->n_done == i)
                        entry->n_done++;
        }
        return r;
}

static int read_include(struct loader *loader, struct reading *reading, struct scope *scope,
                        const struct sshd_place *place) {
        struct sshd_config *config = loader->config;
        bool is_old = reading->release->number < RELEASE_WORDING;
        size_t index = config->n_includes, n_words = 0;
        const char *word;
        int r;

        if (!place->file)
                return reading_fatal_bare(
                        reading, "Include directive not supported as a command-line option");
        r = ARRAY_GROW(config->includes, config->n_includes);
        if (r < 0)
                return r;
        config->includes[config->n_includes++] = (struct sshd_include){
                .place = *place,
                .block = scope->block,
                .first_directive = config->n_directives,
        };
        while ((word = arguments_next(&reading->arguments))) {
                if (*word == '\0' && is_old)
                        break;
                if (*word == '\0')
                        return reading_bad(reading, "keyword %s empty argument", reading->name);
                n_words++;
                r = read_include_word(loader, scope, word);
                if (r != READING_DONE)
                        return r;
                config->includes[index].n_directives =
                        config->n_directives - config->includes[index].first_directive;
        }
        if (n_words == 0)
                return reading_fatal(reading, "%s missing filename argument",
                                     is_old ? "Include" : reading->name);
        return READING_DONE;
}

static int read_keyword(struct loader *loader, struct reading *reading, struct scope *scope,
                        const struct sshd_place *place) {
        switch (reading->keyword->use) {
        case KEYWORD_MATCH:
                if (!place->file)
                        return reading_fatal_bare(
                                reading, "Match directive not supported as a command-line option");
                return add_block(loader, reading, scope, place);
        case KEYWORD_INCLUDE:
                return read_include(loader, reading, scope, place);
        case KEYWORD_SETTING:
        case KEYWORD_ALIAS:
                return add_directive(loader, reading, scope, place);
        default:
                return add_notice(loader, reading, scope, place);
        }
}

/* One line behind its keyword: process_server_config_line_depth(). */
static int read_arguments(struct loader *loader, struct reading *reading, struct scope *scope,
                          const struct sshd_place *place, char *rest) {
        const struct keyword *keyword;
        bool is_known;
        int r;

        keyword = keyword_find(reading->name, reading->release);
        is_known = keyword != NULL;
        if (!is_known) {
                r = reading_complain(reading, "%s: line %u: Bad configuration option: %s",
                                     reading->file, reading->line, reading->name);
                if (r < 0)
                        return r;
                reading->reason = text_format("Bad configuration option: %s", reading->name);
                if (!reading->reason)
                        return -ENOMEM;
        }
        reading->keyword = keyword;
        r = arguments_init(&reading->arguments, rest, reading->release);
        if (r == -EINVAL)
                return reading_bad(reading, "invalid quotes");
        if (r < 0)
                return r;
        if (!is_active(scope) && !(is_known && keyword->flags & KEYWORD_IN_MATCH) &&
            !loader->is_again)
                return reading_fatal(reading, "Directive '%s' is not allowed within a Match block",
                                     reading->name);
        if (!is_known)
                return READING_BAD;
        r = read_keyword(loader, reading, scope, place);
        return r == READING_DONE ? check_rest(reading) : r;
}

/* One line of text, which is cut up. Returns enum reading_result or a negative errno; the reason of
 * what is not READING_DONE goes to *reterr_reason, unless an included file has refused already. */
static int read_line(struct loader *loader, struct scope *scope, const struct sshd_place *place,
                     char *text, char **reterr_reason) {
        struct reading reading = {
                .release = &loader->config->release,
                .environment = &loader->config->environment,
                .accounts = loader->source->accounts,
                .cwd = loader->source->cwd ? loader->source->cwd : "/",
                .file = scope->name,
                .line = place->file ? place->line : 0,
                .is_active = is_active(scope),
                .log_limit = loader->config->log_limit,
                .messages = &loader->config->messages,
        };
        size_t n = strlen(text);
        char *rest = text, *name;
        int r;

        while (n > 1 && strchr(" \t\r\n\f", text[n - 1]))
                text[--n] = '\0';
        if (n == 0 || *text == '#')
                return READING_DONE;
        free(loader->text);
        loader->text = strdup(text);
        if (!loader->text)
                return -ENOMEM;
        name = lexer_delimit(&rest, false);
        if (name && *name == '\0')
                name = lexer_delimit(&rest, false);
        if (!name || *name == '\0' || *name == '#')
                return READING_DONE;
        reading.name = name;
        if (reading.release->number >= RELEASE_WORDING && (!rest || *rest == '\0'))
                r = reading_bad(&reading, "no argument after keyword \"%s\"", name);
        else
                r = read_arguments(loader, &reading, scope, place, rest);
        arguments_done(&reading.arguments);
        if (r > 0 && !loader->config->refusal)
                *reterr_reason = TAKE(reading.reason);
        free(reading.reason);
        return r;
}

static int count_bad(struct scope *scope, unsigned line, char *reason) {
        scope->n_bad++;
        if (scope->bad_reason) {
                free(reason);
                return READING_DONE;
        }
        scope->bad_line = line;
        scope->bad_reason = reason;
        return READING_DONE;
}

static int finish_file(struct loader *loader, struct scope *scope) {
        CLEANUP_FREE char *total = NULL;
        int r;

        if (scope->n_bad == 0)
                return READING_DONE;
        total = text_format("%s: terminating, %u bad configuration options", scope->name,
                            scope->n_bad);
        r = total ? log_append(&loader->config->messages, loader->config->log_limit,
                               LOG_LEVEL_FATAL, total)
                  : -ENOMEM;
        return r < 0 ? r
                     : loader_refuse(loader, scope->name, scope->bad_line, TAKE(scope->bad_reason),
                                     STATUS_FATAL);
}

static int read_file(struct loader *loader, const struct sshd_file *file, const char *name,
                     const struct sshd_block *inherited, unsigned depth) {
        CLEANUP(scope_done)
        struct scope scope = { .file = file,
                               .name = name,
                               .inherited = inherited,
                               .block = inherited,
                               .depth = depth };
        struct lexer lexer;
        struct lexer_line line;
        int r;

        if (depth > SSHD_INCLUDE_DEPTH_MAX)
                return loader_refuse_bare(loader,
                                          strdup("Too many recursive configuration includes"));
        lexer_init(&lexer, file->data, file->n_data, &loader->config->release);
        while ((r = lexer_next(&lexer, &line)) > 0) {
                struct sshd_place place = { .file = file,
                                            .is_included = depth > 0,
                                            .line = line.line,
                                            .begin = line.begin,
                                            .end = line.end };
                char *reason = NULL;

                place.sequence = ++loader->n_lines;
                if (loader->n_lines > LINES_MAX)
                        r = -E2BIG;
                else
                        r = read_line(loader, &scope, &place, line.text, &reason);
                free(line.text);
                if (r == READING_BAD)
                        r = count_bad(&scope, line.line, reason);
                else if (r == READING_FATAL && !loader->config->refusal)
                        r = loader_refuse(loader, name, line.line, reason, STATUS_FATAL);
                if (r != READING_DONE)
                        return r;
        }
        return r < 0 ? r : finish_file(loader, &scope);
}

/* -p PORT, read by main() itself. */
static int read_port_option(struct loader *loader, const char *text,
                            const struct sshd_place *place) {
        CLEANUP_FREE char *line = text_format("Port %s", text);
        size_t n_messages = loader->config->messages.n;
        struct scope scope = { .name = "command-line" };
        char *reason = NULL;
        int r;

        if (!line)
                return -ENOMEM;
        r = read_line(loader, &scope, place, line, &reason);
        free(reason);
        loader->has_command_line_ports = true;
        if (r <= 0)
                return r;
        loader->config->messages.n = n_messages;
        r = text_append(&loader->config->messages, "Bad port number.\n");
        return r < 0 ? r
                     : loader_refuse(loader, "command-line", place->line,
                                     strdup("Bad port number."), 1);
}

static int read_overrides(struct loader *loader) {
        const struct sshd_source *source = loader->source;

        for (size_t i = 0; i < source->n_overrides; i++) {
                struct scope scope = { .name = "command-line" };
                struct sshd_place place = { .line = (unsigned)i + 1 };
                CLEANUP_FREE char *line = NULL;
                char *reason = NULL;
                int r;

                if (strncmp(source->overrides[i], "-p", 2) == 0) {
                        r = read_port_option(loader, source->overrides[i] + 2, &place);
                        if (r != READING_DONE)
                                return r;
                        continue;
                }
                line = strdup(source->overrides[i]);
                if (!line)
                        return -ENOMEM;
                r = read_line(loader, &scope, &place, line, &reason);
                if (r > 0)
                        r = loader_refuse(loader, "command-line", place.line, reason,
                                          r == READING_BAD ? 1 : STATUS_FATAL);
                if (r != READING_DONE)
                        return r;
        }
        return READING_DONE;
}

static int config_new(const struct sshd_source *source, const struct sshd_environment *environment,
                      struct sshd_config **ret_config) {
        CLEANUP(cleanup_config) struct sshd_config *config = calloc(1, sizeof *config);

        if (!config)
                return -ENOMEM;
        config->release = source->release;
        config->environment = *environment;
        config->path = source->path ? strdup(source->path) : NULL;
        config->global = calloc(N_SETTINGS, sizeof *config->global);
        config->slots = calloc(N_SETTINGS, sizeof *config->slots);
        config->n_slots = N_SETTINGS;
        config->log_limit = LOG_LEVEL_INFO;
        if ((source->path && !config->path) || !config->global || !config->slots)
                return -ENOMEM;
        *ret_config = TAKE(config);
        return 0;
}

/* Pass 2 of a configuration that includes itself sees more lines than pass 1 did, and ends where it
 * is too deep. The files stay those of pass 1. */
static int read_again(struct loader *first) {
        CLEANUP(cleanup_config) struct sshd_config *again = NULL;
        struct sshd_config *config = first->config;
        const struct sshd_file *main_file;
        struct loader loader;
        int r;

        r = config_new(first->source, &config->environment, &again);
        if (r == 0)
                r = loader_read(first, config->path, &main_file);
        if (r < 0)
                return r;
        again->log_limit = config->log_limit;
        loader = *first;
        loader.config = again;
        loader.text = NULL;
        loader.is_again = true;
        loader.n_lines = 0;
        r = read_file(&loader, main_file, config->path, NULL, 0);
        free(loader.text);
        if (r < 0)
                return r;
        if (r == READING_DONE)
                return r;
        r = block_index_new(again, &again->index);
        if (r < 0)
                return r;
        again->end = loader.n_lines;
        config->again = TAKE(again);
        return READING_DONE;
}

static int load(struct loader *loader) {
        struct sshd_config *config = loader->config;
        const struct sshd_file *main_file;
        int r;

        r = read_overrides(loader);
        if (config->global[SETTING_LOG_LEVEL].is_set)
                config->log_limit = (int)config->global[SETTING_LOG_LEVEL].numbers[0];
        if (r == READING_DONE && !config->path)
                return READING_DONE;
        if (r == READING_DONE && strcasecmp(config->path, "none") != 0) {
                r = loader_read(loader, config->path, &main_file);
                if (r == READING_DONE)
                        r = read_file(loader, main_file, config->path, NULL, 0);
        }
        if (r == READING_DONE)
                r = checks_run(loader);
        return r == READING_DONE && loader->has_recursion ? read_again(loader) : r;
}

int sshd_config_load(const struct sshd_source *source, const struct sshd_environment *environment,
                     struct sshd_config **ret_config) {
        CLEANUP(cleanup_config) struct sshd_config *config = NULL;
        struct loader loader = { .source = source };
        int r;

        r = config_new(source, environment, &config);
        if (r < 0)
                return r;
        loader.config = config;
        r = load(&loader);
        loader_done(&loader);
        if (r < 0)
                return r;
        if (config->refusal) {
                config->refusal->message = strdup(text_get(&config->messages));
                if (!config->refusal->message)
                        return -ENOMEM;
        }
        r = block_index_new(config, &config->index);
        if (r == 0 && !config->refusal)
                r = listen_resolve_again(config);
        if (r == 0 && !config->refusal)
                r = checks_mark_deadly(config);
        if (r == 0)
                r = named_paths_collect(config);
        if (r < 0)
                return r;
        *ret_config = TAKE(config);
        return 0;
}
