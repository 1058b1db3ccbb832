/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keywords whose value is one of a few words: yes/no and its families.
 *
 * A word stands for a number, several words may stand for the same; what is printed is the first of
 * them in sshd's table, whatever was written. Most compare without regard to case; PermitTunnel and
 * PermitUserEnvironment do not, so `PermitUserEnvironment No` is a pattern and turns the feature
 * on. */

#include "grammar.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "number.h"
#include "table.h"

/* One word of a table that ends with a NULL name. */
struct word {
        const char *name;
        long long number;
        unsigned until; /* first release without; 0: no bound */
        bool is_debian;
};

static const struct word flag_words[] = { { "yes", 1, 0, false }, { "no", 0, 0, false }, { 0 } };
static const struct word address_family_words[] = {
        { "inet", 4, 0, false }, { "inet6", 6, 0, false }, { "any", 0, 0, false }, { 0 }
};
static const struct word compression_words[] = {
        { "yes", 1, 0, false }, { "delayed", 1, 0, false }, { "no", 0, 0, false }, { 0 }
};
static const struct word gateway_ports_words[] = {
        { "clientspecified", 2, 0, false }, { "yes", 1, 0, false }, { "no", 0, 0, false }, { 0 }
};
static const struct word ignore_rhosts_words[] = {
        { "yes", 1, 0, false }, { "no", 0, 0, false }, { "shosts-only", 2, 0, false }, { 0 }
};
static const struct word permit_root_login_words[] = {
        { "without-password", 2, 1001, false },
        { "prohibit-password", 2, 0, false },
        { "without-password", 2, 0, false },
        { "forced-commands-only", 1, 0, false },
        { "yes", 3, 0, false },
        { "no", 0, 0, false },
        { 0 },
};
static const struct word tcp_forwarding_words[] = {
        { "yes", 3, 0, false },    { "all", 3, 0, false },   { "no", 0, 0, false },
        { "remote", 1, 0, false }, { "local", 2, 0, false }, { 0 },
};
/* 10.6 prints these two from the table of the client's yes/no/true/false. */
static const struct word tcp_keep_alive_words[] = {
        { "true", 1, 0, false },
        { "false", 0, 0, false },
        { "yes", 1, 0, false },
        { "no", 0, 0, false },
        { "all", 2, 0, false },
        { "transport", 1, 0, false },
        { 0 },
};
static const struct word weak_crypto_words[] = {
        { "true", 1, 0, false }, { "false", 0, 0, false },     { "yes", 1, 0, false },
        { "no", 0, 0, false },   { "no-pq-kex", 0, 0, false }, { 0 },
};
static const struct word tunnel_words[] = {
        { "no", 0, 0, false },
        { "point-to-point", 1, 0, false },
        { "ethernet", 2, 0, false },
        { "yes", 3, 0, false },
        { 0 },
};
static const struct word fingerprint_hash_words[] = {
        { "MD5", 0, 0, false },    { "SHA1", 1, 0, false },   { "SHA256", 2, 0, false },
        { "SHA384", 3, 0, false }, { "SHA512", 4, 0, false }, { 0 },
};
static const struct word log_level_words[] = {
        { "SILENT", 0, 0, true },
        { "QUIET", 0, 0, false },
        { "FATAL", 1, 0, false },
        { "ERROR", 2, 0, false },
        { "INFO", 3, 0, false },
        { "VERBOSE", 4, 0, false },
        { "DEBUG", 5, 0, false },
        { "DEBUG1", 5, 0, false },
        { "DEBUG2", 6, 0, false },
        { "DEBUG3", 7, 0, false },
        { 0 },
};
static const struct word log_facility_words[] = {
        { "DAEMON", 0, 0, false },
        { "USER", 1, 0, false },
        { "AUTH", 2, 0, false },
        { "AUTHPRIV", 3, 0, false },
        { "LOCAL0", 10, 0, false },
        { "LOCAL1", 11, 0, false },
        { "LOCAL2", 12, 0, false },
        { "LOCAL3", 13, 0, false },
        { "LOCAL4", 14, 0, false },
        { "LOCAL5", 15, 0, false },
        { "LOCAL6", 16, 0, false },
        { "LOCAL7", 17, 0, false },
        { 0 },
};

static bool word_is_of(const struct word *word, const struct sshd_release *release) {
        return (word->until == 0 || release->number < word->until) &&
               (!word->is_debian || release->flavour == SSHD_DEBIAN);
}

static const struct word *find_word(const struct reading *reading, const char *text,
                                    int (*compare)(const char *, const char *)) {
        const struct word *word = reading->keyword->grammar->detail;

        for (; word->name; word++) {
                if (compare(word->name, text) == 0 && word_is_of(word, reading->release))
                        return word;
        }
        return NULL;
}

static int print_word(const struct keyword *keyword, const struct state *state,
                      const struct sshd_release *release, char ***values, size_t *n_values) {
        const struct word *word = keyword->grammar->detail;

        while (word->name && (word->number != state->numbers[0] || !word_is_of(word, release)))
                word++;
        return strings_append(values, n_values, word->name ? word->name : "UNKNOWN");
}

/* A word stands twice where releases print different names for one number. */
static bool is_repeated(const struct word *words, const struct word *word) {
        for (; words < word; words++)
                if (strcmp(words->name, word->name) == 0)
                        return true;
        return false;
}

char *grammar_describe_words(const struct grammar *grammar) {
        struct text text = { 0 };

        (void)text_append(&text, "it takes ");
        for (const struct word *word = grammar->detail; word->name; word++) {
                const char *separator = !word[1].name ? " or " : ", ";

                if (is_repeated(grammar->detail, word))
                        continue;
                (void)text_appendf(&text, "%s%s", word == grammar->detail ? "" : separator,
                                   word->name);
        }
        return text_take(&text);
}

static int read_word(struct reading *reading) {
        const char *text = arguments_next(&reading->arguments);
        const struct word *word;

        if (!text || *text == '\0')
                return reading_fatal(reading, "missing argument.");
        word = find_word(reading, text, strcasecmp);
        if (!word)
                return reading_fatal(reading, "unsupported option \"%s\".", text);
        return value_add_number(reading->value, word->number);
}

static int read_tunnel(struct reading *reading) {
        int r = 0;
        const char *text =
                reading_word(reading, "Missing yes/point-to-point/ethernet/no argument.", &r);
        const struct word *word;

        if (!text)
                return r;
        word = find_word(reading, text, strcmp);
        if (word)
                return value_add_number(reading->value, word->number);
        if (reading->release->number < RELEASE_WORDING)
                return reading_fatal(reading, "Bad yes/point-to-point/ethernet/no argument: %s",
                                     text);
        return reading_fatal(reading, "bad %s argument %s", reading->name, text);
}

static int read_fingerprint_hash(struct reading *reading) {
        int r = 0;
        const char *text = reading_word(reading, "Missing argument.", &r);
        const struct word *word;

        if (!text)
                return r;
        word = find_word(reading, text, strcasecmp);
        if (word)
                return value_add_number(reading->value, word->number);
        if (reading->release->number < RELEASE_WORDING)
                return reading_fatal(reading, "Invalid hash algorithm \"%s\".", text);
        return reading_fatal(reading, "Invalid %s algorithm \"%s\".", reading->name, text);
}

static int read_log_word(struct reading *reading) {
        const char *text = arguments_next(&reading->arguments);
        const struct word *word = text ? find_word(reading, text, strcasecmp) : NULL;

        if (word)
                return value_add_number(reading->value, word->number);
        return reading_fatal(reading, "unsupported log %s '%s'",
                             reading->keyword->setting == SETTING_LOG_LEVEL ? "level" : "facility",
                             text ? text : "<NONE>");
}

static int read_permit_user_environment(struct reading *reading) {
        int r = 0;
        const char *text = reading_word(reading, "missing argument.", &r);
        bool is_no;

        if (!text)
                return r;
        is_no = strcmp(text, "no") == 0;
        r = value_add_number(reading->value, !is_no);
        if (r == 0 && !is_no && strcmp(text, "yes") != 0)
                r = value_add_string(reading->value, text);
        return r;
}

static int print_permit_user_environment(const struct keyword *keyword, const struct state *state,
                                         const struct sshd_release *release, char ***values,
                                         size_t *n_values) {
        (void)keyword;
        (void)release;
        if (state->n_strings > 0)
                return strings_append(values, n_values, state->strings[0]);
        return strings_append(values, n_values, state->numbers[0] == 1 ? "yes" : "no");
}

/* PubkeyAuthOptions: flags, and since 10.6 a number of free questions, plus one, above them: it is
 * one value, of which the first line counts. */
enum {
        OPTION_TOUCH_REQUIRED = 1,
        OPTION_VERIFY_REQUIRED = 2,
        QUESTIONS_SHIFT = 8,
        RELEASE_MAX_PK_OK = 1006,
};
static const char max_pk_ok[] = "max-pk-ok:";

static int read_pubkey_auth_options(struct reading *reading) {
        bool is_old = reading->release->number < RELEASE_WORDING;
        long long flags = 0, questions = SSHD_UNSET;
        const char *word;

        while ((word = arguments_next(&reading->arguments)) && !(is_old && *word == '\0')) {
                if (strcasecmp(word, "none") == 0)
                        continue;
                if (strcasecmp(word, "touch-required") == 0) {
                        flags |= OPTION_TOUCH_REQUIRED;
                } else if (strcasecmp(word, "verify-required") == 0) {
                        flags |= OPTION_VERIFY_REQUIRED;
                } else if (reading->release->number >= RELEASE_MAX_PK_OK &&
                           strncasecmp(word, max_pk_ok, strlen(max_pk_ok)) == 0) {
                        const char *wrong =
                                number_parse(word + strlen(max_pk_ok), 0, INT32_MAX, &questions);

                        if (wrong)
                                return reading_bad(reading, "bad %s max-pk-ok value: %s",
                                                   reading->name, wrong);
                } else if (is_old) {
                        return reading_fatal(reading, "unsupported PubkeyAuthOptions option %s",
                                             word);
                } else {
                        return reading_bad(reading, "unsupported %s option %s", reading->name,
                                           word);
                }
        }
        return value_add_number(reading->value, flags | (questions + 1) << QUESTIONS_SHIFT);
}

static int print_pubkey_auth_options(const struct keyword *keyword, const struct state *state,
                                     const struct sshd_release *release, char ***values,
                                     size_t *n_values) {
        CLEANUP(text_done) struct text text = { 0 };
        long long flags = state->numbers[0], questions = (flags >> QUESTIONS_SHIFT) - 1;
        int r = 0;

        (void)keyword;
        (void)release;
        if (!(flags & (OPTION_TOUCH_REQUIRED | OPTION_VERIFY_REQUIRED)))
                r = strings_append(values, n_values, "none");
        if (r == 0 && flags & OPTION_TOUCH_REQUIRED)
                r = strings_append(values, n_values, "touch-required");
        if (r == 0 && flags & OPTION_VERIFY_REQUIRED)
                r = strings_append(values, n_values, "verify-required");
        if (r < 0 || questions == SSHD_UNSET)
                return r;
        r = text_appendf(&text, "%s%lld", max_pk_ok, questions);
        return r < 0 ? r : strings_append(values, n_values, text_get(&text));
}

#define WORDS(name, reader)                                                                        \
        const struct grammar grammar_##name = { .kind = SSHD_VALUE_WORD,                           \
                                                .read = reader,                                    \
                                                .print = print_word,                               \
                                                .detail = name##_words }

WORDS(flag, read_word);
WORDS(address_family, read_word);
WORDS(compression, read_word);
WORDS(gateway_ports, read_word);
WORDS(ignore_rhosts, read_word);
WORDS(permit_root_login, read_word);
WORDS(tcp_forwarding, read_word);
WORDS(tcp_keep_alive, read_word);
WORDS(weak_crypto, read_word);
WORDS(tunnel, read_tunnel);
WORDS(fingerprint_hash, read_fingerprint_hash);
WORDS(log_level, read_log_word);
WORDS(log_facility, read_log_word);

const struct grammar grammar_permit_user_environment = {
        .kind = SSHD_VALUE_WORD,
        .read = read_permit_user_environment,
        .print = print_permit_user_environment,
};
const struct grammar grammar_pubkey_auth_options = {
        .kind = SSHD_VALUE_LIST,
        .read = read_pubkey_auth_options,
        .print = print_pubkey_auth_options,
};
