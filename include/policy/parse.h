/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* libconfig text → policy. The only place that knows libconfig.
 *
 * libconfig 1.5 reads `0644` as decimal, wraps large integers silently, and follows `@include` on
 * its own: all three are refused here before they can do harm. */

#include <stddef.h>

#include "base/diagnostics.h"
#include "base/text.h"
#include "policy/rule.h"
#include "sshd/release.h"

struct policy_text {
        char *path; /* for messages */
        char *data;
        size_t n;
};

struct policy_sources {
        struct policy_text main;             /* sshguardd.conf */
        const struct policy_text *fragments; /* policy.d, in byte order of their names */
        size_t n_fragments;
        /* The text of a profile by name: 0, -ENOENT, or another negative errno. */
        int (*profile)(void *userdata, const char *name, struct policy_text *ret);
        /* The names there are, for "did you mean"; may be NULL. */
        const char *const *profile_names;
        size_t n_profile_names;
        void *userdata;
        struct sshd_release release; /* whose keywords apply */
};

/* Returns 0 with *ret_policy set if DIAGNOSTICS stayed empty; -EINVAL if not; or another negative
 * errno. A bad policy is never half loaded. */
int policy_parse(const struct policy_sources *sources, struct policy **ret_policy,
                 struct diagnostics *diagnostics);

/* Appends the merged rules in the policy language; parsing the result gives the same policy. */
int policy_format(const struct policy *policy, struct text *text);

/* Appends what one rule is about and demands, in the policy language, a line each: the subject and
 * the conditions, without id, response or severity. */
int policy_format_conditions(const struct rule *rule, struct text *text);

/* The same with all else that decides what a rule does (response, mode, enabled), without what only
 * tells of it (why, source, severity): two rules of one id and equal terms do the same. */
int policy_format_terms(const struct rule *rule, struct text *text);

void policy_text_done(struct policy_text *text);
