/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The daemon's control socket, from the client's side. */

#include <jansson.h>
#include <stdbool.h>

#include "wire/framing.h"
#include "wire/message.h"

struct connection {
        int fd; /* -1: none */
        struct wire_input input;
};

/* Returns 0 or a negative errno: -ENOENT and -ECONNREFUSED mean that no daemon is there. */
int connection_open(const char *path, struct connection *ret);
void connection_close(struct connection *connection);

/* METHOD without its interface, org.sshguardd.Control. PARAMETERS may be NULL. */
int connection_send(struct connection *connection, const char *method, json_t *parameters,
                    bool more);

/* Waits for the next reply. TIMEOUT_MS -1: for ever. Returns 0, -ETIMEDOUT, -ECONNRESET when the
 * daemon hung up, -EBADMSG when it sent no Varlink, or another negative errno. */
int connection_receive(struct connection *connection, int timeout_ms, struct wire_reply *ret);
