/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* sshd's own doors: who is turned away whatever he has. */

#include "access/login.h"

/* allowed_user() of auth.c. *RET_REASON (heap) is why not, NULL if the account may try. Returns 0,
 * -ENOMEM, or the error of the machine's functions. */
int admission_judge(const struct access_machine *machine, const struct account *account,
                    const struct sshd_connection *connection,
                    const struct sshd_effective *effective, char **ret_reason);
