/* SPDX-License-Identifier: GPL-3.0-or-later */
/* All connections that can matter to one keyword.
 *
 * The keyword's value depends on which of the blocks that set it are in force. Where the first line
 * wins, one question per block is enough: can it be in force with no earlier one? The value it
 * would give is known before, so who is looking for bad values has nothing searched for good ones.
 * Where lines add up, all sets of blocks that can be in force together are looked at; or, for who
 * judges elements one by one, each block alone.
 *
 * With UseDNS the host name of a connection is its address or a name of its own; both are asked
 * about, one after the other. Where a Match block holds a line that sshd dies of, blocks are not
 * looked at alone: the connection must survive all of them. */

#include "sshd/contexts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "evaluate.h"
#include "grammar.h"
#include "search.h"
#include "table.h"

DEFINE_CLEANUP(cleanup_effective, struct sshd_effective, sshd_effective_free)

/* Lines of one block that follow each other. */
struct run {
        const struct sshd_block *block;
        const struct sshd_directive *const *lines;
        size_t n_lines;
};

struct question {
        const struct sshd_config *config;
        const struct keyword *row;
        const struct accounts *accounts;
        const struct sshd_when *when;
        const struct sshd_choice *choice;
        struct run *runs; /* in evaluation order */
        size_t n_runs;
        const struct sshd_block **blocks; /* each once */
        size_t n_blocks;
        struct sshd_contexts *found;
};

static void question_done(struct question *question) {
        free(question->runs);
        free(question->blocks);
}

/* ---- the relevant blocks ---- */

static int add_block(struct question *question, const struct sshd_block *block, block_word *known) {
        int r;

        if (block_is_in(known, block->index))
                return 0;
        block_add(known, block->index);
        r = ARRAY_GROW(question->blocks, question->n_blocks);
        if (r == 0)
                question->blocks[question->n_blocks++] = block;
        return r;
}

/* A line without a value (`AllowUsers # x`) sets nothing. */
static bool sets_something(const struct sshd_directive *line) {
        return line->value.n_numbers > 0 || line->value.n_strings > 0 || line->later.reason;
}

static int add_line(struct question *question, const struct sshd_slot *slot, size_t i,
                    block_word *known) {
        const struct sshd_directive *line = slot->directives[i];
        int r;

        if (!line->block || !sets_something(line))
                return 0;
        if (i > 0 && question->n_runs > 0) {
                struct run *last = &question->runs[question->n_runs - 1];

                if (last->block == line->block &&
                    last->lines + last->n_lines == &slot->directives[i]) {
                        last->n_lines++;
                        return 0;
                }
        }
        r = ARRAY_GROW(question->runs, question->n_runs);
        if (r < 0)
                return r;
        question->runs[question->n_runs++] = (struct run){ line->block, &slot->directives[i], 1 };
        return add_block(question, line->block, known);
}

/* Blocks of another keyword that decide as well, by more than their order. */
static int add_slot_blocks(struct question *question, const struct sshd_slot *slot,
                           block_word *known) {
        int r = 0;

        for (size_t i = 0; i < slot->n_directives && r == 0; i++)
                if (slot->directives[i]->block)
                        r = add_block(question, slot->directives[i]->block, known);
        return r;
}

static bool has_guard(const struct question *question, enum setting *ret_guard) {
        return take_has_guard(question->row, &question->config->release, ret_guard);
}

static int find_relevant(struct question *question) {
        const struct sshd_config *config = question->config;
        const struct sshd_slot *slot = &config->slots[question->row->setting];
        CLEANUP_FREE block_word *known = calloc(block_words(config->n_blocks), sizeof *known);
        enum setting guard;
        int r = known ? 0 : -ENOMEM;

        for (size_t i = 0; i < slot->n_directives && r == 0; i++)
                r = add_line(question, slot, i, known);
        if (r == 0 && has_guard(question, &guard))
                r = add_slot_blocks(question, &config->slots[guard], known);
        for (size_t i = 0; config->may_die && i < config->n_slots && r == 0; i++)
                if (config->slots[i].may_kill)
                        r = add_slot_blocks(question, &config->slots[i], known);
        return r;
}

/* ---- contexts ---- */

/* Would sshd serve this connection at all? 1, 0 or -ENOMEM. */
static int survives(const struct question *question, const struct sshd_connection *connection) {
        CLEANUP(cleanup_effective) struct sshd_effective *effective = NULL;
        int r;

        if (!question->config->may_die)
                return 1;
        r = sshd_effective_new(question->config, connection, question->accounts, &effective, NULL);
        return r == -EINVAL ? 0 : r < 0 ? r : 1;
}

/* Takes CONNECTION. */
static int add_context(struct question *question, struct sshd_connection *connection) {
        struct sshd_contexts *found = question->found;
        int r = survives(question, connection);

        if (r == 1 && found->n_items >= SSHD_CONTEXTS_MAX) {
                found->complete = false;
                r = 0;
        }
        if (r == 1) {
                r = ARRAY_GROW(found->items, found->n_items);
                if (r == 0) {
                        found->items[found->n_items++] = *connection;
                        return 0;
                }
        }
        sshd_connection_done(connection);
        return r;
}

static int is_wanted(const struct question *question, const struct sshd_setting *setting) {
        return question->choice ? question->choice->is_wanted(question->choice->userdata, setting)
                                : 1;
}

/* Values that are not wanted, so that many lines of one value are judged once. */
enum { N_UNWANTED = 4 };

struct unwanted {
        const struct run *runs[N_UNWANTED];
        size_t next;
};

static bool is_same_run(const struct run *a, const struct run *b) {
        if (a->n_lines != b->n_lines)
                return false;
        for (size_t i = 0; i < a->n_lines; i++)
                if (a->lines[i]->keyword != b->lines[i]->keyword || a->lines[i]->later.reason ||
                    b->lines[i]->later.reason ||
                    !sshd_value_is_same(&a->lines[i]->value, &b->lines[i]->value))
                        return false;
        return true;
}

static bool is_unwanted(const struct unwanted *unwanted, const struct run *run) {
        for (size_t i = 0; i < N_UNWANTED; i++)
                if (unwanted->runs[i] && is_same_run(unwanted->runs[i], run))
                        return true;
        return false;
}

/* Is the value that RUN (NULL: the global section) gives, if it decides, of interest? */
static int is_wanted_run(const struct question *question, const struct run *run) {
        struct sshd_setting setting;
        int r;

        if (!question->choice)
                return 1;
        r = sshd_setting_of_lines(question->config, question->row, run ? run->lines : NULL,
                                  run ? run->n_lines : 0, &setting);
        if (r < 0)
                return r == -EINVAL ? 0 : r; /* sshd dies of it */
        r = is_wanted(question, &setting);
        sshd_setting_done(&setting);
        return r;
}

/* A "no" that rests on accounts we were not told of is none. */
static void doubt(struct question *question, const struct sshd_block *target) {
        if (question->accounts->complete)
                return;
        for (; target; target = target->parent)
                for (size_t i = 0; i < target->n_criteria; i++)
                        if (target->criteria[i].kind == SSHD_MATCH_GROUP)
                                question->found->lacks_accounts = true;
        if (question->when && (question->when->group || question->when->shell))
                question->found->lacks_accounts = true;
}

/* ---- one block after the other ---- */

enum { N_VARIANTS = 2 };

/* The searches of a question: where the host name is the address, and where it is not. */
struct searches {
        struct search of[N_VARIANTS];
        int n;
};

static void searches_done(struct searches *searches) {
        for (int i = 0; i < searches->n; i++)
                search_done(&searches->of[i]);
}

static int searches_init(struct searches *searches, const struct question *question) {
        const struct sshd_config *config = question->config;
        const struct state *dns = &config->global[SETTING_USE_DNS];
        const struct state *port = &config->global[SETTING_PORT];
        struct candidate_source source = {
                .config = config,
                .blocks = question->blocks,
                .n_blocks = question->n_blocks,
                .accounts = question->accounts,
                .when = question->when,
                .host_is_address = true,
                .port = port->n_strings > 0 ? strtoll(port->strings[0], NULL, 10) : 22,
        };
        int n = dns->is_set && dns->numbers[0] == 1 ? 2 : 1, r = 0;

        for (int i = 0; i < n && r == 0; i++) {
                source.host_is_address = i == 0;
                searches->n++;
                r = search_init(&searches->of[i], &source);
        }
        return r;
}

static int find_target(struct question *question, struct searches *searches,
                       const struct sshd_block *target, const block_word *excluded, bool quick) {
        bool is_cut = false;
        int r = searches->n == 0 ? searches_init(searches, question) : 0;

        for (int i = 0; i < searches->n && r == 0; i++) {
                struct sshd_connection connection;

                searches->of[i].is_cut = false;
                r = search_target(&searches->of[i], target, excluded, quick, &connection);
                if (r == 1)
                        r = add_context(question, &connection);
                else if (r == 0) {
                        is_cut = is_cut || searches->of[i].is_cut;
                        continue;
                }
                return r < 0 ? r : 1;
        }
        if (r == 0 && !quick) {
                if (is_cut)
                        question->found->complete = false;
                doubt(question, target);
        }
        return r;
}

/* Elements are judged one by one: each block is looked for, alone if that is easy. */
static int find_alone(struct question *question, struct searches *searches, const struct run *run,
                      const block_word *all, block_word *scratch) {
        size_t n_words = block_words(question->config->n_blocks);
        int r;

        memcpy(scratch, all, n_words * sizeof *scratch);
        for (const struct sshd_block *block = run->block; block; block = block->parent)
                block_remove(scratch, block->index);
        r = find_target(question, searches, run->block, scratch, true);
        if (r != 0)
                return r;
        memset(scratch, 0, n_words * sizeof *scratch);
        return find_target(question, searches, run->block, scratch, false);
}

static int find_each(struct question *question, bool by_line) {
        size_t n_words = block_words(question->config->n_blocks);
        CLEANUP_FREE block_word *earlier = calloc(2 * n_words, sizeof *earlier);
        CLEANUP_FREE block_word *all = calloc(n_words, sizeof *all);
        CLEANUP(searches_done) struct searches searches = { 0 };
        struct unwanted unwanted = { 0 };
        bool ends = false;
        int r = 0;

        if (!earlier || !all)
                return -ENOMEM;
        for (size_t i = 0; i < question->n_blocks; i++)
                block_add(all, question->blocks[i]->index);
        for (size_t i = 0; i < question->n_runs && r >= 0 && (by_line || !ends); i++) {
                const struct run *run = &question->runs[i];
                bool is_overruled = false;

                for (const struct sshd_block *block = run->block; block && !by_line;
                     block = block->parent)
                        is_overruled = is_overruled || block_is_in(earlier, block->index);
                if (is_overruled || is_unwanted(&unwanted, run)) {
                        r = 0;
                } else {
                        r = is_wanted_run(question, run);
                        if (r == 0)
                                unwanted.runs[unwanted.next++ % N_UNWANTED] = run;
                }
                if (r > 0)
                        r = by_line ? find_alone(question, &searches, run, all, earlier + n_words)
                                    : find_target(question, &searches, run->block, earlier, false);
                block_add(earlier, run->block->index);
                ends = ends || run->block->is_global; /* it holds always: nothing comes after */
        }
        if (r < 0 || ends)
                return r < 0 ? r : 0;
        r = is_wanted_run(question, NULL);
        if (r > 0)
                r = find_target(question, &searches, NULL, all, false);
        return r < 0 ? r : 0;
}

/* ---- all together ---- */

static int is_wanted_set(const struct question *question, const block_word *blocks) {
        const struct sshd_config *config = question->config;
        CLEANUP_FREE bool *active = calloc(config->n_blocks + 1, sizeof *active);
        struct sshd_setting setting;
        int r;

        if (!question->choice)
                return 1;
        if (!active)
                return -ENOMEM;
        for (size_t i = 0; i < config->n_blocks; i++)
                active[i] = block_is_in(blocks, i);
        r = sshd_setting_evaluate(config, question->row, active, &setting, NULL);
        if (r == -EINVAL)
                return 0;
        if (r < 0)
                return r;
        r = is_wanted(question, &setting);
        sshd_setting_done(&setting);
        return r;
}

static int find_sets(struct question *question, struct search *search, block_word *met) {
        CLEANUP(search_sets_done) struct search_sets sets = { 0 };
        int r = search_sets(search, &sets);

        for (size_t i = 0; i < sets.n_items && r >= 0; i++) {
                struct sshd_connection connection;

                for (size_t w = 0; w < search->n_words; w++)
                        met[w] |= sets.items[i].blocks[w];
                r = is_wanted_set(question, sets.items[i].blocks);
                if (r > 0)
                        r = choice_connection(&sets.items[i].choice, &connection);
                else
                        continue;
                if (r == 0)
                        r = add_context(question, &connection);
        }
        if (search->is_cut)
                question->found->complete = false;
        return r < 0 ? r : 0;
}

static int find_together(struct question *question) {
        CLEANUP_FREE block_word *met = calloc(block_words(question->config->n_blocks), sizeof *met);
        CLEANUP(searches_done) struct searches searches = { 0 };
        int r = met ? searches_init(&searches, question) : -ENOMEM;

        for (int i = 0; i < searches.n && r == 0; i++)
                r = find_sets(question, &searches.of[i], met);
        for (size_t i = 0; r == 0 && i < question->n_blocks; i++)
                if (!block_is_in(met, question->blocks[i]->index))
                        doubt(question, question->blocks[i]);
        return r;
}

/* ---- the question ---- */

static bool first_wins(const struct question *question) {
        const struct keyword *row = question->row;
        enum setting guard;

        return row->repeat == REPEAT_FIRST && (!row->grammar->take || row->grammar->first_wins) &&
               !has_guard(question, &guard);
}

int sshd_contexts_find(const struct sshd_config *config, const char *keyword,
                       const struct accounts *accounts, const struct sshd_when *when,
                       const struct sshd_choice *choice, struct sshd_contexts *ret) {
        CLEANUP(sshd_contexts_done) struct sshd_contexts found = { .complete = true };
        CLEANUP(question_done)
        struct question question = { .config = config,
                                     .accounts = accounts,
                                     .when = when,
                                     .choice = choice,
                                     .found = &found };
        const struct keyword *row = keyword_find(keyword, &config->release);
        bool by_line;
        int r = 0;

        if (row)
                row = keyword_own_row(row, &config->release);
        if (!row)
                return -EINVAL;
        question.row = row;
        by_line = choice && choice->by_line && row->repeat == REPEAT_APPEND;
        if (sshd_keyword_is_copied(row) || config->may_die)
                r = find_relevant(&question);
        if (r == 0 && question.n_blocks > 0 &&
            (config->may_die || !(first_wins(&question) || by_line)))
                r = find_together(&question);
        else if (r == 0)
                r = find_each(&question, by_line);
        if (r < 0)
                return r;
        *ret = found;
        found = (struct sshd_contexts){ 0 };
        return 0;
}

int sshd_contexts_new(const struct sshd_config *config, const char *keyword,
                      const struct accounts *accounts, const struct sshd_when *when,
                      struct sshd_contexts *ret) {
        return sshd_contexts_find(config, keyword, accounts, when, NULL, ret);
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
