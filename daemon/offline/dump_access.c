/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sshguardd --dump-access [USER]...: who can log in over ssh, with what, from where.
 *
 * One line per account and kind of connection, of those who get in or of whom it cannot be told;
 * the rest are counted. With names, each account is shown with the keys that were looked at. With
 * -C that one connection is judged (its user= is the account, unless names are given). --json has
 * all of it. Exit status: 0, 1 if something cannot be told, 2 if nothing can. */

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "access/login.h"
#include "base/cleanup.h"
#include "base/escape.h"
#include "base/text.h"
#include "control/describe.h"
#include "guard/invocation.h"
#include "offline/modes.h"
#include "world/access_tree.h"

struct dump {
        const struct invocation *invocation;
        struct world world;
        struct access_tree tree;
        struct access_machine machine;
        struct sshd_connection connection;
        json_t *accounts; /* with --json */
        struct text text;
        size_t n_shut_out;
        bool cannot_tell;
};

static void dump_done(struct dump *dump) {
        json_decref(dump->accounts);
        text_done(&dump->text);
        sshd_connection_done(&dump->connection);
        access_tree_close(&dump->tree);
        world_done(&dump->world);
}

static int complain(const char *what, int error) {
        (void)fprintf(stderr, "sshguardd: %s: %s\n", what, strerror(-error));
        return EXIT_CANNOT_TELL;
}

/* ---- text ---- */

static void put_ways(const struct access_login *login, struct text *text) {
        for (size_t i = 0; i < login->ways.n_items; i++) {
                const struct access_way *way = &login->ways.items[i];
                char factors[ACCESS_FACTORS_TEXT_MAX];

                (void)text_appendf(text, "%s%s%s", i > 0 ? ", " : "",
                                   access_factors_format(way->factors, factors),
                                   way->answer == ACCESS_CANNOT_TELL ? "?" : "");
        }
}

static void put_keys(const struct access_login *login, struct text *text) {
        for (size_t i = 0; i < login->n_keys; i++) {
                const struct access_key *key = &login->keys[i];
                CLEANUP_FREE char *path = escape_string(key->path);
                CLEANUP_FREE char *refusal = key->refusal ? escape_string(key->refusal) : NULL;

                (void)text_appendf(text, "    %s", path ? path : "?");
                if (key->line > 0)
                        (void)text_appendf(text, ":%u %s%s", key->line,
                                           key->is_authority ? "authority " : "", key->description);
                if (key->restrictions[0])
                        (void)text_appendf(text, " %s", key->restrictions);
                (void)text_appendf(text, ": %s\n", refusal ? refusal : "opens");
        }
}

static void put_login(struct dump *dump, const struct access_logins *logins,
                      const struct access_login *login) {
        CLEANUP(text_done) struct text with = { 0 };
        CLEANUP_FREE char *from = access_logins_where(logins, (size_t)(login - logins->items));
        CLEANUP_FREE char *name = escape_string(login->account->name);
        bool is_detailed = dump->invocation->n_operands > 0;

        put_ways(login, &with);
        (void)text_appendf(&dump->text, "%-16s %-12s %-28s %-8s %s\n", name ? name : "?",
                           access_answer_name(login->answer),
                           login->ways.n_items > 0 ? text_get(&with) : "-",
                           login->answer == ACCESS_NO ? "-" : access_session_name(login->session),
                           from ? from : "?");
        if (login->refusal)
                (void)text_appendf(&dump->text, "    refused: %s\n", login->refusal);
        for (size_t i = 0; i < login->ways.n_items; i++)
                if (login->ways.items[i].reason)
                        (void)text_appendf(&dump->text, "    %s?: %s\n",
                                           login->ways.items[i].methods,
                                           login->ways.items[i].reason);
        if (login->command)
                (void)text_appendf(&dump->text, "    runs: %s\n", login->command);
        if (is_detailed)
                put_keys(login, &dump->text);
}

/* ---- JSON ---- */

static int add_json(struct dump *dump, const struct account *account,
                    const struct access_logins *logins) {
        return json_array_append_new(dump->accounts, describe_access(account, logins, true)) == 0
                       ? 0
                       : -ENOMEM;
}

/* ---- accounts ---- */

static int judge_account(struct dump *dump, const struct account *account,
                         struct access_logins *ret) {
        struct sshd_connection connection = dump->connection;
        int r;

        if (dump->invocation->n_specs == 0)
                return access_logins_judge(&dump->machine, account, ret);
        connection.user = account->name;
        *ret = (struct access_logins){ .items = calloc(1, sizeof *ret->items),
                                       .is_complete = true,
                                       .is_one = true };
        if (!ret->items)
                return -ENOMEM;
        r = access_login_judge(&dump->machine, &connection, &ret->items[0]);
        ret->n_items = r == 0;
        return r;
}

static int dump_account(struct dump *dump, const struct account *account) {
        CLEANUP(access_logins_done) struct access_logins logins = { 0 };
        bool has_shown = false;
        int r = judge_account(dump, account, &logins);

        if (r < 0)
                return r;
        dump->cannot_tell |= !logins.is_complete;
        for (size_t i = 0; i < logins.n_items; i++)
                dump->cannot_tell |= logins.items[i].answer == ACCESS_CANNOT_TELL;
        if (dump->accounts)
                return add_json(dump, account, &logins);
        for (size_t i = 0; i < logins.n_items; i++) {
                if (dump->invocation->n_operands == 0 && logins.items[i].answer == ACCESS_NO)
                        continue;
                put_login(dump, &logins, &logins.items[i]);
                has_shown = true;
        }
        dump->n_shut_out += !has_shown;
        return text_error(&dump->text);
}

static int dump_named(struct dump *dump, const char *name) {
        const struct account *account = accounts_find(&dump->world.accounts, name);
        CLEANUP_FREE char *escaped = escape_string(name);

        if (account)
                return dump_account(dump, account);
        (void)fprintf(stderr, "sshguardd: there is no account %s\n", escaped ? escaped : "?");
        return -ENOENT;
}

static int dump_accounts(struct dump *dump) {
        const struct invocation *invocation = dump->invocation;
        int r = 0;

        if (invocation->n_operands > 0) {
                for (size_t i = 0; i < invocation->n_operands && r == 0; i++)
                        r = dump_named(dump, invocation->operands[i]);
                return r;
        }
        if (dump->connection.user)
                return dump_named(dump, dump->connection.user);
        for (size_t i = 0; i < dump->world.accounts.n_items && r == 0; i++)
                r = dump_account(dump, &dump->world.accounts.items[i]);
        return r;
}

static int print(struct dump *dump) {
        if (dump->accounts) {
                json_t *object = json_pack("{s:O}", "accounts", dump->accounts);
                int r = object && json_dumpf(object, stdout, JSON_INDENT(2)) == 0 ? 0 : -ENOMEM;

                (void)fputc('\n', stdout);
                json_decref(object);
                return r;
        }
        (void)fwrite(text_get(&dump->text), 1, dump->text.n, stdout);
        if (dump->invocation->n_operands == 0 && dump->n_shut_out > 0)
                (void)printf("%zu %s no way in\n", dump->n_shut_out,
                             dump->n_shut_out == 1 ? "account has" : "accounts have");
        return fflush(stdout) == 0 ? 0 : -EIO;
}

static int parse_specs(struct dump *dump) {
        const struct invocation *invocation = dump->invocation;

        for (size_t i = 0; i < invocation->n_specs; i++) {
                CLEANUP_FREE char *message = NULL;
                int r = sshd_connection_parse(&dump->connection, invocation->specs[i],
                                              &dump->world.release, &message);

                if (r == -EINVAL)
                        (void)fprintf(stderr, "sshguardd: %s\n", message);
                if (r < 0)
                        return r;
        }
        if (invocation->n_specs > 0 && !dump->connection.addr) {
                (void)fprintf(stderr, "sshguardd: -C: say from where: addr=ADDRESS\n");
                return -EINVAL;
        }
        return 0;
}

static int load_world(struct dump *dump) {
        struct world *world = &dump->world;
        int r = world_load_accounts(world);

        return r < 0 ? r : world_load_config(world);
}

int offline_dump_access(const struct invocation *invocation) {
        CLEANUP(dump_done) struct dump dump = { .invocation = invocation, .world.root.fd = -1 };
        const char *root = invocation->root_path ? invocation->root_path : "/";
        const struct sshd_refusal *refusal;
        int r = world_init(&dump.world, invocation->root_path, invocation->config_path,
                           invocation->release);

        if (r < 0)
                return complain(root, r);
        sshd_connection_init(&dump.connection);
        if (parse_specs(&dump) < 0)
                return EXIT_CANNOT_TELL;
        r = load_world(&dump);
        if (r < 0)
                return complain(root, r);
        refusal = sshd_config_refusal(dump.world.config);
        if (refusal) {
                (void)fprintf(stderr, "sshguardd: sshd would not start:\n%s", refusal->message);
                return EXIT_CANNOT_TELL;
        }
        r = access_tree_open(&dump.world, dump.world.view, &dump.tree);
        if (r < 0)
                return complain(root, r);
        dump.machine = access_tree_machine(&dump.tree);
        dump.accounts = invocation->json ? json_array() : NULL;
        r = dump_accounts(&dump);
        if (r == 0)
                r = print(&dump);
        if (r < 0)
                return r == -ENOENT ? EXIT_CANNOT_TELL : complain("cannot judge", r);
        return dump.cannot_tell ? EXIT_FINDINGS : EXIT_HOLDS;
}
