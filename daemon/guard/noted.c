/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Findings that no file says: what the daemon learnt of the sshd that runs. There is at most one of
 * each rule, and it is opened, answered and closed like any other. */

#include <string.h>

#include "guard/reconcile.h"

int reconciler_note(struct reconciler *reconciler, const char *rule_id, struct finding *finding) {
        struct findings *noted = &reconciler->noted;
        size_t n = 0;
        int r = 0;

        for (size_t i = 0; i < noted->n_items; i++) {
                if (strcmp(noted->items[i].rule_id, rule_id) == 0)
                        finding_done(&noted->items[i]);
                else
                        noted->items[n++] = noted->items[i];
        }
        noted->n_items = n;
        if (finding)
                r = findings_add(noted, finding);
        return r < 0 ? r : reconcile_paths(reconciler, NULL, 0);
}

bool reconciler_has_noted(const struct reconciler *reconciler, const char *rule_id) {
        for (size_t i = 0; i < reconciler->noted.n_items; i++)
                if (strcmp(reconciler->noted.items[i].rule_id, rule_id) == 0)
                        return true;
        return false;
}
