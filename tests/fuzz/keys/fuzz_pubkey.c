/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Blobs: the first byte picks the release, the second the type the line names; the rest is the
 * blob. A key has a fingerprint, bits, and the type it was said to have. */

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/escape.h"
#include "keys/pubkey.h"

static const struct keys_release releases[] = {
        { 804, true }, { 902, true }, { 1005, false }, { 1006, true }
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        CLEANUP(public_key_done) struct public_key key = { 0 };
        CLEANUP(text_done) struct text line = { 0 };
        const struct keys_release *release;
        size_t n_types = 0, end = 0;
        int r;

        if (size < 2)
                return 0;
        while (public_key_type_name(n_types))
                n_types++;
        assert(n_types > 0);
        release = &releases[data[0] % N_ELEMENTS(releases)];
        (void)text_appendf(&line, "%s ", public_key_type_name(data[1] % n_types));
        (void)escape_append_base64(&line, (const char *)data + 2, size - 2);
        if (text_error(&line) < 0)
                return 0;
        r = public_key_parse(text_get(&line), release, &key, &end);
        if (r != KEY_OK)
                return 0;
        assert(end == line.n);
        assert(strlen(key.sha256) == KEY_SHA256_TEXT_MAX - 1);
        assert(key.bits >= 256 || strcmp(key.short_name, "DSA") == 0);
        assert((strstr(key.short_name, "-CERT") != NULL) == (key.certificate != NULL));
        assert((strstr(key.short_name, "-SK") != NULL) == (key.application != NULL));
        return 0;
}
