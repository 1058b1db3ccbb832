/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* systemd over D-Bus: what it knows of sshd's unit, reloading and restarting it, asynchronously and
 * with a deadline. */

#include <stdbool.h>
#include <stdint.h>

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

/* The same with a restart, if the unit runs: the only way to another command line. Whether sessions
 * survive it is the unit's KillMode. */
int units_restart_sshd(struct units *units, units_reload_fn on_done, void *userdata);

/* Starts a unit and waits for the end of the job without blocking; a unit whose conditions do not
 * hold ends well. Not while another request of the same UNITS is under way: then -EBUSY. */
int units_start(struct units *units, const char *unit, units_reload_fn on_done, void *userdata);

/* What systemd has loaded. Strings are lent. */
struct units_state {
        const char *unit;
        uint32_t main_pid;        /* 0: none */
        bool needs_daemon_reload; /* the unit's files are others than those it was loaded from */
        bool kills_main_only;     /* KillMode=process: sessions outlive a restart */
};

/* True: have systemd load its unit files again. */
typedef bool (*units_state_fn)(void *userdata, const struct units_state *state);

/* Asks systemd for the unit that units_reload_sshd() would reload. ON_STATE is called if there is
 * one, then ON_DONE in any case. Not while another request of the same UNITS is under way: then
 * -EBUSY. */
int units_ask_sshd(struct units *units, units_state_fn on_state, units_reload_fn on_done,
                   void *userdata);

/* The title of a process as ps(1) shows it, on the heap; -ESRCH if it is gone. */
int units_process_title(uint32_t pid, char **ret);
