/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Representatives.
 *
 * Address lists: the regions of a set of networks begin at some network's first address or behind
 * some network's last one, so those addresses reach every region; an address nobody mentioned comes
 * first. Names: every literal, every account, and a string of each region the globs cut out
 * (regions.c), which is neither a literal nor an account. Globs on the text of an address cut
 * regions together with the networks (regions_address.c).
 *
 * What no connection can have is left out: a user name with a colon, behind which sshd reads the
 * style (and Debian's, behind a slash, the role); an IPv4 address in the form of IPv6, which sshd
 * turns into IPv4; a host name that is an address but not the peer's. So is what a -C spec cannot
 * carry. */

#include "candidates.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/address.h"
#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "evaluate.h"
#include "grammar.h"
#include "regions.h"

enum {
        RDOMAIN_BYTES_MAX = 15,  /* the name of an interface */
        ACCOUNTS_SCANNED = 1000, /* for one block, before all are classified */
        ACCOUNTS_TAKEN = 3,
        FILLS_MAX = 2,
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

#define KIND(name) (1U << SSHD_MATCH_##name)

unsigned dimension_kinds(enum dimension dimension, bool host_is_address) {
        switch (dimension) {
        case DIMENSION_USER:
                return KIND(USER) | KIND(GROUP) | KIND(INVALID_USER) | KIND(VERSION);
        case DIMENSION_ADDRESS:
                return KIND(ADDRESS) | (host_is_address ? KIND(HOST) : 0);
        case DIMENSION_HOST:
                return host_is_address ? 0 : KIND(HOST);
        case DIMENSION_LOCAL_ADDRESS:
                return KIND(LOCALADDRESS);
        case DIMENSION_LOCAL_PORT:
                return KIND(LOCALPORT);
        default:
                return KIND(RDOMAIN);
        }
}

void candidates_done(struct candidates *candidates) {
        free(candidates->items);
        strings_free(candidates->pool, candidates->n_pool);
        *candidates = (struct candidates){ 0 };
}

/* What is being collected. */
struct collection {
        const struct candidate_source *source;
        enum dimension dimension;
        struct candidates *candidates;
        bool is_for_all; /* every region is wanted */
        struct region_patterns patterns;
        const char **literals;
        size_t n_literals;
        struct network *networks;
        size_t n_networks;
};

static void collection_done(struct collection *collection) {
        free(collection->patterns.items);
        free(collection->literals);
        free(collection->networks);
}

static bool is_of_addresses(const struct collection *collection) {
        return collection->dimension == DIMENSION_ADDRESS ||
               collection->dimension == DIMENSION_LOCAL_ADDRESS;
}

/* A copy of N bytes in the pool; NULL: out of memory. */
static char *pool_copy(struct collection *collection, const char *bytes, size_t n) {
        struct candidates *candidates = collection->candidates;

        if (strings_append_n(&candidates->pool, &candidates->n_pool, bytes, n) < 0)
                return NULL;
        return candidates->pool[candidates->n_pool - 1];
}

/* ---- values ---- */

/* Could the peer's name for this be VALUE, and can a -C spec say so? */
static bool is_possible(const struct collection *collection, const char *value) {
        const struct sshd_release *release = &collection->source->config->release;
        struct address address;
        size_t n = strlen(value);

        for (const char *c = value; *c; c++)
                if ((unsigned char)*c < ' ' || *c == '\x7f' || *c == ',')
                        return false;
        switch (collection->dimension) {
        case DIMENSION_USER:
                return n > 0 && n <= REGION_TEXT_MAX && !strchr(value, ':') &&
                       !(release->flavour == SSHD_DEBIAN && strchr(value, '/'));
        case DIMENSION_HOST:
                return n > 0 && n <= REGION_TEXT_MAX && !strchr(value, ' ') &&
                       !address_parse(value, NULL, NULL, &address);
        case DIMENSION_RDOMAIN:
                return n <= RDOMAIN_BYTES_MAX;
        default:
                return true;
        }
}

static int add_candidate(struct collection *collection, const struct candidate *candidate) {
        struct candidates *candidates = collection->candidates;
        int r;

        if (candidates->n_items >= CANDIDATES_MAX) {
                candidates->is_incomplete = true;
                return 0;
        }
        r = ARRAY_GROW(candidates->items, candidates->n_items);
        if (r == 0)
                candidates->items[candidates->n_items++] = *candidate;
        return r;
}

static int add_user(struct collection *collection, const char *name,
                    const struct account *account) {
        const struct sshd_release *release = &collection->source->config->release;
        struct candidate candidate = {
                .part = { .user = BORROWED(name),
                          .lport = -1,
                          .invalid_user = !account && release->number >= RELEASE_INVALID_USER },
                .account = account,
        };

        return add_candidate(collection, &candidate);
}

/* VALUE must live as long as the candidates. */
static int add_value(struct collection *collection, const char *value) {
        struct candidate candidate = { .part.lport = -1 };
        char *lent = BORROWED(value);

        if (!is_possible(collection, value))
                return 0;
        switch (collection->dimension) {
        case DIMENSION_USER:
                return add_user(collection, value,
                                accounts_find(collection->source->accounts, value));
        case DIMENSION_ADDRESS:
                candidate.part.addr = lent;
                candidate.part.host = collection->source->host_is_address ? lent : NULL;
                break;
        case DIMENSION_HOST:
                candidate.part.host = lent;
                break;
        case DIMENSION_LOCAL_ADDRESS:
                candidate.part.laddr = lent;
                break;
        default:
                candidate.part.rdomain = lent;
                break;
        }
        return add_candidate(collection, &candidate);
}

static int add_copy(struct collection *collection, const char *value) {
        const char *copy = pool_copy(collection, value, strlen(value));

        return copy ? add_value(collection, copy) : -ENOMEM;
}

static int add_port(struct collection *collection, long long port) {
        struct candidate candidate = { .part.lport = (int)port };

        return port > 0 && port < 65536 ? add_candidate(collection, &candidate) : 0;
}

/* ---- addresses ---- */

static bool is_mapped(const struct address *address) {
        static const uint8_t prefix[12] = { [10] = 0xff, [11] = 0xff };

        return address->family == 6 && memcmp(address->bytes, prefix, sizeof prefix) == 0;
}

static int add_address(struct collection *collection, const struct address *address) {
        char text[ADDRESS_TEXT_MAX];

        /* what is beyond the mapped ones may still belong to the region */
        return add_copy(collection,
                        is_mapped(address) ? "::1:0:0:0" : address_format(address, text));
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
                char text[REGION_TEXT_MAX + 1];
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

/* ---- elements of lists ---- */

static int keep_pattern(struct collection *collection, const char *pattern) {
        struct region_patterns *patterns = &collection->patterns;
        int r;

        if (strcmp(pattern, "*") == 0)
                return 0; /* cuts nothing */
        for (size_t i = 0; i < patterns->n_items; i++)
                if (strcmp(patterns->items[i], pattern) == 0)
                        return 0;
        r = ARRAY_GROW(patterns->items, patterns->n_items);
        if (r == 0)
                patterns->items[patterns->n_items++] = pattern;
        return r;
}

static int keep_network(struct collection *collection, const struct network *network) {
        int r = ARRAY_GROW(collection->networks, collection->n_networks);

        if (r == 0)
                collection->networks[collection->n_networks++] = *network;
        return r;
}

static int keep_literal(struct collection *collection, const char *literal) {
        int r = ARRAY_GROW(collection->literals, collection->n_literals);

        if (r == 0)
                collection->literals[collection->n_literals++] = literal;
        return r;
}

static int take_network(struct collection *collection, const struct network *network) {
        int r = add_network(collection, network);

        return r == 0 && collection->is_for_all ? keep_network(collection, network) : r;
}

/* An element of an address list, or of a list of host names where those are addresses. */
static int take_address_element(struct collection *collection, const char *element,
                                enum sshd_criterion_kind kind) {
        const struct sshd_environment *environment = &collection->source->config->environment;
        char text[ADDRESS_TEXT_MAX];
        struct network network;
        int r;

        if (network_parse(element, true, environment->scope, environment->userdata, &network) ==
                    NETWORK_OK &&
            (kind != SSHD_MATCH_HOST ||
             strcmp(address_format(&network.address, text), element) == 0))
                return take_network(collection, &network);
        if (!strpbrk(element, "*?"))
                return 0; /* no address is written so */
        r = add_address_glob(collection, element);
        return r == 0 && collection->is_for_all ? keep_pattern(collection, element) : r;
}

/* PATTERN with N fillers for every `*` and one for every `?`. */
static int add_filled(struct collection *collection, const char *pattern, size_t n) {
        CLEANUP(text_done) struct text text = { 0 };

        for (; *pattern; pattern++) {
                size_t n_here = *pattern == '*' ? n : 1;

                while (n_here-- > 0)
                        (void)text_append_char(&text,
                                               *pattern == '*' || *pattern == '?' ? 'q' : *pattern);
        }
        return text_error(&text) < 0 ? -ENOMEM : add_copy(collection, text_get(&text));
}

static int take_name_element(struct collection *collection, const char *element) {
        int r = 0;

        if (!strpbrk(element, "*?")) {
                r = keep_literal(collection, element);
                return r == 0 ? add_value(collection, element) : r;
        }
        if (collection->is_for_all)
                return keep_pattern(collection, element);
        for (size_t n = 0; n <= FILLS_MAX && r == 0; n++)
                r = add_filled(collection, element, n);
        return r;
}

static int take_list(struct collection *collection, const char *list,
                     enum sshd_criterion_kind kind) {
        int r = 0;

        while (*list && r == 0) {
                const char *begin = *list == '!' ? list + 1 : list;
                size_t n = strcspn(begin, ",");
                char *element = n <= REGION_TEXT_MAX ? pool_copy(collection, begin, n) : NULL;

                if (!element && n <= REGION_TEXT_MAX)
                        return -ENOMEM;
                for (char *c = element; c && *c && kind == SSHD_MATCH_HOST; c++)
                        *c = *c >= 'A' && *c <= 'Z' ? (char)(*c - 'A' + 'a') : *c;
                if (element && n > 0)
                        r = is_of_addresses(collection)
                                    ? take_address_element(collection, element, kind)
                                    : take_name_element(collection, element);
                list = begin + n + (begin[n] == ',');
        }
        return r;
}

/* What the criteria of BLOCK and of those around it name in this dimension. */
static int take_block(struct collection *collection, const struct sshd_block *block) {
        unsigned kinds =
                dimension_kinds(collection->dimension, collection->source->host_is_address) &
                ~(KIND(GROUP) | KIND(VERSION) | KIND(INVALID_USER));
        int r = 0;

        for (; block; block = block->parent)
                for (size_t i = 0; i < block->n_criteria && r == 0; i++) {
                        const struct sshd_criterion *criterion = &block->criteria[i];

                        if (!(kinds >> criterion->kind & 1))
                                continue;
                        r = criterion->kind == SSHD_MATCH_LOCALPORT
                                    ? add_port(collection, criterion->port)
                                    : take_list(collection, criterion->argument, criterion->kind);
                }
        return r;
}

static int take_when(struct collection *collection) {
        const struct sshd_when *when = collection->source->when;
        int r = 0;

        if (!when)
                return 0;
        if (collection->dimension == DIMENSION_USER && when->user)
                return take_list(collection, when->user, SSHD_MATCH_USER);
        if (collection->dimension == DIMENSION_ADDRESS && when->address)
                return take_list(collection, when->address, SSHD_MATCH_ADDRESS);
        if (collection->dimension != DIMENSION_LOCAL_PORT || !when->lport)
                return 0;
        for (const char *list = when->lport; *list && r == 0;) {
                r = add_port(collection, strtoll(list, NULL, 10));
                list += strcspn(list, ",");
                list += *list == ',';
        }
        return r;
}

/* ---- regions ---- */

static bool is_unfit(void *userdata, const char *string) {
        const struct collection *collection = userdata;

        if (!is_possible(collection, string))
                return true;
        for (size_t i = 0; i < collection->n_literals; i++)
                if (strcmp(collection->literals[i], string) == 0)
                        return true;
        return collection->dimension == DIMENSION_USER &&
               accounts_find(collection->source->accounts, string);
}

static int take_example(void *userdata, const char *string) {
        return add_copy(userdata, string);
}

static int add_regions(struct collection *collection) {
        const struct region_sink sink = { collection, is_unfit, take_example };
        int r;

        if (!is_of_addresses(collection))
                r = regions_of_strings(&collection->patterns, &sink);
        else
                r = regions_of_ipv4(&collection->patterns, collection->networks,
                                    collection->n_networks, &sink);
        if (r == 0)
                collection->candidates->is_incomplete = true;
        if (r < 0 || !is_of_addresses(collection))
                return r < 0 ? r : 0;
        r = regions_of_ipv6(&collection->patterns, collection->networks, collection->n_networks,
                            &sink);
        if (r == 0)
                collection->candidates->is_incomplete = true;
        return r < 0 ? r : 0;
}

/* ---- dimensions ---- */

static int add_naturals(struct collection *collection, const char *const *values, size_t n,
                        size_t limit) {
        int r = 0;

        for (size_t i = 0; i < n && i < limit && r == 0; i++)
                r = add_value(collection, values[i]);
        return r;
}

/* A port that nobody mentioned: sshd may listen where a socket unit says. */
static int add_other_port(struct collection *collection) {
        const struct candidates *candidates = collection->candidates;

        for (int port = 22022;; port++) {
                bool is_mentioned = false;

                for (size_t i = 0; i < candidates->n_items && !is_mentioned; i++)
                        is_mentioned = candidates->items[i].part.lport == port;
                if (!is_mentioned)
                        return add_port(collection, port);
        }
}

static int take_naturals(struct collection *collection, size_t limit) {
        const struct candidate_source *source = collection->source;
        const struct accounts *accounts = source->accounts;
        int r = 0;

        switch (collection->dimension) {
        case DIMENSION_USER:
                if (accounts->n_items > 0)
                        r = add_user(collection, accounts->items[0].name, &accounts->items[0]);
                return r == 0 && (limit > 1 || accounts->n_items == 0)
                               ? add_value(collection, no_such_user)
                               : r;
        case DIMENSION_ADDRESS:
                return add_naturals(collection, strangers, N_ELEMENTS(strangers), limit);
        case DIMENSION_LOCAL_ADDRESS:
                return add_naturals(collection, local_addresses, N_ELEMENTS(local_addresses),
                                    limit);
        case DIMENSION_HOST:
                return source->host_is_address
                               ? add_candidate(collection, &(struct candidate){ .part.lport = -1 })
                               : add_value(collection, no_such_host);
        case DIMENSION_LOCAL_PORT:
                return add_port(collection, source->port);
        default: /* sshd says "" where there is none; nobody has to be told so */
                return limit > 1
                               ? add_value(collection, "")
                               : add_candidate(collection, &(struct candidate){ .part.lport = -1 });
        }
}

int candidates_natural(const struct candidate_source *source, enum dimension dimension,
                       size_t limit, struct candidates *ret) {
        CLEANUP(collection_done)
        struct collection collection = { .source = source,
                                         .dimension = dimension,
                                         .candidates = ret };
        int r = take_naturals(&collection, limit);

        return r == 0 && dimension == DIMENSION_LOCAL_PORT && limit > 1
                       ? add_other_port(&collection)
                       : r;
}

int candidates_of_block(const struct candidate_source *source, enum dimension dimension,
                        const struct sshd_block *block, struct candidates *ret) {
        CLEANUP(collection_done)
        struct collection collection = { .source = source,
                                         .dimension = dimension,
                                         .candidates = ret };
        unsigned kinds = dimension_kinds(dimension, source->host_is_address);
        const struct accounts *accounts = source->accounts;
        size_t n_taken = 0;
        int r = take_block(&collection, block);

        if (r < 0 || dimension != DIMENSION_USER)
                return r;
        for (size_t i = 0; i < accounts->n_items && i < ACCOUNTS_SCANNED; i++) {
                const struct account *account = &accounts->items[i];
                const struct sshd_connection part = { .user = account->name, .lport = -1 };

                r = sshd_block_matches(source->config, block, kinds, &part, account, NULL);
                if (r > 0)
                        r = add_user(&collection, account->name, account);
                else if (r == 0)
                        continue;
                if (r < 0 || ++n_taken == ACCOUNTS_TAKEN)
                        return r;
        }
        return add_value(&collection, no_such_user);
}

int candidates_all(const struct candidate_source *source, enum dimension dimension,
                   struct candidates *ret) {
        CLEANUP(collection_done)
        struct collection collection = {
                .source = source, .dimension = dimension, .candidates = ret, .is_for_all = true
        };
        const struct accounts *accounts = source->accounts;
        int r = take_naturals(&collection, SIZE_MAX);

        for (size_t i = 0; dimension == DIMENSION_USER && i < accounts->n_items && r == 0; i++)
                r = add_user(&collection, accounts->items[i].name, &accounts->items[i]);
        for (size_t i = 0; i < source->n_blocks && r == 0; i++)
                r = take_block(&collection, source->blocks[i]);
        if (r == 0)
                r = take_when(&collection);
        if (r == 0 && dimension == DIMENSION_LOCAL_PORT)
                return add_other_port(&collection);
        if (r == 0 && (dimension != DIMENSION_HOST || !source->host_is_address))
                r = add_regions(&collection);
        return r;
}
