/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Strangers' bytes on their way to a terminal, a log or JSON. */

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

/* True if the bytes are well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms). */
bool escape_is_utf8(const char *bytes, size_t n);

/* Appends the bytes so that no control byte of theirs reaches a terminal: C0, DEL, the C1 controls
 * (U+0080..U+009F), bidirectional overrides and bytes that are not UTF-8 become \xNN, byte by byte.
 * A backslash stays as it is. Returns 0 or -ENOMEM. */
int escape_append(struct text *text, const char *bytes, size_t n);

/* The same as a heap string; NULL when memory ran out. */
char *escape_string(const char *string);

/* Appends standard base64 with padding (RFC 4648). Returns 0 or -ENOMEM. */
int escape_append_base64(struct text *text, const char *bytes, size_t n);
