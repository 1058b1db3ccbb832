/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The floor: the least a program can do that puts a file back. It waits for the close, writes the
 * good content beside the file, syncs it, exchanges both and removes the bad one. It reads nothing,
 * judges nothing and keeps nothing. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

static int put_back(const char *path, const char *temporary, const char *good, size_t n_good) {
        int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

        if (fd < 0)
                return -errno;
        if (write(fd, good, n_good) != (ssize_t)n_good || fsync(fd) < 0 || close(fd) < 0 ||
            renameat2(AT_FDCWD, temporary, AT_FDCWD, path, RENAME_EXCHANGE) < 0 ||
            unlink(temporary) < 0)
                return -errno;
        return 0;
}

static int has_close(const char *events, size_t n) {
        for (size_t i = 0; i < n;) {
                const struct inotify_event *event = (const void *)(events + i);

                if (event->mask & IN_CLOSE_WRITE)
                        return 1;
                i += sizeof *event + event->len;
        }
        return 0;
}

int main(int argc, char **argv) {
        static char good[1 << 16];
        static _Alignas(struct inotify_event) char events[1 << 14];
        char temporary[4096];
        ssize_t n_good, n_read;
        int fd, notify;

        if (argc != 2)
                return EXIT_FAILURE;
        fd = open(argv[1], O_RDONLY | O_CLOEXEC);
        n_good = fd < 0 ? -1 : read(fd, good, sizeof good);
        notify = inotify_init1(IN_CLOEXEC);
        if (n_good < 0 || notify < 0 || inotify_add_watch(notify, argv[1], IN_CLOSE_WRITE) < 0)
                return EXIT_FAILURE;
        (void)close(fd);
        (void)snprintf(temporary, sizeof temporary, "%s.floor", argv[1]);
        (void)puts("ready");
        (void)fflush(stdout);
        while ((n_read = read(notify, events, sizeof events)) > 0) {
                if (!has_close(events, (size_t)n_read))
                        continue; /* the watch of the inode that went */
                if (put_back(argv[1], temporary, good, (size_t)n_good) < 0)
                        return EXIT_FAILURE;
                /* the inode that is in force now is another one */
                if (inotify_add_watch(notify, argv[1], IN_CLOSE_WRITE) < 0)
                        return EXIT_FAILURE;
        }
        return EXIT_SUCCESS;
}
