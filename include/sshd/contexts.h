/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* For which connections can a setting differ? The answer sshd itself cannot give.
 *
 * For one keyword: a set of connections such that every value the keyword can take for any possible
 * connection is taken by one of them, and every one of them is a possible connection. */

#include <stdbool.h>
#include <stddef.h>

#include "base/account.h"
#include "sshd/config.h"
#include "sshd/effective.h"

enum {
        SSHD_CONTEXTS_MAX = 4096, /* per keyword; beyond it the answer is "cannot exclude" */
};

/* A rule's `when`: Match pattern lists that restrict the connections asked about; NULL: any. */
struct sshd_when {
        const char *user;    /* user names */
        const char *group;   /* group names, as Match group */
        const char *address; /* as Match address */
        const char *lport;   /* comma separated ports */
        const char *shell;   /* glob on the login shell */
};

struct sshd_contexts {
        struct sshd_connection *items;
        size_t n_items;
        bool complete;       /* false: the bound was reached; values beyond these may exist */
        bool lacks_accounts; /* a Match Group holds for none of the accounts, and those are not all
                                there are: values beyond these may exist */
};

/* USERS besides ACCOUNTS: "nobody we know" is always considered (a user name that is not in
 * ACCOUNTS and hits as few patterns as possible, and, where a pattern could be hit by an unknown
 * name, one that does). Returns 0, -ENOMEM, or -EINVAL if the keyword or a pattern of WHEN is none.
 */
int sshd_contexts_new(const struct sshd_config *config, const char *keyword,
                      const struct accounts *accounts, const struct sshd_when *when,
                      struct sshd_contexts *ret);

/* Which of the contexts are wanted. */
struct sshd_choice {
        void *userdata;
        /* Is a context of interest in which the keyword is SETTING? 1, 0 or -errno. Losers and
         * joined lines are not filled in. */
        int (*is_wanted)(void *userdata, const struct sshd_setting *setting);
        /* The elements of a list that adds up are judged one by one: SETTING is what one Match
         * block says, and contexts in which that block is in force are enough. */
        bool by_line;
};

/* As above, but connections are only looked for where a value is wanted: what nobody asks about
 * costs no search, and cannot make the answer incomplete. CHOICE NULL: all are wanted. */
int sshd_contexts_find(const struct sshd_config *config, const char *keyword,
                       const struct accounts *accounts, const struct sshd_when *when,
                       const struct sshd_choice *choice, struct sshd_contexts *ret);
void sshd_contexts_done(struct sshd_contexts *contexts);

/* True if a Match block sets the keyword, so that its value can differ between connections. */
bool sshd_keyword_is_conditional(const struct sshd_config *config, const char *keyword);
