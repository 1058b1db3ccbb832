/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* OpenSSH's patterns (ssh_config(5), PATTERNS): `*` any run, `?` one byte, `!` negation in lists.
 * Used by Match, AllowUsers, from=, and by our own policy language. */

#include <stdbool.h>

enum pattern_result {
        PATTERN_NEGATED = -1, /* a `!` element matched: the whole list fails */
        PATTERN_NONE = 0,
        PATTERN_MATCHED = 1,
};

/* match_pattern() of match.c: no escapes, no character classes, case-sensitive. */
bool pattern_match(const char *string, const char *pattern);

/* match_pattern_list() of match.c: comma separated; an element of 1023 bytes or more makes the
 * whole list PATTERN_NONE. With `fold`, the *pattern* is lower-cased first (callers lower-case the
 * string), as match_hostname() does. */
enum pattern_result pattern_match_list(const char *string, const char *list, bool fold);
