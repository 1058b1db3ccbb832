/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sshguardctl: asks sshguardd, and takes an administrator's decisions to it.
 *
 * This file knows the command line and the terminal; the commands are in a table. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/nearest.h"
#include "client.h"
#include "wire/json.h"

static const char introduction[] =
        "Usage: sshguardctl [OPTION]... [COMMAND] [OPERAND]\n"
        "Ask sshguardd who can log in, what changed, and what it did about it.\n"
        "\n"
        "Commands:\n";

static const char conclusion[] =
        "\n"
        "`sshguardctl COMMAND --help` tells more about a command, with examples.\n"
        "Exit status: 0 fine, 1 a rule does not hold now, 2 usage or error, 3 no daemon,\n"
        "4 not permitted.\n";

static int print(const struct text *text) {
        if (text_error(text) < 0 || fputs(text_get(text), stdout) == EOF || fflush(stdout) != 0)
                return CLIENT_ERROR;
        return CLIENT_FINE;
}

static int print_help(void) {
        CLEANUP(text_done) struct text text = { 0 };
        const struct command *table;
        size_t n;

        (void)text_append(&text, introduction);
        table = commands(&n);
        for (size_t i = 0; i < n; i++) {
                CLEANUP_FREE char *synopsis =
                        text_format("%s %s", table[i].name, table[i].operands);

                (void)text_appendf(&text, "  %-24s %s\n", synopsis ? synopsis : "",
                                   table[i].summary);
        }
        (void)text_append(&text, "\nOptions of every command:\n");
        arguments_append_help(&text, 0);
        (void)text_append(&text, conclusion);
        return print(&text);
}

static int print_command_help(const struct command *command) {
        CLEANUP(text_done) struct text text = { 0 };

        (void)text_appendf(&text, "Usage: sshguardctl %s%s%s%s\n\n%c%s.\n", command->name,
                           *command->operands ? " " : "", command->operands,
                           command->options ? " [OPTION]..." : "", command->summary[0] - 'a' + 'A',
                           command->summary + 1);
        (void)text_append(&text, command->details);
        if (command->options) {
                (void)text_append(&text, "\nOptions:\n");
                arguments_append_help(&text, command->options);
        }
        return print(&text);
}

static const struct command *find_command(const char *name) {
        const struct command *table;
        struct nearest nearest;
        size_t n;

        nearest_init(&nearest, name);
        table = commands(&n);
        for (size_t i = 0; i < n; i++) {
                if (strcmp(table[i].name, name) == 0)
                        return &table[i];
                nearest_offer(&nearest, table[i].name);
        }
        if (nearest.best)
                (void)client_complain("no such command: %s; did you mean %s?", name, nearest.best);
        else
                (void)client_complain("no such command: %s; `sshguardctl --help` lists them", name);
        return NULL;
}

/* The options that were given belong to the command, and it has the operands it needs. */
static int check_usage(const struct command *command, const struct arguments *arguments) {
        unsigned foreign = arguments->given & ~command->options;

        if (foreign)
                return client_complain(
                        "%s is no option of `%s`; see: sshguardctl %s --help",
                        arguments_option_name((enum argument_option)(foreign & -foreign)),
                        command->name, command->name);
        if (arguments->n_operands < command->n_min)
                return client_complain("`%s` needs %s; see: sshguardctl %s --help", command->name,
                                       command->operands, command->name);
        if (arguments->n_operands > command->n_max)
                return client_complain("`%s` does not take: %s", command->name,
                                       arguments->operands[command->n_max]);
        return CLIENT_FINE;
}

static void look_at_terminal(struct client *client) {
        const char *no_colour = getenv("NO_COLOR"), *terminal = getenv("TERM");
        struct winsize size;

        client->is_terminal = isatty(STDOUT_FILENO);
        if (!client->is_terminal)
                return;
        client->screen.has_colour =
                !(no_colour && *no_colour) && terminal && strcmp(terminal, "dumb") != 0;
        client->screen.width = 80;
        if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
                client->screen.width = size.ws_col;
}

static int run(const struct command *command, const struct arguments *arguments) {
        struct client client = { .arguments = arguments,
                                 .renderer = arguments->json ? &render_json : &render_text,
                                 .connection = { .fd = -1 } };
        int status, written;

        look_at_terminal(&client);
        client.screen.now_us = client_now_us();
        status = command->run(&client);
        written = client_flush(&client);
        connection_close(&client.connection);
        text_done(&client.screen.text);
        return written != CLIENT_FINE ? written : status;
}

int main(int argc, char **argv) {
        const struct command *command;
        struct arguments arguments;
        int status;

        if (arguments_parse(argc, argv, &arguments) < 0) {
                (void)fputs("Try 'sshguardctl --help'.\n", stderr);
                return CLIENT_ERROR;
        }
        if (arguments.version) {
                (void)puts("sshguardctl " SSHGUARDD_VERSION);
                return CLIENT_FINE;
        }
        if (arguments.command && strcmp(arguments.command, "help") == 0) {
                arguments.help = true;
                arguments.command = arguments.n_operands > 0 ? arguments.operands[0] : NULL;
        }
        if (arguments.help && !arguments.command)
                return print_help();
        command = find_command(arguments.command ? arguments.command : "status");
        if (!command)
                return CLIENT_ERROR;
        if (arguments.help)
                return print_command_help(command);
        status = check_usage(command, &arguments);
        return status == CLIENT_FINE ? run(command, &arguments) : status;
}
