/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <errno.h>
#include <string.h>

#include "wire/json.h"

/* {"a":[[…]]} with DEPTH levels in all. */
static int parse_nested(size_t depth) {
        CLEANUP(wire_json_cleanup) json_t *value = NULL;
        CLEANUP(text_done) struct text text = { 0 };

        (void)text_append(&text, "{\"a[{\\\"[\":");
        for (size_t i = 1; i < depth; i++)
                (void)text_append_char(&text, '[');
        (void)text_append(&text, depth > 1 ? "" : "0");
        for (size_t i = 1; i < depth; i++)
                (void)text_append_char(&text, ']');
        (void)text_append_char(&text, '}');
        return wire_json_parse(text_get(&text), text.n, &value);
}

static void test_depth(void **state) {
        (void)state;
        for (size_t depth = 1; depth <= WIRE_DEPTH_MAX; depth++)
                assert_int_equal(parse_nested(depth), 0);
        assert_int_equal(parse_nested(WIRE_DEPTH_MAX + 1), -EBADMSG);
        assert_int_equal(parse_nested(100000), -EBADMSG);
}

static void test_nothing_acts_on_a_terminal(void **state) {
        /* ESC, BEL, DEL, C1 CSI (U+009B), right-to-left override; ü and 語 stay */
        CLEANUP(wire_json_cleanup)
        json_t *value = json_pack("{s:s}", "a\x7f",
                                  "\x1b[2J\x07 \x7f \xc2\x9b \xe2\x80\xae \xc3\xbc\xe8\xaa\x9e");
        CLEANUP(wire_json_cleanup) json_t *again = NULL;
        CLEANUP(text_done) struct text text = { 0 };

        (void)state;
        assert_int_equal(wire_json_format(value, WIRE_JSON_COMPACT, &text), 0);
        assert_string_equal(text.data, "{\"a\\u007f\":\"\\u001B[2J\\u0007 \\u007f \\u009b \\u202e "
                                       "\xc3\xbc\xe8\xaa\x9e\"}");
        /* and means the same as before */
        assert_int_equal(wire_json_parse(text.data, text.n, &again), 0);
        assert_true(json_equal(value, again));
}

static void test_pretty(void **state) {
        CLEANUP(wire_json_cleanup) json_t *value = json_pack("{s:[i,b]}", "a", 1, 1);
        CLEANUP(text_done) struct text text = { 0 };

        (void)state;
        assert_int_equal(wire_json_format(value, WIRE_JSON_PRETTY, &text), 0);
        assert_string_equal(text.data, "{\n  \"a\": [\n    1,\n    true\n  ]\n}");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_depth),
                cmocka_unit_test(test_nothing_acts_on_a_terminal),
                cmocka_unit_test(test_pretty),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
