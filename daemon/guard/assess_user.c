/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Judging one account: the keys that open it, and the files that rules with ~ and %u speak of.
 *
 * Everything is looked at with the account's rights, as sshd does (temporarily_use_uid()), so a
 * link planted to a file only root may read shows what it shows to its owner: nothing. What a user
 * put in the place of a key file (a FIFO, a device, a link that leads nowhere) opens nothing; it is
 * reported and never touched.
 *
 * A key file that sshd does not trust because of who may write it (StrictModes) locks its owner
 * out; with StrictModes off it is a door others can open. */

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/escape.h"
#include "base/text.h"
#include "guard/assess.h"
#include "policy/judge_keys.h"
#include "world/keys_tree.h"
#include "world/user_rights.h"

enum { LINKS_MAX = 40 }; /* MAXSYMLINKS of the kernel */

void user_sight_done(struct user_sight *sight) {
        for (size_t i = 0; i < sight->n_files; i++) {
                snapshot_done(&sight->files[i].followed);
                authorized_keys_done(&sight->files[i].keys);
                free(sight->files[i].destination);
        }
        free(sight->files);
        *sight = (struct user_sight){ 0 };
}

/* ---- look ---- */

static bool belongs_to(const struct users *users, size_t i, const char *path) {
        const struct guarded_user *user = &users->items[i];

        for (size_t f = 0; f < user->n_files; f++)
                if (strcmp(user->files[f].path, path) == 0)
                        return true;
        return false;
}

/* Behind a link: what the account itself finds there. As long as it leads to files of its own the
 * view is asked, so that a candidate that replaces the target is seen through the link. */
static int follow(struct world *world, struct view *view, size_t i, const struct user_file *file,
                  struct seen_user_file *seen) {
        CLEANUP_FREE char *at = strdup(file->path);
        const struct snapshot *now = seen->snapshot;
        const struct credentials *as;
        int r = at ? users_credentials(&world->users, i, &as) : -ENOMEM;

        for (unsigned n = 0; r == 0 && now->metadata.kind == FILE_SYMLINK && n < LINKS_MAX; n++) {
                char *next = view_link_destination(
                        at, now->metadata.link_target ? now->metadata.link_target : "");

                if (!next)
                        return -ENOMEM;
                free(at);
                at = next;
                if (!seen->destination)
                        seen->destination = strdup(at);
                if (!seen->destination)
                        return -ENOMEM;
                if (!belongs_to(&world->users, i, at)) {
                        r = looker_take(world->looker, at, as, users_look_flags(file->role),
                                        &seen->followed);
                        now = &seen->followed;
                        break;
                }
                r = view_look(view, at, 0, &now);
        }
        if (r == 0 && now->metadata.kind != FILE_ABSENT)
                seen->snapshot = now; /* a link that dangles is shown itself */
        return r;
}

static int look_at_file(struct world *world, struct view *view, size_t i,
                        const struct user_file *file, struct seen_user_file *seen) {
        struct keys_release release = keys_tree_release(&world->release);
        const struct snapshot *snapshot;
        int r = view_look(view, file->path, 0, &seen->snapshot);

        if (r == 0 && seen->snapshot->metadata.kind == FILE_SYMLINK)
                r = follow(world, view, i, file, seen);
        snapshot = seen->snapshot;
        if (r < 0 || file->role != USER_KEYS || snapshot->metadata.kind != FILE_REGULAR ||
            !snapshot->data || snapshot->metadata.is_oversize)
                return r;
        seen->has_keys = true;
        return authorized_keys_parse(snapshot->data, snapshot->n_data, &release,
                                     &keys_tree_environment, &seen->keys);
}

static int look_at_files(struct world *world, struct view *view, size_t i,
                         struct user_sight *sight) {
        const struct guarded_user *user = &world->users.items[i];
        int r = 0;

        sight->files = calloc(user->n_files + 1, sizeof *sight->files);
        if (!sight->files)
                return -ENOMEM;
        for (size_t f = 0; f < user->n_files && r == 0; f++) {
                struct seen_user_file *seen = &sight->files[sight->n_files++];

                seen->file = &user->files[f];
                r = look_at_file(world, view, i, seen->file, seen);
        }
        return r;
}

int assess_look_at_user(struct world *world, struct view *view, size_t i, struct user_sight *ret) {
        CLEANUP(user_sight_done) struct user_sight sight = { 0 };
        const struct credentials *as;
        int r = users_credentials(&world->users, i, &as);

        if (r == 0)
                r = looker_keep_rights(world->looker, as);
        if (r == 0)
                r = look_at_files(world, view, i, &sight);
        looker_drop_rights(world->looker);
        if (r < 0)
                return r;
        *ret = sight;
        sight = (struct user_sight){ 0 };
        return 0;
}

/* ---- kinds ---- */

/* Nobody can tell what is behind a directory the account itself may not enter; if anything was
 * approved there, that is drift. */
static bool is_out_of_reach(const struct file_metadata *metadata) {
        return metadata->kind == FILE_UNREADABLE && metadata->error == EACCES && metadata->ino == 0;
}

static int judge_kinds(const struct user_sight *sight, const char *name,
                       struct findings *findings) {
        for (size_t f = 0; f < sight->n_files; f++) {
                const struct seen_user_file *seen = &sight->files[f];
                const struct file_metadata *metadata = &seen->snapshot->metadata;
                size_t n_before = findings->n_items;
                int r = 0;

                if (seen->file->role != USER_KEYS && seen->file->role != USER_PRINCIPALS)
                        continue;
                if (!is_out_of_reach(metadata))
                        r = assess_kind(seen->file->path, metadata, RESPONSE_ALERT, findings);
                if (r == 0 && metadata->kind == FILE_REGULAR && metadata->is_oversize)
                        r = assess_oversize(seen->file->path, metadata, findings);
                for (size_t k = n_before; k < findings->n_items && r == 0; k++)
                        r = finding_set(0, &findings->items[k].users, "%s", name);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* ---- StrictModes ---- */

/* The element of the path sshd does not trust, in *ret_path on the heap; NULL if it trusts all. */
static int find_distrusted(struct world *world, size_t i, const struct seen_user_file *seen,
                           struct strict_modes_path *ret, char **ret_path) {
        struct user_trust trust = { .looker = world->looker,
                                    .accounts = &world->accounts,
                                    .account = users_account(&world->users, i),
                                    .release = keys_tree_release(&world->release),
                                    .path = seen->file->path,
                                    .file = &seen->snapshot->metadata };
        int r = users_credentials(&world->users, i, &trust.as);

        *ret_path = NULL;
        return r < 0 ? r : user_trust_refuse(&trust, ret, ret_path);
}

static int report_distrusted(const struct world *world, const char *name,
                             const struct seen_user_file *seen, const char *path,
                             const struct strict_modes_path *refused, struct findings *findings) {
        CLEANUP(finding_done) struct finding finding = { 0 };
        CLEANUP(text_done) struct text quoted = { 0 };
        int r = world->strict_modes
                        ? finding_init_own(&finding, "keys.ignored", SEVERITY_MEDIUM)
                        : finding_init_own(&finding, "keys.open-to-others", SEVERITY_HIGH);

        r = finding_set(r, &finding.path, "%s", seen->file->path);
        r = finding_set(r, &finding.users, "%s", name);
        r = finding_set(r, &finding.setting, "StrictModes");
        r = finding_set(r, &finding.want, "%s writable by root and %s alone", path, name);
        r = finding_set(r, &finding.got, "%s has owner %u and mode %04o", path, refused->uid,
                        refused->mode);
        r = finding_set(r, &finding.message,
                        world->strict_modes
                                ? "sshd ignores these keys, because others could write %s"
                                : "others can decide which keys open the account, by %s",
                        path);
        if (r == 0)
                r = escape_append_shell(&quoted, path);
        r = finding_set(r, &finding.witness, "stat %s", text_get(&quoted));
        return r < 0 ? r : findings_add(findings, &finding);
}

static bool opens_something(const struct authorized_keys *keys) {
        for (size_t k = 0; k < keys->n_items; k++)
                if (keys->items[k].problem == KEY_OK)
                        return true;
        return false;
}

/* Two files that lie beside each other, and are their owner's alike: what sshd thinks of the way to
 * one it thinks of the way to the other. */
static bool is_beside(const struct seen_user_file *one, const struct seen_user_file *other) {
        const struct file_metadata *a = &one->snapshot->metadata, *b = &other->snapshot->metadata;
        const char *slash = strrchr(one->file->path, '/');
        size_t n = (size_t)(slash - one->file->path) + 1;

        return !one->destination && !other->destination && a->uid == b->uid && a->gid == b->gid &&
               a->mode == b->mode && strncmp(one->file->path, other->file->path, n) == 0 &&
               !strchr(other->file->path + n, '/');
}

static int judge_trust(struct world *world, size_t i, const struct user_sight *sight,
                       struct findings *findings) {
        const struct seen_user_file *trusted = NULL;

        for (size_t f = 0; f < sight->n_files; f++) {
                const struct seen_user_file *seen = &sight->files[f];
                struct strict_modes_path refused;
                CLEANUP_FREE char *path = NULL;
                int r;

                if (!seen->has_keys || !opens_something(&seen->keys) ||
                    (trusted && is_beside(trusted, seen)))
                        continue;
                r = find_distrusted(world, i, seen, &refused, &path);
                if (r == 0 && path)
                        r = report_distrusted(world, users_account(&world->users, i)->name, seen,
                                              path, &refused, findings);
                if (r < 0)
                        return r;
                if (!path)
                        trusted = seen;
        }
        return 0;
}

/* ---- rules ---- */

/* While a home is not there (not mounted, being moved) nothing in it is missed. */
static bool is_in_missing_home(const struct user_sight *sight, const char *path) {
        const struct seen_user_file *home = sight->n_files > 0 ? &sight->files[0] : NULL;
        size_t n;

        if (!home || home->file->role != USER_HOME || home->snapshot->metadata.kind != FILE_ABSENT)
                return false;
        n = strlen(home->file->path);
        return strncmp(path, home->file->path, n) == 0 && path[n] == '/';
}

/* approved_only of a keys rule: the files as a whole. */
static int judge_approved(const struct world *world, struct view *view, const struct rule *rule,
                          const char *name, const struct user_sight *sight,
                          struct findings *findings) {
        for (size_t f = 0; f < sight->n_files; f++) {
                const struct user_file *file = sight->files[f].file;
                CLEANUP(finding_done) struct finding finding = { 0 };
                CLEANUP_FREE char *names = NULL;
                unsigned differences = 0;
                int r = 0;

                if ((file->role == USER_KEYS || file->role == USER_TARGET) &&
                    !is_in_missing_home(sight, file->path))
                        r = assess_drift(world, view, file->path, &differences);
                if (r == 0 && differences == 0)
                        continue;
                names = assess_format_differences(differences);
                if (r == 0)
                        r = names ? finding_init(&finding, rule) : -ENOMEM;
                r = finding_set(r, &finding.path, "%s", file->path);
                r = finding_set(r, &finding.users, "%s", name);
                r = finding_set(r, &finding.setting, "approved");
                r = finding_set(r, &finding.want, "the approved version");
                r = finding_set(r, &finding.got, "%s changed", names);
                r = finding_set(r, &finding.message, "It is not the approved version: %s changed.",
                                names);
                if (r == 0)
                        r = findings_add(findings, &finding);
                if (r < 0)
                        return r;
        }
        return 0;
}

int assess_key_files(const struct user_sight *sight, struct judged_key_file **ret, size_t *ret_n) {
        struct judged_key_file *files = calloc(sight->n_files + 1, sizeof *files);
        size_t n = 0;

        if (!files)
                return -ENOMEM;
        for (size_t f = 0; f < sight->n_files; f++)
                if (sight->files[f].has_keys)
                        files[n++] = (struct judged_key_file){ sight->files[f].file->path,
                                                               &sight->files[f].keys };
        *ret = files;
        *ret_n = n;
        return 0;
}

static int judge_keys(struct world *world, struct view *view, size_t i,
                      const struct user_sight *sight, struct findings *findings) {
        const struct account *account = users_account(&world->users, i);
        CLEANUP_FREE struct judged_key_file *files = NULL;
        struct judged_keys keys = { .account = account, .now = time(NULL) };
        int r = assess_key_files(sight, &files, &keys.n_files);

        keys.files = files;
        if (r == 0)
                r = policy_judge_key_lines(&keys, findings);
        for (size_t k = 0; k < world->policy->n_rules && r == 0; k++) {
                const struct rule *rule = &world->policy->rules[k];

                if (rule->family != RULE_KEYS || !rule->is_enabled ||
                    !policy_keys_rule_covers(rule, account))
                        continue;
                r = policy_judge_keys(rule, &keys, findings);
                if (r == 0 && rule->keys.approved_only && world->baseline)
                        r = judge_approved(world, view, rule, account->name, sight, findings);
        }
        return r;
}

static int judge_file_rule(const struct world *world, const struct rule *rule,
                           const struct account *account, const struct user_sight *sight,
                           struct findings *findings) {
        CLEANUP_FREE char *pattern = NULL;
        int r = policy_file_rule_glob(rule, account, &pattern);

        for (size_t f = 0; f < sight->n_files && r == 0; f++) {
                const struct seen_user_file *seen = &sight->files[f];
                size_t n_before = findings->n_items;
                struct judged_file judged;

                if (!view_glob_matches(pattern, seen->file->path) ||
                    is_out_of_reach(&seen->snapshot->metadata))
                        continue;
                assess_describe_file(world, seen->file->path, &seen->snapshot->metadata, &judged);
                judged.user = account->name;
                r = policy_judge_file(rule, &judged, findings);
                for (size_t k = n_before; k < findings->n_items && r == 0; k++)
                        r = finding_set(0, &findings->items[k].users, "%s", account->name);
        }
        return r;
}

int assess_user(struct world *world, struct view *view, size_t i, const struct user_sight *sight,
                struct findings *findings) {
        const struct account *account = users_account(&world->users, i);
        int r = judge_kinds(sight, account->name, findings);

        if (r == 0)
                r = judge_keys(world, view, i, sight, findings);
        if (r == 0)
                r = judge_trust(world, i, sight, findings);
        for (size_t k = 0; k < world->policy->n_rules && r == 0; k++) {
                const struct rule *rule = &world->policy->rules[k];

                if (rule->family == RULE_FILE && rule->is_enabled &&
                    policy_file_rule_is_per_user(rule))
                        r = judge_file_rule(world, rule, account, sight, findings);
        }
        if (r == 0)
                r = assess_access(world, view, account, findings);
        return r;
}

struct assessing {
        struct world *world;
        struct view *view;
        struct findings *findings;
        size_t n_users;
        int error;
};

static void assess_owner(void *userdata, size_t i, struct user_file *file) {
        struct assessing *assessing = userdata;
        CLEANUP(user_sight_done) struct user_sight sight = { 0 };

        (void)file;
        assessing->n_users++;
        if (assessing->error == 0)
                assessing->error =
                        assess_look_at_user(assessing->world, assessing->view, i, &sight);
        if (assessing->error == 0)
                assessing->error = assess_user(assessing->world, assessing->view, i, &sight,
                                               assessing->findings);
}

int assess_path(struct world *world, struct view *view, const char *path,
                struct findings *findings) {
        struct assessing assessing = { .world = world, .view = view, .findings = findings };

        users_of_path(&world->users, path, assess_owner, &assessing);
        if (assessing.error < 0 || assessing.n_users > 0)
                return assessing.error;
        return assess_file(world, view, path, findings);
}
