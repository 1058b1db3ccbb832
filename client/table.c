/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tables. A column is as wide as its widest cell; when all together are wider than the screen, the
 * widest is narrowed, again and again, until they fit or none can give more. Cells break at spaces
 * where there are some, anywhere otherwise: a path that is longer than the screen is still whole.
 */

#include "table.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/escape.h"

enum {
        GAP = 2,          /* columns between two columns */
        COLUMN_MIN = 12,  /* narrower ones break every word */
        COLUMNS_MAX = 12, /* of any table here */
};

void table_add(struct table *table, enum style style, const char *string) {
        struct table_cell *cell;

        if (ARRAY_GROW(table->cells, table->n_cells) < 0) {
                table->failed = true;
                return;
        }
        cell = &table->cells[table->n_cells++];
        cell->string = escape_string(string && *string ? string : "-");
        cell->style = style;
        if (!cell->string)
                table->failed = true;
}

void table_addf(struct table *table, enum style style, const char *format, ...) {
        CLEANUP(text_done) struct text text = { 0 };
        va_list arguments;

        va_start(arguments, format);
        (void)text_vappendf(&text, format, arguments);
        va_end(arguments);
        table_add(table, style, text_get(&text));
}

static void measure(const struct table *table, unsigned widths[COLUMNS_MAX]) {
        for (size_t column = 0; column < table->n_columns; column++)
                widths[column] = table->heads ? (unsigned)strlen(table->heads[column]) : 0;
        for (size_t i = 0; i < table->n_cells; i++) {
                const char *string = table->cells[i].string;
                unsigned columns = screen_columns(string, strlen(string));

                if (columns > widths[i % table->n_columns])
                        widths[i % table->n_columns] = columns;
        }
}

static void narrow(const struct table *table, unsigned available, unsigned widths[COLUMNS_MAX]) {
        unsigned total = (unsigned)(table->n_columns - 1) * GAP;

        for (size_t i = 0; i < table->n_columns; i++)
                total += widths[i];
        while (total > available) {
                size_t widest = 0;

                for (size_t i = 1; i < table->n_columns; i++)
                        if (widths[i] >= widths[widest])
                                widest = i;
                if (widths[widest] <= COLUMN_MIN)
                        return;
                widths[widest]--;
                total--;
        }
}

/* Where a line may end: at a space, which is dropped, or behind a mark that names are made of. The
 * mark must leave at least half the line, or the column would be thin and long. */
static size_t break_line(const char *string, unsigned width, size_t *ret_skip) {
        size_t n = screen_fit(string, width), at;

        *ret_skip = 0;
        if (string[n] == '\0')
                return n;
        for (at = n; at > 0; at--) {
                if (string[at] == ' ') {
                        *ret_skip = 1;
                        return at;
                }
        }
        for (at = n; at > n / 2; at--)
                if (strchr("/.-+:,", string[at - 1]))
                        return at;
        return n;
}

static void put_spaces(struct screen *screen, unsigned n) {
        (void)text_appendf(&screen->text, "%*s", (int)n, "");
}

/* One line of a row: takes from each cell what fits. False when nothing was left. */
static bool put_line(struct screen *screen, const struct table *table,
                     const struct table_cell *cells, const char *rest[COLUMNS_MAX],
                     const unsigned widths[COLUMNS_MAX]) {
        unsigned owed = 0; /* spaces that are printed only if something follows */
        bool some = false;

        for (size_t i = 0; i < table->n_columns; i++) {
                size_t skip, n = break_line(rest[i], widths[i], &skip);
                unsigned columns = screen_columns(rest[i], n);

                if (n > 0) {
                        put_spaces(screen, owed);
                        owed = 0;
                        screen_begin(screen, cells[i].style);
                        (void)text_append_n(&screen->text, rest[i], n);
                        screen_end(screen, cells[i].style);
                }
                rest[i] += n + skip;
                some |= *rest[i] != '\0';
                owed += (columns < widths[i] ? widths[i] - columns : 0) + GAP;
        }
        screen_raw(screen, "\n");
        return some;
}

static void put_row(struct screen *screen, const struct table *table,
                    const struct table_cell *cells, const unsigned widths[COLUMNS_MAX],
                    unsigned indent) {
        const char *rest[COLUMNS_MAX];

        for (size_t i = 0; i < table->n_columns; i++)
                rest[i] = cells[i].string;
        do {
                put_spaces(screen, indent);
        } while (put_line(screen, table, cells, rest, widths));
}

void table_put(const struct table *table, struct screen *screen, unsigned indent) {
        unsigned widths[COLUMNS_MAX] = { 0 };

        if (table->failed || table->n_columns == 0 || table->n_columns > COLUMNS_MAX) {
                screen->text.failed = true;
                return;
        }
        measure(table, widths);
        if (screen->width > 0)
                narrow(table, screen->width > indent ? screen->width - indent : 1, widths);
        if (table->heads) {
                struct table_cell heads[COLUMNS_MAX];

                for (size_t i = 0; i < table->n_columns; i++)
                        heads[i] = (struct table_cell){ (char *)(uintptr_t)table->heads[i],
                                                        STYLE_DIM };
                put_row(screen, table, heads, widths, indent);
        }
        for (size_t i = 0; i + table->n_columns <= table->n_cells; i += table->n_columns)
                put_row(screen, table, &table->cells[i], widths, indent);
}

void table_done(struct table *table) {
        for (size_t i = 0; i < table->n_cells; i++)
                free(table->cells[i].string);
        free(table->cells);
        *table = (struct table){ 0 };
}
