/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A private copy of sshd's configuration, and the sshd that is to be asked about it: by `-t`
 * (verdict) or `-T` (cross-check), with the options its service gives it. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "sshd/mirror.h"
#include "world/world.h"

struct sshd_copy {
        char *chroot_path;        /* of a tree with its own sshd; NULL: the host's is asked */
        char *host_prefix;        /* the copies, as the host names them */
        const char *prefix;       /* the same as the asked sshd names them: inside host_prefix */
        const char *program_path; /* the place's, or the installed one */
        struct stat program;
        struct sshd_mirror mirror;
        const struct service_tree *service; /* with whose options sshd is asked */
        struct service_tree storage;
};

/* Where copies are made, and who reads them. */
struct sshd_copy_place {
        const char *scratch; /* a directory of our own on the host */
        const char *name;    /* in it, or below the tree's own /run if its sshd is asked */
        const char *program; /* NULL: the installed sshd; another one is never asked in a chroot */
};

/* The configuration as VIEW has it. Nothing is written yet. Returns 0; -ENOENT: there is no sshd to
 * be asked, or nothing to copy; or a negative errno. */
int sshd_copy_init(struct sshd_copy *copy, const struct world *world, struct view *view,
                   const struct sshd_copy_place *place);
/* Removes what was written, too. */
void sshd_copy_done(struct sshd_copy *copy);

int sshd_copy_write(const struct sshd_copy *copy);

/* Of the program, its options, and every file. Returns 0 or -ENOMEM. */
int sshd_copy_hash(const struct sshd_copy *copy, uint8_t ret[FILE_SHA256_SIZE]);

/* "sshd MODE -f COPY", the service's options, and `-C SPEC` unless that is NULL. The array is the
 * caller's, its strings are not. NULL: out of memory. */
const char **sshd_copy_argv(const struct sshd_copy *copy, const char *mode, const char *spec);

/* sshd's complaint without its line end, with the originals in place of the copies. NULL: out of
 * memory. */
char *sshd_copy_original(const struct sshd_copy *copy, const char *message);

/* True if what sshd complains of is not the configuration but what is around it: host keys, its
 * directory, its user. */
bool sshd_copy_blames_surroundings(const char *message);
