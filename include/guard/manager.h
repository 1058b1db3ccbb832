/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The manager owns every object of the running daemon and ties them to one event loop. */

#include "guard/invocation.h"

struct manager;

/* Builds everything up to the first full pass. Returns 0, or a negative errno after it said on
 * standard error (or in the journal) what is wrong. */
int manager_new(const struct invocation *invocation, struct manager **ret);
void manager_free(struct manager *manager);

/* Says READY=1 and serves until SIGTERM or SIGINT. Returns an exit status. */
int manager_run(struct manager *manager);
