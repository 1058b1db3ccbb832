/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The policy as it lies on disk: sshguardd.conf, the fragments in policy.d beside it, and the
 * profiles they extend, all inside the guarded tree. */

#include <stdbool.h>
#include <stddef.h>

#include "base/diagnostics.h"
#include "os/root.h"
#include "policy/rule.h"
#include "sshd/release.h"

enum {
        POLICY_FRAGMENTS_MAX = 1024, /* files in policy.d; an administrator has a handful */
};

/* Reads CONFIG_PATH (absolute, inside ROOT), then `policy.d/(name).conf` beside it in byte order,
 * hidden names left out. A profile is `profiles/NAME.conf` beside CONFIG_PATH if there is such a
 * file, or else that of /usr/share/sshguardd/profiles. Every path must be a regular file or lead to
 * one. Returns 0 with *ret set; -EINVAL with what is wrong in DIAGNOSTICS, a missing file too; or
 * another negative errno. */
int policy_load(const struct os_root *root, const char *config_path,
                const struct sshd_release *release, struct policy **ret,
                struct diagnostics *diagnostics);

/* The part of it that profiles alone say, as if the configuration were nothing but
 * `extends = EXTENDS`: the same results. */
int policy_load_profiles(const struct os_root *root, const char *config_path,
                         const struct sshd_release *release, const struct rule_words *extends,
                         struct policy **ret, struct diagnostics *diagnostics);

/* Whether a file is one of the profiles that packages bring. */
bool policy_load_is_shipped(const char *path);

/* SHA-256 in hexadecimal of a policy as policy_format() writes it, without its comments: the same
 * for the same rules, wherever they stand. NULL when memory ran out. */
char *policy_load_digest(const char *text, size_t n);
