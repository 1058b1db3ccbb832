/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Every account of the machine: NSS in a child with a deadline for the real root, DIR/etc/passwd
 * and DIR/etc/group for --root. */

#include "base/account.h"
#include "os/root.h"

enum {
        ACCOUNTS_MAX = 200000,      /* a domain of that size is enumerated elsewhere */
        ACCOUNTS_TIMEOUT_MS = 5000, /* an unreachable directory server answers never */
};

/* Returns 0 with *ret set (`complete` false when NSS failed or timed out: then /etc/passwd alone
 * was read), or a negative errno. EXTRA: further names to look up. */
int os_accounts_load(const struct os_root *root, const char *const *extra, size_t n_extra,
                     struct accounts *ret);
