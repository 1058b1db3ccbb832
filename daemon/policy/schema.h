/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The keys of a rule: which there are in each family, what type they take, and where the value
 * lives. Reading, overriding, printing and freeing all follow these tables. */

#include <stdbool.h>
#include <stddef.h>

#include "policy/rule.h"

enum schema_type {
        SCHEMA_STRING,   /* char *: a string */
        SCHEMA_SCALAR,   /* char *: a string, or an integer as its decimal text */
        SCHEMA_WORDS,    /* struct rule_words: a string, an integer, or an array or list of them */
        SCHEMA_FLAG,     /* bool */
        SCHEMA_NAME,     /* an enum, by name */
        SCHEMA_AUDIT,    /* bool: "audit" or "enforce" */
        SCHEMA_MODE,     /* int: permission bits as a string; -1 not asked */
        SCHEMA_COUNT,    /* int: an integer within bounds */
        SCHEMA_DURATION, /* int64_t: seconds, as a string with units; -1 not asked */
        SCHEMA_FINGERPRINTS, /* struct rule_words of key fingerprints */
        N_SCHEMA_TYPES
};

struct schema_key {
        const char *name;
        const char *group; /* the group it stands in ("when"), or NULL */
        enum schema_type type;
        size_t offset;                          /* in struct rule */
        const char *(*name_of)(unsigned value); /* of SCHEMA_NAME */
        unsigned n_names;
        int minimum, maximum, not_asked; /* of SCHEMA_COUNT */
};

struct schema {
        enum rule_family family;
        struct schema_key subject; /* the key that selects the family */
        const struct schema_key *keys;
        size_t n_keys;
};

enum { SCHEMA_KEYS_MAX = 32 }; /* keys of one table: they are counted in a 32-bit set */

/* NULL for a family this release has no rules for. */
const struct schema *schema_of_family(enum rule_family family);

/* What every rule may say: response, severity, mode, enabled, why, source. */
const struct schema *schema_common(void);

/* The key of that name in GROUP (NULL: in the rule itself), or NULL. */
const struct schema_key *schema_find(const struct schema *schema, const char *group,
                                     const char *name);

/* An empty rule of FAMILY with its defaults. */
void schema_init_rule(struct rule *rule, enum rule_family family);

/* Every value the tables know back to "not said". Leaves id, file, profile and family. */
void schema_clear_rule(struct rule *rule);
void schema_clear_conditions(struct rule *rule);

/* One value: pointers in, by type. */
void *schema_value(struct rule *rule, const struct schema_key *key);
const void *schema_value_const(const struct rule *rule, const struct schema_key *key);
bool schema_is_set(const struct rule *rule, const struct schema_key *key);
void schema_clear(struct rule *rule, const struct schema_key *key);

/* Moves a value from one rule of the same family to another; FROM's is "not said" afterwards. */
void schema_move(struct rule *to, struct rule *from, const struct schema_key *key);
