/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A file of authorized keys, line by line, as auth_check_authkeys_file() of auth2-pubkeyfile.c
 * reads it.
 *
 * Every line sshd does not skip as empty or as a comment is an entry: a key with its options, or a
 * line sshd can make nothing of, with the reason. Nothing is left out because its type is unknown.
 * A NUL byte ends the line for sshd, and so it does here. */

#include <stdbool.h>
#include <stddef.h>

#include "keys/options.h"
#include "keys/pubkey.h"
#include "keys/release.h"

struct authorized_key {
        unsigned line;              /* from 1 */
        size_t offset, n;           /* the whole line in the file, its newline included */
        enum key_problem problem;   /* KEY_OK: sshd understands the line */
        char *reason;               /* of a bad line, one clause; else NULL */
        char *word;                 /* of a bad line: the word taken for a key type; else NULL */
        struct public_key key;      /* `type` is NULL if no key could be read; may be there on
                                       KEY_BAD_OPTIONS */
        char *comment;              /* "" if there is none; no line end */
        struct key_options options; /* of a good line */
};

struct authorized_keys {
        struct authorized_key *items; /* in the order of the file, which is sshd's */
        size_t n_items;
};

/* ENVIRONMENT may be NULL. Returns 0 or -ENOMEM: there is no file that cannot be read. */
int authorized_keys_parse(const char *bytes, size_t n, const struct keys_release *release,
                          const struct keys_environment *environment, struct authorized_keys *ret);

/* True if whoever holds the private key (or a certificate of it, where the entry is a
 * cert-authority: one that names the user or a listed principal) gets past this line. Otherwise
 * *reterr_reason is a static clause. sshd takes the first line that accepts; one that refuses does
 * not keep a later one from accepting. */
bool authorized_key_would_accept(const struct authorized_key *entry,
                                 const struct keys_release *release,
                                 const struct keys_environment *environment,
                                 const struct key_connection *connection,
                                 const char **reterr_reason);

/* Appends `BITS SHA256:… COMMENT (TYPE)`, ssh-keygen -l's form, of an entry that has a key. The
 * comment is escaped (base/escape); "no comment" if it is empty or starts with a #. Returns 0 or
 * -ENOMEM. */
int authorized_key_format(const struct authorized_key *entry, struct text *text);

void authorized_keys_done(struct authorized_keys *keys);
