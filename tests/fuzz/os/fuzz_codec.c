/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Values from a child or a database: whatever the bytes, what was decoded encodes to the bytes it
 * was read from. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../../daemon/os/codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct decoder decoder = { .data = (const char *)data, .n = size };
        struct file_metadata m;
        struct text again = { 0 };
        size_t n_read;

        decode_metadata(&decoder, &m);
        n_read = size - decoder.n;
        encode_metadata(&again, &m);
        /* all but the unused bits of the last flags */
        if (!decoder.failed && (again.n != n_read || memcmp(again.data, data, n_read - 36) != 0))
                abort();
        text_done(&again);
        file_metadata_done(&m);
        free(decode_string(&decoder));
        return 0;
}
