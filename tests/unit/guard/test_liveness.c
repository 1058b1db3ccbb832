/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include "guard/liveness.h"

static void test_an_event_for_each_beat_is_fine(void **state) {
        struct liveness liveness = { 0 };

        (void)state;
        for (unsigned i = 0; i < 3; i++) {
                assert_int_equal(liveness_beat(&liveness, true), LIVENESS_FINE);
                liveness_note(&liveness);
        }
}

static void test_a_missed_one_is_told_once_and_its_return_too(void **state) {
        struct liveness liveness = { 0 };

        (void)state;
        assert_int_equal(liveness_beat(&liveness, true), LIVENESS_FINE);
        assert_int_equal(liveness_beat(&liveness, true), LIVENESS_LOST);
        assert_int_equal(liveness_beat(&liveness, true), LIVENESS_BLIND);
        liveness_note(&liveness);
        assert_int_equal(liveness_beat(&liveness, true), LIVENESS_BACK);
        liveness_note(&liveness);
        assert_int_equal(liveness_beat(&liveness, true), LIVENESS_FINE);
}

static void test_what_was_not_written_is_not_missed(void **state) {
        struct liveness liveness = { 0 };

        (void)state;
        assert_int_equal(liveness_beat(&liveness, false), LIVENESS_FINE);
        assert_int_equal(liveness_beat(&liveness, false), LIVENESS_FINE);
        assert_int_equal(liveness_beat(&liveness, true), LIVENESS_FINE);
        assert_int_equal(liveness_beat(&liveness, false), LIVENESS_LOST);
        /* a full disk does not make it see again */
        assert_int_equal(liveness_beat(&liveness, true), LIVENESS_BLIND);
        liveness_note(&liveness);
        assert_int_equal(liveness_beat(&liveness, true), LIVENESS_BACK);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_an_event_for_each_beat_is_fine),
                cmocka_unit_test(test_a_missed_one_is_told_once_and_its_return_too),
                cmocka_unit_test(test_what_was_not_written_is_not_missed),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
