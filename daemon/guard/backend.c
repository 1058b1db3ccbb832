/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the control socket may ask of the manager: getters over what is believed, and the actions of
 * an administrator. An action changes nothing unless it can be done whole. */

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "guard/assess.h"
#include "guard/lock.h"
#include "guard/messages.h"
#include "guard/record.h"
#include "manager.h"
#include "world/access_change.h"

/* ---- getters ---- */

static void count_coverage(const char *path, void *value, void *userdata) {
        struct manager *manager = ((void **)userdata)[0];
        struct control_coverage *coverage = ((void **)userdata)[1];
        unsigned mechanisms = manager_coverage(manager, path);

        (void)value;
        coverage->n_files++;
        if (mechanisms & (WATCH_LIMITED | WATCH_NO_EVENTS))
                coverage->n_polled++;
        else if (mechanisms & WATCH_DIRECTORY)
                coverage->n_watched++;
        else
                coverage->n_blind++;
}

static void add_users(const struct manager *manager, struct control_coverage *coverage) {
        const struct user_coverage *users = &manager->world.users.coverage;

        coverage->n_watched += users->n_watched;
        coverage->n_polled += users->n_polled;
        coverage->n_blind += users->n_blind;
        coverage->n_files += users->n_watched + users->n_polled + users->n_blind;
}

static enum control_state state_of(const struct manager *manager, const struct permit *pause) {
        if (manager->is_stopping)
                return CONTROL_STOPPING;
        if (manager->pass_ended_at_us == 0)
                return CONTROL_STARTING;
        return pause ? CONTROL_PAUSED : CONTROL_GUARDING;
}

static int get_status(void *userdata, struct control_status *ret) {
        struct manager *manager = userdata;
        const struct permit *pause = permits_pause(&manager->permits, record_now_us());
        const struct permit *run = permits_find_packages(&manager->permits);
        void *counting[2] = { manager, &ret->coverage };

        *ret = (struct control_status){
                .state = state_of(manager, pause),
                .mode = manager->world.policy->mode,
                .generation = manager->world.generation,
                .started_at_us = manager->started_at_us,
                .policy_loaded_at_us = manager->policy_loaded_at_us,
                .policy_problem = manager->policy_problem,
                .root = manager->invocation->root_path,
                .openssh = manager->world.releases.openssh,
                .gaps = manager->gaps,
                .n_gaps = manager->n_gaps,
                .n_looks = manager->n_looks,
                .n_incidents = manager->n_incidents,
                .n_responses = manager->n_responses,
        };
        map_each(&manager->world.set.paths, count_coverage, counting);
        manager_count_users(manager);
        add_users(manager, &ret->coverage);
        ret->n_contested = contests_count(&manager->reconciler.contests);
        ret->coverage.n_watches = watch_n_watches(manager->watch);
        ret->coverage.n_users = manager->world.accounts.n_items;
        ret->coverage.users_complete = manager->world.accounts.complete;
        if (manager->pass_is_running)
                ret->running_pass =
                        (struct control_pass){ manager->pass_began_at_us, 0, manager->pass_n_done,
                                               manager->pass_n_total };
        if (manager->pass_ended_at_us > 0)
                ret->last_pass =
                        (struct control_pass){ manager->last_pass_began_at_us,
                                               manager->pass_ended_at_us, manager->pass_n_total,
                                               manager->pass_n_total };
        if (run)
                ret->package_run =
                        (struct control_package_run){ run->since_us, run->by, run->reason };
        if (pause)
                ret->pause = (struct control_pause){ pause->until_us, pause->by, pause->reason };
        return 1;
}

struct counting {
        const char *path;
        size_t n;           /* findings about it */
        bool breaks_a_rule; /* one of them is more than that it is not approved */
};

static void count_in_ledger(const struct ledger *ledger, struct counting *counting) {
        for (size_t i = 0; i < ledger->n_items; i++) {
                const struct finding *finding = &ledger->items[i].finding;

                if (!finding->path || strcmp(finding->path, counting->path) != 0)
                        continue;
                counting->n++;
                counting->breaks_a_rule |= strcmp(finding->rule_id, FINDING_UNAPPROVED) != 0;
        }
}

static void count_of_user(void *userdata, size_t i, struct user_file *file) {
        const struct manager *manager = ((void **)userdata)[0];

        (void)file;
        count_in_ledger(&manager->world.users.items[i].ledger, ((void **)userdata)[1]);
}

static struct counting count_findings(struct manager *manager, const char *path) {
        struct counting counting = { .path = path };
        void *both[2] = { manager, &counting };

        count_in_ledger(&manager->reconciler.ledger, &counting);
        users_of_path(&manager->world.users, path, count_of_user, both);
        return counting;
}

static enum control_file_state file_state(struct manager *manager, const char *path,
                                          const struct approved *approved,
                                          const struct counting *counting) {
        const struct guarded *guarded = guarded_set_get(&manager->world.set, path);
        unsigned differences = 0;

        if (counting->breaks_a_rule)
                return CONTROL_FILE_VIOLATING;
        if (guarded && guarded->flags & (GUARDED_ACCOUNTS | GUARDED_UNVERSIONED))
                return CONTROL_FILE_APPROVED;
        if (!approved || assess_drift(&manager->world, manager->world.view, path, &differences) < 0)
                return CONTROL_FILE_UNAPPROVED;
        return differences ? CONTROL_FILE_UNAPPROVED : CONTROL_FILE_APPROVED;
}

static int find_file(void *userdata, const char *path, struct control_file *ret) {
        struct manager *manager = userdata;
        const struct guarded *guarded = guarded_set_get(&manager->world.set, path);
        const struct approved *approved = baseline_get(manager->world.baseline, path);
        const struct snapshot *snapshot;
        struct counting counting;
        int r;

        if (!guarded)
                return 0;
        counting = count_findings(manager, path);
        r = view_look(manager->world.view, path,
                      guarded->flags & GUARDED_SECRET ? SNAPSHOT_SECRET : 0, &snapshot);
        if (r < 0)
                return r;
        *ret = (struct control_file){
                .path = path,
                .metadata = &snapshot->metadata,
                .coverage = manager_coverage(manager, path),
                .is_secret = guarded->flags & GUARDED_SECRET &&
                             (guarded->flags & GUARDED_MODULE) != GUARDED_MODULE,
                .is_locked = lock_is_on(baseline_get(manager->world.baseline, path)),
                .is_contested = contests_has(&manager->reconciler.contests, path),
                .n_findings = counting.n,
                .looked_at_us = manager->pass_ended_at_us,
        };
        ret->is_polled = ret->coverage & (WATCH_LIMITED | WATCH_NO_EVENTS);
        ret->state = file_state(manager, path, approved, &counting);
        if (approved) {
                manager->shown = (struct approved_version){
                        .path = BORROWED(path),
                        .metadata = approved->metadata,
                        .approved_at_us = approved->at_us,
                        .approved_by = approved->by,
                        .reason = approved->reason,
                        .is_secret = approved->is_secret,
                };
                ret->approved = &manager->shown;
        }
        return 1;
}

static void index_path(const char *path, void *value, void *userdata) {
        struct manager *manager = userdata;

        (void)value;
        if (ARRAY_GROW(manager->index, manager->n_index) == 0)
                manager->index[manager->n_index++] = path;
}

static int compare_paths(const void *a, const void *b) {
        return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Byte order; what belongs to the rest of the set and to an account is listed once. */
static void drop_twins(struct manager *manager) {
        size_t n = 0;

        if (manager->n_index > 1)
                qsort(manager->index, manager->n_index, sizeof *manager->index, compare_paths);
        for (size_t i = 0; i < manager->n_index; i++)
                if (n == 0 || strcmp(manager->index[n - 1], manager->index[i]) != 0)
                        manager->index[n++] = manager->index[i];
        manager->n_index = n;
}

void manager_drop_index(struct manager *manager) {
        free(manager->index);
        manager->index = NULL;
        manager->n_index = 0;
}

static void index_user_path(void *userdata, const char *path) {
        index_path(path, NULL, userdata);
}

static int get_file(void *userdata, size_t index, struct control_file *ret) {
        struct manager *manager = userdata;

        if (index == 0) {
                manager_drop_index(manager);
                map_each(&manager->world.set.paths, index_path, manager);
                for (size_t i = 0; i < manager->world.users.n_items; i++)
                        users_each_own(&manager->world.users, i, index_user_path, manager);
                drop_twins(manager);
        }
        if (index >= manager->n_index)
                return 0;
        return find_file(manager, manager->index[index], ret);
}

/* The INDEXth open finding: of the rest of the set, then of one account after the other. A caller
 * goes through them from the first on, so it is remembered where the last one was. */
static const struct open_finding *open_finding_at(struct manager *manager, size_t index) {
        const struct ledger *ledger = &manager->reconciler.ledger;
        const struct users *users = &manager->world.users;
        size_t before = 0, i = 0;

        if (index < ledger->n_items)
                return &ledger->items[index];
        if (index >= manager->listed.n_before && manager->listed.n_before >= ledger->n_items &&
            index > ledger->n_items) {
                before = manager->listed.n_before;
                i = manager->listed.user;
        } else {
                before = ledger->n_items;
        }
        for (; i < users->n_items; i++) {
                ledger = &users->items[i].ledger;
                if (index < before + ledger->n_items) {
                        manager->listed.user = i;
                        manager->listed.n_before = before;
                        return &ledger->items[index - before];
                }
                before += ledger->n_items;
        }
        return NULL;
}

static int get_finding(void *userdata, size_t index, struct control_finding *ret) {
        const struct open_finding *open = open_finding_at(userdata, index);

        if (!open)
                return 0;
        *ret = (struct control_finding){ &open->finding, open->since_us, open->incident_id,
                                         open->action };
        return 1;
}

static int get_permit(void *userdata, size_t index, struct control_permit *ret) {
        const struct manager *manager = userdata;
        const struct permit *permit;

        if (index >= manager->permits.n_items)
                return 0;
        permit = &manager->permits.items[index];
        *ret = (struct control_permit){ .id = permit->id,
                                        .path = permit->path,
                                        .since_us = permit->since_us,
                                        .until_us = permit->until_us,
                                        .uses_left = permit->uses_left,
                                        .by = permit->by,
                                        .reason = permit->reason };
        return 1;
}

static const struct policy *get_policy(void *userdata) {
        return ((const struct manager *)userdata)->world.policy;
}

static int list_incidents(void *userdata, const struct incident_filter *filter,
                          struct incident **ret, size_t *ret_n) {
        const struct world *world = &((struct manager *)userdata)->world;
        const struct account *account =
                filter->user ? accounts_find(&world->accounts, filter->user) : NULL;
        struct incident_filter with_home = *filter;

        with_home.home = account ? account->home : NULL;
        return store_list_incidents(world->store, &with_home, ret, ret_n);
}

static int get_incident(void *userdata, int64_t id, struct incident *ret) {
        int r = store_get_incident(((struct manager *)userdata)->world.store, id, ret);

        return r == -ENOENT ? 0 : r < 0 ? r : 1;
}

/* The accounts that `words` name, by uid; a name that is no account is nobody. */
static bool names_uid(const struct manager *manager, const struct rule_words *words, uid_t uid) {
        for (size_t i = 0; i < words->n_items; i++) {
                const struct account *account =
                        accounts_find(&manager->world.accounts, words->items[i]);

                if (account && account->uid == uid)
                        return true;
        }
        return false;
}

static bool is_listed(void *userdata, enum control_class class, uid_t uid) {
        const struct manager *manager = userdata;
        const struct policy *policy = manager->world.policy;

        return names_uid(manager, &policy->control_change, uid) ||
               (class == CONTROL_READ && names_uid(manager, &policy->control_read, uid));
}

static int add_uids(const struct manager *manager, const struct rule_words *words, uid_t **uids,
                    size_t *n) {
        for (size_t i = 0; i < words->n_items; i++) {
                const struct account *account =
                        accounts_find(&manager->world.accounts, words->items[i]);

                if (!account)
                        continue;
                if (ARRAY_GROW(*uids, *n) < 0)
                        return -ENOMEM;
                (*uids)[(*n)++] = account->uid;
        }
        return 0;
}

void manager_admit_listed(struct manager *manager) {
        const struct policy *policy = manager->world.policy;
        CLEANUP_FREE uid_t *uids = NULL;
        size_t n = 0;
        int r;

        if (!manager->control || !policy)
                return;
        r = add_uids(manager, &policy->control_read, &uids, &n);
        if (r == 0)
                r = add_uids(manager, &policy->control_change, &uids, &n);
        if (r == 0)
                r = control_admit(manager->control, uids, n);
        if (r < 0)
                record_notice(NULL, LOG_WARNING,
                              "the users that `control` lists cannot connect: %s", strerror(-r));
}

/* ---- versions ---- */

static int copy_version(struct control_version *ret, const struct file_metadata *metadata,
                        const char *data, size_t n_data, const char *label) {
        int r = file_metadata_copy(&ret->metadata, metadata);

        if (r < 0)
                return r;
        ret->label = strdup(label);
        if (!ret->label)
                return -ENOMEM;
        if (!data)
                return 0;
        ret->data = malloc(n_data + 1);
        if (!ret->data)
                return -ENOMEM;
        memcpy(ret->data, data, n_data);
        ret->data[n_data] = '\0';
        ret->n_data = n_data;
        return 0;
}

int manager_approved_version(struct manager *manager, const char *path,
                             struct control_version *ret) {
        static const struct file_metadata absent = { .kind = FILE_ABSENT };
        const struct approved *approved = baseline_get(manager->world.baseline, path);
        CLEANUP_FREE char *data = NULL;
        size_t n_data;
        int r;

        if (!approved)
                return copy_version(ret, &absent, NULL, 0, "no approved version");
        r = baseline_content(manager->world.baseline, approved, &data, &n_data);
        if (r < 0)
                return r;
        return copy_version(ret, &approved->metadata, data, n_data, "approved");
}

/* Of a link is shown, and reviewed by digest, what it leads to. */
static int add_destination(struct manager *manager, const char *path, struct control_version *ret) {
        const struct snapshot *end;
        int r = view_follow(manager->world.view, path, 0, NULL, &end);

        if (r < 0 || !end->metadata.has_sha256)
                return r;
        ret->metadata.has_sha256 = true;
        memcpy(ret->metadata.sha256, end->metadata.sha256, FILE_SHA256_SIZE);
        if (!end->data)
                return 0;
        ret->data = malloc(end->n_data + 1);
        if (!ret->data)
                return -ENOMEM;
        memcpy(ret->data, end->data, end->n_data + 1);
        ret->n_data = end->n_data;
        return 0;
}

static int path_versions(struct manager *manager, const char *path, struct control_versions *ret) {
        const struct guarded *guarded = guarded_set_get(&manager->world.set, path);
        const struct snapshot *now;
        int r;

        if (!guarded)
                return CONTROL_NO_SUCH_PATH;
        view_forget(manager->world.view, path);
        ret->is_secret = guarded->flags & GUARDED_SECRET;
        r = view_look(manager->world.view, path, ret->is_secret ? SNAPSHOT_SECRET : 0, &now);
        if (r == 0)
                r = manager_approved_version(manager, path, &ret->before);
        if (r == 0)
                r = copy_version(&ret->after, &now->metadata, now->data, now->n_data, "now");
        if (r == 0 && now->metadata.kind == FILE_SYMLINK)
                r = add_destination(manager, path, &ret->after);
        ret->path = strdup(path);
        return r < 0 ? r : ret->path ? CONTROL_DONE : -ENOMEM;
}

int manager_incident_versions(struct manager *manager, int64_t id, struct control_versions *ret) {
        CLEANUP(incident_done) struct incident incident = { 0 };
        CLEANUP_FREE char *data = NULL, *label = NULL;
        size_t n_data = 0;
        int r = store_get_incident(manager->world.store, id, &incident);

        if (r == -ENOENT)
                return CONTROL_NO_SUCH_INCIDENT;
        if (r == 0 && !incident.has_quarantine)
                return CONTROL_NOTHING_KEPT;
        if (r == 0)
                r = store_get_quarantine(manager->world.store, id, &data, &n_data);
        if (r < 0 && r != -ENOENT)
                return r;
        label = text_format("incident %lld", (long long)id);
        ret->path = strdup(incident.path);
        if (!label || !ret->path)
                return -ENOMEM;
        r = manager_approved_version(manager, incident.path, &ret->before);
        if (r == 0)
                r = copy_version(&ret->after, &incident.metadata, data, n_data, label);
        return r < 0 ? r : CONTROL_DONE;
}

/* What the later version gives to whom, where that can be found out. */
static int add_access(struct manager *manager, bool is_present, struct control_versions *versions) {
        CLEANUP(access_change_done) struct access_change change = { 0 };
        const struct snapshot bad = { .metadata = versions->after.metadata,
                                      .data = versions->after.data,
                                      .n_data = versions->after.n_data };
        int r = access_change_of(&manager->world, versions->path, is_present ? NULL : &bad,
                                 &change);

        versions->access = TAKE(change.text);
        return r == -ENOMEM ? r : CONTROL_DONE;
}

static int get_versions(void *userdata, const struct control_subject *subject,
                        struct control_versions *ret, struct control_refusal *refusal) {
        int r = subject->path ? path_versions(userdata, subject->path, ret)
                              : manager_incident_versions(userdata, subject->incident_id, ret);

        (void)refusal;
        return r == CONTROL_DONE ? add_access(userdata, subject->path != NULL, ret) : r;
}

void manager_fill_backend(struct manager *manager, struct control_backend *ret) {
        *ret = (struct control_backend){
                .userdata = manager,
                .get_status = get_status,
                .get_file = get_file,
                .find_file = find_file,
                .get_finding = get_finding,
                .get_permit = get_permit,
                .list_keys = manager_list_keys,
                .list_access = manager_list_access,
                .get_policy = get_policy,
                .list_incidents = list_incidents,
                .get_incident = get_incident,
                .get_versions = get_versions,
                .is_listed = is_listed,
        };
        manager_fill_actions(ret);
}
