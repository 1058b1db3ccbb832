/* SPDX-License-Identifier: GPL-3.0-or-later */
/* screen_of CASE.json WIDTH plain|colour: what sshguardctl shows for a reply that is kept in a
 * file.
 *
 * CASE.json has `method` or `error`, `view`, `now_us` and `reply`. The reply must be what the
 * interface file says of that method or error, so no screen is tested with a shape that no daemon
 * sends. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../../client/member.h"
#include "../../../client/render.h"
#include "base/cleanup.h"
#include "wire/idl.h"
#include "wire/interfaces.h"
#include "wire/json.h"

static const char *const view_names[N_VIEWS] = {
        [VIEW_STATUS] = "status",
        [VIEW_FINDINGS] = "findings",
        [VIEW_FILES] = "files",
        [VIEW_KEYS] = "keys",
        [VIEW_ACCESS] = "access",
        [VIEW_ACCESS_OF] = "access-of",
        [VIEW_RULES] = "rules",
        [VIEW_HISTORY] = "history",
        [VIEW_INCIDENT] = "incident",
        [VIEW_DIFF] = "diff",
        [VIEW_EXPLANATION] = "explanation",
        [VIEW_PERMITS] = "permits",
        [VIEW_LINES] = "lines",
        [VIEW_PROGRESS] = "progress",
        [VIEW_CHECK] = "check",
        [VIEW_EVENT] = "event",
        [VIEW_RELOADED] = "reloaded",
        [VIEW_PERMITTED] = "permitted",
        [VIEW_PREVIEW] = "preview",
        [VIEW_INSTALLED] = "installed",
        [VIEW_CONFIRMED] = "confirmed",
        [VIEW_UNDONE] = "undone",
        [VIEW_DONE] = "done",
        [VIEW_PAUSED] = "paused",
};

static int fail(const char *what, const char *which) {
        (void)fprintf(stderr, "screen_of: %s %s\n", what, which ? which : "?");
        return 2;
}

/* True if the reply is of the type that its method or error has. */
static bool is_true_to_interface(const json_t *test, json_t *reply) {
        const char *method = member_string(test, "method"), *error = member_string(test, "error");
        const bool is_service = error && strncmp(error, WIRE_SERVICE, strlen(WIRE_SERVICE)) == 0;
        struct diagnostics diagnostics = { 0 };
        struct idl_interface *interface = NULL;
        const struct idl_member *member;
        const char *field = "";
        bool right = false;

        if (idl_parse(is_service ? wire_service_description : wire_control_description,
                      &diagnostics, &interface) < 0)
                return false;
        member = error ? idl_find(interface, IDL_ERROR, strrchr(error, '.') + 1)
                       : idl_find(interface, IDL_METHOD, method);
        if (member)
                right = idl_check(interface, error ? &member->in : &member->out, reply, &field);
        if (!right)
                (void)fail("not as the interface says:", field);
        idl_free(interface);
        return right;
}

static int show(const json_t *test, struct screen *screen) {
        const char *view = member_word(test, "view", ""), *error = member_string(test, "error");
        json_t *reply = json_object_get(test, "reply");

        if (!is_true_to_interface(test, reply))
                return 2;
        if (error) {
                render_text.fail(screen, error, reply);
                return 0;
        }
        for (int i = 0; i < N_VIEWS; i++) {
                if (strcmp(view_names[i], view) != 0)
                        continue;
                render_text.show(screen, (enum view)i, reply);
                return 0;
        }
        return fail("no such view:", view);
}

int main(int argc, char **argv) {
        CLEANUP(wire_json_cleanup) json_t *test = NULL;
        struct screen screen = { 0 };
        json_error_t error;
        int status;

        if (argc != 4)
                return fail("usage:", "CASE.json WIDTH plain|colour");
        test = json_load_file(argv[1], 0, &error);
        if (!test)
                return fail(argv[1], error.text);
        (void)setenv("TZ", "UTC", 1);
        screen.width = (unsigned)atoi(argv[2]);
        screen.has_colour = strcmp(argv[3], "colour") == 0;
        screen.now_us = member_int(test, "now_us");
        status = show(test, &screen);
        (void)fwrite(text_get(&screen.text), 1, screen.text.n, stdout);
        text_done(&screen.text);
        return status;
}
