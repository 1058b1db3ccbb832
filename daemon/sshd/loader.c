/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files and Include patterns, each asked for once.
 *
 * sshd keeps the result of an Include by the text of its pattern and uses it again for the same
 * text; here the bytes are kept by path as well. What cannot be opened ends sshd at once with the
 * message of perror(3) and status 1. */

#include "loader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"

int loader_refuse(struct loader *loader, const char *file, unsigned line, char *reason,
                  int exit_status) {
        struct sshd_refusal *refusal = calloc(1, sizeof *refusal);

        if (!refusal || !reason) {
                free(refusal);
                free(reason);
                return -ENOMEM;
        }
        refusal->reason = reason;
        refusal->line = line;
        refusal->exit_status = exit_status;
        loader->config->refusal = refusal;
        if (file) {
                refusal->file = strdup(file);
                if (!refusal->file)
                        return -ENOMEM;
        }
        return READING_FATAL;
}

int loader_refuse_bare(struct loader *loader, char *reason) {
        int r = reason ? log_append(&loader->config->messages, loader->config->log_limit,
                                    LOG_LEVEL_FATAL, reason)
                       : -ENOMEM;

        if (r < 0) {
                free(reason);
                return r;
        }
        return loader_refuse(loader, NULL, 0, reason, STATUS_FATAL);
}

static void entry_free(void *value) {
        struct include_entry *entry = value;

        if (!entry)
                return;
        strings_free(entry->paths, entry->n_paths);
        free(entry);
}

static void cleanup_entry(struct include_entry **entry) {
        entry_free(*entry);
}

void loader_done(struct loader *loader) {
        map_done(&loader->entries, entry_free);
        map_done(&loader->files, NULL);
        free(loader->text);
}

int loader_glob(struct loader *loader, const char *pattern, struct include_entry **ret) {
        const struct sshd_environment *environment = &loader->config->environment;
        CLEANUP(cleanup_entry) struct include_entry *entry = NULL;
        int r;

        *ret = map_get(&loader->entries, pattern);
        if (*ret)
                return READING_DONE;
        entry = calloc(1, sizeof *entry);
        if (!entry)
                return -ENOMEM;
        if (*pattern == '/') {
                r = environment->glob(environment->userdata, pattern, &entry->paths,
                                      &entry->n_paths);
                if (r == 0)
                        r = strings_append(&loader->config->globs, &loader->config->n_globs,
                                           pattern);
                if (r < 0)
                        return r;
        }
        r = map_set(&loader->entries, pattern, entry, NULL);
        if (r < 0)
                return r;
        *ret = TAKE(entry);
        return READING_DONE;
}

/* strerror(3) for what opening a file can fail of; NULL: not an error of the file. */
static const char *file_error(int error) {
        switch (error) {
        case -ENOENT:
                return "No such file or directory";
        case -EACCES:
                return "Permission denied";
        case -EPERM:
                return "Operation not permitted";
        case -ELOOP:
                return "Too many levels of symbolic links";
        case -ENOTDIR:
                return "Not a directory";
        case -ENAMETOOLONG:
                return "File name too long";
        case -ENXIO:
                return "No such device or address";
        case -EINVAL:
                return "Not a regular file that can be read";
        case -EFBIG:
                return "File too large";
        case -EIO:
                return "Input/output error";
        default:
                return NULL;
        }
}

static int refuse_file(struct loader *loader, const char *path, int error) {
        const char *words = file_error(error);
        int r;

        if (!words)
                return error;
        /* perror(3) leaves an empty name out */
        r = text_appendf(&loader->config->messages, "%s%s%s\n", path, *path ? ": " : "", words);
        return r < 0 ? r : loader_refuse(loader, path, 0, strdup(words), 1);
}

int loader_read(struct loader *loader, const char *path, const struct sshd_file **ret) {
        struct sshd_config *config = loader->config;
        struct sshd_file *file = map_get(&loader->files, path);
        int r;

        if (file) {
                *ret = file;
                return READING_DONE;
        }
        r = ARRAY_GROW(config->files, config->n_files);
        if (r < 0)
                return r;
        file = calloc(1, sizeof *file);
        if (!file)
                return -ENOMEM;
        config->files[config->n_files++] = file;
        file->path = strdup(path);
        if (!file->path)
                return -ENOMEM;
        r = config->environment.read(config->environment.userdata, path, &file->data,
                                     &file->n_data);
        if (r < 0)
                return refuse_file(loader, path, r);
        r = map_set(&loader->files, path, file, NULL);
        if (r < 0)
                return r;
        *ret = file;
        return READING_DONE;
}
