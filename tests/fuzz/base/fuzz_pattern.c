/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Patterns: the input is `string NUL list`. A list of one plain pattern says what the pattern says.
 */

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/pattern.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        CLEANUP_FREE char *string = strndup((const char *)data, size);
        size_t n = string ? strlen(string) : size;
        CLEANUP_FREE char *list =
                strndup((const char *)data + n + (n < size), size - n - (n < size));

        if (!string || !list)
                return 0;
        bool matched = pattern_match(string, list);
        enum pattern_result result = pattern_match_list(string, list, false);

        if (*list && *list != '!' && !strchr(list, ',') && strlen(list) < 1023)
                assert(matched == (result == PATTERN_MATCHED));
        (void)pattern_match_list(string, list, true);
        return 0;
}
