/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* sshd's configuration: the main file with everything it includes, parsed and checked exactly as
 * one release of sshd does at start-up (`sshd -t`), kept so that it can be evaluated for any
 * connection.
 *
 * Pure: contents, glob results, names and addresses are asked for through struct sshd_environment.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/account.h"
#include "sshd/release.h"

enum {
        SSHD_INCLUDE_DEPTH_MAX = 16, /* servconf.c: SERVCONF_MAX_DEPTH */
};

/* What the room asks of the world. Each function returns 0 or a negative errno; results are on the
 * heap and become the room's. -ENOENT and friends are what sshd would see; anything a reader
 * refuses for safety (a FIFO, a device, an oversize file) comes as -EINVAL with no data. */
struct sshd_environment {
        void *userdata;
        /* glob(3) as sshd calls it: absolute pattern, byte order; no match: 0 paths. */
        int (*glob)(void *userdata, const char *pattern, char ***ret_paths, size_t *ret_n);
        /* The bytes of a file; a directory reads as empty. */
        int (*read)(void *userdata, const char *path, char **ret_data, size_t *ret_n);
        /* getservbyname(3): the port of a tcp service name, or -ENOENT. May be NULL. */
        int (*service)(void *userdata, const char *name, uint16_t *ret_port);
        /* getaddrinfo(3) of a ListenAddress that is not numeric: numeric texts in its order, or
         * -ENOENT. FAMILY is 0, 4 or 6. May be NULL. */
        int (*resolve)(void *userdata, const char *host, int family, char ***ret_addresses,
                       size_t *ret_n);
        /* if_nametoindex(3), 0 if there is none. May be NULL. */
        uint32_t (*scope)(void *userdata, const char *name);
};

struct sshd_source {
        struct sshd_release release;
        const char *path; /* the main file, as sshd's -f: /etc/ssh/sshd_config, none; NULL: the
                           * overrides alone, as sshd has read them when it complains of another
                           * argument */
        const char *cwd;  /* of sshd: relative paths are taken from here; "/" under systemd */
        const char *const *overrides; /* "-o" arguments in order, "-p PORT" as "-pPORT" */
        size_t n_overrides;
        const struct accounts *accounts; /* for `~user`, Match group; not kept */
};

/* Why sshd would not start: its own words, its exit status. */
struct sshd_refusal {
        char *file;    /* "command-line" for an override; NULL if no file is to blame */
        unsigned line; /* 0 if none; of an override the how many-th it is, from 1 */
        char *message; /* all that sshd writes to standard error, byte for byte: lines end in "\r\n"
                        */
        char *reason;  /* the one-line reason without "FILE line N: " and the like */
        int exit_status; /* 1 or 255; 139 where sshd itself crashes */
};

struct sshd_config;

/* Reads and parses. Returns 0 with *ret_config set, also for a configuration that sshd refuses
 * (sshd_config_refusal() is then not NULL); -ENOMEM, -E2BIG (includes multiply to more than a
 * million lines), or the error of an environment function that is no file error (-ETIMEDOUT and the
 * like).
 *
 * `scope` is also asked while connections are evaluated: it and its userdata must live as long as
 * the config. */
int sshd_config_load(const struct sshd_source *source, const struct sshd_environment *environment,
                     struct sshd_config **ret_config);
void sshd_config_free(struct sshd_config *config);

/* NULL if sshd would start with it. Host keys, and whether files named by settings exist, are not
 * looked at. */
const struct sshd_refusal *sshd_config_refusal(const struct sshd_config *config);

/* What sshd writes to standard error while it reads, refusing or not: "" if nothing. Its lines end
 * in "\r\n".
 */
const char *sshd_config_messages(const struct sshd_config *config);

const struct sshd_release *sshd_config_release(const struct sshd_config *config);

/* What was read, in the order of first use: the main file first. */
size_t sshd_config_n_files(const struct sshd_config *config);
const char *sshd_config_file(const struct sshd_config *config, size_t i);

/* The absolute Include patterns met, each once: new files matching them would join. */
size_t sshd_config_n_globs(const struct sshd_config *config);
const char *sshd_config_glob(const struct sshd_config *config, size_t i);

/* Every path another setting names in any block, `none` left out: for the guarded set. KEYWORD is
 * the lower-case canonical keyword; tokens and `~` are as written after sshd's own expansion. */
struct sshd_named_path {
        const char *keyword;
        const char *path;
        const char *file;
        unsigned line;
};
/* Returns the number of paths; *ret stays the config's. */
size_t sshd_config_named_paths(const struct sshd_config *config,
                               const struct sshd_named_path **ret);

/* True if sshd would do the same with both, for every connection: the same directives with the same
 * values under the same Match criteria in the same order; comments, layout, spelling and the files
 * they stand in do not count. May say false for texts that mean the same by another way. */
bool sshd_config_is_same(const struct sshd_config *a, const struct sshd_config *b);
