/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Open findings. Identity is what a finding says (finding_is_same()), so a line that moved is no
 * news. */

#include "world/ledger.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

static void open_finding_done(struct open_finding *open) {
        finding_done(&open->finding);
        free(open->action);
}

void ledger_begin(struct ledger *ledger) {
        for (size_t i = 0; i < ledger->n_items; i++)
                ledger->items[i].is_current = false;
}

struct open_finding *ledger_find(struct ledger *ledger, const struct finding *finding) {
        for (size_t i = 0; i < ledger->n_items; i++)
                if (finding_is_same(&ledger->items[i].finding, finding))
                        return &ledger->items[i];
        return NULL;
}

int ledger_open(struct ledger *ledger, const struct finding *finding, int64_t at_us,
                int64_t incident_id, const char *action) {
        struct open_finding open = { .since_us = at_us,
                                     .incident_id = incident_id,
                                     .is_current = true };
        int r = finding_copy(&open.finding, finding);

        if (r < 0)
                return r;
        open.finding.rule = NULL;
        open.action = strdup(action);
        r = open.action ? ARRAY_GROW(ledger->items, ledger->n_items) : -ENOMEM;
        if (r < 0) {
                open_finding_done(&open);
                return r;
        }
        ledger->items[ledger->n_items++] = open;
        return 0;
}

void ledger_close(struct ledger *ledger,
                  void (*on_closed)(void *userdata, const struct open_finding *closed),
                  void *userdata) {
        size_t n_kept = 0;

        for (size_t i = 0; i < ledger->n_items; i++) {
                struct open_finding *open = &ledger->items[i];

                if (open->is_current) {
                        ledger->items[n_kept++] = *open;
                        continue;
                }
                if (on_closed)
                        on_closed(userdata, open);
                open_finding_done(open);
        }
        ledger->n_items = n_kept;
}

void ledger_done(struct ledger *ledger) {
        for (size_t i = 0; i < ledger->n_items; i++)
                open_finding_done(&ledger->items[i]);
        free(ledger->items);
        *ledger = (struct ledger){ 0 };
}

int ledger_renew(struct open_finding *open, int64_t incident_id, const char *action) {
        char *copy = strdup(action);

        if (!copy)
                return -ENOMEM;
        free(open->action);
        open->action = copy;
        open->incident_id = incident_id;
        return 0;
}
