/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"

static void collect(const char *key, void *value, void *userdata) {
        char *all = userdata;

        (void)value;
        strcat(all, key);
        strcat(all, " ");
}

static void test_set_get_remove(void **state) {
        struct map map = { 0 };
        int one = 1, two = 2;
        void *old = &map;

        (void)state;
        assert_null(map_get(&map, "a"));
        assert_int_equal(map_set(&map, "a", &one, &old), 0);
        assert_null(old);
        assert_int_equal(map_set(&map, "a", &two, &old), 0);
        assert_ptr_equal(old, &one);
        assert_ptr_equal(map_get(&map, "a"), &two);
        assert_int_equal(map.n, 1);
        assert_ptr_equal(map_remove(&map, "a"), &two);
        assert_null(map_remove(&map, "a"));
        assert_int_equal(map.n, 0);
        map_done(&map, NULL);
}

static void test_order_and_size(void **state) {
        struct map map = { 0 };
        char all[64] = "";

        (void)state;
        (void)map_set(&map, "10-a", strdup("x"), NULL);
        (void)map_set(&map, "9-b", strdup("x"), NULL);
        (void)map_set(&map, "B", strdup("x"), NULL);
        map_each(&map, collect, all);
        assert_string_equal(all, "10-a 9-b B ");
        for (int i = 0; i < 1000; i++) {
                char key[16];

                (void)snprintf(key, sizeof key, "%d", i);
                assert_int_equal(map_set(&map, key, strdup(key), NULL), 0);
        }
        assert_int_equal(map.n, 1003);
        assert_string_equal(map_get(&map, "777"), "777");
        map_done(&map, free);
        assert_int_equal(map.n, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_set_get_remove),
                cmocka_unit_test(test_order_and_size),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
