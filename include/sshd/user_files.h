/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Which files of an account sshd would read: AuthorizedKeysFile and AuthorizedPrincipalsFile of the
 * effective configuration, for every connection of that user that can differ, with their tokens
 * expanded as expand_authorized_keys() of auth.c does. */

#include <stdbool.h>
#include <stddef.h>

#include "base/account.h"
#include "sshd/config.h"

struct sshd_user_file {
        char *path;      /* absolute */
        bool is_pattern; /* sshd takes it for a glob(3) pattern (10.0 and later, of keys) */
};

struct sshd_user_files {
        struct sshd_user_file *items; /* in the order sshd tries them, each once */
        size_t n_items;
};

/* What the answers for all accounts have in common; made once for a configuration. */
struct sshd_user_keyword {
        const struct sshd_config *config;
        const char *keyword;
        bool is_conditional;
        bool has_globs;
        char **values; /* where it is not conditional */
        size_t n_values;
};

/* KEYWORD is authorizedkeysfile or authorizedprincipalsfile. CONFIG is borrowed. Returns 0,
 * -ENOMEM, or -EINVAL: sshd itself fails on it. */
int sshd_user_keyword_init(struct sshd_user_keyword *keyword, const struct sshd_config *config,
                           const char *name);
/* The same of one connection alone, whose VALUES these are. */
int sshd_user_keyword_init_values(struct sshd_user_keyword *keyword,
                                  const struct sshd_config *config, const char *name,
                                  char *const *values, size_t n_values);
void sshd_user_keyword_done(struct sshd_user_keyword *keyword);

/* Appends the files of ACCOUNT. Returns 0 or -ENOMEM. */
int sshd_user_files_add(const struct sshd_user_keyword *keyword, const struct account *account,
                        struct sshd_user_files *files);
void sshd_user_files_done(struct sshd_user_files *files);
