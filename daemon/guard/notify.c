/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Notifications: systemd starts sshguardd-notify@NUMBER.service, one after the other, and runs what
 * the administrator put there with rights of its own. Nothing here waits for it, and an incident is
 * never lost with its notification: it is in the store and in the journal before.
 *
 * Incidents can be made by whoever may write to a guarded file, so their number is bounded by a
 * window; what is left out is counted and said once, when the window ends. */

#include "guard/notify.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "guard/record.h"
#include "os/units.h"

static const uint64_t window_us = (uint64_t)NOTIFY_WINDOW_S * 1000000;

bool notify_queue_add(struct notify_queue *queue, int64_t id, uint64_t now_us) {
        if (queue->n_in_window == 0)
                queue->window_began_us = now_us;
        if (queue->n_in_window == NOTIFY_WINDOW_MAX || queue->n_ids == NOTIFY_WINDOW_MAX) {
                queue->n_dropped++;
                return false;
        }
        queue->n_in_window++;
        queue->ids[queue->n_ids++] = id;
        return true;
}

int64_t notify_queue_take(struct notify_queue *queue) {
        int64_t id;

        if (queue->n_ids == 0)
                return 0;
        id = queue->ids[0];
        queue->n_ids--;
        memmove(queue->ids, queue->ids + 1, queue->n_ids * sizeof queue->ids[0]);
        return id;
}

uint64_t notify_queue_end_window(struct notify_queue *queue, uint64_t now_us) {
        uint64_t n_dropped = queue->n_dropped;

        if (now_us - queue->window_began_us < window_us)
                return 0;
        queue->n_in_window = 0;
        queue->n_dropped = 0;
        return n_dropped;
}

/* --- the units -------------------------------------------------------------------------------- */

struct notifier {
        sd_event *event;
        struct notify_queue queue;
        struct units *units;
        bool is_busy;
        sd_event_source *window;
};

static void tell_next(struct notifier *notifier);

static void on_told(void *userdata, const char *unit, const char *error) {
        struct notifier *notifier = userdata;

        notifier->is_busy = false;
        if (error)
                record_notice(NULL, LOG_WARNING, "%s: %s", unit, error);
        tell_next(notifier);
}

static void tell_next(struct notifier *notifier) {
        int64_t id = notifier->is_busy ? 0 : notify_queue_take(&notifier->queue);
        CLEANUP_FREE char *unit = NULL;
        int r;

        if (id == 0)
                return;
        unit = text_format("sshguardd-notify@%" PRId64 ".service", id);
        r = unit ? units_start(notifier->units, unit, on_told, notifier) : -ENOMEM;
        notifier->is_busy = r == 0;
        if (r < 0)
                record_notice(NULL, LOG_WARNING, "nobody was notified of incident %" PRId64 ": %s",
                              id, strerror(-r));
}

static int on_window_end(sd_event_source *source, uint64_t usec, void *userdata) {
        struct notifier *notifier = userdata;
        uint64_t now_us = 0, n_dropped;

        (void)source;
        (void)usec;
        (void)sd_event_now(notifier->event, CLOCK_MONOTONIC, &now_us);
        n_dropped = notify_queue_end_window(&notifier->queue, now_us);
        if (n_dropped > 0)
                record_notice(NULL, LOG_WARNING,
                              "nobody was notified of %" PRIu64
                              " incidents more: there were over %d within %d s",
                              n_dropped, NOTIFY_WINDOW_MAX, NOTIFY_WINDOW_S);
        tell_next(notifier);
        return 0;
}

int notifier_new(sd_event *event, struct notifier **ret) {
        struct notifier *notifier = calloc(1, sizeof *notifier);
        int r = notifier ? units_new(event, &notifier->units) : -ENOMEM;

        if (r >= 0) {
                notifier->event = sd_event_ref(event);
                r = sd_event_add_time_relative(event, &notifier->window, CLOCK_MONOTONIC, 0, 0,
                                               on_window_end, notifier);
        }
        if (r >= 0)
                r = sd_event_source_set_enabled(notifier->window, SD_EVENT_OFF);
        if (r < 0) {
                notifier_free(notifier);
                return r;
        }
        *ret = notifier;
        return 0;
}

void notifier_free(struct notifier *notifier) {
        if (!notifier)
                return;
        (void)sd_event_source_disable_unref(notifier->window);
        units_free(notifier->units);
        (void)sd_event_unref(notifier->event);
        free(notifier);
}

void notifier_tell(struct notifier *notifier, int64_t id) {
        uint64_t now_us = 0;
        bool is_first = notifier->queue.n_in_window == 0;

        (void)sd_event_now(notifier->event, CLOCK_MONOTONIC, &now_us);
        if (!notify_queue_add(&notifier->queue, id, now_us))
                return;
        if (is_first && sd_event_source_set_time(notifier->window, now_us + window_us) >= 0)
                (void)sd_event_source_set_enabled(notifier->window, SD_EVENT_ONESHOT);
        tell_next(notifier);
}
