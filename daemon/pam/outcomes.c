/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Questions to a stack, and the answer as a command that replays it. The search behind them is
 * symbolic execution: search.c. */

#include "pam/outcomes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "pam/module.h"
#include "search.h"

int pam_outcomes(const struct pam_service *service, enum pam_facility facility, pam_codes_fn codes,
                 void *userdata, uint32_t *ret) {
        const struct pam_question question = {
                .service = service, .facility = facility, .codes = codes, .userdata = userdata
        };
        CLEANUP(pam_search_done) struct pam_search search = { 0 };
        uint32_t results = 0;
        int r;

        if (service->start == PAM_START_UNKNOWN)
                return -E2BIG;
        if (service->start != PAM_START_OK) {
                *ret = PAM_CODE_BIT(PAM_CODE_ABORT);
                return 0;
        }
        r = pam_search_run(&search, &question);
        if (r < 0)
                return r;
        if (search.can_be_incomplete)
                results |= PAM_CODE_BIT(PAM_CODE_INCOMPLETE);
        for (uint32_t i = search.heads[search.rules->n_items]; i != PAM_NO_NODE;
             i = search.nodes[i].next)
                results |= pam_search_results(&search.nodes[i]);
        *ret = results;
        return 0;
}

void pam_witness_done(struct pam_witness *witness) {
        free(witness->steps);
        *witness = (struct pam_witness){ 0 };
}

static int trace(const struct pam_search *search, uint32_t node, struct pam_witness *ret) {
        struct pam_witness witness = { .n_steps = search->nodes[node].steps };
        size_t left = witness.n_steps;

        witness.steps = calloc(left + 1, sizeof *witness.steps);
        if (!witness.steps)
                return -ENOMEM;
        while (search->nodes[node].parent != PAM_NO_NODE) {
                uint32_t parent = search->nodes[node].parent;
                const struct pam_rule *rule = pam_search_rule(search, &search->nodes[parent]);

                if (rule->kind != PAM_RULE_SUBSTACK)
                        witness.steps[--left] =
                                (struct pam_witness_step){ rule, search->nodes[node].code };
                node = parent;
        }
        *ret = witness;
        return 0;
}

static int ask(const struct pam_question *question, struct pam_witness *ret_witness) {
        CLEANUP(pam_search_done) struct pam_search search = { 0 };
        uint32_t best = PAM_NO_NODE;
        int r;

        if (question->service->start == PAM_START_UNKNOWN)
                return -E2BIG;
        if (question->service->start != PAM_START_OK)
                return 0;
        r = pam_search_run(&search, question);
        if (r < 0)
                return r;
        for (uint32_t i = search.heads[search.rules->n_items]; i != PAM_NO_NODE;
             i = search.nodes[i].next) {
                const struct pam_node *node = &search.nodes[i];

                if (pam_search_results(node) != PAM_CODE_BIT(PAM_CODE_SUCCESS) ||
                    (question->later && !pam_search_has_met(node)))
                        continue;
                if (best == PAM_NO_NODE || node->cost < search.nodes[best].cost ||
                    (node->cost == search.nodes[best].cost &&
                     node->steps < search.nodes[best].steps))
                        best = i;
        }
        if (best == PAM_NO_NODE)
                return 0;
        r = ret_witness ? trace(&search, best, ret_witness) : 0;
        return r < 0 ? r : 1;
}

int pam_can_succeed(const struct pam_service *service, enum pam_facility facility,
                    pam_codes_fn codes, void *userdata, struct pam_witness *ret_witness) {
        const struct pam_question question = {
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
        const struct pam_question question = {
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
