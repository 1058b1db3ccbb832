/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From a rule that does not hold to the value that makes it hold and changes least: a number moves
 * to the bound it is beyond, a list loses what is forbidden and gains what is missing, a mode loses
 * bits and never gains one.
 *
 * Whether the whole configuration is better for it is not decided here: the candidate is judged
 * like any other before it is written. */

#include "policy/repair.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/pattern.h"
#include "base/text.h"
#include "values.h"

struct values {
        char **items;
        size_t n_items;
};

static void values_done(struct values *values) {
        strings_free(values->items, values->n_items);
        *values = (struct values){ 0 };
}

static int add(struct values *values, const char *value) {
        return strings_append(&values->items, &values->n_items, value);
}

static bool has(const struct values *values, const char *value) {
        for (size_t i = 0; i < values->n_items; i++)
                if (strcmp(values->items[i], value) == 0)
                        return true;
        return false;
}

/* --- methods ---------------------------------------------------------------------------------- */

/* ALTERNATIVE with the methods it lacks before it: `any` gives way to them. */
static int repair_alternative(const struct rule_sshd *rule, const char *alternative,
                              struct values *values) {
        CLEANUP(rule_words_done) struct rule_words missing = { 0 };
        CLEANUP(text_done) struct text text = { 0 };
        int r = values_missing_methods(alternative, &rule->must, &missing);

        for (size_t i = 0; i < missing.n_items; i++)
                (void)text_appendf(&text, "%s,", missing.items[i]);
        if (strcmp(alternative, "any") == 0 && text.n > 0)
                text.data[--text.n] = '\0';
        else
                (void)text_append(&text, alternative);
        if (r == 0)
                r = text_error(&text);
        if (r < 0 || has(values, text_get(&text)))
                return r;
        return add(values, text_get(&text));
}

static int repair_methods(const struct rule_sshd *rule, const struct sshd_setting *setting,
                          struct values *values) {
        if (!rule->must.is_set)
                return -ENOTSUP; /* which of the other methods would do is the administrator's call
                                  */
        for (size_t i = 0; i < setting->n_values; i++) {
                for (const char *next = setting->values[i]; *next;) {
                        size_t n = strcspn(next, " ");
                        CLEANUP_FREE char *alternative = strndup(next, n);
                        int r = alternative ? repair_alternative(rule, alternative, values)
                                            : -ENOMEM;

                        if (r < 0)
                                return r;
                        next += n + strspn(next + n, " ");
                }
        }
        return 0;
}

/* --- lists and scalars ------------------------------------------------------------------------ */

static int repair_list(const struct rule_sshd *rule, const struct sshd_setting *setting,
                       struct values *values) {
        struct sshd_setting one = *setting;
        int r = 0;

        for (size_t i = 0; r == 0 && i < rule->must.n_items; i++)
                r = add(values, rule->must.items[i]);
        for (size_t i = 0; r == 0 && !rule->must.is_set && i < setting->n_values; i++) {
                CLEANUP(verdict_done) struct verdict verdict = { 0 };
                const struct rule_sshd filter = { .keyword = rule->keyword,
                                                  .only_match = rule->only_match,
                                                  .none_match = rule->none_match };

                one.values = &setting->values[i];
                one.n_values = 1;
                r = values_judge(&filter, SSHD_VALUE_LIST, &one, &verdict);
                if (r == 0 && verdict.n_offenders == 0)
                        r = add(values, setting->values[i]);
        }
        for (size_t i = 0; r == 0 && i < rule->includes.n_items; i++)
                if (!has(values, rule->includes.items[i]))
                        r = add(values, rule->includes.items[i]);
        return r;
}

/* The bound that the value is beyond: at_most where it is beyond both, as 0 without a limit is. */
static const char *bound_of(const struct rule_sshd *rule, enum sshd_value_kind kind,
                            const struct sshd_setting *setting) {
        const struct rule_sshd most = { .keyword = rule->keyword, .at_most = rule->at_most };
        CLEANUP(verdict_done) struct verdict verdict = { 0 };

        if (!rule->at_least || !rule->at_most)
                return rule->at_most ? rule->at_most : rule->at_least;
        if (values_judge(&most, kind, setting, &verdict) < 0 || verdict.want.n > 0)
                return rule->at_most;
        return rule->at_least;
}

static int repair_scalar(const struct rule_sshd *rule, enum sshd_value_kind kind,
                         const struct sshd_setting *setting, struct values *values) {
        const char *value = rule->must.is_set     ? rule->must.items[0]
                            : rule->one_of.is_set ? rule->one_of.items[0]
                                                  : bound_of(rule, kind, setting);

        return value ? add(values, value) : -ENOTSUP;
}

/* The candidate must satisfy the very conditions it was made for. */
static int check(const struct rule_sshd *rule, enum sshd_value_kind kind,
                 const struct sshd_setting *setting, const struct values *values) {
        const struct sshd_setting candidate = { .keyword = setting->keyword,
                                                .values = values->items,
                                                .n_values = values->n_items };
        CLEANUP(verdict_done) struct verdict verdict = { 0 };
        int r = values_judge(rule, kind, &candidate, &verdict);

        return r < 0 ? r : verdict.want.n > 0 ? -ENOTSUP : 0;
}

/* Whose `none` takes a right and locks nobody out, as AuthorizedKeysFile's would. */
static bool has_harmless_none(const char *keyword) {
        return strcmp(keyword, "permitopen") == 0 || strcmp(keyword, "permitlisten") == 0;
}

/* No value is left: the lines go if the default is right, else `none` may say so. */
static int repair_empty(const struct rule_sshd *rule, const struct sshd_release *release,
                        enum sshd_value_kind kind, const struct sshd_setting *present,
                        struct values *values) {
        CLEANUP(values_done) struct values initial = { 0 };
        struct sshd_setting setting = { .keyword = rule->keyword };
        int r = sshd_keyword_default(rule->keyword, release, &initial.items, &initial.n_items);

        if (r < 0)
                return r == -EINVAL ? -ENOTSUP : r;
        setting.values = initial.items;
        setting.n_values = initial.n_items;
        r = present->is_default ? -ENOTSUP : check(rule, kind, &setting, &initial);
        if (r != -ENOTSUP || !has_harmless_none(rule->keyword))
                return r;
        r = add(values, "none");
        return r == 0 ? check(rule, kind, &setting, values) : r;
}

int policy_repair_sshd(const struct rule *rule, const struct sshd_release *release,
                       const struct sshd_setting *setting, char ***ret_values,
                       size_t *ret_n_values) {
        const struct rule_sshd *sshd = &rule->sshd;
        CLEANUP(values_done) struct values values = { 0 };
        enum sshd_value_kind kind = SSHD_VALUE_WORD;
        int r;

        if (sshd_keyword_lookup(sshd->keyword, release, NULL, &kind) != SSHD_KEYWORD_KNOWN)
                return -ENOTSUP;
        *ret_values = NULL;
        *ret_n_values = 0;
        if (sshd->unset)
                return setting->is_default ? -ENOTSUP : 0;
        if (kind == SSHD_VALUE_METHODS)
                r = repair_methods(sshd, setting, &values);
        else if (kind == SSHD_VALUE_LIST)
                r = repair_list(sshd, setting, &values);
        else
                r = repair_scalar(sshd, kind, setting, &values);
        if ((r == 0 || r == -ENOTSUP) && values.n_items == 0 && kind != SSHD_VALUE_METHODS)
                r = repair_empty(sshd, release, kind, setting, &values);
        else if (r == 0)
                r = check(sshd, kind, setting, &values);
        if (r < 0)
                return r;
        *ret_n_values = values.n_items;
        *ret_values = TAKE(values.items);
        values.n_items = 0;
        return 0;
}

/* --- files ------------------------------------------------------------------------------------ */

static int resolve(const char *wanted, uint32_t actual, void *userdata,
                   int (*id_of)(void *userdata, const char *name, uint32_t *ret), bool *ret_set,
                   uint32_t *ret_id) {
        uint32_t id = 0;
        int r;

        if (!wanted)
                return 0;
        r = policy_resolve_id(wanted, userdata, id_of, &id);
        if (r < 0)
                return r == -ENOENT ? -ENOTSUP : r;
        *ret_set = id != actual;
        *ret_id = id;
        return 0;
}

int policy_repair_file(const struct rule *rule, const struct judged_file *file,
                       struct file_repair *ret) {
        const struct rule_file *asked = &rule->file_rule;
        const struct file_metadata *now = file->metadata;
        enum file_kind kind =
                policy_file_rule_wants_directory(rule) ? FILE_DIRECTORY : FILE_REGULAR;
        struct file_repair repair = { .uid = now->uid, .gid = now->gid, .mode = now->mode };
        int r;

        if (asked->absent) {
                if (now->kind == FILE_DIRECTORY || now->kind == FILE_UNREADABLE)
                        return -ENOTSUP; /* what is in there is not ours to throw away */
                ret->remove = now->kind != FILE_ABSENT;
                return 0;
        }
        if (now->kind != kind || (asked->approved_only && file->approved &&
                                  file_metadata_compare(file->approved, now) != 0))
                return -ENOTSUP;
        r = resolve(policy_wanted_owner(rule, file), now->uid, file->userdata, file->uid_of,
                    &repair.set_owner, &repair.uid);
        if (r == 0)
                r = resolve(asked->group, now->gid, file->userdata, file->gid_of, &repair.set_group,
                            &repair.gid);
        if (r < 0)
                return r;
        if (asked->mode_at_most >= 0) {
                repair.mode = now->mode & (uint32_t)asked->mode_at_most;
                repair.set_mode = repair.mode != now->mode;
        }
        *ret = repair;
        return 0;
}
