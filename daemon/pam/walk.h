/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The steps of _pam_dispatch_aux() that running and symbolic execution share: what one rule does to
 * impression and status, and where the walk goes on. */

#include "pam/stack.h"

enum pam_impression { PAM_UNDEFINED, PAM_POSITIVE, PAM_NEGATIVE };

struct pam_verdict {
        enum pam_impression impression;
        int status;
};

static const struct pam_verdict PAM_VERDICT_INITIAL = { PAM_UNDEFINED, PAM_CODE_PERM_DENIED };

/* What a walk does at one rule. */
struct pam_step {
        int code;          /* what the module returned now */
        int deciding;      /* what chooses the action: code, or the frozen one */
        bool is_frozen;    /* setcred and close_session */
        bool counts_jumps; /* a jump in a frozen chain counts like `ok`: upstream */
};

/* The action of RULE for STEP. A code that is none of Linux-PAM's turns into perm_denied, `bad`. */
int pam_walk_action(const struct pam_rule *rule, struct pam_step *step);

/* Applies the rule at *AT to *VERDICT (SAVED is the verdict at the entry of its substack) and moves
 * *AT to the rule that comes next. */
void pam_walk_apply(const struct pam_rules *rules, const struct pam_step *step, int action,
                    const struct pam_verdict *saved, struct pam_verdict *verdict, size_t *at);

/* What the application is told when the walk has come to its end. */
int pam_walk_result(const struct pam_verdict *verdict);

/* True if the verdict is saved before the rule at AT runs: it is the first of a substack. */
bool pam_walk_enters(const struct pam_rules *rules, size_t at);
