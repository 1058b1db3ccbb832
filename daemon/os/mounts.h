/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Where something is mounted inside the root, from /proc/self/mountinfo alone: nothing is touched,
 * for a stopped server blocks even stat(2). */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "os/root.h"

struct mount {
        char *path;        /* inside the root */
        uint64_t identity; /* of its line: another mount has another one */
        size_t order;      /* of mounting */
        bool is_silent;    /* its changes by others send no events, and it may block */
};

struct mounts {
        int fd;              /* of mountinfo: readable with EPOLLPRI when it changed; -1 */
        struct mount *items; /* sorted by path, then by order */
        size_t n_items;
        size_t n_silent;
};

/* Return 0 or a negative errno. */
int mounts_open(const struct os_root *root, struct mounts *ret);
void mounts_done(struct mounts *mounts);

/* Has it changed since it was read? */
bool mounts_have_changed(const struct mounts *mounts);
/* Reads it anew; ON_DIFFERENCE gets every path where something was mounted or unmounted. */
int mounts_reload(const struct os_root *root, struct mounts *mounts,
                  void (*on_difference)(void *userdata, const char *path), void *userdata);

/* Is PATH a mount point? */
bool mounts_has(const struct mounts *mounts, const char *path);
/* Is PATH a mount point whose topmost file system is silent? */
bool mounts_is_silent(const struct mounts *mounts, const char *path);

/* For tests: parses the text of mountinfo(5). Returns 0 or -ENOMEM. */
int mounts_parse(const char *text, const char *root_path, struct mounts *ret);
