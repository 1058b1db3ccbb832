/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixture.h"

#include <grp.h>
#include <sys/resource.h>

static const char status_call[] = "{\"method\":\"org.sshguardd.Control.Status\"}";

static void expect_reply(struct fixture *fixture, int fd) {
        struct wire_reply reply = fixture_read(fixture, fd);

        assert_non_null(reply.message);
        assert_null(reply.error);
        wire_reply_done(&reply);
}

static void expect_error(struct fixture *fixture, int fd, const char *error) {
        struct wire_reply reply = fixture_read(fixture, fd);

        assert_non_null(reply.message);
        assert_non_null(reply.error);
        assert_string_equal(reply.error, error);
        wire_reply_done(&reply);
}

static void expect_end(struct fixture *fixture, int fd) {
        struct wire_reply reply = fixture_read(fixture, fd);

        assert_null(reply.message);
        (void)close(fd);
}

static void test_errors_of_the_protocol(void **state) {
        static const struct {
                const char *call, *error, *parameter, *value;
        } cases[] = {
                { "{\"method\":\"org.sshguardd.Control.Nope\"}", WIRE_METHOD_NOT_FOUND, "method",
                  "org.sshguardd.Control.Nope" },
                { "{\"method\":\"org.example.x.Status\"}", WIRE_INTERFACE_NOT_FOUND, "interface",
                  "org.example.x" },
                { "{\"method\":\"Status\"}", WIRE_INTERFACE_NOT_FOUND, "interface", "" },
                { "{\"method\":\"\"}", WIRE_INTERFACE_NOT_FOUND, "interface", "" },
                { "{\"method\":\"org.sshguardd.Control.Status\",\"parameters\":{\"x\":1}}",
                  WIRE_INVALID_PARAMETER, "parameter", "x" },
                { "{\"method\":\"org.sshguardd.Control.GetIncident\"}", WIRE_INVALID_PARAMETER,
                  "parameter", "id" },
                { "{\"method\":\"org.sshguardd.Control.GetIncident\",\"parameters\":{\"id\":\"1\"}"
                  "}",
                  WIRE_INVALID_PARAMETER, "parameter", "id" },
                { "{\"method\":\"org.sshguardd.Control.Status\",\"upgrade\":true}",
                  WIRE_INVALID_PARAMETER, "parameter", "upgrade" },
                { "{\"method\":\"org.sshguardd.Control.Monitor\"}", WIRE_EXPECTED_MORE, NULL,
                  NULL },
                { "{\"method\":\"org.varlink.service.GetInterfaceDescription\",\"parameters\":"
                  "{\"interface\":\"a.b\"}}",
                  WIRE_INTERFACE_NOT_FOUND, "interface", "a.b" },
        };
        struct fixture *fixture = fixture_new(CONTROL_GROUP_NONE);

        (void)state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                int fd = fixture_connect(fixture);
                struct wire_reply reply;

                fixture_send(fd, cases[i].call);
                reply = fixture_read(fixture, fd);
                if (!reply.error || strcmp(reply.error, cases[i].error) != 0)
                        fail_msg("%s: %s", cases[i].call, reply.error ? reply.error : "no error");
                if (cases[i].parameter)
                        assert_string_equal(json_string_value(json_object_get(reply.parameters,
                                                                              cases[i].parameter)),
                                            cases[i].value);
                wire_reply_done(&reply);
                /* the connection lives on */
                fixture_send(fd, status_call);
                expect_reply(fixture, fd);
                (void)close(fd);
        }
        fixture_free(fixture);
}

static void test_a_backend_without_a_function(void **state) {
        struct fixture *fixture = fixture_new(CONTROL_GROUP_NONE);
        int fd;

        (void)state;
        control_free(fixture->control);
        fixture->backend = (struct control_backend){ .userdata = fixture };
        assert_int_equal(control_new(fixture->event,
                                     &(struct control_options){ .socket_path = fixture->socket_path,
                                                                .root_path = "/tmp",
                                                                .group = CONTROL_GROUP_NONE },
                                     &fixture->backend, &fixture->control),
                         0);
        fd = fixture_connect(fixture);
        fixture_send(fd, status_call);
        expect_error(fixture, fd, WIRE_METHOD_NOT_IMPLEMENTED);
        (void)close(fd);
        fixture_free(fixture);
}

static void test_many_calls_in_one_packet(void **state) {
        struct fixture *fixture = fixture_new(CONTROL_GROUP_NONE);
        struct text calls = { 0 };
        int fd = fixture_connect(fixture);

        (void)state;
        for (int i = 0; i < 50; i++) {
                (void)text_append(&calls, "{\"method\":\"org.sshguardd.Control.Status\",\"oneway\":"
                                          "true}");
                (void)text_append_char(&calls, '\0');
                (void)text_append(&calls, status_call);
                (void)text_append_char(&calls, '\0');
        }
        assert_int_equal(send(fd, calls.data, calls.n, 0), (ssize_t)calls.n);
        /* a peer that says nothing more is answered to the end */
        assert_int_equal(shutdown(fd, SHUT_WR), 0);
        for (int i = 0; i < 50; i++)
                expect_reply(fixture, fd);
        expect_end(fixture, fd);
        assert_int_equal(control_get_load(fixture->control).n_calls, 100);
        assert_int_equal(control_get_load(fixture->control).n_closed_for_cause, 0);
        text_done(&calls);
        fixture_free(fixture);
}

static void test_byte_by_byte(void **state) {
        struct fixture *fixture = fixture_new(CONTROL_GROUP_NONE);
        int fd = fixture_connect(fixture);

        (void)state;
        for (size_t i = 0; i < sizeof status_call; i++) {
                assert_false(is_readable(fd));
                assert_int_equal(send(fd, status_call + i, 1, 0), 1);
                fixture_settle(fixture);
        }
        expect_reply(fixture, fd);
        (void)close(fd);
        fixture_free(fixture);
}

static void test_garbage_ends_the_connection(void **state) {
        static const char *const cases[] = {
                "", "{}", "garbage", "[]", "{\"method\":1}", "GET / HTTP/1.1\r\n\r\n"
        };
        struct fixture *fixture = fixture_new(CONTROL_GROUP_NONE);

        (void)state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                int fd = fixture_connect(fixture);

                fixture_send(fd, cases[i]);
                expect_end(fixture, fd);
        }
        assert_int_equal(control_get_load(fixture->control).n_closed_for_cause, N_ELEMENTS(cases));
        fixture_free(fixture);
}

static void test_monitor(void **state) {
        struct fixture *fixture = fixture_new(CONTROL_GROUP_NONE);
        struct incident incident;
        struct wire_reply reply;
        int fd = fixture_connect(fixture);

        (void)state;
        fixture_send(fd, "{\"method\":\"org.sshguardd.Control.Monitor\",\"more\":true}");
        reply = fixture_read(fixture, fd);
        assert_true(reply.continues);
        wire_reply_done(&reply);
        fill_incident(5, &incident);
        control_publish(fixture->control, &(struct control_event){ .kind = CONTROL_EVENT_INCIDENT,
                                                                   .at_us = 1,
                                                                   .incident = &incident });
        incident_done(&incident);
        reply = fixture_read(fixture, fd);
        assert_true(reply.continues);
        assert_int_equal(
                json_integer_value(json_object_get(
                        json_object_get(json_object_get(reply.parameters, "event"), "incident"),
                        "id")),
                5);
        wire_reply_done(&reply);
        (void)close(fd);
        fixture_settle(fixture);
        assert_int_equal(control_get_load(fixture->control).n_connections, 0);
        fixture_free(fixture);
}

static void test_a_subscriber_who_does_not_read_is_dropped(void **state) {
        struct fixture *fixture = fixture_new(CONTROL_GROUP_NONE);
        int fd = fixture_connect(fixture);

        (void)state;
        fixture_send(fd, "{\"method\":\"org.sshguardd.Control.Monitor\",\"more\":true}");
        fixture_settle(fixture);
        assert_int_equal(control_get_load(fixture->control).n_connections, 1);
        for (int i = 0; i < 100000 && control_get_load(fixture->control).n_connections > 0; i++)
                control_publish(fixture->control,
                                &(struct control_event){ .kind = CONTROL_EVENT_STATE,
                                                         .message = "a message of some length" });
        assert_int_equal(control_get_load(fixture->control).n_connections, 0);
        assert_int_equal(control_get_load(fixture->control).n_queued_bytes, 0);
        (void)close(fd);
        fixture_free(fixture);
}

static void test_check(void **state) {
        struct fixture *fixture = fixture_new(CONTROL_GROUP_NONE);
        int patient = fixture_connect(fixture), curious = fixture_connect(fixture);
        struct wire_reply reply;

        (void)state;
        fixture_send(patient, "{\"method\":\"org.sshguardd.Control.Check\"}");
        fixture_send(curious, "{\"method\":\"org.sshguardd.Control.Check\",\"more\":true}");
        fixture_settle(fixture);
        assert_false(is_readable(patient));
        control_pass_progressed(fixture->control, 3, 30);
        reply = fixture_read(fixture, curious);
        assert_true(reply.continues);
        assert_int_equal(json_integer_value(json_object_get(reply.parameters, "done")), 3);
        wire_reply_done(&reply);
        assert_false(is_readable(patient));
        control_pass_ended(fixture->control);
        reply = fixture_read(fixture, patient);
        assert_false(reply.continues);
        assert_int_equal(json_integer_value(json_object_get(reply.parameters, "findings")), 3);
        wire_reply_done(&reply);
        reply = fixture_read(fixture, curious);
        assert_false(reply.continues);
        wire_reply_done(&reply);
        /* and both can go on asking */
        fixture_send(curious, status_call);
        expect_reply(fixture, curious);
        (void)close(patient);
        (void)close(curious);
        fixture_settle(fixture);
        fixture_free(fixture);
}

/* ---- whose turn it is ---- */

static const char oneway_approve[] =
        "{\"method\":\"org.sshguardd.Control.Approve\",\"oneway\":true,\"parameters\":"
        "{\"path\":\"/a\",\"sha256\":\"absent\"}}";

/* Twenty who ask for all files at once, then one who asks for the status: he need not wait for
 * them, and all are answered in the end. */
static void test_a_quick_question_overtakes_long_ones(void **state) {
        enum { N_LONG = 20 };
        struct fixture *fixture = fixture_new(CONTROL_GROUP_NONE);
        struct wire_reply reply;
        int fds[N_LONG], quick, n_answered = 0;

        (void)state;
        fixture->n_files = 1000;
        for (int i = 0; i < N_LONG; i++) {
                fds[i] = fixture_connect(fixture);
                fixture_send(fds[i], "{\"method\":\"org.sshguardd.Control.ListFiles\"}");
        }
        quick = fixture_connect(fixture);
        fixture_send(quick, "{\"method\":\"org.sshguardd.Control.Status\"}");
        reply = fixture_read(fixture, quick);
        assert_null(reply.error);
        wire_reply_done(&reply);
        for (int i = 0; i < N_LONG; i++) {
                char byte;

                n_answered += recv(fds[i], &byte, 1, MSG_DONTWAIT | MSG_PEEK) == 1;
        }
        assert_in_range(n_answered, 0, 3);
        for (int i = 0; i < N_LONG; i++) {
                reply = fixture_read(fixture, fds[i]);
                assert_null(reply.error);
                wire_reply_done(&reply);
                (void)close(fds[i]);
        }
        (void)close(quick);
        fixture_settle(fixture);
        fixture_free(fixture);
}

/* Who wants no answer and is gone at once has it done all the same, and what he sent behind it. */
static void test_oneway_and_gone(void **state) {
        enum { N_CALLS = 4 };
        struct fixture *fixture = fixture_new(CONTROL_GROUP_NONE);
        struct text calls = { 0 };
        int fd = fixture_connect(fixture);

        (void)state;
        for (int i = 0; i < N_CALLS; i++)
                (void)text_append_n(&calls, oneway_approve, sizeof oneway_approve);
        assert_int_equal(send(fd, calls.data, calls.n, 0), calls.n);
        (void)close(fd);
        text_done(&calls);
        fixture_settle(fixture);
        assert_int_equal(fixture->n_approved, N_CALLS);
        assert_int_equal(control_get_load(fixture->control).n_connections, 0);
        fixture_free(fixture);
}

/* Those who leave while they stand in line leave no trace; the others keep their turn. */
static void test_leaving_the_line(void **state) {
        enum { N_LONG = 7 };
        struct fixture *fixture = fixture_new(CONTROL_GROUP_NONE);
        int fds[N_LONG];

        (void)state;
        for (int i = 0; i < N_LONG; i++) {
                fds[i] = fixture_connect(fixture);
                fixture_send(fds[i], "{\"method\":\"org.sshguardd.Control.ListFiles\"}");
        }
        for (int i = 0; i < 3; i++)
                assert_true(sd_event_run(fixture->event, 0) >= 0);
        for (int i = 0; i < N_LONG; i += 2)
                (void)close(fds[i]);
        for (int i = 1; i < N_LONG; i += 2) {
                struct wire_reply reply = fixture_read(fixture, fds[i]);

                assert_null(reply.error);
                wire_reply_done(&reply);
                (void)close(fds[i]);
        }
        fixture_settle(fixture);
        assert_int_equal(control_get_load(fixture->control).n_connections, 0);
        fixture_free(fixture);
}

/* ---- who may ---- */

enum who { WHO_ROOT, WHO_MEMBER, WHO_PRIMARY, WHO_ADMIN, WHO_READER, WHO_STRANGER, N_WHOS };

/* SO_PEERCRED takes the effective ids at connect(2). */
static int connect_as(struct fixture *fixture, enum who who) {
        static const gid_t member_groups[] = { 4711 };
        static const uid_t uids[N_WHOS] = { 0, 1235, 1235, 1234, 1236, 1235 };
        gid_t none = 65534;
        int fd;

        assert_int_equal(setgroups(who == WHO_MEMBER, member_groups), 0);
        assert_int_equal(setegid(who == WHO_PRIMARY ? 4711 : none), 0);
        assert_int_equal(seteuid(uids[who]), 0);
        fd = fixture_connect(fixture);
        assert_int_equal(seteuid(0), 0);
        assert_int_equal(setegid(0), 0);
        assert_int_equal(setgroups(0, NULL), 0);
        return fd;
}

static void test_every_method_for_everybody(void **state) {
        struct fixture *fixture;
        const struct control_method *methods;
        size_t n_methods;

        (void)state;
        if (geteuid() != 0)
                SKIP("other users' credentials need root");
        fixture = fixture_new(4711);
        fixture->admin = 1234;
        fixture->reader = 1236;
        assert_int_equal(chmod(fixture->socket_path, 0666), 0); /* not the mode alone decides */
        methods = control_methods(&n_methods);
        for (size_t i = 0; i < n_methods; i++) {
                for (enum who who = 0; who < N_WHOS; who++) {
                        bool may_read = who != WHO_STRANGER;
                        bool may_change = who == WHO_ROOT || who == WHO_ADMIN;
                        bool may = methods[i].class == CONTROL_INTROSPECT ||
                                   (methods[i].class == CONTROL_READ ? may_read : may_change);
                        int fd = connect_as(fixture, who);
                        struct text call = { 0 };
                        struct wire_reply reply;
                        bool denied;

                        (void)text_appendf(&call,
                                           "{\"method\":\"%s\",\"parameters\":{\"nonsense\":1}}",
                                           methods[i].name);
                        fixture_send(fd, text_get(&call));
                        reply = fixture_read(fixture, fd);
                        /* permission comes before parameters */
                        assert_non_null(reply.error);
                        denied = strcmp(reply.error, WIRE_PERMISSION_DENIED) == 0;
                        if (denied == may)
                                fail_msg("%s for %d: %s", methods[i].name, (int)who, reply.error);
                        if (!denied)
                                assert_string_equal(reply.error, WIRE_INVALID_PARAMETER);
                        wire_reply_done(&reply);
                        text_done(&call);
                        (void)close(fd);
                }
        }
        fixture_settle(fixture);
        fixture_free(fixture);
}

/* ---- hostile peers ---- */

enum { N_HOSTILE = 200 };

/* What is sent until the socket is full or the server hangs up. */
static void flood(int fd, const char *bytes, size_t n, size_t total) {
        for (size_t sent = 0; sent < total;) {
                ssize_t r = send(fd, bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL);

                if (r <= 0)
                        return;
                sent += (size_t)r;
        }
}

static void test_a_status_call_beside_hostile_ones(void **state) {
        static char rubbish[64 << 10];
        static const char list_call[] = "{\"method\":\"org.sshguardd.Control.ListFiles\","
                                        "\"parameters\":{\"limit\":1000}}";
        struct fixture *fixture = fixture_new(CONTROL_GROUP_NONE);
        struct control_load load;
        int hostile[N_HOSTILE];

        (void)state;
        memset(rubbish, 'x', sizeof rubbish);
        fixture->n_files = 100000;
        for (int i = 0; i < N_HOSTILE; i++) {
                int fd;

                hostile[i] = fixture_connect(fixture);
                switch (i % 5) {
                case 0: /* never reads */
                        for (int k = 0; k < 100; k++)
                                flood(hostile[i], list_call, sizeof list_call, 1);
                        break;
                case 1: /* never finishes */
                        flood(hostile[i], status_call, 10, 10);
                        break;
                case 2: /* garbage */
                        flood(hostile[i], "\xff\xfe{\0[[[", 7, 7);
                        break;
                case 3: /* 10 MB */
                        flood(hostile[i], rubbish, sizeof rubbish, 10 << 20);
                        break;
                case 4: /* silent */
                        break;
                }
                if (i % 10 != 9)
                        continue;
                fd = fixture_connect(fixture);
                fixture_send(fd, status_call);
                expect_reply(fixture, fd);
                (void)close(fd);
                load = control_get_load(fixture->control);
                assert_true(load.n_queued_bytes <= 16 << 20);
                assert_true(load.n_connections <= 64);
        }
        /* those who flood go on flooding */
        for (int i = 3; i < N_HOSTILE; i += 5)
                flood(hostile[i], rubbish, sizeof rubbish, 10 << 20);
        fixture_settle(fixture);
        for (int i = 0; i < N_HOSTILE; i++)
                (void)close(hostile[i]);
        fixture_settle(fixture);
        load = control_get_load(fixture->control);
        assert_int_equal(load.n_connections, 0);
        assert_int_equal(load.n_queued_bytes, 0);
        assert_int_equal(load.n_accepted, N_HOSTILE + N_HOSTILE / 10);
        fixture_free(fixture);
}

static void test_a_user_evicts_only_himself(void **state) {
        struct fixture *fixture;
        int root, others[100];

        (void)state;
        if (geteuid() != 0)
                SKIP("other users' credentials need root");
        fixture = fixture_new(4711);
        assert_int_equal(chmod(fixture->socket_path, 0666), 0);
        root = fixture_connect(fixture); /* the longest silent of all */
        fixture_settle(fixture);
        for (size_t i = 0; i < N_ELEMENTS(others); i++) {
                others[i] = connect_as(fixture, WHO_STRANGER);
                fixture_settle(fixture);
        }
        assert_int_equal(control_get_load(fixture->control).n_connections, 65);
        fixture_send(root, status_call);
        expect_reply(fixture, root);
        for (size_t i = 0; i < N_ELEMENTS(others); i++)
                (void)close(others[i]);
        (void)close(root);
        fixture_settle(fixture);
        fixture_free(fixture);
}

static void test_out_of_descriptors(void **state) {
        struct fixture *fixture = fixture_new(CONTROL_GROUP_NONE);
        struct rlimit before, tight;
        int first, second;

        (void)state;
        first = fixture_connect(fixture);
        fixture_settle(fixture);
        second = fixture_connect(fixture);
        assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
        tight = (struct rlimit){ .rlim_cur = (rlim_t)second + 1, .rlim_max = before.rlim_max };
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
        fixture_settle(fixture); /* ends: the door is closed for a while */
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        fixture_send(second, status_call);
        while (!is_readable(second)) /* until the sweep opens it */
                assert_true(sd_event_run(fixture->event, UINT64_MAX) >= 0);
        expect_reply(fixture, second);
        (void)close(first);
        (void)close(second);
        fixture_settle(fixture);
        fixture_free(fixture);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_errors_of_the_protocol),
                cmocka_unit_test(test_a_backend_without_a_function),
                cmocka_unit_test(test_many_calls_in_one_packet),
                cmocka_unit_test(test_byte_by_byte),
                cmocka_unit_test(test_garbage_ends_the_connection),
                cmocka_unit_test(test_monitor),
                cmocka_unit_test(test_a_subscriber_who_does_not_read_is_dropped),
                cmocka_unit_test(test_check),
                cmocka_unit_test(test_a_quick_question_overtakes_long_ones),
                cmocka_unit_test(test_leaving_the_line),
                cmocka_unit_test(test_oneway_and_gone),
                cmocka_unit_test(test_every_method_for_everybody),
                cmocka_unit_test(test_a_status_call_beside_hostile_ones),
                cmocka_unit_test(test_a_user_evicts_only_himself),
                cmocka_unit_test(test_out_of_descriptors),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
