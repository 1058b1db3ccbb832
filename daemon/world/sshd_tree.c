/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is asked of the system on behalf of the pure sshd room.
 *
 * The release: every sshd names itself on standard error when it is asked with -V; those before 9.0
 * do it in the usage text that an unknown option brings up. */

#include "world/sshd_tree.h"

#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "os/probe.h"

enum {
        RELEASE_TIMEOUT_MS = 3000, /* milliseconds as a rule; a cold disk may take a second */
        RESOLVE_TIMEOUT_MS = 5000, /* resolv.conf(5): the default timeout of one server */
};

const char sshd_tree_program[] = "/usr/sbin/sshd";
static const char newest_release[] = "10.6";

static int ask_service(void *userdata, const char *name, uint16_t *ret_port) {
        struct servent entry, *found = NULL;
        char buffer[1024];

        (void)userdata;
        if (getservbyname_r(name, "tcp", &entry, buffer, sizeof buffer, &found) != 0 || !found)
                return -ENOENT;
        *ret_port = ntohs((uint16_t)entry.s_port);
        return 0;
}

static uint32_t ask_scope(void *userdata, const char *name) {
        (void)userdata;
        return if_nametoindex(name);
}

struct resolving {
        const char *host;
        int family;
};

/* In the child: one numeric address a line, in getaddrinfo's order. */
static int resolve_host(void *userdata, int fd) {
        const struct resolving *resolving = userdata;
        const struct addrinfo hints = {
                .ai_family = resolving->family == 4   ? AF_INET
                             : resolving->family == 6 ? AF_INET6
                                                      : AF_UNSPEC,
                .ai_socktype = SOCK_STREAM,
                .ai_flags = AI_PASSIVE,
        };
        struct addrinfo *found;

        if (getaddrinfo(resolving->host, "22", &hints, &found) != 0)
                return EXIT_FAILURE;
        for (const struct addrinfo *at = found; at; at = at->ai_next) {
                char text[NI_MAXHOST + 1];
                size_t n;

                if (getnameinfo(at->ai_addr, at->ai_addrlen, text, NI_MAXHOST, NULL, 0,
                                NI_NUMERICHOST) != 0)
                        continue;
                n = strlen(text);
                text[n] = '\n';
                if (!probe_write(fd, text, n + 1))
                        break;
        }
        freeaddrinfo(found);
        return EXIT_SUCCESS;
}

static int ask_addresses(void *userdata, const char *host, int family, char ***ret_addresses,
                         size_t *ret_n) {
        struct resolving resolving = { host, family };
        CLEANUP_FREE char *answer = NULL;
        char **addresses = NULL;
        size_t n_answer = 0, n_addresses = 0;
        int status = 0, r;

        (void)userdata;
        r = probe_call(resolve_host, &resolving, RESOLVE_TIMEOUT_MS, &answer, &n_answer, &status);
        if (r < 0 || status != EXIT_SUCCESS)
                return r == -ENOMEM ? r : -ENOENT;
        for (const char *line = answer; *line && r == 0;) {
                size_t n = strcspn(line, "\n");

                r = strings_append_n(&addresses, &n_addresses, line, n);
                line += n + (line[n] == '\n');
        }
        if (r < 0) {
                strings_free(addresses, n_addresses);
                return r;
        }
        *ret_addresses = addresses;
        *ret_n = n_addresses;
        return 0;
}

void sshd_tree_system_names(struct sshd_environment *environment) {
        environment->service = ask_service;
        environment->resolve = ask_addresses;
        environment->scope = ask_scope;
}

static int ask_release(const char *chroot_path, struct sshd_release *ret) {
        const char *const argv[] = { sshd_tree_program, "-V", NULL };
        CLEANUP(probe_result_done) struct probe_result result = { 0 };
        const char *name;
        int r = probe_run(argv, "/", chroot_path, RELEASE_TIMEOUT_MS, &result);

        if (r < 0)
                return r;
        name = strstr(result.err, "OpenSSH_");
        if (!name)
                return -ENOENT;
        result.err[name - result.err + (long)strcspn(name, "\r\n")] = '\0';
        return sshd_release_parse(name, ret) ? 0 : -ENOENT;
}

int sshd_tree_release(const struct os_root *root, struct sshd_release *ret) {
        bool has_own = false;
        int r = -ENOENT;

        if (!os_root_is_system(root)) {
                CLEANUP_FREE char *program = os_root_host_path(root, sshd_tree_program);

                if (!program)
                        return -ENOMEM;
                has_own = access(program, X_OK) == 0;
                if (has_own)
                        r = ask_release(root->path, ret);
        }
        if (!has_own)
                r = ask_release(NULL, ret);
        if (r < 0)
                (void)sshd_release_parse(newest_release, ret);
        return r < 0 && r != -ENOMEM ? -ENOENT : r;
}
