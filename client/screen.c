/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Text on its way to a terminal. Everything a stranger could have written passes escape_append();
 * the only escape sequences are the SGR ones of the table below. Widths come from a small table of
 * our own instead of wcwidth(3), which knows nothing without a locale. */

#include "screen.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/escape.h"

static const char *const sequences[N_STYLES] = {
        [STYLE_BOLD] = "\x1b[1m",    [STYLE_DIM] = "\x1b[2m",    [STYLE_GOOD] = "\x1b[1;32m",
        [STYLE_WARN] = "\x1b[1;33m", [STYLE_BAD] = "\x1b[1;31m",
};

void screen_begin(struct screen *screen, enum style style) {
        if (screen->has_colour && sequences[style])
                (void)text_append(&screen->text, sequences[style]);
}

void screen_end(struct screen *screen, enum style style) {
        if (screen->has_colour && sequences[style])
                (void)text_append(&screen->text, "\x1b[0m");
}

void screen_raw(struct screen *screen, const char *string) {
        (void)text_append(&screen->text, string);
}

void screen_put(struct screen *screen, enum style style, const char *string) {
        if (!string || !*string)
                return;
        screen_begin(screen, style);
        (void)escape_append(&screen->text, string, strlen(string));
        screen_end(screen, style);
}

void screen_putf(struct screen *screen, enum style style, const char *format, ...) {
        CLEANUP(text_done) struct text text = { 0 };
        va_list arguments;

        va_start(arguments, format);
        (void)text_vappendf(&text, format, arguments);
        va_end(arguments);
        screen_put(screen, style, text_get(&text));
}

static const struct {
        uint32_t first, last;
        unsigned columns;
} widths[] = { /* Unicode's East Asian wide blocks and the common combining marks */
               { 0x0300, 0x036f, 0 },   { 0x1100, 0x115f, 2 },  { 0x200b, 0x200f, 0 },
               { 0x2e80, 0x303e, 2 },   { 0x3041, 0x33ff, 2 },  { 0x3400, 0x4dbf, 2 },
               { 0x4e00, 0x9fff, 2 },   { 0xa000, 0xa4cf, 2 },  { 0xac00, 0xd7a3, 2 },
               { 0xf900, 0xfaff, 2 },   { 0xfe00, 0xfe0f, 0 },  { 0xfe30, 0xfe6f, 2 },
               { 0xff00, 0xff60, 2 },   { 0xffe0, 0xffe6, 2 },  { 0x1f300, 0x1f64f, 2 },
               { 0x1f900, 0x1f9ff, 2 }, { 0x20000, 0x3fffd, 2 }
};

/* Length and columns of the first character. */
static size_t measure(const char *string, size_t n, unsigned *ret_columns) {
        uint32_t character = 0;
        size_t length = escape_decode(string, n, &character);

        *ret_columns = 1;
        for (size_t i = 0; i < N_ELEMENTS(widths); i++)
                if (character >= widths[i].first && character <= widths[i].last)
                        *ret_columns = widths[i].columns;
        return length == 0 ? 1 : length;
}

unsigned screen_columns(const char *string, size_t n) {
        unsigned columns = 0;

        for (size_t i = 0; i < n;) {
                unsigned of_one;

                i += measure(string + i, n - i, &of_one);
                columns += of_one;
        }
        return columns;
}

size_t screen_fit(const char *string, unsigned columns) {
        size_t n = strlen(string), i = 0;
        unsigned used = 0;

        while (i < n) {
                unsigned of_one;
                size_t length = measure(string + i, n - i, &of_one);

                if (i > 0 && used + of_one > columns)
                        break;
                used += of_one;
                i += length;
        }
        return i;
}
