/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Numbers as sshd reads them: each function is one of OpenSSH's, per release where they differ. */

#include <stdbool.h>
#include <stdint.h>

#include "sshd/release.h"

/* strtonum(3): NULL and *ret set, or "invalid", "too small", "too large". Leading blanks and a plus
 * sign are read over. */
const char *number_parse(const char *text, long long minimum, long long maximum, long long *ret);

/* atoi_err() of misc.c: as above for 0..INT_MAX; "missing" for NULL and "". */
const char *number_parse_int(const char *text, long long *ret);

/* strtol(3): the number at the start of TEXT in this base (0: as C writes them), saturated at
 * LONG's limits; *ret_end is TEXT if there is none. */
long long number_parse_prefix(const char *text, int base, const char **ret_end);

/* convtime(): seconds, or false. */
bool number_parse_time(const char *text, const struct sshd_release *release, long long *ret);

/* convtime_double() of 10.3 and later, in millionths of a second. */
bool number_parse_fine_time(const char *text, long long *ret);

/* scan_scaled(3): NULL and *ret set, or strerror(3)'s words for what is wrong. */
const char *number_parse_scaled(const char *text, const struct sshd_release *release,
                                long long *ret);
