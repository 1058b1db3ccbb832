/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reloading sshd's unit.
 *
 * A connection lives for one reload: systemd's private socket if it is there (as systemctl(1) uses
 * it: no bus daemon needed, so it works early in the boot and on systems without D-Bus), the system
 * bus otherwise. org.freedesktop.systemd1(5): ListUnitsByNames gives the units behind both names
 * that distributions use, an alias under its real name; ReloadUnit queues a job; JobRemoved tells
 * how it ended, which is what counts, since ExecReload may refuse the configuration. The signal is
 * asked for before the job, so it cannot be missed.
 *
 * Everything is asynchronous, and one timer bounds it all. */

#include "os/units.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

static const char private_socket[] = "/run/systemd/private";
static const char private_address[] = "unix:path=/run/systemd/private";
static const char nobody[] = "sshd"; /* before it is known which unit it is */
static const char destination[] = "org.freedesktop.systemd1";
static const char manager_path[] = "/org/freedesktop/systemd1";
static const char manager_interface[] = "org.freedesktop.systemd1.Manager";

struct units {
        sd_event *event;
        char *address;
        sd_bus *bus; /* while a reload is under way */
        sd_event_source *deadline;
        char *unit, *job;
        units_reload_fn on_done;
        void *userdata;
        bool again; /* asked for while one was under way */
};

int units_new(sd_event *event, struct units **ret) {
        struct units *units = calloc(1, sizeof *units);

        if (!units)
                return -ENOMEM;
        units->event = sd_event_ref(event);
        *ret = units;
        return 0;
}

/* Ends the present reload, silently. */
static void disconnect(struct units *units) {
        (void)sd_event_source_disable_unref(units->deadline);
        (void)sd_bus_close_unref(units->bus);
        free(units->unit);
        free(units->job);
        units->deadline = NULL;
        units->bus = NULL;
        units->unit = units->job = NULL;
}

void units_free(struct units *units) {
        if (!units)
                return;
        disconnect(units);
        (void)sd_event_unref(units->event);
        free(units->address);
        free(units);
}

int units_set_address(struct units *units, const char *address) {
        char *copy = strdup(address);

        if (!copy)
                return -ENOMEM;
        free(units->address);
        units->address = copy;
        return 0;
}

static int start(struct units *units);

/* Tells the end and, if it was asked for meanwhile, begins anew. */
static void conclude(struct units *units, const char *error) {
        CLEANUP_FREE char *unit = TAKE(units->unit);
        /* ERROR may belong to the connection */
        CLEANUP_FREE char *reason = error ? strdup(error) : NULL;
        bool again = units->again;

        disconnect(units);
        units->again = false;
        if (error)
                units->on_done(units->userdata, unit ? unit : nobody,
                               reason ? reason : "out of memory");
        else
                units->on_done(units->userdata, unit, NULL);
        if (again && !units->bus && start(units) < 0)
                units->on_done(units->userdata, nobody, "systemd cannot be reached");
}

/* What a reply says if it is an error; NULL if it is none. */
static const char *error_of(sd_bus_message *reply) {
        const sd_bus_error *error;

        if (!sd_bus_message_is_method_error(reply, NULL))
                return NULL;
        error = sd_bus_message_get_error(reply);
        return error && error->message ? error->message : "refused";
}

static int on_reload_queued(sd_bus_message *reply, void *userdata, sd_bus_error *reterr_error) {
        struct units *units = userdata;
        const char *error = error_of(reply), *job;

        (void)reterr_error;
        if (!error && sd_bus_message_read(reply, "o", &job) >= 0) {
                units->job = strdup(job);
                if (!units->job)
                        error = "out of memory";
        } else if (!error) {
                error = "systemd's answer makes no sense";
        }
        if (error)
                conclude(units, error);
        return 0;
}

static int on_job_removed(sd_bus_message *signal, void *userdata, sd_bus_error *reterr_error) {
        struct units *units = userdata;
        const char *job, *unit, *result;
        uint32_t id;

        (void)reterr_error;
        if (sd_bus_message_read(signal, "uoss", &id, &job, &unit, &result) < 0 || !units->job ||
            strcmp(job, units->job) != 0)
                return 0;
        conclude(units, strcmp(result, "done") == 0 ? NULL : result);
        return 0;
}

static int queue_reload(struct units *units, const char *unit) {
        units->unit = strdup(unit);
        if (!units->unit)
                return -ENOMEM;
        return sd_bus_call_method_async(units->bus, NULL, destination, manager_path,
                                        manager_interface, "ReloadUnit", on_reload_queued, units,
                                        "ss", unit, "replace");
}

/* Takes the first unit of the answer that is loaded and active. 1 if a reload was queued. */
static int choose(struct units *units, sd_bus_message *reply) {
        const char *name, *load, *active;
        int r;

        r = sd_bus_message_enter_container(reply, 'a', "(ssssssouso)");
        while (r >= 0) {
                r = sd_bus_message_read(reply, "(ssssssouso)", &name, NULL, &load, &active, NULL,
                                        NULL, NULL, NULL, NULL, NULL);
                if (r <= 0)
                        return r;
                if (strcmp(load, "loaded") != 0 ||
                    (strcmp(active, "active") != 0 && strcmp(active, "reloading") != 0))
                        continue;
                r = queue_reload(units, name);
                return r < 0 ? r : 1;
        }
        return r;
}

static int on_units_listed(sd_bus_message *reply, void *userdata, sd_bus_error *reterr_error) {
        struct units *units = userdata;
        const char *error = error_of(reply);
        int r;

        (void)reterr_error;
        if (error) {
                conclude(units, error);
                return 0;
        }
        r = choose(units, reply);
        if (r <= 0)
                conclude(units, r < 0 ? strerror(-r) : NULL);
        return 0;
}

static int on_deadline(sd_event_source *source, uint64_t usec, void *userdata) {
        (void)source;
        (void)usec;
        conclude(userdata, "timeout");
        return 0;
}

static int on_disconnected(sd_bus_message *signal, void *userdata, sd_bus_error *reterr_error) {
        (void)signal;
        (void)reterr_error;
        conclude(userdata, "the connection to systemd broke");
        return 0;
}

static int open_bus(const struct units *units, sd_bus **ret) {
        const char *address = units->address;
        sd_bus *bus;
        int r;

        if (!address && geteuid() == 0 && access(private_socket, F_OK) == 0)
                address = private_address;
        if (!address)
                return sd_bus_open_system(ret);
        r = sd_bus_new(&bus);
        if (r < 0)
                return r;
        r = sd_bus_set_address(bus, address);
        if (r >= 0)
                r = sd_bus_start(bus);
        if (r < 0) {
                (void)sd_bus_unref(bus);
                return r;
        }
        *ret = bus;
        return 0;
}

static int ask(struct units *units) {
        int r;

        r = sd_bus_match_signal_async(units->bus, NULL, NULL, manager_path, manager_interface,
                                      "JobRemoved", on_job_removed, NULL, units);
        if (r >= 0)
                r = sd_bus_match_signal_async(units->bus, NULL, "org.freedesktop.DBus.Local",
                                              "/org/freedesktop/DBus/Local",
                                              "org.freedesktop.DBus.Local", "Disconnected",
                                              on_disconnected, NULL, units);
        if (r >= 0) /* without it systemd sends no signals to the bus; the answer says nothing */
                r = sd_bus_call_method_async(units->bus, NULL, destination, manager_path,
                                             manager_interface, "Subscribe", NULL, NULL, "");
        if (r >= 0)
                r = sd_bus_call_method_async(units->bus, NULL, destination, manager_path,
                                             manager_interface, "ListUnitsByNames", on_units_listed,
                                             units, "as", 2, "ssh.service", "sshd.service");
        return r;
}

static int start(struct units *units) {
        int r;

        r = open_bus(units, &units->bus);
        if (r >= 0)
                r = sd_bus_attach_event(units->bus, units->event, SD_EVENT_PRIORITY_NORMAL);
        if (r >= 0)
                r = sd_event_add_time_relative(units->event, &units->deadline, CLOCK_MONOTONIC,
                                               (uint64_t)UNITS_TIMEOUT_MS * 1000, 0, on_deadline,
                                               units);
        if (r >= 0)
                r = ask(units);
        if (r < 0)
                disconnect(units);
        return r < 0 ? r : 0;
}

int units_reload_sshd(struct units *units, units_reload_fn on_done, void *userdata) {
        units->on_done = on_done;
        units->userdata = userdata;
        if (units->bus) {
                units->again = true;
                return 0;
        }
        return start(units);
}
