/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The listening socket: out of the service manager's fd store, or bound here.
 *
 * The daemon binds it itself because with socket activation a mere question would start a guard
 * that someone stopped. It lives in the fd store (sd_pid_notify_with_fds(3)) so that a question
 * asked during a restart waits instead of failing. An inherited socket is taken only if it listens
 * and its path still leads to a socket; otherwise a fresh one is bound.
 *
 * A new socket is bound under a temporary name, gets its owner and mode there, and is renamed: at
 * no instant can anyone connect whom the mode would refuse. */

#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "call.h"
#include "server.h"

enum {
        BACKLOG = 64, /* it is first come, first served: a longer one is a longer way behind a flood
                       */
};

static const char stored_name[] = "control";

static void free_names(char ***names) {
        for (size_t i = 0; *names && (*names)[i]; i++)
                free((*names)[i]);
        free(*names);
}

static bool is_socket(const char *path) {
        struct stat status;

        return lstat(path, &status) == 0 && S_ISSOCK(status.st_mode);
}

/* A listening socket that was bound for PATH: it keeps the temporary name it was bound under. */
static bool is_bound_for(int fd, const char *path) {
        CLEANUP_FREE char *temporary = text_format("%s.new", path);

        return sd_is_socket_unix(fd, SOCK_STREAM, 1, path, 0) > 0 ||
               (temporary && sd_is_socket_unix(fd, SOCK_STREAM, 1, temporary, 0) > 0);
}

/* An inherited socket for PATH, or -1. */
static int adopt(const char *path) {
        CLEANUP(free_names) char **names = NULL;
        int n = sd_listen_fds_with_names(0, &names), found = -1;

        for (int i = 0; i < n; i++) {
                int fd = SD_LISTEN_FDS_START + i;

                if (strcmp(names[i], stored_name) != 0)
                        continue;
                if (found < 0 && is_socket(path) && is_bound_for(fd, path)) {
                        found = fd;
                        continue;
                }
                (void)close(fd);
                if (found < 0)
                        (void)sd_notify(0, "FDSTOREREMOVE=1\nFDNAME=control");
        }
        return found;
}

static int set_address(const char *path, const char *suffix, struct sockaddr_un *ret) {
        int n;

        *ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
        n = snprintf(ret->sun_path, sizeof ret->sun_path, "%s%s", path, suffix);
        return n < 0 || (size_t)n >= sizeof ret->sun_path ? -ENAMETOOLONG : 0;
}

/* True if a process answers at the path; never waits for it. */
static bool is_answered(const struct sockaddr_un *address) {
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        bool answered;

        if (fd < 0)
                return false;
        answered = connect(fd, (const struct sockaddr *)address, sizeof *address) == 0 ||
                   errno == EAGAIN;
        (void)close(fd);
        return answered;
}

/* Who may connect: root, and the group if there is one. */
static int set_access(const char *path, int64_t group) {
        mode_t mode = group == CONTROL_GROUP_NONE ? 0600 : 0660;

        if (group != CONTROL_GROUP_NONE && lchown(path, (uid_t)-1, (gid_t)group) < 0)
                return -errno;
        return chmod(path, mode) < 0 ? -errno : 0;
}

/* ---- whom the configuration lists ---- */

enum { /* of an access list, as the kernel takes it (linux/posix_acl_xattr.h, posix_acl.h) */
       ACL_VERSION = 2,
       ACL_USER_OBJ = 0x01,
       ACL_USER = 0x02,
       ACL_GROUP_OBJ = 0x04,
       ACL_MASK = 0x10,
       ACL_OTHER = 0x20,
       ACL_CONNECT = 0x06, /* read and write: unix(7) asks for write */
};

static const char acl_name[] = "system.posix_acl_access";

struct acl_entry {
        uint16_t tag, permissions;
        uint32_t id;
};

static int compare_uids(const void *a, const void *b) {
        uid_t x = *(const uid_t *)a, y = *(const uid_t *)b;

        return (x > y) - (x < y);
}

/* Entries in the kernel's order, users by uid and each once; *ret_n in bytes. */
static char *make_acl(uid_t *uids, size_t n, int64_t group, size_t *ret_n) {
        const uint32_t version = htole32(ACL_VERSION);
        char *acl = calloc(n + 4, sizeof(struct acl_entry) + sizeof version), *at = acl;
        const uint16_t of_group = group == CONTROL_GROUP_NONE ? 0 : ACL_CONNECT;

        if (!acl)
                return NULL;
        if (n > 1)
                qsort(uids, n, sizeof *uids, compare_uids);
        at = mempcpy(at, &version, sizeof version);
        for (size_t i = 0; i < n + 4; i++) {
                const bool is_user = i >= 1 && i <= n;
                const uint16_t tag = i == 0       ? ACL_USER_OBJ
                                     : is_user    ? ACL_USER
                                     : i == n + 1 ? ACL_GROUP_OBJ
                                     : i == n + 2 ? ACL_MASK
                                                  : ACL_OTHER;
                const struct acl_entry entry = {
                        htole16(tag),
                        htole16(tag == ACL_OTHER       ? 0
                                : tag == ACL_GROUP_OBJ ? of_group
                                                       : ACL_CONNECT),
                        htole32(is_user ? (uint32_t)uids[i - 1] : UINT32_MAX),
                };

                if (!is_user || i == 1 || uids[i - 1] != uids[i - 2])
                        at = mempcpy(at, &entry, sizeof entry);
        }
        *ret_n = (size_t)(at - acl);
        return acl;
}

int control_admit(struct control *control, const uid_t *uids, size_t n_uids) {
        CLEANUP_FREE uid_t *sorted = calloc(n_uids + 1, sizeof *sorted);
        CLEANUP_FREE char *acl = NULL;
        size_t n;

        if (!sorted)
                return -ENOMEM;
        if (n_uids == 0) { /* the mode says it all */
                if (removexattr(control->socket_path, acl_name) < 0 && errno != ENODATA &&
                    errno != EOPNOTSUPP)
                        return -errno;
                return set_access(control->socket_path, control->group);
        }
        memcpy(sorted, uids, n_uids * sizeof *sorted);
        acl = make_acl(sorted, n_uids, control->group, &n);
        if (!acl)
                return -ENOMEM;
        return setxattr(control->socket_path, acl_name, acl, n, 0) < 0 ? -errno : 0;
}

static int bind_at(int fd, const struct sockaddr_un *temporary, const char *path, int64_t group) {
        int r;

        if (fchmod(fd, 0600) < 0 || (unlink(temporary->sun_path) < 0 && errno != ENOENT))
                return -errno;
        if (bind(fd, (const struct sockaddr *)temporary, sizeof *temporary) < 0)
                return -errno;
        r = set_access(temporary->sun_path, group);
        if (r == 0 && listen(fd, BACKLOG) < 0)
                r = -errno;
        if (r == 0 && rename(temporary->sun_path, path) < 0)
                r = -errno;
        if (r < 0)
                (void)unlink(temporary->sun_path);
        return r;
}

static int bind_new(const char *path, int64_t group, int *ret_fd) {
        struct sockaddr_un address, temporary;
        int fd, r;

        r = set_address(path, "", &address);
        if (r == 0)
                r = set_address(path, ".new", &temporary);
        if (r < 0)
                return r;
        if (is_answered(&address))
                return -EADDRINUSE;
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return -errno;
        r = bind_at(fd, &temporary, path, group);
        if (r < 0) {
                (void)close(fd);
                return r;
        }
        *ret_fd = fd;
        return 0;
}

int control_listen(const struct control_options *options, int *ret_fd, bool *ret_stored) {
        bool is_system = !options->root_path;
        int fd = is_system ? adopt(options->socket_path) : -1;
        bool is_stored = fd >= 0;
        int r;

        if (is_stored)
                r = set_access(options->socket_path, options->group);
        else
                r = bind_new(options->socket_path, options->group, &fd);
        if (r < 0) {
                if (is_stored)
                        (void)close(fd);
                return r;
        }
        if (is_system && !is_stored)
                is_stored = sd_pid_notify_with_fds(0, 0, "FDSTORE=1\nFDNAME=control", &fd, 1) > 0;
        *ret_fd = fd;
        *ret_stored = is_stored;
        return 0;
}
