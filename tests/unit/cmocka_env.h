/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* <cmocka.h> needs these first, in this order; include sorting would break it. */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

/* Ends the test as skipped, and says why. */
#define SKIP(reason)                                                                               \
        do {                                                                                       \
                print_message("skipped: %s\n", reason);                                            \
                skip();                                                                            \
        } while (0)
