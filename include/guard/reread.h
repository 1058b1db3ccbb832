/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the running sshd has read. A file that was changed, read by sshd and changed back looks as
 * if nothing had happened; sshd's PidFile tells: it is removed before sshd reads its configuration
 * (at SIGHUP and at a restart) and written anew afterwards.
 *
 * Each observation has the PidFile and the state of the configuration's files. What sshd read is
 * known if nothing happened to a file between the last look at the former PidFile and the first
 * look at the new one. */

#include <stdbool.h>
#include <stdint.h>

#include "world/world.h"

enum { REREAD_IDLE_US = 10 * 1000000 }; /* reading takes milliseconds, with a slow resolver more */

/* Who a PidFile is: another one is another reading. */
struct reread_pid {
        bool is_there;
        int64_t mtime_ns;
        uint64_t ino;
};

struct reread_observation {
        struct reread_pid pid;            /* looked at last */
        uint8_t digest[FILE_SHA256_SIZE]; /* of what the files say */
        uint8_t stamp[FILE_SHA256_SIZE]; /* of their inodes and change times, and of the directories
                                            they may appear in */
        uint64_t now_us;                 /* CLOCK_MONOTONIC */
        bool is_approved;                /* no file differs from its approved version */
        bool is_compliant;               /* no rule is broken, whoever approved it or not */
};

enum reread_knowledge {
        REREAD_APPROVED,  /* sshd read what was approved then, or nothing is known of a change */
        REREAD_DRIFTED,   /* it read something else: `digest` */
        REREAD_UNSURE,    /* the files changed about the time it read them */
        REREAD_COMPLIANT, /* it read something that nobody approved and that broke no rule: `digest`
                           */
        REREAD_CHANGED,   /* they changed about that time to what breaks no rule, as they do where a
                             manager of configuration writes and reloads: most likely it read that */
        N_REREAD_KNOWLEDGES
};

struct reread {
        enum reread_knowledge knowledge;
        struct reread_pid pid;            /* of that reading */
        uint8_t digest[FILE_SHA256_SIZE]; /* what it read, where that is known */
        uint8_t stamp[FILE_SHA256_SIZE];  /* of the files, when PID was looked at last */
        uint8_t said[FILE_SHA256_SIZE];   /* by them, then */
        bool has_begun;                   /* a PidFile was seen, now or by an earlier process */
        bool has_looked, is_idle;
        uint64_t absent_since_us; /* 0: it is not */
};

/* After an observation that was true: whether somebody has to hear of it. Not where sshd most
 * likely read what the files still say. */
bool reread_is_suspicious(const struct reread *reread);

/* Having it read again. A reload may be lost (while sshd starts it ignores SIGHUP), so it is tried
 * more than once; one that failed, because `sshd -t` minded what was there at that moment, say, is
 * tried again as soon as the files are as approved. */
enum { RELOADS_MAX = 3 };

struct reloads {
        unsigned n_tried;  /* since what sshd has read is not as approved */
        uint64_t n_judged; /* how often the files were judged, when the last one began */
        bool has_failed;   /* that one */
};

/* One begins, when the files were judged N_JUDGED times. */
void reloads_begin(struct reloads *reloads, uint64_t n_judged);
/* True, once, if it failed and the files are right now (approved, or breaking no rule), judged anew
 * since it began: another one is due. */
bool reloads_take_due(struct reloads *reloads, uint64_t n_judged, bool is_right);

enum reloads_advice {
        RELOADS_TRY,   /* and look again after *ret_wait_us whether it helped */
        RELOADS_TELL,  /* that it does not help */
        RELOADS_LEAVE, /* that was told */
};
/* sshd still has to read. */
enum reloads_advice reloads_advise(struct reloads *reloads, uint64_t *ret_wait_us);

/* Takes one observation. Returns true if sshd has to read the files again: they are as approved,
 * and it has, or may have, read something else; or they break no rule, and nobody knows that of
 * what it read. An edit that it has not read yet is the administrator's business. */
bool reread_observe(struct reread *reread, const struct reread_observation *observation);

/* Looks at everything an observation is made of; PID_PATH may be NULL. Returns 0 or a negative
 * errno. */
int reread_look(const struct world *world, const char *pid_path, struct reread_observation *ret);

/* sshd's PidFile as its configuration names it, on the heap; *ret is NULL if it writes none (or
 * serves one connection only). Returns 0 or a negative errno. */
int reread_pid_path(const struct world *world, char **ret);

/* As text, for the time after a restart. The former returns NULL if memory runs out, the latter
 * false for what is none. */
char *reread_format(const struct reread *reread);
bool reread_parse(struct reread *reread, const char *text);
