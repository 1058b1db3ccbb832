/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the access room cannot ask for itself.
 *
 * A user's files are opened with that user's rights and trusted as StrictModes trusts them, because
 * a key sshd would not read opens nothing. Of /etc/shadow only what shadows_parse() keeps stays in
 * memory; the bytes are wiped. PAM services are read once, through the world's view. */

#include "guard/access_tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/escape.h"
#include "base/text.h"
#include "guard/keys_tree.h"
#include "guard/user_rights.h"
#include "os/snapshot.h"

/* *RET_REASON (heap): what of the path sshd does not trust; NULL if it trusts all of it. */
static int distrust(struct access_tree *tree, const struct account *account, const char *path,
                    const struct credentials *as, char **ret_reason) {
        const struct user_trust trust = { .looker = tree->looker,
                                          .accounts = &tree->world->accounts,
                                          .account = account,
                                          .as = as,
                                          .release = keys_tree_release(&tree->world->release),
                                          .path = path };
        CLEANUP_FREE char *refused_path = NULL;
        struct strict_modes_path refused;
        int r = user_trust_refuse(&trust, &refused, &refused_path);

        if (r < 0 || !refused_path)
                return r;
        *ret_reason = text_format("sshd does not trust it: %s has owner %u and mode %04o",
                                  refused_path, refused.uid, refused.mode);
        return *ret_reason ? 0 : -ENOMEM;
}

static int user_file(void *userdata, const struct account *account, const char *path,
                     bool is_strict, struct access_user_file *ret) {
        struct access_tree *tree = userdata;
        CLEANUP(snapshot_done) struct snapshot snapshot = { 0 };
        CLEANUP(user_rights_done) struct user_rights rights = { 0 };
        int r = user_rights_init(&rights, &tree->world->accounts, account, geteuid() == 0);

        *ret = (struct access_user_file){ 0 };
        if (r == 0)
                r = looker_take(tree->looker, path, user_rights_get(&rights), 0, &snapshot);
        if (r < 0 || snapshot.metadata.kind == FILE_ABSENT)
                return r;
        if (snapshot.metadata.kind != FILE_REGULAR) {
                ret->is_unknown = snapshot.metadata.kind == FILE_UNREADABLE &&
                                  snapshot.metadata.error == ETIMEDOUT;
                ret->ignored =
                        snapshot.metadata.kind == FILE_UNREADABLE
                                ? text_format("it cannot be read: %s",
                                              strerror(snapshot.metadata.error))
                                : text_format("it is %s", file_kind_name(snapshot.metadata.kind));
                return ret->ignored ? 0 : -ENOMEM;
        }
        if (snapshot.metadata.is_oversize) {
                ret->is_unknown = true;
                ret->ignored = strdup("it is too large to be read here");
                return ret->ignored ? 0 : -ENOMEM;
        }
        if (is_strict)
                r = distrust(tree, account, path, user_rights_get(&rights), &ret->ignored);
        if (r < 0 || ret->ignored)
                return r;
        ret->n_data = snapshot.n_data;
        ret->data = snapshot.data ? TAKE(snapshot.data) : strdup("");
        return ret->data ? 0 : -ENOMEM;
}

/* ---- the rest ---- */

static int glob_tree(void *userdata, const char *pattern, char ***ret_paths, size_t *ret_n) {
        struct access_tree *tree = userdata;

        return looker_glob(tree->looker, pattern, NULL, ret_paths, ret_n);
}

static int look(void *userdata, const char *path, struct file_metadata *ret) {
        struct access_tree *tree = userdata;
        CLEANUP(snapshot_done) struct snapshot snapshot = { 0 };
        int r = looker_take(tree->looker, path, NULL, SNAPSHOT_METADATA, &snapshot);

        return r < 0 ? r : file_metadata_copy(ret, &snapshot.metadata);
}

static int read_file(void *userdata, const char *path, char **ret_data, size_t *ret_n) {
        struct access_tree *tree = userdata;
        CLEANUP(snapshot_done) struct snapshot snapshot = { 0 };
        int r = looker_take(tree->looker, path, NULL, 0, &snapshot);

        if (r < 0)
                return r;
        if (snapshot.metadata.kind == FILE_ABSENT)
                return -ENOENT;
        if (snapshot.metadata.kind != FILE_REGULAR || snapshot.metadata.is_oversize)
                return -EINVAL;
        *ret_n = snapshot.n_data;
        *ret_data = snapshot.data ? TAKE(snapshot.data) : strdup("");
        return *ret_data ? 0 : -ENOMEM;
}

static int pam_service(void *userdata, const char *name, const struct pam_service **ret) {
        struct access_tree *tree = userdata;
        const struct pam_environment environment = pam_stacks_environment(tree->world->view);
        struct pam_service *service = map_get(&tree->services, name);
        int r;

        if (!service) {
                r = pam_service_load(name, &environment, &tree->world->pam_release, &service);
                if (r < 0)
                        return r;
                r = map_set(&tree->services, name, service, NULL);
                if (r < 0) {
                        pam_service_free(service);
                        return r;
                }
        }
        *ret = service;
        return 0;
}

static int load_shadows(struct access_tree *tree) {
        CLEANUP(snapshot_done) struct snapshot snapshot = { 0 };
        int r = snapshot_take(&tree->world->root, "/etc/shadow", 0, &snapshot);

        if (r < 0 || snapshot.metadata.kind != FILE_REGULAR || snapshot.metadata.is_oversize)
                return r;
        r = shadows_parse(snapshot.data ? snapshot.data : "", snapshot.n_data, &tree->shadows);
        tree->has_shadows = r == 0;
        if (snapshot.data)
                explicit_bzero(snapshot.data, snapshot.n_data);
        return r;
}

int access_tree_open(struct world *world, struct access_tree *ret) {
        int r;

        *ret = (struct access_tree){ .world = world };
        r = looker_new(&world->root, &ret->looker);
        if (r == 0)
                r = load_shadows(ret);
        if (r < 0)
                access_tree_close(ret);
        return r;
}

static void free_service(void *value) {
        pam_service_free(value);
}

void access_tree_close(struct access_tree *tree) {
        looker_free(tree->looker);
        shadows_done(&tree->shadows);
        map_done(&tree->services, free_service);
        *tree = (struct access_tree){ 0 };
}

struct access_machine access_tree_machine(struct access_tree *tree) {
        return (struct access_machine){
                .config = tree->world->config,
                .accounts = &tree->world->accounts,
                .shadows = tree->has_shadows ? &tree->shadows : NULL,
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
