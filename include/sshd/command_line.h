/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* sshd's own options, as far as they are part of its configuration: what -o, -p, -h and the others
 * set beats every file. */

#include <stdbool.h>
#include <stddef.h>

/* One override as struct sshd_source takes it, and the word of the command line it came from. */
struct sshd_option {
        char *text;  /* "PermitRootLogin=yes", "-p2222" */
        size_t word; /* index in argv */
};

struct sshd_command_line {
        struct sshd_option *options; /* in the order in which sshd must be given them */
        size_t n_options;
        char *config_path;  /* -f; NULL: the default, "none": no file at all */
        size_t config_word; /* where it was said */
        bool is_inetd;      /* -i: one connection, read anew for each */
        bool is_debug;      /* -d: one connection, then it ends */
        bool is_test;       /* -t, -T, -G, -V: it serves nobody */
        char *problem;      /* why sshd would not start with it; NULL: it would */
        size_t problem_word;
};

/* Reads ARGV as sshd's getopt does: ARGV[0] is the program's name, options end at the first word
 * that is none. Returns 0 or -ENOMEM. */
int sshd_command_line_parse(const char *const *argv, size_t n_argv, struct sshd_command_line *ret);
void sshd_command_line_done(struct sshd_command_line *line);
