/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The control socket: org.sshguardd.Control over Varlink, for sshguardctl and anyone who speaks it.
 *
 * The server knows sockets, peers, deadlines and JSON. What it is asked about it learns through
 * `struct control_backend`, plain getters and actions that the manager fills in; it never reaches
 * further. It promises the manager that no peer, however it behaves, delays anyone else: buffers
 * are fixed, connections are counted per uid, an answer that is not read costs its own connection.
 *
 * Who may call what comes from the kernel (SO_PEERCRED, SO_PEERGROUPS) and one table,
 * control_methods(). */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "access/login.h"
#include "base/diagnostics.h"
#include "base/text.h"
#include "keys/authorized_keys.h"
#include "os/store.h"
#include "policy/finding.h"
#include "policy/rule.h"
#include "sshd/changes.h"

struct control;
struct sd_event;

/* ---- who may call what ---- */

enum control_class {
        CONTROL_INTROSPECT, /* whoever can connect */
        CONTROL_READ,       /* root, the group, whom the configuration lists for either class */
        CONTROL_CHANGE,     /* root, and whom the configuration lists for it */
        N_CONTROL_CLASSES
};

/* ---- what the backend tells; borrowed pointers stay valid until the event loop runs again ---- */

enum control_state {
        CONTROL_STARTING, /* the first full pass is not over: "no findings" is not known yet */
        CONTROL_GUARDING,
        CONTROL_PAUSED, /* responses are suspended, alerts are not */
        CONTROL_STOPPING,
        N_CONTROL_STATES
};

/* How paths are watched; every guarded path counts once in each that applies. */
struct control_coverage {
        size_t n_files;      /* guarded paths */
        size_t n_watched;    /* by directory and inode watches */
        size_t n_polled;     /* no events to be had: network file systems, watch limit */
        size_t n_blind;      /* neither: the sweep alone sees them */
        size_t n_watches;    /* inotify watches in use */
        size_t n_users;      /* accounts whose keys are guarded */
        bool users_complete; /* false: NSS failed, accounts of /etc/passwd only */
};

struct control_pass { /* one look at everything; times since 1970, 0: never or not yet */
        int64_t began_at_us, ended_at_us;
        size_t n_done, n_total;
};

struct control_pause {
        int64_t until_us; /* 0: no pause */
        uint32_t by;      /* uid */
        const char *reason;
};

struct control_package_run {
        int64_t since_us; /* 0: no packages are being installed */
        uint32_t by;      /* uid */
        const char *reason;
};

struct control_permit {
        int64_t id;
        const char *path; /* NULL: a pause, which is no permit to be listed */
        int64_t since_us, until_us;
        int64_t uses_left; /* -1: unlimited */
        uint32_t by;       /* uid */
        const char *reason;
};

struct control_unconfirmed { /* an edit that is undone unless it is confirmed */
        const char *path;
        int64_t at_us, until_us;
        uint32_t by; /* uid */
};

struct control_status {
        enum control_state state;
        enum policy_mode mode;
        uint64_t generation; /* of the policy in force */
        int64_t started_at_us, policy_loaded_at_us;
        const char *policy_problem; /* why the last reload was refused; NULL: it was not */
        const char *root;           /* --root DIR; NULL: the machine */
        const char *openssh;        /* the release whose reading is followed, "9.2" */
        struct control_coverage coverage;
        struct control_pass last_pass, running_pass; /* running: began_at_us 0 when none is */
        const struct gap *gaps;                      /* newest first */
        size_t n_gaps;
        struct control_pause pause;
        struct control_package_run package_run;
        size_t n_contested;                         /* files somebody keeps changing back */
        uint64_t n_looks, n_incidents, n_responses; /* since the start, for metrics */
};

struct control_finding {
        const struct finding *finding;
        int64_t since_us;    /* when it was first seen; 0: not known */
        int64_t incident_id; /* the incident that recorded it; 0: none */
        const char *action;  /* what was done about it, "alerted" …; NULL: nothing yet */
};

enum control_file_state {
        CONTROL_FILE_UNSEEN,     /* guarded, not looked at yet */
        CONTROL_FILE_APPROVED,   /* equal to its approved version */
        CONTROL_FILE_UNAPPROVED, /* differs from it, or has none, and breaks no rule */
        CONTROL_FILE_VIOLATING,  /* has a finding */
        N_CONTROL_FILE_STATES
};

struct control_file {
        const char *path;
        enum control_file_state state;
        const struct file_metadata *metadata;    /* at the last look; NULL: none yet */
        const struct approved_version *approved; /* NULL: none */
        unsigned coverage;                       /* enum watch_coverage bits */
        bool is_polled, is_secret, is_contested, is_locked;
        size_t n_findings;
        int64_t looked_at_us; /* 0: never */
};

struct control_key { /* an entry of a file of authorized keys */
        const char *user, *path;
        const struct authorized_key *entry;
        bool is_ignored;        /* sshd does not trust the file */
        int64_t approved_at_us; /* 0: it is not in the approved version */
        uint32_t approved_by;   /* uid */
};
struct control_key_query {
        const char *user;                                             /* NULL: everybody */
        size_t first;                                                 /* position of an account */
        size_t n_accounts;                                            /* at most so many of them */
        int (*on_key)(void *userdata, const struct control_key *key); /* 0 or a negative errno */
        void *userdata;
};

struct control_access_query {
        const char *user;    /* NULL: everybody */
        const char *address; /* NULL: connections of every kind */
        size_t first;        /* position of an account */
        size_t n_accounts;   /* at most so many of them */
        /* 0 or a negative errno */
        int (*on_account)(void *userdata, const struct account *account,
                          const struct access_logins *logins);
        void *userdata;
};

/* ---- what is asked of it ---- */

struct control_peer {
        pid_t pid;
        uid_t uid;
        gid_t gid;
};

/* A path, or what an incident replaced there; exactly one of both. */
struct control_subject {
        const char *path;    /* NULL: an incident's; absolute */
        int64_t incident_id; /* 0: a path's */
};

/* Two versions of one path, for Diff. The server shows fingerprints instead of key material, and of
 * a secret file no content; it owns nothing of this after the backend's control_versions_done(). */
struct control_version {
        struct file_metadata metadata;
        char *data; /* NULL: none kept */
        size_t n_data;
        char *label; /* "approved 2026-11-20 15:04 by root", "incident 12" … */
};
struct control_versions {
        char *path;
        bool is_secret;
        struct control_version before, after;
        char *access; /* what the later one gives to whom; NULL: nothing, or not known */
};
void control_version_done(struct control_version *version);
void control_versions_done(struct control_versions *versions);

/* Accepting a version that breaks a rule: names the rule, until when, and why. */
struct control_exception {
        const char *rule_id; /* NULL: none is asked for */
        int64_t until_us;
};

struct control_approval { /* Approve */
        struct control_peer peer;
        const char *path;
        uint8_t sha256[FILE_SHA256_SIZE]; /* of the content that was reviewed */
        bool absent; /* what was reviewed is that the path does not exist; sha256 is unused */
        const char *reason;
        struct control_exception exception;
};

struct control_restoral { /* Restore: what an incident replaced, or a path's approved version */
        struct control_peer peer;
        struct control_subject subject;
        const char *reason;
        struct control_exception exception;
};

struct control_proposal { /* Preview and Install: a path with this content */
        struct control_peer peer;
        const char *path;
        const char *data;
        size_t n_data;
        uint8_t sha256[FILE_SHA256_SIZE]; /* Install: of the content it replaces */
        bool absent;                      /* Install: it replaces nothing; sha256 is unused */
        int64_t confirm_within_us; /* Install: undone then, unless it is confirmed; 0: it stays */
        const char *reason;
        struct control_exception exception;
};

struct control_confirmation { /* Confirm and Undo */
        struct control_peer peer;
        const char *path; /* NULL: every edit that waits */
};

struct control_preview {    /* what would come of it */
        char *refusal;      /* in sshd's words; NULL: it accepts, or need not be asked */
        char *remark;       /* why sshd could not judge; NULL: it did */
        bool is_comparable; /* false: sshd refuses one of them, there are no settings to compare */
        struct sshd_changes changes;
        struct findings violations, resolved;
        struct control_versions versions; /* what is there, and what would be */
};
void control_preview_done(struct control_preview *preview);

struct control_decision { /* what a setting is for some connections, and the line that decides */
        char *value;      /* as `sshd -T` prints it; "" for none */
        char *path;       /* NULL: no line sets it */
        unsigned line;
        char *text;       /* of the line */
        char *connection; /* as -C takes it; NULL: it is so for all */
};
struct control_decisions {
        struct control_decision *items;
        size_t n_items;
        bool is_truncated;
};
void control_decision_done(struct control_decision *decision);
void control_decisions_done(struct control_decisions *decisions);

struct control_rollout {   /* of a rule that shipped profiles bring; borrowed from the backend */
        const char *terms; /* what they say now; NULL: the rule is the administrator's own */
        uint8_t sha256[FILE_SHA256_SIZE];           /* of the terms */
        const struct acknowledgement *acknowledged; /* NULL: it never was */
};

struct control_acknowledgement { /* Acknowledge */
        struct control_peer peer;
        const char *rule_id;
        uint8_t sha256[FILE_SHA256_SIZE]; /* of the terms that were reviewed */
        const char *reason;
};

struct control_allowance { /* Permit, Pause, Unlock */
        struct control_peer peer;
        const char *path; /* NULL for Pause */
        int64_t until_us;
        int64_t uses; /* -1: unlimited */
        const char *reason;
};

/* How an action ended when nothing failed. Everything but CONTROL_DONE changed nothing. */
enum control_result {
        CONTROL_DONE = 0,
        CONTROL_NO_SUCH_PATH,     /* it is not guarded */
        CONTROL_NO_SUCH_INCIDENT, /* never recorded, or pruned */
        CONTROL_NO_SUCH_RULE,
        CONTROL_NO_SUCH_PERMIT,
        CONTROL_NOTHING_KEPT,    /* the incident has no quarantined version, or no content of it */
        CONTROL_CONTENT_CHANGED, /* the file is not what was reviewed: `sha256` says what it is */
        CONTROL_VIOLATES,        /* `findings`: needs an exception for each rule */
        CONTROL_POLICY_INVALID,  /* `diagnostics`: the policy in force stays */
        CONTROL_REFUSED,         /* `reason`: sshd -t refuses it, alert-only path, … */
        N_CONTROL_RESULTS
};

struct control_refusal { /* details of a result other than CONTROL_DONE; the server frees them */
        char *reason;
        uint8_t sha256[FILE_SHA256_SIZE];
        bool has_sha256; /* false with CONTROL_CONTENT_CHANGED: the path is absent */
        struct findings findings;
        struct diagnostics diagnostics;
};
void control_refusal_done(struct control_refusal *refusal);

/* Getters return 1 with *ret filled, 0 for "no such" (an index past the end), or a negative errno.
 * A walk by index begins at index 0 and ends before the event loop runs again.
 * Actions return an enum control_result or a negative errno. A function left NULL makes its methods
 * answer org.varlink.service.MethodNotImplemented. None may block for long: the loop waits. */
struct control_backend {
        void *userdata;
        int (*get_status)(void *userdata, struct control_status *ret);
        int (*get_file)(void *userdata, size_t index, struct control_file *ret); /* byte order */
        int (*find_file)(void *userdata, const char *path, struct control_file *ret);
        int (*get_finding)(void *userdata, size_t index, struct control_finding *ret);
        int (*get_permit)(void *userdata, size_t index, struct control_permit *ret);
        /* *ret_next: where the accounts go on, 0 at the end. 0: there is no such user. */
        int (*list_keys)(void *userdata, const struct control_key_query *query, size_t *ret_next);
        /* The same of who can log in; CONTROL_REFUSED: sshd takes no configuration. */
        int (*list_access)(void *userdata, const struct control_access_query *query,
                           size_t *ret_next, struct control_refusal *refusal);
        const struct policy *(*get_policy)(void *userdata); /* in force; NULL: none yet */
        int (*list_incidents)(void *userdata, const struct incident_filter *filter,
                              struct incident **ret, size_t *ret_n);
        int (*get_incident)(void *userdata, int64_t id, struct incident *ret);

        /* What holds now for an sshd rule; nothing for others. Returns 0 or a negative errno. */
        int (*decide)(void *userdata, const struct rule *rule, struct control_decisions *ret);

        /* What is known of a rule of get_policy(). Returns 0 or a negative errno. */
        int (*get_rollout)(void *userdata, const struct rule *rule, struct control_rollout *ret);
        /* How often rules that only report would have responded. */
        int (*count_would)(void *userdata, struct would_count **ret, size_t *ret_n);
        int (*acknowledge)(void *userdata, const struct control_acknowledgement *acknowledgement,
                           struct control_refusal *refusal);

        /* A fragment for policy.d out of the machine as it is. May be refused. */
        int (*generate_policy)(void *userdata, struct text *ret, struct control_refusal *refusal);

        /* For a path: approved version and what is there. For an incident: the version that it
         * left in force (the approved one) and the quarantined one. */
        int (*get_versions)(void *userdata, const struct control_subject *subject,
                            struct control_versions *ret, struct control_refusal *refusal);

        int (*approve)(void *userdata, const struct control_approval *approval,
                       struct control_refusal *refusal);
        int (*restore)(void *userdata, const struct control_restoral *restoral,
                       struct control_refusal *refusal);
        int (*get_content)(void *userdata, const char *path, struct control_version *ret,
                           struct control_refusal *refusal);
        int (*preview)(void *userdata, const struct control_proposal *proposal,
                       struct control_preview *ret, struct control_refusal *refusal);
        int (*install)(void *userdata, const struct control_proposal *proposal,
                       struct control_refusal *refusal);
        /* What waits to be confirmed; that it stays, or that what was there comes back: how many.
         */
        int (*get_unconfirmed)(void *userdata, size_t index, struct control_unconfirmed *ret);
        int (*confirm)(void *userdata, const struct control_confirmation *confirmation,
                       size_t *ret_n, struct control_refusal *refusal);
        int (*undo)(void *userdata, const struct control_confirmation *confirmation, size_t *ret_n,
                    struct control_refusal *refusal);
        int (*reload)(void *userdata, struct control_refusal *refusal);
        /* Asks for a full pass that looks at every path after this call. Returns how many calls of
         * control_pass_ended() it takes: 1, or 2 when a pass is running that looked at some
         * already.
         */
        int (*start_check)(void *userdata);
        int (*permit)(void *userdata, const struct control_allowance *allowance, int64_t *ret_id,
                      struct control_refusal *refusal);
        int (*revoke_permit)(void *userdata, int64_t id, struct control_refusal *refusal);
        int (*pause)(void *userdata, const struct control_allowance *allowance,
                     struct control_refusal *refusal);
        int (*resume)(void *userdata, struct control_refusal *refusal);
        /* UNTIL_US of the allowance says nothing: the run is over when it says so, or is gone */
        int (*begin_packages)(void *userdata, const struct control_allowance *allowance,
                              struct control_refusal *refusal);
        int (*end_packages)(void *userdata, int64_t *ret_n_approved,
                            struct control_refusal *refusal);
        int (*unlock)(void *userdata, const struct control_allowance *allowance,
                      struct control_refusal *refusal);
        /* True if the configuration gives this user the methods of CLASS. May be NULL. */
        bool (*is_listed)(void *userdata, enum control_class class, uid_t uid);
};

/* ---- the server ---- */

enum { CONTROL_GROUP_NONE = -1 };

struct control_options {
        const char *socket_path;
        const char *root_path; /* --root DIR: the fd store is left alone; NULL: the machine */
        int64_t group;         /* gid that may read, CONTROL_GROUP_NONE: root alone */
};

/* Takes the listening socket for SOCKET_PATH from the service manager's fd store (FDNAME=control)
 * if one is there and still leads to that path; otherwise binds it, mode 0660, group GROUP, and
 * stores it. Then serves on EVENT. OPTIONS and BACKEND are copied, what they point to is not.
 * Returns 0, -EADDRINUSE when another process answers at that path, or a negative errno. */
int control_new(struct sd_event *event, const struct control_options *options,
                const struct control_backend *backend, struct control **ret);

/* Ends all connections; calls that wait get an answer if it fits the socket. The path stays where
 * the fd store keeps the socket, and is removed otherwise. Accepts NULL. */
void control_free(struct control *control);

/* Lets these users connect, besides root and the group, by an access list on the socket; replaces
 * the earlier ones. Returns 0, or a negative errno: -EOPNOTSUPP where the file system has none. */
int control_admit(struct control *control, const uid_t *uids, size_t n_uids);

/* What happened, to those who called Monitor. Never blocks; a subscriber who does not read is
 * dropped. */
enum control_event_kind {
        CONTROL_EVENT_INCIDENT, /* `incident` */
        CONTROL_EVENT_FINDING,  /* a finding opened: `finding` */
        CONTROL_EVENT_RESOLVED, /* a finding is no more: `finding` */
        CONTROL_EVENT_POLICY,   /* another generation is in force, or was refused: `message` */
        CONTROL_EVENT_STATE,    /* whatever else the journal is told: `message` */
        N_CONTROL_EVENT_KINDS
};
struct control_event {
        enum control_event_kind kind;
        int64_t at_us;
        const struct incident *incident;
        const struct control_finding *finding;
        const char *message;
};
void control_publish(struct control *control, const struct control_event *event);

/* How the running full pass goes, and its end, to those who called Check. */
void control_pass_progressed(struct control *control, size_t n_done, size_t n_total);
void control_pass_ended(struct control *control);

struct control_load { /* for metrics and tests */
        size_t n_connections, n_queued_bytes;
        uint64_t n_calls, n_accepted, n_closed_for_cause;
};
struct control_load control_get_load(const struct control *control);

/* ---- who may call what ---- */

struct control_call;

enum control_method_flag { /* bits */
                           CONTROL_METHOD_MORE =
                                   1 << 0, /* a stream: a call without `more` gets ExpectedMore */
                           CONTROL_METHOD_COSTLY = 1 << 1, /* may take milliseconds: one of all
                                                              these a turn of the loop */
};

struct control_method {
        const char *name; /* "org.sshguardd.Control.Status" */
        enum control_class class;
        unsigned flags;                           /* enum control_method_flag */
        const char *safe_why;                     /* why giving it to that class is safe */
        int (*handle)(struct control_call *call); /* the server's own affair */
};
/* The table, in the order of the interface file. */
const struct control_method *control_methods(size_t *ret_n);
