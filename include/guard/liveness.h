/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Do events still arrive? A canary, a file of our own, is written at each beat; its event must have
 * come by the next one. If it has not, nobody would see a change but the sweep. */

#include <stdbool.h>

enum liveness_state {
        LIVENESS_FINE,
        LIVENESS_LOST,  /* no event came, for the first time */
        LIVENESS_BLIND, /* nor since */
        LIVENESS_BACK,  /* one came again */
        N_LIVENESS_STATES
};

struct liveness {
        bool is_out;   /* the canary was written and its event is awaited */
        bool has_come; /* the event */
        bool is_blind;
};

/* An event about the canary came. */
void liveness_note(struct liveness *liveness);

/* Time for the next one. IS_WRITTEN: the canary could be written this time; what could not be is
 * not missed. */
enum liveness_state liveness_beat(struct liveness *liveness, bool is_written);
