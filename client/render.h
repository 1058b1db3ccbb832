/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* How replies are shown: for people or for programs, behind one interface. */

#include <jansson.h>

#include "screen.h"

enum view { /* one per shape of reply */
            VIEW_STATUS,
            VIEW_FINDINGS,
            VIEW_FILES,
            VIEW_KEYS,
            VIEW_ACCESS,
            VIEW_ACCESS_OF, /* the same of one account, with all there is to know */
            VIEW_RULES,
            VIEW_HISTORY,
            VIEW_INCIDENT,
            VIEW_DIFF,
            VIEW_EXPLANATION,
            VIEW_PERMITS,
            VIEW_LINES,    /* text as it is: metrics, a generated policy */
            VIEW_PROGRESS, /* of a check; one of a stream */
            VIEW_CHECK,    /* its end */
            VIEW_EVENT,    /* of a monitor; one of a stream */
            VIEW_RELOADED,
            VIEW_PERMITTED,
            VIEW_PREVIEW,   /* of an edit */
            VIEW_INSTALLED, /* an edit */
            VIEW_CONFIRMED,
            VIEW_UNDONE,
            VIEW_DONE,   /* nothing but that it was done */
            VIEW_PAUSED, /* the same, and how it ends */
            N_VIEWS
};

struct renderer {
        /* Appends the reply's PARAMETERS to the screen. */
        void (*show)(struct screen *screen, enum view view, const json_t *parameters);
        /* Appends an error reply: its name and parameters. */
        void (*fail)(struct screen *screen, const char *error, const json_t *parameters);
};

extern const struct renderer render_text;
extern const struct renderer render_json;
