/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The method publickey: which keys and authorities open an account to a connection. */

#include "access/login.h"

struct publickey_question {
        const struct access_machine *machine;
        const struct account *account;
        const struct sshd_connection *connection;
        const struct sshd_effective *effective;
        bool needs_command; /* root under forced-commands-only: a key without command= opens nothing
                             */
};

/* Lists every entry of the account's files and of TrustedUserCAKeys in LOGIN->keys, with the reason
 * of each that does not open, and adds the ways. Returns 0 or a negative errno. */
int publickey_judge(const struct publickey_question *question, struct access_login *login,
                    struct access_ways *ways);
