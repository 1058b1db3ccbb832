/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The unit that starts sshd in a tree: found where systemd would find it, read through a view (the
 * disk, or a candidate laid over it), and brought to what the sshd room takes. */

#include <stdbool.h>
#include <stddef.h>

#include "policy/finding.h"
#include "sshd/command_line.h"
#include "sshd/service.h"
#include "world/view.h"

struct service_tree {
        struct service service;        /* name NULL: the tree has no unit that starts sshd */
        struct service_words words;    /* of its ExecStart= */
        struct sshd_command_line line; /* of these */
        const char **overrides;        /* of the line, lent */
        char **paths; /* what it was read from: unit file, drop-ins, environment files */
        size_t n_paths;
        char *unknown; /* why its command line is not known; NULL: it is */
};

/* Finds ssh.service or sshd.service. Returns 0 or a negative errno. */
int service_tree_load(struct view *view, struct service_tree *ret);
void service_tree_done(struct service_tree *tree);

/* True if both were read from the same files. */
bool service_tree_reads_same(const struct service_tree *a, const struct service_tree *b);

/* Whether PATH may have a part in some unit. */
bool service_tree_concerns(const char *path);
/* The same for the unit TREE was read from, environment files included. */
bool service_tree_is_of(const struct service_tree *tree, const char *path);

/* The main file sshd reads: -f, or its default. */
const char *service_tree_config_path(const struct service_tree *tree);

/* Findings that blame a word of the command line ("command-line", see sshd/effective.h), from the
 * FIRST one on, are given the file and line where it was written, and every witness the options.
 * Returns 0 or -ENOMEM. */
int service_tree_place_findings(const struct service_tree *tree, struct findings *findings,
                                size_t first);

enum service_running {
        SERVICE_RUNNING_SAME,
        SERVICE_RUNNING_OTHER, /* sshd was started with other words */
        SERVICE_RUNNING_UNKNOWN,
};

/* Whether the sshd with this process title was started with TREE's command line, and in *ret_line
 * (heap; NULL where unknown) with which. Returns an enum service_running or -ENOMEM. */
int service_tree_compare_running(const struct service_tree *tree, const char *title,
                                 char **ret_line);

/* What is wrong with the unit itself, whatever the policy says: a command line that sshd refuses,
 * one that cannot be known, variables by which foreign code gets into sshd, settings by which it
 * sees other files. Returns 0 or -ENOMEM. */
int service_tree_judge(const struct service_tree *tree, struct findings *findings);
