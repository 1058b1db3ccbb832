/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Telling somebody of incidents: a unit is started for each, and what it does is the
 * administrator's. An intruder who makes a thousand incidents makes ten notifications a minute. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <systemd/sd-event.h>

enum {
        NOTIFY_WINDOW_S = 60,
        NOTIFY_WINDOW_MAX = 10, /* notifications in a window: a pager's patience */
};

/* Which incidents are to be told, and when it has been enough: plain values, no clock. */
struct notify_queue {
        int64_t ids[NOTIFY_WINDOW_MAX]; /* not yet told, oldest first */
        size_t n_ids;
        size_t n_in_window; /* accepted since it began */
        uint64_t window_began_us;
        uint64_t n_dropped; /* since it began */
};

/* False: enough were told of; it is counted as dropped. The window is that of the first incident
 * accepted in it. */
bool notify_queue_add(struct notify_queue *queue, int64_t id, uint64_t now_us);
/* The next to be told; 0: none. */
int64_t notify_queue_take(struct notify_queue *queue);
/* Ends a window that is over. Returns how many incidents were dropped in it. */
uint64_t notify_queue_end_window(struct notify_queue *queue, uint64_t now_us);

struct notifier;

/* Returns 0 or a negative errno. */
int notifier_new(sd_event *event, struct notifier **ret);
void notifier_free(struct notifier *notifier);

/* Has sshguardd-notify@ID.service started, one at a time; what fails is said in the journal. */
void notifier_tell(struct notifier *notifier, int64_t id);
