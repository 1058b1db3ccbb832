/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The program's memory: approved versions, quarantined content, incidents, gaps. SQLite, WAL,
 * synchronous=FULL; the only module that speaks SQL. Everything in and out is a plain value. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/metadata.h"
#include "os/snapshot.h"

struct store;

enum {
        STORE_QUARANTINE_COPIES_MAX = 64, /* different contents kept of one path */
        STORE_QUARANTINE_FAIR = 8,        /* copies a path may have when the whole is full */
        STORE_INCIDENTS_MAX = 100000,     /* then the oldest without a quarantined version go */
};
/* Of all quarantined content together; a path's first copy is kept even beyond. */
#define STORE_QUARANTINE_BYTES_MAX (INT64_C(256) << 20)

/* Every function returns 0 or a negative errno unless said otherwise: -ENOMEM, -ENOSPC, -EIO,
 * -EROFS, -EBUSY (another process is writing), -EUCLEAN (the database is damaged). */

/* Opens or creates DIRECTORY (mode 0700) and DIRECTORY/state.db (mode 0600), checks it, and brings
 * its schema up to date. -EUCLEAN if it is damaged (the caller sets it aside with store_set_aside()
 * and opens again); -ENOTSUP if a later release of ours wrote it. */
int store_open(const char *directory, struct store **ret);
/* For looking only, also while the daemon runs: -ENOENT if there is none. */
int store_open_read_only(const char *directory, struct store **ret);
/* Renames the database and its journal to a free name beside it. */
int store_set_aside(const char *directory, char **ret_kept_as);
void store_free(struct store *store);

/* What is between begin and commit happens as a whole or not at all, also over a power cut; each
 * function alone does so without them. */
int store_begin(struct store *store);
int store_commit(struct store *store);
void store_rollback(struct store *store);

struct approved_version {
        char *path;
        struct file_metadata metadata; /* FILE_ABSENT is an approved version too */
        int64_t approved_at_us;        /* since 1970 */
        uint32_t approved_by;          /* uid */
        char *reason;   /* "adopted at first start", "approved by root", "repaired" … */
        bool is_secret; /* no content is kept */
        bool is_user;   /* an account's own file: there may be very many */
};
/* Replaces the approved version of a path. The content is stored under its SHA-256, once; DATA is
 * NULL for kinds without, for secrets, and for what is alerted on but never put back. -EINVAL if
 * DATA does not hash to the metadata's digest. */
int store_approve(struct store *store, const struct approved_version *version, const char *data,
                  size_t n_data);
/* -ENOENT if there is none. */
int store_get_approved(struct store *store, const char *path, struct approved_version *ret);
int store_forget_approved(struct store *store, const char *path);
/* In byte order of their paths. */
int store_list_approved(struct store *store, struct approved_version **ret, size_t *ret_n);
void approved_version_done(struct approved_version *version);
void approved_versions_free(struct approved_version *versions, size_t n);

/* Content by digest: -ENOENT if it is not kept, -EUCLEAN if it does not hash to its name. */
int store_get_content(struct store *store, const uint8_t sha256[FILE_SHA256_SIZE], char **ret_data,
                      size_t *ret_n);

struct incident {
        int64_t id; /* 0 for a new one */
        int64_t at_us;
        char *path;
        char *rule_id;
        int severity;
        unsigned line;
        char *setting, *want, *got, *witness, *message;
        char *action;  /* "reverted", "alerted", "would revert", "accepted", "restored" … */
        char *outcome; /* why it could not be done, NULL if it was */
        uint64_t generation;
        bool has_version;    /* `metadata` is that of the version that was there */
        bool has_quarantine; /* and its content is kept */
        struct file_metadata metadata;
        int64_t count;     /* how many times, when summarised */
        bool is_contested; /* of a new one: at the bounds its copy is dropped, no other one's */
};
/* Records an incident (id, has_… and metadata of it are not looked at); with QUARANTINED that
 * version is kept under the incident. Content that is kept already costs nothing; beyond the bounds
 * above the content, not the metadata, of a further copy is dropped and counted: of a contested
 * path the new one, otherwise the latest that is there, for a new incident's copy says more. */
int store_add_incident(struct store *store, const struct incident *incident,
                       const struct snapshot *quarantined, int64_t *ret_id);
/* Counts copies that were not even offered. */
int store_note_dropped(struct store *store, uint64_t n);
/* Sets what became known later; -ENOENT if there is no such incident. */
int store_update_incident(struct store *store, int64_t id, const char *action, const char *outcome,
                          int64_t count);
/* -ENOENT if there is none. */
int store_get_incident(struct store *store, int64_t id, struct incident *ret);
struct incident_filter {
        const char *path, *rule_id; /* NULL: any */
        int64_t since_us, until_us; /* 0: any */
        int severity_at_least;
        const char *user; /* below his home, or a witness speaks of his connection; NULL: any */
        const char *home; /* of `user`; NULL: not known */
        size_t limit;     /* newest first; 0: all */
};
int store_list_incidents(struct store *store, const struct incident_filter *filter,
                         struct incident **ret, size_t *ret_n);
/* The quarantined bytes of an incident (head and tail of an oversize file): -ENOENT if none are
 * kept. */
int store_get_quarantine(struct store *store, int64_t id, char **ret_data, size_t *ret_n);
void incident_done(struct incident *incident);
void incidents_free(struct incident *incidents, size_t n);

struct store_usage {
        int64_t n_approved, n_incidents;
        int64_t quarantine_bytes, n_quarantined;
        int64_t n_dropped; /* copies that were not kept because of the bounds */
};
int store_get_usage(struct store *store, struct store_usage *ret);

/* Small values: "generation", "clean-shutdown", "last-seen" …; get: -ENOENT if it was never set. */
int store_set_value(struct store *store, const char *name, const char *value);
int store_get_value(struct store *store, const char *name, char **ret);

/* Makes TO protect what FROM does: the same approved versions, values and acknowledged rules, in
 * one step. *ret_n is
 * how many versions it lacked. */
int store_copy_protection(struct store *from, struct store *to, size_t *ret_n);

/* Time during which nobody watched. */
struct gap {
        int64_t id;
        int64_t from_us, until_us; /* until 0: still open */
        char *reason;
};
int store_add_gap(struct store *store, const struct gap *gap);
/* Ends every gap that is still open. */
int store_close_gaps(struct store *store, int64_t until_us);
/* Newest first; LIMIT 0: all. */
int store_list_gaps(struct store *store, size_t limit, struct gap **ret, size_t *ret_n);
void gaps_free(struct gap *gaps, size_t n);

/* Recorded, limited allowances: who, why, until when, how many times. */
enum permit_kind {
        PERMIT_CHANGE,    /* responses for `path` are suspended, alerts are not */
        PERMIT_PAUSE,     /* all responses are */
        PERMIT_EXCEPTION, /* `rule_id` may be broken at `path` */
        PERMIT_UNLOCK,    /* the lock of `path` is lifted, responses are not */
        PERMIT_PACKAGES,  /* the package manager works: responses but for users' files wait */
        N_PERMIT_KINDS
};
struct permit {
        int64_t id; /* 0 for a new one */
        enum permit_kind kind;
        char *path, *rule_id; /* NULL where the kind has none */
        int64_t since_us, until_us;
        int64_t uses_left; /* -1: unlimited */
        uint32_t by;       /* uid */
        char *reason;
};
int store_add_permit(struct store *store, const struct permit *permit, int64_t *ret_id);
/* Changes uses_left and until_us of a permit; -ENOENT if it is not there. */
int store_update_permit(struct store *store, const struct permit *permit);
int store_remove_permit(struct store *store, int64_t id);
int store_list_permits(struct store *store, struct permit **ret, size_t *ret_n);
void permits_free(struct permit *permits, size_t n);

/* A version with its content, as it is kept to be put back. */
struct kept_version {
        struct file_metadata metadata;
        char *data; /* NULL: none */
        size_t n_data;
};
void kept_version_done(struct kept_version *version);

/* An edit that is undone unless it is confirmed. */
struct unconfirmed_edit {
        char *path;
        struct kept_version before;   /* what was there */
        struct kept_version approved; /* what was approved then */
        bool has_approved;
        uint8_t sha256[FILE_SHA256_SIZE]; /* of what was written */
        int64_t at_us, span_us;           /* since 1970; how long it may stay unconfirmed */
        char *boot_id;                    /* of the kernel it was made under */
        int64_t boot_us;                  /* CLOCK_BOOTTIME then */
        uint32_t by;                      /* uid */
        int64_t permit_id;                /* the exception that came with it; 0: none */
};
/* -EEXIST: one of that path waits already. */
int store_add_unconfirmed(struct store *store, const struct unconfirmed_edit *edit);
/* -ENOENT if there is none. */
int store_drop_unconfirmed(struct store *store, const char *path);
/* In byte order of their paths. */
int store_list_unconfirmed(struct store *store, struct unconfirmed_edit **ret, size_t *ret_n);
void unconfirmed_edits_free(struct unconfirmed_edit *edits, size_t n);

/* What an administrator knows of a rule that a shipped profile brought. */
struct acknowledgement {
        char *rule_id;
        char *terms; /* the rule as it was then, in the policy language */
        int64_t at_us;
        uint32_t by; /* uid */
        char *reason;
};
/* Takes the place of what was acknowledged of that rule before. */
int store_acknowledge(struct store *store, const struct acknowledgement *acknowledgement);
/* In byte order of their rules. */
int store_list_acknowledged(struct store *store, struct acknowledgement **ret, size_t *ret_n);
void acknowledgements_free(struct acknowledgement *acknowledgements, size_t n);

/* How often a response to a rule was not made because the rule only reported ("would revert"). */
struct would_count {
        char *rule_id;
        int64_t n, last_at_us;
};
/* In byte order of their rules; rules that there are no such incidents of are not among them. */
int store_count_would(struct store *store, struct would_count **ret, size_t *ret_n);
void would_counts_free(struct would_count *counts, size_t n);
