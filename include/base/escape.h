/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Strangers' bytes on their way to a terminal, a log or JSON. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

/* Decodes the first character (RFC 3629: no surrogates, no overlong forms); returns its length in
 * bytes, 0 if the bytes are not UTF-8 (or there are none). */
size_t escape_decode(const char *bytes, size_t n, uint32_t *ret_character);

/* False for what acts on a terminal instead of appearing there: C0, DEL, the C1 controls, and the
 * bidirectional overrides and isolates. */
bool escape_is_harmless(uint32_t character);

/* True if the bytes are well-formed UTF-8. */
bool escape_is_utf8(const char *bytes, size_t n);

/* Appends the bytes so that no control byte of theirs reaches a terminal: characters that are not
 * harmless and bytes that are not UTF-8 become \xNN, byte by byte.
 * A backslash stays as it is. Returns 0 or -ENOMEM. */
int escape_append(struct text *text, const char *bytes, size_t n);

/* The same as a heap string; NULL when memory ran out. */
char *escape_string(const char *string);

/* Appends standard base64 with padding (RFC 4648). Returns 0 or -ENOMEM. */
int escape_append_base64(struct text *text, const char *bytes, size_t n);

/* Appends STRING as one word of a POSIX shell: as it is where no byte of it is special, in single
 * quotes where one is. Returns 0 or -ENOMEM. */
int escape_append_shell(struct text *text, const char *string);

/* Appends what standard base64 with padding stands for. Returns 0, -EBADMSG if the text is not that
 * (nothing is appended then), or -ENOMEM. */
int escape_decode_base64(struct text *text, const char *encoded, size_t n);
