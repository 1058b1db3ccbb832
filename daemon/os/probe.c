/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Probes: a child (child.c) until its streams ended or its deadline passed, waited for with
 * poll(2) or from sd-event.
 *
 * A program is over when both its streams have ended and it exited; a daemonized grandchild that
 * keeps them open is cut off at the deadline like one that hangs. */

#include "os/probe.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "child.h"
#include "fd.h"

void probe_result_done(struct probe_result *result) {
        free(result->out);
        free(result->err);
        *result = (struct probe_result){ 0 };
}

bool probe_write(int fd, const void *data, size_t n) {
        const char *bytes = data;

        while (n > 0) {
                ssize_t written = write(fd, bytes, n);

                if (written < 0 && errno == EINTR)
                        continue;
                if (written < 0)
                        return false;
                bytes += written;
                n -= (size_t)written;
        }
        return true;
}

static int64_t now_ms(void) {
        struct timespec t;

        (void)clock_gettime(CLOCK_MONOTONIC, &t);
        return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool is_over(const struct child *child) {
        for (size_t i = 0; i < N_CHILD_STREAMS; i++)
                if (child->streams[i].fd >= 0)
                        return false;
        return true;
}

/* Reads until all streams ended. Returns 1 for that, 0 at the deadline, or a negative errno. */
static int wait_for(struct child *child, int64_t deadline_ms) {
        while (!is_over(child)) {
                struct pollfd fds[N_CHILD_STREAMS];
                int64_t left = deadline_ms - now_ms();
                int n;

                if (left <= 0)
                        return 0;
                for (size_t i = 0; i < N_CHILD_STREAMS; i++)
                        fds[i] = (struct pollfd){ .fd = child->streams[i].fd, .events = POLLIN };
                n = poll(fds, N_CHILD_STREAMS, left > 60000 ? 60000 : (int)left);
                if (n < 0 && errno != EINTR)
                        return -errno;
                for (size_t i = 0; n > 0 && i < N_CHILD_STREAMS; i++) {
                        int r = fds[i].revents ? child_read(&child->streams[i]) : 0;

                        if (r < 0)
                                return r;
                        if (r == CHILD_STREAM_ENDED)
                                fd_close(&child->streams[i].fd);
                }
        }
        return 1;
}

static int run(const struct probe_program *program, const struct probe_work *work,
               unsigned timeout_ms, struct probe_result *ret) {
        int64_t deadline_ms = now_ms() + timeout_ms;
        CLEANUP(child_done) struct child child;
        int r;

        child_init(&child);
        r = child_start(&child, program, work);
        if (r < 0)
                return r;
        r = wait_for(&child, deadline_ms);
        if (r < 0)
                return r;
        if (work && child.streams[CHILD_OUT].is_cut)
                return -E2BIG;
        return child_finish(&child, r == 0, ret);
}

int probe_run(const char *const *argv, const char *cwd, const char *chroot_path,
              unsigned timeout_ms, struct probe_result *ret) {
        struct probe_program program = { .argv = argv, .cwd = cwd, .chroot_path = chroot_path };

        return run(&program, NULL, timeout_ms, ret);
}

/* How a call can fail beyond what a program can. */
static int call_error(const struct probe_result *result) {
        if (result->timed_out)
                return -ETIMEDOUT;
        return result->signal ? -ECANCELED : 0;
}

int probe_call(int (*fn)(void *userdata, int fd), void *userdata, unsigned timeout_ms,
               char **ret_data, size_t *ret_n, int *ret_status) {
        struct probe_work work = { .fn = fn, .fn_userdata = userdata };
        CLEANUP(probe_result_done) struct probe_result result = { 0 };
        int r;

        r = run(NULL, &work, timeout_ms, &result);
        if (r < 0)
                return r;
        r = call_error(&result);
        if (r < 0)
                return r;
        *ret_data = TAKE(result.out);
        *ret_n = result.n_out;
        *ret_status = result.exit_status;
        return 0;
}

struct probe {
        struct child child;
        sd_event_source *sources[N_CHILD_STREAMS], *deadline, *exit;
        probe_done_fn on_done;
        void *userdata;
        bool has_exited;
};

void probe_cancel(struct probe *probe) {
        if (!probe)
                return;
        for (size_t i = 0; i < N_CHILD_STREAMS; i++)
                (void)sd_event_source_disable_unref(probe->sources[i]);
        (void)sd_event_source_disable_unref(probe->deadline);
        (void)sd_event_source_disable_unref(probe->exit);
        child_done(&probe->child);
        free(probe);
}
DEFINE_CLEANUP(probe_cleanup, struct probe, probe_cancel)

/* ERROR < 0: that; otherwise the child's own outcome. */
static void conclude(struct probe *probe, int error, bool timed_out) {
        CLEANUP(probe_result_done) struct probe_result result = { 0 };
        bool is_cut = probe->child.streams[CHILD_OUT].is_cut;

        if (error == 0 && probe->child.is_call && is_cut)
                error = -E2BIG;
        if (error == 0)
                error = child_finish(&probe->child, timed_out, &result);
        if (error == 0 && probe->child.is_call)
                error = call_error(&result);
        probe->on_done(probe->userdata, error, error < 0 ? NULL : &result);
        probe_cancel(probe);
}

static int on_stream(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        struct probe *probe = userdata;

        (void)events;
        for (size_t i = 0; i < N_CHILD_STREAMS; i++) {
                struct child_stream *stream = &probe->child.streams[i];
                int r;

                if (probe->sources[i] != source || stream->fd != fd)
                        continue;
                r = child_read(stream);
                if (r == CHILD_STREAM_ENDED) {
                        probe->sources[i] = sd_event_source_disable_unref(source);
                        fd_close(&stream->fd);
                }
                if (r < 0) {
                        conclude(probe, r, false);
                        return 0;
                }
                break;
        }
        if (is_over(&probe->child) && probe->has_exited)
                conclude(probe, 0, false);
        return 0;
}

static int on_exit_of_child(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        struct probe *probe = userdata;

        (void)fd;
        (void)events;
        probe->has_exited = true;
        (void)sd_event_source_set_enabled(source, SD_EVENT_OFF);
        if (is_over(&probe->child))
                conclude(probe, 0, false);
        return 0;
}

static int on_deadline(sd_event_source *source, uint64_t usec, void *userdata) {
        (void)source;
        (void)usec;
        conclude(userdata, 0, true);
        return 0;
}

static int listen_to(sd_event *event, struct probe *probe, unsigned timeout_ms) {
        uint64_t now;
        int r;

        for (size_t i = 0; i < N_CHILD_STREAMS; i++) {
                if (probe->child.streams[i].fd < 0)
                        continue;
                r = sd_event_add_io(event, &probe->sources[i], probe->child.streams[i].fd, EPOLLIN,
                                    on_stream, probe);
                if (r < 0)
                        return r;
        }
        r = sd_event_add_io(event, &probe->exit, probe->child.pidfd, EPOLLIN, on_exit_of_child,
                            probe);
        if (r < 0)
                return r;
        /* not sd_event_now(): that is the time of the loop's last wake-up */
        now = (uint64_t)now_ms() * 1000;
        return sd_event_add_time(event, &probe->deadline, CLOCK_MONOTONIC,
                                 now + (uint64_t)timeout_ms * 1000, 1000, on_deadline, probe);
}

static int start(sd_event *event, const struct probe_program *program,
                 const struct probe_work *work, struct probe *probe) {
        int r;

        r = child_start(&probe->child, program, work);
        if (r < 0)
                return r;
        return listen_to(event, probe, program ? program->timeout_ms : work->timeout_ms);
}

static int probe_new(sd_event *event, const struct probe_program *program,
                     const struct probe_work *work, struct probe **ret) {
        CLEANUP(probe_cleanup) struct probe *probe = calloc(1, sizeof *probe);
        int r;

        if (!probe)
                return -ENOMEM;
        child_init(&probe->child);
        r = start(event, program, work, probe);
        if (r < 0)
                return r;
        *ret = TAKE(probe);
        return 0;
}

int probe_start(sd_event *event, const struct probe_program *program, probe_done_fn on_done,
                void *userdata, struct probe **ret) {
        struct probe *probe;
        int r;

        r = probe_new(event, program, NULL, &probe);
        if (r < 0)
                return r;
        probe->on_done = on_done;
        probe->userdata = userdata;
        *ret = probe;
        return 0;
}

int probe_start_call(sd_event *event, const struct probe_work *work, probe_done_fn on_done,
                     void *userdata, struct probe **ret) {
        struct probe *probe;
        int r;

        r = probe_new(event, NULL, work, &probe);
        if (r < 0)
                return r;
        probe->on_done = on_done;
        probe->userdata = userdata;
        *ret = probe;
        return 0;
}
