/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sshd's unit: asking for it, reloading, restarting; and starting units of ours.
 *
 * A connection lives for one request: systemd's private socket if it is there (as systemctl(1) uses
 * it: no bus daemon needed, so it works early in the boot and on systems without D-Bus), the system
 * bus otherwise. org.freedesktop.systemd1(5): ListUnitsByNames gives the units behind both names
 * that distributions use, an alias under its real name; ReloadUnit queues a job; JobRemoved tells
 * how it ended, which is what counts, since ExecReload may refuse the configuration. The signal is
 * asked for before the job, so it cannot be missed.
 *
 * Everything is asynchronous, and one timer bounds it all. */

#include "os/units.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"

enum { TITLE_MAX = 4096 }; /* sshd writes at most 1024 bytes */

static const char private_socket[] = "/run/systemd/private";
static const char private_address[] = "unix:path=/run/systemd/private";
static const char restart_method[] = "TryRestartUnit";
static const char nobody[] = "sshd"; /* before it is known which unit it is */
static const char destination[] = "org.freedesktop.systemd1";
static const char manager_path[] = "/org/freedesktop/systemd1";
static const char manager_interface[] = "org.freedesktop.systemd1.Manager";

struct units {
        sd_event *event;
        char *address;
        sd_bus *bus; /* while a request is under way */
        sd_event_source *deadline;
        char *unit, *job;
        const char *method;      /* what is to be done with the unit */
        units_state_fn on_state; /* not NULL: nothing, it is asked about */
        units_reload_fn on_done;
        void *userdata;
        bool again;              /* asked for while one was under way */
        const char *next_method; /* then */
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
        if (again && !units->bus)
                units->method = units->next_method;
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

static int queue_job(struct units *units) {
        return sd_bus_call_method_async(units->bus, NULL, destination, manager_path,
                                        manager_interface, units->method, on_reload_queued, units,
                                        "ss", units->unit, "replace");
}

/* ---- asking about the unit ---- */

static int on_manager_reloaded(sd_bus_message *reply, void *userdata, sd_bus_error *reterr_error) {
        (void)reterr_error;
        conclude(userdata, error_of(reply));
        return 0;
}

/* One property of a{sv}; those of no interest are skipped. */
static int read_property(sd_bus_message *reply, struct units_state *state) {
        const char *name, *text;
        int flag, r = sd_bus_message_read(reply, "s", &name);

        if (r < 0)
                return r;
        if (strcmp(name, "MainPID") == 0)
                return sd_bus_message_read(reply, "v", "u", &state->main_pid);
        if (strcmp(name, "NeedDaemonReload") == 0) {
                r = sd_bus_message_read(reply, "v", "b", &flag);
                state->needs_daemon_reload = r >= 0 && flag;
                return r;
        }
        if (strcmp(name, "KillMode") == 0) {
                r = sd_bus_message_read(reply, "v", "s", &text);
                state->kills_main_only = r >= 0 && strcmp(text, "process") == 0;
                return r;
        }
        return sd_bus_message_skip(reply, "v");
}

static int read_state(sd_bus_message *reply, struct units_state *state) {
        int r = sd_bus_message_enter_container(reply, 'a', "{sv}");

        while (r >= 0 && (r = sd_bus_message_enter_container(reply, 'e', "sv")) > 0) {
                r = read_property(reply, state);
                if (r >= 0)
                        r = sd_bus_message_exit_container(reply);
        }
        return r;
}

static int on_state(sd_bus_message *reply, void *userdata, sd_bus_error *reterr_error) {
        struct units *units = userdata;
        struct units_state state = { .unit = units->unit };
        const char *error = error_of(reply);
        int r = error ? 0 : read_state(reply, &state);

        (void)reterr_error;
        if (!error && r < 0)
                error = "systemd's answer makes no sense";
        if (!error && units->on_state(units->userdata, &state)) {
                r = sd_bus_call_method_async(units->bus, NULL, destination, manager_path,
                                             manager_interface, "Reload", on_manager_reloaded,
                                             units, "");
                if (r >= 0)
                        return 0;
                error = strerror(-r);
        }
        conclude(units, error);
        return 0;
}

static int ask_state(struct units *units, const char *path) {
        return sd_bus_call_method_async(units->bus, NULL, destination, path,
                                        "org.freedesktop.DBus.Properties", "GetAll", on_state,
                                        units, "s", "");
}

/* Takes the first unit of the answer that is loaded and active. 1 if there is one. */
static int choose(struct units *units, sd_bus_message *reply) {
        const char *name, *load, *active, *path;
        int r;

        r = sd_bus_message_enter_container(reply, 'a', "(ssssssouso)");
        while (r >= 0) {
                r = sd_bus_message_read(reply, "(ssssssouso)", &name, NULL, &load, &active, NULL,
                                        NULL, &path, NULL, NULL, NULL);
                if (r <= 0)
                        return r;
                if (strcmp(load, "loaded") != 0 ||
                    (strcmp(active, "active") != 0 && strcmp(active, "reloading") != 0))
                        continue;
                units->unit = strdup(name);
                if (!units->unit)
                        return -ENOMEM;
                r = units->on_state ? ask_state(units, path) : queue_job(units);
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
        if (r >= 0 && units->unit)
                r = queue_job(units);
        else if (r >= 0)
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

static int request(struct units *units, const char *method, units_reload_fn on_done,
                   void *userdata) {
        units->on_done = on_done;
        units->userdata = userdata;
        units->on_state = NULL;
        if (units->bus) {
                /* what only a restart does is not forgotten for a reload */
                if (strcmp(method, restart_method) == 0 || !units->again)
                        units->next_method = method;
                units->again = true;
                return 0;
        }
        units->method = method;
        return start(units);
}

int units_reload_sshd(struct units *units, units_reload_fn on_done, void *userdata) {
        return request(units, "ReloadUnit", on_done, userdata);
}

int units_restart_sshd(struct units *units, units_reload_fn on_done, void *userdata) {
        return request(units, restart_method, on_done, userdata);
}

int units_start(struct units *units, const char *unit, units_reload_fn on_done, void *userdata) {
        if (units->bus)
                return -EBUSY;
        units->unit = strdup(unit);
        if (!units->unit)
                return -ENOMEM;
        return request(units, "StartUnit", on_done, userdata);
}

int units_ask_sshd(struct units *units, units_state_fn on_state_known, units_reload_fn on_done,
                   void *userdata) {
        if (units->bus)
                return -EBUSY;
        units->on_state = on_state_known;
        units->on_done = on_done;
        units->userdata = userdata;
        return start(units);
}

int units_process_title(uint32_t pid, char **ret) {
        CLEANUP_FREE char *path = text_format("/proc/%u/cmdline", pid);
        char title[TITLE_MAX];
        ssize_t n;
        int fd;

        if (!path)
                return -ENOMEM;
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0)
                return errno == ENOENT ? -ESRCH : -errno;
        n = read(fd, title, sizeof title - 1);
        if (n < 0)
                n = errno == ESRCH ? -ESRCH : -errno;
        (void)close(fd);
        if (n < 0)
                return (int)n;
        title[n] = '\0';
        *ret = strdup(title);
        return *ret ? 0 : -ENOMEM;
}
