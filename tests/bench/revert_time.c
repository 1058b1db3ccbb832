/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How long a bad version stays in force: `revert_time FILE BAD COUNT NAME [PAUSE_MS [OTHER]]`
 * writes BAD's content over FILE, COUNT times, and measures from the close() of each write until
 * the good content can be read again. Each bad version has a last line of its own, so that nobody
 * has seen it before. Before each round OTHER, a file beside it, is made another one as well. */

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
        CONTENT_MAX = 1 << 16,
        PAUSE_MS = 30, /* between two rounds: what follows a revert is over */
        LINE_MAX_SIZE = 64,
};
static const long long give_up_ns = 5 * 1000000000LL; /* one round */

static long long now_ns(void) {
        struct timespec now;

        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        return (long long)now.tv_sec * 1000000000 + now.tv_nsec;
}

static size_t read_content(const char *path, char *content) {
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t n = fd < 0 ? 0 : read(fd, content, CONTENT_MAX);

        if (fd >= 0)
                (void)close(fd);
        return n < 0 ? 0 : (size_t)n;
}

/* A line for round I, at TO; its length. */
static size_t number_line(char *to, long i) {
        int n = snprintf(to, LINE_MAX_SIZE, "# round %ld of process %ld\n", i, (long)getpid());

        return n < 0 ? 0 : (size_t)n;
}

static int make_another(const char *path, long i) {
        char line[LINE_MAX_SIZE];
        size_t n = number_line(line, i);
        int fd = open(path, O_WRONLY | O_TRUNC | O_CREAT | O_CLOEXEC, 0644);
        bool is_written = fd >= 0 && write(fd, line, n) == (ssize_t)n;

        return fd >= 0 && close(fd) == 0 && is_written ? 0 : -1;
}

static long long measure_round(const char *path, const char *good, size_t n_good, const char *bad,
                               size_t n_bad) {
        static char content[CONTENT_MAX];
        long long began;
        int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

        if (fd < 0 || write(fd, bad, n_bad) != (ssize_t)n_bad || close(fd) < 0)
                return -1;
        began = now_ns();
        while (now_ns() - began < give_up_ns) {
                size_t n = read_content(path, content);

                if (n == n_good && memcmp(content, good, n_good) == 0)
                        return now_ns() - began;
        }
        return -1;
}

static int compare_times(const void *a, const void *b) {
        const long long *x = a, *y = b;

        return (*x > *y) - (*x < *y);
}

int main(int argc, char **argv) {
        static char good[CONTENT_MAX], bad[CONTENT_MAX + LINE_MAX_SIZE];
        size_t n_good, n_bad;
        useconds_t pause;
        long long *times;
        long count;

        if (argc < 5 || argc > 7)
                return EXIT_FAILURE;
        pause = 1000 * (argc > 5 ? (useconds_t)atoi(argv[5]) : PAUSE_MS);
        count = strtol(argv[3], NULL, 10);
        times = calloc(count > 0 ? (size_t)count : 1, sizeof *times);
        n_good = read_content(argv[1], good);
        n_bad = read_content(argv[2], bad);
        for (long i = 0; i < count; i++) {
                if (argc > 6 && make_another(argv[6], i) < 0)
                        return EXIT_FAILURE;
                if (argc > 6)
                        (void)usleep(pause);
                times[i] = measure_round(argv[1], good, n_good, bad,
                                         n_bad + number_line(bad + n_bad, i));
                if (times[i] < 0) {
                        (void)fprintf(stderr, "%s: round %ld was not put back\n", argv[4], i);
                        free(times);
                        return EXIT_FAILURE;
                }
                (void)usleep(pause);
        }
        qsort(times, (size_t)count, sizeof *times, compare_times);
        (void)printf("%s %lld %lld\n", argv[4], times[count / 2] / 1000,
                     times[count - 1 - count / 100] / 1000);
        free(times);
        return EXIT_SUCCESS;
}
