/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rules about sshd's keywords, checked when they are loaded.
 *
 * Values are judged by the keyword's own grammar (sshd/keywords), and kept as `sshd -T` would print
 * them. Which conditions a keyword takes depends on the kind of its value: a bound on a word, or a
 * choice for a list, cannot mean anything. A keyword of another OpenSSH release is accepted as
 * written: its rule is not applicable here, and may be on the next host that gets the same file. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/address.h"
#include "base/array.h"
#include "base/cleanup.h"
#include "check.h"
#include "sshd/keywords.h"

enum {
        ON_MUST = 1 << 0,
        ON_ONE_OF = 1 << 1,
        ON_BOUNDS = 1 << 2,
        ON_MATCH = 1 << 3,
        ON_INCLUDES = 1 << 4,
};

static const unsigned allowed_on[N_SSHD_VALUE_KINDS] = {
        [SSHD_VALUE_WORD] = ON_MUST | ON_ONE_OF | ON_MATCH,
        [SSHD_VALUE_NUMBER] = ON_MUST | ON_ONE_OF | ON_BOUNDS,
        [SSHD_VALUE_TUPLE] = ON_MUST | ON_ONE_OF | ON_BOUNDS,
        [SSHD_VALUE_TEXT] = ON_MUST | ON_ONE_OF | ON_MATCH,
        [SSHD_VALUE_LIST] = ON_MUST | ON_MATCH | ON_INCLUDES,
        [SSHD_VALUE_METHODS] = ON_MUST | ON_MATCH,
};

static const char *const kind_names[N_SSHD_VALUE_KINDS] = {
        [SSHD_VALUE_WORD] = "a word",
        [SSHD_VALUE_NUMBER] = "a number",
        [SSHD_VALUE_TUPLE] = "several numbers",
        [SSHD_VALUE_TEXT] = "a text",
        [SSHD_VALUE_LIST] = "a list",
        [SSHD_VALUE_METHODS] = "alternatives of authentication methods",
};

static int check_kind(const struct checker *checker, const struct statement *statement,
                      enum sshd_value_kind kind) {
        const struct rule_sshd *sshd = &statement->rule.sshd;
        const struct {
                unsigned on;
                bool is_set;
                const char *name;
                unsigned line;
        } uses[] = {
                { ON_MUST, sshd->must.is_set, "must", LINE_OF(statement, sshd.must) },
                { ON_ONE_OF, sshd->one_of.is_set, "one_of", LINE_OF(statement, sshd.one_of) },
                { ON_BOUNDS, sshd->at_most, "at_most", LINE_OF(statement, sshd.at_most) },
                { ON_BOUNDS, sshd->at_least, "at_least", LINE_OF(statement, sshd.at_least) },
                { ON_MATCH, sshd->only_match.is_set, "only_match",
                  LINE_OF(statement, sshd.only_match) },
                { ON_MATCH, sshd->none_match.is_set, "none_match",
                  LINE_OF(statement, sshd.none_match) },
                { ON_INCLUDES, sshd->includes.is_set, "includes",
                  LINE_OF(statement, sshd.includes) },
        };
        static const struct {
                unsigned on;
                const char *name;
        } choices[] = { { ON_MUST, "must" },
                        { ON_ONE_OF, "one_of" },
                        { ON_BOUNDS, "at_most, at_least" },
                        { ON_MATCH, "only_match, none_match" },
                        { ON_INCLUDES, "includes" } };
        int result = CHECK_OK;

        for (size_t i = 0; result >= 0 && i < N_ELEMENTS(uses); i++) {
                CLEANUP(text_done) struct text names = { 0 };

                if (!uses[i].is_set || (allowed_on[kind] & uses[i].on))
                        continue;
                for (size_t k = 0; k < N_ELEMENTS(choices); k++)
                        if (allowed_on[kind] & choices[k].on)
                                (void)text_appendf(&names, "%s, ", choices[k].name);
                result = check_complain(checker, uses[i].line,
                                        "`%s` does not apply to %s, whose value is %s; use %sunset",
                                        uses[i].name, sshd_keyword_display_name(sshd->keyword),
                                        kind_names[kind], text_get(&names));
        }
        return result;
}

static int complain_value(const struct checker *checker, const struct statement *statement,
                          unsigned line, const char *value, const char *message) {
        return check_complain(checker, line, "%s cannot be \"%s\"%s%s",
                              sshd_keyword_display_name(statement->rule.sshd.keyword), value,
                              message ? ": " : "", message ? message : "");
}

/* Replaces *VALUE with what `sshd -T` would print. */
static int canonicalise(const struct checker *checker, const struct statement *statement,
                        unsigned line, char **value) {
        const char *keyword = statement->rule.sshd.keyword;
        CLEANUP_FREE char *message = NULL;
        char *canonical = NULL;
        int r;

        r = sshd_keyword_canonical_value(keyword, *value, checker->release, &canonical, &message);
        if (r == -EINVAL)
                return complain_value(checker, statement, line, *value, message);
        if (r < 0)
                return r;
        free(*value);
        *value = canonical;
        return CHECK_OK;
}

/* VALUE's elements; methods one by one, as an alternative is a set of them here. */
static int append_elements(const struct checker *checker, const struct statement *statement,
                           unsigned line, const char *value, struct rule_words *words) {
        const char *keyword = statement->rule.sshd.keyword;
        CLEANUP_FREE char *message = NULL;
        char **values = NULL;
        size_t n_values = 0;
        int r;

        r = sshd_keyword_canonical_list(keyword, value, checker->release, &values, &n_values,
                                        &message);
        if (r == -EINVAL)
                return complain_value(checker, statement, line, value, message);
        for (size_t i = 0; r == 0 && i < n_values; i++) {
                const char *separators = strcmp(keyword, "authenticationmethods") == 0 ? " ," : "";

                for (const char *next = values[i]; r == 0 && *next;) {
                        size_t n = strcspn(next, separators);

                        r = strings_append_n(&words->items, &words->n_items, next, n);
                        next += n + (next[n] != '\0');
                }
        }
        strings_free(values, n_values);
        return r;
}

static int canonicalise_list(const struct checker *checker, const struct statement *statement,
                             unsigned line, struct rule_words *words) {
        CLEANUP(rule_words_done) struct rule_words elements = { .is_set = words->is_set };
        int result = CHECK_OK;

        for (size_t i = 0; result >= 0 && i < words->n_items; i++) {
                int r = append_elements(checker, statement, line, words->items[i], &elements);

                result = r == CHECK_OK ? result : r;
        }
        if (result == CHECK_OK) {
                struct rule_words old = *words;

                *words = elements;
                elements = old;
        }
        return result;
}

static int canonicalise_words(const struct checker *checker, const struct statement *statement,
                              unsigned line, struct rule_words *words) {
        int result = CHECK_OK;

        for (size_t i = 0; result >= 0 && i < words->n_items; i++) {
                int r = canonicalise(checker, statement, line, &words->items[i]);

                result = r == CHECK_OK ? result : r;
        }
        return result;
}

static int check_bounds(const struct checker *checker, const struct statement *statement,
                        enum sshd_value_kind kind) {
        const struct rule_sshd *sshd = &statement->rule.sshd;
        long long most = 0, least = 0;
        bool unlimited;

        if (kind != SSHD_VALUE_NUMBER || !sshd->at_most || !sshd->at_least)
                return CHECK_OK;
        if (sshd_keyword_number(sshd->keyword, sshd->at_most, &most, &unlimited) < 0 ||
            sshd_keyword_number(sshd->keyword, sshd->at_least, &least, &unlimited) < 0 ||
            least <= most)
                return CHECK_OK;
        return check_complain(checker, LINE_OF(statement, sshd.at_most),
                              "nothing is both at least %s and at most %s", sshd->at_least,
                              sshd->at_most);
}

static int check_counts(const struct checker *checker, const struct statement *statement,
                        enum sshd_value_kind kind) {
        const struct rule_sshd *sshd = &statement->rule.sshd;
        bool is_scalar = kind != SSHD_VALUE_LIST && kind != SSHD_VALUE_METHODS;
        const struct {
                const struct rule_words *words;
                const char *name;
                unsigned line;
                bool may_be_empty;
        } lists[] = {
                { &sshd->must, "must", LINE_OF(statement, sshd.must), kind == SSHD_VALUE_LIST },
                { &sshd->one_of, "one_of", LINE_OF(statement, sshd.one_of), false },
                { &sshd->only_match, "only_match", LINE_OF(statement, sshd.only_match), true },
                { &sshd->none_match, "none_match", LINE_OF(statement, sshd.none_match), false },
                { &sshd->includes, "includes", LINE_OF(statement, sshd.includes), false },
        };
        int result = CHECK_OK;

        for (size_t i = 0; result >= 0 && i < N_ELEMENTS(lists); i++)
                if (lists[i].words->is_set && lists[i].words->n_items == 0 &&
                    !lists[i].may_be_empty)
                        result = check_complain(checker, lists[i].line, "`%s` is empty",
                                                lists[i].name);
        if (result >= 0 && is_scalar && sshd->must.n_items > 1)
                result = check_complain(checker, LINE_OF(statement, sshd.must),
                                        "%s has one value; use `one_of` for a choice",
                                        sshd_keyword_display_name(sshd->keyword));
        return result;
}

static bool is_port_list(const char *list) {
        for (const char *next = list;;) {
                size_t n = strspn(next, "0123456789");
                long port = n > 0 && n < 6 ? strtol(next, NULL, 10) : 0;

                if (port < 1 || port > 65535)
                        return false;
                next += n;
                if (*next == '\0')
                        return true;
                if (*next++ != ',')
                        return false;
        }
}

int check_when(const struct checker *checker, const struct sshd_when *when, unsigned address_line,
               unsigned lport_line) {
        if (when->address && address_match_list(NULL, when->address, true, NULL, NULL) == -2)
                return check_complain(checker, address_line,
                                      "`address` is no list of addresses, networks and patterns as "
                                      "Match address takes it: \"%s\"",
                                      when->address);
        if (when->lport && !is_port_list(when->lport))
                return check_complain(
                        checker, lport_line,
                        "`lport` takes ports from 1 to 65535 with commas between them, "
                        "not \"%s\"",
                        when->lport);
        return CHECK_OK;
}

static bool names_more_than_when(const struct rule_sshd *sshd) {
        return sshd->must.is_set || sshd->one_of.is_set || sshd->at_most || sshd->at_least ||
               sshd->only_match.is_set || sshd->none_match.is_set || sshd->includes.is_set;
}

static int check_sshd_values(const struct checker *checker, struct statement *statement,
                             enum sshd_value_kind kind) {
        struct rule_sshd *sshd = &statement->rule.sshd;
        bool is_list = kind == SSHD_VALUE_LIST || kind == SSHD_VALUE_METHODS;
        const struct {
                struct rule_words *words;
                unsigned line;
        } lists[] = { { &sshd->must, LINE_OF(statement, sshd.must) },
                      { &sshd->one_of, LINE_OF(statement, sshd.one_of) },
                      { &sshd->includes, LINE_OF(statement, sshd.includes) } };
        const struct {
                char **value;
                unsigned line;
        } scalars[] = { { &sshd->at_most, LINE_OF(statement, sshd.at_most) },
                        { &sshd->at_least, LINE_OF(statement, sshd.at_least) } };
        int result = CHECK_OK;

        for (size_t i = 0; result >= 0 && i < N_ELEMENTS(lists); i++) {
                int r = (is_list ? canonicalise_list : canonicalise_words)(
                        checker, statement, lists[i].line, lists[i].words);

                result = r == CHECK_OK ? result : r;
        }
        for (size_t i = 0; result >= 0 && i < N_ELEMENTS(scalars); i++) {
                int r = *scalars[i].value ? canonicalise(checker, statement, scalars[i].line,
                                                         scalars[i].value)
                                          : CHECK_OK;

                result = r == CHECK_OK ? result : r;
        }
        return result == CHECK_OK ? check_bounds(checker, statement, kind) : result;
}

int check_sshd_conditions(const struct checker *checker, struct statement *statement) {
        struct rule_sshd *sshd = &statement->rule.sshd;
        enum sshd_value_kind kind = SSHD_VALUE_TEXT;
        enum sshd_keyword_status status;
        int r;

        status = sshd_keyword_lookup(sshd->keyword, checker->release, NULL, &kind);
        r = check_when(checker, &statement->rule.sshd.when, LINE_OF(statement, sshd.when.address),
                       LINE_OF(statement, sshd.when.lport));
        if (r != CHECK_OK)
                return r;
        if (sshd->unset && names_more_than_when(sshd))
                return check_complain(checker, LINE_OF(statement, sshd.unset),
                                      "`unset` stands alone: no line may set the keyword at all");
        if (!sshd->unset && !names_more_than_when(sshd))
                return check_complain(checker, statement->line,
                                      "the rule has no condition: it needs must, one_of, at_most, "
                                      "at_least, only_match, none_match, includes or unset");
        r = check_kind(checker, statement, kind);
        if (r == CHECK_OK)
                r = check_counts(checker, statement, kind);
        if (r != CHECK_OK || status != SSHD_KEYWORD_KNOWN)
                return r;
        return check_sshd_values(checker, statement, kind);
}

int check_sshd_subject(const struct checker *checker, struct statement *statement) {
        char **keyword = &statement->rule.sshd.keyword;
        const char *canonical = NULL, *nearest = NULL;
        char *copy;

        if (strcasecmp(*keyword, "Match") == 0 || strcasecmp(*keyword, "Include") == 0)
                return check_complain(
                        checker, statement->subject_line,
                        "%s has no value that a rule could speak about; use `when` for "
                        "some connections only",
                        *keyword);
        if (sshd_keyword_lookup(*keyword, checker->release, &canonical, NULL) ==
            SSHD_KEYWORD_UNKNOWN) {
                nearest = sshd_keyword_nearest(*keyword);
                return check_complain(checker, statement->subject_line,
                                      "no release of sshd has a keyword `%s`%s%s%s", *keyword,
                                      nearest ? "; did you mean `" : "", nearest ? nearest : "",
                                      nearest ? "`?" : "");
        }
        copy = strdup(canonical);
        if (!copy)
                return -ENOMEM;
        free(*keyword);
        *keyword = copy;
        return CHECK_OK;
}
