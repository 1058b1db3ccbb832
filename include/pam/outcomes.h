/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What a facility of a service can be made to conclude, over everything its modules could return:
 * by symbolic execution over (position, verdict, what `reset` would restore), which has a handful
 * of states per rule, where the assignments of codes to rules are 32^n.
 *
 * setcred and close_session are judged by themselves, without a chain frozen before. That is what
 * sshd mostly does: for publickey it never calls pam_authenticate(3), and for keyboard-interactive
 * a child of its own does (sshpam_init_ctx() in auth-pam.c), so the handle of its pam_setcred(3)
 * has no chain; only the method `password` freezes one. No rule of a policy asks about either: what
 * setcred returns can end a session (do_pam_setcred()) and what close_session returns is not looked
 * at (sshpam_cleanup()), so neither lets anyone in whom auth and account refused. */

#include "pam/run.h"

/* Beyond this many states a question is given up with -E2BIG; a stack that needs them has nested
 * substacks full of `reset` and was written to need them. A service of which it cannot be told what
 * libpam does (PAM_START_UNKNOWN) is given up as well. */
enum { PAM_STATES_MAX = 1 << 18 };

/* The codes that a rule's module is taken to be able to return. */
typedef uint32_t (*pam_codes_fn)(void *userdata, const struct pam_rule *rule);

/* The set of results that can be reached; with CODES NULL by pam_module_codes(). A service that
 * does not start has PAM_CODE_ABORT alone, a facility without rules PAM_CODE_PERM_DENIED. Returns
 * 0, -ENOMEM or -E2BIG. */
int pam_outcomes(const struct pam_service *service, enum pam_facility facility, pam_codes_fn codes,
                 void *userdata, uint32_t *ret);

/* One way to success: each rule that runs, in order, with what it returns. */
struct pam_witness {
        struct pam_witness_step {
                const struct pam_rule *rule; /* the service's */
                int code;
        } * steps;
        size_t n_steps;
};

void pam_witness_done(struct pam_witness *witness);

/* Each returns 1 with *RET_WITNESS set if the facility can end in success in that way, 0 if it
 * cannot, -ENOMEM or -E2BIG. RET_WITNESS may be NULL; the witness has the fewest codes other than
 * success (of these, the usual ones), then the fewest rules. For password it serves both passes. */

int pam_can_succeed(const struct pam_service *service, enum pam_facility facility,
                    pam_codes_fn codes, void *userdata, struct pam_witness *ret_witness);

/* "M not run, ignored or failed": no call of any module that MODULE names (pam_module_matches())
 * returned PAM_SUCCESS. Not run: jumped over, behind a decision, or not in the stack at all;
 * ignored: it returned `ignore` (as modules do that are told `nullok`) or any other code the
 * control lets pass; failed: the rest, if the stack recovers from it. One call that returns success
 * is enough, wherever it stands and whatever its action is: the user has then passed M. (A success
 * whose action is `ignore` needs no rule of its own: if M could as well have failed, the run in
 * which it does is the witness.) */
int pam_can_succeed_without(const struct pam_service *service, enum pam_facility facility,
                            const char *module, struct pam_witness *ret_witness);

/* The only modules that returned PAM_SUCCESS are those that MODULES name. */
int pam_can_succeed_by(const struct pam_service *service, enum pam_facility facility,
                       char *const *modules, size_t n_modules, struct pam_witness *ret_witness);

/* LATER was run before MODULE had returned PAM_SUCCESS (or without it). */
int pam_can_succeed_before(const struct pam_service *service, enum pam_facility facility,
                           const char *module, const char *later, struct pam_witness *ret_witness);

/* Appends the command that replays the witness: "sshguardd --dump-pam SERVICE --run FACILITY --with
 * FACILITY:FILE:LINE=CODE …", words quoted for a shell. Returns 0 or -ENOMEM. */
int pam_witness_format(const struct pam_service *service, enum pam_facility facility,
                       const struct pam_witness *witness, struct text *text);
