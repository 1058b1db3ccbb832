/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Match: criteria and connections.
 *
 * All criteria of a line must match, and sshd looks at all of them even after one failed, so a
 * later one can still be fatal. What a connection does not tell does not match; but for the local
 * port, whose absence under `sshd -T` is fatal, since sshd takes 0 for "not told".
 *
 * Before 9.9 the line was cut by strdelim(), where `=` separates and only double quotes quote.
 * Since 9.9 the words of the line count, and `user=root` is one of them. The criteria of
 * ssh_config(5) that sshd does not have (exec, canonical, final …) are refused as it refuses any
 * unknown word. */

#include "match.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/address.h"
#include "base/array.h"
#include "base/cleanup.h"
#include "base/pattern.h"
#include "table.h"

enum {
        RELEASE_WORDS = 909,
        RELEASE_STRICT_MASK = 908,
        RELEASE_COMMENTS = 807,
};

static const struct criterion_name {
        const char *name;
        enum sshd_criterion_kind kind;
        unsigned since;
} names[] = {
        { "user", SSHD_MATCH_USER, 0 },
        { "group", SSHD_MATCH_GROUP, 0 },
        { "host", SSHD_MATCH_HOST, 0 },
        { "address", SSHD_MATCH_ADDRESS, 0 },
        { "localaddress", SSHD_MATCH_LOCALADDRESS, 0 },
        { "localport", SSHD_MATCH_LOCALPORT, 0 },
        { "rdomain", SSHD_MATCH_RDOMAIN, 0 },
        { "version", SSHD_MATCH_VERSION, 1000 },
};

/* The criteria of a line as they are cut off. */
struct criteria {
        struct reading *reading;
        char *rest;       /* before 9.9 */
        bool has_comment; /* a word that begins with `#` ended the line */
};

static char *next_word(struct criteria *criteria) {
        if (criteria->reading->release->number < RELEASE_WORDS)
                return lexer_delimit(&criteria->rest, false);
        return arguments_next(&criteria->reading->arguments);
}

static bool is_comment(const struct criteria *criteria, const char *word) {
        return *word == '#' && criteria->reading->release->number >= RELEASE_COMMENTS;
}

static const struct criterion_name *find_name(const char *word, size_t n, unsigned release) {
        for (size_t i = 0; i < N_ELEMENTS(names); i++) {
                if (strlen(names[i].name) == n && strncasecmp(names[i].name, word, n) == 0 &&
                    release >= names[i].since)
                        return &names[i];
        }
        return NULL;
}

/* error(), then "Bad Match condition". */
static int bad_condition(struct reading *reading, int r) {
        return r < 0 ? r : reading_fatal(reading, "Bad Match condition");
}

static int add_criterion(struct sshd_block *block, enum sshd_criterion_kind kind,
                         const char *argument, uint16_t port) {
        char *copy = argument ? strdup(argument) : NULL;
        int r;

        if (argument && !copy)
                return -ENOMEM;
        r = ARRAY_GROW(block->criteria, block->n_criteria);
        if (r < 0) {
                free(copy);
                return r;
        }
        block->criteria[block->n_criteria++] =
                (struct sshd_criterion){ .kind = kind, .argument = copy, .port = port };
        return 0;
}

static int read_argument(struct reading *reading, struct sshd_block *block,
                         enum sshd_criterion_kind kind, const char *argument) {
        const struct sshd_environment *environment = reading->environment;
        bool is_address = kind == SSHD_MATCH_ADDRESS || kind == SSHD_MATCH_LOCALADDRESS;
        int port = 0, r = 0;

        if (is_address)
                r = address_match_list(NULL, argument,
                                       reading->release->number >= RELEASE_STRICT_MASK,
                                       environment->scope, environment->userdata);
        if (r == -ENOMEM)
                return r;
        if (r != 0)
                return reading_fatal_bare(reading, "Invalid Match %s argument '%s' at line %u",
                                          kind == SSHD_MATCH_ADDRESS ? "address" : "localaddress",
                                          argument, reading->line);
        if (kind == SSHD_MATCH_LOCALPORT) {
                port = reading_port(reading, argument);
                if (port < 0)
                        return bad_condition(
                                reading,
                                reading_complain(reading, "Invalid LocalPort '%s' on Match line",
                                                 argument));
        }
        if (kind != SSHD_MATCH_VERSION ||
            pattern_match_list(reading->release->version, argument, false) != PATTERN_MATCHED)
                block->always = false;
        return add_criterion(block, kind, argument, (uint16_t)port);
}

/* `all` stands alone. */
static int read_all(struct criteria *criteria, struct sshd_block *block) {
        struct reading *reading = criteria->reading;
        const char *word = block->n_criteria == 0 ? next_word(criteria) : "";

        if (block->n_criteria > 0 || (word && *word && !is_comment(criteria, word)))
                return bad_condition(
                        reading, reading_complain(reading, "'all' cannot be combined with other "
                                                           "Match attributes"));
        criteria->has_comment = word && is_comment(criteria, word);
        return add_criterion(block, SSHD_MATCH_ALL, NULL, 0);
}

static int read_criterion(struct criteria *criteria, struct sshd_block *block, const char *word) {
        struct reading *reading = criteria->reading;
        unsigned release = reading->release->number;
        const char *equals = release >= RELEASE_WORDS ? strchr(word, '=') : NULL;
        size_t n = equals ? (size_t)(equals - word) : strlen(word);
        const struct criterion_name *name = find_name(word, n, release);
        const char *argument;

        if (release >= RELEASE_WORDS && strcasecmp(word, "invalid-user") == 0) {
                block->always = false;
                return add_criterion(block, SSHD_MATCH_INVALID_USER, NULL, 0);
        }
        if (equals && name)
                argument = equals + 1;
        else
                argument = next_word(criteria);
        if (!argument || *argument == '\0' || is_comment(criteria, argument))
                return bad_condition(reading,
                                     reading_complain(reading, "Missing Match criteria for %.*s",
                                                      name ? (int)n : (int)strlen(word), word));
        if (!name || (equals && argument != equals + 1))
                return bad_condition(
                        reading, reading_complain(reading, "Unsupported Match attribute %s", word));
        return read_argument(reading, block, name->kind, argument);
}

/* What is left of the line counts as extra arguments. */
static void finish(struct criteria *criteria) {
        struct arguments *arguments = &criteria->reading->arguments;

        if (criteria->reading->release->number >= RELEASE_WORDS) {
                if (criteria->has_comment)
                        arguments_consume(arguments);
        } else if (arguments->is_lazy) {
                arguments->rest = criteria->rest;
        } else if (criteria->has_comment || !criteria->rest || *criteria->rest == '\0') {
                arguments_consume(arguments);
        }
}

int match_read(struct reading *reading, struct sshd_block *block) {
        struct criteria criteria = { .reading = reading, .rest = reading->arguments.rest };
        const char *word;
        int r = READING_DONE;

        block->always = true;
        while (r == READING_DONE && !criteria.has_comment && (word = next_word(&criteria))) {
                if (*word == '\0' && reading->release->number < RELEASE_WORDS)
                        break;
                if (is_comment(&criteria, word)) {
                        criteria.has_comment = true;
                        break;
                }
                if (strcasecmp(word, "all") == 0) {
                        r = read_all(&criteria, block);
                        break;
                }
                r = read_criterion(&criteria, block, word);
        }
        if (r != READING_DONE)
                return r;
        if (block->n_criteria == 0)
                return bad_condition(
                        reading, reading_complain(reading, "One or more attributes required for "
                                                           "Match"));
        finish(&criteria);
        return READING_DONE;
}

void sshd_block_done(struct sshd_block *block) {
        for (size_t i = 0; i < block->n_criteria; i++)
                free(block->criteria[i].argument);
        free(block->criteria);
        block->criteria = NULL;
        block->n_criteria = 0;
}

/* ga_match_pattern_list(): one excluded group fails all. */
static bool match_groups(const struct account *account, const char *patterns) {
        bool matches = false;

        for (size_t i = 0; account && i < account->n_groups; i++) {
                enum pattern_result result =
                        pattern_match_list(account->groups[i], patterns, false);

                if (result == PATTERN_NEGATED)
                        return false;
                matches = matches || result == PATTERN_MATCHED;
        }
        return matches;
}

/* match_hostname(): both sides in lower case. */
static int match_host(const char *host, const char *patterns) {
        CLEANUP_FREE char *lower = strdup(host);

        if (!lower)
                return -ENOMEM;
        for (char *c = lower; *c; c++) {
                if (*c >= 'A' && *c <= 'Z')
                        *c = (char)(*c - 'A' + 'a');
        }
        return pattern_match_list(lower, patterns, true) == PATTERN_MATCHED;
}

static int match_address(const struct sshd_config *config, const char *address, const char *list) {
        int r;

        if (!address)
                return 0;
        r = address_match_list(address, list, config->release.number >= RELEASE_STRICT_MASK,
                               config->environment.scope, config->environment.userdata);
        return r == -ENOMEM ? r : r == 1;
}

static int match_port(const struct sshd_connection *connection, uint16_t port,
                      char **reterr_reason) {
        if (connection->lport > 0)
                return connection->lport == port;
        *reterr_reason = strdup("'Match LocalPort' in configuration but 'lport' not in connection "
                                "test specification.");
        return *reterr_reason ? -EINVAL : -ENOMEM;
}

static bool match_text(const char *text, const char *patterns) {
        return text && pattern_match_list(text, patterns, false) == PATTERN_MATCHED;
}

/* 1, 0, or negative as sshd_block_matches(). */
static int match_criterion(const struct sshd_config *config, const struct sshd_criterion *criterion,
                           const struct sshd_connection *connection, const struct account *account,
                           char **reterr_reason) {
        const char *argument = criterion->argument;

        switch (criterion->kind) {
        case SSHD_MATCH_ALL:
                return 1;
        case SSHD_MATCH_USER:
                return match_text(connection->user, argument);
        case SSHD_MATCH_INVALID_USER:
                return connection->invalid_user;
        case SSHD_MATCH_GROUP:
                return match_groups(account, argument);
        case SSHD_MATCH_HOST:
                return connection->host ? match_host(connection->host, argument) : 0;
        case SSHD_MATCH_ADDRESS:
                return match_address(config, connection->addr, argument);
        case SSHD_MATCH_LOCALADDRESS:
                return match_address(config, connection->laddr, argument);
        case SSHD_MATCH_LOCALPORT:
                return match_port(connection, criterion->port, reterr_reason);
        case SSHD_MATCH_RDOMAIN:
                return match_text(connection->rdomain, argument);
        case SSHD_MATCH_VERSION:
                return match_text(config->release.version, argument);
        default:
                return 0;
        }
}

int sshd_block_matches(const struct sshd_config *config, const struct sshd_block *block,
                       unsigned kinds, const struct sshd_connection *connection,
                       const struct account *account, char **reterr_reason) {
        int result = 1;

        for (size_t i = 0; i < block->n_criteria; i++) {
                CLEANUP_FREE char *reason = NULL;
                int r;

                if (!(kinds >> block->criteria[i].kind & 1))
                        continue;
                r = match_criterion(config, &block->criteria[i], connection, account, &reason);

                if (r < 0) {
                        if (reterr_reason)
                                *reterr_reason = TAKE(reason);
                        return r;
                }
                if (r == 0)
                        result = 0;
        }
        return result;
}
