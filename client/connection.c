/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One connection to the daemon. The client distrusts what answers as the daemon distrusts what
 * asks: replies are bounded in size and depth, and a daemon that hangs is noticed. */

#include "connection.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "wire/interfaces.h"

int connection_open(const char *path, struct connection *ret) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd, r = 0;

        if (strlen(path) >= sizeof address.sun_path)
                return -ENAMETOOLONG;
        memcpy(address.sun_path, path, strlen(path) + 1);
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return -errno;
        if (connect(fd, (const struct sockaddr *)&address, sizeof address) < 0)
                r = -errno;
        if (r < 0) {
                (void)close(fd);
                return r;
        }
        *ret = (struct connection){ .fd = fd, .input = { .max = WIRE_REPLY_MAX } };
        return 0;
}

void connection_close(struct connection *connection) {
        if (connection->fd >= 0)
                (void)close(connection->fd);
        wire_input_done(&connection->input);
        connection->fd = -1;
}

int connection_send(struct connection *connection, const char *method, json_t *parameters,
                    bool more) {
        CLEANUP_FREE char *qualified = text_format("%s.%s", WIRE_CONTROL, method);
        struct wire_call call = { .method = qualified, .parameters = parameters, .more = more };
        CLEANUP(text_done) struct text message = { 0 };
        int r;

        if (!qualified)
                return -ENOMEM;
        r = wire_call_format(&call, &message);
        if (r < 0)
                return r;
        for (size_t sent = 0; sent < message.n;) {
                ssize_t n =
                        send(connection->fd, message.data + sent, message.n - sent, MSG_NOSIGNAL);

                if (n < 0 && errno != EINTR)
                        return errno == EPIPE ? -ECONNRESET : -errno;
                sent += n < 0 ? 0 : (size_t)n;
        }
        return 0;
}

static int read_more(struct connection *connection, int timeout_ms) {
        struct pollfd pollfd = { .fd = connection->fd, .events = POLLIN };
        size_t n_room;
        ssize_t n;
        char *room;
        int r;

        r = wire_input_room(&connection->input, &room, &n_room);
        if (r < 0)
                return r == -EMSGSIZE ? -EBADMSG : r;
        r = poll(&pollfd, 1, timeout_ms);
        if (r < 0)
                return errno == EINTR ? 0 : -errno;
        if (r == 0)
                return -ETIMEDOUT;
        n = recv(connection->fd, room, n_room, 0);
        if (n < 0)
                return errno == EINTR ? 0 : -errno;
        if (n == 0)
                return -ECONNRESET;
        wire_input_filled(&connection->input, (size_t)n);
        return 0;
}

int connection_receive(struct connection *connection, int timeout_ms, struct wire_reply *ret) {
        const char *message;
        size_t n;
        int r;

        while ((r = wire_input_next(&connection->input, &message, &n)) == 0) {
                r = read_more(connection, timeout_ms);
                if (r < 0)
                        return r;
        }
        if (r < 0)
                return -EBADMSG;
        return wire_reply_parse(message, n, ret);
}
