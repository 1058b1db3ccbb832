/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What sshd would do for one connection: every setting with its value, and the line that decided.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/account.h"
#include "sshd/config.h"

/* A connection, as `sshd -T -C` is told of it. NULL (lport: -1) where nothing is known: then the
 * criterion does not match, as in sshd. */
struct sshd_connection {
        char *user, *host, *addr, *laddr, *rdomain;
        int lport;
        bool invalid_user;
};

/* Parses "user=bob,addr=203.0.113.9,…" into an empty connection, as parse_server_match_testspec();
 * later keys win, and several specs may be parsed into the same connection one after the other, as
 * sshd does with several -C. Returns 0, -ENOMEM, or -EINVAL with *reterr_message (heap) in sshd's
 * words. */
int sshd_connection_parse(struct sshd_connection *connection, const char *spec,
                          const struct sshd_release *release, char **reterr_message);
/* The same where a port may be the name of a service, which ENVIRONMENT knows. */
int sshd_connection_parse_named(struct sshd_connection *connection, const char *spec,
                                const struct sshd_release *release,
                                const struct sshd_environment *environment, char **reterr_message);
/* "user=bob,host=…,addr=…,laddr=…,lport=22": always a full spec that `sshd -T -C` accepts. */
char *sshd_connection_format(const struct sshd_connection *connection);
int sshd_connection_copy(struct sshd_connection *ret, const struct sshd_connection *connection);
void sshd_connection_init(struct sshd_connection *connection);
void sshd_connection_done(struct sshd_connection *connection);

/* A line of the configuration that sets a keyword. */
struct sshd_line {
        const char *file; /* "command-line" for an override */
        unsigned line;    /* of an override: the how many-th it is, from 1 */
        const char *text; /* the line without its leading and trailing blanks */
};

struct sshd_setting {
        const char *keyword; /* lower case, canonical: aliases resolved */
        char **values; /* as `sshd -T` prints them: one string for a scalar ("no", "120"), one per
                        * element for a list; none for an unset list */
        size_t n_values;
        bool is_default;         /* no line set it */
        struct sshd_line winner; /* zeroed if is_default; for accumulated lists the first line */
        struct sshd_line
                *joined; /* of accumulated lists: the further lines that are in the value */
        size_t n_joined;
        struct sshd_line *losers; /* other lines that set it for this connection and lost */
        size_t n_losers;
};

struct sshd_effective;

/* Evaluates. CONNECTION NULL is plain `sshd -T`. The result borrows from CONFIG. Returns 0,
 * -ENOMEM, or -EINVAL with *reterr (if not NULL) set: sshd itself would fail on this connection. */
int sshd_effective_new(const struct sshd_config *config, const struct sshd_connection *connection,
                       const struct accounts *accounts, struct sshd_effective **ret,
                       struct sshd_refusal **reterr);
void sshd_effective_free(struct sshd_effective *effective);
void sshd_refusal_free(struct sshd_refusal *refusal);

/* NULL if no keyword (or alias) of that name, in any case, exists in this release. */
const struct sshd_setting *sshd_effective_get(const struct sshd_effective *effective,
                                              const char *keyword);

/* One keyword alone, for who asks about many connections: what sshd_effective_get() would give, at
 * a hundredth of the cost. *RET is the caller's, sshd_setting_done(); it borrows from CONFIG.
 * Returns 0; -ENOENT if the release has no such keyword; -EINVAL if sshd fails on this connection
 * because of this keyword (because of another one it is not noticed); -ENOMEM. */
int sshd_effective_one(const struct sshd_config *config, const struct sshd_connection *connection,
                       const struct accounts *accounts, const char *keyword,
                       struct sshd_setting *ret);
void sshd_setting_done(struct sshd_setting *setting);

/* What sshd writes to standard error in this pass (`Deprecated option …` again): "" if nothing. */
const char *sshd_effective_messages(const struct sshd_effective *effective);
const struct sshd_release *sshd_effective_release(const struct sshd_effective *effective);
