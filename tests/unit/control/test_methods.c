/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixture.h"

static const struct idl_member *member_of(const struct fixture *fixture, enum idl_member_kind kind,
                                          const char *qualified) {
        bool is_control = strncmp(qualified, WIRE_CONTROL ".", sizeof WIRE_CONTROL) == 0;

        return idl_find(is_control ? fixture->interface : fixture->service, kind,
                        strrchr(qualified, '.') + 1);
}

/* Calls and holds the reply, or the error's parameters, against the interface file. */
static struct wire_reply call_checked(struct fixture *fixture, const char *method,
                                      const char *parameters) {
        struct wire_reply reply = fixture_call(fixture, method, parameters);
        CLEANUP(wire_json_cleanup) json_t *nothing = json_object();
        json_t *given = reply.parameters ? reply.parameters : nothing;
        const struct idl_member *member;
        const char *field = "";
        bool right = false;

        assert_non_null(reply.message);
        member = reply.error ? member_of(fixture, IDL_ERROR, reply.error)
                             : idl_find(fixture->interface, IDL_METHOD, method);
        if (!member)
                fail_msg("%s: unknown error %s", method, reply.error ? reply.error : "-");
        else if (reply.error && strncmp(reply.error, WIRE_SERVICE, strlen(WIRE_SERVICE)) == 0)
                right = idl_check(fixture->service, &member->in, given, &field);
        else
                right = idl_check(fixture->interface, reply.error ? &member->in : &member->out,
                                  given, &field);
        if (!right) {
                CLEANUP_FREE char *shown = json_dumps(given, 0);

                fail_msg("%s: %s is not as the interface says: %s", method, field, shown);
        }
        return reply;
}

static const json_t *at(const json_t *value, const char *first, int index, const char *second) {
        value = json_object_get(value, first);
        if (index >= 0)
                value = json_array_get(value, (size_t)index);
        return second ? json_object_get(value, second) : value;
}

/* Table, interface file and handlers name the same methods, in the same order. */
static void test_table_and_interface_agree(void **state) {
        struct fixture *fixture = fixture_new(CONTROL_GROUP_NONE);
        const struct idl_interface *interfaces[] = { fixture->service, fixture->interface };
        const struct control_method *methods;
        size_t n_methods, k = 0;

        (void)state;
        methods = control_methods(&n_methods);
        for (size_t i = 0; i < N_ELEMENTS(interfaces); i++) {
                for (size_t m = 0; m < interfaces[i]->n_members; m++) {
                        const struct idl_member *member = &interfaces[i]->members[m];
                        CLEANUP_FREE char *name = NULL;

                        if (member->kind != IDL_METHOD)
                                continue;
                        assert_true(k < n_methods);
                        name = text_format("%s.%s", interfaces[i]->name, member->name);
                        assert_string_equal(methods[k].name, name);
                        assert_non_null(methods[k].handle);
                        assert_true(methods[k].safe_why && strlen(methods[k].safe_why) > 5);
                        assert_true(methods[k].class < N_CONTROL_CLASSES);
                        k++;
                }
        }
        assert_int_equal(k, n_methods);
        fixture_free(fixture);
}

/* A call of each method that answers; the backend can refuse some. */
static const struct {
        const char *method, *parameters;
        bool is_refused;
} calls[] = {
        { "Status", "{}", false },
        { "ListFiles", "{}", false },
        { "ListFiles", "{\"limit\":2,\"after\":\"1\"}", false },
        { "ListKeys", "{}", false },
        { "ListKeys", "{\"user\":\"bob\",\"after\":\"1\"}", false },
        { "ListAccess", "{}", true },
        { "ListAccess", "{\"user\":\"bob\",\"address\":\"10.0.0.1\"}", true },
        { "ListRules", "{}", false },
        { "ListFindings", "{}", false },
        { "ListIncidents", "{}", false },
        { "ListIncidents",
          "{\"path\":\"/etc/ssh/"
          "sshd_config\",\"rule\":\"x\",\"since_us\":5,\"until_us\":9,\"severity_at_least\":"
          "\"high\",\"limit\":3}",
          false },
        { "GetIncident", "{\"id\":4}", false },
        { "GetIncident", "{\"id\":5}", false },
        { "Diff", "{\"path\":\"/etc/ssh/sshd_config\"}", false },
        { "Diff", "{\"incident\":4}", true },
        { "Approve", "{\"path_base64\":\"L/8=\",\"sha256\":\"absent\"}", true },
        { "Approve", "{\"path\":\"/a\",\"sha256\":\"absent\"}", true },
        { "Restore", "{\"incident\":4}", true },
        { "Restore", "{\"path\":\"/a\"}", true },
        { "GetContent", "{\"path\":\"/a\"}", true },
        { "Preview", "{\"path\":\"/a\",\"content_base64\":\"\"}", true },
        { "Preview", "{\"path\":\"/a\",\"content_base64\":\"cmVmdXNlZAo=\"}", false },
        { "Preview", "{\"path\":\"/a\",\"content_base64\":\"Y2hhbmdlZAo=\"}", false },
        { "Install", "{\"path\":\"/a\",\"content_base64\":\"YQo=\",\"replaces\":\"absent\"}",
          true },
        { "Install",
          "{\"path\":\"/"
          "a\",\"content_base64\":\"YQo=\",\"replaces\":\"absent\",\"confirm_within_"
          "us\":1000000}",
          false },
        { "Confirm", "{}", true },
        { "Undo", "{\"path\":\"/a\"}", true },
        { "Acknowledge",
          "{\"rule\":\"x\",\"sha256\":"
          "\"0000000000000000000000000000000000000000000000000000000000000000\"}",
          false },
        { "Reload", "{}", true },
        { "Explain", "{\"rule\":\"sshd.password-authentication\"}", false },
        { "GeneratePolicy", "{}", true },
        { "GetMetrics", "{}", false },
        { "Permit", "{\"path\":\"/a\",\"until_us\":9000000000000000,\"reason\":\"r\"}", true },
        { "RevokePermit", "{\"id\":1}", true },
        { "ListPermits", "{}", false },
        { "Pause", "{\"until_us\":9000000000000000,\"reason\":\"r\"}", true },
        { "Resume", "{}", true },
        { "Unlock", "{\"path\":\"/a\",\"until_us\":9000000000000000,\"reason\":\"r\"}", true },
        { "BeginPackageRun", "{\"reason\":\"r\"}", true },
        { "EndPackageRun", "{}", true },
};

static void test_every_method_is_called(void **state) {
        static const char *const streams[] = { "Check", "Monitor" }; /* test_control.c has them */
        const struct control_method *methods;
        size_t n_methods;

        (void)state;
        methods = control_methods(&n_methods);
        for (size_t i = 0; i < n_methods; i++) {
                const char *name = strrchr(methods[i].name, '.') + 1;
                bool is_called = methods[i].class == CONTROL_INTROSPECT;

                for (size_t k = 0; k < N_ELEMENTS(streams); k++)
                        is_called |= strcmp(streams[k], name) == 0;
                for (size_t k = 0; k < N_ELEMENTS(calls); k++)
                        is_called |= strcmp(calls[k].method, name) == 0;
                if (!is_called)
                        fail_msg("%s is not called", name);
        }
}

static void test_every_reply_is_as_the_interface_says(void **state) {
        struct fixture *fixture = fixture_new(CONTROL_GROUP_NONE);

        (void)state;
        for (size_t i = 0; i < N_ELEMENTS(calls); i++) {
                struct wire_reply reply =
                        call_checked(fixture, calls[i].method, calls[i].parameters);

                if (reply.error)
                        fail_msg("%s: %s", calls[i].method, reply.error);
                wire_reply_done(&reply);
        }
        fixture_free(fixture);
}

static void test_every_refusal_is_as_the_interface_says(void **state) {
        static const char *const names[N_CONTROL_RESULTS] = {
                [CONTROL_NO_SUCH_PATH] = "NoSuchPath",
                [CONTROL_NO_SUCH_INCIDENT] = "NoSuchIncident",
                [CONTROL_NO_SUCH_RULE] = "NoSuchRule",
                [CONTROL_NO_SUCH_PERMIT] = "NoSuchPermit",
                [CONTROL_NOTHING_KEPT] = "NothingKept",
                [CONTROL_CONTENT_CHANGED] = "ContentChanged",
                [CONTROL_VIOLATES] = "Violates",
                [CONTROL_POLICY_INVALID] = "PolicyInvalid",
                [CONTROL_REFUSED] = "Refused",
        };
        struct fixture *fixture = fixture_new(CONTROL_GROUP_NONE);

        (void)state;
        for (size_t i = 0; i < N_ELEMENTS(calls); i++) {
                if (!calls[i].is_refused)
                        continue;
                for (int result = 1; result < N_CONTROL_RESULTS; result++) {
                        struct wire_reply reply;

                        fixture->result = result;
                        reply = call_checked(fixture, calls[i].method, calls[i].parameters);
                        assert_non_null(reply.error);
                        assert_string_equal(strrchr(reply.error, '.') + 1, names[result]);
                        wire_reply_done(&reply);
                }
                fixture->result = -EROFS;
                struct wire_reply reply =
                        call_checked(fixture, calls[i].method, calls[i].parameters);
                assert_string_equal(reply.error, "org.sshguardd.Control.Failed");
                assert_string_equal(json_string_value(json_object_get(reply.parameters, "errno")),
                                    "EROFS");
                wire_reply_done(&reply);
        }
        fixture_free(fixture);
}

static void test_parameters(void **state) {
        static const struct {
                const char *method, *parameters, *wrong;
        } cases[] = {
                { "ListFiles", "{\"after\":\"x\"}", "after" },
                { "ListFiles", "{\"after\":\"-1\"}", "after" },
                { "ListFiles", "{\"after\":\"\"}", "after" },
                { "ListFiles", "{\"limit\":0}", "limit" },
                { "ListIncidents", "{\"severity_at_least\":\"grave\"}", "severity_at_least" },
                { "ListIncidents", "{\"path\":\"relative\"}", "path" },
                { "Diff", "{}", "path" },
                { "Diff", "{\"path\":\"/a\",\"incident\":1}", "path" },
                { "Diff", "{\"path_base64\":\"///\"}", "path_base64" },
                { "Diff", "{\"path_base64\":\"LwBh\"}", "path_base64" }, /* a NUL inside */
                { "Preview", "{\"path\":\"/a\",\"content_base64\":\"?\"}", "content_base64" },
                { "Preview", "{\"path\":\"a\",\"content_base64\":\"\"}", "path" },
                { "Install", "{\"path\":\"/a\",\"content_base64\":\"\",\"replaces\":\"\"}",
                  "replaces" },
                { "Install",
                  "{\"path\":\"/a\",\"content_base64\":\"\",\"replaces\":\"absent\","
                  "\"confirm_within_us\":0}",
                  "confirm_within_us" },
                { "Install",
                  "{\"path\":\"/a\",\"content_base64\":\"\",\"replaces\":\"absent\","
                  "\"confirm_within_us\":86400000001}",
                  "confirm_within_us" },
                { "Confirm", "{\"path\":\"a\"}", "path" },
                { "Approve", "{\"sha256\":\"absent\"}", "path" },
                { "Approve", "{\"path\":\"/a\",\"sha256\":\"12\"}", "sha256" },
                { "Approve", "{\"path\":\"/a\",\"sha256\":\"absent\",\"exception_rule\":\"r\"}",
                  "exception_until_us" },
                { "Approve", "{\"path\":\"/a\",\"sha256\":\"absent\",\"exception_until_us\":1}",
                  "exception_rule" },
                { "Permit", "{\"path\":\"/a\",\"until_us\":1,\"reason\":\"r\"}", "until_us" },
                { "Permit", "{\"path\":\"/a\",\"until_us\":9000000000000000,\"reason\":\"\"}",
                  "reason" },
                { "Permit",
                  "{\"path\":\"/a\",\"until_us\":9000000000000000,\"reason\":\"r\",\"uses\":0}",
                  "uses" },
                { "Pause", "{\"until_us\":1,\"reason\":\"r\"}", "until_us" },
        };
        struct fixture *fixture = fixture_new(CONTROL_GROUP_NONE);

        (void)state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                struct wire_reply reply =
                        call_checked(fixture, cases[i].method, cases[i].parameters);

                if (!reply.error || strcmp(reply.error, WIRE_INVALID_PARAMETER) != 0)
                        fail_msg("%s %s: %s", cases[i].method, cases[i].parameters,
                                 reply.error ? reply.error : "no error");
                assert_string_equal(
                        json_string_value(json_object_get(reply.parameters, "parameter")),
                        cases[i].wrong);
                wire_reply_done(&reply);
        }
        fixture_free(fixture);
}

static void test_status(void **state) {
        struct fixture *fixture = fixture_new(CONTROL_GROUP_NONE);
        struct wire_reply reply = call_checked(fixture, "Status", "{}");

        (void)state;
        /* the gravest first */
        assert_string_equal(json_string_value(at(reply.parameters, "findings", 0, "rule")),
                            "sshd.password-authentication");
        assert_string_equal(json_string_value(at(reply.parameters, "findings", 1, "rule")),
                            "sshd.refused");
        assert_int_equal(json_integer_value(at(reply.parameters, "counts", -1, "critical")), 1);
        assert_int_equal(json_array_size(at(reply.parameters, "incidents", -1, NULL)), 5);
        assert_int_equal(json_integer_value(at(reply.parameters, "rules", -1, NULL)), 1);
        assert_string_equal(json_string_value(at(reply.parameters, "package_run", -1, "reason")),
                            "dpkg-unpack");
        wire_reply_done(&reply);
        fixture_free(fixture);
}

static void test_pages(void **state) {
        struct fixture *fixture = fixture_new(CONTROL_GROUP_NONE);
        struct wire_reply reply;

        (void)state;
        fixture->n_files = 5;
        reply = call_checked(fixture, "ListFiles", "{\"limit\":3}");
        assert_int_equal(json_array_size(at(reply.parameters, "files", -1, NULL)), 3);
        assert_string_equal(json_string_value(at(reply.parameters, "next", -1, NULL)), "3");
        wire_reply_done(&reply);
        reply = call_checked(fixture, "ListFiles", "{\"limit\":3,\"after\":\"3\"}");
        assert_int_equal(json_array_size(at(reply.parameters, "files", -1, NULL)), 2);
        assert_true(json_is_null(at(reply.parameters, "next", -1, NULL)));
        wire_reply_done(&reply);
        fixture->n_files = 100000;
        reply = call_checked(fixture, "ListFiles", "{\"limit\":100000}");
        assert_int_equal(json_array_size(at(reply.parameters, "files", -1, NULL)), 250);
        wire_reply_done(&reply);
        reply = call_checked(fixture, "ListIncidents", "{\"limit\":19}");
        assert_true(json_is_true(at(reply.parameters, "truncated", -1, NULL)));
        wire_reply_done(&reply);
        reply = call_checked(fixture, "ListIncidents", "{\"limit\":20}");
        assert_true(json_is_false(at(reply.parameters, "truncated", -1, NULL)));
        wire_reply_done(&reply);
        fixture_free(fixture);
}

/* A path that is not UTF-8 can be read, and sent back as it is. */
static void test_strange_paths(void **state) {
        struct fixture *fixture = fixture_new(CONTROL_GROUP_NONE);
        struct wire_reply reply = call_checked(fixture, "ListFiles", "{}");
        CLEANUP(text_done) struct text parameters = { 0 };

        (void)state;
        assert_string_equal(json_string_value(at(reply.parameters, "files", 1, "path")),
                            "/home/m\\xfcller/\\x1b[2J/authorized_keys");
        (void)text_appendf(&parameters, "{\"path_base64\":\"%s\",\"sha256\":\"absent\"}",
                           json_string_value(at(reply.parameters, "files", 1, "path_base64")));
        wire_reply_done(&reply);
        reply = call_checked(fixture, "Approve", text_get(&parameters));
        assert_null(reply.error);
        assert_string_equal(fixture->last_path, strange_path);
        assert_true(fixture->last_approval.absent);
        assert_int_equal(fixture->last_approval.peer.pid, getpid());
        wire_reply_done(&reply);
        fixture_free(fixture);
}

static void test_diff(void **state) {
        struct fixture *fixture = fixture_new(CONTROL_GROUP_NONE);
        struct wire_reply reply =
                call_checked(fixture, "Diff", "{\"path\":\"/etc/ssh/sshd_config\"}");

        (void)state;
        assert_string_equal(json_string_value(at(reply.parameters, "diff", -1, NULL)),
                            "@@ -1,2 +1,2 @@\n Port 22\n-PasswordAuthentication no\n"
                            "+PasswordAuthentication yes\t\\x1b[2J\\xff\n");
        assert_string_equal(json_string_value(at(reply.parameters, "metadata", 0, NULL)),
                            "mode: 0644 -> 0666");
        wire_reply_done(&reply);
        fixture_free(fixture);
}

/* A pause lies beside the permits of the backend and is none of them. */
static int with_pause(void *userdata, size_t index, struct control_permit *ret) {
        (void)userdata;
        *ret = (struct control_permit){ .id = 1 + (int64_t)index,
                                        .path = index == 0 ? NULL : "/a",
                                        .uses_left = -1 };
        return index < 2;
}

static void test_a_pause_is_no_permit(void **state) {
        struct fixture *fixture = fixture_new(CONTROL_GROUP_NONE);
        struct wire_reply reply;

        (void)state;
        control_free(fixture->control);
        fixture->backend.get_permit = with_pause;
        assert_int_equal(control_new(fixture->event,
                                     &(struct control_options){ .socket_path = fixture->socket_path,
                                                                .root_path = "/tmp",
                                                                .group = CONTROL_GROUP_NONE },
                                     &fixture->backend, &fixture->control),
                         0);
        reply = call_checked(fixture, "ListPermits", "{}");
        assert_int_equal(json_array_size(at(reply.parameters, "permits", -1, NULL)), 1);
        wire_reply_done(&reply);
        reply = call_checked(fixture, "Status", "{}");
        assert_int_equal(json_integer_value(at(reply.parameters, "permits", -1, NULL)), 1);
        wire_reply_done(&reply);
        fixture_free(fixture);
}

static void test_unknown_rule(void **state) {
        struct fixture *fixture = fixture_new(CONTROL_GROUP_NONE);
        struct wire_reply reply =
                call_checked(fixture, "Explain", "{\"rule\":\"sshd.pasword-authentication\"}");

        (void)state;
        assert_string_equal(reply.error, "org.sshguardd.Control.NoSuchRule");
        assert_string_equal(json_string_value(json_object_get(reply.parameters, "nearest")),
                            "sshd.password-authentication");
        wire_reply_done(&reply);
        fixture_free(fixture);
}

static void test_explain(void **state) {
        struct fixture *fixture = fixture_new(CONTROL_GROUP_NONE);
        struct wire_reply reply =
                call_checked(fixture, "Explain", "{\"rule\":\"sshd.password-authentication\"}");

        (void)state;
        assert_string_equal(json_string_value(json_object_get(reply.parameters, "conditions")),
                            "    sshd = \"PasswordAuthentication\";\n");
        assert_int_equal(json_integer_value(at(reply.parameters, "rule", -1, "would")), 3);
        assert_int_equal(json_integer_value(at(reply.parameters, "rule", -1, "would_last_us")), 9);
        assert_int_equal(
                json_integer_value(at(reply.parameters, "rule", -1, "acknowledged_by_uid")), 7);
        assert_int_equal(json_integer_value(at(reply.parameters, "rule", -1, "findings")), 1);
        assert_int_equal(json_array_size(at(reply.parameters, "incidents", -1, NULL)), 10);
        wire_reply_done(&reply);
        fixture_free(fixture);
}

static void test_metrics(void **state) {
        struct fixture *fixture = fixture_new(CONTROL_GROUP_NONE);
        struct wire_reply reply = call_checked(fixture, "GetMetrics", "{}");
        const char *text = json_string_value(json_object_get(reply.parameters, "text"));

        (void)state;
        assert_non_null(strstr(text, "\nsshguardd_findings{severity=\"critical\"} 1\n"));
        assert_non_null(strstr(text, "\nsshguardd_policy_generation 7\n"));
        assert_non_null(strstr(text, "# TYPE sshguardd_looks counter\n"));
        assert_non_null(strstr(text, "\nsshguardd_looks_total 0\n"));
        assert_string_equal(text + strlen(text) - 6, "# EOF\n");
        wire_reply_done(&reply);
        fixture_free(fixture);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_table_and_interface_agree),
                cmocka_unit_test(test_every_method_is_called),
                cmocka_unit_test(test_every_reply_is_as_the_interface_says),
                cmocka_unit_test(test_every_refusal_is_as_the_interface_says),
                cmocka_unit_test(test_parameters),
                cmocka_unit_test(test_status),
                cmocka_unit_test(test_pages),
                cmocka_unit_test(test_strange_paths),
                cmocka_unit_test(test_diff),
                cmocka_unit_test(test_a_pause_is_no_permit),
                cmocka_unit_test(test_unknown_rule),
                cmocka_unit_test(test_explain),
                cmocka_unit_test(test_metrics),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
