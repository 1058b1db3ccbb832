/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Asking sshd what it makes of its configuration.
 *
 * sshd reads a private copy, so that a change in the middle does not look like a disagreement. The
 * connections are taken from what the rules' keywords depend on, since that is where a mistake of
 * ours would matter. Lines are compared as a multiset: the order of repeated lines follows from
 * files on disk in some releases. A configuration that both refuse is agreed upon. What sshd
 * disagreed with and is in force no more is no longer held against anybody, even where sshd cannot
 * be asked what it makes of the one that is. */

#include "world/cross_check.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "os/probe.h"
#include "sshd/contexts.h"
#include "sshd/dump.h"
#include "sshd/effective.h"
#include "world/sshd_copy.h"

DEFINE_CLEANUP(cleanup_effective, struct sshd_effective, sshd_effective_free)

/* One run of sshd -T, and what we expect of it. */
struct question {
        char *spec; /* NULL: the plain context */
        char *ours; /* NULL: we expect it to fail */
};

struct cross_check {
        sd_event *event;
        const struct world *world;
        char *scratch, *program;
        cross_check_fn on_report;
        void *userdata;
        sd_event_source *timer;
        struct sshd_copy copy;
        struct question *questions;
        size_t n_questions, next;
        struct probe *probe;
        uint8_t asked[FILE_SHA256_SIZE], answered[FILE_SHA256_SIZE];
        bool has_asked; /* what is asked is known */
        bool has_agreed, has_disagreed;
        bool is_due_again; /* requested while one was under way */
};

int cross_check_new(sd_event *event, const struct world *world, const char *scratch,
                    struct cross_check **ret) {
        struct cross_check *check = calloc(1, sizeof *check);

        if (!check)
                return -ENOMEM;
        check->scratch = strdup(scratch);
        if (!check->scratch) {
                free(check);
                return -ENOMEM;
        }
        check->event = sd_event_ref(event);
        check->world = world;
        *ret = check;
        return 0;
}

static void drop_questions(struct cross_check *check) {
        for (size_t i = 0; i < check->n_questions; i++) {
                free(check->questions[i].spec);
                free(check->questions[i].ours);
        }
        free(check->questions);
        check->questions = NULL;
        check->n_questions = check->next = 0;
        sshd_copy_done(&check->copy);
}

void cross_check_free(struct cross_check *check) {
        if (!check)
                return;
        if (check->probe)
                probe_cancel(check->probe);
        drop_questions(check);
        (void)sd_event_source_disable_unref(check->timer);
        (void)sd_event_unref(check->event);
        free(check->scratch);
        free(check->program);
        free(check);
}

void cross_check_on_report(struct cross_check *check, cross_check_fn on_report, void *userdata) {
        check->on_report = on_report;
        check->userdata = userdata;
}

int cross_check_set_program(struct cross_check *check, const char *path) {
        char *copy = strdup(path);

        if (!copy)
                return -ENOMEM;
        free(check->program);
        check->program = copy;
        return 0;
}

/* ---- what is asked ---- */

static bool is_asked(const struct cross_check *check, const char *spec) {
        for (size_t i = 0; i < check->n_questions; i++)
                if (check->questions[i].spec && strcmp(check->questions[i].spec, spec) == 0)
                        return true;
        return false;
}

static int work_out(const struct cross_check *check, const struct sshd_connection *connection,
                    char **ret) {
        const struct world *world = check->world;
        CLEANUP(cleanup_effective) struct sshd_effective *effective = NULL;
        CLEANUP(text_done) struct text text = { 0 };
        int r = sshd_effective_new(world->config, connection, &world->accounts, &effective, NULL);

        *ret = NULL;
        if (r == -EINVAL)
                return 0;
        if (r == 0)
                r = sshd_effective_format(effective, &text);
        if (r < 0)
                return r;
        *ret = text_take(&text);
        return *ret ? 0 : -ENOMEM;
}

static int add_question(struct cross_check *check, const struct sshd_connection *connection) {
        struct question question = { 0 };
        int r = 0;

        if (connection) {
                question.spec = sshd_connection_format(connection);
                r = question.spec ? 0 : -ENOMEM;
        }
        if (r == 0 && question.spec && is_asked(check, question.spec)) {
                free(question.spec);
                return 0;
        }
        if (r == 0)
                r = work_out(check, connection, &question.ours);
        if (r == 0)
                r = ARRAY_GROW(check->questions, check->n_questions);
        if (r < 0) {
                free(question.spec);
                free(question.ours);
                return r;
        }
        check->questions[check->n_questions++] = question;
        return 0;
}

/* The connections one rule's keyword depends on, in turn with those of the other rules. */
static int add_connections(struct cross_check *check, const struct rule *rule) {
        const struct world *world = check->world;
        CLEANUP(sshd_contexts_done) struct sshd_contexts contexts = { 0 };
        int r = sshd_contexts_new(world->config, rule->sshd.keyword, &world->accounts,
                                  &rule->sshd.when, &contexts);

        for (size_t i = 0; i < contexts.n_items && r == 0; i++)
                if (check->n_questions <= CROSS_CHECK_CONNECTIONS)
                        r = add_question(check, &contexts.items[i]);
        return r == -EINVAL ? 0 : r;
}

static int collect_questions(struct cross_check *check) {
        const struct policy *policy = check->world->policy;
        int r = add_question(check, NULL);

        for (size_t i = 0; i < policy->n_rules && r == 0; i++)
                if (policy->rules[i].family == RULE_SSHD && policy->rules[i].is_enabled &&
                    check->n_questions <= CROSS_CHECK_CONNECTIONS)
                        r = add_connections(check, &policy->rules[i]);
        return r;
}

/* The copy, its sshd, and what we expect of it. */
static int hash_questions(const struct cross_check *check, uint8_t ret[FILE_SHA256_SIZE]) {
        CLEANUP(text_done) struct text text = { 0 };
        uint8_t copy[FILE_SHA256_SIZE];
        int r = sshd_copy_hash(&check->copy, copy);

        if (r < 0)
                return r;
        for (size_t i = 0; i < sizeof copy; i++)
                (void)text_append_char(&text, (char)copy[i]);
        for (size_t i = 0; i < check->n_questions; i++) {
                const struct question *question = &check->questions[i];

                (void)text_appendf(&text, "%s\n%s\n", question->spec ? question->spec : "",
                                   question->ours ? question->ours : "");
        }
        if (text_error(&text) < 0 ||
            EVP_Digest(text_get(&text), text.n, ret, NULL, EVP_sha256(), NULL) != 1)
                return -ENOMEM;
        return 0;
}

/* ---- what comes back ---- */

static bool is_same_question(const struct cross_check *check) {
        return check->has_asked && memcmp(check->asked, check->answered, sizeof check->asked) == 0;
}

static void note_answer(struct cross_check *check, struct cross_check_report *report) {
        check->has_agreed = report->outcome == CROSS_CHECK_AGREES;
        if (report->outcome == CROSS_CHECK_CANNOT_TELL) {
                report->is_moot =
                        check->has_disagreed && check->has_asked && !is_same_question(check);
                check->has_disagreed = check->has_disagreed && !report->is_moot;
                return;
        }
        check->has_disagreed = report->outcome == CROSS_CHECK_DISAGREES;
        memcpy(check->answered, check->asked, sizeof check->answered);
}

static void finish(struct cross_check *check, struct cross_check_report *report) {
        note_answer(check, report);
        if (check->on_report)
                check->on_report(check->userdata, report);
        drop_questions(check);
        if (check->is_due_again)
                (void)cross_check_request(check, CROSS_CHECK_SETTLE_MS);
        else if (report->outcome == CROSS_CHECK_CANNOT_TELL)
                (void)cross_check_request(check, CROSS_CHECK_RETRY_MS);
        check->is_due_again = false;
}

static int compare_lines(const void *a, const void *b) {
        return strcmp(*(char *const *)a, *(char *const *)b);
}

struct lines {
        char **items;
        size_t n_items;
};

static void lines_done(struct lines *lines) {
        strings_free(lines->items, lines->n_items);
}

static int split_sorted(const char *text, struct lines *lines) {
        int r = 0;

        for (const char *at = text; *at && r == 0;) {
                size_t n = strcspn(at, "\n");

                r = strings_append_n(&lines->items, &lines->n_items, at, n);
                at += n + (at[n] == '\n');
        }
        if (lines->n_items > 1)
                qsort(lines->items, lines->n_items, sizeof *lines->items, compare_lines);
        return r;
}

/* The first line that only one of two sorted lists has, for each. */
static void find_difference(const struct lines *ours, const struct lines *theirs,
                            struct cross_check_report *report) {
        size_t i = 0, k = 0;

        while ((i < ours->n_items || k < theirs->n_items) && !(report->ours && report->theirs)) {
                int order = i == ours->n_items     ? 1
                            : k == theirs->n_items ? -1
                                                   : strcmp(ours->items[i], theirs->items[k]);

                if (order < 0 && !report->ours)
                        report->ours = ours->items[i];
                if (order > 0 && !report->theirs)
                        report->theirs = theirs->items[k];
                i += order <= 0;
                k += order >= 0;
        }
}

/* Returns 0, 1 if there is something to report, or -ENOMEM; *REPORT points into LINES. */
static int compare(const struct question *question, const char *said, struct lines lines[2],
                   struct cross_check_report *report) {
        int r = split_sorted(question->ours, &lines[0]);

        if (r == 0)
                r = split_sorted(said, &lines[1]);
        if (r < 0)
                return r;
        find_difference(&lines[0], &lines[1], report);
        report->outcome = CROSS_CHECK_DISAGREES;
        return report->ours || report->theirs;
}

static int ask_next(struct cross_check *check);

/* Why there is no answer; NULL: there is one. */
static char *no_answer(const struct cross_check *check, int error,
                       const struct probe_result *result) {
        if (error < 0)
                return text_format("sshd -T cannot be run: %s", strerror(-error));
        if (result->timed_out)
                return text_format("sshd -T did not answer within %d ms", CROSS_CHECK_TIMEOUT_MS);
        if (result->exit_status < 0)
                return text_format("sshd -T was killed by signal %d", result->signal);
        if (result->exit_status > 0 && sshd_copy_blames_surroundings(result->err))
                return sshd_copy_original(&check->copy, result->err);
        return NULL;
}

/* What one answer comes to, with the strings its report points to. */
struct answer {
        struct cross_check_report report;
        struct lines lines[2];
        char *reason;
};

static void answer_done(struct answer *answer) {
        lines_done(&answer->lines[0]);
        lines_done(&answer->lines[1]);
        free(answer->reason);
}

/* Returns 1 if there is something to report, 0 if sshd agrees, or -ENOMEM. */
static int judge_answer(const struct cross_check *check, int error,
                        const struct probe_result *result, struct answer *answer) {
        const struct question *question = &check->questions[check->next];
        struct cross_check_report *report = &answer->report;
        bool accepts;

        report->spec = question->spec;
        answer->reason = no_answer(check, error, result);
        if (answer->reason || error < 0) {
                report->outcome = CROSS_CHECK_CANNOT_TELL;
                report->theirs = answer->reason ? answer->reason : "out of memory";
                return 1;
        }
        accepts = result->exit_status == 0;
        if (accepts && question->ours)
                return compare(question, result->out, answer->lines, report);
        if (accepts == (question->ours != NULL))
                return 0; /* both refuse */
        answer->reason = accepts ? NULL : sshd_copy_original(&check->copy, result->err);
        report->outcome = CROSS_CHECK_DISAGREES;
        report->ours = accepts ? "refused" : "accepted";
        report->theirs = answer->reason ? answer->reason : "accepted";
        return 1;
}

static void on_answer(void *userdata, int error, struct probe_result *result) {
        struct cross_check *check = userdata;
        CLEANUP(answer_done) struct answer answer = { 0 };
        int r = judge_answer(check, error, result, &answer);

        check->probe = NULL;
        if (r > 0)
                finish(check, &answer.report);
        else if (r == 0) {
                check->next++;
                r = ask_next(check);
        }
        if (r < 0)
                drop_questions(check); /* out of memory: the next change asks again */
}

/* ---- the course of it ---- */

static int ask_next(struct cross_check *check) {
        CLEANUP_FREE const char **argv = NULL;
        struct probe_program program = { .cwd = "/", .timeout_ms = CROSS_CHECK_TIMEOUT_MS };
        int r;

        if (check->next == check->n_questions) {
                finish(check, &(struct cross_check_report){ .outcome = CROSS_CHECK_AGREES });
                return 0;
        }
        argv = sshd_copy_argv(&check->copy, "-T", check->questions[check->next].spec);
        if (!argv)
                return -ENOMEM;
        program.chroot_path = check->copy.chroot_path;
        program.argv = argv;
        r = probe_start(check->event, &program, on_answer, check, &check->probe);
        if (r < 0 && r != -ENOMEM) {
                on_answer(check, r, NULL);
                return 0;
        }
        return r;
}

static int begin(struct cross_check *check) {
        const struct world *world = check->world;
        const struct sshd_copy_place place = { check->scratch, "cross-check", check->program };
        int r;

        check->has_asked = false;
        if (sshd_config_refusal(world->config))
                return 0;
        if (!world->policy->cross_check) { /* what was said before holds no longer */
                finish(check, &(struct cross_check_report){ .outcome = CROSS_CHECK_AGREES });
                check->has_agreed = false;
                return 0;
        }
        r = sshd_copy_init(&check->copy, world, world->view, &place);
        /* The accounts of a tree are not those an sshd outside of it would ask. */
        if (r == 0 && !os_root_is_system(&world->root) && !check->copy.chroot_path &&
            !check->program)
                r = -ENOENT;
        if (r == 0)
                r = collect_questions(check);
        if (r == 0)
                r = hash_questions(check, check->asked);
        check->has_asked = r == 0;
        if (r == 0 && check->has_agreed && is_same_question(check)) {
                drop_questions(check);
                return 0;
        }
        if (r == 0)
                r = sshd_copy_write(&check->copy);
        if (r == 0)
                r = ask_next(check);
        if (r < 0)
                drop_questions(check);
        return r;
}

static int on_timer(sd_event_source *source, uint64_t now_us, void *userdata) {
        struct cross_check *check = userdata;
        int r = begin(check);

        (void)source;
        (void)now_us;
        if (r < 0 && r != -ENOMEM && check->on_report) {
                struct cross_check_report report = { .outcome = CROSS_CHECK_CANNOT_TELL,
                                                     .theirs = strerror(-r) };

                finish(check, &report);
        }
        return 0;
}

int cross_check_request(struct cross_check *check, unsigned settle_ms) {
        uint64_t after_us = (uint64_t)settle_ms * 1000;
        int r;

        if (check->n_questions > 0) {
                check->is_due_again = true;
                return 0;
        }
        if (!check->timer)
                r = sd_event_add_time_relative(check->event, &check->timer, CLOCK_MONOTONIC,
                                               after_us, 0, on_timer, check);
        else
                r = sd_event_source_set_time_relative(check->timer, after_us);
        if (r >= 0)
                r = sd_event_source_set_enabled(check->timer, SD_EVENT_ONESHOT);
        return r < 0 ? r : 0;
}
