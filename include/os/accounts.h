/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Every account of the machine: NSS in a child with a deadline for the real root, DIR/etc/passwd
 * and DIR/etc/group for --root. */

#include <systemd/sd-event.h>

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

/* The same without waiting. ON_DONE is called once from the event loop, unless the query is
 * cancelled before; what ACCOUNTS holds by its return is freed, so it may be taken over. EXTRA is
 * needed until os_accounts_query() returns. */
struct accounts_query;
struct accounts_request {
        const struct os_root *root;
        const char *const *extra;
        size_t n_extra;
        void (*on_done)(void *userdata, int error, struct accounts *accounts);
        void *userdata;
};
int os_accounts_query(sd_event *event, const struct accounts_request *request,
                      struct accounts_query **ret);
void os_accounts_query_cancel(struct accounts_query *query);
