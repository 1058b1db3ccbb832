/* SPDX-License-Identifier: GPL-3.0-or-later */
/* All the connections of an account that matter.
 *
 * They come from two places: the contexts of every setting that has a say in a login and that a
 * Match block sets, and the addresses that an account's own keys (from=) and the host parts of
 * AllowUsers and DenyUsers name. Each setting is taken to all its values, each named address is
 * tried once; not every combination of all of them. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "access/login.h"
#include "base/address.h"
#include "base/array.h"
#include "base/cleanup.h"
#include "base/escape.h"
#include "base/text.h"
#include "sshd/contexts.h"

enum { LOGINS_MAX = 1024 }; /* connections tried for one account; policy files name a handful */

/* An address nobody has (RFC 5737), as the one that nothing singles out. */
static const char elsewhere[] = "203.0.113.9";
/* Where one comes to unless a setting asks for another place. */
static const char local_address[] = "192.0.2.1";
enum { LOCAL_PORT = 22 };

static const char *const deciding[] = {
        "allowgroups",
        "allowusers",
        "authenticationmethods",
        "authorizedkeyscommand",
        "authorizedkeysfile",
        "authorizedprincipalscommand",
        "authorizedprincipalsfile",
        "casignaturealgorithms",
        "chrootdirectory",
        "denygroups",
        "denyusers",
        "forcecommand",
        "gssapiauthentication",
        "hostbasedauthentication",
        "kbdinteractiveauthentication",
        "pamservicename",
        "passwordauthentication",
        "permitemptypasswords",
        "permitrootlogin",
        "pubkeyacceptedalgorithms",
        "pubkeyauthentication",
        "revokedkeys",
        "trustedusercakeys",
};

struct gathering {
        const struct access_machine *machine;
        const struct account *account;
        const struct sshd_when *when; /* NULL: all connections */
        struct access_logins *logins;
        struct map tried; /* formatted connections */
        size_t n_tried;
};

static bool texts_are_same(const char *a, const char *b) {
        return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool ways_are_same(const struct access_ways *a, const struct access_ways *b) {
        if (a->n_items != b->n_items)
                return false;
        for (size_t i = 0; i < a->n_items; i++)
                if (a->items[i].factors != b->items[i].factors ||
                    a->items[i].answer != b->items[i].answer)
                        return false;
        return true;
}

static bool is_same(const struct access_login *a, const struct access_login *b) {
        if (a->answer != b->answer || a->session != b->session || a->n_keys != b->n_keys ||
            !texts_are_same(a->refusal, b->refusal) || !texts_are_same(a->command, b->command) ||
            !ways_are_same(&a->ways, &b->ways))
                return false;
        for (size_t i = 0; i < a->n_keys; i++)
                if (!texts_are_same(a->keys[i].refusal, b->keys[i].refusal))
                        return false;
        return true;
}

/* Judges a connection that was not judged yet, and keeps what is new. */
static int try(struct gathering *gathering, const struct sshd_connection *connection) {
        CLEANUP_FREE char *name = sshd_connection_format(connection);
        struct access_logins *logins = gathering->logins;
        struct access_login login = { 0 };
        int r;

        if (!name)
                return -ENOMEM;
        if (map_get(&gathering->tried, name))
                return 0;
        if (gathering->n_tried++ >= LOGINS_MAX) {
                logins->is_complete = false;
                return 0;
        }
        r = map_set(&gathering->tried, name, gathering, NULL);
        if (r == 0)
                r = access_login_judge(gathering->machine, connection, &login);
        if (r < 0)
                return r;
        for (size_t i = 0; i < logins->n_items; i++) {
                if (is_same(&logins->items[i], &login)) {
                        access_login_done(&login);
                        return 0;
                }
        }
        if (ARRAY_GROW(logins->items, logins->n_items) < 0) {
                access_login_done(&login);
                return -ENOMEM;
        }
        logins->items[logins->n_items++] = login;
        return 0;
}

/* The strings are lent. */
static struct sshd_connection connection_from(const struct gathering *gathering,
                                              const char *address) {
        return (struct sshd_connection){ .user = gathering->account->name,
                                         .host = BORROWED(address),
                                         .addr = BORROWED(address),
                                         .laddr = BORROWED(local_address),
                                         .lport = LOCAL_PORT };
}

/* With `when`, the port of a login it is about; of others every port does. */
static int port_of(const struct gathering *gathering) {
        const struct access_logins *logins = gathering->logins;

        return gathering->when && logins->n_items > 0 ? logins->items[0].connection.lport
                                                      : LOCAL_PORT;
}

static int try_address(struct gathering *gathering, const char *address) {
        struct sshd_connection connection = connection_from(gathering, address);
        const char *wanted = gathering->when ? gathering->when->address : NULL;

        if (wanted && address_match_list(address, wanted, true, NULL, NULL) != 1)
                return 0;
        connection.lport = port_of(gathering);
        return try(gathering, &connection);
}

static int try_contexts(struct gathering *gathering, const char *keyword) {
        static const struct sshd_when any = { 0 };
        const struct access_machine *machine = gathering->machine;
        const struct sshd_when *when = gathering->when ? gathering->when : &any;
        /* nobody else is asked about, and ten thousand others would be looked at */
        CLEANUP(accounts_done) struct accounts alone = { .complete = true };
        CLEANUP(sshd_contexts_done) struct sshd_contexts contexts = { 0 };
        int r;

        if (!gathering->when && !sshd_keyword_is_conditional(machine->config, keyword))
                return 0;
        r = accounts_add(&alone, gathering->account);
        if (r == 0)
                r = sshd_contexts_new(machine->config, keyword, &alone, when, &contexts);
        if (r < 0)
                return r == -EINVAL ? 0 : r; /* not of this release */
        gathering->logins->is_complete &= contexts.complete;
        for (size_t i = 0; r == 0 && i < contexts.n_items; i++)
                if (contexts.items[i].user && !contexts.items[i].invalid_user &&
                    strcmp(contexts.items[i].user, gathering->account->name) == 0)
                        r = try(gathering, &contexts.items[i]);
        return r;
}

/* An address that the N bytes at ELEMENT, one of a list of hosts, stand for: the first of a
 * network, a 1 for each `*`. False for a name, a negation, and what is none. */
static bool address_of(const char *element, size_t n, char buffer[ADDRESS_TEXT_MAX]) {
        char text[ADDRESS_TEXT_MAX];
        struct network network;

        if (n == 0 || n >= sizeof text || element[0] == '!')
                return false;
        memcpy(text, element, n);
        text[n] = '\0';
        for (char *c = text; *c; c++)
                if (*c == '*' || *c == '?')
                        *c = '1';
        if (network_parse(text, true, NULL, NULL, &network) != NETWORK_OK)
                return false;
        if (network.bits < (network.address.family == 4 ? 32U : 128U))
                network.address.bytes[network.address.family == 4 ? 3 : 15] |= 1;
        (void)address_format(&network.address, buffer);
        return true;
}

static int try_hosts(struct gathering *gathering, const char *list) {
        int r = 0;

        while (r == 0 && list) {
                size_t n = strcspn(list, ",");
                char address[ADDRESS_TEXT_MAX];

                if (address_of(list, n, address))
                        r = try_address(gathering, address);
                list = list[n] ? list + n + 1 : NULL;
        }
        return r;
}

/* The host parts of USER@HOST, and the from= of the keys found so far. */
static int try_named_hosts(struct gathering *gathering) {
        static const char *const keywords[] = { "allowusers", "denyusers" };
        const struct sshd_connection connection = connection_from(gathering, elsewhere);
        struct access_logins *logins = gathering->logins;
        int r = 0;

        for (size_t i = 0; r == 0 && i < N_ELEMENTS(keywords); i++) {
                struct sshd_setting setting = { 0 };

                r = sshd_effective_one(gathering->machine->config, &connection,
                                       gathering->machine->accounts, keywords[i], &setting);
                if (r == -EINVAL) /* sshd ends on such a connection */
                        r = 0;
                for (size_t k = 0; r == 0 && k < setting.n_values; k++) {
                        const char *at = strchr(setting.values[k], '@');

                        r = at ? try_hosts(gathering, at + 1) : 0;
                }
                sshd_setting_done(&setting);
        }
        /* the array moves while it grows */
        for (size_t i = 0; r == 0 && logins->n_items > 0 && i < logins->items[0].n_keys; i++)
                if (logins->items[0].keys[i].from)
                        r = try_hosts(gathering, logins->items[0].keys[i].from);
        return r;
}

static int gather(struct gathering *gathering, const char *address) {
        int r = 0;

        if (gathering->when) /* any keyword: which connections are asked about at all */
                r = try_contexts(gathering, "passwordauthentication");
        if (r < 0 || (gathering->when && gathering->logins->n_items == 0))
                return r;
        r = try_address(gathering, address ? address : elsewhere);
        if (address)
                return r;
        if (r == 0)
                r = try_named_hosts(gathering);
        for (size_t i = 0; r == 0 && i < N_ELEMENTS(deciding); i++)
                r = try_contexts(gathering, deciding[i]);
        return r;
}

static int judge(struct gathering *gathering, const char *address, struct access_logins *ret) {
        CLEANUP(access_logins_done)
        struct access_logins logins = { .is_complete = true, .is_one = address != NULL };
        int r;

        gathering->logins = &logins;
        r = gather(gathering, address);
        map_done(&gathering->tried, NULL);
        if (r < 0)
                return r;
        *ret = logins;
        logins = (struct access_logins){ 0 };
        return 0;
}

int access_logins_judge(const struct access_machine *machine, const struct account *account,
                        struct access_logins *ret) {
        struct gathering gathering = { .machine = machine, .account = account };

        return judge(&gathering, NULL, ret);
}

int access_logins_judge_from(const struct access_machine *machine, const struct account *account,
                             const char *address, struct access_logins *ret) {
        struct gathering gathering = { .machine = machine, .account = account };

        return judge(&gathering, address, ret);
}

int access_logins_judge_when(const struct access_machine *machine, const struct account *account,
                             const struct sshd_when *when, struct access_logins *ret) {
        struct gathering gathering = { .machine = machine, .account = account, .when = when };

        return judge(&gathering, NULL, ret);
}

char *access_logins_where(const struct access_logins *logins, size_t i) {
        const struct sshd_connection *connection = &logins->items[i].connection;
        CLEANUP(text_done) struct text where = { 0 };

        if (i == 0 && !logins->is_one)
                return strdup(logins->n_items == 1 ? "anywhere" : "elsewhere");
        (void)text_append(&where, logins->is_one ? "" : "like ");
        if (connection->host && strcmp(connection->host, connection->addr) != 0) {
                (void)escape_append(&where, connection->host, strlen(connection->host));
                (void)text_append(&where, ", ");
        }
        (void)escape_append(&where, connection->addr, strlen(connection->addr));
        if (strcmp(connection->laddr, local_address) != 0 || connection->lport != LOCAL_PORT) {
                (void)text_append(&where, " to ");
                (void)escape_append(&where, connection->laddr, strlen(connection->laddr));
                (void)text_appendf(&where, " port %d", connection->lport);
        }
        return text_take(&where);
}

void access_logins_done(struct access_logins *logins) {
        for (size_t i = 0; i < logins->n_items; i++)
                access_login_done(&logins->items[i]);
        free(logins->items);
        *logins = (struct access_logins){ 0 };
}
