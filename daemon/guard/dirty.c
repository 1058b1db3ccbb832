/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The set of paths to look at again. Marking twice is one look; a mark can bring a look forward,
 * never put off one that is due. */

#include "guard/dirty.h"

#include <errno.h>
#include <stdlib.h>

#include "base/array.h"

struct dirty_path {
        uint64_t first_us; /* when it was marked first */
        uint64_t due_us;
        unsigned sources;
};

const char *dirty_sources_name(unsigned sources) {
        /* by value: no bit is more important than another */
        static const char *const names[DIRTY_SOURCES + 1] = {
                "nobody",
                "event",
                "mount",
                "event, mount",
                "sweep",
                "event, sweep",
                "mount, sweep",
                "event, mount, sweep",
                "pass",
                "event, pass",
                "mount, pass",
                "event, mount, pass",
                "sweep, pass",
                "event, sweep, pass",
                "mount, sweep, pass",
                "event, mount, sweep, pass",
        };

        return names[sources & DIRTY_SOURCES];
}

void dirty_slice_done(struct dirty_slice *slice) {
        strings_free(slice->paths, slice->n_paths);
        *slice = (struct dirty_slice){ 0 };
}

static void note_due(struct dirty_set *set, const struct dirty_path *dirty) {
        if (dirty->due_us < set->next_us)
                set->next_us = dirty->due_us;
}

/* A path that is not in the set. */
static int add(struct dirty_set *set, const char *path, unsigned sources, uint64_t now_us,
               uint64_t due_us) {
        struct dirty_path *dirty;
        int r;

        if (set->paths.n == 0) {
                set->next_us = DIRTY_NEVER;
                set->tag_now = set->tag_idle = set->tag_max;
        }
        dirty = calloc(1, sizeof *dirty);
        if (!dirty)
                return -ENOMEM;
        *dirty = (struct dirty_path){ .first_us = now_us, .due_us = due_us, .sources = sources };
        r = map_set(&set->paths, path, dirty, NULL);
        if (r < 0) {
                free(dirty);
                return r;
        }
        note_due(set, dirty);
        return 0;
}

int dirty_mark(struct dirty_set *set, const char *path, unsigned sources, bool is_being_written,
               uint64_t now_us) {
        struct dirty_path *dirty = map_get(&set->paths, path);
        uint64_t limit;

        if (!dirty)
                return add(set, path, sources, now_us,
                           is_being_written ? now_us + DIRTY_SETTLE_US : now_us);
        dirty->sources |= sources;
        if (!is_being_written) {
                dirty->due_us = dirty->due_us < now_us ? dirty->due_us : now_us;
                note_due(set, dirty);
                return 0;
        }
        if (dirty->due_us <= now_us)
                return 0;
        limit = dirty->first_us + DIRTY_SETTLE_MAX_US;
        dirty->due_us = now_us + DIRTY_SETTLE_US < limit ? now_us + DIRTY_SETTLE_US : limit;
        return 0;
}

int dirty_defer(struct dirty_set *set, const char *path, unsigned sources, uint64_t due_us) {
        struct dirty_path *dirty = map_get(&set->paths, path);

        if (!dirty)
                return add(set, path, sources, due_us, due_us);
        dirty->sources |= sources;
        if (dirty->due_us > due_us)
                dirty->due_us = due_us;
        note_due(set, dirty);
        return 0;
}

static uint64_t lowest_tag(const struct dirty_set *set) {
        uint64_t saved = set->tag_now > DIRTY_CREDIT_US ? set->tag_now - DIRTY_CREDIT_US : 0;

        return saved > set->tag_idle ? saved : set->tag_idle;
}

void dirty_charge(struct dirty_set *set, struct turn_credit *owner, uint64_t cost_us) {
        if (owner->tag < lowest_tag(set))
                owner->tag = lowest_tag(set);
        if (set->tag_now < owner->tag)
                set->tag_now = owner->tag;
        owner->tag += cost_us;
        if (owner->tag > set->tag_max)
                set->tag_max = owner->tag;
}

void dirty_charge_events(struct dirty_set *set, struct turn_credit *owner, unsigned n) {
        const uint64_t limit = set->tag_now + DIRTY_CREDIT_US;
        uint64_t charged = (owner->tag > lowest_tag(set) ? owner->tag : lowest_tag(set)) +
                           (uint64_t)n * DIRTY_EVENT_US;

        if (charged > limit)
                charged = limit;
        if (owner->tag < charged)
                owner->tag = charged;
        if (owner->tag > set->tag_max)
                set->tag_max = owner->tag;
}

void dirty_owe(struct turn_credit *owner, uint64_t cost_us, uint64_t now_us) {
        const uint64_t saved = (uint64_t)DIRTY_CREDIT_US * DIRTY_SHARE;
        const uint64_t earliest = now_us > saved ? now_us - saved : 0;

        owner->paid_us =
                (owner->paid_us > earliest ? owner->paid_us : earliest) + cost_us * DIRTY_SHARE;
}

struct taking {
        struct dirty_set *set;
        uint64_t now_us;
        bool in_background, is_found;
        const struct turn_credit *owner; /* whose turn it is */
        uint64_t tag, due_us;
        size_t max;
        struct dirty_slice slice;
        int error;
};

static const struct turn_credit *owner_of(const struct dirty_set *set, const char *path) {
        return set->owner_of ? set->owner_of(set->userdata, path) : NULL;
}

static bool is_due(const struct taking *taking, const struct dirty_path *dirty) {
        return dirty->due_us <= taking->now_us &&
               (dirty->sources == DIRTY_BY_PASS) == taking->in_background;
}

/* The lowest tag; of equal ones who waits longest. */
static void find_turn(const char *path, void *value, void *userdata) {
        const struct dirty_path *dirty = value;
        struct taking *taking = userdata;
        const struct turn_credit *owner;
        uint64_t tag = 0;

        if (!is_due(taking, dirty))
                return;
        owner = owner_of(taking->set, path);
        if (owner && owner->paid_us > taking->now_us)
                return;
        if (owner)
                tag = 1 +
                      (owner->tag > lowest_tag(taking->set) ? owner->tag : lowest_tag(taking->set));
        if (taking->is_found &&
            (tag > taking->tag || (tag == taking->tag && dirty->due_us >= taking->due_us)))
                return;
        taking->is_found = true;
        taking->owner = owner;
        taking->tag = tag;
        taking->due_us = dirty->due_us;
}

static void take_due(const char *path, void *value, void *userdata) {
        const struct dirty_path *dirty = value;
        struct taking *taking = userdata;

        if ((!taking->owner && taking->slice.n_paths >= taking->max) || taking->error < 0 ||
            !is_due(taking, dirty) || owner_of(taking->set, path) != taking->owner)
                return;
        taking->slice.sources |= dirty->sources;
        taking->error = strings_append(&taking->slice.paths, &taking->slice.n_paths, path);
}

static void find_next(const char *path, void *value, void *userdata) {
        const struct dirty_path *dirty = value;
        struct dirty_set *set = userdata;
        const struct turn_credit *owner = owner_of(set, path);
        uint64_t due_us = dirty->due_us;

        if (owner && owner->paid_us > due_us)
                due_us = owner->paid_us;
        if (due_us < set->next_us)
                set->next_us = due_us;
}

int dirty_take(struct dirty_set *set, uint64_t now_us, size_t max, struct dirty_slice *ret) {
        struct taking taking = { .set = set, .now_us = now_us, .max = max };
        bool is_turn_of_pass = ++set->n_turns % DIRTY_PASS_TURN == 0;

        for (int i = 0; i < 2 && !taking.is_found; i++) {
                taking.in_background = (i > 0) != is_turn_of_pass;
                map_each(&set->paths, find_turn, &taking);
                if (taking.is_found)
                        map_each(&set->paths, take_due, &taking);
        }
        if (taking.error < 0) {
                dirty_slice_done(&taking.slice);
                return taking.error;
        }
        for (size_t i = 0; i < taking.slice.n_paths; i++)
                free(map_remove(&set->paths, taking.slice.paths[i]));
        set->next_us = DIRTY_NEVER;
        map_each(&set->paths, find_next, set);
        *ret = taking.slice;
        return 0;
}

uint64_t dirty_next(const struct dirty_set *set) {
        return set->paths.n > 0 ? set->next_us : DIRTY_NEVER;
}

struct looking_for {
        enum dirty_source source;
        uint64_t until_us;
        bool is_found;
};

static void find_left(const char *path, void *value, void *userdata) {
        const struct dirty_path *dirty = value;
        struct looking_for *looking_for = userdata;

        (void)path;
        if (dirty->sources & looking_for->source && dirty->first_us <= looking_for->until_us)
                looking_for->is_found = true;
}

bool dirty_has_left(const struct dirty_set *set, enum dirty_source source, uint64_t until_us) {
        struct looking_for looking_for = { source, until_us, false };

        map_each(&set->paths, find_left, &looking_for);
        return looking_for.is_found;
}

void dirty_done(struct dirty_set *set) {
        map_done(&set->paths, free);
}
