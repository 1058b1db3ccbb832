/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include "machine.h"
#include "world/pam_stacks.h"

static const char sshd_stack[] = "@include common-auth\n"
                                 "auth required pam_google_authenticator.so\n"
                                 "account required pam_unix.so\n"
                                 "session optional pam_env.so envfile=/etc/locale\n"
                                 "session optional pam_exec.so /opt/hook\n";
static const char common_auth[] = "auth [success=1 default=ignore] pam_unix.so\n"
                                  "auth requisite pam_deny.so\n"
                                  "auth required pam_permit.so\n";
static const char totp_policy[] =
        "mode = \"enforce\";\n"
        "rules = (\n"
        "  { id = \"password\"; sshd = \"PasswordAuthentication\"; must = \"no\";\n"
        "    response = \"revert\"; },\n"
        "  { id = \"totp\"; pam = \"sshd\"; facility = \"auth\"; requires = "
        "\"pam_google_authenticator.so\";\n"
        "    forbids_args = [ \"nullok\" ]; response = \"revert\"; severity = \"high\"; } );\n";

static void make_directory(const struct machine *machine, const char *path) {
        CLEANUP_FREE char *command = text_format("mkdir -p '%s/root%s'", machine->directory, path);

        assert_int_equal(system(command), 0);
}

static char *module_path(size_t directory, const char *name) {
        struct pam_release release;

        assert_true(pam_release_parse("1.5.2-6", &release));
        return text_format("%s/%s", release.module_dirs[directory], name);
}

static void write_module(const struct machine *machine, size_t directory, const char *name,
                         const char *text) {
        CLEANUP_FREE char *path = module_path(directory, name);
        CLEANUP_FREE char *parent = strndup(path, (size_t)(strrchr(path, '/') - path));

        make_directory(machine, parent);
        write_at(machine, path, text);
}

/* A machine with Debian's libpam and a second factor. */
static int set_up_pam(void **state) {
        static const char *const modules[] = { "pam_unix.so", "pam_deny.so", "pam_permit.so",
                                               "pam_env.so", "pam_exec.so" };
        struct machine *machine;

        assert_int_equal(set_up(state), 0);
        machine = *state;
        make_directory(machine, "/etc/pam.d");
        make_directory(machine, "/usr/lib/pam.d");
        make_directory(machine, "/var/lib/dpkg");
        make_directory(machine, "/opt");
        write_at(machine, "/var/lib/dpkg/status", "Package: libpam0g\nVersion: 1.5.2-6\n");
        for (size_t i = 0; i < N_ELEMENTS(modules); i++)
                write_module(machine, 0, modules[i], "\177ELF");
        write_module(machine, 1, "pam_google_authenticator.so", "\177ELF");
        write_at(machine, "/etc/pam.d/sshd", sshd_stack);
        write_at(machine, "/etc/pam.d/common-auth", common_auth);
        write_at(machine, "/etc/pam.d/other", "@include common-auth\n");
        write_at(machine, "/etc/sshguardd/sshguardd.conf", totp_policy);
        return 0;
}

static void look_at(struct machine *machine, const char *path) {
        char *paths[] = { BORROWED(path) };

        assert_int_equal(reconcile_paths(&machine->reconciler, paths, 1), 0);
}

static unsigned flags_of(const struct machine *machine, const char *path) {
        const struct guarded *guarded = guarded_set_get(&machine->world.set, path);

        assert_non_null(guarded);
        return guarded->flags;
}

static void test_what_stacks_read_and_load_is_guarded(void **state) {
        static const struct {
                const char *path;
                unsigned flags;
        } expected[] = {
                { "/etc/pam.d/sshd", GUARDED_PAM },
                { "/etc/pam.d/common-auth", GUARDED_PAM },
                { "/etc/pam.d/other", GUARDED_PAM },
                { "/usr/lib/pam.d/cron", GUARDED_PAM | GUARDED_ALERT_ONLY },
                { "/etc/locale", GUARDED_MAY_DANGLE },
                { "/etc/environment", 0 },
                { "/opt/hook", GUARDED_ALERT_ONLY },
                { "/opt/stack", GUARDED_PAM },
                { "/opt/pam_x.so", GUARDED_MODULE },
                /* a module in name only: it stays what can be put back */
                { "/etc/ssh/sshd_config", GUARDED_SSHD | GUARDED_PAM },
        };
        struct machine *machine = *state;
        CLEANUP_FREE char *first = module_path(0, "pam_google_authenticator.so");
        CLEANUP_FREE char *second = module_path(1, "pam_google_authenticator.so");
        CLEANUP_FREE char *behind = module_path(1, "pam_unix.so");

        write_at(machine, "/usr/lib/pam.d/cron",
                 "auth include /opt/stack\nsession optional /opt/pam_x.so\n"
                 "session optional /opt/stack\nsession optional /etc/ssh/sshd_config\n");
        start(machine);
        for (size_t i = 0; i < N_ELEMENTS(expected); i++)
                assert_int_equal(flags_of(machine, expected[i].path), expected[i].flags);
        assert_int_equal(flags_of(machine, second), GUARDED_MODULE);
        assert_int_equal(flags_of(machine, first), GUARDED_MODULE); /* it would be loaded instead */
        assert_null(guarded_set_get(&machine->world.set, behind));
}

/* As Debian ships /etc/default/locale, before there is a locale. */
static void test_a_link_of_a_module_may_lead_nowhere(void **state) {
        struct machine *machine = *state;
        CLEANUP_FREE char *locale = text_format("%s/root/etc/locale", machine->directory);
        CLEANUP_FREE char *drop_in =
                text_format("%s/root/etc/ssh/sshd_config.d/x.conf", machine->directory);

        assert_int_equal(symlink("locale.conf", locale), 0);
        start(machine);
        look_at(machine, "/etc/locale");
        assert_int_equal(machine->reconciler.ledger.n_items, 0);
        assert_non_null(baseline_get(machine->world.baseline, "/etc/locale"));
        assert_int_equal(symlink("gone", drop_in), 0);
        reconcile(machine, "/etc/ssh/sshd_config.d/x.conf");
        assert_int_equal(count_incidents(machine, "reverted"), 1);
}

static void test_ways_to_switch_the_second_factor_off(void **state) {
        static const struct {
                const char *path, *content; /* NULL: it is deleted */
        } cases[] = {
                { "/etc/pam.d/sshd", "auth sufficient pam_permit.so\n@include common-auth\n"
                                     "auth required pam_google_authenticator.so\n" },
                { "/etc/pam.d/sshd",
                  "auth [default=1] pam_permit.so\nauth required pam_google_authenticator.so\n"
                  "auth required pam_unix.so\n" },
                { "/etc/pam.d/sshd",
                  "@include common-auth\nauth required pam_google_authenticator.so nullok\n" },
                { "/etc/pam.d/sshd", "@include common-auth\n" },
                { "/etc/pam.d/sshd", NULL },
                { "/etc/pam.d/common-auth", "auth sufficient pam_unix.so\n" },
                { "/etc/pam.d/sshd",
                  "@include common-auth\nauth optional pam_google_authenticator.so\n" },
        };
        static const char innocent[] = "# mine\n@include common-auth\n";
        struct machine *machine = *state;

        start(machine);
        write_at(machine, "/etc/pam.d/other", innocent);
        look_at(machine, "/etc/pam.d/other");
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                const char *good = strstr(cases[i].path, "common") ? common_auth : sshd_stack;

                if (cases[i].content)
                        write_at(machine, cases[i].path, cases[i].content);
                else
                        remove_at(machine, cases[i].path);
                look_at(machine, cases[i].path);
                assert_content(machine, cases[i].path, good);
                assert_int_equal(count_incidents(machine, "reverted"), i + 1);
        }
        assert_content(machine, "/etc/pam.d/other", innocent);
}

static void test_only_drifted_stacks_go_back(void **state) {
        static const char mine[] = "PasswordAuthentication no\nX11Forwarding no\n";
        struct machine *machine = *state;

        start(machine);
        write_at(machine, "/etc/ssh/sshd_config", mine);
        look_at(machine, "/etc/ssh/sshd_config");
        /* the blamed line is common-auth's, and that file did not drift */
        write_at(machine, "/etc/pam.d/sshd", "@include common-auth\n");
        look_at(machine, "/etc/pam.d/sshd");
        assert_content(machine, "/etc/pam.d/sshd", sshd_stack);
        assert_content(machine, "/etc/ssh/sshd_config", mine);
}

static void test_a_vendor_file_is_only_told_of(void **state) {
        struct machine *machine = *state;

        start(machine);
        write_at(machine, "/usr/lib/pam.d/sshd", "auth sufficient pam_permit.so\n");
        look_at(machine, "/usr/lib/pam.d");
        /* the file in /etc hides it: no meaning, but nobody approved it */
        assert_string_equal(only_finding(machine)->finding.rule_id, "file.unapproved");
        assert_int_equal(only_finding(machine)->finding.severity, SEVERITY_INFO);
        remove_at(machine, "/etc/pam.d/sshd");
        look_at(machine, "/etc/pam.d/sshd");
        assert_content(machine, "/etc/pam.d/sshd", sshd_stack);
        assert_content(machine, "/usr/lib/pam.d/sshd", "auth sufficient pam_permit.so\n");
}

static void test_modules_are_compared_and_never_written(void **state) {
        struct machine *machine = *state;
        CLEANUP_FREE char *module = module_path(1, "pam_google_authenticator.so");
        CLEANUP_FREE char *earlier = module_path(0, "pam_google_authenticator.so");

        start(machine);
        write_at(machine, module, "\177ELF, patched");
        look_at(machine, module);
        assert_string_equal(only_finding(machine)->finding.path, module);
        assert_int_equal(only_finding(machine)->finding.severity, SEVERITY_MEDIUM);
        assert_content(machine, module, "\177ELF, patched");
        write_at(machine, module, "\177ELF");
        look_at(machine, module);
        assert_int_equal(machine->reconciler.ledger.n_items, 0);
        write_at(machine, earlier, "\177ELF, another");
        look_at(machine, earlier);
        assert_string_equal(only_finding(machine)->finding.path, earlier);
}

static void test_what_changes_no_stack_is_information(void **state) {
        struct machine *machine = *state;
        CLEANUP_FREE char *text = text_format("# a remark\n%s", sshd_stack);

        start(machine);
        write_at(machine, "/etc/pam.d/sshd", text);
        look_at(machine, "/etc/pam.d/sshd");
        assert_int_equal(only_finding(machine)->finding.severity, SEVERITY_INFO);
        write_at(machine, "/etc/pam.d/other", "auth required pam_unix.so\n");
        look_at(machine, "/etc/pam.d/other");
        assert_int_equal(machine->reconciler.ledger.n_items, 2);
        assert_int_equal(machine->reconciler.ledger.items[1].finding.severity, SEVERITY_MEDIUM);
}

static void test_what_a_stack_brings_in_joins_the_set(void **state) {
        CLEANUP_FREE char *text = text_format("%s@include /opt/stack\n", sshd_stack);
        struct machine *machine = *state;

        start(machine);
        write_at(machine, "/opt/stack", "auth required pam_env.so envfile=/opt/env\n");
        write_at(machine, "/opt/env", "A=b\n");
        write_at(machine, "/etc/pam.d/sshd", text);
        look_at(machine, "/etc/pam.d/sshd");
        assert_int_equal(flags_of(machine, "/opt/stack"), GUARDED_PAM);
        assert_int_equal(flags_of(machine, "/opt/env"), GUARDED_MAY_DANGLE);
        /* nobody approved what brought it */
        assert_null(baseline_get(machine->world.baseline, "/opt/stack"));
        write_at(machine, "/opt/stack", "auth sufficient pam_permit.so\n");
        look_at(machine, "/opt/stack");
        assert_null(baseline_get(machine->world.baseline, "/opt/stack"));
        write_at(machine, "/etc/pam.d/sshd", sshd_stack);
        look_at(machine, "/etc/pam.d/sshd");
        assert_null(guarded_set_get(&machine->world.set, "/opt/stack"));
        assert_int_equal(machine->reconciler.ledger.n_items, 0);
}

static void test_an_approved_include_is_adopted(void **state) {
        CLEANUP_FREE char *text = text_format("%s@include /opt/stack\n", sshd_stack);
        struct machine *machine = *state;
        const struct snapshot *now;

        start(machine);
        write_at(machine, "/opt/stack", "auth required pam_env.so\n");
        write_at(machine, "/etc/pam.d/sshd", text);
        look_at(machine, "/etc/pam.d/sshd");
        assert_int_equal(view_look(machine->world.view, "/etc/pam.d/sshd", 0, &now), 0);
        assert_int_equal(baseline_approve(machine->world.baseline, "/etc/pam.d/sshd", now, false, 0,
                                          "reviewed"),
                         0);
        look_at(machine, "/etc/pam.d/sshd");
        assert_int_equal(machine->reconciler.ledger.n_items, 0);
        assert_non_null(baseline_get(machine->world.baseline, "/opt/stack"));
        write_at(machine, "/opt/stack", "auth sufficient pam_unix.so\n");
        write_at(machine, "/etc/pam.d/common-auth", "auth sufficient pam_permit.so\n");
        look_at(machine, "/opt/stack");
        look_at(machine, "/etc/pam.d/common-auth");
        assert_content(machine, "/etc/pam.d/common-auth", common_auth);
}

static void test_the_service_that_sshd_asks_for_is_judged(void **state) {
        struct machine *machine = *state;

        machine->openssh = "9.9";
        write_at(machine, "/etc/pam.d/strict", sshd_stack);
        write_at(machine, "/etc/pam.d/weak", "auth required pam_unix.so\n");
        start(machine);
        assert_int_equal(machine->reconciler.ledger.n_items, 0);
        write_at(machine, "/etc/ssh/sshd_config.d/a.conf", "PAMServiceName weak\n");
        reconcile(machine, "/etc/ssh/sshd_config.d/a.conf");
        assert_content(machine, "/etc/ssh/sshd_config.d/a.conf", NULL);
        write_at(machine, "/etc/ssh/sshd_config.d/a.conf",
                 "Match User bob\nPAMServiceName /x/WEAK\n");
        reconcile(machine, "/etc/ssh/sshd_config.d/a.conf");
        assert_content(machine, "/etc/ssh/sshd_config.d/a.conf", NULL);
        write_at(machine, "/etc/ssh/sshd_config.d/a.conf", "PAMServiceName strict\n");
        reconcile(machine, "/etc/ssh/sshd_config.d/a.conf");
        assert_string_equal(only_finding(machine)->finding.rule_id, "file.unapproved");
        /* /etc/pam.d/sshd is nobody's now: what it says breaks no rule */
        write_at(machine, "/etc/pam.d/sshd", "auth required pam_unix.so\n");
        look_at(machine, "/etc/pam.d/sshd");
        assert_content(machine, "/etc/pam.d/sshd", "auth required pam_unix.so\n");
        write_at(machine, "/etc/pam.d/strict", "auth required pam_unix.so\n");
        look_at(machine, "/etc/pam.d/strict");
        assert_content(machine, "/etc/pam.d/strict", sshd_stack);
}

static void test_an_old_sshd_asks_for_sshd(void **state) {
        struct machine *machine = *state;
        char **names;
        size_t n;

        start(machine);
        assert_int_equal(pam_stacks_sshd_services(machine->world.config, &machine->world.accounts,
                                                  &names, &n),
                         0);
        assert_int_equal(n, 1);
        assert_string_equal(names[0], "sshd");
        strings_free(names, n);
}

/* Three rules that take a line out, and one that only tells. */
static const char repair_policy[] =
        "mode = \"enforce\";\n"
        "rules = (\n"
        "  { id = \"totp\"; pam = \"sshd\"; facility = \"auth\";\n"
        "    requires = \"pam_google_authenticator.so\"; forbids_args = [ \"nullok\" ];\n"
        "    response = \"repair\"; },\n"
        "  { id = \"exec\"; pam = \"*\"; forbids = [ \"pam_exec.so\" ]; response = \"repair\"; },\n"
        "  { id = \"permit\"; pam = \"*\"; facility = \"auth\"; response = \"repair\";\n"
        "    must_not_succeed_by = [ \"pam_permit.so\" ]; },\n"
        "  { id = \"debug\"; pam = \"sshd\"; forbids_args = [ \"debug\" ]; } );\n";
static const char clean_sshd[] = "@include common-auth\n"
                                 "auth required pam_google_authenticator.so\n";

static void start_repairing(struct machine *machine, const char *sshd) {
        write_at(machine, "/etc/sshguardd/sshguardd.conf", repair_policy);
        write_at(machine, "/etc/pam.d/sshd", sshd);
        start(machine);
}

static void test_a_repair_takes_the_line_out(void **state) {
        static const struct {
                const char *drifted, *repaired;
        } cases[] = {
                { "auth sufficient pam_permit.so\n@include common-auth\n"
                  "auth required pam_google_authenticator.so\n",
                  "# auth sufficient pam_permit.so\n@include common-auth\n"
                  "auth required pam_google_authenticator.so\n" },
                { "@include common-auth\nsession optional \\\n  pam_exec.so /x\n"
                  "auth required pam_google_authenticator.so\nsession required pam_unix.so\n",
                  "@include common-auth\n# session optional \\\n#   pam_exec.so /x\n"
                  "auth required pam_google_authenticator.so\nsession required pam_unix.so\n" },
                /* two rules, two lines, one repair */
                { "auth sufficient pam_permit.so\n@include common-auth\n"
                  "auth required pam_google_authenticator.so\nauth optional pam_exec.so /x\n",
                  "# auth sufficient pam_permit.so\n@include common-auth\n"
                  "auth required pam_google_authenticator.so\n# auth optional pam_exec.so /x\n" },
        };
        struct machine *machine = *state;

        start_repairing(machine, clean_sshd);
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                write_at(machine, "/etc/pam.d/sshd", cases[i].drifted);
                look_at(machine, "/etc/pam.d/sshd");
                assert_content(machine, "/etc/pam.d/sshd", cases[i].repaired);
                assert_int_equal(count_incidents(machine, "repaired"), i + 1);
                assert_int_equal(machine->reconciler.ledger.n_items, 0);
                assert_string_equal(baseline_get(machine->world.baseline, "/etc/pam.d/sshd")->data,
                                    cases[i].repaired);
        }
}

static void test_what_no_repair_mends_is_reverted(void **state) {
        static const char *const cases[] = {
                /* without the line there is no second factor at all */
                "@include common-auth\nauth required pam_google_authenticator.so nullok\n",
                "@include common-auth\nauth optional pam_google_authenticator.so\n",
                "@include common-auth\n",
                /* the jump would land elsewhere */
                "auth [success=1 default=ignore] pam_unix.so\nauth sufficient pam_permit.so\n"
                "auth required pam_google_authenticator.so\n",
                /* another rule, whose answer is no repair, would stay broken */
                "@include common-auth\nauth required pam_google_authenticator.so\n"
                "session optional pam_exec.so /x\nsession required pam_unix.so debug\n",
                /* nothing would be left of the session */
                "@include common-auth\nauth required pam_google_authenticator.so\n"
                "session optional pam_exec.so /x\n",
        };
        struct machine *machine = *state;

        start_repairing(machine, clean_sshd);
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                write_at(machine, "/etc/pam.d/sshd", cases[i]);
                look_at(machine, "/etc/pam.d/sshd");
                assert_content(machine, "/etc/pam.d/sshd", clean_sshd);
                assert_int_equal(count_incidents(machine, "reverted"), i + 1);
        }
}

static void test_a_repair_needs_no_approved_version(void **state) {
        struct machine *machine = *state;

        start_repairing(machine, "auth sufficient pam_permit.so\n@include common-auth\n"
                                 "auth required pam_google_authenticator.so\n");
        look_at(machine, "/etc/pam.d/sshd");
        assert_content(machine, "/etc/pam.d/sshd",
                       "# auth sufficient pam_permit.so\n@include common-auth\n"
                       "auth required pam_google_authenticator.so\n");
        assert_int_equal(machine->reconciler.ledger.n_items, 0);
}

static void test_a_shared_file_is_repaired_for_all_or_not_at_all(void **state) {
        static const char shared[] = "auth sufficient pam_permit.so\n"
                                     "auth required pam_unix.so\n";
        struct machine *machine = *state;

        /* cron jumps over what sshd must not have */
        write_at(machine, "/etc/pam.d/cron",
                 "auth [default=1] pam_unix.so\nauth include common-auth\n"
                 "auth required pam_unix.so\n");
        start_repairing(machine, clean_sshd);
        write_at(machine, "/etc/pam.d/common-auth", shared);
        look_at(machine, "/etc/pam.d/common-auth");
        assert_content(machine, "/etc/pam.d/common-auth", common_auth);
        /* and without that jump the line goes */
        write_at(machine, "/etc/pam.d/cron", "auth include common-auth\n");
        write_at(machine, "/etc/pam.d/common-auth", shared);
        look_at(machine, "/etc/pam.d/cron");
        look_at(machine, "/etc/pam.d/common-auth");
        assert_content(machine, "/etc/pam.d/common-auth",
                       "# auth sufficient pam_permit.so\nauth required pam_unix.so\n");
}

static void test_what_is_beyond_repair_is_told(void **state) {
        struct machine *machine = *state;

        start_repairing(machine, "auth required pam_unix.so\n");
        look_at(machine, "/etc/pam.d/sshd");
        assert_content(machine, "/etc/pam.d/sshd", "auth required pam_unix.so\n");
        assert_string_equal(only_finding(machine)->finding.rule_id, "totp");
        assert_int_equal(count_incidents(machine, "not repaired"), 1);
}

static void test_a_vendor_file_is_not_repaired(void **state) {
        static const char vendor[] = "session optional pam_exec.so /x\n"
                                     "session required pam_unix.so\n";
        struct machine *machine = *state;

        write_at(machine, "/usr/lib/pam.d/cron", vendor);
        start_repairing(machine, clean_sshd);
        look_at(machine, "/usr/lib/pam.d/cron");
        assert_content(machine, "/usr/lib/pam.d/cron", vendor);
        assert_string_equal(only_finding(machine)->finding.rule_id, "exec");
}

static size_t count_open(const struct machine *machine, const char *rule_id) {
        size_t n = 0;

        for (size_t i = 0; i < machine->reconciler.ledger.n_items; i++)
                n += strcmp(machine->reconciler.ledger.items[i].finding.rule_id, rule_id) == 0;
        return n;
}

/* Relative includes were read from /etc/pam.d alone until 1.7.0-5; a stack with one that is missing
 * lets nobody in. No guarded path changes here. */
static void test_another_libpam_reads_otherwise(void **state) {
        struct machine *machine = *state;
        CLEANUP_FREE char *library = NULL, *moved = NULL;
        CLEANUP_FREE char *module = module_path(0, "pam_unix.so"); /* now below /usr */
        CLEANUP_FREE char *later = text_format("/usr%s", module);
        CLEANUP_FREE char *parent = strndup(later, (size_t)(strrchr(later, '/') - later));

        make_directory(machine, parent);
        write_at(machine, later, "\177ELF");
        write_at(machine, "/etc/pam.d/sshd", "auth include second\naccount required pam_unix.so\n");
        write_at(machine, "/usr/lib/pam.d/second", "auth sufficient pam_unix.so\n");
        start(machine);
        look_at(machine, "/etc/ssh/sshd_config");
        assert_int_equal(machine->world.pam_release.number, 10502);
        assert_int_equal(count_open(machine, "totp"), 0);

        write_at(machine, "/var/lib/dpkg/status", "Package: libpam0g\nVersion: 1.7.0-8\n");
        look_at(machine, "/etc/ssh/sshd_config");
        assert_int_equal(machine->world.pam_release.number, 10700);
        assert_int_equal(count_open(machine, "totp"), 1);

        remove_at(machine, "/var/lib/dpkg/status");
        look_at(machine, "/etc/ssh/sshd_config");
        assert_false(machine->world.has_pam_release);

        /* no package, but a library that tells it is Debian's and old */
        make_directory(machine, "/usr/lib");
        write_at(machine, "/usr/lib/libpam.so.0.new", "\177ELF @include");
        library = text_format("%s/root/usr/lib/libpam.so.0", machine->directory);
        moved = text_format("%s.new", library);
        assert_int_equal(rename(moved, library), 0);
        look_at(machine, "/etc/ssh/sshd_config");
        assert_true(machine->world.has_pam_release);
        assert_int_equal(machine->world.pam_release.number, 10503);
        assert_int_equal(count_open(machine, "totp"), 0);
}

static size_t n_unsettled;

static void count_unsettled(void *userdata, const char *path, uint64_t in_us) {
        (void)userdata;
        assert_string_equal(path, "/etc/pam.d/common-auth.pam-new");
        assert_true(in_us > 0);
        n_unsettled++;
}

/* pam-auth-update writes beside the old stack and renames. */
static void test_a_service_that_nobody_asks_for_settles(void **state) {
        static const char deny[] = "auth required pam_deny.so\n";
        struct machine *machine = *state;
        const struct pam_stacks *stacks = &machine->world.pam;

        start(machine);
        n_unsettled = 0;
        machine->reconciler.on_unsettled = count_unsettled;
        write_at(machine, "/etc/pam.d/common-auth.pam-new", deny);
        look_at(machine, "/etc/pam.d");
        assert_int_equal(n_unsettled, 1);
        assert_int_equal(machine->reconciler.ledger.n_items, 0);
        assert_true(pam_stacks_stands_alone(stacks, "/etc/pam.d/common-auth.pam-new"));
        assert_false(pam_stacks_stands_alone(stacks, "/etc/pam.d/common-auth"));
        assert_false(pam_stacks_stands_alone(stacks, "/etc/pam.d/sshd"));
        assert_false(pam_stacks_stands_alone(stacks, "/etc/pam.d/nothing"));
        /* a service of its own that another one reads */
        write_at(machine, "/etc/pam.d/other", "@include mine\n");
        look_at(machine, "/etc/pam.d/other");
        write_at(machine, "/etc/pam.d/mine", deny);
        look_at(machine, "/etc/pam.d/mine");
        assert_false(pam_stacks_stands_alone(stacks, "/etc/pam.d/mine"));
        assert_int_equal(count_open(machine, "file.unapproved"), 2);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up_pam, tear_down)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(test_what_stacks_read_and_load_is_guarded),
                TEST(test_a_link_of_a_module_may_lead_nowhere),
                TEST(test_ways_to_switch_the_second_factor_off),
                TEST(test_only_drifted_stacks_go_back),
                TEST(test_a_vendor_file_is_only_told_of),
                TEST(test_modules_are_compared_and_never_written),
                TEST(test_what_changes_no_stack_is_information),
                TEST(test_what_a_stack_brings_in_joins_the_set),
                TEST(test_an_approved_include_is_adopted),
                TEST(test_the_service_that_sshd_asks_for_is_judged),
                TEST(test_an_old_sshd_asks_for_sshd),
                TEST(test_a_repair_takes_the_line_out),
                TEST(test_what_no_repair_mends_is_reverted),
                TEST(test_a_repair_needs_no_approved_version),
                TEST(test_a_shared_file_is_repaired_for_all_or_not_at_all),
                TEST(test_what_is_beyond_repair_is_told),
                TEST(test_a_vendor_file_is_not_repaired),
                TEST(test_another_libpam_reads_otherwise),
                TEST(test_a_service_that_nobody_asks_for_settles),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
