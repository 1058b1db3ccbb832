/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The mount table: names in it are chosen by whoever may mount. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../../daemon/os/mounts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const char *const roots[] = { "", "/etc", "/a/b" };
        char *text = malloc(size + 1);

        if (!text)
                return 0;
        memcpy(text, data, size);
        text[size] = '\0';
        for (size_t i = 0; i < sizeof roots / sizeof roots[0]; i++) {
                struct mounts mounts;

                if (mounts_parse(text, roots[i], &mounts) < 0)
                        abort();
                for (size_t k = 0; k < mounts.n_items; k++) {
                        const struct mount *mount = &mounts.items[k];

                        if (mount->path[0] != '/')
                                abort();
                        /* the last one of a path is the one that counts */
                        if ((k + 1 == mounts.n_items ||
                             strcmp(mounts.items[k + 1].path, mount->path) != 0) &&
                            mounts_is_silent(&mounts, mount->path) != mount->is_silent)
                                abort();
                }
                mounts_done(&mounts);
        }
        free(text);
        return 0;
}
