/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Encoding of values as bytes.
 *
 * What is decoded comes from a child that ran foreign code (NSS modules) or from a database file
 * that may be damaged, so a number read is never believed before it was held against what is left:
 * a length cannot exceed it, and a count of elements cannot either, since each takes bytes. A
 * string with a NUL in it is refused: whoever compares what is before the NUL would take it for
 * another. */

#include "codec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

static const uint32_t null_length = UINT32_MAX;

static void encode_number(struct text *text, uint64_t value, size_t n_bytes) {
        char bytes[8];

        for (size_t i = 0; i < n_bytes; i++)
                bytes[i] = (char)(value >> 8 * i);
        (void)text_append_n(text, bytes, n_bytes);
}

void encode_u32(struct text *text, uint32_t value) {
        encode_number(text, value, 4);
}

void encode_u64(struct text *text, uint64_t value) {
        encode_number(text, value, 8);
}

void encode_bytes(struct text *text, const void *data, size_t n) {
        if (n >= null_length) {
                text->failed = true;
                return;
        }
        encode_u32(text, (uint32_t)n);
        if (n > 0)
                (void)text_append_n(text, data, n);
}

void encode_string(struct text *text, const char *string) {
        if (string)
                encode_bytes(text, string, strlen(string));
        else
                encode_u32(text, null_length);
}

static uint64_t decode_number(struct decoder *decoder, size_t n_bytes) {
        uint64_t value = 0;

        if (decoder->failed || decoder->n < n_bytes) {
                decoder->failed = true;
                return 0;
        }
        for (size_t i = 0; i < n_bytes; i++)
                value |= (uint64_t)(unsigned char)decoder->data[i] << 8 * i;
        decoder->data += n_bytes;
        decoder->n -= n_bytes;
        return value;
}

uint32_t decode_u32(struct decoder *decoder) {
        return (uint32_t)decode_number(decoder, 4);
}

uint64_t decode_u64(struct decoder *decoder) {
        return decode_number(decoder, 8);
}

static char *decode_n(struct decoder *decoder, uint32_t n) {
        char *copy;

        if (decoder->failed || n > decoder->n) {
                decoder->failed = true;
                return NULL;
        }
        copy = malloc((size_t)n + 1);
        if (!copy) {
                decoder->failed = decoder->no_memory = true;
                return NULL;
        }
        memcpy(copy, decoder->data, n);
        copy[n] = '\0';
        decoder->data += n;
        decoder->n -= n;
        return copy;
}

char *decode_bytes(struct decoder *decoder, size_t *ret_n) {
        uint32_t n = decode_u32(decoder);
        char *bytes = decode_n(decoder, n);

        *ret_n = bytes ? n : 0;
        return bytes;
}

char *decode_string(struct decoder *decoder) {
        uint32_t n = decode_u32(decoder);

        if (n == null_length && !decoder->failed)
                return NULL;
        if (decoder->failed || n > decoder->n || memchr(decoder->data, '\0', n)) {
                decoder->failed = true;
                return NULL;
        }
        return decode_n(decoder, n);
}

int decode_end(const struct decoder *decoder) {
        if (decoder->no_memory)
                return -ENOMEM;
        return decoder->failed || decoder->n > 0 ? -EBADMSG : 0;
}

void encode_xattrs(struct text *text, const struct file_xattr *xattrs, size_t n) {
        encode_u32(text, (uint32_t)n);
        for (size_t i = 0; i < n; i++) {
                encode_string(text, xattrs[i].name);
                encode_bytes(text, xattrs[i].value, xattrs[i].n_value);
        }
}

void decode_xattrs(struct decoder *decoder, struct file_metadata *metadata) {
        uint32_t n = decode_u32(decoder);

        for (uint32_t i = 0; i < n && !decoder->failed; i++) {
                struct file_xattr *xattr;

                if (ARRAY_GROW(metadata->xattrs, metadata->n_xattrs) < 0) {
                        decoder->failed = decoder->no_memory = true;
                        return;
                }
                xattr = &metadata->xattrs[metadata->n_xattrs++];
                xattr->name = decode_string(decoder);
                xattr->value = decode_bytes(decoder, &xattr->n_value);
                if (!xattr->name)
                        decoder->failed = true;
        }
}

void encode_metadata(struct text *text, const struct file_metadata *m) {
        encode_u32(text, (uint32_t)m->kind);
        encode_u32(text, (uint32_t)m->error);
        encode_u32(text, m->mode);
        encode_u32(text, m->uid);
        encode_u32(text, m->gid);
        encode_u64(text, m->size);
        encode_u64(text, (uint64_t)m->mtime_ns);
        encode_u64(text, (uint64_t)m->ctime_ns);
        encode_u64(text, m->dev);
        encode_u64(text, m->ino);
        encode_u64(text, m->nlink);
        encode_u32(text, m->flags);
        encode_xattrs(text, m->xattrs, m->n_xattrs);
        encode_string(text, m->link_target);
        encode_u32(text,
                   (m->has_sha256 ? 1U : 0U) | (m->is_oversize ? 2U : 0U) | (m->is_null ? 4U : 0U));
        (void)text_append_n(text, (const char *)m->sha256, sizeof m->sha256);
}

void decode_metadata(struct decoder *decoder, struct file_metadata *m) {
        uint32_t bits;

        *m = (struct file_metadata){ .kind = (enum file_kind)decode_u32(decoder) };
        if (m->kind >= N_FILE_KINDS) {
                m->kind = FILE_ABSENT;
                decoder->failed = true;
        }
        m->error = (int)decode_u32(decoder);
        m->mode = decode_u32(decoder);
        m->uid = decode_u32(decoder);
        m->gid = decode_u32(decoder);
        m->size = decode_u64(decoder);
        m->mtime_ns = (int64_t)decode_u64(decoder);
        m->ctime_ns = (int64_t)decode_u64(decoder);
        m->dev = decode_u64(decoder);
        m->ino = decode_u64(decoder);
        m->nlink = decode_u64(decoder);
        m->flags = decode_u32(decoder);
        decode_xattrs(decoder, m);
        m->link_target = decode_string(decoder);
        bits = decode_u32(decoder);
        m->has_sha256 = bits & 1;
        m->is_oversize = bits & 2;
        m->is_null = bits & 4;
        for (size_t i = 0; i < sizeof m->sha256; i++)
                m->sha256[i] = (uint8_t)decode_number(decoder, 1);
}

void encode_snapshot(struct text *text, const struct snapshot *s) {
        encode_metadata(text, &s->metadata);
        encode_u32(text, (s->data ? 1U : 0U) | (s->is_unstable ? 2U : 0U));
        if (s->data)
                encode_bytes(text, s->data, s->n_data);
}

void decode_snapshot(struct decoder *decoder, struct snapshot *ret) {
        uint32_t bits;

        decode_metadata(decoder, &ret->metadata);
        bits = decode_u32(decoder);
        ret->is_unstable = bits & 2;
        if (bits & 1)
                ret->data = decode_bytes(decoder, &ret->n_data);
}
