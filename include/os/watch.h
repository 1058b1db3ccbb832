/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* inotify as "look again at this path", nothing more.
 *
 * For each wanted path the watcher keeps a watch on every directory from the root to it (so that a
 * renamed or re-created directory is noticed), on the directory it really lives in when links are
 * followed, and on its own inode (hard links, ATTRIB). An event in the directory of a wanted file
 * dirties all wanted files of that directory, because names in events cannot be trusted
 * (O_TMPFILE, exchange). After adding a watch the path is dirtied once, so nothing between "look"
 * and "watch" is lost. What an event costs does not depend on the number of wanted paths.
 *
 * Whoever looks later than he is told says so: then a storm of events costs him nothing until he
 * has looked, for each path is told once and resolved once, when it is taken.
 *
 * Mounts and unmounts over a path send no inotify event; the mount table is watched beside. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "os/root.h"

struct watch;

enum watch_coverage {
        WATCH_NONE = 0,
        WATCH_DIRECTORY = 1 << 0, /* its directory and every one above is watched, or, where it is
                                     missing, the nearest one there is */
        WATCH_INODE = 1 << 1,     /* its own inode is watched */
        WATCH_LIMITED = 1 << 2,   /* max_user_watches was reached: must be polled */
        WATCH_NO_EVENTS = 1 << 3, /* on a file system that sends none (FUSE, NFS …) and may block:
                                     must be polled, from a child */
        WATCH_UNREACHABLE = 1 << 4, /* a component could not be opened (permissions, a loop) */
};

struct watch_events {
        void *userdata;
        /* Look again at this wanted path. IS_BEING_WRITTEN: all that was seen of it is IN_MODIFY or
         * IN_CREATE, so a writer may be in the middle of it; the caller settles for a bounded time.
         * Returns true if the look is to come, and watch_take() before it: until then nothing more
         * is told of the path, unless it is IS_BEING_WRITTEN. */
        bool (*on_dirty)(void *userdata, const char *path, bool is_being_written);
        /* N events of this dispatch were about what lies in PATH, a wanted directory; told before
         * on_dirty. It adds and removes nothing. May be NULL. */
        void (*on_events)(void *userdata, const char *path, unsigned n);
        void (*on_overflow)(void *userdata); /* events were lost: look at everything, and
                                                watch_refresh() each path */
};

/* Callbacks come from watch_dispatch(), watch_dispatch_mounts(), watch_add() and watch_refresh();
 * they may add and remove paths but not free the watch. Returns 0 or a negative errno (-EMFILE:
 * max_user_instances). */
int watch_new(const struct os_root *root, const struct watch_events *events, struct watch **ret);
void watch_free(struct watch *watch);

/* The inotify descriptor, for sd-event (EPOLLIN); when readable call watch_dispatch(). */
int watch_fd(const struct watch *watch);

/* Reads what is there (bounded per call) and calls on_dirty for what it means, once per path.
 * Returns 0 or a negative errno. */
int watch_dispatch(struct watch *watch);

/* The mount table, for sd-event (EPOLLPRI); when it has changed call watch_dispatch_mounts(), which
 * resolves paths below the mount points concerned anew and dirties them. */
int watch_mounts_fd(const struct watch *watch);
int watch_dispatch_mounts(struct watch *watch);

/* Adds a wanted path (file, directory, or one that does not exist yet). Adding twice is harmless.
 * Of a wanted directory also what happens in it dirties it. Returns 0 or -ENOMEM. */
int watch_add(struct watch *watch, const char *path);
void watch_remove(struct watch *watch, const char *path);

/* Before a path is looked at that on_dirty returned true for: resolves its watches, where what was
 * seen asks for it, and from now on tells of it again. Of any other path harmless. Returns 0 or
 * -ENOMEM. */
int watch_take(struct watch *watch, const char *path);

/* Re-resolves the watches of a path after it was looked at, if the inode behind it is another now
 * (then it is dirtied once more), or after an overflow. Returns 0 or -ENOMEM. */
int watch_refresh(struct watch *watch, const char *path);

/* Tries again to watch what WATCH_LIMITED leaves without a watch, until max_user_watches says no;
 * what has one by then is dirtied once more. Returns 0 or -ENOMEM. */
int watch_retry_limited(struct watch *watch);

unsigned watch_coverage(const struct watch *watch, const char *path);
/* How many wanted paths max_user_watches leaves without a watch of their own. */
size_t watch_n_limited(const struct watch *watch);
size_t watch_n_watches(const struct watch *watch);
