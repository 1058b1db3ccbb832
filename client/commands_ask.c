/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Commands that only ask: parameters out of the command line, one call, one view. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "client.h"
#include "member.h"
#include "operands.h"
#include "when.h"
#include "wire/json.h"

enum { HISTORY_LIMIT = 50 };

/* Calls and shows; *ret_reply (may be NULL) is a new reference. */
static int ask(struct client *client, const char *method, json_t *parameters, enum view view,
               json_t **ret_reply) {
        CLEANUP(wire_json_cleanup) json_t *reply = NULL;
        int status = client_call(client, method, parameters, &reply);

        if (status != CLIENT_FINE)
                return status;
        client_show(client, view, reply);
        if (ret_reply)
                *ret_reply = TAKE(reply);
        return CLIENT_FINE;
}

/* PARAMETERS may be NULL. */
static int ask_pages(struct client *client, const char *method, json_t *parameters,
                     const char *list, enum view view, json_t **ret_reply) {
        CLEANUP(wire_json_cleanup) json_t *reply = NULL;
        int status = client_call_pages(client, method, parameters, list, &reply);

        if (status != CLIENT_FINE)
                return status;
        client_show(client, view, reply);
        if (ret_reply)
                *ret_reply = TAKE(reply);
        return CLIENT_FINE;
}

int command_status(struct client *client) {
        static const char *const severities[] = { "info", "low", "medium", "high", "critical" };
        CLEANUP(wire_json_cleanup) json_t *reply = NULL;
        int status = client_call(client, "Status", json_object(), &reply);
        int64_t n = 0;

        if (status != CLIENT_FINE)
                return status;
        if (!json_is_object(json_object_get(reply, "counts")))
                return client_complain("what answered is no sshguardd: it has no status");
        if (member_is_int(reply, "now_us"))
                client->screen.now_us = member_int(reply, "now_us");
        client_show(client, VIEW_STATUS, reply);
        for (size_t i = 0; i < N_ELEMENTS(severities); i++)
                n += member_int(json_object_get(reply, "counts"), severities[i]);
        return n > 0 ? CLIENT_FINDINGS : CLIENT_FINE;
}

int command_findings(struct client *client) {
        CLEANUP(wire_json_cleanup) json_t *reply = NULL;
        int status = ask_pages(client, "ListFindings", NULL, "findings", VIEW_FINDINGS, &reply);

        if (status == CLIENT_FINE && json_array_size(json_object_get(reply, "findings")) > 0)
                return CLIENT_FINDINGS;
        return status;
}

int command_files(struct client *client) {
        return ask_pages(client, "ListFiles", NULL, "files", VIEW_FILES, NULL);
}

int command_keys(struct client *client) {
        CLEANUP(wire_json_cleanup) json_t *parameters = json_object();

        if (client->arguments->n_operands == 0)
                return ask_pages(client, "ListKeys", NULL, "keys", VIEW_KEYS, NULL);
        if (!operand_set_string(parameters, "user", client->arguments->operands[0]))
                return client_complain("not the name of a user");
        return ask(client, "ListKeys", TAKE(parameters), VIEW_KEYS, NULL);
}

int command_access(struct client *client) {
        const struct arguments *arguments = client->arguments;
        CLEANUP(wire_json_cleanup) json_t *parameters = json_object();

        if (!operand_set_string(parameters, "address", arguments->from))
                return client_complain("not an address");
        if (arguments->n_operands == 0)
                return ask_pages(client, "ListAccess", parameters, "accounts", VIEW_ACCESS, NULL);
        if (!operand_set_string(parameters, "user", arguments->operands[0]))
                return client_complain("not the name of a user");
        return ask(client, "ListAccess", TAKE(parameters), VIEW_ACCESS_OF, NULL);
}

int command_rules(struct client *client) {
        return ask(client, "ListRules", json_object(), VIEW_RULES, NULL);
}

int command_metrics(struct client *client) {
        return ask(client, "GetMetrics", json_object(), VIEW_LINES, NULL);
}

int command_generate_policy(struct client *client) {
        return ask(client, "GeneratePolicy", json_object(), VIEW_LINES, NULL);
}

/* Sets NAME to the time that an option gave, if it was given. */
static int set_time(struct client *client, json_t *parameters, const char *name,
                    enum argument_option option, const char *value) {
        int64_t at_us;

        if (!value)
                return CLIENT_FINE;
        if (!when_parse(value, client->screen.now_us, &at_us))
                return client_complain("%s: not a time: %s (try \"2h ago\", \"yesterday\" or "
                                       "\"2026-11-20 15:00\")",
                                       arguments_option_name(option), value);
        return json_object_set_new(parameters, name, json_integer(at_us)) < 0
                       ? client_complain("out of memory")
                       : CLIENT_FINE;
}

int command_history(struct client *client) {
        const struct arguments *arguments = client->arguments;
        CLEANUP(wire_json_cleanup) json_t *parameters = json_object();
        int64_t limit = HISTORY_LIMIT;
        int status;

        if (arguments->limit && !operand_parse_number(arguments->limit, &limit))
                return client_complain("--limit: not a number: %s", arguments->limit);
        status = set_time(client, parameters, "since_us", OPTION_SINCE, arguments->since);
        if (status == CLIENT_FINE)
                status = set_time(client, parameters, "until_us", OPTION_UNTIL, arguments->until);
        if (status != CLIENT_FINE)
                return status;
        if (json_object_set_new(parameters, "limit", json_integer(limit)) < 0 ||
            (arguments->path && !operand_set_path(parameters, arguments->path)) ||
            !operand_set_string(parameters, "rule", arguments->rule) ||
            !operand_set_string(parameters, "user", arguments->user) ||
            !operand_set_string(parameters, "severity_at_least", arguments->severity))
                return client_complain("not a value that can be sent");
        return ask(client, "ListIncidents", TAKE(parameters), VIEW_HISTORY, NULL);
}

int command_show(struct client *client) {
        const char *operand = client->arguments->operands[0];
        int64_t id;

        if (!operand_parse_number(operand, &id))
                return client_complain("not the number of an incident: %s", operand);
        return ask(client, "GetIncident", json_pack("{s:I}", "id", (json_int_t)id), VIEW_INCIDENT,
                   NULL);
}

int command_diff(struct client *client) {
        CLEANUP(wire_json_cleanup) json_t *parameters = json_object();

        if (!operand_set_subject(parameters, client->arguments->operands[0]))
                return client_complain("not a path: %s", client->arguments->operands[0]);
        return ask(client, "Diff", TAKE(parameters), VIEW_DIFF, NULL);
}

int command_explain(struct client *client) {
        CLEANUP(wire_json_cleanup) json_t *parameters = json_object();
        CLEANUP(wire_json_cleanup) json_t *reply = NULL;
        int status;

        if (!operand_set_string(parameters, "rule", client->arguments->operands[0]))
                return client_complain("not the name of a rule");
        status = ask(client, "Explain", TAKE(parameters), VIEW_EXPLANATION, &reply);
        if (status == CLIENT_FINE && json_array_size(json_object_get(reply, "findings")) > 0)
                return CLIENT_FINDINGS;
        return status;
}

/* ---- streams ---- */

/* Progress goes over itself on a terminal, and nowhere else unless it is JSON. */
static int on_progress(struct client *client, const json_t *reply, bool continues) {
        bool is_json = client->renderer == &render_json;

        if (!continues) {
                if (client->is_terminal && !is_json && !client->arguments->quiet)
                        screen_raw(&client->screen, "\r\x1b[K");
                client_show(client, VIEW_CHECK, reply);
                return member_int(reply, "findings") > 0 ? CLIENT_FINDINGS : CLIENT_FINE;
        }
        if (!is_json && !client->is_terminal)
                return CLIENT_FINE;
        if (!is_json && !client->arguments->quiet)
                screen_raw(&client->screen, "\r");
        client_show(client, VIEW_PROGRESS, reply);
        return client_flush(client);
}

int command_check(struct client *client) {
        return client_stream(client, "Check", json_object(), on_progress);
}

static int on_event(struct client *client, const json_t *reply, bool continues) {
        (void)continues;
        client_show(client, VIEW_EVENT, reply);
        return client_flush(client);
}

int command_monitor(struct client *client) {
        return client_stream(client, "Monitor", json_object(), on_event);
}
