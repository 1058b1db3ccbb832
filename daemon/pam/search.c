/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The search.
 *
 * The walk only ever moves forward, so the states of a position are all known when the walk comes
 * to it: one pass over the rules. Where the walk goes depends on few things: whether the verdict is
 * undecided, success, another positive code or negative, and the same of the verdicts that a
 * `reset` ahead would restore. Which code it is does not matter to the walk, only to its result; so
 * a state is made of these four classes (two bits for each level of substacks), and the codes are
 * carried along as a set. That set is exact: each step keeps the code, replaces it by one that was
 * returned, or restores a saved one, and which of these it does follows from the classes.
 *
 * Verdicts that no reset can restore any more are forgotten, so that states meet again. Of several
 * ways into a state the cheapest is kept, and with it the witness. Codes of one rule with the same
 * action do the same and are followed once; success is always followed for itself, for it is what
 * questions are about.
 *
 * A key: from bit 0 on two bits for each level, the present verdict's class in the place of level
 * 0, whose reset restores the beginning; then one bit for questions about order; then the position.
 */

#include "search.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "pam/module.h"
#include "walk.h"

enum { COST_OF_FAILURE = N_PAM_CODES * PAM_RULES_MAX };

#define MET_BIT  (UINT64_C(1) << (2 * PAM_LEVEL_MAX))
#define AT_SHIFT (2 * PAM_LEVEL_MAX + 1)
#define AT_MASK  (UINT64_MAX << AT_SHIFT)

enum verdict_class { CLASS_UNDECIDED, CLASS_SUCCESS, CLASS_OTHER, CLASS_NEGATIVE };

/* A verdict for each class. No rule's own code: a jump beyond the end is told by its perm_denied.
 */
static const struct pam_verdict verdicts[] = {
        [CLASS_UNDECIDED] = { PAM_UNDEFINED, PAM_CODE_PERM_DENIED },
        [CLASS_SUCCESS] = { PAM_POSITIVE, PAM_CODE_SUCCESS },
        [CLASS_OTHER] = { PAM_POSITIVE, PAM_CODE_AUTH_ERR },
        [CLASS_NEGATIVE] = { PAM_NEGATIVE, PAM_CODE_AUTH_ERR },
};

static enum verdict_class class_of(const struct pam_verdict *verdict) {
        switch (verdict->impression) {
        case PAM_UNDEFINED:
                return CLASS_UNDECIDED;
        case PAM_POSITIVE:
                return verdict->status == PAM_CODE_SUCCESS ? CLASS_SUCCESS : CLASS_OTHER;
        default:
                return CLASS_NEGATIVE;
        }
}

static enum verdict_class get_class(uint64_t key, unsigned level) {
        return (enum verdict_class)(key >> 2 * level & 3);
}

static void set_class(uint64_t *key, unsigned level, enum verdict_class class) {
        *key = (*key & ~(UINT64_C(3) << 2 * level)) | (uint64_t) class << 2 * level;
}

static size_t position(uint64_t key) {
        return (size_t)(key >> AT_SHIFT);
}

uint32_t pam_search_results(const struct pam_node *node) {
        uint32_t codes = node->codes[0];

        /* a success that counted as `bad` */
        if (get_class(node->key, 0) == CLASS_NEGATIVE && codes & PAM_CODE_BIT(PAM_CODE_SUCCESS))
                codes = (codes & ~PAM_CODE_BIT(PAM_CODE_SUCCESS)) |
                        PAM_CODE_BIT(PAM_CODE_PERM_DENIED);
        return codes;
}

bool pam_search_has_met(const struct pam_node *node) {
        return node->key & MET_BIT;
}

const struct pam_rule *pam_search_rule(const struct pam_search *search,
                                       const struct pam_node *node) {
        return &search->rules->items[position(node->key)];
}

void pam_search_done(struct pam_search *search) {
        free(search->needed);
        free(search->heads);
        free(search->nodes);
        free(search->buckets);
        *search = (struct pam_search){ 0 };
}

/* ---- states ---- */

static bool can_reset(const struct pam_rule *rule) {
        for (int code = 0; code < N_PAM_CODES; code++)
                if (rule->kind != PAM_RULE_SUBSTACK && rule->actions[code] == PAM_ACTION_RESET)
                        return true;
        return false;
}

static void find_needed(struct pam_search *search) {
        static const uint64_t always = UINT64_C(3) | MET_BIT | AT_MASK;
        const struct pam_rules *rules = search->rules;

        search->needed[rules->n_items] = always;
        for (size_t i = rules->n_items; i-- > 0;) {
                unsigned level = rules->items[i].level;
                uint64_t ahead = search->needed[i + 1];

                if (i + 1 < rules->n_items && pam_walk_enters(rules, i + 1))
                        ahead &= ~(UINT64_C(3) << 2 * rules->items[i + 1].level);
                if (can_reset(&rules->items[i]))
                        ahead |= UINT64_C(3) << 2 * level;
                search->needed[i] = ahead | always;
                if (search->n_levels <= level)
                        search->n_levels = level + 1;
        }
}

static size_t hash_key(uint64_t key) {
        key *= UINT64_C(0x9e3779b97f4a7c15);
        return (size_t)(key ^ key >> 32);
}

static int grow_buckets(struct pam_search *search) {
        size_t n = search->n_buckets == 0 ? 256 : search->n_buckets * 2;
        uint32_t *buckets = malloc(n * sizeof *buckets);

        if (!buckets)
                return -ENOMEM;
        memset(buckets, 0xff, n * sizeof *buckets);
        for (size_t i = 0; i < search->n_nodes; i++) {
                size_t bucket = hash_key(search->nodes[i].key) & (n - 1);

                search->nodes[i].twin = buckets[bucket];
                buckets[bucket] = (uint32_t)i;
        }
        free(search->buckets);
        search->buckets = buckets;
        search->n_buckets = n;
        return 0;
}

/* Another way into a state that is known. */
static void meet(const struct pam_search *search, struct pam_node *known,
                 const struct pam_node *node) {
        for (size_t level = 0; level < search->n_levels; level++)
                known->codes[level] |= node->codes[level];
        if (node->cost > known->cost || (node->cost == known->cost && node->steps >= known->steps))
                return;
        known->parent = node->parent;
        known->code = node->code;
        known->cost = node->cost;
        known->steps = node->steps;
}

static int add_node(struct pam_search *search, const struct pam_node *node) {
        size_t bucket, at = position(node->key);
        struct pam_node *added;
        int r;

        if (search->n_nodes >= search->n_buckets) {
                r = grow_buckets(search);
                if (r < 0)
                        return r;
        }
        bucket = hash_key(node->key) & (search->n_buckets - 1);
        for (uint32_t i = search->buckets[bucket]; i != PAM_NO_NODE; i = search->nodes[i].twin) {
                if (search->nodes[i].key == node->key) {
                        meet(search, &search->nodes[i], node);
                        return 0;
                }
        }
        if (search->n_nodes >= PAM_STATES_MAX)
                return -E2BIG;
        r = ARRAY_GROW(search->nodes, search->n_nodes);
        if (r < 0)
                return r;
        added = &search->nodes[search->n_nodes];
        *added = *node;
        added->twin = search->buckets[bucket];
        added->next = search->heads[at];
        search->buckets[bucket] = search->heads[at] = (uint32_t)search->n_nodes++;
        return 0;
}

/* ---- one rule ---- */

/* Codes of a rule that do the same. */
struct group {
        int code;       /* the one that a witness prefers */
        unsigned cost;  /* of it */
        uint32_t codes; /* all of them */
};

struct groups {
        struct group items[N_PAM_CODES];
        size_t n_items;
};

/* Codes in the order in which a witness prefers them: what modules really say comes first. Any code
 * other than success costs more than all preferences together. */
static const uint8_t preferred_codes[N_PAM_CODES] = {
        PAM_CODE_SUCCESS,
        PAM_CODE_AUTH_ERR,
        PAM_CODE_IGNORE,
        PAM_CODE_PERM_DENIED,
        PAM_CODE_USER_UNKNOWN,
        PAM_CODE_NEW_AUTHTOK_REQD,
        1,
        2,
        3,
        4,
        5,
        8,
        9,
        11,
        13,
        14,
        15,
        16,
        17,
        18,
        19,
        20,
        21,
        22,
        23,
        24,
        26,
        27,
        28,
        29,
        30,
        PAM_CODE_INCOMPLETE,
};

/* The codes of the rule, as the question allows them. */
static uint32_t codes_of(const struct pam_question *question, const struct pam_rule *rule,
                         bool has_met) {
        uint32_t codes = question->codes
                                 ? question->codes(question->userdata, rule)
                                 : pam_module_codes(question->service, rule, question->facility);

        if (rule->kind == PAM_RULE_MUST_FAIL || rule->is_missing)
                codes = pam_module_codes(question->service, rule, question->facility);
        if (question->first && !has_met && pam_module_matches(rule, question->first))
                codes &= ~PAM_CODE_BIT(PAM_CODE_SUCCESS);
        return codes;
}

static void find_groups(const struct pam_rule *rule, uint32_t codes, struct groups *ret) {
        size_t n = 0;

        for (unsigned i = 0; i < N_PAM_CODES; i++) {
                int code = preferred_codes[i];
                size_t k = n;

                if (!(codes & PAM_CODE_BIT(code)) || code == PAM_CODE_INCOMPLETE)
                        continue;
                for (k = 0; k < n; k++)
                        if (ret->items[k].code != PAM_CODE_SUCCESS &&
                            rule->actions[ret->items[k].code] == rule->actions[code])
                                break;
                if (k == n)
                        ret->items[n++] =
                                (struct group){ code, i > 0 ? COST_OF_FAILURE + i : 0, 0 };
                ret->items[k].codes |= PAM_CODE_BIT(code);
        }
        ret->n_items = n;
}

/* True if with this action a code of the rule becomes the status. */
static bool is_code_kept(const struct pam_step *step, int action, enum verdict_class class) {
        if (action == PAM_ACTION_BAD || action == PAM_ACTION_DIE)
                return class != CLASS_NEGATIVE;
        if (action == PAM_ACTION_OK || action == PAM_ACTION_DONE ||
            (action > 0 && step->is_frozen && step->counts_jumps))
                return class == CLASS_UNDECIDED || class == CLASS_SUCCESS;
        return false;
}

/* What the status can be after the rule at a node of CLASS returned one of GROUP. */
static uint32_t codes_after(const struct pam_node *node, const struct pam_rule *rule,
                            const struct pam_step *step, const struct group *group,
                            const struct pam_verdict *after) {
        int action = rule->actions[group->code];
        uint32_t codes = group->codes;

        if (action == PAM_ACTION_RESET)
                return rule->level > 0 ? node->codes[rule->level]
                                       : PAM_CODE_BIT(PAM_CODE_PERM_DENIED);
        if (action > 0 && after->impression == PAM_NEGATIVE &&
            after->status == PAM_CODE_PERM_DENIED)
                return PAM_CODE_BIT(PAM_CODE_PERM_DENIED); /* beyond the end */
        if (!is_code_kept(step, action, get_class(node->key, 0)))
                return node->codes[0];
        if (after->impression == PAM_NEGATIVE && codes & PAM_CODE_BIT(PAM_CODE_IGNORE))
                codes = (codes & ~PAM_CODE_BIT(PAM_CODE_IGNORE)) |
                        PAM_CODE_BIT(PAM_CODE_PERM_DENIED);
        return codes;
}

/* Follows one group of codes from a node. */
static int follow(struct pam_search *search, uint32_t parent, const struct pam_rule *rule,
                  const struct group *group) {
        const struct pam_question *question = search->question;
        struct pam_node node = search->nodes[parent];
        struct pam_verdict verdict = verdicts[get_class(node.key, 0)];
        struct pam_verdict saved =
                verdicts[rule->level > 0 ? get_class(node.key, rule->level) : CLASS_UNDECIDED];
        struct pam_step step = {
                .code = group->code,
                .deciding = group->code,
                .is_frozen = question->facility == PAM_SETCRED ||
                             question->facility == PAM_CLOSE_SESSION,
                .counts_jumps = !question->service->release.ignores_frozen_jumps,
        };
        size_t at = position(node.key);

        pam_walk_apply(search->rules, &step, rule->actions[group->code], &saved, &verdict, &at);
        node.codes[0] = codes_after(&node, rule, &step, group, &verdict);
        set_class(&node.key, 0, class_of(&verdict));
        node.key = ((node.key & ~AT_MASK) | (uint64_t)at << AT_SHIFT) & search->needed[at];
        for (unsigned level = 1; level < search->n_levels; level++)
                if (!(search->needed[at] & UINT64_C(3) << 2 * level))
                        node.codes[level] = 0;
        if (question->later && pam_module_matches(rule, question->later))
                node.key |= MET_BIT;
        node.parent = parent;
        node.code = (uint8_t)group->code;
        node.cost += group->cost;
        node.steps++;
        return add_node(search, &node);
}

/* At the entry of a substack the verdict is saved, if a reset in there can restore it. */
static void save_verdict(const struct pam_search *search, struct pam_node *node, size_t at) {
        unsigned level = search->rules->items[at].level;
        bool is_needed = search->needed[at] & UINT64_C(3) << 2 * level;

        if (!pam_walk_enters(search->rules, at))
                return;
        set_class(&node->key, level, is_needed ? get_class(node->key, 0) : CLASS_UNDECIDED);
        node->codes[level] = is_needed ? node->codes[0] : 0;
}

static int pass_mark(struct pam_search *search, uint32_t i) {
        struct pam_node node = search->nodes[i];

        node.parent = i;
        node.key += UINT64_C(1) << AT_SHIFT;
        node.key &= search->needed[position(node.key)];
        return add_node(search, &node);
}

/* Follows every node that stands at the rule. */
static int expand(struct pam_search *search, size_t at) {
        const struct pam_rule *rule = &search->rules->items[at];
        struct groups groups[2];
        int r = 0;

        for (int has_met = 0; has_met < 2 && rule->kind != PAM_RULE_SUBSTACK; has_met++) {
                uint32_t codes = codes_of(search->question, rule, has_met);

                find_groups(rule, codes, &groups[has_met]);
                if (search->heads[at] != PAM_NO_NODE && codes & PAM_CODE_BIT(PAM_CODE_INCOMPLETE))
                        search->can_be_incomplete = true;
        }
        for (uint32_t i = search->heads[at]; r == 0 && i != PAM_NO_NODE;
             i = search->nodes[i].next) {
                const struct groups *mine = &groups[pam_search_has_met(&search->nodes[i])];

                save_verdict(search, &search->nodes[i], at);
                if (rule->kind == PAM_RULE_SUBSTACK) {
                        r = pass_mark(search, i);
                        continue;
                }
                for (size_t k = 0; r == 0 && k < mine->n_items; k++)
                        r = follow(search, i, rule, &mine->items[k]);
        }
        return r;
}

int pam_search_run(struct pam_search *search, const struct pam_question *question) {
        struct pam_node start = { .parent = PAM_NO_NODE,
                                  .codes = { PAM_CODE_BIT(PAM_CODE_PERM_DENIED) } };
        size_t n;
        int r;

        search->question = question;
        search->rules = pam_service_rules(question->service, question->facility);
        n = search->rules->n_items;
        search->needed = calloc(n + 1, sizeof *search->needed);
        search->heads = malloc((n + 1) * sizeof *search->heads);
        if (!search->needed || !search->heads)
                return -ENOMEM;
        memset(search->heads, 0xff, (n + 1) * sizeof *search->heads);
        find_needed(search);
        r = add_node(search, &start);
        for (size_t at = 0; r == 0 && at < n; at++)
                r = expand(search, at);
        return r;
}
