/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Does a value satisfy the conditions of an sshd rule? Compared in the keyword's own grammar. */

#include <stdbool.h>

#include "base/text.h"
#include "policy/rule.h"
#include "sshd/effective.h"
#include "sshd/keywords.h"

/* What does not hold. */
struct verdict {
        struct text want; /* the conditions that fail, one line; empty: all hold */
        char **offenders; /* elements that must not be there; of lists only */
        size_t n_offenders;
};

/* KIND is the keyword's. Returns 0 or -ENOMEM; *ret is the caller's, verdict_done(). */
int values_judge(const struct rule_sshd *rule, enum sshd_value_kind kind,
                 const struct sshd_setting *setting, struct verdict *ret);
void verdict_done(struct verdict *verdict);

/* The value on one line, as a configuration file would have it; "(none)" for an empty list. */
int values_format(const struct sshd_setting *setting, struct text *text);

/* 1 if one of the words of LIST, a pattern, matches ELEMENT; 0 if none does; -ENOMEM. KEYWORD
 * decides whether the element is a pattern itself (AcceptEnv, AllowUsers …): then it matches if
 * some string matches both. */
int values_hit(const char *keyword, const char *element, const struct rule_words *list);

/* 1 if a string exists that both patterns (`*`, `?`) match, 0 if not, -ENOMEM. */
int values_patterns_overlap(const char *a, const char *b);

/* True if every string that pattern INNER matches is matched by OUTER too; may say false where a
 * finer look would say true, never the reverse. */
bool values_pattern_within(const char *inner, const char *outer);

/* The methods of METHODS that the alternative ALTERNATIVE (comma separated) lacks are appended to
 * MISSING; a method named twice has to be there twice. Returns 0 or -ENOMEM. */
int values_missing_methods(const char *alternative, const struct rule_words *methods,
                           struct rule_words *missing);
