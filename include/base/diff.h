/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The difference of two texts, line by line, in the unified format of diff(1). */

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

enum {
        DIFF_CONTEXT = 3,        /* lines around a change, as diff -u */
        DIFF_EDITS_MAX = 1000,   /* beyond, a change is shown as one replacement; memory is 4 MB */
        DIFF_LINES_MAX = 200000, /* per text; the rest is not looked at */
};

/* Appends the hunks ("@@ -1,3 +1,4 @@" and lines that start with ' ', '-' or '+'), without file
 * header; nothing if the texts are equal. A missing newline at the end is said as diff(1) says it.
 * *ret_truncated: a text had more than DIFF_LINES_MAX lines. Returns 0 or -ENOMEM. */
int diff_unified(const char *before, size_t n_before, const char *after, size_t n_after,
                 struct text *text, bool *ret_truncated);
