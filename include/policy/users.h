/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Whom a rule is about. */

#include <stdbool.h>

#include "base/account.h"

/* USERS: names and patterns with commas between them, "@group" for its members (patterns too), "!"
 * before what is not meant. */
bool policy_users_cover(const char *users, const struct account *account);
