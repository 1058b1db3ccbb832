/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Repetition: which line wins, what accumulates, what Match blocks replace, and what is printed
 * then.
 *
 * The rule of a keyword stands in its row: first, last, append, or of each number the first; a
 * grammar may have one of its own. Match blocks replace what the global section set as a whole,
 * also lists; numbers of a pair are replaced one by one. */

#include "take.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "algorithms.h"
#include "base/array.h"
#include "base/cleanup.h"

enum {
        RELEASE_GUARD = 807,
        RELEASE_GUARD_FIXED = 904,
};

bool take_has_guard(const struct keyword *keyword, const struct sshd_release *release,
                    enum setting *ret_guard) {
        if (keyword->setting != SETTING_AUTHORIZED_PRINCIPALS_COMMAND ||
            release->number < RELEASE_GUARD || release->number >= RELEASE_GUARD_FIXED)
                return false;
        *ret_guard = SETTING_AUTHORIZED_KEYS_COMMAND;
        return true;
}

static int append_strings(struct state *state, char *const *strings, size_t n) {
        for (size_t i = 0; i < n; i++) {
                int r = ARRAY_GROW(state->strings, state->n_strings);

                if (r < 0)
                        return r;
                state->strings[state->n_strings++] = strings[i];
        }
        return 0;
}

static int replace(struct state *state, const struct sshd_value *value) {
        state_done(state);
        for (size_t i = 0; i < value->n_numbers && i < STATE_NUMBERS_MAX; i++)
                state->numbers[state->n_numbers++] = value->numbers[i];
        state->is_set = true;
        return append_strings(state, value->strings, value->n_strings);
}

/* Of each number the first that was given. */
static int fill_fields(struct state *state, const struct sshd_value *value) {
        bool takes = false;

        if (!state->is_set) {
                int r = replace(state, value);

                return r < 0 ? r : TAKING_WON;
        }
        for (size_t i = 0; i < value->n_numbers; i++) {
                if (state->numbers[i] != SSHD_UNSET || value->numbers[i] == SSHD_UNSET)
                        continue;
                state->numbers[i] = value->numbers[i];
                takes = true;
        }
        return takes ? TAKING_JOINED : TAKING_LOST;
}

int take_directive(struct state *state, const struct sshd_directive *directive, bool is_active,
                   bool is_guarded, const struct sshd_release *release, char **reterr_reason) {
        const struct keyword *keyword = directive->keyword;
        const struct sshd_value *value = &directive->value;
        enum repeat repeat = keyword->repeat;
        enum setting guard;
        int r;

        if (keyword->grammar->take)
                return keyword->grammar->take(state, directive, is_active, release, reterr_reason);
        if (take_has_guard(keyword, release, &guard))
                repeat = REPEAT_LAST;
        if (!is_active || is_guarded || (value->n_numbers == 0 && value->n_strings == 0))
                return TAKING_LOST;
        if (repeat == REPEAT_FIRST && state->is_set)
                return TAKING_LOST;
        if (directive->later.reason) {
                *reterr_reason = strdup(directive->later.reason);
                return *reterr_reason ? TAKING_FATAL : -ENOMEM;
        }
        switch (repeat) {
        case REPEAT_APPEND:
                state->is_set = true;
                r = append_strings(state, value->strings, value->n_strings);
                return r < 0 ? r : TAKING_JOINED;
        case REPEAT_FIELDS:
                return fill_fields(state, value);
        default:
                r = replace(state, value);
                return r < 0 ? r : TAKING_WON;
        }
}

int state_copy(struct state *ret, const struct state *state) {
        struct state copy = *state;

        copy.strings = NULL;
        copy.n_strings = 0;
        copy.names = (struct map){ 0 };
        for (size_t i = 0; i < state->n_strings; i++) {
                int r = ARRAY_GROW(copy.strings, copy.n_strings);

                if (r < 0) {
                        state_done(&copy);
                        return r;
                }
                copy.strings[copy.n_strings++] = state->strings[i];
        }
        *ret = copy;
        return 0;
}

int take_overlay(struct state *state, const struct state *matched, const struct keyword *keyword) {
        if (!matched->is_set)
                return 0;
        if (keyword->flags & KEYWORD_TEXT_COPIED) {
                if (matched->n_strings == 0)
                        return 0;
        } else {
                for (size_t i = state->n_numbers; i < matched->n_numbers; i++)
                        state->numbers[i] = SSHD_UNSET;
                for (size_t i = 0; i < matched->n_numbers; i++) {
                        if (matched->numbers[i] != SSHD_UNSET)
                                state->numbers[i] = matched->numbers[i];
                }
                if (matched->n_numbers > state->n_numbers)
                        state->n_numbers = matched->n_numbers;
        }
        state->is_set = true;
        if (matched->n_strings == 0)
                return 0;
        free(state->strings);
        state->strings = NULL;
        state->n_strings = 0;
        for (size_t i = 0; i < matched->n_strings; i++) {
                int r = ARRAY_GROW(state->strings, state->n_strings);

                if (r < 0)
                        return r;
                state->strings[state->n_strings++] = matched->strings[i];
        }
        return 0;
}

/* Splits at SEPARATOR; an empty text is one empty value. */
static int split(const char *text, char separator, char ***values, size_t *n_values) {
        for (;;) {
                const char *end = strchr(text, separator);
                int r = strings_append_n(values, n_values, text,
                                         end ? (size_t)(end - text) : strlen(text));

                if (r < 0 || !end)
                        return r;
                text = end + 1;
        }
}

static int print_algorithms(const struct keyword *keyword, const struct state *state,
                            bool is_matched, const struct sshd_release *release, char ***values,
                            size_t *n_values) {
        const enum algorithm_kind *kind = keyword->grammar->detail;
        CLEANUP_FREE char *once = NULL;
        CLEANUP_FREE char *twice = NULL;
        int r;

        r = algorithms_assemble(*kind, state->is_set ? state->strings[0] : NULL, release, &once);
        if (r == 0 && state->is_set && !is_matched) /* the defaults stay what they are */
                r = algorithms_assemble(*kind, once, release, &twice);
        return r < 0 ? r : split(twice ? twice : once, ',', values, n_values);
}

/* The word that clears: `any` of AuthenticationMethods, else `none`. */
static bool is_cleared(const struct keyword *keyword, const struct state *state, bool is_matched) {
        const char *word = keyword->setting == SETTING_AUTHENTICATION_METHODS ? "any" : "none";

        if (keyword->clearing == CLEAR_NEVER || (is_matched && keyword->clearing != CLEAR_ALWAYS))
                return false;
        return state->n_strings == 1 && strcasecmp(state->strings[0], word) == 0;
}

int take_print(const struct keyword *keyword, const struct state *state, bool is_matched,
               const struct sshd_release *release, char ***ret_values, size_t *ret_n) {
        char **values = NULL;
        size_t n_values = 0;
        const char *text = NULL;
        int r = 0;

        if (keyword->layout == LAYOUT_COMMAS && keyword->grammar->detail)
                r = print_algorithms(keyword, state, is_matched, release, &values, &n_values);
        else if (keyword->layout == LAYOUT_COMMAS)
                r = split(state->is_set ? state->strings[0] : keyword->initial, ',', &values,
                          &n_values);
        else if (!state->is_set)
                text = keyword->initial;
        else if (is_cleared(keyword, state, is_matched))
                text = keyword->cleared;
        else if (keyword->grammar->print)
                r = keyword->grammar->print(keyword, state, release, &values, &n_values);
        else
                for (size_t i = 0; i < state->n_strings && r == 0; i++)
                        r = strings_append(&values, &n_values, state->strings[i]);
        if (text && keyword->grammar->kind == SSHD_VALUE_LIST)
                r = split(text, ' ', &values, &n_values);
        else if (text)
                r = strings_append(&values, &n_values, text);
        if (r < 0) {
                strings_free(values, n_values);
                return r;
        }
        *ret_values = values;
        *ret_n = n_values;
        return 0;
}
