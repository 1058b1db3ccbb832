/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The tables behind the policy language, one per family and one of what every rule may say.
 *
 * A key is one row: its name, its type, its place in struct rule. The reader, the merger of
 * overrides, the printer and the destructor walk the same rows, so the language cannot be read in
 * one way and printed in another. */

#include "schema.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define AT(member) .offset = offsetof(struct rule, member)

static const char *name_of_response(unsigned value) {
        return rule_response_name((enum rule_response)value);
}

static const char *name_of_severity(unsigned value) {
        return severity_name((enum severity)value);
}

static const struct schema_key common_keys[] = {
        { .name = "response",
          .type = SCHEMA_NAME,
          AT(response),
          .name_of = name_of_response,
          .n_names = N_RULE_RESPONSES },
        { .name = "severity",
          .type = SCHEMA_NAME,
          AT(severity),
          .name_of = name_of_severity,
          .n_names = N_SEVERITIES },
        { .name = "mode", .type = SCHEMA_AUDIT, AT(is_audit_only) },
        { .name = "enabled", .type = SCHEMA_FLAG, AT(is_enabled) },
        { .name = "why", .type = SCHEMA_STRING, AT(why) },
        { .name = "source", .type = SCHEMA_STRING, AT(source) },
};

static const struct schema_key sshd_keys[] = {
        { .name = "must", .type = SCHEMA_WORDS, AT(sshd.must) },
        { .name = "one_of", .type = SCHEMA_WORDS, AT(sshd.one_of) },
        { .name = "at_most", .type = SCHEMA_SCALAR, AT(sshd.at_most) },
        { .name = "at_least", .type = SCHEMA_SCALAR, AT(sshd.at_least) },
        { .name = "only_match", .type = SCHEMA_WORDS, AT(sshd.only_match) },
        { .name = "none_match", .type = SCHEMA_WORDS, AT(sshd.none_match) },
        { .name = "includes", .type = SCHEMA_WORDS, AT(sshd.includes) },
        { .name = "unset", .type = SCHEMA_FLAG, AT(sshd.unset) },
        { .name = "user", .group = "when", .type = SCHEMA_STRING, AT(sshd.when.user) },
        { .name = "group", .group = "when", .type = SCHEMA_STRING, AT(sshd.when.group) },
        { .name = "address", .group = "when", .type = SCHEMA_STRING, AT(sshd.when.address) },
        { .name = "lport", .group = "when", .type = SCHEMA_SCALAR, AT(sshd.when.lport) },
        { .name = "shell", .group = "when", .type = SCHEMA_STRING, AT(sshd.when.shell) },
};

static const struct schema_key pam_keys[] = {
        { .name = "facility", .type = SCHEMA_STRING, AT(pam.facility) },
        { .name = "requires", .type = SCHEMA_STRING, AT(pam.requires_module) },
        { .name = "requires_before", .type = SCHEMA_STRING, AT(pam.requires_before) },
        { .name = "includes", .type = SCHEMA_WORDS, AT(pam.includes) },
        { .name = "forbids", .type = SCHEMA_WORDS, AT(pam.forbids) },
        { .name = "forbids_args", .type = SCHEMA_WORDS, AT(pam.forbids_args) },
        { .name = "requires_args", .type = SCHEMA_WORDS, AT(pam.requires_args) },
        { .name = "modules_from", .type = SCHEMA_WORDS, AT(pam.modules_from) },
        { .name = "must_not_succeed_by", .type = SCHEMA_WORDS, AT(pam.must_not_succeed_by) },
        { .name = "absent", .type = SCHEMA_FLAG, AT(pam.absent) },
};

/* rsa_bits_at_least: below 1024 sshd refuses anyway (RequiredRSASize), above 16384 it cannot read
 * the key (SSHBUF_MAX_BIGNUM). */
static const struct schema_key keys_keys[] = {
        { .name = "types", .type = SCHEMA_WORDS, AT(keys.types) },
        { .name = "rsa_bits_at_least",
          .type = SCHEMA_COUNT,
          AT(keys.rsa_bits_at_least),
          .minimum = 1024,
          .maximum = 16384,
          .not_asked = 0 },
        { .name = "only", .type = SCHEMA_FINGERPRINTS, AT(keys.only) },
        { .name = "forbids", .type = SCHEMA_FINGERPRINTS, AT(keys.forbids) },
        { .name = "requires_options", .type = SCHEMA_WORDS, AT(keys.requires_options) },
        { .name = "forbids_options", .type = SCHEMA_WORDS, AT(keys.forbids_options) },
        { .name = "max_keys",
          .type = SCHEMA_COUNT,
          AT(keys.max_keys),
          .minimum = 0,
          .maximum = 1000000,
          .not_asked = -1 },
        { .name = "cert_authorities", .type = SCHEMA_FINGERPRINTS, AT(keys.cert_authorities) },
        { .name = "comments", .type = SCHEMA_WORDS, AT(keys.comments) },
        { .name = "expires_within", .type = SCHEMA_DURATION, AT(keys.expires_within_s) },
        { .name = "approved_only", .type = SCHEMA_FLAG, AT(keys.approved_only) },
};

static const struct schema_key file_keys[] = {
        { .name = "owner", .type = SCHEMA_SCALAR, AT(file_rule.owner) },
        { .name = "group", .type = SCHEMA_SCALAR, AT(file_rule.group) },
        { .name = "mode_at_most", .type = SCHEMA_MODE, AT(file_rule.mode_at_most) },
        { .name = "absent", .type = SCHEMA_FLAG, AT(file_rule.absent) },
        { .name = "approved_only", .type = SCHEMA_FLAG, AT(file_rule.approved_only) },
};

static const struct schema_key access_keys[] = {
        { .name = "denied", .type = SCHEMA_FLAG, AT(access.denied) },
        { .name = "factors_at_least",
          .type = SCHEMA_COUNT,
          AT(access.factors_at_least),
          .minimum = 1,
          .maximum = 4,
          .not_asked = 0 },
        { .name = "only_methods", .type = SCHEMA_WORDS, AT(access.only_methods) },
        { .name = "only_users", .type = SCHEMA_WORDS, AT(access.only_users) },
        { .name = "only_sessions", .type = SCHEMA_WORDS, AT(access.only_sessions) },
        { .name = "user", .group = "when", .type = SCHEMA_STRING, AT(access.when.user) },
        { .name = "group", .group = "when", .type = SCHEMA_STRING, AT(access.when.group) },
        { .name = "address", .group = "when", .type = SCHEMA_STRING, AT(access.when.address) },
        { .name = "lport", .group = "when", .type = SCHEMA_SCALAR, AT(access.when.lport) },
        { .name = "shell", .group = "when", .type = SCHEMA_STRING, AT(access.when.shell) },
};

#define SUBJECT(key, member)                                                                       \
        { .name = (key), .type = SCHEMA_STRING, AT(member) }

static const struct schema schemas[N_RULE_FAMILIES] = {
        [RULE_SSHD] = { RULE_SSHD, SUBJECT("sshd", sshd.keyword), sshd_keys,
                        N_ELEMENTS(sshd_keys) },
        [RULE_PAM] = { RULE_PAM, SUBJECT("pam", pam.service), pam_keys, N_ELEMENTS(pam_keys) },
        [RULE_KEYS] = { RULE_KEYS, SUBJECT("keys", keys.users), keys_keys, N_ELEMENTS(keys_keys) },
        [RULE_FILE] = { RULE_FILE, SUBJECT("file", file_rule.path), file_keys,
                        N_ELEMENTS(file_keys) },
        [RULE_ACCESS] = { RULE_ACCESS, SUBJECT("access", access.users), access_keys,
                          N_ELEMENTS(access_keys) },
};

static const struct schema common_schema = { .keys = common_keys,
                                             .n_keys = N_ELEMENTS(common_keys) };

const struct schema *schema_of_family(enum rule_family family) {
        return family < N_RULE_FAMILIES && schemas[family].keys ? &schemas[family] : NULL;
}

const struct schema *schema_common(void) {
        return &common_schema;
}

const struct schema_key *schema_find(const struct schema *schema, const char *group,
                                     const char *name) {
        for (size_t i = 0; i < schema->n_keys; i++) {
                const struct schema_key *key = &schema->keys[i];
                bool same_group =
                        group ? key->group && strcmp(key->group, group) == 0 : !key->group;

                if (same_group && strcmp(key->name, name) == 0)
                        return key;
        }
        return NULL;
}

void *schema_value(struct rule *rule, const struct schema_key *key) {
        return (char *)rule + key->offset;
}

const void *schema_value_const(const struct rule *rule, const struct schema_key *key) {
        return (const char *)rule + key->offset;
}

bool schema_is_set(const struct rule *rule, const struct schema_key *key) {
        const void *value = schema_value_const(rule, key);

        switch (key->type) {
        case SCHEMA_STRING:
        case SCHEMA_SCALAR:
                return *(char *const *)value != NULL;
        case SCHEMA_WORDS:
        case SCHEMA_FINGERPRINTS:
                return ((const struct rule_words *)value)->is_set;
        case SCHEMA_FLAG:
        case SCHEMA_AUDIT:
                return *(const bool *)value;
        case SCHEMA_MODE:
                return *(const int *)value >= 0;
        case SCHEMA_COUNT:
                return *(const int *)value != key->not_asked;
        case SCHEMA_DURATION:
                return *(const int64_t *)value >= 0;
        case SCHEMA_NAME:
        case N_SCHEMA_TYPES:
                break;
        }
        return true;
}

void schema_clear(struct rule *rule, const struct schema_key *key) {
        void *value = schema_value(rule, key);

        switch (key->type) {
        case SCHEMA_STRING:
        case SCHEMA_SCALAR:
                free(*(char **)value);
                *(char **)value = NULL;
                break;
        case SCHEMA_WORDS:
        case SCHEMA_FINGERPRINTS:
                rule_words_done(value);
                break;
        case SCHEMA_FLAG:
        case SCHEMA_AUDIT:
                *(bool *)value = false;
                break;
        case SCHEMA_MODE:
                *(int *)value = -1;
                break;
        case SCHEMA_COUNT:
                *(int *)value = key->not_asked;
                break;
        case SCHEMA_DURATION:
                *(int64_t *)value = -1;
                break;
        case SCHEMA_NAME:
        case N_SCHEMA_TYPES:
                break;
        }
}

static size_t size_of_type(enum schema_type type) {
        static const size_t sizes[N_SCHEMA_TYPES] = {
                [SCHEMA_STRING] = sizeof(char *),
                [SCHEMA_SCALAR] = sizeof(char *),
                [SCHEMA_WORDS] = sizeof(struct rule_words),
                [SCHEMA_FLAG] = sizeof(bool),
                [SCHEMA_NAME] = sizeof(unsigned),
                [SCHEMA_AUDIT] = sizeof(bool),
                [SCHEMA_MODE] = sizeof(int),
                [SCHEMA_COUNT] = sizeof(int),
                [SCHEMA_DURATION] = sizeof(int64_t),
                [SCHEMA_FINGERPRINTS] = sizeof(struct rule_words),
        };

        return sizes[type];
}

void schema_move(struct rule *to, struct rule *from, const struct schema_key *key) {
        size_t size = size_of_type(key->type);
        void *source = schema_value(from, key);

        schema_clear(to, key);
        memcpy(schema_value(to, key), source, size);
        if (key->type == SCHEMA_NAME)
                return;
        /* owned values changed hands: forget them without freeing */
        memset(source, 0, size);
        schema_clear(from, key);
}

void schema_clear_conditions(struct rule *rule) {
        const struct schema *schema = schema_of_family(rule->family);

        for (size_t i = 0; schema && i < schema->n_keys; i++)
                schema_clear(rule, &schema->keys[i]);
}

void schema_clear_rule(struct rule *rule) {
        const struct schema *schema = schema_of_family(rule->family);

        schema_clear_conditions(rule);
        if (schema)
                schema_clear(rule, &schema->subject);
        for (size_t i = 0; i < common_schema.n_keys; i++)
                schema_clear(rule, &common_schema.keys[i]);
}

void schema_init_rule(struct rule *rule, enum rule_family family) {
        *rule = (struct rule){ .family = family,
                               .response = RESPONSE_ALERT,
                               .severity = SEVERITY_MEDIUM,
                               .is_enabled = true };
        schema_clear_conditions(rule);
}

_Static_assert(N_ELEMENTS(sshd_keys) <= SCHEMA_KEYS_MAX, "a statement counts keys in 32 bits");
_Static_assert(N_ELEMENTS(keys_keys) <= SCHEMA_KEYS_MAX, "a statement counts keys in 32 bits");
_Static_assert(sizeof(enum rule_response) == sizeof(unsigned), "SCHEMA_NAME is moved as unsigned");
_Static_assert(sizeof(enum severity) == sizeof(unsigned), "SCHEMA_NAME is moved as unsigned");
