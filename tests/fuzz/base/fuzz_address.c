/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Addresses and lists of them: the input is `address NUL list`. What is parsed, formatted and
 * parsed again is the same address, and lies in the network of itself. */

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/address.h"
#include "base/cleanup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        CLEANUP_FREE char *text = strndup((const char *)data, size);
        size_t n = text ? strlen(text) : size;
        CLEANUP_FREE char *list =
                strndup((const char *)data + n + (n < size), size - n - (n < size));
        struct address address, again;
        struct network network;
        char buffer[ADDRESS_TEXT_MAX];

        if (!text || !list)
                return 0;
        if (address_parse(text, NULL, NULL, &address)) {
                (void)address_format(&address, buffer);
                assert(address_parse(buffer, NULL, NULL, &again));
                network =
                        (struct network){ .address = again, .bits = again.family == 4 ? 32 : 128 };
                assert(network_contains(&network, &address));
        }
        for (int strict = 0; strict < 2; strict++) {
                (void)network_parse(text, strict, NULL, NULL, &network);
                if (address_match_list(NULL, list, strict, NULL, NULL) == -2)
                        assert(address_match_list(text, list, strict, NULL, NULL) <= 0);
        }
        return 0;
}
