/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The machine that somebody wants to log in to: everything the question "who can get in?" depends
 * on, as plain values and as functions of the caller for what differs by account. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "access/shadow.h"
#include "base/account.h"
#include "base/metadata.h"
#include "keys/authorized_keys.h"
#include "pam/stack.h"
#include "sshd/config.h"
#include "sshd/effective.h"

/* One of the files sshd would read for an account, its keys or its principals. */
struct access_user_file {
        char *data; /* NULL: it is not there, or `ignored` */
        size_t n_data;
        char *ignored; /* why sshd does not read it ("/home/bob is writable for others"), or NULL */
        bool is_unknown; /* nobody could look: `ignored` says why */
};

void access_user_file_done(struct access_user_file *file);

struct access_machine {
        const struct sshd_config *config;
        const struct accounts *accounts;
        const struct shadows *shadows; /* NULL: not known */
        struct keys_release keys_release;
        const struct keys_environment *keys_environment;
        int64_t now; /* seconds since 1970 */

        void *userdata;
        /* PATH as auth_openfile() of auth.c opens it for ACCOUNT: with IS_STRICT only if
         * StrictModes lets it. Returns 0 or a negative errno. */
        int (*user_file)(void *userdata, const struct account *account, const char *path,
                         bool is_strict, struct access_user_file *ret);
        /* glob(3), as struct sshd_environment has it. */
        int (*glob)(void *userdata, const char *pattern, char ***ret_paths, size_t *ret_n);
        /* The service NAME as libpam reads it; it stays the caller's. 0 or a negative errno. */
        int (*pam_service)(void *userdata, const char *name, const struct pam_service **ret);
        /* What a path is, links followed (xattrs, times and hash need not be set). 0 or a negative
         * errno; a path that is not there is FILE_ABSENT. */
        int (*look)(void *userdata, const char *path, struct file_metadata *ret);
        /* The bytes of a regular file, on the heap; -ENOENT or another negative errno. */
        int (*read)(void *userdata, const char *path, char **ret_data, size_t *ret_n);
};
