/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <errno.h>
#include <string.h>

#include "wire/idl.h"
#include "wire/interfaces.h"

static const char example[] = "# about it\n"
                              "interface org.example.a-b\n"
                              "\n"
                              "# detached\n"
                              "\n"
                              "# a colour\n"
                              "# of two\n"
                              "type Colour (red, green) # trailing\n"
                              "type Tree(leaf: ?string, trees: ?[]Tree)\n"
                              "method Paint(colour: Colour, by: [string]int, deep: ?(x: bool,\n"
                              "    # inside\n"
                              "    y: ?float)) -> (tree: Tree, any: object)\n"
                              "method Nothing() -> ()\n"
                              "error Wet (since: int)\n";

static struct idl_interface *parse(const char *text) {
        struct diagnostics diagnostics = { 0 };
        struct idl_interface *interface = NULL;
        int r = idl_parse(text, &diagnostics, &interface);

        if (r < 0)
                fail_msg("line %u: %s", diagnostics.n_items ? diagnostics.items[0].line : 0,
                         diagnostics.n_items ? diagnostics.items[0].message : "no diagnostic");
        diagnostics_done(&diagnostics);
        return interface;
}

static void test_parse(void **state) {
        struct idl_interface *interface = parse(example);
        const struct idl_member *paint = idl_find(interface, IDL_METHOD, "Paint");

        (void)state;
        assert_string_equal(interface->name, "org.example.a-b");
        assert_int_equal(interface->n_members, 5);
        assert_string_equal(idl_find(interface, IDL_TYPE, "Colour")->comment, "a colour\nof two\n");
        assert_non_null(paint);
        assert_null(idl_find(interface, IDL_ERROR, "Paint"));
        assert_int_equal(paint->in.n_fields, 3);
        assert_string_equal(paint->in.fields[2].name, "deep");
        assert_int_equal(paint->in.fields[1].type.kind, IDL_MAP);
        assert_int_equal(idl_find(interface, IDL_METHOD, "Nothing")->out.n_fields, 0);
        idl_free(interface);
}

static void test_mistakes(void **state) {
        static const struct {
                const char *text;
                unsigned line;
        } cases[] = {
                { "", 1 },
                { "interface", 1 },
                { "interface a.b\ntype T", 2 },
                { "interface a.b\ntype t (a: Missing)", 2 },
                { "interface a.b\ntype T (a: int,)", 2 },
                { "interface a.b\ntype T (a: int, a: int)", 2 },
                { "interface a.b\ntype T (a: int, b)", 2 },
                { "interface a.b\nmethod M(a) -> ()", 2 },
                { "interface a.b\nmethod M(a: int)\n", 3 },
                { "interface a.b\nerror E ()\n\ntype E (a: int)", 4 },
                { "interface a.b\ntype T (a: [][][][][][][][][]int)", 2 },
                { "interface a.b\nmetod M() -> ()", 2 },
        };

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                struct diagnostics diagnostics = { 0 };
                struct idl_interface *interface = NULL;

                assert_int_equal(idl_parse(cases[i].text, &diagnostics, &interface), -EBADMSG);
                assert_int_equal(diagnostics.n_items, 1);
                if (diagnostics.items[0].line != cases[i].line)
                        fail_msg("%s: line %u", cases[i].text, diagnostics.items[0].line);
                diagnostics_done(&diagnostics);
        }
}

static void test_check(void **state) {
        static const struct {
                const char *json;
                const char *wrong; /* NULL: right */
        } cases[] = {
                { "{\"colour\":\"red\",\"by\":{}}", NULL },
                { "{\"colour\":\"green\",\"by\":{\"a\":1},\"deep\":null}", NULL },
                { "{\"colour\":\"green\",\"by\":{},\"deep\":{\"x\":true,\"y\":1.5}}", NULL },
                { "{\"colour\":\"green\",\"by\":{},\"deep\":{\"x\":true,\"y\":2}}", NULL },
                { "{\"colour\":\"blue\",\"by\":{}}", "colour" },
                { "{\"colour\":1,\"by\":{}}", "colour" },
                { "{\"by\":{}}", "colour" },
                { "{\"colour\":\"red\"}", "by" },
                { "{\"colour\":\"red\",\"by\":{\"a\":\"1\"}}", "by" },
                { "{\"colour\":\"red\",\"by\":[]}", "by" },
                { "{\"colour\":\"red\",\"by\":{},\"deep\":{}}", "deep" },
                { "{\"colour\":\"red\",\"by\":{},\"deep\":{\"x\":true,\"z\":1}}", "deep" },
                { "{\"colour\":\"red\",\"by\":{},\"more\":1}", "more" },
                { "[]", "" },
        };
        struct idl_interface *interface = parse(example);
        const struct idl_member *paint = idl_find(interface, IDL_METHOD, "Paint");

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                json_t *value = json_loads(cases[i].json, 0, NULL);
                const char *wrong = NULL;
                bool right = idl_check(interface, &paint->in, value, &wrong);

                if (right != !cases[i].wrong || (wrong && strcmp(wrong, cases[i].wrong) != 0))
                        fail_msg("%s: %s", cases[i].json, wrong ? wrong : "right");
                json_decref(value);
        }
        idl_free(interface);
}

static void test_recursive_type(void **state) {
        struct idl_interface *interface = parse(example);
        const struct idl_type *tree = &idl_find(interface, IDL_TYPE, "Tree")->in;
        json_t *value = json_loads("{\"trees\":[{\"leaf\":\"a\"},{\"trees\":[{}]}]}", 0, NULL);

        (void)state;
        assert_true(idl_check(interface, tree, value, NULL));
        json_decref(value);
        value = json_loads("{\"trees\":[{\"leaf\":\"a\"},{\"trees\":[{\"leaf\":1}]}]}", 0, NULL);
        assert_false(idl_check(interface, tree, value, NULL));
        json_decref(value);
        idl_free(interface);
}

static void test_own_interfaces(void **state) {
        struct idl_interface *interface = parse(wire_control_description);

        (void)state;
        assert_string_equal(interface->name, WIRE_CONTROL);
        for (size_t i = 0; i < interface->n_members; i++) /* names as varlink wants them */
                assert_true(interface->members[i].name[0] >= 'A' &&
                            interface->members[i].name[0] <= 'Z');
        idl_free(interface);
        interface = parse(wire_service_description);
        assert_string_equal(interface->name, WIRE_SERVICE);
        idl_free(interface);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_parse),          cmocka_unit_test(test_mistakes),
                cmocka_unit_test(test_check),          cmocka_unit_test(test_recursive_type),
                cmocka_unit_test(test_own_interfaces),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
