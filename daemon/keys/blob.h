/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The wire encoding of RFC 4251, section 5, as sshbuf-getput-basic.c reads and writes it: a cursor
 * over borrowed bytes. Each take returns false, with the cursor anywhere, if the bytes do not hold
 * such a value. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

struct blob {
        const uint8_t *data;
        size_t n;
};

bool blob_take_u32(struct blob *blob, uint32_t *ret);
bool blob_take_u64(struct blob *blob, uint64_t *ret);

/* uint32 length and bytes. */
bool blob_take_string(struct blob *blob, struct blob *ret);

/* A string without NUL but for one as its last byte, which does not count. */
bool blob_take_cstring(struct blob *blob, struct blob *ret);

/* A non-negative mpint of at most 16384 bits; *ret has no leading zeros. */
bool blob_take_mpint(struct blob *blob, struct blob *ret);

bool blob_equals(struct blob blob, const char *string);
char *blob_copy(struct blob blob); /* as a heap string; NULL when memory ran out */
unsigned blob_bits(struct blob mpint);

/* Appends, sticky as text_append(). */
void blob_put_string(struct text *text, const void *bytes, size_t n);
void blob_put_mpint(struct text *text, struct blob mpint);

/* b64_pton() of openbsd-compat/base64.c and of libresolv: white space is skipped anywhere, padding
 * must be right, and the bits it covers zero. N bytes of base64 never give more than N bytes.
 * Returns the number of bytes written to RET, or -1. */
long blob_decode_base64(const char *base64, size_t n, uint8_t *ret);
