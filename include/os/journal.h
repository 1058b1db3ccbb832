/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Structured entries for the journal; where there is none, lines on stderr with `<N>` prefixes. */

#include <stdbool.h>
#include <stddef.h>

struct journal_field {
        const char *name;  /* "SSHGUARDD_RULE" */
        const char *value; /* NULL: left out */
};

/* PRIORITY as syslog(3). MESSAGE_ID: 32 hexadecimal digits or NULL. The message's control bytes are
 * escaped. Never fails: an entry that cannot be sent goes to stderr. */
void journal_send(int priority, const char *message_id, const char *message,
                  const struct journal_field *fields, size_t n_fields);

/* A line without structure for the operator. */
void journal_log(int priority, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Standard error always, prefixes included: for tests and --root. */
void journal_use_stderr(bool always);
