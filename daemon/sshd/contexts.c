/* SPDX-License-Identifier: GPL-3.0-or-later */
/* All connections that can matter to one keyword.
 *
 * The keyword's value depends on which of the blocks that set it are in force, and each block's
 * criteria look at independent dimensions of a connection (user, address, …). So each dimension's
 * candidates are first folded into classes by the blocks they satisfy; a choice of one class per
 * dimension puts the intersection of their blocks in force. Where the first line wins, one question
 * per block is enough: can it be in force with no earlier one? Where lines add up, the distinct
 * intersections are enumerated. Both are bounded, and say so when the bound is reached. */

#include "sshd/contexts.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/address.h"
#include "base/array.h"
#include "base/cleanup.h"
#include "base/pattern.h"
#include "candidates.h"
#include "evaluate.h"
#include "grammar.h"
#include "table.h"

enum {
        SEARCH_STEPS_MAX =
                200000, /* per keyword: some milliseconds; a real machine needs hundreds */
};

/* A set of relevant blocks, one bit each. */
typedef uint64_t word;
enum { WORD_BITS = 64 };

struct class {
        word *blocks; /* whose criteria on this dimension all hold */
        const struct sshd_connection *example;
};

struct classes {
        struct class *items;
        size_t n_items;
};

struct search {
        const struct sshd_config *config;
        const struct accounts *accounts;
        const struct sshd_when *when;
        bool use_dns;
        const struct sshd_block **blocks; /* that set the keyword, in evaluation order */
        size_t n_blocks;
        size_t n_words;
        struct candidates candidates[N_DIMENSIONS];
        struct classes classes[N_DIMENSIONS];
        size_t n_steps;
        struct sshd_contexts *found;
};

static void search_done(struct search *search) {
        for (int d = 0; d < N_DIMENSIONS; d++) {
                for (size_t i = 0; i < search->classes[d].n_items; i++)
                        free(search->classes[d].items[i].blocks);
                free(search->classes[d].items);
                candidates_done(&search->candidates[d]);
        }
        free(search->blocks);
}

static bool has_bit(const word *words, size_t bit) {
        return words[bit / WORD_BITS] >> bit % WORD_BITS & 1;
}

static void set_bit(word *words, size_t bit) {
        words[bit / WORD_BITS] |= (word)1 << bit % WORD_BITS;
}

/* ---- the relevant blocks ---- */

static int add_relevant(struct search *search, const struct sshd_block *block) {
        for (size_t i = 0; i < search->n_blocks; i++)
                if (search->blocks[i] == block)
                        return 0;
        if (ARRAY_GROW(search->blocks, search->n_blocks) < 0)
                return -ENOMEM;
        search->blocks[search->n_blocks++] = block;
        return 0;
}

static int find_relevant(struct search *search, const struct sshd_slot *slot) {
        const struct sshd_block *last = NULL;
        int r = 0;

        for (size_t i = 0; i < slot->n_directives && r == 0; i++) {
                const struct sshd_block *block = slot->directives[i]->block;

                if (block && block != last)
                        r = add_relevant(search, block);
                last = block;
        }
        search->n_words = search->n_blocks / WORD_BITS + 1;
        return r;
}

/* ---- classes ---- */

/* Do the criteria of BLOCK and of its parents that look at dimension D hold? 1, 0 or -errno. */
static int holds_on(const struct search *search, const struct sshd_block *block, enum dimension d,
                    const struct sshd_connection *connection) {
        for (; block; block = block->parent) {
                for (size_t i = 0; i < block->n_criteria; i++) {
                        struct sshd_block alone = *block;
                        int r;

                        if (dimension_of(block->criteria[i].kind, search->use_dns) != d)
                                continue;
                        alone.criteria = &block->criteria[i];
                        alone.n_criteria = 1;
                        alone.parent = NULL;
                        r = sshd_block_matches(search->config, &alone, connection, search->accounts,
                                               NULL);
                        if (r <= 0)
                                return r == -EINVAL ? 0 : r;
                }
        }
        return 1;
}

static bool group_is_listed(const struct account *account, const char *list) {
        bool is_listed = false;

        for (size_t i = 0; account && i < account->n_groups; i++) {
                enum pattern_result result = pattern_match_list(account->groups[i], list, false);

                if (result == PATTERN_NEGATED)
                        return false;
                is_listed = is_listed || result == PATTERN_MATCHED;
        }
        return is_listed;
}

static bool port_is_listed(int port, const char *list) {
        while (*list) {
                char *end;

                if (strtol(list, &end, 10) == port && end != list)
                        return true;
                list += strcspn(list, ",");
                list += *list == ',';
        }
        return false;
}

/* Whether `when` asks about connections with this candidate. */
static bool is_asked_about(const struct search *search, enum dimension d,
                           const struct sshd_connection *candidate) {
        const struct sshd_when *when = search->when;
        const struct account *account;

        if (!when)
                return true;
        switch (d) {
        case DIMENSION_USER:
                account = accounts_find(search->accounts, candidate->user);
                return (!when->user || pattern_match_list(candidate->user, when->user, false) ==
                                               PATTERN_MATCHED) &&
                       (!when->group || group_is_listed(account, when->group)) &&
                       (!when->shell || (account && fnmatch(when->shell, account->shell, 0) == 0));
        case DIMENSION_ADDRESS:
                return !when->address ||
                       address_match_list(candidate->addr, when->address, true, NULL, NULL) == 1;
        case DIMENSION_LOCAL_PORT:
                return !when->lport || port_is_listed(candidate->lport, when->lport);
        default:
                return true;
        }
}

static int classify(struct search *search, enum dimension d,
                    const struct sshd_connection *candidate) {
        struct classes *classes = &search->classes[d];
        CLEANUP_FREE word *blocks = calloc(search->n_words, sizeof *blocks);

        if (!blocks)
                return -ENOMEM;
        for (size_t i = 0; i < search->n_blocks; i++) {
                int r = holds_on(search, search->blocks[i], d, candidate);

                if (r < 0)
                        return r;
                if (r > 0)
                        set_bit(blocks, i);
        }
        for (size_t i = 0; i < classes->n_items; i++)
                if (memcmp(classes->items[i].blocks, blocks, search->n_words * sizeof *blocks) == 0)
                        return 0;
        if (ARRAY_GROW(classes->items, classes->n_items) < 0)
                return -ENOMEM;
        classes->items[classes->n_items++] = (struct class){ TAKE(blocks), candidate };
        return 0;
}

static bool is_looked_at(const struct search *search, enum dimension d) {
        for (size_t i = 0; i < search->n_blocks; i++)
                for (const struct sshd_block *block = search->blocks[i]; block;
                     block = block->parent)
                        for (size_t j = 0; j < block->n_criteria; j++)
                                if (dimension_of(block->criteria[j].kind, search->use_dns) == d)
                                        return true;
        return false;
}

static int make_classes(struct search *search, enum dimension d, long long port) {
        const struct candidate_source source = {
                .blocks = search->blocks,
                .n_blocks = search->n_blocks,
                .accounts = search->accounts,
                .when = search->when,
                .use_dns = search->use_dns,
                .tells_invalid_user = search->config->release.number >= RELEASE_INVALID_USER,
                .port = port,
        };
        bool is_needed = is_looked_at(search, d);
        int r = is_needed || search->when ? candidates_collect(&source, d, &search->candidates[d])
                                          : candidates_natural(&source, d, &search->candidates[d]);

        for (size_t i = 0; i < search->candidates[d].n_items && r == 0; i++) {
                if (is_asked_about(search, d, &search->candidates[d].items[i]))
                        r = classify(search, d, &search->candidates[d].items[i]);
                if (!is_needed && search->classes[d].n_items > 0)
                        break;
        }
        return r;
}

/* ---- choosing one class per dimension ---- */

struct choice {
        const struct class *of[N_DIMENSIONS];
};

static int replace_string(char **member, const char *value) {
        if (!value)
                return 0;
        free(*member);
        *member = strdup(value);
        return *member ? 0 : -ENOMEM;
}

/* The connection that a choice stands for. */
static int add_context(struct search *search, const struct choice *choice) {
        struct sshd_contexts *found = search->found;
        struct sshd_connection connection;
        int r = 0;

        if (found->n_items >= SSHD_CONTEXTS_MAX) {
                found->complete = false;
                return 0;
        }
        sshd_connection_init(&connection);
        for (int d = 0; d < N_DIMENSIONS && r == 0; d++) {
                const struct sshd_connection *part = choice->of[d]->example;

                r = replace_string(&connection.user, part->user);
                if (r == 0)
                        r = replace_string(&connection.host, part->host);
                if (r == 0)
                        r = replace_string(&connection.addr, part->addr);
                if (r == 0)
                        r = replace_string(&connection.laddr, part->laddr);
                if (r == 0)
                        r = replace_string(&connection.rdomain, part->rdomain);
                if (part->lport >= 0)
                        connection.lport = part->lport;
                connection.invalid_user = connection.invalid_user || part->invalid_user;
        }
        if (r == 0)
                r = ARRAY_GROW(found->items, found->n_items);
        if (r < 0) {
                sshd_connection_done(&connection);
                return r;
        }
        found->items[found->n_items++] = connection;
        return 0;
}

/* Is there a choice that puts block TARGET in force and none of the earlier ones? TARGET n_blocks:
 * none at all. EARLIER holds, per depth, the earlier blocks that the choices so far leave in force.
 * Returns 1 with *choice filled, 0, or -E2BIG when the bound was reached. */
static int seek(struct search *search, size_t target, int d, word *earlier, struct choice *choice) {
        const struct classes *classes = &search->classes[d];
        const word *before = earlier + (size_t)d * search->n_words;
        word *after = earlier + (size_t)(d + 1) * search->n_words;

        for (size_t i = 0; i < classes->n_items; i++) {
                const struct class *class = &classes->items[i];
                word any = 0;
                int r;

                if (++search->n_steps > SEARCH_STEPS_MAX)
                        return -E2BIG;
                if (target < search->n_blocks && !has_bit(class->blocks, target))
                        continue;
                for (size_t w = 0; w < search->n_words; w++)
                        any |= after[w] = before[w] & class->blocks[w];
                choice->of[d] = class;
                if (d + 1 == N_DIMENSIONS) {
                        if (any == 0)
                                return 1;
                        continue;
                }
                r = seek(search, target, d + 1, earlier, choice);
                if (r != 0)
                        return r;
        }
        return 0;
}

static int search_first_wins(struct search *search) {
        CLEANUP_FREE word *earlier = calloc((N_DIMENSIONS + 1) * search->n_words, sizeof *earlier);
        int r = 0;

        if (!earlier)
                return -ENOMEM;
        for (size_t target = 0; target <= search->n_blocks && r >= 0; target++) {
                struct choice choice;

                r = seek(search, target, 0, earlier, &choice);
                if (r > 0)
                        r = add_context(search, &choice);
                if (r == -E2BIG) {
                        search->found->complete = false;
                        search->n_steps = 0;
                        r = 0;
                }
                if (target < search->n_blocks)
                        set_bit(earlier, target); /* an earlier one from now on */
        }
        return r;
}

/* Distinct intersections, dimension by dimension. */
struct partial {
        word *blocks;
        struct choice choice;
};

struct partials {
        struct partial *items;
        size_t n_items;
};

static void partials_done(struct partials *partials) {
        for (size_t i = 0; i < partials->n_items; i++)
                free(partials->items[i].blocks);
        free(partials->items);
        *partials = (struct partials){ 0 };
}

static int add_partial(struct search *search, struct partials *partials, const struct partial *from,
                       int d, const struct class *class) {
        CLEANUP_FREE word *blocks = malloc(search->n_words * sizeof *blocks);

        if (!blocks)
                return -ENOMEM;
        for (size_t w = 0; w < search->n_words; w++)
                blocks[w] = from->blocks[w] & class->blocks[w];
        for (size_t i = 0; i < partials->n_items; i++) {
                if (++search->n_steps > SEARCH_STEPS_MAX * 10)
                        return -E2BIG;
                if (memcmp(partials->items[i].blocks, blocks, search->n_words * sizeof *blocks) ==
                    0)
                        return 0;
        }
        if (partials->n_items >= SSHD_CONTEXTS_MAX)
                return -E2BIG;
        if (ARRAY_GROW(partials->items, partials->n_items) < 0)
                return -ENOMEM;
        partials->items[partials->n_items] = (struct partial){ TAKE(blocks), from->choice };
        partials->items[partials->n_items++].choice.of[d] = class;
        return 0;
}

static int extend_partials(struct search *search, int d, struct partials *partials) {
        CLEANUP(partials_done) struct partials next = { 0 };
        int r = 0;

        for (size_t i = 0; i < partials->n_items && r == 0; i++)
                for (size_t j = 0; j < search->classes[d].n_items && r == 0; j++)
                        r = add_partial(search, &next, &partials->items[i], d,
                                        &search->classes[d].items[j]);
        if (r == -E2BIG) {
                search->found->complete = false;
                r = next.n_items > 0 ? 0 : r;
        }
        if (r < 0)
                return r;
        partials_done(partials);
        *partials = next;
        next = (struct partials){ 0 };
        return 0;
}

static int search_adding_up(struct search *search) {
        CLEANUP(partials_done) struct partials partials = { 0 };
        int r = ARRAY_GROW(partials.items, partials.n_items);

        if (r < 0)
                return r;
        partials.items[0].blocks = malloc(search->n_words * sizeof(word));
        if (!partials.items[0].blocks) {
                free(partials.items);
                partials.items = NULL;
                return -ENOMEM;
        }
        memset(partials.items[0].blocks, 0xff, search->n_words * sizeof(word));
        partials.n_items = 1;
        for (int d = 0; d < N_DIMENSIONS && r == 0; d++)
                r = extend_partials(search, d, &partials);
        for (size_t i = 0; i < partials.n_items && r == 0; i++)
                r = add_context(search, &partials.items[i].choice);
        return r;
}

/* ---- the question ---- */

/* A global number setting as start-up left it; -1 if it has none. */
static int plain_value(const struct sshd_config *config, const char *keyword, char **ret) {
        CLEANUP_FREE bool *active = calloc(config->n_blocks + 1, sizeof *active);
        const struct keyword *row = keyword_find(keyword, &config->release);
        struct sshd_setting setting = { 0 };
        int r;

        if (!active)
                return -ENOMEM;
        *ret = NULL;
        r = row ? sshd_setting_evaluate(config, row, active, &setting, NULL) : 0;
        if (r == 0 && setting.n_values > 0) {
                *ret = strdup(setting.values[0]);
                r = *ret ? 0 : -ENOMEM;
        }
        sshd_setting_done(&setting);
        return r == -EINVAL ? 0 : r;
}

static int prepare_search(struct search *search) {
        CLEANUP_FREE char *use_dns = NULL, *port = NULL;
        int r = plain_value(search->config, "usedns", &use_dns);

        if (r == 0)
                r = plain_value(search->config, "port", &port);
        search->use_dns = use_dns && strcmp(use_dns, "yes") == 0;
        for (int d = 0; d < N_DIMENSIONS && r == 0; d++) {
                if (d == DIMENSION_HOST && !search->use_dns) {
                        /* the host name is the address: one class that asks nothing */
                        static const struct sshd_connection no_host = { .lport = -1 };

                        r = classify(search, DIMENSION_HOST, &no_host);
                        continue;
                }
                r = make_classes(search, (enum dimension)d, port ? strtoll(port, NULL, 10) : 22);
        }
        return r;
}

int sshd_contexts_new(const struct sshd_config *config, const char *keyword,
                      const struct accounts *accounts, const struct sshd_when *when,
                      struct sshd_contexts *ret) {
        CLEANUP(sshd_contexts_done) struct sshd_contexts found = { .complete = true };
        CLEANUP(search_done)
        struct search search = {
                .config = config, .accounts = accounts, .when = when, .found = &found
        };
        const struct keyword *row = keyword_find(keyword, &config->release);
        const struct sshd_slot *slot = sshd_config_slot(config, keyword);
        int r;

        if (!row)
                return -EINVAL;
        r = slot ? find_relevant(&search, slot) : 0;
        if (search.n_words == 0)
                search.n_words = 1;
        if (r == 0)
                r = prepare_search(&search);
        if (r == -E2BIG) {
                found.complete = false;
                r = 0;
        }
        if (r == 0)
                r = row->repeat == REPEAT_FIRST && !row->grammar->take ? search_first_wins(&search)
                                                                       : search_adding_up(&search);
        if (r < 0)
                return r;
        *ret = found;
        found = (struct sshd_contexts){ 0 };
        return 0;
}

void sshd_contexts_done(struct sshd_contexts *contexts) {
        for (size_t i = 0; i < contexts->n_items; i++)
                sshd_connection_done(&contexts->items[i]);
        free(contexts->items);
        *contexts = (struct sshd_contexts){ 0 };
}

bool sshd_keyword_is_conditional(const struct sshd_config *config, const char *keyword) {
        const struct sshd_slot *slot = sshd_config_slot(config, keyword);

        for (size_t i = 0; slot && i < slot->n_directives; i++)
                if (slot->directives[i]->block)
                        return true;
        return false;
}
