/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keywords whose value is a list: who may log in, environments, forwards, methods, subsystems,
 * addresses to listen on.
 *
 * Up to 8.6 a list ended at the first empty word, from 8.7 on an empty word is an error; up to 9.6
 * a list of no words at all was accepted and set nothing (`AllowUsers # nobody` admits everybody).
 */

#include "grammar.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/address.h"
#include "base/array.h"
#include "base/cleanup.h"
#include "base/map.h"
#include "base/text.h"
#include "number.h"
#include "table.h"

enum {
        SUBSYSTEMS_MAX = 256,      /* servconf.h: MAX_SUBSYSTEMS, until 9.4 */
        RELEASE_STRICT_MASK = 908, /* address masks read by strtonum(3) */
        RELEASE_UNIQUE_ENV = 901,  /* SetEnv: of one name the first */
        RELEASE_SUBSYSTEM_MERGE = 905,
        RELEASE_SUBSYSTEM_COPY = 1003, /* no longer copied by the wrong number */
        RELEASE_SUBSYSTEM_WHOLE = 1005,
        RELEASE_SUBSYSTEM_TRIM = 907, /* no blank after a command without arguments */
};

/* The next word of a list; NULL: none left. */
static const char *next_word(struct reading *reading) {
        const char *word = arguments_next(&reading->arguments);

        return word && *word == '\0' && reading->release->number < RELEASE_WORDING ? NULL : word;
}

static int check_empty(struct reading *reading) {
        if (reading->value->n_strings == 0 && reading->release->number >= RELEASE_NO_EMPTY)
                return reading_fatal(reading, "no %s specified", reading->name);
        return READING_DONE;
}

/* `none` in a list: only alone. */
static int none_not_alone(struct reading *reading) {
        return reading_bad(reading, "keyword %s \"none\" argument must appear alone.",
                           reading->name);
}

/* addr_match_list() without an address: 0 valid, -EINVAL, -ENOMEM. */
static int check_addresses(const struct reading *reading, const char *list) {
        const struct sshd_environment *environment = reading->environment;
        int r = address_match_list(NULL, list, reading->release->number >= RELEASE_STRICT_MASK,
                                   environment->scope, environment->userdata);

        return r == 0 || r == -ENOMEM ? r : -EINVAL;
}

/* match_user() in its test mode: the part after `@` is an address list. */
static int check_user(const struct reading *reading, const char *pattern) {
        const char *at = strchr(pattern, '@');

        if (*pattern == '\0')
                return -EINVAL;
        return at ? check_addresses(reading, at + 1) : 0;
}

static int read_users(struct reading *reading) {
        const char *word;

        while ((word = next_word(reading))) {
                int r = check_user(reading, word);

                if (r == -EINVAL && reading->release->number < RELEASE_WORDING)
                        return reading_fatal(reading, "invalid %s pattern: \"%.100s\"",
                                             reading->keyword->name, word);
                if (r == -EINVAL)
                        return reading_fatal(reading, "invalid %s pattern: \"%s\"", reading->name,
                                             word);
                if (r == 0)
                        r = value_add_string(reading->value, word);
                if (r < 0)
                        return r;
        }
        return check_empty(reading);
}

static int read_groups(struct reading *reading) {
        const char *word;

        while ((word = next_word(reading))) {
                int r;

                if (*word == '\0')
                        return reading_fatal(reading, "empty %s pattern", reading->name);
                r = value_add_string(reading->value, word);
                if (r < 0)
                        return r;
        }
        return check_empty(reading);
}

static int read_accept_env(struct reading *reading) {
        const char *word;

        while ((word = next_word(reading))) {
                int r;

                if (*word == '\0' || strchr(word, '='))
                        return reading_fatal(reading, "Invalid environment name.");
                r = value_add_string(reading->value, word);
                if (r < 0)
                        return r;
        }
        return check_empty(reading);
}

/* Notes the NAME of an assignment; 1 if it was there already. */
static int note_name(struct map *names, const char *assignment) {
        CLEANUP_FREE char *name = strndup(assignment, strcspn(assignment, "="));

        if (!name)
                return -ENOMEM;
        if (map_get(names, name))
                return 1;
        return map_set(names, name, names, NULL);
}

static int read_assignments(struct reading *reading, struct map *names) {
        const char *word;

        while ((word = arguments_next_word(&reading->arguments))) {
                int r = 0;

                if (*word == '\0' && reading->release->number < RELEASE_WORDING)
                        break;
                if (*word == '\0' || !strchr(word, '='))
                        return reading_fatal(reading, "Invalid environment.");
                if (reading->release->number >= RELEASE_UNIQUE_ENV)
                        r = note_name(names, word);
                if (r == 0)
                        r = value_add_string(reading->value, word);
                if (r < 0)
                        return r;
        }
        return check_empty(reading);
}

static int read_env(struct reading *reading) {
        struct map names = { 0 };
        int r = read_assignments(reading, &names);

        map_done(&names, NULL);
        return r;
}

static int read_log_verbose(struct reading *reading) {
        const char *word;

        while ((word = next_word(reading))) {
                int r;

                if (*word == '\0')
                        return reading_bad(reading, "keyword %s empty argument", reading->name);
                if (strcasecmp(word, "none") == 0 &&
                    (reading->value->n_strings > 0 || arguments_has_more(&reading->arguments)))
                        return none_not_alone(reading);
                r = value_add_string(reading->value, word);
                if (r < 0)
                        return r;
        }
        return check_empty(reading);
}

/* parse_pattern_interval(): TYPE=TIME. */
static bool is_timeout(const struct reading *reading, const char *text) {
        const char *equals = strchr(text, '=');
        long long seconds;

        return equals && equals != text &&
               number_parse_time(equals + 1, reading->release, &seconds);
}

static int read_timeouts(struct reading *reading) {
        bool counts_words = reading->release->number >= RELEASE_NO_EMPTY;
        const char *word;

        while ((word = next_word(reading))) {
                int r;

                if (strcasecmp(word, "none") == 0) {
                        if ((counts_words && reading->value->n_strings > 0) ||
                            arguments_has_more(&reading->arguments))
                                return none_not_alone(reading);
                } else if (!is_timeout(reading, word)) {
                        return reading_fatal(reading, "invalid channel timeout %s", word);
                }
                r = value_add_string(reading->value, word);
                if (r < 0)
                        return r;
        }
        return check_empty(reading);
}

/* hpdelim() and permitopen_port(): is this HOST:PORT? *RET_HAS_HOST is false if not even a host is
 * there. */
static bool is_forward(const struct reading *reading, const char *text, bool *ret_has_host) {
        const char *end = *text == '[' ? strchr(text, ']') : text + strcspn(text, ":/");

        if (end && *text == '[')
                end++;
        *ret_has_host = end && (*end == '\0' || *end == ':');
        if (!*ret_has_host || *end == '\0')
                return false;
        return strcmp(end + 1, "*") == 0 || reading_port(reading, end + 1) > 0;
}

static int add_forward(struct reading *reading, const char *word) {
        bool is_listen = reading->keyword->setting == SETTING_PERMIT_LISTEN;
        bool is_old = reading->release->number < RELEASE_WORDING;
        const char *name = is_old ? reading->keyword->name : reading->name;
        CLEANUP_FREE char *any_host = NULL;
        bool has_host;

        if (is_listen && !strchr(word, ':')) {
                any_host = text_format("*:%s", word);
                if (!any_host)
                        return -ENOMEM;
                word = any_host;
        }
        if (is_forward(reading, word, &has_host))
                return value_add_string(reading->value, word);
        if (is_old)
                return reading_fatal(reading, "%s in %s",
                                     has_host ? "bad port number" : "missing host",
                                     is_listen ? "permitlisten" : "permitopen");
        return reading_fatal(reading, "%s %s", name, has_host ? "bad port number" : "missing host");
}

static bool is_any_or_none(const char *word) {
        return strcmp(word, "any") == 0 || strcmp(word, "none") == 0;
}

/* Until 9.6 a first `any` or `none` was the whole list, and an empty word its end. */
static int read_forwards_old(struct reading *reading) {
        const char *word = arguments_next(&reading->arguments);
        int r;

        if (!word || *word == '\0') {
                if (reading->release->number < RELEASE_WORDING)
                        return reading_fatal(reading, "missing %s specification",
                                             reading->keyword->setting == SETTING_PERMIT_LISTEN
                                                     ? "permitlisten"
                                                     : "permitopen");
                return reading_fatal(reading, "%s missing argument.", reading->name);
        }
        if (is_any_or_none(word))
                return value_add_string(reading->value, word);
        for (; word && *word; word = arguments_next(&reading->arguments)) {
                r = add_forward(reading, word);
                if (r != READING_DONE)
                        return r;
        }
        return READING_DONE;
}

static int read_forwards(struct reading *reading) {
        const char *word;
        int r;

        if (reading->release->number < RELEASE_NO_EMPTY)
                return read_forwards_old(reading);
        while ((word = arguments_next(&reading->arguments))) {
                if (is_any_or_none(word)) {
                        if (reading->value->n_strings > 0)
                                return reading_fatal(reading, "%s must appear alone on a %s line.",
                                                     word, reading->name);
                        r = value_add_string(reading->value, word);
                } else {
                        r = add_forward(reading, word);
                }
                if (r != READING_DONE)
                        return r;
        }
        if (reading->value->n_strings == 0)
                return reading_fatal(reading, "%s missing argument.", reading->name);
        return READING_DONE;
}

/* Is this a method of the release? Those of GSSAPI are known to a build that has its keywords. */
static bool is_method(const char *name, size_t n, const struct sshd_release *release) {
        static const struct {
                const char *name, *keyword; /* NULL: in every build */
        } methods[] = {
                { "none", NULL },
                { "publickey", NULL },
                { "password", NULL },
                { "keyboard-interactive", NULL },
                { "hostbased", NULL },
                { "gssapi-keyex", "gssapikeyexchange" },
                { "gssapi-with-mic", "gssapiauthentication" },
        };

        for (size_t i = 0; i < N_ELEMENTS(methods); i++) {
                const struct keyword *keyword;

                if (strlen(methods[i].name) != n || memcmp(methods[i].name, name, n) != 0)
                        continue;
                if (!methods[i].keyword)
                        return true;
                keyword = keyword_find(methods[i].keyword, release);
                return keyword && keyword->use == KEYWORD_SETTING;
        }
        return false;
}

/* auth2_methods_valid(): NULL, or what sshd complains of (heap). */
static char *check_methods(const char *list, const struct sshd_release *release) {
        if (*list == '\0')
                return strdup("empty authentication method list");
        for (const char *method = list;; method++) {
                size_t n = strcspn(method, ","), n_name = strcspn(method, ",:");

                if (!is_method(method, n_name, release))
                        return text_format("Unknown authentication method \"%.*s\" in list",
                                           (int)n_name, method);
                method += n;
                if (*method == '\0')
                        return NULL;
        }
}

/* Refuses the methods: at once, or before 8.7, when sshd looks at the line at all. */
static int refuse_methods(struct reading *reading, char *complaint, const char *reason) {
        CLEANUP_FREE char *said = complaint;
        int r = 0;

        if (reading->release->number >= RELEASE_WORDING) {
                r = said ? reading_complain(reading, "%s", said) : 0;
                return r < 0 ? r : reading_fatal(reading, "%s", reason);
        }
        reading->later->complaint = TAKE(said);
        reading->later->reason = strdup(reason);
        arguments_consume(&reading->arguments);
        return reading->later->reason ? READING_DONE : -ENOMEM;
}

static int read_methods(struct reading *reading) {
        bool is_old = reading->release->number < RELEASE_WORDING;
        const char *name = is_old ? reading->keyword->name : reading->name;
        CLEANUP_FREE char *alone = text_format("\"any\" must appear alone in %s", name);
        CLEANUP_FREE char *invalid = text_format(
                is_old ? "invalid authentication method list." : "invalid %s method list.", name);
        CLEANUP_FREE char *none = text_format("no %s specified", name);
        bool has_any = false;
        const char *word;
        int r;

        if (!alone || !invalid || !none)
                return -ENOMEM;
        while ((word = next_word(reading))) {
                char *complaint = NULL;
                bool is_any = strcmp(word, "any") == 0;

                if (is_any && reading->release->number >= RELEASE_NO_EMPTY &&
                    reading->value->n_strings > 0)
                        return refuse_methods(reading, NULL, alone);
                if (!is_any && has_any)
                        return refuse_methods(reading, NULL, alone);
                has_any = has_any || is_any;
                if (!is_any)
                        complaint = check_methods(word, reading->release);
                if (complaint)
                        return refuse_methods(reading, complaint, invalid);
                r = value_add_string(reading->value, word);
                if (r < 0)
                        return r;
        }
        if (is_old)
                arguments_consume(&reading->arguments);
        return reading->value->n_strings > 0 ? READING_DONE : refuse_methods(reading, NULL, none);
}

/* Until 9.6 `any` was checked against what earlier lines had set, whether this one is active or
 * not; until 8.6 everything was, and a line that came too late was not looked at. */
static int take_methods(struct state *state, const struct sshd_directive *directive, bool is_active,
                        const struct sshd_release *release, char **reterr_reason) {
        const struct sshd_value *value = &directive->value;
        bool takes = is_active && !state->is_set;

        if (directive->later.reason && !state->is_set) {
                *reterr_reason = strdup(directive->later.reason);
                return *reterr_reason ? TAKING_FATAL : -ENOMEM;
        }
        if (release->number < RELEASE_NO_EMPTY &&
            !(release->number < RELEASE_WORDING && state->is_set)) {
                for (size_t i = 0; i < value->n_strings; i++) {
                        if (strcmp(value->strings[i], "any") != 0 ||
                            (!state->is_set && !(takes && i > 0)))
                                continue;
                        *reterr_reason =
                                text_format("\"any\" must appear alone in %s", directive->name);
                        return *reterr_reason ? TAKING_FATAL : -ENOMEM;
                }
        }
        if (!takes || value->n_strings == 0)
                return TAKING_LOST;
        for (size_t i = 0; i < value->n_strings; i++) {
                int r = ARRAY_GROW(state->strings, state->n_strings);

                if (r < 0)
                        return r;
                state->strings[state->n_strings++] = value->strings[i];
        }
        state->is_set = true;
        return TAKING_WON;
}

/* The command and, as one text, its arguments. From 9.7 on nothing stands for arguments that come
 * to nothing, which one empty argument does as well. */
static char *join_command(char *const *words, size_t n_words, const struct sshd_release *release) {
        bool is_blank_kept = release->number < RELEASE_SUBSYSTEM_TRIM;
        CLEANUP_FREE char *command = NULL;
        CLEANUP_FREE char *rest = NULL;

        if (release->number < RELEASE_SUBSYSTEM_MERGE)
                return lexer_join(words, n_words, false);
        command = lexer_join(words, 1, true);
        rest = lexer_join(words + 1, n_words - 1, true);
        if (!command || !rest)
                return NULL;
        return text_format("%s%s%s", command, is_blank_kept || *rest ? " " : "", rest);
}

/* Subsystem: the name, and the command with its arguments as one string. */
static int read_subsystem(struct reading *reading) {
        unsigned release = reading->release->number;
        CLEANUP_FREE char *command = NULL;
        char **words = NULL;
        size_t n_words = 0;
        const char *word;
        int r = 0;

        word = reading_word(reading, "Missing subsystem name.", &r);
        if (!word)
                return r;
        r = value_add_string(reading->value, word);
        while (r == 0 && (word = next_word(reading)))
                r = strings_append(&words, &n_words, word);
        if (r == 0 && (n_words == 0 || words[0][0] == '\0')) {
                if (release >= RELEASE_SUBSYSTEM_WHOLE)
                        r = reading_fatal(reading, "%s missing argument.", reading->name);
                else if (!(reading->later->reason = strdup("Missing subsystem command.")))
                        r = -ENOMEM;
                if (r == 0)
                        r = value_add_string(reading->value, "");
        } else if (r == 0) {
                command = join_command(words, n_words, reading->release);
                r = command ? value_add_string(reading->value, command) : -ENOMEM;
        }
        strings_free(words, n_words);
        return r;
}

static int take_subsystem(struct state *state, const struct sshd_directive *directive,
                          bool is_active, const struct sshd_release *release,
                          char **reterr_reason) {
        bool is_old = release->number < RELEASE_SUBSYSTEM_MERGE;
        char *const *strings = directive->value.strings;
        int r;

        if (is_old && state->n_strings >= 2 * SUBSYSTEMS_MAX)
                *reterr_reason = strdup("too many subsystems defined.");
        if (*reterr_reason)
                return TAKING_FATAL;
        if (!is_active)
                return TAKING_LOST;
        if (map_get(&state->names, strings[0])) {
                if (!is_old)
                        return TAKING_LOST;
                *reterr_reason = text_format("Subsystem '%s' already defined.", strings[0]);
                return *reterr_reason ? TAKING_FATAL : -ENOMEM;
        }
        if (directive->later.reason) {
                *reterr_reason = strdup(directive->later.reason);
                return *reterr_reason ? TAKING_FATAL : -ENOMEM;
        }
        r = map_set(&state->names, strings[0], state, NULL);
        for (unsigned i = 0; i < 2 && r == 0; i++) {
                r = ARRAY_GROW(state->strings, state->n_strings);
                if (r == 0)
                        state->strings[state->n_strings++] = strings[i];
        }
        state->is_set = true;
        return r < 0 ? r : TAKING_JOINED;
}

/* sshd copies the number of subsystems with their names already, then frees as many commands of the
 * array it has, which is NULL without any. With a shorter array it may live: memory beyond it is
 * read. That is no refusal, or it could hide what else the block sets. */
bool subsystems_crash(const struct state *global, const struct state *matched,
                      const struct sshd_release *release) {
        return release->number >= RELEASE_SUBSYSTEM_MERGE &&
               release->number < RELEASE_SUBSYSTEM_COPY && global->n_strings == 0 &&
               matched->n_strings > 0;
}

static int print_subsystem(const struct keyword *keyword, const struct state *state,
                           const struct sshd_release *release, char ***values, size_t *n_values) {
        (void)keyword;
        (void)release;
        for (size_t i = 0; i < state->n_strings; i += 2) {
                CLEANUP_FREE char *text =
                        text_format("%s %s", state->strings[i], state->strings[i + 1]);
                int r = text ? strings_append(values, n_values, text) : -ENOMEM;

                if (r < 0)
                        return r;
        }
        return 0;
}

static int read_exempt_list(struct reading *reading) {
        const char *word = arguments_next(&reading->arguments);
        int r;

        if (!word || *word == '\0')
                return reading_fatal(reading, "missing argument.");
        r = check_addresses(reading, word);
        if (r == -EINVAL)
                return reading_fatal(reading, "keyword %s invalid address argument.",
                                     reading->name);
        return r < 0 ? r : value_add_string(reading->value, word);
}

static int read_rdomain(struct reading *reading) {
        return reading_fatal(reading, "setting RDomain not supported on this platform.");
}

/* Linux knows routing domains by the name of a device. */
static int read_listen_rdomain(struct reading *reading) {
        const struct sshd_environment *environment = reading->environment;
        const char *word = arguments_next(&reading->arguments);

        if (!word)
                return READING_DONE;
        if (strcmp(word, "rdomain") != 0 || !(word = arguments_next(&reading->arguments)))
                return reading_fatal(reading, "bad ListenAddress syntax");
        if (!environment->scope || environment->scope(environment->userdata, word) == 0)
                return reading_fatal(reading, "bad routing domain");
        return value_add_string(reading->value, word);
}

/* The address without brackets, the port (0: all ports), and the routing domain if there is one. */
static int read_listen_address(struct reading *reading) {
        CLEANUP_FREE char *host = NULL;
        const char *word = arguments_next(&reading->arguments), *colon, *end;
        int port = 0, r;

        if (!word || *word == '\0')
                return reading_fatal(reading, "missing address");
        colon = strchr(word, ':');
        if (!strchr(word, '[') && colon && strchr(colon + 1, ':')) {
                end = word + strlen(word);
        } else {
                end = *word == '[' ? strchr(word, ']') : word + strcspn(word, ":/");
                if (end && *word == '[')
                        end++;
                if (!end || (*end != '\0' && *end != ':'))
                        return reading_fatal(reading, "bad address:port usage");
                if (*end == ':') {
                        port = reading_port(reading, end + 1);
                        if (port <= 0)
                                return reading_fatal(reading, "bad port number");
                }
        }
        if (*word == '[' && end > word && end[-1] == ']')
                host = strndup(word + 1, (size_t)(end - word) - 2);
        else
                host = strndup(word, (size_t)(end - word));
        if (!host)
                return -ENOMEM;
        r = value_add_string(reading->value, host);
        if (r == 0)
                r = value_add_number(reading->value, port);
        return r < 0 ? r : read_listen_rdomain(reading);
}

#define LIST(name, reader)                                                                         \
        const struct grammar grammar_##name = { .kind = SSHD_VALUE_LIST, .read = reader }

LIST(users, read_users);
LIST(groups, read_groups);
LIST(accept_env, read_accept_env);
LIST(env, read_env);
LIST(log_verbose, read_log_verbose);
LIST(timeouts, read_timeouts);
LIST(permit_open, read_forwards);
LIST(permit_listen, read_forwards);
LIST(listen_address, read_listen_address);

const struct grammar grammar_methods = {
        .kind = SSHD_VALUE_METHODS, .read = read_methods, .take = take_methods, .first_wins = true
};
const struct grammar grammar_subsystem = { .kind = SSHD_VALUE_LIST,
                                           .read = read_subsystem,
                                           .take = take_subsystem,
                                           .print = print_subsystem };
const struct grammar grammar_exempt_list = { .kind = SSHD_VALUE_TEXT, .read = read_exempt_list };
const struct grammar grammar_rdomain = { .kind = SSHD_VALUE_TEXT, .read = read_rdomain };
