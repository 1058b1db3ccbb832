/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The unit that starts sshd, as systemd reads it: what sshd is told on its command line and by its
 * environment, and where each word of that was written.
 *
 * Pure: the unit file, its drop-ins and the environment files are given as bytes, in the order in
 * which systemd applies them. Facts: systemd.unit(5), systemd.service(5), systemd.exec(5), and
 * systemd's own reading where these are silent. */

#include <stdbool.h>
#include <stddef.h>

/* Since this release a comment in an environment file ends with its line, backslash or not. */
enum { SERVICE_SYSTEMD_NEWEST = 259, SERVICE_SYSTEMD_COMMENTS_END = 254 };

/* Where something was written. Both strings are the service's. */
struct service_place {
        const char *file; /* NULL: nobody wrote it */
        unsigned line;    /* where the assignment begins */
};

struct service_variable {
        char *name, *value;
        struct service_place place;
};

/* A list of NAME=value; of equal names the last one counts, and only that is kept. */
struct service_environment {
        struct service_variable *items;
        size_t n_items;
};

struct service_word {
        char *text;
        struct service_place place;
        char *variable; /* the environment variable whose value it came from; NULL: none */
};

struct service_words {
        struct service_word *items;
        size_t n_items;
};

/* One command of ExecStart=. */
struct service_command {
        struct service_words words; /* the program first, before variables are put in */
        bool has_own_name;          /* '@': the second word is argv[0] */
        bool is_literal;            /* ':': no variable is put in */
        struct service_place place;
};

struct service_environment_file {
        char *pattern;    /* absolute, a glob */
        bool is_optional; /* '-' */
        struct service_place place;
};

/* A setting by which sshd would see other files than everybody else. */
struct service_setting {
        char *key, *value;
        struct service_place place;
};

struct service {
        char *name;   /* "ssh.service" */
        char **files; /* owns what places point to */
        size_t n_files;
        struct service_command *commands;
        size_t n_commands;
        struct service_environment environment; /* Environment= */
        struct service_environment loaded;      /* of the environment files: beats the former */
        struct service_environment_file *environment_files;
        size_t n_environment_files;
        char **unset; /* UnsetEnvironment=: NAME or NAME=value */
        size_t n_unset;
        struct service_setting *settings;
        size_t n_settings;
        char *problem; /* why systemd would not start it; NULL: nothing is known to be wrong */
};

/* A unit file or a drop-in. */
struct service_source {
        const char *path;
        const char *data;
        size_t n_data;
};

/* Reads the unit NAME from SOURCES, the unit file first and then its drop-ins. Returns 0 or
 * -ENOMEM. */
int service_parse(const char *name, const struct service_source *sources, size_t n_sources,
                  struct service *ret);
void service_done(struct service *service);

/* Takes the variables of one environment file, for each match of each of ENVIRONMENT_FILES in turn.
 * A file that systemd cannot make sense of as a whole gives none. SYSTEMD is its release (252).
 * Returns 0 or -ENOMEM. */
int service_load_environment(struct service *service, const struct service_source *source,
                             unsigned systemd);

/* What the service's processes find in their environment, in byte order of nothing in particular;
 * what systemd itself passes (PATH, LANG …) is not in it. Returns 0 or -ENOMEM. */
int service_environment(const struct service *service, struct service_environment *ret);
void service_environment_done(struct service_environment *environment);

/* The argument vector of COMMAND with the variables put in. Returns 0 or -ENOMEM. */
int service_arguments(const struct service *service, const struct service_command *command,
                      struct service_words *ret);
void service_words_done(struct service_words *words);
