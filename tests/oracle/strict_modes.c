/* SPDX-License-Identifier: GPL-3.0-or-later */
/* strict_modes_refuse() as a filter, for tests/oracle/keys to hold against the real sshd.
 *
 * Arguments: passwd, group, the account's uid, its home. Each line of standard input is a chain,
 * from the file upwards, of PATH:MODE:UID:GID apart by blanks; the answer is the path that is
 * refused, or "trusted". */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "keys/strict_modes.h"

enum { CHAIN_MAX = 16, MEMBERS_MAX = 8 };

static int read_file(const char *path, struct text *text) {
        FILE *file = fopen(path, "re");
        char buffer[4096];
        size_t n;

        if (!file)
                return -1;
        while ((n = fread(buffer, 1, sizeof buffer, file)) > 0)
                (void)text_append_n(text, buffer, n);
        (void)fclose(file);
        return text_error(text);
}

/* Finds NAME:PASSWORD:GID:MEMBERS in the text of group(5). */
static bool find_group(void *userdata, uint32_t gid, struct strict_modes_group *ret) {
        static char line[1024];
        static const char *members[MEMBERS_MAX];
        const char *text = userdata;

        for (; text && *text; text = strchr(text, '\n'), text = text ? text + 1 : NULL) {
                char *rest = line, *field = NULL, *member;
                size_t n = 0;

                (void)snprintf(line, sizeof line, "%.*s", (int)strcspn(text, "\n"), text);
                for (int i = 0; i < 3; i++)
                        field = strsep(&rest, ":");
                if (!field || !rest || strtoul(field, NULL, 10) != gid)
                        continue;
                while (n < MEMBERS_MAX && (member = strsep(&rest, ",")))
                        if (*member)
                                members[n++] = member;
                *ret = (struct strict_modes_group){ members, n };
                return true;
        }
        return false;
}

static uint32_t take_number(char **text, int base) {
        const char *word = strsep(text, ":");

        return word ? (uint32_t)strtoul(word, NULL, base) : 0;
}

static size_t parse_chain(char *line, struct strict_modes_path chain[CHAIN_MAX]) {
        size_t n = 0;
        char *word;

        while (n < CHAIN_MAX && (word = strsep(&line, " \n"))) {
                if (!*word)
                        continue;
                chain[n].path = strsep(&word, ":");
                chain[n].mode = take_number(&word, 8);
                chain[n].uid = take_number(&word, 10);
                chain[n++].gid = take_number(&word, 10);
        }
        return n;
}

int main(int argc, char **argv) {
        static const struct keys_release release = { 902, true };
        CLEANUP(text_done) struct text passwd = { 0 };
        CLEANUP(text_done) struct text group = { 0 };
        CLEANUP(accounts_done) struct accounts accounts = { 0 };
        CLEANUP_FREE char *line = NULL;
        size_t n_line = 0;

        if (argc != 5 || read_file(argv[1], &passwd) < 0 || read_file(argv[2], &group) < 0 ||
            accounts_parse(passwd.data, passwd.n, group.data, group.n, &accounts) < 0)
                return EXIT_FAILURE;
        while (getline(&line, &n_line, stdin) != -1) {
                struct strict_modes_path chain[CHAIN_MAX];
                const struct strict_modes_path *refused;
                struct strict_modes_question question = {
                        .uid = (uint32_t)strtoul(argv[3], NULL, 10),
                        .chain = chain,
                        .n_chain = parse_chain(line, chain),
                        .home = argv[4],
                        .accounts = &accounts,
                        .group = find_group,
                        .userdata = group.data,
                };

                refused = strict_modes_refuse(&question, &release);
                (void)puts(refused ? refused->path : "trusted");
        }
        return EXIT_SUCCESS;
}
