/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../../client/operands.h"
#include "base/cleanup.h"
#include "wire/json.h"

static void test_numbers(void **state) {
        static const struct {
                const char *string;
                int64_t number; /* 0: none */
        } cases[] = {
                { "1", 1 },
                { "12", 12 },
                { "0", 0 },
                { "-1", 0 },
                { "+1", 0 },
                { "", 0 },
                { " 1", 0 },
                { "1 ", 0 },
                { "0x1", 0 },
                { "1e3", 0 },
                { "9223372036854775807", INT64_MAX },
                { "9223372036854775808", 0 },
        };

        (void)state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                int64_t number = 0;

                assert_int_equal(operand_parse_number(cases[i].string, &number),
                                 cases[i].number != 0);
                assert_int_equal(number, cases[i].number);
        }
}

static void test_paths(void **state) {
        static const struct {
                const char *given, *sent; /* NULL: in base64 */
        } cases[] = {
                { "/etc/ssh/sshd_config", "/etc/ssh/sshd_config" },
                { "//etc/./ssh//", "/etc/ssh" },
                { "/etc/../x", "/etc/../x" },
                { "/", "/" },
                { "name", "/usr/name" },
                { "./a/b", "/usr/a/b" },
                { ".", "/usr" },
                { "/a\xff", NULL },
        };

        (void)state;
        assert_int_equal(chdir("/usr"), 0);
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                CLEANUP(wire_json_cleanup) json_t *parameters = json_object();
                const char *sent;

                assert_true(operand_set_path(parameters, cases[i].given));
                sent = json_string_value(json_object_get(parameters, "path"));
                if (cases[i].sent)
                        assert_string_equal(sent, cases[i].sent);
                else
                        assert_string_equal(
                                json_string_value(json_object_get(parameters, "path_base64")),
                                "L2H/");
        }
        CLEANUP(wire_json_cleanup) json_t *none = json_object();
        assert_false(operand_set_path(none, ""));
        assert_int_equal(json_object_size(none), 0);
}

static void test_strings(void **state) {
        CLEANUP(wire_json_cleanup) json_t *parameters = json_object();

        (void)state;
        assert_true(operand_set_string(parameters, "a", NULL));
        assert_int_equal(json_object_size(parameters), 0);
        assert_false(operand_set_string(parameters, "a", "\xff"));
        assert_true(operand_set_string(parameters, "a", "b"));
        assert_string_equal(json_string_value(json_object_get(parameters, "a")), "b");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_numbers),
                cmocka_unit_test(test_paths),
                cmocka_unit_test(test_strings),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
