/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keywords whose value is text: paths, commands, names.
 *
 * A path is resolved while the file is read: `none` stays, `~` and `~user` become the home
 * directory in the user database (of the user sshd runs as: root), and most relative paths are put
 * below sshd's working directory. Where sshd resolves only the value it takes, an unknown user is
 * fatal only then.
 *
 * The raw commands are the rest of the line as it stands, quotes and comments included. */

#include "grammar.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <strings.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "table.h"

enum {
        RELEASE_TILDE = 807,      /* tilde_expand() has the name */
        RELEASE_TILDE_USER = 809, /* `~user` without a slash is one */
        OLD_USER_MAX = 127,       /* bytes of a ~user before that */
        RELEASE_NONE_ALONE = 1003 /* `none` in a list of files must stand alone */
};

/* N 0: whoever sshd runs as. Returns 0 with *ret, NULL if there is none, or -ENOMEM. */
static int find_home(const struct reading *reading, const char *user, size_t n,
                     const struct account **ret) {
        CLEANUP_FREE char *name = strndup(user, n);

        if (!name)
                return -ENOMEM;
        *ret = NULL;
        if (reading->accounts)
                *ret = n == 0 ? accounts_find_uid(reading->accounts, 0)
                              : accounts_find(reading->accounts, name);
        return 0;
}

/* Who complains of a path that cannot be expanded. */
static const char *tilde_function(const struct reading *reading) {
        return reading->release->number < RELEASE_TILDE ? "tilde_expand_filename" : "tilde_expand";
}

/* Why a path cannot be expanded. */
static char *tilde_reason(const struct reading *reading, const char *user, size_t n) {
        const char *function = tilde_function(reading);

        if (n == 0)
                return text_format("%s: No such uid 0", function);
        return text_format("%s: No such user %.*s", function, (int)n, user);
}

/* tilde_expand_filename(): 0 with *ret, READING_FATAL with *reterr_reason, or -ENOMEM. */
static int expand_tilde(const struct reading *reading, const char *path, char **ret,
                        char **reterr_reason) {
        bool is_old = reading->release->number < RELEASE_TILDE_USER;
        const struct account *account;
        const char *slash, *rest;
        size_t n;

        if (*path != '~') {
                *ret = strdup(path);
                return *ret ? 0 : -ENOMEM;
        }
        path++;
        slash = strchr(path, '/');
        n = slash ? (size_t)(slash - path) : is_old ? 0 : strlen(path);
        rest = slash ? slash + 1 : is_old ? path : "";
        while (!is_old && *rest == '/')
                rest++;
        if (is_old && n > OLD_USER_MAX) {
                *reterr_reason = text_format("%s: ~username too long", tilde_function(reading));
                return *reterr_reason ? READING_FATAL : -ENOMEM;
        }
        if (find_home(reading, path, n, &account) < 0)
                return -ENOMEM;
        if (!account) {
                *reterr_reason = tilde_reason(reading, path, n);
                return *reterr_reason ? READING_FATAL : -ENOMEM;
        }
        n = strlen(account->home);
        *ret = text_format("%s%s%s", account->home,
                           n == 0 || account->home[n - 1] != '/' ? "/" : "", rest);
        if (!*ret)
                return -ENOMEM;
        if (strlen(*ret) < PATH_MAX)
                return 0;
        free(TAKE(*ret));
        *reterr_reason = text_format("%s: Path too long", tilde_function(reading));
        return *reterr_reason ? READING_FATAL : -ENOMEM;
}

/* What sshd dies of when it takes the value: of several paths the first. */
static int refuse_later(struct reading *reading, char *reason) {
        if (reading->later->reason)
                free(reason);
        else
                reading->later->reason = reason;
        reading->later->is_bare = true;
        return value_add_string(reading->value, "");
}

/* Adds the expanded path; IS_RESOLVED: derelativise_path(). */
static int add_path(struct reading *reading, const char *path, bool is_resolved) {
        CLEANUP_FREE char *expanded = NULL;
        CLEANUP_FREE char *absolute = NULL;
        char *reason = NULL;
        int r;

        if (is_resolved && strcasecmp(path, "none") == 0)
                return value_add_string(reading->value, "none");
        r = expand_tilde(reading, path, &expanded, &reason);
        if (r == READING_FATAL)
                return refuse_later(reading, reason);
        if (r < 0)
                return r;
        if (!is_resolved || *expanded == '/')
                return value_add_string(reading->value, expanded);
        absolute = text_format("%s/%s", reading->cwd, expanded);
        return absolute ? value_add_string(reading->value, absolute) : -ENOMEM;
}

static int read_path(struct reading *reading) {
        const char *word = arguments_next(&reading->arguments);

        if (!word || *word == '\0')
                return reading_fatal(reading, "missing file name.");
        return add_path(reading, word, true);
}

static int read_host_key_agent(struct reading *reading) {
        const char *word = arguments_next(&reading->arguments);

        if (!word || *word == '\0')
                return reading_fatal(reading, "missing socket name.");
        if (strcmp(word, "SSH_AUTH_SOCK") == 0)
                return value_add_string(reading->value, word);
        return add_path(reading, word, true);
}

static int read_sk_provider(struct reading *reading) {
        int r = 0;
        const char *word = reading_word(reading, "missing file name.", &r);

        if (!word)
                return r;
        if (strcasecmp(word, "internal") == 0)
                return value_add_string(reading->value, word);
        return add_path(reading, word, true);
}

static int read_pattern_path(struct reading *reading) {
        int r = 0;
        const char *word = reading_word(reading, "missing file name.", &r);

        return word ? add_path(reading, word, false) : r;
}

static int read_chroot(struct reading *reading) {
        int r = 0;
        const char *word = reading_word(reading, "missing file name.", &r);

        return word ? value_add_string(reading->value, word) : r;
}

static int read_pam_service(struct reading *reading) {
        const char *word = arguments_next(&reading->arguments);

        if (!word || *word == '\0')
                return reading_fatal(reading, "missing argument.");
        return value_add_string(reading->value, word);
}

/* AuthorizedKeysCommandUser and its like. */
static int read_word(struct reading *reading) {
        const char *word = arguments_next(&reading->arguments);
        bool is_old = reading->release->number < RELEASE_WORDING;

        if (!word || *word == '\0')
                return reading_fatal(reading, "missing %s argument.",
                                     is_old ? reading->keyword->name : reading->name);
        return value_add_string(reading->value, word);
}

/* AuthorizedKeysFile, and RevokedKeys since 10.3. In a list sshd expands each word at once, taken
 * or not. */
static int read_path_list(struct reading *reading) {
        unsigned release = reading->release->number;
        const char *word;

        while ((word = arguments_next(&reading->arguments))) {
                char *reason = NULL;
                int r;

                if (*word == '\0' && release < RELEASE_WORDING)
                        break;
                if (*word == '\0')
                        return reading_bad(reading, "keyword %s empty argument", reading->name);
                if (release >= RELEASE_NONE_ALONE && strcasecmp(word, "none") == 0 &&
                    (reading->value->n_strings > 0 || arguments_has_more(&reading->arguments)))
                        return reading_bad(reading,
                                           "keyword %s \"none\" argument must appear alone.",
                                           reading->name);
                r = add_path(reading, word, false);
                if (r < 0)
                        return r;
                if (release < RELEASE_WORDING || !reading->later->reason)
                        continue;
                reason = TAKE(reading->later->reason);
                r = reading_fatal_bare(reading, "%s", reason);
                free(reason);
                return r;
        }
        arguments_consume(&reading->arguments);
        if (reading->value->n_strings == 0 && release >= RELEASE_NO_EMPTY)
                return reading_fatal(reading, "no %s specified", reading->name);
        return READING_DONE;
}

static int read_raw_command(struct reading *reading) {
        const char *rest = reading->arguments.rest;
        int r;

        if (!rest || *rest == '\0') {
                if (reading->release->number < RELEASE_WORDING)
                        return reading_fatal(reading, "Missing argument.");
                return reading_fatal(reading, "%s missing argument.", reading->name);
        }
        r = value_add_string(reading->value, rest + strspn(rest, " \t\r\n"));
        arguments_consume(&reading->arguments);
        return r;
}

static int read_version_addendum(struct reading *reading) {
        bool is_old = reading->release->number < RELEASE_WORDING;
        char *text;
        int r = read_raw_command(reading);

        if (r != READING_DONE)
                return r;
        text = reading->value->strings[0];
        if (strchr(text, '\r')) {
                if (!is_old)
                        return reading_fatal(reading, "Invalid %s argument", reading->name);
                reading->later->reason = strdup("Invalid argument");
                return reading->later->reason ? READING_DONE : -ENOMEM;
        }
        if (strcasecmp(text, "none") == 0)
                *text = '\0';
        return READING_DONE;
}

static int print_version_addendum(const struct keyword *keyword, const struct state *state,
                                  const struct sshd_release *release, char ***values,
                                  size_t *n_values) {
        const char *text = state->strings[0];

        (void)keyword;
        (void)release;
        return strings_append(values, n_values, *text ? text : "none");
}

static int read_absolute_command(struct reading *reading) {
        bool is_old = reading->release->number < RELEASE_WORDING;
        const char *rest = reading->arguments.rest;
        int r;

        if (!rest)
                return reading_fatal(reading, "Missing argument.");
        rest += strspn(rest, " \t\r\n");
        if (*rest != '/' && strcasecmp(rest, "none") != 0) {
                if (!is_old)
                        return reading_fatal(reading, "%s must be an absolute path", reading->name);
                reading->later->reason =
                        text_format("%s must be an absolute path", reading->keyword->name);
                if (!reading->later->reason)
                        return -ENOMEM;
        }
        r = value_add_string(reading->value, rest);
        arguments_consume(&reading->arguments);
        return r;
}

/* AgentSocketPath: none, user:PATH, shared:/PATH. */
static int read_agent_socket(struct reading *reading) {
        const char *word = arguments_next(&reading->arguments);

        if (!word || *word == '\0')
                return reading_fatal(reading, "missing path.");
        if (strncmp(word, "user:", 5) == 0) {
                if (word[5] == '\0')
                        return reading_fatal(reading, "invalid user path.");
        } else if (strncmp(word, "shared:", 7) == 0) {
                if (word[7] != '/')
                        return reading_fatal(reading, "invalid shared path.");
        } else if (strcmp(word, "none") != 0) {
                return reading_fatal(reading, "invalid path.");
        }
        return value_add_string(reading->value, word);
}

#define TEXT(name, reader)                                                                         \
        const struct grammar grammar_##name = { .kind = SSHD_VALUE_TEXT, .read = reader }
#define TEXTS(name, reader)                                                                        \
        const struct grammar grammar_##name = { .kind = SSHD_VALUE_LIST, .read = reader }

TEXT(path, read_path);
TEXT(host_key_agent, read_host_key_agent);
TEXT(sk_provider, read_sk_provider);
TEXT(pattern_path, read_pattern_path);
TEXT(chroot, read_chroot);
TEXT(pam_service, read_pam_service);
TEXT(word, read_word);
TEXT(raw_command, read_raw_command);
TEXT(absolute_command, read_absolute_command);
TEXT(agent_socket, read_agent_socket);
TEXTS(path_list, read_path_list);

/* A `none` among several is a null pointer by then, and printed as the C library prints one. */
static int print_host_keys(const struct keyword *keyword, const struct state *state,
                           const struct sshd_release *release, char ***values, size_t *n_values) {
        (void)keyword;
        (void)release;
        for (size_t i = 0; i < state->n_strings; i++) {
                const char *path = state->strings[i];
                int r = strings_append(values, n_values,
                                       strcmp(path, "none") == 0 ? "(null)" : path);

                if (r < 0)
                        return r;
        }
        return 0;
}

const struct grammar grammar_host_key = { .kind = SSHD_VALUE_LIST,
                                          .read = read_path,
                                          .print = print_host_keys };
const struct grammar grammar_version_addendum = { .kind = SSHD_VALUE_TEXT,
                                                  .read = read_version_addendum,
                                                  .print = print_version_addendum };
