/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What must hold: rules, and the policy that is made of them. Plain values; policy/parse makes
 * them. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sshd/contexts.h"
#include "sshd/release.h"

enum rule_family { RULE_SSHD, RULE_PAM, RULE_KEYS, RULE_FILE, RULE_ACCESS, N_RULE_FAMILIES };

enum rule_response {
        RESPONSE_ALERT,
        RESPONSE_REVERT, /* the approved version back */
        RESPONSE_REPAIR, /* the smallest edit that satisfies the rule */
        RESPONSE_LOCK,   /* revert, then the immutable flag */
        N_RULE_RESPONSES
};

enum severity { /* journal priorities 6 to 2 */
                SEVERITY_INFO,
                SEVERITY_LOW,
                SEVERITY_MEDIUM,
                SEVERITY_HIGH,
                SEVERITY_CRITICAL,
                N_SEVERITIES
};

enum policy_mode { MODE_ENFORCE, MODE_AUDIT, N_POLICY_MODES };

const char *rule_family_name(enum rule_family family);
const char *rule_response_name(enum rule_response response);
const char *severity_name(enum severity severity);
int severity_priority(enum severity severity); /* syslog(3) priority */
const char *policy_mode_name(enum policy_mode mode);

struct rule_words { /* a list condition; `is_set` tells "absent" from "empty" */
        char **items;
        size_t n_items;
        bool is_set;
};

struct rule_sshd {
        char *keyword;          /* lower-case canonical */
        struct rule_words must; /* canonical values */
        struct rule_words one_of;
        char *at_most, *at_least; /* canonical; compared as the keyword's numbers */
        struct rule_words only_match, none_match, includes;
        bool unset;
        struct sshd_when when; /* strings owned by the rule */
};

struct rule_file {
        char *path; /* absolute; may use ~ and %u (users), and glob characters in its last part;
                     * a slash at its end says that a directory is expected, not a regular file */
        char *owner, *group; /* names or decimal ids; NULL: not asked */
        int mode_at_most;    /* permission bits; -1: not asked */
        bool absent;
        bool approved_only;
};

struct rule_pam {
        char *service;  /* "*": every service */
        char *facility; /* auth, account, password, session; NULL: all */
        char *requires_module, *requires_before;
        struct rule_words includes, forbids, forbids_args, requires_args, modules_from;
        struct rule_words must_not_succeed_by;
        bool absent;
};

struct rule_keys {
        char *users; /* user pattern list, "@group", or "*" */
        struct rule_words types, only, forbids, requires_options, forbids_options, cert_authorities;
        struct rule_words comments;
        int rsa_bits_at_least;    /* 0: not asked */
        int max_keys;             /* -1: not asked */
        int64_t expires_within_s; /* -1: not asked */
        bool approved_only;
};

struct rule_access {
        char *users;                    /* user pattern list, "@group", or "*" */
        bool denied;                    /* nobody of them gets in */
        int factors_at_least;           /* 0: not asked */
        struct rule_words only_methods; /* sshd's names */
        struct rule_words only_users;   /* patterns as `users`: of them only these get in */
        struct rule_words only_sessions;
        struct sshd_when when; /* strings owned by the rule */
};

struct rule {
        char *id;
        enum rule_family family;
        enum rule_response response;
        enum severity severity;
        bool is_audit_only; /* `mode = "audit"` of this rule */
        bool is_enabled;
        bool is_pending; /* new or changed in a shipped profile and not acknowledged: it only
                          * reports; never set by policy/parse */
        char *why;
        char *source; /* `source = "…"`: where the advice comes from; NULL if not given */
        char *file;   /* where its last word on it was said */
        unsigned line;
        char *profile; /* name of the profile that introduced it, NULL: the administrator's own */
        union {
                struct rule_sshd sshd;
                struct rule_file file_rule;
                struct rule_pam pam;
                struct rule_keys keys;
                struct rule_access access;
        };
};

enum unapproved_response { UNAPPROVED_ALERT, UNAPPROVED_ACCEPT, N_UNAPPROVED_RESPONSES };

struct policy {
        struct rule *rules; /* enabled and disabled ones, in order of first appearance */
        size_t n_rules;
        enum policy_mode mode;
        enum unapproved_response unapproved_etc, unapproved_users;
        bool has_notify; /* incidents of this severity and above are notified of */
        enum severity notify;
        bool cross_check; /* compare with `sshd -T` */
        struct rule_words extends, admins;
        struct rule_words never_remove; /* fingerprints of keys that no write takes away */
        struct rule_words control_read, control_change; /* who may ask, and decide, besides root */
        struct rule_words extra_users;                  /* accounts besides those NSS lists */
        struct sshd_release release;                    /* whose keywords it was read with */
};

const char *unapproved_response_name(enum unapproved_response response);

const struct rule *policy_find_rule(const struct policy *policy, const char *id);
void rule_words_done(struct rule_words *words);
void rule_done(struct rule *rule);
void policy_free(struct policy *policy);
