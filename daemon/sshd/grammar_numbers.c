/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keywords whose value is a number, a time, a size, or several of these.
 *
 * What is not given stays SSHD_UNSET, and is printed as its own default: `MaxStartups 7` keeps the
 * rate. Some readers are sscanf(3) and strtol(3), which ignore what follows the number
 * (`MaxStartups 10x` is 10); that is kept. */

#include "grammar.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <strings.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "number.h"
#include "table.h"

enum {
        PORTS_MAX = 256, /* servconf.h: MAX_PORTS */
        RELEASE_STRICT_STARTUPS =
                1001, /* MaxStartups and PerSourceNetBlockSize: the first line counts */
        RELEASE_STRTONUM_QOS = 908,
        RELEASE_DSCP_ONLY = 1001,
        RELEASE_DSCP_ONLY_DEBIAN = 1000, /* backported */
        RELEASE_FINE_PENALTIES = 1003,
};

enum base { DECIMAL, OCTAL, HEXADECIMAL };

static int append_number(char ***values, size_t *n_values, enum base base, long long number) {
        CLEANUP_FREE char *text = base == OCTAL ? text_format("0%llo", (unsigned long long)number)
                                  : base == HEXADECIMAL
                                          ? text_format("0x%02llx", (unsigned long long)number)
                                          : text_format("%lld", number);

        return text ? strings_append(values, n_values, text) : -ENOMEM;
}

static int print_number(const struct keyword *keyword, const struct state *state,
                        const struct sshd_release *release, char ***values, size_t *n_values) {
        (void)keyword;
        (void)release;
        return append_number(values, n_values, DECIMAL, state->numbers[0]);
}

static int read_int(struct reading *reading) {
        const char *wrong;
        long long number;

        wrong = number_parse_int(arguments_next(&reading->arguments), &number);
        if (!wrong)
                return value_add_number(reading->value, number);
        if (reading->release->number < RELEASE_WORDING)
                return reading_fatal(reading, "integer value %s.", wrong);
        return reading_fatal(reading, "%s integer value %s.", reading->name, wrong);
}

static int read_time(struct reading *reading) {
        const char *text = arguments_next(&reading->arguments);
        long long seconds;

        if (!text || *text == '\0')
                return reading_fatal(reading, "missing time value.");
        if (!number_parse_time(text, reading->release, &seconds))
                return reading_fatal(reading, "invalid time value.");
        return value_add_number(reading->value, seconds);
}

static int read_unused_timeout(struct reading *reading) {
        const char *text = arguments_peek(&reading->arguments);
        int r;

        if (!text || strcasecmp(text, "none") != 0)
                return read_time(reading);
        (void)arguments_next(&reading->arguments);
        r = value_add_number(reading->value, 0);
        return r < 0 ? r : value_add_string(reading->value, "none");
}

/* The word `none` wins over everything that stands before it. */
static int take_unused_timeout(struct state *state, const struct sshd_directive *directive,
                               bool is_active, const struct sshd_release *release,
                               char **reterr_reason) {
        (void)release;
        (void)reterr_reason;
        if (!is_active || (state->is_set && directive->value.n_strings == 0))
                return TAKING_LOST;
        state->is_set = true;
        state->numbers[0] = directive->value.numbers[0];
        state->n_numbers = 1;
        return TAKING_WON;
}

static int print_unused_timeout(const struct keyword *keyword, const struct state *state,
                                const struct sshd_release *release, char ***values,
                                size_t *n_values) {
        if (state->numbers[0] == 0)
                return strings_append(values, n_values, "none");
        return print_number(keyword, state, release, values, n_values);
}

static int read_mask(struct reading *reading) {
        int r = 0;
        const char *text = reading_word(reading, "missing StreamLocalBindMask argument.", &r);
        const char *end;
        int mask;

        if (!text)
                return r;
        mask = (int)number_parse_prefix(text, 8, &end);
        if (end != text && mask >= 0 && mask <= 0777)
                return value_add_number(reading->value, mask);
        if (reading->release->number < RELEASE_WORDING)
                return reading_fatal(reading, "Bad mask.");
        return reading_fatal(reading, "Invalid %s.", reading->name);
}

static int print_mask(const struct keyword *keyword, const struct state *state,
                      const struct sshd_release *release, char ***values, size_t *n_values) {
        (void)keyword;
        (void)release;
        return append_number(values, n_values, OCTAL, state->numbers[0]);
}

static int parse_port(struct reading *reading) {
        const char *text = arguments_next(&reading->arguments);
        int port;

        if (!text || *text == '\0')
                return reading_fatal(reading, "missing port number.");
        port = reading_port(reading, text);
        if (port <= 0)
                return reading_fatal(reading, "Badly formatted port number.");
        return value_add_number(reading->value, port);
}

/* Ports are kept as text, since there may be more of them than a state has numbers. */
static int read_port_text(struct reading *reading) {
        CLEANUP(text_done) struct text text = { 0 };
        int r = parse_port(reading);

        if (r != READING_DONE)
                return r;
        r = text_appendf(&text, "%lld", reading->value->numbers[0]);
        return r < 0 ? r : value_add_string(reading->value, text_get(&text));
}

static int take_port(struct state *state, const struct sshd_directive *directive, bool is_active,
                     const struct sshd_release *release, char **reterr_reason) {
        int r;

        (void)release;
        if (!is_active)
                return TAKING_LOST;
        if (state->n_strings >= PORTS_MAX) {
                *reterr_reason = strdup("too many ports.");
                return *reterr_reason ? TAKING_FATAL : -ENOMEM;
        }
        if (directive->later.reason) {
                *reterr_reason = strdup(directive->later.reason);
                return *reterr_reason ? TAKING_FATAL : -ENOMEM;
        }
        r = ARRAY_GROW(state->strings, state->n_strings);
        if (r < 0)
                return r;
        state->strings[state->n_strings++] = directive->value.strings[0];
        state->is_set = true;
        return TAKING_JOINED;
}

static int read_rekey_limit(struct reading *reading) {
        bool is_old = reading->release->number < RELEASE_WORDING;
        long long size = 0, seconds = SSHD_UNSET;
        const char *text, *wrong;
        int r = 0;

        text = reading_word(reading, "Missing argument.", &r);
        if (!text)
                return r;
        wrong = strcmp(text, "default") == 0 ? NULL
                                             : number_parse_scaled(text, reading->release, &size);
        if (wrong && is_old)
                return reading_fatal(reading, "Bad number '%s': %s", text, wrong);
        if (wrong)
                return reading_fatal(reading, "Bad %s number '%s': %s", reading->name, text, wrong);
        if (size != 0 && size < 16)
                return reading_fatal(reading, "%s too small",
                                     is_old ? "RekeyLimit" : reading->name);
        if (arguments_has_more(&reading->arguments)) {
                if (strcmp(arguments_peek(&reading->arguments), "none") == 0) {
                        (void)arguments_next(&reading->arguments);
                } else {
                        text = arguments_next(&reading->arguments);
                        if (!text || *text == '\0')
                                return reading_fatal(reading, "missing time value.");
                        if (!number_parse_time(text, reading->release, &seconds))
                                return reading_fatal(reading, "invalid time value.");
                }
        }
        r = value_add_number(reading->value, size);
        return r < 0 ? r : value_add_number(reading->value, seconds);
}

static int print_rekey_limit(const struct keyword *keyword, const struct state *state,
                             const struct sshd_release *release, char ***values, size_t *n_values) {
        CLEANUP(text_done) struct text text = { 0 };
        long long size = state->numbers[0], seconds = state->numbers[1];
        int r;

        (void)keyword;
        (void)release;
        r = text_appendf(&text, "%lld %lld", size == SSHD_UNSET ? 0 : size,
                         seconds == SSHD_UNSET ? 0 : seconds);
        return r < 0 ? r : strings_append(values, n_values, text_get(&text));
}

/* sscanf("%d:%d:%d"): how many of N numbers TEXT starts with. */
static unsigned scan_numbers(const char *text, unsigned n, long long *ret) {
        for (unsigned i = 0; i < n; i++) {
                const char *end;

                if (i > 0 && *text++ != ':')
                        return i;
                ret[i] = (int)number_parse_prefix(text, 10, &end);
                if (end == text)
                        return i;
                text = end;
        }
        return n;
}

static int bad_spec(struct reading *reading) {
        if (reading->release->number < RELEASE_WORDING)
                return reading_fatal(reading, "Illegal MaxStartups spec.");
        return reading_fatal(reading, "Invalid %s spec.", reading->name);
}

static int read_max_startups(struct reading *reading) {
        long long numbers[3] = { 0, 0, 0 };
        const char *text;
        unsigned n;
        int r = 0;

        text = reading_word(reading, "Missing MaxStartups spec.", &r);
        if (!text)
                return r;
        n = scan_numbers(text, 3, numbers);
        if (n == 1) {
                numbers[1] = SSHD_UNSET;
                numbers[2] = numbers[0];
        } else if (n != 3 || numbers[0] > numbers[2] || numbers[1] > 100 || numbers[1] < 1) {
                return bad_spec(reading);
        }
        if (reading->release->number >= RELEASE_WORDING && (numbers[0] <= 0 || numbers[2] <= 0))
                return bad_spec(reading);
        for (unsigned i = 0; i < 3 && r == 0; i++)
                r = value_add_number(reading->value, numbers[i]);
        return r;
}

/* Before 10.1 each line was read right into the option: the last one wins, but for a rate it does
 * not give. */
static int take_max_startups(struct state *state, const struct sshd_directive *directive,
                             bool is_active, const struct sshd_release *release,
                             char **reterr_reason) {
        (void)reterr_reason;
        if (!is_active || (state->is_set && release->number >= RELEASE_STRICT_STARTUPS))
                return TAKING_LOST;
        for (unsigned i = 0; i < 3; i++) {
                if (!state->is_set || directive->value.numbers[i] != SSHD_UNSET)
                        state->numbers[i] = directive->value.numbers[i];
        }
        state->n_numbers = 3;
        state->is_set = true;
        return TAKING_WON;
}

static int print_max_startups(const struct keyword *keyword, const struct state *state,
                              const struct sshd_release *release, char ***values,
                              size_t *n_values) {
        static const long long initial[3] = { 10, 30, 100 };
        CLEANUP(text_done) struct text text = { 0 };

        (void)keyword;
        (void)release;
        for (unsigned i = 0; i < 3; i++) {
                long long number = state->numbers[i];

                (void)text_appendf(&text, "%s%lld", i > 0 ? ":" : "",
                                   number == SSHD_UNSET ? initial[i] : number);
        }
        return text_error(&text) < 0 ? -ENOMEM : strings_append(values, n_values, text_get(&text));
}

static int read_per_source_max_startups(struct reading *reading) {
        long long number = INT_MAX;
        const char *text, *wrong = NULL;
        int r = 0;

        text = reading_word(reading, "", &r);
        if (!text)
                return r;
        if (strcmp(text, "none") != 0)
                wrong = number_parse_int(text, &number);
        if (wrong)
                return reading_fatal(reading, "%s integer value %s.", reading->name, wrong);
        return value_add_number(reading->value, number);
}

static int print_per_source_max_startups(const struct keyword *keyword, const struct state *state,
                                         const struct sshd_release *release, char ***values,
                                         size_t *n_values) {
        if (state->numbers[0] == INT_MAX)
                return strings_append(values, n_values, "none");
        return print_number(keyword, state, release, values, n_values);
}

/* Before 10.1 the IPv6 half of `PerSourceNetBlockSize 24` was a variable nobody had set; in the
 * builds of Debian it was zero. */
static int read_net_block_size(struct reading *reading) {
        bool is_old = reading->release->number < RELEASE_STRICT_STARTUPS;
        long long numbers[2] = { 0, is_old ? 0 : SSHD_UNSET };
        const char *text;
        unsigned n;
        int r = 0;

        text = reading_word(reading, "", &r);
        if (!text)
                return r;
        n = scan_numbers(text, 2, numbers);
        if (n == 0 || numbers[0] < 0 || numbers[0] > 32 ||
            (n == 2 && (numbers[1] < 0 || numbers[1] > 128)))
                return reading_fatal(reading, "Invalid %s spec.", reading->name);
        r = value_add_number(reading->value, numbers[0]);
        return r < 0 ? r : value_add_number(reading->value, numbers[1]);
}

static int print_net_block_size(const struct keyword *keyword, const struct state *state,
                                const struct sshd_release *release, char ***values,
                                size_t *n_values) {
        CLEANUP(text_done) struct text text = { 0 };
        int r;

        (void)keyword;
        (void)release;
        r = text_appendf(&text, "%lld:%lld", state->numbers[0],
                         state->numbers[1] == SSHD_UNSET ? 128 : state->numbers[1]);
        return r < 0 ? r : strings_append(values, n_values, text_get(&text));
}

enum { QOS_NONE = INT_MAX };

static const struct qos {
        const char *name;
        int number;
        unsigned since, until;
} qos_names[] = {
        { "none", QOS_NONE, 0, 0 },    { "af11", 0x28, 0, 0 },     { "af12", 0x30, 0, 0 },
        { "af13", 0x38, 0, 0 },        { "af21", 0x48, 0, 0 },     { "af22", 0x50, 0, 0 },
        { "af23", 0x58, 0, 0 },        { "af31", 0x68, 0, 0 },     { "af32", 0x70, 0, 0 },
        { "af33", 0x78, 0, 0 },        { "af41", 0x88, 0, 0 },     { "af42", 0x90, 0, 0 },
        { "af43", 0x98, 0, 0 },        { "cs0", 0x00, 0, 0 },      { "cs1", 0x20, 0, 0 },
        { "cs2", 0x40, 0, 0 },         { "cs3", 0x60, 0, 0 },      { "cs4", 0x80, 0, 0 },
        { "cs5", 0xa0, 0, 0 },         { "cs6", 0xc0, 0, 0 },      { "cs7", 0xe0, 0, 0 },
        { "ef", 0xb8, 0, 0 },          { "le", 0x01, 0, 805 },     { "le", 0x04, 805, 0 },
        { "va", 0xb0, 1003, 0 },       { "lowdelay", 0x10, 0, 0 }, { "throughput", 0x08, 0, 0 },
        { "reliability", 0x04, 0, 0 },
};

static bool qos_is_of(const struct qos *qos, const struct sshd_release *release) {
        return release->number >= qos->since && (qos->until == 0 || release->number < qos->until);
}

/* The type-of-service words became synonyms of `none`. */
static bool is_dscp_only(const struct sshd_release *release) {
        return release->number >=
               (release->flavour == SSHD_DEBIAN ? RELEASE_DSCP_ONLY_DEBIAN : RELEASE_DSCP_ONLY);
}

static bool is_service_word(const struct qos *qos) {
        return qos >= &qos_names[N_ELEMENTS(qos_names) - 3];
}

static bool parse_qos(const struct sshd_release *release, const char *text, long long *ret) {
        const char *end;

        for (size_t i = 0; i < N_ELEMENTS(qos_names); i++) {
                const struct qos *qos = &qos_names[i];

                if (strcasecmp(text, qos->name) != 0 || !qos_is_of(qos, release))
                        continue;
                *ret = is_service_word(qos) && is_dscp_only(release) ? QOS_NONE : qos->number;
                return true;
        }
        if (release->number >= RELEASE_STRTONUM_QOS)
                return !number_parse(text, 0, 255, ret);
        *ret = number_parse_prefix(text, 0, &end);
        return *text != '\0' && *end == '\0' && *ret >= 0 && *ret <= 255;
}

static int bad_qos(struct reading *reading, const char *text) {
        if (reading->release->number < RELEASE_WORDING)
                return reading_fatal(reading, "Bad IPQoS value: %s", text ? text : "(null)");
        return reading_fatal(reading, "Bad %s value: %s", reading->name, text);
}

static int read_ipqos(struct reading *reading) {
        long long interactive, bulk;
        const char *text;
        int r = 0;

        if (reading->release->number < RELEASE_WORDING)
                text = arguments_next(&reading->arguments);
        else
                text = reading_word(reading, "", &r);
        if (r != 0)
                return r;
        if (!text || !parse_qos(reading->release, text, &interactive))
                return bad_qos(reading, text);
        bulk = interactive;
        text = arguments_next(&reading->arguments);
        if (text && !parse_qos(reading->release, text, &bulk))
                return bad_qos(reading, text);
        r = value_add_number(reading->value, interactive);
        return r < 0 ? r : value_add_number(reading->value, bulk);
}

static int print_ipqos(const struct keyword *keyword, const struct state *state,
                       const struct sshd_release *release, char ***values, size_t *n_values) {
        (void)keyword;
        for (unsigned i = 0; i < 2; i++) {
                const char *name = NULL;
                int r;

                for (size_t k = 0; k < N_ELEMENTS(qos_names) && !name; k++) {
                        const struct qos *qos = &qos_names[k];

                        if (qos->number == state->numbers[i] && qos_is_of(qos, release) &&
                            !(is_service_word(qos) && is_dscp_only(release)))
                                name = qos->name;
                }
                r = name ? strings_append(values, n_values, name)
                         : append_number(values, n_values, HEXADECIMAL, state->numbers[i]);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* PerSourcePenalties: numbers[0] is yes/no, the others stand in the order they are printed in. */
enum penalty_kind { PENALTY_TIME, PENALTY_COUNT, PENALTY_OVERFLOW };

static const struct penalty {
        const char *name; /* with the colon */
        enum penalty_kind kind;
        long long initial;
        unsigned since;
} penalties[] = {
        { "crash:", PENALTY_TIME, 90, 0 },
        { "authfail:", PENALTY_TIME, 5, 0 },
        { "noauth:", PENALTY_TIME, 1, 0 },
        { "invaliduser:", PENALTY_TIME, 5, RELEASE_FINE_PENALTIES },
        { "grace-exceeded:", PENALTY_TIME, 10, 0 },
        { "refuseconnection:", PENALTY_TIME, 10, 0 },
        { "max:", PENALTY_TIME, 600, 0 },
        { "min:", PENALTY_TIME, 15, 0 },
        { "max-sources4:", PENALTY_COUNT, 65536, 0 },
        { "max-sources6:", PENALTY_COUNT, 65536, 0 },
        { "overflow:", PENALTY_OVERFLOW, 0, 0 },
        { "overflow6:", PENALTY_OVERFLOW, SSHD_UNSET, 0 }, /* as overflow */
};
enum {
        N_PENALTY_NUMBERS = 1 + N_ELEMENTS(penalties),
        PENALTY_OVERFLOW_4 = N_PENALTY_NUMBERS - 2,
        MILLION = 1000000,
};

static int read_penalty(struct reading *reading, const char *word, long long *numbers) {
        const struct penalty *penalty = NULL;
        const char *text = NULL, *wrong = NULL;
        long long number = SSHD_UNSET;
        size_t i;

        for (i = 0; i < N_ELEMENTS(penalties) && !penalty; i++) {
                if (strncmp(word, penalties[i].name, strlen(penalties[i].name)) == 0 &&
                    reading->release->number >= penalties[i].since)
                        penalty = &penalties[i];
        }
        if (penalty)
                text = word + strlen(penalty->name);
        if (!penalty || (penalty->kind == PENALTY_OVERFLOW && strcmp(text, "deny-all") != 0 &&
                         strcmp(text, "permissive") != 0))
                return reading_fatal(reading, "unsupported %s keyword %s", reading->name, word);
        switch (penalty->kind) {
        case PENALTY_COUNT:
                wrong = number_parse_int(text, &number);
                if (wrong)
                        return reading_fatal(reading, "%s value %s.", reading->name, wrong);
                break;
        case PENALTY_OVERFLOW:
                number = strcmp(text, "deny-all") == 0;
                break;
        default:
                if (reading->release->number >= RELEASE_FINE_PENALTIES
                            ? !number_parse_fine_time(text, &number)
                            : !number_parse_time(text, reading->release, &number))
                        return reading_fatal(reading, "invalid %s time value.", reading->name);
        }
        if (numbers[i] == SSHD_UNSET) {
                numbers[i] = number;
                numbers[0] = 1;
        }
        return READING_DONE;
}

static int read_penalties(struct reading *reading) {
        long long numbers[N_PENALTY_NUMBERS];
        const char *word;
        bool is_empty = true;
        int r = READING_DONE;

        for (size_t i = 0; i < N_PENALTY_NUMBERS; i++)
                numbers[i] = SSHD_UNSET;
        while ((word = arguments_next(&reading->arguments))) {
                bool is_yes = strcasecmp(word, "yes") == 0;

                is_empty = false;
                if (is_yes || strcasecmp(word, "no") == 0) {
                        if (arguments_has_more(&reading->arguments))
                                return reading_fatal(
                                        reading, "keyword %s \"%s\" argument must appear alone.",
                                        reading->name, word);
                        if (numbers[0] == SSHD_UNSET)
                                numbers[0] = is_yes;
                        continue;
                }
                r = read_penalty(reading, word, numbers);
                if (r != READING_DONE)
                        return r;
        }
        if (is_empty)
                return reading_fatal(reading, "no %s specified", reading->name);
        for (size_t i = 0; i < N_PENALTY_NUMBERS && r == 0; i++)
                r = value_add_number(reading->value, numbers[i]);
        return r;
}

/* Of each number the first line that gives it; one that is taken turns penalties on, also after
 * `no`. */
static int take_penalties(struct state *state, const struct sshd_directive *directive,
                          bool is_active, const struct sshd_release *release,
                          char **reterr_reason) {
        const long long *numbers = directive->value.numbers;
        bool is_first = !state->is_set, takes = false;

        (void)release;
        (void)reterr_reason;
        if (!is_active)
                return TAKING_LOST;
        if (is_first) {
                memcpy(state->numbers, numbers, sizeof *numbers * N_PENALTY_NUMBERS);
                state->n_numbers = N_PENALTY_NUMBERS;
                state->is_set = true;
                return TAKING_WON;
        }
        for (size_t i = 1; i < N_PENALTY_NUMBERS; i++) {
                if (state->numbers[i] != SSHD_UNSET || numbers[i] == SSHD_UNSET)
                        continue;
                state->numbers[i] = numbers[i];
                state->numbers[0] = 1;
                takes = true;
        }
        return takes ? TAKING_JOINED : TAKING_LOST;
}

static int print_penalties(const struct keyword *keyword, const struct state *state,
                           const struct sshd_release *release, char ***values, size_t *n_values) {
        bool is_fine = release->number >= RELEASE_FINE_PENALTIES;

        (void)keyword;
        if (state->numbers[0] == 0)
                return strings_append(values, n_values, "no");
        for (size_t i = 0; i < N_ELEMENTS(penalties); i++) {
                CLEANUP(text_done) struct text text = { 0 };
                const struct penalty *penalty = &penalties[i];
                long long number = state->numbers[i + 1];
                int r;

                if (release->number < penalty->since)
                        continue;
                if (number == SSHD_UNSET && i + 1 > PENALTY_OVERFLOW_4)
                        number = state->numbers[PENALTY_OVERFLOW_4];
                if (number == SSHD_UNSET)
                        number = penalty->kind == PENALTY_TIME && is_fine
                                         ? penalty->initial * MILLION
                                         : penalty->initial;
                (void)text_append(&text, penalty->name);
                if (penalty->kind == PENALTY_OVERFLOW)
                        (void)text_append(&text, number == 1 ? "deny-all" : "permissive");
                else if (penalty->kind == PENALTY_TIME && is_fine)
                        (void)text_appendf(&text, "%lld.%06lld", number / MILLION,
                                           number % MILLION);
                else
                        (void)text_appendf(&text, "%lld", number);
                r = text_error(&text);
                if (r == 0)
                        r = strings_append(values, n_values, text_get(&text));
                if (r < 0)
                        return r;
        }
        return 0;
}

const struct grammar grammar_int = { .kind = SSHD_VALUE_NUMBER,
                                     .read = read_int,
                                     .print = print_number };
const struct grammar grammar_time = { .kind = SSHD_VALUE_NUMBER,
                                      .read = read_time,
                                      .print = print_number };
const struct grammar grammar_unused_timeout = { .kind = SSHD_VALUE_NUMBER,
                                                .read = read_unused_timeout,
                                                .take = take_unused_timeout,
                                                .print = print_unused_timeout };
const struct grammar grammar_mask = { .kind = SSHD_VALUE_NUMBER,
                                      .read = read_mask,
                                      .print = print_mask };
const struct grammar grammar_port = { .kind = SSHD_VALUE_LIST,
                                      .read = read_port_text,
                                      .take = take_port };
const struct grammar grammar_rekey_limit = { .kind = SSHD_VALUE_TUPLE,
                                             .read = read_rekey_limit,
                                             .print = print_rekey_limit };
const struct grammar grammar_max_startups = { .kind = SSHD_VALUE_TUPLE,
                                              .read = read_max_startups,
                                              .take = take_max_startups,
                                              .print = print_max_startups };
const struct grammar grammar_per_source_max_startups = { .kind = SSHD_VALUE_NUMBER,
                                                         .read = read_per_source_max_startups,
                                                         .print = print_per_source_max_startups };
const struct grammar grammar_net_block_size = { .kind = SSHD_VALUE_TUPLE,
                                                .read = read_net_block_size,
                                                .print = print_net_block_size };
const struct grammar grammar_ipqos = { .kind = SSHD_VALUE_LIST,
                                       .read = read_ipqos,
                                       .print = print_ipqos };
const struct grammar grammar_penalties = { .kind = SSHD_VALUE_LIST,
                                           .read = read_penalties,
                                           .take = take_penalties,
                                           .print = print_penalties };
