/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Arrays that grow: `struct item *items; size_t n_items;`, no third field.
 *
 * The capacity is the power of two at or above n, so an array that only ever grows by one through
 * array_grow() is reallocated O(log n) times. */

#include <stddef.h>

/* Makes room for one element more at items[n]; the new element is zeroed, n is left to the caller.
 * ITEMS is the address of the array pointer (passed as void * because C has no generics).
 * Returns 0, or -ENOMEM with the array untouched. */
int array_grow(void *items, size_t n, size_t element_size);

/* array_grow() on the array variable itself; says to the compiler that success leaves an array. */
#define ARRAY_GROW(items, n)                                                                       \
        __extension__({                                                                            \
                int array_r_ = array_grow(&(items), (n), sizeof((items)[0]));                      \
                if (array_r_ >= 0 && !(items))                                                     \
                        __builtin_unreachable();                                                   \
                array_r_;                                                                          \
        })

/* String lists: NULL-safe, each string and the array on the heap. */
int strings_append(char ***strings, size_t *n, const char *string);
int strings_append_n(char ***strings, size_t *n, const char *bytes, size_t n_bytes);
int strings_copy(char ***ret_strings, size_t *ret_n, char *const *strings, size_t n);
void strings_free(char **strings, size_t n);
