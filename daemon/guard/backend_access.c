/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who can log in, as it is now: judged when it is asked for, out of files looked at anew. */

#include <errno.h>

#include "base/cleanup.h"
#include "manager.h"
#include "world/access_tree.h"

static int judge(const struct access_machine *machine, const struct control_access_query *query,
                 const struct account *account) {
        CLEANUP(access_logins_done) struct access_logins logins = { 0 };
        int r = access_logins_judge_from(machine, account, query->address, &logins);

        return r < 0 ? r : query->on_account(query->userdata, account, &logins);
}

static int list(struct manager *manager, const struct access_machine *machine,
                const struct control_access_query *query, size_t *ret_next) {
        const struct accounts *accounts = &manager->world.accounts;
        size_t i = query->first, end = accounts->n_items;
        int r = 0;

        if (query->user) {
                const struct account *account = accounts_find(accounts, query->user);

                if (!account)
                        return -ENOENT;
                i = (size_t)(account - accounts->items);
                end = i + 1;
        }
        for (size_t n = 0; r == 0 && i < end && n < query->n_accounts; i++, n++)
                r = judge(machine, query, &accounts->items[i]);
        *ret_next = i < end ? i : 0;
        return r == -ENOENT ? -EIO : r;
}

int manager_list_access(void *userdata, const struct control_access_query *query, size_t *ret_next,
                        struct control_refusal *refusal) {
        struct manager *manager = userdata;
        CLEANUP(access_tree_close) struct access_tree tree = { 0 };
        struct access_machine machine;
        int r = access_tree_open(&manager->world, manager->world.view, &tree);

        if (r == -EUCLEAN)
                return manager_refuse(refusal, "sshd takes no configuration that was seen");
        if (r < 0)
                return r;
        machine = access_tree_machine(&tree);
        return list(manager, &machine, query, ret_next);
}
