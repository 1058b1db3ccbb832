/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The whole daemon over a tree, in this process: it is stopped, started again, gets no events or
 * too many. Time passes where a test says so. */

#include "cmocka_env.h"

#include "machine.h"

#include "../../../daemon/guard/manager.h"
#include "guard/messages.h"

static const char main_path[] = "/etc/ssh/sshd_config";
static const char bad[] = "PasswordAuthentication yes\n";

struct daemon {
        struct machine *machine; /* its tree */
        struct invocation invocation;
        struct manager *manager;
        char root[128], state[128], socket[128];
        char told[1024]; /* the notices, a line each */
};

static void on_notice(void *userdata, const char *message_id, const char *message) {
        struct daemon *daemon = userdata;
        size_t n = strlen(daemon->told);

        (void)message_id;
        (void)snprintf(daemon->told + n, sizeof daemon->told - n, "%s\n", message);
}

static int lay_out(void **state) {
        struct daemon *daemon = calloc(1, sizeof *daemon);
        struct machine *machine;

        assert_non_null(daemon);
        assert_int_equal(set_up((void **)&machine), 0);
        daemon->machine = machine;
        (void)snprintf(daemon->root, sizeof daemon->root, "%s/root", machine->directory);
        (void)snprintf(daemon->state, sizeof daemon->state, "%s/state", machine->directory);
        (void)snprintf(daemon->socket, sizeof daemon->socket, "%s/socket", machine->directory);
        daemon->invocation = (struct invocation){ .config_path = "/etc/sshguardd/sshguardd.conf",
                                                  .root_path = daemon->root,
                                                  .state_path = daemon->state,
                                                  .socket_path = daemon->socket,
                                                  .release = machine->openssh };
        *state = daemon;
        return 0;
}

static void stop_daemon(struct daemon *daemon) {
        manager_free(daemon->manager);
        daemon->manager = NULL;
}

static int clear(void **state) {
        struct daemon *daemon = *state;
        CLEANUP_FREE char *command = text_format("rm -rf '%s'", daemon->machine->directory);

        stop_daemon(daemon);
        assert_int_equal(system(command), 0);
        free(daemon->machine);
        free(daemon);
        return 0;
}

static struct manager *start_daemon(struct daemon *daemon) {
        assert_int_equal(manager_new(&daemon->invocation, &daemon->manager), 0);
        record_tell_notices(on_notice, daemon);
        daemon->told[0] = '\0';
        return daemon->manager;
}

/* Whatever was noticed so far is looked at, and no event is read. */
static void look(struct manager *manager) {
        while (manager->pass_is_running || manager->dirty.paths.n > 0)
                assert_int_equal(manager_take_turn(manager), 0);
}

/* All that happens comes to its ears, until nothing does. */
static void listen_to_all(struct manager *manager) {
        while (sd_event_run(manager->event, 0) > 0)
                ;
        look(manager);
}

static void assert_told(const struct daemon *daemon, const char *what) {
        if (!strstr(daemon->told, what))
                fail_msg("\"%s\" was not told, but:\n%s", what, daemon->told);
}

/* ---- time in which nobody looked ---- */

static void test_being_late_is_a_gap_and_all_is_looked_at(void **state) {
        struct daemon *daemon = *state;
        struct manager *manager = start_daemon(daemon);
        const uint64_t now_us = manager_now_us();

        manager_note_lateness(manager, now_us - 1000000);
        manager_note_lateness(manager, now_us + 1000000);
        assert_int_equal(manager->n_gaps, 0);
        assert_false(manager->pass_is_running);
        write_at(daemon->machine, main_path, bad);
        manager_note_lateness(manager, now_us - 14000000);
        assert_int_equal(manager->n_gaps, 1);
        assert_string_equal(manager->gaps[0].reason, "the daemon was stopped");
        assert_true(manager->gaps[0].until_us - manager->gaps[0].from_us >= 14000000);
        assert_told(daemon, "was stopped");
        look(manager);
        assert_content(daemon->machine, main_path, main_config);
}

/* ---- events that never arrive ---- */

/* A canary in the tree, at the same path from inside and outside of it. */
static void let_in_a_canary(struct daemon *daemon) {
        const char *directory = daemon->machine->directory;
        CLEANUP_FREE char *command = text_format("mkdir -p %s%s/canary && ln -s root%s/canary %s",
                                                 daemon->root, directory, directory, directory);
        struct manager *manager = daemon->manager;

        assert_int_equal(system(command), 0);
        manager->canary_path = text_format("%s/canary/alive", directory);
        assert_non_null(manager->canary_path);
        assert_int_equal(watch_add(manager->watch, manager->canary_path), 0);
}

static void test_while_blind_all_is_looked_at_and_the_gap_is_open(void **state) {
        struct daemon *daemon = *state;
        struct manager *manager = start_daemon(daemon);

        let_in_a_canary(daemon);
        listen_to_all(manager);
        for (int i = 0; i < 3; i++) {
                manager_beat_canary(manager);
                assert_int_equal(manager->n_gaps, 0);
                listen_to_all(manager);
        }
        manager_beat_canary(manager);
        manager_beat_canary(manager); /* and nothing came in between */
        assert_told(daemon, "no longer arrive");
        assert_int_equal(manager->n_gaps, 1);
        assert_string_equal(manager->gaps[0].reason, "no events arrived");
        assert_true(manager->gaps[0].from_us > 0);
        assert_int_equal(manager->gaps[0].until_us, 0);
        look(manager);
        write_at(daemon->machine, main_path, bad);
        look(manager);
        assert_content(daemon->machine, main_path, bad); /* nobody saw it */
        manager_beat_canary(manager);
        look(manager);
        assert_content(daemon->machine, main_path, main_config);
        assert_int_equal(manager->gaps[0].until_us, 0);
        listen_to_all(manager);
        manager_beat_canary(manager);
        assert_told(daemon, "events arrive again");
        assert_int_equal(manager->n_gaps, 1);
        assert_true(manager->gaps[0].until_us >= manager->gaps[0].from_us);
        assert_true(manager->pass_is_running); /* for what came in between */
}

/* ---- more events than the queue takes ---- */

static size_t queue_length(void) {
        FILE *file = fopen("/proc/sys/fs/inotify/max_queued_events", "r");
        char line[32];

        assert_non_null(file);
        assert_non_null(fgets(line, sizeof line, file));
        (void)fclose(file);
        return strtoul(line, NULL, 10);
}

static void test_events_that_are_lost_make_it_look_at_everything(void **state) {
        struct daemon *daemon = *state;
        struct manager *manager;
        CLEANUP_FREE char *here = text_format("%s/etc/ssh/sshd_config.d/a", daemon->root);
        CLEANUP_FREE char *there = text_format("%s/etc/ssh/sshd_config.d/b", daemon->root);

        write_at(daemon->machine, "/etc/ssh/sshd_config.d/50.conf", "MaxAuthTries 5\n");
        manager = start_daemon(daemon);
        listen_to_all(manager);
        write_at(daemon->machine, "/etc/ssh/sshd_config.d/a", "");
        for (size_t n = queue_length() / 4 + 1; n > 0; n--) { /* each moves at two watches */
                assert_int_equal(rename(here, there), 0);
                assert_int_equal(rename(there, here), 0);
        }
        write_at(daemon->machine, main_path, bad);
        write_at(daemon->machine, "/etc/ssh/sshd_config.d/50.conf", bad);
        assert_int_equal(daemon->told[0], '\0');
        listen_to_all(manager);
        assert_told(daemon, "events were lost");
        assert_content(daemon->machine, main_path, main_config);
        assert_content(daemon->machine, "/etc/ssh/sshd_config.d/50.conf", "MaxAuthTries 5\n");
        assert_int_equal(manager->n_gaps, 0); /* nobody was away */
}

/* ---- what an administrator allowed ---- */

static int64_t allow(struct manager *manager, enum permit_kind kind, const char *path,
                     int64_t until_us) {
        const struct permit permit = { .kind = kind,
                                       .path = BORROWED(path),
                                       .until_us = until_us,
                                       .uses_left = -1,
                                       .reason = BORROWED("tested") };
        int64_t id;

        assert_int_equal(permits_add(&manager->permits, &permit, &id), 0);
        manager_schedule_expiry(manager);
        return id;
}

enum { LONG_US = 60 * 60 * 1000000LL };

/* It holds after a restart, ends by itself, and then all is looked at. */
static void outlives_a_restart(struct daemon *daemon, enum permit_kind kind, const char *path) {
        struct manager *manager = start_daemon(daemon);
        int64_t id = allow(manager, kind, path, record_now_us() + LONG_US);

        stop_daemon(daemon);
        write_at(daemon->machine, main_path, bad);
        manager = start_daemon(daemon);
        listen_to_all(manager);
        assert_content(daemon->machine, main_path, bad);
        assert_int_equal(manager->permits.n_items, 1);
        assert_int_equal(permits_extend(&manager->permits, id, record_now_us()), 0);
        manager_schedule_expiry(manager);
        while (manager->permits.n_items > 0)
                assert_true(sd_event_run(manager->event, UINT64_MAX) >= 0);
        listen_to_all(manager);
        assert_told(daemon, "ended: tested");
        assert_content(daemon->machine, main_path, main_config);
}

static void test_a_pause_outlives_a_restart(void **state) {
        outlives_a_restart(*state, PERMIT_PAUSE, NULL);
}

static void test_a_permit_outlives_a_restart(void **state) {
        outlives_a_restart(*state, PERMIT_CHANGE, main_path);
}

/* What ends while nobody is there has ended when somebody is. */
static void test_a_pause_ends_while_the_daemon_does_not_run(void **state) {
        struct daemon *daemon = *state;
        struct manager *manager = start_daemon(daemon);

        (void)allow(manager, PERMIT_PAUSE, NULL, record_now_us());
        stop_daemon(daemon);
        write_at(daemon->machine, main_path, bad);
        manager = start_daemon(daemon);
        listen_to_all(manager);
        assert_content(daemon->machine, main_path, main_config);
        assert_int_equal(manager->permits.n_items, 0);
}

#define DAEMON_TEST(function) cmocka_unit_test_setup_teardown(function, lay_out, clear)

int main(void) {
        const struct CMUnitTest tests[] = {
                DAEMON_TEST(test_being_late_is_a_gap_and_all_is_looked_at),
                DAEMON_TEST(test_while_blind_all_is_looked_at_and_the_gap_is_open),
                DAEMON_TEST(test_events_that_are_lost_make_it_look_at_everything),
                DAEMON_TEST(test_a_pause_outlives_a_restart),
                DAEMON_TEST(test_a_permit_outlives_a_restart),
                DAEMON_TEST(test_a_pause_ends_while_the_daemon_does_not_run),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
