/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Judging a view of the tree.
 *
 * The families' judges are pure and know nothing of files; here they get what they ask for. A
 * configuration that sshd would refuse is one finding and its settings are not judged: sshd would
 * go on with the one it has, or not start, and what the text says decides nothing. */

#include "guard/assess.h"

#include <errno.h>
#include <linux/fs.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "policy/judge_file.h"
#include "policy/judge_sshd.h"

static void config_cleanup(struct sshd_config **config) {
        sshd_config_free(*config);
}

int assess_config(const struct world *world, const struct service_tree *service,
                  const struct sshd_config *config, struct findings *findings) {
        size_t first = findings->n_items;
        int r = policy_judge_sshd_refusal(config, findings);

        for (size_t i = 0; i < world->policy->n_rules && r == 0; i++) {
                const struct rule *rule = &world->policy->rules[i];

                if (rule->family == RULE_SSHD && rule->is_enabled && !sshd_config_refusal(config))
                        r = policy_judge_sshd(rule, config, &world->accounts, findings);
        }
        if (r == 0)
                r = service_tree_place_findings(service, findings, first);
        return r < 0 ? r : service_tree_judge(service, findings);
}

int assess_sshd(const struct world *world, struct view *view, struct findings *findings) {
        CLEANUP(config_cleanup) struct sshd_config *config = NULL;
        CLEANUP(service_tree_done) struct service_tree storage = { 0 };
        const struct service_tree *service;
        int r = world_view_service(world, view, &storage, &service);

        if (r == 0)
                r = world_parse_config(world, view, &config);
        return r < 0 ? r : assess_config(world, service, config, findings);
}

static int id_of_user(void *userdata, const char *name, uint32_t *ret) {
        const struct world *world = userdata;
        const struct account *account = accounts_find(&world->accounts, name);

        if (!account)
                return -ENOENT;
        *ret = account->uid;
        return 0;
}

static int id_of_group(void *userdata, const char *name, uint32_t *ret) {
        const struct world *world = userdata;

        return accounts_find_group(&world->accounts, name, ret) ? 0 : -ENOENT;
}

static const char *user_name(const struct world *world, uint32_t uid) {
        const struct account *account = accounts_find_uid(&world->accounts, uid);

        return account ? account->name : NULL;
}

int assess_kind(const char *path, const struct file_metadata *metadata, enum rule_response response,
                struct findings *findings) {
        struct finding finding;
        const char *kind = file_kind_name(metadata->kind);
        int r;

        if (metadata->kind == FILE_ABSENT || metadata->kind == FILE_REGULAR)
                return 0;
        if (metadata->kind == FILE_SYMLINK)
                kind = "a symbolic link that leads nowhere";
        r = finding_init_own(&finding, "file.kind", SEVERITY_HIGH);
        if (r < 0)
                return r;
        finding.response = response;
        r = finding_set(r, &finding.path, "%s", path);
        r = finding_set(r, &finding.setting, "kind");
        r = finding_set(r, &finding.want, "a regular file");
        if (metadata->kind == FILE_UNREADABLE)
                r = finding_set(r, &finding.got, "unreadable: %s", strerror(metadata->error));
        else
                r = finding_set(r, &finding.got, "%s", kind);
        r = finding_set(r, &finding.message, "%s where a regular file is expected", kind);
        if (r == 0)
                return findings_add(findings, &finding);
        finding_done(&finding);
        return r;
}

int assess_oversize(const char *path, const struct file_metadata *metadata,
                    struct findings *findings) {
        CLEANUP(finding_done) struct finding finding = { 0 };
        int r = finding_init_own(&finding, "file.oversize", SEVERITY_HIGH);

        r = finding_set(r, &finding.path, "%s", path);
        r = finding_set(r, &finding.setting, "size");
        r = finding_set(r, &finding.want, "at most %d bytes", SNAPSHOT_CONTENT_MAX);
        r = finding_set(r, &finding.got, "%llu bytes", (unsigned long long)metadata->size);
        r = finding_set(r, &finding.message, "it is too large to be read as what it should be");
        return r < 0 ? r : findings_add(findings, &finding);
}

/* The callbacks above only read it. */
static void *lend(const struct world *world) {
        void *lent;

        memcpy(&lent, &world, sizeof lent);
        return lent;
}

/* Rules speak of what an approved link leads to, so that is held against the approved version of
 * where it leads; the link itself is compared as drift. */
static const struct approved *approved_of(const struct world *world, const char *path,
                                          const struct file_metadata *metadata) {
        const struct approved *approved =
                world->baseline ? baseline_get(world->baseline, path) : NULL;
        CLEANUP_FREE char *at = NULL;

        for (unsigned i = 0;
             i < VIEW_LINKS_MAX && approved && metadata->kind != FILE_SYMLINK &&
             approved->metadata.kind == FILE_SYMLINK && approved->metadata.link_target;
             i++) {
                char *next = view_link_destination(at ? at : path, approved->metadata.link_target);

                free(at);
                at = next;
                approved = at ? baseline_get(world->baseline, at) : NULL;
        }
        return approved;
}

/* The flag of a lock that is not there is no drift: lock_keep() knows whether it should be. */
static bool is_unlocked(const struct approved *approved, const struct file_metadata *now) {
        return approved && (approved->metadata.flags & FS_IMMUTABLE_FL) &&
               !(now->flags & (FS_IMMUTABLE_FL | FS_APPEND_FL));
}

void assess_describe_file(const struct world *world, const char *path,
                          const struct file_metadata *metadata, struct judged_file *ret) {
        const struct approved *approved = approved_of(world, path, metadata);

        *ret = (struct judged_file){
                .path = path,
                .metadata = metadata,
                .approved = approved ? &approved->metadata : NULL,
                .owner_name = user_name(world, metadata->uid),
                .group_name = accounts_group_name(&world->accounts, metadata->gid),
                .uid_of = id_of_user,
                .gid_of = id_of_group,
                .userdata = lend(world),
        };
}

/* Kinds that are wrong elsewhere. */
static bool may_be(const struct guarded *guarded, enum file_kind kind) {
        return guarded && ((kind == FILE_DIRECTORY && guarded->flags & GUARDED_DIRECTORY) ||
                           (kind == FILE_SYMLINK && guarded->flags & GUARDED_MAY_DANGLE));
}

int assess_file(const struct world *world, struct view *view, const char *path,
                struct findings *findings) {
        const struct guarded *guarded = guarded_set_get(&world->set, path);
        unsigned flags = guarded && guarded->flags & GUARDED_SECRET ? SNAPSHOT_SECRET : 0;
        const struct approved *approved;
        const struct snapshot *snapshot;
        struct judged_file judged = { 0 };
        struct file_metadata shown; /* its parts are the snapshot's */
        int r;

        r = view_follow(view, path, flags, NULL, &snapshot);
        if (r < 0)
                return r;
        approved = world->baseline ? baseline_get(world->baseline, path) : NULL;
        if ((!approved || approved->metadata.kind != snapshot->metadata.kind) &&
            !may_be(guarded, snapshot->metadata.kind)) {
                r = assess_kind(path, &snapshot->metadata, RESPONSE_REVERT, findings);
                if (r < 0)
                        return r;
        }
        assess_describe_file(world, path, &snapshot->metadata, &judged);
        shown = snapshot->metadata;
        if (is_unlocked(approved, &shown))
                shown.flags |= FS_IMMUTABLE_FL;
        judged.metadata = &shown;
        for (size_t i = 0; i < world->policy->n_rules && r == 0; i++) {
                const struct rule *rule = &world->policy->rules[i];

                if (rule->family == RULE_FILE && rule->is_enabled &&
                    policy_file_rule_covers(rule, NULL, path))
                        r = policy_judge_file(rule, &judged, findings);
        }
        return r;
}

int assess_drift(const struct world *world, struct view *view, const char *path,
                 unsigned *ret_differences) {
        const struct guarded *guarded = guarded_set_get(&world->set, path);
        const struct approved *approved = baseline_get(world->baseline, path);
        const struct snapshot *snapshot;
        unsigned flags = guarded && guarded->flags & GUARDED_SECRET ? SNAPSHOT_SECRET : 0;
        int r;

        *ret_differences = 0;
        if (!approved || (guarded && guarded->flags & (GUARDED_ACCOUNTS | GUARDED_UNVERSIONED)))
                return 0;
        r = view_look(view, path, flags, &snapshot);
        if (r < 0)
                return r;
        *ret_differences = file_metadata_compare(&approved->metadata, &snapshot->metadata);
        if (is_unlocked(approved, &snapshot->metadata))
                *ret_differences &= ~(unsigned)FILE_DIFFERS_FLAGS;
        if (guarded && guarded->flags & GUARDED_METADATA)
                *ret_differences &= ~(unsigned)FILE_DIFFERS_CONTENT;
        return 0;
}

char *assess_format_differences(unsigned differences) {
        static const struct {
                enum file_difference bit;
                const char *name;
        } names[] = {
                { FILE_DIFFERS_KIND, "kind" },   { FILE_DIFFERS_CONTENT, "content" },
                { FILE_DIFFERS_MODE, "mode" },   { FILE_DIFFERS_OWNER, "owner" },
                { FILE_DIFFERS_GROUP, "group" }, { FILE_DIFFERS_XATTRS, "extended attributes" },
                { FILE_DIFFERS_FLAGS, "flags" }, { FILE_DIFFERS_LINK, "link target" },
        };
        struct text text = { 0 };

        for (size_t i = 0; i < N_ELEMENTS(names); i++)
                if (differences & names[i].bit)
                        (void)text_appendf(&text, "%s%s", text.n > 0 ? ", " : "", names[i].name);
        return text_take(&text);
}

/* What is there, so that another unapproved version is another finding. */
static int set_got(int r, struct finding *finding, const struct file_metadata *now) {
        char digest[65];

        if (now->kind == FILE_ABSENT)
                return finding_set(r, &finding->got, "absent");
        if (now->kind == FILE_REGULAR && now->has_sha256)
                return finding_set(r, &finding->got, "%s, SHA-256 %.16s, mode %04o",
                                   file_kind_name(now->kind),
                                   file_sha256_format(now->sha256, digest), now->mode);
        return finding_set(r, &finding->got, "%s, mode %04o", file_kind_name(now->kind), now->mode);
}

int assess_unapproved(const struct world *world, const char *path, unsigned differences,
                      enum severity severity, struct findings *findings) {
        const struct approved *approved = baseline_get(world->baseline, path);
        CLEANUP_FREE char *names = assess_format_differences(differences);
        bool was_absent = approved && approved->metadata.kind == FILE_ABSENT;
        const struct snapshot *now;
        struct finding finding;
        int r = view_look(world->view, path, 0, &now);

        if (r == 0)
                r = names ? finding_init_own(&finding, FINDING_UNAPPROVED, severity) : -ENOMEM;
        if (r < 0)
                return r;
        r = finding_set(r, &finding.path, "%s", path);
        r = finding_set(r, &finding.setting, "%s", names);
        r = finding_set(r, &finding.want, was_absent ? "absent, as approved" : "as approved");
        r = set_got(r, &finding, &now->metadata);
        if (was_absent)
                r = finding_set(r, &finding.message, "it appeared, and was approved as absent");
        else if (now->metadata.kind == FILE_ABSENT)
                r = finding_set(r, &finding.message, "it is gone, and was approved as present");
        else
                r = finding_set(r, &finding.message, "it differs from its approved version in %s",
                                names);
        if (r == 0)
                return findings_add(findings, &finding);
        finding_done(&finding);
        return r;
}

int assess_is_same_meaning(const struct world *world, struct view *a, struct view *b,
                           bool *ret_is_same) {
        CLEANUP(config_cleanup) struct sshd_config *x = NULL, *y = NULL;
        int r = world_parse_config(world, a, &x);

        if (r == 0)
                r = world_parse_config(world, b, &y);
        if (r < 0)
                return r;
        *ret_is_same = sshd_config_is_same(x, y);
        return 0;
}
