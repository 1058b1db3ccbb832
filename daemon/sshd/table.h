/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The keyword table: everything this house knows of a keyword is in its row. */

#include <stdbool.h>
#include <stddef.h>

#include "grammar.h"
#include "sshd/release.h"

/* What can be set; aliases share one. */
enum setting {
        SETTING_ACCEPT_ENV,
        SETTING_ADDRESS_FAMILY,
        SETTING_AGENT_SOCKET_PATH,
        SETTING_ALLOW_AGENT_FORWARDING,
        SETTING_ALLOW_GROUPS,
        SETTING_ALLOW_STREAM_LOCAL_FORWARDING,
        SETTING_ALLOW_TCP_FORWARDING,
        SETTING_ALLOW_USERS,
        SETTING_AUTHENTICATION_METHODS,
        SETTING_AUTHORIZED_KEYS_COMMAND,
        SETTING_AUTHORIZED_KEYS_COMMAND_USER,
        SETTING_AUTHORIZED_KEYS_FILE,
        SETTING_AUTHORIZED_PRINCIPALS_COMMAND,
        SETTING_AUTHORIZED_PRINCIPALS_COMMAND_USER,
        SETTING_AUTHORIZED_PRINCIPALS_FILE,
        SETTING_BANNER,
        SETTING_CA_SIGNATURE_ALGORITHMS,
        SETTING_CHALLENGE_RESPONSE_AUTHENTICATION, /* one of its own before 8.7 */
        SETTING_CHANNEL_TIMEOUT,
        SETTING_CHROOT_DIRECTORY,
        SETTING_CIPHERS,
        SETTING_CLIENT_ALIVE_COUNT_MAX,
        SETTING_CLIENT_ALIVE_INTERVAL,
        SETTING_COMPRESSION,
        SETTING_DEBIAN_BANNER,
        SETTING_DENY_GROUPS,
        SETTING_DENY_USERS,
        SETTING_DISABLE_FORWARDING,
        SETTING_EXPOSE_AUTH_INFO,
        SETTING_FINGERPRINT_HASH,
        SETTING_FORCE_COMMAND,
        SETTING_GATEWAY_PORTS,
        SETTING_GSSAPI_AUTHENTICATION,
        SETTING_GSSAPI_CLEANUP_CREDENTIALS,
        SETTING_GSSAPI_DELEGATE_CREDENTIALS,
        SETTING_GSSAPI_KEX_ALGORITHMS,
        SETTING_GSSAPI_KEY_EXCHANGE,
        SETTING_GSSAPI_STORE_CREDENTIALS_ON_REKEY,
        SETTING_GSSAPI_STRICT_ACCEPTOR_CHECK,
        SETTING_HOST_CERTIFICATE,
        SETTING_HOST_KEY,
        SETTING_HOST_KEY_AGENT,
        SETTING_HOST_KEY_ALGORITHMS,
        SETTING_HOSTBASED_ACCEPTED_ALGORITHMS,
        SETTING_HOSTBASED_AUTHENTICATION,
        SETTING_HOSTBASED_USES_NAME_FROM_PACKET_ONLY,
        SETTING_IGNORE_RHOSTS,
        SETTING_IGNORE_USER_KNOWN_HOSTS,
        SETTING_IPQOS,
        SETTING_KBD_INTERACTIVE_AUTHENTICATION,
        SETTING_KERBEROS_AUTHENTICATION,
        SETTING_KERBEROS_OR_LOCAL_PASSWD,
        SETTING_KERBEROS_TICKET_CLEANUP,
        SETTING_KEX_ALGORITHMS,
        SETTING_LISTEN_ADDRESS,
        SETTING_LOG_LEVEL,
        SETTING_LOG_VERBOSE,
        SETTING_LOGIN_GRACE_TIME,
        SETTING_MACS,
        SETTING_MAX_AUTH_TRIES,
        SETTING_MAX_SESSIONS,
        SETTING_MAX_STARTUPS,
        SETTING_MODULI_FILE,
        SETTING_PAM_SERVICE_NAME,
        SETTING_PASSWORD_AUTHENTICATION,
        SETTING_PER_SOURCE_MAX_STARTUPS,
        SETTING_PER_SOURCE_NET_BLOCK_SIZE,
        SETTING_PER_SOURCE_PENALTIES,
        SETTING_PER_SOURCE_PENALTY_EXEMPT_LIST,
        SETTING_PERMIT_EMPTY_PASSWORDS,
        SETTING_PERMIT_LISTEN,
        SETTING_PERMIT_OPEN,
        SETTING_PERMIT_ROOT_LOGIN,
        SETTING_PERMIT_TTY,
        SETTING_PERMIT_TUNNEL,
        SETTING_PERMIT_USER_ENVIRONMENT,
        SETTING_PERMIT_USER_RC,
        SETTING_PID_FILE,
        SETTING_PORT,
        SETTING_PRINT_LAST_LOG,
        SETTING_PRINT_MOTD,
        SETTING_PUBKEY_ACCEPTED_ALGORITHMS,
        SETTING_PUBKEY_AUTH_OPTIONS,
        SETTING_PUBKEY_AUTHENTICATION,
        SETTING_RDOMAIN,
        SETTING_REFUSE_CONNECTION,
        SETTING_REKEY_LIMIT,
        SETTING_REQUIRED_RSA_SIZE,
        SETTING_REVOKED_KEYS,
        SETTING_SECURITY_KEY_PROVIDER,
        SETTING_SET_ENV,
        SETTING_SSHD_AUTH_PATH,
        SETTING_SSHD_SESSION_PATH,
        SETTING_STREAM_LOCAL_BIND_MASK,
        SETTING_STREAM_LOCAL_BIND_UNLINK,
        SETTING_STRICT_MODES,
        SETTING_SUBSYSTEM,
        SETTING_SYSLOG_FACILITY,
        SETTING_TCP_KEEP_ALIVE,
        SETTING_TRUSTED_USER_CA_KEYS,
        SETTING_UNUSED_CONNECTION_TIMEOUT,
        SETTING_USE_DNS,
        SETTING_USE_PAM,
        SETTING_VERSION_ADDENDUM,
        SETTING_WARN_WEAK_CRYPTO,
        SETTING_X11_DISPLAY_OFFSET,
        SETTING_X11_FORWARDING,
        SETTING_X11_USE_LOCALHOST,
        SETTING_XAUTH_LOCATION,
        N_SETTINGS,
        SETTING_NONE = N_SETTINGS /* deprecated and unsupported keywords, Match, Include */
};

enum keyword_use {
        KEYWORD_SETTING,
        KEYWORD_ALIAS,       /* another name of a setting */
        KEYWORD_DEPRECATED,  /* read over, with a note */
        KEYWORD_UNSUPPORTED, /* read over, with a note: not compiled in */
        KEYWORD_IGNORED,     /* read over in silence */
        KEYWORD_MATCH,
        KEYWORD_INCLUDE,
        N_KEYWORD_USES
};

/* Which of several lines of one section counts, where the grammar has no rule of its own. */
enum repeat {
        REPEAT_FIRST,
        REPEAT_LAST,
        REPEAT_APPEND,
        REPEAT_FIELDS, /* of each number the first */
};

/* How `sshd -T` prints the values. */
enum layout {
        LAYOUT_ONE_LINE, /* all in one line; none: no line */
        LAYOUT_COMMAS,   /* as above, but commas between */
        LAYOUT_EACH,     /* a line per value */
        LAYOUT_HIDDEN,   /* not printed */
};

/* `none`, of a string or of a list of one, as the clearing of what was set. */
enum clearing {
        CLEAR_NEVER,
        CLEAR_GLOBAL, /* in the global section; inside Match it stays a word */
        CLEAR_ALWAYS,
};

enum keyword_flags {
        KEYWORD_IN_MATCH = 1 << 0,    /* allowed in Match blocks */
        KEYWORD_NOT_COPIED = 1 << 1,  /* allowed in Match blocks, where it has no effect */
        KEYWORD_TEXT_COPIED = 1 << 2, /* global only, but its text is taken from `Match all` */
        KEYWORD_DEBIAN = 1 << 3,      /* of Debian's build only */
        KEYWORD_UPSTREAM = 1 << 4,    /* of upstream's build only */
};

struct keyword {
        const char *name; /* as the manual page spells it */
        const char *lower_name;
        unsigned char n_name; /* its length and first byte, since lines ask for names often */
        char first;
        unsigned since, until; /* releases: from, and the first without; 0: no bound */
        enum setting setting;
        enum keyword_use use;
        unsigned flags;
        const struct grammar *grammar;
        enum repeat repeat;
        enum layout layout;
        const char *initial; /* what is printed if nothing sets it: values separated by blanks;
                              * NULL: no value */
        enum clearing clearing;
        const char *cleared; /* what is printed for a cleared one; NULL: no value */
        const char *names;   /* for sshd_config_named_paths(): "path" or "command"; NULL: none */
};

/* The rows. Settings stand in the order of `sshd -T`. */
extern const struct keyword keyword_table[];
extern const size_t n_keyword_table;

/* Is the row one of this release? */
bool keyword_is_of(const struct keyword *keyword, const struct sshd_release *release);

/* The row NAME (any case) has in this release, aliases too; NULL: none. */
const struct keyword *keyword_find(const char *name, const struct sshd_release *release);

/* The KEYWORD_SETTING row of a setting in this release; NULL: none. */
const struct keyword *keyword_of_setting(enum setting setting, const struct sshd_release *release);

/* The same for the setting of another row: of an alias, or of another release. */
const struct keyword *keyword_own_row(const struct keyword *keyword,
                                      const struct sshd_release *release);
