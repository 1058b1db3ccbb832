/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Which releases of sshd and of libpam read what is guarded. Both can be replaced while the daemon
 * runs, and the same line may mean something else to the next release. */

#include <stdbool.h>
#include <stdint.h>

#include "world/pam_world.h"

struct world;

/* Of a file that tells a release: is it still the one that was asked? */
struct release_stamp {
        bool is_there;
        uint64_t dev, ino;
        int64_t ctime_ns;
};

/* The world's part of this; all zero before releases_init(). */
struct releases {
        char openssh[16]; /* "9.2" */
        bool is_given;    /* sshd's, by --openssh: no program is asked */
        struct release_stamp sshd, pam[PAM_WORLD_RELEASE_FILES];
        unsigned n_unanswered; /* how often in turn the sshd that is there could not be asked */
};

/* What became another release. */
enum { RELEASES_SSHD = 1 << 0, RELEASES_PAM = 1 << 1 };

/* Asks for both, of a world whose root is open; GIVEN (may be NULL) is what is to be taken for
 * sshd's. Returns 0 or -ENOMEM. */
int releases_init(struct world *world, const char *given);

/* Asks those of WHICH (RELEASES_ bits) again who were replaced since. An sshd that cannot be asked
 * (it waits for its libraries while it is upgraded) stays what it was, and is asked a few times
 * more. Returns the RELEASES_ bits of those that are another release now, or -ENOMEM. */
int releases_look(struct world *world, unsigned which);
