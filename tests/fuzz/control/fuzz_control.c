/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The control server as a stranger meets it: several connections at once, what they send cut into
 * pieces, closed half-way or without reading. Whatever comes, the server goes on, drops nobody
 * else, and answers a status afterwards.
 *
 * The input is a script: a byte says which of four connections and what it does (the two high bits:
 * send, send and read, close, half-close), the next how many of the following bytes it sends. */

#include <assert.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "control/control.h"

enum { N_CONNECTIONS = 4 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sockaddr_un address = { .sun_family = AF_UNIX };
static struct control *control;
static sd_event *event;

static int get_status(void *userdata, struct control_status *ret) {
        (void)userdata;
        *ret = (struct control_status){ .state = CONTROL_GUARDING, .generation = 1 };
        return 1;
}

static int get_finding(void *userdata, size_t index, struct control_finding *ret) {
        (void)userdata, (void)index, (void)ret;
        return 0;
}

static int get_file(void *userdata, size_t index, struct control_file *ret) {
        static struct file_metadata metadata = { .kind = FILE_REGULAR };

        (void)userdata;
        *ret = (struct control_file){ .path = "/etc/\xff", .metadata = &metadata };
        return index < 300;
}

static int refuse(void *userdata, struct control_refusal *refusal) {
        (void)userdata;
        refusal->reason = strdup("no");
        return CONTROL_REFUSED;
}

static int approve(void *userdata, const struct control_approval *approval,
                   struct control_refusal *refusal) {
        assert(approval->path[0] == '/');
        return refuse(userdata, refusal);
}

static int install(void *userdata, const struct control_proposal *proposal,
                   struct control_refusal *refusal) {
        assert(proposal->path[0] == '/' && proposal->data[proposal->n_data] == '\0');
        return refuse(userdata, refusal);
}

static int start_check(void *userdata) {
        (void)userdata;
        return 1;
}

static void remove_socket(void) {
        control_free(control);
        sd_event_unref(event);
        *strrchr(address.sun_path, '/') = '\0';
        (void)rmdir(address.sun_path);
}

static void start(void) {
        const struct control_backend backend = { .get_status = get_status,
                                                 .get_file = get_file,
                                                 .get_finding = get_finding,
                                                 .approve = approve,
                                                 .install = install,
                                                 .reload = refuse,
                                                 .start_check = start_check };
        char directory[] = "/tmp/fuzz_control.XXXXXX";

        if (!mkdtemp(directory))
                abort();
        (void)snprintf(address.sun_path, sizeof address.sun_path, "%s/s", directory);
        if (sd_event_new(&event) < 0 ||
            control_new(event,
                        &(struct control_options){ .socket_path = address.sun_path,
                                                   .root_path = "/tmp",
                                                   .group = CONTROL_GROUP_NONE },
                        &backend, &control) < 0)
                abort();
        (void)atexit(remove_socket);
}

/* Until nothing is to be done; a bound, since a bug could make it spin. */
static void settle(void) {
        for (int i = 0; i < 20000; i++) {
                int r = sd_event_run(event, 0);

                assert(r >= 0);
                if (r == 0)
                        return;
        }
        assert(!"the server spins");
}

static int connect_now(void) {
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
                abort();
        return fd;
}

static void drain(int fd) {
        char buffer[4096];

        while (recv(fd, buffer, sizeof buffer, MSG_DONTWAIT) > 0)
                ;
}

static void expect_status(void) {
        static const char call[] = "{\"method\":\"org.sshguardd.Control.Status\"}";
        char reply[4096];
        int fd = connect_now();
        ssize_t n;

        assert(send(fd, call, sizeof call, MSG_NOSIGNAL) == sizeof call);
        settle();
        n = recv(fd, reply, sizeof reply, MSG_DONTWAIT);
        assert(n > 0 && reply[n - 1] == '\0' && strstr(reply, "\"guarding\""));
        (void)close(fd);
        settle();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        int fds[N_CONNECTIONS] = { -1, -1, -1, -1 };

        if (!control)
                start();
        for (size_t i = 0; i + 2 <= size;) {
                int *fd = &fds[data[i] % N_CONNECTIONS], what = data[i] >> 6;
                size_t n = data[i + 1];

                i += 2;
                n = n > size - i ? size - i : n;
                if (*fd < 0)
                        *fd = connect_now();
                (void)!send(*fd, data + i, n, MSG_NOSIGNAL | MSG_DONTWAIT);
                i += n;
                if (what != 0)
                        settle();
                if (what == 1)
                        drain(*fd);
                if (what == 2) {
                        (void)close(*fd);
                        *fd = -1;
                } else if (what == 3) {
                        (void)shutdown(*fd, SHUT_WR);
                }
        }
        settle();
        control_pass_progressed(control, 1, 2);
        control_pass_ended(control);
        expect_status();
        for (int i = 0; i < N_CONNECTIONS; i++)
                if (fds[i] >= 0)
                        (void)close(fds[i]);
        settle();
        assert(control_get_load(control).n_connections == 0);
        assert(control_get_load(control).n_queued_bytes == 0);
        return 0;
}
