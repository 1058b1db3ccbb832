/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Responding in what belongs to a user: with that user's rights, one account at a time. */

#include "os/replace.h"
#include "respond_sets.h"

/* Returns 1 if PATHS may be as CANDIDATE has them, 0 with the report set if the administrators
 * would be locked out by that (world/lockout), or a negative errno. */
int respond_keep_admins(const struct responder *responder, struct view *candidate,
                        const struct path_list *paths, struct respond_report *report);

/* True if the finding is about a file of an account. */
bool respond_is_about_user(const struct world *world, const struct finding *finding);

/* respond_to() for such a finding. */
int respond_to_user(const struct responder *responder, const struct finding *finding,
                    const struct findings *present, struct respond_report *report);

/* Says whose rights reach the request's path; leaves it alone where it belongs to no account.
 * Returns 0 or a negative errno. */
int respond_user_rights(struct world *world, struct replace_request *request);
