/* SPDX-License-Identifier: GPL-3.0-or-later */
/* OpenSSH's pattern matching (match.c). Linear in pattern times string: on a mismatch only the last
 * `*` is retried, which is enough because an earlier star can never need to take more than it did.
 */

#include "base/pattern.h"

#include <stddef.h>
#include <string.h>

/* match.c:match_pattern_list() copies each element to a buffer of this size. */
enum { PATTERN_ELEMENT_MAX = 1024 };

static char fold_byte(char c) {
        return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* The pattern is N bytes; lower-cased as it is read if FOLD. */
static bool match_slice(const char *string, const char *pattern, size_t n, bool fold) {
        const char *end = pattern + n, *star = NULL, *retry = NULL;

        while (*string) {
                char c = pattern < end ? (fold ? fold_byte(*pattern) : *pattern) : '\0';

                if (c == '*') {
                        star = pattern++;
                        retry = string;
                } else if (c && (c == '?' || c == *string)) {
                        pattern++;
                        string++;
                } else if (star) {
                        pattern = star + 1;
                        string = ++retry;
                } else {
                        return false;
                }
        }
        while (pattern < end && *pattern == '*')
                pattern++;
        return pattern == end;
}

bool pattern_match(const char *string, const char *pattern) {
        return match_slice(string, pattern, strlen(pattern), false);
}

enum pattern_result pattern_match_list(const char *string, const char *list, bool fold) {
        enum pattern_result result = PATTERN_NONE;

        for (const char *next = list; *next;) {
                bool negated = *next == '!';
                const char *element = negated ? next + 1 : next;
                size_t n = strcspn(element, ",");

                /* match.c gives up when an element fills its buffer, even to the last byte. */
                if (n >= PATTERN_ELEMENT_MAX - 1)
                        return PATTERN_NONE;
                next = element + n + (element[n] == ',');
                if (!match_slice(string, element, n, fold))
                        continue;
                if (negated)
                        return PATTERN_NEGATED;
                result = PATTERN_MATCHED;
        }
        return result;
}
