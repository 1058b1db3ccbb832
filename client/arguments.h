/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The command line: one table of options, of which each command takes some. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text;

enum argument_option { /* bits: what a command takes */
                       OPTION_SINCE = 1 << 0,
                       OPTION_PATH = 1 << 1,
                       OPTION_RULE = 1 << 2,
                       OPTION_SEVERITY = 1 << 3,
                       OPTION_LIMIT = 1 << 4,
                       OPTION_SHA256 = 1 << 5,
                       OPTION_YES = 1 << 6,
                       OPTION_REASON = 1 << 7,
                       OPTION_EXCEPTION = 1 << 8,
                       OPTION_FOR = 1 << 9,
                       OPTION_USES = 1 << 10,
                       OPTION_REVOKE = 1 << 11,
                       OPTION_FROM = 1 << 12,
                       OPTION_USER = 1 << 13,
                       OPTION_ALL = 1 << 14,
                       OPTION_CONFIRM = 1 << 15,
                       OPTION_UNDO = 1 << 16,
                       OPTION_UNTIL = 1 << 17,
};

struct arguments {
        bool help, version, json, quiet, no_pager; /* for every command */
        const char *socket_path;

        const char *since, *until, *path, *rule, *severity, *limit, *user;
        const char *sha256, *reason, *exception, *span, *uses, *revoke, *from, *confirm;
        bool yes, all, undo;
        unsigned given; /* enum argument_option */

        const char *command; /* NULL: none */
        char **operands;
        size_t n_operands;
};

/* Returns 0, or -EINVAL after it said on standard error what is wrong. */
int arguments_parse(int argc, char **argv, struct arguments *ret);

/* The name of an option, for messages: "--since". */
const char *arguments_option_name(enum argument_option option);

/* Appends the help lines of the options in MASK, or of the common ones with MASK 0. */
void arguments_append_help(struct text *text, unsigned mask);
