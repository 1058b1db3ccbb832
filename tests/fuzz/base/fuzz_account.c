/* SPDX-License-Identifier: GPL-3.0-or-later */
/* passwd(5) and group(5): the input is both, apart by a NUL. Every account is found by its name. */

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/account.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        const char *passwd = (const char *)data;
        const char *end = size ? memchr(data, '\0', size) : NULL;
        size_t n_passwd = end ? (size_t)(end - passwd) : size;
        struct accounts accounts = { 0 };

        if (accounts_parse(passwd, n_passwd, end ? end + 1 : NULL, end ? size - n_passwd - 1 : 0,
                           &accounts) == 0)
                for (size_t i = 0; i < accounts.n_items; i++)
                        assert(accounts_find(&accounts, accounts.items[i].name) ==
                               &accounts.items[i]);
        accounts_done(&accounts);
        return 0;
}
