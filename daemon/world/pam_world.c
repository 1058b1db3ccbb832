/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files, directories and modules for the pam room, and which libpam reads them.
 *
 * Rests on: libpam opens whatever fopen(3) opens; a FIFO or device in the place of a service would
 * block it or feed it, and counts as unreadable here. dpkg keeps the version of libpam0g in
 * /var/lib/dpkg/status; elsewhere the two texts "maximum level of inclusions" (1.6.0 and later) and
 * "@include" (Debian's patch) in libpam.so.0 tell the readers apart. */

#include "world/pam_world.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "os/snapshot.h"

#define PAM_DIR "/etc/pam.d"

/* dpkg's list of packages, then where the library may be. */
const char *const pam_world_release_files[PAM_WORLD_RELEASE_FILES] = {
        "/var/lib/dpkg/status", "/usr/lib64/libpam.so.0", "/lib64/libpam.so.0",
        "/usr/lib/libpam.so.0", "/lib/libpam.so.0",
};

enum { LIBRARY_SIZE_MAX = 8 << 20 /* libpam.so.0 has 70 KiB */ };

static void close_fd(int *fd) {
        if (*fd >= 0)
                (void)close(*fd);
}

static void close_file(FILE **file) {
        if (*file)
                (void)fclose(*file);
}

int pam_world_open(const char *root_path, const char *pam_dir, struct pam_world *ret) {
        struct pam_world world = { .root.fd = -1, .machine.fd = -1 };
        struct stat status;
        int r;

        r = os_root_open(root_path ? root_path : "/", &world.root);
        if (r == 0 && pam_dir) {
                r = os_root_open("/", &world.machine);
                world.pam_dir = realpath(pam_dir, NULL);
                if (r == 0 && !world.pam_dir)
                        r = -errno;
                if (r == 0 && (stat(world.pam_dir, &status) < 0 || !S_ISDIR(status.st_mode)))
                        r = -ENOTDIR;
        }
        if (r < 0) {
                pam_world_close(&world);
                return r;
        }
        *ret = world;
        return 0;
}

void pam_world_close(struct pam_world *world) {
        if (world->root.fd >= 0)
                os_root_close(&world->root);
        if (world->machine.fd >= 0)
                os_root_close(&world->machine);
        free(world->pam_dir);
        *world = (struct pam_world){ .root.fd = -1, .machine.fd = -1 };
}

/* Looks at PATH, in the directory that stands for /etc/pam.d if it lies there. */
static int look(const struct pam_world *world, const char *path, unsigned flags,
                struct snapshot *ret) {
        size_t n = strlen(PAM_DIR);
        CLEANUP_FREE char *moved = NULL;

        if (!world->pam_dir || strncmp(path, PAM_DIR, n) != 0 || (path[n] && path[n] != '/'))
                return snapshot_take(&world->root, path, flags, ret);
        moved = text_format("%s%s", world->pam_dir, path + n);
        return moved ? snapshot_take(&world->machine, moved, flags, ret) : -ENOMEM;
}

static int read_file(void *userdata, const char *path, char **ret_data, size_t *ret_n) {
        CLEANUP(snapshot_done) struct snapshot snapshot = { 0 };
        int r = look(userdata, path, 0, &snapshot);

        if (r < 0)
                return r;
        switch (snapshot.metadata.kind) {
        case FILE_REGULAR:
                if (snapshot.metadata.is_oversize)
                        return -EFBIG;
                break;
        case FILE_DIRECTORY: /* fopen(3) opens it, and every read fails: an empty file */
                break;
        case FILE_UNREADABLE:
                return snapshot.metadata.error ? -abs(snapshot.metadata.error) : -EIO;
        default:
                return -ENOENT;
        }
        if (!snapshot.data)
                snapshot.data = calloc(1, 1);
        if (!snapshot.data)
                return -ENOMEM;
        *ret_n = snapshot.n_data;
        *ret_data = TAKE(snapshot.data);
        return 0;
}

static bool is_directory(void *userdata, const char *path) {
        CLEANUP(snapshot_done) struct snapshot snapshot = { 0 };

        return look(userdata, path, SNAPSHOT_METADATA, &snapshot) == 0 &&
               snapshot.metadata.kind == FILE_DIRECTORY;
}

static bool has_module(void *userdata, const char *path) {
        CLEANUP(snapshot_done) struct snapshot snapshot = { 0 };

        return look(userdata, path, SNAPSHOT_METADATA, &snapshot) == 0 &&
               snapshot.metadata.kind == FILE_REGULAR;
}

/* A tree without a place for modules says nothing about them. */
static bool knows_modules(struct pam_world *world) {
        return !world->pam_dir && (is_directory(world, "/lib") || is_directory(world, "/usr/lib"));
}

struct pam_environment pam_world_environment(struct pam_world *world) {
        return (struct pam_environment){
                .userdata = world,
                .read = read_file,
                .is_directory = is_directory,
                .has_module = knows_modules(world) ? has_module : NULL,
        };
}

/* The version of libpam0g in dpkg's status file. -ENOENT if it does not say. */
static int release_of_package(const struct os_root *root, struct pam_release *ret) {
        CLEANUP(close_fd)
        int fd = os_root_openat(root, pam_world_release_files[0], O_RDONLY | O_NONBLOCK, 0);
        CLEANUP(close_file) FILE *file = fd >= 0 ? fdopen(fd, "re") : NULL;
        CLEANUP_FREE char *line = NULL;
        bool is_libpam = false;
        size_t capacity = 0;

        if (!file)
                return fd < 0 ? fd : -errno;
        fd = -1;
        while (getline(&line, &capacity, file) > 0) {
                line[strcspn(line, "\n")] = '\0';
                if (strncmp(line, "Package: ", 9) == 0)
                        is_libpam = strcmp(line + 9, "libpam0g") == 0;
                else if (is_libpam && strncmp(line, "Version: ", 9) == 0 &&
                         pam_release_parse(line + 9, ret))
                        return 0;
        }
        return -ENOENT;
}

/* What the texts inside the library tell. */
static int release_of_library(const struct os_root *root, const char *path,
                              struct pam_release *ret) {
        static const char debian[] = "@include", bounded[] = "maximum level of inclusions";
        CLEANUP(close_fd) int fd = os_root_openat(root, path, O_RDONLY | O_NONBLOCK, 0);
        struct stat status;
        bool is_debian, is_bounded;
        void *bytes;

        if (fd < 0)
                return fd;
        if (fstat(fd, &status) < 0)
                return -errno;
        if (!S_ISREG(status.st_mode) || status.st_size <= 0 || status.st_size > LIBRARY_SIZE_MAX)
                return -ENOENT;
        bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (bytes == MAP_FAILED)
                return -errno;
        is_debian = memmem(bytes, (size_t)status.st_size, debian, sizeof debian) != NULL;
        is_bounded = memmem(bytes, (size_t)status.st_size, bounded, sizeof bounded - 1) != NULL;
        (void)munmap(bytes, (size_t)status.st_size);
        return pam_release_parse(is_debian    ? is_bounded ? "1.7.0" : "1.5.3"
                                 : is_bounded ? "upstream-1.7.2"
                                              : "upstream-1.5.3",
                                 ret)
                       ? 0
                       : -ENOENT;
}

int pam_world_release(const struct pam_world *world, struct pam_release *ret) {
        int r = release_of_package(&world->root, ret);

        for (size_t i = 1; r < 0 && i < PAM_WORLD_RELEASE_FILES; i++)
                r = release_of_library(&world->root, pam_world_release_files[i], ret);
        return r < 0 ? -ENOENT : 0;
}
