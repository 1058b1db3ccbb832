/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is recorded before it is done: never more than is true, and ended by whoever comes after. */

#include "cmocka_env.h"

#include "machine.h"

#include "guard/messages.h"
#include "guard/record.h"

static const char path[] = "/etc/ssh/sshd_config";

struct heard {
        size_t n;
        char action[16];
};

static void on_incident(void *userdata, const struct incident *incident) {
        struct heard *heard = userdata;

        heard->n++;
        (void)snprintf(heard->action, sizeof heard->action, "%s", incident->action);
}

/* Keeps what is there before it would be reverted. */
static struct record_begun begin(struct machine *machine, struct heard *heard) {
        CLEANUP(finding_done) struct finding finding = { 0 };
        CLEANUP(snapshot_done) struct snapshot old = { 0 };
        const struct record record = { .message_id = MESSAGE_REVERTED,
                                       .finding = &finding,
                                       .action = "reverted",
                                       .quarantined = &old };
        struct recorder *recorder = &machine->reconciler.recorder;
        struct record_begun begun;

        recorder->on_incident = on_incident;
        recorder->userdata = heard;
        assert_int_equal(finding_init_own(&finding, "password", SEVERITY_HIGH), 0);
        assert_int_equal(finding_set(0, &finding.path, "%s", path), 0);
        assert_int_equal(snapshot_take(&machine->world.root, path, 0, &old), 0);
        assert_int_equal(record_begin(recorder, &record, &begun), 0);
        return begun;
}

static void assert_incident(const struct machine *machine, int64_t id, const char *action,
                            const char *outcome) {
        CLEANUP(incident_done) struct incident incident = { 0 };

        assert_int_equal(store_get_incident(machine->world.store, id, &incident), 0);
        assert_string_equal(incident.action, action);
        assert_string_equal(incident.outcome ? incident.outcome : "", outcome);
        assert_true(incident.has_quarantine);
}

static void test_it_is_told_once_it_is_done(void **state) {
        struct machine *machine = *state;
        struct heard heard = { 0 };
        struct record_begun begun;

        start(machine);
        begun = begin(machine, &heard);
        assert_incident(machine, begun.id, "reverting", "");
        assert_int_equal(heard.n, 0);
        record_end(&machine->reconciler.recorder, &begun, NULL);
        assert_incident(machine, begun.id, "reverted", "");
        assert_int_equal(heard.n, 1);
        assert_string_equal(heard.action, "reverted");
        assert_int_equal(record_end_left(&machine->reconciler.recorder), 0);
        assert_int_equal(heard.n, 1);
}

static void test_what_could_not_be_done_was_kept(void **state) {
        struct machine *machine = *state;
        struct heard heard = { 0 };
        struct record_begun begun;

        start(machine);
        begun = begin(machine, &heard);
        record_end(&machine->reconciler.recorder, &begun, "no space");
        assert_incident(machine, begun.id, "kept", "no space");
        assert_int_equal(heard.n, 0);
}

/* Who is killed in the middle cannot say how it ended; what is there can. */
static void test_what_was_begun_is_ended_at_the_next_start(void **state) {
        struct machine *machine = *state;
        struct heard heard = { 0 };

        for (int is_done = 0; is_done < 2; is_done++) {
                struct record_begun begun;

                start(machine);
                write_at(machine, path, "PasswordAuthentication yes\n");
                begun = begin(machine, &heard);
                stop(machine);
                if (is_done)
                        write_at(machine, path, main_config);
                start(machine);
                machine->reconciler.recorder.on_incident = on_incident;
                machine->reconciler.recorder.userdata = &heard;
                assert_int_equal(record_end_left(&machine->reconciler.recorder), 0);
                assert_incident(machine, begun.id, is_done ? "reverted" : "kept",
                                is_done ? "" : "the daemon was ended meanwhile");
                assert_int_equal(heard.n, is_done);
                if (!is_done)
                        stop(machine);
        }
}

#define MACHINE_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void) {
        const struct CMUnitTest tests[] = {
                MACHINE_TEST(test_it_is_told_once_it_is_done),
                MACHINE_TEST(test_what_could_not_be_done_was_kept),
                MACHINE_TEST(test_what_was_begun_is_ended_at_the_next_start),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
