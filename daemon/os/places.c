/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Nodes and their watches.
 *
 * inotify_add_watch(2) gives the same descriptor for the same inode, whatever the name, and would
 * narrow its mask without IN_MASK_ADD. Descriptors are never given out twice (they count upwards),
 * so an event of one that was dropped finds nobody. The object itself is watched through
 * /proc/self/fd: between opening it and watching it nobody can put another one there. */

#include "places.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "base/array.h"
#include "base/text.h"
#include "fd.h"

#define CONTAINER(entry, type, member) ((type *)(void *)((char *)(entry)-offsetof(type, member)))

static struct node *node_new(struct node *parent, const char *name) {
        size_t n = strlen(name) + 1;
        struct node *node = calloc(1, sizeof *node + n);

        if (!node)
                return NULL;
        memcpy(node->name, name, n);
        node->parent = parent;
        node->wd = -1;
        return node;
}

static uint64_t hash_name(const struct node *parent, const char *name) {
        return table_hash(name, strlen(name), (uint64_t)(uintptr_t)parent);
}

static struct node **list_of(struct node *node) {
        return node->is_directory ? &node->parent->directories : &node->parent->others;
}

static void link_to_parent(struct node *node) {
        struct node **list = list_of(node);

        node->previous = NULL;
        node->next = *list;
        if (*list)
                (*list)->previous = node;
        *list = node;
}

static void unlink_from_parent(struct node *node) {
        if (node->previous)
                node->previous->next = node->next;
        else
                *list_of(node) = node->next;
        if (node->next)
                node->next->previous = node->previous;
}

int places_init(struct places *places, int inotify_fd) {
        *places = (struct places){ .inotify_fd = inotify_fd };
        places->root = node_new(NULL, "");
        if (!places->root)
                return -ENOMEM;
        places->root->is_directory = true;
        return 0;
}

static void node_free(struct node *node) {
        if (node)
                free(node->attached);
        free(node);
}

static void free_named(struct table_entry *entry) {
        node_free(CONTAINER(entry, struct node, by_name));
}

void places_done(struct places *places) {
        table_done(&places->by_wd, NULL);
        table_done(&places->by_name, free_named);
        node_free(places->root);
}

struct node *places_find(const struct places *places, const struct node *parent, const char *name) {
        struct table_entry *entry = table_first(&places->by_name, hash_name(parent, name));

        for (; entry; entry = table_next(entry)) {
                struct node *node = CONTAINER(entry, struct node, by_name);

                if (node->parent == parent && strcmp(node->name, name) == 0)
                        return node;
        }
        return NULL;
}

struct node *places_get(struct places *places, struct node *parent, const char *name) {
        struct node *node = places_find(places, parent, name);

        if (node)
                return node;
        node = node_new(parent, name);
        if (!node)
                return NULL;
        if (table_add(&places->by_name, &node->by_name, hash_name(parent, name)) < 0) {
                free(node);
                return NULL;
        }
        link_to_parent(node);
        return node;
}

void places_prune(struct places *places, struct node *node) {
        while (node && node->parent && !node->directories && !node->others &&
               node->n_attached == 0) {
                struct node *parent = node->parent;

                places_unwatch(places, node, false);
                unlink_from_parent(node);
                table_remove(&places->by_name, &node->by_name);
                node_free(node);
                node = parent;
        }
}

struct node *places_lookup(const struct places *places, const char *path) {
        struct node *node = places->root;

        while (node && *path != '\0') {
                size_t n = strcspn(path, "/");

                if (n > 0) {
                        char *name = strndup(path, n);

                        node = name ? places_find(places, node, name) : NULL;
                        free(name);
                }
                path += n + (path[n] == '/');
        }
        return node;
}

char *places_path(const struct node *node) {
        char *above, *path;

        if (!node->parent)
                return strdup("/");
        above = places_path(node->parent);
        if (!above)
                return NULL;
        path = text_format("%s/%s", node->parent->parent ? above : "", node->name);
        free(above);
        return path;
}

void places_set_directory(struct node *node, bool is_directory) {
        if (node->is_directory == is_directory || !node->parent)
                return;
        unlink_from_parent(node);
        node->is_directory = is_directory;
        link_to_parent(node);
}

struct node *places_first_of(const struct places *places, int wd) {
        struct table_entry *entry = table_first(&places->by_wd, (uint64_t)wd);

        return entry ? CONTAINER(entry, struct node, by_wd) : NULL;
}

struct node *places_next_of(const struct node *node) {
        struct table_entry *entry = table_next(&node->by_wd);

        return entry ? CONTAINER(entry, struct node, by_wd) : NULL;
}

void places_unwatch(struct places *places, struct node *node, bool is_gone) {
        int wd = node->wd;

        if (wd < 0)
                return;
        table_remove(&places->by_wd, &node->by_wd);
        node->wd = -1;
        node->mask = 0;
        if (places_first_of(places, wd))
                return;
        places->n_watches--;
        if (!is_gone)
                (void)inotify_rm_watch(places->inotify_fd, wd);
}

int places_watch(struct places *places, struct node *node, int fd, const struct stat *st,
                 uint32_t mask) {
        bool is_new;
        int wd;

        if (node->wd >= 0 && node->dev == st->st_dev && node->ino == st->st_ino &&
            (node->mask & mask) == mask)
                return 0;
        wd = inotify_add_watch(places->inotify_fd, fd_name(fd).path, mask | IN_MASK_ADD);
        if (wd < 0)
                return -errno;
        if (wd != node->wd) {
                is_new = !places_first_of(places, wd);
                places_unwatch(places, node, false);
                if (table_add(&places->by_wd, &node->by_wd, (uint64_t)wd) < 0) {
                        if (is_new)
                                (void)inotify_rm_watch(places->inotify_fd, wd);
                        return -ENOMEM;
                }
                places->n_watches += is_new;
                node->wd = wd;
        }
        node->mask |= mask;
        node->dev = st->st_dev;
        node->ino = st->st_ino;
        return 0;
}

int places_attach(struct node *node, struct wanted *wanted) {
        if (ARRAY_GROW(wanted->nodes, wanted->n_nodes) < 0 ||
            ARRAY_GROW(node->attached, node->n_attached) < 0)
                return -ENOMEM;
        wanted->nodes[wanted->n_nodes++] = node;
        node->attached[node->n_attached++] = wanted;
        return 0;
}

static void detach(struct node *node, const struct wanted *wanted) {
        for (size_t i = 0; i < node->n_attached; i++) {
                if (node->attached[i] != wanted)
                        continue;
                node->attached[i] = node->attached[node->n_attached - 1];
                node->n_attached--;
                if (node->n_attached == 0) {
                        free(node->attached);
                        node->attached = NULL;
                }
                return;
        }
}

void places_release(struct places *places, struct wanted *wanted, struct node **nodes, size_t n) {
        /* one after the other: what is still attached keeps its nodes from being pruned */
        for (size_t i = 0; i < n; i++) {
                detach(nodes[i], wanted);
                places_prune(places, nodes[i]);
        }
        free(nodes);
}
