/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Key material out of texts that are shown.
 *
 * It errs on the side of hiding. A word of sixty or more base64 digits is material, whatever stands
 * around it (the blob of the shortest key, Ed25519, has 68, a line of PEM 64 or 70), unless it is a
 * path; between the lines BEGIN and END of a private key everything is. What is hidden keeps its
 * length and a checksum, so that a change is still seen to be one; with 32 bits it tells nothing of
 * the material. */

#include "redact.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"
#include "keys/pubkey.h"

enum {
        MATERIAL_MIN = 60, /* base64 digits in a row */
};

static bool is_digit(char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
               c == '+' || c == '/' || c == '=';
}

static void append_hidden(struct text *text, const char *bytes, size_t n) {
        uint32_t sum = 2166136261U; /* FNV-1a */

        for (size_t i = 0; i < n; i++)
                sum = (sum ^ (unsigned char)bytes[i]) * 16777619U;
        (void)text_appendf(text, "[%zu characters, checksum %08x]", n, (unsigned)sum);
}

/* The fingerprint of the key `TYPE BLOB` whose type begins at LINE[begin] and whose blob ends at
 * LINE[end]; false if that is no key. */
static bool append_fingerprint(struct text *text, const char *line, size_t begin, size_t end) {
        CLEANUP(text_done) struct text candidate = { 0 };
        const struct keys_release newest = { .number = 1000 };
        struct public_key key;
        size_t n_key;

        if (text_append_n(&candidate, line + begin, end - begin) < 0)
                return false;
        if (public_key_parse(candidate.data, &newest, &key, &n_key) != KEY_OK)
                return false;
        (void)text_append(text, key.sha256);
        public_key_done(&key);
        return true;
}

static void redact_line(struct text *text, const char *line, size_t n) {
        size_t word = 0, previous_word = 0; /* where they begin */

        for (size_t i = 0; i < n;) {
                size_t n_run = 0;

                while (i + n_run < n && is_digit(line[i + n_run]))
                        n_run++;
                if (n_run < MATERIAL_MIN || line[i] == '/') {
                        (void)text_append_n(text, line + i, n_run);
                } else if (i != word || !append_fingerprint(text, line, previous_word, i + n_run)) {
                        append_hidden(text, line + i, n_run);
                }
                i += n_run;
                if (i == n)
                        break;
                (void)text_append_char(text, line[i]);
                if (line[i] == ' ' || line[i] == '\t' || line[i] == '"' || line[i] == ',') {
                        previous_word = word;
                        word = i + 1;
                }
                i++;
        }
}

static bool has_marker(const char *line, size_t n, const char *marker) {
        return memmem(line, n, marker, strlen(marker)) &&
               memmem(line, n, "PRIVATE KEY-----", strlen("PRIVATE KEY-----"));
}

int redact_keys(struct text *text, const char *bytes, size_t n) {
        bool in_private_key = false;

        while (n > 0) {
                const char *newline = memchr(bytes, '\n', n);
                size_t n_line = newline ? (size_t)(newline - bytes) : n;

                if (has_marker(bytes, n_line, "-----END "))
                        in_private_key = false;
                if (in_private_key)
                        append_hidden(text, bytes, n_line);
                else
                        redact_line(text, bytes, n_line);
                if (has_marker(bytes, n_line, "-----BEGIN "))
                        in_private_key = true;
                if (newline)
                        (void)text_append_char(text, '\n');
                bytes += n_line + (newline ? 1 : 0);
                n -= n_line + (newline ? 1 : 0);
        }
        return text_error(text);
}
