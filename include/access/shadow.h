/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What shadow(5) says of an account, as sshd and pam_unix take it. Hashes are looked at and never
 * kept: what is left is whether one could match. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/map.h"

enum shadow_password {
        SHADOW_PASSWORD_NONE,  /* no password matches: `*`, `!…`, or no hash at all */
        SHADOW_PASSWORD_EMPTY, /* none is needed where empty ones are permitted */
        SHADOW_PASSWORD_SET,
};

struct shadow {
        enum shadow_password password;
        bool is_locked; /* the hash begins with `!`, which sshd without PAM takes for a locked
                           account */
        int64_t last_change, max, inactive, expire; /* days (since 1970), -1: not set */
};

struct shadows {
        struct map by_name; /* struct shadow */
};

/* Parses shadow(5) bytes; lines glibc's `files` skips are skipped, of a name that stands there
 * twice the first counts. Returns 0 or -ENOMEM. */
int shadows_parse(const char *bytes, size_t n, struct shadows *ret);
/* NULL: shadow knows no such account. */
const struct shadow *shadows_find(const struct shadows *shadows, const char *name);
void shadows_done(struct shadows *shadows);

enum shadow_verdict {
        SHADOW_VALID,
        SHADOW_MUST_CHANGE,      /* the password has to be changed first */
        SHADOW_ACCOUNT_EXPIRED,  /* `expire` has come */
        SHADOW_PASSWORD_EXPIRED, /* it was not changed in time */
};

/* check_shadow_expiry() of pam_unix. TODAY: days since 1970. */
enum shadow_verdict shadow_judge(const struct shadow *shadow, int64_t today);
