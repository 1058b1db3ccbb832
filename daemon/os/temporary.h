/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The good version under a temporary name, complete and on disk before it is put in force. */

#include <stdbool.h>
#include <sys/stat.h>

#include "os/replace.h"
#include "os/standby.h"

struct temporary {
        char name[48];    /* "" if there is none */
        int fd;           /* O_PATH for a link or directory; -1 */
        struct stat made; /* which inode it is */
};

/* A fresh name; nothing is created. Returns 0 or a negative errno. */
int temporary_name(struct temporary *temporary);

/* Creates VERSION in DIRECTORY with the rights of AS, then owner, labels and mode with ours, and
 * syncs it. Returns 0 or a negative errno, nothing being left behind then. */
int temporary_create(int directory, const struct replace_version *version,
                     const struct credentials *as, struct temporary *temporary);

/* Gives what stands by a temporary name in DIRECTORY, with our own rights, and takes it over.
 * Returns 0 or a negative errno (-EXDEV, -ESTALE: it was touched), nothing having changed then. */
int temporary_link(int directory, struct standby *standby, struct temporary *temporary);

/* Unlinks it if there still is one. */
void temporary_remove(int directory, const struct credentials *as, struct temporary *temporary);

/* Is what NAME names the inode that was created? */
bool temporary_is_at(int directory, const struct temporary *temporary, const char *name);

/* Content, owner, labels and mode of VERSION on the empty object FD, synced. Returns 0 or a
 * negative errno. */
int temporary_fill(int fd, const struct replace_version *version);

/* Writes all of it, retrying what was interrupted or short; syncs. Return 0 or a negative errno. */
int temporary_write(int fd, const char *data, size_t n);
int temporary_sync(int fd);
