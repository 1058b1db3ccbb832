/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Conditions and lists in the tables of tests. */

#include <string.h>

#include "base/array.h"
#include "cmocka_env.h"
#include "policy/rule.h"

/* "a|b" as words; NULL as not said; "" as the empty list. */
static inline struct rule_words words(const char *text) {
        struct rule_words words = { .is_set = text != NULL };

        while (text && *text) {
                size_t n = strcspn(text, "|");

                assert_int_equal(strings_append_n(&words.items, &words.n_items, text, n), 0);
                text += n + (text[n] == '|' ? 1 : 0);
        }
        return words;
}
