/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which files a unit is read from, and what is said of it. */

#include "cmocka_env.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "world/service_tree.h"

static const char debian_unit[] = "[Service]\nEnvironmentFile=-/etc/default/ssh\n"
                                  "ExecStart=/usr/sbin/sshd -D $SSHD_OPTS\n";

struct fixture {
        char directory[64];
        struct os_root root;
        struct view *view;
        struct service_tree tree;
};

static void write_file(const struct fixture *fixture, const char *path, const char *text) {
        CLEANUP_FREE char *name = text_format("%s%s", fixture->directory, path);
        FILE *file;

        for (char *slash = name + strlen(fixture->directory) + 1; (slash = strchr(slash, '/'));
             slash++) {
                *slash = '\0';
                (void)mkdir(name, 0755);
                *slash = '/';
        }
        file = fopen(name, "w");
        assert_non_null(file);
        assert_true(fputs(text, file) >= 0);
        assert_int_equal(fclose(file), 0);
}

static void link_file(const struct fixture *fixture, const char *path, const char *target) {
        CLEANUP_FREE char *name = text_format("%s%s", fixture->directory, path);

        write_file(fixture, path, "");
        assert_int_equal(unlink(name), 0);
        assert_int_equal(symlink(target, name), 0);
}

static int set_up(void **state) {
        struct fixture *fixture = calloc(1, sizeof *fixture);

        strcpy(fixture->directory, "/tmp/test-service-XXXXXX");
        assert_non_null(mkdtemp(fixture->directory));
        assert_int_equal(os_root_open(fixture->directory, &fixture->root), 0);
        assert_int_equal(view_new(&fixture->root, &fixture->view), 0);
        *state = fixture;
        return 0;
}

static int tear_down(void **state) {
        struct fixture *fixture = *state;
        CLEANUP_FREE char *command = text_format("rm -rf '%s'", fixture->directory);

        service_tree_done(&fixture->tree);
        view_free(fixture->view);
        os_root_close(&fixture->root);
        assert_int_equal(system(command), 0);
        free(fixture);
        return 0;
}

static const struct service_tree *load(struct fixture *fixture) {
        service_tree_done(&fixture->tree);
        view_forget_all(fixture->view);
        assert_int_equal(service_tree_load(fixture->view, &fixture->tree), 0);
        return &fixture->tree;
}

static void assert_paths(const struct service_tree *tree, const char *expected) {
        CLEANUP(text_done) struct text text = { 0 };

        for (size_t i = 0; i < tree->n_paths; i++)
                (void)text_appendf(&text, "%s%s", i ? " " : "", tree->paths[i]);
        assert_string_equal(text_get(&text), expected);
}

static void test_a_tree_without_a_unit_has_no_options(void **state) {
        const struct service_tree *tree = load(*state);

        assert_null(tree->service.name);
        assert_null(tree->unknown);
        assert_int_equal(tree->line.n_options, 0);
        assert_string_equal(service_tree_config_path(tree), "/etc/ssh/sshd_config");
}

static void test_drop_ins_come_in_the_order_of_their_names(void **state) {
        struct fixture *fixture = *state;

        write_file(fixture, "/usr/lib/systemd/system/ssh.service", debian_unit);
        link_file(fixture, "/etc/systemd/system/sshd.service",
                  "/usr/lib/systemd/system/ssh.service");
        write_file(fixture, "/run/systemd/system/ssh.service.d/50.conf", "");
        write_file(fixture, "/etc/systemd/system/sshd.service.d/60.conf", "");
        write_file(fixture, "/usr/lib/systemd/system/service.d/10.conf", "");
        write_file(fixture, "/usr/lib/systemd/system/ssh.service.d/50.conf", "");
        write_file(fixture, "/etc/systemd/system/ssh.service.d/not-one", "");
        write_file(fixture, "/etc/default/ssh", "SSHD_OPTS='-p 2222 -oUsePAM=no'\n");
        assert_paths(load(fixture), "/usr/lib/systemd/system/ssh.service "
                                    "/usr/lib/systemd/system/service.d/10.conf "
                                    "/run/systemd/system/ssh.service.d/50.conf "
                                    "/etc/systemd/system/sshd.service.d/60.conf /etc/default/ssh");
        assert_string_equal(fixture->tree.service.name, "ssh.service");
        assert_int_equal(fixture->tree.line.n_options, 2);
        assert_string_equal(fixture->tree.overrides[0], "-p2222");
        assert_string_equal(fixture->tree.overrides[1], "UsePAM=no");
}

static void test_a_nearer_unit_file_hides_the_shipped_one(void **state) {
        struct fixture *fixture = *state;

        write_file(fixture, "/usr/lib/systemd/system/sshd.service", debian_unit);
        write_file(fixture, "/etc/systemd/system/sshd.service",
                   "[Service]\nExecStart=/opt/sshd -f /opt/config\n");
        assert_paths(load(fixture), "/etc/systemd/system/sshd.service");
        assert_string_equal(fixture->tree.service.name, "sshd.service");
        assert_string_equal(service_tree_config_path(&fixture->tree), "/opt/config");
}

static void test_a_candidate_is_read_in_place_of_the_disk(void **state) {
        struct fixture *fixture = *state;
        CLEANUP(service_tree_done) struct service_tree candidate = { 0 };
        const struct file_metadata metadata = { .kind = FILE_REGULAR, .mode = 0644 };
        static const char text[] = "SSHD_OPTS=-4\n";
        struct view *view;

        write_file(fixture, "/usr/lib/systemd/system/ssh.service", debian_unit);
        write_file(fixture, "/etc/default/ssh", "SSHD_OPTS=-6\n");
        load(fixture);
        assert_string_equal(fixture->tree.overrides[0], "AddressFamily inet6");
        assert_int_equal(view_new_over(fixture->view, &view), 0);
        assert_int_equal(view_put(view, "/etc/default/ssh", &metadata, text, strlen(text)), 0);
        assert_int_equal(service_tree_load(view, &candidate), 0);
        assert_string_equal(candidate.overrides[0], "AddressFamily inet");
        assert_true(service_tree_reads_same(&fixture->tree, &candidate));
        view_free(view);
}

static void test_the_release_of_systemd_decides_about_comments(void **state) {
        struct fixture *fixture = *state;

        write_file(fixture, "/usr/lib/systemd/system/ssh.service", debian_unit);
        write_file(fixture, "/etc/default/ssh", "SSHD_OPTS=-4\n# x \\\nSSHD_OPTS=-6\n");
        load(fixture);
        assert_string_equal(fixture->tree.overrides[0], "AddressFamily inet6");
        write_file(fixture, "/usr/lib/systemd/libsystemd-shared-252.so", "");
        load(fixture);
        assert_string_equal(fixture->tree.overrides[0], "AddressFamily inet");
}

/* ---- findings ---- */

static void judge(struct fixture *fixture, const char *unit, struct findings *findings) {
        write_file(fixture, "/usr/lib/systemd/system/ssh.service", unit);
        load(fixture);
        assert_int_equal(service_tree_judge(&fixture->tree, findings), 0);
}

static void test_what_is_wrong_with_a_unit_is_said(void **state) {
        static const struct {
                const char *unit, *rule, *got;
                unsigned line;
        } cases[] = {
                { "[Service]\nExecStart=/usr/sbin/sshd -D -o\n", "service.refused",
                  "option requires an argument -- o", 2 },
                { "[Service]\nExecStart=/usr/sbin/sshd more\n", "service.refused",
                  "Extra argument more.", 2 },
                { "[Service]\nExecStart=/bin/wrapper sshd\n", "service.unknown",
                  "ssh.service starts /bin/wrapper", 2 },
                { "[Service]\n", "service.unknown", "ssh.service starts nothing", 0 },
                { "[Service]\nExecStart=/usr/sbin/sshd\nExecStart=/bin/true\n", "service.unknown",
                  "ssh.service starts /usr/sbin/sshd and more", 2 },
                { "[Service]\nExecStart=/usr/sbin/sshd 'x\n", "service.unknown",
                  "/usr/lib/systemd/system/ssh.service:2: ExecStart= has a quote that is not "
                  "closed",
                  0 },
                { "[Service]\nExecStart=/usr/sbin/sshd -D\nEnvironment=A=b LD_PRELOAD=/x.so\n",
                  "service.environment", "/x.so", 3 },
                { "[Service]\nExecStart=/usr/sbin/sshd -D\nBindPaths=/tmp/x:/etc/ssh\n",
                  "service.namespace", "/tmp/x:/etc/ssh", 3 },
        };

        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                CLEANUP(findings_done) struct findings findings = { 0 };

                judge(*state, cases[i].unit, &findings);
                assert_int_equal(findings.n_items, 1);
                assert_string_equal(findings.items[0].rule_id, cases[i].rule);
                assert_string_equal(findings.items[0].got, cases[i].got);
                assert_int_equal(findings.items[0].line, cases[i].line);
                assert_string_equal(findings.items[0].path, "/usr/lib/systemd/system/ssh.service");
        }
}

static void test_nothing_is_said_of_debians_unit(void **state) {
        CLEANUP(findings_done) struct findings findings = { 0 };

        judge(*state, debian_unit, &findings);
        assert_int_equal(findings.n_items, 0);
}

static void test_blame_goes_to_where_an_option_was_written(void **state) {
        struct fixture *fixture = *state;
        CLEANUP(findings_done) struct findings findings = { 0 };
        struct finding finding;
        int r;

        write_file(fixture, "/usr/lib/systemd/system/ssh.service", debian_unit);
        write_file(fixture, "/etc/default/ssh", "\nSSHD_OPTS=\"-p 22 -o 'UsePAM no' -oX=y\"\n");
        load(fixture);
        r = finding_init_own(&finding, "x", SEVERITY_LOW);
        r = finding_set(r, &finding.path, "command-line");
        finding.line = 2;
        r = finding_set(r, &finding.message, "UsePAM is \"no\"");
        r = finding_set(r, &finding.witness, "sshd -T -C user=x");
        finding.losers = calloc(1, sizeof *finding.losers);
        finding.losers[0] = strdup("command-line:3: X=y");
        finding.n_losers = 1;
        assert_int_equal(r, 0);
        assert_int_equal(findings_add(&findings, &finding), 0);
        assert_int_equal(service_tree_place_findings(&fixture->tree, &findings, 0), 0);
        assert_string_equal(findings.items[0].path, "/etc/default/ssh");
        assert_int_equal(findings.items[0].line, 2);
        assert_string_equal(findings.items[0].message,
                            "UsePAM is \"no\" (command line of ssh.service: SSHD_OPTS)");
        assert_string_equal(findings.items[0].witness,
                            "sshd -T -p22 -o 'UsePAM no' -o X=y -C user=x");
        assert_string_equal(findings.items[0].losers[0], "/etc/default/ssh:2: X=y");
}

static void test_the_title_of_sshd_shows_its_words(void **state) {
        static const struct {
                const char *title, *line;
                int result;
        } cases[] = {
                { "sshd: /usr/sbin/sshd -D -4 [listener] 0 of 10-100 startups",
                  "/usr/sbin/sshd -D -4", SERVICE_RUNNING_SAME },
                { "sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups", "/usr/sbin/sshd -D",
                  SERVICE_RUNNING_OTHER },
                { "sshd: /usr/sbin/sshd -D -oX=a [listener] b [listener] 3 of 10-100 startups",
                  "/usr/sbin/sshd -D -oX=a [listener] b", SERVICE_RUNNING_OTHER },
                { "sshd: /usr/sbin/sshd -D -o", NULL, SERVICE_RUNNING_UNKNOWN },
                { "sshd: root@pts/0", NULL, SERVICE_RUNNING_UNKNOWN },
                { "/usr/sbin/sshd -D -4", NULL, SERVICE_RUNNING_UNKNOWN },
                { "", NULL, SERVICE_RUNNING_UNKNOWN },
        };
        struct fixture *fixture = *state;

        write_file(fixture, "/usr/lib/systemd/system/ssh.service", debian_unit);
        write_file(fixture, "/etc/default/ssh", "SSHD_OPTS=-4\n");
        load(fixture);
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                CLEANUP_FREE char *line = NULL;

                assert_int_equal(
                        service_tree_compare_running(&fixture->tree, cases[i].title, &line),
                        cases[i].result);
                assert_true(!line == !cases[i].line);
                if (line)
                        assert_string_equal(line, cases[i].line);
        }
}

#define TREE_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void) {
        const struct CMUnitTest tests[] = {
                TREE_TEST(test_a_tree_without_a_unit_has_no_options),
                TREE_TEST(test_drop_ins_come_in_the_order_of_their_names),
                TREE_TEST(test_a_nearer_unit_file_hides_the_shipped_one),
                TREE_TEST(test_a_candidate_is_read_in_place_of_the_disk),
                TREE_TEST(test_the_release_of_systemd_decides_about_comments),
                TREE_TEST(test_what_is_wrong_with_a_unit_is_said),
                TREE_TEST(test_nothing_is_said_of_debians_unit),
                TREE_TEST(test_blame_goes_to_where_an_option_was_written),
                TREE_TEST(test_the_title_of_sshd_shows_its_words),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
