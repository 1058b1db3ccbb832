/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The keyword table: one row per keyword of OpenSSH 8.4 to 10.6 and of Debian's patches. */

#include <stdbool.h>
#include <stddef.h>

#include "sshd/release.h"

/* How policy compares a keyword's values. */
enum sshd_value_kind {
        SSHD_VALUE_WORD,    /* yes/no families and other words: compared as canonical text */
        SSHD_VALUE_NUMBER,  /* integers, times in seconds, sizes in bytes, octal masks */
        SSHD_VALUE_TUPLE,   /* several numbers in one value: MaxStartups, RekeyLimit */
        SSHD_VALUE_TEXT,    /* paths, commands, free text */
        SSHD_VALUE_LIST,    /* ordered or unordered words */
        SSHD_VALUE_METHODS, /* AuthenticationMethods: alternatives of comma-separated methods */
        N_SSHD_VALUE_KINDS
};

enum sshd_keyword_status {
        SSHD_KEYWORD_UNKNOWN,    /* of no release */
        SSHD_KEYWORD_ELSEWHERE,  /* of another release than this */
        SSHD_KEYWORD_DEPRECATED, /* read and ignored by this release */
        SSHD_KEYWORD_KNOWN,
};

/* NAME in any case, aliases too. *ret_canonical (if not NULL) is the lower-case name `sshd -T`
 * prints. */
enum sshd_keyword_status sshd_keyword_lookup(const char *name, const struct sshd_release *release,
                                             const char **ret_canonical,
                                             enum sshd_value_kind *ret_kind);

/* The name in the CamelCase of the manual page, for messages. */
const char *sshd_keyword_display_name(const char *canonical);

/* The nearest keyword of any release, for "did you mean"; NULL if none is near. */
const char *sshd_keyword_nearest(const char *name);

/* Canonicalises one policy-side value as this keyword's grammar reads it ("2m" → "120", "YES" →
 * "yes", "prohibit-password" → what `sshd -T` prints). Returns 0 with *ret on the heap, -ENOMEM, or
 * -EINVAL with *reterr_message: what values it takes. */
int sshd_keyword_canonical_value(const char *keyword, const char *value,
                                 const struct sshd_release *release, char **ret,
                                 char **reterr_message);

/* The same for a keyword that takes a list: VALUE is one or more elements as a line would have
 * them, or one that holds blanks without the quotes a line would need; *ret_values the elements as
 * sshd_setting.values has them ("aes128-ctr,aes256-ctr" → two). Relative lists ("+name") are taken
 * from the defaults. */
int sshd_keyword_canonical_list(const char *keyword, const char *value,
                                const struct sshd_release *release, char ***ret_values,
                                size_t *ret_n_values, char **reterr_message);

/* What the keyword is where no line sets it, as sshd_setting.values has it. Returns 0, -ENOMEM, or
 * -EINVAL if the release has no such keyword. */
int sshd_keyword_default(const char *keyword, const struct sshd_release *release,
                         char ***ret_values, size_t *ret_n_values);

/* A scalar as a number for at_most/at_least: -EINVAL if the value is none. `none` and `unlimited`
 * meanings of a keyword are *ret_unlimited = true; 0 is also unlimited where sshd says so
 * (LoginGraceTime, ClientAliveInterval …). */
int sshd_keyword_number(const char *keyword, const char *canonical_value, long long *ret,
                        bool *ret_unlimited);
