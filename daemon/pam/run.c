/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Running a service with known results of its modules: _pam_dispatch() and _pam_dispatch_aux() of
 * pam_dispatch.c, pam_chauthtok() of pam_password.c.
 *
 * The frozen chain: setcred and close_session follow the actions for what the same rules returned
 * to auth and open_session, and report their own codes. A rule that was not reached then has
 * nothing stored (-1, so a module that returned -1 has not, either) and decides by its own code. */

#include "pam/run.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "walk.h"

enum { NOTHING_STORED = -1 };

struct pam_run {
        const struct pam_service *service;
        int *stored[N_PAM_TYPES]; /* per rule; of auth and session */
        /* where a module returned `incomplete` */
        bool is_suspended;
        enum pam_facility suspended;
        bool is_update;
        size_t at;
        struct pam_verdict verdict, saved[PAM_LEVEL_MAX];
};

int pam_run_new(const struct pam_service *service, struct pam_run **ret) {
        struct pam_run *run = calloc(1, sizeof *run);

        if (!run)
                return -ENOMEM;
        run->service = service;
        for (enum pam_type type = 0; type < N_PAM_TYPES; type++) {
                size_t n = service->rules[type].n_items;

                run->stored[type] = calloc(n + 1, sizeof *run->stored[type]);
                if (!run->stored[type]) {
                        pam_run_free(run);
                        return -ENOMEM;
                }
                for (size_t i = 0; i < n; i++)
                        run->stored[type][i] = NOTHING_STORED;
        }
        *ret = run;
        return 0;
}

void pam_run_free(struct pam_run *run) {
        if (!run)
                return;
        for (enum pam_type type = 0; type < N_PAM_TYPES; type++)
                free(run->stored[type]);
        free(run);
}

static int call_rule(const struct pam_call *call, pam_module_fn module, void *userdata) {
        if (call->rule->kind == PAM_RULE_MUST_FAIL)
                return PAM_CODE_PERM_DENIED;
        return call->rule->is_missing ? PAM_CODE_MODULE_UNKNOWN : module(userdata, call);
}

/* Walks the rules of a facility once, from where run->at, ->verdict and ->saved stand. */
static int walk(struct pam_run *run, struct pam_call *call, pam_module_fn module, void *userdata) {
        const struct pam_rules *rules = pam_service_rules(run->service, call->facility);
        int *stored = run->stored[pam_facility_type(call->facility)];
        struct pam_step step = {
                .is_frozen = call->facility == PAM_SETCRED || call->facility == PAM_CLOSE_SESSION,
                .counts_jumps = !run->service->release.ignores_frozen_jumps,
        };

        while (run->at < rules->n_items) {
                const struct pam_rule *rule = &rules->items[run->at];
                size_t i = run->at;
                int action;

                if (pam_walk_enters(rules, i))
                        run->saved[rule->level] = run->verdict;
                if (rule->kind == PAM_RULE_SUBSTACK) {
                        run->at++;
                        continue;
                }
                call->rule = rule;
                step.code = call_rule(call, module, userdata);
                if (step.code == PAM_CODE_INCOMPLETE)
                        return PAM_CODE_INCOMPLETE;
                if (!step.is_frozen)
                        stored[i] = step.code;
                step.deciding = stored[i] == NOTHING_STORED ? step.code : stored[i];
                action = pam_walk_action(rule, &step);
                pam_walk_apply(rules, &step, action, &run->saved[rule->level], &run->verdict,
                               &run->at);
        }
        return pam_walk_result(&run->verdict);
}

/* _pam_dispatch(): starts a walk, or goes on with the one that was suspended. */
static int dispatch(struct pam_run *run, struct pam_call *call, pam_module_fn module,
                    void *userdata) {
        int result;

        if (run->is_suspended && run->suspended != call->facility)
                return PAM_CODE_ABORT;
        if (!run->is_suspended) {
                run->at = 0;
                run->verdict = run->saved[0] = PAM_VERDICT_INITIAL;
        }
        result = walk(run, call, module, userdata);
        run->is_suspended = result == PAM_CODE_INCOMPLETE;
        run->suspended = call->facility;
        return result;
}

int pam_run_facility(struct pam_run *run, enum pam_facility facility, pam_module_fn module,
                     void *userdata) {
        struct pam_call call = { .facility = facility };
        int result = PAM_CODE_SUCCESS;

        if (run->service->start != PAM_START_OK)
                return PAM_CODE_ABORT;
        if (facility != PAM_PASSWORD)
                return dispatch(run, &call, module, userdata);
        if (!run->is_suspended)
                run->is_update = false;
        if (!run->is_update)
                result = dispatch(run, &call, module, userdata);
        if (result == PAM_CODE_SUCCESS) {
                run->is_update = call.is_update = true;
                result = dispatch(run, &call, module, userdata);
        }
        if (result != PAM_CODE_INCOMPLETE)
                run->is_update = false;
        return result;
}
