/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Contested files: what somebody keeps changing back.
 *
 * After CONTEST_TIMES incidents of one rule at one path within CONTEST_WINDOW_US the path is
 * contested. It keeps being protected like any other; what changes is how it is told: severity
 * rises, repeats are counted and summarised, and only a version that this contest has not shown
 * yet is recorded. The first incident of each rule and path is always told. It is over after
 * CONTEST_CALM_US without another. Times are microseconds of CLOCK_MONOTONIC, given by the
 * caller. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/map.h"
#include "base/metadata.h"
#include "policy/rule.h"

enum {
        CONTEST_TIMES = 5, /* an administrator who tries again stays below it */
        CONTEST_WINDOW_US = 60 * 1000000,
        CONTEST_SUMMARY_US = 60 * 1000000, /* between two summaries of one contest */
        CONTEST_CALM_US = 600 * 1000000,   /* a job of cron's that runs each five minutes is one */
        CONTEST_VERSIONS = 64, /* told apart in one contest; as many as the store keeps of a path */
        CONTEST_MAX = 4096,    /* paths and rules remembered; beyond, each incident is told */
};

enum contest_verdict {
        CONTEST_TELL,   /* record it and tell it */
        CONTEST_BEGINS, /* the same, and that the path is contested from now on */
        CONTEST_RECORD, /* a version this contest has not shown yet: record it, tell it later */
        CONTEST_COUNT,  /* seen before: told in the next summary */
        CONTEST_DROP,   /* the same of a version beyond CONTEST_VERSIONS: its copy is not kept */
        N_CONTEST_VERDICTS
};

struct contests {
        struct map items;   /* path and rule → struct contest */
        uint64_t n_dropped; /* how often it was CONTEST_DROP, until the owner has noted it */
};
void contests_done(struct contests *contests);

/* Notes one incident of RULE_ID at PATH; SHA256 (may be NULL) is the version that was there. */
enum contest_verdict contests_note(struct contests *contests, const char *path, const char *rule_id,
                                   const uint8_t *sha256, uint64_t now_us);

/* Which incident counts what the summaries tell. */
void contests_set_incident(struct contests *contests, const char *path, const char *rule_id,
                           int64_t incident_id);

/* Whether the path is contested, for any rule. */
bool contests_has(const struct contests *contests, const char *path);
size_t contests_count(const struct contests *contests);

/* The severity one step above; the gravest stays. */
enum severity contest_raise(enum severity severity);

struct contest_summary {
        const char *path;
        const char *rule_id;
        int64_t incident_id; /* as set; 0: none was */
        uint64_t n_times;    /* since the last summary, told or not */
        uint64_t seconds;    /* that many */
        bool is_over;        /* nothing for CONTEST_CALM_US */
};

/* Calls TELL for each contest that has something to tell, and forgets what is over. Returns 0 or
 * -ENOMEM. */
int contests_summarise(struct contests *contests, uint64_t now_us,
                       void (*tell)(void *userdata, const struct contest_summary *summary),
                       void *userdata);
