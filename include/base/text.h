/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A growing string. Always NUL-terminated once something was appended; may hold NUL bytes.
 *
 * Embedded: `CLEANUP(text_done) struct text t = { 0 };`. A failed append leaves the text as it was
 * and sets `failed`, so a formatter may append many times and check once, with text_error(). */

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct text {
        char *data; /* NULL while empty */
        size_t n;   /* bytes, without the final NUL */
        size_t capacity;
        bool failed; /* an append ran out of memory */
};

/* Each returns 0 or -ENOMEM. */
int text_append(struct text *text, const char *string);
int text_append_n(struct text *text, const char *bytes, size_t n);
int text_append_char(struct text *text, char c);
int text_appendf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
int text_vappendf(struct text *text, const char *format, va_list arguments)
        __attribute__((format(printf, 2, 0)));

/* 0, or -ENOMEM if any append since text_done() failed. */
int text_error(const struct text *text);

/* The contents as a heap string ("" when empty); the text is empty afterwards. NULL if an append
 * failed or memory ran out. */
char *text_take(struct text *text);

/* The contents, "" when empty; valid until the next append. */
const char *text_get(const struct text *text);

void text_done(struct text *text);

/* asprintf() that returns NULL on failure and nothing else to check. */
char *text_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* For members that own a string elsewhere and only lend one here: a const string as a plain one.
 * Whoever receives it must not write to it or free it. */
#define BORROWED(string)                                                                           \
        __extension__({                                                                            \
                const char *borrowed_ = (string);                                                  \
                char *lent_;                                                                       \
                memcpy(&lent_, &borrowed_, sizeof lent_);                                          \
                lent_;                                                                             \
        })
