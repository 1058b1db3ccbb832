/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lines of an authorized_keys file.
 *
 * sshd first takes the whole line for a key. Only if that fails it steps over one word, in which
 * quotes hide blanks, takes the rest for a key and the word for its options. So a line has either
 * no options or exactly one word of them, and options behind the key are its comment.
 *
 * sshd decodes a line as the type of key it was offered and skips the others; reading it as
 * whatever type it names gives the same answer, because what follows a type name as an option word
 * is base64 and never names a type itself. */

#include "keys/authorized_keys.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/escape.h"

enum { WORD_SHOWN_MAX = 64 }; /* of a stranger's word, in a reason; the longest type has 54 */

/* sshkey_advance_past_options() of authfile.c; NULL if a quote is not closed. */
static const char *skip_options(const char *text) {
        bool is_quoted = false;

        for (; *text && (is_quoted || (*text != ' ' && *text != '\t')); text++) {
                if (text[0] == '\\' && text[1] == '"')
                        text++;
                else if (*text == '"')
                        is_quoted = !is_quoted;
        }
        return is_quoted ? NULL : text;
}

static int spoil(struct authorized_key *entry, enum key_problem problem, const char *word) {
        bool names_type = problem == KEY_UNKNOWN_TYPE || problem == KEY_OTHER_RELEASE;

        entry->problem = problem;
        entry->word = strndup(word, strcspn(word, " \t\r\n"));
        entry->reason = text_format(names_type ? "%s: %.*s" : "%s", key_problem_describe(problem),
                                    WORD_SHOWN_MAX, entry->word ? entry->word : "");
        return entry->reason && entry->word ? 0 : -ENOMEM;
}

static int set_comment(struct authorized_key *entry, const char *comment) {
        entry->comment = strndup(comment, strcspn(comment, "\n"));
        if (!entry->comment)
                return -ENOMEM;
        if (strlen(entry->comment) > 0 && entry->comment[strlen(entry->comment) - 1] == '\r')
                entry->comment[strlen(entry->comment) - 1] = '\0';
        return 0;
}

static int parse_options(struct authorized_key *entry, const char *options,
                         const struct keys_release *release,
                         const struct keys_environment *environment) {
        const char *reason = NULL;
        int r = key_options_parse(options, release, environment, &entry->options, &reason);

        if (r <= 0)
                return r;
        entry->problem = KEY_BAD_OPTIONS;
        entry->word = strdup(entry->key.type);
        entry->reason = text_format("%s: %s", key_problem_describe(KEY_BAD_OPTIONS), reason);
        return entry->reason && entry->word ? 0 : -ENOMEM;
}

/* Which of the two readings of a bad line was meant: the whole of TEXT as a key, which failed with
 * FIRST, or KEY behind options, which failed with SECOND? */
static int explain(struct authorized_key *entry, const char *text, enum key_problem first,
                   const char *key, enum key_problem second) {
        static const struct keys_release any = { .number = UINT_MAX };
        CLEANUP(key_options_done) struct key_options options = { 0 };
        const char *reason;
        int r;

        if (public_key_type_is_known(text))
                return spoil(entry, first, text);
        r = key_options_parse(text, &any, NULL, &options, &reason);
        if (r < 0)
                return r;
        return r == 0 && *key ? spoil(entry, second, key) : spoil(entry, first, text);
}

/* TEXT starts at a byte that is no blank. */
static int parse_line(struct authorized_key *entry, const char *text,
                      const struct keys_release *release,
                      const struct keys_environment *environment) {
        const char *key = text, *options = NULL;
        size_t end = 0;
        int first, r;

        first = r = public_key_parse(key, release, &entry->key, &end);
        if (r > 0) {
                options = text;
                key = skip_options(text);
                if (!key)
                        return spoil(entry, KEY_BAD_QUOTES, "");
                key += strspn(key, " \t");
                r = public_key_parse(key, release, &entry->key, &end);
        }
        if (r < 0)
                return r;
        if (r != KEY_OK)
                return explain(entry, text, (enum key_problem)first, key, (enum key_problem)r);
        r = set_comment(entry, key + end);
        return r < 0 ? r : parse_options(entry, options, release, environment);
}

static void entry_done(struct authorized_key *entry) {
        free(entry->reason);
        free(entry->word);
        free(entry->comment);
        public_key_done(&entry->key);
        key_options_done(&entry->options);
        *entry = (struct authorized_key){ 0 };
}

int authorized_keys_parse(const char *bytes, size_t n, const struct keys_release *release,
                          const struct keys_environment *environment, struct authorized_keys *ret) {
        CLEANUP(authorized_keys_done) struct authorized_keys keys = { 0 };
        unsigned line = 0;

        for (size_t offset = 0, n_line; offset < n; offset += n_line) {
                CLEANUP(cleanup_free) char *copy = NULL;
                const char *newline = memchr(bytes + offset, '\n', n - offset);
                const char *text;
                int r;

                line++;
                n_line = newline ? (size_t)(newline + 1 - bytes) - offset : n - offset;
                copy = strndup(bytes + offset, n_line); /* ends at a NUL byte */
                if (!copy)
                        return -ENOMEM;
                text = copy + strspn(copy, " \t");
                if (*text == '\0' || *text == '\n' || *text == '#')
                        continue;
                r = ARRAY_GROW(keys.items, keys.n_items);
                if (r < 0)
                        return r;
                keys.items[keys.n_items].line = line;
                keys.items[keys.n_items].offset = offset;
                keys.items[keys.n_items].n = n_line;
                r = parse_line(&keys.items[keys.n_items++], text, release, environment);
                if (r < 0)
                        return r;
        }
        *ret = keys;
        keys = (struct authorized_keys){ 0 };
        return 0;
}

/* match_principals_option() of auth2-pubkeyfile.c stops at the first empty element. */
static bool names_nobody(const struct key_options *options) {
        return options->cert_authority && options->principals &&
               (options->principals[0] == '\0' || options->principals[0] == ',');
}

bool authorized_key_would_accept(const struct authorized_key *entry,
                                 const struct keys_release *release,
                                 const struct keys_environment *environment,
                                 const struct key_connection *connection,
                                 const char **reterr_reason) {
        const char *reason = NULL;

        if (entry->problem != KEY_OK)
                reason = key_problem_describe(entry->problem);
        else if (entry->key.certificate)
                reason = "a certificate in a key file authenticates nobody";
        else
                reason = key_options_refuse(&entry->options, release, environment, connection);
        if (!reason && names_nobody(&entry->options))
                reason = "its principals name nobody";
        if (reason)
                *reterr_reason = reason;
        return !reason;
}

int authorized_key_format(const struct authorized_key *entry, struct text *text) {
        bool has_comment = *entry->comment != '\0' && *entry->comment != '#';
        const char *comment = has_comment ? entry->comment : "no comment";

        (void)text_appendf(text, "%u %s ", entry->key.bits, entry->key.sha256);
        (void)escape_append(text, comment, strlen(comment));
        (void)text_appendf(text, " (%s)", entry->key.short_name);
        return text_error(text);
}

void authorized_keys_done(struct authorized_keys *keys) {
        for (size_t i = 0; i < keys->n_items; i++)
                entry_done(&keys->items[i]);
        free(keys->items);
        *keys = (struct authorized_keys){ 0 };
}
