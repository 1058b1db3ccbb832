/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Counting who fights with us.
 *
 * A cron job that puts a key back each minute, a manager that rewrites a file, an intruder who
 * wants the one alert that matters to drown: all look alike from here, so all are counted by path
 * and rule. Nothing decided here touches the response. Memory is bounded: a slot per path and rule,
 * and per slot the digests of the versions it has shown. */

#include "guard/contest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"

struct contest {
        char *path, *rule_id;
        uint64_t times_us[CONTEST_TIMES]; /* the last ones, a ring */
        size_t next;
        bool is_contested;
        uint64_t last_us, told_us;
        uint64_t n_since_told;
        uint8_t (*versions)[FILE_SHA256_SIZE];
        size_t n_versions;
        int64_t incident_id;
};

static void contest_free(void *value) {
        struct contest *contest = value;

        if (!contest)
                return;
        free(contest->versions);
        free(contest->path);
        free(contest->rule_id);
        free(contest);
}

void contests_done(struct contests *contests) {
        map_done(&contests->items, contest_free);
}

static struct contest *contest_new(const char *path, const char *rule_id) {
        struct contest *contest = calloc(1, sizeof *contest);

        if (!contest)
                return NULL;
        contest->path = strdup(path);
        contest->rule_id = strdup(rule_id);
        if (contest->path && contest->rule_id)
                return contest;
        contest_free(contest);
        return NULL;
}

/* A path has no line feed in front of a rule's name that another path could have too. */
static char *key_of(const char *path, const char *rule_id) {
        return text_format("%s\n%s", rule_id, path);
}

static struct contest *find(struct contests *contests, const char *path, const char *rule_id) {
        CLEANUP_FREE char *key = key_of(path, rule_id);
        struct contest *contest = key ? map_get(&contests->items, key) : NULL;

        if (contest || !key || contests->items.n >= CONTEST_MAX)
                return contest;
        contest = contest_new(path, rule_id);
        if (!contest)
                return NULL;
        if (map_set(&contests->items, key, contest, NULL) == 0)
                return contest;
        contest_free(contest);
        return NULL;
}

/* What becomes of a version in a contest. */
static enum contest_verdict note_version(struct contest *contest, const uint8_t *sha256) {
        for (size_t i = 0; i < contest->n_versions; i++)
                if (memcmp(contest->versions[i], sha256, FILE_SHA256_SIZE) == 0)
                        return CONTEST_COUNT;
        if (contest->n_versions >= CONTEST_VERSIONS ||
            ARRAY_GROW(contest->versions, contest->n_versions) < 0)
                return CONTEST_DROP;
        memcpy(contest->versions[contest->n_versions++], sha256, FILE_SHA256_SIZE);
        return CONTEST_RECORD;
}

enum contest_verdict contests_note(struct contests *contests, const char *path, const char *rule_id,
                                   const uint8_t *sha256, uint64_t now_us) {
        struct contest *contest = find(contests, path, rule_id);
        enum contest_verdict verdict = CONTEST_COUNT;
        uint64_t oldest_us;

        if (!contest)
                return CONTEST_TELL;
        oldest_us = contest->times_us[contest->next];
        contest->times_us[contest->next] = contest->last_us = now_us;
        contest->next = (contest->next + 1) % CONTEST_TIMES;
        contest->n_since_told++;
        if (sha256)
                verdict = note_version(contest, sha256);
        contests->n_dropped += contest->is_contested && verdict == CONTEST_DROP;
        if (contest->is_contested)
                return verdict;
        if (oldest_us == 0 || now_us - oldest_us > CONTEST_WINDOW_US)
                return CONTEST_TELL;
        contest->is_contested = true;
        contest->told_us = now_us;
        contest->n_since_told = 0;
        return CONTEST_BEGINS;
}

void contests_set_incident(struct contests *contests, const char *path, const char *rule_id,
                           int64_t incident_id) {
        struct contest *contest = find(contests, path, rule_id);

        if (contest)
                contest->incident_id = incident_id;
}

struct asking {
        const char *path; /* NULL: any */
        size_t n_found;
};

static void ask(const char *key, void *value, void *userdata) {
        const struct contest *contest = value;
        struct asking *asking = userdata;

        (void)key;
        if (contest->is_contested && (!asking->path || strcmp(contest->path, asking->path) == 0))
                asking->n_found++;
}

bool contests_has(const struct contests *contests, const char *path) {
        struct asking asking = { .path = path };

        map_each(&contests->items, ask, &asking);
        return asking.n_found > 0;
}

size_t contests_count(const struct contests *contests) {
        struct asking asking = { 0 };

        map_each(&contests->items, ask, &asking);
        return asking.n_found;
}

enum severity contest_raise(enum severity severity) {
        return severity < SEVERITY_CRITICAL ? severity + 1 : SEVERITY_CRITICAL;
}

struct summarising {
        uint64_t now_us;
        void (*tell)(void *userdata, const struct contest_summary *summary);
        void *userdata;
        char **over;
        size_t n_over;
        int error;
};

static void summarise(const char *key, void *value, void *userdata) {
        struct contest *contest = value;
        struct summarising *summarising = userdata;
        uint64_t now_us = summarising->now_us;
        bool is_over = now_us - contest->last_us >=
                       (contest->is_contested ? CONTEST_CALM_US : CONTEST_WINDOW_US);
        const struct contest_summary summary = { contest->path,
                                                 contest->rule_id,
                                                 contest->incident_id,
                                                 contest->n_since_told,
                                                 (now_us - contest->told_us) / 1000000,
                                                 is_over };

        if (is_over && summarising->error == 0)
                summarising->error = strings_append(&summarising->over, &summarising->n_over, key);
        if (!contest->is_contested)
                return;
        if (!is_over &&
            (contest->n_since_told == 0 || now_us - contest->told_us < CONTEST_SUMMARY_US))
                return;
        summarising->tell(summarising->userdata, &summary);
        contest->told_us = now_us;
        contest->n_since_told = 0;
}

int contests_summarise(struct contests *contests, uint64_t now_us,
                       void (*tell)(void *userdata, const struct contest_summary *summary),
                       void *userdata) {
        struct summarising summarising = { .now_us = now_us, .tell = tell, .userdata = userdata };

        map_each(&contests->items, summarise, &summarising);
        for (size_t i = 0; i < summarising.n_over; i++)
                contest_free(map_remove(&contests->items, summarising.over[i]));
        strings_free(summarising.over, summarising.n_over);
        return summarising.error;
}
