/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixture.h"

#include <fcntl.h>
#include <systemd/sd-daemon.h>

static int try_new(struct fixture *fixture, const char *root, int64_t group, struct control **ret) {
        return control_new(fixture->event,
                           &(struct control_options){ .socket_path = fixture->socket_path,
                                                      .root_path = root,
                                                      .group = group },
                           &fixture->backend, ret);
}

static mode_t mode_of(const char *path) {
        struct stat status;

        assert_int_equal(lstat(path, &status), 0);
        assert_true(S_ISSOCK(status.st_mode));
        return status.st_mode & 07777;
}

static void test_mode_and_group(void **state) {
        struct fixture *fixture = fixture_new(CONTROL_GROUP_NONE);
        struct stat status;

        (void)state;
        assert_int_equal(mode_of(fixture->socket_path), 0600);
        fixture_free(fixture);

        fixture = fixture_new(getegid());
        assert_int_equal(mode_of(fixture->socket_path), 0660);
        assert_int_equal(stat(fixture->socket_path, &status), 0);
        assert_int_equal(status.st_gid, getegid());
        fixture_free(fixture);
}

static void test_a_second_server_is_refused(void **state) {
        struct fixture *fixture = fixture_new(CONTROL_GROUP_NONE);
        struct control *second = NULL;

        (void)state;
        assert_int_equal(try_new(fixture, "/tmp", CONTROL_GROUP_NONE, &second), -EADDRINUSE);
        assert_null(second);
        fixture_free(fixture);
}

static void test_a_dead_socket_is_replaced(void **state) {
        struct fixture *fixture = fixture_new(CONTROL_GROUP_NONE);
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int dead = socket(AF_UNIX, SOCK_STREAM, 0), fd;

        (void)state;
        control_free(fixture->control);
        (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", fixture->socket_path);
        assert_int_equal(bind(dead, (struct sockaddr *)&address, sizeof address), 0);
        (void)close(dead);
        assert_int_equal(try_new(fixture, "/tmp", CONTROL_GROUP_NONE, &fixture->control), 0);
        fd = fixture_connect(fixture);
        (void)close(fd);
        fixture_settle(fixture);
        fixture_free(fixture);
}

static void test_a_path_that_is_too_long(void **state) {
        struct fixture *fixture = fixture_new(CONTROL_GROUP_NONE);
        struct control *second = NULL;
        char path[200];

        (void)state;
        memset(path, 'x', sizeof path);
        path[0] = '/';
        path[sizeof path - 1] = '\0';
        assert_int_equal(control_new(fixture->event,
                                     &(struct control_options){ .socket_path = path,
                                                                .root_path = "/tmp",
                                                                .group = CONTROL_GROUP_NONE },
                                     &fixture->backend, &second),
                         -ENAMETOOLONG);
        fixture_free(fixture);
}

/* Puts FD where a service manager passes it, under NAME. */
static void pass(int fd, const char *name) {
        char pid[32];

        assert_int_equal(dup2(fd, SD_LISTEN_FDS_START), SD_LISTEN_FDS_START);
        (void)snprintf(pid, sizeof pid, "%d", (int)getpid());
        assert_int_equal(setenv("LISTEN_PID", pid, 1), 0);
        assert_int_equal(setenv("LISTEN_FDS", "1", 1), 0);
        assert_int_equal(setenv("LISTEN_FDNAMES", name, 1), 0);
}

static int listen_at(const char *path) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

        (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
        assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
        assert_int_equal(listen(fd, 5), 0);
        return fd;
}

/* Runs with descriptor 3 set free, and the environment cleaned afterwards. */
static void with_descriptor_3(void (*test)(struct fixture *fixture)) {
        struct fixture *fixture;
        int kept = fcntl(SD_LISTEN_FDS_START, F_DUPFD_CLOEXEC, 20);
        int reserved = open("/dev/null", O_RDONLY | O_CLOEXEC);

        /* nothing of the fixture may land on 3 */
        assert_int_equal(dup2(reserved, SD_LISTEN_FDS_START), SD_LISTEN_FDS_START);
        fixture = fixture_new(CONTROL_GROUP_NONE);
        control_free(fixture->control);
        fixture->control = NULL;
        test(fixture);
        (void)unsetenv("LISTEN_PID");
        (void)unsetenv("LISTEN_FDS");
        (void)unsetenv("LISTEN_FDNAMES");
        if (reserved != SD_LISTEN_FDS_START)
                (void)close(reserved);
        (void)close(SD_LISTEN_FDS_START);
        if (kept >= 0) {
                assert_int_equal(dup2(kept, SD_LISTEN_FDS_START), SD_LISTEN_FDS_START);
                (void)close(kept);
        }
        (void)unlink(fixture->socket_path);
        fixture_free(fixture);
}

/* A question asked while the daemon was down is answered by the next one. */
static void adopt(struct fixture *fixture) {
        struct wire_reply reply;
        int listening = listen_at(fixture->socket_path), fd;

        pass(listening, "control");
        (void)close(listening);
        fd = fixture_connect(fixture);
        fixture_send(fd, "{\"method\":\"org.sshguardd.Control.Status\"}");
        assert_int_equal(try_new(fixture, NULL, CONTROL_GROUP_NONE, &fixture->control), 0);
        assert_int_equal(mode_of(fixture->socket_path), 0600);
        reply = fixture_read(fixture, fd);
        assert_non_null(reply.message);
        assert_null(reply.error);
        wire_reply_done(&reply);
        (void)close(fd);
        /* the path stays: the fd store still has the socket */
        control_free(fixture->control);
        fixture->control = NULL;
        assert_int_equal(mode_of(fixture->socket_path), 0600);
}

/* Its path was removed, or it is another's: a fresh one is bound. */
static void refuse_foreign(struct fixture *fixture) {
        struct wire_reply reply;
        char elsewhere[100];
        int listening, fd;

        (void)snprintf(elsewhere, sizeof elsewhere, "%s/x", fixture->directory);
        listening = listen_at(elsewhere);
        assert_int_equal(unlink(elsewhere), 0);
        pass(listening, "control");
        (void)close(listening);
        assert_int_equal(try_new(fixture, NULL, CONTROL_GROUP_NONE, &fixture->control), 0);
        fd = fixture_connect(fixture);
        fixture_send(fd, "{\"method\":\"org.sshguardd.Control.Status\"}");
        reply = fixture_read(fixture, fd);
        assert_non_null(reply.message);
        wire_reply_done(&reply);
        (void)close(fd);
        fixture_settle(fixture);
        control_free(fixture->control);
        fixture->control = NULL;
}

/* A descriptor of another name is not ours to touch. */
static void leave_others(struct fixture *fixture) {
        int listening = listen_at(fixture->socket_path);

        pass(listening, "other");
        assert_int_equal(try_new(fixture, NULL, CONTROL_GROUP_NONE, &fixture->control),
                         -EADDRINUSE);
        assert_true(fcntl(SD_LISTEN_FDS_START, F_GETFD) >= 0);
        (void)close(listening);
}

static void test_adopt(void **state) {
        (void)state;
        with_descriptor_3(adopt);
}

static void test_refuse_foreign(void **state) {
        (void)state;
        with_descriptor_3(refuse_foreign);
}

static void test_leave_others(void **state) {
        (void)state;
        with_descriptor_3(leave_others);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_mode_and_group),
                cmocka_unit_test(test_a_second_server_is_refused),
                cmocka_unit_test(test_a_dead_socket_is_replaced),
                cmocka_unit_test(test_a_path_that_is_too_long),
                cmocka_unit_test(test_adopt),
                cmocka_unit_test(test_refuse_foreign),
                cmocka_unit_test(test_leave_others),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
