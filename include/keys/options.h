/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The options in front of a key (sshd(8), AUTHORIZED_KEYS FILE FORMAT) and in principals files, as
 * sshauthopt_parse() of auth-options.c reads them.
 *
 * They are processed from left to right and the last word wins: `restrict,pty` gives a pty,
 * `pty,restrict` does not. Any option sshd does not know makes the whole line worthless. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "keys/release.h"

enum { KEY_TUNNEL_NONE = -1, KEY_TUNNEL_ANY = 0x7fffffff };

struct key_options {
        bool is_restricted;  /* the word `restrict` was there */
        bool cert_authority; /* the key signs certificates, and opens nothing by itself */
        bool permits_port_forwarding, permits_agent_forwarding, permits_x11_forwarding;
        bool permits_pty, permits_user_rc;
        bool requires_touch;  /* of security keys; true unless no-touch-required */
        bool requires_verify; /* PIN or the like; false unless verify-required */
        char *command;        /* forced command, may be ""; NULL: none */
        char *from;           /* pattern list; NULL: from anywhere */
        char *principals;     /* with cert-authority; NULL: the login name */
        bool has_expiry;
        uint64_t expires;   /* seconds since 1970, the last second the key is good; sshd's unsigned
                               number: a date before 1970 lies far in the future (10.4 and later) */
        char **environment; /* NAME=value */
        size_t n_environment;
        char **permit_open; /* as sshd keeps them: HOST:PORT */
        size_t n_permit_open;
        char **permit_listen; /* likewise; a bare port became *:PORT */
        size_t n_permit_listen;
        int tunnel; /* KEY_TUNNEL_NONE, KEY_TUNNEL_ANY or a device number */
};

/* Reads options up to the first blank outside quotes, or the end of TEXT. TEXT NULL: the defaults.
 * Returns 0; 1 if sshd refuses them, with *reterr_reason (static) set; or -ENOMEM. */
int key_options_parse(const char *text, const struct keys_release *release,
                      const struct keys_environment *environment, struct key_options *ret,
                      const char **reterr_reason);

/* Appends what the options mean, in a fixed order and sshd's spelling, so that two spellings of the
 * same restrictions give the same text; nothing for the defaults. Values are quoted and their
 * bytes left as they are: escape before showing. Returns 0 or -ENOMEM. */
int key_options_format(const struct key_options *options, struct text *text);

/* True if NAME holds of the options, in effect:
 *   restrict, command, from, environment, expiry-time, principals, permitopen, permitlisten,
 *   tunnel, cert-authority: it was given;
 *   pty, port-forwarding, agent-forwarding, x11-forwarding, user-rc: it is permitted in the end;
 *   verify-required, touch-required: it is required in the end;
 *   no- in front of the last two groups: it is not.
 * Names are not case-sensitive. NAME=GLOB asks besides for a value that matches (one of them, for
 * the options that may repeat). */
bool key_options_hold(const struct key_options *options, const char *name);

/* True if NAME (a =GLOB is not looked at) is one that key_options_hold() knows. */
bool key_option_is_known(const char *name);

/* The names key_options_hold() knows, without `no-`; NULL behind the last. */
const char *key_option_name(size_t i);

/* Where a connection comes from, as sshd sees it. */
struct key_connection {
        const char *user; /* the login name */
        const char *host; /* the client's name; its address unless UseDNS is on */
        const char *address;
        int64_t now; /* seconds since 1970 */
};

/* auth_authorise_keyopts() of auth2-pubkeyfile.c: expiry, `principals` without cert-authority,
 * `from`. NULL if they let the connection pass, else a static clause saying why not. */
const char *key_options_refuse(const struct key_options *options,
                               const struct keys_release *release,
                               const struct keys_environment *environment,
                               const struct key_connection *connection);

void key_options_done(struct key_options *options);
