/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Commands that decide something. What is approved is what was shown: the digest that goes to the
 * daemon is the one of the diff on the screen, or the one that was typed. */

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

/* Calls with the parameters so far, and shows VIEW. */
static int act(struct client *client, const char *method, json_t *parameters, enum view view) {
        CLEANUP(wire_json_cleanup) json_t *reply = NULL;
        int status = client_call(client, method, parameters, &reply);

        if (status == CLIENT_FINE)
                client_show(client, view, reply);
        return status;
}

/* --for as a point in time. */
static int get_end(const struct client *client, int64_t *ret_until_us) {
        int64_t span;

        if (!client->arguments->span)
                return client_complain("--for is missing: how long? (30min, 2h, 1d)");
        if (!when_parse_span(client->arguments->span, &span) || span == 0)
                return client_complain("--for: not a duration: %s (try 30min, 2h or 1d)",
                                       client->arguments->span);
        *ret_until_us = client_now_us() + span;
        return CLIENT_FINE;
}

int client_set_decision(const struct client *client, json_t *parameters) {
        const struct arguments *arguments = client->arguments;
        int64_t until_us;

        if (!operand_set_string(parameters, "reason", arguments->reason))
                return client_complain("--reason: not UTF-8");
        if (!arguments->exception) {
                if (arguments->span)
                        return client_complain("--for goes with --exception");
                return CLIENT_FINE;
        }
        if (!arguments->reason)
                return client_complain("--exception needs a --reason");
        if (get_end(client, &until_us) != CLIENT_FINE)
                return CLIENT_ERROR;
        if (!operand_set_string(parameters, "exception_rule", arguments->exception) ||
            json_object_set_new(parameters, "exception_until_us", json_integer(until_us)) < 0)
                return client_complain("--exception: not the name of a rule");
        return CLIENT_FINE;
}

static bool can_ask(const struct client *client) {
        return client->is_terminal && isatty(STDIN_FILENO) && client->renderer == &render_text;
}

/* "y" or "yes" on a terminal; anything else is no. */
static bool confirm(const char *question) {
        char answer[16];

        (void)fprintf(stderr, "%s [y/N] ", question);
        if (!fgets(answer, sizeof answer, stdin))
                return false;
        answer[strcspn(answer, "\n")] = '\0';
        return strcmp(answer, "y") == 0 || strcmp(answer, "yes") == 0;
}

/* Shows what would be approved and asks; *ret is the digest of what was shown, a new reference;
 * CLIENT_FINE with NULL: the answer was no. */
static int review(struct client *client, json_t *subject, json_t **ret) {
        const struct arguments *arguments = client->arguments;
        CLEANUP(wire_json_cleanup) json_t *reply = NULL;
        const json_t *after;
        int status;

        if (!arguments->yes && !can_ask(client))
                return client_complain(
                        "nobody can be asked here: give --sha256 with the digest that "
                        "`sshguardctl diff` showed, or --yes");
        status = client_call(client, "Diff", json_incref(subject), &reply);
        if (status != CLIENT_FINE)
                return status;
        if (client->renderer == &render_text) {
                client_show(client, VIEW_DIFF, reply);
                status = client_flush(client);
        }
        if (status != CLIENT_FINE)
                return status;
        if (!arguments->yes && !confirm("Approve this version?"))
                return CLIENT_FINE;
        after = json_object_get(reply, "after");
        *ret = strcmp(member_word(after, "kind", ""), "absent") == 0
                       ? json_string("absent")
                       : json_incref(json_object_get(after, "sha256"));
        return json_is_string(*ret) ? CLIENT_FINE
                                    : client_complain("only a regular file can be approved");
}

/* PARAMETERS (a new reference) name the path. */
static int approve_subject(struct client *client, json_t *subject) {
        CLEANUP(wire_json_cleanup) json_t *parameters = subject;
        CLEANUP(wire_json_cleanup) json_t *digest = NULL;
        int status = review(client, parameters, &digest);

        if (status != CLIENT_FINE)
                return status;
        if (!digest)
                return client_complain("it was not approved");
        if (json_object_set(parameters, "sha256", digest) < 0)
                return client_complain("out of memory");
        status = client_set_decision(client, parameters);
        return status == CLIENT_FINE ? act(client, "Approve", TAKE(parameters), VIEW_DONE) : status;
}

/* What differs from its approved version and breaks no rule, one by one; what breaks one needs a
 * decision of its own. The status is the gravest. */
static int approve_all(struct client *client) {
        CLEANUP(wire_json_cleanup) json_t *reply = NULL;
        const json_t *files;
        int status = client_call_pages(client, "ListFiles", NULL, "files", &reply), worst = status;
        size_t n = 0;

        files = json_object_get(reply, "files");
        for (size_t i = 0; i < json_array_size(files) && worst < CLIENT_NO_DAEMON; i++) {
                const json_t *file = json_array_get(files, i);
                bool is_utf8 = !json_is_string(json_object_get(file, "path_base64"));
                const char *name = is_utf8 ? "path" : "path_base64";

                if (strcmp(member_word(file, "state", ""), "unapproved") != 0)
                        continue;
                n++;
                status = approve_subject(client,
                                         json_pack("{s:O}", name, json_object_get(file, name)));
                worst = status > worst ? status : worst;
                if (status == CLIENT_ERROR && isatty(STDIN_FILENO) && feof(stdin))
                        break;
        }
        if (n == 0 && worst == CLIENT_FINE && !client->arguments->quiet)
                screen_raw(&client->screen, "Nothing waits to be approved.\n");
        return worst;
}

int command_approve(struct client *client) {
        const struct arguments *arguments = client->arguments;
        CLEANUP(wire_json_cleanup) json_t *parameters = json_object();
        int status;

        if (arguments->all == (arguments->n_operands > 0))
                return client_complain(arguments->all ? "--all takes no path"
                                                      : "approve what? a PATH, or --all");
        if (arguments->all && (arguments->sha256 || arguments->exception))
                return client_complain("--sha256 and --exception are about one path, not --all");
        if (arguments->all)
                return approve_all(client);
        if (!operand_set_path(parameters, arguments->operands[0]))
                return client_complain("not a path: %s", arguments->operands[0]);
        if (!arguments->sha256)
                return approve_subject(client, TAKE(parameters));
        if (json_object_set_new(parameters, "sha256", json_string(arguments->sha256)) < 0)
                return client_complain("--sha256: not a digest");
        status = client_set_decision(client, parameters);
        if (status != CLIENT_FINE)
                return status;
        return act(client, "Approve", TAKE(parameters), VIEW_DONE);
}

/* Shows a rule and asks; *ret is the digest of what was shown, a new reference, or NULL: no. */
static int review_rule(struct client *client, const char *id, json_t **ret) {
        CLEANUP(wire_json_cleanup) json_t *reply = NULL;
        const json_t *rule;
        int status;

        status = client_call(client, "Explain", json_pack("{s:s}", "rule", id), &reply);
        if (status != CLIENT_FINE)
                return status;
        rule = json_object_get(reply, "rule");
        if (!member_string(rule, "shipped_sha256"))
                return client_complain("%s is a rule of your own: it does not wait", id);
        if (!member_bool(rule, "pending"))
                return client_complain("%s does not wait: it is acknowledged already", id);
        if (!client->arguments->yes && !can_ask(client))
                return client_complain(
                        "nobody can be asked here: look at `sshguardctl explain %s`, "
                        "then give --yes",
                        id);
        if (client->renderer == &render_text) {
                client_show(client, VIEW_EXPLANATION, reply);
                status = client_flush(client);
        }
        if (status == CLIENT_FINE &&
            (client->arguments->yes || confirm("Shall this rule respond from now on?")))
                *ret = json_incref(json_object_get(rule, "shipped_sha256"));
        return status;
}

static int acknowledge(struct client *client, const char *id) {
        CLEANUP(wire_json_cleanup) json_t *digest = NULL;
        CLEANUP(wire_json_cleanup) json_t *parameters = NULL;
        int status = review_rule(client, id, &digest);

        if (status != CLIENT_FINE)
                return status;
        if (!digest)
                return client_complain("it was not acknowledged");
        parameters = json_pack("{s:s,s:O}", "rule", id, "sha256", digest);
        if (!operand_set_string(parameters, "reason", client->arguments->reason))
                return client_complain("--reason: not UTF-8");
        return act(client, "Acknowledge", TAKE(parameters), VIEW_DONE);
}

static int acknowledge_all(struct client *client) {
        CLEANUP(wire_json_cleanup) json_t *reply = NULL;
        const json_t *rules;
        int status = client_call(client, "ListRules", json_object(), &reply), worst = status;
        size_t n = 0;

        rules = json_object_get(reply, "rules");
        for (size_t i = 0; i < json_array_size(rules) && worst < CLIENT_NO_DAEMON; i++) {
                const json_t *rule = json_array_get(rules, i);

                if (!member_bool(rule, "pending"))
                        continue;
                n++;
                status = acknowledge(client, member_word(rule, "id", ""));
                worst = status > worst ? status : worst;
                if (status == CLIENT_ERROR && isatty(STDIN_FILENO) && feof(stdin))
                        break;
        }
        if (n == 0 && worst == CLIENT_FINE && !client->arguments->quiet)
                screen_raw(&client->screen, "No rule waits to be acknowledged.\n");
        return worst;
}

int command_acknowledge(struct client *client) {
        const struct arguments *arguments = client->arguments;

        if (arguments->all == (arguments->n_operands > 0))
                return client_complain(arguments->all ? "--all takes no rule"
                                                      : "acknowledge what? a RULE, or --all");
        return arguments->all ? acknowledge_all(client)
                              : acknowledge(client, arguments->operands[0]);
}

int command_restore(struct client *client) {
        CLEANUP(wire_json_cleanup) json_t *parameters = json_object();
        int status;

        if (!operand_set_subject(parameters, client->arguments->operands[0]))
                return client_complain("not a path: %s", client->arguments->operands[0]);
        status = client_set_decision(client, parameters);
        if (status != CLIENT_FINE)
                return status;
        return act(client, "Restore", TAKE(parameters), VIEW_DONE);
}

int command_confirm(struct client *client) {
        const struct arguments *arguments = client->arguments;
        CLEANUP(wire_json_cleanup) json_t *parameters = json_object();

        if (arguments->n_operands > 0 && !operand_set_path(parameters, arguments->operands[0]))
                return client_complain("not a path: %s", arguments->operands[0]);
        return arguments->undo ? act(client, "Undo", TAKE(parameters), VIEW_UNDONE)
                               : act(client, "Confirm", TAKE(parameters), VIEW_CONFIRMED);
}

int command_reload(struct client *client) {
        return act(client, "Reload", json_object(), VIEW_RELOADED);
}

/* ---- allowances ---- */

/* until_us and reason, which every allowance needs. */
static int set_allowance(const struct client *client, json_t *parameters) {
        int64_t until_us;

        if (get_end(client, &until_us) != CLIENT_FINE)
                return CLIENT_ERROR;
        if (!client->arguments->reason || *client->arguments->reason == '\0')
                return client_complain("--reason is missing: why?");
        if (json_object_set_new(parameters, "until_us", json_integer(until_us)) < 0 ||
            !operand_set_string(parameters, "reason", client->arguments->reason))
                return client_complain("--reason: not UTF-8");
        return CLIENT_FINE;
}

static int revoke_permit(struct client *client) {
        const char *operand = client->arguments->revoke;
        int64_t id;

        if (client->arguments->n_operands > 0)
                return client_complain("--revoke ends a permit by its number; no path is needed");
        if (!operand_parse_number(operand, &id))
                return client_complain("--revoke: not the number of a permit: %s", operand);
        return act(client, "RevokePermit", json_pack("{s:I}", "id", (json_int_t)id), VIEW_DONE);
}

int command_permit(struct client *client) {
        const struct arguments *arguments = client->arguments;
        CLEANUP(wire_json_cleanup) json_t *parameters = json_object();
        int64_t uses;
        int status;

        if (arguments->revoke)
                return revoke_permit(client);
        if (arguments->n_operands == 0)
                return act(client, "ListPermits", TAKE(parameters), VIEW_PERMITS);
        if (!operand_set_path(parameters, arguments->operands[0]))
                return client_complain("not a path: %s", arguments->operands[0]);
        status = set_allowance(client, parameters);
        if (status != CLIENT_FINE)
                return status;
        if (arguments->uses) {
                if (!operand_parse_number(arguments->uses, &uses))
                        return client_complain("--uses: not a number: %s", arguments->uses);
                if (json_object_set_new(parameters, "uses", json_integer(uses)) < 0)
                        return client_complain("out of memory");
        }
        return act(client, "Permit", TAKE(parameters), VIEW_PERMITTED);
}

int command_pause(struct client *client) {
        CLEANUP(wire_json_cleanup) json_t *parameters = json_object();
        int status = set_allowance(client, parameters);

        return status == CLIENT_FINE ? act(client, "Pause", TAKE(parameters), VIEW_PAUSED) : status;
}

int command_resume(struct client *client) {
        return act(client, "Resume", json_object(), VIEW_DONE);
}

int command_package_run(struct client *client) {
        CLEANUP(wire_json_cleanup) json_t *parameters = json_object();
        const struct arguments *arguments = client->arguments;

        if (strcmp(arguments->operands[0], "end") == 0)
                return act(client, "EndPackageRun", TAKE(parameters), VIEW_DONE);
        if (strcmp(arguments->operands[0], "begin") != 0)
                return client_complain("begin or end, not %s", arguments->operands[0]);
        if (!operand_set_string(parameters, "reason",
                                arguments->reason ? arguments->reason : "packages are installed"))
                return client_complain("--reason: not UTF-8");
        return act(client, "BeginPackageRun", TAKE(parameters), VIEW_DONE);
}

int command_unlock(struct client *client) {
        CLEANUP(wire_json_cleanup) json_t *parameters = json_object();
        int status;

        if (!operand_set_path(parameters, client->arguments->operands[0]))
                return client_complain("not a path: %s", client->arguments->operands[0]);
        status = set_allowance(client, parameters);
        return status == CLIENT_FINE ? act(client, "Unlock", TAKE(parameters), VIEW_DONE) : status;
}
