/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include "guard/sweep.h"
#include "machine.h"

struct named {
        char paths[512]; /* each with a blank behind it */
};

static void on_different(void *userdata, const char *path) {
        struct named *named = userdata;
        size_t n = strlen(named->paths);

        (void)snprintf(named->paths + n, sizeof named->paths - n, "%s ", path);
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

/* An hour of a sweep that costs so much each time, by a clock that moves where the daemon sleeps.
 */
static void test_it_keeps_to_its_share_whatever_there_is(void **state) {
        enum { HOUR_US = 60 * 60 * 1000000ULL, FILE_US = 40 };
        static const uint64_t n_files[] = { 0, 5, 500, 625, 626, 5000, 50000, 500000 };

        (void)state;
        for (size_t i = 0; i < N_ELEMENTS(n_files); i++) {
                uint64_t cost_us = n_files[i] * FILE_US, now_us = 0, charge_us = 0, n_turns = 0;
                uint64_t n_wakes = 0;

                while (now_us < HOUR_US) {
                        uint64_t due_us;

                        now_us += cost_us;
                        charge_us += cost_us;
                        n_turns++;
                        due_us = now_us + sweep_interval(cost_us);
                        while (now_us < due_us) {
                                uint64_t nap_us = sweep_nap(due_us - now_us);

                                assert_in_range(nap_us, 1, SWEEP_NAP_US);
                                now_us += nap_us;
                                n_wakes++;
                        }
                }
                assert_true(charge_us * SWEEP_SHARE <= now_us);
                if (n_files[i] <= 625) /* as often as can be, while that is cheap enough */
                        assert_true(n_turns >= HOUR_US / (SWEEP_INTERVAL_US + cost_us));
                /* to notice that it was stopped costs no more than it would to sweep always */
                assert_true(n_wakes <= HOUR_US / (SWEEP_NAP_US / 2) + 1);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_it_keeps_to_its_share_whatever_there_is),
                cmocka_unit_test_setup_teardown(test_what_sent_no_event, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_a_new_match_of_a_pattern, set_up, tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
