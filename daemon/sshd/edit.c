/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Edits of a configuration: as few lines as possible, everything else byte for byte.
 *
 * A line that wins is rewritten from its first argument on; its indentation, its keyword as it was
 * spelled, what separates them and a trailing comment stay. A keyword that nothing sets gets a line
 * of its own before the first Match of the main file: behind it the line would belong to the block.
 * Where lines add up, each loses the elements that are not wanted, and what is missing joins the
 * first; of keywords that take one element per line, a line that has to go makes room for what is
 * missing. A line of which nothing is wanted is commented out, so what was there can be read. */

#include "sshd/edit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "evaluate.h"
#include "lexer.h"
#include "model.h"
#include "sshd/keywords.h"
#include "table.h"

void sshd_edit_done(struct sshd_edit *edit) {
        free(edit->path);
        free(edit->data);
        *edit = (struct sshd_edit){ 0 };
}

/* ---- one line ---- */

/* What a line consists of, as offsets into its text. */
struct anatomy {
        size_t arguments; /* where the first argument begins */
        size_t tail;      /* where the blanks and the comment behind the last argument begin */
};

static bool is_blank(char c) {
        return c == ' ' || c == '\t' || c == '\r';
}

/* Skips one token with its quotes; OFFSET is at its first byte. */
static size_t skip_token(const char *text, size_t n, size_t offset) {
        char quote = '\0';

        for (; offset < n; offset++) {
                char c = text[offset];

                if (c == '\\' && offset + 1 < n)
                        offset++;
                else if (quote)
                        quote = c == quote ? '\0' : quote;
                else if (c == '"' || c == '\'')
                        quote = c;
                else if (is_blank(c))
                        break;
        }
        return offset;
}

/* The bytes of a line that say something: a NUL byte hides what is behind it, and its line end. */
static size_t visible_length(const char *text, size_t n) {
        const char *end = memchr(text, '\0', n), *glued;

        if (!end)
                return n;
        glued = memchr(end, '\n', n - (size_t)(end - text));
        for (; glued && glued < text + n; glued++)
                if (!is_blank(*glued) && *glued != '\n')
                        return n;
        return (size_t)(end - text);
}

static struct anatomy dissect(const char *text, size_t n, bool is_raw) {
        struct anatomy anatomy = { 0 };
        size_t offset = 0;
        bool is_quoted;

        while (offset < n && (is_blank(text[offset]) || text[offset] == '='))
                offset++;
        while (offset < n && !is_blank(text[offset]) && !strchr("=\"", text[offset]))
                offset++;
        is_quoted = offset < n && text[offset] == '"';
        while (is_quoted && ++offset < n && text[offset] != '"')
                ;
        offset += is_quoted && offset < n;
        while (offset < n && is_blank(text[offset]))
                offset++;
        if (offset < n && text[offset] == '=' && !is_quoted)
                offset++;
        while (offset < n && is_blank(text[offset]))
                offset++;
        anatomy.arguments = anatomy.tail = offset;
        while (offset < n && (is_raw || text[offset] != '#')) {
                anatomy.tail = skip_token(text, n, offset);
                for (offset = anatomy.tail; offset < n && is_blank(text[offset]); offset++)
                        ;
        }
        return anatomy;
}

/* Keywords whose value is the rest of the line, quotes and all. */
static bool is_raw(const struct keyword *keyword) {
        return keyword->grammar == &grammar_raw_command ||
               keyword->grammar == &grammar_absolute_command ||
               keyword->grammar == &grammar_version_addendum;
}

/* Keywords of which each value is one argument, blanks and all. */
static bool is_one_word(const struct keyword *keyword) {
        enum sshd_value_kind kind = keyword->grammar->kind;

        return (kind == SSHD_VALUE_LIST || kind == SSHD_VALUE_TEXT) && !is_raw(keyword) &&
               keyword->grammar != &grammar_subsystem;
}

static int append_values(struct text *text, const struct keyword *keyword,
                         const struct sshd_wanted *wanted) {
        for (size_t i = 0; i < wanted->n_values; i++) {
                CLEANUP_FREE char *value = strdup(wanted->values[i]);
                CLEANUP_FREE char *quoted = NULL;

                if (!value)
                        return -ENOMEM;
                if (i > 0)
                        (void)text_append_char(text, keyword->layout == LAYOUT_COMMAS ? ',' : ' ');
                if (is_one_word(keyword) && strpbrk(value, " \t\\\"'"))
                        quoted = lexer_join(&value, 1, true);
                else if (!is_raw(keyword) && (!value[0] || value[0] == '#'))
                        quoted = text_format("\"%s\"", value);
                else
                        quoted = TAKE(value);
                if (!quoted)
                        return -ENOMEM;
                (void)text_append(text, quoted);
        }
        return text_error(text);
}

/* ---- one file ---- */

/* Replaces the bytes BEGIN..END of a file by TEXT. */
static int replace_bytes(const struct sshd_file *file, size_t begin, size_t end,
                         const struct text *text, struct sshd_edit *ret) {
        struct text data = { 0 };
        unsigned line = 1;

        (void)text_append_n(&data, file->data, begin);
        (void)text_append_n(&data, text_get(text), text->n);
        (void)text_append_n(&data, file->data + end, file->n_data - end);
        for (size_t i = 0; i < begin; i++)
                line += file->data[i] == '\n';
        ret->n_data = data.n;
        ret->data = text_take(&data);
        ret->path = strdup(file->path);
        ret->line = line;
        if (ret->data && ret->path)
                return 0;
        sshd_edit_done(ret);
        return -ENOMEM;
}

/* What arguments need around them where the line has had none (`AcceptEnv`, `DenyUsers # x`). */
static bool needs_blank_before(const char *line, const struct anatomy *anatomy) {
        return anatomy->tail == anatomy->arguments && anatomy->arguments > 0 &&
               !is_blank(line[anatomy->arguments - 1]) && line[anatomy->arguments - 1] != '=';
}

static bool needs_blank_behind(const char *line, size_t n, const struct anatomy *anatomy) {
        return anatomy->tail == anatomy->arguments && anatomy->tail < n &&
               !is_blank(line[anatomy->tail]);
}

static int rewrite_line(const struct sshd_directive *directive, const struct sshd_wanted *wanted,
                        struct sshd_edit *ret) {
        CLEANUP(text_done) struct text text = { 0 };
        const struct sshd_place *place = &directive->place;
        const char *line = place->file->data + place->begin;
        size_t n = visible_length(line, place->end - place->begin);
        struct anatomy anatomy = dissect(line, n, is_raw(directive->keyword));
        int r;

        if (needs_blank_before(line, &anatomy) && text_append_char(&text, ' ') < 0)
                return -ENOMEM;
        r = append_values(&text, directive->keyword, wanted);
        if (r == 0 && needs_blank_behind(line, n, &anatomy))
                r = text_append_char(&text, ' ');
        if (r < 0)
                return r;
        return replace_bytes(place->file, place->begin + anatomy.arguments,
                             place->begin + anatomy.tail, &text, ret);
}

/* Makes a comment of a line; of one that a NUL byte glued to the next, nothing. */
static int take_out(const struct sshd_place *place, struct sshd_edit *ret) {
        CLEANUP(text_done) struct text sign = { 0 };
        CLEANUP(text_done) struct text nothing = { 0 };
        const char *line = place->file->data + place->begin;
        size_t end = place->end, n = end - place->begin;

        if (visible_length(line, n) < n || !memchr(line, '\0', n)) {
                int r = text_append_char(&sign, '#');

                return r < 0 ? r
                             : replace_bytes(place->file, place->begin, place->begin, &sign, ret);
        }
        if (end < place->file->n_data && place->file->data[end] == '\r')
                end++;
        if (end < place->file->n_data && place->file->data[end] == '\n')
                end++;
        return replace_bytes(place->file, place->begin, end, &nothing, ret);
}

/* ---- where a new line goes ---- */

static size_t line_begin(const struct sshd_file *file, size_t offset) {
        while (offset > 0 && file->data[offset - 1] != '\n')
                offset--;
        return offset;
}

/* Before the first Match of the main file; at its end if there is none. */
static size_t insertion_point(const struct sshd_config *config, const struct sshd_file *file) {
        size_t offset = file->n_data;

        for (size_t i = 0; i < config->n_blocks; i++) {
                const struct sshd_place *place = &config->blocks[i]->place;

                if (place->file == file && place->begin < offset)
                        offset = line_begin(file, place->begin);
        }
        return offset;
}

static int insert_line(const struct sshd_config *config, const struct keyword *keyword,
                       const struct sshd_wanted *wanted, struct sshd_edit *ret) {
        CLEANUP(text_done) struct text text = { 0 };
        const struct sshd_file *file = config->n_files > 0 ? config->files[0] : NULL;
        size_t offset;
        int r;

        if (!file || wanted->n_values == 0)
                return -ENOTSUP; /* nothing says that there is none */
        offset = insertion_point(config, file);
        if (offset > 0 && file->data[offset - 1] != '\n')
                (void)text_append_char(&text, '\n');
        (void)text_append(&text, keyword->name);
        (void)text_append_char(&text, ' ');
        r = append_values(&text, keyword, wanted);
        if (r < 0)
                return r;
        (void)text_append_char(&text, '\n');
        return replace_bytes(file, offset, offset, &text, ret);
}

/* ---- lines that add up ---- */

static bool is_wanted(const struct sshd_wanted *wanted, const char *value) {
        for (size_t i = 0; i < wanted->n_values; i++)
                if (strcmp(wanted->values[i], value) == 0)
                        return true;
        return false;
}

/* The wanted elements of one line, in its own order. */
static int keep_wanted(const struct sshd_directive *directive, const struct sshd_wanted *wanted,
                       char ***ret_kept, size_t *ret_n_kept) {
        for (size_t i = 0; i < directive->value.n_strings; i++) {
                int r = is_wanted(wanted, directive->value.strings[i])
                                ? strings_append(ret_kept, ret_n_kept, directive->value.strings[i])
                                : 0;

                if (r < 0)
                        return r;
        }
        return 0;
}

static bool counts(const struct sshd_directive *directive, const bool *active, bool in_blocks) {
        if (in_blocks)
                return directive->block && active[directive->block->index];
        return !directive->block || directive->block->always;
}

static bool is_given(const struct sshd_slot *slot, const bool *active, bool in_blocks,
                     const char *value) {
        for (size_t i = 0; i < slot->n_directives; i++)
                for (size_t j = 0; j < slot->directives[i]->value.n_strings; j++)
                        if (counts(slot->directives[i], active, in_blocks) &&
                            strcmp(slot->directives[i]->value.strings[j], value) == 0)
                                return true;
        return false;
}

static int edit_list_line(const struct sshd_directive *directive, const struct sshd_wanted *wanted,
                          char *const *missing, size_t n_missing, struct sshd_edit *ret) {
        char **kept = NULL;
        size_t n_kept = 0;
        int r = keep_wanted(directive, wanted, &kept, &n_kept);

        for (size_t i = 0; i < n_missing && r == 0; i++)
                r = strings_append(&kept, &n_kept, missing[i]);
        if (r == 0 && n_kept == 0)
                r = take_out(&directive->place, ret);
        else if (r == 0)
                r = rewrite_line(directive,
                                 &(struct sshd_wanted){ (const char *const *)kept, n_kept }, ret);
        strings_free(kept, n_kept);
        return r;
}

/* The first line of the list that has to change; 1 if none has. */
static int edit_list(const struct sshd_slot *slot, const bool *active, bool in_blocks,
                     const struct sshd_wanted *wanted, struct sshd_edit *ret) {
        char **missing = NULL;
        size_t n_missing = 0;
        int r = 0;

        for (size_t i = 0; i < wanted->n_values && r == 0; i++)
                if (!is_given(slot, active, in_blocks, wanted->values[i]))
                        r = strings_append(&missing, &n_missing, wanted->values[i]);
        for (size_t i = 0; i < slot->n_directives && r == 0; i++) {
                const struct sshd_directive *directive = slot->directives[i];
                bool has_unwanted = false;

                if (!counts(directive, active, in_blocks))
                        continue;
                for (size_t j = 0; j < directive->value.n_strings; j++)
                        has_unwanted =
                                has_unwanted || !is_wanted(wanted, directive->value.strings[j]);
                if (!has_unwanted && n_missing == 0)
                        continue;
                r = directive->place.file
                            ? edit_list_line(directive, wanted, missing, n_missing, ret)
                            : -ENOTSUP;
                strings_free(missing, n_missing);
                return r;
        }
        strings_free(missing, n_missing);
        return r < 0 ? r : 1;
}

/* ---- one element per line ---- */

static bool has_active_block(const struct sshd_slot *slot, const bool *active) {
        for (size_t i = 0; i < slot->n_directives; i++)
                if (slot->directives[i]->block && active[slot->directives[i]->block->index])
                        return true;
        return false;
}

static bool is_one_per_line(const struct keyword *keyword) {
        switch (keyword->setting) {
        case SETTING_PORT:
        case SETTING_HOST_KEY:
        case SETTING_HOST_CERTIFICATE:
        case SETTING_LISTEN_ADDRESS:
        case SETTING_SUBSYSTEM:
                return true;
        default:
                return false;
        }
}

/* The element as `sshd -T` prints it, but for a blank at its end; NULL: out of memory. */
static char *element_of(const struct sshd_directive *directive) {
        return lexer_join(directive->value.strings, directive->value.n_strings, false);
}

static bool is_element(const char *element, const char *wanted) {
        size_t n = strlen(wanted);

        while (n > 0 && wanted[n - 1] == ' ')
                n--;
        return strlen(element) == n && memcmp(element, wanted, n) == 0;
}

/* The first wanted element that no line gives; NULL if there is none. */
static int find_missing(const struct sshd_slot *slot, const bool *active, bool in_blocks,
                        const struct sshd_wanted *wanted, const char **ret) {
        *ret = NULL;
        for (size_t i = 0; i < wanted->n_values; i++) {
                bool is_there = false;

                for (size_t k = 0; k < slot->n_directives && !is_there; k++) {
                        CLEANUP_FREE char *element = element_of(slot->directives[k]);

                        if (!element)
                                return -ENOMEM;
                        is_there = counts(slot->directives[k], active, in_blocks) &&
                                   is_element(element, wanted->values[i]);
                }
                if (!is_there) {
                        *ret = wanted->values[i];
                        return 0;
                }
        }
        return 0;
}

static int edit_lines(const struct sshd_config *config, const struct keyword *keyword,
                      const bool *active, const struct sshd_wanted *wanted, struct sshd_edit *ret) {
        const struct sshd_slot *slot = sshd_config_slot(config, keyword->name);
        bool in_blocks = has_active_block(slot, active);
        const char *missing;
        int r = find_missing(slot, active, in_blocks, wanted, &missing);
        const struct sshd_wanted one = { &missing, missing != NULL };

        for (size_t i = 0; i < slot->n_directives && r == 0; i++) {
                const struct sshd_directive *directive = slot->directives[i];
                CLEANUP_FREE char *element = element_of(directive);
                bool is_right = false;

                if (!element)
                        return -ENOMEM;
                for (size_t k = 0; k < wanted->n_values; k++)
                        is_right = is_right || is_element(element, wanted->values[k]);
                if (is_right || !counts(directive, active, in_blocks))
                        continue;
                if (!directive->place.file)
                        return -ENOTSUP;
                return missing ? rewrite_line(directive, &one, ret)
                               : take_out(&directive->place, ret);
        }
        if (r < 0)
                return r;
        return missing ? insert_line(config, keyword, &one, ret) : -ENOTSUP;
}

/* ---- the edit ---- */

/* The directive behind a winning line. */
static const struct sshd_directive *find_winner(const struct sshd_slot *slot,
                                                const struct sshd_line *line) {
        for (size_t i = 0; i < slot->n_directives; i++) {
                const struct sshd_place *place = &slot->directives[i]->place;

                if (place->file && place->line == line->line &&
                    strcmp(place->file->path, line->file) == 0)
                        return slot->directives[i];
        }
        return NULL;
}

static int edit_setting(const struct sshd_config *config, const struct keyword *keyword,
                        const bool *active, const struct sshd_wanted *wanted,
                        struct sshd_edit *ret) {
        const struct sshd_slot *slot = sshd_config_slot(config, keyword->name);
        struct sshd_setting setting = { 0 };
        const struct sshd_directive *winner;
        int r;

        if (is_one_per_line(keyword))
                return edit_lines(config, keyword, active, wanted, ret);
        if (keyword->repeat == REPEAT_APPEND) {
                r = edit_list(slot, active, has_active_block(slot, active), wanted, ret);
                return r == 1 ? insert_line(config, keyword, wanted, ret) : r;
        }
        r = sshd_setting_evaluate(config, keyword, active, &setting, NULL);
        if (r < 0)
                return r;
        winner = setting.is_default ? NULL : find_winner(slot, &setting.winner);
        if (setting.is_default)
                r = insert_line(config, keyword, wanted, ret);
        else if (!winner)
                r = -ENOTSUP; /* it stands on the command line */
        else if (wanted->n_values == 0)
                r = take_out(&winner->place, ret);
        else
                r = rewrite_line(winner, wanted, ret);
        sshd_setting_done(&setting);
        return r;
}

int sshd_edit_set(const struct sshd_config *config, const char *keyword,
                  const struct sshd_wanted *wanted, const struct sshd_connection *connection,
                  const struct accounts *accounts, struct sshd_edit *ret) {
        const struct keyword *row = keyword_find(keyword, &config->release);
        CLEANUP_FREE bool *active = calloc(config->n_blocks + 1, sizeof *active);
        int r;

        if (!active)
                return -ENOMEM;
        if (row && row->use == KEYWORD_ALIAS)
                row = keyword_own_row(row, &config->release);
        if (!row || row->setting == SETTING_NONE)
                return -ENOTSUP;
        r = sshd_blocks_match(config, connection, accounts, active, NULL);
        return r < 0 ? r : edit_setting(config, row, active, wanted, ret);
}
