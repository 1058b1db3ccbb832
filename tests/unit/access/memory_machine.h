/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A machine of a few files in memory, for the tests and the fuzz target of this room. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "access/login.h"
#include "base/array.h"
#include "base/cleanup.h"

struct memory_file {
        const char *path;
        const char *text;
        uint32_t mode, uid;  /* mode 0: 0644 */
        const char *ignored; /* StrictModes would not let sshd read it */
};

struct memory_machine {
        const struct memory_file *files;
        size_t n_files;
        struct accounts accounts;
        struct shadows shadows;
        struct sshd_config *config;
        struct pam_service *service;
        struct pam_release pam_release;
        struct access_machine machine;
};

static inline const struct memory_file *memory_find(const struct memory_machine *memory,
                                                    const char *path) {
        for (size_t i = 0; i < memory->n_files; i++)
                if (strcmp(memory->files[i].path, path) == 0)
                        return &memory->files[i];
        return NULL;
}

static inline int memory_read(void *userdata, const char *path, char **ret_data, size_t *ret_n) {
        const struct memory_file *file = memory_find(userdata, path);

        if (!file)
                return -ENOENT;
        *ret_data = strdup(file->text);
        *ret_n = strlen(file->text);
        return *ret_data ? 0 : -ENOMEM;
}

static inline int memory_glob(void *userdata, const char *pattern, char ***ret_paths,
                              size_t *ret_n) {
        *ret_paths = NULL;
        *ret_n = 0;
        return memory_find(userdata, pattern) ? strings_append(ret_paths, ret_n, pattern) : 0;
}

static inline int memory_look(void *userdata, const char *path, struct file_metadata *ret) {
        const struct memory_file *file = memory_find(userdata, path);

        *ret = (struct file_metadata){ .kind = file ? FILE_REGULAR : FILE_ABSENT };
        if (file) {
                ret->mode = file->mode ? file->mode : 0644;
                ret->uid = file->uid;
        }
        return 0;
}

static inline int memory_user_file(void *userdata, const struct account *account, const char *path,
                                   bool is_strict, struct access_user_file *ret) {
        const struct memory_file *file = memory_find(userdata, path);

        (void)account;
        *ret = (struct access_user_file){ 0 };
        if (!file)
                return 0;
        if (file->ignored && is_strict) {
                ret->ignored = strdup(file->ignored);
                return ret->ignored ? 0 : -ENOMEM;
        }
        return memory_read(userdata, path, &ret->data, &ret->n_data);
}

static inline bool memory_is_directory(void *userdata, const char *path) {
        (void)userdata;
        return strcmp(path, "/etc/pam.d") == 0;
}

static inline int memory_pam_service(void *userdata, const char *name,
                                     const struct pam_service **ret) {
        struct memory_machine *memory = userdata;
        const struct pam_environment environment = { .userdata = memory,
                                                     .read = memory_read,
                                                     .is_directory = memory_is_directory };
        int r = 0;

        if (!memory->service)
                r = pam_service_load(name, &environment, &memory->pam_release, &memory->service);
        *ret = memory->service;
        return r;
}

/* The machine borrows FILES. Its release is OpenSSH 9.2 with Linux-PAM 1.5.2, today is 2026-01-01.
 * Returns 0 or a negative errno. */
static inline int memory_machine_open(const struct memory_file *files, size_t n_files,
                                      struct memory_machine *ret) {
        const struct memory_file *passwd, *group, *shadow;
        struct sshd_environment environment = { .userdata = ret,
                                                .glob = memory_glob,
                                                .read = memory_read };
        struct sshd_source source = { .path = "/etc/ssh/sshd_config", .cwd = "/" };
        int r;

        *ret = (struct memory_machine){ .files = files, .n_files = n_files };
        passwd = memory_find(ret, "/etc/passwd");
        group = memory_find(ret, "/etc/group");
        shadow = memory_find(ret, "/etc/shadow");
        if (!sshd_release_parse("OpenSSH_9.2p1 Debian-2+deb12u3", &source.release) ||
            !pam_release_parse("1.5.2", &ret->pam_release))
                return -EINVAL;
        r = accounts_parse(passwd ? passwd->text : NULL, passwd ? strlen(passwd->text) : 0,
                           group ? group->text : NULL, group ? strlen(group->text) : 0,
                           &ret->accounts);
        if (r == 0 && shadow)
                r = shadows_parse(shadow->text, strlen(shadow->text), &ret->shadows);
        source.accounts = &ret->accounts;
        if (r == 0)
                r = sshd_config_load(&source, &environment, &ret->config);
        ret->machine = (struct access_machine){
                .config = ret->config,
                .accounts = &ret->accounts,
                .shadows = shadow ? &ret->shadows : NULL,
                .keys_release = { 902, true },
                .now = 1767225600,
                .userdata = ret,
                .user_file = memory_user_file,
                .glob = memory_glob,
                .pam_service = memory_pam_service,
                .look = memory_look,
                .read = memory_read,
        };
        return r;
}

static inline void memory_machine_close(struct memory_machine *memory) {
        sshd_config_free(memory->config);
        pam_service_free(memory->service);
        shadows_done(&memory->shadows);
        accounts_done(&memory->accounts);
}
