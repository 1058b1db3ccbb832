/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Knowing what sshd has read.
 *
 * No clock is compared with another: the PidFile and the files are looked at one after the other,
 * and what counts is whether either changed between two looks. sshd removes its PidFile before it
 * reads (sighup_restart(), and at SIGTERM) and writes it after that; so who still sees the former
 * PidFile after he looked at the files knows that they were so before sshd read them. */

#include "guard/reread.h"

#include <errno.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "guard/assess.h"
#include "os/snapshot.h"
#include "sshd/effective.h"

static bool is_same_pid(const struct reread_pid *a, const struct reread_pid *b) {
        return a->is_there == b->is_there && a->mtime_ns == b->mtime_ns && a->ino == b->ino;
}

/* Without a PidFile sshd is reading, or does not run. That it does not is believed if there was
 * none when we started, or none for long; then no file can have been changed while it read. */
static void note_absence(struct reread *reread, const struct reread_observation *observation) {
        if (!reread->has_looked)
                reread->is_idle = true;
        reread->has_looked = true;
        if (reread->absent_since_us == 0)
                reread->absent_since_us = observation->now_us;
        if (observation->now_us - reread->absent_since_us >= REREAD_IDLE_US)
                reread->is_idle = true;
        if (reread->is_idle) {
                memcpy(reread->stamp, observation->stamp, FILE_SHA256_SIZE);
                memcpy(reread->said, observation->digest, FILE_SHA256_SIZE);
        }
}

static enum reread_knowledge what_was_read(const struct reread *reread,
                                           const struct reread_observation *observation) {
        bool is_touched = memcmp(reread->stamp, observation->stamp, FILE_SHA256_SIZE) != 0;
        bool is_undone = memcmp(reread->said, observation->digest, FILE_SHA256_SIZE) == 0;

        if (is_touched)
                return !is_undone && !observation->is_approved && observation->is_compliant
                               ? REREAD_CHANGED
                               : REREAD_UNSURE;
        if (observation->is_approved)
                return REREAD_APPROVED;
        return observation->is_compliant ? REREAD_COMPLIANT : REREAD_DRIFTED;
}

bool reread_observe(struct reread *reread, const struct reread_observation *observation) {
        if (!observation->pid.is_there) {
                note_absence(reread, observation);
                return false; /* the next one decides */
        }
        reread->is_idle = false;
        reread->absent_since_us = 0;
        reread->has_looked = true;
        if (!reread->has_begun) {
                reread->has_begun = true;
                reread->pid = observation->pid;
        } else if (!is_same_pid(&reread->pid, &observation->pid)) {
                reread->knowledge = what_was_read(reread, observation);
                memcpy(reread->digest, observation->digest, FILE_SHA256_SIZE);
                reread->pid = observation->pid;
        }
        memcpy(reread->stamp, observation->stamp, FILE_SHA256_SIZE);
        memcpy(reread->said, observation->digest, FILE_SHA256_SIZE);
        if (reread->knowledge == REREAD_APPROVED)
                return false;
        if (reread->knowledge != REREAD_UNSURE && reread->knowledge != REREAD_CHANGED &&
            memcmp(reread->digest, observation->digest, FILE_SHA256_SIZE) == 0) {
                if (observation->is_approved)
                        reread->knowledge = REREAD_APPROVED; /* since then */
                return false;
        }
        return observation->is_approved ||
               (observation->is_compliant && reread->knowledge != REREAD_COMPLIANT);
}

bool reread_is_suspicious(const struct reread *reread) {
        return reread->knowledge != REREAD_CHANGED ||
               memcmp(reread->digest, reread->said, FILE_SHA256_SIZE) != 0;
}

/* ---- having it read again ---- */

enum { RELOAD_PATIENCE_US = 5000000 }; /* for `sshd -t` and a restart of sshd, times the try */

void reloads_begin(struct reloads *reloads, uint64_t n_judged) {
        reloads->n_judged = n_judged;
        reloads->has_failed = false;
}

bool reloads_take_due(struct reloads *reloads, uint64_t n_judged, bool is_right) {
        if (!reloads->has_failed || !is_right || reloads->n_judged == n_judged)
                return false;
        *reloads = (struct reloads){ 0 };
        return true;
}

enum reloads_advice reloads_advise(struct reloads *reloads, uint64_t *ret_wait_us) {
        if (reloads->n_tried > RELOADS_MAX)
                return RELOADS_LEAVE;
        if (reloads->n_tried++ == RELOADS_MAX)
                return RELOADS_TELL;
        *ret_wait_us = (uint64_t)reloads->n_tried * RELOAD_PATIENCE_US;
        return RELOADS_TRY;
}

/* ---- looking ---- */

struct looking {
        const struct world *world;
        EVP_MD_CTX *content, *stamp;
        bool is_approved;
        int error;
};

static bool add_bytes(EVP_MD_CTX *context, const void *bytes, size_t n) {
        return EVP_DigestUpdate(context, bytes, n) == 1;
}

/* As it is at this moment, whatever the view remembers. */
static int stamp_path(struct looking *looking, const char *path) {
        struct snapshot snapshot;
        int r = looker_take(looking->world->looker, path, NULL,
                            SNAPSHOT_METADATA | SNAPSHOT_NOFOLLOW, &snapshot);
        const struct file_metadata *metadata = &snapshot.metadata;

        if (r < 0)
                return r;
        if (!add_bytes(looking->stamp, path, strlen(path) + 1) ||
            !add_bytes(looking->stamp, &metadata->kind, sizeof metadata->kind) ||
            !add_bytes(looking->stamp, &metadata->ino, sizeof metadata->ino) ||
            !add_bytes(looking->stamp, &metadata->ctime_ns, sizeof metadata->ctime_ns))
                r = -ENOMEM;
        snapshot_done(&snapshot);
        return r;
}

static int look_at_file(struct looking *looking, const char *path) {
        const struct snapshot *snapshot;
        int r = view_follow(looking->world->view, path, 0, NULL, &snapshot);

        if (r < 0)
                return r;
        if (!add_bytes(looking->content, path, strlen(path) + 1) ||
            !add_bytes(looking->content, snapshot->metadata.sha256, FILE_SHA256_SIZE))
                return -ENOMEM;
        return stamp_path(looking, path);
}

/* A file that came and went leaves its mark on the directory alone. */
static int look_at_directory(struct looking *looking, const char *pattern) {
        size_t n = strcspn(pattern, "*?[");
        CLEANUP_FREE char *directory = NULL;

        while (n > 0 && pattern[n] != '/')
                n--;
        directory = n > 0 ? strndup(pattern, n) : strdup("/");
        return directory ? stamp_path(looking, directory) : -ENOMEM;
}

static void look_for_drift(const char *path, void *value, void *userdata) {
        const struct guarded *guarded = value;
        struct looking *looking = userdata;
        unsigned differences = 0;

        if (!(guarded->flags & GUARDED_SSHD) || looking->error < 0)
                return;
        looking->error = assess_drift(looking->world, looking->world->view, path, &differences);
        if (differences != 0)
                looking->is_approved = false;
}

static int look_at_all(struct looking *looking) {
        const struct sshd_config *config = looking->world->config;
        int r = 0;

        if (EVP_DigestInit_ex(looking->content, EVP_sha256(), NULL) != 1 ||
            EVP_DigestInit_ex(looking->stamp, EVP_sha256(), NULL) != 1)
                return -ENOMEM;
        for (size_t i = 0; i < sshd_config_n_files(config) && r == 0; i++)
                r = look_at_file(looking, sshd_config_file(config, i));
        for (size_t i = 0; i < sshd_config_n_globs(config) && r == 0; i++)
                r = look_at_directory(looking, sshd_config_glob(config, i));
        map_each(&looking->world->set.paths, look_for_drift, looking);
        return r < 0 ? r : looking->error;
}

static int look_at_pid(const struct world *world, const char *path, struct reread_pid *ret) {
        struct snapshot snapshot;
        int r;

        *ret = (struct reread_pid){ 0 };
        if (!path)
                return 0;
        r = snapshot_take(&world->root, path, SNAPSHOT_METADATA | SNAPSHOT_NOFOLLOW, &snapshot);
        if (r < 0)
                return r;
        if (snapshot.metadata.kind == FILE_REGULAR)
                *ret = (struct reread_pid){ true, snapshot.metadata.mtime_ns,
                                            snapshot.metadata.ino };
        snapshot_done(&snapshot);
        return 0;
}

int reread_look(const struct world *world, const char *pid_path, struct reread_observation *ret) {
        struct looking looking = { .world = world,
                                   .content = EVP_MD_CTX_new(),
                                   .stamp = EVP_MD_CTX_new(),
                                   .is_approved = true };
        struct reread_observation observation = { 0 };
        int r = looking.content && looking.stamp ? look_at_all(&looking) : -ENOMEM;

        if (r == 0 && (EVP_DigestFinal_ex(looking.content, observation.digest, NULL) != 1 ||
                       EVP_DigestFinal_ex(looking.stamp, observation.stamp, NULL) != 1))
                r = -ENOMEM;
        EVP_MD_CTX_free(looking.content);
        EVP_MD_CTX_free(looking.stamp);
        observation.is_approved = looking.is_approved;
        if (r == 0)
                r = look_at_pid(world, pid_path, &observation.pid); /* after the files */
        if (r == 0)
                *ret = observation;
        return r;
}

int reread_pid_path(const struct world *world, char **ret) {
        CLEANUP(sshd_setting_done) struct sshd_setting setting = { 0 };
        char *path = NULL;
        int r = sshd_effective_one(world->config, NULL, &world->accounts, "pidfile", &setting);

        if (r < 0 && r != -EINVAL)
                return r;
        if (r == 0 && setting.n_values == 1 && strcmp(setting.values[0], "none") != 0 &&
            !world->service.line.is_inetd) {
                path = text_format("%s%s", setting.values[0][0] == '/' ? "" : "/",
                                   setting.values[0]);
                if (!path)
                        return -ENOMEM;
        }
        *ret = path;
        return 0;
}

/* ---- keeping it ---- */

char *reread_format(const struct reread *reread) {
        char digest[2 * FILE_SHA256_SIZE + 1], stamp[2 * FILE_SHA256_SIZE + 1];
        char said[2 * FILE_SHA256_SIZE + 1];

        return text_format(
                "%d %" PRId64 " %" PRIu64 " %s %s %s", (int)reread->knowledge, reread->pid.mtime_ns,
                reread->pid.ino, file_sha256_format(reread->digest, digest),
                file_sha256_format(reread->stamp, stamp), file_sha256_format(reread->said, said));
}

bool reread_parse(struct reread *reread, const char *text) {
        struct reread parsed = { .has_begun = true, .pid.is_there = true };
        CLEANUP_FREE char *copy = strdup(text);
        char *words[6], *rest = copy, *end = NULL;
        long knowledge;

        for (size_t i = 0; i < N_ELEMENTS(words); i++)
                if (!(words[i] = strsep(&rest, " ")) || !words[i][0])
                        return false;
        errno = 0;
        knowledge = strtol(words[0], &end, 10);
        if (*end || errno || knowledge < 0 || knowledge >= N_REREAD_KNOWLEDGES)
                return false;
        parsed.knowledge = (enum reread_knowledge)knowledge;
        parsed.pid.mtime_ns = strtoll(words[1], &end, 10);
        if (*end || errno)
                return false;
        parsed.pid.ino = strtoull(words[2], &end, 10);
        if (*end || errno || rest || !file_sha256_parse(words[3], parsed.digest) ||
            !file_sha256_parse(words[4], parsed.stamp) || !file_sha256_parse(words[5], parsed.said))
                return false;
        *reread = parsed;
        return true;
}
