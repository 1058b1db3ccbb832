/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include "guard/sweep.h"
#include "machine.h"

struct named {
        char paths[512]; /* each with a blank behind it */
};

static void on_different(void *userdata, const char *path) {
        struct named *named = userdata;

        (void)strncat(named->paths, path, sizeof named->paths - strlen(named->paths) - 2);
        (void)strcat(named->paths, " ");
}

/* What a turn names. */
static struct named turn(struct machine *machine, struct sweep *sweep) {
        struct named named = { "" };

        assert_int_equal(sweep_turn(sweep, &machine->world, on_different, &named), 0);
        return named;
}

static void test_what_sent_no_event(void **state) {
        struct machine *machine = *state;
        CLEANUP(sweep_done) struct sweep sweep = { 0 };

        start(machine);
        assert_string_equal(turn(machine, &sweep).paths, "");
        write_at(machine, "/etc/ssh/sshd_config", "PasswordAuthentication yes\n");
        assert_string_equal(turn(machine, &sweep).paths, "/etc/ssh/sshd_config ");
        reconcile(machine, "/etc/ssh/sshd_config");
        assert_string_equal(turn(machine, &sweep).paths, "/etc/ssh ");
        assert_string_equal(turn(machine, &sweep).paths, "");
}

/* A file that nobody names yet is found by its directory. */
static void test_a_new_match_of_a_pattern(void **state) {
        struct machine *machine = *state;
        CLEANUP(sweep_done) struct sweep sweep = { 0 };

        start(machine);
        assert_string_equal(turn(machine, &sweep).paths, "");
        write_at(machine, "/etc/ssh/sshd_config.d/00.conf", "PasswordAuthentication yes\n");
        assert_string_equal(turn(machine, &sweep).paths, "/etc/ssh/sshd_config.d ");
        reconcile(machine, "/etc/ssh/sshd_config.d");
        assert_content(machine, "/etc/ssh/sshd_config.d/00.conf", NULL);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_what_sent_no_event, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_a_new_match_of_a_pattern, set_up, tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
