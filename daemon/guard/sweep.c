/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The sweep.
 *
 * Metadata first: a changed inode, size, mode, owner, flag, link count, attribute or time is a
 * reason to look. Times alone are never drift, but they are a hint. A store through a mapping that
 * is still held shows in no time stamp until it is written back, so contents are hashed too, a few
 * files a turn, round robin. What came into a directory is seen by the directory's own times. What
 * may block is looked at by a child, as in any other look. */

#include "guard/sweep.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "os/snapshot.h"

struct turn {
        struct sweep *sweep;
        struct world *world;
        void (*on_different)(void *userdata, const char *path);
        void *userdata;
        size_t n_contents;
        char *stopped_at;
        int error;
};

static bool has_moved(const struct file_metadata *was, const struct file_metadata *is) {
        return was->kind != is->kind || was->ino != is->ino || was->dev != is->dev ||
               was->size != is->size || was->mtime_ns != is->mtime_ns ||
               was->ctime_ns != is->ctime_ns || was->nlink != is->nlink ||
               was->flags != is->flags || was->mode != is->mode || was->uid != is->uid ||
               was->gid != is->gid;
}

/* Whether it is this path's turn to have its content hashed. */
static bool is_content_due(struct turn *turn, const char *path) {
        if (turn->n_contents >= SWEEP_CONTENTS) {
                if (!turn->stopped_at)
                        turn->stopped_at = strdup(path);
                return false;
        }
        return !turn->sweep->next_content || strcmp(path, turn->sweep->next_content) >= 0;
}

static void sweep_path(const char *path, void *value, void *userdata) {
        struct turn *turn = userdata;
        const struct guarded *guarded = value;
        CLEANUP(snapshot_done) struct snapshot now = { 0 };
        const struct snapshot *was;
        unsigned flags = SNAPSHOT_NOFOLLOW;
        bool with_content = is_content_due(turn, path);

        if (turn->error < 0)
                return;
        if (guarded->flags & GUARDED_SECRET)
                flags |= SNAPSHOT_SECRET;
        turn->error = view_look(turn->world->view, path,
                                guarded->flags & GUARDED_SECRET ? SNAPSHOT_SECRET : 0, &was);
        if (turn->error == 0)
                turn->error = looker_take(turn->world->looker, path, NULL,
                                          with_content ? flags : flags | SNAPSHOT_METADATA, &now);
        if (turn->error < 0)
                return;
        turn->n_contents += with_content;
        if (has_moved(&was->metadata, &now.metadata) ||
            (with_content && file_metadata_compare(&was->metadata, &now.metadata) != 0))
                turn->on_different(turn->userdata, path);
}

static void free_metadata(void *value) {
        file_metadata_done(value);
        free(value);
}

/* What changes between two turns counts; before the first, what changed since it was looked at. If
 * that is not known, and no event would tell, it is looked at. */
static void sweep_directory(struct turn *turn, const char *path) {
        CLEANUP(snapshot_done) struct snapshot now = { 0 };
        struct file_metadata *was = map_get(&turn->sweep->directories, path), before;
        const struct snapshot *known;

        turn->error = looker_take(turn->world->looker, path, NULL, SNAPSHOT_METADATA, &now);
        if (turn->error < 0)
                return;
        known = view_known(turn->world->view, path);
        if (was     ? has_moved(was, &now.metadata)
            : known ? has_moved(&known->metadata, &now.metadata)
                    : looker_is_silent(turn->world->looker, path))
                turn->on_different(turn->userdata, path);
        if (!was) {
                was = calloc(1, sizeof *was);
                turn->error = was ? map_set(&turn->sweep->directories, path, was, NULL) : -ENOMEM;
                if (turn->error < 0) {
                        free(was);
                        return;
                }
        }
        before = *was;
        *was = now.metadata;
        now.metadata = before;
}

int sweep_turn(struct sweep *sweep, struct world *world,
               void (*on_different)(void *userdata, const char *path), void *userdata) {
        struct turn turn = {
                .sweep = sweep, .world = world, .on_different = on_different, .userdata = userdata
        };

        map_each(&world->set.paths, sweep_path, &turn);
        for (size_t i = 0; i < world->set.n_directories && turn.error == 0; i++)
                sweep_directory(&turn, world->set.directories[i]);
        free(sweep->next_content);
        sweep->next_content = turn.stopped_at;
        return turn.error;
}

uint64_t sweep_interval(uint64_t cost_us) {
        uint64_t interval = cost_us * SWEEP_SHARE;

        return interval > SWEEP_INTERVAL_US ? interval : SWEEP_INTERVAL_US;
}

uint64_t sweep_nap(uint64_t left_us) {
        uint64_t n_naps = (left_us + SWEEP_NAP_US - 1) / SWEEP_NAP_US;

        return n_naps > 1 ? left_us / n_naps : left_us;
}

void sweep_done(struct sweep *sweep) {
        free(sweep->next_content);
        map_done(&sweep->directories, free_metadata);
        *sweep = (struct sweep){ 0 };
}
