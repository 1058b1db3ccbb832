/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The dirty set: paths to look at again, each once, with the time when its look is due.
 *
 * A path somebody may still be writing settles first; a writer that never ends is looked at all the
 * same once the limit is reached. What an event named goes before what a full pass goes through.
 * Times are microseconds of CLOCK_MONOTONIC, given by the caller. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/map.h"

enum {
        DIRTY_SETTLE_US = 100 * 1000,     /* a writer that lives goes on well within this */
        DIRTY_SETTLE_MAX_US = 500 * 1000, /* what an endless writer can win */
};

#define DIRTY_NEVER UINT64_MAX

struct dirty_set {
        struct map paths; /* path → struct dirty_path */
};

/* Marks PATH. IN_BACKGROUND: part of a full pass. Returns 0 or -ENOMEM. */
int dirty_mark(struct dirty_set *set, const char *path, bool is_being_written, bool in_background,
               uint64_t now_us);

/* Marks PATH to be looked at no earlier than DUE_US, unless it is due sooner already: for what
 * could not be done now. Returns 0 or -ENOMEM. */
int dirty_defer(struct dirty_set *set, const char *path, uint64_t due_us);

/* Takes up to MAX paths that are due, those named by events first. Returns 0 or -ENOMEM. */
int dirty_take(struct dirty_set *set, uint64_t now_us, size_t max, char ***ret_paths,
               size_t *ret_n);

/* When the next path is due; DIRTY_NEVER if none is there. */
uint64_t dirty_next(const struct dirty_set *set);

void dirty_done(struct dirty_set *set);
