/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "os/units.h"

/* What our systemd says: the units behind the names, and how the job ends (NULL: never). */
struct scenario {
        const char *name;
        struct {
                const char *name, *load, *active;
        } listed[2];
        const char *result;       /* of the job */
        const char *refuses;      /* error of ReloadUnit */
        bool hangs_up;            /* closes the connection when asked */
        const char *unit, *error; /* what our caller must hear; error is a part of it */
};

struct fixture {
        const struct scenario *scenario;
        sd_event *event;
        sd_bus *server;
        int listener;
        char directory[64], address[128];
        int n_reloads, n_done, n_manager_reloads, n_restarts;
        struct units_state state;
        const char *kill_mode; /* what the unit says of itself */
        uint32_t main_pid;
        int needs_reload;
        bool wants_manager_reload;
        char reloaded[64], unit[64], error[128];
};

static int on_list(sd_bus_message *call, void *userdata, sd_bus_error *reterr_error) {
        struct fixture *f = userdata;
        sd_bus_message *reply;

        (void)reterr_error;
        if (f->scenario->hangs_up) {
                f->server = sd_bus_close_unref(f->server);
                return 0;
        }
        assert_true(sd_bus_message_new_method_return(call, &reply) >= 0);
        assert_true(sd_bus_message_open_container(reply, 'a', "(ssssssouso)") >= 0);
        for (size_t i = 0; i < 2 && f->scenario->listed[i].name; i++)
                assert_true(sd_bus_message_append(
                                    reply, "(ssssssouso)", f->scenario->listed[i].name,
                                    "OpenBSD Secure Shell server", f->scenario->listed[i].load,
                                    f->scenario->listed[i].active, "running", "",
                                    "/org/freedesktop/systemd1/unit/x", 0U, "", "/") >= 0);
        assert_true(sd_bus_message_close_container(reply) >= 0);
        assert_true(sd_bus_send(NULL, reply, NULL) >= 0);
        (void)sd_bus_message_unref(reply);
        return 1;
}

static int on_subscribe(sd_bus_message *call, void *userdata, sd_bus_error *reterr_error) {
        (void)userdata;
        (void)reterr_error;
        return sd_bus_reply_method_return(call, "");
}

static int on_reload(sd_bus_message *call, void *userdata, sd_bus_error *reterr_error) {
        struct fixture *f = userdata;
        const char *name, *mode;
        int r;

        assert_true(sd_bus_message_read(call, "ss", &name, &mode) >= 0);
        assert_string_equal(mode, "replace");
        (void)snprintf(f->reloaded, sizeof f->reloaded, "%s", name);
        f->n_reloads++;
        if (f->scenario->refuses)
                return sd_bus_error_set(reterr_error,
                                        "org.freedesktop.systemd1.JobTypeNotApplicable",
                                        f->scenario->refuses);
        r = sd_bus_reply_method_return(call, "o", "/org/freedesktop/systemd1/job/7");
        if (r < 0 || !f->scenario->result)
                return r;
        /* another job's end is none of ours */
        (void)sd_bus_emit_signal(f->server, "/org/freedesktop/systemd1",
                                 "org.freedesktop.systemd1.Manager", "JobRemoved", "uoss", 6U,
                                 "/org/freedesktop/systemd1/job/6", "x.service", "failed");
        return sd_bus_emit_signal(f->server, "/org/freedesktop/systemd1",
                                  "org.freedesktop.systemd1.Manager", "JobRemoved", "uoss", 7U,
                                  "/org/freedesktop/systemd1/job/7", name, f->scenario->result);
}

static int on_restart(sd_bus_message *call, void *userdata, sd_bus_error *reterr_error) {
        struct fixture *f = userdata;

        f->n_restarts++;
        return on_reload(call, userdata, reterr_error);
}

static int on_manager_reload(sd_bus_message *call, void *userdata, sd_bus_error *reterr_error) {
        struct fixture *f = userdata;

        (void)reterr_error;
        f->n_manager_reloads++;
        return sd_bus_reply_method_return(call, "");
}

static const sd_bus_vtable unit_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("Description", "s", NULL, offsetof(struct fixture, kill_mode), 0),
        SD_BUS_PROPERTY("NeedDaemonReload", "b", NULL, offsetof(struct fixture, needs_reload), 0),
        SD_BUS_VTABLE_END,
};

static const sd_bus_vtable service_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("KillMode", "s", NULL, offsetof(struct fixture, kill_mode), 0),
        SD_BUS_PROPERTY("MainPID", "u", NULL, offsetof(struct fixture, main_pid), 0),
        SD_BUS_VTABLE_END,
};

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("ListUnitsByNames", "as", "a(ssssssouso)", on_list,
                      SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("Subscribe", "", "", on_subscribe, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("ReloadUnit", "ss", "o", on_reload, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("StartUnit", "ss", "o", on_reload, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("TryRestartUnit", "ss", "o", on_restart, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("Reload", "", "", on_manager_reload, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_SIGNAL("JobRemoved", "uoss", 0),
        SD_BUS_VTABLE_END,
};

static int on_connection(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        struct fixture *f = userdata;
        sd_id128_t id = { 0 };
        int peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

        (void)source;
        (void)events;
        assert_true(peer >= 0);
        f->server = sd_bus_close_unref(f->server);
        assert_true(sd_bus_new(&f->server) >= 0);
        assert_true(sd_bus_set_fd(f->server, peer, peer) >= 0);
        assert_true(sd_bus_set_server(f->server, 1, id) >= 0);
        assert_true(sd_bus_add_object_vtable(f->server, NULL, "/org/freedesktop/systemd1",
                                             "org.freedesktop.systemd1.Manager", vtable, f) >= 0);
        assert_true(sd_bus_add_object_vtable(f->server, NULL, "/org/freedesktop/systemd1/unit/x",
                                             "org.freedesktop.systemd1.Unit", unit_vtable, f) >= 0);
        assert_true(sd_bus_add_object_vtable(f->server, NULL, "/org/freedesktop/systemd1/unit/x",
                                             "org.freedesktop.systemd1.Service", service_vtable,
                                             f) >= 0);
        assert_true(sd_bus_start(f->server) >= 0);
        assert_true(sd_bus_attach_event(f->server, f->event, 0) >= 0);
        return 0;
}

static void set_up(struct fixture *f, const struct scenario *scenario) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };

        *f = (struct fixture){ .scenario = scenario, .directory = "/tmp/sshguardd-units-XXXXXX" };
        assert_true(sd_event_new(&f->event) >= 0);
        assert_non_null(mkdtemp(f->directory));
        (void)snprintf(address.sun_path, sizeof address.sun_path, "%s/s", f->directory);
        (void)snprintf(f->address, sizeof f->address, "unix:path=%s/s", f->directory);
        f->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        assert_int_equal(bind(f->listener, (struct sockaddr *)&address, sizeof address), 0);
        assert_int_equal(listen(f->listener, 4), 0);
        assert_true(sd_event_add_io(f->event, NULL, f->listener, EPOLLIN, on_connection, f) >= 0);
}

static void tear_down(struct fixture *f) {
        char path[128];

        f->server = sd_bus_close_unref(f->server);
        (void)sd_event_unref(f->event);
        (void)close(f->listener);
        (void)snprintf(path, sizeof path, "%s/s", f->directory);
        (void)unlink(path);
        (void)rmdir(f->directory);
}

static void on_done(void *userdata, const char *unit, const char *error) {
        struct fixture *f = userdata;

        f->n_done++;
        (void)snprintf(f->unit, sizeof f->unit, "%s", unit ? unit : "(none)");
        (void)snprintf(f->error, sizeof f->error, "%s", error ? error : "(none)");
}

static void test_scenarios(void **state) {
        static const struct scenario scenarios[] = {
                { "debian: sshd.service is an alias",
                  { { "ssh.service", "loaded", "active" }, { "ssh.service", "loaded", "active" } },
                  "done",
                  NULL,
                  false,
                  "ssh.service",
                  NULL },
                { "elsewhere",
                  { { "ssh.service", "not-found", "inactive" },
                    { "sshd.service", "loaded", "active" } },
                  "done",
                  NULL,
                  false,
                  "sshd.service",
                  NULL },
                { "socket activation",
                  { { "ssh.service", "loaded", "inactive" } },
                  NULL,
                  NULL,
                  false,
                  "(none)",
                  NULL },
                { "no sshd at all", { { NULL, NULL, NULL } }, NULL, NULL, false, "(none)", NULL },
                { "ExecReload refuses",
                  { { "ssh.service", "loaded", "active" } },
                  "failed",
                  NULL,
                  false,
                  "ssh.service",
                  "failed" },
                { "cannot reload",
                  { { "ssh.service", "loaded", "active" } },
                  NULL,
                  "not applicable",
                  false,
                  "ssh.service",
                  "not applicable" },
                { "hangs up", { { NULL, NULL, NULL } }, NULL, NULL, true, "sshd", "onnection" },
        };

        (void)state;
        for (size_t i = 0; i < sizeof scenarios / sizeof scenarios[0]; i++) {
                struct units *units;
                struct fixture f;

                set_up(&f, &scenarios[i]);
                assert_int_equal(units_new(f.event, &units), 0);
                assert_int_equal(units_set_address(units, f.address), 0);
                assert_int_equal(units_reload_sshd(units, on_done, &f), 0);
                while (f.n_done == 0)
                        assert_true(sd_event_run(f.event, UINT64_MAX) >= 0);
                if (strcmp(f.unit, scenarios[i].unit) != 0 ||
                    !strstr(f.error, scenarios[i].error ? scenarios[i].error : "(none)"))
                        fail_msg("%s: %s, %s", scenarios[i].name, f.unit, f.error);
                if (scenarios[i].result)
                        assert_string_equal(f.reloaded, scenarios[i].unit);
                units_free(units);
                tear_down(&f);
        }
}

/* Two requests while one is under way: one more reload, and everybody hears. */
static void test_again(void **state) {
        static const struct scenario scenario = {
                "again", { { "ssh.service", "loaded", "active" } }, "done", NULL, false, NULL, NULL
        };
        struct units *units;
        struct fixture f;

        (void)state;
        set_up(&f, &scenario);
        assert_int_equal(units_new(f.event, &units), 0);
        assert_int_equal(units_set_address(units, f.address), 0);
        for (int i = 0; i < 3; i++)
                assert_int_equal(units_reload_sshd(units, on_done, &f), 0);
        while (f.n_done < 2)
                assert_true(sd_event_run(f.event, UINT64_MAX) >= 0);
        assert_int_equal(f.n_reloads, 2);
        assert_string_equal(f.error, "(none)");
        units_free(units);
        tear_down(&f);
}

static bool on_state(void *userdata, const struct units_state *state) {
        struct fixture *f = userdata;

        f->state = *state;
        assert_string_equal(state->unit, "ssh.service");
        return f->wants_manager_reload;
}

static void test_asking(void **state) {
        static const struct scenario scenario = {
                "ask", { { "ssh.service", "loaded", "active" } }, "done", NULL, false, NULL, NULL
        };

        (void)state;
        for (int wants = 0; wants < 2; wants++) {
                struct units *units;
                struct fixture f;

                set_up(&f, &scenario);
                f.wants_manager_reload = wants;
                f.kill_mode = "process";
                f.main_pid = 4711;
                f.needs_reload = 1;
                assert_int_equal(units_new(f.event, &units), 0);
                assert_int_equal(units_set_address(units, f.address), 0);
                assert_int_equal(units_ask_sshd(units, on_state, on_done, &f), 0);
                assert_int_equal(units_ask_sshd(units, on_state, on_done, &f), -EBUSY);
                while (f.n_done == 0)
                        assert_true(sd_event_run(f.event, UINT64_MAX) >= 0);
                assert_string_equal(f.error, "(none)");
                assert_int_equal(f.state.main_pid, 4711);
                assert_true(f.state.needs_daemon_reload);
                assert_true(f.state.kills_main_only);
                assert_int_equal(f.n_manager_reloads, wants);
                assert_int_equal(f.n_reloads, 0);
                units_free(units);
                tear_down(&f);
        }
}

/* What only a restart does is not lost behind a reload. */
static void test_restart(void **state) {
        static const struct scenario scenario = {
                "restart", { { "ssh.service", "loaded", "active" } }, "done", NULL, false, NULL,
                NULL
        };
        struct units *units;
        struct fixture f;

        (void)state;
        set_up(&f, &scenario);
        assert_int_equal(units_new(f.event, &units), 0);
        assert_int_equal(units_set_address(units, f.address), 0);
        assert_int_equal(units_reload_sshd(units, on_done, &f), 0);
        assert_int_equal(units_restart_sshd(units, on_done, &f), 0);
        assert_int_equal(units_reload_sshd(units, on_done, &f), 0);
        while (f.n_done < 2)
                assert_true(sd_event_run(f.event, UINT64_MAX) >= 0);
        assert_int_equal(f.n_restarts, 1);
        units_free(units);
        tear_down(&f);
}

/* A unit of ours is started by name, one at a time. */
static void test_start(void **state) {
        static const struct scenario scenarios[] = {
                { "started", { { NULL, NULL, NULL } }, "done", NULL, false, NULL, NULL },
                { "failed", { { NULL, NULL, NULL } }, "failed", NULL, false, NULL, "failed" },
        };

        (void)state;
        for (size_t i = 0; i < sizeof scenarios / sizeof scenarios[0]; i++) {
                struct units *units;
                struct fixture f;

                set_up(&f, &scenarios[i]);
                assert_int_equal(units_new(f.event, &units), 0);
                assert_int_equal(units_set_address(units, f.address), 0);
                assert_int_equal(units_start(units, "x@7.service", on_done, &f), 0);
                assert_int_equal(units_start(units, "x@8.service", on_done, &f), -EBUSY);
                while (f.n_done < 1)
                        assert_true(sd_event_run(f.event, UINT64_MAX) >= 0);
                assert_string_equal(f.reloaded, "x@7.service");
                assert_string_equal(f.unit, "x@7.service");
                assert_non_null(
                        strstr(f.error, scenarios[i].error ? scenarios[i].error : "(none)"));
                units_free(units);
                tear_down(&f);
        }
}

static void test_titles(void **state) {
        CLEANUP_FREE char *title = NULL;

        (void)state;
        assert_int_equal(units_process_title((uint32_t)getpid(), &title), 0);
        assert_non_null(strstr(title, "test_units"));
        assert_int_equal(units_process_title(UINT32_MAX, &title), -ESRCH);
}

static void test_unreachable(void **state) {
        struct units *units;
        sd_event *event;

        (void)state;
        assert_true(sd_event_new(&event) >= 0);
        assert_int_equal(units_new(event, &units), 0);
        assert_int_equal(units_set_address(units, "unix:path=/nonexistent/socket"), 0);
        assert_true(units_reload_sshd(units, on_done, NULL) < 0);
        units_free(units);
        units_free(NULL);
        (void)sd_event_unref(event);
}

/* Freed in the middle of it: no callback, nothing left. */
static void test_free_early(void **state) {
        static const struct scenario scenario = {
                "early", { { "ssh.service", "loaded", "active" } }, NULL, NULL, false, NULL, NULL
        };
        struct units *units;
        struct fixture f;

        (void)state;
        set_up(&f, &scenario);
        assert_int_equal(units_new(f.event, &units), 0);
        assert_int_equal(units_set_address(units, f.address), 0);
        assert_int_equal(units_reload_sshd(units, on_done, &f), 0);
        while (f.n_reloads == 0)
                assert_true(sd_event_run(f.event, UINT64_MAX) >= 0);
        units_free(units);
        assert_int_equal(f.n_done, 0);
        tear_down(&f);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_scenarios),   cmocka_unit_test(test_again),
                cmocka_unit_test(test_start),       cmocka_unit_test(test_asking),
                cmocka_unit_test(test_restart),     cmocka_unit_test(test_titles),
                cmocka_unit_test(test_unreachable), cmocka_unit_test(test_free_early),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
