/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which drifted files to put back for a finding.
 *
 * From the smallest set to all of them: the winning line's file, then the drifted files that set
 * the keyword (of a PAM rule: one drifted stack, then all of them), then all drifted files. Files
 * that did not drift are in no set, nor what an administrator allows for now. */

#include "respond_sets.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/array.h"
#include "guard/assess.h"
#include "guard/record.h"

void path_list_done(struct path_list *list) {
        strings_free(list->items, list->n_items);
        *list = (struct path_list){ 0 };
}

void drifted_done(struct drifted *drifted) {
        path_list_done(&drifted->paths);
}

bool path_list_contains(const struct path_list *list, const char *path) {
        for (size_t i = 0; i < list->n_items; i++)
                if (strcmp(list->items[i], path) == 0)
                        return true;
        return false;
}

struct drift_search {
        const struct responder *responder;
        const char *winner; /* the file that is to go back; NULL: none in particular */
        struct drifted *found;
        bool sshd_only; /* what of the set can change nothing that sshd does is passed over */
        int error;
};

bool respond_may_touch(const struct world *world, const char *path) {
        const struct guarded *guarded = guarded_set_get(&world->set, path);

        return !guarded || !(guarded->flags & (GUARDED_SECRET | GUARDED_ALERT_ONLY |
                                               GUARDED_ACCOUNTS | GUARDED_POLICY));
}

/* What an administrator allows for now is not put back because of what stands elsewhere. */
static bool is_covered(const struct drift_search *search, const char *path) {
        const struct permits *permits = search->responder->permits;

        return permits && !(search->winner && strcmp(search->winner, path) == 0) &&
               permits_cover(permits, path, record_now_us());
}

static bool is_passed_over(const struct drift_search *search, const char *path) {
        const struct guarded *guarded = guarded_set_get(&search->responder->world->set, path);

        return search->sshd_only && guarded && !(guarded->flags & (GUARDED_SSHD | GUARDED_UNIT)) &&
               !(search->winner && strcmp(search->winner, path) == 0);
}

static void search_path(struct drift_search *search, const char *path) {
        const struct world *world = search->responder->world;
        struct path_list *paths = &search->found->paths;
        unsigned differences;

        if (search->error < 0 || is_passed_over(search, path) || !respond_may_touch(world, path) ||
            path_list_contains(paths, path))
                return;
        search->error = assess_drift(world, world->view, path, &differences);
        if (search->error < 0 || differences == 0)
                return;
        if (is_covered(search, path))
                search->found->is_all = false;
        else
                search->error = strings_append(&paths->items, &paths->n_items, path);
}

static void search_approved(const char *path, const struct approved *approved, void *userdata) {
        (void)approved;
        search_path(userdata, path);
}

static void search_guarded(const char *path, void *value, void *userdata) {
        struct drift_search *search = userdata;
        const struct guarded *guarded = value;

        if (guarded->flags & GUARDED_SSHD &&
            !baseline_get(search->responder->world->baseline, path))
                search->found->is_all = false; /* never approved, so never judged */
        search_path(search, path);
}

int respond_find_drifted(const struct responder *responder, const struct finding *finding,
                         bool sshd_only, struct drifted *ret) {
        struct drift_search search = { responder, finding->path, ret, sshd_only, 0 };

        ret->is_all = true;
        baseline_each(responder->world->baseline, search_approved, &search);
        map_each(&responder->world->set.paths, search_guarded, &search);
        return search.error;
}

/* ---- sets of files to try ---- */

/* True if a line of DATA begins with KEYWORD: a guess at who sets it, proven or not by the
 * candidate. */
static bool mentions_keyword(const char *data, size_t n_data, const char *keyword) {
        size_t n_keyword = strlen(keyword);
        const char *end = data + n_data;

        for (const char *line = data; line && line < end;) {
                const char *newline = memchr(line, '\n', (size_t)(end - line));

                while (line < end && (*line == ' ' || *line == '\t' || *line == '"'))
                        line++;
                if ((size_t)(end - line) > n_keyword &&
                    strncasecmp(line, keyword, n_keyword) == 0 &&
                    !isalnum((unsigned char)line[n_keyword]))
                        return true;
                line = newline ? newline + 1 : NULL;
        }
        return false;
}

static int sets_keyword(const struct world *world, const char *path, const char *keyword,
                        bool *ret) {
        const struct approved *approved = baseline_get(world->baseline, path);
        const struct snapshot *snapshot;
        int r = view_follow(world->view, path, 0, NULL, &snapshot);

        if (r < 0)
                return r;
        *ret = (snapshot->data && mentions_keyword(snapshot->data, snapshot->n_data, keyword)) ||
               (approved && approved->data &&
                mentions_keyword(approved->data, approved->n_data, keyword));
        return 0;
}

enum { SET_WINNER, SET_SETTERS, SET_ALL, N_SETS };

bool respond_is_of_family(const struct finding *finding, enum rule_family family) {
        return finding->rule && finding->rule->family == family;
}

bool respond_is_stack(const struct world *world, const char *path) {
        const struct guarded *guarded = guarded_set_get(&world->set, path);

        return guarded && guarded->flags & GUARDED_PAM;
}

/* Whether PATH belongs to the set; the sets only ever hold drifted files. */
static int belongs_to_set(const struct world *world, const struct finding *finding,
                          const char *path, int set, bool *ret) {
        bool is_winner = finding->path && strcmp(finding->path, path) == 0;

        *ret = is_winner || set == SET_ALL;
        if (set == SET_SETTERS && respond_is_of_family(finding, RULE_PAM)) {
                *ret = is_winner || respond_is_stack(world, path);
                return 0;
        }
        if (*ret || set == SET_WINNER || !finding->setting)
                return 0;
        return sets_keyword(world, path, finding->setting, ret);
}

static int choose_files(const struct world *world, const struct finding *finding,
                        const struct path_list *drifted, int set, struct path_list *ret) {
        for (size_t i = 0; i < drifted->n_items; i++) {
                bool belongs;
                int r = belongs_to_set(world, finding, drifted->items[i], set, &belongs);

                if (r == 0 && belongs)
                        r = strings_append(&ret->items, &ret->n_items, drifted->items[i]);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* How many sets there are to try. Any file of a stack may be what let the blamed line decide, so
 * each that drifted is tried by itself before all of them: first those that came or went. */
size_t respond_count_sets(const struct finding *finding, const struct path_list *drifted) {
        return N_SETS + (respond_is_of_family(finding, RULE_PAM) ? 2 * drifted->n_items : 0);
}

/* The Nth set, which may be empty. */
int respond_choose_set(const struct world *world, const struct finding *finding,
                       const struct path_list *drifted, size_t n, struct path_list *ret) {
        size_t n_single = respond_count_sets(finding, drifted) - N_SETS;
        bool is_first_round = n <= drifted->n_items, has_moved;
        unsigned differences = 0;
        const char *path;
        int r;

        if (n == 0)
                return choose_files(world, finding, drifted, SET_WINNER, ret);
        if (n > n_single)
                return choose_files(world, finding, drifted, (int)(n - n_single), ret);
        path = drifted->items[n - 1 - (is_first_round ? 0 : drifted->n_items)];
        r = assess_drift(world, world->view, path, &differences);
        has_moved = differences & FILE_DIFFERS_KIND;
        if (r < 0 || !respond_is_stack(world, path) || has_moved != is_first_round)
                return r;
        return strings_append(&ret->items, &ret->n_items, path);
}
