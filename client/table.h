/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Aligned tables that fit the screen: what does not fit its column goes on in the next line, so
 * nothing is cut off. */

#include "screen.h"

struct table_cell {
        char *string; /* harmless */
        enum style style;
};

struct table {
        const char *const *heads; /* NULL: no head line */
        size_t n_columns;
        struct table_cell *cells; /* row by row */
        size_t n_cells;
        bool failed;
};

/* Adds the next cell; NULL and "" show as "-". */
void table_add(struct table *table, enum style style, const char *string);
void table_addf(struct table *table, enum style style, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/* Appends the table, each line INDENT columns in. */
void table_put(const struct table *table, struct screen *screen, unsigned indent);

void table_done(struct table *table);
