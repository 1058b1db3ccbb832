/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What another configuration changes: every setting whose value differs for some connection. */

#include <stdbool.h>
#include <stddef.h>

#include "base/account.h"
#include "sshd/config.h"

enum {
        SSHD_CHANGES_MAX = 200, /* more than a person reads before he says yes */
};

struct sshd_change {
        char *setting;        /* as the manual page spells it */
        char *before, *after; /* as `sshd -T` prints it, elements of a list in one line; "" unset */
        char *connection; /* one for which it is so, as -C takes it; NULL: for every connection */
};

struct sshd_changes {
        struct sshd_change *items; /* in the order of `sshd -T`; of a keyword each pair once */
        size_t n_items;
        bool complete; /* false: there are more, or there may be */
};

/* What AFTER makes different from BEFORE. Both must be configurations that sshd accepts. Returns 0
 * or -ENOMEM. */
int sshd_changes_find(const struct sshd_config *before, const struct sshd_config *after,
                      const struct accounts *accounts, struct sshd_changes *ret);
void sshd_changes_done(struct sshd_changes *changes);
