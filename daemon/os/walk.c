/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From the root to a wanted path, as the kernel would go, with a watch on each directory before a
 * name is looked up in it: whatever happens to the name afterwards is an event, so there is no gap
 * between looking and watching, however often directories are moved and made meanwhile.
 *
 * Links are followed here, not by the kernel, because each directory on the way must be watched.
 * A mount point of a silent file system (FUSE, NFS …) ends the walk before it is touched: that
 * could block for ever. */

#include "walk.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "fd.h"
#include "os/watch.h"

enum {
        LINKS_MAX = 40,       /* MAXSYMLINKS of the kernel */
        COMPONENTS_MAX = 4096 /* of one walk, all links expanded */
};

/* Of a directory that only leads somewhere: names that come and go, and itself. */
static const uint32_t leading_mask =
        IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF;
/* Of a directory with wanted files, and of wanted inodes. Not IN_CLOSE_NOWRITE, IN_OPEN, IN_ACCESS:
 * our own reading. */
static const uint32_t full_mask = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO |
                                  IN_DELETE_SELF | IN_MOVE_SELF | IN_MODIFY | IN_ATTRIB |
                                  IN_CLOSE_WRITE;

struct walk {
        const struct os_root *root;
        const struct mounts *mounts;
        struct places *places;
        struct wanted *wanted;
        struct node *directory; /* where we are */
        int fd;                 /* of it, O_PATH */
        struct stat st;         /* of it */
        struct text rest;       /* components to come */
        size_t at;              /* in it */
        unsigned n_links, n_components;
        unsigned coverage;
};

static void walk_done(struct walk *walk) {
        fd_close(&walk->fd);
        text_done(&walk->rest);
}

/* Watches a node's object and books what that means. 0 or -ENOMEM. */
static int watch(struct walk *walk, struct node *node, int fd, const struct stat *st,
                 uint32_t mask) {
        int r = places_watch(walk->places, node, fd, st, mask);

        if (r == -ENOMEM)
                return r;
        if (r == -ENOSPC)
                walk->coverage |= WATCH_LIMITED;
        else if (r < 0)
                walk->coverage |= WATCH_UNREACHABLE;
        return 0;
}

/* Goes to a directory by its node: the root, or "..". */
static int enter(struct walk *walk, struct node *node) {
        CLEANUP_FREE char *path = places_path(node);
        int fd;

        if (!path)
                return -ENOMEM;
        fd = os_root_openat(walk->root, path, O_PATH | O_DIRECTORY, RESOLVE_NO_SYMLINKS);
        if (fd < 0)
                return fd;
        fd_close(&walk->fd);
        walk->fd = fd;
        walk->directory = node;
        if (fstat(fd, &walk->st) < 0)
                return -errno;
        return watch(walk, node, fd, &walk->st, leading_mask);
}

/* The next component; NULL at the end, -ENOMEM in *ret_error. `.` and empty ones are passed over.
 */
static char *next_component(struct walk *walk, bool *ret_is_last) {
        const char *rest = text_get(&walk->rest);

        for (;;) {
                size_t n;
                char *name;

                walk->at += strspn(rest + walk->at, "/");
                n = strcspn(rest + walk->at, "/");
                if (n == 0)
                        return NULL;
                name = strndup(rest + walk->at, n);
                walk->at += n;
                if (!name || strcmp(name, ".") != 0) {
                        *ret_is_last = rest[walk->at + strspn(rest + walk->at, "/")] == '\0';
                        return name;
                }
                free(name);
        }
}

/* Puts a link's target before what is still to come. */
static int expand_link(struct walk *walk, int fd) {
        struct text rest = { 0 };
        char target[PATH_MAX];
        ssize_t n;

        if (++walk->n_links > LINKS_MAX)
                return -ELOOP;
        n = readlinkat(fd, "", target, sizeof target - 1);
        if (n < 0)
                return -errno;
        target[n] = '\0';
        (void)text_append(&rest, target);
        (void)text_append_char(&rest, '/');
        (void)text_append(&rest, text_get(&walk->rest) + walk->at);
        if (text_error(&rest) < 0) {
                text_done(&rest);
                return -ENOMEM;
        }
        text_done(&walk->rest);
        walk->rest = rest;
        walk->at = 0;
        return target[0] == '/' ? enter(walk, walk->places->root) : 0;
}

static bool is_silent(const struct walk *walk, const struct node *node, int *ret_error) {
        CLEANUP_FREE char *path = NULL;

        if (walk->mounts->n_silent == 0)
                return false;
        path = places_path(node);
        *ret_error = path ? 0 : -ENOMEM;
        return path && mounts_is_silent(walk->mounts, path);
}

static int watch_wanted(struct walk *walk, struct node *node, int fd, const struct stat *st) {
        int r = watch(walk, node, fd, st, full_mask);

        if (r == 0 && (node->mask & full_mask) == full_mask)
                walk->coverage |= WATCH_INODE;
        return r;
}

/* The object that is wanted: its directory reports everything, and so does it. */
static int arrive(struct walk *walk, struct node *node, int fd, const struct stat *st) {
        int r;

        places_set_directory(node, S_ISDIR(st->st_mode));
        r = watch(walk, walk->directory, walk->fd, &walk->st, full_mask);
        return r < 0 ? r : watch_wanted(walk, node, fd, st);
}

/* What is under the name: 1 to go on, 0 when the walk has ended, or -ENOMEM. */
static int step_to(struct walk *walk, struct node *node, bool is_last) {
        CLEANUP_FD int fd = -1;
        struct stat st;
        int r;

        fd = openat(walk->fd, node->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &st) < 0) {
                places_unwatch(walk->places, node, false);
                if (errno != ENOENT && errno != ENOTDIR)
                        walk->coverage |= WATCH_UNREACHABLE;
                return places_attach(node, walk->wanted);
        }
        if (S_ISLNK(st.st_mode)) {
                places_set_directory(node, false);
                places_unwatch(walk->places, node, false);
                r = places_attach(node, walk->wanted);
                /* the link itself: a new one under its name must not go unseen */
                if (r == 0)
                        r = watch(walk, walk->directory, walk->fd, &walk->st, full_mask);
                if (r == 0)
                        r = expand_link(walk, fd);
                if (r == -ENOMEM)
                        return r;
                if (r < 0)
                        walk->coverage |= WATCH_UNREACHABLE;
                return r == 0;
        }
        if (is_last || !S_ISDIR(st.st_mode)) {
                r = places_attach(node, walk->wanted);
                return r < 0 ? r : arrive(walk, node, fd, &st);
        }
        places_set_directory(node, true);
        r = watch(walk, node, fd, &st, leading_mask);
        walk->directory = node;
        fd_close(&walk->fd);
        walk->fd = fd_take(&fd);
        walk->st = st;
        return r < 0 ? r : 1;
}

static int step(struct walk *walk) {
        CLEANUP_FREE char *name = NULL;
        struct node *node;
        bool is_last = false;
        int r = 0;

        name = next_component(walk, &is_last);
        if (!name) { /* the root itself, or a link that ended at a directory we are in */
                r = places_attach(walk->directory, walk->wanted);
                return r < 0 ? r : watch_wanted(walk, walk->directory, walk->fd, &walk->st);
        }
        if (++walk->n_components > COMPONENTS_MAX) {
                walk->coverage |= WATCH_UNREACHABLE;
                return places_attach(walk->directory, walk->wanted);
        }
        if (strcmp(name, "..") == 0) {
                r = enter(walk,
                          walk->directory->parent ? walk->directory->parent : walk->directory);
                if (r < 0 && r != -ENOMEM) {
                        walk->coverage |= WATCH_UNREACHABLE;
                        return places_attach(walk->directory, walk->wanted);
                }
                return r < 0 ? r : 1;
        }
        node = places_get(walk->places, walk->directory, name);
        if (!node)
                return -ENOMEM;
        if (is_silent(walk, node, &r)) {
                walk->coverage |= WATCH_NO_EVENTS;
                return places_attach(node, walk->wanted);
        }
        if (r == 0)
                r = step_to(walk, node, is_last);
        if (r < 0)
                places_prune(walk->places, node);
        return r;
}

/* 0 or -ENOMEM. */
static int walk_all(struct walk *walk) {
        int r;

        if (mounts_is_silent(walk->mounts, "/")) {
                walk->coverage |= WATCH_NO_EVENTS;
                return places_attach(walk->places->root, walk->wanted);
        }
        r = text_append(&walk->rest, walk->wanted->path);
        if (r == 0)
                r = enter(walk, walk->places->root);
        if (r < 0 && r != -ENOMEM) {
                walk->coverage |= WATCH_UNREACHABLE;
                return places_attach(walk->places->root, walk->wanted);
        }
        if (r == 0)
                do
                        r = step(walk);
                while (r > 0);
        return r;
}

int walk_wanted(const struct os_root *root, const struct mounts *mounts, struct places *places,
                struct wanted *wanted) {
        CLEANUP(walk_done)
        struct walk walk = {
                .root = root,
                .mounts = mounts,
                .places = places,
                .wanted = wanted,
                .fd = -1,
        };
        struct node **nodes = wanted->nodes;
        size_t n_nodes = wanted->n_nodes;
        int r;

        wanted->nodes = NULL;
        wanted->n_nodes = 0;
        r = walk_all(&walk);
        if (r < 0)
                walk.coverage |= WATCH_UNREACHABLE;
        if (!(walk.coverage & (WATCH_LIMITED | WATCH_UNREACHABLE | WATCH_NO_EVENTS)))
                walk.coverage |= WATCH_DIRECTORY;
        wanted->coverage = walk.coverage;
        places_release(places, wanted, nodes, n_nodes);
        return r;
}
