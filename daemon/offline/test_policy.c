/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `sshguardd --test-policy`: loads the policy as the daemon would, says everything that is wrong
 * with it, or prints the merged rules in full. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "guard/invocation.h"
#include "guard/policy_load.h"
#include "offline/modes.h"
#include "os/root.h"
#include "policy/parse.h"
#include "world/sshd_tree.h"

DEFINE_CLEANUP(cleanup_policy, struct policy, policy_free)

static int print_policy(const struct policy *policy) {
        CLEANUP(text_done) struct text text = { 0 };
        int r = policy_format(policy, &text);

        if (r < 0)
                return r;
        if (fwrite(text_get(&text), 1, text.n, stdout) != text.n || fflush(stdout) != 0)
                return -EIO;
        return 0;
}

static void print_diagnostics(const struct diagnostics *diagnostics) {
        CLEANUP(text_done) struct text text = { 0 };

        if (diagnostics_format(diagnostics, &text) == 0)
                (void)fputs(text_get(&text), stderr);
}

static int test_policy(const struct invocation *invocation, struct diagnostics *diagnostics) {
        CLEANUP(os_root_close) struct os_root root = { .fd = -1 };
        CLEANUP(cleanup_policy) struct policy *policy = NULL;
        struct sshd_release release;
        int r;

        r = os_root_open(invocation->root_path ? invocation->root_path : "/", &root);
        if (r < 0)
                return r;
        if (!invocation->release)
                (void)sshd_tree_release(&root,
                                        &release); /* the newest known one if there is none */
        else if (!sshd_release_parse(invocation->release, &release))
                return diagnostics_add(diagnostics, "--openssh", 0, 0, "\"%s\" is no release",
                                       invocation->release);
        r = policy_load(&root, invocation->config_path, &release, &policy, diagnostics);
        return r < 0 ? r : print_policy(policy);
}

int offline_test_policy(const struct invocation *invocation) {
        CLEANUP(diagnostics_done) struct diagnostics diagnostics = { 0 };
        int r = test_policy(invocation, &diagnostics);

        print_diagnostics(&diagnostics);
        if (r < 0 && diagnostics.n_items == 0)
                (void)fprintf(stderr, "sshguardd: %s: %s\n", invocation->config_path, strerror(-r));
        return r == 0 && diagnostics.n_items == 0 ? EXIT_HOLDS : EXIT_CANNOT_TELL;
}
