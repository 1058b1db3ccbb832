/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* expiry-time's dates, as parse_absolute_time() of misc.c reads them. */

#include <stdbool.h>
#include <stddef.h>

#include "keys/release.h"

/* YYYYMMDD[HHMM[SS]] with Z or UTC behind it from 9.1 on. False if sshd refuses it. *RET is sshd's
 * unsigned number, never 0. */
bool civil_time_parse(const char *text, const struct keys_release *release,
                      const struct keys_environment *environment, uint64_t *ret);

/* Writes YYYYMMDDHHMMSSZ, or the plain number where it lies beyond the year 9999. */
void civil_time_format(uint64_t seconds, char *ret, size_t n_ret);
