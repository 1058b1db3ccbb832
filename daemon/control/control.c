/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The server: who comes in, how long each may take, and those who wait for something to happen.
 *
 * It refuses to wait for anyone. An answer that is not read for long, or a backlog that grows too
 * large, costs the connection. When a user has too many connections, his own longest silent one
 * makes room, so a flood closes itself and a fresh question is always heard.
 *
 * Who the peer is, the kernel says: SO_PEERCRED and SO_PEERGROUPS are fixed at connect(2), and a
 * user of another user namespace appears as the user he is outside. */

#include "control/control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "control/describe.h"
#include "server.h"
#include "wire/json.h"

#define SECOND_US UINT64_C(1000000)

enum {
        CONNECTIONS_MAX = 512,        /* half of the usual soft limit on descriptors */
        CONNECTIONS_PER_UID_MAX = 64, /* a person with a few terminals and monitors needs ten */
        ACCEPTED_PER_TURN = CONNECTIONS_PER_UID_MAX / 4,
        QUEUED_PER_SUBSCRIBER =
                1 << 20,       /* a thousand events; who is further behind will not catch up */
        CALL_DEADLINE_S = 5,   /* from a call's first byte to its last */
        READ_DEADLINE_S = 10,  /* without any progress in reading an answer */
        IDLE_DEADLINE_S = 300, /* between two calls */
        SWEEP_S = 1,
};

/* ---- accepting ---- */

static int get_peer(int fd, int64_t group, struct control_peer *ret, bool *ret_is_member) {
        struct ucred credentials;
        socklen_t n = sizeof credentials, n_groups = 0;
        CLEANUP_FREE gid_t *groups = NULL;

        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &n) < 0)
                return -errno;
        *ret = (struct control_peer){ .pid = credentials.pid,
                                      .uid = credentials.uid,
                                      .gid = credentials.gid };
        *ret_is_member = group != CONTROL_GROUP_NONE && (int64_t)credentials.gid == group;
        if (*ret_is_member || group == CONTROL_GROUP_NONE)
                return 0;
        if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &n_groups) == 0)
                return 0; /* none at all */
        if (errno != ERANGE)
                return -errno;
        groups = malloc(n_groups);
        if (!groups)
                return -ENOMEM;
        if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &n_groups) < 0)
                return -errno;
        for (size_t i = 0; i < n_groups / sizeof *groups; i++)
                *ret_is_member |= (int64_t)groups[i] == group;
        return 0;
}

static size_t count_of_uid(const struct control *control, uid_t uid) {
        size_t n = 0;

        for (const struct connection *c = control->first; c; c = c->next)
                n += c->peer.uid == uid;
        return n;
}

/* The longest silent connection of UID, one without a subscription if there is any. */
static struct connection *find_dispensable(struct control *control, uid_t uid) {
        struct connection *subscriber = NULL;

        for (struct connection *c = control->first; c; c = c->next) {
                if (c->peer.uid != uid)
                        continue;
                if (c->wait == CONTROL_WAIT_NOTHING)
                        return c;
                if (!subscriber)
                        subscriber = c;
        }
        return subscriber;
}

/* Makes room for one more connection of UID: his own silent one goes, or, when all are taken, one
 * of whoever has most. */
static void make_connection_room(struct control *control, uid_t uid) {
        uid_t greedy = uid;
        size_t n_most = count_of_uid(control, uid);

        if (n_most < CONNECTIONS_PER_UID_MAX && control->load.n_connections < CONNECTIONS_MAX)
                return;
        if (n_most < CONNECTIONS_PER_UID_MAX) {
                for (const struct connection *c = control->first; c; c = c->next) {
                        size_t n = count_of_uid(control, c->peer.uid);

                        if (n > n_most) {
                                n_most = n;
                                greedy = c->peer.uid;
                        }
                }
        }
        connection_drop(find_dispensable(control, greedy));
}

static int add_connection(struct control *control, int fd) {
        struct control_peer peer;
        bool is_member;
        int r;

        r = get_peer(fd, control->group, &peer, &is_member);
        if (r < 0)
                return r;
        make_connection_room(control, peer.uid);
        r = sd_event_source_set_enabled(control->sweep_source, SD_EVENT_ON);
        return r < 0 ? r : connection_new(control, fd, &peer, is_member);
}

/* 1 when one came in, 0 when nobody waits, or a negative errno. */
static int accept_one(struct control *control, int fd) {
        int peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

        if (peer < 0)
                return errno == EAGAIN || errno == EINTR || errno == ECONNABORTED ? 0 : -errno;
        if (add_connection(control, peer) < 0)
                (void)close(peer);
        else
                connection_begin(control->last);
        return 1;
}

/* Some at a time: the queue of the kernel is first come, first served, so whoever floods it must be
 * sorted out by user soon; but fewer than a user may have, so that everybody gets a turn before his
 * own later ones can close him. Who has asked already is answered at once: he waits for one round
 * of the event loop, not for two. */
static int on_accept(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        struct control *control = userdata;
        int r = 1;

        (void)events;
        for (int i = 0; i < ACCEPTED_PER_TURN && r > 0; i++)
                r = accept_one(control, fd);
        if (r >= 0)
                return 0;
        /* out of descriptors: the longest silent connection gives its own; the sweep opens the door
         * again */
        if (control->first)
                connection_drop(control->first);
        (void)sd_event_source_set_enabled(control->sweep_source, SD_EVENT_ON);
        return sd_event_source_set_enabled(source, SD_EVENT_OFF);
}

/* ---- deadlines ---- */

static bool is_overdue(const struct connection *connection, uint64_t now) {
        if (connection->stuck_us != 0)
                return now - connection->stuck_us > READ_DEADLINE_S * SECOND_US;
        if (connection->partial_us != 0)
                return now - connection->partial_us > CALL_DEADLINE_S * SECOND_US;
        return connection->wait == CONTROL_WAIT_NOTHING &&
               now - connection->active_us > IDLE_DEADLINE_S * SECOND_US;
}

static int on_sweep(sd_event_source *source, uint64_t usec, void *userdata) {
        struct control *control = userdata;
        uint64_t now = control_now_us(control);

        (void)usec;
        for (struct connection *c = control->first, *next; c; c = next) {
                next = c->next;
                if (is_overdue(c, now))
                        connection_drop(c);
        }
        (void)sd_event_source_set_enabled(control->accept_source, SD_EVENT_ON);
        if (!control->first)
                return sd_event_source_set_enabled(source, SD_EVENT_OFF);
        return sd_event_source_set_time_relative(source, SWEEP_S * SECOND_US);
}

/* ---- those who wait ---- */

/* Sends REPLY to everyone who waits for that; a final one ends the waiting of those whose last pass
 * this was. Only the connection at hand is closed in the walk, others afterwards. */
static void send_to_waiting(struct control *control, enum control_wait wait,
                            const struct wire_reply *reply, bool is_progress) {
        for (struct connection *c = control->first, *next; c; c = next) {
                next = c->next;
                if (c->wait != wait || (is_progress && !c->wants_progress))
                        continue;
                if (!reply->continues) {
                        if (--c->n_passes > 0)
                                continue;
                        c->wait = CONTROL_WAIT_NOTHING;
                }
                if (connection_n_queued(c) > QUEUED_PER_SUBSCRIBER ||
                    connection_queue(c, reply) < 0 || connection_arm(c) < 0)
                        connection_drop(c);
        }
        control_make_queue_room(control, NULL);
}

void control_publish(struct control *control, const struct control_event *event) {
        CLEANUP(wire_json_cleanup)
        json_t *parameters = json_pack("{s:o}", "event", describe_event(event));
        struct wire_reply reply = { .parameters = parameters, .continues = true };

        if (parameters)
                send_to_waiting(control, CONTROL_WAIT_EVENTS, &reply, false);
}

void control_pass_progressed(struct control *control, size_t n_done, size_t n_total) {
        /* paths may have joined the guarded set meanwhile */
        json_int_t total = (json_int_t)(n_done > n_total ? n_done : n_total);
        CLEANUP(wire_json_cleanup)
        json_t *parameters =
                json_pack("{s:I,s:I,s:n}", "done", (json_int_t)n_done, "total", total, "findings");
        struct wire_reply reply = { .parameters = parameters, .continues = true };

        if (parameters)
                send_to_waiting(control, CONTROL_WAIT_PASS, &reply, true);
}

void control_pass_ended(struct control *control) {
        const struct control_backend *backend = &control->backend;
        size_t counts[N_SEVERITIES] = { 0 }, n_findings = 0;
        struct control_status status = { 0 };
        struct wire_reply reply = { 0 };

        (void)backend->get_status(backend->userdata, &status);
        (void)control_count_findings(backend, counts);
        for (size_t i = 0; i < N_SEVERITIES; i++)
                n_findings += counts[i];
        reply.parameters =
                json_pack("{s:I,s:I,s:I}", "done", (json_int_t)status.last_pass.n_done, "total",
                          (json_int_t)status.last_pass.n_total, "findings", (json_int_t)n_findings);
        if (reply.parameters)
                send_to_waiting(control, CONTROL_WAIT_PASS, &reply, false);
        json_decref(reply.parameters);
}

/* ---- the server ---- */

static int load_interface(const char *text, struct idl_interface **ret) {
        struct diagnostics diagnostics = { 0 };
        int r = idl_parse(text, &diagnostics, ret);

        diagnostics_done(&diagnostics);
        return r;
}

static int start(struct control *control, const struct control_options *options) {
        int r;

        control->socket_path = strdup(options->socket_path);
        if (!control->socket_path)
                return -ENOMEM;
        r = load_interface(wire_control_description, &control->interface);
        if (r == 0)
                r = load_interface(wire_service_description, &control->service);
        if (r == 0)
                r = control_listen(options, &control->listen_fd, &control->is_stored);
        if (r < 0)
                return r;
        r = sd_event_add_time_relative(control->event, &control->sweep_source, CLOCK_MONOTONIC,
                                       SWEEP_S * SECOND_US, 0, on_sweep, control);
        if (r < 0)
                return r;
        return sd_event_add_io(control->event, &control->accept_source, control->listen_fd, EPOLLIN,
                               on_accept, control);
}

static void cleanup_control(struct control **control) {
        control_free(*control);
}

int control_new(sd_event *event, const struct control_options *options,
                const struct control_backend *backend, struct control **ret) {
        CLEANUP(cleanup_control) struct control *control = calloc(1, sizeof *control);
        int r;

        if (!control)
                return -ENOMEM;
        *control = (struct control){
                .event = sd_event_ref(event),
                .group = options->group,
                .backend = *backend,
                .listen_fd = -1,
        };
        r = start(control, options);
        if (r < 0)
                return r;
        *ret = TAKE(control);
        return 0;
}

void control_free(struct control *control) {
        if (!control)
                return;
        while (control->first)
                connection_free(control->first);
        sd_event_source_disable_unref(control->accept_source);
        sd_event_source_disable_unref(control->sweep_source);
        control_rest_line(control);
        if (control->listen_fd >= 0) {
                if (!control->is_stored)
                        (void)unlink(control->socket_path);
                (void)close(control->listen_fd);
        }
        idl_free(control->interface);
        idl_free(control->service);
        sd_event_unref(control->event);
        free(control->socket_path);
        free(control);
}

struct control_load control_get_load(const struct control *control) {
        return control->load;
}
