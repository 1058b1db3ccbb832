/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The second layer, for what sends no event: stores through a held mapping, flags, mounts over a
 * path, file systems of other machines.
 *
 * Each turn compares every guarded path's metadata with the last look, and hashes a slice of the
 * contents; what differs is marked dirty. So is a directory in which new matches of a pattern may
 * be. The interval grows with the cost, so that the sweep stays
 * below its share of one core. */

#include <stddef.h>
#include <stdint.h>

#include "world/world.h"

enum {
        SWEEP_INTERVAL_US = 5 * 1000000, /* every guarded file each 5 s … */
        SWEEP_SHARE = 200,               /* … while that costs under 1/200 of a core */
        SWEEP_CONTENTS = 32,             /* contents hashed per turn */
        SWEEP_NAP_US = 8 * 1000000,      /* a turn that costs little needs no other wake-ups */
};

struct sweep {
        char *next_content;     /* where the slow turn goes on; NULL: at the beginning */
        struct map directories; /* path → what it was at the last turn */
};

/* One turn. Calls ON_DIFFERENT for each path that is not what it was. Returns 0 or -ENOMEM. */
int sweep_turn(struct sweep *sweep, struct world *world,
               void (*on_different)(void *userdata, const char *path), void *userdata);

/* How long to wait after a turn that took COST_US of CPU. */
uint64_t sweep_interval(uint64_t cost_us);

/* When to wake up while a turn is due in LEFT_US: then, or where that is long, once in a while
 * before. Who comes much too late to one of these was stopped meanwhile. */
uint64_t sweep_nap(uint64_t left_us);

void sweep_done(struct sweep *sweep);
