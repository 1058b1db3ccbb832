/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* systemd's own way of cutting a line into words, and of unquoting the values of environment files.
 */

#include <stdbool.h>

#include "base/text.h"

enum word_rule {
        WORD_UNESCAPE = 1 << 0, /* backslashes as in C */
        WORD_LENIENT = 1 << 1,  /* an unknown escape is kept as it stands */
        WORD_RELAXED = 1 << 2,  /* a quote that is not closed, or a last backslash, ends the word */
};

/* Takes the next word of *AT, which is set behind it and the blanks that follow. Quotes are
 * removed. Returns 1 with *ret on the heap, 0 at the end, -EINVAL (an open quote, an unknown
 * escape), or -ENOMEM. */
int service_next_word(const char **at, unsigned rules, char **ret);

/* The same as the unit's own settings are read: an unknown escape is no error there. */
int service_next_unit_word(const char **at, char **ret);

/* Puts in the specifiers that are known without a machine (%% %n %N %p …). Returns 1 if all of
 * WORD's are, 0 if one is not and stays as written, or -ENOMEM. */
int service_expand_specifiers(const char *word, const char *unit, struct text *text);
