/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the parts of loading a configuration share: config.c reads lines, loader.c files, listen.c
 * and checks.c look at the whole. */

#include "base/map.h"
#include "grammar.h"
#include "model.h"
#include "table.h"

/* What an Include pattern came to. */
struct include_entry {
        char **paths;
        size_t n_paths, n_done; /* n_done: read to the end */
        bool is_used;
};

struct loader {
        const struct sshd_source *source;
        struct sshd_config *config;
        char *text; /* the line that is read, without blanks around it */
        bool has_command_line_ports;
        bool has_recursion; /* a file includes the pattern that included it */
        bool is_again;      /* reading the lines of pass 2, see sshd_config.again */
        size_t n_lines;
        struct map entries; /* pattern → struct include_entry */
        struct map files;   /* path → struct sshd_file of the config */
};

void loader_done(struct loader *loader);

/* glob(3) of an Include, once per pattern. Returns READING_DONE, or a negative errno. */
int loader_glob(struct loader *loader, const char *pattern, struct include_entry **ret);

/* A file, read once. Returns READING_DONE, READING_FATAL with the refusal set, or a negative errno.
 */
int loader_read(struct loader *loader, const char *path, const struct sshd_file **ret);

/* Set the refusal and return READING_FATAL, or -ENOMEM. REASON is taken. _bare also writes the
 * message. */
int loader_refuse(struct loader *loader, const char *file, unsigned line, char *reason,
                  int exit_status);
int loader_refuse_bare(struct loader *loader, char *reason);

enum {
        STATUS_FATAL = 255,
        RELEASE_ACCEPTED_ALGORITHMS = 805, /* *KeyTypes became *Algorithms */
};

/* Resolves config->global's ports and addresses into config->listen_addresses. READING_FATAL:
 * *reterr_reason. */
int listen_resolve(struct sshd_config *config, char **reterr_reason);

/* Sets config->listen_reason where pass 2 cannot resolve what it reads again. Returns 0 or a
 * negative errno. */
int listen_resolve_again(struct sshd_config *config);

int checks_run(struct loader *loader);

/* Marks the slots that may kill sshd in pass 2. Returns 0 or -ENOMEM. */
int checks_mark_deadly(struct sshd_config *config);

/* The algorithm lists in the order in which sshd works them out, and what it calls them. */
struct assembled_list {
        enum setting setting;
        const char *name, *old_name;
};
extern const struct assembled_list assembled_lists[];
extern const size_t n_assembled_lists;
char *assembled_list_reason(const struct assembled_list *list, const struct sshd_release *release);

/* Fills config->named_paths. Returns 0 or -ENOMEM. */
int named_paths_collect(struct sshd_config *config);

void sshd_config_free(struct sshd_config *config);
static inline void cleanup_config(struct sshd_config **config) {
        sshd_config_free(*config);
}
