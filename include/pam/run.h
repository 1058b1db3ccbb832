/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Running a service: _pam_dispatch() of pam_dispatch.c, given what each module returns.
 *
 * One run is one pam_handle_t: it remembers what the modules returned to auth and open_session, for
 * setcred and close_session follow the frozen chain of these. */

#include "pam/stack.h"

struct pam_call {
        enum pam_facility facility;
        bool is_update; /* of password: the second pass, which changes the token */
        const struct pam_rule *rule;
};

/* What the module of CALL returns. */
typedef int (*pam_module_fn)(void *userdata, const struct pam_call *call);

struct pam_run;

/* SERVICE stays the caller's and must outlive the run. Returns 0 or -ENOMEM. */
int pam_run_new(const struct pam_service *service, struct pam_run **ret);
void pam_run_free(struct pam_run *run);

/* What the application gets: pam_authenticate(3), pam_setcred(3) … for FACILITY. Rules that run no
 * module (broken ones, and modules that cannot be loaded) are not passed to MODULE. A service that
 * does not start gives PAM_CODE_ABORT. password runs its rules twice, PRELIM and UPDATE, the second
 * only if the first gave success. After PAM_CODE_INCOMPLETE the same facility goes on where it
 * stopped, any other gives PAM_CODE_ABORT. */
int pam_run_facility(struct pam_run *run, enum pam_facility facility, pam_module_fn module,
                     void *userdata);
