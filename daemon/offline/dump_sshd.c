/* SPDX-License-Identifier: GPL-3.0-or-later */
/* --dump-sshd: what `sshd -T` of the installed release prints, errors and exit status included.
 *
 * Two things sshd does here are left out, since they are no part of its configuration: it loads
 * host keys, and it looks whether files that settings name exist. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "guard/invocation.h"
#include "offline/modes.h"
#include "os/accounts.h"
#include "os/root.h"
#include "sshd/config.h"
#include "sshd/dump.h"
#include "sshd/effective.h"
#include "world/sshd_tree.h"
#include "world/view.h"

static const char default_config[] = "/etc/ssh/sshd_config";

DEFINE_CLEANUP(cleanup_view, struct view, view_free)
DEFINE_CLEANUP(cleanup_config, struct sshd_config, sshd_config_free)
DEFINE_CLEANUP(cleanup_effective, struct sshd_effective, sshd_effective_free)
DEFINE_CLEANUP(cleanup_refusal, struct sshd_refusal, sshd_refusal_free)

static int complain(const char *what, int error) {
        (void)fprintf(stderr, "sshguardd: %s: %s\n", what, strerror(-error));
        return EXIT_CANNOT_TELL;
}

static int print_refusal(const struct sshd_refusal *refusal) {
        (void)fputs(refusal->message, stderr);
        return refusal->exit_status;
}

/* What -V of the installed sshd says, or --openssh. */
static int find_release(const struct invocation *invocation, const struct os_root *root,
                        struct sshd_release *ret) {
        int r;

        if (invocation->release) {
                if (sshd_release_parse(invocation->release, ret))
                        return 0;
                (void)fprintf(stderr, "sshguardd: '%s' is no release of OpenSSH\n",
                              invocation->release);
                return -EINVAL;
        }
        r = sshd_tree_release(root, ret);
        if (r != -ENOENT)
                return r;
        (void)fprintf(stderr, "sshguardd: no sshd is installed here; reading as %s does\n",
                      ret->version);
        return 0;
}

/* All that the steps share. */
struct dump {
        const struct invocation *invocation;
        struct os_root root;
        struct sshd_release release;
        struct view *view;
        struct sshd_environment environment;
        struct sshd_connection connection;
        struct accounts accounts;
};

static void dump_done(struct dump *dump) {
        view_free(dump->view);
        sshd_connection_done(&dump->connection);
        accounts_done(&dump->accounts);
        os_root_close(&dump->root);
}

static int load(const struct dump *dump, const char *path, size_t n_overrides,
                struct sshd_config **ret) {
        const struct sshd_source source = {
                .release = dump->release,
                .path = path,
                .cwd = "/",
                .overrides = dump->invocation->overrides,
                .n_overrides = n_overrides,
                .accounts = &dump->accounts,
        };

        return sshd_config_load(&source, &dump->environment, ret);
}

/* sshd has read the -o in front of a bad -C when it comes to that, and no file. Returns 0, or an
 * exit status with the complaint written. */
static int parse_specs(struct dump *dump) {
        const struct invocation *invocation = dump->invocation;

        for (size_t i = 0; i < invocation->n_specs; i++) {
                CLEANUP(cleanup_config) struct sshd_config *overrides = NULL;
                CLEANUP_FREE char *message = NULL;
                int r = sshd_connection_parse_named(&dump->connection, invocation->specs[i],
                                                    &dump->release, &dump->environment, &message);

                if (r == 0)
                        continue;
                if (r == -EINVAL)
                        r = os_accounts_load(&dump->root, NULL, 0, &dump->accounts);
                if (r == 0)
                        r = load(dump, NULL, invocation->overrides_before[i], &overrides);
                if (r < 0)
                        return complain("-C", r);
                if (sshd_config_refusal(overrides))
                        return print_refusal(sshd_config_refusal(overrides));
                (void)fprintf(stderr, "%s%s\n", sshd_config_messages(overrides), message);
                return EXIT_FINDINGS;
        }
        return 0;
}

static int print(const struct dump *dump, const struct sshd_config *config) {
        CLEANUP(cleanup_effective) struct sshd_effective *effective = NULL;
        CLEANUP(cleanup_refusal) struct sshd_refusal *refusal = NULL;
        CLEANUP(text_done) struct text text = { 0 };
        int r;

        (void)fputs(sshd_config_messages(config), stderr);
        r = sshd_effective_new(config, &dump->connection, &dump->accounts, &effective, &refusal);
        if (r == -EINVAL)
                return print_refusal(refusal);
        if (r == 0)
                r = sshd_effective_format(effective, &text);
        if (r < 0)
                return complain("cannot evaluate the configuration", r);
        (void)fputs(sshd_effective_messages(effective), stderr);
        (void)fwrite(text_get(&text), 1, text.n, stdout);
        return EXIT_HOLDS;
}

static int load_and_print(struct dump *dump) {
        CLEANUP(cleanup_config) struct sshd_config *config = NULL;
        const char *path =
                dump->invocation->sshd_config ? dump->invocation->sshd_config : default_config;
        const char *const extra[] = { dump->connection.user };
        int r;

        r = os_accounts_load(&dump->root, extra, dump->connection.user ? 1 : 0, &dump->accounts);
        if (r < 0)
                return complain("cannot read the accounts", r);
        r = load(dump, path, dump->invocation->n_overrides, &config);
        if (r < 0)
                return complain(path, r);
        if (sshd_config_refusal(config))
                return print_refusal(sshd_config_refusal(config));
        return print(dump, config);
}

int offline_dump_sshd(const struct invocation *invocation) {
        const char *root_path = invocation->root_path ? invocation->root_path : "/";
        CLEANUP(dump_done) struct dump dump = { .invocation = invocation, .root.fd = -1 };
        int r;

        sshd_connection_init(&dump.connection);
        r = os_root_open(root_path, &dump.root);
        if (r < 0)
                return complain(root_path, r);
        r = find_release(invocation, &dump.root, &dump.release);
        if (r == -EINVAL)
                return EXIT_CANNOT_TELL;
        if (r == 0)
                r = view_new(&dump.root, &dump.view);
        if (r < 0)
                return complain("cannot look at the tree", r);
        view_sshd_environment(dump.view, &dump.environment);
        r = parse_specs(&dump);
        return r == 0 ? load_and_print(&dump) : r;
}
