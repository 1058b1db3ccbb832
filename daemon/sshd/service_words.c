/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Words as systemd cuts them (extract-word.c, escape.c, specifier.c of systemd).
 *
 * Quotes may begin in the middle of a word. Inside either kind a backslash still escapes, which is
 * where this differs from a shell. An escape that stands for a NUL byte is none. */

#include "service_words.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/ascii.h"
#include "base/cleanup.h"

static const char blanks[] = " \t\n\r";

static bool is_blank(char c) {
        return c != '\0' && strchr(blanks, c) != NULL;
}

/* ---- escapes ---- */

static int hex_digit(char c) {
        char lower = ascii_to_lower(c);

        if (ascii_is_digit(c))
                return c - '0';
        return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* N digits of BASE at AT; -1 if they are not all there. */
static int64_t read_digits(const char *at, size_t n, int base) {
        int64_t value = 0;

        for (size_t i = 0; i < n; i++) {
                int digit = hex_digit(at[i]);

                if (digit < 0 || digit >= base)
                        return -1;
                value = value * base + digit;
        }
        return value;
}

static int append_utf8(struct text *text, uint32_t c) {
        char bytes[4];
        size_t n = 0;

        if (c < 0x80) {
                bytes[n++] = (char)c;
        } else if (c < 0x800) {
                bytes[n++] = (char)(0xc0 | (c >> 6));
                bytes[n++] = (char)(0x80 | (c & 0x3f));
        } else if (c < 0x10000) {
                bytes[n++] = (char)(0xe0 | (c >> 12));
                bytes[n++] = (char)(0x80 | ((c >> 6) & 0x3f));
                bytes[n++] = (char)(0x80 | (c & 0x3f));
        } else {
                bytes[n++] = (char)(0xf0 | (c >> 18));
                bytes[n++] = (char)(0x80 | ((c >> 12) & 0x3f));
                bytes[n++] = (char)(0x80 | ((c >> 6) & 0x3f));
                bytes[n++] = (char)(0x80 | (c & 0x3f));
        }
        return text_append_n(text, bytes, n);
}

/* Escapes that stand for one byte each, and those that name a number of so many digits. */
static const struct {
        char letter, byte;
} byte_escapes[] = {
        { 'a', '\a' }, { 'b', '\b' },  { 'f', '\f' }, { 'n', '\n' },  { 'r', '\r' }, { 't', '\t' },
        { 'v', '\v' }, { '\\', '\\' }, { '"', '"' },  { '\'', '\'' }, { 's', ' ' },
};

static const struct {
        char letter;
        unsigned char n_digits;
        bool is_character; /* or a byte */
} number_escapes[] = {
        { 'x', 2, false },
        { 'u', 4, true },
        { 'U', 8, true },
};

static int append_number(struct text *text, int64_t value, bool is_character) {
        if (value <= 0 || (!is_character && value > 0xff) || value > 0x10ffff ||
            (is_character && value >= 0xd800 && value <= 0xdfff))
                return -EINVAL;
        return is_character ? append_utf8(text, (uint32_t)value)
                            : text_append_char(text, (char)value);
}

/* The escape whose letter is at AT. Returns the number of bytes it takes, -EINVAL if it is none, or
 * -ENOMEM. */
static int append_escape(struct text *text, const char *at) {
        int r;

        for (size_t i = 0; i < N_ELEMENTS(byte_escapes); i++) {
                if (byte_escapes[i].letter == *at) {
                        r = text_append_char(text, byte_escapes[i].byte);
                        return r < 0 ? r : 1;
                }
        }
        for (size_t i = 0; i < N_ELEMENTS(number_escapes); i++) {
                if (number_escapes[i].letter == *at) {
                        r = append_number(text, read_digits(at + 1, number_escapes[i].n_digits, 16),
                                          number_escapes[i].is_character);
                        return r < 0 ? r : 1 + number_escapes[i].n_digits;
                }
        }
        r = append_number(text, read_digits(at, 3, 8), false);
        return r < 0 ? r : 3;
}

/* ---- words ---- */

/* What follows a backslash; *AT is behind it and moves on. Returns 1 to go on, 0 at the end. */
static int read_escaped(const char **at, char quote, unsigned rules, struct text *text) {
        int n;

        if (**at == '\0') {
                if (rules & WORD_LENIENT && (!quote || rules & WORD_RELAXED))
                        return text_append_char(text, '\\');
                return rules & WORD_RELAXED ? 0 : -EINVAL;
        }
        n = rules & WORD_UNESCAPE ? append_escape(text, *at) : -EINVAL;
        if (n == -EINVAL && rules & WORD_UNESCAPE) {
                if (!(rules & WORD_LENIENT))
                        return -EINVAL;
                n = text_append_char(text, '\\');
        }
        if (n <= 0 && n != -ENOMEM) {
                n = text_append_char(text, **at);
                n = n < 0 ? n : 1;
        }
        if (n < 0)
                return n;
        *at += n;
        return 1;
}

int service_next_word(const char **at, unsigned rules, char **ret) {
        CLEANUP(text_done) struct text text = { 0 };
        char quote = '\0';
        int r = 1;

        *at += strspn(*at, blanks);
        if (**at == '\0')
                return 0;
        while (r > 0 && **at && (quote || !is_blank(**at))) {
                char c = *(*at)++;

                if (c == '\\') {
                        r = read_escaped(at, quote, rules, &text);
                } else if (quote ? c == quote : c == '"' || c == '\'') {
                        quote = quote ? '\0' : c;
                } else if (text_append_char(&text, c) < 0) {
                        r = -ENOMEM;
                }
        }
        if (r >= 0 && quote && !(rules & WORD_RELAXED))
                r = -EINVAL;
        if (r < 0)
                return r;
        *at += strspn(*at, blanks);
        *ret = text_take(&text);
        return *ret ? 1 : -ENOMEM;
}

int service_next_unit_word(const char **at, char **ret) {
        const char *begin = *at;
        int r = service_next_word(at, WORD_UNESCAPE, ret);

        if (r != -EINVAL)
                return r;
        *at = begin;
        return service_next_word(at, WORD_UNESCAPE | WORD_LENIENT, ret);
}

/* ---- specifiers ---- */

static const struct {
        char letter;
        const char *value;
} constants[] = {
        { '%', "%" },        { 't', "/run" }, { 'S', "/var/lib" }, { 'C', "/var/cache" },
        { 'L', "/var/log" }, { 'E', "/etc" }, { 'T', "/tmp" },     { 'V', "/var/tmp" },
        { 'u', "root" },     { 'U', "0" },    { 'g', "root" },     { 'G', "0" },
        { 'h', "/root" },    { 'i', "" },     { 'I', "" },
};

static int append_specifier(struct text *text, char letter, const char *unit) {
        const char *suffix = strrchr(unit, '.');
        size_t n_stem = suffix ? (size_t)(suffix - unit) : strlen(unit);
        size_t n_prefix = strcspn(unit, "@");

        switch (letter) {
        case 'n':
                return text_append(text, unit);
        case 'N':
                return text_append_n(text, unit, n_stem);
        case 'p':
        case 'P':
                return text_append_n(text, unit, n_prefix < n_stem ? n_prefix : n_stem);
        default:
                break;
        }
        for (size_t i = 0; i < N_ELEMENTS(constants); i++)
                if (constants[i].letter == letter)
                        return text_append(text, constants[i].value);
        return -ENOENT;
}

int service_expand_specifiers(const char *word, const char *unit, struct text *text) {
        int all_known = 1;

        for (; *word; word++) {
                int r = *word == '%' && word[1] ? append_specifier(text, word[1], unit) : -EINVAL;

                if (r == 0) {
                        word++;
                        continue;
                }
                if (r == -ENOENT)
                        all_known = 0;
                if (r == -ENOMEM || text_append_char(text, *word) < 0)
                        return -ENOMEM;
        }
        return all_known;
}
