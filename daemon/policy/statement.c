/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A rule group: `{ id = "…"; sshd = "…"; must = "no"; }`.
 *
 * The first group with an id makes the rule; later files override it by id. An override changes
 * what it names, except that conditions hold together: naming one replaces all of them, since half
 * of an old condition with half of a new one is what nobody asked for. The subject stays what it
 * is.
 *
 * A group with errors is merged all the same: the policy is lost anyway, and the groups after it
 * are then judged against what their author meant. */

#include "statement.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/nearest.h"
#include "sshd/keywords.h"

enum { ID_MAX_BYTES = 100 };

static struct rule *find_rule(const struct rule_target *target, const char *id) {
        for (size_t i = 0; i < target->policy->n_rules; i++)
                if (strcmp(target->policy->rules[i].id, id) == 0)
                        return &target->policy->rules[i];
        return NULL;
}

static int read_id(const struct rule_target *target, const config_setting_t *group, char **ret) {
        const config_setting_t *setting = config_setting_get_member(group, "id");
        int r;

        if (!setting)
                return read_complain(&target->reader, group,
                                     "the rule has no id: write id = \"sshd.max-auth-tries\" or "
                                     "the like");
        r = read_string(&target->reader, setting, ret);
        if (r != READ_OK)
                return r;
        if (strlen(*ret) > ID_MAX_BYTES ||
            (*ret)[strspn(*ret, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "._-")] != '\0' ||
            (*ret)[0] == '-' || (*ret)[0] == '.')
                return read_complain(&target->reader, setting,
                                     "an id consists of at most %d letters, digits, `.`, `_` and "
                                     "`-`, not \"%s\"",
                                     ID_MAX_BYTES, *ret);
        return READ_OK;
}

/* --- which family ----------------------------------------------------------------------------- */

/* The subject of GROUP: *ret_family and the setting, or NULL if it names none. */
static int find_subject(const struct rule_target *target, const config_setting_t *group,
                        enum rule_family *ret_family, const config_setting_t **ret_setting) {
        const config_setting_t *found = NULL;

        for (int i = 0; i < N_RULE_FAMILIES; i++) {
                const char *name = rule_family_name((enum rule_family)i);
                const config_setting_t *setting = config_setting_get_member(group, name);

                if (!setting)
                        continue;
                if (!schema_of_family((enum rule_family)i))
                        return read_complain(&target->reader, setting,
                                             "this release has no rules of the family `%s`", name);
                if (found)
                        return read_complain(&target->reader, setting,
                                             "a rule speaks about one thing: it has `%s` already",
                                             config_setting_name(found));
                found = setting;
                *ret_family = (enum rule_family)i;
        }
        *ret_setting = found;
        return READ_OK;
}

/* The family whose key NAME is, for someone who put it into another one; NULL if none. */
static const char *family_with_key(const char *name) {
        for (int i = 0; i < N_RULE_FAMILIES; i++) {
                const struct schema *schema = schema_of_family((enum rule_family)i);

                if (schema && schema_find(schema, NULL, name))
                        return schema->subject.name;
        }
        return NULL;
}

static bool is_known_key(const char *name) {
        return strcmp(name, "id") == 0 || schema_find(schema_common(), NULL, name) ||
               family_with_key(name);
}

static int complain_no_subject(const struct rule_target *target, const config_setting_t *group,
                               const char *id) {
        struct nearest rule;
        char buffer[128];

        for (int i = 0; i < config_setting_length(group); i++) {
                const char *name = config_setting_name(config_setting_get_elem(group, (unsigned)i));
                struct nearest key;

                if (is_known_key(name))
                        continue;
                nearest_init(&key, name);
                for (int k = 0; k < N_RULE_FAMILIES; k++)
                        if (schema_of_family((enum rule_family)k))
                                nearest_offer(&key, rule_family_name((enum rule_family)k));
                if (key.best)
                        return read_complain(&target->reader, group, "rule `%s` has a key `%s`%s",
                                             id, name, read_suggestion(&key, buffer));
        }
        nearest_init(&rule, id);
        for (size_t i = 0; i < target->policy->n_rules; i++)
                nearest_offer(&rule, target->policy->rules[i].id);
        if (rule.best)
                return read_complain(&target->reader, group, "there is no rule `%s` to override%s",
                                     id, read_suggestion(&rule, buffer));
        return read_complain(&target->reader, group,
                             "rule `%s` says nothing about its subject: it needs one of sshd, pam, "
                             "keys, file and access",
                             id);
}

static const char *subject_of(const struct rule *rule) {
        return *(char *const *)schema_value_const(rule, &schema_of_family(rule->family)->subject);
}

static int complain_other_subject(const struct rule_target *target, const config_setting_t *setting,
                                  const struct rule *base) {
        const char *subject = subject_of(base);

        return read_complain(&target->reader, setting,
                             "rule `%s` is about %s \"%s\" (%s:%u); an override cannot change "
                             "that, a new id can",
                             base->id, rule_family_name(base->family),
                             base->family == RULE_SSHD ? sshd_keyword_display_name(subject)
                                                       : subject,
                             base->file, base->line);
}

/* Sets family and subject of the statement, from the group or from the rule so far. */
static int take_subject(const struct rule_target *target, const config_setting_t *group,
                        const struct rule *base, const char *id, struct statement *statement) {
        const struct checker checker = { target->reader.path, target->release,
                                         target->reader.diagnostics };
        const config_setting_t *setting = NULL;
        enum rule_family family = RULE_SSHD;
        const struct schema_key *subject;
        int r;

        r = find_subject(target, group, &family, &setting);
        if (r != READ_OK)
                return r;
        if (!setting && !base)
                return complain_no_subject(target, group, id);
        if (setting && base && family != base->family)
                return complain_other_subject(target, setting, base);
        schema_init_rule(&statement->rule, setting ? family : base->family);
        subject = &schema_of_family(statement->rule.family)->subject;
        if (!setting) {
                char **text = schema_value(&statement->rule, subject);

                *text = strdup(subject_of(base));
                return *text ? READ_OK : -ENOMEM;
        }
        statement->subject_line = config_setting_source_line(setting);
        r = read_value(&target->reader, subject, setting, &statement->rule);
        if (r == READ_OK)
                r = check_subject(&checker, statement);
        if (r == READ_OK && base && strcmp(subject_of(base), subject_of(&statement->rule)) != 0)
                r = complain_other_subject(target, setting, base);
        return r;
}

/* --- the other keys --------------------------------------------------------------------------- */

static int complain_unknown_key(const struct rule_target *target, const config_setting_t *setting,
                                const struct schema *schema, const char *group) {
        const char *name = config_setting_name(setting), *family = family_with_key(name);
        const struct schema *tables[] = { schema, group ? NULL : schema_common() };
        struct nearest nearest;
        char buffer[128];

        if (!group && family)
                return read_complain(&target->reader, setting,
                                     "`%s` is a key of rules about `%s`, not of rules about `%s`",
                                     name, family, schema->subject.name);
        nearest_init(&nearest, name);
        for (size_t t = 0; t < N_ELEMENTS(tables); t++)
                for (size_t i = 0; tables[t] && i < tables[t]->n_keys; i++) {
                        const struct schema_key *key = &tables[t]->keys[i];

                        if (!group)
                                nearest_offer(&nearest, key->group ? key->group : key->name);
                        else if (key->group && strcmp(key->group, group) == 0)
                                nearest_offer(&nearest, key->name);
                }
        return read_complain(&target->reader, setting, "unknown key `%s` in %s%s%s", name,
                             group ? "the group " : "a rule about ",
                             group ? group : schema->subject.name,
                             read_suggestion(&nearest, buffer));
}

static bool has_group(const struct schema *schema, const char *name) {
        for (size_t i = 0; i < schema->n_keys; i++)
                if (schema->keys[i].group && strcmp(schema->keys[i].group, name) == 0)
                        return true;
        return false;
}

static int read_key(const struct rule_target *target, const config_setting_t *setting,
                    const char *group, struct statement *statement) {
        const struct schema *schema = schema_of_family(statement->rule.family);
        const char *name = config_setting_name(setting);
        const struct schema_key *key = schema_find(schema, group, name);
        size_t i;

        if (key) {
                i = (size_t)(key - schema->keys);
                statement->conditions |= UINT32_C(1) << i;
                statement->lines[i] = config_setting_source_line(setting);
                return read_value(&target->reader, key, setting, &statement->rule);
        }
        key = group ? NULL : schema_find(schema_common(), NULL, name);
        if (!key) {
                int r = complain_unknown_key(target, setting, schema, group);

                statement->has_unknown_key = true;
                return r < 0 ? r : READ_OK; /* the keys that are known may be judged */
        }
        statement->common |= UINT32_C(1) << (size_t)(key - schema_common()->keys);
        return read_value(&target->reader, key, setting, &statement->rule);
}

/* All keys of the group but id and subject. READ_BAD if any of them was bad. */
static int read_keys(const struct rule_target *target, const config_setting_t *group,
                     const char *in_group, struct statement *statement) {
        const struct schema *schema = schema_of_family(statement->rule.family);
        int result = READ_OK;

        for (int i = 0; i < config_setting_length(group); i++) {
                const config_setting_t *setting = config_setting_get_elem(group, (unsigned)i);
                const char *name = config_setting_name(setting);
                int r;

                if (!in_group &&
                    (strcmp(name, "id") == 0 || strcmp(name, schema->subject.name) == 0))
                        continue;
                if (in_group || !has_group(schema, name))
                        r = read_key(target, setting, in_group, statement);
                else if (config_setting_is_group(setting))
                        r = read_keys(target, setting, name, statement);
                else
                        r = read_complain(&target->reader, setting,
                                          "`%s` takes a group: write %s = { … }", name, name);
                if (r < 0)
                        return r;
                if (r != READ_OK)
                        result = READ_BAD;
        }
        return result;
}

/* --- merging ---------------------------------------------------------------------------------- */

static void merge(struct rule *base, struct statement *statement) {
        const struct schema *schema = schema_of_family(base->family), *common = schema_common();

        for (size_t i = 0; i < common->n_keys; i++)
                if (statement->common & UINT32_C(1) << i)
                        schema_move(base, &statement->rule, &common->keys[i]);
        for (size_t i = 0; statement->conditions && i < schema->n_keys; i++)
                schema_move(base, &statement->rule, &schema->keys[i]);
}

/* Says where the last word on RULE was said. */
static int sign(const struct rule_target *target, struct rule *rule, unsigned line) {
        char *file = strdup(target->reader.path);

        if (!file)
                return -ENOMEM;
        free(rule->file);
        rule->file = file;
        rule->line = line;
        return 0;
}

static int add_rule(const struct rule_target *target, const char *id, struct statement *statement) {
        struct policy *policy = target->policy;
        struct rule *rule = &statement->rule;
        int r;

        rule->id = strdup(id);
        rule->profile = target->profile ? strdup(target->profile) : NULL;
        if (!rule->id || (target->profile && !rule->profile))
                return -ENOMEM;
        r = sign(target, rule, statement->line);
        if (r == 0)
                r = ARRAY_GROW(policy->rules, policy->n_rules);
        if (r < 0)
                return r;
        policy->rules[policy->n_rules++] = *rule;
        *rule = (struct rule){ 0 };
        return 0;
}

static int read_and_merge(const struct rule_target *target, const config_setting_t *group,
                          const char *id, struct statement *statement) {
        const struct checker checker = { target->reader.path, target->release,
                                         target->reader.diagnostics };
        struct rule *base = find_rule(target, id);
        int r;

        if (base && strcmp(base->file, target->reader.path) == 0)
                return read_complain(&target->reader, group,
                                     "rule `%s` is in this file already, at line %u", id,
                                     base->line);
        r = take_subject(target, group, base, id, statement);
        if (r != READ_OK)
                return r;
        r = read_keys(target, group, NULL, statement);
        if (r == READ_OK && (statement->conditions || (!base && !statement->has_unknown_key)))
                r = check_conditions(&checker, statement);
        if (r < 0)
                return r;
        if (!base)
                return add_rule(target, id, statement);
        merge(base, statement);
        return sign(target, base, statement->line);
}

int statement_apply(const struct rule_target *target, const config_setting_t *group) {
        struct statement statement = { .line = config_setting_source_line(group) };
        CLEANUP_FREE char *id = NULL;
        int r;

        if (!config_setting_is_group(group)) {
                r = read_complain(&target->reader, group, "a rule is a group: { id = \"…\"; … }");
                return r < 0 ? r : 0;
        }
        r = read_id(target, group, &id);
        if (r == READ_OK)
                r = read_and_merge(target, group, id, &statement);
        rule_done(&statement.rule);
        return r < 0 ? r : 0;
}
