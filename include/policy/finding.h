/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A rule that does not hold, with its proof. */

#include <stdbool.h>
#include <stddef.h>

#include "policy/rule.h"

/* The id of the finding that a file differs from its approved version and breaks no rule. */
#define FINDING_UNAPPROVED "file.unapproved"
/* sshd itself disagrees with our reading of its configuration. */
#define FINDING_CROSS_CHECK "sshd.cross-check"
/* sshd read its configuration while it was not as approved. */
#define FINDING_REREAD "sshd.reread"
/* The sshd that runs was started with another command line than is approved. */
#define FINDING_RUNNING "service.running"
/* A server of ssh runs beside the unit's. */
#define FINDING_OTHER_SERVER "service.other-server"

/* None of the administrators can log in. */
#define FINDING_ADMINS "access.admins"

struct finding {
        const struct rule
                *rule; /* borrowed from the policy; NULL for a finding of the program's own */
        char *rule_id; /* the rule's, or "sshd.refused", "file.unreadable", "file.unapproved" … */
        enum severity severity;
        enum rule_response response;
        char *path;    /* the file that wins, or the one concerned; NULL if none (a default) */
        unsigned line; /* 0: the whole file */
        char *setting; /* keyword in display case, "mode", "owner" …; NULL if none */
        char *want;    /* one line */
        char *got;     /* one line */
        char *witness; /* a command anyone can replay: "sshd -T -C user=bob,…"; NULL if none */
        char *message; /* one sentence for people, without path and line */
        char **losers; /* "FILE:LINE: text" of lines that lost */
        size_t n_losers;
        char *users; /* whose connection or key it is, NULL if not one account's */
};

struct findings {
        struct finding *items;
        size_t n_items;
};

/* An empty finding of RULE: rule, rule_id, severity and response are set. Returns 0 or -ENOMEM. */
int finding_init(struct finding *ret, const struct rule *rule);

/* A finding of the program's own, without a rule: RULE_ID, severity, response = alert. */
int finding_init_own(struct finding *ret, const char *rule_id, enum severity severity);

/* Sets a string of a finding, whatever it held before. With r < 0 it does nothing and returns r, so
 * that calls can be strung together: `r = finding_set(r, &finding.want, "at most %s", bound);`.
 * Returns r, or -ENOMEM. */
int finding_set(int r, char **field, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Takes over what FINDING owns, also on failure. Returns 0 or -ENOMEM. */
int findings_add(struct findings *findings, struct finding *finding);

/* True if both say the same thing: rule, path, setting, want and got; the line may have moved. This
 * is how "the candidate has no finding that the present lacks" is decided. */
bool finding_is_same(const struct finding *a, const struct finding *b);
bool findings_contain(const struct findings *findings, const struct finding *finding);

/* Drops everything from the Nth finding on: undoes a judge that failed half-way. */
void findings_truncate(struct findings *findings, size_t n);

int finding_copy(struct finding *ret, const struct finding *finding);
/* Leaves the finding empty, so that it may be done with twice. */
void finding_done(struct finding *finding);
void findings_done(struct findings *findings);
