/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Representatives.
 *
 * Address lists: the regions of a set of networks begin at some network's first address or behind
 * some network's last one, so those addresses reach every region; an address nobody mentioned comes
 * first. Glob patterns: a pattern's wildcards are filled with a character that no pattern of the
 * dimension has, so that the result matches another pattern only if that one's wildcards make it,
 * in several lengths because
 * `?` counts. Users: every account, and names that nobody has. */

#include "candidates.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/address.h"
#include "base/array.h"
#include "base/cleanup.h"

enum {
        FILLS_MAX = 6, /* lengths that wildcards are filled with; longer runs of `?` are rare */
        NAME_BYTES_MAX = 512,
};

static const char no_such_user[] = "nobody-we-know";
static const char no_such_host[] = "host.invalid";

/* The first of each are documentation addresses (RFC 5737, RFC 3849): a stranger's. */
static const char *const strangers[] = {
        "203.0.113.9", "2001:db8::9", "198.51.100.77", "127.0.0.1", "::1",
};
static const char *const local_addresses[] = {
        "192.0.2.1",
        "2001:db8::1",
        "127.0.0.1",
        "::1",
};

enum dimension dimension_of(enum sshd_criterion_kind kind, bool use_dns) {
        switch (kind) {
        case SSHD_MATCH_ADDRESS:
                return DIMENSION_ADDRESS;
        case SSHD_MATCH_HOST:
                return use_dns ? DIMENSION_HOST : DIMENSION_ADDRESS;
        case SSHD_MATCH_LOCALADDRESS:
                return DIMENSION_LOCAL_ADDRESS;
        case SSHD_MATCH_LOCALPORT:
                return DIMENSION_LOCAL_PORT;
        case SSHD_MATCH_RDOMAIN:
                return DIMENSION_RDOMAIN;
        default:
                return DIMENSION_USER;
        }
}

void candidates_done(struct candidates *candidates) {
        for (size_t i = 0; i < candidates->n_items; i++)
                sshd_connection_done(&candidates->items[i]);
        free(candidates->items);
        *candidates = (struct candidates){ 0 };
}

/* What is being collected. */
struct collection {
        const struct candidate_source *source;
        enum dimension dimension;
        struct candidates *candidates;
        char filler;
        bool is_used[256]; /* characters that patterns spell */
};

static char **member_of(struct sshd_connection *connection, enum dimension dimension) {
        switch (dimension) {
        case DIMENSION_USER:
                return &connection->user;
        case DIMENSION_ADDRESS:
                return &connection->addr;
        case DIMENSION_HOST:
                return &connection->host;
        case DIMENSION_LOCAL_ADDRESS:
                return &connection->laddr;
        default:
                return &connection->rdomain;
        }
}

/* Adds a candidate with VALUE; what a -C spec could not carry (a comma) is no witness and left out.
 */
static int add_value(struct collection *collection, const char *value, int lport) {
        struct candidates *candidates = collection->candidates;
        struct sshd_connection connection;

        if (candidates->n_items >= CANDIDATES_MAX)
                return -E2BIG;
        if (value && (!value[0] || strpbrk(value, ", \t\n") || strlen(value) > NAME_BYTES_MAX))
                return 0;
        sshd_connection_init(&connection);
        connection.lport = lport;
        if (value) {
                char **member = member_of(&connection, collection->dimension);

                *member = strdup(value);
                if (!*member)
                        return -ENOMEM;
        }
        if (collection->dimension == DIMENSION_ADDRESS && !collection->source->use_dns) {
                connection.host = strdup(value);
                if (!connection.host)
                        goto failed;
        }
        if (collection->dimension == DIMENSION_USER && value)
                connection.invalid_user = collection->source->tells_invalid_user &&
                                          !accounts_find(collection->source->accounts, value);
        if (ARRAY_GROW(candidates->items, candidates->n_items) < 0)
                goto failed;
        candidates->items[candidates->n_items++] = connection;
        return 0;
failed:
        sshd_connection_done(&connection);
        return -ENOMEM;
}

/* ---- patterns ---- */

typedef int (*element_fn)(struct collection *collection, const char *element);

static int each_element(struct collection *collection, const char *list, element_fn fn) {
        while (*list) {
                size_t n = strcspn(list, ",");
                char element[NAME_BYTES_MAX + 1];
                const char *begin = *list == '!' ? list + 1 : list;
                size_t n_element = n - (size_t)(begin - list);

                if (n > 0 && n_element <= NAME_BYTES_MAX) {
                        int r;

                        memcpy(element, begin, n_element);
                        element[n_element] = '\0';
                        r = fn(collection, element);
                        if (r < 0)
                                return r;
                }
                list += n;
                list += *list == ',';
        }
        return 0;
}

typedef int (*criterion_fn)(struct collection *collection, const struct sshd_criterion *criterion,
                            element_fn fn);

/* Calls FN for every criterion of the blocks, and of the blocks around them. */
static int each_criterion(struct collection *collection, criterion_fn fn, element_fn element) {
        const struct candidate_source *source = collection->source;
        int r = 0;

        for (size_t i = 0; i < source->n_blocks; i++)
                for (const struct sshd_block *block = source->blocks[i]; block;
                     block = block->parent)
                        for (size_t j = 0; j < block->n_criteria && r == 0; j++)
                                r = fn(collection, &block->criteria[j], element);
        return r;
}

static int criterion_elements(struct collection *collection, const struct sshd_criterion *criterion,
                              element_fn fn) {
        if (!criterion->argument || criterion->kind == SSHD_MATCH_GROUP ||
            criterion->kind == SSHD_MATCH_VERSION ||
            dimension_of(criterion->kind, collection->source->use_dns) != collection->dimension)
                return 0;
        return each_element(collection, criterion->argument, fn);
}

/* Calls FN for every list element that the dimension's criteria, or `when`, hold. */
static int each_pattern(struct collection *collection, element_fn fn) {
        const struct sshd_when *when = collection->source->when;
        const char *of_when = NULL;
        int r = each_criterion(collection, criterion_elements, fn);

        if (when && collection->dimension == DIMENSION_USER)
                of_when = when->user;
        if (when && collection->dimension == DIMENSION_ADDRESS)
                of_when = when->address;
        return r == 0 && of_when ? each_element(collection, of_when, fn) : r;
}

/* Fills every `*` with N fillers and every `?` with one. */
static void fill_pattern(const char *pattern, char filler, size_t n,
                         char filled[NAME_BYTES_MAX + 1]) {
        size_t n_filled = 0;

        for (; *pattern && n_filled < NAME_BYTES_MAX; pattern++) {
                size_t n_here = *pattern == '*' ? n : 1;

                while (n_here-- > 0 && n_filled < NAME_BYTES_MAX)
                        filled[n_filled++] = *pattern == '*' || *pattern == '?' ? filler : *pattern;
        }
        filled[n_filled] = '\0';
}

static int add_filled(struct collection *collection, const char *pattern) {
        char filled[NAME_BYTES_MAX + 1];

        if (!strpbrk(pattern, "*?"))
                return add_value(collection, pattern, -1);
        for (size_t n = 0; n <= FILLS_MAX; n++) {
                int r;

                fill_pattern(pattern, collection->filler, n, filled);
                r = add_value(collection, filled, -1);
                if (r < 0 || !strchr(pattern, '*'))
                        return r;
        }
        return 0;
}

static int strike_characters(struct collection *collection, const char *pattern) {
        for (; *pattern; pattern++)
                collection->is_used[(unsigned char)*pattern] = true;
        return 0;
}

/* A character for names that no pattern of the dimension spells. */
static int choose_filler(struct collection *collection) {
        static const char fillers[] = "qxzjkvwyufbgphmcdlniorste0123456789_";
        int r = each_pattern(collection, strike_characters);

        collection->filler = fillers[0];
        for (const char *filler = fillers; *filler; filler++) {
                if (!collection->is_used[(unsigned char)*filler]) {
                        collection->filler = *filler;
                        break;
                }
        }
        return r;
}

/* ---- addresses ---- */

static int add_address(struct collection *collection, const struct address *address) {
        char text[ADDRESS_TEXT_MAX];

        return add_value(collection, address_format(address, text), -1);
}

/* Steps an address by one; false at the end of its family. */
static bool step_address(struct address *address, int step) {
        size_t n = address->family == 4 ? 4 : 16;

        for (size_t i = n; i-- > 0;) {
                address->bytes[i] = (uint8_t)(address->bytes[i] + step);
                if (address->bytes[i] != (step > 0 ? 0 : 255))
                        return true;
        }
        return false;
}

static struct address last_of(const struct network *network) {
        struct address last = network->address;
        unsigned n_bits = last.family == 4 ? 32 : 128;

        for (unsigned bit = network->bits; bit < n_bits; bit++)
                last.bytes[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
        return last;
}

/* The addresses at and beside both ends of a network; the one after the first is the natural one.
 */
static int add_network(struct collection *collection, const struct network *network) {
        struct address first = network->address, last = last_of(network);
        struct address second = first, before = first, after = last;
        int r = 0;

        if (step_address(&second, 1) && network_contains(network, &second))
                r = add_address(collection, &second);
        if (r == 0)
                r = add_address(collection, &first);
        if (r == 0)
                r = add_address(collection, &last);
        if (r == 0 && step_address(&after, 1))
                r = add_address(collection, &after);
        if (r == 0 && step_address(&before, -1))
                r = add_address(collection, &before);
        return r;
}

/* A glob on the text of an address: each `*` stands for what makes it an address. */
static int add_address_glob(struct collection *collection, const char *pattern) {
        static const char *const fillings[] = { "7",     "77",          "0.7", "0.0.7", "1.2.3.7",
                                                "7.0",   "7.0.0",       "",    "::7",   ":7",
                                                "0:0:7", "2001:db8::7", "7::", "7:7" };
        int r = 0;

        for (size_t i = 0; i < N_ELEMENTS(fillings) && r == 0; i++) {
                char text[NAME_BYTES_MAX + 1];
                struct address address;
                size_t n = 0;

                for (const char *c = pattern; *c && n + 16 < sizeof text; c++) {
                        if (*c == '*')
                                n += (size_t)snprintf(text + n, sizeof text - n, "%s", fillings[i]);
                        else
                                text[n++] = *c == '?' ? '7' : *c;
                }
                text[n] = '\0';
                if (address_parse(text, NULL, NULL, &address))
                        r = add_address(collection, &address);
        }
        return r;
}

static int add_address_element(struct collection *collection, const char *element) {
        struct network network;

        if (network_parse(element, true, NULL, NULL, &network) == NETWORK_OK)
                return add_network(collection, &network);
        return add_address_glob(collection, element);
}

/* ---- dimensions ---- */

static int collect_users(struct collection *collection) {
        const struct accounts *accounts = collection->source->accounts;
        int r = 0;

        for (size_t i = 0; i < accounts->n_items && r == 0; i++)
                r = add_value(collection, accounts->items[i].name, -1);
        if (r == 0)
                r = add_value(collection, no_such_user, -1);
        if (r == 0)
                r = add_filled(collection, "*"); /* strangers whom no pattern spells */
        return r == 0 ? each_pattern(collection, add_filled) : r;
}

static int collect_addresses(struct collection *collection, const char *const *naturals, size_t n) {
        int r = 0;

        for (size_t i = 0; i < n && r == 0; i++)
                r = add_value(collection, naturals[i], -1);
        return r == 0 ? each_pattern(collection, add_address_element) : r;
}

static int collect_hosts(struct collection *collection) {
        int r = add_value(collection, no_such_host, -1);

        if (r == 0)
                r = add_filled(collection, "*");
        return r == 0 ? each_pattern(collection, add_filled) : r;
}

static int add_port(struct collection *collection, long long port) {
        return port > 0 && port < 65536 ? add_value(collection, NULL, (int)port) : 0;
}

static int add_port_element(struct collection *collection, const char *element) {
        return add_port(collection, strtoll(element, NULL, 10));
}

static int criterion_port(struct collection *collection, const struct sshd_criterion *criterion,
                          element_fn fn) {
        (void)fn;
        return criterion->kind == SSHD_MATCH_LOCALPORT ? add_port(collection, criterion->port) : 0;
}

static int collect_ports(struct collection *collection) {
        const struct candidate_source *source = collection->source;
        int r = add_port(collection, source->port);

        if (r == 0)
                r = each_criterion(collection, criterion_port, NULL);
        if (r == 0 && source->when && source->when->lport)
                r = each_element(collection, source->when->lport, add_port_element);
        /* a port nobody mentioned: sshd may listen where a socket unit says */
        return r == 0 ? add_port(collection, source->port == 22 ? 22022 : 22) : r;
}

static int collect_rdomains(struct collection *collection) {
        int r = add_value(collection, NULL, -1);

        return r == 0 ? each_pattern(collection, add_filled) : r;
}

int candidates_collect(const struct candidate_source *source, enum dimension dimension,
                       struct candidates *ret) {
        struct collection collection = { .source = source,
                                         .dimension = dimension,
                                         .candidates = ret };
        int r = choose_filler(&collection);

        if (r < 0)
                return r;
        switch (dimension) {
        case DIMENSION_USER:
                return collect_users(&collection);
        case DIMENSION_ADDRESS:
                return collect_addresses(&collection, strangers, N_ELEMENTS(strangers));
        case DIMENSION_LOCAL_ADDRESS:
                return collect_addresses(&collection, local_addresses, N_ELEMENTS(local_addresses));
        case DIMENSION_HOST:
                return collect_hosts(&collection);
        case DIMENSION_LOCAL_PORT:
                return collect_ports(&collection);
        default:
                return collect_rdomains(&collection);
        }
}

int candidates_natural(const struct candidate_source *source, enum dimension dimension,
                       struct candidates *ret) {
        struct collection collection = { .source = source,
                                         .dimension = dimension,
                                         .candidates = ret };
        const struct accounts *accounts = source->accounts;

        switch (dimension) {
        case DIMENSION_USER:
                return add_value(&collection,
                                 accounts->n_items > 0 ? accounts->items[0].name : no_such_user,
                                 -1);
        case DIMENSION_ADDRESS:
                return add_value(&collection, strangers[0], -1);
        case DIMENSION_LOCAL_ADDRESS:
                return add_value(&collection, local_addresses[0], -1);
        case DIMENSION_HOST:
                return add_value(&collection, no_such_host, -1);
        case DIMENSION_LOCAL_PORT:
                return add_port(&collection, source->port);
        default:
                return add_value(&collection, NULL, -1);
        }
}
