/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The smallest edit that gives a keyword a value, comments and layout kept. */

#include <stddef.h>

#include "sshd/config.h"
#include "sshd/effective.h"

struct sshd_edit {
        char *path; /* the file to replace */
        char *data; /* its new bytes */
        size_t n_data;
        unsigned line; /* the first line that differs, in the new file */
};

/* What a keyword has to have: values as a configuration file spells them. Borrowed. */
struct sshd_wanted {
        const char *const *values;
        size_t n_values;
};

/* Makes KEYWORD have what is WANTED for CONNECTION: the winning line is edited in place; an unset
 * keyword goes before the first Match of the main file. Without any value it is to be left at its
 * default, or a list is to be empty: the line that decides, or that adds to the list, is commented
 * out, and another one may decide then. One edit concerns one file only; repeat until nothing is
 * left. Returns 0; -ENOTSUP if no such edit exists (the value comes from the command line, or is
 * the default already); -ENOMEM. */
int sshd_edit_set(const struct sshd_config *config, const char *keyword,
                  const struct sshd_wanted *wanted, const struct sshd_connection *connection,
                  const struct accounts *accounts, struct sshd_edit *ret);
void sshd_edit_done(struct sshd_edit *edit);
