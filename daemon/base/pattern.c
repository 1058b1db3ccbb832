/* SPDX-License-Identifier: GPL-3.0-or-later */
/* OpenSSH's pattern matching (match.c). Linear in pattern times string: on a mismatch only the last
 * `*` is retried, which is enough because an earlier star can never need to take more than it did.
 */

#include "base/pattern.h"

#include <stddef.h>
#include <string.h>

/* match.c:match_pattern_list() copies each element to a buffer of this size. */
enum { PATTERN_ELEMENT_MAX = 1024 };

bool pattern_match(const char *string, const char *pattern) {
        const char *star = NULL, *retry = NULL;

        while (*string) {
                if (*pattern == '*') {
                        star = pattern++;
                        retry = string;
                } else if (*pattern && (*pattern == '?' || *pattern == *string)) {
                        pattern++;
                        string++;
                } else if (star) {
                        pattern = star + 1;
                        string = ++retry;
                } else {
                        return false;
                }
        }
        while (*pattern == '*')
                pattern++;
        return *pattern == '\0';
}

static char fold_byte(char c) {
        return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

enum pattern_result pattern_match_list(const char *string, const char *list, bool fold) {
        enum pattern_result result = PATTERN_NONE;

        for (const char *next = list; *next;) {
                char element[PATTERN_ELEMENT_MAX];
                size_t n = 0;
                bool negated = *next == '!';

                if (negated)
                        next++;
                for (; *next && *next != ','; next++) {
                        if (n >= sizeof element - 1)
                                return PATTERN_NONE;
                        element[n++] = fold ? fold_byte(*next) : *next;
                }
                /* match.c gives up when an element fills its buffer, even to the last byte. */
                if (n >= sizeof element - 1)
                        return PATTERN_NONE;
                element[n] = '\0';
                if (*next == ',')
                        next++;
                if (!pattern_match(string, element))
                        continue;
                if (negated)
                        return PATTERN_NEGATED;
                result = PATTERN_MATCHED;
        }
        return result;
}
