/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Private copies. Only the arguments of Include lines change; every other byte, and with it every
 * line number sshd may complain about, stays. */

#include "sshd/mirror.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "lexer.h"
#include "model.h"

/* servconf.c: a relative Include is relative to here, not to its file. */
static const char include_base[] = "/etc/ssh/";

void sshd_mirror_done(struct sshd_mirror *mirror) {
        for (size_t i = 0; i < mirror->n_files; i++) {
                free(mirror->files[i].path);
                free(mirror->files[i].data);
        }
        free(mirror->files);
        *mirror = (struct sshd_mirror){ 0 };
}

/* Appends the keyword and its arguments, each under PREFIX. */
static int append_words(struct text *text, struct arguments *arguments, const char *prefix) {
        char *word;

        (void)text_append(text, "Include");
        while ((word = arguments_next(arguments))) {
                CLEANUP_FREE char *copy =
                        text_format("%s%s%s", prefix, word[0] == '/' ? "" : include_base, word);
                CLEANUP_FREE char *quoted = copy ? lexer_join(&copy, 1, true) : NULL;

                if (!quoted)
                        return -ENOMEM;
                (void)text_append_char(text, ' ');
                (void)text_append(text, quoted);
        }
        return text_error(text);
}

static int append_include(struct text *text, const struct sshd_config *config,
                          const struct sshd_place *place, const char *prefix) {
        struct lexer lexer;
        struct lexer_line line = { 0 };
        struct arguments arguments = { 0 };
        char *rest;
        int r;

        lexer_init(&lexer, place->file->data + place->begin, place->end - place->begin,
                   &config->release);
        r = lexer_next(&lexer, &line);
        if (r <= 0)
                return r;
        rest = line.text;
        (void)lexer_delimit(&rest, false);
        r = arguments_init(&arguments, rest, &config->release);
        if (r == 0)
                r = append_words(text, &arguments, prefix);
        arguments_done(&arguments);
        free(line.text);
        return r;
}

/* The Include line of FILE that begins at or after OFFSET, nearest first; NULL if there is none. */
static const struct sshd_place *next_include(const struct sshd_config *config,
                                             const struct sshd_file *file, size_t offset) {
        const struct sshd_place *next = NULL;

        for (size_t i = 0; i < config->n_includes; i++) {
                const struct sshd_place *place = &config->includes[i].place;

                if (place->file == file && place->begin >= offset &&
                    (!next || place->begin < next->begin))
                        next = place;
        }
        return next;
}

static int mirror_file(const struct sshd_config *config, const struct sshd_file *file,
                       const char *prefix, struct sshd_mirror *mirror) {
        CLEANUP(text_done) struct text text = { 0 };
        struct sshd_mirror_file copy = { .path = text_format("%s%s", prefix, file->path) };
        const struct sshd_place *include;
        size_t offset = 0;
        int r = copy.path ? 0 : -ENOMEM;

        while (r == 0 && (include = next_include(config, file, offset))) {
                (void)text_append_n(&text, file->data + offset, include->begin - offset);
                r = append_include(&text, config, include, prefix);
                offset = include->end;
        }
        if (r == 0)
                r = text_append_n(&text, file->data + offset, file->n_data - offset);
        if (r == 0)
                r = ARRAY_GROW(mirror->files, mirror->n_files);
        copy.n_data = text.n;
        if (r == 0) {
                copy.data = text_take(&text);
                r = copy.data ? 0 : -ENOMEM;
        }
        if (r < 0) {
                free(copy.path);
                return r;
        }
        mirror->files[mirror->n_files++] = copy;
        return 0;
}

int sshd_mirror_new(const struct sshd_config *config, const char *prefix, struct sshd_mirror *ret) {
        CLEANUP(sshd_mirror_done) struct sshd_mirror mirror = { 0 };

        for (size_t i = 0; i < config->n_files; i++) {
                int r = mirror_file(config, config->files[i], prefix, &mirror);

                if (r < 0)
                        return r;
        }
        *ret = mirror;
        mirror = (struct sshd_mirror){ 0 };
        return 0;
}
