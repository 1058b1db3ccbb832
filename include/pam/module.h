/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What can be said of a module without running it: whether a name means it, and, of the few modules
 * of Linux-PAM that know only one answer, which that is. */

#include "pam/stack.h"

/* True if RULE runs a module that PATTERN names: "pam_unix.so" and "pam_ex*" are compared with the
 * last component of its path, a pattern with a slash with all of it. `*` and `?` as in sshd's
 * patterns. A broken rule and a substack's mark run nothing. */
bool pam_module_matches(const struct pam_rule *rule, const char *pattern);
bool pam_module_matches_any(const struct pam_rule *rule, char *const *patterns, size_t n_patterns);

/* True if RULE, which runs a module, loads NAME from a module directory of the service's release: a
 * module of that name from elsewhere may do what it likes. */
bool pam_module_is_system(const struct pam_service *service, const struct pam_rule *rule,
                          const char *name);

/* True if ARGUMENT is one of the module's, as it stands. */
bool pam_module_has_argument(const struct pam_rule *rule, const char *argument);

/* What the rule's module can return to FACILITY: module_unknown if it cannot be loaded; what the
 * sources of pam_deny, pam_permit, pam_warn, pam_unix and pam_google_authenticator say if it is one
 * of these from a module directory of the release; else anything. A broken rule: perm_denied. */
uint32_t pam_module_codes(const struct pam_service *service, const struct pam_rule *rule,
                          enum pam_facility facility);

/* The Nth file that the rule's arguments name (`conffile=`, `file=` and the like of the modules of
 * Linux-PAM, what pam_exec runs), as it stands there: an absolute path without anything that is
 * replaced for the user. NULL: there are no more. *RET_IS_PROGRAM: the module runs it. */
const char *pam_module_file(const struct pam_rule *rule, size_t n, bool *ret_is_program);
