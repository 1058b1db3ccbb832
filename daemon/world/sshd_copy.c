/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Copies for sshd to read.
 *
 * sshd's Include arguments are absolute, so the configuration is copied to a scratch directory with
 * its Includes rewritten to the copies. Under --root the tree's own sshd is asked, inside the tree;
 * where it has none, the host's. sshd also looks for host keys and its privilege separation
 * directory before it is content: their absence says nothing of the configuration. */

#include "world/sshd_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "world/sshd_tree.h"

/* What sshd says when it is the surroundings that fail. */
static const char *const not_of_the_configuration[] = {
        "no hostkeys available",
        "Missing privilege separation directory",
        "Privilege separation user",
        "must be owned by root and not group or world-writable",
};

bool sshd_copy_blames_surroundings(const char *message) {
        for (size_t i = 0; i < N_ELEMENTS(not_of_the_configuration); i++)
                if (strstr(message, not_of_the_configuration[i]))
                        return true;
        return false;
}

void sshd_copy_done(struct sshd_copy *copy) {
        for (size_t i = 0; i < copy->mirror.n_files; i++) {
                CLEANUP_FREE char *path =
                        text_format("%s%s", copy->chroot_path ? copy->chroot_path : "",
                                    copy->mirror.files[i].path);

                if (path)
                        (void)unlink(path);
        }
        sshd_mirror_done(&copy->mirror);
        service_tree_done(&copy->storage);
        free(copy->chroot_path);
        free(copy->host_prefix);
        *copy = (struct sshd_copy){ 0 };
}

static int find_program(struct sshd_copy *copy, const struct world *world,
                        const struct sshd_copy_place *place) {
        CLEANUP_FREE char *in_root = os_root_host_path(&world->root, sshd_tree_program);

        if (!in_root)
                return -ENOMEM;
        copy->program_path = place->program ? place->program : sshd_tree_program;
        if (!place->program && !os_root_is_system(&world->root) &&
            stat(in_root, &copy->program) == 0) {
                copy->chroot_path = strdup(world->root.path);
                copy->host_prefix =
                        text_format("%s/run/sshguardd-%s", world->root.path, place->name);
                if (!copy->chroot_path || !copy->host_prefix)
                        return -ENOMEM;
                copy->prefix = copy->host_prefix + strlen(world->root.path);
                return 0;
        }
        if (stat(copy->program_path, &copy->program) < 0)
                return -ENOENT;
        copy->host_prefix = text_format("%s/%s", place->scratch, place->name);
        if (!copy->host_prefix)
                return -ENOMEM;
        copy->prefix = copy->host_prefix;
        return 0;
}

static int mirror_view(struct sshd_copy *copy, const struct world *world, struct view *view) {
        struct sshd_config *config;
        int r = world_view_service(world, view, &copy->storage, &copy->service);

        if (r == 0)
                r = world_parse_config(world, view, &config);
        if (r < 0)
                return r;
        r = sshd_mirror_new(config, copy->prefix, &copy->mirror);
        sshd_config_free(config);
        if (r == 0 && copy->mirror.n_files == 0)
                r = -ENOENT;
        return r;
}

int sshd_copy_init(struct sshd_copy *copy, const struct world *world, struct view *view,
                   const struct sshd_copy_place *place) {
        int r;

        *copy = (struct sshd_copy){ 0 };
        r = find_program(copy, world, place);
        if (r == 0)
                r = mirror_view(copy, world, view);
        if (r < 0)
                sshd_copy_done(copy);
        return r;
}

int sshd_copy_hash(const struct sshd_copy *copy, uint8_t ret[FILE_SHA256_SIZE]) {
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        const struct stat *program = &copy->program;
        bool ok = context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1 &&
                  EVP_DigestUpdate(context, &program->st_ino, sizeof program->st_ino) == 1 &&
                  EVP_DigestUpdate(context, &program->st_size, sizeof program->st_size) == 1 &&
                  EVP_DigestUpdate(context, &program->st_ctim, sizeof program->st_ctim) == 1;

        for (size_t i = 0; i < copy->service->line.n_options && ok; i++) {
                const char *option = copy->service->overrides[i];

                ok = EVP_DigestUpdate(context, option, strlen(option) + 1) == 1;
        }
        for (size_t i = 0; i < copy->mirror.n_files && ok; i++) {
                const struct sshd_mirror_file *file = &copy->mirror.files[i];

                ok = EVP_DigestUpdate(context, file->path, strlen(file->path) + 1) == 1 &&
                     EVP_DigestUpdate(context, &file->n_data, sizeof file->n_data) == 1 &&
                     EVP_DigestUpdate(context, file->data, file->n_data) == 1;
        }
        ok = ok && EVP_DigestFinal_ex(context, ret, NULL) == 1;
        EVP_MD_CTX_free(context);
        return ok ? 0 : -ENOMEM;
}

static int make_parents(char *path) {
        for (char *slash = path + 1; (slash = strchr(slash, '/')); slash++) {
                int r;

                *slash = '\0';
                r = mkdir(path, 0700) < 0 && errno != EEXIST ? -errno : 0;
                *slash = '/';
                if (r < 0)
                        return r;
        }
        return 0;
}

static int write_copy(const struct sshd_copy *copy, const struct sshd_mirror_file *file) {
        CLEANUP_FREE char *path =
                text_format("%s%s", copy->chroot_path ? copy->chroot_path : "", file->path);
        size_t n_written = 0;
        int fd, r;

        if (!path)
                return -ENOMEM;
        r = make_parents(path);
        if (r < 0)
                return r;
        fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0)
                return -errno;
        while (n_written < file->n_data && r == 0) {
                ssize_t n = write(fd, file->data + n_written, file->n_data - n_written);

                if (n >= 0)
                        n_written += (size_t)n;
                else if (errno != EINTR)
                        r = -errno;
        }
        (void)close(fd);
        return r;
}

int sshd_copy_write(const struct sshd_copy *copy) {
        int r = 0;

        for (size_t i = 0; i < copy->mirror.n_files && r == 0; i++)
                r = write_copy(copy, &copy->mirror.files[i]);
        return r;
}

const char **sshd_copy_argv(const struct sshd_copy *copy, const char *mode, const char *spec) {
        const char *const fixed[] = { copy->program_path, mode, "-f", copy->mirror.files[0].path };
        const struct service_tree *service = copy->service;
        const char **argv =
                calloc(N_ELEMENTS(fixed) + 2 * service->line.n_options + 2 + 1, sizeof *argv);
        size_t n = N_ELEMENTS(fixed);

        if (!argv)
                return NULL;
        memcpy(argv, fixed, sizeof fixed);
        for (size_t i = 0; i < service->line.n_options; i++) {
                if (strncmp(service->overrides[i], "-p", 2) != 0)
                        argv[n++] = "-o";
                argv[n++] = service->overrides[i];
        }
        if (spec) {
                argv[n++] = "-C";
                argv[n++] = spec;
        }
        return argv;
}

char *sshd_copy_original(const struct sshd_copy *copy, const char *message) {
        struct text text = { 0 };
        size_t n_prefix = strlen(copy->prefix);

        while (*message) {
                const char *at = strstr(message, copy->prefix);

                if (!at) {
                        (void)text_append(&text, message);
                        break;
                }
                (void)text_append_n(&text, message, (size_t)(at - message));
                message = at + n_prefix;
        }
        while (text.n > 0 && strchr("\r\n", text.data[text.n - 1]))
                text.data[--text.n] = '\0';
        return text_take(&text);
}
