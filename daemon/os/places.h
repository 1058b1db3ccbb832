/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The part of the directory tree that wanted paths lead through.
 *
 * A node is one name in one real directory: a component of a wanted path, or of where a link on the
 * way leads. It may have a watch on the object of that name; two nodes may be one inode and then
 * share the watch descriptor. Wanted paths are attached where they end and at every link they pass,
 * so what a change of a node concerns is what is attached to it and below it. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "table.h"

/* What the caller knows of a path that he is going to look at. */
enum wanted_told { TOLD_NOTHING, TOLD_WRITTEN, TOLD_SETTLED };

struct wanted {
        struct table_entry by_path;
        char *path;
        struct node **nodes; /* attached to; the last one is where the path ends */
        size_t n_nodes;
        unsigned coverage;
        uint64_t epoch;                 /* resolved since the overflow of that number */
        struct wanted *previous, *next; /* in the queue */
        bool is_queued;
        bool needs_resolving;
        bool is_being_written; /* nothing but IN_MODIFY was seen */
        enum wanted_told told; /* since it was taken last */
};

struct node {
        struct table_entry by_name, by_wd;
        struct node *parent, *previous, *next; /* siblings of the same list */
        struct node *directories, *others;     /* children, by what they were seen to be */
        int wd;                                /* -1: none */
        uint32_t mask;
        bool is_directory;
        bool has_spread_settled; /* in that dispatch, by an event that is of no writer */
        uint64_t spread_in;      /* number of the dispatch in which an event dirtied all others */
        unsigned n_events;       /* of the dispatch that goes on, in a wanted directory */
        struct node *next_busy;  /* of those that had some */
        dev_t dev;               /* of the inode that is watched */
        ino_t ino;
        struct wanted **attached;
        size_t n_attached;
        char name[];
};

struct places {
        int inotify_fd;
        struct table by_name, by_wd;
        struct node *root;
        size_t n_watches; /* distinct descriptors */
};

/* Returns 0 or -ENOMEM. */
int places_init(struct places *places, int inotify_fd);
void places_done(struct places *places);

/* The child of that name; NULL if there is none. */
struct node *places_find(const struct places *places, const struct node *parent, const char *name);
/* The same, made if need be; NULL when memory ran out. */
struct node *places_get(struct places *places, struct node *parent, const char *name);
/* Removes the node and those above that nobody needs any more, with their watches. */
void places_prune(struct places *places, struct node *node);
/* The node of a real path, as far as there are nodes; NULL if not. */
struct node *places_lookup(const struct places *places, const char *path);
/* Its path on the heap; NULL when memory ran out. */
char *places_path(const struct node *node);

void places_set_directory(struct node *node, bool is_directory);

/* Watches the object behind FD (O_PATH), of which ST is known, with at least MASK as the node's.
 * Returns 0, -ENOSPC (the limit of watches) or another negative errno. */
int places_watch(struct places *places, struct node *node, int fd, const struct stat *st,
                 uint32_t mask);
/* Drops the node's watch, e.g. after IN_IGNORED (then the kernel has dropped it already). */
void places_unwatch(struct places *places, struct node *node, bool is_gone);
/* The first node of a descriptor, and the next. */
struct node *places_first_of(const struct places *places, int wd);
struct node *places_next_of(const struct node *node);

/* Returns 0 or -ENOMEM. */
int places_attach(struct node *node, struct wanted *wanted);
/* Detaches from each of the nodes, once, prunes them, and frees the array. */
void places_release(struct places *places, struct wanted *wanted, struct node **nodes, size_t n);
