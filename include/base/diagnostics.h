/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What a parser has to say about bad input: where, and what.
 *
 * Bad input is not an error of the program; a parser returns a model and these. */

#include <stddef.h>

#include "base/text.h"

struct diagnostic {
        char *file;      /* as the caller named it; may be NULL */
        unsigned line;   /* from 1; 0: the whole file */
        unsigned column; /* from 1; 0: the whole line */
        char *message;
};

struct diagnostics {
        struct diagnostic *items;
        size_t n_items;
};

/* Returns 0 or -ENOMEM. */
int diagnostics_add(struct diagnostics *diagnostics, const char *file, unsigned line,
                    unsigned column, const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Appends "FILE:LINE:COLUMN: MESSAGE\n" per diagnostic, untrusted bytes escaped. */
int diagnostics_format(const struct diagnostics *diagnostics, struct text *text);

void diagnostics_done(struct diagnostics *diagnostics);
