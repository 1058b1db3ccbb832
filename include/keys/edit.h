/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Taking entries out of a file of authorized keys. */

#include <stddef.h>

#include "base/text.h"
#include "keys/authorized_keys.h"

/* Appends to RET the N bytes without the lines of the entries for which REMOVE says true; every
 * other byte is kept, comments and odd line ends too. BYTES is what KEYS was parsed from. Returns 0
 * or -ENOMEM. */
int authorized_keys_remove(const char *bytes, size_t n, const struct authorized_keys *keys,
                           const bool *remove, struct text *ret);
