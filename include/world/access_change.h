/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What a change gave to whom: who gets in otherwise, in the words of `sshguardctl access`. */

#include <stdbool.h>

#include "world/view.h"
#include "world/world.h"

struct access_change {
        char *text; /* "bob gains password from anywhere; root loses key SHA256:…"; NULL: nothing */
        bool gives; /* somebody gets in who did not, or with less, or for more */
        bool takes;
};
void access_change_done(struct access_change *change);

/* What it means that PATH is in AFTER what it is, and not what it is in BEFORE; both are the
 * world's view or lie over it. Of files that decide about everybody so many accounts are looked at,
 * and the text says where there are more. Nothing where PATH decides about no login, or where sshd
 * takes one of the two configurations not. Returns 0 or a negative errno. */
int access_change_find(struct world *world, struct view *before, struct view *after,
                       const char *path, struct access_change *ret);

/* The same of an unapproved version: against the approved one, what PATH is now, or was as BAD
 * (which may be NULL) has it. */
int access_change_of(struct world *world, const char *path, const struct snapshot *bad,
                     struct access_change *ret);
