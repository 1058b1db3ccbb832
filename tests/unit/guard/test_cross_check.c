/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The second witness, with programs in place of sshd that tell the truth, lie, fail and hang. */

#include "cmocka_env.h"

#include "machine.h"

#include "sshd/dump.h"
#include "world/cross_check.h"

struct heard {
        sd_event *event;
        struct cross_check *check;
        size_t n;
        enum cross_check_outcome outcome;
        bool is_moot;
        char ours[256], theirs[256], spec[256];
};

static void on_report(void *userdata, const struct cross_check_report *report) {
        struct heard *heard = userdata;

        heard->n++;
        heard->outcome = report->outcome;
        heard->is_moot = report->is_moot;
        (void)snprintf(heard->ours, sizeof heard->ours, "%s", report->ours ? report->ours : "");
        (void)snprintf(heard->theirs, sizeof heard->theirs, "%s",
                       report->theirs ? report->theirs : "");
        (void)snprintf(heard->spec, sizeof heard->spec, "%s", report->spec ? report->spec : "");
}

/* Asks about whatever is in force by now, until sshd said something. */
static void ask_again(struct heard *heard) {
        size_t n = heard->n;

        assert_int_equal(cross_check_request(heard->check, 0), 0);
        while (heard->n == n)
                assert_true(sd_event_run(heard->event, UINT64_MAX) >= 0);
}

/* What we worked out for the plain context, to be printed by a program that agrees. */
static void write_truth(const struct machine *machine) {
        struct sshd_effective *effective;
        struct text text = { 0 };

        assert_int_equal(sshd_effective_new(machine->world.config, NULL, &machine->world.accounts,
                                            &effective, NULL),
                         0);
        assert_int_equal(sshd_effective_format(effective, &text), 0);
        write_at(machine, "/truth", text_get(&text));
        text_done(&text);
        sshd_effective_free(effective);
}

/* A program that runs SCRIPT, where $truth names the file above; reports into HEARD. */
static void ask(struct machine *machine, const char *script, struct heard *heard) {
        CLEANUP_FREE char *program = text_format("%s/root/sshd", machine->directory);
        CLEANUP_FREE char *text =
                text_format("#!/bin/sh\ntruth=%s/root/truth\n%s\n", machine->directory, script);

        write_at(machine, "/sshd", text);
        assert_int_equal(chmod(program, 0755), 0);
        assert_int_equal(sd_event_new(&heard->event), 0);
        assert_int_equal(
                cross_check_new(heard->event, &machine->world, machine->directory, &heard->check),
                0);
        cross_check_on_report(heard->check, on_report, heard);
        assert_int_equal(cross_check_set_program(heard->check, program), 0);
        ask_again(heard);
}

static void done(struct heard *heard) {
        cross_check_free(heard->check);
        sd_event_unref(heard->event);
}

static void test_who_says_the_same_agrees(void **state) {
        struct machine *machine = *state;
        struct heard heard = { 0 };

        start(machine);
        write_truth(machine);
        ask(machine, "sort -r $truth", &heard); /* the order does not count */
        assert_int_equal(heard.outcome, CROSS_CHECK_AGREES);
        done(&heard);
}

static void test_a_lie_is_found_and_named(void **state) {
        static const struct {
                const char *script, *ours, *theirs;
        } lies[] = {
                { "sed 's/^permitrootlogin no/permitrootlogin yes/' $truth", "permitrootlogin no",
                  "permitrootlogin yes" },
                { "grep -v '^maxauthtries ' $truth", "maxauthtries 6", "" },
                { "cat $truth; echo port 2222", "", "port 2222" },
                { "cat $truth; grep '^port ' $truth", "", "port 22" },
                { "echo 'cannot read' >&2; exit 1", "accepted", "cannot read" },
        };
        struct machine *machine = *state;

        start(machine);
        write_truth(machine);
        for (size_t i = 0; i < N_ELEMENTS(lies); i++) {
                struct heard heard = { 0 };

                ask(machine, lies[i].script, &heard);
                assert_int_equal(heard.outcome, CROSS_CHECK_DISAGREES);
                assert_string_equal(heard.ours, lies[i].ours);
                assert_string_equal(heard.theirs, lies[i].theirs);
                done(&heard);
        }
}

static void test_a_lie_for_one_connection_names_it(void **state) {
        struct machine *machine = *state;
        struct heard heard = { 0 };

        start(machine);
        write_truth(machine);
        ask(machine, "case \"$*\" in *' -C '*) echo x yes;; esac; cat $truth", &heard);
        assert_int_equal(heard.outcome, CROSS_CHECK_DISAGREES);
        assert_string_equal(heard.theirs, "x yes");
        assert_non_null(strstr(heard.spec, "user="));
        done(&heard);
}

static void test_who_cannot_answer_is_no_liar(void **state) {
        static const struct {
                const char *script, *reason;
        } troubles[] = {
                { "echo 'sshd: no hostkeys available -- exiting.' >&2; exit 1", "no hostkeys" },
                { "kill -SEGV $$", "signal 11" },
        };
        struct machine *machine = *state;

        start(machine);
        for (size_t i = 0; i < N_ELEMENTS(troubles); i++) {
                struct heard heard = { 0 };

                ask(machine, troubles[i].script, &heard);
                assert_int_equal(heard.outcome, CROSS_CHECK_CANNOT_TELL);
                assert_non_null(strstr(heard.theirs, troubles[i].reason));
                done(&heard);
        }
}

static void put_config(struct machine *machine, const char *config) {
        write_at(machine, "/etc/ssh/sshd_config", config);
        view_forget_all(machine->world.view);
        assert_true(world_load_config(&machine->world) >= 0);
}

static void test_what_was_agreed_on_is_asked_once(void **state) {
        struct machine *machine = *state;
        struct heard heard = { 0 };

        start(machine);
        write_truth(machine);
        ask(machine, "cat $truth", &heard);
        assert_int_equal(heard.n, 1);
        assert_int_equal(heard.outcome, CROSS_CHECK_AGREES);
        assert_int_equal(cross_check_request(heard.check, 0), 0);
        assert_true(sd_event_run(heard.event, UINT64_MAX) > 0); /* the question came up, … */
        assert_int_equal(sd_event_run(heard.event, 300000), 0); /* … and nobody was asked */
        put_config(machine, "MaxAuthTries 5\n");
        write_truth(machine);
        ask_again(&heard);
        assert_int_equal(heard.n, 2);
        assert_int_equal(heard.outcome, CROSS_CHECK_AGREES);
        done(&heard);
}

/* Where sshd cannot be asked, what it said of another configuration than this is over. */
static void test_what_it_disagreed_with_and_is_gone_is_over(void **state) {
        struct machine *machine = *state;
        struct heard heard = { 0 };

        start(machine);
        write_truth(machine);
        ask(machine, "test -s $truth && exec echo x yes; echo no hostkeys available >&2; exit 1",
            &heard);
        assert_int_equal(heard.outcome, CROSS_CHECK_DISAGREES);
        write_at(machine, "/truth", "");
        ask_again(&heard);
        assert_int_equal(heard.outcome, CROSS_CHECK_CANNOT_TELL);
        assert_false(heard.is_moot);
        put_config(machine, "MaxAuthTries 5\n");
        ask_again(&heard);
        assert_int_equal(heard.outcome, CROSS_CHECK_CANNOT_TELL);
        assert_true(heard.is_moot);
        ask_again(&heard);
        assert_int_equal(heard.outcome, CROSS_CHECK_CANNOT_TELL);
        assert_false(heard.is_moot); /* said once */
        done(&heard);
}

static void test_it_can_be_turned_off(void **state) {
        struct machine *machine = *state;
        struct heard heard = { 0 };

        start(machine);
        machine->world.policy->cross_check = false;
        ask(machine, "echo x yes", &heard);
        assert_int_equal(heard.outcome, CROSS_CHECK_AGREES); /* with whatever was said before */
        done(&heard);
}

#define MACHINE_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void) {
        const struct CMUnitTest tests[] = {
                MACHINE_TEST(test_who_says_the_same_agrees),
                MACHINE_TEST(test_a_lie_is_found_and_named),
                MACHINE_TEST(test_a_lie_for_one_connection_names_it),
                MACHINE_TEST(test_who_cannot_answer_is_no_liar),
                MACHINE_TEST(test_what_was_agreed_on_is_asked_once),
                MACHINE_TEST(test_what_it_disagreed_with_and_is_gone_is_over),
                MACHINE_TEST(test_it_can_be_turned_off),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
