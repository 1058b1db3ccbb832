/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Can a rule mean what it says? Conditions that no value can meet, or that its subject has not. */

#include <stdint.h>

#include "base/diagnostics.h"
#include "schema.h"
#include "sshd/release.h"

/* What one rule group of one file says, before it is merged with what earlier files said. */
struct statement {
        struct rule rule;      /* family and subject set; other values where they are named */
        uint32_t common;       /* bit i: schema_common()->keys[i] is named */
        uint32_t conditions;   /* bit i: the family's keys[i] is named */
        bool has_unknown_key;  /* complained about */
        unsigned line;         /* of the group */
        unsigned subject_line; /* 0: the subject is an earlier file's */
        unsigned lines[SCHEMA_KEYS_MAX]; /* of each condition */
};

struct checker {
        const char *path;
        const struct sshd_release *release;
        struct diagnostics *diagnostics;
};

enum check_result { CHECK_OK = 0, CHECK_BAD = 1 }; /* CHECK_BAD: the diagnostics say why */

/* The subject alone; sshd keywords become canonical. A check_result or -ENOMEM. */
int check_subject(const struct checker *checker, struct statement *statement);

/* The conditions named; values of sshd keywords become canonical. A check_result or -ENOMEM. */
int check_conditions(const struct checker *checker, struct statement *statement);

/* --- for the families' own files -------------------------------------------------------------- */

int check_sshd_subject(const struct checker *checker, struct statement *statement);
int check_sshd_conditions(const struct checker *checker, struct statement *statement);

/* As `ssh-keygen -lf` prints one, to the last digit. */
bool check_is_fingerprint(const char *text);

/* The patterns of a `when`, whose lines are given. */
int check_when(const struct checker *checker, const struct sshd_when *when, unsigned address_line,
               unsigned lport_line);

/* Returns CHECK_BAD or -ENOMEM. */
int check_complain(const struct checker *checker, unsigned line, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/* The line of the condition that lives at OFFSET of struct rule; the group's if it is not named. */
unsigned check_line(const struct statement *statement, size_t offset);
#define LINE_OF(statement, member) check_line(statement, offsetof(struct rule, member))
