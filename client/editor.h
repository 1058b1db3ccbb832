/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A private copy of a file, and the editor of the user's choice on it. */

#include <stddef.h>

#include "base/text.h"

struct editor_copy {
        char *folder, *path; /* /tmp/sshguardctl-edit.XXXXXX, and the copy in it */
};

/* Makes a copy with these bytes; its name ends as that of ORIGINAL, so that an editor knows what it
 * is. Returns 0 or a negative errno. */
int editor_copy_new(const char *original, const char *data, size_t n, struct editor_copy *ret);

/* Removes it. */
void editor_copy_done(struct editor_copy *copy);

/* Runs $SUDO_EDITOR, $VISUAL, $EDITOR or `editor` on the copy and waits. Returns its exit status,
 * 128 and the signal's number if one ended it, or a negative errno. */
int editor_run(const struct editor_copy *copy);

/* Appends what the file PATH holds ("-": standard input), at most MAX bytes. Returns 0, -EFBIG, or
 * a negative errno. */
int editor_read(const char *path, size_t max, struct text *text);
