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
        bool in_background;
};

int dirty_mark(struct dirty_set *set, const char *path, bool is_being_written, bool in_background,
               uint64_t now_us) {
        struct dirty_path *dirty = map_get(&set->paths, path);
        uint64_t limit;
        int r;

        if (!dirty) {
                dirty = calloc(1, sizeof *dirty);
                if (!dirty)
                        return -ENOMEM;
                r = map_set(&set->paths, path, dirty, NULL);
                if (r < 0) {
                        free(dirty);
                        return r;
                }
                dirty->first_us = now_us;
                dirty->in_background = in_background;
                dirty->due_us = is_being_written ? now_us + DIRTY_SETTLE_US : now_us;
                return 0;
        }
        dirty->in_background = dirty->in_background && in_background;
        if (!is_being_written) {
                dirty->due_us = dirty->due_us < now_us ? dirty->due_us : now_us;
                return 0;
        }
        if (dirty->due_us <= now_us)
                return 0;
        limit = dirty->first_us + DIRTY_SETTLE_MAX_US;
        dirty->due_us = now_us + DIRTY_SETTLE_US < limit ? now_us + DIRTY_SETTLE_US : limit;
        return 0;
}

int dirty_defer(struct dirty_set *set, const char *path, uint64_t due_us) {
        int r = map_get(&set->paths, path) ? 0 : dirty_mark(set, path, true, true, due_us);
        struct dirty_path *dirty = map_get(&set->paths, path);

        if (r == 0 && dirty->due_us > due_us)
                dirty->due_us = due_us;
        return r;
}

struct taking {
        uint64_t now_us;
        bool in_background;
        size_t max;
        char **paths;
        size_t n_paths;
        int error;
};

static void take_due(const char *path, void *value, void *userdata) {
        const struct dirty_path *dirty = value;
        struct taking *taking = userdata;

        if (dirty->due_us > taking->now_us || dirty->in_background != taking->in_background ||
            taking->n_paths >= taking->max || taking->error < 0)
                return;
        taking->error = strings_append(&taking->paths, &taking->n_paths, path);
}

int dirty_take(struct dirty_set *set, uint64_t now_us, size_t max, char ***ret_paths,
               size_t *ret_n) {
        struct taking taking = { .now_us = now_us, .max = max };

        map_each(&set->paths, take_due, &taking);
        if (taking.n_paths == 0) {
                taking.in_background = true;
                map_each(&set->paths, take_due, &taking);
        }
        if (taking.error < 0) {
                strings_free(taking.paths, taking.n_paths);
                return taking.error;
        }
        for (size_t i = 0; i < taking.n_paths; i++)
                free(map_remove(&set->paths, taking.paths[i]));
        *ret_paths = taking.paths;
        *ret_n = taking.n_paths;
        return 0;
}

static void find_next(const char *path, void *value, void *userdata) {
        const struct dirty_path *dirty = value;
        uint64_t *next = userdata;

        (void)path;
        if (dirty->due_us < *next)
                *next = dirty->due_us;
}

uint64_t dirty_next(const struct dirty_set *set) {
        uint64_t next = DIRTY_NEVER;

        map_each(&set->paths, find_next, &next);
        return next;
}

void dirty_done(struct dirty_set *set) {
        map_done(&set->paths, free);
}
