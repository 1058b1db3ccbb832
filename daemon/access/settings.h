/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* sshd's effective settings, as the questions of this room need them. */

#include <stdbool.h>
#include <stddef.h>

#include "sshd/effective.h"

/* The first value of a setting, DEFAULT if it has none or the release does not know it. */
const char *settings_get(const struct sshd_effective *effective, const char *keyword,
                         const char *otherwise);
bool settings_is_yes(const struct sshd_effective *effective, const char *keyword);
/* Set, and not to "none". */
bool settings_is_some(const struct sshd_effective *effective, const char *keyword);
/* True if the pattern list that the setting is has WORD; a keyword of another release allows all.
 */
bool settings_allow(const struct sshd_effective *effective, const char *keyword, const char *word);
/* The values of a list; *RET_N is 0 if there are none. */
char *const *settings_list(const struct sshd_effective *effective, const char *keyword,
                           size_t *ret_n);
