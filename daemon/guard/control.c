/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The server: connections, their buffers and deadlines, and the one way from a message to a
 * handler.
 *
 * It refuses to wait for anyone. A connection takes part in the event loop for one read or one
 * message at a time, so a peer that sends a thousand calls in one packet gets one answer per turn,
 * like everybody. While an answer is not read, the next call is not read either; what is not read
 * for long, or grows too large, costs the connection. When a user has too many connections, his own
 * longest silent one makes room, so a flood closes itself and a fresh question is always heard.
 *
 * Who the peer is, the kernel says: SO_PEERCRED and SO_PEERGROUPS are fixed at connect(2), and a
 * user of another user namespace appears as the user he is outside. */

#include "guard/control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "control_call.h"
#include "guard/describe.h"
#include "wire/framing.h"
#include "wire/idl.h"
#include "wire/json.h"
#include "wire/message.h"

#define SECOND_US UINT64_C(1000000)

enum {
        CONNECTIONS_MAX = 512,        /* half of the usual soft limit on descriptors */
        CONNECTIONS_PER_UID_MAX = 64, /* a person with a few terminals and monitors needs ten */
        QUEUED_MAX = 16 << 20,        /* bytes of answers that nobody reads, in all */
        QUEUED_PER_SUBSCRIBER =
                1 << 20,       /* a thousand events; who is further behind will not catch up */
        CALL_DEADLINE_S = 5,   /* from a call's first byte to its last */
        READ_DEADLINE_S = 10,  /* without any progress in reading an answer */
        IDLE_DEADLINE_S = 300, /* between two calls */
        SWEEP_S = 1,
};

struct connection {
        struct control *control;
        struct connection *previous, *next; /* in order of `active_us`, longest silent first */
        int fd;
        sd_event_source *source;
        struct control_peer peer;
        bool is_member; /* of the reading group */

        struct wire_input input;
        struct text output;
        size_t n_written; /* of output */
        bool is_ended;    /* the peer will send nothing more */
        bool has_input;   /* a whole message may be waiting in `input` */

        enum control_wait wait;
        bool wants_progress;
        unsigned n_passes;

        uint64_t active_us;  /* when it came, or its last call was whole; CLOCK_MONOTONIC */
        uint64_t partial_us; /* since when a message is unfinished; 0: none is */
        uint64_t stuck_us;   /* since when an answer makes no progress; 0: none is queued */
};

struct control {
        sd_event *event;
        char *socket_path;
        int64_t group;
        struct control_backend backend;
        int listen_fd;
        bool is_stored;
        sd_event_source *accept_source, *sweep_source;
        struct idl_interface *interface;
        struct idl_interface *service;
        struct connection *first, *last;
        struct control_load load;
};

static uint64_t now_us(struct control *control) {
        uint64_t now = 0;

        (void)sd_event_now(control->event, CLOCK_MONOTONIC, &now);
        return now;
}

/* ---- the list of connections ---- */

static void list_remove(struct connection *connection) {
        struct control *control = connection->control;

        *(connection->previous ? &connection->previous->next : &control->first) = connection->next;
        *(connection->next ? &connection->next->previous : &control->last) = connection->previous;
        connection->previous = connection->next = NULL;
}

static void list_append(struct connection *connection) {
        struct control *control = connection->control;

        connection->previous = control->last;
        connection->next = NULL;
        *(control->last ? &control->last->next : &control->first) = connection;
        control->last = connection;
}

static void mark_active(struct connection *connection) {
        connection->active_us = now_us(connection->control);
        list_remove(connection);
        list_append(connection);
}

static size_t n_queued(const struct connection *connection) {
        return connection->output.n - connection->n_written;
}

static void connection_free(struct connection *connection) {
        struct control *control = connection->control;

        list_remove(connection);
        control->load.n_connections--;
        control->load.n_queued_bytes -= n_queued(connection);
        sd_event_source_disable_unref(connection->source);
        (void)close(connection->fd);
        wire_input_done(&connection->input);
        text_done(&connection->output);
        free(connection);
}

static void close_for_cause(struct connection *connection) {
        connection->control->load.n_closed_for_cause++;
        connection_free(connection);
}

/* ---- writing ---- */

/* Writes what the socket takes. Returns 0 or a negative errno: the connection is over. */
static int flush(struct connection *connection) {
        struct control *control = connection->control;

        while (n_queued(connection) > 0) {
                ssize_t n = send(connection->fd, connection->output.data + connection->n_written,
                                 n_queued(connection), MSG_DONTWAIT | MSG_NOSIGNAL);

                if (n < 0)
                        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
                connection->n_written += (size_t)n;
                control->load.n_queued_bytes -= (size_t)n;
                connection->stuck_us = now_us(control);
        }
        text_done(&connection->output);
        connection->n_written = 0;
        connection->stuck_us = 0;
        return 0;
}

/* Closes those who have not read for longest until the answers of all fit; never KEPT. */
static void make_queue_room(struct control *control, const struct connection *kept) {
        while (control->load.n_queued_bytes > QUEUED_MAX) {
                struct connection *worst = NULL;

                for (struct connection *c = control->first; c; c = c->next)
                        if (c != kept && n_queued(c) > 0 &&
                            (!worst || c->stuck_us < worst->stuck_us))
                                worst = c;
                if (!worst)
                        return;
                close_for_cause(worst);
        }
}

static int queue_reply(struct connection *connection, const struct wire_reply *reply) {
        struct control *control = connection->control;
        size_t n_before = connection->output.n;
        int r;

        r = wire_reply_format(reply, &connection->output);
        if (r < 0)
                return r;
        if (connection->stuck_us == 0)
                connection->stuck_us = now_us(control);
        control->load.n_queued_bytes += connection->output.n - n_before;
        return flush(connection);
}

/* ---- calls ---- */

static bool is_permitted(const struct connection *connection, enum control_class class) {
        const struct control_backend *backend = &connection->control->backend;
        uid_t uid = connection->peer.uid;

        if (class == CONTROL_INTROSPECT || uid == 0 || uid == geteuid())
                return true;
        if (class == CONTROL_READ && connection->is_member)
                return true;
        return (class == CONTROL_READ || class == CONTROL_CHANGE) && backend->is_admin &&
               backend->is_admin(backend->userdata, uid);
}

static const struct control_method *find_method(const char *name) {
        size_t n;
        const struct control_method *methods = control_methods(&n);

        for (size_t i = 0; i < n; i++)
                if (strcmp(methods[i].name, name) == 0)
                        return &methods[i];
        return NULL;
}

static int fail_unknown(struct control_call *call, const char *name) {
        size_t n = wire_interface_length(name);
        const char *const known[] = { WIRE_CONTROL, WIRE_SERVICE };

        for (size_t i = 0; i < N_ELEMENTS(known); i++)
                if (strlen(known[i]) == n && strncmp(known[i], name, n) == 0)
                        return control_call_fail(call, WIRE_METHOD_NOT_FOUND,
                                                 json_pack("{s:s}", "method", name));
        return control_call_fail(call, WIRE_INTERFACE_NOT_FOUND,
                                 json_pack("{s:s%}", "interface", name, n));
}

/* Everything that is decided before a handler runs. */
static int answer(struct connection *connection, const struct wire_call *message,
                  struct control_call *call) {
        const struct control *control = connection->control;
        const struct control_method *method = find_method(message->method);
        const struct idl_interface *interface;
        const char *field = NULL;
        int r;

        if (!method)
                return fail_unknown(call, message->method);
        if (!is_permitted(connection, method->class))
                return control_call_fail(call, WIRE_PERMISSION_DENIED, json_object());
        if (message->upgrade)
                return control_call_fail(call, WIRE_INVALID_PARAMETER,
                                         json_pack("{s:s}", "parameter", "upgrade"));
        interface =
                strncmp(method->name, WIRE_CONTROL ".", sizeof WIRE_CONTROL) == 0 ? control->interface : control->service;
        if (!idl_check(interface,
                       &idl_find(interface, IDL_METHOD, strrchr(method->name, '.') + 1)->in,
                       call->parameters, &field))
                return control_call_fail(call, WIRE_INVALID_PARAMETER,
                                         json_pack("{s:s}", "parameter", field));
        if (method->needs_more && !message->more)
                return control_call_fail(call, WIRE_EXPECTED_MORE, json_object());
        r = method->handle(call);
        if (r == -EOPNOTSUPP)
                return control_call_fail(call, WIRE_METHOD_NOT_IMPLEMENTED,
                                         json_pack("{s:s}", "method", message->method));
        if (r < 0)
                return control_call_fail(call, CONTROL_ERROR("Failed"),
                                         json_pack("{s:s}", "errno", strerrorname_np(-r)));
        return 0;
}

/* Queues what the call came to; the connection goes on waiting where it must. */
static int conclude(struct connection *connection, const struct wire_call *message,
                    const struct control_call *call) {
        struct wire_reply reply = { .error = call->error, .parameters = call->reply };

        if (message->oneway)
                return 0;
        if (!call->error && call->wait != CONTROL_WAIT_NOTHING) {
                connection->wait = call->wait;
                connection->n_passes = call->n_passes;
                connection->wants_progress = message->more;
                reply.continues = true;
                if (!call->reply)
                        return 0;
        }
        return queue_reply(connection, &reply);
}

/* One message. Returns 0 or a negative errno: the connection is over. */
static int process(struct connection *connection, const char *bytes, size_t n) {
        struct control *control = connection->control;
        CLEANUP(wire_call_done) struct wire_call message = { 0 };
        CLEANUP(wire_json_cleanup) json_t *nothing = NULL;
        struct control_call call = { .backend = &control->backend, .control = control };
        int r;

        r = wire_call_parse(bytes, n, &message);
        if (r < 0)
                return r;
        control->load.n_calls++;
        mark_active(connection);
        nothing = json_object();
        call.peer = connection->peer;
        call.more = message.more;
        call.parameters = message.parameters ? message.parameters : nothing;
        if (!call.parameters)
                return -ENOMEM;
        r = answer(connection, &message, &call);
        if (r == 0)
                r = conclude(connection, &message, &call);
        json_decref(call.reply);
        if (r == 0)
                make_queue_room(control, connection);
        return r;
}

/* ---- events of a connection ---- */

static int read_some(struct connection *connection) {
        size_t n_room;
        ssize_t n;
        char *room;
        int r;

        r = wire_input_room(&connection->input, &room, &n_room);
        if (r < 0)
                return r;
        n = recv(connection->fd, room, n_room, MSG_DONTWAIT);
        if (n < 0)
                return errno == EAGAIN || errno == EINTR ? 0 : -errno;
        if (n == 0)
                connection->is_ended = true;
        wire_input_filled(&connection->input, (size_t)n);
        connection->has_input = n > 0;
        return 0;
}

static int process_next(struct connection *connection) {
        const char *message;
        size_t n;
        int r;

        r = wire_input_next(&connection->input, &message, &n);
        if (r > 0)
                r = process(connection, message, n);
        else
                connection->has_input = false;
        if (wire_input_n_pending(&connection->input) == 0)
                connection->partial_us = 0;
        else if (!connection->has_input && connection->partial_us == 0)
                connection->partial_us = now_us(connection->control);
        return r;
}

/* One step; returns 0 or a negative errno: the connection is over. */
static int step(struct connection *connection, uint32_t events) {
        int r = 0;

        if (n_queued(connection) > 0)
                r = flush(connection);
        if (r < 0 || n_queued(connection) > 0)
                return r;
        if (connection->wait != CONTROL_WAIT_NOTHING)
                return events & EPOLLHUP ? -EPIPE : 0;
        if (!connection->has_input && !connection->is_ended && events & (EPOLLIN | EPOLLHUP))
                r = read_some(connection);
        if (r == 0 && connection->has_input)
                r = process_next(connection);
        if (r == 0 && connection->is_ended && !connection->has_input && n_queued(connection) == 0 &&
            connection->wait == CONTROL_WAIT_NOTHING)
                r = -EPIPE;
        return r;
}

/* What to be woken for: room to write (also when another message is waiting here: a socket with
 * room is ready at once, which is how a connection queues up for its next turn), or bytes to read.
 */
static int arm(struct connection *connection) {
        uint32_t events = 0;

        if (n_queued(connection) > 0)
                events = EPOLLOUT;
        else if (connection->wait != CONTROL_WAIT_NOTHING)
                events = 0;
        else if (connection->has_input)
                events = EPOLLOUT;
        else if (!connection->is_ended)
                events = EPOLLIN;
        return sd_event_source_set_io_events(connection->source, events);
}

static int on_connection(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        struct connection *connection = userdata;
        int r;

        (void)source;
        (void)fd;
        r = step(connection, events);
        if (r == 0)
                r = arm(connection);
        if (r == -EPIPE || r == -ECONNRESET)
                connection_free(connection);
        else if (r < 0)
                close_for_cause(connection);
        return 0;
}

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
        close_for_cause(find_dispensable(control, greedy));
}

static int add_connection(struct control *control, int fd) {
        struct connection *connection;
        struct control_peer peer;
        bool is_member;
        int r;

        r = get_peer(fd, control->group, &peer, &is_member);
        if (r < 0)
                return r;
        make_connection_room(control, peer.uid);
        r = sd_event_source_set_enabled(control->sweep_source, SD_EVENT_ON);
        if (r < 0)
                return r;
        connection = calloc(1, sizeof *connection);
        if (!connection)
                return -ENOMEM;
        *connection = (struct connection){
                .control = control,
                .fd = fd,
                .peer = peer,
                .is_member = is_member,
                .input = { .max = WIRE_CALL_MAX },
                .active_us = now_us(control),
        };
        r = sd_event_add_io(control->event, &connection->source, fd, EPOLLIN, on_connection,
                            connection);
        if (r < 0) {
                free(connection);
                return r;
        }
        list_append(connection);
        control->load.n_connections++;
        control->load.n_accepted++;
        return 0;
}

/* One a turn, so that those who are connected get theirs. */
static int on_accept(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        struct control *control = userdata;
        int peer;

        (void)events;
        peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (peer < 0) {
                int error = errno;

                if (error == EAGAIN || error == EINTR || error == ECONNABORTED)
                        return 0;
                /* out of descriptors: the longest silent connection gives its own; the sweep opens
                 * the door again */
                if (control->first)
                        close_for_cause(control->first);
                (void)sd_event_source_set_enabled(control->sweep_source, SD_EVENT_ON);
                return sd_event_source_set_enabled(source, SD_EVENT_OFF);
        }
        if (add_connection(control, peer) < 0)
                (void)close(peer);
        return 0;
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
        uint64_t now = now_us(control);

        (void)usec;
        for (struct connection *c = control->first, *next; c; c = next) {
                next = c->next;
                if (is_overdue(c, now))
                        close_for_cause(c);
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
                if (n_queued(c) > QUEUED_PER_SUBSCRIBER || queue_reply(c, reply) < 0 || arm(c) < 0)
                        close_for_cause(c);
        }
        make_queue_room(control, NULL);
}

void control_publish(struct control *control, const struct control_event *event) {
        CLEANUP(wire_json_cleanup)
        json_t *parameters = json_pack("{s:o}", "event", describe_event(event));
        struct wire_reply reply = { .parameters = parameters, .continues = true };

        if (parameters)
                send_to_waiting(control, CONTROL_WAIT_EVENTS, &reply, false);
}

void control_pass_progressed(struct control *control, size_t n_done, size_t n_total) {
        CLEANUP(wire_json_cleanup)
        json_t *parameters = json_pack("{s:I,s:I,s:n}", "done", (json_int_t)n_done, "total",
                                       (json_int_t)n_total, "findings");
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
