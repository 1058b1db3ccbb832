/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A reply of a hostile daemon, drawn in every view: the first byte chooses view and width. Nothing
 * that a terminal would obey may come out, whatever the reply holds. */

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "../../../client/render.h"
#include "base/cleanup.h"
#include "base/escape.h"
#include "wire/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The metrics and diffs keep tabs; line ends are ours. */
static void check_harmless(const struct text *text) {
        for (size_t i = 0; i < text->n;) {
                uint32_t character;
                size_t n = escape_decode(text->data + i, text->n - i, &character);

                assert(n > 0);
                assert(character == '\n' || character == '\t' || escape_is_harmless(character));
                i += n;
        }
}

static void draw(const struct renderer *renderer, enum view view, unsigned width,
                 const struct wire_reply *reply) {
        struct screen screen = { .width = width };

        if (reply->error)
                renderer->fail(&screen, reply->error, reply->parameters);
        else
                renderer->show(&screen, view, reply->parameters);
        check_harmless(&screen.text);
        text_done(&screen.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const unsigned widths[] = { 0, 1, 40, 80 };
        CLEANUP(wire_reply_done) struct wire_reply reply = { 0 };

        if (size < 1 || wire_reply_parse((const char *)data + 1, size - 1, &reply) < 0 ||
            !reply.parameters)
                return 0;
        draw(&render_text, (enum view)(data[0] % N_VIEWS), widths[data[0] / N_VIEWS % 4], &reply);
        draw(&render_json, (enum view)(data[0] % N_VIEWS), 0, &reply);
        return 0;
}
