/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading and writing SSH's wire encoding, and the base64 around it.
 *
 * Lengths come from strangers: every take compares them with what is left before it moves. The
 * oddities are OpenSSH's and are kept, since they decide which line is a key: a C string may end in
 * one NUL byte, an mpint may have any number of leading zeros, base64 may contain white space. */

#include "blob.h"

#include <string.h>

enum { MPINT_MAX = 16384 / 8 }; /* sshbuf.h: SSHBUF_MAX_BIGNUM */

static bool take(struct blob *blob, size_t n, struct blob *ret) {
        if (blob->n < n)
                return false;
        *ret = (struct blob){ blob->data, n };
        blob->data += n;
        blob->n -= n;
        return true;
}

static bool take_number(struct blob *blob, size_t n, uint64_t *ret) {
        struct blob bytes;
        uint64_t value = 0;

        if (!take(blob, n, &bytes))
                return false;
        for (size_t i = 0; i < n; i++)
                value = value << 8 | bytes.data[i];
        *ret = value;
        return true;
}

bool blob_take_u32(struct blob *blob, uint32_t *ret) {
        uint64_t value;

        if (!take_number(blob, 4, &value))
                return false;
        *ret = (uint32_t)value;
        return true;
}

bool blob_take_u64(struct blob *blob, uint64_t *ret) {
        return take_number(blob, 8, ret);
}

bool blob_take_string(struct blob *blob, struct blob *ret) {
        uint32_t n;

        return blob_take_u32(blob, &n) && take(blob, n, ret);
}

bool blob_take_cstring(struct blob *blob, struct blob *ret) {
        struct blob string;
        const uint8_t *nul;

        if (!blob_take_string(blob, &string))
                return false;
        nul = string.n > 0 ? memchr(string.data, '\0', string.n) : NULL;
        if (nul && nul != string.data + string.n - 1)
                return false;
        if (nul)
                string.n--;
        *ret = string;
        return true;
}

bool blob_take_mpint(struct blob *blob, struct blob *ret) {
        struct blob number;

        if (!blob_take_string(blob, &number))
                return false;
        if (number.n > 0 && (number.data[0] & 0x80))
                return false; /* negative */
        if (number.n > MPINT_MAX + 1 || (number.n == MPINT_MAX + 1 && number.data[0] != 0))
                return false;
        while (number.n > 0 && number.data[0] == 0) {
                number.data++;
                number.n--;
        }
        *ret = number;
        return true;
}

bool blob_equals(struct blob blob, const char *string) {
        return strlen(string) == blob.n && memcmp(blob.data, string, blob.n) == 0;
}

char *blob_copy(struct blob blob) {
        struct text copy = { 0 };

        (void)text_append_n(&copy, (const char *)blob.data, blob.n);
        return text_take(&copy);
}

unsigned blob_bits(struct blob mpint) {
        unsigned bits = (unsigned)mpint.n * 8;

        if (mpint.n == 0)
                return 0;
        for (uint8_t first = mpint.data[0]; !(first & 0x80); first = (uint8_t)(first << 1))
                bits--;
        return bits;
}

static void put_u32(struct text *text, size_t value) {
        const char bytes[4] = { (char)(value >> 24), (char)(value >> 16), (char)(value >> 8),
                                (char)value };

        (void)text_append_n(text, bytes, sizeof bytes);
}

void blob_put_string(struct text *text, const void *bytes, size_t n) {
        put_u32(text, n);
        (void)text_append_n(text, bytes, n);
}

void blob_put_mpint(struct text *text, struct blob mpint) {
        bool needs_zero = mpint.n > 0 && (mpint.data[0] & 0x80);

        put_u32(text, mpint.n + needs_zero);
        if (needs_zero)
                (void)text_append_char(text, '\0');
        (void)text_append_n(text, (const char *)mpint.data, mpint.n);
}

static bool is_space(char c) { /* isspace(3) of the C locale */
        return c == ' ' || (c >= '\t' && c <= '\r');
}

static int base64_value(char c) {
        if (c >= 'A' && c <= 'Z')
                return c - 'A';
        if (c >= 'a' && c <= 'z')
                return c - 'a' + 26;
        if (c >= '0' && c <= '9')
                return c - '0' + 52;
        return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* What follows the last digit: the padding that N_DIGITS (of a group of four) ask for. */
static bool padding_is_right(const char *base64, size_t n, unsigned n_digits) {
        unsigned n_padding = 0;

        for (size_t i = 0; i < n; i++) {
                if (is_space(base64[i]))
                        continue;
                if (base64[i] != '=')
                        return false;
                n_padding++;
        }
        if (n_padding == 0)
                return n_digits == 0;
        return n_digits >= 2 && n_digits + n_padding == 4;
}

long blob_decode_base64(const char *base64, size_t n, uint8_t *ret) {
        uint32_t group = 0;
        unsigned n_digits = 0;
        size_t n_ret = 0, i;

        for (i = 0; i < n && base64[i] != '='; i++) {
                int value = base64_value(base64[i]);

                if (is_space(base64[i]))
                        continue;
                if (value < 0)
                        return -1;
                group = group << 6 | (uint32_t)value;
                if (++n_digits < 4)
                        continue;
                ret[n_ret++] = (uint8_t)(group >> 16);
                ret[n_ret++] = (uint8_t)(group >> 8);
                ret[n_ret++] = (uint8_t)group;
                n_digits = 0;
                group = 0;
        }
        if (!padding_is_right(base64 + i, n - i, n_digits))
                return -1;
        if (n_digits == 2) {
                ret[n_ret++] = (uint8_t)(group >> 4);
                return group & 0xf ? -1 : (long)n_ret;
        }
        if (n_digits == 3) {
                ret[n_ret++] = (uint8_t)(group >> 10);
                ret[n_ret++] = (uint8_t)(group >> 2);
                return group & 0x3 ? -1 : (long)n_ret;
        }
        return (long)n_ret;
}
