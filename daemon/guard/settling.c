/* SPDX-License-Identifier: GPL-3.0-or-later */
/* New files that are about to become something else.
 *
 * Managers of configuration make a file and fill it a moment later; pam-auth-update writes a new
 * stack beside the old one, where PAM takes it for a service, and renames it. The guard is quick
 * enough to see both, and nobody needs to hear of it. So a new file that breaks no rule and that
 * means nothing to sshd as it is, empty or a service that nobody asks for, is told when it stays.
 *
 * Nobody can hide in this: a path is waited for once in a window, few are waited for at a time, and
 * whatever begins to mean something is told at once. */

#include <errno.h>
#include <stdlib.h>

#include "pass.h"

enum {
        SETTLING_US = 500 * 1000,          /* a loaded machine fills and renames well within this */
        SETTLING_WINDOW_US = 60 * 1000000, /* a manager's next run is later */
        SETTLING_MAX = 64, /* in one window: no run of a manager makes more, and what is kept of
                              them stays small */
};

/* Returns 1, 0 or a negative errno. */
static int means_nothing_yet(const struct world *world, const char *path) {
        const struct approved *approved = baseline_get(world->baseline, path);
        const struct guarded *guarded = guarded_set_get(&world->set, path);
        const struct snapshot *now;
        int r = view_look(world->view, path, 0, &now);

        if (r < 0)
                return r;
        if (!approved || !guarded || approved->metadata.kind != FILE_ABSENT ||
            now->metadata.kind != FILE_REGULAR)
                return 0;
        if (now->metadata.size == 0)
                return 1;
        return guarded->flags == GUARDED_PAM && pam_stacks_stands_alone(&world->pam, path);
}

static int begin(struct settling *settling, const char *path, uint64_t now_us) {
        uint64_t *since_us = malloc(sizeof *since_us);
        int r = since_us ? map_set(&settling->since, path, since_us, NULL) : -ENOMEM;

        if (r < 0)
                free(since_us);
        else
                *since_us = now_us;
        return r;
}

void settling_done(struct settling *settling) {
        map_done(&settling->since, free);
}

int64_t pass_time_to_settle(struct pass *pass, const char *path) {
        struct settling *settling = &pass->reconciler->settling;
        uint64_t now_us = record_monotonic_us();
        const uint64_t *since_us;
        int r = means_nothing_yet(pass->reconciler->world, path);

        if (r <= 0)
                return r;
        if (now_us - settling->window_us >= SETTLING_WINDOW_US) {
                settling_done(settling);
                settling->window_us = now_us;
        }
        since_us = map_get(&settling->since, path);
        if (since_us)
                return now_us - *since_us < SETTLING_US
                               ? (int64_t)(*since_us + SETTLING_US - now_us)
                               : 0;
        if (settling->since.n >= SETTLING_MAX)
                return 0;
        r = begin(settling, path, now_us);
        return r < 0 ? r : SETTLING_US;
}
