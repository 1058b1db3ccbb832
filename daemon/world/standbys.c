/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which approved versions stand by.
 *
 * An entry remembers the approved version it was made from, or that none could be made of that one,
 * so that a file system that cannot is not asked again and again. An approval needs no
 * announcement: the entry no longer matches, and is made anew. */

#include "world/standbys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"

struct entry {
        struct file_metadata approved; /* the version it is of */
        struct standby standby;        /* none once it was used */
        bool is_impossible;            /* there never was one */
};

static void entry_free(void *value) {
        struct entry *entry = value;

        if (!entry)
                return;
        standby_done(&entry->standby);
        file_metadata_done(&entry->approved);
        free(entry);
}

static void entry_cleanup(struct entry **entry) {
        entry_free(*entry);
}

void standbys_init(struct standbys *standbys, const char *state_path) {
        struct stat st;

        *standbys = (struct standbys){ 0 };
        standbys->is_enabled = stat(state_path, &st) == 0;
        if (standbys->is_enabled)
                standbys->device = st.st_dev;
}

void standbys_done(struct standbys *standbys) {
        map_done(&standbys->paths, entry_free);
}

static bool is_of(const struct entry *entry, const struct approved *approved) {
        return approved->metadata.has_sha256 &&
               file_metadata_compare(&entry->approved, &approved->metadata) == 0;
}

struct standby *standbys_get(struct standbys *standbys, const char *path,
                             const struct approved *approved) {
        struct entry *entry = map_get(&standbys->paths, path);

        if (!entry || entry->standby.fd < 0)
                return NULL;
        if (is_of(entry, approved) && standby_is_untouched(&entry->standby))
                return &entry->standby;
        entry_free(map_remove(&standbys->paths, path));
        return NULL;
}

/* Does it serve, or is it known that none can be made? */
static bool is_settled(const struct entry *entry, const struct approved *approved) {
        return entry && is_of(entry, approved) &&
               (entry->is_impossible || standby_is_untouched(&entry->standby));
}

struct search {
        const struct standbys *standbys;
        const struct baseline *baseline;
        const char *path; /* found */
        const struct approved *approved;
};

static void find_missing(const char *path, void *value, void *userdata) {
        const unsigned wanted = GUARDED_SSHD | GUARDED_PAM;
        const unsigned unwritten = GUARDED_SECRET | GUARDED_ALERT_ONLY | GUARDED_POLICY |
                                   GUARDED_ACCOUNTS | GUARDED_USER;
        const struct guarded *guarded = value;
        struct search *search = userdata;
        const struct approved *approved;

        if (search->path || !(guarded->flags & wanted) || (guarded->flags & unwritten))
                return;
        approved = baseline_get(search->baseline, path);
        if (!approved || approved->metadata.kind != FILE_REGULAR ||
            !approved->metadata.has_sha256 || (!approved->data && approved->metadata.size > 0) ||
            is_settled(map_get(&search->standbys->paths, path), approved))
                return;
        search->path = path;
        search->approved = approved;
}

static int prepare(struct standbys *standbys, const struct os_root *root, const char *path,
                   const struct approved *approved) {
        const struct replace_version version = { &approved->metadata, approved->data,
                                                 approved->n_data };
        CLEANUP(entry_cleanup) struct entry *entry = calloc(1, sizeof *entry);
        CLEANUP_FREE char *directory = NULL;
        void *old = NULL;
        int r;

        if (!entry)
                return -ENOMEM;
        entry->standby.fd = -1;
        directory = strndup(path, (size_t)(strrchr(path, '/') - path) + 1);
        r = directory ? file_metadata_copy(&entry->approved, &approved->metadata) : -ENOMEM;
        if (r < 0)
                return r;
        entry->is_impossible =
                standby_prepare(root, directory, standbys->device, &version, &entry->standby) < 0;
        r = map_set(&standbys->paths, path, entry, &old);
        if (r < 0)
                return r;
        entry_free(old);
        entry = NULL;
        return 0;
}

bool standbys_prepare_next(struct standbys *standbys, const struct os_root *root,
                           const struct guarded_set *set, const struct baseline *baseline) {
        struct search search = { .standbys = standbys, .baseline = baseline };

        if (!standbys->is_enabled || standbys->paths.n >= STANDBYS_MAX)
                return false;
        map_each(&set->paths, find_missing, &search);
        return search.path && prepare(standbys, root, search.path, search.approved) == 0;
}

struct leaving {
        const struct guarded_set *set;
        char **paths;
        size_t n_paths;
};

static void note_left(const char *path, void *value, void *userdata) {
        struct leaving *leaving = userdata;

        (void)value;
        if (!map_get(&leaving->set->paths, path)) /* out of memory: the next time */
                (void)strings_append(&leaving->paths, &leaving->n_paths, path);
}

void standbys_forget_left(struct standbys *standbys, const struct guarded_set *set) {
        struct leaving leaving = { .set = set };

        map_each(&standbys->paths, note_left, &leaving);
        for (size_t i = 0; i < leaving.n_paths; i++)
                entry_free(map_remove(&standbys->paths, leaving.paths[i]));
        strings_free(leaving.paths, leaving.n_paths);
}

static void count(const char *path, void *value, void *userdata) {
        const struct entry *entry = value;
        size_t *n = userdata;

        (void)path;
        *n += entry->standby.fd >= 0;
}

size_t standbys_count(const struct standbys *standbys) {
        size_t n = 0;

        map_each(&standbys->paths, count, &n);
        return n;
}
