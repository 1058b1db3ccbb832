/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Error replies in words, with what to type next: one row per error of the interface. An error that
 * this client does not know is shown by its name. */

#include <string.h>

#include "base/cleanup.h"
#include "member.h"
#include "render_parts.h"
#include "wire/interfaces.h"
#include "wire/message.h"

static void put_violations(struct screen *screen, const json_t *parameters) {
        const json_t *findings = json_object_get(parameters, "findings");

        screen_raw(screen, "this version breaks rules:\n");
        render_put_findings(screen, findings, 2);
        screen_raw(screen, "To accept it all the same, for a while: --exception ");
        screen_put(screen, STYLE_PLAIN, member_word(json_array_get(findings, 0), "rule", "RULE"));
        screen_raw(screen, " --for 2h --reason TEXT");
}

static void put_diagnostics(struct screen *screen, const json_t *parameters) {
        const json_t *diagnostics = json_object_get(parameters, "diagnostics");

        screen_raw(screen, "the policy has errors; the one in force stays:\n");
        for (size_t i = 0; i < json_array_size(diagnostics); i++) {
                const json_t *diagnostic = json_array_get(diagnostics, i);

                screen_putf(screen, STYLE_PLAIN, "%s:%lld:%lld: %s",
                            member_word(diagnostic, "file", "?"),
                            (long long)member_int(diagnostic, "line"),
                            (long long)member_int(diagnostic, "column"),
                            member_word(diagnostic, "message", "?"));
                screen_raw(screen, i + 1 < json_array_size(diagnostics) ? "\n" : "");
        }
}

static void put_nearest(struct screen *screen, const json_t *parameters) {
        const char *nearest = member_string(parameters, "nearest");

        screen_putf(screen, STYLE_PLAIN, "no such rule: %s", member_word(parameters, "rule", "?"));
        if (nearest)
                screen_putf(screen, STYLE_PLAIN, "; did you mean %s?", nearest);
        else
                screen_raw(screen, "; `sshguardctl rules` lists them");
}

static void put_changed(struct screen *screen, const json_t *parameters) {
        screen_putf(screen, STYLE_PLAIN,
                    "the file is not what you reviewed; its SHA-256 is now %s. Look at it again "
                    "with `sshguardctl diff`.",
                    member_word(parameters, "sha256", "?"));
}

static const struct {
        const char *error;
        const char *text;                             /* what precedes the parameter */
        const char *parameter;                        /* NULL: none */
        const char *advice;                           /* NULL: none */
        void (*put)(struct screen *, const json_t *); /* instead of these; NULL: none */
} errors[] = {
        { WIRE_PERMISSION_DENIED, "not permitted", NULL,
          ": members of the group sshguardd may look, root may change; sshguardd.conf(5) can list "
          "others",
          NULL },
        { WIRE_METHOD_NOT_FOUND, "this sshguardd does not know ", "method",
          "; restart it if it was upgraded", NULL },
        { WIRE_METHOD_NOT_IMPLEMENTED, "this sshguardd cannot do that: ", "method", NULL, NULL },
        { WIRE_INTERFACE_NOT_FOUND, "whoever answers there is no sshguardd: it does not know ",
          "interface", NULL, NULL },
        { WIRE_INVALID_PARAMETER, "not a valid value: ", "parameter", NULL, NULL },
        { WIRE_EXPECTED_MORE, "this is a stream", NULL, NULL, NULL },
        { WIRE_CONTROL ".NoSuchPath", "not a guarded path: ", "path",
          "; `sshguardctl files` lists them", NULL },
        { WIRE_CONTROL ".NoSuchIncident", "no such incident: ", "incident",
          "; `sshguardctl history` lists them", NULL },
        { WIRE_CONTROL ".NoSuchRule", NULL, NULL, NULL, put_nearest },
        { WIRE_CONTROL ".NoSuchPermit", "no such permit: ", "id",
          "; `sshguardctl permit` lists them", NULL },
        { WIRE_CONTROL ".NothingKept", "nothing was kept of incident ", "incident",
          ": nothing was replaced, or its copy made room for others; `sshguardctl show` of it says "
          "what can be done",
          NULL },
        { WIRE_CONTROL ".ContentChanged", NULL, NULL, NULL, put_changed },
        { WIRE_CONTROL ".Violates", NULL, NULL, NULL, put_violations },
        { WIRE_CONTROL ".PolicyInvalid", NULL, NULL, NULL, put_diagnostics },
        { WIRE_CONTROL ".Refused", "refused: ", "reason", NULL, NULL },
        { WIRE_CONTROL ".Failed", "it failed: ", "errno",
          "; the journal says more: journalctl -u sshguardd", NULL },
};

static void put_parameter(struct screen *screen, const json_t *parameters, const char *name) {
        if (member_is_int(parameters, name))
                screen_putf(screen, STYLE_PLAIN, "%lld", (long long)member_int(parameters, name));
        else
                screen_put(screen, STYLE_PLAIN, member_word(parameters, name, "?"));
}

void render_error(struct screen *screen, const char *error, const json_t *parameters) {
        screen_raw(screen, "sshguardctl: ");
        for (size_t i = 0; i < N_ELEMENTS(errors); i++) {
                if (strcmp(errors[i].error, error) != 0)
                        continue;
                if (errors[i].put) {
                        errors[i].put(screen, parameters);
                } else {
                        screen_raw(screen, errors[i].text);
                        if (errors[i].parameter)
                                put_parameter(screen, parameters, errors[i].parameter);
                        screen_raw(screen, errors[i].advice ? errors[i].advice : "");
                }
                screen_raw(screen, "\n");
                return;
        }
        screen_put(screen, STYLE_PLAIN, error);
        screen_raw(screen, "\n");
}
