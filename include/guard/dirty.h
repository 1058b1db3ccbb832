/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The dirty set: paths to look at again, each once, with the time when its look is due.
 *
 * A path somebody may still be writing settles first; a writer that never ends is looked at all the
 * same once the limit is reached. What an event named goes before what a full pass goes through,
 * but for one turn in DIRTY_PASS_TURN: a storm of events does not keep a pass from its end.
 * Times are microseconds of CLOCK_MONOTONIC, given by the caller. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/map.h"
#include "world/users.h"

enum {
        DIRTY_SETTLE_US = 100 * 1000,     /* a writer that lives goes on well within this */
        DIRTY_SETTLE_MAX_US = 500 * 1000, /* what an endless writer can win */
        DIRTY_PASS_TURN =
                4, /* one turn in so many is a full pass's, however many events there are */
};

/* What can be saved up: some looks at an account and answers to it. */
#define DIRTY_CREDIT_US 100000U

/* One owner's part of a processor in the long run, where his files never come to rest: 1 in so
 * many. A score of them leaves most of it to everybody else. */
#define DIRTY_SHARE 64U

#define DIRTY_NEVER UINT64_MAX

/* What an event counts for before its owner is looked at: more than reading it costs, for hundreds
 * of them tell a storm from somebody who changed a file. */
#define DIRTY_EVENT_US 20U

/* Who says "look again". A set of bits: several may have. */
enum dirty_source {
        DIRTY_BY_EVENT = 1 << 0, /* inotify, or an administrator's call: now */
        DIRTY_BY_MOUNT = 1 << 1, /* the table of mounts */
        DIRTY_BY_SWEEP = 1 << 2,
        DIRTY_BY_PASS = 1 << 3, /* a look at everything: it waits for what the others named */
        DIRTY_SOURCES = (1 << 4) - 1,
};

/* "event", "sweep, event" …; a literal. */
const char *dirty_sources_name(unsigned sources);

struct dirty_set {
        struct map paths; /* path → struct dirty_path */
        /* The credit of whom PATH belongs to, see dirty_charge(); NULL: nobody's, which goes before
         * all. A turn has the paths of one owner. */
        struct turn_credit *(*owner_of)(void *userdata, const char *path);
        void *userdata;
        uint64_t tag_now;  /* of who was served last, when his turn began */
        uint64_t tag_max;  /* the highest there is */
        uint64_t tag_idle; /* the highest there was when nobody waited */
        unsigned n_turns;
        uint64_t next_us; /* with paths: no path is due earlier */
};

/* Marks PATH; SOURCES are bits of enum dirty_source. Returns 0 or -ENOMEM. */
int dirty_mark(struct dirty_set *set, const char *path, unsigned sources, bool is_being_written,
               uint64_t now_us);

/* Marks PATH to be looked at no earlier than DUE_US, unless it is due sooner already: for what
 * could not be done now. Returns 0 or -ENOMEM. */
int dirty_defer(struct dirty_set *set, const char *path, unsigned sources, uint64_t due_us);

struct dirty_slice {
        char **paths;
        size_t n_paths;
        unsigned sources; /* of them all */
};
void dirty_slice_done(struct dirty_slice *slice);

/* Takes paths that are due: all of one owner, for that is looked at as a whole, or up to MAX of
 * nobody's. Returns 0 or -ENOMEM. */
int dirty_take(struct dirty_set *set, uint64_t now_us, size_t max, struct dirty_slice *ret);

/* Fair turns: what a turn cost is charged to the owner's tag (start-time fair queueing), and the
 * lowest tag is next. Who costs less than his share has saved some of it up, DIRTY_CREDIT_US at
 * most, and is next whenever he asks; and once nobody waits all are equal. */
void dirty_charge(struct dirty_set *set, struct turn_credit *owner, uint64_t cost_us);

/* The same of N events: who makes many is behind who made few, by DIRTY_CREDIT_US at most. */
void dirty_charge_events(struct dirty_set *set, struct turn_credit *owner, unsigned n);

/* Notes that a turn at NOW_US cost its owner so much: what is his waits until his share of the
 * processor has paid for it, of which DIRTY_CREDIT_US are saved up at most. */
void dirty_owe(struct turn_credit *owner, uint64_t cost_us, uint64_t now_us);

/* When to take the next path, or a little earlier; DIRTY_NEVER if none is there. */
uint64_t dirty_next(const struct dirty_set *set);

/* Whether a path is left that SOURCE marked and that was marked first no later than UNTIL_US. */
bool dirty_has_left(const struct dirty_set *set, enum dirty_source source, uint64_t until_us);

void dirty_done(struct dirty_set *set);
