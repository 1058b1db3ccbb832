/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The text of a policy file, token by token, as libconfig's scanner.l divides it: names, strings,
 * comments, numbers, brackets.
 *
 * It exists because libconfig is too trusting for a guardian: 1.5 (Debian 12) turns `0644` into the
 * decimal 644 and 99999999999 into 1215752191 without a word, and any release opens the file an
 * `@include` line names, from config_read_string() too. A NUL byte ends the text for it, an
 * unfinished string swallows the rest of the file. All of these are refused here, by name. */

#include "scan.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "schema.h"

enum { NAME_MAX_BYTES = 64, LITERAL_MAX_BYTES = 64 };

struct scanner {
        const char *path;
        const char *data;
        size_t n, at;
        unsigned line;
        unsigned depth;
        char name[NAME_MAX_BYTES]; /* of the setting whose value is being read */
        struct diagnostics *diagnostics;
        bool is_unsafe;
};

static char peek(const struct scanner *scanner, size_t ahead) {
        size_t at = scanner->at + ahead;

        return at < scanner->n ? scanner->data[at] : '\0';
}

static void step(struct scanner *scanner) {
        if (peek(scanner, 0) == '\n')
                scanner->line++;
        scanner->at++;
}

static bool is_digit(char c) {
        return c >= '0' && c <= '9';
}

static bool is_letter(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '*';
}

static bool is_name_byte(char c) {
        return is_letter(c) || is_digit(c) || c == '_' || c == '-';
}

static bool is_hex_digit(char c) {
        return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* A whole line at a time, whatever token it is in: there is no good reason for such a line, and so
 * no way to hide one. */
static int refuse_includes(struct scanner *scanner) {
        static const char directive[] = "@include";
        unsigned line = 1;

        for (size_t at = 0; at < scanner->n; line++) {
                const char *start = scanner->data + at;
                const char *end = memchr(start, '\n', scanner->n - at);
                size_t n = end ? (size_t)(end - start) : scanner->n - at, blank = 0;

                while (blank < n && (start[blank] == ' ' || start[blank] == '\t'))
                        blank++;
                if (n - blank >= sizeof directive - 1 &&
                    memcmp(start + blank, directive, sizeof directive - 1) == 0) {
                        int r = diagnostics_add(scanner->diagnostics, scanner->path, line, 0,
                                                "`@include` is not allowed in a policy; put the "
                                                "file into policy.d, or extend a profile");

                        if (r < 0)
                                return r;
                        scanner->is_unsafe = true;
                }
                at += n + 1;
        }
        return 0;
}

static int refuse_bytes(struct scanner *scanner) {
        unsigned line = 1;

        if (scanner->n > POLICY_TEXT_MAX) {
                scanner->is_unsafe = true;
                return diagnostics_add(scanner->diagnostics, scanner->path, 0, 0,
                                       "the file has %zu bytes; a policy file has at most %d",
                                       scanner->n, POLICY_TEXT_MAX);
        }
        for (size_t at = 0; at < scanner->n; at++) {
                unsigned char c = (unsigned char)scanner->data[at];

                if (c == '\n')
                        line++;
                if ((c >= ' ' && c != 0x7f) || (c != '\0' && strchr("\t\n\r\f", c)))
                        continue;
                scanner->is_unsafe = true;
                return diagnostics_add(scanner->diagnostics, scanner->path, line, 0,
                                       "a control byte (0x%02x) in a policy file", c);
        }
        if (!escape_is_utf8(scanner->data, scanner->n)) {
                scanner->is_unsafe = true;
                return diagnostics_add(scanner->diagnostics, scanner->path, 0, 0,
                                       "the file is not UTF-8");
        }
        return 0;
}

static int skip_string(struct scanner *scanner) {
        unsigned start = scanner->line;

        for (step(scanner); scanner->at < scanner->n; step(scanner)) {
                char c = peek(scanner, 0);

                if (c == '"') {
                        step(scanner);
                        return 0;
                }
                if (c != '\\')
                        continue;
                step(scanner);
                if (peek(scanner, 0) == 'x' && peek(scanner, 1) == '0' && peek(scanner, 2) == '0') {
                        scanner->is_unsafe = true;
                        return diagnostics_add(scanner->diagnostics, scanner->path, scanner->line,
                                               0, "`\\x00` would end the string here");
                }
        }
        scanner->is_unsafe = true;
        return diagnostics_add(scanner->diagnostics, scanner->path, start, 0,
                               "the string that starts here has no closing quote");
}

static int skip_comment(struct scanner *scanner) {
        unsigned start = scanner->line;

        if (peek(scanner, 0) == '#' || peek(scanner, 1) == '/') {
                while (scanner->at < scanner->n && peek(scanner, 0) != '\n')
                        step(scanner);
                return 0;
        }
        for (scanner->at += 2; scanner->at < scanner->n; step(scanner)) {
                if (peek(scanner, 0) == '*' && peek(scanner, 1) == '/') {
                        scanner->at += 2;
                        return 0;
                }
        }
        scanner->is_unsafe = true;
        return diagnostics_add(scanner->diagnostics, scanner->path, start, 0,
                               "the comment that starts here has no end");
}

static void read_name(struct scanner *scanner) {
        size_t n = 0;

        for (; is_name_byte(peek(scanner, 0)); step(scanner))
                if (n < sizeof scanner->name - 1)
                        scanner->name[n++] = peek(scanner, 0);
        scanner->name[n] = '\0';
}

static bool is_octal_mode(const char *digits) {
        size_t n = strspn(digits, "01234567");

        return digits[n] == '\0' && (n == 3 || n == 4);
}

/* A key that takes numbers as strings too can have one of any size. */
static bool takes_text(const char *name) {
        for (int i = 0; i < N_RULE_FAMILIES; i++) {
                const struct schema *schema = schema_of_family((enum rule_family)i);
                const struct schema_key *key = schema ? schema_find(schema, NULL, name) : NULL;

                if (key && (key->type == SCHEMA_SCALAR || key->type == SCHEMA_WORDS))
                        return true;
        }
        return false;
}

/* What is wrong with an integer as it is spelled; the good spelling depends on what it is for. */
static int judge_integer(struct scanner *scanner, const char *literal) {
        bool is_hex = literal[strcspn(literal, "xX")] != '\0';
        const char *digits = literal + (literal[0] == '-' || literal[0] == '+');
        char decimal[LITERAL_MAX_BYTES];
        long long value;

        if (strcmp(scanner->name, "mode_at_most") == 0)
                return diagnostics_add(scanner->diagnostics, scanner->path, scanner->line, 0,
                                       "a mode is a string: write mode_at_most = \"%s%s\"",
                                       strlen(digits) == 3 && is_octal_mode(digits) ? "0" : "",
                                       is_octal_mode(digits) ? digits : "0644");
        if (!is_hex && digits[0] == '0' && digits[1] != '\0')
                return diagnostics_add(scanner->diagnostics, scanner->path, scanner->line, 0,
                                       "%s would be read as decimal or as octal, depending on "
                                       "libconfig's release: write %s = %s",
                                       literal, scanner->name,
                                       digits[strspn(digits, "0")] ? digits + strspn(digits, "0")
                                                                   : "0");
        errno = 0;
        value = strtoll(literal, NULL, is_hex ? 16 : 10);
        if (errno == 0 && value >= INT_MIN && value <= INT_MAX)
                return 0;
        (void)snprintf(decimal, sizeof decimal, "%lld", value);
        if (takes_text(scanner->name))
                return diagnostics_add(scanner->diagnostics, scanner->path, scanner->line, 0,
                                       "%s does not fit into 32 bits and would wrap around "
                                       "silently: write %s = \"%s\"",
                                       literal, scanner->name, is_hex ? decimal : literal);
        return diagnostics_add(scanner->diagnostics, scanner->path, scanner->line, 0,
                               "%s does not fit into 32 bits and would wrap around silently; no "
                               "key that takes an integer takes one this large",
                               literal);
}

static int read_number(struct scanner *scanner) {
        char literal[LITERAL_MAX_BYTES];
        size_t n = 0;
        bool is_hex = false, is_float = false;

        for (;; step(scanner)) {
                char c = peek(scanner, 0);
                bool is_sign = c == '+' || c == '-';

                if (n == 1 && (c == 'x' || c == 'X') && literal[0] == '0')
                        is_hex = true;
                else if (c == '.' || (!is_hex && (c == 'e' || c == 'E')))
                        is_float = true;
                else if (is_sign ? n > 0 && !is_float : !(is_hex ? is_hex_digit(c) : is_digit(c)))
                        break;
                if (n < sizeof literal - 1)
                        literal[n++] = c;
        }
        literal[n] = '\0';
        while (peek(scanner, 0) == 'L')
                step(scanner);
        return is_float ? 0 : judge_integer(scanner, literal);
}

static int count_bracket(struct scanner *scanner, char c) {
        if (c == '(' || c == '[' || c == '{')
                scanner->depth++;
        else if (scanner->depth > 0)
                scanner->depth--;
        step(scanner);
        if (scanner->depth <= POLICY_DEPTH_MAX)
                return 0;
        scanner->is_unsafe = true;
        scanner->at = scanner->n;
        return diagnostics_add(scanner->diagnostics, scanner->path, scanner->line, 0,
                               "brackets are nested more than %d deep", POLICY_DEPTH_MAX);
}

static int scan_token(struct scanner *scanner) {
        char c = peek(scanner, 0), next = peek(scanner, 1);

        if (c == '"')
                return skip_string(scanner);
        if (c == '#' || (c == '/' && (next == '/' || next == '*')))
                return skip_comment(scanner);
        if (is_letter(c)) {
                read_name(scanner);
                return 0;
        }
        if (is_digit(c) || ((c == '-' || c == '+') && is_digit(next)))
                return read_number(scanner);
        if (strchr("([{}])", c))
                return count_bracket(scanner, c);
        step(scanner);
        return 0;
}

int scan_text(const char *path, const char *data, size_t n, struct diagnostics *diagnostics,
              bool *ret_unsafe) {
        struct scanner scanner = {
                .path = path, .data = data, .n = n, .line = 1, .diagnostics = diagnostics
        };
        int r;

        r = refuse_bytes(&scanner);
        if (r == 0 && !scanner.is_unsafe)
                r = refuse_includes(&scanner);
        while (r == 0 && !scanner.is_unsafe && scanner.at < scanner.n &&
               diagnostics->n_items < POLICY_COMPLAINTS_MAX)
                r = scan_token(&scanner);
        if (r < 0)
                return r;
        *ret_unsafe = scanner.is_unsafe;
        return 0;
}
