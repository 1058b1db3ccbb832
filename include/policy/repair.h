/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What a path or a setting has to become for a rule to hold: the nearest value, for sshd_edit_set()
 * and for chmod and chown to carry out. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/judge_file.h"
#include "policy/rule.h"
#include "sshd/effective.h"

/* The values SETTING must have, as a configuration file spells them: must's, one_of's first, the
 * bound of at_most or at_least, the present list without what is forbidden and with what is
 * missing; none at all where its lines have to go (`unset`, a list that is to be empty). Returns 0
 * with the strings on the heap; -ENOTSUP if no value says it, or the keyword is none of this
 * release; or -ENOMEM. */
int policy_repair_sshd(const struct rule *rule, const struct sshd_release *release,
                       const struct sshd_setting *setting, char ***ret_values,
                       size_t *ret_n_values);

struct file_repair {
        bool remove; /* the rule says `absent` */
        bool set_owner, set_group, set_mode;
        uint32_t uid, gid;
        uint32_t mode;
};

/* What to do to FILE. Returns 0; -ENOTSUP if metadata cannot mend it (the wrong kind of file, a
 * name that does not exist, content that is not approved); or another error of uid_of() and
 * gid_of(). */
int policy_repair_file(const struct rule *rule, const struct judged_file *file,
                       struct file_repair *ret);
