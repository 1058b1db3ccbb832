/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Another user's file system rights on this thread.
 *
 * fsuid and fsgid are per thread in the kernel, and going from 0 to a user takes the file system
 * capabilities (CAP_FS_MASK: DAC_OVERRIDE, FOWNER, LINUX_IMMUTABLE …) out of the effective set,
 * back to 0 puts them in again. setfsuid(2) reports no error: each call is checked by asking again
 * with an impossible id. glibc's setgroups(3) changes all threads, hence the system call itself.
 *
 * Groups go first and come back last, since changing them needs CAP_SETGID, which fsuid does not
 * touch; the order matters only for what an interrupted attempt could reach: less, never more. */

#include "os/credentials.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"

int credentials_copy(struct credentials *ret, const struct credentials *credentials) {
        size_t n_bytes = credentials->n_groups * sizeof *credentials->groups;
        uint32_t *groups = malloc(n_bytes + 1);

        if (!groups)
                return -ENOMEM;
        if (n_bytes > 0)
                memcpy(groups, credentials->groups, n_bytes);
        *ret = *credentials;
        ret->groups = groups;
        return 0;
}

void credentials_done(struct credentials *copy) {
        free((void *)(uintptr_t)copy->groups);
        *copy = (struct credentials){ 0 };
}

bool credentials_are_same(const struct credentials *a, const struct credentials *b) {
        return a->uid == b->uid && a->gid == b->gid && a->n_groups == b->n_groups &&
               (a->n_groups == 0 ||
                memcmp(a->groups, b->groups, a->n_groups * sizeof *a->groups) == 0);
}

static int set_groups(const uint32_t *groups, size_t n) {
        return syscall(SYS_setgroups, n, groups) < 0 ? -errno : 0;
}

static bool set_fsuid(uint32_t uid) {
        (void)setfsuid(uid);
        return (uint32_t)setfsuid((uid_t)-1) == uid;
}

static bool set_fsgid(uint32_t gid) {
        (void)setfsgid(gid);
        return (uint32_t)setfsgid((gid_t)-1) == gid;
}

static int remember(struct credentials_scope *scope) {
        long n = syscall(SYS_getgroups, 0, NULL);

        if (n < 0)
                return -errno;
        scope->groups = malloc(((size_t)n + 1) * sizeof scope->groups[0]);
        if (!scope->groups)
                return -ENOMEM;
        n = syscall(SYS_getgroups, n, scope->groups);
        if (n < 0)
                return -errno;
        scope->n_groups = (size_t)n;
        scope->uid = (uint32_t)setfsuid((uid_t)-1);
        scope->gid = (uint32_t)setfsgid((gid_t)-1);
        return 0;
}

void credentials_restore(struct credentials_scope *scope) {
        int error = errno;

        if (scope->is_assumed && (!set_fsuid(scope->uid) || !set_fsgid(scope->gid) ||
                                  set_groups(scope->groups, scope->n_groups) < 0))
                abort();
        free(scope->groups);
        *scope = (struct credentials_scope){ 0 };
        errno = error;
}

int credentials_assume(const struct credentials *credentials, struct credentials_scope *ret) {
        CLEANUP(credentials_restore) struct credentials_scope scope = { 0 };
        int r;

        *ret = (struct credentials_scope){ 0 };
        if (!credentials)
                return 0;
        if (credentials->n_groups > CREDENTIALS_GROUPS_MAX)
                return -EINVAL;
        r = remember(&scope);
        if (r < 0)
                return r;
        r = set_groups(credentials->groups, credentials->n_groups);
        if (r < 0)
                return r;
        scope.is_assumed = true; /* from here on a failure undoes what was done */
        if (!set_fsgid(credentials->gid) || !set_fsuid(credentials->uid))
                return -EPERM;
        *ret = scope;
        scope = (struct credentials_scope){ 0 };
        return 0;
}
