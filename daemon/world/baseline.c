/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Approved versions: a map in memory over the store's table.
 *
 * The store is written first; the map follows only when that held, so what is believed after a
 * crash is what was believed before. A declined path is kept as a version of kind FILE_UNREADABLE,
 * which no approved file can have. */

#include "world/baseline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/map.h"
#include "base/text.h"
#include "world/view.h"

static const char established_name[] = "baseline-established";

struct baseline {
        struct store *store;
        struct store *copy; /* the emergency copy; NULL: none */
        bool copy_is_stale;
        struct map by_path;      /* path → struct approved */
        struct map by_user_path; /* the same of accounts' files, without their content */
        struct baseline_users users;
        char **patterns;
        size_t n_patterns;
        bool is_established;
        struct approved absent; /* what paths without a record are approved as */
};

static void approved_free(void *value) {
        struct approved *approved = value;

        if (!approved)
                return;
        file_metadata_done(&approved->metadata);
        free(approved->data);
        free(approved->reason);
        free(approved);
}

static void approved_cleanup(struct approved **approved) {
        approved_free(*approved);
}

static bool has_content(const struct approved *approved) {
        return approved->metadata.kind == FILE_REGULAR && approved->metadata.has_sha256 &&
               !approved->is_secret && !approved->metadata.is_oversize;
}

static struct map *map_of(struct baseline *baseline, bool is_user) {
        return is_user ? &baseline->by_user_path : &baseline->by_path;
}

static const struct approved *find(const struct baseline *baseline, const char *path) {
        const struct approved *approved = map_get(&baseline->by_path, path);

        return approved ? approved : map_get(&baseline->by_user_path, path);
}

/* Takes over VERSION's parts and adds its content from the store. */
static int approved_from_version(struct store *store, struct approved_version *version,
                                 struct approved **ret) {
        CLEANUP(approved_cleanup) struct approved *approved = calloc(1, sizeof *approved);

        if (!approved)
                return -ENOMEM;
        approved->metadata = version->metadata;
        version->metadata = (struct file_metadata){ 0 };
        approved->reason = TAKE(version->reason);
        approved->at_us = version->approved_at_us;
        approved->by = version->approved_by;
        approved->is_secret = version->is_secret;
        approved->is_user = version->is_user;
        if (has_content(approved) && !approved->is_user) {
                int r = store_get_content(store, approved->metadata.sha256, &approved->data,
                                          &approved->n_data);

                if (r < 0)
                        return r;
        }
        *ret = TAKE(approved);
        return 0;
}

int baseline_load(struct store *store, void (*on_damaged)(void *userdata, const char *path),
                  void *userdata, struct baseline **ret) {
        struct baseline *baseline = calloc(1, sizeof *baseline);
        struct approved_version *versions = NULL;
        CLEANUP_FREE char *established = NULL;
        size_t n_versions = 0;
        int r;

        if (!baseline)
                return -ENOMEM;
        baseline->store = store;
        r = store_list_approved(store, &versions, &n_versions);
        for (size_t i = 0; i < n_versions && r == 0; i++) {
                struct approved *approved = NULL;

                r = approved_from_version(store, &versions[i], &approved);
                if (r == -ENOENT || r == -EUCLEAN) {
                        if (on_damaged)
                                on_damaged(userdata, versions[i].path);
                        r = 0;
                        continue;
                }
                if (r == 0)
                        r = map_set(map_of(baseline, approved->is_user), versions[i].path, approved,
                                    NULL);
                if (r < 0)
                        approved_free(approved);
        }
        approved_versions_free(versions, n_versions);
        if (r == 0) {
                r = store_get_value(store, established_name, &established);
                baseline->is_established = r == 0;
                if (r == -ENOENT)
                        r = 0;
        }
        if (r < 0) {
                baseline_free(baseline);
                return r;
        }
        *ret = baseline;
        return 0;
}

void baseline_free(struct baseline *baseline) {
        if (!baseline)
                return;
        map_done(&baseline->by_path, approved_free);
        map_done(&baseline->by_user_path, approved_free);
        strings_free(baseline->patterns, baseline->n_patterns);
        free(baseline);
}

void baseline_set_users(struct baseline *baseline, const struct baseline_users *users) {
        baseline->users = *users;
}

int baseline_content(const struct baseline *baseline, const struct approved *approved,
                     char **ret_data, size_t *ret_n) {
        *ret_data = NULL;
        *ret_n = 0;
        if (approved->is_user && has_content(approved))
                return store_get_content(baseline->store, approved->metadata.sha256, ret_data,
                                         ret_n);
        if (!approved->data)
                return 0;
        *ret_data = malloc(approved->n_data + 1);
        if (!*ret_data)
                return -ENOMEM;
        memcpy(*ret_data, approved->data, approved->n_data + 1);
        *ret_n = approved->n_data;
        return 0;
}

void baseline_set_copy(struct baseline *baseline, struct store *copy) {
        baseline->copy = copy;
        baseline->copy_is_stale = false;
}

bool baseline_copy_is_stale(const struct baseline *baseline) {
        return baseline->copy_is_stale;
}

int baseline_begin(struct baseline *baseline) {
        int r = store_begin(baseline->store);

        if (r == 0 && baseline->copy && store_begin(baseline->copy) < 0)
                baseline->copy_is_stale = true;
        return r;
}

int baseline_commit(struct baseline *baseline) {
        int r = store_commit(baseline->store);

        if (r == 0 && baseline->copy && store_commit(baseline->copy) < 0) {
                store_rollback(baseline->copy);
                baseline->copy_is_stale = true;
        }
        return r;
}

void baseline_rollback(struct baseline *baseline) {
        store_rollback(baseline->store);
        if (baseline->copy)
                store_rollback(baseline->copy);
}

int baseline_set_value(struct baseline *baseline, const char *name, const char *value) {
        int r = store_set_value(baseline->store, name, value);

        if (r == 0 && baseline->copy && store_set_value(baseline->copy, name, value) < 0)
                baseline->copy_is_stale = true;
        return r;
}

bool baseline_is_established(const struct baseline *baseline) {
        return baseline->is_established;
}

int baseline_establish(struct baseline *baseline) {
        int r = baseline_set_value(baseline, established_name, "1");

        if (r == 0)
                baseline->is_established = true;
        return r;
}

bool baseline_knows(const struct baseline *baseline, const char *path) {
        return find(baseline, path) != NULL;
}

const struct approved *baseline_get(const struct baseline *baseline, const char *path) {
        const struct approved *approved = find(baseline, path);

        if (approved)
                return approved->metadata.kind == FILE_UNREADABLE ? NULL : approved;
        if (baseline->users.is_absent && baseline->users.is_absent(baseline->users.userdata, path))
                return &baseline->absent;
        if (!baseline->is_established)
                return NULL;
        for (size_t i = 0; i < baseline->n_patterns; i++)
                if (view_glob_matches(baseline->patterns[i], path))
                        return &baseline->absent;
        return NULL;
}

/* Writes the version to the store, then to the map; takes APPROVED over, also on failure. */
static int record(struct baseline *baseline, const char *path, struct approved *approved) {
        struct approved_version version = {
                .path = BORROWED(path),
                .metadata = approved->metadata,
                .approved_at_us = approved->at_us,
                .approved_by = approved->by,
                .reason = approved->reason,
                .is_secret = approved->is_secret,
        };
        void *old = NULL;
        int r;

        approved->is_user = version.is_user =
                baseline->users.is_user && baseline->users.is_user(baseline->users.userdata, path);
        r = store_approve(baseline->store, &version, approved->data, approved->n_data);
        if (r == 0 && baseline->copy &&
            store_approve(baseline->copy, &version, approved->data, approved->n_data) < 0)
                baseline->copy_is_stale = true;
        if (approved->is_user) {
                free(TAKE(approved->data));
                approved->n_data = 0;
        }
        if (r == 0)
                r = map_set(map_of(baseline, approved->is_user), path, approved, &old);
        if (r < 0) {
                approved_free(approved);
                return r;
        }
        approved_free(old);
        approved_free(map_remove(map_of(baseline, !approved->is_user), path));
        return 0;
}

static int64_t now_us(void) {
        struct timespec now;

        (void)clock_gettime(CLOCK_REALTIME, &now);
        return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int approved_new(uint32_t by, const char *reason, struct approved **ret) {
        struct approved *approved = calloc(1, sizeof *approved);

        if (!approved)
                return -ENOMEM;
        approved->by = by;
        approved->at_us = now_us();
        approved->reason = strdup(reason);
        if (!approved->reason) {
                free(approved);
                return -ENOMEM;
        }
        *ret = approved;
        return 0;
}

int baseline_approve(struct baseline *baseline, const char *path, const struct snapshot *snapshot,
                     bool is_secret, uint32_t by, const char *reason) {
        CLEANUP(approved_cleanup) struct approved *approved = NULL;
        int r;

        r = approved_new(by, reason, &approved);
        if (r < 0)
                return r;
        approved->is_secret = is_secret;
        r = file_metadata_copy(&approved->metadata, &snapshot->metadata);
        if (r < 0)
                return r;
        if (snapshot->metadata.kind == FILE_REGULAR && !is_secret && snapshot->data &&
            !snapshot->metadata.is_oversize) {
                approved->data = malloc(snapshot->n_data + 1);
                if (!approved->data)
                        return -ENOMEM;
                memcpy(approved->data, snapshot->data, snapshot->n_data);
                approved->data[snapshot->n_data] = '\0';
                approved->n_data = snapshot->n_data;
        }
        return record(baseline, path, TAKE(approved));
}

static int leave_out(struct baseline *baseline, const char *path, int error, const char *reason) {
        struct approved *approved;
        int r = approved_new(0, reason, &approved);

        if (r < 0)
                return r;
        approved->metadata.kind = FILE_UNREADABLE;
        approved->metadata.error = error;
        return record(baseline, path, approved);
}

int baseline_decline(struct baseline *baseline, const char *path, const char *reason) {
        return leave_out(baseline, path, 0, reason);
}

int baseline_postpone(struct baseline *baseline, const char *path, int error) {
        return leave_out(baseline, path, error, "not adopted yet: it could not be read");
}

static bool is_postponed(const struct approved *approved) {
        return approved->metadata.kind == FILE_UNREADABLE && approved->metadata.error != 0;
}

bool baseline_is_postponed(const struct baseline *baseline, const char *path) {
        const struct approved *approved = find(baseline, path);

        return approved && is_postponed(approved);
}

static void count_postponed(const char *path, void *value, void *userdata) {
        size_t *n = userdata;

        (void)path;
        *n += is_postponed(value);
}

size_t baseline_count_postponed(const struct baseline *baseline) {
        size_t n = 0;

        map_each(&baseline->by_path, count_postponed, &n);
        return n;
}

int baseline_set_patterns(struct baseline *baseline, char *const *patterns, size_t n_patterns) {
        char **copy;
        size_t n_copy;
        int r = strings_copy(&copy, &n_copy, patterns, n_patterns);

        if (r < 0)
                return r;
        strings_free(baseline->patterns, baseline->n_patterns);
        baseline->patterns = copy;
        baseline->n_patterns = n_copy;
        return 0;
}

struct each {
        void (*fn)(const char *path, const struct approved *approved, void *userdata);
        void *userdata;
};

static void each_approved(const char *path, void *value, void *userdata) {
        const struct approved *approved = value;
        const struct each *each = userdata;

        each->fn(path, approved->metadata.kind == FILE_UNREADABLE ? NULL : approved,
                 each->userdata);
}

void baseline_each(const struct baseline *baseline,
                   void (*fn)(const char *path, const struct approved *approved, void *userdata),
                   void *userdata) {
        struct each each = { fn, userdata };

        map_each(&baseline->by_path, each_approved, &each);
}
