/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The world as the pam room asks for it: the files of a tree, and which libpam is installed there.
 */

#include "os/root.h"
#include "pam/stack.h"

struct pam_world {
        struct os_root root;    /* the tree that is guarded */
        struct os_root machine; /* "/", for a directory that stands for /etc/pam.d */
        char *pam_dir;          /* its absolute path on the machine, or NULL */
};

/* ROOT_PATH: the tree, NULL for the machine. PAM_DIR stands for /etc/pam.d wherever libpam would
 * read from there, or NULL. Returns 0 or a negative errno; -ENOTDIR if PAM_DIR is none. */
int pam_world_open(const char *root_path, const char *pam_dir, struct pam_world *ret);
void pam_world_close(struct pam_world *world);

/* Files and directories of the world; modules are looked for unless a PAM_DIR is given, for that
 * may belong to any machine. WORLD must outlive the environment. */
struct pam_environment pam_world_environment(struct pam_world *world);

/* What the release is told by. */
enum { PAM_WORLD_RELEASE_FILES = 5 };
extern const char *const pam_world_release_files[PAM_WORLD_RELEASE_FILES];

/* The release of the libpam of the tree: the version of Debian's package, else what the library's
 * own messages tell. -ENOENT if neither is there. */
int pam_world_release(const struct pam_world *world, struct pam_release *ret);
