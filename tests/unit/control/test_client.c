/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sshguardctl against the server: the real program, the real socket, a backend that makes things
 * up.
 */
#include "fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

struct run {
        int status;
        char *out, *err;
};

/* Serves in a child process until it is killed; a loop of sd-event belongs to one process. */
static pid_t serve(struct fixture *fixture) {
        int ready[2];
        char byte;
        pid_t pid;

        control_free(fixture->control);
        fixture->control = NULL;
        assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
                if (sd_event_new(&fixture->event) < 0 ||
                    control_new(fixture->event,
                                &(struct control_options){ .socket_path = fixture->socket_path,
                                                           .root_path = "/tmp",
                                                           .group = CONTROL_GROUP_NONE },
                                &fixture->backend, &fixture->control) < 0)
                        _exit(1);
                (void)close(ready[1]);
                (void)sd_event_loop(fixture->event);
                _exit(1);
        }
        (void)close(ready[1]);
        assert_int_equal(read(ready[0], &byte, 1), 0); /* its end is closed when it listens */
        (void)close(ready[0]);
        return pid;
}

static void stop(struct fixture *fixture, pid_t pid) {
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        assert_int_equal(unlink(fixture->socket_path), 0);
}

static char *read_all(int fd) {
        struct text text = { 0 };
        char buffer[4096];
        ssize_t n;

        while ((n = read(fd, buffer, sizeof buffer)) > 0)
                (void)text_append_n(&text, buffer, (size_t)n);
        (void)close(fd);
        return text_take(&text);
}

/* Opened while we are root: the build folder may be closed to whom the test plays later. */
static int program = -1;

static int open_program(void **state) {
        (void)state;
        program = open(SSHGUARDD_BIN_DIR "/sshguardctl", O_PATH | O_CLOEXEC);
        return program < 0 ? -1 : 0;
}

/* Runs sshguardctl with up to ten arguments. */
static struct run run_client(const char *socket_path, const char *const arguments[10]) {
        const char *argv[14] = { SSHGUARDD_BIN_DIR "/sshguardctl", "--socket", socket_path };
        int out[2], err[2], wait_status;
        struct run run;
        pid_t pid;

        for (size_t i = 0; i < 10 && arguments[i]; i++)
                argv[3 + i] = arguments[i];
        assert_int_equal(pipe2(out, O_CLOEXEC), 0);
        assert_int_equal(pipe2(err, O_CLOEXEC), 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                int null = open("/dev/null", O_RDONLY);

                (void)dup2(null, STDIN_FILENO);
                (void)dup2(out[1], STDOUT_FILENO);
                (void)dup2(err[1], STDERR_FILENO);
                (void)fexecve(program, (char *const *)(uintptr_t)argv, environ);
                _exit(127);
        }
        (void)close(out[1]);
        (void)close(err[1]);
        run.out = read_all(out[0]);
        run.err = read_all(err[0]);
        assert_int_equal(waitpid(pid, &wait_status, 0), pid);
        assert_true(WIFEXITED(wait_status));
        run.status = WEXITSTATUS(wait_status);
        return run;
}

struct expectation {
        const char *arguments[10];
        int status;
        const char *out, *err; /* contained; NULL: empty */
};

static void expect(const struct fixture *fixture, const struct expectation *expected) {
        struct run run = run_client(fixture->socket_path, expected->arguments);

        if (run.status != expected->status ||
            (expected->out ? !strstr(run.out, expected->out) : *run.out != '\0') ||
            (expected->err ? !strstr(run.err, expected->err) : *run.err != '\0'))
                fail_msg("%s %s: exit %d\n--- stdout\n%s--- stderr\n%s", expected->arguments[0],
                         expected->arguments[1] ? expected->arguments[1] : "", run.status, run.out,
                         run.err);
        for (const char *c = run.out; *c; c++) /* whatever the backend says */
                assert_true(*c == '\n' || *c == '\t' || ((unsigned char)*c >= ' ' && *c != 0x7f));
        free(run.out);
        free(run.err);
}

static void expect_all(int result, const struct expectation *expectations, size_t n) {
        struct fixture *fixture = fixture_new(CONTROL_GROUP_NONE);
        pid_t pid;

        fixture->result = result;
        pid = serve(fixture);
        for (size_t i = 0; i < n; i++)
                expect(fixture, &expectations[i]);
        stop(fixture, pid);
        fixture_free(fixture);
}

static void test_asking(void **state) {
        static const struct expectation expectations[] = {
                { { "status" }, 1, "3 findings: 1 critical, 1 high, 1 medium\n", NULL },
                { { "status", "--quiet" }, 1, NULL, NULL },
                { { "status", "--json" }, 1, "\"generation\": 7,", NULL },
                { { "findings" }, 1, "/home/m\\xfcller/\\x1b[2J/authorized_keys:9", NULL },
                { { "files" }, 0, "/etc/ssh/sshd_config", NULL },
                { { "files", "--json" }, 0, "\"path_base64\": ", NULL },
                { { "rules" }, 0, "sshd.password-authentication", NULL },
                { { "history", "-n", "3" }, 0, "--limit shows more", NULL },
                { { "history", "-U", "1h ago" }, 0, "reverted", NULL },
                { { "history", "--since", "2h ago", "--severity", "high", "--path", "relative",
                    "--rule", "x" },
                  0,
                  "reverted",
                  NULL },
                { { "show", "4" }, 0, "sshguardctl restore 4", NULL },
                { { "show", "99" }, 2, NULL, "no such incident: 99" },
                { { "show", "99", "--json" }, 2, "org.sshguardd.Control.NoSuchIncident", NULL },
                { { "diff", "4" }, 0, "+PasswordAuthentication yes\t\\x1b[2J\\xff", NULL },
                { { "diff", "/etc/ssh/sshd_config" }, 0, "mode: 0644 -> 0666", NULL },
                { { "explain", "sshd.password-authentication" }, 1, "A leaked password", NULL },
                { { "explain", "sshd.pasword-authentication" },
                  2,
                  NULL,
                  "did you mean sshd.password-authentication?" },
                { { "metrics" }, 0, "# EOF\n", NULL },
                { { "generate-policy" }, 0, "rules = ();\n", NULL },
                { { "permit" }, 0, "upgrade", NULL },
        };

        (void)state;
        expect_all(CONTROL_DONE, expectations, N_ELEMENTS(expectations));
}

static void test_deciding(void **state) {
        static const struct expectation expectations[] = {
                { { "approve" }, 2, NULL, "approve what?" },
                { { "approve", "--all", "/a" }, 2, NULL, "--all takes no path" },
                { { "approve", "--all", "--sha256", "absent" }, 2, NULL, "are about one path" },
                { { "approve", "/a", "--sha256", "absent" }, 0, "Done.", NULL },
                { { "approve", "/a" }, 2, NULL, "give --sha256" },
                { { "approve", "/a", "--yes" }, 2, "+++ /a", "only a regular file" },
                { { "approve", "/a", "--sha256", "12" }, 2, NULL, "not a valid value: sha256" },
                { { "approve", "/a", "--sha256", "absent", "--exception", "r" },
                  2,
                  NULL,
                  "--exception needs a --reason" },
                { { "approve", "/a", "--sha256", "absent", "--exception", "r", "--reason", "w" },
                  2,
                  NULL,
                  "--for is missing" },
                { { "approve", "/a", "--sha256", "absent", "--for", "2h" },
                  2,
                  NULL,
                  "--for goes with --exception" },
                { { "restore", "4" }, 0, "Done.", NULL },
                { { "restore", "/a" }, 0, "Done.", NULL },
                { { "restore", "" }, 2, NULL, "not a path: " },
                { { "reload" }, 0, "Policy generation 7 is in force.", NULL },
                { { "permit", "/a", "--for", "1h", "--reason", "upgrade" },
                  0,
                  "Permit 42 is in force",
                  NULL },
                { { "permit", "/a", "--for", "1h" }, 2, NULL, "--reason is missing" },
                { { "permit", "/a", "--for", "soon", "--reason", "w" },
                  2,
                  NULL,
                  "not a duration: soon" },
                { { "permit", "--revoke", "3" }, 0, "Done.", NULL },
                { { "pause", "--for", "1h", "--reason", "w" }, 0, "Responses are paused", NULL },
                { { "resume", "-q" }, 0, NULL, NULL },
                { { "confirm" }, 0, "Confirmed: the edit stays.", NULL },
                { { "confirm", "/ab" }, 0, "Confirmed: 3 edits stay.", NULL },
                { { "confirm", "/", "--undo" }, 0, "what was there before is back", NULL },
                { { "confirm", "--json" }, 0, "\"confirmed\": 1", NULL },
                { { "confirm", "--yes" }, 2, NULL, "--yes" },
                { { "unlock", "/a", "--for", "1h", "--reason", "w" }, 0, "Done.", NULL },
        };

        (void)state;
        expect_all(CONTROL_DONE, expectations, N_ELEMENTS(expectations));
}

/* The editor is a command of the shell; nobody can be asked, standard input is empty. */
static void test_editing(void **state) {
        static const struct {
                const char *editor;
                struct expectation expected;
        } cases[] = {
                { "true", { { "edit", "/a" }, 0, NULL, "unchanged" } },
                { "true", { { "edit", "/a", "-q" }, 0, NULL, NULL } },
                { "printf 'changed\\n' >",
                  { { "edit", "/a" },
                    2,
                    "Banner   none  /\\xff  user=bob",
                    "--yes installs what" } },
                { "printf 'changed\\n' >", { { "edit", "/a", "--yes" }, 0, "Installed.", NULL } },
                { "printf 'changed\\n' >",
                  { { "edit", "/a", "--yes" }, 0, "bob gains password login", NULL } },
                { "printf 'same\\n' >",
                  { { "edit", "/a", "--yes" }, 0, "No setting of sshd changes", NULL } },
                { "printf 'refused\\n' >",
                  { { "edit", "/a", "--yes" },
                    2,
                    "no such \\xff keyword",
                    "sshd would refuse it" } },
                { "printf 'changed\\n' >",
                  { { "edit", "/a", "--yes", "--json" }, 0, "\"setting\": \"Banner\"", NULL } },
                { "printf 'changed\\n' >",
                  { { "edit", "/a", "--yes", "--confirm", "5m" },
                    0,
                    "sshguardctl confirm",
                    NULL } },
                { "printf 'changed\\n' >",
                  { { "edit", "/a", "--yes", "--confirm", "soon" }, 2, NULL, "not a duration" } },
                { "printf 'changed\\n' >",
                  { { "edit", "/a", "--yes", "--confirm", "2d" }, 2, NULL, "a day at most" } },
                { "false", { { "edit", "/a" }, 2, NULL, "the editor failed (1)" } },
                { "kill -9 $$;", { { "edit", "/a" }, 2, NULL, "the editor failed (137)" } },
                { "false",
                  { { "edit", "/a", "--from", "/nowhere" }, 2, NULL, "/nowhere: No such" } },
                /* standard input is empty, and so what was there differs */
                { "false", { { "edit", "/a", "--from", "-", "--yes" }, 0, "Installed.", NULL } },
                { "false",
                  { { "edit", "/a", "--from", "/dev/zero", "--yes" }, 2, NULL, "too large" } },
                { "true", { { "edit", "" }, 2, NULL, "not a path" } },
        };
        struct fixture *fixture = fixture_new(CONTROL_GROUP_NONE);
        pid_t pid;

        (void)state;
        (void)setenv("TMPDIR", fixture->directory, 1);
        pid = serve(fixture);
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                (void)setenv("SUDO_EDITOR", cases[i].editor, 1);
                expect(fixture, &cases[i].expected);
        }
        stop(fixture, pid);
        fixture_free(fixture); /* whose folder must be empty: no copy was left */
        (void)unsetenv("TMPDIR");
}

/* What could not be installed is not lost. */
static void test_a_refused_edit_is_kept(void **state) {
        struct fixture *fixture = fixture_new(CONTROL_GROUP_NONE);
        const char *const arguments[10] = { "edit", "/a/name.conf", "--yes" };
        char copy[200], *at;
        struct run run;
        pid_t pid;

        (void)state;
        (void)setenv("TMPDIR", fixture->directory, 1);
        (void)setenv("SUDO_EDITOR", "printf 'mine\\n' >", 1);
        fixture->fails_to_install = true;
        pid = serve(fixture);
        run = run_client(fixture->socket_path, arguments);
        stop(fixture, pid);
        assert_int_equal(run.status, 2);
        at = strstr(run.err, "what you wrote is in ");
        assert_non_null(at);
        assert_int_equal(sscanf(at, "what you wrote is in %199s", copy), 1);
        assert_string_equal(strrchr(copy, '/'), "/name.conf");
        assert_int_equal(unlink(copy), 0);
        *strrchr(copy, '/') = '\0';
        assert_int_equal(rmdir(copy), 0);
        (void)unsetenv("TMPDIR");
        free(run.out);
        free(run.err);
        fixture_free(fixture);
}

static void test_refusals(void **state) {
        static const struct expectation expectations[] = {
                { { "approve", "/a", "--sha256", "absent" }, 2, NULL, "file.sshd-config" },
                { { "restore", "4", "--json" }, 2, "org.sshguardd.Control.Violates", NULL },
        };

        (void)state;
        expect_all(CONTROL_VIOLATES, expectations, N_ELEMENTS(expectations));
}

static void test_usage(void **state) {
        static const struct expectation expectations[] = {
                { { "statsu" }, 2, NULL, "did you mean status?" },
                { { "frobnicate" }, 2, NULL, "--help" },
                { { "status", "x" }, 2, NULL, "`status` does not take: x" },
                { { "show" }, 2, NULL, "`show` needs INCIDENT" },
                { { "status", "--since", "now" }, 2, NULL, "--since is no option of `status`" },
                { { "history", "--since", "whenever" }, 2, NULL, "--since: not a time: whenever" },
                { { "history", "--until", "whenever" }, 2, NULL, "--until: not a time: whenever" },
                { { "history", "--limit", "-1" }, 2, NULL, "not a number" },
                { { "history", "--nonsense" }, 2, NULL, "Try 'sshguardctl --help'" },
                { { "--help" }, 0, "Exit status: 0 fine", NULL },
                { { "approve", "--help" }, 0, "--sha256 DIGEST", NULL },
                { { "help", "diff" }, 0, "sshguardctl diff 12", NULL },
                { { "--version" }, 0, "sshguardctl ", NULL },
        };

        (void)state;
        expect_all(CONTROL_DONE, expectations, N_ELEMENTS(expectations));
}

static void test_no_daemon(void **state) {
        static const struct expectation absent = {
                { "status" },
                3,
                NULL,
                "sshguardd is not running; start it with: systemctl start sshguardd\n"
        };
        struct fixture *fixture = fixture_new(CONTROL_GROUP_NONE);

        (void)state;
        control_free(fixture->control);
        fixture->control = NULL;
        expect(fixture, &absent);
        fixture_free(fixture);
}

static void test_not_permitted(void **state) {
        static const struct expectation connect_refused = { { "status" }, 4, NULL, "adduser" };
        static const struct expectation call_refused = { { "reload" }, 4, NULL, "not permitted" };
        struct fixture *fixture;
        pid_t pid;

        (void)state;
        if (geteuid() != 0)
                SKIP("another user's credentials need root");
        fixture = fixture_new(CONTROL_GROUP_NONE);
        pid = serve(fixture);
        assert_int_equal(setresuid(1235, 1235, 0), 0);
        expect(fixture, &connect_refused);
        assert_int_equal(setresuid(0, 0, 0), 0);
        assert_int_equal(chmod(fixture->socket_path, 0666), 0);
        assert_int_equal(setresuid(1235, 1235, 0), 0);
        expect(fixture, &call_refused);
        assert_int_equal(setresuid(0, 0, 0), 0);
        stop(fixture, pid);
        fixture_free(fixture);
}

/* What answers at the path is no sshguardd. */
static void test_strange_servers(void **state) {
        static const struct {
                const char *answer;
                size_t n;
                const struct expectation expected;
        } cases[] = {
                { "", 0, { { "status" }, 3, NULL, "hung up" } },
                { "SSH-2.0-OpenSSH_9.2\r\n", 22, { { "status" }, 2, NULL, "no sshguardd" } },
                { "{}", 3, { { "status" }, 2, NULL, "no sshguardd" } },
                { "{\"error\":\"a.\\u001b[31mB\"}",
                  sizeof "{\"error\":\"a.\\u001b[31mB\"}",
                  { { "status" }, 2, NULL, "a.\\x1b[31mB" } },
                { "{\"parameters\":{\"counts\":[],\"findings\":{},\"coverage\":1}}",
                  sizeof "{\"parameters\":{\"counts\":[],\"findings\":{},\"coverage\":1}}",
                  { { "status" }, 2, NULL, "no sshguardd" } },
                { "{\"parameters\":{\"counts\":{},\"findings\":{},\"coverage\":1}}",
                  sizeof "{\"parameters\":{\"counts\":{},\"findings\":{},\"coverage\":1}}",
                  { { "status" }, 0, "no rule is enabled", NULL } },
        };
        struct fixture *fixture = fixture_new(CONTROL_GROUP_NONE);
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        (void)state;
        control_free(fixture->control);
        fixture->control = NULL;
        (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", fixture->socket_path);
        assert_int_equal(bind(listening, (struct sockaddr *)&address, sizeof address), 0);
        assert_int_equal(listen(listening, 5), 0);
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                pid_t pid = fork();

                assert_true(pid >= 0);
                if (pid == 0) {
                        char call[200];
                        int fd = accept(listening, NULL, NULL);

                        (void)!read(fd, call, sizeof call);
                        (void)!write(fd, cases[i].answer, cases[i].n);
                        _exit(0);
                }
                expect(fixture, &cases[i].expected);
                assert_int_equal(waitpid(pid, NULL, 0), pid);
        }
        (void)close(listening);
        assert_int_equal(unlink(fixture->socket_path), 0);
        fixture_free(fixture);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_asking),
                cmocka_unit_test(test_deciding),
                cmocka_unit_test(test_editing),
                cmocka_unit_test(test_a_refused_edit_is_kept),
                cmocka_unit_test(test_refusals),
                cmocka_unit_test(test_usage),
                cmocka_unit_test(test_no_daemon),
                cmocka_unit_test(test_not_permitted),
                cmocka_unit_test(test_strange_servers),
        };

        return cmocka_run_group_tests(tests, open_program, NULL);
}
