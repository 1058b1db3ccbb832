/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the command line asks for. main parses it, the daemon (guard) or an offline mode carries it
 * out. */

#include <stdbool.h>
#include <stddef.h>

struct invocation;

enum { /* exit statuses of every mode but the daemon itself */
       EXIT_HOLDS = 0,
       EXIT_FINDINGS = 1,
       EXIT_CANNOT_TELL = 2, /* also: wrong usage */
};

typedef int (*invocation_mode_fn)(const struct invocation *invocation);

struct invocation {
        invocation_mode_fn mode;
        const char *config_path; /* --config */
        const char *root_path;   /* --root, NULL: the system */
        const char *state_path;  /* --state */
        const char *socket_path; /* --socket */
        bool json;               /* --json */
        const char *release;     /* --openssh 9.2, NULL: the installed sshd's */
        const char *operand;     /* SERVICE of --dump-pam, FILE of --dump-keys */
        char **operands;         /* USERs of --dump-access */
        size_t n_operands;
        const char *sshd_config; /* -f, NULL: /etc/ssh/sshd_config */
        const char **overrides;  /* -o, in order */
        size_t n_overrides;
        const char **specs; /* -C, in order */
        size_t n_specs;
        size_t *overrides_before; /* of each of specs: how many -o stood in front of it */
        const char *pam_dir;      /* --pam-dir */
        const char *pam_release;  /* --linux-pam 1.5.2, NULL: the installed libpam's */
        const char *run;          /* --run auth,setcred */
        const char **withs;       /* --with, in order */
        size_t n_withs;
};

/* The daemon itself. Returns an exit status. */
int guard_daemon(const struct invocation *invocation);
