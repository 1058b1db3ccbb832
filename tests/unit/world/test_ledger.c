/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <string.h>

#include "base/text.h"
#include "world/ledger.h"

static struct finding say(const char *rule, const char *got) {
        return (struct finding){ .rule_id = BORROWED(rule), .got = BORROWED(got), .line = 3 };
}

static void count_closed(void *userdata, const struct open_finding *closed) {
        size_t *n = userdata;

        assert_string_equal(closed->finding.rule_id, "b");
        (*n)++;
}

static void test_open_stay_close(void **state) {
        struct ledger ledger = { 0 };
        struct finding a = say("a", "yes"), b = say("b", "yes");
        size_t n_closed = 0;

        (void)state;
        assert_null(ledger_find(&ledger, &a));
        assert_int_equal(ledger_open(&ledger, &a, 10, 1, "alerted"), 0);
        assert_int_equal(ledger_open(&ledger, &b, 10, 2, "alerted"), 0);
        ledger_begin(&ledger);
        a.line = 7;
        assert_non_null(ledger_find(&ledger, &a));
        ledger_find(&ledger, &a)->is_current = true;
        ledger_close(&ledger, count_closed, &n_closed);
        assert_int_equal(n_closed, 1);
        assert_int_equal(ledger.n_items, 1);
        assert_null(ledger_find(&ledger, &b));
        for (int i = 0; i < 9; i++)
                assert_int_equal(ledger_open(&ledger, &b, 11, 3, "alerted"), 0);
        ledger_done(&ledger);
        assert_int_equal(ledger.n_items, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_open_stay_close),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
