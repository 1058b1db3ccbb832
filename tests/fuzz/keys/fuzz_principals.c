/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Principals files: a line is either understood or has its reason. */

#include <assert.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "keys/principals.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const struct keys_release release = { 902, true };
        CLEANUP(authorized_principals_done) struct authorized_principals principals = { 0 };
        unsigned line = 0;

        if (authorized_principals_parse((const char *)data, size, &release, NULL, &principals) < 0)
                return 0;
        for (size_t i = 0; i < principals.n_items; i++) {
                assert(principals.items[i].line > line);
                assert(principals.items[i].name);
                line = principals.items[i].line;
        }
        return 0;
}
