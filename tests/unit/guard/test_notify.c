/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include "guard/notify.h"

static const uint64_t second = 1000000;

/* Ten are told of, the others counted; then the next window begins. */
static void test_window(void **state) {
        struct notify_queue queue = { 0 };

        (void)state;
        for (int64_t id = 1; id <= 13; id++)
                assert_int_equal(notify_queue_add(&queue, id, 100 * second),
                                 id <= NOTIFY_WINDOW_MAX);
        for (int64_t id = 1; id <= NOTIFY_WINDOW_MAX; id++)
                assert_int_equal(notify_queue_take(&queue), id);
        assert_int_equal(notify_queue_take(&queue), 0);
        /* what was told counts as long as the window lasts */
        assert_false(notify_queue_add(&queue, 14, 159 * second));
        assert_int_equal(notify_queue_end_window(&queue, 159 * second), 0);
        assert_int_equal(notify_queue_end_window(&queue, 160 * second), 4);
        assert_true(notify_queue_add(&queue, 15, 161 * second));
        assert_int_equal(notify_queue_take(&queue), 15);
        assert_int_equal(notify_queue_end_window(&queue, 221 * second), 0);
}

/* A unit that takes longer than a window: what waits stays, and no more is accepted than fits. */
static void test_slow(void **state) {
        struct notify_queue queue = { 0 };

        (void)state;
        for (int64_t id = 1; id <= NOTIFY_WINDOW_MAX; id++)
                assert_true(notify_queue_add(&queue, id, second));
        assert_int_equal(notify_queue_take(&queue), 1);
        assert_int_equal(notify_queue_end_window(&queue, 61 * second), 0);
        assert_true(notify_queue_add(&queue, 11, 62 * second));
        assert_false(notify_queue_add(&queue, 12, 62 * second));
        for (int64_t id = 2; id <= 11; id++)
                assert_int_equal(notify_queue_take(&queue), id);
        assert_int_equal(notify_queue_end_window(&queue, 122 * second), 1);
}

/* Interleaved, in order. */
static void test_order(void **state) {
        struct notify_queue queue = { 0 };

        (void)state;
        assert_true(notify_queue_add(&queue, 5, second));
        assert_true(notify_queue_add(&queue, 3, second));
        assert_int_equal(notify_queue_take(&queue), 5);
        assert_true(notify_queue_add(&queue, 9, second));
        assert_int_equal(notify_queue_take(&queue), 3);
        assert_int_equal(notify_queue_take(&queue), 9);
        assert_int_equal(notify_queue_take(&queue), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_window),
                cmocka_unit_test(test_slow),
                cmocka_unit_test(test_order),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
