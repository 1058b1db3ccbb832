/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rules of shipped profiles, and which of them an administrator knows.
 *
 * A rule is known by its terms: subject, conditions, response, mode. They are taken from the
 * profiles alone, so that an administrator who overrides a part of a rule does not have to
 * acknowledge his own words, and a profile that changes another part of it still waits.
 *
 * Whether a rule came by an upgrade or by a change of `extends` is told by reading the profiles
 * with the earlier `extends` too: what differs between the two readings is the administrator's
 * choice, what differs from what was acknowledged in the earlier one is the upgrade's. */

#include "guard/rollout.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "guard/policy_load.h"
#include "guard/record.h"
#include "policy/parse.h"

static const char extends_name[] = "acknowledged-extends";
static const char first_reason[] = "in force when the guard began";
static const char chosen_reason[] = "brought by a profile that was added to `extends`";

void rollout_done(struct rollout *rollout) {
        acknowledgements_free(rollout->known, rollout->n_known);
        strings_free(rollout->terms, rollout->n_terms);
        *rollout = (struct rollout){ 0 };
}

/* ---- the last `extends`, a name a line ---- */

int rollout_last_extends(struct store *store, struct rule_words *ret) {
        CLEANUP_FREE char *names = NULL;
        struct rule_words words = { .is_set = true };
        int r = store_get_value(store, extends_name, &names);

        for (const char *name = names; r == 0 && *name;) {
                size_t n = strcspn(name, "\n");

                r = strings_append_n(&words.items, &words.n_items, name, n);
                name += n + (name[n] == '\n');
        }
        if (r < 0) {
                rule_words_done(&words);
                return r;
        }
        *ret = words;
        return 0;
}

static int record_extends(struct store *store, const struct rule_words *extends) {
        CLEANUP(text_done) struct text names = { 0 };
        int r = text_append(&names, "");

        for (size_t i = 0; i < extends->n_items; i++)
                r = text_appendf(&names, "%s\n", extends->items[i]);
        return r < 0 ? r : store_set_value(store, extends_name, text_get(&names));
}

/* ---- terms ---- */

/* What profiles say of a rule: 0 with *ret on the heap, NULL if they say nothing or one of the
 * administrator's own has the last word; or -ENOMEM. */
static int terms_of(const struct policy *profiles, const char *id, char **ret) {
        const struct rule *rule = profiles ? policy_find_rule(profiles, id) : NULL;
        CLEANUP(text_done) struct text text = { 0 };

        *ret = NULL;
        if (!rule || !policy_load_is_shipped(rule->file))
                return 0;
        if (policy_format_terms(rule, &text) < 0 || !(*ret = text_take(&text)))
                return -ENOMEM;
        return 0;
}

static int compare_ids(const void *id, const void *known) {
        return strcmp(id, ((const struct acknowledgement *)known)->rule_id);
}

const struct acknowledgement *rollout_acknowledged(const struct rollout *rollout,
                                                   const char *rule_id) {
        return rollout->n_known == 0 ? NULL
                                     : bsearch(rule_id, rollout->known, rollout->n_known,
                                               sizeof *rollout->known, compare_ids);
}

static bool is_known_as(const struct acknowledgement *known, const char *terms) {
        return known && strcmp(known->terms, terms) == 0;
}

const char *rollout_terms(const struct rollout *rollout, const struct policy *policy,
                          const struct rule *rule) {
        size_t i = (size_t)(rule - policy->rules);

        return i < rollout->n_terms ? rollout->terms[i] : NULL;
}

/* ---- beginning ---- */

static int record(struct store *store, const struct rule *rule, const char *terms, uint32_t by,
                  const char *reason) {
        return store_acknowledge(store, &(struct acknowledgement){
                                                .rule_id = BORROWED(rule->id),
                                                .terms = BORROWED(terms),
                                                .at_us = record_now_us(),
                                                .by = by,
                                                .reason = BORROWED(reason),
                                        });
}

/* Whether the administrator's new `extends` alone makes a rule what it is: with the earlier one it
 * was not there, or was as he knew it. */
static int is_chosen(const struct rollout_profiles *profiles, const struct rule *rule,
                     const struct acknowledgement *known, const char *terms) {
        CLEANUP_FREE char *before = NULL;
        int r;

        if (!profiles->before)
                return false;
        r = terms_of(profiles->before, rule->id, &before);
        if (r < 0)
                return r;
        return !before || (strcmp(before, terms) != 0 && is_known_as(known, before));
}

struct beginning {
        struct store *store;
        struct policy *policy;
        const struct rollout_profiles *profiles;
        bool is_first;
        const char **reasons; /* of each rule: why it needs no acknowledgement, to be recorded */
        struct rollout rollout;
};

static void beginning_done(struct beginning *beginning) {
        free(beginning->reasons);
        rollout_done(&beginning->rollout);
}

static int compare_rule(struct beginning *beginning, size_t i) {
        struct rule *rule = &beginning->policy->rules[i];
        struct rollout *rollout = &beginning->rollout;
        const struct acknowledgement *known = rollout_acknowledged(rollout, rule->id);
        char *terms;
        int r = terms_of(beginning->profiles->now, rule->id, &terms);

        if (r < 0)
                return r;
        rollout->terms[rollout->n_terms++] = terms;
        rule->is_pending = false;
        if (!terms || is_known_as(known, terms))
                return 0;
        if (beginning->is_first) {
                beginning->reasons[i] = first_reason;
                return 0;
        }
        r = is_chosen(beginning->profiles, rule, known, terms);
        if (r > 0)
                beginning->reasons[i] = chosen_reason;
        else
                rule->is_pending = true;
        return r < 0 ? r : 0;
}

static int load_known(struct store *store, struct rollout *rollout) {
        acknowledgements_free(TAKE(rollout->known), rollout->n_known);
        rollout->n_known = 0;
        return store_list_acknowledged(store, &rollout->known, &rollout->n_known);
}

static bool is_same(const struct rule_words *a, const struct rule_words *b) {
        if (a->n_items != b->n_items)
                return false;
        for (size_t i = 0; i < a->n_items; i++)
                if (strcmp(a->items[i], b->items[i]) != 0)
                        return false;
        return true;
}

static int record_all(const struct beginning *beginning) {
        struct store *store = beginning->store;
        const struct policy *policy = beginning->policy;
        int r = store_begin(store);

        for (size_t i = 0; i < policy->n_rules && r == 0; i++)
                if (beginning->reasons[i])
                        r = record(store, &policy->rules[i], beginning->rollout.terms[i], 0,
                                   beginning->reasons[i]);
        if (r == 0)
                r = record_extends(store, &policy->extends);
        if (r == 0)
                r = store_commit(store);
        if (r < 0)
                store_rollback(store);
        return r;
}

static int begin(struct beginning *beginning) {
        CLEANUP(rule_words_done) struct rule_words last = { 0 };
        const struct policy *policy = beginning->policy;
        int r = rollout_last_extends(beginning->store, &last);

        beginning->is_first = r == -ENOENT;
        if (r == 0 || r == -ENOENT)
                r = load_known(beginning->store, &beginning->rollout);
        for (size_t i = 0; i < policy->n_rules && r == 0; i++)
                r = compare_rule(beginning, i);
        /* nothing is written where nothing is new: a full disk must not keep a policy out */
        if (r < 0 || (!beginning->is_first && is_same(&last, &policy->extends)))
                return r;
        r = record_all(beginning);
        return r < 0 ? r : load_known(beginning->store, &beginning->rollout);
}

int rollout_begin(struct store *store, struct policy *policy,
                  const struct rollout_profiles *profiles, struct rollout *ret) {
        CLEANUP(beginning_done)
        struct beginning beginning = { .store = store, .policy = policy, .profiles = profiles };
        int r;

        beginning.reasons = calloc(policy->n_rules + 1, sizeof *beginning.reasons);
        beginning.rollout.terms = calloc(policy->n_rules + 1, sizeof *beginning.rollout.terms);
        if (!beginning.reasons || !beginning.rollout.terms)
                return -ENOMEM;
        r = begin(&beginning);
        if (r < 0)
                return r;
        *ret = beginning.rollout;
        beginning.rollout = (struct rollout){ 0 };
        return 0;
}

int rollout_acknowledge(struct rollout *rollout, struct store *store, const struct policy *policy,
                        struct rule *rule, uint32_t by, const char *reason) {
        const char *terms = rollout_terms(rollout, policy, rule);
        int r;

        if (!terms)
                return -EINVAL;
        r = record(store, rule, terms, by, reason);
        if (r < 0)
                return r;
        rule->is_pending = false;
        return load_known(store, rollout);
}
