/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Escaping of untrusted bytes. One decoder of UTF-8 serves both questions: is it well formed, and
 * may this character be shown as it is? Besides control characters, the bidirectional overrides
 * (U+202A..U+202E, U+2066..U+2069) are escaped, since they make a line read as another. */

#include "base/escape.h"

#include <errno.h>
#include <string.h>

size_t escape_decode(const char *bytes, size_t n, uint32_t *ret_character) {
        static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
        unsigned char first;
        uint32_t character;
        size_t length;

        if (n == 0)
                return 0;
        first = (unsigned char)bytes[0];
        if (first < 0x80) {
                *ret_character = first;
                return 1;
        }
        if ((first & 0xe0) == 0xc0)
                length = 2, character = first & 0x1fU;
        else if ((first & 0xf0) == 0xe0)
                length = 3, character = first & 0x0fU;
        else if ((first & 0xf8) == 0xf0)
                length = 4, character = first & 0x07U;
        else
                return 0;
        if (length > n)
                return 0;
        for (size_t i = 1; i < length; i++) {
                unsigned char next = (unsigned char)bytes[i];

                if ((next & 0xc0) != 0x80)
                        return 0;
                character = character << 6 | (next & 0x3fU);
        }
        if (character < smallest[length] || character > 0x10ffff ||
            (character >= 0xd800 && character <= 0xdfff))
                return 0;
        *ret_character = character;
        return length;
}

bool escape_is_harmless(uint32_t character) {
        if (character < 0x20 || (character >= 0x7f && character <= 0x9f))
                return false;
        return !((character >= 0x202a && character <= 0x202e) ||
                 (character >= 0x2066 && character <= 0x2069));
}

bool escape_is_utf8(const char *bytes, size_t n) {
        uint32_t character;

        for (size_t i = 0; i < n;) {
                size_t length = escape_decode(bytes + i, n - i, &character);

                if (length == 0)
                        return false;
                i += length;
        }
        return true;
}

int escape_append(struct text *text, const char *bytes, size_t n) {
        for (size_t i = 0; i < n;) {
                uint32_t character = 0;
                size_t length = escape_decode(bytes + i, n - i, &character);

                if (length > 0 && escape_is_harmless(character)) {
                        (void)text_append_n(text, bytes + i, length);
                } else {
                        if (length == 0)
                                length = 1;
                        for (size_t k = 0; k < length; k++)
                                (void)text_appendf(text, "\\x%02x", (unsigned char)bytes[i + k]);
                }
                i += length;
        }
        return text_error(text);
}

char *escape_string(const char *string) {
        struct text text = { 0 };

        (void)escape_append(&text, string, strlen(string));
        return text_take(&text);
}

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int escape_append_base64(struct text *text, const char *bytes, size_t n) {
        for (size_t i = 0; i < n; i += 3) {
                uint32_t group = (uint32_t)(unsigned char)bytes[i] << 16;

                if (i + 1 < n)
                        group |= (uint32_t)(unsigned char)bytes[i + 1] << 8;
                if (i + 2 < n)
                        group |= (unsigned char)bytes[i + 2];
                (void)text_append_char(text, alphabet[group >> 18 & 63]);
                (void)text_append_char(text, alphabet[group >> 12 & 63]);
                (void)text_append_char(text, i + 1 < n ? alphabet[group >> 6 & 63] : '=');
                (void)text_append_char(text, i + 2 < n ? alphabet[group & 63] : '=');
        }
        return text_error(text);
}

int escape_append_shell(struct text *text, const char *string) {
        size_t n_plain = strspn(string, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                        "0123456789%+,-./:=@_");

        if (n_plain > 0 && string[n_plain] == '\0')
                return text_append(text, string);
        (void)text_append_char(text, '\'');
        for (; *string; string++) {
                if (*string == '\'')
                        (void)text_append(text, "'\\''");
                else
                        (void)text_append_char(text, *string);
        }
        (void)text_append_char(text, '\'');
        return text_error(text);
}

/* One group of four characters; returns how many bytes it stands for, 0 if it is none. Bits that
 * the padding cuts off must be zero, so that each byte string has one encoding. */
static size_t decode_group(const char *group, char ret[3]) {
        size_t n_padding = group[3] == '=' ? group[2] == '=' ? 2 : 1 : 0;
        uint32_t bits = 0;

        for (size_t i = 0; i < 4; i++) {
                const char *digit = i < 4 - n_padding ? memchr(alphabet, group[i], 64) : alphabet;

                if (!digit)
                        return 0;
                bits = bits << 6 | (uint32_t)(digit - alphabet);
        }
        if (bits & ((1U << (8 * n_padding)) - 1))
                return 0;
        for (size_t i = 0; i < 3; i++)
                ret[i] = (char)(bits >> (16 - 8 * i) & 0xff);
        return 3 - n_padding;
}

int escape_decode_base64(struct text *text, const char *encoded, size_t n) {
        size_t n_before = text->n;

        if (n % 4 != 0)
                return -EBADMSG;
        for (size_t i = 0; i < n; i += 4) {
                char bytes[3];
                size_t n_bytes = decode_group(encoded + i, bytes);

                if (n_bytes == 0 || (n_bytes < 3 && i + 4 < n)) {
                        text->n = n_before;
                        return -EBADMSG;
                }
                (void)text_append_n(text, bytes, n_bytes);
        }
        return text_error(text);
}
