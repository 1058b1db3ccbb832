/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sshd opens an account's files with temporarily_use_uid(), and StrictModes looks at the real path
 * (realpath(3)) of the file and of the home, each element with stat(2). Both are asked for here
 * with the account's own rights, through os/looker, so that neither a planted link nor a dead
 * server does harm. */

#include "world/user_rights.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

int user_rights_init(struct user_rights *rights, const struct accounts *accounts,
                     const struct account *account, bool can_assume) {
        size_t n = 0;

        *rights = (struct user_rights){ 0 };
        if (account->uid == 0 || !can_assume)
                return 0;
        rights->groups = calloc(account->n_groups + 1, sizeof *rights->groups);
        if (!rights->groups)
                return -ENOMEM;
        for (size_t i = 0; i < account->n_groups; i++)
                if (accounts_find_group(accounts, account->groups[i], &rights->groups[n]))
                        n++;
        rights->credentials = (struct credentials){ account->uid, account->gid, rights->groups, n };
        rights->is_other = true;
        return 0;
}

const struct credentials *user_rights_get(const struct user_rights *rights) {
        return rights->is_other ? &rights->credentials : NULL;
}

void user_rights_done(struct user_rights *rights) {
        free(rights->groups);
        *rights = (struct user_rights){ 0 };
}

/* realpath(3) of the home directory. Where the file lies below the home by its very name, no link
 * is in that name. */
static int real_home(const struct user_trust *trust, const struct look_trace *trace, char **ret) {
        const char *home = trust->account->home;
        CLEANUP(look_trace_done) struct look_trace own = { 0 };
        int r;

        *ret = NULL;
        for (size_t i = 1; i < trace->n_items; i++) {
                if (strcmp(trace->items[i].path, home) != 0)
                        continue;
                *ret = strdup(home);
                return *ret ? 0 : -ENOMEM;
        }
        r = looker_trace(trust->looker, home, trust->as, &own);
        if (r < 0)
                return r == -ENOMEM ? r : 0;
        *ret = strdup(own.items[0].path);
        return *ret ? 0 : -ENOMEM;
}

int user_trust_refuse(const struct user_trust *trust, struct strict_modes_path *ret,
                      char **ret_path) {
        struct strict_modes_question question = { .uid = trust->account->uid,
                                                  .accounts = trust->accounts };
        CLEANUP(look_trace_done) struct look_trace trace = { 0 };
        CLEANUP_FREE struct strict_modes_path *chain = NULL;
        CLEANUP_FREE char *home = NULL;
        const struct strict_modes_path *refused;
        int r = looker_trace(trust->looker, trust->path, trust->as, &trace);

        *ret_path = NULL;
        if (r < 0)
                return r == -ENOMEM ? r : 0;
        r = real_home(trust, &trace, &home);
        if (r < 0)
                return r;
        chain = calloc(trace.n_items, sizeof *chain);
        if (!chain)
                return -ENOMEM;
        for (size_t i = 0; i < trace.n_items; i++)
                chain[i] = (struct strict_modes_path){ trace.items[i].path, trace.items[i].mode,
                                                       trace.items[i].uid, trace.items[i].gid };
        if (trust->file) {
                chain[0].mode = trust->file->mode;
                chain[0].uid = trust->file->uid;
                chain[0].gid = trust->file->gid;
        }
        question.chain = chain;
        question.n_chain = trace.n_items;
        question.home = home;
        refused = strict_modes_refuse(&question, &trust->release);
        if (!refused)
                return 0;
        *ret = *refused;
        *ret_path = strdup(refused->path);
        return *ret_path ? 0 : -ENOMEM;
}
