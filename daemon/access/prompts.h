/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What PAM asks of one account: which sets of factors make a facility of a service succeed. */

#include "access/login.h"

struct prompts_question {
        const struct access_machine *machine;
        const struct account *account;
        const struct pam_service *service;
        const char *method;  /* sshd's, for the ways */
        bool has_one_answer; /* see modules.h */
        bool permits_empty;
};

/* The ways through auth: each subset of password and code is tried against everything the modules
 * could answer. Returns 0 or a negative errno. */
int prompts_judge_auth(const struct prompts_question *question, struct access_ways *ways);

/* What ACCOUNT and then OPEN_SESSION say, which ask for nothing. *RET_REASON (heap): why not, or
 * why it cannot be told; NULL for ACCESS_YES. Returns 0 or a negative errno. */
int prompts_judge_account(const struct prompts_question *question, enum access_answer *ret,
                          char **ret_reason);
