/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A private copy of a configuration for `sshd -t` and `sshd -T`: every file under PREFIX, its
 * Include arguments rewritten to the copies, line numbers and order kept. */

#include <stddef.h>

#include "sshd/config.h"

struct sshd_mirror_file {
        char *path; /* PREFIX + the file's path */
        char *data;
        size_t n_data;
};

struct sshd_mirror {
        struct sshd_mirror_file *files; /* the main file first; each file once */
        size_t n_files;
};

/* PREFIX is absolute, without glob characters, blanks or quotes. Returns 0 or -ENOMEM. */
int sshd_mirror_new(const struct sshd_config *config, const char *prefix, struct sshd_mirror *ret);
void sshd_mirror_done(struct sshd_mirror *mirror);
