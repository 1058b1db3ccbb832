/* SPDX-License-Identifier: GPL-3.0-or-later */
/* glob(3) as sshd expands Include and AuthorizedKeysFile: OpenSSH links its own copy of OpenBSD's
 * glob (glibc's lacks what configure asks for), with flags 0.
 *
 * What is particular about it: negation is `!` only; a `[` without its `]` is a plain byte; in a
 * set the first `]` and a range's end may be anything; classes like [:alpha:] exist, an unknown one
 * makes the pattern match nothing; names beginning with a dot need a literal dot, not even a set
 * helps; the last component is looked up without following it, so dangling links match; repeated
 * slashes stay in the result. Matching remembers only the last star, so it is never exponential.
 *
 * Refuses: more matches or directory entries than the limits of the header. */

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "fd.h"
#include "os/snapshot.h"

enum token_kind { TOKEN_BYTE, TOKEN_ANY_BYTE, TOKEN_ANY_RUN, TOKEN_SET };

struct token {
        enum token_kind kind;
        unsigned char byte;
        uint64_t set[4]; /* of TOKEN_SET: one bit per byte value, negation applied */
};

struct compiled {
        struct token *tokens;
        size_t n_tokens;
        bool matches_nothing; /* an unknown class, a slash in a set */
};

struct walk {
        const struct os_root *root;
        const struct compiled *pattern;
        size_t n_entries; /* looked at so far */
        char **paths;
        size_t n_paths;
};

static void compiled_done(struct compiled *compiled) {
        free(compiled->tokens);
}

static const struct {
        const char *name;
        int (*has)(int);
} classes[] = {
        { "alnum", isalnum }, { "alpha", isalpha }, { "blank", isblank }, { "cntrl", iscntrl },
        { "digit", isdigit }, { "graph", isgraph }, { "lower", islower }, { "print", isprint },
        { "punct", ispunct }, { "space", isspace }, { "upper", isupper }, { "xdigit", isxdigit },
};

static void set_add(struct token *token, unsigned char byte) {
        token->set[byte / 64] |= UINT64_C(1) << (byte % 64);
}

static bool set_has(const struct token *token, unsigned char byte) {
        return token->set[byte / 64] >> (byte % 64) & 1;
}

/* One byte of a pattern, a backslash before it taken away; *ret_quoted tells that it had one. */
static unsigned char next_byte(const char **pattern, bool *ret_quoted) {
        *ret_quoted = **pattern == '\\' && (*pattern)[1] != '\0';
        if (*ret_quoted)
                (*pattern)++;
        return (unsigned char)*(*pattern)++;
}

/* At "[:": adds the class to the set. 1: added, 0: no class, plain bytes; -1: an unknown one. */
static int parse_class(const char **pattern, struct token *token) {
        const char *name, *colon;

        if ((*pattern)[0] != '[' || (*pattern)[1] != ':')
                return 0;
        name = *pattern + 2;
        colon = strchr(name, ':');
        if (!colon || colon[1] != ']')
                return 0;
        for (size_t i = 0; i < N_ELEMENTS(classes); i++) {
                if (strlen(classes[i].name) != (size_t)(colon - name) ||
                    strncmp(classes[i].name, name, (size_t)(colon - name)) != 0)
                        continue;
                for (unsigned byte = 0; byte <= UCHAR_MAX; byte++)
                        if (classes[i].has((int)byte))
                                set_add(token, (unsigned char)byte);
                *pattern = colon + 2;
                return 1;
        }
        return -1;
}

/* Is there a `]` that closes a set whose first member is at PATTERN? A quoted one does not. */
static bool is_closed(const char *pattern) {
        bool quoted;

        if (*pattern == '\0')
                return false;
        (void)next_byte(&pattern, &quoted);
        while (*pattern != '\0')
                if (next_byte(&pattern, &quoted) == ']' && !quoted)
                        return true;
        return false;
}

/* PATTERN is behind the `[` of a closed set; leaves it behind the `]`. */
static void parse_set(const char **pattern, struct token *token, bool *ret_nothing) {
        bool negated = **pattern == '!', quoted, first = true;

        if (negated)
                (*pattern)++;
        for (;; first = false) {
                unsigned char byte, last;
                int r = parse_class(pattern, token);

                if (r < 0)
                        *ret_nothing = true;
                if (r > 0)
                        continue;
                if (**pattern == '\0') { /* the only `]` was that of a class */
                        *ret_nothing = true;
                        return;
                }
                byte = next_byte(pattern, &quoted);
                if (byte == ']' && !quoted && !first)
                        break;
                last = byte;
                if (**pattern == '-' && (*pattern)[1] != ']') {
                        (*pattern)++;
                        last = next_byte(pattern, &quoted);
                }
                /* The original splits at slashes before it looks at sets: such a set is torn. */
                if (byte == '/' || last == '/')
                        *ret_nothing = true;
                for (unsigned member = byte; member <= last; member++)
                        set_add(token, (unsigned char)member);
        }
        if (negated)
                for (size_t i = 0; i < N_ELEMENTS(token->set); i++)
                        token->set[i] = ~token->set[i];
}

static int compile(const char *pattern, struct compiled *ret) {
        while (*pattern != '\0') {
                struct token *token;
                unsigned char byte;
                bool quoted;

                if (ARRAY_GROW(ret->tokens, ret->n_tokens) < 0)
                        return -ENOMEM;
                token = &ret->tokens[ret->n_tokens];
                byte = next_byte(&pattern, &quoted);
                *token = (struct token){ .kind = TOKEN_BYTE, .byte = byte };
                if (!quoted && byte == '?') {
                        token->kind = TOKEN_ANY_BYTE;
                } else if (!quoted && byte == '*') {
                        token->kind = TOKEN_ANY_RUN;
                        if (ret->n_tokens > 0 &&
                            ret->tokens[ret->n_tokens - 1].kind == TOKEN_ANY_RUN)
                                continue;
                } else if (!quoted && byte == '[' && is_closed(pattern + (*pattern == '!'))) {
                        token->kind = TOKEN_SET;
                        parse_set(&pattern, token, &ret->matches_nothing);
                }
                ret->n_tokens++;
        }
        return 0;
}

static bool token_matches(const struct token *token, unsigned char byte) {
        switch (token->kind) {
        case TOKEN_BYTE:
                return token->byte == byte;
        case TOKEN_SET:
                return set_has(token, byte);
        default:
                return true;
        }
}

static bool match(const struct token *tokens, size_t n, const char *name) {
        size_t i = 0, star = SIZE_MAX;
        const char *again = NULL;

        while (*name != '\0' || i < n) {
                if (i < n && tokens[i].kind == TOKEN_ANY_RUN) {
                        star = i++;
                        again = name;
                } else if (i < n && *name != '\0' &&
                           token_matches(&tokens[i], (unsigned char)*name)) {
                        i++;
                        name++;
                } else if (star != SIZE_MAX && *again != '\0') {
                        i = star + 1;
                        name = ++again;
                } else {
                        return false;
                }
        }
        return true;
}

static bool is_slash(const struct token *token) {
        return token->kind == TOKEN_BYTE && token->byte == '/';
}

static int walk_from(struct walk *walk, const char *prefix, size_t at);

static int add_if_there(struct walk *walk, const char *path) {
        CLEANUP_FD int fd = os_root_openat(walk->root, path, O_PATH | O_NOFOLLOW, 0);

        if (fd == -ENOMEM || fd == -EMFILE || fd == -ENFILE)
                return fd;
        if (fd < 0)
                return 0;
        if (walk->n_paths >= SNAPSHOT_GLOB_MATCHES_MAX)
                return -E2BIG;
        return strings_append(&walk->paths, &walk->n_paths, path);
}

/* The segment [at, end) has something to expand: looks for it in the directory PREFIX. */
static int walk_directory(struct walk *walk, const char *prefix, size_t at, size_t end) {
        const struct token *tokens = walk->pattern->tokens + at;
        char **names = NULL;
        size_t n_names = 0;
        int r;

        r = snapshot_list(walk->root, prefix, SNAPSHOT_GLOB_ENTRIES_MAX - walk->n_entries, &names,
                          &n_names);
        if (r == -ENOMEM || r == -EMFILE || r == -ENFILE || r == -E2BIG)
                return r;
        if (r < 0)
                return 0; /* no directory, or not readable: nothing there, as for sshd */
        walk->n_entries += n_names;
        for (size_t i = 0; i < n_names && r == 0; i++) {
                CLEANUP_FREE char *path = NULL;

                if (names[i][0] == '.' && !(tokens[0].kind == TOKEN_BYTE && tokens[0].byte == '.'))
                        continue;
                if (!match(tokens, end - at, names[i]))
                        continue;
                path = text_format("%s%s", prefix, names[i]);
                r = path ? walk_from(walk, path, end) : -ENOMEM;
        }
        strings_free(names, n_names);
        return r;
}

/* PREFIX is what the tokens before AT became. */
static int walk_from(struct walk *walk, const char *prefix, size_t at) {
        const struct compiled *pattern = walk->pattern;
        CLEANUP(text_done) struct text path = { 0 };

        (void)text_append(&path, prefix);
        while (at < pattern->n_tokens) {
                bool is_plain = true;
                size_t end = at;

                for (; end < pattern->n_tokens && !is_slash(&pattern->tokens[end]); end++)
                        is_plain = is_plain && pattern->tokens[end].kind == TOKEN_BYTE;
                if (!is_plain)
                        return text_error(&path) < 0
                                       ? -ENOMEM
                                       : walk_directory(walk, text_get(&path), at, end);
                while (end < pattern->n_tokens && is_slash(&pattern->tokens[end]))
                        end++;
                for (; at < end; at++)
                        (void)text_append_char(&path, (char)pattern->tokens[at].byte);
        }
        if (text_error(&path) < 0)
                return -ENOMEM;
        return path.n < PATH_MAX ? add_if_there(walk, text_get(&path)) : 0;
}

static int compare_paths(const void *a, const void *b) {
        const char *const *x = a, *const *y = b;

        return strcmp(*x, *y);
}

int snapshot_glob(const struct os_root *root, const char *pattern, char ***ret_paths,
                  size_t *ret_n) {
        CLEANUP(compiled_done) struct compiled compiled = { 0 };
        struct walk walk = { .root = root, .pattern = &compiled };
        int r = 0;

        if (pattern[0] != '/')
                return -EINVAL;
        if (strlen(pattern) < PATH_MAX) /* the original: a longer pattern matches nothing */
                r = compile(pattern, &compiled);
        if (r == 0 && compiled.n_tokens > 0 && !compiled.matches_nothing)
                r = walk_from(&walk, "", 0);
        if (r < 0) {
                strings_free(walk.paths, walk.n_paths);
                return r;
        }
        if (walk.n_paths > 1)
                qsort(walk.paths, walk.n_paths, sizeof walk.paths[0], compare_paths);
        *ret_paths = walk.paths;
        *ret_n = walk.n_paths;
        return 0;
}
