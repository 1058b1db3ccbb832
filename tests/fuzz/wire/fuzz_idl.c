/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An interface file, a line with nothing but "%", and a value to check against each of its types.
 */

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "wire/idl.h"
#include "wire/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        CLEANUP_FREE char *text = strndup((const char *)data, size);
        CLEANUP(wire_json_cleanup) json_t *value = NULL;
        struct diagnostics diagnostics = { 0 };
        struct idl_interface *interface = NULL;
        char *separator = strstr(text, "\n%\n");

        if (separator) {
                *separator = '\0';
                (void)wire_json_parse(separator + 3, strlen(separator + 3), &value);
        }
        if (idl_parse(text, &diagnostics, &interface) < 0) {
                assert(diagnostics.n_items == 1 && diagnostics.items[0].line > 0);
        } else {
                assert(diagnostics.n_items == 0);
                for (size_t i = 0; i < interface->n_members; i++) {
                        const char *field = NULL;

                        if (!idl_check(interface, &interface->members[i].in, value, &field))
                                assert(field);
                }
        }
        idl_free(interface);
        diagnostics_done(&diagnostics);
        return 0;
}
