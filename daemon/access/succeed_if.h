/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* pam_succeed_if. */

#include <stddef.h>

#include "base/account.h"

enum succeed_if { SUCCEED_IF_FALSE, SUCCEED_IF_TRUE, SUCCEED_IF_UNKNOWN };

/* What the module's arguments say of an account that asks for SERVICE. */
enum succeed_if succeed_if_judge(const struct account *account, const char *service,
                                 char *const *args, size_t n_args);
