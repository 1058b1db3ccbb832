/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How long a status call takes, alone and beside a thousand peers that misbehave: a fifth each
 * never read, never finish, send garbage, send without end, say nothing. The server is the real
 * one, with 10,000 files behind it, in a process of its own; its peak memory is printed too.
 * `bench_control_load SOCKET PID NAME` asks a daemon that runs, twenty times a second, until it
 * is told to stop (SIGTERM) or the daemon is gone (tests/bench/control). There a call's time begins
 * when it was due: who stands still for a second kept twenty callers waiting, not one. With
 * SOCKET alone it is the thousand peers, for that daemon.
 *
 * Beside the time on the clock stands the processor time that the server took meanwhile: what the
 * peers make it do before it answers, whatever else the machine is busy with. */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <systemd/sd-event.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "control/control.h"

enum { N_HOSTILE = 1000, N_CALLS = 500, N_FILES = 10000, PERIOD_MS = 50 };

static const char status_call[] = "{\"method\":\"org.sshguardd.Control.Status\"}";
static const char list_call[] = "{\"method\":\"org.sshguardd.Control.ListFiles\","
                                "\"parameters\":{\"limit\":250}}";

static int get_status(void *userdata, struct control_status *ret) {
        (void)userdata;
        *ret = (struct control_status){ .state = CONTROL_GUARDING, .generation = 1 };
        return 1;
}

static int get_file(void *userdata, size_t index, struct control_file *ret) {
        static struct file_metadata metadata = { .kind = FILE_REGULAR };

        (void)userdata;
        *ret = (struct control_file){ .path = "/home/somebody/.ssh/authorized_keys",
                                      .metadata = &metadata };
        return index < N_FILES;
}

static int get_finding(void *userdata, size_t index, struct control_finding *ret) {
        (void)userdata, (void)index, (void)ret;
        return 0;
}

__attribute__((noreturn)) static void die(const char *what) {
        perror(what);
        exit(2);
}

static pid_t serve(const char *path) {
        const struct control_backend backend = { .get_status = get_status,
                                                 .get_file = get_file,
                                                 .get_finding = get_finding };
        int ready[2];
        pid_t pid;
        char byte;

        if (pipe(ready) < 0 || (pid = fork()) < 0)
                die("fork");
        if (pid == 0) {
                struct control *control;
                sd_event *event;

                (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
                if (sd_event_new(&event) < 0 ||
                    control_new(event,
                                &(struct control_options){ .socket_path = path,
                                                           .root_path = "/tmp",
                                                           .group = CONTROL_GROUP_NONE },
                                &backend, &control) < 0)
                        _exit(2);
                (void)close(ready[0]);
                (void)close(ready[1]);
                (void)sd_event_loop(event);
                _exit(2);
        }
        (void)close(ready[1]);
        if (read(ready[0], &byte, 1) != 0)
                die("read");
        (void)close(ready[0]);
        return pid;
}

/* Negative if nobody listens. */
static int try_to_connect(const char *path) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM, 0);

        (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
        if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) < 0) {
                (void)close(fd);
                fd = -1;
        }
        return fd;
}

static int connect_to(const char *path) {
        int fd = try_to_connect(path);

        if (fd < 0)
                die("connect");
        return fd;
}

/* Sends until the socket is full, or it was said N times. */
static void say(int fd, const char *bytes, size_t n_bytes, int n) {
        while (n-- > 0 && send(fd, bytes, n_bytes, MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
                ;
}

static void misbehave(int fd, int kind) {
        static char rubbish[64 << 10];

        memset(rubbish, 'x', sizeof rubbish);
        switch (kind) {
        case 0:
                say(fd, list_call, sizeof list_call, 1000);
                break;
        case 1:
                say(fd, status_call, 10, 1);
                break;
        case 2:
                say(fd, "\xff{[", 4, 1);
                break;
        case 3:
                say(fd, rubbish, sizeof rubbish, 1600); /* 100 MB */
                break;
        default:
                break;
        }
}

/* A thousand connections; with ANEW they are closed and made again as long as the process lives. */
static pid_t storm(const char *path, bool anew) {
        pid_t pid = fork();
        int fds[N_HOSTILE];

        if (pid != 0)
                return pid;
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (int i = 0; i < N_HOSTILE; i++)
                fds[i] = -1;
        for (int i = 0, n = 0;; i = (i + 1) % N_HOSTILE, n++) {
                if (n >= N_HOSTILE && !anew)
                        (void)pause();
                if (fds[i] >= 0)
                        (void)close(fds[i]);
                fds[i] = connect_to(path);
                misbehave(fds[i], i % 5);
        }
}

static double now_ms(void) {
        struct timespec now;

        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* Processor time of a process, the first figure of schedstat. */
static double used_ms(pid_t pid) {
        char path[64];
        unsigned long long used = 0;
        FILE *file;

        (void)snprintf(path, sizeof path, "/proc/%d/schedstat", (int)pid);
        file = fopen(path, "re");
        if (!file)
                return 0;
        if (fscanf(file, "%llu", &used) != 1)
                used = 0;
        (void)fclose(file);
        return (double)used / 1e6;
}

/* From connect() to the last byte of the answer; negative if there was none. */
static double ask(const char *path) {
        double before = now_ms();
        int fd = try_to_connect(path);
        char buffer[8192];
        ssize_t n = -1;

        if (fd < 0)
                return -1;
        if (send(fd, status_call, sizeof status_call, MSG_NOSIGNAL) > 0)
                while ((n = recv(fd, buffer, sizeof buffer, 0)) > 0 && buffer[n - 1] != '\0')
                        ;
        (void)close(fd);
        return n > 0 ? now_ms() - before : -1;
}

static int compare(const void *a, const void *b) {
        const double x = *(const double *)a, y = *(const double *)b;

        return (x > y) - (x < y);
}

static volatile sig_atomic_t is_told_to_stop;

static void on_stop(int signal) {
        (void)signal;
        is_told_to_stop = 1;
}

/* Until when_ms, or a signal. */
static void sleep_until(double when_ms) {
        double left = when_ms - now_ms();

        if (left > 0)
                (void)usleep((useconds_t)(left * 1e3));
}

/* Asks twenty times a second, as long as there is an answer and nobody says stop. */
static void follow(const char *path, pid_t server, const char *name) {
        static double times[1 << 16], used[1 << 16];
        const double began = now_ms();
        size_t n = 0;

        (void)signal(SIGTERM, on_stop);
        for (; n < N_ELEMENTS(times) && !is_told_to_stop; n++) {
                const double due = began + (double)n * PERIOD_MS, before = used_ms(server);

                sleep_until(due);
                if (ask(path) < 0)
                        break;
                times[n] = now_ms() - due;
                used[n] = used_ms(server) - before;
        }
        if (n == 0)
                die(path);
        qsort(times, n, sizeof times[0], compare);
        qsort(used, n, sizeof used[0], compare);
        printf("%-24s %5zu calls   p50 %8.3f ms   p99 %8.3f ms   worst %8.3f ms   of the server's "
               "time p99 %8.3f ms\n",
               name, n, times[n / 2], times[n * 99 / 100], times[n - 1], used[n * 99 / 100]);
}

static void measure(const char *name, const char *path, pid_t server) {
        static double times[N_CALLS], used[N_CALLS];
        int n_unanswered = 0;

        for (int i = 0; i < N_CALLS; i++) {
                double before = used_ms(server);

                times[i] = ask(path);
                used[i] = used_ms(server) - before;
                n_unanswered += times[i] < 0;
        }
        qsort(times, N_CALLS, sizeof times[0], compare);
        qsort(used, N_CALLS, sizeof used[0], compare);
        printf("%-24s p50 %8.3f ms   p99 %8.3f ms   worst %8.3f ms   of the server's time p99 "
               "%8.3f ms   unanswered %d of %d\n",
               name, times[N_CALLS / 2], times[N_CALLS * 99 / 100], times[N_CALLS - 1],
               used[N_CALLS * 99 / 100], n_unanswered, N_CALLS);
}

int main(int argc, char *argv[]) {
        const struct rlimit many = { 4096, 4096 };
        char directory[] = "/tmp/bench_control.XXXXXX", path[64];
        struct rusage usage;
        pid_t server, hostile;

        (void)setvbuf(stdout, NULL, _IOLBF, 0);
        (void)setrlimit(RLIMIT_NOFILE, &many);
        if (argc == 2) { /* a daemon's thousand, until it is stopped */
                (void)storm(argv[1], false);
                (void)pause();
        }
        if (argc == 4) {
                follow(argv[1], (pid_t)strtol(argv[2], NULL, 10), argv[3]);
                return 0;
        }
        if (!mkdtemp(directory))
                die("mkdtemp");
        (void)snprintf(path, sizeof path, "%s/s", directory);
        server = serve(path);
        measure("alone", path, server);
        for (int anew = 0; anew < 2; anew++) {
                hostile = storm(path, anew);
                (void)usleep(2000000); /* until they are all there */
                measure(anew ? "beside a storm of them" : "beside 1,000 hostile", path, server);
                (void)kill(hostile, SIGKILL);
                (void)waitpid(hostile, NULL, 0);
        }
        measure("after them", path, server);
        (void)kill(server, SIGKILL);
        (void)wait4(server, NULL, 0, &usage);
        printf("peak memory of the server %ld KiB\n", usage.ru_maxrss);
        (void)unlink(path);
        (void)rmdir(directory);
        return 0;
}
