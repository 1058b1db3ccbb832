/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the tests of this room share: files of tests/data/keys, and a key to make lines from. */

#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "keys/release.h"

#define ED25519 "AAAAC3NzaC1lZDI1NTE5AAAAIOVESzZkRnwsOAS0HEQ/PKbtB2Ca9HDZbjrYodt8Rxkt"

static const struct keys_release openssh_8_4 = { 804, true };
static const struct keys_release openssh_9_2 = { 902, true };
static const struct keys_release openssh_10_0 = { 1000, true };
static const struct keys_release openssh_10_5 = { 1005, false };
static const struct keys_release openssh_10_6 = { 1006, true };

/* The bytes of tests/data/keys/NAME, on the heap. */
static inline char *keys_data(const char *name, size_t *ret_n) {
        char *path = text_format("%s/tests/data/keys/%s", SSHGUARDD_SOURCE_DIR, name);
        struct text text = { 0 };
        FILE *file = fopen(path, "r");
        char buffer[4096];
        size_t n;

        free(path);
        while (file && (n = fread(buffer, 1, sizeof buffer, file)) > 0)
                (void)text_append_n(&text, buffer, n);
        if (file)
                (void)fclose(file);
        *ret_n = text.n;
        return text_take(&text);
}
