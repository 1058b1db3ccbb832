/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an intruder does with system calls that no shell command makes: `evade VERB ARGUMENT...`.
 * Linked statically, so that it runs on any machine. */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static void die(const char *what) {
        perror(what);
        exit(EXIT_FAILURE);
}

static void write_all(int fd, const char *text) {
        if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
                die("write");
}

/* store FILE OLD NEW: NEW (as long as OLD) through a shared mapping that stays; no event is sent
 * until it is unmapped, which is when this process is killed. */
static void store(char **arguments) {
        struct stat st;
        char *content, *at;
        int fd = open(arguments[0], O_RDWR);

        if (fd < 0 || fstat(fd, &st) < 0)
                die(arguments[0]);
        content = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (content == MAP_FAILED)
                die("mmap");
        (void)close(fd);
        at = memmem(content, (size_t)st.st_size, arguments[1], strlen(arguments[1]));
        if (!at)
                exit(EXIT_FAILURE);
        memcpy(at, arguments[2], strlen(arguments[2]));
        for (;;)
                (void)pause();
}

/* unnamed FILE BEFORE AFTER: a file that gets its name only after BEFORE was written, and AFTER
 * then: the kernel goes on calling it "#inode". */
static void unnamed(char **arguments) {
        char directory[4096], *slash, link[64];
        int fd;

        (void)snprintf(directory, sizeof directory, "%s", arguments[0]);
        slash = strrchr(directory, '/');
        if (!slash)
                exit(EXIT_FAILURE);
        *slash = '\0';
        fd = open(directory, O_TMPFILE | O_RDWR, 0644);
        if (fd < 0)
                die("O_TMPFILE");
        write_all(fd, arguments[1]);
        (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        if (linkat(AT_FDCWD, link, AT_FDCWD, arguments[0], AT_SYMLINK_FOLLOW) < 0)
                die("linkat");
        (void)usleep(300 * 1000); /* the guard has looked by now */
        write_all(fd, arguments[2]);
}

/* exchange A B: both swap their names at once. */
static void exchange(char **arguments) {
        if (renameat2(AT_FDCWD, arguments[0], AT_FDCWD, arguments[1], RENAME_EXCHANGE) < 0)
                die("renameat2");
}

/* storm DIRECTORY COUNT: that many files come and go. */
static void storm(char **arguments) {
        long n = strtol(arguments[1], NULL, 10);
        char name[4096];

        for (long i = 0; i < n; i++) {
                int fd;

                (void)snprintf(name, sizeof name, "%s/.storm-%ld", arguments[0], i);
                fd = open(name, O_WRONLY | O_CREAT, 0600);
                if (fd < 0 || close(fd) < 0 || unlink(name) < 0)
                        die(name);
        }
}

/* endless FILE TEXT: writes TEXT over the beginning again and again and never closes it. */
static void endless(char **arguments) {
        int fd = open(arguments[0], O_WRONLY | O_CREAT | O_TRUNC, 0644);

        if (fd < 0)
                die(arguments[0]);
        for (;;) {
                if (pwrite(fd, arguments[1], strlen(arguments[1]), 0) < 0)
                        die("pwrite");
                (void)usleep(20 * 1000);
        }
}

/* race PATH OTHER COUNT: PATH and OTHER (a link to something precious) swap places as fast as they
 * can. */
static void race(char **arguments) {
        long n = strtol(arguments[2], NULL, 10);

        for (long i = 0; i < n; i++) {
                (void)renameat2(AT_FDCWD, arguments[0], AT_FDCWD, arguments[1], RENAME_EXCHANGE);
                (void)usleep(200);
        }
}

/* flood SOCKET COUNT: that many connections that send what no message is, or ask and never read. */
static void flood(char **arguments) {
        static const char question[] =
                "{\"method\":\"org.sshguardd.Control.ListFiles\",\"more\":true}";
        long n = strtol(arguments[1], NULL, 10);
        struct sockaddr_un address = { .sun_family = AF_UNIX };

        (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", arguments[0]);
        for (long i = 0; i < n; i++) {
                int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

                if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
                        continue;
                for (int k = 0; k < 100; k++)
                        (void)!write(fd, question, sizeof question - (i % 2 != 0));
        }
        for (;;)
                (void)pause();
}

/* fill FILE: takes all room that is left in its file system. */
static void fill(char **arguments) {
        int fd = open(arguments[0], O_WRONLY | O_CREAT, 0600);
        off_t at = 0;

        if (fd < 0)
                die(arguments[0]);
        for (off_t n = 1 << 24; n > 0; n /= 2)
                while (fallocate(fd, 0, at, n) == 0)
                        at += n;
        (void)lseek(fd, at, SEEK_SET);
        while (write(fd, "", 1) > 0)
                ;
}

static const struct {
        const char *name;
        int n_arguments;
        void (*run)(char **arguments);
} verbs[] = {
        { "store", 3, store }, { "unnamed", 3, unnamed }, { "exchange", 2, exchange },
        { "storm", 2, storm }, { "endless", 2, endless }, { "race", 3, race },
        { "flood", 2, flood }, { "fill", 1, fill },
};

int main(int argc, char **argv) {
        for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
                if (argc - 2 != verbs[i].n_arguments || strcmp(argv[1], verbs[i].name) != 0)
                        continue;
                verbs[i].run(argv + 2);
                return EXIT_SUCCESS;
        }
        (void)fprintf(stderr, "usage: evade VERB ARGUMENT...\n");
        return 2;
}
