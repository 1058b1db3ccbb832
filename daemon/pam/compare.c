/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Comparing stacks by what they do: comments, spelling of a control, the file a rule stands in and
 * `other` standing in for the same rules make no difference.
 *
 * Two services that libpam gives up alike are the same; of one that it reads with memory it never
 * set, nothing can be said, so such a service is no other's equal. */

#include "pam/compare.h"

#include <string.h>

static bool strings_equal(const char *a, const char *b) {
        return a == b || (a && b && strcmp(a, b) == 0);
}

bool pam_rule_is_same(const struct pam_rule *a, const struct pam_rule *b) {
        if (a->kind != b->kind || a->type != b->type || a->level != b->level ||
            a->is_missing != b->is_missing || a->n_args != b->n_args)
                return false;
        if (a->kind == PAM_RULE_SUBSTACK)
                return true; /* a mark: what it brought follows */
        if (!strings_equal(a->module_path, b->module_path) ||
            memcmp(a->actions, b->actions, sizeof a->actions) != 0)
                return false;
        for (size_t i = 0; i < a->n_args; i++)
                if (strcmp(a->args[i], b->args[i]) != 0)
                        return false;
        return true;
}

bool pam_service_is_same(const struct pam_service *a, const struct pam_service *b) {
        if (a->start != b->start || a->start == PAM_START_UNKNOWN)
                return false;
        for (enum pam_type type = 0; type < N_PAM_TYPES; type++) {
                const struct pam_rules *x = &a->rules[type], *y = &b->rules[type];

                if (x->n_items != y->n_items)
                        return false;
                for (size_t i = 0; i < x->n_items; i++)
                        if (!pam_rule_is_same(&x->items[i], &y->items[i]))
                                return false;
        }
        return true;
}
