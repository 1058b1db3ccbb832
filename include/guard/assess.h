/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* From what is there to what is wrong with it: the one seam between reading and responding. */

#include <stdbool.h>

#include "keys/authorized_keys.h"
#include "policy/finding.h"
#include "policy/judge_file.h"
#include "policy/judge_keys.h"
#include "world/world.h"

/* Everything an enabled sshd rule has to say of a configuration, or that sshd would refuse it; and
 * what is wrong with the unit that starts sshd, by which the configuration was parsed. Returns 0 or
 * a negative errno. */
int assess_config(const struct world *world, const struct service_tree *service,
                  const struct sshd_config *config, struct findings *findings);

/* The same of the configuration as VIEW has it. */
int assess_sshd(const struct world *world, struct view *view, struct findings *findings);

/* Everything an enabled pam rule has to say of the services as VIEW has them; nothing where the
 * tree has no libpam. Returns 0 or a negative errno. */
int assess_pam(const struct world *world, struct view *view, struct findings *findings);

/* The same of services that were read already. */
int assess_pam_stacks(const struct world *world, const struct pam_stacks *stacks,
                      struct findings *findings);

/* Reads the PAM services as VIEW has them. */
int assess_load_pam(const struct world *world, struct view *view, struct pam_stacks *ret);

/* Everything file rules have to say of one path, and what is wrong with its kind. */
int assess_file(const struct world *world, struct view *view, const char *path,
                struct findings *findings);

/* What there is of one account, each file looked at with its rights. */
struct seen_user_file {
        const struct user_file *file;
        const struct snapshot *snapshot; /* behind links; a link that leads nowhere itself */
        struct snapshot followed;        /* owned: what a link led to outside the account's files */
        char *destination;               /* what a link names; NULL: it is none */
        bool has_keys;                   /* it was read as a file of keys */
        struct authorized_keys keys;
};
struct user_sight {
        struct seen_user_file *files; /* those of the account, in their order */
        size_t n_files;
};
void user_sight_done(struct user_sight *sight);

/* Looks at the files of the account at position I as VIEW has them. What comes back borrows from
 * the view and the users. Returns 0 or a negative errno. */
int assess_look_at_user(struct world *world, struct view *view, size_t i, struct user_sight *ret);

/* Everything there is to say of it: keys rules, file rules with ~ and %u, lines sshd can make
 * nothing of, files in the place of a key file that are none, StrictModes. */
int assess_user(struct world *world, struct view *view, size_t i, const struct user_sight *sight,
                struct findings *findings);

/* assess_file() of a path of the rest of the set; of an account's file all there is to say of that
 * account, or of all that share it. */
int assess_path(struct world *world, struct view *view, const char *path,
                struct findings *findings);

/* Its key files as the policy's judge wants them; on the heap. Returns 0 or -ENOMEM. */
int assess_key_files(const struct user_sight *sight, struct judged_key_file **ret, size_t *ret_n);

/* What a guarded file must not be, whatever the rules say. */
int assess_kind(const char *path, const struct file_metadata *metadata, enum rule_response response,
                struct findings *findings);
int assess_oversize(const char *path, const struct file_metadata *metadata,
                    struct findings *findings);

/* Everything access rules have to say of one account's logins as VIEW has them; nothing while sshd
 * takes no configuration. Returns 0 or a negative errno. */
int assess_access(struct world *world, struct view *view, const struct account *account,
                  struct findings *findings);
/* The same of the account of that name, if there is one. */
int assess_access_of(struct world *world, struct view *view, const char *name,
                     struct findings *findings);
/* Whether an access rule is about that account. */
bool assess_asks_access(const struct policy *policy, const struct account *account);

/* What the judge of file rules is told of a path; borrows from all of its arguments. */
void assess_describe_file(const struct world *world, const char *path,
                          const struct file_metadata *metadata, struct judged_file *ret);

/* How PATH differs from its approved version (enum file_difference), 0 if it does not or has none.
 * Accounts files and our own configuration never drift. */
int assess_drift(const struct world *world, struct view *view, const char *path,
                 unsigned *ret_differences);

/* The finding "PATH differs from its approved version". */
int assess_unapproved(const struct world *world, const char *path, unsigned differences,
                      enum severity severity, struct findings *findings);

/* True if sshd would do the same with both views' configurations, for every connection. */
int assess_is_same_meaning(const struct world *world, struct view *a, struct view *b,
                           bool *ret_is_same);

/* True if sshd would ask for other PAM services with VIEW's configuration than it does now. */
int assess_asks_other_services(const struct world *world, struct view *view, bool *ret);

/* True if libpam would do the same with every service of VIEW as it does now. */
int assess_is_same_pam(const struct world *world, struct view *view, bool *ret_is_same);

/* "mode, owner" …: what differs, for people. On the heap. */
char *assess_format_differences(unsigned differences);
