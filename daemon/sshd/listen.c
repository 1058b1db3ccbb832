/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ListenAddress: what the queue of addresses comes to when all ports are known.
 *
 * sshd asks getaddrinfo(3) for each address and port and puts the answers in front of what it has
 * for that routing domain, then prints each domain's list from the end; so what is printed is in
 * the order of the file, domain by domain, with the answers of one question reversed. It asks in
 * the order of the file alone, and dies of the first that has no answer. Without a ListenAddress it
 * asks for the wildcard, whose answers are IPv4 first; `*` is no name, which without the passive
 * flag means the loopback addresses.
 *
 * A Match block that is always in force (`Match all`) may have such lines. Pass 2, for each
 * connection, queues them again, and asks with the AddressFamily of these blocks alone: it starts
 * from nothing. What it finds it throws away, but what has no answer kills it. */

#include "loader.h"

#include <errno.h>
#include <string.h>

#include "base/address.h"
#include "base/array.h"
#include "base/cleanup.h"

enum { FAMILY_ANY = 0 };

/* What is printed of one line, or answers. */
struct lines {
        char **texts;
        size_t n_texts;
};

static void lines_done(struct lines *lines) {
        strings_free(lines->texts, lines->n_texts);
}

struct question {
        const char *host; /* NULL: the wildcard */
        const char *port;
        const char *rdomain; /* NULL: none */
};

static int family_of(const struct sshd_config *config) {
        const struct state *state = &config->global[SETTING_ADDRESS_FAMILY];

        return state->is_set ? (int)state->numbers[0] : FAMILY_ANY;
}

/* getaddrinfo(3) with the numeric texts of its answers, in its order. READING_FATAL: *reterr_words.
 */
static int find_answers(const struct sshd_environment *environment, const char *host, int family,
                        struct lines *answers, const char **reterr_words) {
        char buffer[ADDRESS_TEXT_MAX];
        struct address address;
        int r;

        if (!host || strcmp(host, "*") == 0) {
                static const char *const wildcard[] = { "0.0.0.0", "::" };
                static const char *const loopback[] = { "::1", "127.0.0.1" };
                const char *const *texts = host ? loopback : wildcard;

                r = 0;
                for (unsigned i = 0; i < 2 && r == 0; i++) {
                        if (family == FAMILY_ANY ||
                            (family == 6) == (strchr(texts[i], ':') != NULL))
                                r = strings_append(&answers->texts, &answers->n_texts, texts[i]);
                }
                return r;
        }
        if (address_parse(host, environment->scope, environment->userdata, &address)) {
                if (family != FAMILY_ANY && family != address.family) {
                        *reterr_words = "Address family for hostname not supported";
                        return READING_FATAL;
                }
                return strings_append(&answers->texts, &answers->n_texts,
                                      address_format(&address, buffer));
        }
        *reterr_words = "Name or service not known";
        if (!environment->resolve)
                return READING_FATAL;
        r = environment->resolve(environment->userdata, host, family, &answers->texts,
                                 &answers->n_texts);
        return r == -ENOENT ? READING_FATAL : r;
}

/* The same with sshd's own words where there is no answer. */
static int resolve(const struct sshd_config *config, const char *host, int family,
                   struct lines *answers, char **reterr_reason) {
        const char *words = NULL;
        int r = find_answers(&config->environment, host, family, answers, &words);

        if (r != READING_FATAL)
                return r;
        *reterr_reason = text_format("bad addr or host: %s (%s)", host, words);
        return *reterr_reason ? READING_FATAL : -ENOMEM;
}

static int print(const struct question *question, const struct lines *answers,
                 struct lines *lines) {
        for (size_t i = answers->n_texts; i-- > 0;) {
                const char *answer = answers->texts[i];
                bool is_ipv6 = strchr(answer, ':') != NULL;
                CLEANUP_FREE char *text =
                        text_format("%s%s%s:%s%s%s", is_ipv6 ? "[" : "", answer, is_ipv6 ? "]" : "",
                                    question->port, question->rdomain ? " rdomain " : "",
                                    question->rdomain ? question->rdomain : "");
                int r = text ? strings_append(&lines->texts, &lines->n_texts, text) : -ENOMEM;

                if (r < 0)
                        return r;
        }
        return 0;
}

static int ask(const struct sshd_config *config, const struct question *question,
               struct lines *lines, char **reterr_reason) {
        CLEANUP(lines_done) struct lines answers = { 0 };
        int r = resolve(config, question->host, family_of(config), &answers, reterr_reason);

        return r == READING_DONE ? print(question, &answers, lines) : r;
}

/* One address for its own port, or for all ports. */
static int ask_for_ports(const struct sshd_config *config, const struct sshd_value *value,
                         struct lines *lines, char **reterr_reason) {
        static const char *const initial_ports[] = { "22" };
        const struct state *ports = &config->global[SETTING_PORT];
        struct question question = {
                .host = value ? value->strings[0] : NULL,
                .rdomain = value && value->n_strings > 1 ? value->strings[1] : NULL,
        };
        const char *const *texts = ports->is_set ? ports->strings : initial_ports;
        size_t n_texts = ports->is_set ? ports->n_strings : 1;
        CLEANUP_FREE char *own = NULL;

        if (value && value->numbers[0] > 0) {
                own = text_format("%lld", value->numbers[0]);
                if (!own)
                        return -ENOMEM;
                question.port = own;
                return ask(config, &question, lines, reterr_reason);
        }
        for (size_t i = 0; i < n_texts; i++) {
                int r;

                question.port = texts[i];
                r = ask(config, &question, lines, reterr_reason);
                if (r != READING_DONE)
                        return r;
        }
        return READING_DONE;
}

static bool has_rdomain(const struct sshd_directive *directive, const char *rdomain) {
        const struct sshd_value *value = &directive->value;

        if (value->n_strings < 2 || !rdomain)
                return value->n_strings < 2 && !rdomain;
        return strcmp(value->strings[1], rdomain) == 0;
}

/* Is this the first directive with its routing domain? */
static bool is_first(const struct sshd_slot *slot, size_t i) {
        const struct sshd_value *value = &slot->directives[i]->value;
        const char *rdomain = value->n_strings > 1 ? value->strings[1] : NULL;

        for (size_t k = 0; k < i; k++) {
                if (has_rdomain(slot->directives[k], rdomain))
                        return false;
        }
        return true;
}

/* All lines of one routing domain, in the order of the file. */
static int gather_domain(struct sshd_config *config, const struct sshd_slot *slot,
                         const char *rdomain, const struct lines *lines) {
        for (size_t i = 0; i < slot->n_directives; i++) {
                if (!has_rdomain(slot->directives[i], rdomain))
                        continue;
                for (size_t k = 0; k < lines[i].n_texts; k++) {
                        int r = strings_append(&config->listen_addresses,
                                               &config->n_listen_addresses, lines[i].texts[k]);

                        if (r < 0)
                                return r;
                }
        }
        return 0;
}

static int resolve_all(struct sshd_config *config, const struct sshd_slot *slot,
                       struct lines *lines, char **reterr_reason) {
        int r = READING_DONE;

        for (size_t i = 0; i < slot->n_directives && r == READING_DONE; i++)
                r = ask_for_ports(config, &slot->directives[i]->value, &lines[i], reterr_reason);
        for (size_t i = 0; i < slot->n_directives && r == READING_DONE; i++) {
                const struct sshd_value *value = &slot->directives[i]->value;

                if (is_first(slot, i))
                        r = gather_domain(config, slot,
                                          value->n_strings > 1 ? value->strings[1] : NULL, lines);
        }
        return r;
}

int listen_resolve(struct sshd_config *config, char **reterr_reason) {
        const struct sshd_slot *slot = &config->slots[SETTING_LISTEN_ADDRESS];
        struct lines *lines;
        int r;

        if (slot->n_directives == 0) {
                struct lines all = { 0 };

                r = ask_for_ports(config, NULL, &all, reterr_reason);
                config->listen_addresses = all.texts;
                config->n_listen_addresses = all.n_texts;
                return r;
        }
        lines = calloc(slot->n_directives, sizeof *lines);
        if (!lines)
                return -ENOMEM;
        r = resolve_all(config, slot, lines, reterr_reason);
        for (size_t i = 0; i < slot->n_directives; i++)
                lines_done(&lines[i]);
        free(lines);
        return r;
}

/* A line that pass 2 reads again: other blocks may not have one, the command line has none. */
static bool is_read_again(const struct sshd_directive *directive) {
        return directive->block != NULL;
}

static int family_of_again(const struct sshd_config *config) {
        const struct sshd_slot *slot = &config->slots[SETTING_ADDRESS_FAMILY];

        for (size_t i = 0; i < slot->n_directives; i++)
                if (is_read_again(slot->directives[i]))
                        return (int)slot->directives[i]->value.numbers[0];
        return FAMILY_ANY;
}

int listen_resolve_again(struct sshd_config *config) {
        const struct sshd_slot *slot = &config->slots[SETTING_LISTEN_ADDRESS];
        int family = family_of_again(config), r = READING_DONE;

        for (size_t i = 0; i < slot->n_directives && r == READING_DONE; i++) {
                CLEANUP(lines_done) struct lines answers = { 0 };
                const struct sshd_directive *directive = slot->directives[i];

                if (is_read_again(directive))
                        r = resolve(config, directive->value.strings[0], family, &answers,
                                    &config->listen_reason);
        }
        return r < 0 ? r : 0;
}
