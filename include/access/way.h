/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What one has to have to get in, and how sure that is.
 *
 * A way is a set of factors: whoever has them all is let in. Of all ways only the smallest are
 * kept: who needs a key needs no key and password. */

#include <stdbool.h>
#include <stddef.h>

enum access_factor {
        ACCESS_KEY = 1 << 0,         /* the private half of a key that is listed */
        ACCESS_OTHER_KEY = 1 << 1,   /* and of a second one */
        ACCESS_CERTIFICATE = 1 << 2, /* a certificate of an authority that is trusted */
        ACCESS_PASSWORD = 1 << 3,    /* the account's password */
        ACCESS_CODE = 1 << 4,        /* a one-time code */
        ACCESS_HOST = 1 << 5,        /* to come from a host that is trusted */
        ACCESS_TICKET = 1 << 6,      /* a Kerberos ticket */
        ACCESS_FACTORS_END = 1 << 7
};

/* "key", "password" …; FACTOR is one bit. */
const char *access_factor_name(unsigned factor);
/* The bit of a name, 0 if it is none. */
unsigned access_factor_parse(const char *name);
/* Appends nothing to the heap: "key + code", "nothing" for 0; BUFFER holds ACCESS_FACTORS_TEXT_MAX
 * bytes. */
enum { ACCESS_FACTORS_TEXT_MAX = 96 };
const char *access_factors_format(unsigned factors, char buffer[ACCESS_FACTORS_TEXT_MAX]);
/* How many things of a different kind one has to have: two keys are two, nothing is 0. */
unsigned access_factors_count(unsigned factors);

/* In this order: less certain is less. */
enum access_answer { ACCESS_NO, ACCESS_CANNOT_TELL, ACCESS_YES };
const char *access_answer_name(enum access_answer answer);

struct access_way {
        unsigned factors;
        enum access_answer answer; /* never ACCESS_NO */
        char *methods;             /* "publickey,keyboard-interactive"; " or " between several */
        char *reason;              /* of ACCESS_CANNOT_TELL: what is not known; else NULL */
};

struct access_ways {
        struct access_way *items;
        size_t n_items;
};

/* Adds a way unless a smaller or surer one is there, and takes out those it replaces. REASON may be
 * NULL. Returns 0 or -ENOMEM. */
int access_ways_add(struct access_ways *ways, unsigned factors, enum access_answer answer,
                    const char *methods, const char *reason);
/* Every way of A together with every way of B. Returns 0 or -ENOMEM. */
int access_ways_combine(const struct access_ways *a, const struct access_ways *b,
                        struct access_ways *ret);
/* ACCESS_YES if FACTORS are enough for a way that is sure, ACCESS_CANNOT_TELL if only for one that
 * is not. */
enum access_answer access_ways_suffice(const struct access_ways *ways, unsigned factors);
void access_ways_done(struct access_ways *ways);
