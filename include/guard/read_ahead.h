/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* After a boot nothing of the accounts' files is in memory, and who looks at one file after the
 * other waits for the disk at each. A few children go through the accounts ahead of the first full
 * pass and make the kernel read what it will need, each with the account's own rights. They change
 * nothing and tell nothing: without them everything is the same, later. */

#include <systemd/sd-event.h>

#include "os/probe.h"
#include "world/users.h"

enum {
        READ_AHEAD_CHILDREN = 4,
        READ_AHEAD_USERS_MIN = 256,  /* fewer are looked at sooner than children are started */
        READ_AHEAD_MS = 10 * 60000u, /* a hundred thousand accounts on a slow disk */
};

struct read_ahead {
        struct probe *children[READ_AHEAD_CHILDREN]; /* NULL: ended, or not started */
};

/* Starts them where there are accounts enough. Returns 0, also where they cannot be started, or
 * -ENOMEM. READ_AHEAD must stay where it is until they have ended or were stopped. */
int read_ahead_start(struct read_ahead *read_ahead, sd_event *event, struct users *users);
/* Ends who is still at it. */
void read_ahead_stop(struct read_ahead *read_ahead);

/* What child NUMBER of READ_AHEAD_CHILDREN does; it returns when all of its share was asked for. */
void read_ahead_share(struct users *users, size_t number);
