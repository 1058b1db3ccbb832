/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Options: the first byte picks the release. What is understood and written down again is
 * understood the same way. */

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "keys/options.h"

static const struct keys_release releases[] = { { 804, true }, { 902, true }, { 1005, false } };

static void check_names(const struct key_options *options) {
        for (size_t i = 0; key_option_name(i); i++)
                (void)key_options_hold(options, key_option_name(i));
        assert(key_options_hold(options, "pty") != key_options_hold(options, "no-pty"));
        assert(key_options_hold(options, "from") == (options->from != NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const struct key_connection connection = { "root", "host", "10.0.0.1", 1 };
        const struct keys_release *release = &releases[size ? data[0] % N_ELEMENTS(releases) : 0];
        CLEANUP_FREE char *text = strndup((const char *)data + (size > 0), size - (size > 0));
        CLEANUP(key_options_done) struct key_options options = { 0 };
        CLEANUP(key_options_done) struct key_options again = { 0 };
        CLEANUP(text_done) struct text first = { 0 };
        CLEANUP(text_done) struct text second = { 0 };
        const char *reason = NULL;
        int r;

        if (!text)
                return 0;
        r = key_options_parse(text, release, NULL, &options, &reason);
        assert(r <= 0 || reason);
        if (r != 0)
                return 0;
        check_names(&options);
        (void)key_options_refuse(&options, release, NULL, &connection);
        if (key_options_format(&options, &first) < 0)
                return 0;
        /* times are written with a zone, and those that wrapped as numbers */
        if (options.has_expiry && (release->number < 901 || options.expires > 253402300799))
                return 0;
        r = key_options_parse(text_get(&first), release, NULL, &again, &reason);
        assert(r <= 0);
        if (r == 0 && key_options_format(&again, &second) == 0)
                assert(strcmp(text_get(&first), text_get(&second)) == 0);
        return 0;
}
