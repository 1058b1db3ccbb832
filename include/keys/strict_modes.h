/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* sshd's StrictModes: may sshd trust a file with somebody's keys? safe_path() of misc.c as a
 * function over owners and modes that the caller has read. A file sshd ignores locks its owner out;
 * one it should not trust is a hole. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/account.h"
#include "keys/release.h"

struct strict_modes_path { /* of stat(2) */
        const char *path;
        uint32_t mode; /* permission bits */
        uint32_t uid, gid;
};

struct strict_modes_group { /* group(5), of getgrgid(3) */
        const char *const *members;
        size_t n_members;
};

struct strict_modes_question {
        uint32_t uid; /* the account's */
        /* The file at the end of all links, then its directory, and on upwards to "/": what
         * realpath(3) gives, each of them with stat(2). */
        const struct strict_modes_path *chain;
        size_t n_chain;
        const char *home; /* realpath(3) of the home directory; NULL if it has none */
        /* For group-writable paths, with Debian's patch only. Every account (NULL: nothing is
         * known, so no group is private), and the member list of a group, false if there is no such
         * group (NULL: taken from the accounts). */
        const struct accounts *accounts;
        bool (*group)(void *userdata, uint32_t gid, struct strict_modes_group *ret);
        void *userdata;
};

/* NULL if sshd trusts the file; otherwise the first element of the chain it refuses. Directories
 * above the home are not looked at when the file lies below it. */
const struct strict_modes_path *strict_modes_refuse(const struct strict_modes_question *question,
                                                    const struct keys_release *release);
