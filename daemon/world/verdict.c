/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Asking sshd.
 *
 * What sshd was asked once is remembered by hash of the program, its options and every file. What
 * fails for want of host keys, a directory or time is no verdict and is asked again. */

#include "world/verdict.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "os/probe.h"
#include "world/sshd_copy.h"

enum {
        ASK_TIMEOUT_MS = 3000, /* 6 ms as a rule; a slow resolver may cost a second or two */
        N_REMEMBERED = 32,     /* candidates between two approved states are few */
};

struct remembered {
        uint8_t key[FILE_SHA256_SIZE];
        enum verdict verdict;
        char *reason;
};

struct verdicts {
        char *scratch;
        struct remembered remembered[N_REMEMBERED];
        size_t n_remembered, next;
};

int verdicts_new(const char *scratch, struct verdicts **ret) {
        struct verdicts *verdicts = calloc(1, sizeof *verdicts);

        if (!verdicts)
                return -ENOMEM;
        verdicts->scratch = strdup(scratch);
        if (!verdicts->scratch) {
                free(verdicts);
                return -ENOMEM;
        }
        *ret = verdicts;
        return 0;
}

void verdicts_free(struct verdicts *verdicts) {
        if (!verdicts)
                return;
        for (size_t i = 0; i < verdicts->n_remembered; i++)
                free(verdicts->remembered[i].reason);
        free(verdicts->scratch);
        free(verdicts);
}

static enum verdict verdict_of(const struct probe_result *result) {
        if (result->timed_out || result->exit_status < 0)
                return VERDICT_UNKNOWN;
        if (result->exit_status == 0)
                return VERDICT_ACCEPTED;
        return sshd_copy_blames_surroundings(result->err) ? VERDICT_UNKNOWN : VERDICT_REFUSED;
}

static int run_sshd(const struct sshd_copy *copy, enum verdict *ret_verdict, char **ret_reason) {
        CLEANUP_FREE const char **argv = sshd_copy_argv(copy, "-t", NULL);
        CLEANUP(probe_result_done) struct probe_result result = { 0 };
        int r = argv ? 0 : -ENOMEM;

        if (r == 0)
                r = sshd_copy_write(copy);
        if (r == 0)
                r = probe_run(argv, "/", copy->chroot_path, ASK_TIMEOUT_MS, &result);
        if (r < 0)
                return r;
        *ret_verdict = verdict_of(&result);
        if (*ret_verdict == VERDICT_ACCEPTED)
                return 0;
        *ret_reason = result.timed_out
                              ? text_format("sshd -t did not answer within %d ms", ASK_TIMEOUT_MS)
                              : sshd_copy_original(copy, result.err);
        return *ret_reason ? 0 : -ENOMEM;
}

static const struct remembered *recall(const struct verdicts *verdicts,
                                       const uint8_t key[FILE_SHA256_SIZE]) {
        for (size_t i = 0; i < verdicts->n_remembered; i++)
                if (memcmp(verdicts->remembered[i].key, key, FILE_SHA256_SIZE) == 0)
                        return &verdicts->remembered[i];
        return NULL;
}

static void remember(struct verdicts *verdicts, const uint8_t key[FILE_SHA256_SIZE],
                     enum verdict verdict, const char *reason) {
        struct remembered *slot = &verdicts->remembered[verdicts->next];

        free(slot->reason);
        memcpy(slot->key, key, FILE_SHA256_SIZE);
        slot->verdict = verdict;
        slot->reason = reason ? strdup(reason) : NULL;
        verdicts->next = (verdicts->next + 1) % N_REMEMBERED;
        if (verdicts->n_remembered < N_REMEMBERED)
                verdicts->n_remembered++;
}

int verdicts_ask(struct verdicts *verdicts, const struct world *world, struct view *view,
                 enum verdict *ret_verdict, char **ret_reason) {
        CLEANUP(sshd_copy_done) struct sshd_copy copy = { 0 };
        CLEANUP_FREE char *reason = NULL;
        enum verdict verdict = VERDICT_UNKNOWN;
        const struct remembered *known;
        uint8_t key[FILE_SHA256_SIZE];
        const struct sshd_copy_place place = { verdicts->scratch, "candidate", NULL };
        int r = sshd_copy_init(&copy, world, view, &place);

        if (r == 0)
                r = sshd_copy_hash(&copy, key);
        if (r == 0 && (known = recall(verdicts, key))) {
                *ret_verdict = known->verdict;
                *ret_reason = known->reason ? strdup(known->reason) : NULL;
                return 0;
        }
        if (r == 0)
                r = run_sshd(&copy, &verdict, &reason);
        if (r == -ENOMEM)
                return r;
        if (r < 0) {
                reason = text_format("sshd -t cannot be run: %s", strerror(-r));
                verdict = VERDICT_UNKNOWN;
        } else if (verdict != VERDICT_UNKNOWN) {
                remember(verdicts, key, verdict, reason);
        }
        *ret_verdict = verdict;
        *ret_reason = TAKE(reason);
        return 0;
}
