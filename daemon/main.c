/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sshguardd: the daemon, and the offline tools beside it, as `sshd -t` stands beside sshd.
 *
 * This file knows the command line and nothing else; the daemon is daemon/guard's, every other mode
 * a function of daemon/offline. */

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guard/invocation.h"
#include "offline/modes.h"

static const char usage_text[] =
        "Usage: sshguardd [OPTION]...\n"
        "Keep the files that decide who can log in over ssh equal to a policy.\n"
        "Without a mode it runs in the foreground, as systemd starts it.\n"
        "\n"
        "Modes:\n"
        "      --check               evaluate once, change nothing; exit 0 holds, 1 findings, 2 "
        "cannot tell\n"
        "      --test-policy         load the policy, print the merged rules; exit 0 or 2\n"
        "      --dump-sshd           the effective sshd settings, as `sshd -T` prints them\n"
        "      --dump-pam SERVICE    the resolved PAM stack and what each facility can conclude\n"
        "      --dump-keys FILE      the entries of an authorized keys file as sshd understands "
        "them\n"
        "      --dump-access [USER]...  who can log in, with what and from where\n"
        "\n"
        "Options:\n"
        "      --config FILE         the configuration (default /etc/sshguardd/sshguardd.conf)\n"
        "      --root DIR            guard the tree DIR instead of the machine\n"
        "      --state DIR           where state is kept (default /var/lib/sshguardd)\n"
        "      --socket PATH         the control socket (default /run/sshguardd/control.sock)\n"
        "      --json                with --check: findings as JSON\n"
        "      --openssh RELEASE     read configurations as this release does (\"9.2\")\n"
        "  -f FILE                   with --dump-sshd: the main file (default "
        "/etc/ssh/sshd_config)\n"
        "  -o OPTION                 with --dump-sshd: as sshd's -o\n"
        "  -C SPEC                   with --dump-sshd and --dump-keys: the connection, as sshd's "
        "-C\n"
        "      --pam-dir DIR         with --dump-pam: stands for /etc/pam.d\n"
        "      --linux-pam RELEASE   with --dump-pam: read stacks as this release does "
        "(\"1.5.2\")\n"
        "      --run LIST            with --dump-pam: run auth, setcred, account, open_session,\n"
        "                            close_session, password in this order, stopping nowhere\n"
        "      --with RULE=CODE      with --run: FACILITY:FILE:LINE[#N]=CODE, what a module "
        "returns\n"
        "  -h, --help                show this help\n"
        "      --version             show the version\n"
        "\n"
        "The client is sshguardctl(1); the policy language is in sshguardd-policy(5).\n";

enum option_code {
        OPTION_CONFIG = 256,
        OPTION_ROOT,
        OPTION_STATE,
        OPTION_SOCKET,
        OPTION_CHECK,
        OPTION_JSON,
        OPTION_TEST_POLICY,
        OPTION_DUMP_SSHD,
        OPTION_DUMP_PAM,
        OPTION_DUMP_KEYS,
        OPTION_DUMP_ACCESS,
        OPTION_OPENSSH,
        OPTION_PAM_DIR,
        OPTION_LINUX_PAM,
        OPTION_RUN,
        OPTION_WITH,
        OPTION_VERSION,
};

static const struct option long_options[] = {
        { "config", required_argument, NULL, OPTION_CONFIG },
        { "root", required_argument, NULL, OPTION_ROOT },
        { "state", required_argument, NULL, OPTION_STATE },
        { "socket", required_argument, NULL, OPTION_SOCKET },
        { "check", no_argument, NULL, OPTION_CHECK },
        { "json", no_argument, NULL, OPTION_JSON },
        { "test-policy", no_argument, NULL, OPTION_TEST_POLICY },
        { "dump-sshd", no_argument, NULL, OPTION_DUMP_SSHD },
        { "dump-pam", required_argument, NULL, OPTION_DUMP_PAM },
        { "dump-keys", required_argument, NULL, OPTION_DUMP_KEYS },
        { "dump-access", no_argument, NULL, OPTION_DUMP_ACCESS },
        { "openssh", required_argument, NULL, OPTION_OPENSSH },
        { "pam-dir", required_argument, NULL, OPTION_PAM_DIR },
        { "linux-pam", required_argument, NULL, OPTION_LINUX_PAM },
        { "run", required_argument, NULL, OPTION_RUN },
        { "with", required_argument, NULL, OPTION_WITH },
        { "help", no_argument, NULL, 'h' },
        { "version", no_argument, NULL, OPTION_VERSION },
        { NULL, 0, NULL, 0 },
};

static int wrong_usage(const char *message) {
        if (message)
                (void)fprintf(stderr, "sshguardd: %s\n", message);
        (void)fputs("Try 'sshguardd --help'.\n", stderr);
        return EXIT_CANNOT_TELL;
}

static bool set_mode(struct invocation *invocation, invocation_mode_fn mode, const char *operand) {
        if (invocation->mode && invocation->mode != mode)
                return false;
        invocation->mode = mode;
        if (operand)
                invocation->operand = operand;
        return true;
}

/* Stores one option; false if it contradicts another. */
static bool apply_option(struct invocation *invocation, int code, const char *value) {
        switch (code) {
        case OPTION_CHECK:
                return set_mode(invocation, offline_check, NULL);
        case OPTION_TEST_POLICY:
                return set_mode(invocation, offline_test_policy, NULL);
        case OPTION_DUMP_SSHD:
                return set_mode(invocation, offline_dump_sshd, NULL);
        case OPTION_DUMP_PAM:
                return set_mode(invocation, offline_dump_pam, value);
        case OPTION_DUMP_KEYS:
                return set_mode(invocation, offline_dump_keys, value);
        case OPTION_DUMP_ACCESS:
                return set_mode(invocation, offline_dump_access, NULL);
        case OPTION_CONFIG:
                invocation->config_path = value;
                break;
        case OPTION_ROOT:
                invocation->root_path = value;
                break;
        case OPTION_STATE:
                invocation->state_path = value;
                break;
        case OPTION_SOCKET:
                invocation->socket_path = value;
                break;
        case OPTION_JSON:
                invocation->json = true;
                break;
        case OPTION_OPENSSH:
                invocation->release = value;
                break;
        case OPTION_PAM_DIR:
                invocation->pam_dir = value;
                break;
        case OPTION_LINUX_PAM:
                invocation->pam_release = value;
                break;
        case OPTION_RUN:
                invocation->run = value;
                break;
        case OPTION_WITH:
                invocation->withs[invocation->n_withs++] = value;
                break;
        case 'f':
                invocation->sshd_config = value;
                break;
        case 'o':
                invocation->overrides[invocation->n_overrides++] = value;
                break;
        case 'C':
                invocation->overrides_before[invocation->n_specs] = invocation->n_overrides;
                invocation->specs[invocation->n_specs++] = value;
                break;
        default:
                return false;
        }
        return true;
}

static int run(struct invocation *invocation, int argc, char **argv) {
        int code;

        while ((code = getopt_long(argc, argv, "hf:o:C:", long_options, NULL)) != -1) {
                if (code == 'h' || code == OPTION_VERSION) {
                        if (code == 'h')
                                (void)fputs(usage_text, stdout);
                        else
                                (void)puts("sshguardd " SSHGUARDD_VERSION);
                        return EXIT_SUCCESS;
                }
                if (code == '?' || !apply_option(invocation, code, optarg))
                        return wrong_usage(code == '?' ? NULL : "only one mode can be asked for");
        }
        invocation->operands = argv + optind;
        invocation->n_operands = (size_t)(argc - optind);
        if (optind < argc && invocation->mode != offline_dump_access)
                return wrong_usage("only --dump-access takes operands");
        return invocation->mode ? invocation->mode(invocation) : guard_daemon(invocation);
}

int main(int argc, char **argv) {
        /* no option can occur more often than there are words */
        const char **words = calloc(3 * (size_t)argc, sizeof *words);
        size_t *counts = calloc((size_t)argc, sizeof *counts);
        struct invocation invocation = { .config_path = "/etc/sshguardd/sshguardd.conf",
                                         .state_path = "/var/lib/sshguardd",
                                         .socket_path = "/run/sshguardd/control.sock" };
        int status = EXIT_CANNOT_TELL;

        if (words && counts) {
                invocation.overrides = words;
                invocation.specs = words + argc;
                invocation.withs = words + 2 * argc;
                invocation.overrides_before = counts;
                status = run(&invocation, argc, argv);
        } else {
                (void)fputs("sshguardd: out of memory\n", stderr);
        }
        free(words);
        free(counts);
        return status;
}
