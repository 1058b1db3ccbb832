/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Growing arrays and string lists.
 *
 * The rule "capacity is the next power of two" needs no stored capacity: an append only has to
 * reallocate when n is zero or a power of two. That holds as long as every array grows from empty
 * by one, which is the only way this module offers. */

#include "base/array.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int array_grow(void *items, size_t n, size_t element_size) {
        char *array;

        memcpy(&array, items, sizeof array);
        if (n == 0 || (n & (n - 1)) == 0) {
                size_t capacity = n == 0 ? 1 : n * 2;

                if (n > SIZE_MAX / 2 / element_size)
                        return -ENOMEM;
                array = realloc(array, capacity * element_size);
                if (!array)
                        return -ENOMEM;
                memcpy(items, &array, sizeof array);
        }
        memset(array + n * element_size, 0, element_size);
        return 0;
}

int strings_append_n(char ***strings, size_t *n, const char *bytes, size_t n_bytes) {
        char *copy;
        int r;

        copy = malloc(n_bytes + 1);
        if (!copy)
                return -ENOMEM;
        memcpy(copy, bytes, n_bytes);
        copy[n_bytes] = '\0';
        r = ARRAY_GROW(*strings, *n);
        if (r < 0) {
                free(copy);
                return r;
        }
        (*strings)[(*n)++] = copy;
        return 0;
}

int strings_append(char ***strings, size_t *n, const char *string) {
        return strings_append_n(strings, n, string, strlen(string));
}

int strings_copy(char ***ret_strings, size_t *ret_n, char *const *strings, size_t n) {
        char **copy = NULL;
        size_t n_copy = 0;

        for (size_t i = 0; i < n; i++) {
                int r = strings_append(&copy, &n_copy, strings[i]);

                if (r < 0) {
                        strings_free(copy, n_copy);
                        return r;
                }
        }
        *ret_strings = copy;
        *ret_n = n_copy;
        return 0;
}

void strings_free(char **strings, size_t n) {
        for (size_t i = 0; i < n; i++)
                free(strings[i]);
        free(strings);
}
