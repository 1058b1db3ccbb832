/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The sshd of a tree, and what it would ask the system while it reads its configuration. */

#include "os/root.h"
#include "sshd/config.h"
#include "sshd/release.h"

extern const char sshd_tree_program[]; /* where sshd is, in each tree */

/* Fills in the functions that ask the system: services, host names (in a child with a deadline: a
 * name server may never answer), interfaces. Contents and globs are left to the caller. */
void sshd_tree_system_names(struct sshd_environment *environment);

/* The release of the sshd installed in ROOT, of the host's where the tree has none. Returns 0, or
 * -ENOENT if there is none: then *ret is the newest release known. */
int sshd_tree_release(const struct os_root *root, struct sshd_release *ret);
