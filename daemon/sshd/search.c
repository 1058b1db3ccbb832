/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The search for a connection.
 *
 * A dimension's candidates are folded into classes by the relevant blocks they satisfy. To put one
 * block in force and others not, classes are chosen dimension by dimension; a choice that leaves an
 * unwanted block in force which no later dimension can stop is dropped at once. Mostly the target's
 * own names and addresses, and an inconspicuous rest, do; only then all regions of all dimensions
 * are worked out.
 *
 * In general this is satisfiability, so there are inputs that take exponential time: every walk is
 * bounded, and says so when the bound was reached. */

#include "search.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/address.h"
#include "base/array.h"
#include "base/cleanup.h"
#include "base/pattern.h"
#include "evaluate.h"

enum {
        NATURALS = 4,
        QUICK_STEPS_MAX = 1 << 14, /* for the likely ones of one target */
};

static void options_done(struct options *options) {
        for (size_t i = 0; i < options->n_items; i++)
                free(options->items[i].blocks);
        free(options->items);
        candidates_done(&options->candidates);
        *options = (struct options){ 0 };
}

void search_done(struct search *search) {
        for (int d = 0; d < N_DIMENSIONS; d++) {
                options_done(&search->naturals[d]);
                options_done(&search->all[d]);
                free(search->free_of[d]);
                free(search->settled[d]);
        }
        free(search->relevant);
        free(search->involved);
        free(search->children);
        *search = (struct search){ 0 };
}

static unsigned kinds_of(const struct search *search, int d) {
        return dimension_kinds((enum dimension)d, search->source.host_is_address);
}

/* ---- which block looks at what ---- */

/* The kinds of a block's own criteria; with those of the blocks around it. */
static unsigned own_kinds(const struct sshd_block *block) {
        unsigned kinds = 0;

        for (size_t i = 0; i < block->n_criteria; i++)
                kinds |= 1U << block->criteria[i].kind;
        return kinds;
}

static unsigned all_kinds(const struct sshd_block *block) {
        unsigned kinds = 0;

        for (; block; block = block->parent)
                kinds |= own_kinds(block);
        return kinds;
}

static bool when_looks_at(const struct sshd_when *when, enum dimension d) {
        if (!when)
                return false;
        switch (d) {
        case DIMENSION_USER:
                return when->user || when->group || when->shell;
        case DIMENSION_ADDRESS:
                return when->address;
        case DIMENSION_LOCAL_PORT:
                return when->lport;
        default:
                return false;
        }
}

static void mark_block(struct search *search, const struct sshd_block *block) {
        unsigned kinds = all_kinds(block);
        int last = 0;

        block_add(search->relevant, block->index);
        for (int d = 0; d < N_DIMENSIONS; d++)
                if (kinds & kinds_of(search, d)) {
                        search->is_looked_at[d] = true;
                        last = d;
                }
        for (int d = last; d < N_DIMENSIONS; d++)
                block_add(search->settled[d], block->index);
        for (; block; block = block->parent)
                block_add(search->involved, block->index);
}

int search_init(struct search *search, const struct candidate_source *source) {
        const struct sshd_config *config = source->config;

        *search = (struct search){ .source = *source };
        search->n_words = block_words(config->n_blocks);
        search->relevant = calloc(search->n_words, sizeof(block_word));
        search->involved = calloc(search->n_words, sizeof(block_word));
        if (!search->relevant || !search->involved)
                return -ENOMEM;
        for (int d = 0; d < N_DIMENSIONS; d++) {
                search->free_of[d] = calloc(search->n_words, sizeof(block_word));
                search->settled[d] = calloc(search->n_words, sizeof(block_word));
                if (!search->free_of[d] || !search->settled[d])
                        return -ENOMEM;
                search->is_looked_at[d] = when_looks_at(source->when, (enum dimension)d);
        }
        for (size_t i = 0; i < source->n_blocks; i++)
                mark_block(search, source->blocks[i]);
        for (size_t i = 0; i < config->n_blocks && source->n_blocks > 0; i++) {
                unsigned kinds = own_kinds(config->blocks[i]);

                if (config->blocks[i]->parent && block_is_in(search->involved, i)) {
                        if (ARRAY_GROW(search->children, search->n_children) < 0)
                                return -ENOMEM;
                        search->children[search->n_children++] = config->blocks[i];
                }
                for (int d = 0; d < N_DIMENSIONS; d++)
                        if (!(kinds & kinds_of(search, d)))
                                block_add(search->free_of[d], i);
        }
        return 0;
}

/* ---- candidates into options ---- */

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
                           const struct candidate *candidate) {
        const struct sshd_when *when = search->source.when;
        const struct sshd_connection *part = &candidate->part;
        const struct account *account = candidate->account;

        if (!when)
                return true;
        switch (d) {
        case DIMENSION_USER:
                return (!when->user ||
                        pattern_match_list(part->user, when->user, false) == PATTERN_MATCHED) &&
                       (!when->group || group_is_listed(account, when->group)) &&
                       (!when->shell || (account && fnmatch(when->shell, account->shell, 0) == 0));
        case DIMENSION_ADDRESS:
                return !when->address ||
                       address_match_list(part->addr, when->address, true, NULL, NULL) == 1;
        case DIMENSION_LOCAL_PORT:
                return !when->lport || port_is_listed(part->lport, when->lport);
        default:
                return true;
        }
}

/* The blocks whose criteria on dimension D, and those of the blocks around them, hold. BLOCKS has
 * what does not look at it. */
static int match_candidate(struct search *search, enum dimension d,
                           const struct candidate *candidate, block_word *blocks) {
        const struct sshd_config *config = search->source.config;
        unsigned kinds = kinds_of(search, (int)d);
        CLEANUP_FREE block_word *found = calloc(search->n_words, sizeof *found);

        if (!found)
                return -ENOMEM;
        block_index_find(config, &candidate->part, candidate->account, kinds, found);
        for (size_t w = 0; w < search->n_words; w++) {
                block_word left = found[w] & search->involved[w] & ~blocks[w];

                for (; left; left &= left - 1) {
                        size_t i = w * BLOCK_WORD_BITS + (size_t)__builtin_ctzll(left);
                        int r;

                        search->n_matches++;
                        r = sshd_block_matches(config, config->blocks[i], kinds, &candidate->part,
                                               candidate->account, NULL);

                        if (r == -ENOMEM)
                                return r;
                        if (r == 1)
                                block_add(blocks, i);
                }
        }
        for (size_t i = 0; i < search->n_children; i++)
                if (!block_is_in(blocks, search->children[i]->parent->index))
                        block_remove(blocks, search->children[i]->index);
        for (size_t w = 0; w < search->n_words; w++)
                blocks[w] &= search->relevant[w];
        return 0;
}

/* Sets of blocks by their content: a table of item numbers + 1, by hash. */
struct fold {
        uint32_t *buckets;
        size_t n_buckets;
};

/* Is BLOCKS the set of an item? Items of SIZE bytes begin with a pointer to theirs. *RET_AT: where
 * in the table it is, or belongs. */
static bool find_known(const struct search *search, const struct fold *fold, const void *items,
                       size_t size, const block_word *blocks, size_t *ret_at) {
        uint64_t hash = 1469598103934665603U;
        size_t at;

        for (size_t w = 0; w < search->n_words; w++)
                hash = (hash ^ blocks[w]) * 1099511628211U;
        hash ^= hash >> 31;
        for (at = hash & (fold->n_buckets - 1); fold->buckets[at];
             at = (at + 1) & (fold->n_buckets - 1)) {
                const block_word *known;

                memcpy(&known, (const char *)items + (fold->buckets[at] - 1) * size, sizeof known);
                if (memcmp(known, blocks, search->n_words * sizeof *blocks) == 0)
                        break;
        }
        *ret_at = at;
        return fold->buckets[at] != 0;
}

/* The candidates that are asked about, one for each set of blocks. */
static int make_options(struct search *search, enum dimension d, struct options *options) {
        const struct candidates *candidates = &options->candidates;
        struct fold fold = { .n_buckets = 16 };
        CLEANUP_FREE uint32_t *buckets = NULL;

        while (fold.n_buckets < 2 * candidates->n_items + 2)
                fold.n_buckets *= 2;
        fold.buckets = buckets = calloc(fold.n_buckets, sizeof *buckets);
        if (!buckets)
                return -ENOMEM;
        for (size_t i = 0; i < candidates->n_items; i++) {
                CLEANUP_FREE block_word *blocks = NULL;
                size_t at;
                int r;

                if (search->n_matches >= SEARCH_MATCHES_MAX && options->n_items > 0) {
                        options->candidates.is_incomplete = true;
                        break;
                }
                if (!is_asked_about(search, d, &candidates->items[i]))
                        continue;
                blocks = malloc(search->n_words * sizeof *blocks);
                if (!blocks)
                        return -ENOMEM;
                memcpy(blocks, search->free_of[d], search->n_words * sizeof *blocks);
                r = match_candidate(search, d, &candidates->items[i], blocks);
                if (r < 0)
                        return r;
                if (find_known(search, &fold, options->items, sizeof options->items[0], blocks,
                               &at))
                        continue;
                r = ARRAY_GROW(options->items, options->n_items);
                if (r < 0)
                        return r;
                options->items[options->n_items++] =
                        (struct option){ TAKE(blocks), &candidates->items[i] };
                fold.buckets[at] = (uint32_t)options->n_items;
                if (!search->is_looked_at[d])
                        return 0; /* they are all alike */
        }
        return 0;
}

/* The inconspicuous ones, made once. */
static int natural_options(struct search *search, enum dimension d, const struct options **ret) {
        struct options *options = &search->naturals[d];
        int r = 0;

        *ret = options;
        if (options->candidates.n_items > 0)
                return 0;
        r = candidates_natural(&search->source, d, search->is_looked_at[d] ? NATURALS : 1,
                               &options->candidates);
        return r == 0 ? make_options(search, d, options) : r;
}

static int make_all(struct search *search) {
        if (search->has_all)
                return 0;
        for (int d = 0; d < N_DIMENSIONS; d++) {
                int r;

                if (!search->is_looked_at[d])
                        continue;
                r = candidates_all(&search->source, (enum dimension)d, &search->all[d].candidates);
                if (r == 0)
                        r = make_options(search, (enum dimension)d, &search->all[d]);
                if (r < 0)
                        return r;
        }
        search->has_all = true;
        return 0;
}

static bool is_incomplete(const struct search *search) {
        for (int d = 0; d < N_DIMENSIONS; d++)
                if (search->all[d].candidates.is_incomplete)
                        return true;
        return false;
}

/* ---- one target ---- */

static int set_text(char **member, const char *text) {
        if (!text)
                return 0;
        free(*member);
        *member = strdup(text);
        return *member ? 0 : -ENOMEM;
}

int choice_connection(const struct choice *choice, struct sshd_connection *ret) {
        CLEANUP(sshd_connection_done) struct sshd_connection connection = { .lport = -1 };
        int r = 0;

        for (int d = 0; d < N_DIMENSIONS && r == 0; d++) {
                const struct sshd_connection *part = &choice->of[d]->part;

                r = set_text(&connection.user, part->user);
                if (r == 0)
                        r = set_text(&connection.host, part->host);
                if (r == 0)
                        r = set_text(&connection.addr, part->addr);
                if (r == 0)
                        r = set_text(&connection.laddr, part->laddr);
                if (r == 0)
                        r = set_text(&connection.rdomain, part->rdomain);
                if (part->lport >= 0)
                        connection.lport = part->lport;
                connection.invalid_user = connection.invalid_user || part->invalid_user;
        }
        if (r < 0)
                return r;
        *ret = connection;
        connection = (struct sshd_connection){ .lport = -1 };
        return 0;
}

struct seek {
        struct search *search;
        const struct sshd_block *target;
        const struct options *of[N_DIMENSIONS];
        block_word *left; /* per depth the unwanted blocks that the choices so far leave in force */
        struct choice choice;
        struct sshd_connection *connection;
};

/* Returns 1 with the choice filled, or 0. */
static int seek_from(struct seek *seek, int d) {
        struct search *search = seek->search;
        const block_word *before = seek->left + (size_t)d * search->n_words;
        block_word *after = seek->left + (size_t)(d + 1) * search->n_words;

        for (size_t i = 0; i < seek->of[d]->n_items; i++) {
                const struct option *option = &seek->of[d]->items[i];
                block_word stuck = 0;

                if (search->n_steps >= SEARCH_STEPS_MAX) {
                        search->is_cut = true;
                        return 0;
                }
                search->n_steps++;
                if (seek->target && !block_is_in(option->blocks, seek->target->index))
                        continue;
                search->n_steps += search->n_words;
                for (size_t w = 0; w < search->n_words; w++) {
                        after[w] = before[w] & option->blocks[w];
                        stuck |= after[w] & search->settled[d][w];
                }
                if (stuck)
                        continue;
                seek->choice.of[d] = option->candidate;
                if (d + 1 == N_DIMENSIONS || seek_from(seek, d + 1))
                        return 1;
        }
        return 0;
}

static int take_choice(struct seek *seek) {
        int r = choice_connection(&seek->choice, seek->connection);

        return r < 0 ? r : 1;
}

/* With a bound of its own, which is no answer if it is reached. */
static int seek_within(struct seek *seek, size_t n_steps_max) {
        size_t n_steps = seek->search->n_steps;
        int r;

        seek->search->n_steps = SEARCH_STEPS_MAX - n_steps_max;
        r = seek_from(seek, 0);
        seek->search->n_steps = n_steps;
        seek->search->is_cut = false;
        return r;
}

static int seek_quickly(struct seek *seek) {
        struct search *search = seek->search;
        struct options own[N_DIMENSIONS] = { 0 };
        unsigned kinds = all_kinds(seek->target);
        int r = 0;

        for (int d = 0; d < N_DIMENSIONS && r == 0; d++) {
                enum dimension dimension = (enum dimension)d;

                if (!(kinds & kinds_of(search, d))) {
                        r = natural_options(search, dimension, &seek->of[d]);
                        continue;
                }
                seek->of[d] = &own[d];
                r = candidates_of_block(&search->source, dimension, seek->target,
                                        &own[d].candidates);
                if (r == 0)
                        r = make_options(search, dimension, &own[d]);
        }
        if (r == 0)
                r = seek_within(seek, QUICK_STEPS_MAX);
        if (r == 1)
                r = take_choice(seek);
        for (int d = 0; d < N_DIMENSIONS; d++)
                options_done(&own[d]);
        return r;
}

static int seek_everywhere(struct seek *seek) {
        struct search *search = seek->search;
        int r = make_all(search);

        for (int d = 0; d < N_DIMENSIONS && r == 0; d++) {
                seek->of[d] = &search->all[d];
                if (!search->is_looked_at[d])
                        r = natural_options(search, (enum dimension)d, &seek->of[d]);
        }
        if (r == 0)
                r = seek_from(seek, 0);
        return r == 1 ? take_choice(seek) : r;
}

int search_target(struct search *search, const struct sshd_block *target,
                  const block_word *excluded, bool quick, struct sshd_connection *ret) {
        size_t n_words = search->n_words;
        CLEANUP_FREE block_word *left = calloc((N_DIMENSIONS + 1) * n_words, sizeof *left);
        struct seek seek = { .search = search, .target = target, .left = left, .connection = ret };
        int r;

        if (!left)
                return -ENOMEM;
        memcpy(left, excluded, n_words * sizeof *left);
        r = seek_quickly(&seek);
        if (r != 0 || quick)
                return r;
        r = seek_everywhere(&seek);
        if (r == 0 && is_incomplete(search))
                search->is_cut = true;
        return r;
}

/* ---- all sets ---- */

void search_sets_done(struct search_sets *sets) {
        for (size_t i = 0; i < sets->n_items; i++)
                free(sets->items[i].blocks);
        free(sets->items);
        *sets = (struct search_sets){ 0 };
}

/* Takes a set unless it is known. */
static int add_set(struct search *search, struct fold *fold, const block_word *blocks,
                   const struct choice *choice, struct search_sets *sets) {
        CLEANUP_FREE block_word *copy = NULL;
        size_t at;
        int r;

        if (find_known(search, fold, sets->items, sizeof sets->items[0], blocks, &at))
                return 0;
        if (sets->n_items >= SEARCH_SETS_MAX) {
                search->is_cut = true;
                return 0;
        }
        copy = malloc(search->n_words * sizeof *copy);
        if (!copy)
                return -ENOMEM;
        memcpy(copy, blocks, search->n_words * sizeof *copy);
        r = ARRAY_GROW(sets->items, sets->n_items);
        if (r < 0)
                return r;
        sets->items[sets->n_items++] = (struct search_set){ TAKE(copy), *choice };
        fold->buckets[at] = (uint32_t)sets->n_items;
        return 0;
}

/* Every set so far with every option of dimension D. */
static int extend_sets(struct search *search, int d, const struct options *options,
                       struct search_sets *sets) {
        CLEANUP(search_sets_done) struct search_sets next = { 0 };
        CLEANUP_FREE uint32_t *buckets = NULL;
        CLEANUP_FREE block_word *blocks = malloc(search->n_words * sizeof *blocks);
        struct fold fold = { .n_buckets = 16 };
        int r;

        while (fold.n_buckets < 4 * SEARCH_SETS_MAX &&
               fold.n_buckets < 2 * sets->n_items * options->n_items)
                fold.n_buckets *= 2;
        fold.buckets = buckets = calloc(fold.n_buckets, sizeof *buckets);
        r = buckets && blocks ? 0 : -ENOMEM;
        for (size_t i = 0; i < sets->n_items && r == 0; i++)
                for (size_t k = 0; k < options->n_items && r == 0; k++) {
                        struct choice choice = sets->items[i].choice;

                        if (search->n_steps >= SEARCH_STEPS_MAX) {
                                search->is_cut = true;
                                break;
                        }
                        search->n_steps += search->n_words;
                        for (size_t w = 0; w < search->n_words; w++)
                                blocks[w] = sets->items[i].blocks[w] & options->items[k].blocks[w];
                        choice.of[d] = options->items[k].candidate;
                        r = add_set(search, &fold, blocks, &choice, &next);
                }
        if (r < 0)
                return r;
        search_sets_done(sets);
        *sets = next;
        next = (struct search_sets){ 0 };
        return 0;
}

int search_sets(struct search *search, struct search_sets *ret) {
        CLEANUP(search_sets_done) struct search_sets sets = { 0 };
        int r = ARRAY_GROW(sets.items, sets.n_items);

        if (r < 0)
                return r;
        sets.items[0].blocks = malloc(search->n_words * sizeof(block_word));
        if (!sets.items[0].blocks) {
                free(sets.items);
                sets.items = NULL;
                return -ENOMEM;
        }
        memcpy(sets.items[0].blocks, search->relevant, search->n_words * sizeof(block_word));
        sets.n_items = 1;
        r = make_all(search);
        for (int d = 0; d < N_DIMENSIONS && r == 0; d++) {
                const struct options *options = &search->all[d];

                if (!search->is_looked_at[d])
                        r = natural_options(search, (enum dimension)d, &options);
                if (r == 0)
                        r = extend_sets(search, d, options, &sets);
        }
        if (r < 0)
                return r;
        if (is_incomplete(search))
                search->is_cut = true;
        *ret = sets;
        sets = (struct search_sets){ 0 };
        return 0;
}
