/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What PAM's modules answer when one account logs in with certain factors in hand. */

#include "access/machine.h"
#include "pam/stack.h"

struct module_question {
        const struct access_machine *machine;
        const struct account *account;
        const struct shadow *shadow; /* NULL: not known, see knows_shadow */
        bool knows_shadow;           /* what `shadow` says (NULL: no entry) is all there is */
        const struct pam_service *service;
        enum pam_facility facility;
        unsigned held;       /* enum access_factor, of which password and code count */
        bool has_one_answer; /* every prompt gets the same text, as sshd's method "password" does */
        bool permits_empty;  /* PermitEmptyPasswords */
        int error;           /* of the machine's functions, the first one */
};

/* The codes RULE's module can return; a pam_codes_fn over a struct module_question. */
uint32_t modules_answer(void *userdata, const struct pam_rule *rule);

/* True if what the module answers follows from the question alone. */
bool modules_is_known(struct module_question *question, const struct pam_rule *rule);
