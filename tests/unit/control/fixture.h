/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A control server in this process, over a backend that makes everything up, and a client that
 * turns the server's event loop while it waits. */

#include "cmocka_env.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "control/control.h"
#include "control/describe.h"
#include "os/watch.h"
#include "wire/framing.h"
#include "wire/idl.h"
#include "wire/interfaces.h"
#include "wire/json.h"
#include "wire/message.h"

struct fixture {
        sd_event *event;
        struct control *control;
        struct control_backend backend;
        char directory[64];
        char socket_path[80];
        struct idl_interface *interface, *service;

        /* what the backend says and does */
        struct policy policy;
        struct finding findings[3];
        size_t n_findings, n_files;
        int result; /* of the next action */
        char *last_path;
        struct control_approval last_approval;
        bool fails_to_install;
        int64_t confirm_within_us; /* of the last edit */
        int n_approved;
        uid_t admin, reader; /* whom the configuration lists */
};

/* A path that is not UTF-8 and holds an escape sequence. */
static const char strange_path[] = "/home/m\xfcller/\x1b[2J/authorized_keys";

static struct rule fixture_rules[] = {
        { .id = "sshd.password-authentication",
          .family = RULE_SSHD,
          .response = RESPONSE_REVERT,
          .severity = SEVERITY_CRITICAL,
          .is_enabled = true,
          .why = "A leaked password must not open a session.",
          .file = "/usr/share/sshguardd/profiles/baseline.conf",
          .line = 12,
          .profile = "baseline",
          .sshd = { .keyword = "passwordauthentication" } },
        { .id = "file.sshd-config",
          .family = RULE_FILE,
          .severity = SEVERITY_MEDIUM,
          .file = "/etc/sshguardd/policy.d/10-local.conf",
          .line = 3,
          .file_rule = { .path = "/etc/ssh/sshd_config", .mode_at_most = 0644 } },
};

static int fake_status(void *userdata, struct control_status *ret) {
        static const struct gap gaps[] = {
                { .id = 1, .from_us = 1, .until_us = 2, .reason = "not running" },
                { .id = 2, .from_us = 3, .reason = "overflow" }
        };

        (void)userdata;
        *ret = (struct control_status){
                .state = CONTROL_GUARDING,
                .generation = 7,
                .started_at_us = 1000000,
                .policy_loaded_at_us = 2000000,
                .policy_problem = "policy.d/10-local.conf:3: \xff",
                .openssh = "9.2",
                .coverage = { .n_files = 30,
                              .n_watched = 28,
                              .n_polled = 2,
                              .n_users = 5,
                              .users_complete = true },
                .last_pass = { .began_at_us = 5, .ended_at_us = 6, .n_done = 30, .n_total = 30 },
                .gaps = gaps,
                .n_gaps = 2,
                .pause = { .until_us = 9, .reason = "upgrade" },
                .package_run = { .since_us = 8, .by = 0, .reason = "dpkg-unpack" },
        };
        return 1;
}

static int fake_file(void *userdata, size_t index, struct control_file *ret) {
        static struct file_metadata metadata = {
                .kind = FILE_REGULAR, .mode = 0644, .size = 9, .has_sha256 = true
        };
        static struct approved_version approved = { .approved_at_us = 4, .reason = "adopted" };
        const struct fixture *fixture = userdata;

        if (index >= fixture->n_files)
                return 0;
        *ret = (struct control_file){ .path = index == 1 ? strange_path : "/etc/ssh/sshd_config",
                                      .state = CONTROL_FILE_APPROVED,
                                      .metadata = index % 2 ? NULL : &metadata,
                                      .approved = index % 3 ? NULL : &approved,
                                      .coverage = WATCH_DIRECTORY | WATCH_LIMITED,
                                      .is_polled = index % 2,
                                      .looked_at_us = 8 };
        return 1;
}

static int fake_finding(void *userdata, size_t index, struct control_finding *ret) {
        struct fixture *fixture = userdata;

        if (index >= fixture->n_findings)
                return 0;
        *ret = (struct control_finding){ .finding = &fixture->findings[index],
                                         .since_us = 77,
                                         .incident_id = index == 0 ? 12 : 0,
                                         .action = index == 0 ? "alerted" : NULL };
        return 1;
}

static const struct policy *fake_policy(void *userdata) {
        return &((struct fixture *)userdata)->policy;
}

static int fake_permit(void *userdata, size_t index, struct control_permit *ret) {
        (void)userdata;
        *ret = (struct control_permit){ .id = 3,
                                        .path = strange_path,
                                        .since_us = 1,
                                        .until_us = 2,
                                        .uses_left = -1,
                                        .reason = "upgrade" };
        return index == 0;
}

static void fill_incident(int64_t id, struct incident *ret) {
        *ret = (struct incident){
                .id = id,
                .at_us = 1000 + id,
                .path = strdup(id % 2 ? strange_path : "/etc/ssh/sshd_config"),
                .rule_id = strdup("sshd.password-authentication"),
                .severity = SEVERITY_CRITICAL,
                .line = 4,
                .got = strdup("yes"),
                .action = strdup("reverted"),
                .generation = 7,
                .has_quarantine = id % 2 == 0,
                .metadata = { .kind = FILE_REGULAR, .mode = 0600 },
                .count = 1,
        };
}

static int fake_incidents(void *userdata, const struct incident_filter *filter,
                          struct incident **ret, size_t *ret_n) {
        size_t n = filter->limit < 20 ? filter->limit : 20;

        (void)userdata;
        *ret = calloc(n + 1, sizeof **ret);
        if (!*ret)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++)
                fill_incident(20 - (int64_t)i, &(*ret)[i]);
        *ret_n = n;
        return 0;
}

static int fake_incident(void *userdata, int64_t id, struct incident *ret) {
        (void)userdata;
        if (id < 1 || id > 20)
                return 0;
        fill_incident(id, ret);
        return 1;
}

static int fake_versions(void *userdata, const struct control_subject *subject,
                         struct control_versions *ret, struct control_refusal *refusal) {
        struct fixture *fixture = userdata;

        (void)refusal;
        if (fixture->result != CONTROL_DONE)
                return fixture->result;
        ret->path = strdup(subject->path ? subject->path : strange_path);
        ret->before.metadata = (struct file_metadata){ .kind = FILE_REGULAR, .mode = 0644 };
        ret->before.data = strdup("Port 22\nPasswordAuthentication no\n");
        ret->before.n_data = strlen(ret->before.data);
        ret->before.label = strdup("approved");
        ret->after.metadata = (struct file_metadata){ .kind = FILE_REGULAR, .mode = 0666 };
        ret->after.data = strdup("Port 22\nPasswordAuthentication yes\t\x1b[2J\xff\n");
        ret->after.n_data = strlen(ret->after.data);
        ret->after.label = strdup("now");
        return CONTROL_DONE;
}

static int refuse(struct fixture *fixture, struct control_refusal *refusal) {
        struct finding copy;

        if (fixture->result == CONTROL_VIOLATES) {
                assert_int_equal(finding_copy(&copy, &fixture->findings[0]), 0);
                assert_int_equal(findings_add(&refusal->findings, &copy), 0);
        } else if (fixture->result == CONTROL_POLICY_INVALID) {
                assert_int_equal(diagnostics_add(&refusal->diagnostics, "sshguardd.conf", 3, 1,
                                                 "no such key: %s", "mdoe"),
                                 0);
        } else if (fixture->result == CONTROL_REFUSED) {
                refusal->reason = strdup("sshd would refuse this \xff");
        }
        return fixture->result;
}

static int fake_approve(void *userdata, const struct control_approval *approval,
                        struct control_refusal *refusal) {
        struct fixture *fixture = userdata;

        free(fixture->last_path);
        fixture->last_path = strdup(approval->path);
        fixture->last_approval = *approval;
        fixture->n_approved++;
        return refuse(fixture, refusal);
}

static int fake_rollout(void *userdata, const struct rule *rule, struct control_rollout *ret) {
        static char terms[] = "must = \"yes\";\n";
        static const struct acknowledgement known = { .terms = terms, .at_us = 5, .by = 7 };

        (void)userdata;
        *ret = (struct control_rollout){ 0 };
        if (rule == &fixture_rules[0])
                *ret = (struct control_rollout){ .terms = "must = \"no\";\n",
                                                 .acknowledged = &known };
        return 0;
}

static int fake_would(void *userdata, struct would_count **ret, size_t *ret_n) {
        (void)userdata;
        *ret = calloc(1, sizeof **ret);
        (*ret)->rule_id = strdup(fixture_rules[0].id);
        (*ret)->n = 3;
        (*ret)->last_at_us = 9;
        *ret_n = 1;
        return 0;
}

static int fake_acknowledge(void *userdata, const struct control_acknowledgement *acknowledgement,
                            struct control_refusal *refusal) {
        (void)acknowledgement;
        return refuse(userdata, refusal);
}

static int fake_restore(void *userdata, const struct control_restoral *restoral,
                        struct control_refusal *refusal) {
        (void)restoral;
        return refuse(userdata, refusal);
}

static int fake_decide(void *userdata, const struct rule *rule, struct control_decisions *ret) {
        (void)userdata;
        (void)rule;
        ret->items = calloc(1, sizeof *ret->items);
        ret->n_items = 1;
        ret->items[0] = (struct control_decision){ .value = strdup("no"),
                                                   .path = strdup("/\xff"),
                                                   .line = 7,
                                                   .text = strdup("PasswordAuthentication no") };
        return 0;
}

static int fake_generate_policy(void *userdata, struct text *ret, struct control_refusal *refusal) {
        (void)text_append(ret, "rules = ();\n");
        return refuse(userdata, refusal);
}

static int fake_get_content(void *userdata, const char *path, struct control_version *ret,
                            struct control_refusal *refusal) {
        (void)path;
        ret->metadata.kind = FILE_REGULAR;
        ret->data = strdup("a\n");
        ret->n_data = 2;
        return refuse(userdata, refusal);
}

/* Content that begins with a word gets what that word says. */
static int fake_preview(void *userdata, const struct control_proposal *proposal,
                        struct control_preview *ret, struct control_refusal *refusal) {
        struct fixture *fixture = userdata;

        ret->is_comparable = true;
        ret->changes.complete = true;
        if (strncmp(proposal->data, "refused", 7) == 0)
                ret->refusal = strdup("no such \xff keyword");
        if (strncmp(proposal->data, "changed", 7) == 0) {
                ret->changes.items = calloc(1, sizeof *ret->changes.items);
                ret->changes.n_items = 1;
                ret->versions.access = strdup("bob gains password login");
                ret->changes.items[0] = (struct sshd_change){ strdup("Banner"), strdup("none"),
                                                              strdup("/\xff"), strdup("user=bob") };
        }
        ret->versions.after.metadata.kind = FILE_REGULAR;
        ret->versions.after.data = strndup(proposal->data, proposal->n_data);
        ret->versions.after.n_data = proposal->n_data;
        return refuse(fixture, refusal);
}

static int fake_install(void *userdata, const struct control_proposal *proposal,
                        struct control_refusal *refusal) {
        struct fixture *fixture = userdata;

        fixture->confirm_within_us = proposal->confirm_within_us;
        if (fixture->fails_to_install)
                fixture->result = CONTROL_CONTENT_CHANGED;
        return refuse(userdata, refusal);
}

static int fake_unconfirmed(void *userdata, size_t index, struct control_unconfirmed *ret) {
        (void)userdata;
        *ret = (struct control_unconfirmed){ .path = strange_path, .at_us = 1, .until_us = 2 };
        return index == 0;
}

/* As many as the path is long; none named counts as one. */
static int fake_confirm(void *userdata, const struct control_confirmation *confirmation,
                        size_t *ret_n, struct control_refusal *refusal) {
        struct fixture *fixture = userdata;

        assert_true(confirmation->peer.pid > 0);
        *ret_n = confirmation->path ? strlen(confirmation->path) : 1;
        return refuse(fixture, refusal);
}

static int fake_reload(void *userdata, struct control_refusal *refusal) {
        return refuse(userdata, refusal);
}

static int fake_check(void *userdata) {
        return ((struct fixture *)userdata)->result < 0 ? ((struct fixture *)userdata)->result : 1;
}

static int fake_allow(void *userdata, const struct control_allowance *allowance,
                      struct control_refusal *refusal) {
        (void)allowance;
        return refuse(userdata, refusal);
}

static int fake_permit_path(void *userdata, const struct control_allowance *allowance,
                            int64_t *ret_id, struct control_refusal *refusal) {
        (void)allowance;
        *ret_id = 42;
        return refuse(userdata, refusal);
}

static int fake_revoke(void *userdata, int64_t id, struct control_refusal *refusal) {
        (void)id;
        return refuse(userdata, refusal);
}

static int fake_resume(void *userdata, struct control_refusal *refusal) {
        return refuse(userdata, refusal);
}

static int fake_end_packages(void *userdata, int64_t *ret_n, struct control_refusal *refusal) {
        *ret_n = 0;
        return refuse(userdata, refusal);
}

static bool fake_is_listed(void *userdata, enum control_class class, uid_t uid) {
        const struct fixture *fixture = userdata;

        return uid == fixture->admin || (class == CONTROL_READ && uid == fixture->reader);
}

static int fake_keys(void *userdata, const struct control_key_query *query, size_t *ret_next) {
        static const char line[] =
                "restrict,from=\"10.0.0.0/8\" ssh-ed25519 "
                "AAAAC3NzaC1lZDI1NTE5AAAAIDWmGTpxJvVsGVpYxXxGiSlBlVtWQHc8Q0mDCnRXcbzX a\xff\n"
                "no key at all\n";
        static const struct keys_release release = { 902, true };
        struct authorized_keys keys = { 0 };
        int r = authorized_keys_parse(line, sizeof line - 1, &release, NULL, &keys);

        (void)userdata;
        for (size_t i = 0; i < keys.n_items && r == 0; i++)
                r = query->on_key(query->userdata,
                                  &(struct control_key){ .user = "bob",
                                                         .path = "/home/\xff/.ssh/authorized_keys",
                                                         .entry = &keys.items[i],
                                                         .is_ignored = i > 0,
                                                         .approved_at_us = (int64_t)i });
        authorized_keys_done(&keys);
        *ret_next = query->first + 1;
        return r < 0 ? r : 1;
}

static int fake_access(void *userdata, const struct control_access_query *query, size_t *ret_next,
                       struct control_refusal *refusal) {
        const struct account account = { .name = BORROWED("bob"), .uid = 1 };
        struct access_way ways[] = {
                { ACCESS_KEY | ACCESS_CODE, ACCESS_YES, BORROWED("publickey"), NULL },
                { ACCESS_PASSWORD, ACCESS_CANNOT_TELL, BORROWED("password"), BORROWED("PAM") },
        };
        struct access_key keys[] = { { .path = BORROWED("/home/\xff/.ssh/authorized_keys"),
                                       .line = 1,
                                       .description = BORROWED("256 SHA256:x bob (ED25519)"),
                                       .sha256 = BORROWED("SHA256:x"),
                                       .restrictions = BORROWED("") },
                                     { .path = BORROWED("/k"),
                                       .line = 2,
                                       .description = BORROWED("bad"),
                                       .refusal = BORROWED("no key"),
                                       .restrictions = BORROWED("") } };
        struct access_login login = { .account = &account,
                                      .connection = { .user = BORROWED("bob"),
                                                      .host = BORROWED("10.0.0.1"),
                                                      .addr = BORROWED("10.0.0.1"),
                                                      .laddr = BORROWED("127.0.0.1"),
                                                      .lport = 22 },
                                      .answer = ACCESS_YES,
                                      .ways = { ways, N_ELEMENTS(ways) },
                                      .keys = keys,
                                      .n_keys = N_ELEMENTS(keys) };
        const struct access_logins logins = { &login, 1, true, query->address != NULL };
        int r = refuse(userdata, refusal);

        *ret_next = 0;
        return r == CONTROL_DONE ? query->on_account(query->userdata, &account, &logins) : r;
}

static const struct control_backend fake_backend = {
        .get_status = fake_status,
        .get_file = fake_file,
        .get_finding = fake_finding,
        .get_permit = fake_permit,
        .list_keys = fake_keys,
        .list_access = fake_access,
        .get_policy = fake_policy,
        .list_incidents = fake_incidents,
        .get_incident = fake_incident,
        .get_versions = fake_versions,
        .get_rollout = fake_rollout,
        .count_would = fake_would,
        .acknowledge = fake_acknowledge,
        .approve = fake_approve,
        .restore = fake_restore,
        .decide = fake_decide,
        .generate_policy = fake_generate_policy,
        .get_content = fake_get_content,
        .preview = fake_preview,
        .get_unconfirmed = fake_unconfirmed,
        .confirm = fake_confirm,
        .undo = fake_confirm,
        .install = fake_install,
        .reload = fake_reload,
        .start_check = fake_check,
        .permit = fake_permit_path,
        .revoke_permit = fake_revoke,
        .pause = fake_allow,
        .resume = fake_resume,
        .unlock = fake_allow,
        .begin_packages = fake_allow,
        .end_packages = fake_end_packages,
        .is_listed = fake_is_listed,
};

static inline struct idl_interface *fixture_interface(const char *text) {
        struct diagnostics diagnostics = { 0 };
        struct idl_interface *interface = NULL;

        assert_int_equal(idl_parse(text, &diagnostics, &interface), 0);
        return interface;
}

/* GROUP as in control_options. */
static inline struct fixture *fixture_new(int64_t group) {
        struct fixture *fixture = calloc(1, sizeof *fixture);

        assert_non_null(fixture);
        fixture->admin = fixture->reader = (uid_t)-1;
        fixture->n_findings = 3;
        fixture->n_files = 5;
        fixture->policy =
                (struct policy){ .rules = fixture_rules, .n_rules = N_ELEMENTS(fixture_rules) };
        fixture->findings[0] = (struct finding){ .rule_id = "file.sshd-config",
                                                 .severity = SEVERITY_MEDIUM,
                                                 .path = "/etc/ssh/sshd_config",
                                                 .setting = "mode",
                                                 .want = "at most 0644",
                                                 .got = "0666" };
        fixture->findings[1] = (struct finding){ .rule_id = "sshd.password-authentication",
                                                 .severity = SEVERITY_CRITICAL,
                                                 .response = RESPONSE_REVERT,
                                                 .path = (char *)(uintptr_t)strange_path,
                                                 .line = 9,
                                                 .got = "y\xffs" };
        fixture->findings[2] =
                (struct finding){ .rule_id = "sshd.refused", .severity = SEVERITY_HIGH };
        fixture->backend = fake_backend;
        fixture->backend.userdata = fixture;
        (void)snprintf(fixture->directory, sizeof fixture->directory, "/tmp/test_control.XXXXXX");
        assert_non_null(mkdtemp(fixture->directory));
        assert_int_equal(chmod(fixture->directory, 0755), 0);
        (void)snprintf(fixture->socket_path, sizeof fixture->socket_path, "%s/s",
                       fixture->directory);
        fixture->interface = fixture_interface(wire_control_description);
        fixture->service = fixture_interface(wire_service_description);
        assert_true(sd_event_new(&fixture->event) >= 0);
        assert_int_equal(control_new(fixture->event,
                                     &(struct control_options){ .socket_path = fixture->socket_path,
                                                                .root_path = "/tmp",
                                                                .group = group },
                                     &fixture->backend, &fixture->control),
                         0);
        return fixture;
}

static inline void fixture_free(struct fixture *fixture) {
        control_free(fixture->control);
        assert_int_equal(rmdir(fixture->directory), 0); /* the socket is gone */
        sd_event_unref(fixture->event);
        idl_free(fixture->interface);
        idl_free(fixture->service);
        free(fixture->last_path);
        free(fixture);
}

static inline int fixture_connect(const struct fixture *fixture) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        assert_true(fd >= 0);
        (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", fixture->socket_path);
        assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
        return fd;
}

/* Turns the loop until nothing is left to do. */
static inline void fixture_settle(struct fixture *fixture) {
        int r;

        while ((r = sd_event_run(fixture->event, 0)) > 0)
                ;
        assert_true(r >= 0);
}

static inline bool is_readable(int fd) {
        struct pollfd pollfd = { .fd = fd, .events = POLLIN };

        return poll(&pollfd, 1, 0) > 0;
}

/* One byte at a time is slow but needs no buffer between two replies. -1 at the end. */
static inline int read_byte(struct fixture *fixture, int fd) {
        unsigned char byte;

        for (int turns = 0; !is_readable(fd); turns++) {
                if (turns > 100000)
                        fail_msg("no answer");
                assert_true(sd_event_run(fixture->event, 0) >= 0);
        }
        return read(fd, &byte, 1) == 1 ? byte : -1;
}

/* The next reply, whose message is owned by the caller; `message` NULL at the end of the stream. */
static inline struct wire_reply fixture_read(struct fixture *fixture, int fd) {
        struct wire_reply reply = { 0 };
        struct text text = { 0 };
        int byte;

        while ((byte = read_byte(fixture, fd)) > 0)
                (void)text_append_char(&text, (char)byte);
        if (byte == 0)
                assert_int_equal(wire_reply_parse(text_get(&text), text.n, &reply), 0);
        text_done(&text);
        return reply;
}

static inline void fixture_send(int fd, const char *message) {
        assert_int_equal(send(fd, message, strlen(message) + 1, MSG_NOSIGNAL),
                         (ssize_t)strlen(message) + 1);
}

/* One call on a connection of its own; METHOD without the interface. */
static inline struct wire_reply fixture_call(struct fixture *fixture, const char *method,
                                             const char *parameters) {
        struct text message = { 0 };
        struct wire_reply reply;
        int fd = fixture_connect(fixture);

        (void)text_appendf(&message, "{\"method\":\"%s.%s\",\"parameters\":%s}", WIRE_CONTROL,
                           method, parameters);
        fixture_send(fd, text_get(&message));
        text_done(&message);
        reply = fixture_read(fixture, fd);
        (void)close(fd);
        fixture_settle(fixture);
        return reply;
}
