/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A PAM service as libpam has it after pam_start(3): for each type the flattened list of rules,
 * with every include resolved, and where each of them came from.
 *
 * Pure: files are asked for through struct pam_environment. */

#include <stdbool.h>
#include <stddef.h>

#include "base/diagnostics.h"
#include "pam/control.h"
#include "pam/names.h"
#include "pam/release.h"

enum {
        PAM_LEVEL_MAX = 16, /* pam_private.h: PAM_SUBSTACK_MAX_LEVEL */
        /* Beyond these libpam would still go on reading; nobody's login needs it, and inclusions
         * multiply. */
        PAM_RULES_MAX = 8192,
        PAM_INCLUSIONS_MAX = 8192,
        PAM_BYTES_MAX = 64 << 20,  /* of all inclusions; a second of reading, on a slow machine */
        PAM_DIAGNOSTICS_MAX = 200, /* more would say nothing new */
        PAM_RECURSION_MAX = 64,    /* of releases that do not limit it and die of it */
};

struct pam_environment {
        void *userdata;
        /* What fopen(3) and reading would give libpam: 0 with the bytes on the heap (they become
         * the room's; a directory reads as empty), -ENOMEM, -EFBIG for a file that the reader
         * refuses to hold (nothing is concluded then), or another negative errno for a file libpam
         * could not open. */
        int (*read)(void *userdata, const char *path, char **ret_data, size_t *ret_n);
        /* stat(2) says it is a directory. */
        bool (*is_directory)(void *userdata, const char *path);
        /* dlopen(3) would find a module there. May be NULL: every module can be loaded. */
        bool (*has_module)(void *userdata, const char *path);
};

enum pam_rule_kind {
        PAM_RULE_MODULE,
        PAM_RULE_SUBSTACK,  /* marks where a substack begins; nothing is run */
        PAM_RULE_MUST_FAIL, /* a broken line: counts as perm_denied without running anything */
        N_PAM_RULE_KINDS
};

struct pam_rule {
        enum pam_rule_kind kind;
        enum pam_type type;
        const char *file;      /* as libpam opened it; owned by the service */
        unsigned line;         /* the first physical line of the logical one */
        unsigned last_line;    /* the last one */
        unsigned inclusion;    /* among the rules of its list: the Nth that stems from FILE:LINE */
        unsigned n_inclusions; /* how many do; markers are not counted */
        unsigned level;        /* depth of substacks */
        bool is_silent;        /* `-`: a module that cannot be loaded is not logged */
        bool is_missing;       /* it cannot be loaded: every call gives module_unknown */
        char *control;         /* as written, without brackets; NULL if there is none */
        char *module;          /* as written (FILE of a substack); NULL if there is none */
        char *module_path;     /* the absolute path that is loaded, the first candidate if missing;
                                  NULL unless PAM_RULE_MODULE */
        char **args;
        size_t n_args;
        int actions[N_PAM_CODES];
};

struct pam_rules {
        struct pam_rule *items;
        size_t n_items;
        bool is_from_other; /* the service has no rule of this type: `other` decides */
};

enum pam_start {
        PAM_START_OK,
        PAM_START_ABORT, /* pam_start(3) returns PAM_ABORT */
        PAM_START_CRASH, /* the application dies, or never comes back */
        /* libpam goes on with memory it never set; or the stack is beyond the limits above */
        PAM_START_UNKNOWN,
        N_PAM_STARTS
};

struct pam_service {
        char *name; /* as libpam has it: after the last slash, lower case */
        struct pam_release release;
        enum pam_start start;
        bool is_present; /* it has a file (in pam.conf: a line) of its own; `other` stands in if not
                          */
        struct pam_rules rules[N_PAM_TYPES]; /* empty unless PAM_START_OK */
        /* Every path that was asked for, each once, in order: also those that were not there, for
         * they would join. */
        char **files;
        bool *is_read; /* of each: it was there */
        size_t n_files;
        /* What libpam would complain about, and why it would not start; a missing module is no
         * diagnostic. */
        struct diagnostics diagnostics;
};

/* Reads the service NAME (of any shape pam_start(3) takes) as libpam does. Returns 0 with *RET set,
 * also for a service that does not start; -ENOMEM. */
int pam_service_load(const char *name, const struct pam_environment *environment,
                     const struct pam_release *release, struct pam_service **ret);
void pam_service_free(struct pam_service *service);

/* The rules that decide over a facility. */
const struct pam_rules *pam_service_rules(const struct pam_service *service,
                                          enum pam_facility facility);
