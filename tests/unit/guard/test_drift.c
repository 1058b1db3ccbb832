/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <unistd.h>

#include "machine.h"

static const char drop_in[] = "/etc/ssh/sshd_config.d/50-new.conf";

struct later {
        size_t n;
        uint64_t in_us;
};

static struct later later;

static void note_later(void *userdata, const char *path, uint64_t in_us) {
        (void)userdata;
        assert_string_equal(path, drop_in);
        later.n++;
        later.in_us = in_us;
}

static void start_with_time(struct machine *machine) {
        start(machine);
        later = (struct later){ 0 };
        machine->reconciler.on_unsettled = note_later;
}

static void test_what_comes_empty_and_is_filled_is_told_once(void **state) {
        struct machine *machine = *state;

        start_with_time(machine);
        write_at(machine, drop_in, "");
        reconcile(machine, drop_in);
        assert_int_equal(machine->reconciler.ledger.n_items, 0);
        assert_int_equal(later.n, 1);
        write_at(machine, drop_in, "X11Forwarding no\n");
        reconcile(machine, drop_in);
        assert_string_equal(only_finding(machine)->finding.path, drop_in);
        assert_int_equal(count_incidents(machine, "alerted"), 1);
        assert_int_equal(count_incidents(machine, "resolved"), 0);
        assert_int_equal(later.n, 1);
}

static void test_what_stays_empty_is_told(void **state) {
        struct machine *machine = *state;

        start_with_time(machine);
        write_at(machine, drop_in, "");
        reconcile(machine, drop_in);
        assert_int_equal(later.n, 1);
        assert_int_equal(usleep((useconds_t)later.in_us), 0);
        reconcile(machine, drop_in);
        assert_string_equal(only_finding(machine)->finding.path, drop_in);
        assert_int_equal(later.n, 1);
        /* and stays told, whoever touches it or empties it again */
        write_at(machine, drop_in, "");
        reconcile(machine, drop_in);
        assert_int_equal(machine->reconciler.ledger.n_items, 1);
        write_at(machine, drop_in, "X11Forwarding no\n");
        reconcile(machine, drop_in);
        write_at(machine, drop_in, "");
        reconcile(machine, drop_in);
        assert_int_equal(machine->reconciler.ledger.n_items, 1);
        assert_int_equal(later.n, 1);
}

static void test_nobody_hides_in_coming_and_going(void **state) {
        struct machine *machine = *state;

        start_with_time(machine);
        for (int i = 0; i < 2; i++) {
                write_at(machine, drop_in, "");
                reconcile(machine, drop_in);
                assert_int_equal(later.n, 1);
                assert_int_equal(usleep((useconds_t)later.in_us), 0);
                if (i == 0) {
                        remove_at(machine, drop_in);
                        reconcile(machine, drop_in);
                }
        }
        assert_string_equal(only_finding(machine)->finding.path, drop_in);
}

static void test_what_was_emptied_is_told_at_once(void **state) {
        struct machine *machine = *state;
        const char *path = "/etc/ssh/ssh_config";

        write_at(machine, path, "Host *\n");
        start_with_time(machine);
        write_at(machine, path, "");
        reconcile(machine, path);
        assert_string_equal(only_finding(machine)->finding.path, path);
        assert_int_equal(later.n, 0);
}

static void test_an_empty_file_that_breaks_a_rule_is_no_such_thing(void **state) {
        struct machine *machine = *state;

        start_with_time(machine);
        write_at(machine, "/etc/ssh/sshrc", "");
        reconcile(machine, "/etc/ssh/sshrc");
        assert_content(machine, "/etc/ssh/sshrc", NULL);
        assert_int_equal(later.n, 0);
        assert_int_equal(count_incidents(machine, "reverted"), 1);
}

#define MACHINE_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void) {
        const struct CMUnitTest tests[] = {
                MACHINE_TEST(test_what_comes_empty_and_is_filled_is_told_once),
                MACHINE_TEST(test_what_stays_empty_is_told),
                MACHINE_TEST(test_nobody_hides_in_coming_and_going),
                MACHINE_TEST(test_what_was_emptied_is_told_at_once),
                MACHINE_TEST(test_an_empty_file_that_breaks_a_rule_is_no_such_thing),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
