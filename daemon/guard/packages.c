/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A run of the package manager.
 *
 * dpkg says when it begins and when it ends (/etc/dpkg/dpkg.cfg.d/sshguardd). In between responses
 * wait, but for users' own files, and locks are lifted: a maintainer script that finds its work
 * undone fails. At the end each path that drifted is compared with what its package brought in this
 * run; what is that, and breaks no rule, is approved, and everything else is judged as always. A
 * configuration file counts as brought only where the record of it changed during the run, so that
 * nobody gets a stock version approved by starting dpkg.
 *
 * A dpkg that was killed ends nothing: the run is a lease, renewed while somebody has dpkg's lock,
 * and not for ever. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "guard/assess.h"
#include "guard/lock.h"
#include "guard/messages.h"
#include "manager.h"
#include "os/dpkg.h"

#define LEASE_US   (INT64_C(30) * 1000000)       /* a front end starts dpkg several times */
#define RUN_MAX_US (INT64_C(2) * 3600 * 1000000) /* an upgrade of everything takes less */

static const char records_name[] = "package-run"; /* what was on record when it began */

static bool is_guarded(void *userdata, const char *path) {
        return guarded_set_get(userdata, path) != NULL;
}

static int read_records(struct manager *manager, char **ret) {
        int r = dpkg_configuration(&manager->world.root, is_guarded, &manager->world.set, ret);

        if (r != -ENOENT)
                return r;
        *ret = strdup("");
        return *ret ? 0 : -ENOMEM;
}

struct lifting {
        struct manager *manager;
        int error;
};

static void lift_lock(const char *path, const struct approved *approved, void *userdata) {
        struct lifting *lifting = userdata;

        if (lifting->error < 0 || !lock_is_on(approved))
                return;
        view_forget(lifting->manager->world.view, path);
        lifting->error = lock_keep(&lifting->manager->reconciler, path);
}

int manager_begin_packages(void *userdata, const struct control_allowance *allowance,
                           struct control_refusal *refusal) {
        struct manager *manager = userdata;
        CLEANUP_FREE char *records = NULL;
        struct lifting lifting = { manager, 0 };
        const struct permit permit = {
                .kind = PERMIT_PACKAGES,
                .since_us = record_now_us(),
                .until_us = record_now_us() + LEASE_US,
                .uses_left = -1,
                .by = allowance->peer.uid,
                .reason = BORROWED(allowance->reason ? allowance->reason : ""),
        };
        int r;

        (void)refusal;
        if (permits_find_packages(&manager->permits))
                return CONTROL_DONE; /* a front end's next step */
        r = read_records(manager, &records);
        if (r == 0)
                r = store_set_value(manager->world.store, records_name, records);
        if (r == 0)
                r = permits_add(&manager->permits, &permit, NULL);
        if (r < 0)
                return r;
        record_notice(MESSAGE_PERMIT, LOG_NOTICE,
                      "a run of the package manager began, responses wait for its end: %s",
                      permit.reason);
        manager_schedule_expiry(manager);
        baseline_each(manager->world.baseline, lift_lock, &lifting);
        return lifting.error < 0 ? lifting.error : CONTROL_DONE;
}

/* ---- the end ---- */

/* Whether a package brought PATH as it is, during the run; then *RET_SHA256 is of the same bytes.
 */
static int was_brought(struct manager *manager, const char *path, const char *before,
                       const char *after, int64_t since_us, uint8_t ret_sha256[FILE_SHA256_SIZE]) {
        char was[DPKG_MD5_SIZE] = "", wanted[DPKG_MD5_SIZE], is[DPKG_MD5_SIZE];
        int r;

        if (dpkg_configuration_of(after, path, wanted)) {
                (void)dpkg_configuration_of(before, path, was);
                if (strcmp(was, wanted) == 0)
                        return 0;
        } else {
                r = dpkg_unpacked(&manager->world.root, path, since_us, wanted);
                if (r <= 0)
                        return r == -ENOENT ? 0 : r;
        }
        r = dpkg_sums(&manager->world.root, path, is, ret_sha256);
        if (r < 0)
                return r == -ENOMEM ? r : 0; /* nothing that a package brings */
        return strcmp(is, wanted) == 0;
}

struct paths {
        char **items;
        size_t n_items;
        struct world *world;
        int error;
};

static void paths_done(struct paths *paths) {
        strings_free(paths->items, paths->n_items);
}

static void add_drifted(const char *path, void *value, void *userdata) {
        const struct guarded *guarded = value;
        struct paths *paths = userdata;
        unsigned differences = 0;

        if (paths->error < 0 || guarded->flags & (GUARDED_ACCOUNTS | GUARDED_UNVERSIONED))
                return;
        paths->error = assess_drift(paths->world, paths->world->view, path, &differences);
        if (paths->error == 0 && differences != 0)
                paths->error = strings_append(&paths->items, &paths->n_items, path);
}

static int approve_brought(struct manager *manager, const struct permit *run, const char *before,
                           int64_t *ret_n) {
        CLEANUP(paths_done) struct paths drifted = { .world = &manager->world };
        CLEANUP_FREE char *after = NULL;
        int r = read_records(manager, &after);

        view_forget_all(manager->world.view);
        map_each(&manager->world.set.paths, add_drifted, &drifted);
        if (r == 0)
                r = drifted.error;
        for (size_t i = 0; i < drifted.n_items && r >= 0; i++) {
                struct control_approval approval = { .path = drifted.items[i],
                                                     .peer = { .uid = run->by },
                                                     .reason = "its package brought it" };
                struct control_refusal refusal = { 0 };

                r = was_brought(manager, drifted.items[i], before, after, run->since_us,
                                approval.sha256);
                if (r <= 0)
                        continue;
                r = manager_approve(manager, &approval, &refusal);
                *ret_n += r == CONTROL_DONE;
                control_refusal_done(&refusal); /* what breaks a rule is judged as always */
        }
        return r < 0 ? r : 0;
}

static int end_run(struct manager *manager, const char *how, int64_t *ret_n) {
        CLEANUP_FREE char *before = NULL;
        const struct permit *run = permits_find_packages(&manager->permits);
        int r;

        if (!run)
                return 0;
        r = store_get_value(manager->world.store, records_name, &before);
        if (r == 0)
                r = approve_brought(manager, run, before, ret_n);
        if (r < 0)
                record_notice(NULL, LOG_ERR,
                              "what packages brought could not be told from what they did not: %s",
                              strerror(-r));
        r = permits_remove(&manager->permits, run->id);
        if (r < 0)
                return r;
        record_notice(MESSAGE_PERMIT, LOG_NOTICE,
                      "the run of the package manager %s; %lld files were approved as their "
                      "packages brought them",
                      how, (long long)*ret_n);
        manager_schedule_expiry(manager);
        return manager_start_full_pass(manager);
}

int manager_end_packages(void *userdata, int64_t *ret_n, struct control_refusal *refusal) {
        int r;

        (void)refusal;
        *ret_n = 0;
        r = end_run(userdata, "ended", ret_n);
        return r < 0 ? r : CONTROL_DONE;
}

void manager_renew_packages(struct manager *manager) {
        const struct permit *run = permits_find_packages(&manager->permits);
        int64_t now_us = record_now_us(), n = 0;
        int r;

        if (!run || run->until_us > now_us)
                return;
        if (dpkg_is_running(&manager->world.root) && now_us - run->since_us < RUN_MAX_US)
                r = permits_extend(&manager->permits, run->id, now_us + LEASE_US);
        else
                r = end_run(manager, "is over without having said so", &n);
        if (r < 0)
                record_notice(NULL, LOG_ERR, "a run of the package manager could not be ended: %s",
                              strerror(-r));
}
