/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Adoption: at the first start what is there becomes the approved version, unless one of its lines
 * wins a violated rule or it breaks a file rule. Absence is adopted too. */

#include <errno.h>
#include <syslog.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "guard/messages.h"
#include "pass.h"

/* A disk that fails once does not leave a file without an approved version for ever. */
static int postpone(struct reconciler *reconciler, const char *path, int error) {
        struct baseline *baseline = reconciler->world->baseline;

        reconciler->joined_wait = true;
        return baseline_is_postponed(baseline, path) ? 0 : baseline_postpone(baseline, path, error);
}

int pass_adopt_path(struct pass *pass, const char *path, const struct findings *present,
                    bool *ret_adopted) {
        struct world *world = pass->reconciler->world;
        const struct guarded *guarded = guarded_set_get(&world->set, path);
        bool is_secret = guarded && guarded->flags & GUARDED_SECRET;
        const struct snapshot *snapshot;
        int r;

        *ret_adopted = false;
        if ((baseline_knows(world->baseline, path) &&
             !baseline_is_postponed(world->baseline, path)) ||
            (guarded && guarded->flags & (GUARDED_ACCOUNTS | GUARDED_UNVERSIONED)))
                return 0;
        r = view_look(world->view, path, is_secret ? SNAPSHOT_SECRET : 0, &snapshot);
        if (r < 0)
                return r;
        if (guarded && snapshot->metadata.kind == FILE_UNREADABLE && snapshot->metadata.error)
                return postpone(pass->reconciler, path, snapshot->metadata.error);
        if (snapshot->metadata.kind == FILE_UNREADABLE || pass_has_finding_at(present, path))
                return baseline_decline(world->baseline, path,
                                        "not adopted: it breaks a rule of the policy");
        r = baseline_approve(world->baseline, path, snapshot, is_secret, 0, "adopted");
        *ret_adopted = r == 0;
        return r;
}

struct adopting {
        struct pass *pass;
        const struct findings *present;
        int n_adopted;
        int error;
};

static void adopt_guarded(const char *path, void *value, void *userdata) {
        struct adopting *adopting = userdata;
        bool adopted;

        (void)value;
        if (adopting->error < 0)
                return;
        adopting->error = pass_adopt_path(adopting->pass, path, adopting->present, &adopted);
        if (adopting->error == 0 && adopted)
                adopting->n_adopted++;
}

int reconcile_adopt_all(struct reconciler *reconciler) {
        struct world *world = reconciler->world;
        CLEANUP(findings_done) struct findings present = { 0 };
        CLEANUP(pass_done) struct pass pass = { .reconciler = reconciler };
        struct adopting adopting = { &pass, &present, 0, 0 };
        int r;

        r = pass_add_all(&pass);
        if (r == 0)
                r = pass_judge(&pass);
        if (r == 0)
                r = reconciler_collect(reconciler, &present);
        if (r == 0)
                r = baseline_begin(world->baseline);
        if (r < 0)
                return r;
        map_each(&world->set.paths, adopt_guarded, &adopting);
        r = adopting.error;
        if (r == 0)
                r = baseline_establish(world->baseline);
        if (r == 0)
                r = baseline_commit(world->baseline);
        if (r < 0) {
                baseline_rollback(world->baseline);
                return r;
        }
        r = world_update_patterns(world);
        return r < 0 ? r : adopting.n_adopted;
}

struct waiting {
        struct reconciler *reconciler;
        char **paths;
        size_t n_paths;
        int error;
};

static void collect_waiting(const char *path, void *value, void *userdata) {
        struct waiting *waiting = userdata;
        const struct guarded *guarded = value;

        if (waiting->error == 0 && !(guarded->flags & (GUARDED_ACCOUNTS | GUARDED_POLICY)) &&
            (baseline_is_postponed(waiting->reconciler->world->baseline, path) ||
             (!baseline_knows(waiting->reconciler->world->baseline, path) &&
              !baseline_get(waiting->reconciler->world->baseline, path))))
                waiting->error = strings_append(&waiting->paths, &waiting->n_paths, path);
}

bool pass_sshd_has_drifted(const struct pass *pass) {
        const struct reconciler *reconciler = pass->reconciler;

        for (size_t i = 0; i < reconciler->ledger.n_items; i++) {
                const char *path = reconciler->ledger.items[i].finding.path;
                const struct guarded *guarded =
                        path ? guarded_set_get(&reconciler->world->set, path) : NULL;

                if (guarded && guarded->flags & (GUARDED_SSHD | GUARDED_PAM | GUARDED_UNIT))
                        return true;
        }
        return false;
}

/* What joins an approved tree (a file that an approved line names, a module that an approved stack
 * loads) is adopted as it is found, unless it is wrong; while sshd's configuration or a stack has
 * drifted it waits. */
int pass_adopt_joined(struct pass *pass) {
        struct reconciler *reconciler = pass->reconciler;
        struct world *world = reconciler->world;
        struct waiting waiting = { .reconciler = reconciler };
        CLEANUP(findings_done) struct findings present = { 0 };
        int r;

        reconciler->joined_wait |= pass->n_joined > 0;
        if (!reconciler->joined_wait || pass_sshd_has_drifted(pass))
                return 0;
        map_each(&world->set.paths, collect_waiting, &waiting);
        r = waiting.error;
        if (r == 0)
                r = reconciler_collect(reconciler, &present);
        for (size_t i = 0; i < waiting.n_paths && r == 0; i++) {
                bool adopted = false;

                r = pass_adopt_path(pass, waiting.paths[i], &present, &adopted);
                if (adopted)
                        record_notice_at(waiting.paths[i], MESSAGE_ADOPTED, LOG_NOTICE,
                                         "%s joined the guarded set and was adopted",
                                         waiting.paths[i]);
        }
        if (r == 0)
                reconciler->joined_wait = baseline_count_postponed(world->baseline) > 0;
        strings_free(waiting.paths, waiting.n_paths);
        return r;
}
