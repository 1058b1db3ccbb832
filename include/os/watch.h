/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* inotify as "look again at this path", nothing more.
 *
 * For each wanted path the watcher keeps a watch on every directory from the root to it (so that a
 * renamed or re-created directory is noticed), on the directory it really lives in when links are
 * followed, and on the file's own inode (hard links, ATTRIB). Any event in the directory of a
 * wanted path dirties all wanted paths of that directory, because names in events cannot be trusted
 * (O_TMPFILE, exchange). After adding a watch the path is dirtied once, so nothing between "look"
 * and "watch" is lost. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "os/root.h"

struct watch;

enum watch_coverage {
        WATCH_NONE = 0,
        WATCH_DIRECTORY = 1 << 0, /* its directory and every one above is watched */
        WATCH_INODE = 1 << 1,     /* its own inode is watched */
        WATCH_LIMITED = 1 << 2,   /* max_user_watches was reached: must be polled */
        WATCH_NO_EVENTS =
                1 << 3, /* on a file system that sends none (FUSE, NFS …): must be polled */
};

struct watch_events {
        void *userdata;
        /* Look again at this wanted path. IS_BEING_WRITTEN: all that was seen of it is IN_MODIFY,
         * so a writer may be in the middle of it; the caller settles for a bounded time. */
        void (*on_dirty)(void *userdata, const char *path, bool is_being_written);
        void (*on_overflow)(void *userdata); /* events were lost: look at everything */
};

/* Returns 0 or a negative errno (-EMFILE: max_user_instances). */
int watch_new(const struct os_root *root, const struct watch_events *events, struct watch **ret);
void watch_free(struct watch *watch);

/* The inotify descriptor, for sd-event; when readable call watch_dispatch(). */
int watch_fd(const struct watch *watch);

/* Reads what is there (bounded per call) and calls on_dirty for what it means. Returns 0 or a
 * negative errno. */
int watch_dispatch(struct watch *watch);

/* Adds a wanted path (file, directory, or one that does not exist yet). Adding twice is harmless.
 */
int watch_add(struct watch *watch, const char *path);
void watch_remove(struct watch *watch, const char *path);

/* Re-resolves the watches of a path after it was looked at: the inode behind it may be another now.
 */
int watch_refresh(struct watch *watch, const char *path);

unsigned watch_coverage(const struct watch *watch, const char *path);
size_t watch_n_watches(const struct watch *watch);
