/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Removal of entries. An entry is its whole line; nothing is reformatted, and the line before a
 * removed last line keeps its newline. */

#include "keys/edit.h"

int authorized_keys_remove(const char *bytes, size_t n, const struct authorized_keys *keys,
                           const bool *remove, struct text *ret) {
        size_t kept_to = 0;

        for (size_t i = 0; i < keys->n_items; i++) {
                const struct authorized_key *entry = &keys->items[i];

                if (!remove[i])
                        continue;
                (void)text_append_n(ret, bytes + kept_to, entry->offset - kept_to);
                kept_to = entry->offset + entry->n;
        }
        (void)text_append_n(ret, bytes + kept_to, n - kept_to);
        return text_error(ret);
}
