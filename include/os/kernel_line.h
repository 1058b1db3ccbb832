/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The command line the kernel was started with: what somebody at the console can say before
 * anything of ours runs. */

#include <stdbool.h>

/* True if WORD stands in LINE by itself, as the kernel and systemd separate words. */
bool kernel_line_lists(const char *line, const char *word);

/* The same of the running kernel's line. Returns 0, or a negative errno. */
int kernel_line_ask(const char *word, bool *ret);
