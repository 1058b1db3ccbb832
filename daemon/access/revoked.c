/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sshkey_check_revoked() of authfile.c: the file is a key revocation list (it begins with
 * "SSHKRL\n\0") or keys in text, one a line. If it cannot be read, sshd takes every key for
 * revoked. */

#include "revoked.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "settings.h"

int revoked_load(const struct access_machine *machine, const struct sshd_effective *effective,
                 struct revoked *ret) {
        static const char magic[] = { 'S', 'S', 'H', 'K', 'R', 'L', '\n', '\0' };
        CLEANUP_FREE char *bytes = NULL;
        size_t n = 0;
        int r;

        *ret = (struct revoked){ 0 };
        if (!settings_is_some(effective, "revokedkeys"))
                return 0;
        r = machine->read(machine->userdata, settings_get(effective, "revokedkeys", ""), &bytes,
                          &n);
        if (r == -ENOMEM)
                return r;
        if (r < 0) {
                ret->refuses_all = true;
                return 0;
        }
        ret->is_unknown = n >= sizeof magic && memcmp(bytes, magic, sizeof magic) == 0;
        return ret->is_unknown ? 0
                               : authorized_keys_parse(bytes, n, &machine->keys_release,
                                                       machine->keys_environment, &ret->keys);
}

const char *revoked_refuse(const struct revoked *revoked, const char *sha256) {
        if (revoked->refuses_all)
                return "RevokedKeys cannot be read, so every key counts as revoked";
        if (revoked->is_unknown)
                return "it may be revoked: RevokedKeys is a list that is not read here";
        for (size_t i = 0; i < revoked->keys.n_items; i++)
                if (revoked->keys.items[i].key.type &&
                    strcmp(revoked->keys.items[i].key.sha256, sha256) == 0)
                        return "RevokedKeys holds it";
        return NULL;
}

void revoked_done(struct revoked *revoked) {
        authorized_keys_done(&revoked->keys);
}
