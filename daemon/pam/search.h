/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Symbolic execution of one facility's rules: every state that a walk over them can be in, and the
 * cheapest way into each. */

#include "pam/outcomes.h"

enum { PAM_NO_NODE = UINT32_MAX };

struct pam_question {
        const struct pam_service *service;
        enum pam_facility facility;
        pam_codes_fn codes; /* NULL: pam_module_codes() */
        void *userdata;
        const char *first, *later; /* of pam_can_succeed_before() */
};

struct pam_node {
        uint64_t key;    /* position, verdicts and whether `later` was run: see search.c */
        uint32_t parent; /* the node this way came from, or PAM_NO_NODE */
        uint32_t next;   /* of the same position */
        uint32_t twin;   /* of the same hash */
        uint32_t steps;  /* rules run on the way here */
        uint64_t cost;   /* of the codes on the way here */
        uint8_t code;    /* that the parent's rule returned */
        /* over all ways here: the codes that the status can be, and the one that a reset of each
         * level would restore */
        uint32_t codes[PAM_LEVEL_MAX];
};

struct pam_search {
        const struct pam_question *question;
        const struct pam_rules *rules;
        size_t n_levels;
        uint64_t *needed; /* per rule: the part of a key that the rest of the walk can depend on */
        uint32_t *heads; /* first node of each position; behind the rules: where walks have ended */
        struct pam_node *nodes;
        size_t n_nodes;
        uint32_t *buckets;
        size_t n_buckets;       /* a power of two */
        bool can_be_incomplete; /* some rule on the way can return it */
};

/* Explores everything. QUESTION must outlive the search. Returns 0, -ENOMEM or -E2BIG. */
int pam_search_run(struct pam_search *search, const struct pam_question *question);
void pam_search_done(struct pam_search *search);

/* Of a node behind the rules: the results that the application can be given. */
uint32_t pam_search_results(const struct pam_node *node);

/* True if `later` was run too early on the way to the node. */
bool pam_search_has_met(const struct pam_node *node);

/* The rule that the node stands at. */
const struct pam_rule *pam_search_rule(const struct pam_search *search,
                                       const struct pam_node *node);
