/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What those hear who called Monitor, and who is notified: incidents, findings that open and close,
 * and whatever else the journal is told.
 *
 * Nothing is said here that the journal does not say too, so that nobody has to listen in order to
 * miss nothing. */

#include <string.h>

#include "base/cleanup.h"
#include "guard/messages.h"
#include "manager.h"

static void publish(struct manager *manager, const struct control_event *event) {
        if (manager->control)
                control_publish(manager->control, event);
}

static void on_incident(void *userdata, const struct incident *incident) {
        struct manager *manager = userdata;
        const struct control_event event = { .kind = CONTROL_EVENT_INCIDENT,
                                             .at_us = incident->at_us,
                                             .incident = incident };

        manager->n_incidents++;
        if (incident->has_quarantine)
                manager->n_responses++;
        publish(manager, &event);
        if (manager->notifier && manager->world.policy->has_notify &&
            incident->severity >= (int)manager->world.policy->notify)
                notifier_tell(manager->notifier, incident->id);
}

static void on_finding(void *userdata, const struct open_finding *open, bool is_open) {
        const struct control_finding finding = { .finding = &open->finding,
                                                 .since_us = open->since_us,
                                                 .incident_id = open->incident_id,
                                                 .action = open->action };
        const struct control_event event = { .kind = is_open ? CONTROL_EVENT_FINDING
                                                             : CONTROL_EVENT_RESOLVED,
                                             .at_us = record_now_us(),
                                             .finding = &finding };

        publish(userdata, &event);
}

static enum control_event_kind kind_of(const char *message_id) {
        static const char *const of_policy[] = { MESSAGE_POLICY_LOADED, MESSAGE_POLICY_REFUSED,
                                                 MESSAGE_RULES_PENDING, MESSAGE_ACKNOWLEDGED };

        for (size_t i = 0; message_id && i < N_ELEMENTS(of_policy); i++)
                if (strcmp(message_id, of_policy[i]) == 0)
                        return CONTROL_EVENT_POLICY;
        return CONTROL_EVENT_STATE;
}

static void on_notice(void *userdata, const char *message_id, const char *message) {
        const struct control_event event = { .kind = kind_of(message_id),
                                             .at_us = record_now_us(),
                                             .message = message };

        publish(userdata, &event);
}

void manager_start_telling(struct manager *manager) {
        manager->reconciler.recorder.on_incident = on_incident;
        manager->reconciler.recorder.on_finding = on_finding;
        manager->reconciler.recorder.userdata = manager;
        record_tell_notices(on_notice, manager);
}
