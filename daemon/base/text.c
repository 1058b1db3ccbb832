/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A growing string, doubling its room. Sticky failure keeps formatters free of error ladders: they
 * append and ask text_error() at the end. */

#include "base/text.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int text_reserve(struct text *text, size_t n_more) {
        size_t wanted, capacity;
        char *data;

        if (n_more > SIZE_MAX / 4 - text->n)
                goto failed;
        wanted = text->n + n_more + 1;
        if (wanted <= text->capacity)
                return 0;
        capacity = text->capacity == 0 ? 64 : text->capacity;
        while (capacity < wanted)
                capacity *= 2;
        data = realloc(text->data, capacity);
        if (!data)
                goto failed;
        text->data = data;
        text->capacity = capacity;
        return 0;
failed:
        text->failed = true;
        return -ENOMEM;
}

int text_append_n(struct text *text, const char *bytes, size_t n) {
        int r = text_reserve(text, n);

        if (r < 0)
                return r;
        if (n > 0)
                memcpy(text->data + text->n, bytes, n);
        text->n += n;
        text->data[text->n] = '\0';
        return 0;
}

int text_append(struct text *text, const char *string) {
        return text_append_n(text, string, strlen(string));
}

int text_append_char(struct text *text, char c) {
        return text_append_n(text, &c, 1);
}

int text_vappendf(struct text *text, const char *format, va_list arguments) {
        va_list again;
        int n, r;

        va_copy(again, arguments);
        n = vsnprintf(NULL, 0, format, again);
        va_end(again);
        r = n < 0 ? -ENOMEM : text_reserve(text, (size_t)n);
        if (r < 0) {
                text->failed = true;
                return r;
        }
        (void)vsnprintf(text->data + text->n, (size_t)n + 1, format, arguments);
        text->n += (size_t)n;
        return 0;
}

int text_appendf(struct text *text, const char *format, ...) {
        va_list arguments;
        int r;

        va_start(arguments, format);
        r = text_vappendf(text, format, arguments);
        va_end(arguments);
        return r;
}

int text_error(const struct text *text) {
        return text->failed ? -ENOMEM : 0;
}

char *text_take(struct text *text) {
        char *data;

        if (text->failed) {
                text_done(text);
                return NULL;
        }
        if (!text->data && text_append_n(text, "", 0) < 0)
                return NULL;
        data = text->data;
        *text = (struct text){ 0 };
        return data;
}

const char *text_get(const struct text *text) {
        return text->data ? text->data : "";
}

void text_done(struct text *text) {
        free(text->data);
        *text = (struct text){ 0 };
}

char *text_format(const char *format, ...) {
        struct text text = { 0 };
        va_list arguments;

        va_start(arguments, format);
        (void)text_vappendf(&text, format, arguments);
        va_end(arguments);
        return text_take(&text);
}
