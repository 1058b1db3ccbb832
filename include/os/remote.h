/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Writing where it may block for ever (watch_coverage(): WATCH_NO_EVENTS): the same as os/replace,
 * done by a child that is killed at a deadline. os/looker looks there. */

#include "os/replace.h"
#include "os/root.h"

enum {
        REMOTE_TIMEOUT_MS = 3000, /* a healthy server answers in milliseconds */
};

/* As replace_file(), replace_overwrite(), replace_finish(); REPLACE_FAILED with ETIMEDOUT if the
 * server does not answer: what was done by then shows the next look. The replacement has no open
 * directory, so it must be finished with remote_finish(). */
int remote_replace(const struct os_root *root, const struct replace_request *request,
                   struct replacement *ret);
int remote_overwrite(const struct os_root *root, const struct replace_request *request,
                     struct replacement *replacement);
int remote_finish(const struct os_root *root, struct replacement *replacement);
