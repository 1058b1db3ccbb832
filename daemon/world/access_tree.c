/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the access room cannot ask for itself.
 *
 * A user's files are opened with that user's rights and trusted as StrictModes trusts them, because
 * a key sshd would not read opens nothing. What was put into a candidate view is taken from there,
 * behind links too; all else is looked at anew, for only a stamp is kept of what accounts own. Of
 * /etc/shadow only what shadows_parse() keeps stays in memory, until the file is another; the bytes
 * are wiped. */

#include "world/access_tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "os/snapshot.h"
#include "world/keys_tree.h"
#include "world/user_rights.h"

/* A file as somebody sees it: a candidate's, which is the view's, or one looked at now. */
struct sight {
        struct snapshot own;
        const struct snapshot *now;
        bool is_candidate;
};

static void sight_done(struct sight *sight) {
        snapshot_done(&sight->own);
}

/* Where a chain of links from PATH comes by a path that was put into the candidate. */
static int leads_to_put(const struct access_tree *tree, const char *path,
                        const struct credentials *as, bool *ret) {
        CLEANUP_FREE char *at = strdup(path);

        *ret = false;
        for (unsigned i = 0; at && i < VIEW_LINKS_MAX; i++) {
                CLEANUP(snapshot_done) struct snapshot now = { 0 };
                char *next;
                int r;

                *ret = view_is_put(tree->view, at);
                if (*ret)
                        return 0;
                r = looker_take(tree->world->looker, at, as, SNAPSHOT_NOFOLLOW | SNAPSHOT_METADATA,
                                &now);
                if (r < 0 || now.metadata.kind != FILE_SYMLINK)
                        return r;
                next = view_link_destination(at, now.metadata.link_target ? now.metadata.link_target
                                                                          : "");
                free(at);
                at = next;
        }
        return at ? 0 : -ENOMEM;
}

static int see(struct access_tree *tree, const char *path, const struct credentials *as,
               unsigned flags, struct sight *ret) {
        int r = 0;

        *ret = (struct sight){ 0 };
        if (tree->view != tree->world->view)
                r = leads_to_put(tree, path, as, &ret->is_candidate);
        if (r == 0 && ret->is_candidate)
                return view_follow(tree->view, path, 0, NULL, &ret->now);
        if (r == 0)
                r = looker_take(tree->world->looker, path, as, flags, &ret->own);
        ret->now = &ret->own;
        return r;
}

/* *RET_REASON (heap): what of the path sshd does not trust; NULL if it trusts all of it. */
static int distrust(struct access_tree *tree, const struct account *account, const char *path,
                    const struct credentials *as, const struct sight *sight, char **ret_reason) {
        const struct user_trust trust = { .looker = tree->world->looker,
                                          .accounts = &tree->world->accounts,
                                          .account = account,
                                          .as = as,
                                          .release = keys_tree_release(&tree->world->release),
                                          .path = path,
                                          .file = sight->is_candidate ? &sight->now->metadata
                                                                      : NULL };
        CLEANUP_FREE char *refused_path = NULL;
        struct strict_modes_path refused;
        int r = user_trust_refuse(&trust, &refused, &refused_path);

        if (r < 0 || !refused_path)
                return r;
        *ret_reason = text_format("sshd does not trust it: %s has owner %u and mode %04o",
                                  refused_path, refused.uid, refused.mode);
        return *ret_reason ? 0 : -ENOMEM;
}

/* Why sshd does not read it, whatever its modes; NULL: it may. */
static int unreadable(const struct file_metadata *metadata, struct access_user_file *ret) {
        if (metadata->kind == FILE_REGULAR && !metadata->is_oversize)
                return 0;
        ret->is_unknown = metadata->kind == FILE_REGULAR ||
                          (metadata->kind == FILE_UNREADABLE && metadata->error == ETIMEDOUT);
        if (metadata->kind == FILE_REGULAR)
                ret->ignored = strdup("it is too large to be read here");
        else if (metadata->kind == FILE_UNREADABLE)
                ret->ignored = text_format("it cannot be read: %s", strerror(metadata->error));
        else
                ret->ignored = text_format("it is %s", file_kind_name(metadata->kind));
        return ret->ignored ? 0 : -ENOMEM;
}

static int copy_data(const struct snapshot *snapshot, char **ret_data, size_t *ret_n) {
        *ret_n = snapshot->data ? snapshot->n_data : 0;
        *ret_data = malloc(*ret_n + 1);
        if (!*ret_data)
                return -ENOMEM;
        if (*ret_n > 0)
                memcpy(*ret_data, snapshot->data, *ret_n);
        (*ret_data)[*ret_n] = '\0';
        return 0;
}

static int user_file(void *userdata, const struct account *account, const char *path,
                     bool is_strict, struct access_user_file *ret) {
        struct access_tree *tree = userdata;
        CLEANUP(sight_done) struct sight sight = { 0 };
        CLEANUP(user_rights_done) struct user_rights rights = { 0 };
        int r = user_rights_init(&rights, &tree->world->accounts, account, geteuid() == 0);

        *ret = (struct access_user_file){ 0 };
        if (r == 0)
                r = see(tree, path, user_rights_get(&rights), 0, &sight);
        if (r < 0 || sight.now->metadata.kind == FILE_ABSENT)
                return r;
        r = unreadable(&sight.now->metadata, ret);
        if (r == 0 && !ret->ignored && is_strict)
                r = distrust(tree, account, path, user_rights_get(&rights), &sight, &ret->ignored);
        if (r < 0 || ret->ignored)
                return r;
        return copy_data(sight.now, &ret->data, &ret->n_data);
}

/* ---- the rest ---- */

static int glob_tree(void *userdata, const char *pattern, char ***ret_paths, size_t *ret_n) {
        struct access_tree *tree = userdata;

        return tree->view == tree->world->view
                       ? looker_glob(tree->world->looker, pattern, NULL, ret_paths, ret_n)
                       : view_glob(tree->view, pattern, ret_paths, ret_n);
}

static int look(void *userdata, const char *path, struct file_metadata *ret) {
        CLEANUP(sight_done) struct sight sight = { 0 };
        int r = see(userdata, path, NULL, SNAPSHOT_METADATA, &sight);

        return r < 0 ? r : file_metadata_copy(ret, &sight.now->metadata);
}

static int read_file(void *userdata, const char *path, char **ret_data, size_t *ret_n) {
        CLEANUP(sight_done) struct sight sight = { 0 };
        int r = see(userdata, path, NULL, 0, &sight);

        if (r < 0)
                return r;
        if (sight.now->metadata.kind == FILE_ABSENT)
                return -ENOENT;
        if (sight.now->metadata.kind != FILE_REGULAR || sight.now->metadata.is_oversize)
                return -EINVAL;
        return copy_data(sight.now, ret_data, ret_n);
}

/* What the world has loaded for its own view need not be read again. */
static const struct pam_service *loaded_service(const struct access_tree *tree, const char *name) {
        const struct pam_stacks *stacks = &tree->world->pam;

        for (size_t i = 0; tree->view == tree->world->view && i < stacks->n_services; i++)
                if (strcmp(stacks->services[i]->name, name) == 0)
                        return stacks->services[i];
        return map_get(&tree->services, name);
}

static int pam_service(void *userdata, const char *name, const struct pam_service **ret) {
        struct access_tree *tree = userdata;
        const struct pam_environment environment = pam_stacks_environment(tree->view);
        struct pam_service *service;
        int r;

        *ret = loaded_service(tree, name);
        if (*ret)
                return 0;
        r = pam_service_load(name, &environment, &tree->world->pam_release, &service);
        if (r < 0)
                return r;
        if (!tree->world->has_pam_release) /* a tree without libpam: who knows which one reads it */
                service->start = PAM_START_UNKNOWN;
        r = map_set(&tree->services, name, service, NULL);
        if (r < 0) {
                pam_service_free(service);
                return r;
        }
        *ret = service;
        return 0;
}

static bool is_same_file(const struct file_metadata *a, const struct file_metadata *b) {
        return a->kind == b->kind && a->ino == b->ino && a->size == b->size &&
               a->mtime_ns == b->mtime_ns && a->ctime_ns == b->ctime_ns;
}

static int load_shadows(struct world *world) {
        CLEANUP(snapshot_done) struct snapshot stamp = { 0 }, snapshot = { 0 };
        int r = snapshot_take(&world->root, "/etc/shadow", SNAPSHOT_METADATA, &stamp);

        if (r < 0 || (world->has_shadows && is_same_file(&stamp.metadata, &world->shadows_stamp)))
                return r;
        shadows_done(&world->shadows);
        world->has_shadows = false;
        r = snapshot_take(&world->root, "/etc/shadow", 0, &snapshot);
        if (r < 0 || snapshot.metadata.kind != FILE_REGULAR || snapshot.metadata.is_oversize)
                return r;
        r = shadows_parse(snapshot.data ? snapshot.data : "", snapshot.n_data, &world->shadows);
        world->has_shadows = r == 0;
        if (snapshot.data)
                explicit_bzero(snapshot.data, snapshot.n_data);
        file_metadata_done(&world->shadows_stamp);
        world->shadows_stamp = stamp.metadata;
        stamp.metadata = (struct file_metadata){ 0 };
        return r;
}

static bool is_nobodys(void *userdata, const char *path) {
        const struct world *world = userdata;

        return users_get(&world->users, path) == NULL;
}

/* The configuration of a candidate that changes nothing but accounts' files is the world's. */
static int load_config(struct access_tree *tree) {
        struct world *world = tree->world;
        int r = 0;

        if (tree->view != world->view && view_has_put(tree->view, is_nobodys, world)) {
                r = world_parse_config(world, tree->view, &tree->own_config);
                tree->config = tree->own_config;
        } else {
                tree->config = world->config && !sshd_config_refusal(world->config)
                                       ? world->config
                                       : world->good_config;
        }
        if (r == 0 && (!tree->config || sshd_config_refusal(tree->config)))
                r = -EUCLEAN;
        return r;
}

int access_tree_open(struct world *world, struct view *view, struct access_tree *ret) {
        int r;

        *ret = (struct access_tree){ .world = world, .view = view };
        r = load_config(ret);
        if (r == 0)
                r = load_shadows(world);
        if (r < 0)
                access_tree_close(ret);
        return r;
}

static void free_service(void *value) {
        pam_service_free(value);
}

void access_tree_close(struct access_tree *tree) {
        sshd_config_free(tree->own_config);
        map_done(&tree->services, free_service);
        *tree = (struct access_tree){ 0 };
}

struct access_machine access_tree_machine(struct access_tree *tree) {
        return (struct access_machine){
                .config = tree->config,
                .accounts = &tree->world->accounts,
                .shadows = tree->world->has_shadows ? &tree->world->shadows : NULL,
                .keys_release = keys_tree_release(&tree->world->release),
                .keys_environment = &keys_tree_environment,
                .now = time(NULL),
                .userdata = tree,
                .user_file = user_file,
                .glob = glob_tree,
                .pam_service = pam_service,
                .look = look,
                .read = read_file,
        };
}
