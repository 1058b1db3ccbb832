/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Replays a fuzz target's seeds without libFuzzer, so that gcc, valgrind and the sanitizers see
 * them in every preset.
 *
 * Each file of the folders named is run as it is and cut short at up to MAX_CUTS places: parsers
 * that read past their input do so at its end, and every input lies in an allocation of exactly its
 * own size. A folder without a single seed is a failure; a target nobody feeds tests nothing. */

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_CUTS = 64 }; /* enough to cut a short seed everywhere, a long one in each part */

static void run(const uint8_t *data, size_t size) {
        uint8_t *copy = malloc(size ? size : 1);

        if (!copy)
                abort();
        if (size)
                memcpy(copy, data, size);
        (void)LLVMFuzzerTestOneInput(copy, size);
        free(copy);
}

static void run_with_cuts(const uint8_t *data, size_t size) {
        size_t step = size / MAX_CUTS + 1;

        run(data, size);
        for (size_t cut = 0; cut < size; cut += step)
                run(data, cut);
}

/* Reads the regular file whole and runs it; false if it cannot be read. */
static bool replay_file(int dir_fd, const char *name) {
        struct stat st;
        uint8_t *data;
        ssize_t size = -1;
        int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

        if (fd < 0)
                return false;
        data = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? malloc((size_t)st.st_size + 1) : NULL;
        if (data)
                size = read(fd, data, (size_t)st.st_size);
        (void)close(fd);
        if (size >= 0)
                run_with_cuts(data, (size_t)size);
        free(data);
        return size >= 0;
}

/* Returns how many seeds the folder held, -1 if one could not be read. */
static int replay_folder(const char *path) {
        DIR *dir = opendir(path);
        int n_seeds = 0;

        if (!dir)
                return 0;
        for (const struct dirent *entry; (entry = readdir(dir)) && n_seeds >= 0;) {
                if (entry->d_name[0] == '.')
                        continue;
                if (replay_file(dirfd(dir), entry->d_name)) {
                        n_seeds++;
                } else {
                        (void)fprintf(stderr, "replay: cannot read %s/%s\n", path, entry->d_name);
                        n_seeds = -1;
                }
        }
        (void)closedir(dir);
        return n_seeds;
}

int main(int argc, char **argv) {
        if (argc < 2) {
                (void)fputs("Usage: fuzz_ROOM_MODULE FOLDER...\n", stderr);
                return 2;
        }
        run(NULL, 0);
        for (int i = 1; i < argc; i++) {
                int n_seeds = replay_folder(argv[i]);

                if (n_seeds <= 0) {
                        (void)fprintf(stderr, "replay: no seed in %s\n", argv[i]);
                        return 1;
                }
                (void)printf("%s: %d seeds, each also cut short\n", argv[i], n_seeds);
        }
        return 0;
}
