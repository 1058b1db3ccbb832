/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <errno.h>
#include <string.h>

#include "wire/message.h"

static void test_calls(void **state) {
        static const struct {
                const char *text;
                int result;
                bool more, oneway, has_parameters;
        } cases[] = {
                { "{\"method\":\"a.B\"}", 0, false, false, false },
                { "{\"method\":\"a.B\",\"parameters\":{}}", 0, false, false, true },
                { "{\"method\":\"a.B\",\"parameters\":null}", 0, false, false, false },
                { "{\"method\":\"a.B\",\"parameters\":{\"x\":1},\"more\":true}", 0, true, false,
                  true },
                { " {\"oneway\":true,\n\"method\":\"a.B\"} ", 0, false, true, false },
                { "{\"method\":\"a.B\",\"oneway\":false}", 0, false, false, false },
                { "", -EBADMSG, false, false, false },
                { "null", -EBADMSG, false, false, false },
                { "[]", -EBADMSG, false, false, false },
                { "{}", -EBADMSG, false, false, false },
                { "{\"method\":1}", -EBADMSG, false, false, false },
                { "{\"method\":\"a.B\"", -EBADMSG, false, false, false },
                { "{\"method\":\"a.B\"}x", -EBADMSG, false, false, false },
                { "{\"method\":\"a.B\",\"method\":\"a.C\"}", -EBADMSG, false, false, false },
                { "{\"method\":\"a.B\",\"parameters\":[]}", -EBADMSG, false, false, false },
                { "{\"method\":\"a.B\",\"more\":1}", -EBADMSG, false, false, false },
                { "{\"method\":\"a.B\",\"onewy\":true}", -EBADMSG, false, false, false },
                { "{\"method\":\"a.B\",\"oneway\":true,\"more\":true}", -EBADMSG, false, false,
                  false },
                { "{\"method\":\"a\\u0000B\"}", -EBADMSG, false, false, false },
                { "{\"method\":\"\xff\"}", -EBADMSG, false, false, false },
                { "{\"method\":\"a.B\",\"parameters\":{\"x\":99999999999999999999}}", -EBADMSG,
                  false, false, false },
        };

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                struct wire_call call = { 0 };
                int r = wire_call_parse(cases[i].text, strlen(cases[i].text), &call);

                if (r != cases[i].result)
                        fail_msg("%s: %d", cases[i].text, r);
                if (r < 0)
                        continue;
                assert_string_equal(call.method, "a.B");
                assert_int_equal(call.more, cases[i].more);
                assert_int_equal(call.oneway, cases[i].oneway);
                assert_int_equal(call.parameters != NULL, cases[i].has_parameters);
                wire_call_done(&call);
        }
}

static void test_replies(void **state) {
        static const struct {
                const char *text;
                int result;
                const char *error;
                bool continues;
        } cases[] = {
                { "{}", 0, NULL, false },
                { "{\"parameters\":{\"a\":[1]}}", 0, NULL, false },
                { "{\"parameters\":{},\"continues\":true}", 0, NULL, true },
                { "{\"error\":\"a.E\"}", 0, "a.E", false },
                { "{\"error\":\"a.E\",\"continues\":true}", -EBADMSG, NULL, false },
                { "{\"error\":null}", -EBADMSG, NULL, false },
                { "{\"method\":\"a.B\"}", -EBADMSG, NULL, false },
        };

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                struct wire_reply reply = { 0 };
                int r = wire_reply_parse(cases[i].text, strlen(cases[i].text), &reply);

                if (r != cases[i].result)
                        fail_msg("%s: %d", cases[i].text, r);
                if (r < 0)
                        continue;
                if (cases[i].error)
                        assert_string_equal(reply.error, cases[i].error);
                else
                        assert_null(reply.error);
                assert_int_equal(reply.continues, cases[i].continues);
                wire_reply_done(&reply);
        }
}

static void test_format(void **state) {
        struct wire_call call = { .method = "a.B", .more = true };
        struct wire_reply reply = { .error = "a.E" };
        struct text text = { 0 };

        (void)state;
        assert_int_equal(wire_call_format(&call, &text), 0);
        assert_int_equal(text.n, strlen(text.data) + 1);
        assert_string_equal(text.data, "{\"method\":\"a.B\",\"more\":true}");
        text_done(&text);

        reply.parameters = json_pack("{s:i}", "x", 1);
        assert_int_equal(wire_reply_format(&reply, &text), 0);
        assert_string_equal(text.data, "{\"parameters\":{\"x\":1},\"error\":\"a.E\"}");
        json_decref(reply.parameters);
        text_done(&text);

        reply = (struct wire_reply){ 0 };
        assert_int_equal(wire_reply_format(&reply, &text), 0);
        assert_string_equal(text.data, "{}");
        text_done(&text);

        call.method = "\xff"; /* not ours to send */
        assert_int_equal(wire_call_format(&call, &text), -ENOMEM);
        text_done(&text);
}

static void test_interface_length(void **state) {
        (void)state;
        assert_int_equal(wire_interface_length("org.sshguardd.Control.Status"), 21);
        assert_int_equal(wire_interface_length("Status"), 0);
        assert_int_equal(wire_interface_length(""), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_calls),
                cmocka_unit_test(test_replies),
                cmocka_unit_test(test_format),
                cmocka_unit_test(test_interface_length),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
