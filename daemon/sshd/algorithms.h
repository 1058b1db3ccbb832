/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Which algorithms a release has, which it offers by default, and what a list in a configuration
 * file makes of them. */

#include <stdbool.h>

#include "sshd/release.h"

enum algorithm_kind {
        ALGORITHM_CIPHER,
        ALGORITHM_MAC,
        ALGORITHM_KEX,
        ALGORITHM_KEY, /* of hosts and users */
        ALGORITHM_CA,  /* signatures on certificates */
        N_ALGORITHM_KINDS
};

/* The lists, comma separated. All of them stands in the order in which the release knows them;
 * patterns pick from it. */
const char *algorithms_initial(enum algorithm_kind kind, const struct sshd_release *release);
const char *algorithms_all(enum algorithm_kind kind, const struct sshd_release *release);

/* Would the release accept this list (without its `+` or `^`)? Returns 0, -ENOMEM, or -EINVAL with
 * *ret_unknown (if not NULL) set to the first name it does not know, a part of LIST. */
int algorithms_check(enum algorithm_kind kind, const char *list, const struct sshd_release *release,
                     const char **ret_unknown);

/* kex_assemble_names(): `+`, `-`, `^` and patterns applied. Returns 0 with *ret on the heap,
 * -ENOMEM, or -EINVAL where sshd says "invalid argument". NULL or "" give the default. */
int algorithms_assemble(enum algorithm_kind kind, const char *list,
                        const struct sshd_release *release, char **ret);

/* kex_gss_names_valid() of Debian's patch: the first name that is none, or NULL. */
const char *algorithms_unknown_gss(const char *list);
/* Is NAME one of the GSSAPI key exchanges of Debian's build? */
bool algorithms_is_gss(const char *name, unsigned n);
extern const char algorithms_initial_gss[];
