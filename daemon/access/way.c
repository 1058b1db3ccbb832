/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sets of factors, and which of them are worth keeping.
 *
 * A way that needs more than another and is no surer says nothing new. Both "a key, perhaps" and
 * "a key and a code, surely" are kept: the second is what is known. */

#include "access/way.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"

static const struct {
        unsigned bit;
        const char *name;
} factors_by_name[] = {
        { ACCESS_KEY, "key" },
        { ACCESS_OTHER_KEY, "other key" },
        { ACCESS_CERTIFICATE, "certificate" },
        { ACCESS_PASSWORD, "password" },
        { ACCESS_CODE, "code" },
        { ACCESS_HOST, "host" },
        { ACCESS_TICKET, "ticket" },
};

const char *access_factor_name(unsigned factor) {
        for (size_t i = 0; i < N_ELEMENTS(factors_by_name); i++)
                if (factors_by_name[i].bit == factor)
                        return factors_by_name[i].name;
        return NULL;
}

unsigned access_factor_parse(const char *name) {
        for (size_t i = 0; i < N_ELEMENTS(factors_by_name); i++)
                if (strcmp(factors_by_name[i].name, name) == 0)
                        return factors_by_name[i].bit;
        return 0;
}

const char *access_factors_format(unsigned factors, char buffer[ACCESS_FACTORS_TEXT_MAX]) {
        size_t n = 0;

        buffer[0] = '\0';
        for (size_t i = 0; i < N_ELEMENTS(factors_by_name); i++)
                if (factors & factors_by_name[i].bit)
                        n += (size_t)snprintf(buffer + n, ACCESS_FACTORS_TEXT_MAX - n, "%s%s",
                                              n > 0 ? " + " : "", factors_by_name[i].name);
        return n > 0 ? buffer : "nothing";
}

unsigned access_factors_count(unsigned factors) {
        unsigned n = 0;

        for (; factors; factors &= factors - 1)
                n++;
        return n;
}

const char *access_answer_name(enum access_answer answer) {
        return answer == ACCESS_YES ? "yes" : answer == ACCESS_NO ? "no" : "cannot tell";
}

static void way_done(struct access_way *way) {
        free(way->methods);
        free(way->reason);
}

void access_ways_done(struct access_ways *ways) {
        for (size_t i = 0; i < ways->n_items; i++)
                way_done(&ways->items[i]);
        free(ways->items);
        *ways = (struct access_ways){ 0 };
}

/* True if who has what the OTHER way needs gets in this way too, and no less surely. */
static bool is_as_good(unsigned factors, enum access_answer answer, unsigned other_factors,
                       enum access_answer other_answer) {
        return (factors & ~other_factors) == 0 && answer >= other_answer;
}

static void drop_worse(struct access_ways *ways, unsigned factors, enum access_answer answer) {
        size_t n = 0;

        for (size_t i = 0; i < ways->n_items; i++) {
                struct access_way *way = &ways->items[i];

                if (is_as_good(factors, answer, way->factors, way->answer))
                        way_done(way);
                else
                        ways->items[n++] = *way;
        }
        ways->n_items = n;
}

/* METHODS stands in the list with " or " between its members. */
static bool lists_methods(const char *list, const char *methods) {
        size_t n = strlen(methods);

        for (const char *at = list; at; at = strstr(at, " or ")) {
                at += at == list ? 0 : strlen(" or ");
                if (strncmp(at, methods, n) == 0 && (at[n] == '\0' || at[n] == ' '))
                        return true;
        }
        return false;
}

/* Another way to give the same. */
static int add_methods(struct access_way *way, const char *methods) {
        char *both;

        if (lists_methods(way->methods, methods))
                return 0;
        both = text_format("%s or %s", way->methods, methods);
        if (!both)
                return -ENOMEM;
        free(way->methods);
        way->methods = both;
        return 0;
}

int access_ways_add(struct access_ways *ways, unsigned factors, enum access_answer answer,
                    const char *methods, const char *reason) {
        CLEANUP_FREE char *own_methods = NULL;
        CLEANUP_FREE char *own_reason = NULL;

        for (size_t i = 0; i < ways->n_items; i++) {
                struct access_way *way = &ways->items[i];

                if (way->factors == factors && way->answer == answer)
                        return add_methods(way, methods);
                if (is_as_good(way->factors, way->answer, factors, answer))
                        return 0;
        }
        own_methods = strdup(methods);
        own_reason = reason && answer != ACCESS_YES ? strdup(reason) : NULL;
        if (!own_methods || (reason && answer != ACCESS_YES && !own_reason))
                return -ENOMEM;
        drop_worse(ways, factors, answer);
        if (ARRAY_GROW(ways->items, ways->n_items) < 0)
                return -ENOMEM;
        ways->items[ways->n_items++] =
                (struct access_way){ factors, answer, TAKE(own_methods), TAKE(own_reason) };
        return 0;
}

/* Two keys are needed where each of two methods asks for one. */
static unsigned join_factors(unsigned a, unsigned b) {
        return a | b | (a & b & ACCESS_KEY ? ACCESS_OTHER_KEY : 0);
}

int access_ways_combine(const struct access_ways *a, const struct access_ways *b,
                        struct access_ways *ret) {
        CLEANUP(access_ways_done) struct access_ways ways = { 0 };

        for (size_t i = 0; i < a->n_items; i++) {
                for (size_t k = 0; k < b->n_items; k++) {
                        const struct access_way *x = &a->items[i], *y = &b->items[k];
                        CLEANUP_FREE char *methods = text_format("%s,%s", x->methods, y->methods);
                        int r;

                        if (!methods)
                                return -ENOMEM;
                        r = access_ways_add(&ways, join_factors(x->factors, y->factors),
                                            x->answer < y->answer ? x->answer : y->answer, methods,
                                            x->reason ? x->reason : y->reason);
                        if (r < 0)
                                return r;
                }
        }
        *ret = ways;
        ways = (struct access_ways){ 0 };
        return 0;
}

enum access_answer access_ways_suffice(const struct access_ways *ways, unsigned factors) {
        enum access_answer best = ACCESS_NO;

        for (size_t i = 0; i < ways->n_items; i++)
                if ((ways->items[i].factors & ~factors) == 0 && ways->items[i].answer > best)
                        best = ways->items[i].answer;
        return best;
}
