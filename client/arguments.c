/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Options come before or after the command, as people type them. The table below is what getopt is
 * told, what help prints, and what the completions and the manual are tested against. */

#include "arguments.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

struct row {
        unsigned option; /* enum argument_option; 0: every command takes it */
        char letter;     /* 0: none */
        const char *name;
        const char *value; /* NULL: a flag */
        size_t offset;
        const char *help;
};

#define AT(member) offsetof(struct arguments, member)

static const struct row rows[] = {
        { 0, 'h', "help", NULL, AT(help), "show help; after a command, the command's" },
        { 0, 0, "version", NULL, AT(version), "show the version" },
        { 0, 'j', "json", NULL, AT(json), "JSON, in the shapes of org.sshguardd.Control(7)" },
        { 0, 'q', "quiet", NULL, AT(quiet), "print errors only; the exit status tells" },
        { 0, 0, "no-pager", NULL, AT(no_pager), "do not pipe long output into a pager" },
        { 0, 0, "socket", "PATH", AT(socket_path), "instead of /run/sshguardd/control.sock" },
        { OPTION_SINCE, 'S', "since", "TIME", AT(since),
          "not older: \"2026-11-20 15:00\", \"yesterday\", \"-2h\"" },
        { OPTION_UNTIL, 'U', "until", "TIME", AT(until), "not younger, written as for --since" },
        { OPTION_PATH, 0, "path", "PATH", AT(path), "of this path only" },
        { OPTION_RULE, 0, "rule", "RULE", AT(rule), "of this rule only" },
        { OPTION_USER, 0, "user", "NAME", AT(user), "of this user's files and connections only" },
        { OPTION_SEVERITY, 0, "severity", "LEVEL", AT(severity),
          "this or graver: info, low, medium, high, critical" },
        { OPTION_LIMIT, 'n', "limit", "N", AT(limit), "at most N (default 50)" },
        { OPTION_SHA256, 0, "sha256", "DIGEST", AT(sha256),
          "of what you reviewed, or \"absent\"; see `diff`" },
        { OPTION_ALL, 0, "all", NULL, AT(all), "all that waits to be approved, one by one" },
        { OPTION_YES, 'y', "yes", NULL, AT(yes), "do not ask" },
        { OPTION_REASON, 'r', "reason", "TEXT", AT(reason), "why; it is kept with the decision" },
        { OPTION_EXCEPTION, 0, "exception", "RULE", AT(exception),
          "although it breaks RULE; with --for and --reason" },
        { OPTION_FOR, 0, "for", "TIME", AT(span), "how long: 30min, 2h, 1d" },
        { OPTION_USES, 0, "uses", "N", AT(uses), "allow N changes (default: any number)" },
        { OPTION_FROM, 0, "from", "WHAT", AT(from),
          "edit: take this content; access: from this address" },
        { OPTION_CONFIRM, 0, "confirm", "TIME", AT(confirm),
          "undo it then, unless a new login confirms it" },
        { OPTION_UNDO, 0, "undo", NULL, AT(undo), "take the edit back instead, at once" },
        { OPTION_REVOKE, 0, "revoke", "ID", AT(revoke), "end a permit" },
};

const char *arguments_option_name(enum argument_option option) {
        static const char *const names[] = {
                "--since", "--path",   "--rule",      "--severity", "--limit", "--sha256",
                "--yes",   "--reason", "--exception", "--for",      "--uses",  "--revoke",
                "--from",  "--user",   "--all",       "--confirm",  "--undo",  "--until",
        };

        for (size_t i = 0; i < N_ELEMENTS(names); i++)
                if (1U << i == (unsigned)option)
                        return names[i];
        return "?";
}

static void set(struct arguments *arguments, const struct row *row, const char *value) {
        char *place = (char *)arguments + row->offset;

        if (row->value)
                memcpy(place, &value, sizeof value);
        else
                *(bool *)(void *)place = true;
        arguments->given |= row->option;
}

int arguments_parse(int argc, char **argv, struct arguments *ret) {
        struct option options[N_ELEMENTS(rows) + 1] = { 0 };
        char letters[2 * N_ELEMENTS(rows) + 1] = "";
        int code;

        *ret = (struct arguments){ .socket_path = "/run/sshguardd/control.sock" };
        for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
                const char letter[] = { rows[i].letter, rows[i].value ? ':' : '\0', '\0' };

                options[i] =
                        (struct option){ .name = rows[i].name,
                                         .has_arg = rows[i].value ? required_argument : no_argument,
                                         .val = 256 + (int)i };
                if (rows[i].letter)
                        (void)strncat(letters, letter, 2);
        }
        while ((code = getopt_long(argc, argv, letters, options, NULL)) != -1) {
                const struct row *row = NULL;

                if (code == '?')
                        return -EINVAL;
                for (size_t i = 0; i < N_ELEMENTS(rows) && !row; i++)
                        if (code == 256 + (int)i || code == rows[i].letter)
                                row = &rows[i];
                set(ret, row, optarg);
        }
        if (optind < argc)
                ret->command = argv[optind++];
        ret->operands = argv + optind;
        ret->n_operands = (size_t)(argc - optind);
        return 0;
}

void arguments_append_help(struct text *text, unsigned mask) {
        for (size_t i = 0; i < N_ELEMENTS(rows); i++) {
                CLEANUP_FREE char *spelled = NULL;
                const struct row *row = &rows[i];
                char letter[] = { row->letter ? '-' : ' ', row->letter ? row->letter : ' ',
                                  row->letter ? ',' : ' ', '\0' };

                if (mask == 0 ? row->option != 0 : (row->option & mask) == 0)
                        continue;
                spelled = text_format("%s --%s%s%s", letter, row->name, row->value ? " " : "",
                                      row->value ? row->value : "");
                (void)text_appendf(text, "  %-24s %s\n", spelled ? spelled : "", row->help);
        }
}
