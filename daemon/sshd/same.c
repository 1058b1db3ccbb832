/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sameness of two configurations: what sshd would take from them, line by line, in evaluation
 * order. */

#include <string.h>

#include "model.h"
#include "table.h"

static bool is_same_text(const char *a, const char *b) {
        return a && b ? strcmp(a, b) == 0 : a == b;
}

bool sshd_value_is_same(const struct sshd_value *a, const struct sshd_value *b) {
        if (a->n_numbers != b->n_numbers || a->n_strings != b->n_strings)
                return false;
        for (size_t i = 0; i < a->n_numbers; i++)
                if (a->numbers[i] != b->numbers[i])
                        return false;
        for (size_t i = 0; i < a->n_strings; i++)
                if (!is_same_text(a->strings[i], b->strings[i]))
                        return false;
        return true;
}

static bool is_same_block(const struct sshd_block *a, const struct sshd_block *b) {
        for (; a && b; a = a->parent, b = b->parent) {
                if (a->n_criteria != b->n_criteria)
                        return false;
                for (size_t i = 0; i < a->n_criteria; i++)
                        if (a->criteria[i].kind != b->criteria[i].kind ||
                            a->criteria[i].port != b->criteria[i].port ||
                            !is_same_text(a->criteria[i].argument, b->criteria[i].argument))
                                return false;
        }
        return !a && !b;
}

/* The next directive that sets something; NULL at the end. */
static const struct sshd_directive *next_setting(const struct sshd_config *config, size_t *i) {
        while (*i < config->n_directives) {
                const struct sshd_directive *directive = config->directives[(*i)++];

                if (directive->keyword->setting != SETTING_NONE)
                        return directive;
        }
        return NULL;
}

bool sshd_config_is_same(const struct sshd_config *a, const struct sshd_config *b) {
        const struct sshd_directive *x, *y;
        size_t i = 0, j = 0;

        if (a->refusal || b->refusal)
                return a->refusal && b->refusal &&
                       is_same_text(a->refusal->reason, b->refusal->reason);
        do {
                x = next_setting(a, &i);
                y = next_setting(b, &j);
                if (x && y &&
                    (x->keyword->setting != y->keyword->setting ||
                     !sshd_value_is_same(&x->value, &y->value) ||
                     !is_same_block(x->block, y->block)))
                        return false;
        } while (x && y);
        return !x && !y;
}
