/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Values as bytes, for the pipe from a child and for blobs of the store: little-endian numbers,
 * strings with their length before them. The reader trusts nothing: a length beyond the end makes
 * it `failed`, and everything read from then on is zero or NULL. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/metadata.h"
#include "base/text.h"
#include "os/snapshot.h"

/* Writers append; check text_error() once at the end. */
void encode_u32(struct text *text, uint32_t value);
void encode_u64(struct text *text, uint64_t value);
void encode_bytes(struct text *text, const void *data, size_t n);
void encode_string(struct text *text, const char *string); /* NULL stays NULL */

struct decoder {
        const char *data;
        size_t n; /* left */
        bool failed;
        bool no_memory; /* it failed for that reason */
};
uint32_t decode_u32(struct decoder *decoder);
uint64_t decode_u64(struct decoder *decoder);
/* On the heap, NUL-terminated; NULL when failed. */
char *decode_bytes(struct decoder *decoder, size_t *ret_n);
/* On the heap; NULL if it was NULL, or when failed, as one with a NUL in it does. */
char *decode_string(struct decoder *decoder);
/* 0 if all was read and nothing is left; -EBADMSG or -ENOMEM. */
int decode_end(const struct decoder *decoder);

/* Extended attributes, a metadata as a whole. The decoded object is to be destroyed even if the
 * decoder failed. */
void encode_xattrs(struct text *text, const struct file_xattr *xattrs, size_t n);
void decode_xattrs(struct decoder *decoder, struct file_metadata *metadata);
void encode_metadata(struct text *text, const struct file_metadata *metadata);
void decode_metadata(struct decoder *decoder, struct file_metadata *ret);
/* A look at a path as a whole, its content too. */
void encode_snapshot(struct text *text, const struct snapshot *s);
void decode_snapshot(struct decoder *decoder, struct snapshot *ret);
