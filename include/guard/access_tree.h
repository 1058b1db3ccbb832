/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A tree as the access room asks for it: accounts, shadow, PAM services, and files with the rights
 * sshd reads them with. */

#include "access/machine.h"
#include "base/map.h"
#include "guard/world.h"
#include "os/looker.h"

struct access_tree {
        struct world *world;
        struct looker *looker;
        struct shadows shadows;
        bool has_shadows;    /* false: /etc/shadow could not be read */
        struct map services; /* struct pam_service */
};

/* WORLD has its accounts and its configuration loaded, and must outlive the tree. Returns 0 or a
 * negative errno. */
int access_tree_open(struct world *world, struct access_tree *ret);
void access_tree_close(struct access_tree *tree);

/* TREE must outlive the machine. */
struct access_machine access_tree_machine(struct access_tree *tree);
