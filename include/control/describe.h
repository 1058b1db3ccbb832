/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Plain values as the JSON that org.sshguardd.Control defines; `sshguardd --check --json` prints
 * the same shapes. Types are those of include/wire/org.sshguardd.Control.varlink.
 *
 * A string that is not UTF-8 appears escaped (\xNN), and beside it NAME_base64 has its bytes. Each
 * returns a new reference, or NULL when memory ran out. */

#include <jansson.h>

#include "access/login.h"
#include "control/control.h"

json_t *describe_finding(const struct control_finding *finding); /* type Finding */
json_t *describe_incident(const struct incident *incident);      /* type Incident */
json_t *describe_file(const struct control_file *file);          /* type File */
/* type Rule; WOULD is NULL for never */
json_t *describe_rule(const struct rule *rule, const struct control_rollout *rollout,
                      const struct would_count *would);
json_t *describe_gap(const struct gap *gap);                      /* type Gap */
json_t *describe_permit(const struct control_permit *permit);     /* type ActivePermit */
json_t *describe_event(const struct control_event *event);        /* type Event */
json_t *describe_metadata(const struct file_metadata *metadata);  /* type Version */
json_t *describe_authorized_key(const struct control_key *key);   /* type Key */
json_t *describe_diagnostic(const struct diagnostic *diagnostic); /* type Diagnostic */

/* Type AccountAccess. The keys that were looked at are many: WITH_KEYS asks for them too. */
json_t *describe_access(const struct account *account, const struct access_logins *logins,
                        bool with_keys);

/* [Finding] of a judgement that no daemon made: no `since_us`, `incident`, `action`. */
json_t *describe_findings(const struct findings *findings);

/* Appends a text of several lines escaped for a JSON string: line ends and tabs stay. Returns 0 or
 * -ENOMEM. */
int describe_append_lines(struct text *text, const char *bytes, size_t n);

/* Sets NAME to STRING (null for NULL) in OBJECT, and NAME_base64 if it is not UTF-8. 0 or -ENOMEM.
 */
int describe_bytes(json_t *object, const char *name, const char *string);
