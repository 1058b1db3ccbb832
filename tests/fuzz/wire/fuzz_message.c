/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Both directions of the protocol: the first byte says in what portions the rest arrives; each
 * message that comes out is read as a call, checked like the server checks it, and as a reply. How
 * it was cut must not matter, and what was read must survive being written and read again. */

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "wire/framing.h"
#include "wire/idl.h"
#include "wire/interfaces.h"
#include "wire/json.h"
#include "wire/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct idl_interface *interface;

static void write_again(const struct wire_call *call) {
        CLEANUP(text_done) struct text text = { 0 };
        CLEANUP(wire_call_done) struct wire_call again = { 0 };
        int r;

        assert(wire_call_format(call, &text) == 0);
        r = wire_call_parse(text.data, text.n - 1, &again);
        assert(r == 0);
        assert(strcmp(call->method, again.method) == 0);
        assert(call->more == again.more && call->oneway == again.oneway);
        assert((!call->parameters && !again.parameters) ||
               json_equal(call->parameters, again.parameters));
}

static void take_message(const char *message, size_t n) {
        CLEANUP(wire_call_done) struct wire_call call = { 0 };
        CLEANUP(wire_reply_done) struct wire_reply reply = { 0 };

        if (wire_call_parse(message, n, &call) == 0) {
                for (size_t i = 0; i < interface->n_members; i++) {
                        const char *field = NULL;

                        if (interface->members[i].kind == IDL_METHOD && call.parameters &&
                            !idl_check(interface, &interface->members[i].in, call.parameters,
                                       &field))
                                assert(field && *field);
                }
                write_again(&call);
        }
        if (wire_reply_parse(message, n, &reply) == 0)
                assert(!reply.error || !reply.continues);
}

/* The number of whole messages; 0 also when one was too long. */
static size_t feed(const uint8_t *data, size_t size, size_t portion, bool take) {
        struct wire_input input = { .max = 4096 };
        size_t n_messages = 0;

        for (size_t done = 0; done < size;) {
                const char *message;
                size_t n_room, n;
                char *room;
                int r;

                if (wire_input_room(&input, &room, &n_room) < 0)
                        break;
                if (n_room > portion)
                        n_room = portion;
                if (n_room > size - done)
                        n_room = size - done;
                memcpy(room, data + done, n_room);
                wire_input_filled(&input, n_room);
                done += n_room;
                while ((r = wire_input_next(&input, &message, &n)) > 0) {
                        assert(n <= 4096 && !memchr(message, '\0', n));
                        if (take)
                                take_message(message, n);
                        n_messages++;
                }
                if (r < 0)
                        break;
        }
        wire_input_done(&input);
        return n_messages;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        size_t n;

        if (!interface) {
                struct diagnostics diagnostics = { 0 };

                if (idl_parse(wire_control_description, &diagnostics, &interface) < 0)
                        abort();
        }
        if (size == 0)
                return 0;
        n = feed(data + 1, size - 1, (size_t)data[0] + 1, true);
        assert(n == feed(data + 1, size - 1, SIZE_MAX, false));
        assert(n == feed(data + 1, size - 1, 1, false));
        return 0;
}
