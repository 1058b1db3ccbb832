/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The server's two objects, shared by control.c (the door, deadlines, those who wait) and
 * control_connection.c (buffers, calls). */

#include <systemd/sd-event.h>

#include "call.h"
#include "wire/framing.h"
#include "wire/idl.h"
#include "wire/message.h"

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

        struct wire_call costly; /* a call that waits for its turn */
        bool is_in_line;         /* in the line of `struct control` */
        struct connection *next_in_line;

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
        sd_event_source *accept_source, *sweep_source, *line_source, *line_timer;
        struct connection *first_in_line, *last_in_line; /* whose costly calls wait, in order */
        struct idl_interface *interface;
        struct idl_interface *service;
        struct connection *first, *last;
        struct control_load load;
};

/* The loop's monotonic time. */
uint64_t control_now_us(struct control *control);

/* Takes over FD, on success only. Returns 0 or a negative errno. */
int connection_new(struct control *control, int fd, const struct control_peer *peer,
                   bool is_member);
void connection_free(struct connection *connection);

/* The first turn of a new one, which may end it. */
void connection_begin(struct connection *connection);

/* The same, and counts it as closed for cause. */
void connection_drop(struct connection *connection);

/* Bytes of answers that its socket did not take yet. */
size_t connection_n_queued(const struct connection *connection);

/* Queues a reply and writes what the socket takes. A negative errno means that the connection is
 * over; freeing it is left to the caller. */
int connection_queue(struct connection *connection, const struct wire_reply *reply);

/* Nobody's turn comes in the line any more. */
void control_rest_line(struct control *control);

/* Waits for what it needs next. Returns 0 or a negative errno. */
int connection_arm(struct connection *connection);

/* Drops those who have not read for longest until the answers of all fit; never KEPT. */
void control_make_queue_room(struct control *control, const struct connection *kept);
