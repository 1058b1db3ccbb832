/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One step of _pam_dispatch_aux() (pam_dispatch.c; the same from 1.3.1 to 1.7.2, Debian's patch 045
 * aside).
 *
 * A jump or a decision never leaves a substack and never lands behind a deeper level than its own,
 * so whether a rule opens a substack (and the verdict is saved for `reset`) depends on its place
 * alone, not on the way that led to it; symbolic execution rests on that. */

#include "walk.h"

int pam_walk_action(const struct pam_rule *rule, struct pam_step *step) {
        if (step->deciding < 0 || step->deciding >= N_PAM_CODES) {
                step->code = PAM_CODE_PERM_DENIED;
                return PAM_ACTION_BAD;
        }
        return rule->actions[step->deciding];
}

/* `ok` and `done`: the first success, or the first other code after successes, is the status. */
static void accept(const struct pam_step *step, struct pam_verdict *verdict) {
        bool is_open = verdict->impression == PAM_UNDEFINED ||
                       (verdict->impression == PAM_POSITIVE && verdict->status == PAM_CODE_SUCCESS);

        if (is_open && (step->code != PAM_CODE_IGNORE || step->deciding == step->code))
                *verdict = (struct pam_verdict){ PAM_POSITIVE, step->code };
}

static void reject(const struct pam_step *step, struct pam_verdict *verdict) {
        int status = step->code == PAM_CODE_IGNORE ? PAM_CODE_PERM_DENIED : step->code;

        if (verdict->impression != PAM_NEGATIVE)
                *verdict = (struct pam_verdict){ PAM_NEGATIVE, status };
}

static bool follows(const struct pam_rules *rules, size_t at, unsigned level) {
        return at + 1 < rules->n_items && rules->items[at + 1].level >= level;
}

/* Skips N rules; a substack counts as one, its end stops the jump. Returns how many are left. */
static int jump(const struct pam_rules *rules, int n, size_t *at) {
        unsigned level = rules->items[*at].level;

        while (n > 0 && follows(rules, *at, level)) {
                do
                        (*at)++;
                while (follows(rules, *at, level + 1));
                n--;
        }
        return n;
}

void pam_walk_apply(const struct pam_rules *rules, const struct pam_step *step, int action,
                    const struct pam_verdict *saved, struct pam_verdict *verdict, size_t *at) {
        unsigned level = rules->items[*at].level;
        bool is_decided = false;

        switch (action) {
        case PAM_ACTION_IGNORE:
                break;
        case PAM_ACTION_RESET:
                *verdict = *saved;
                break;
        case PAM_ACTION_OK:
        case PAM_ACTION_DONE:
                accept(step, verdict);
                is_decided = action == PAM_ACTION_DONE && verdict->impression == PAM_POSITIVE;
                break;
        case PAM_ACTION_BAD:
        case PAM_ACTION_DIE:
                reject(step, verdict);
                is_decided = action == PAM_ACTION_DIE;
                break;
        default:
                if (action > 0 && step->is_frozen && step->counts_jumps)
                        accept(step, verdict);
                if (action < 0 || jump(rules, action, at) > 0)
                        *verdict = (struct pam_verdict){ PAM_NEGATIVE, PAM_CODE_PERM_DENIED };
        }
        while (is_decided && follows(rules, *at, level))
                (*at)++;
        (*at)++;
}

int pam_walk_result(const struct pam_verdict *verdict) {
        return verdict->status == PAM_CODE_SUCCESS && verdict->impression != PAM_POSITIVE
                       ? PAM_CODE_PERM_DENIED
                       : verdict->status;
}

bool pam_walk_enters(const struct pam_rules *rules, size_t at) {
        return rules->items[at].level > (at > 0 ? rules->items[at - 1].level : 0);
}
