/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Evaluation: pass 2 of sshd, for one connection.
 *
 * Pass 1 was worked out while loading. Here the Match blocks in force are found, then each
 * keyword's own lines in them are taken in order, and go over what pass 1 set. A keyword costs a
 * walk over its own lines only.
 *
 * Messages of this pass call the main file "reprocess config", as sshd does. */

#include "sshd/effective.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "evaluate.h"
#include "index.h"
#include "loader.h"
#include "take.h"

struct sshd_effective {
        const struct sshd_config *config;
        struct sshd_setting settings[N_SETTINGS]; /* keyword NULL: none of this release */
        struct text messages;
};

enum { STATUS_CRASH = 128 + 11 }; /* SIGSEGV, as shells tell it */

static const char main_file_name[] = "reprocess config";

/* What sshd dies of in this pass, and at which line. */
struct failure {
        size_t position;
        const struct sshd_directive *directive; /* NULL: a Match line, or no line */
        char *reason;
        int exit_status; /* 0: STATUS_FATAL */
};

static void failure_done(struct failure *failure) {
        free(failure->reason);
}

/* Keeps the failure that sshd meets first. Takes REASON. */
static void failure_note(struct failure *failure, size_t position,
                         const struct sshd_directive *directive, char *reason) {
        if (failure->reason && failure->position <= position) {
                free(reason);
                return;
        }
        free(failure->reason);
        *failure = (struct failure){ position, directive, reason, 0 };
}

static const char *file_name(const struct sshd_place *place) {
        return place->is_included ? place->file->path : main_file_name;
}

/* The notes on deprecated keywords, which sshd repeats, up to where it stops. */
static int append_notices(const struct sshd_config *config, const bool *active, size_t position,
                          struct text *messages) {
        for (size_t i = 0; i < config->n_notices; i++) {
                const struct sshd_notice *notice = &config->notices[i];
                bool is_active = notice->block && active[notice->block->index];
                CLEANUP_FREE char *line = NULL;
                int r;

                if (!notice->place.file || (notice->is_global_only && !is_active) ||
                    notice->place.sequence > position)
                        continue;
                line = text_format("%s line %u: %s", file_name(&notice->place), notice->place.line,
                                   notice->text);
                r = line ? log_append(messages, config->log_limit, LOG_LEVEL_INFO, line) : -ENOMEM;
                if (r < 0)
                        return r;
        }
        return 0;
}

/* After lines that are merely bad sshd goes on to the end of their file. */
static int append_bad(const struct sshd_config *config, const bool *active,
                      const struct sshd_directive *first, struct text *messages) {
        const struct sshd_slot *slot = &config->slots[first->keyword->setting];
        CLEANUP_FREE char *total = NULL;
        unsigned n = 0;

        for (size_t i = 0; i < slot->n_directives; i++) {
                const struct sshd_directive *directive = slot->directives[i];
                CLEANUP_FREE char *line = NULL;
                int r;

                if (!directive->later.is_bad || directive->place.file != first->place.file ||
                    directive->place.sequence < first->place.sequence ||
                    !active[directive->block->index])
                        continue;
                line = text_format("%s line %u: %s", file_name(&directive->place),
                                   directive->place.line, directive->later.reason);
                r = line ? log_append(messages, config->log_limit, LOG_LEVEL_ERROR, line) : -ENOMEM;
                if (r < 0)
                        return r;
                n++;
        }
        total = text_format("%s: terminating, %u bad configuration options",
                            file_name(&first->place), n);
        return total ? log_append(messages, config->log_limit, LOG_LEVEL_FATAL, total) : -ENOMEM;
}

static int append_failure(const struct sshd_config *config, const struct failure *failure,
                          struct text *messages) {
        const struct sshd_directive *directive = failure->directive;
        CLEANUP_FREE char *line = NULL;
        int r = 0;

        if (directive && directive->later.reason && directive->later.complaint)
                r = log_append(messages, config->log_limit, LOG_LEVEL_ERROR,
                               directive->later.complaint);
        if (r < 0)
                return r;
        if (!directive || (directive->later.reason && directive->later.is_bare))
                line = strdup(failure->reason);
        else
                line = text_format("%s line %u: %s", file_name(&directive->place),
                                   directive->place.line, failure->reason);
        return line ? log_append(messages, config->log_limit, LOG_LEVEL_FATAL, line) : -ENOMEM;
}

/* Returns -EINVAL with *reterr set (if asked for), or -ENOMEM. */
static int fail(const struct sshd_config *config, const bool *active, const struct failure *failure,
                struct sshd_refusal **reterr) {
        CLEANUP(text_done) struct text messages = { 0 };
        struct sshd_refusal *refusal;
        const struct sshd_directive *directive = failure->directive;

        if (!reterr)
                return -EINVAL;
        if (append_notices(config, active, failure->position, &messages) < 0 ||
            (directive && directive->later.is_bad ? append_bad(config, active, directive, &messages)
                                                  : append_failure(config, failure, &messages)) < 0)
                return -ENOMEM;
        refusal = calloc(1, sizeof *refusal);
        if (!refusal)
                return -ENOMEM;
        refusal->exit_status = failure->exit_status ? failure->exit_status : STATUS_FATAL;
        refusal->reason = strdup(failure->reason);
        refusal->message = text_take(&messages);
        if (directive && directive->place.file) {
                refusal->line = directive->place.line;
                refusal->file = strdup(directive->place.file->path);
        }
        if (!refusal->reason || !refusal->message ||
            (directive && directive->place.file && !refusal->file)) {
                sshd_refusal_free(refusal);
                return -ENOMEM;
        }
        *reterr = refusal;
        return -EINVAL;
}

static int match_blocks(const struct sshd_config *config, const struct sshd_connection *connection,
                        const struct accounts *accounts, bool *ret_active,
                        struct failure *failure) {
        static const struct sshd_connection nothing = { .lport = -1 };
        const struct sshd_connection *asked = connection ? connection : &nothing;
        const struct account *account =
                asked->user && accounts ? accounts_find(accounts, asked->user) : NULL;
        CLEANUP_FREE block_word *found = calloc(block_words(config->n_blocks), sizeof *found);

        if (!found)
                return -ENOMEM;
        block_index_find(config, asked, account, SSHD_MATCH_ANY_KIND, found);
        for (size_t i = 0; i < config->n_blocks; i++) {
                const struct sshd_block *block = config->blocks[i];
                char *reason = NULL;
                int r;

                ret_active[i] = false;
                if (!block_is_in(found, i) || (block->parent && !ret_active[block->parent->index]))
                        continue;
                r = sshd_block_matches(config, block, SSHD_MATCH_ANY_KIND, asked, account, &reason);
                if (r == -EINVAL)
                        failure_note(failure, block->place.sequence, NULL, reason);
                else if (r < 0)
                        return r;
                ret_active[i] = r == 1;
        }
        if (config->end > 0) {
                char *reason = strdup(config->refusal->reason);

                if (!reason)
                        return -ENOMEM;
                failure_note(failure, config->end, NULL, reason);
        }
        return 0;
}

int sshd_blocks_match(const struct sshd_config *config, const struct sshd_connection *connection,
                      const struct accounts *accounts, bool *ret_active,
                      struct sshd_refusal **reterr) {
        CLEANUP(failure_done) struct failure failure = { 0 };
        struct sshd_effective *none;
        int r;

        if (config->again)
                return sshd_effective_new(config->again, connection, accounts, &none, reterr);
        r = match_blocks(config, connection, accounts, ret_active, &failure);
        if (r < 0 || !failure.reason)
                return r;
        return fail(config, ret_active, &failure, reterr);
}

/* One keyword while it is evaluated. */
struct evaluation {
        const struct sshd_config *config;
        const struct keyword *keyword; /* the setting's own row */
        const bool *active;
        struct state state;   /* pass 1, then all */
        struct state matched; /* pass 2 */
        const struct sshd_directive *winner;
        bool is_matched; /* the winner stands in a Match block, by pass 2 */
};

static void evaluation_done(struct evaluation *evaluation) {
        state_done(&evaluation->state);
        state_done(&evaluation->matched);
}

static bool is_in_force(const struct evaluation *evaluation,
                        const struct sshd_directive *directive) {
        return directive->block && evaluation->active[directive->block->index];
}

/* Has another keyword been set before this line, in pass 2? (take_has_guard()) */
static bool is_guarded(const struct evaluation *evaluation,
                       const struct sshd_directive *directive) {
        const struct sshd_slot *slot;
        enum setting guard;

        if (!take_has_guard(evaluation->keyword, &evaluation->config->release, &guard))
                return false;
        slot = &evaluation->config->slots[guard];
        for (size_t i = 0; i < slot->n_directives; i++) {
                if (slot->directives[i]->index > directive->index)
                        return false;
                if (is_in_force(evaluation, slot->directives[i]))
                        return true;
        }
        return false;
}

/* Pass 2 over the keyword's lines. TAKINGS holds one result per line. */
static int take_matched(struct evaluation *evaluation, const struct sshd_slot *slot, int *takings,
                        struct failure *failure) {
        const struct sshd_release *release = &evaluation->config->release;

        for (size_t i = 0; i < slot->n_directives; i++) {
                const struct sshd_directive *directive = slot->directives[i];
                char *reason = NULL;

                takings[i] = TAKING_LOST;
                if (!directive->place.file)
                        continue;
                if (!(directive->keyword->flags & KEYWORD_IN_MATCH) &&
                    !is_in_force(evaluation, directive))
                        continue;
                takings[i] = take_directive(&evaluation->matched, directive,
                                            is_in_force(evaluation, directive),
                                            is_guarded(evaluation, directive), release, &reason);
                if (takings[i] < 0)
                        return takings[i];
                if (takings[i] == TAKING_FATAL) {
                        failure_note(failure, directive->place.sequence, directive, reason);
                        return 0;
                }
        }
        return 0;
}

/* The line that decided: the last that won, or the first that joined. */
static const struct sshd_directive *find_winner(const struct sshd_slot *slot, const int *takings) {
        const struct sshd_directive *winner = NULL;

        for (size_t i = 0; i < slot->n_directives; i++) {
                int taking = takings ? takings[i] : slot->directives[i]->global_taking;

                if (taking == TAKING_WON || (taking == TAKING_JOINED && !winner))
                        winner = slot->directives[i];
        }
        return winner;
}

static struct sshd_line line_of(const struct sshd_directive *directive) {
        return (struct sshd_line){
                .file = directive->place.file ? directive->place.file->path : "command-line",
                .line = directive->place.line,
                .text = directive->text,
        };
}

static int add_line(struct sshd_line **lines, size_t *n_lines,
                    const struct sshd_directive *directive) {
        int r = ARRAY_GROW(*lines, *n_lines);

        if (r == 0)
                (*lines)[(*n_lines)++] = line_of(directive);
        return r;
}

/* The lines in force besides the winner: parts of the value, and those that lost. */
static int collect_others(const struct evaluation *evaluation, const struct sshd_slot *slot,
                          const int *takings, struct sshd_setting *setting) {
        for (size_t i = 0; i < slot->n_directives; i++) {
                const struct sshd_directive *directive = slot->directives[i];
                int taking = evaluation->is_matched ? takings[i] : directive->global_taking;
                bool is_global = !directive->block || directive->block->is_global;
                int r = 0;

                if (directive == evaluation->winner)
                        continue;
                if (taking == TAKING_JOINED)
                        r = add_line(&setting->joined, &setting->n_joined, directive);
                else if (is_global || is_in_force(evaluation, directive))
                        r = add_line(&setting->losers, &setting->n_losers, directive);
                if (r < 0)
                        return r;
        }
        return 0;
}

bool sshd_keyword_is_copied(const struct keyword *keyword) {
        return !(keyword->flags & KEYWORD_NOT_COPIED) &&
               keyword->flags & (KEYWORD_IN_MATCH | KEYWORD_TEXT_COPIED);
}

/* What sshd does after the last line, in this order; then it works out the algorithm lists. */
enum { STEP_LISTEN, STEP_COPY, N_STEPS };

static size_t position_of_step(size_t step) {
        return SIZE_MAX - N_STEPS - n_assembled_lists + step;
}

static int note_listen(const struct evaluation *evaluation, struct failure *failure) {
        char *reason;

        if (!evaluation->config->listen_reason)
                return 0;
        reason = strdup(evaluation->config->listen_reason);
        if (!reason)
                return -ENOMEM;
        failure_note(failure, position_of_step(STEP_LISTEN), NULL, reason);
        return 0;
}

/* Subsystems are copied with the rest of what the blocks set. */
static int note_crash(const struct evaluation *evaluation, struct failure *failure) {
        const struct sshd_config *config = evaluation->config;
        char *reason;

        if (!subsystems_crash(&config->global[SETTING_SUBSYSTEM], &evaluation->matched,
                              &config->release))
                return 0;
        reason = strdup("sshd crashes: Subsystem in a Match block, none outside");
        if (!reason)
                return -ENOMEM;
        failure_note(failure, position_of_step(STEP_COPY), NULL, reason);
        failure->exit_status = STATUS_CRASH;
        return 0;
}

/* What pass 2 set goes over pass 1. */
static int overlay(struct evaluation *evaluation) {
        const struct keyword *keyword = evaluation->keyword;
        int r = state_copy(&evaluation->state, &evaluation->config->global[keyword->setting]);

        if (r < 0 || !sshd_keyword_is_copied(keyword))
                return r;
        evaluation->is_matched = evaluation->matched.is_set;
        return take_overlay(&evaluation->state, &evaluation->matched, keyword);
}

static int print(const struct evaluation *evaluation, struct sshd_setting *setting) {
        const struct sshd_config *config = evaluation->config;

        setting->is_default = !evaluation->winner;
        if (evaluation->winner)
                setting->winner = line_of(evaluation->winner);
        if (evaluation->keyword->setting == SETTING_LISTEN_ADDRESS)
                return strings_copy(&setting->values, &setting->n_values, config->listen_addresses,
                                    config->n_listen_addresses);
        return take_print(evaluation->keyword, &evaluation->state, evaluation->is_matched,
                          &config->release, &setting->values, &setting->n_values);
}

static int evaluate(struct evaluation *evaluation, struct sshd_setting *setting,
                    struct failure *failure) {
        const struct sshd_slot *slot = &evaluation->config->slots[evaluation->keyword->setting];
        CLEANUP_FREE int *takings = calloc(slot->n_directives + 1, sizeof *takings);
        int r;

        if (!takings)
                return -ENOMEM;
        r = take_matched(evaluation, slot, takings, failure);
        if (r == 0 && !failure->reason && evaluation->keyword->setting == SETTING_SUBSYSTEM)
                r = note_crash(evaluation, failure);
        if (r == 0 && !failure->reason && evaluation->keyword->setting == SETTING_LISTEN_ADDRESS)
                r = note_listen(evaluation, failure);
        if (r < 0 || failure->reason)
                return r;
        r = overlay(evaluation);
        if (r < 0)
                return r;
        evaluation->winner = find_winner(slot, evaluation->is_matched ? takings : NULL);
        r = collect_others(evaluation, slot, takings, setting);
        return r < 0 ? r : print(evaluation, setting);
}

int sshd_setting_of_lines(const struct sshd_config *config, const struct keyword *keyword,
                          const struct sshd_directive *const *lines, size_t n_lines,
                          struct sshd_setting *ret) {
        CLEANUP(evaluation_done)
        struct evaluation evaluation = { .config = config, .keyword = keyword };
        struct sshd_setting setting = { .keyword = keyword->lower_name };
        int r = 0;

        for (size_t i = 0; i < n_lines && r >= 0; i++) {
                CLEANUP_FREE char *reason = NULL;

                r = take_directive(&evaluation.matched, lines[i], true, false, &config->release,
                                   &reason);
                if (r == TAKING_FATAL)
                        return -EINVAL;
                if (r == TAKING_WON || (r == TAKING_JOINED && !evaluation.winner))
                        evaluation.winner = lines[i];
        }
        if (r >= 0)
                r = overlay(&evaluation);
        if (r >= 0 && !evaluation.is_matched)
                evaluation.winner = find_winner(&config->slots[keyword->setting], NULL);
        if (r >= 0)
                r = print(&evaluation, &setting);
        if (r < 0) {
                sshd_setting_done(&setting);
                return r;
        }
        *ret = setting;
        return 0;
}

/* Failures of algorithm lists come after all lines, in sshd's own order. */
static int note_bad_list(const struct sshd_config *config, const struct keyword *keyword,
                         struct failure *failure) {
        for (size_t i = 0; i < n_assembled_lists; i++) {
                char *reason;

                if (assembled_lists[i].setting != keyword->setting)
                        continue;
                reason = assembled_list_reason(&assembled_lists[i], &config->release);
                if (!reason)
                        return -ENOMEM;
                failure_note(failure, position_of_step(N_STEPS + i), NULL, reason);
        }
        return 0;
}

static int evaluate_keyword(const struct sshd_config *config, const struct keyword *keyword,
                            const bool *active, struct sshd_setting *ret, struct failure *failure) {
        CLEANUP(evaluation_done)
        struct evaluation evaluation = { .config = config, .keyword = keyword, .active = active };
        CLEANUP(failure_done) struct failure own = { 0 };
        struct sshd_setting setting = { .keyword = keyword->lower_name };
        int r;

        r = evaluate(&evaluation, &setting, &own);
        if (r == -EINVAL)
                r = note_bad_list(config, keyword, &own);
        if (r < 0) {
                sshd_setting_done(&setting);
                return r;
        }
        if (own.reason && (!failure->reason || own.position < failure->position)) {
                failure_done(failure);
                *failure = own;
                own = (struct failure){ 0 };
        }
        *ret = setting;
        return 0;
}

int sshd_setting_evaluate(const struct sshd_config *config, const struct keyword *keyword,
                          const bool *active, struct sshd_setting *ret,
                          struct sshd_refusal **reterr) {
        CLEANUP(failure_done) struct failure failure = { 0 };
        struct sshd_setting setting = { 0 };
        int r;

        r = evaluate_keyword(config, keyword, active, &setting, &failure);
        if (r == 0 && failure.reason)
                r = fail(config, active, &failure, reterr);
        if (r < 0) {
                sshd_setting_done(&setting);
                return r;
        }
        *ret = setting;
        return 0;
}

int sshd_effective_one(const struct sshd_config *config, const struct sshd_connection *connection,
                       const struct accounts *accounts, const char *keyword,
                       struct sshd_setting *ret) {
        const struct keyword *row = keyword_find(keyword, &config->release);
        CLEANUP_FREE bool *active = NULL;
        int r;

        if (row && row->use == KEYWORD_ALIAS)
                row = keyword_own_row(row, &config->release);
        if (!row || row->setting == SETTING_NONE)
                return -ENOENT;
        active = calloc(config->n_blocks + 1, sizeof *active);
        if (!active)
                return -ENOMEM;
        r = sshd_blocks_match(config, connection, accounts, active, NULL);
        return r < 0 ? r : sshd_setting_evaluate(config, row, active, ret, NULL);
}

void sshd_setting_done(struct sshd_setting *setting) {
        strings_free(setting->values, setting->n_values);
        free(setting->joined);
        free(setting->losers);
        *setting = (struct sshd_setting){ 0 };
}

void sshd_effective_free(struct sshd_effective *effective) {
        if (!effective)
                return;
        for (size_t i = 0; i < N_SETTINGS; i++)
                sshd_setting_done(&effective->settings[i]);
        text_done(&effective->messages);
        free(effective);
}

DEFINE_CLEANUP(cleanup_effective, struct sshd_effective, sshd_effective_free)

int sshd_effective_new(const struct sshd_config *config, const struct sshd_connection *connection,
                       const struct accounts *accounts, struct sshd_effective **ret,
                       struct sshd_refusal **reterr) {
        CLEANUP(cleanup_effective) struct sshd_effective *effective = NULL;
        CLEANUP_FREE bool *active = NULL;
        CLEANUP(failure_done) struct failure failure = { 0 };
        int r;

        if (config->again)
                return sshd_effective_new(config->again, connection, accounts, ret, reterr);
        effective = calloc(1, sizeof *effective);
        active = calloc(config->n_blocks + 1, sizeof *active);
        if (!effective || !active)
                return -ENOMEM;
        effective->config = config;
        r = match_blocks(config, connection, accounts, active, &failure);
        for (size_t i = 0; r == 0 && i < n_keyword_table; i++) {
                const struct keyword *keyword = &keyword_table[i];

                if (keyword->use != KEYWORD_SETTING || !keyword_is_of(keyword, &config->release) ||
                    effective->settings[keyword->setting].keyword)
                        continue;
                r = evaluate_keyword(config, keyword, active,
                                     &effective->settings[keyword->setting], &failure);
        }
        if (r == 0 && failure.reason)
                return fail(config, active, &failure, reterr);
        if (r == 0)
                r = append_notices(config, active, SIZE_MAX, &effective->messages);
        if (r < 0)
                return r;
        *ret = TAKE(effective);
        return 0;
}

const struct sshd_setting *sshd_effective_get(const struct sshd_effective *effective,
                                              const char *keyword) {
        const struct keyword *row = keyword_find(keyword, &effective->config->release);

        return row && row->setting != SETTING_NONE ? &effective->settings[row->setting] : NULL;
}

const char *sshd_effective_messages(const struct sshd_effective *effective) {
        return text_get(&effective->messages);
}

const struct sshd_release *sshd_effective_release(const struct sshd_effective *effective) {
        return &effective->config->release;
}
