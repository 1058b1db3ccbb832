/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The ledger: which findings are open, since when, and what was done about each. Alerts are sent at
 * its transitions only. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/finding.h"

struct open_finding {
        struct finding finding; /* its `rule` is NULL: the policy may be another by now */
        int64_t since_us;       /* since 1970 */
        int64_t incident_id;    /* 0: none */
        char *action;
        bool is_current; /* seen by the pass that is going on */
};

struct ledger {
        struct open_finding *items;
        size_t n_items;
};

/* A pass begins: nothing is current. */
void ledger_begin(struct ledger *ledger);

/* The open finding that says the same; NULL if it is new. */
struct open_finding *ledger_find(struct ledger *ledger, const struct finding *finding);

/* Opens a finding (copied), current. Returns 0 or -ENOMEM. */
int ledger_open(struct ledger *ledger, const struct finding *finding, int64_t at_us,
                int64_t incident_id, const char *action);

/* A pass is over: closes what is not current, after ON_CLOSED saw it. */
void ledger_close(struct ledger *ledger,
                  void (*on_closed)(void *userdata, const struct open_finding *closed),
                  void *userdata);

void ledger_done(struct ledger *ledger);

/* What was done about an open finding since: another incident tells it. Returns 0 or -ENOMEM. */
int ledger_renew(struct open_finding *open, int64_t incident_id, const char *action);
