/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The loaded configuration as an object: what others may ask of it, and its end. */

#include "loader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "index.h"
#include "match.h"

void sshd_refusal_free(struct sshd_refusal *refusal) {
        if (!refusal)
                return;
        free(refusal->file);
        free(refusal->message);
        free(refusal->reason);
        free(refusal);
}

static void file_free(struct sshd_file *file) {
        if (!file)
                return;
        free(file->path);
        free(file->data);
        free(file);
}

static void directive_free(struct sshd_directive *directive) {
        if (!directive)
                return;
        free(directive->name);
        free(directive->text);
        value_done(&directive->value);
        free(directive->later.complaint);
        free(directive->later.reason);
        free(directive);
}

static void named_paths_free(struct sshd_config *config) {
        for (size_t i = 0; i < config->n_named_paths; i++) {
                char *path;

                memcpy(&path, &config->named_paths[i].path, sizeof path);
                free(path);
        }
        free(config->named_paths);
}

void sshd_config_free(struct sshd_config *config) {
        if (!config)
                return;
        sshd_config_free(config->again);
        for (size_t i = 0; config->global && i < config->n_slots; i++)
                state_done(&config->global[i]);
        free(config->global);
        for (size_t i = 0; config->slots && i < config->n_slots; i++)
                free(config->slots[i].directives);
        free(config->slots);
        for (size_t i = 0; i < config->n_directives; i++)
                directive_free(config->directives[i]);
        free(config->directives);
        for (size_t i = 0; i < config->n_blocks; i++) {
                sshd_block_done(config->blocks[i]);
                free(config->blocks[i]);
        }
        free(config->blocks);
        for (size_t i = 0; i < config->n_files; i++)
                file_free(config->files[i]);
        free(config->files);
        for (size_t i = 0; i < config->n_notices; i++)
                free(config->notices[i].text);
        free(config->notices);
        named_paths_free(config);
        strings_free(config->globs, config->n_globs);
        strings_free(config->listen_addresses, config->n_listen_addresses);
        free(config->listen_reason);
        free(config->includes);
        text_done(&config->messages);
        block_index_free(config->index);
        sshd_refusal_free(config->refusal);
        free(config->path);
        free(config);
}

const struct sshd_refusal *sshd_config_refusal(const struct sshd_config *config) {
        return config->refusal;
}

const char *sshd_config_messages(const struct sshd_config *config) {
        return text_get(&config->messages);
}

const struct sshd_release *sshd_config_release(const struct sshd_config *config) {
        return &config->release;
}

size_t sshd_config_n_files(const struct sshd_config *config) {
        return config->n_files;
}

const char *sshd_config_file(const struct sshd_config *config, size_t i) {
        return config->files[i]->path;
}

size_t sshd_config_n_globs(const struct sshd_config *config) {
        return config->n_globs;
}

const char *sshd_config_glob(const struct sshd_config *config, size_t i) {
        return config->globs[i];
}

const struct sshd_slot *sshd_config_slot(const struct sshd_config *config, const char *keyword) {
        const struct keyword *row = keyword_find(keyword, &config->release);

        return row && row->setting != SETTING_NONE ? &config->slots[row->setting] : NULL;
}

size_t sshd_config_named_paths(const struct sshd_config *config,
                               const struct sshd_named_path **ret) {
        *ret = config->named_paths;
        return config->n_named_paths;
}

/* The program of a command line: its first word, if that is an absolute path. */
static char *program_of(const char *command) {
        size_t quote = *command == '"' || *command == '\'';
        size_t n = quote ? strcspn(command + 1, "\"'") : strcspn(command, " \t");

        return command[quote] == '/' ? strndup(command + quote, n) : NULL;
}

static int add_named_path(struct sshd_config *config, const struct sshd_directive *directive,
                          const struct keyword *row, const char *text) {
        bool is_command = strcmp(row->names, "command") == 0;
        char *path;
        int r;

        if (strcasecmp(text, "none") == 0 || strcasecmp(text, "internal") == 0 || *text == '\0')
                return 0;
        if (is_command && *text != '/' && *text != '"' && *text != '\'')
                return 0;
        path = is_command ? program_of(text) : strdup(text);
        if (!path)
                return is_command && text[1] != '/' ? 0 : -ENOMEM;
        r = ARRAY_GROW(config->named_paths, config->n_named_paths);
        if (r < 0) {
                free(path);
                return r;
        }
        config->named_paths[config->n_named_paths++] = (struct sshd_named_path){
                .keyword = row->lower_name,
                .path = path,
                .file = directive->place.file ? directive->place.file->path : "command-line",
                .line = directive->place.line,
        };
        return 0;
}

int named_paths_collect(struct sshd_config *config) {
        for (size_t i = 0; i < config->n_directives; i++) {
                const struct sshd_directive *directive = config->directives[i];
                const struct keyword *row;

                row = keyword_own_row(directive->keyword, &config->release);
                if (!row || !row->names)
                        continue;
                for (size_t k = 0; k < directive->value.n_strings; k++) {
                        int r = add_named_path(config, directive, row, directive->value.strings[k]);

                        if (r < 0)
                                return r;
                }
        }
        return 0;
}
