/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A principals file (AuthorizedPrincipalsFile), as auth_process_principals() of auth2-pubkeyfile.c
 * reads it: `[OPTIONS] PRINCIPAL`, the options before the last blank, everything after a `#`
 * anywhere cut off. */

#include <stddef.h>

#include "keys/options.h"
#include "keys/release.h"

struct authorized_principal {
        unsigned line;       /* from 1 */
        const char *problem; /* static; NULL: sshd understands the line */
        char *name;          /* compared with the certificate's principals byte by byte */
        struct key_options options;
};

struct authorized_principals {
        struct authorized_principal *items;
        size_t n_items;
};

/* Returns 0 or -ENOMEM. */
int authorized_principals_parse(const char *bytes, size_t n, const struct keys_release *release,
                                const struct keys_environment *environment,
                                struct authorized_principals *ret);

void authorized_principals_done(struct authorized_principals *principals);
