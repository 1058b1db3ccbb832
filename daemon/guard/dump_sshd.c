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
#include "guard/sshd_tree.h"
#include "guard/view.h"
#include "os/accounts.h"
#include "os/root.h"
#include "sshd/config.h"
#include "sshd/dump.h"
#include "sshd/effective.h"

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

/* Returns 0, or an exit status with the complaint written. */
static int parse_specs(const struct invocation *invocation, const struct sshd_release *release,
                       struct sshd_connection *connection) {
        for (size_t i = 0; i < invocation->n_specs; i++) {
                CLEANUP_FREE char *message = NULL;
                int r = sshd_connection_parse(connection, invocation->specs[i], release, &message);

                if (r == -EINVAL) {
                        (void)fprintf(stderr, "%s\n", message);
                        return EXIT_FINDINGS;
                }
                if (r < 0)
                        return complain("-C", r);
        }
        return 0;
}

static int dump(const struct sshd_config *config, const struct sshd_connection *connection,
                const struct accounts *accounts) {
        CLEANUP(cleanup_effective) struct sshd_effective *effective = NULL;
        CLEANUP(cleanup_refusal) struct sshd_refusal *refusal = NULL;
        CLEANUP(text_done) struct text text = { 0 };
        int r;

        (void)fputs(sshd_config_messages(config), stderr);
        r = sshd_effective_new(config, connection, accounts, &effective, &refusal);
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

static int load_and_dump(const struct invocation *invocation, const struct os_root *root,
                         const struct sshd_release *release,
                         const struct sshd_connection *connection) {
        CLEANUP(cleanup_view) struct view *view = NULL;
        CLEANUP(cleanup_config) struct sshd_config *config = NULL;
        CLEANUP(accounts_done) struct accounts accounts = { 0 };
        const char *const extra[] = { connection->user };
        struct sshd_environment environment = { 0 };
        struct sshd_source source = {
                .release = *release,
                .path = invocation->sshd_config ? invocation->sshd_config : default_config,
                .cwd = "/",
                .overrides = invocation->overrides,
                .n_overrides = invocation->n_overrides,
                .accounts = &accounts,
        };
        int r;

        r = os_accounts_load(root, extra, connection->user ? 1 : 0, &accounts);
        if (r < 0)
                return complain("cannot read the accounts", r);
        r = view_new(root, &view);
        if (r == 0) {
                view_sshd_environment(view, &environment);
                r = sshd_config_load(&source, &environment, &config);
        }
        if (r < 0)
                return complain(source.path, r);
        if (sshd_config_refusal(config))
                return print_refusal(sshd_config_refusal(config));
        return dump(config, connection, &accounts);
}

int guard_dump_sshd(const struct invocation *invocation) {
        CLEANUP(sshd_connection_done) struct sshd_connection connection;
        struct sshd_release release;
        struct os_root root;
        int r;

        sshd_connection_init(&connection);
        r = os_root_open(invocation->root_path ? invocation->root_path : "/", &root);
        if (r < 0)
                return complain(invocation->root_path, r);
        r = find_release(invocation, &root, &release);
        if (r < 0) {
                os_root_close(&root);
                return r == -EINVAL ? EXIT_CANNOT_TELL : complain("cannot find the release", r);
        }
        r = parse_specs(invocation, &release, &connection);
        if (r == 0)
                r = load_and_dump(invocation, &root, &release, &connection);
        os_root_close(&root);
        return r;
}
