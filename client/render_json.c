/* SPDX-License-Identifier: GPL-3.0-or-later */
/* For programs: the reply as it came, indented; of streams one object a line. An error is an object
 * with `error` and `parameters`, so that a script finds the reason where it looks for the result.
 */

#include <string.h>

#include "render.h"
#include "wire/json.h"

static bool is_stream(enum view view) {
        return view == VIEW_EVENT || view == VIEW_PROGRESS || view == VIEW_CHECK;
}

static void show(struct screen *screen, enum view view, const json_t *parameters) {
        (void)wire_json_format(parameters, is_stream(view) ? WIRE_JSON_COMPACT : WIRE_JSON_PRETTY,
                               &screen->text);
        screen_raw(screen, "\n");
}

static void fail(struct screen *screen, const char *error, const json_t *parameters) {
        CLEANUP(wire_json_cleanup)
        json_t *object = json_pack("{s:s,s:O}", "error", error, "parameters", parameters);

        if (object)
                show(screen, VIEW_DONE, object);
}

const struct renderer render_json = { .show = show, .fail = fail };
