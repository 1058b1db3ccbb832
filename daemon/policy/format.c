/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A policy as text, every rule in full: what `--test-policy` shows.
 *
 * Profiles are not named as settings but in comments: the text stands for itself, and reading it
 * gives the same rules on a machine without these profiles. Keys at their default are left out. */

#include <errno.h>
#include <string.h>

#include "policy/parse.h"
#include "schema.h"
#include "sshd/keywords.h"

/* Only `"` and `\` need an escape: the reader lets no control byte in. */
static void append_string(struct text *text, const char *string) {
        (void)text_append_char(text, '"');
        for (; *string; string++) {
                if (*string == '"' || *string == '\\')
                        (void)text_append_char(text, '\\');
                (void)text_append_char(text, *string);
        }
        (void)text_append_char(text, '"');
}

/* A list of one is as good as the word itself. */
static void append_words(struct text *text, const struct rule_words *words) {
        if (words->n_items == 1) {
                append_string(text, words->items[0]);
                return;
        }
        (void)text_append(text, "[");
        for (size_t i = 0; i < words->n_items; i++) {
                (void)text_append(text, i == 0 ? " " : ", ");
                append_string(text, words->items[i]);
        }
        (void)text_append(text, " ]");
}

static void append_value(struct text *text, const struct rule *rule, const struct schema_key *key) {
        const void *value = schema_value_const(rule, key);

        switch (key->type) {
        case SCHEMA_STRING:
        case SCHEMA_SCALAR:
                append_string(text, *(char *const *)value);
                break;
        case SCHEMA_WORDS:
        case SCHEMA_FINGERPRINTS:
                append_words(text, value);
                break;
        case SCHEMA_FLAG:
                (void)text_append(text, *(const bool *)value ? "true" : "false");
                break;
        case SCHEMA_NAME:
                append_string(text, key->name_of(*(const unsigned *)value));
                break;
        case SCHEMA_AUDIT:
                append_string(text,
                              policy_mode_name(*(const bool *)value ? MODE_AUDIT : MODE_ENFORCE));
                break;
        case SCHEMA_MODE:
                (void)text_appendf(text, "\"%04o\"", (unsigned)*(const int *)value);
                break;
        case SCHEMA_COUNT:
                (void)text_appendf(text, "%d", *(const int *)value);
                break;
        case SCHEMA_DURATION:
                (void)text_appendf(text, "\"%llds\"", (long long)*(const int64_t *)value);
                break;
        case N_SCHEMA_TYPES:
                break;
        }
}

static void append_key(struct text *text, const struct rule *rule, const struct schema_key *key,
                       const char *indent) {
        (void)text_appendf(text, "%s%s = ", indent, key->name);
        append_value(text, rule, key);
        (void)text_append(text, ";\n");
}

/* Keys of a group stand side by side in their table, at its end. */
static void append_conditions(struct text *text, const struct rule *rule) {
        const struct schema *schema = schema_of_family(rule->family);
        const char *group = NULL;

        if (rule->family == RULE_SSHD) {
                (void)text_append(text, "    sshd = ");
                append_string(text, sshd_keyword_display_name(rule->sshd.keyword));
                (void)text_append(text, ";\n");
        } else {
                append_key(text, rule, &schema->subject, "    ");
        }
        for (size_t i = 0; i < schema->n_keys; i++) {
                const struct schema_key *key = &schema->keys[i];

                if (!schema_is_set(rule, key))
                        continue;
                if (key->group && !group)
                        (void)text_appendf(text, "    %s = {\n", key->group);
                group = key->group;
                append_key(text, rule, key, group ? "      " : "    ");
        }
        if (group)
                (void)text_append(text, "    };\n");
}

/* A keyword this sshd does not know, or reads without heeding it. */
static void append_applicability(struct text *text, const struct rule *rule,
                                 const struct sshd_release *release) {
        enum sshd_keyword_status status;

        if (rule->family != RULE_SSHD)
                return;
        status = sshd_keyword_lookup(rule->sshd.keyword, release, NULL, NULL);
        if (status != SSHD_KEYWORD_KNOWN)
                (void)text_appendf(text, "  // not applicable: OpenSSH %u.%u %s this keyword\n",
                                   release->number / 100, release->number % 100,
                                   status == SSHD_KEYWORD_DEPRECATED ? "ignores" : "does not have");
}

/* A key that every rule has, and that is not at its default. */
static bool is_said(const struct rule *rule, const struct schema_key *key) {
        return key->offset == offsetof(struct rule, is_enabled) ? !rule->is_enabled
                                                                : schema_is_set(rule, key);
}

static void append_rule(struct text *text, const struct rule *rule,
                        const struct sshd_release *release) {
        const struct schema *common = schema_common();

        if (rule->profile)
                (void)text_appendf(text, "  // profile %s, last word at %s:%u\n", rule->profile,
                                   rule->file, rule->line);
        else
                (void)text_appendf(text, "  // %s:%u\n", rule->file, rule->line);
        append_applicability(text, rule, release);
        (void)text_append(text, "  {\n    id = ");
        append_string(text, rule->id);
        (void)text_append(text, ";\n");
        append_conditions(text, rule);
        for (size_t i = 0; i < common->n_keys; i++) {
                const struct schema_key *key = &common->keys[i];

                if (is_said(rule, key))
                        append_key(text, rule, key, "    ");
        }
        (void)text_append(text, "  }");
}

static void append_list(struct text *text, const char *name, const struct rule_words *words) {
        if (words->n_items == 0)
                return;
        (void)text_appendf(text, "%s = ", name);
        append_words(text, words);
        (void)text_append(text, ";\n");
}

/* A list inside of a group. */
static void append_member(struct text *text, const char *name, const struct rule_words *words) {
        if (!words->is_set)
                return;
        (void)text_appendf(text, "%s = ", name);
        append_words(text, words);
        (void)text_append(text, "; ");
}

int policy_format_conditions(const struct rule *rule, struct text *text) {
        append_conditions(text, rule);
        return text_error(text);
}

/* Whether a key that every rule has decides what is done. */
static bool is_term(const struct schema_key *key) {
        return key->offset == offsetof(struct rule, response) ||
               key->offset == offsetof(struct rule, is_audit_only) ||
               key->offset == offsetof(struct rule, is_enabled);
}

int policy_format_terms(const struct rule *rule, struct text *text) {
        const struct schema *common = schema_common();

        append_conditions(text, rule);
        for (size_t i = 0; i < common->n_keys; i++)
                if (is_term(&common->keys[i]) && is_said(rule, &common->keys[i]))
                        append_key(text, rule, &common->keys[i], "    ");
        return text_error(text);
}

int policy_format(const struct policy *policy, struct text *text) {
        for (size_t i = 0; i < policy->extends.n_items; i++)
                (void)text_appendf(text, "// extends %s\n", policy->extends.items[i]);
        (void)text_appendf(text, "mode = \"%s\";\n", policy_mode_name(policy->mode));
        (void)text_appendf(text, "unapproved = { etc = \"%s\"; users = \"%s\"; };\n",
                           unapproved_response_name(policy->unapproved_etc),
                           unapproved_response_name(policy->unapproved_users));
        if (policy->has_notify)
                (void)text_appendf(text, "notify = \"%s\";\n", severity_name(policy->notify));
        if (!policy->cross_check)
                (void)text_append(text, "cross_check = false;\n");
        append_list(text, "admins", &policy->admins);
        append_list(text, "never_remove", &policy->never_remove);
        if (policy->control_read.is_set || policy->control_change.is_set) {
                (void)text_append(text, "control = { ");
                append_member(text, "read", &policy->control_read);
                append_member(text, "change", &policy->control_change);
                (void)text_append(text, "};\n");
        }
        append_list(text, "extra_users", &policy->extra_users);
        (void)text_append(text, "rules = (\n");
        for (size_t i = 0; i < policy->n_rules; i++) {
                append_rule(text, &policy->rules[i], &policy->release);
                (void)text_append(text, i + 1 < policy->n_rules ? ",\n" : "\n");
        }
        (void)text_append(text, ");\n");
        return text_error(text);
}
