/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What paths are: on disk, or in a candidate tree laid over that.
 *
 * A view remembers each look, so judging many rules reads a file once; a dirty path is forgotten
 * and looked at again. A candidate view answers for the paths put into it and asks its base for all
 * others, which is how "what would hold if this file were back?" is answered without touching the
 * disk. */

#include <stdbool.h>
#include <stddef.h>

#include "base/metadata.h"
#include "os/root.h"
#include "os/snapshot.h"
#include "sshd/config.h"

enum {
        VIEW_LINKS_MAX = 40, /* the kernel's own limit, MAXSYMLINKS */
};

struct view;

/* Who looks at the disk for a view. READ is as looker_take() with the rights that OWNED asks for,
 * or, where that is NULL, PATH; FLAGS has SNAPSHOT_NOFOLLOW. IS_OWNED tells whether a user decides
 * what is at PATH: what a link there leads to is looked at with that user's rights. */
struct view_reader {
        void *userdata;
        int (*read)(void *userdata, const char *path, const char *owned, unsigned flags,
                    struct snapshot *ret);
        bool (*is_owned)(void *userdata, const char *path);
        /* as looker_glob(); NULL: snapshot_glob() */
        int (*glob)(void *userdata, const char *pattern, char ***ret_paths, size_t *ret_n);
};

/* A view of the disk. ROOT is borrowed. Returns 0 or -ENOMEM. */
int view_new(const struct os_root *root, struct view **ret);
/* Another reader than snapshot_take() with our own rights. */
void view_set_reader(struct view *view, const struct view_reader *reader);
/* A candidate over BASE, which must outlive it. Returns 0 or -ENOMEM. */
int view_new_over(struct view *base, struct view **ret);
void view_free(struct view *view);

/* What PATH is, its last component not followed. FLAGS as snapshot_take() (SNAPSHOT_SECRET sticks
 * to a path once given). The snapshot stays the view's until the path is forgotten or put. Returns
 * 0 or -ENOMEM. */
int view_look(struct view *view, const char *path, unsigned flags, const struct snapshot **ret);

/* The same behind links: *ret_path (may be NULL; on the heap) is where the link leads. A link that
 * leads nowhere gives its own snapshot (FILE_SYMLINK). */
int view_follow(struct view *view, const char *path, unsigned flags, char **ret_path,
                const struct snapshot **ret);

/* Where a link at PATH with the text TARGET leads, absolute, "." and ".." resolved in text; on the
 * heap. NULL: out of memory. */
char *view_link_destination(const char *path, const char *target);

/* What was seen of PATH at the last look; NULL: none is remembered. */
const struct snapshot *view_known(const struct view *view, const char *path);

void view_forget(struct view *view, const char *path);
void view_forget_all(struct view *view);

/* Forgets every path that IS_KEPT denies. What it said is remembered for as long as ASKED (not 0)
 * is the same. Returns 0 or -ENOMEM. */
int view_forget_others(struct view *view, bool (*is_kept)(void *userdata, const char *path),
                       void *userdata, uint64_t asked);

/* Makes PATH be this version in a candidate view. DATA is copied. Returns 0 or -ENOMEM. */
int view_put(struct view *view, const char *path, const struct file_metadata *metadata,
             const char *data, size_t n_data);

/* True if a path that IS_CONCERNED accepts was put into this candidate view. */
bool view_has_put(const struct view *view, bool (*is_concerned)(void *userdata, const char *path),
                  void *userdata);

/* True if PATH itself was put into this candidate view. */
bool view_is_put(const struct view *view, const char *path);

/* glob(3) of the tree as the view has it, byte order. */
int view_glob(struct view *view, const char *pattern, char ***ret_paths, size_t *ret_n);

/* Whether a path would match a pattern, component by component, as glob(3) does. */
bool view_glob_matches(const char *pattern, const char *path);

/* How the sshd room sees this view; names and addresses are asked of the system. */
void view_sshd_environment(struct view *view, struct sshd_environment *ret);
