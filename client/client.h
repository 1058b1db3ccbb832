/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What a command works with. */

#include <jansson.h>

#include "arguments.h"
#include "connection.h"
#include "render.h"

enum client_status { /* exit statuses */
                     CLIENT_FINE = 0,
                     CLIENT_FINDINGS = 1,      /* an open finding now; reverted ones do not count */
                     CLIENT_ERROR = 2,         /* usage, or the request failed */
                     CLIENT_NO_DAEMON = 3,     /* nobody answers */
                     CLIENT_NOT_PERMITTED = 4, /* by the socket's mode or the daemon */
};

struct client {
        const struct arguments *arguments;
        const struct renderer *renderer;
        struct connection connection; /* opened at the first call */
        struct screen screen;         /* what goes to standard output */
        bool is_terminal;             /* standard output is one */
};

struct command {
        const char *name;
        const char *operands;              /* "PATH", "[INCIDENT]"; "" for none */
        const char *summary;               /* one line of help */
        const char *details;               /* what its own help adds; examples last */
        size_t n_min, n_max;               /* operands */
        unsigned options;                  /* enum argument_option */
        int (*run)(struct client *client); /* returns an enum client_status */
};

const struct command *commands(size_t *ret_n);

/* ---- calls (client.c) ---- */

/* Calls METHOD and waits. PARAMETERS is a new reference (NULL: out of memory). Returns CLIENT_FINE
 * with *ret the parameters of the reply, a new reference; otherwise the status to exit with, and
 * what went wrong was said. */
int client_call(struct client *client, const char *method, json_t *parameters, json_t **ret);

/* Calls with `more`; ON_REPLY gets each reply. Ends when the daemon says so, or with the first
 * status of ON_REPLY other than CLIENT_FINE. */
int client_stream(struct client *client, const char *method, json_t *parameters,
                  int (*on_reply)(struct client *client, const json_t *reply, bool continues));

/* A list that comes in pages, as one reply. PARAMETERS (NULL: none) stay the caller's. */
int client_call_pages(struct client *client, const char *method, json_t *parameters,
                      const char *list, json_t **ret);

/* Adds a view of REPLY to the screen, unless --quiet was given. */
void client_show(struct client *client, enum view view, const json_t *reply);

/* Writes the screen to standard output now. */
int client_flush(struct client *client);

/* Says "sshguardctl: …" on standard error; returns CLIENT_ERROR. */
int client_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

int64_t client_now_us(void);

/* Adds --reason, --exception and --for of a decision (commands_act.c). Returns CLIENT_FINE, or
 * CLIENT_ERROR and what is wrong was said. */
int client_set_decision(const struct client *client, json_t *parameters);

/* ---- what the groups of commands define ---- */

int command_status(struct client *client);
int command_findings(struct client *client);
int command_files(struct client *client);
int command_keys(struct client *client);
int command_access(struct client *client);
int command_rules(struct client *client);
int command_history(struct client *client);
int command_show(struct client *client);
int command_diff(struct client *client);
int command_explain(struct client *client);
int command_metrics(struct client *client);
int command_generate_policy(struct client *client);
int command_check(struct client *client);
int command_monitor(struct client *client);
int command_approve(struct client *client);
int command_acknowledge(struct client *client);
int command_edit(struct client *client);
int command_confirm(struct client *client);
int command_restore(struct client *client);
int command_reload(struct client *client);
int command_permit(struct client *client);
int command_pause(struct client *client);
int command_resume(struct client *client);
int command_package_run(struct client *client);
int command_unlock(struct client *client);
