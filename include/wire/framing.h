/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Varlink's framing: each message is JSON followed by one NUL byte. Bytes arrive in any portions;
 * messages come out whole. */

#include <stddef.h>

enum {
        WIRE_CALL_MAX = 256 << 10, /* one call: a path and a reason are far smaller */
        WIRE_REPLY_MAX = 16 << 20, /* one reply: the largest is a diff of two 4 MiB files */
};

/* Zero-initialised but for `max`, the size of the largest message. */
struct wire_input {
        char *data;
        size_t begin, end; /* unconsumed bytes */
        size_t n_scanned;  /* of these, known to hold no NUL */
        size_t capacity, max;
};

/* Where to read() to: at least one byte, more than one message may fit. Returns 0, -EMSGSIZE when
 * the unfinished message is longer than `max`, or -ENOMEM. Invalidates messages given before. */
int wire_input_room(struct wire_input *input, char **ret_room, size_t *ret_n);

/* N bytes were put there. */
void wire_input_filled(struct wire_input *input, size_t n);

/* Takes the next whole message, without its NUL; it stays valid until wire_input_room(). Returns
 * 1, 0 when none is whole yet, or -EMSGSIZE. */
int wire_input_next(struct wire_input *input, const char **ret_message, size_t *ret_n);

/* Bytes of a message that is not whole. */
size_t wire_input_n_pending(const struct wire_input *input);

void wire_input_done(struct wire_input *input);
