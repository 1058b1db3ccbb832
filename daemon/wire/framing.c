/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The receiving side of Varlink's framing.
 *
 * The buffer starts small, doubles up to `max` and its NUL, and is given back when it is empty, so
 * a thousand silent peers cost nothing. No byte is searched for the NUL twice: a peer that sends a
 * large message byte by byte costs linear time. */

#include "wire/framing.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM_FIRST = 4 << 10 /* holds nearly every call there is */ };

static void move_to_front(struct wire_input *input) {
        if (input->begin == 0)
                return;
        memmove(input->data, input->data + input->begin, input->end - input->begin);
        input->end -= input->begin;
        input->begin = 0;
}

int wire_input_room(struct wire_input *input, char **ret_room, size_t *ret_n) {
        if (input->begin == input->end && input->capacity > ROOM_FIRST)
                wire_input_done(input);
        move_to_front(input);
        if (input->end > input->max)
                return -EMSGSIZE;
        if (input->end == input->capacity) {
                size_t capacity = input->capacity == 0 ? ROOM_FIRST : input->capacity * 2;
                char *data;

                if (capacity > input->max + 1)
                        capacity = input->max + 1;
                data = realloc(input->data, capacity);
                if (!data)
                        return -ENOMEM;
                input->data = data;
                input->capacity = capacity;
        }
        *ret_room = input->data + input->end;
        *ret_n = input->capacity - input->end;
        return 0;
}

void wire_input_filled(struct wire_input *input, size_t n) {
        input->end += n;
}

int wire_input_next(struct wire_input *input, const char **ret_message, size_t *ret_n) {
        const char *message, *nul;
        size_t n = input->end - input->begin;

        if (n == 0)
                return 0;
        message = input->data + input->begin;
        nul = memchr(message + input->n_scanned, '\0', n - input->n_scanned);
        if (!nul) {
                input->n_scanned = n;
                return n > input->max ? -EMSGSIZE : 0;
        }
        *ret_message = message;
        *ret_n = (size_t)(nul - message);
        input->begin += *ret_n + 1;
        input->n_scanned = 0;
        return 1;
}

size_t wire_input_n_pending(const struct wire_input *input) {
        return input->end - input->begin;
}

void wire_input_done(struct wire_input *input) {
        free(input->data);
        *input = (struct wire_input){ .max = input->max };
}
