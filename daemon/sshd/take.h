/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What several directives of one keyword come to. */

#include "grammar.h"
#include "table.h"

/* Takes a directive into the state of its setting. Returns enum taking, or -ENOMEM; on TAKING_FATAL
 * *reterr_reason is set. IS_GUARDED: see take_is_guarded(). */
int take_directive(struct state *state, const struct sshd_directive *directive, bool is_active,
                   bool is_guarded, const struct sshd_release *release, char **reterr_reason);

/* From 8.7 to 9.3 AuthorizedPrincipalsCommand asked whether AuthorizedKeysCommand was set, not
 * itself. */
bool take_has_guard(const struct keyword *keyword, const struct sshd_release *release,
                    enum setting *ret_guard);

/* copy_set_server_options(): what Match blocks set goes over what pass 1 set. */
int take_overlay(struct state *state, const struct state *matched, const struct keyword *keyword);

/* A copy with a string array of its own. */
int state_copy(struct state *ret, const struct state *state);

/* The values as `sshd -T` prints them; IS_MATCHED: they come from a Match block. Returns 0,
 * -ENOMEM, or -EINVAL where an algorithm list has no sense. */
int take_print(const struct keyword *keyword, const struct state *state, bool is_matched,
               const struct sshd_release *release, char ***ret_values, size_t *ret_n);
