/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* systemd over D-Bus: reloading sshd's unit, asynchronously and with a deadline. */

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

struct units;

typedef void (*units_reload_fn)(void *userdata, const char *unit, const char *error);

/* Returns 0, or a negative errno (no system bus). */
int units_new(sd_event *event, struct units **ret);
void units_free(struct units *units);

/* Asks systemd to reload ssh.service or sshd.service, whichever is loaded and active
 * (socket-activated instances read the file anew and need none). ON_DONE gets NULL or the error.
 * Returns 0 when the request is under way. */
int units_reload_sshd(struct units *units, units_reload_fn on_done, void *userdata);
