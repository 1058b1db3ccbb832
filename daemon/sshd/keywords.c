/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What others may ask of the keyword table: names, kinds, and the values a policy compares.
 *
 * A value of a policy is read by the keyword's own grammar and printed as `sshd -T` would, so that
 * "2m" and "120" are the same. Elements of lists and free text are compared as they stand. */

#include "sshd/keywords.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/nearest.h"
#include "base/text.h"
#include "number.h"
#include "take.h"

static const struct sshd_release newest = { .number = 1006, .flavour = SSHD_DEBIAN };

/* A row of any release. */
static const struct keyword *find_anywhere(const char *name) {
        for (size_t i = n_keyword_table; i-- > 0;) {
                if (strcasecmp(keyword_table[i].name, name) == 0)
                        return &keyword_table[i];
        }
        return NULL;
}

/* The row of this release, else one of another. */
static const struct keyword *find(const char *name, const struct sshd_release *release) {
        const struct keyword *keyword = keyword_find(name, release ? release : &newest);

        return keyword ? keyword : find_anywhere(name);
}

enum sshd_keyword_status sshd_keyword_lookup(const char *name, const struct sshd_release *release,
                                             const char **ret_canonical,
                                             enum sshd_value_kind *ret_kind) {
        const struct keyword *keyword = find(name, release), *own;

        if (!keyword || keyword->use == KEYWORD_MATCH || keyword->use == KEYWORD_INCLUDE)
                return SSHD_KEYWORD_UNKNOWN;
        own = keyword_own_row(keyword, release);
        if (ret_canonical)
                *ret_canonical = own ? own->lower_name : keyword->lower_name;
        if (ret_kind)
                *ret_kind = keyword->grammar ? keyword->grammar->kind : SSHD_VALUE_TEXT;
        if (!keyword_is_of(keyword, release))
                return SSHD_KEYWORD_ELSEWHERE;
        return own ? SSHD_KEYWORD_KNOWN : SSHD_KEYWORD_DEPRECATED;
}

const char *sshd_keyword_display_name(const char *canonical) {
        const struct keyword *keyword = find(canonical, NULL);

        return keyword ? keyword->name : canonical;
}

const char *sshd_keyword_nearest(const char *name) {
        struct nearest nearest;

        nearest_init(&nearest, name);
        for (size_t i = 0; i < n_keyword_table; i++) {
                if (keyword_table[i].setting != SETTING_NONE)
                        nearest_offer(&nearest, keyword_table[i].name);
        }
        return nearest.best;
}

/* Reads VALUE as the arguments of a line. Returns 0, -ENOMEM, or -EINVAL with *reterr_reason,
 * sshd's words, on the heap (NULL if it has none). */
static int read_value(const struct keyword *keyword, const char *value,
                      const struct sshd_release *release, struct sshd_value *ret,
                      char **reterr_reason) {
        static const struct sshd_environment nothing = { 0 };
        CLEANUP(text_done) struct text messages = { 0 };
        CLEANUP_FREE char *copy = strdup(value);
        struct refusal_later later = { 0 };
        struct reading reading = {
                .release = release,
                .environment = &nothing,
                .cwd = "/",
                .keyword = keyword,
                .file = "",
                .name = keyword->name,
                .value = ret,
                .later = &later,
                .log_limit = LOG_LEVEL_INFO,
                .messages = &messages,
        };
        int r;

        if (!copy)
                return -ENOMEM;
        r = arguments_init(&reading.arguments, copy, release);
        if (r == 0)
                r = keyword->grammar->read(&reading);
        if (r == READING_DONE && !reading.arguments.is_lazy &&
            arguments_has_more(&reading.arguments))
                r = READING_BAD;
        arguments_done(&reading.arguments);
        if (r > 0)
                *reterr_reason = TAKE(reading.reason);
        free(reading.reason);
        free(later.complaint);
        free(later.reason);
        return r > 0 ? -EINVAL : r;
}

/* The value as `sshd -T` prints it if this were the only line. */
static int print_values(const struct keyword *keyword, const struct sshd_value *value,
                        const struct sshd_release *release, char ***ret_values,
                        size_t *ret_n_values) {
        CLEANUP(state_done) struct state state = { .is_set = true };
        int r = 0;

        for (size_t i = 0; i < value->n_numbers; i++)
                state.numbers[state.n_numbers++] = value->numbers[i];
        for (size_t i = 0; i < value->n_strings && r == 0; i++) {
                r = ARRAY_GROW(state.strings, state.n_strings);
                if (r == 0)
                        state.strings[state.n_strings++] = value->strings[i];
        }
        return r < 0 ? r : take_print(keyword, &state, false, release, ret_values, ret_n_values);
}

static int print_value(const struct keyword *keyword, const struct sshd_value *value,
                       const struct sshd_release *release, char **ret) {
        char **values = NULL;
        size_t n_values = 0;
        int r = print_values(keyword, value, release, &values, &n_values);

        if (r < 0)
                return r;
        *ret = lexer_join(values, n_values, false);
        strings_free(values, n_values);
        return *ret ? 0 : -ENOMEM;
}

/* What values a keyword takes, in words; sshd's REASON where there is no short list of them. */
static char *describe_values(const struct keyword *keyword, const char *reason) {
        switch (keyword->grammar->kind) {
        case SSHD_VALUE_WORD:
                if (keyword->grammar->detail)
                        return grammar_describe_words(keyword->grammar);
                return strdup("it takes yes, no or a pattern");
        case SSHD_VALUE_NUMBER:
                if (keyword->grammar == &grammar_int)
                        return strdup("it takes a number");
                if (keyword->grammar == &grammar_mask)
                        return strdup("it takes an octal mask");
                if (keyword->grammar == &grammar_per_source_max_startups)
                        return strdup("it takes a number or none");
                return strdup("it takes a time, such as 90 or 2m");
        default:
                if (reason)
                        return strdup(reason);
                return text_format("it takes values such as \"%s\"",
                                   keyword->initial ? keyword->initial : "none");
        }
}

int sshd_keyword_canonical_value(const char *name, const char *value,
                                 const struct sshd_release *release, char **ret,
                                 char **reterr_message) {
        const struct keyword *keyword = find(name, release);
        CLEANUP(value_done) struct sshd_value parsed = { 0 };
        CLEANUP_FREE char *reason = NULL;
        int r = -EINVAL;

        if (!release)
                release = &newest;
        if (!keyword || !keyword->grammar) {
                *reterr_message = strdup("it is no keyword that can be compared");
                return *reterr_message ? -EINVAL : -ENOMEM;
        }
        switch (keyword->grammar->kind) {
        case SSHD_VALUE_WORD:
        case SSHD_VALUE_NUMBER:
        case SSHD_VALUE_TUPLE:
                r = read_value(keyword, value, release, &parsed, &reason);
                break;
        default:
                *ret = strdup(value);
                return *ret ? 0 : -ENOMEM;
        }
        if (r == 0)
                return print_value(keyword, &parsed, release, ret);
        if (r == -EINVAL) {
                *reterr_message = describe_values(keyword, reason);
                if (!*reterr_message)
                        r = -ENOMEM;
        }
        return r;
}

/* VALUE as one argument, blanks and all. */
static char *quote(const char *value) {
        struct text text = { 0 };

        (void)text_append(&text, "\"");
        for (; *value; value++) {
                if (*value == '"' || *value == '\\')
                        (void)text_append_char(&text, '\\');
                (void)text_append_char(&text, *value);
        }
        (void)text_append(&text, "\"");
        return text_take(&text);
}

static int read_list(const struct keyword *keyword, const char *value,
                     const struct sshd_release *release, char ***ret_values, size_t *ret_n_values,
                     char **reterr_reason) {
        CLEANUP(value_done) struct sshd_value parsed = { 0 };
        int r = read_value(keyword, value, release, &parsed, reterr_reason);

        return r < 0 ? r : print_values(keyword, &parsed, release, ret_values, ret_n_values);
}

int sshd_keyword_canonical_list(const char *name, const char *value,
                                const struct sshd_release *release, char ***ret_values,
                                size_t *ret_n_values, char **reterr_message) {
        const struct keyword *keyword = find(name, release);
        CLEANUP_FREE char *reason = NULL, *ignored = NULL, *quoted = NULL;
        char **values = NULL;
        size_t n_values = 0;
        int r;

        if (!release)
                release = &newest;
        if (!keyword || !keyword->grammar) {
                *reterr_message = strdup("it is no keyword that can be compared");
                return *reterr_message ? -EINVAL : -ENOMEM;
        }
        r = read_list(keyword, value, release, &values, &n_values, &reason);
        if (r == -EINVAL && strchr(value, ' ')) {
                quoted = quote(value);
                r = quoted ? read_list(keyword, quoted, release, &values, &n_values, &ignored)
                           : -ENOMEM;
        }
        if (r == 0 && keyword->setting == SETTING_LISTEN_ADDRESS) {
                /* -T adds the ports when it knows all of them */
                strings_free(values, n_values);
                values = NULL;
                n_values = 0;
                r = strings_append(&values, &n_values, value);
        }
        if (r == 0) {
                *ret_values = values;
                *ret_n_values = n_values;
                return 0;
        }
        strings_free(values, n_values);
        if (r != -EINVAL)
                return r;
        *reterr_message = describe_values(keyword, reason);
        return *reterr_message ? -EINVAL : -ENOMEM;
}

int sshd_keyword_default(const char *keyword, const struct sshd_release *release,
                         char ***ret_values, size_t *ret_n_values) {
        const struct keyword *row = keyword_find(keyword, release);
        static const struct state nothing = { 0 };

        row = row ? keyword_own_row(row, release) : NULL;
        return row ? take_print(row, &nothing, false, release, ret_values, ret_n_values) : -EINVAL;
}

int sshd_keyword_number(const char *name, const char *canonical_value, long long *ret,
                        bool *ret_unlimited) {
        /* 0 is no limit at all */
        static const enum setting zero_is_unlimited[] = {
                SETTING_LOGIN_GRACE_TIME,
                SETTING_CLIENT_ALIVE_INTERVAL,
                SETTING_CLIENT_ALIVE_COUNT_MAX,
                SETTING_UNUSED_CONNECTION_TIMEOUT,
        };
        const struct keyword *keyword = find(name, NULL);
        const char *end;

        if (!keyword || !keyword->grammar || keyword->grammar->kind != SSHD_VALUE_NUMBER)
                return -EINVAL;
        *ret_unlimited = strcasecmp(canonical_value, "none") == 0;
        *ret = 0;
        if (*ret_unlimited)
                return 0;
        *ret = number_parse_prefix(canonical_value, keyword->grammar == &grammar_mask ? 8 : 10,
                                   &end);
        if (end == canonical_value || *end != '\0')
                return -EINVAL;
        for (size_t i = 0; i < N_ELEMENTS(zero_is_unlimited); i++) {
                if (keyword->setting == zero_is_unlimited[i] && *ret == 0)
                        *ret_unlimited = true;
        }
        return 0;
}
