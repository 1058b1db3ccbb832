/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The index of Match blocks.
 *
 * A criterion that lists plain names, networks or a port can only be met by a connection that has
 * one of them, so it is filed under each: looking up a connection's own user, groups, addresses and
 * port then finds it, however many other blocks there are. Networks are filed by their length and
 * looked up once per length in use, and so are globs, by what stands before their first wildcard.
 * Negated elements make nothing match and are not filed. Globs that begin with a wildcard, and all
 * else, are found always. */

#include "index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/address.h"
#include "base/array.h"
#include "base/cleanup.h"

enum { NETWORK_TEXT_MAX = 64 };

struct key {
        enum sshd_criterion_kind kind;
        const char *text; /* not terminated; NULL: a network or a port */
        size_t n;
        bool is_beginning;      /* the text, of a glob */
        struct network network; /* the host bits are zero */
        uint16_t port;
};

struct filed {
        struct key key;
        size_t block;
};

/* A length of networks in use; family 0: of beginnings of globs, in bytes. */
struct prefix {
        enum sshd_criterion_kind kind;
        int family;
        size_t n;
};

struct block_index {
        struct filed *filed; /* by key */
        size_t n_filed;
        struct filed *others; /* found always; only kind and block are set */
        size_t n_others;
        struct prefix *prefixes;
        size_t n_prefixes;
};

void block_index_free(struct block_index *index) {
        if (!index)
                return;
        free(index->filed);
        free(index->others);
        free(index->prefixes);
        free(index);
}

DEFINE_CLEANUP(cleanup_index, struct block_index, block_index_free)

#define ORDER(a, b) (((a) > (b)) - ((a) < (b)))

static int compare_keys(const struct key *a, const struct key *b) {
        int r = ORDER(a->kind, b->kind);

        if (r == 0)
                r = ORDER(a->n, b->n);
        if (r == 0)
                r = ORDER(a->is_beginning, b->is_beginning);
        if (r == 0 && a->text)
                return a->kind == SSHD_MATCH_HOST ? strncasecmp(a->text, b->text, a->n)
                                                  : memcmp(a->text, b->text, a->n);
        if (r == 0)
                r = ORDER(a->port, b->port);
        if (r == 0)
                r = ORDER(a->network.address.family, b->network.address.family);
        if (r == 0)
                r = ORDER(a->network.bits, b->network.bits);
        return r == 0 ? memcmp(a->network.address.bytes, b->network.address.bytes, 16) : r;
}

static int compare_filed(const void *a, const void *b) {
        const struct filed *x = a, *y = b;
        int r = compare_keys(&x->key, &y->key);

        return r == 0 ? ORDER(x->block, y->block) : r;
}

/* ---- building ---- */

static int add_filed(struct filed **items, size_t *n_items, const struct filed *filed) {
        int r = ARRAY_GROW(*items, *n_items);

        if (r == 0)
                (*items)[(*n_items)++] = *filed;
        return r;
}

static int add_prefix(struct block_index *index, enum sshd_criterion_kind kind, int family,
                      size_t n) {
        const struct prefix prefix = { kind, family, n };
        int r;

        for (size_t i = 0; i < index->n_prefixes; i++)
                if (index->prefixes[i].kind == kind && index->prefixes[i].n == n &&
                    index->prefixes[i].family == family)
                        return 0;
        r = ARRAY_GROW(index->prefixes, index->n_prefixes);
        if (r == 0)
                index->prefixes[index->n_prefixes++] = prefix;
        return r;
}

static int file_glob(struct block_index *index, const char *element, size_t n,
                     struct filed *filed) {
        size_t n_beginning = 0;
        int r;

        while (n_beginning < n && element[n_beginning] != '*' && element[n_beginning] != '?')
                n_beginning++;
        if (n_beginning == 0)
                return add_filed(&index->others, &index->n_others, filed);
        filed->key.text = element;
        filed->key.n = n_beginning;
        filed->key.is_beginning = true;
        r = add_prefix(index, filed->key.kind, 0, n_beginning);
        return r < 0 ? r : add_filed(&index->filed, &index->n_filed, filed);
}

static int file_address(struct block_index *index, const char *element, size_t n,
                        struct filed *filed) {
        struct network *network = &filed->key.network;
        char text[NETWORK_TEXT_MAX];
        int r;

        if (n >= sizeof text)
                return file_glob(index, element, n, filed);
        memcpy(text, element, n);
        text[n] = '\0';
        if (strchr(text, '%')) /* a scope, whose name only the environment knows */
                return add_filed(&index->others, &index->n_others, filed);
        if (network_parse(text, false, NULL, NULL, network) != NETWORK_OK) {
                *network = (struct network){ 0 };
                return file_glob(index, element, n, filed);
        }
        r = add_prefix(index, filed->key.kind, network->address.family, network->bits);
        return r < 0 ? r : add_filed(&index->filed, &index->n_filed, filed);
}

static int file_element(struct block_index *index, const char *element, size_t n,
                        struct filed *filed) {
        if (filed->key.kind == SSHD_MATCH_ADDRESS || filed->key.kind == SSHD_MATCH_LOCALADDRESS)
                return file_address(index, element, n, filed);
        if (memchr(element, '*', n) || memchr(element, '?', n))
                return file_glob(index, element, n, filed);
        filed->key.text = element;
        filed->key.n = n;
        return add_filed(&index->filed, &index->n_filed, filed);
}

static int file_criterion(struct block_index *index, const struct sshd_criterion *criterion,
                          size_t block) {
        const char *list = criterion->argument;
        int r = 0;

        if (criterion->kind == SSHD_MATCH_LOCALPORT) {
                struct filed filed = { .key = { .kind = criterion->kind, .port = criterion->port },
                                       .block = block };

                return add_filed(&index->filed, &index->n_filed, &filed);
        }
        if (!list || criterion->kind == SSHD_MATCH_VERSION) {
                struct filed filed = { .key.kind = criterion->kind, .block = block };

                return add_filed(&index->others, &index->n_others, &filed);
        }
        for (bool is_last = false; r == 0 && !is_last;) {
                struct filed filed = { .key.kind = criterion->kind, .block = block };
                size_t n = strcspn(list, ",");

                is_last = list[n] == '\0';
                if (*list != '!')
                        r = file_element(index, list, n, &filed);
                list += n + 1;
        }
        return r;
}

int block_index_new(const struct sshd_config *config, struct block_index **ret) {
        CLEANUP(cleanup_index) struct block_index *index = calloc(1, sizeof *index);
        int r = index ? 0 : -ENOMEM;

        for (size_t i = 0; i < config->n_blocks && r == 0; i++)
                for (size_t j = 0; j < config->blocks[i]->n_criteria && r == 0; j++)
                        r = file_criterion(index, &config->blocks[i]->criteria[j], i);
        if (r < 0)
                return r;
        if (index->n_filed > 0)
                qsort(index->filed, index->n_filed, sizeof index->filed[0], compare_filed);
        *ret = TAKE(index);
        return 0;
}

/* ---- looking up ---- */

static void find_key(const struct block_index *index, const struct key *key, block_word *set) {
        size_t low = 0, high = index->n_filed;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (compare_keys(&index->filed[middle].key, key) < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        for (; low < index->n_filed && compare_keys(&index->filed[low].key, key) == 0; low++)
                block_add(set, index->filed[low].block);
}

static void find_text(const struct block_index *index, enum sshd_criterion_kind kind,
                      const char *text, block_word *set) {
        struct key key = { .kind = kind, .text = text, .n = text ? strlen(text) : 0 };
        size_t n = key.n;

        if (!text)
                return;
        find_key(index, &key, set);
        key.is_beginning = true;
        for (size_t i = 0; i < index->n_prefixes; i++) {
                key.n = index->prefixes[i].n;
                if (index->prefixes[i].kind == kind && index->prefixes[i].family == 0 && key.n <= n)
                        find_key(index, &key, set);
        }
}

/* The first BITS bits; the others zero. */
static struct address mask(const struct address *address, unsigned bits) {
        struct address masked = { .family = address->family };

        for (unsigned i = 0; i < 16 && 8 * i < bits; i++) {
                unsigned covered = bits - 8 * i < 8 ? bits - 8 * i : 8;

                masked.bytes[i] = (uint8_t)(address->bytes[i] & 0xff00 >> covered);
        }
        return masked;
}

static void find_address(const struct block_index *index, const struct sshd_config *config,
                         enum sshd_criterion_kind kind, const char *text, block_word *set) {
        struct address address = { 0 };

        if (!text ||
            !address_parse(text, config->environment.scope, config->environment.userdata, &address))
                return;
        for (size_t i = 0; i < index->n_prefixes; i++) {
                const struct prefix *prefix = &index->prefixes[i];

                if (prefix->kind == kind && prefix->family == address.family)
                        find_key(index,
                                 &(struct key){
                                         .kind = kind,
                                         .network = { mask(&address, (unsigned)prefix->n),
                                                      (unsigned)prefix->n },
                                 },
                                 set);
        }
        find_text(index, kind, text, set);
}

static void find_port(const struct block_index *index, int port, block_word *set) {
        if (port > 0) {
                find_key(index,
                         &(struct key){ .kind = SSHD_MATCH_LOCALPORT, .port = (uint16_t)port },
                         set);
                return;
        }
        for (size_t i = 0; i < index->n_filed; i++)
                if (index->filed[i].key.kind == SSHD_MATCH_LOCALPORT)
                        block_add(set, index->filed[i].block);
}

void block_index_find(const struct sshd_config *config, const struct sshd_connection *connection,
                      const struct account *account, unsigned kinds, block_word *set) {
        const struct block_index *index = config->index;

        for (size_t i = 0; i < index->n_others; i++)
                if (kinds >> index->others[i].key.kind & 1)
                        block_add(set, index->others[i].block);
        if (index->n_filed == 0)
                return;
        if (kinds >> SSHD_MATCH_USER & 1)
                find_text(index, SSHD_MATCH_USER, connection->user, set);
        for (size_t i = 0; kinds >> SSHD_MATCH_GROUP & 1 && account && i < account->n_groups; i++)
                find_text(index, SSHD_MATCH_GROUP, account->groups[i], set);
        if (kinds >> SSHD_MATCH_HOST & 1)
                find_text(index, SSHD_MATCH_HOST, connection->host, set);
        if (kinds >> SSHD_MATCH_RDOMAIN & 1)
                find_text(index, SSHD_MATCH_RDOMAIN, connection->rdomain, set);
        if (kinds >> SSHD_MATCH_ADDRESS & 1)
                find_address(index, config, SSHD_MATCH_ADDRESS, connection->addr, set);
        if (kinds >> SSHD_MATCH_LOCALADDRESS & 1)
                find_address(index, config, SSHD_MATCH_LOCALADDRESS, connection->laddr, set);
        if (kinds >> SSHD_MATCH_LOCALPORT & 1)
                find_port(index, connection->lport, set);
}
