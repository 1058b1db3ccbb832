/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The state of the canary. Two answers are enough: an event that is late by a whole beat is lost.
 */

#include "guard/liveness.h"

void liveness_note(struct liveness *liveness) {
        liveness->has_come = true;
}

enum liveness_state liveness_beat(struct liveness *liveness, bool is_written) {
        bool was_blind = liveness->is_blind, is_missed = liveness->is_out && !liveness->has_come;

        if (liveness->is_out)
                liveness->is_blind = is_missed;
        liveness->is_out = is_written;
        liveness->has_come = false;
        if (liveness->is_blind)
                return was_blind ? LIVENESS_BLIND : LIVENESS_LOST;
        return was_blind ? LIVENESS_BACK : LIVENESS_FINE;
}
