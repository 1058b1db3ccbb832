/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A tree, as it is or as a candidate view has it, the way the access room asks for it: accounts,
 * shadow, PAM services, and files with the rights sshd reads them with. Whoever wants to know who
 * can log in (the faces, access rules, the lockout guard, what a change gave to whom) asks here. */

#include "access/machine.h"
#include "base/map.h"
#include "world/world.h"

struct access_tree {
        struct world *world;
        struct view *view;
        struct sshd_config *own_config; /* of a candidate that changes it */
        const struct sshd_config *config;
        struct map services; /* struct pam_service, of those the world has not loaded */
};

/* WORLD has its accounts and its configuration loaded; VIEW is its own or a candidate over that.
 * Both must outlive the tree. Where sshd refuses the present configuration, the last one it took is
 * what it serves. Returns 0, -EUCLEAN if there is no configuration sshd takes, or another negative
 * errno. */
int access_tree_open(struct world *world, struct view *view, struct access_tree *ret);
void access_tree_close(struct access_tree *tree);

/* TREE must outlive the machine. */
struct access_machine access_tree_machine(struct access_tree *tree);
