/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Symbolic execution of a stack.
 *
 * The walk only ever moves forward, so the states of a position are all known when the walk comes
 * to it: one pass over the rules, no search. A state is what the rest of the walk can depend on:
 * the verdict, the verdicts that a `reset` ahead could restore (none in most stacks; those that no
 * reset can reach any more are forgotten, so that states meet again), and one bit for questions
 * about order. Of several ways into a state the cheapest is kept, and with it the witness.
 *
 * Codes that have the same action, and whose number cannot become the status, are tried once. */

#include "pam/outcomes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "pam/module.h"
#include "walk.h"

enum { NO_NODE = UINT32_MAX };
enum { COST_OF_FAILURE = N_PAM_CODES * PAM_RULES_MAX };

/* Compact, for there may be many: a verdict is a byte. */
struct state {
        uint32_t at;
        bool has_met; /* the question's `later` module was run */
        uint8_t verdict, saved[PAM_LEVEL_MAX];
};

struct node {
        struct state state;
        uint32_t parent;
        uint32_t next;  /* of the same position */
        uint32_t twin;  /* of the same hash */
        uint64_t cost;  /* of the codes on the way here */
        uint32_t steps; /* rules run on the way here */
        uint8_t code;   /* that the parent's rule returned */
};

struct question {
        const struct pam_service *service;
        enum pam_facility facility;
        pam_codes_fn codes;
        void *userdata;
        const char *first, *later; /* of pam_can_succeed_before() */
};

struct search {
        const struct question *question;
        const struct pam_rules *rules;
        size_t n_levels;
        uint32_t *needed; /* per rule: levels whose saved verdict a reset there or later restores */
        uint32_t *heads;  /* first node of each position */
        struct node *nodes;
        size_t n_nodes;
        uint32_t *buckets;
        size_t n_buckets; /* a power of two */
        uint32_t results;
};

static uint8_t pack(struct pam_verdict verdict) {
        return (uint8_t)((int)verdict.impression * N_PAM_CODES + verdict.status);
}

static struct pam_verdict unpack(uint8_t packed) {
        return (struct pam_verdict){ (enum pam_impression)(packed / N_PAM_CODES),
                                     packed % N_PAM_CODES };
}

static void search_done(struct search *search) {
        free(search->needed);
        free(search->heads);
        free(search->nodes);
        free(search->buckets);
}

static bool can_reset(const struct pam_rule *rule) {
        for (int code = 0; code < N_PAM_CODES; code++)
                if (rule->kind != PAM_RULE_SUBSTACK && rule->actions[code] == PAM_ACTION_RESET)
                        return true;
        return false;
}

/* Level 0 is never saved anew: its `reset` restores the beginning. */
static void find_needed(struct search *search) {
        const struct pam_rules *rules = search->rules;

        for (size_t i = rules->n_items; i-- > 0;) {
                uint32_t ahead = search->needed[i + 1];

                if (i + 1 < rules->n_items && pam_walk_enters(rules, i + 1))
                        ahead &= ~(UINT32_C(1) << rules->items[i + 1].level);
                if (can_reset(&rules->items[i]))
                        ahead |= UINT32_C(1) << rules->items[i].level;
                search->needed[i] = ahead;
                if (search->n_levels <= rules->items[i].level)
                        search->n_levels = rules->items[i].level + 1;
        }
}

static uint64_t hash_mix(uint64_t hash, uint64_t value) {
        return (hash ^ value) * UINT64_C(0x100000001b3);
}

static size_t hash_state(const struct search *search, const struct state *state) {
        uint64_t hash = hash_mix(UINT64_C(0xcbf29ce484222325), state->at * 2 + state->has_met);

        hash = hash_mix(hash, state->verdict);
        for (size_t i = 1; i < search->n_levels; i++)
                hash = hash_mix(hash, state->saved[i]);
        return (size_t)(hash ^ hash >> 29);
}

static bool states_equal(const struct state *a, const struct state *b) {
        return a->at == b->at && a->has_met == b->has_met && a->verdict == b->verdict &&
               memcmp(a->saved, b->saved, sizeof a->saved) == 0;
}

static int grow_buckets(struct search *search) {
        size_t n = search->n_buckets == 0 ? 256 : search->n_buckets * 2;
        uint32_t *buckets = malloc(n * sizeof *buckets);

        if (!buckets)
                return -ENOMEM;
        memset(buckets, 0xff, n * sizeof *buckets);
        for (size_t i = 0; i < search->n_nodes; i++) {
                size_t bucket = hash_state(search, &search->nodes[i].state) & (n - 1);

                search->nodes[i].twin = buckets[bucket];
                buckets[bucket] = (uint32_t)i;
        }
        free(search->buckets);
        search->buckets = buckets;
        search->n_buckets = n;
        return 0;
}

/* Adds a way into a state, or makes it the way if it is cheaper than the one known. */
static int add_node(struct search *search, const struct node *node) {
        size_t bucket;
        int r;

        if (search->n_nodes >= search->n_buckets) {
                r = grow_buckets(search);
                if (r < 0)
                        return r;
        }
        bucket = hash_state(search, &node->state) & (search->n_buckets - 1);
        for (uint32_t i = search->buckets[bucket]; i != NO_NODE; i = search->nodes[i].twin) {
                struct node *known = &search->nodes[i];

                if (!states_equal(&known->state, &node->state))
                        continue;
                if (node->cost < known->cost ||
                    (node->cost == known->cost && node->steps < known->steps)) {
                        known->parent = node->parent;
                        known->code = node->code;
                        known->cost = node->cost;
                        known->steps = node->steps;
                }
                return 0;
        }
        if (search->n_nodes >= PAM_STATES_MAX)
                return -E2BIG;
        r = ARRAY_GROW(search->nodes, search->n_nodes);
        if (r < 0)
                return r;
        search->nodes[search->n_nodes] = *node;
        search->nodes[search->n_nodes].twin = search->buckets[bucket];
        search->nodes[search->n_nodes].next = search->heads[node->state.at];
        search->buckets[bucket] = search->heads[node->state.at] = (uint32_t)search->n_nodes++;
        return 0;
}

/* The codes of the rule, as the question allows them. */
static uint32_t codes_of(const struct search *search, const struct state *state,
                         const struct pam_rule *rule) {
        const struct question *question = search->question;
        uint32_t codes = question->codes
                                 ? question->codes(question->userdata, rule)
                                 : pam_module_codes(question->service, rule, question->facility);

        if (rule->kind == PAM_RULE_MUST_FAIL || rule->is_missing)
                codes = pam_module_codes(question->service, rule, question->facility);
        if (question->first && !state->has_met && pam_module_matches(rule, question->first))
                codes &= ~PAM_CODE_BIT(PAM_CODE_SUCCESS);
        return codes;
}

/* True if with this action the number of the code may become the status. */
static bool is_code_kept(int action, const struct pam_verdict *verdict) {
        switch (action) {
        case PAM_ACTION_OK:
        case PAM_ACTION_DONE:
                return verdict->impression == PAM_UNDEFINED ||
                       (verdict->impression == PAM_POSITIVE && verdict->status == PAM_CODE_SUCCESS);
        case PAM_ACTION_BAD:
        case PAM_ACTION_DIE:
                return verdict->impression != PAM_NEGATIVE;
        default:
                return false;
        }
}

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

/* Follows one code of the rule, named by its place in preferred_codes, from a node. */
static int follow(struct search *search, uint32_t parent, const struct pam_rule *rule,
                  unsigned preference) {
        int code = preferred_codes[preference];
        const struct question *question = search->question;
        struct node node = search->nodes[parent];
        struct pam_verdict verdict = unpack(node.state.verdict);
        struct pam_verdict saved = unpack(node.state.saved[rule->level]);
        struct pam_step step = {
                .code = code,
                .deciding = code,
                .is_frozen = question->facility == PAM_SETCRED ||
                             question->facility == PAM_CLOSE_SESSION,
                .counts_jumps = !question->service->release.ignores_frozen_jumps,
        };
        size_t at = node.state.at;
        uint32_t needed;

        pam_walk_apply(search->rules, &step, rule->actions[code], &saved, &verdict, &at);
        node.state.verdict = pack(verdict);
        needed = search->needed[at];
        for (size_t level = 1; level < search->n_levels; level++)
                if (!(needed & UINT32_C(1) << level))
                        node.state.saved[level] = pack(PAM_VERDICT_INITIAL);
        if (question->later && pam_module_matches(rule, question->later))
                node.state.has_met = true;
        node.state.at = (uint32_t)at;
        node.parent = parent;
        node.code = (uint8_t)code;
        node.cost += preference > 0 ? COST_OF_FAILURE + preference : 0;
        node.steps++;
        return add_node(search, &node);
}

static int expand_rule(struct search *search, uint32_t parent, const struct pam_rule *rule) {
        struct pam_verdict verdict = unpack(search->nodes[parent].state.verdict);
        uint32_t codes = codes_of(search, &search->nodes[parent].state, rule);
        int tried[N_PAM_CODES], n_tried = 0;

        if (codes & PAM_CODE_BIT(PAM_CODE_INCOMPLETE)) {
                search->results |= PAM_CODE_BIT(PAM_CODE_INCOMPLETE);
                codes &= ~PAM_CODE_BIT(PAM_CODE_INCOMPLETE);
        }
        for (unsigned i = 0; i < N_PAM_CODES; i++) {
                int code = preferred_codes[i], action = rule->actions[code], k = 0, r;

                if (!(codes & PAM_CODE_BIT(code)))
                        continue;
                /* Other modules' success is what questions are about, so it never stands for
                 * another code, and no other for it. */
                if (code != PAM_CODE_SUCCESS && !is_code_kept(action, &verdict)) {
                        while (k < n_tried && tried[k] != action)
                                k++;
                        if (k < n_tried)
                                continue;
                        tried[n_tried++] = action;
                }
                r = follow(search, parent, rule, i);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int expand(struct search *search, uint32_t i) {
        struct state *state = &search->nodes[i].state;
        const struct pam_rule *rule = &search->rules->items[state->at];
        struct node node;

        if (pam_walk_enters(search->rules, state->at))
                state->saved[rule->level] = search->needed[state->at] & UINT32_C(1) << rule->level
                                                    ? state->verdict
                                                    : pack(PAM_VERDICT_INITIAL);
        if (rule->kind != PAM_RULE_SUBSTACK)
                return expand_rule(search, i, rule);
        node = search->nodes[i];
        node.parent = i;
        node.state.at++;
        return add_node(search, &node);
}

static int result_of(const struct node *node) {
        struct pam_verdict verdict = unpack(node->state.verdict);

        return pam_walk_result(&verdict);
}

static int search_run(struct search *search, const struct question *question) {
        struct node start = { .parent = NO_NODE };
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
        start.state.verdict = pack(PAM_VERDICT_INITIAL);
        memset(start.state.saved, pack(PAM_VERDICT_INITIAL), sizeof start.state.saved);
        r = add_node(search, &start);
        for (size_t at = 0; r == 0 && at < n; at++)
                for (uint32_t i = search->heads[at]; r == 0 && i != NO_NODE;
                     i = search->nodes[i].next)
                        r = expand(search, i);
        for (uint32_t i = search->heads[n]; i != NO_NODE; i = search->nodes[i].next)
                search->results |= PAM_CODE_BIT(result_of(&search->nodes[i]));
        return r;
}

int pam_outcomes(const struct pam_service *service, enum pam_facility facility, pam_codes_fn codes,
                 void *userdata, uint32_t *ret) {
        const struct question question = {
                .service = service, .facility = facility, .codes = codes, .userdata = userdata
        };
        CLEANUP(search_done) struct search search = { 0 };
        int r;

        if (service->start != PAM_START_OK) {
                *ret = PAM_CODE_BIT(PAM_CODE_ABORT);
                return 0;
        }
        r = search_run(&search, &question);
        if (r == 0)
                *ret = search.results;
        return r;
}

void pam_witness_done(struct pam_witness *witness) {
        free(witness->steps);
        *witness = (struct pam_witness){ 0 };
}

static int trace(const struct search *search, uint32_t node, struct pam_witness *ret) {
        struct pam_witness witness = { .n_steps = search->nodes[node].steps };
        size_t left = witness.n_steps;

        witness.steps = calloc(left + 1, sizeof *witness.steps);
        if (!witness.steps)
                return -ENOMEM;
        while (search->nodes[node].parent != NO_NODE) {
                uint32_t parent = search->nodes[node].parent;
                const struct pam_rule *rule = &search->rules->items[search->nodes[parent].state.at];

                if (rule->kind != PAM_RULE_SUBSTACK)
                        witness.steps[--left] =
                                (struct pam_witness_step){ rule, search->nodes[node].code };
                node = parent;
        }
        *ret = witness;
        return 0;
}

static int ask(const struct question *question, struct pam_witness *ret_witness) {
        CLEANUP(search_done) struct search search = { 0 };
        uint32_t best = NO_NODE;
        int r;

        if (question->service->start != PAM_START_OK)
                return 0;
        r = search_run(&search, question);
        if (r < 0)
                return r;
        for (uint32_t i = search.heads[search.rules->n_items]; i != NO_NODE;
             i = search.nodes[i].next) {
                const struct node *node = &search.nodes[i];

                if (result_of(node) != PAM_CODE_SUCCESS ||
                    (question->later && !node->state.has_met))
                        continue;
                if (best == NO_NODE || node->cost < search.nodes[best].cost ||
                    (node->cost == search.nodes[best].cost &&
                     node->steps < search.nodes[best].steps))
                        best = i;
        }
        if (best == NO_NODE)
                return 0;
        if (ret_witness) {
                r = trace(&search, best, ret_witness);
                if (r < 0)
                        return r;
        }
        return 1;
}

int pam_can_succeed(const struct pam_service *service, enum pam_facility facility,
                    pam_codes_fn codes, void *userdata, struct pam_witness *ret_witness) {
        const struct question question = {
                .service = service, .facility = facility, .codes = codes, .userdata = userdata
        };

        return ask(&question, ret_witness);
}

/* Rules whose module must not, or alone may, return success. */
struct named_modules {
        const struct pam_service *service;
        enum pam_facility facility;
        char *const *patterns;
        size_t n_patterns;
        bool may_succeed;
};

static uint32_t codes_of_named(void *userdata, const struct pam_rule *rule) {
        const struct named_modules *named = userdata;
        uint32_t codes = pam_module_codes(named->service, rule, named->facility);

        if (pam_module_matches_any(rule, named->patterns, named->n_patterns) != named->may_succeed)
                codes &= ~PAM_CODE_BIT(PAM_CODE_SUCCESS);
        return codes;
}

int pam_can_succeed_without(const struct pam_service *service, enum pam_facility facility,
                            const char *module, struct pam_witness *ret_witness) {
        CLEANUP_FREE char *pattern = strdup(module);
        struct named_modules named = { service, facility, &pattern, 1, false };

        return pattern ? pam_can_succeed(service, facility, codes_of_named, &named, ret_witness)
                       : -ENOMEM;
}

int pam_can_succeed_by(const struct pam_service *service, enum pam_facility facility,
                       char *const *modules, size_t n_modules, struct pam_witness *ret_witness) {
        struct named_modules named = { service, facility, modules, n_modules, true };

        return pam_can_succeed(service, facility, codes_of_named, &named, ret_witness);
}

int pam_can_succeed_before(const struct pam_service *service, enum pam_facility facility,
                           const char *module, const char *later, struct pam_witness *ret_witness) {
        const struct question question = {
                .service = service, .facility = facility, .first = module, .later = later
        };

        return ask(&question, ret_witness);
}

/* The word as a shell reads it back. */
static void append_word(struct text *text, const char *word) {
        static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                    "%+,-./:=@_#";

        if (*word && word[strspn(word, plain)] == '\0' && *word != '#') {
                (void)text_append(text, word);
                return;
        }
        (void)text_append_char(text, '\'');
        for (; *word; word++)
                if (*word == '\'')
                        (void)text_append(text, "'\\''");
                else
                        (void)text_append_char(text, *word);
        (void)text_append_char(text, '\'');
}

int pam_witness_format(const struct pam_service *service, enum pam_facility facility,
                       const struct pam_witness *witness, struct text *text) {
        (void)text_append(text, "sshguardd --dump-pam ");
        append_word(text, service->name);
        (void)text_appendf(text, " --run %s", pam_facility_name(facility));
        for (size_t i = 0; i < witness->n_steps; i++) {
                const struct pam_rule *rule = witness->steps[i].rule;
                CLEANUP(text_done) struct text word = { 0 };

                if (rule->kind != PAM_RULE_MODULE || witness->steps[i].code == PAM_CODE_SUCCESS)
                        continue;
                (void)text_appendf(&word, "%s:%s:%u", pam_facility_name(facility), rule->file,
                                   rule->line);
                if (rule->n_inclusions > 1)
                        (void)text_appendf(&word, "#%u", rule->inclusion);
                (void)text_appendf(&word, "=%s", pam_code_name(witness->steps[i].code));
                if (text_error(&word) < 0)
                        return -ENOMEM;
                (void)text_append(text, " --with ");
                append_word(text, text_get(&word));
        }
        return text_error(text);
}
