/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Who can log in over ssh, from where, with what: what sshd, PAM and the account's keys make of one
 * connection.
 *
 * A login is let in when one of its ways is: see access/way.h. What is taken into account is
 * auth.c (allowed_user), auth2.c (AuthenticationMethods), auth2-pubkey.c, auth-passwd.c, auth-pam.c
 * and session.c of OpenSSH, and pam_unix, pam_google_authenticator and a few more of Linux-PAM.
 * What cannot be known (an AuthorizedKeysCommand, a directory in the network, a module nobody
 * described) is "cannot tell", with the reason. */

#include "access/machine.h"
#include "access/way.h"
#include "sshd/contexts.h"

/* A key, or an authority of certificates, that stands in one of the account's files. */
struct access_key {
        char *path; /* the file it stands in */
        unsigned line;
        char *description;  /* "256 SHA256:… comment (ED25519)", escaped */
        char *sha256;       /* "SHA256:…", NULL of a line that is no key */
        char *refusal;      /* why it does not open this connection; NULL: it does */
        bool is_authority;  /* it signs certificates */
        bool has_command;   /* its command= is run whatever is asked for */
        char *restrictions; /* its options, escaped; "" if it has none */
        char *from;         /* its from= list, or NULL */
};

enum access_session {
        ACCESS_SESSION_SHELL,   /* the login shell, or any command through it */
        ACCESS_SESSION_COMMAND, /* one command, whatever is asked for (ForceCommand) */
        ACCESS_SESSION_SFTP,    /* sshd's own sftp server only */
        ACCESS_SESSION_NOTHING, /* the shell lets nobody do anything (nologin, false) */
};
const char *access_session_name(enum access_session session);

struct access_login {
        const struct account *account;
        struct sshd_connection connection;
        enum access_answer answer; /* ACCESS_YES: at least one way is sure */
        char *refusal; /* of ACCESS_NO: why nobody gets in, whatever he has; NULL if it is only that
                          no way is left */
        struct access_ways ways;
        struct access_key *keys; /* every entry of the account's files */
        size_t n_keys;
        enum access_session session;
        char *command; /* what ACCESS_SESSION_COMMAND runs, escaped; else NULL */
};

/* Answers for one connection; its user names the account, which must be one of MACHINE's (-ENOENT).
 * Returns 0 with *RET set, refused where sshd itself fails on the connection; -ENOMEM, or the error
 * of one of MACHINE's functions. */
int access_login_judge(const struct access_machine *machine,
                       const struct sshd_connection *connection, struct access_login *ret);
void access_login_done(struct access_login *login);

/* The connections of an account that can differ in what they need: every setting that has a say in
 * it is taken to all its values. */
struct access_logins {
        struct access_login *items;
        size_t n_items;
        bool is_complete; /* false: a bound was reached; others may exist */
        bool is_one;      /* only the login from one address was asked for */
};

/* Logins that need the same are one. Returns as access_login_judge(). */
int access_logins_judge(const struct access_machine *machine, const struct account *account,
                        struct access_logins *ret);
/* The same with the one login from ADDRESS, which is one, to the usual port. */
int access_logins_judge_from(const struct access_machine *machine, const struct account *account,
                             const char *address, struct access_logins *ret);

/* The same with the logins that WHEN is about: none if it is not about the account. -EINVAL if one
 * of its patterns is none. */
int access_logins_judge_when(const struct access_machine *machine, const struct account *account,
                             const struct sshd_when *when, struct access_logins *ret);

/* From where the login at position I is, in words and escaped: "anywhere", "elsewhere" where others
 * differ from it, "like 10.0.0.1" of one that stands for its kind, or the address that was asked
 * for. On the heap; NULL: out of memory. */
char *access_logins_where(const struct access_logins *logins, size_t i);

void access_logins_done(struct access_logins *logins);
