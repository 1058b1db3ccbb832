/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Strangers' bytes: whatever they are, what comes out is UTF-8 without a character that acts on a
 * terminal. */

#include <assert.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/escape.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        CLEANUP(text_done) struct text text = { 0 };
        CLEANUP(text_done) struct text base64 = { 0 };
        uint32_t character;

        if (escape_append(&text, (const char *)data, size) < 0)
                return 0;
        for (size_t i = 0, n; i < text.n; i += n) {
                n = escape_decode(text.data + i, text.n - i, &character);
                assert(n > 0 && escape_is_harmless(character));
        }
        if (escape_append_base64(&base64, (const char *)data, size) == 0)
                assert(base64.n == (size + 2) / 3 * 4);
        return 0;
}
