/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files of keys: the first byte picks the release. Entries lie in order and apart, each is what its
 * line alone would be, and without them nothing is left that sshd would look at. */

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "keys/authorized_keys.h"
#include "keys/edit.h"

static const struct keys_release releases[] = { { 804, true }, { 902, true }, { 1005, false } };

static void check_entry(const char *bytes, const struct authorized_key *entry,
                        const struct keys_release *release) {
        static const struct key_connection connection = { "root", "host", "10.0.0.1", 1 };
        CLEANUP(authorized_keys_done) struct authorized_keys alone = { 0 };
        CLEANUP(text_done) struct text text = { 0 };
        const char *reason = NULL;
        bool is_accepted;

        if (authorized_keys_parse(bytes + entry->offset, entry->n, release, NULL, &alone) < 0)
                return;
        assert(alone.n_items == 1);
        assert(alone.items[0].problem == entry->problem);
        is_accepted = authorized_key_would_accept(entry, release, NULL, &connection, &reason);
        assert(is_accepted == !reason);
        assert(entry->problem == KEY_OK || !is_accepted);
        if (entry->key.type)
                (void)authorized_key_format(entry, &text);
        else
                assert(entry->problem != KEY_OK && entry->reason && entry->word);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        const struct keys_release *release = &releases[size ? data[0] % N_ELEMENTS(releases) : 0];
        const char *bytes = (const char *)data + (size > 0);
        size_t n = size - (size > 0), end = 0;
        CLEANUP(authorized_keys_done) struct authorized_keys keys = { 0 };
        CLEANUP(authorized_keys_done) struct authorized_keys none = { 0 };
        CLEANUP(text_done) struct text rest = { 0 };
        CLEANUP_FREE bool *remove = NULL;

        if (authorized_keys_parse(bytes, n, release, NULL, &keys) < 0)
                return 0;
        for (size_t i = 0; i < keys.n_items; i++) {
                assert(keys.items[i].offset >= end);
                end = keys.items[i].offset + keys.items[i].n;
                assert(end <= n);
                check_entry(bytes, &keys.items[i], release);
        }
        remove = calloc(keys.n_items + 1, sizeof *remove);
        if (!remove)
                return 0;
        for (size_t i = 0; i < keys.n_items; i++)
                remove[i] = true;
        if (authorized_keys_remove(bytes, n, &keys, remove, &rest) == 0 &&
            authorized_keys_parse(text_get(&rest), rest.n, release, NULL, &none) == 0)
                assert(none.n_items == 0);
        return 0;
}
