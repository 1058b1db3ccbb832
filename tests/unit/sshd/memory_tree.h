/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A tree of files in memory for the tests of this room: paths and texts in byte order of the paths.
 */

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "sshd/config.h"

struct memory_file {
        const char *path, *text;
};

struct memory_tree {
        const struct memory_file *files;
        size_t n_files;
};

static inline int memory_glob(void *userdata, const char *pattern, char ***ret_paths,
                              size_t *ret_n) {
        const struct memory_tree *tree = userdata;
        char **paths = NULL;
        size_t n = 0;

        for (size_t i = 0; i < tree->n_files; i++)
                if (fnmatch(pattern, tree->files[i].path, FNM_PATHNAME | FNM_PERIOD) == 0 &&
                    strings_append(&paths, &n, tree->files[i].path) < 0)
                        return -ENOMEM;
        *ret_paths = paths;
        *ret_n = n;
        return 0;
}

static inline int memory_read(void *userdata, const char *path, char **ret_data, size_t *ret_n) {
        const struct memory_tree *tree = userdata;

        for (size_t i = 0; i < tree->n_files; i++) {
                if (strcmp(tree->files[i].path, path) != 0)
                        continue;
                *ret_data = strdup(tree->files[i].text);
                *ret_n = strlen(tree->files[i].text);
                return *ret_data ? 0 : -ENOMEM;
        }
        return -ENOENT;
}

/* Loads /etc/ssh/sshd_config of TREE as that release reads it. */
static inline int memory_load_as(const char *release, struct memory_tree *tree,
                                 const struct accounts *accounts, struct sshd_config **ret) {
        const struct sshd_environment environment = { .userdata = tree,
                                                      .glob = memory_glob,
                                                      .read = memory_read };
        struct sshd_source source = { .path = "/etc/ssh/sshd_config",
                                      .cwd = "/",
                                      .accounts = accounts };

        if (!sshd_release_parse(release, &source.release))
                return -EINVAL;
        return sshd_config_load(&source, &environment, ret);
}

/* As OpenSSH 9.2 of Debian reads it. */
static inline int memory_load(struct memory_tree *tree, const struct accounts *accounts,
                              struct sshd_config **ret) {
        return memory_load_as("9.2", tree, accounts, ret);
}
