/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One connection of the control server: its buffers, its turns, and the one way from a message to a
 * handler.
 *
 * A connection takes part in the event loop for one read or one message at a time, so a peer that
 * sends a thousand calls in one packet gets one answer per turn, like everybody. While an answer is
 * not read, the next call is not read either. What is no Varlink ends the connection: there is no
 * telling where the next message would begin.
 *
 * A list of files takes milliseconds where a status takes microseconds. Calls of such methods stand
 * in one line, and one of them is answered when nothing else is to be done, or has waited long
 * enough: a hundred peers who ask for everything at once delay a quick question by one long answer
 * now and then, and as many quick questions do not starve the long ones. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "server.h"
#include "wire/json.h"

enum {
        QUEUED_MAX = 16 << 20,                      /* bytes of answers that nobody reads, in all */
        LINE_PRIORITY = SD_EVENT_PRIORITY_IDLE / 2, /* behind events, before what can always wait */
        LINE_PATIENCE_US = 50000, /* a person does not notice; the share of long answers is bounded
                                   */
};

uint64_t control_now_us(struct control *control) {
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
        connection->active_us = control_now_us(connection->control);
        list_remove(connection);
        list_append(connection);
}

size_t connection_n_queued(const struct connection *connection) {
        return connection->output.n - connection->n_written;
}

/* ---- the line ---- */

static void line_append(struct connection *connection) {
        struct control *control = connection->control;

        connection->is_in_line = true;
        connection->next_in_line = NULL;
        *(control->last_in_line ? &control->last_in_line->next_in_line : &control->first_in_line) =
                connection;
        control->last_in_line = connection;
}

static void line_remove(struct connection *connection) {
        struct control *control = connection->control;
        struct connection **at = &control->first_in_line, *before = NULL;

        while (*at && *at != connection) {
                before = *at;
                at = &(*at)->next_in_line;
        }
        if (*at)
                *at = connection->next_in_line;
        if (control->last_in_line == connection)
                control->last_in_line = before;
        connection->is_in_line = false;
}

void connection_free(struct connection *connection) {
        struct control *control = connection->control;

        list_remove(connection);
        if (connection->is_in_line)
                line_remove(connection);
        control->load.n_connections--;
        control->load.n_queued_bytes -= connection_n_queued(connection);
        sd_event_source_disable_unref(connection->source);
        (void)close(connection->fd);
        wire_input_done(&connection->input);
        wire_call_done(&connection->costly);
        text_done(&connection->output);
        free(connection);
}

void connection_drop(struct connection *connection) {
        connection->control->load.n_closed_for_cause++;
        connection_free(connection);
}

/* ---- writing ---- */

/* Writes what the socket takes. Returns 0 or a negative errno: the connection is over. */
static int flush(struct connection *connection) {
        struct control *control = connection->control;

        while (connection_n_queued(connection) > 0) {
                ssize_t n = send(connection->fd, connection->output.data + connection->n_written,
                                 connection_n_queued(connection), MSG_DONTWAIT | MSG_NOSIGNAL);

                if (n < 0)
                        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
                connection->n_written += (size_t)n;
                control->load.n_queued_bytes -= (size_t)n;
                connection->stuck_us = control_now_us(control);
        }
        text_done(&connection->output);
        connection->n_written = 0;
        connection->stuck_us = 0;
        return 0;
}

/* Closes those who have not read for longest until the answers of all fit; never KEPT. */
void control_make_queue_room(struct control *control, const struct connection *kept) {
        while (control->load.n_queued_bytes > QUEUED_MAX) {
                struct connection *worst = NULL;

                for (struct connection *c = control->first; c; c = c->next)
                        if (c != kept && connection_n_queued(c) > 0 &&
                            (!worst || c->stuck_us < worst->stuck_us))
                                worst = c;
                if (!worst)
                        return;
                connection_drop(worst);
        }
}

int connection_queue(struct connection *connection, const struct wire_reply *reply) {
        struct control *control = connection->control;
        size_t n_before = connection->output.n;
        int r;

        r = wire_reply_format(reply, &connection->output);
        if (r < 0)
                return r;
        if (connection->stuck_us == 0)
                connection->stuck_us = control_now_us(control);
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
        return backend->is_listed && backend->is_listed(backend->userdata, class, uid);
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
        if (method->flags & CONTROL_METHOD_MORE && !message->more)
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
        return connection_queue(connection, &reply);
}

/* Answers one call. Returns 0 or a negative errno: the connection is over. */
static int serve(struct connection *connection, const struct wire_call *message) {
        struct control *control = connection->control;
        CLEANUP(wire_json_cleanup) json_t *nothing = json_object();
        struct control_call call = { .backend = &control->backend,
                                     .control = control,
                                     .peer = connection->peer,
                                     .parameters =
                                             message->parameters ? message->parameters : nothing,
                                     .more = message->more };
        int r;

        if (!call.parameters)
                return -ENOMEM;
        r = answer(connection, message, &call);
        if (r == 0)
                r = conclude(connection, message, &call);
        json_decref(call.reply);
        if (r == 0)
                control_make_queue_room(control, connection);
        return r;
}

static void go_on(struct connection *connection, int r);
static int wake_line(struct control *control);

/* The costly call of whoever has waited longest. */
static int on_line(sd_event_source *source, void *userdata) {
        struct control *control = userdata;
        struct connection *connection = control->first_in_line;
        CLEANUP(wire_call_done) struct wire_call message = { 0 };
        int r;

        (void)source;
        control_rest_line(control);
        if (!connection)
                return 0;
        line_remove(connection);
        message = connection->costly;
        connection->costly = (struct wire_call){ 0 };
        while (control->first_in_line && wake_line(control) < 0)
                connection_drop(control->first_in_line);
        r = sd_event_source_set_enabled(connection->source, SD_EVENT_ON);
        go_on(connection, r < 0 ? r : serve(connection, &message));
        return 0;
}

static int on_impatience(sd_event_source *source, uint64_t usec, void *userdata) {
        (void)usec;
        return on_line(source, userdata);
}

/* When nothing else is to be done, or when whoever is first has waited long enough. Anew each time:
 * a deferred source that is only enabled again goes before all that are ready at its priority,
 * since sd-event goes by when a source became pending and a deferred one always was. */
static int wake_line(struct control *control) {
        int r;

        control_rest_line(control);
        r = sd_event_add_defer(control->event, &control->line_source, on_line, control);
        if (r >= 0)
                r = sd_event_source_set_priority(control->line_source, LINE_PRIORITY);
        if (r >= 0)
                r = sd_event_add_time_relative(control->event, &control->line_timer,
                                               CLOCK_MONOTONIC, LINE_PATIENCE_US, 1, on_impatience,
                                               control);
        return r < 0 ? r : 0;
}

void control_rest_line(struct control *control) {
        control->line_source = sd_event_source_disable_unref(control->line_source);
        control->line_timer = sd_event_source_disable_unref(control->line_timer);
}

static bool is_costly(const struct connection *connection, const struct wire_call *message) {
        const struct control_method *method = find_method(message->method);

        return method && method->flags & CONTROL_METHOD_COSTLY &&
               is_permitted(connection, method->class);
}

/* One message. Returns 0 or a negative errno: the connection is over. */
static int process(struct connection *connection, const char *bytes, size_t n) {
        CLEANUP(wire_call_done) struct wire_call message = { 0 };
        int r = wire_call_parse(bytes, n, &message);

        if (r < 0)
                return r;
        connection->control->load.n_calls++;
        mark_active(connection);
        if (!is_costly(connection, &message))
                return serve(connection, &message);
        connection->costly = message;
        message = (struct wire_call){ 0 };
        line_append(connection);
        return connection->control->first_in_line == connection ? wake_line(connection->control)
                                                                : 0;
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
                connection->partial_us = control_now_us(connection->control);
        return r;
}

/* One step; returns 0 or a negative errno: the connection is over. */
static int step(struct connection *connection, uint32_t events) {
        int r = 0;

        if (connection_n_queued(connection) > 0)
                r = flush(connection);
        if (r < 0 || connection_n_queued(connection) > 0)
                return r;
        /* who wants no answer may go before it is his turn */
        if (connection->is_in_line && connection->costly.oneway && events & EPOLLHUP)
                return sd_event_source_set_enabled(connection->source, SD_EVENT_OFF);
        if (connection->wait != CONTROL_WAIT_NOTHING || connection->is_in_line)
                return events & EPOLLHUP ? -EPIPE : 0;
        if (!connection->has_input && !connection->is_ended && events & (EPOLLIN | EPOLLHUP))
                r = read_some(connection);
        if (r == 0 && connection->has_input)
                r = process_next(connection);
        if (r == 0 && connection->is_ended && !connection->has_input &&
            connection_n_queued(connection) == 0 && connection->wait == CONTROL_WAIT_NOTHING &&
            !connection->is_in_line)
                r = -EPIPE;
        return r;
}

/* What to be woken for: room to write (also when another message is waiting here: a socket with
 * room is ready at once, which is how a connection queues up for its next turn), or bytes to read.
 */
int connection_arm(struct connection *connection) {
        uint32_t events = 0;

        if (connection_n_queued(connection) > 0)
                events = EPOLLOUT;
        else if (connection->wait != CONTROL_WAIT_NOTHING || connection->is_in_line)
                events = 0;
        else if (connection->has_input)
                events = EPOLLOUT;
        else if (!connection->is_ended)
                events = EPOLLIN;
        return sd_event_source_set_io_events(connection->source, events);
}

/* After a step that returned R. */
static void go_on(struct connection *connection, int r) {
        if (r == 0)
                r = connection_arm(connection);
        if (r == -EPIPE || r == -ECONNRESET)
                connection_free(connection);
        else if (r < 0)
                connection_drop(connection);
}

static int on_connection(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        struct connection *connection = userdata;

        (void)source;
        (void)fd;
        go_on(connection, step(connection, events));
        return 0;
}

void connection_begin(struct connection *connection) {
        go_on(connection, step(connection, EPOLLIN));
}

int connection_new(struct control *control, int fd, const struct control_peer *peer,
                   bool is_member) {
        struct connection *connection = calloc(1, sizeof *connection);
        int r;

        if (!connection)
                return -ENOMEM;
        *connection = (struct connection){
                .control = control,
                .fd = fd,
                .peer = *peer,
                .is_member = is_member,
                .input = { .max = WIRE_CALL_MAX },
                .active_us = control_now_us(control),
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
