/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Which libpam reads the stacks. The same file means different things to different releases and to
 * Debian's build; every difference in this room is a field of this value, so that the readers ask
 * "does it …?" and never compare version numbers. */

#include <stdbool.h>

enum pam_flavour { PAM_UPSTREAM, PAM_DEBIAN, N_PAM_FLAVOURS };

enum { PAM_RELEASE_DIRS_MAX = 4 };

struct pam_release {
        unsigned number; /* 10000 * major + 100 * minor + patch: 10400, 10502, 10700 */
        enum pam_flavour flavour;
        unsigned revision; /* of Debian's package, 0: unknown */

        /* until 1.5.3: lines go through a buffer of 1024 bytes, comments inside a continuation are
         * skipped */
        bool has_line_buffer;
        /* until 1.5.3: only substacks are counted against the depth limit, and jump numbers wrap */
        bool counts_substacks_only;
        bool wraps_jumps;
        /* Debian: `@include FILE`; the result of a jumping rule does not count in a frozen chain */
        bool has_at_include;
        bool ignores_frozen_jumps;
        /* Debian until 1.7.0-5: a relative include is NAME in /etc/pam.d and nowhere else, and an
         * include without a FILE crashes the application */
        bool includes_from_etc_only;

        /* directories of services in lookup order, and of modules; NULL-terminated */
        const char *service_dirs[PAM_RELEASE_DIRS_MAX];
        const char *module_dirs[PAM_RELEASE_DIRS_MAX];
};

/* Reads "1.5.2", "1.7.0-8", "1.5.2-6+deb12u2" (the version of libpam0g) or "upstream-1.7.2". A bare
 * number is taken as Debian's build. False if the text names no release. */
bool pam_release_parse(const char *text, struct pam_release *ret);
