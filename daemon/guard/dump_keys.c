/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "guard/invocation.h"

int guard_dump_keys(const struct invocation *invocation) {
        (void)invocation;
        return EXIT_CANNOT_TELL;
}
