/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* systemd over D-Bus: reloading sshd's unit, asynchronously and with a deadline. */

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

struct units;

/* How long systemd and the unit's ExecReload (on Debian `sshd -t` first) may take together. */
enum { UNITS_TIMEOUT_MS = 60000 };

/* The end of a reload: UNIT is the one that was reloaded ("sshd" if it failed before that was
 * known), ERROR is NULL if it was. Both are NULL when no sshd unit is active: there is nothing to
 * reload (an instance of a socket unit reads its configuration when it starts). */
typedef void (*units_reload_fn)(void *userdata, const char *unit, const char *error);

/* Connects to nothing yet: the bus may come up later than we do. Returns 0 or -ENOMEM. */
int units_new(sd_event *event, struct units **ret);
void units_free(struct units *units);

/* Another address than systemd's own (D-Bus server address): for tests. Returns 0 or -ENOMEM. */
int units_set_address(struct units *units, const char *address);

/* Asks systemd to reload ssh.service or sshd.service, whichever is loaded and active, and waits for
 * the job's result without blocking. While a reload is under way, a further one is done after it,
 * since the running one may have read the older file; its callback is called for both. Returns 0
 * when the request is under way, or a negative errno (no systemd to be reached). */
int units_reload_sshd(struct units *units, units_reload_fn on_done, void *userdata);
