/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What is about to be printed, and what it is printed on. Renderers append here, so they can be
 * tested without a terminal; nothing but sequences of our own ever reaches it unescaped. */

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

struct screen {
        struct text text;
        unsigned width;  /* columns; 0: unlimited, as for a file or pipe */
        bool has_colour; /* a terminal, and NO_COLOR is not set */
        int64_t now_us;  /* what "3min ago" counts from; the daemon's clock where it is known */
};

enum style { STYLE_PLAIN, STYLE_BOLD, STYLE_DIM, STYLE_GOOD, STYLE_WARN, STYLE_BAD, N_STYLES };

/* Appends STRING, whatever it holds harmless; strangers' strings go through here. NULL: nothing. */
void screen_put(struct screen *screen, enum style style, const char *string);

/* The same for our own formats (strings among the arguments are escaped with the rest). */
void screen_putf(struct screen *screen, enum style style, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/* Appends STRING as it is: line ends, and texts of our own. */
void screen_raw(struct screen *screen, const char *string);

/* Begins and ends a style around what is appended in between. */
void screen_begin(struct screen *screen, enum style style);
void screen_end(struct screen *screen, enum style style);

/* Columns that a harmless string takes on a terminal: wide characters two, combining ones none. */
unsigned screen_columns(const char *string, size_t n);

/* The longest beginning of STRING that fits COLUMNS, in bytes; at least one character. */
size_t screen_fit(const char *string, unsigned columns);
