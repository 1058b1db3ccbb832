/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* RevokedKeys: keys that open nothing, wherever they are listed. */

#include <stdbool.h>

#include "access/machine.h"

struct revoked {
        struct authorized_keys keys; /* of a plain list */
        bool refuses_all;            /* the file is set and cannot be read */
        bool is_unknown;             /* a KRL, whose content is not read here */
};

/* Returns 0 or -ENOMEM. */
int revoked_load(const struct access_machine *machine, const struct sshd_effective *effective,
                 struct revoked *ret);
/* Why a key of this fingerprint opens nothing; NULL if it is not revoked. Static. */
const char *revoked_refuse(const struct revoked *revoked, const char *sha256);
void revoked_done(struct revoked *revoked);
