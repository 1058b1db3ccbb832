/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The client's connection with a daemon that is none: what it is sent arrives in portions and ends
 * somewhere. Each reply or its refusal comes out the same however it was cut, and the client never
 * waits for what cannot come. The first byte is the portion. */

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../../client/connection.h"
#include "base/cleanup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SENT_MAX = 64 << 10, PORTIONS_MAX = 64 };

/* How many replies came, and what ended them in *ret_end. */
static int receive(const uint8_t *data, size_t size, size_t portion, int *ret_end) {
        struct connection connection = { .input = { .max = WIRE_REPLY_MAX } };
        int fds[2], n_replies = 0, r = -ETIMEDOUT;
        size_t sent = 0;

        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
                abort();
        connection.fd = fds[0];
        while (r == -ETIMEDOUT) {
                CLEANUP(wire_reply_done) struct wire_reply reply = { 0 };
                size_t n = size - sent < portion ? size - sent : portion;

                if (n > 0 && send(fds[1], data + sent, n, MSG_NOSIGNAL) < 0)
                        abort();
                sent += n;
                if (sent == size)
                        (void)shutdown(fds[1], SHUT_WR);
                while ((r = connection_receive(&connection, 0, &reply)) == 0) {
                        assert(!reply.error || !reply.continues);
                        wire_reply_done(&reply);
                        reply = (struct wire_reply){ 0 };
                        n_replies++;
                }
        }
        (void)close(fds[1]);
        connection_close(&connection);
        *ret_end = r;
        return n_replies;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        size_t portion;
        int cut, whole, n;

        if (size == 0 || size > SENT_MAX)
                return 0;
        portion = (size_t)data[0] + 1;
        if (portion < size / PORTIONS_MAX)
                portion = size / PORTIONS_MAX;
        n = receive(data + 1, size - 1, portion, &cut);
        assert(n == receive(data + 1, size - 1, SIZE_MAX, &whole));
        assert(cut == whole);
        return 0;
}
