/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Ownership in local variables.
 *
 * An owned local carries CLEANUP(destructor); handing it over is explicit, with TAKE(). Destructors
 * take a pointer to the variable, accept NULL and half-built objects, and never touch errno. */

#include <stdlib.h>
#include <string.h>

#define CLEANUP(destructor) __attribute__((cleanup(destructor)))
#define CLEANUP_FREE        CLEANUP(cleanup_free)

/* Hands the pointer in the variable P over to whoever receives the value; P is NULL afterwards. */
#define TAKE(p)                                                                                    \
        __extension__({                                                                            \
                __typeof__(&(p)) take_from_ = &(p);                                                \
                __typeof__(p) take_value_ = *take_from_;                                           \
                *take_from_ = NULL;                                                                \
                take_value_;                                                                       \
        })

/* Defines NAME_cleanup() for a destructor `void free_fn(struct tag *)`, for use in CLEANUP(). */
#define DEFINE_CLEANUP(name, type, free_fn)                                                        \
        static inline __attribute__((unused)) void name(type **object) {                           \
                free_fn(*object);                                                                  \
        }

#define N_ELEMENTS(array) (sizeof(array) / sizeof((array)[0]))

static inline void cleanup_free(void *variable) {
        void *pointer;

        memcpy(&pointer, variable, sizeof pointer);
        free(pointer);
}
