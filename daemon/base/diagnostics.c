/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A list of complaints about input, in the order they were found. The text of a diagnostic often
 * quotes a stranger's bytes, so formatting escapes control bytes. */

#include "base/diagnostics.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/escape.h"

int diagnostics_add(struct diagnostics *diagnostics, const char *file, unsigned line,
                    unsigned column, const char *format, ...) {
        struct diagnostic item = { .line = line, .column = column };
        struct text message = { 0 };
        va_list arguments;
        int r;

        va_start(arguments, format);
        (void)text_vappendf(&message, format, arguments);
        va_end(arguments);
        item.message = text_take(&message);
        item.file = file ? strdup(file) : NULL;
        r = !item.message || (file && !item.file) ? -ENOMEM : 0;
        if (r == 0)
                r = ARRAY_GROW(diagnostics->items, diagnostics->n_items);
        if (r < 0) {
                free(item.message);
                free(item.file);
                return r;
        }
        diagnostics->items[diagnostics->n_items++] = item;
        return 0;
}

int diagnostics_format(const struct diagnostics *diagnostics, struct text *text) {
        for (size_t i = 0; i < diagnostics->n_items; i++) {
                const struct diagnostic *item = &diagnostics->items[i];

                if (item->file) {
                        (void)escape_append(text, item->file, strlen(item->file));
                        (void)text_append(text, ":");
                }
                if (item->line > 0)
                        (void)text_appendf(text, "%u:", item->line);
                if (item->column > 0)
                        (void)text_appendf(text, "%u:", item->column);
                if (text->n > 0 && text->data[text->n - 1] == ':')
                        (void)text_append(text, " ");
                (void)escape_append(text, item->message, strlen(item->message));
                (void)text_append(text, "\n");
        }
        return text_error(text);
}

void diagnostics_done(struct diagnostics *diagnostics) {
        for (size_t i = 0; i < diagnostics->n_items; i++) {
                free(diagnostics->items[i].file);
                free(diagnostics->items[i].message);
        }
        free(diagnostics->items);
        *diagnostics = (struct diagnostics){ 0 };
}
