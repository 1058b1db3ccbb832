/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Values of sshd's keywords against the conditions of a rule.
 *
 * Both sides are canonical: the setting is what `sshd -T` prints, the rule's values went through
 * the same grammar when they were loaded. So words and texts compare as strings, numbers as
 * numbers, and lists as sets: for sshd no list's order decides who may log in (the algorithm lists'
 * order is the client's choice, RFC 4253 section 7.1), except that of IPQoS, whose two words mean
 * different things.
 *
 * The elements of some lists are patterns themselves. `AcceptEnv *` accepts LD_PRELOAD without
 * naming it, so there `none_match` asks whether the two patterns have a string in common. */

#include "values.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/pattern.h"

/* sshd_config(5): their arguments may contain wildcards. */
static const char *const pattern_keywords[] = {
        "acceptenv",   "allowusers", "denyusers",
        "allowgroups", "denygroups", "permituserenvironment",
};

/* --- patterns --------------------------------------------------------------------------------- */

/* here[k]: some string is matched by A up to the present byte and by the first k bytes of B. */
int values_patterns_overlap(const char *a, const char *b) {
        size_t n = strlen(b);
        CLEANUP_FREE bool *rows = calloc(2, n + 1);
        bool *here = rows, *next = rows + n + 1;

        if (!rows)
                return -ENOMEM;
        here[0] = true;
        for (;; a++) {
                bool *row = here;

                for (size_t k = 0; k < n; k++)
                        if (here[k] && (*a == '*' || b[k] == '*'))
                                here[k + 1] = true; /* a's star takes b's byte, or b's star ends */
                if (!*a)
                        return here[n];
                memset(next, 0, n + 1);
                for (size_t k = 0; k <= n; k++) {
                        if (!here[k])
                                continue;
                        if (*a == '*' || b[k] == '*')
                                next[k] = true; /* a's star ends, or b's star takes a's byte */
                        else if (b[k] && (*a == b[k] || *a == '?' || b[k] == '?'))
                                next[k + 1] = true;
                }
                here = next;
                next = row;
        }
}

bool values_pattern_within(const char *inner, const char *outer) {
        const char *star = NULL, *retry = NULL;

        while (*inner) {
                if (*outer == '*') {
                        star = outer++;
                        retry = inner;
                } else if (*outer && (*inner == *outer || (*outer == '?' && *inner != '*'))) {
                        outer++;
                        inner++;
                } else if (star) {
                        outer = star + 1;
                        inner = ++retry;
                } else {
                        return false;
                }
        }
        while (*outer == '*')
                outer++;
        return *outer == '\0';
}

static bool is_pattern_keyword(const char *keyword) {
        for (size_t i = 0; i < N_ELEMENTS(pattern_keywords); i++)
                if (strcmp(keyword, pattern_keywords[i]) == 0)
                        return true;
        return false;
}

int values_hit(const char *keyword, const char *element, const struct rule_words *list) {
        bool is_pattern = is_pattern_keyword(keyword);

        for (size_t i = 0; i < list->n_items; i++) {
                int r = is_pattern ? values_patterns_overlap(element, list->items[i])
                                   : pattern_match(element, list->items[i]);

                if (r != 0)
                        return r;
        }
        return 0;
}

static bool is_within(const char *keyword, const char *element, const struct rule_words *list) {
        bool is_pattern = is_pattern_keyword(keyword);

        for (size_t i = 0; i < list->n_items; i++)
                if (is_pattern ? values_pattern_within(element, list->items[i])
                               : pattern_match(element, list->items[i]))
                        return true;
        return false;
}

/* --- words on one line ------------------------------------------------------------------------ */

static void append_words(struct text *text, char *const *words, size_t n, const char *between,
                         const char *quote) {
        for (size_t i = 0; i < n; i++)
                (void)text_appendf(text, "%s%s%s%s", i == 0 ? "" : between, quote, words[i], quote);
        if (n == 0)
                (void)text_append(text, "(none)");
}

int values_format(const struct sshd_setting *setting, struct text *text) {
        append_words(text, setting->values, setting->n_values, " ", "");
        return text_error(text);
}

/* "CONDITION WORDS", after "; " if there is something before it. */
static void want_words(struct verdict *verdict, const char *condition,
                       const struct rule_words *words, const char *between) {
        (void)text_append(&verdict->want, verdict->want.n > 0 ? "; " : "");
        (void)text_append(&verdict->want, condition);
        append_words(&verdict->want, words->items, words->n_items, between, "");
}

static void want_word(struct verdict *verdict, const char *condition, const char *word) {
        (void)text_appendf(&verdict->want, "%s%s%s", verdict->want.n > 0 ? "; " : "", condition,
                           word);
}

/* --- sets ------------------------------------------------------------------------------------- */

static bool contains(char *const *words, size_t n, const char *word) {
        for (size_t i = 0; i < n; i++)
                if (strcmp(words[i], word) == 0)
                        return true;
        return false;
}

static bool is_subset(char *const *inner, size_t n_inner, char *const *outer, size_t n_outer) {
        for (size_t i = 0; i < n_inner; i++)
                if (!contains(outer, n_outer, inner[i]))
                        return false;
        return true;
}

static bool is_equal_list(const struct sshd_setting *setting, const struct rule_words *must) {
        if (strcmp(setting->keyword, "ipqos") == 0) {
                if (setting->n_values != must->n_items)
                        return false;
                for (size_t i = 0; i < must->n_items; i++)
                        if (strcmp(setting->values[i], must->items[i]) != 0)
                                return false;
                return true;
        }
        return is_subset(setting->values, setting->n_values, must->items, must->n_items) &&
               is_subset(must->items, must->n_items, setting->values, setting->n_values);
}

/* --- numbers ---------------------------------------------------------------------------------- */

enum { TUPLE_MAX = 16 };

/* The numbers of "10:30:100" or "1073741824 3600": how many, or 0 if the value holds anything else.
 */
static size_t read_tuple(const char *value, long long ret[TUPLE_MAX]) {
        size_t n = 0;

        while (*value && n < TUPLE_MAX) {
                char *end;

                errno = 0;
                ret[n] = strtoll(value, &end, 10);
                if (end == value || errno != 0)
                        return 0;
                n++;
                value = end + strspn(end, ": ");
                if (value == end && *end)
                        return 0;
        }
        return *value ? 0 : n;
}

/* -1, 0 or 1 for each pair would be too fine: is any number of VALUE above (SIGN 1) or below (SIGN
 * -1) its bound? Values that are no such tuples count as beyond. */
static bool tuple_is_beyond(const char *value, const char *bound, int sign) {
        long long numbers[TUPLE_MAX], bounds[TUPLE_MAX];
        size_t n = read_tuple(value, numbers), n_bounds = read_tuple(bound, bounds);

        if (n == 0 || n != n_bounds)
                return true;
        for (size_t i = 0; i < n; i++)
                if (sign > 0 ? numbers[i] > bounds[i] : numbers[i] < bounds[i])
                        return true;
        return false;
}

/* `none` has no number and means no limit at all; so does 0 where sshd says so. The first is above
 * every bound; the second is above an upper bound, and below a lower one as the number it is: that
 * is how `at_least = "1s"` excludes it. */
static bool number_is_beyond(const char *keyword, const char *value, const char *bound, int sign) {
        long long number = 0, limit = 0;
        bool unlimited = false, bound_unlimited = false;
        bool is_word = value[0] < '0' || value[0] > '9';

        if (sshd_keyword_number(keyword, bound, &limit, &bound_unlimited) < 0 ||
            sshd_keyword_number(keyword, value, &number, &unlimited) < 0)
                return true;
        if (sign > 0)
                return unlimited ? !bound_unlimited : !bound_unlimited && number > limit;
        return !(unlimited && is_word) && number < limit;
}

static void judge_bounds(const struct rule_sshd *rule, enum sshd_value_kind kind,
                         const struct sshd_setting *setting, struct verdict *verdict) {
        const struct {
                const char *bound, *condition;
                int sign;
        } bounds[] = { { rule->at_least, "at least ", -1 }, { rule->at_most, "at most ", 1 } };

        for (size_t i = 0; i < N_ELEMENTS(bounds); i++) {
                bool is_beyond = setting->n_values == 0;

                if (!bounds[i].bound)
                        continue;
                for (size_t v = 0; v < setting->n_values; v++)
                        is_beyond |=
                                kind == SSHD_VALUE_TUPLE
                                        ? tuple_is_beyond(setting->values[v], bounds[i].bound,
                                                          bounds[i].sign)
                                        : number_is_beyond(setting->keyword, setting->values[v],
                                                           bounds[i].bound, bounds[i].sign);
                if (is_beyond)
                        want_word(verdict, bounds[i].condition, bounds[i].bound);
        }
}

/* --- methods ---------------------------------------------------------------------------------- */

/* `keyboard-interactive` asked for is also had as `keyboard-interactive:pam`. */
static bool is_method(const char *method, size_t n, const char *wanted) {
        size_t n_wanted = strlen(wanted);

        return n >= n_wanted && memcmp(method, wanted, n_wanted) == 0 &&
               (n == n_wanted || method[n_wanted] == ':');
}

static size_t count_method(const char *alternative, const char *wanted) {
        size_t count = 0;

        for (const char *next = alternative; *next;) {
                size_t n = strcspn(next, ",");

                count += is_method(next, n, wanted) ? 1 : 0;
                next += n + (next[n] == ',' ? 1 : 0);
        }
        return count;
}

int values_missing_methods(const char *alternative, const struct rule_words *methods,
                           struct rule_words *missing) {
        for (size_t i = 0; i < methods->n_items; i++) {
                size_t wanted = 0;

                for (size_t k = 0; k <= i; k++)
                        wanted += strcmp(methods->items[k], methods->items[i]) == 0 ? 1 : 0;
                if (count_method(alternative, methods->items[i]) >= wanted)
                        continue;
                if (strings_append(&missing->items, &missing->n_items, methods->items[i]) < 0)
                        return -ENOMEM;
        }
        return 0;
}

/* Calls FN for each alternative, whether they come one per value or with blanks between them. */
static int for_each_alternative(const struct sshd_setting *setting,
                                int (*fn)(void *userdata, const char *alternative),
                                void *userdata) {
        for (size_t i = 0; i < setting->n_values; i++) {
                for (const char *next = setting->values[i]; *next;) {
                        size_t n = strcspn(next, " ");
                        CLEANUP_FREE char *alternative = strndup(next, n);
                        int r = alternative ? fn(userdata, alternative) : -ENOMEM;

                        if (r < 0)
                                return r;
                        next += n + strspn(next + n, " ");
                }
        }
        return 0;
}

struct methods_judge {
        const struct rule_sshd *rule;
        struct verdict *verdict;
        bool lacks_method, has_foreign, has_forbidden;
};

static int judge_alternative(void *userdata, const char *alternative) {
        struct methods_judge *judge = userdata;
        struct rule_words missing = { 0 };
        int r;

        r = values_missing_methods(alternative, &judge->rule->must, &missing);
        if (missing.n_items > 0)
                judge->lacks_method = true;
        rule_words_done(&missing);
        for (const char *next = alternative; r == 0 && *next;) {
                size_t n = strcspn(next, ",");
                CLEANUP_FREE char *method = strndup(next, n);
                bool is_foreign, is_forbidden;

                if (!method)
                        return -ENOMEM;
                is_foreign = judge->rule->only_match.is_set &&
                             !is_within("", method, &judge->rule->only_match);
                is_forbidden = values_hit("", method, &judge->rule->none_match) > 0;
                judge->has_foreign |= is_foreign;
                judge->has_forbidden |= is_forbidden;
                if (is_foreign || is_forbidden)
                        r = strings_append(&judge->verdict->offenders, &judge->verdict->n_offenders,
                                           method);
                next += n + (next[n] == ',' ? 1 : 0);
        }
        return r;
}

static int judge_methods(const struct rule_sshd *rule, const struct sshd_setting *setting,
                         struct verdict *verdict) {
        struct methods_judge judge = { .rule = rule, .verdict = verdict };
        int r = for_each_alternative(setting, judge_alternative, &judge);

        if (judge.lacks_method)
                want_words(verdict, "every alternative with ", &rule->must, ",");
        if (judge.has_foreign)
                want_words(verdict, "only ", &rule->only_match, ", ");
        if (judge.has_forbidden)
                want_words(verdict, "none of ", &rule->none_match, ", ");
        return r;
}

/* --- all kinds -------------------------------------------------------------------------------- */

/* 9.6 prints a blank after the command of a subsystem. */
static char *without_blanks_at_end(const char *element) {
        size_t n = strlen(element);

        while (n > 0 && element[n - 1] == ' ')
                n--;
        return strndup(element, n);
}

static int judge_elements(const struct rule_sshd *rule, const struct sshd_setting *setting,
                          struct verdict *verdict) {
        bool has_foreign = false, has_forbidden = false;

        for (size_t i = 0; i < setting->n_values; i++) {
                CLEANUP_FREE char *element = without_blanks_at_end(setting->values[i]);
                bool is_foreign;
                int is_forbidden;

                if (!element)
                        return -ENOMEM;
                is_foreign = rule->only_match.is_set &&
                             !is_within(setting->keyword, element, &rule->only_match);
                is_forbidden = values_hit(setting->keyword, element, &rule->none_match);
                if (is_forbidden < 0)
                        return is_forbidden;
                has_foreign |= is_foreign;
                has_forbidden |= is_forbidden;
                if ((is_foreign || is_forbidden) &&
                    strings_append(&verdict->offenders, &verdict->n_offenders, element) < 0)
                        return -ENOMEM;
        }
        if (has_foreign)
                want_words(verdict, "only ", &rule->only_match, ", ");
        if (has_forbidden)
                want_words(verdict, "none of ", &rule->none_match, ", ");
        return 0;
}

static int judge_list(const struct rule_sshd *rule, const struct sshd_setting *setting,
                      struct verdict *verdict) {
        if (rule->must.is_set && !is_equal_list(setting, &rule->must))
                want_words(verdict, "", &rule->must, " ");
        if (rule->includes.is_set && !is_subset(rule->includes.items, rule->includes.n_items,
                                                setting->values, setting->n_values))
                want_words(verdict, "including ", &rule->includes, ", ");
        return judge_elements(rule, setting, verdict);
}

static int judge_scalar(const struct rule_sshd *rule, enum sshd_value_kind kind,
                        const struct sshd_setting *setting, struct verdict *verdict) {
        const char *value = setting->n_values == 1 ? setting->values[0] : NULL;

        if (rule->must.is_set && (!value || strcmp(value, rule->must.items[0]) != 0))
                want_words(verdict, "", &rule->must, " ");
        if (rule->one_of.is_set &&
            (!value || !contains(rule->one_of.items, rule->one_of.n_items, value)))
                want_words(verdict, "one of ", &rule->one_of, ", ");
        judge_bounds(rule, kind, setting, verdict);
        return judge_elements(rule, setting, verdict);
}

int values_judge(const struct rule_sshd *rule, enum sshd_value_kind kind,
                 const struct sshd_setting *setting, struct verdict *ret) {
        struct verdict verdict = { 0 };
        int r = 0;

        if (rule->unset) {
                if (!setting->is_default)
                        want_word(&verdict, "", "left at its default");
        } else if (kind == SSHD_VALUE_METHODS) {
                r = judge_methods(rule, setting, &verdict);
        } else if (kind == SSHD_VALUE_LIST) {
                r = judge_list(rule, setting, &verdict);
        } else {
                r = judge_scalar(rule, kind, setting, &verdict);
        }
        if (r == 0)
                r = text_error(&verdict.want);
        if (r < 0) {
                verdict_done(&verdict);
                return r;
        }
        *ret = verdict;
        return 0;
}

void verdict_done(struct verdict *verdict) {
        text_done(&verdict->want);
        strings_free(verdict->offenders, verdict->n_offenders);
        *verdict = (struct verdict){ 0 };
}
