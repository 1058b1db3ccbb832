/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Character classes of the C locale, without <ctype.h>: its tables belong to a locale, and pure
 * rooms have none. */

#include <stdbool.h>

static inline bool ascii_is_digit(char c) {
        return c >= '0' && c <= '9';
}

/* isspace(3): blank, \t, \n, \v, \f, \r */
static inline bool ascii_is_space(char c) {
        return c == ' ' || (c >= '\t' && c <= '\r');
}

static inline char ascii_to_lower(char c) {
        return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}
