/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What a configuration is after parsing: the room's own view, shared by config, match, effective,
 * dump, contexts and edit.
 *
 * sshd parses its files twice, and this model is built so that both passes are a walk over it:
 *
 * - Pass 1 (start-up) sees every line. A directive takes effect if it stands in no Match block, or
 * in one that is `always` (`Match all`, `Match version`: true without a connection).
 * - Pass 2 (one connection) starts from nothing and takes only directives inside Match blocks that
 *   match. What it sets replaces what pass 1 set, if the keyword is one that is copied.
 *
 * Within a pass the directives come in evaluation order, which is the order of
 * `config->directives`: an Include stands where its files' lines are, a file that is included twice
 * has its lines there twice. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "sshd/config.h"

struct keyword; /* a row of the keyword table: table.h */
struct state;   /* grammar.h */

/* A parsed value. Which members a keyword uses is its grammar's business (grammar.h); the rest is
 * empty. Numbers that a line does not give (the interval of `RekeyLimit 1G`) are SSHD_UNSET. */
#define SSHD_UNSET (-1LL)

struct sshd_value {
        long long *numbers;
        size_t n_numbers;
        char **strings;
        size_t n_strings;
};

/* What sshd would die of if a line's value were taken, though it accepts the line where it is
 * overruled or does not match (`Banner ~nobody/x`). */
struct refusal_later {
        char *complaint; /* what it says before that; NULL: nothing */
        char *reason;    /* NULL: the value is fine */
        bool is_bare;    /* sshd says it without file and line */
        bool is_bad;     /* sshd goes on and refuses at the end of the file */
};

bool sshd_value_is_same(const struct sshd_value *a, const struct sshd_value *b);

/* One file as it was read: the bytes stay as they are on disk, for edits. */
struct sshd_file {
        char *path;
        char *data;
        size_t n_data;
};

enum sshd_criterion_kind {
        SSHD_MATCH_ALL,
        SSHD_MATCH_USER,
        SSHD_MATCH_INVALID_USER,
        SSHD_MATCH_GROUP,
        SSHD_MATCH_HOST,
        SSHD_MATCH_ADDRESS,
        SSHD_MATCH_LOCALADDRESS,
        SSHD_MATCH_LOCALPORT,
        SSHD_MATCH_RDOMAIN,
        SSHD_MATCH_VERSION,
        N_SSHD_MATCH_KINDS
};

struct sshd_criterion {
        enum sshd_criterion_kind kind;
        char *argument; /* the pattern list as sshd compares it; NULL where there is none */
        uint16_t port;  /* of SSHD_MATCH_LOCALPORT */
};

/* Where a line is. */
struct sshd_place {
        const struct sshd_file *file; /* NULL: the command line */
        bool is_included;             /* not the main file, or it includes itself */
        unsigned line;                /* as sshd counts: a NUL byte swallows a line end */
        size_t begin, end;            /* bytes of file->data, without the line end */
        size_t sequence;              /* counts the lines sshd reads, in its order */
};

/* A Match line and what it governs: the directives up to the next Match or the end of its file. */
struct sshd_block {
        size_t index; /* in config->blocks; for per-block results of an evaluation */
        struct sshd_place place;
        /* The block in force where the Include stands that brought this Match line in, if sshd
         * takes that into account: both must match. NULL at top level, and in a file that was
         * included before the first Match of the including file. */
        const struct sshd_block *parent;
        struct sshd_criterion *criteria; /* all must match */
        size_t n_criteria;
        bool always; /* its own criteria hold without a connection: `all`, a matching `version` */
        bool is_global; /* always, and so is its parent: takes part in pass 1 */
};

/* A keyword that is only read over, with a note on standard error: in pass 1 and again in pass 2.
 */
struct sshd_notice {
        struct sshd_place place;
        const struct sshd_block *block;
        bool is_global_only; /* of a keyword that is not allowed in Match blocks */
        char *text;          /* "Deprecated option UseLogin" */
};

/* A line that sets something. Include and Match lines are not among them. */
struct sshd_directive {
        const struct keyword *keyword; /* the row it was read by; aliases have rows of their own */
        char *name;                    /* as it was written, without quotes */
        struct sshd_place place;
        char *text;                     /* the line without its leading and trailing blanks */
        const struct sshd_block *block; /* innermost block; NULL: the global section */
        struct sshd_value value;
        int global_taking; /* enum taking (grammar.h): what became of it in pass 1 */
        size_t index;      /* in config->directives */
        struct refusal_later later;
};

/* An Include line, for edit: where a new global line has to go to win over a drop-in. */
struct sshd_include {
        struct sshd_place place;
        const struct sshd_block *block;
        size_t first_directive, n_directives; /* what it brought in */
};

/* The directives of one canonical keyword, in evaluation order. */
struct sshd_slot {
        const struct sshd_directive **directives;
        size_t n_directives;
        bool may_kill; /* sshd may die of a line in a Match block when that is in force */
};

struct sshd_config {
        struct sshd_release release;
        struct sshd_environment environment; /* `scope` is asked while connections are matched */
        char *path;                          /* of the main file */
        struct sshd_file **files;
        size_t n_files;
        struct sshd_directive **directives;
        size_t n_directives;
        struct sshd_block **blocks;
        size_t n_blocks;
        struct sshd_include *includes;
        size_t n_includes;
        struct sshd_slot *slots; /* indexed by keyword->setting */
        size_t n_slots;
        char **globs;
        size_t n_globs;
        struct sshd_named_path *named_paths;
        size_t n_named_paths;
        struct state *global;    /* what pass 1 comes to, by setting (grammar.h) */
        char **listen_addresses; /* as they are printed */
        size_t n_listen_addresses;
        char *listen_reason; /* what pass 2 dies of after its last line; NULL: of no address */
        struct sshd_notice *notices;
        size_t n_notices;
        int log_limit;        /* of what sshd writes: `-o LogLevel` */
        struct text messages; /* what sshd writes to standard error in pass 1 */
        struct sshd_refusal *refusal;
        /* A file includes the pattern that included it. Pass 1 ends, since sshd then sees only the
         * files it was done with; pass 2 sees them all and dies. This is what pass 2 reads until
         * then; its refusal is what it dies of at its line `end`. NULL: pass 2 sees the same lines
         * as pass 1. */
        struct sshd_config *again;
        size_t end;
        struct block_index *index; /* of the blocks: index.h */
        bool may_die; /* of `again`, or of a slot that may_kill: not every connection is served */
};

/* The slot of a keyword (any case, aliases too); NULL if it is no setting of the release. */
const struct sshd_slot *sshd_config_slot(const struct sshd_config *config, const char *keyword);
