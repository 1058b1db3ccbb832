/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A look at a policy file's text before libconfig gets it: what libconfig would read wrongly
 * without a word. */

#include <stdbool.h>
#include <stddef.h>

#include "base/diagnostics.h"

enum {
        POLICY_TEXT_MAX = 1 << 20,   /* bytes of one file; the largest profile has a few thousand */
        POLICY_DEPTH_MAX = 16,       /* nested brackets; the language needs four */
        POLICY_COMPLAINTS_MAX = 200, /* then it is no policy, and nobody reads on */
};

/* Adds a diagnostic for each literal or construct that is refused. Returns 0 or -ENOMEM;
 * *ret_unsafe says that the text must not be given to libconfig at all. */
int scan_text(const char *path, const char *data, size_t n, struct diagnostics *diagnostics,
              bool *ret_unsafe);
