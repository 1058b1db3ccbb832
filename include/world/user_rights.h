/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Whose rights reach an account's files, and what of the way to them sshd does not trust. */

#include <stdbool.h>
#include <stddef.h>

#include "base/account.h"
#include "base/metadata.h"
#include "keys/strict_modes.h"
#include "os/credentials.h"
#include "os/looker.h"

struct user_rights {
        struct credentials credentials;
        uint32_t *groups;
        bool is_other; /* than ours */
};

/* The account's ids and groups, where CAN_ASSUME (we are root) and it is not root itself. Returns 0
 * or -ENOMEM. */
int user_rights_init(struct user_rights *rights, const struct accounts *accounts,
                     const struct account *account, bool can_assume);
/* What os/looker takes: NULL where our own rights do. */
const struct credentials *user_rights_get(const struct user_rights *rights);
void user_rights_done(struct user_rights *rights);

struct user_trust {
        struct looker *looker;
        const struct accounts *accounts;
        const struct account *account;
        const struct credentials *as;
        struct keys_release release;
        const char *path;
        const struct file_metadata
                *file; /* of a candidate, which is not on disk; NULL: what is there */
};

/* StrictModes (keys/strict_modes.h) of a path as it is on disk. The element of it that sshd does
 * not trust, with *ret_path (heap) its path; *ret_path is NULL if it trusts all of it, or if the
 * path went away or is out of the account's reach. Returns 0 or -ENOMEM. */
int user_trust_refuse(const struct user_trust *trust, struct strict_modes_path *ret,
                      char **ret_path);
