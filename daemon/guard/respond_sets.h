/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The sets of drifted files that a revert tries, from the smallest to all. */

#include "guard/respond.h"

struct path_list {
        char **items;
        size_t n_items;
};
void path_list_done(struct path_list *list);
bool path_list_contains(const struct path_list *list, const char *path);

/* The files that may be put back. */
struct drifted {
        struct path_list paths;
        bool is_all; /* with these back, sshd's tree is the approved one */
};
void drifted_done(struct drifted *drifted);

/* What differs from its approved version and may be put back for FINDING; with SSHD_ONLY only what
 * can change what sshd does. Returns 0 or a negative errno. */
int respond_find_drifted(const struct responder *responder, const struct finding *finding,
                         bool sshd_only, struct drifted *ret);

/* How many sets there are to try. */
size_t respond_count_sets(const struct finding *finding, const struct path_list *drifted);

/* The Nth set, which may be empty. Returns 0 or a negative errno. */
int respond_choose_set(const struct world *world, const struct finding *finding,
                       const struct path_list *drifted, size_t n, struct path_list *ret);

/* False for a path this program never writes. */
bool respond_may_touch(const struct world *world, const char *path);

/* True if the path is, or may be, a file of a PAM stack. */
bool respond_is_stack(const struct world *world, const char *path);

bool respond_is_of_family(const struct finding *finding, enum rule_family family);
