/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* How one keyword's arguments are read, kept and printed. The keyword table (table.h) names a
 * grammar per row; a grammar is three small functions, shared by all keywords that are read alike.
 */

#include "base/account.h"
#include "base/map.h"
#include "lexer.h"
#include "model.h"
#include "sshd/keywords.h"

/* What became of a line. Negative values are errors of ours (-ENOMEM …). */
enum reading_result {
        READING_DONE = 0,
        READING_BAD,   /* sshd goes on and refuses at the end of the file */
        READING_FATAL, /* sshd stops here */
};

/* One line while it is read. */
struct reading {
        const struct sshd_release *release;
        const struct sshd_environment *environment;
        const struct accounts *accounts;
        const char *cwd;
        const struct keyword *keyword;
        const char *file; /* as sshd names it in messages */
        unsigned line;
        const char *name; /* the keyword as it was written */
        struct arguments arguments;
        bool is_active;              /* sshd would let this line take effect now (pass 1) */
        struct sshd_value *value;    /* out */
        struct refusal_later *later; /* out: what would be wrong if the value were taken */
        int log_limit;
        struct text *messages; /* what sshd writes to standard error */
        char *reason;          /* out: of READING_BAD and READING_FATAL, the last one; heap */
};

/* error() and fatal() of sshd with "FILE line N: " before the text; and without. Return READING_BAD
 * and READING_FATAL, or -ENOMEM. */
int reading_bad(struct reading *reading, const char *format, ...)
        __attribute__((format(printf, 2, 3)));
int reading_fatal(struct reading *reading, const char *format, ...)
        __attribute__((format(printf, 2, 3)));
int reading_fatal_bare(struct reading *reading, const char *format, ...)
        __attribute__((format(printf, 2, 3)));
/* error() without a place, which by itself refuses nothing. Returns 0 or -ENOMEM. */
int reading_complain(struct reading *reading, const char *format, ...)
        __attribute__((format(printf, 2, 3)));
/* logit(): the same, at level INFO. */
int reading_note(struct reading *reading, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

/* sshd's log levels, as its table of names numbers them. */
enum log_level { LOG_LEVEL_FATAL = 1, LOG_LEVEL_ERROR, LOG_LEVEL_INFO };

/* Appends one line as sshd's logger writes it to standard error: at most 1021 bytes, what is not
 * printable as \ooo, "\r\n". A level above LIMIT is not written at all: `-o LogLevel=QUIET`
 * silences even the reason why sshd refuses. */
int log_append(struct text *messages, int limit, enum log_level level, const char *line);

/* The value under construction. Each returns 0 or -ENOMEM. */
int value_add_number(struct sshd_value *value, long long number);
int value_add_string(struct sshd_value *value, const char *string);
void value_done(struct sshd_value *value);

/* What is known of a keyword while directives are taken one after the other. Strings are borrowed.
 */
enum { STATE_NUMBERS_MAX = 16 };

struct state {
        bool is_set;
        long long numbers[STATE_NUMBERS_MAX];
        size_t n_numbers;
        const char **strings; /* the array is the state's */
        size_t n_strings;
        struct map names; /* of subsystems that are defined */
};

void state_done(struct state *state);

/* What taking a directive did. */
enum taking {
        TAKING_LOST,   /* overruled, or not active */
        TAKING_WON,    /* it is the value now */
        TAKING_JOINED, /* it is a part of the value now */
        TAKING_FATAL,  /* sshd stops here */
};

struct grammar {
        enum sshd_value_kind kind;
        /* Reads the arguments into reading->value. */
        int (*read)(struct reading *reading);
        /* Takes a directive into the state by the keyword's own rule; NULL: keyword->repeat
         * decides. Called for lines that are not active too. Returns enum taking or -ENOMEM; on
         * TAKING_FATAL *reterr_reason (heap) is set. */
        int (*take)(struct state *state, const struct sshd_directive *directive, bool is_active,
                    const struct sshd_release *release, char **reterr_reason);
        /* Appends what `sshd -T` prints as values: see keyword->layout. The state has its defaults.
         * NULL: the strings. */
        int (*print)(const struct keyword *keyword, const struct state *state,
                     const struct sshd_release *release, char ***values, size_t *n_values);
        const void *detail; /* a table of words, for the grammars that have one */
        bool first_wins;    /* take() does what REPEAT_FIRST does, and refuses some more */
};

/* The grammars, by file. grammar_words.c: */
extern const struct grammar grammar_flag, grammar_address_family, grammar_compression,
        grammar_fingerprint_hash, grammar_gateway_ports, grammar_ignore_rhosts,
        grammar_log_facility, grammar_log_level, grammar_permit_root_login,
        grammar_permit_user_environment, grammar_pubkey_auth_options, grammar_tcp_forwarding,
        grammar_tcp_keep_alive, grammar_tunnel, grammar_weak_crypto;
/* "it takes yes or no", of a grammar of grammar_words.c with a table; heap, NULL: out of memory. */
char *grammar_describe_words(const struct grammar *grammar);
/* grammar_numbers.c: */
extern const struct grammar grammar_int, grammar_ipqos, grammar_mask, grammar_max_startups,
        grammar_net_block_size, grammar_penalties, grammar_per_source_max_startups, grammar_port,
        grammar_rekey_limit, grammar_time, grammar_unused_timeout;
/* grammar_paths.c: */
extern const struct grammar grammar_absolute_command, grammar_agent_socket, grammar_chroot,
        grammar_host_key, grammar_host_key_agent, grammar_pam_service, grammar_path,
        grammar_path_list, grammar_pattern_path, grammar_raw_command, grammar_sk_provider,
        grammar_version_addendum, grammar_word;
/* grammar_lists.c: */
extern const struct grammar grammar_accept_env, grammar_env, grammar_exempt_list, grammar_groups,
        grammar_listen_address, grammar_log_verbose, grammar_methods, grammar_permit_listen,
        grammar_permit_open, grammar_rdomain, grammar_subsystem, grammar_timeouts, grammar_users;
/* grammar_algorithms.c: */
extern const struct grammar grammar_algorithms_ca, grammar_algorithms_cipher,
        grammar_algorithms_gss, grammar_algorithms_kex, grammar_algorithms_key,
        grammar_algorithms_mac;

/* From 9.5 to 10.2 sshd dereferences NULL where the blocks in force (MATCHED) define subsystems and
 * the global section does not. */
bool subsystems_crash(const struct state *global, const struct state *matched,
                      const struct sshd_release *release);

/* The releases at which several grammars changed. */
enum {
        RELEASE_WORDING = 807,      /* messages name the keyword as it was written */
        RELEASE_NO_EMPTY = 907,     /* lists of no words are refused */
        RELEASE_INVALID_USER = 909, /* `invalid-user` in -C */
};

/* The next argument, which must not be missing or empty: else READING_FATAL with "NAME missing
 * argument." (before 8.7 with OLD) in *ret_result. */
const char *reading_word(struct reading *reading, const char *old, int *ret_result);

/* a2port(): 0..65535 or a service name; -1: none. */
int reading_port(const struct reading *reading, const char *text);
