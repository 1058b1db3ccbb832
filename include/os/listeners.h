/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The programs that let people in over ssh, by what they say of themselves in their titles. */

#include <stddef.h>
#include <stdint.h>

struct listener {
        uint32_t pid;
        char *title; /* without what changes while it runs */
};

/* Those of this machine, not of its containers, in PROC ("/proc"). A server that hides its name is
 * not found. Returns 0 or a negative errno. */
int listeners_find(const char *proc, struct listener **ret, size_t *ret_n);
void listeners_free(struct listener *listeners, size_t n);
