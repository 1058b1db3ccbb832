/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Files in memory, as the world a service is read from. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pam/stack.h"

struct memory_file {
        const char *path;
        const char *text; /* NULL: it exists but is too large to be read */
};

struct memory {
        const struct memory_file *files; /* ends with a path of NULL */
        const char *missing_module;      /* part of the paths that cannot be loaded, or NULL */
        bool has_no_directory;           /* neither /etc/pam.d nor /usr/lib/pam.d */
};

static int memory_read(void *userdata, const char *path, char **ret_data, size_t *ret_n) {
        const struct memory *memory = userdata;

        for (const struct memory_file *file = memory->files; file->path; file++) {
                if (strcmp(file->path, path) != 0)
                        continue;
                if (!file->text)
                        return -EFBIG;
                *ret_data = strdup(file->text);
                *ret_n = strlen(file->text);
                return *ret_data ? 0 : -ENOMEM;
        }
        return -ENOENT;
}

static bool memory_is_directory(void *userdata, const char *path) {
        const struct memory *memory = userdata;

        return !memory->has_no_directory && strcmp(path, "/usr/share/pam/pam.d") != 0;
}

static bool memory_has_module(void *userdata, const char *path) {
        const struct memory *memory = userdata;

        return !memory->missing_module || !strstr(path, memory->missing_module);
}

static inline struct pam_environment memory_environment(struct memory *memory) {
        return (struct pam_environment){
                .userdata = memory,
                .read = memory_read,
                .is_directory = memory_is_directory,
                .has_module = memory_has_module,
        };
}

/* Loads the service from MEMORY as the release reads it. */
static inline struct pam_service *memory_load(struct memory *memory, const char *release,
                                              const char *name) {
        struct pam_environment environment = memory_environment(memory);
        struct pam_service *service = NULL;
        struct pam_release value;

        if (!pam_release_parse(release, &value) ||
            pam_service_load(name, &environment, &value, &service) < 0)
                abort();
        return service;
}

/* A service "s" of one file with this text, and no `other`. */
static inline struct pam_service *memory_load_text(const char *release, const char *text) {
        const struct memory_file files[] = { { "/etc/pam.d/s", text }, { NULL, NULL } };
        struct memory memory = { .files = files };

        return memory_load(&memory, release, "s");
}
