/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "accounts_machine.h"

static const char passwd[] = "root:x:0:0::/root:/bin/sh\n"
                             "alice:x:4001:4001::/home/alice:/bin/sh\n"
                             "bob:x:4002:4002::/home/bob:/bin/sh\n"
                             "twin:x:4001:4001::/home/alice:/bin/sh\n"
                             "nobody:x:65534:65534::/nonexistent:/bin/sh\n";

static int set_up(void **state) {
        struct machine *machine = make_machine();

        write_at(machine, "/etc/passwd", passwd);
        write_at(machine, "/etc/group", "root:x:0:\nalice:x:4001:\nbob:x:4002:\n");
        write_at(machine, "/etc/ssh/sshd_config", "UsePAM yes\n");
        write_at(machine, "/etc/sshguardd/sshguardd.conf",
                 "mode = \"enforce\";\n"
                 "rules = (\n"
                 "  { id = \"approved\"; keys = \"alice\"; approved_only = true;\n"
                 "    response = \"revert\"; severity = \"high\"; },\n"
                 "  { id = \"comments\"; keys = \"bob\"; comments = [ \"b\" ];\n"
                 "    response = \"repair\"; severity = \"high\"; },\n"
                 "  { id = \"rc\"; file = \"~/.ssh/rc\"; absent = true; },\n"
                 "  { id = \"pattern\"; file = \"~/.ssh/*.pub\"; mode_at_most = \"0644\"; },\n"
                 "  { id = \"principals\"; file = \"/etc/ssh/principals\"; approved_only = true;\n"
                 "    response = \"revert\"; },\n"
                 "  { id = \"directory\"; file = \"~/.ssh/\"; owner = \"%u\"; mode_at_most = "
                 "\"0700\";\n"
                 "    response = \"revert\"; severity = \"high\"; } );\n");
        *state = machine;
        if (geteuid() != 0)
                return 0;
        make_home(machine, "alice", 4001, KEY_A);
        make_home(machine, "bob", 4002, KEY_B);
        start(machine);
        return 0;
}

static void reconcile(struct machine *machine, const char *path) {
        char *paths[] = { BORROWED(path) };

        assert_int_equal(reconcile_paths(&machine->reconciler, paths, 1), 0);
}

static const struct guarded_user *user_named(const struct machine *machine, const char *name) {
        const struct account *account = accounts_find(&machine->world.accounts, name);

        assert_non_null(account);
        return &machine->world.users.items[account - machine->world.accounts.items];
}

static bool has_open(const struct machine *machine, const char *name, const char *rule) {
        const struct ledger *ledger = &user_named(machine, name)->ledger;

        for (size_t i = 0; i < ledger->n_items; i++)
                if (strcmp(ledger->items[i].finding.rule_id, rule) == 0)
                        return true;
        return false;
}

static void count_owner(void *userdata, size_t i, struct user_file *file) {
        size_t *n = userdata;

        (void)i;
        (void)file;
        (*n)++;
}

static bool has_file(const struct machine *machine, const char *name, const char *path) {
        const struct guarded_user *user = user_named(machine, name);

        for (size_t f = 0; f < user->n_files; f++)
                if (strcmp(user->files[f].path, path) == 0)
                        return true;
        return false;
}

/* What is read again and says the same leaves what is known of the accounts alone. */
static void test_derived_once(void **state) {
        struct machine *machine = *state;
        const struct user_file *files;

        if (geteuid() != 0)
                SKIP("files of several users need root");
        files = user_named(machine, "bob")->files;
        assert_true(world_load_config(&machine->world) >= 0);
        assert_int_equal(world_load_accounts(&machine->world), 0);
        assert_ptr_equal(user_named(machine, "bob")->files, files);
        assert_false(user_named(machine, "bob")->is_stale);

        write_at(machine, "/etc/ssh/sshd_config",
                 "UsePAM yes\nAuthorizedKeysFile .ssh/others /etc/ssh/keys/%u\n");
        view_forget_all(machine->world.view);
        assert_true(world_load_config(&machine->world) >= 0);
        assert_true(has_file(machine, "bob", "/etc/ssh/keys/bob"));
        assert_true(has_file(machine, "bob", "/home/bob/.ssh/others"));
        assert_true(user_named(machine, "bob")->is_stale);

        write_at(machine, "/etc/passwd",
                 "root:x:0:0::/root:/bin/sh\nalice:x:4001:4001::/home/alice:/bin/sh\n"
                 "bob:x:4002:4002::/srv/bob:/bin/sh\n");
        assert_int_equal(world_load_accounts(&machine->world), 0);
        assert_true(has_file(machine, "bob", "/srv/bob/.ssh/others"));
}

static void test_whose_files(void **state) {
        struct machine *machine = *state;
        const struct guarded *guarded;
        size_t n_owners = 0;

        if (geteuid() != 0)
                SKIP("files of several users need root");
        guarded = guarded_set_get(&machine->world.set, "/home/bob/.ssh/authorized_keys2");
        assert_non_null(guarded);
        assert_true(guarded->flags & GUARDED_USER);
        assert_non_null(guarded_set_get(&machine->world.set, "/home/bob/.ssh/rc"));
        assert_null(guarded_set_get(&machine->world.set, "/home/bob/other"));
        users_of_path(&machine->world.users, "/home/alice/.ssh/authorized_keys", count_owner,
                      &n_owners);
        assert_int_equal(n_owners, 2); /* a home of two accounts */
        assert_int_equal(user_named(machine, "alice")->ledger.n_items, 0);
}

static void test_a_change_is_reverted(void **state) {
        struct machine *machine = *state;
        struct stat st;

        if (geteuid() != 0)
                SKIP("files of several users need root");
        write_at(machine, "/home/alice/.ssh/authorized_keys", KEY_B);
        reconcile(machine, "/home/alice/.ssh/authorized_keys");
        assert_content(machine, "/home/alice/.ssh/authorized_keys", KEY_A);
        assert_content(machine, "/home/bob/.ssh/authorized_keys", KEY_B);
        assert_int_equal(stat(host(machine, "/home/alice/.ssh/authorized_keys"), &st), 0);
        assert_int_equal(st.st_uid, 4001);
        assert_int_equal(st.st_mode & 07777, 0600);
        assert_false(has_open(machine, "alice", "approved"));
        /* absence was approved too */
        write_at(machine, "/home/alice/.ssh/authorized_keys2", KEY_B);
        reconcile(machine, "/home/alice/.ssh/authorized_keys2");
        assert_content(machine, "/home/alice/.ssh/authorized_keys2", NULL);
}

static void test_a_repair_takes_out_what_offends(void **state) {
        struct machine *machine = *state;
        CLEANUP_FREE char *mixed = text_format("# mine\n%s%s", KEY_A, KEY_B);
        CLEANUP_FREE char *kept = text_format("# mine\n%s", KEY_B);

        if (geteuid() != 0)
                SKIP("files of several users need root");
        write_at(machine, "/home/bob/.ssh/authorized_keys", mixed);
        reconcile(machine, "/home/bob/.ssh/authorized_keys");
        assert_content(machine, "/home/bob/.ssh/authorized_keys", kept);
        reconcile(machine, "/home/bob/.ssh/authorized_keys");
        assert_int_equal(user_named(machine, "bob")->ledger.n_items, 0);
}

/* Of a directory no version is kept: it is given back as the rule wants it. */
static void test_a_directory_taken_over_is_given_back(void **state) {
        struct machine *machine = *state;
        struct stat st;

        if (geteuid() != 0)
                SKIP("files of several users need root");
        give(machine, "/home/bob/.ssh", 0777, 0);
        give(machine, "/home/bob/.ssh/authorized_keys", 0600, 0);
        reconcile(machine, "/home/bob/.ssh");
        assert_int_equal(stat(host(machine, "/home/bob/.ssh"), &st), 0);
        assert_int_equal(st.st_uid, 4002);
        assert_int_equal(st.st_mode & 07777, 0700);
        reconcile(machine, "/home/bob/.ssh");
        assert_false(has_open(machine, "bob", "directory"));
        /* a third one's is not ours to give */
        assert_int_equal(chown(host(machine, "/home/bob/.ssh"), 4001, 4001), 0);
        reconcile(machine, "/home/bob/.ssh");
        assert_true(has_open(machine, "bob", "directory"));
        assert_int_equal(stat(host(machine, "/home/bob/.ssh"), &st), 0);
        assert_int_equal(st.st_uid, 4001);
}

static void test_what_is_planted_is_left_alone(void **state) {
        struct machine *machine = *state;
        const char *path = "/home/alice/.ssh/authorized_keys";
        struct stat st;

        if (geteuid() != 0)
                SKIP("files of several users need root");
        write_at(machine, "/etc/shadow", "root:secret:1\n");
        give(machine, "/etc/shadow", 0600, 0);
        assert_int_equal(unlink(host(machine, path)), 0);
        assert_int_equal(symlink("/etc/shadow", host(machine, path)), 0);
        reconcile(machine, path);
        assert_true(has_open(machine, "alice", "file.kind"));
        assert_int_equal(lstat(host(machine, path), &st), 0);
        assert_true(S_ISLNK(st.st_mode));
        assert_content(machine, "/etc/shadow", "root:secret:1\n");
        assert_int_equal(unlink(host(machine, path)), 0);
        assert_int_equal(mkfifo(host(machine, path), 0600), 0);
        reconcile(machine, path);
        assert_int_equal(lstat(host(machine, path), &st), 0);
        assert_true(S_ISFIFO(st.st_mode));
}

static void test_what_sshd_ignores(void **state) {
        struct machine *machine = *state;

        if (geteuid() != 0)
                SKIP("files of several users need root");
        assert_int_equal(chmod(host(machine, "/home/bob"), 0777), 0);
        reconcile(machine, "/home/bob");
        assert_true(has_open(machine, "bob", "keys.ignored"));
        assert_int_equal(chmod(host(machine, "/home/bob"), 0755), 0);
        reconcile(machine, "/home/bob");
        assert_int_equal(user_named(machine, "bob")->ledger.n_items, 0);
}

/* What sshd reads for every account may be what a rule about files speaks of. */
static void test_a_file_of_all_accounts(void **state) {
        struct machine *machine = *state;
        CLEANUP_FREE char *forget = text_format("rm '%s'/state.db*", machine->directory);

        if (geteuid() != 0)
                SKIP("files of several users need root");
        write_at(machine, "/etc/ssh/sshd_config",
                 "UsePAM yes\nAuthorizedPrincipalsFile /etc/ssh/principals\n");
        write_at(machine, "/etc/ssh/principals", "alice\n");
        stop(machine);
        assert_int_equal(system(forget), 0);
        start(machine);
        write_at(machine, "/etc/ssh/principals", "alice\nroot\n");
        reconcile(machine, "/etc/ssh/principals");
        assert_content(machine, "/etc/ssh/principals", "alice\n");
        reconcile(machine, "/etc/ssh/principals");
        assert_content(machine, "/etc/ssh/principals", "alice\n");
}

/* A rule's pattern is matched with the account's own rights, and anew at each look. */
static void test_files_that_a_pattern_names(void **state) {
        struct machine *machine = *state;
        const char *path = "/home/bob/.ssh/a.pub";

        if (geteuid() != 0)
                SKIP("files of several users need root");
        assert_true(has_file(machine, "bob", "/home/bob/.ssh"));
        assert_false(has_file(machine, "bob", path));
        write_at(machine, path, KEY_A);
        give(machine, path, 0666, 4002);
        reconcile(machine, "/home/bob/.ssh");
        assert_true(has_file(machine, "bob", path));
        assert_true(has_open(machine, "bob", "pattern"));
        assert_false(has_file(machine, "alice", path));
        assert_int_equal(unlink(host(machine, path)), 0);
        reconcile(machine, "/home/bob/.ssh");
        assert_false(has_file(machine, "bob", path));
        assert_false(has_open(machine, "bob", "pattern"));
}

/* The approved versions move along; who is gone has nothing open. */
static void test_a_home_moves(void **state) {
        struct machine *machine = *state;
        const char *path = "/srv/.ssh/authorized_keys";

        if (geteuid() != 0)
                SKIP("files of several users need root");
        assert_int_equal(reconciler_establish_accounts(&machine->reconciler), 0);
        assert_int_equal(reconciler_establish_accounts(&machine->reconciler), 0);
        machine->reconciler.accounts_are_established = false;
        assert_int_equal(reconciler_recall_accounts(&machine->reconciler), 0);
        assert_true(machine->reconciler.accounts_are_established);
        machine->world.on_user_left = reconciler_user_left;
        machine->world.userdata = &machine->reconciler;
        assert_int_equal(chmod(host(machine, "/home/bob"), 0777), 0);
        reconcile(machine, "/home/bob");
        assert_true(has_open(machine, "bob", "keys.ignored"));

        assert_int_equal(rename(host(machine, "/home/alice"), host(machine, "/srv")), 0);
        write_at(machine, "/etc/passwd",
                 "root:x:0:0::/root:/bin/sh\nalice:x:4001:4001::/srv:/bin/sh\n");
        reconcile(machine, "/etc/passwd");
        assert_int_equal(machine->world.users.n_items, 2);
        reconcile(machine, path);
        assert_false(has_open(machine, "alice", "approved"));
        write_at(machine, path, KEY_B);
        reconcile(machine, path);
        assert_content(machine, path, KEY_A);
        assert_content(machine, "/home/bob/.ssh/authorized_keys", KEY_B);
}

/* What is known survives a restart and a list of accounts in another order. */
static void test_accounts_come_and_go(void **state) {
        struct machine *machine = *state;

        if (geteuid() != 0)
                SKIP("files of several users need root");
        stop(machine);
        write_at(machine, "/home/alice/.ssh/authorized_keys", KEY_B);
        write_at(machine, "/etc/passwd",
                 "bob:x:4002:4002::/home/bob:/bin/sh\nnew:x:4003:4003::/home/new:/bin/sh\n"
                 "alice:x:4001:4001::/home/alice:/bin/sh\nroot:x:0:0::/root:/bin/sh\n");
        make_home(machine, "new", 4003, KEY_A);
        start(machine);
        assert_content(machine, "/home/alice/.ssh/authorized_keys", KEY_A);
        assert_int_equal(machine->world.users.n_items, 4);
        assert_true(baseline_knows(machine->world.baseline, "/home/new/.ssh/authorized_keys"));
        write_at(machine, "/etc/passwd", "alice:x:4001:4001::/srv:/bin/sh\n");
        reconcile(machine, "/etc/passwd");
        assert_int_equal(machine->world.users.n_items, 1);
        assert_null(guarded_set_get(&machine->world.set, "/home/new/.ssh/authorized_keys"));
        assert_non_null(guarded_set_get(&machine->world.set, "/srv/.ssh/authorized_keys"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_whose_files, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_derived_once, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_a_change_is_reverted, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_a_repair_takes_out_what_offends, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(test_a_directory_taken_over_is_given_back, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(test_what_is_planted_is_left_alone, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(test_what_sshd_ignores, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_a_file_of_all_accounts, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_files_that_a_pattern_names, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_a_home_moves, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_accounts_come_and_go, set_up, tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
