/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "machine.h"

#include "world/standbys.h"

static const char config_path[] = "/etc/ssh/sshd_config";

static bool prepare_next(struct machine *machine) {
        struct world *world = &machine->world;

        return standbys_prepare_next(&world->standbys, &world->root, &world->set, world->baseline);
}

static struct standby *get(struct machine *machine) {
        return standbys_get(&machine->world.standbys, config_path,
                            baseline_get(machine->world.baseline, config_path));
}

/* A machine where everything stands by. False where nothing can: no O_TMPFILE. */
static bool start_prepared(struct machine *machine) {
        unsigned n = 0;

        start(machine);
        standbys_init(&machine->world.standbys, machine->directory);
        while (prepare_next(machine))
                n++;
        assert_true(n > 0 && n < STANDBYS_MAX);
        if (standbys_count(&machine->world.standbys) > 0)
                return true;
        print_message("skipped: no O_TMPFILE here\n");
        return false;
}

static void test_a_revert_uses_what_stands_by(void **state) {
        struct machine *machine = *state;
        struct standby *standby;
        struct stat st;
        size_t n;
        char name[256];
        ino_t inode;

        if (!start_prepared(machine))
                return;
        n = standbys_count(&machine->world.standbys);
        standby = get(machine);
        assert_non_null(standby);
        inode = standby->made.st_ino;
        write_at(machine, config_path, "PasswordAuthentication yes\n");
        reconcile(machine, config_path);
        assert_content(machine, config_path, main_config);
        assert_int_equal(count_incidents(machine, "reverted"), 1);
        (void)snprintf(name, sizeof name, "%s/root%s", machine->directory, config_path);
        assert_int_equal(stat(name, &st), 0);
        assert_int_equal(st.st_ino, inode);
        /* it is used up, and another one takes its place */
        assert_null(get(machine));
        assert_int_equal(standbys_count(&machine->world.standbys), n - 1);
        assert_true(prepare_next(machine));
        assert_non_null(get(machine));
        assert_false(prepare_next(machine));
}

static void test_what_was_approved_since_takes_its_place(void **state) {
        struct machine *machine = *state;
        static const char newer[] = "PasswordAuthentication no\nX11Forwarding no\n";
        const struct snapshot *now;

        if (!start_prepared(machine))
                return;
        write_at(machine, config_path, newer);
        reconcile(machine, config_path);
        assert_int_equal(view_look(machine->world.view, config_path, 0, &now), 0);
        assert_int_equal(
                baseline_approve(machine->world.baseline, config_path, now, false, 0, "test"), 0);
        assert_null(get(machine)); /* not the older one */
        assert_true(prepare_next(machine));
        assert_non_null(get(machine));
        write_at(machine, config_path, "PasswordAuthentication yes\n");
        reconcile(machine, config_path);
        assert_content(machine, config_path, newer);
}

/* A repaired version has the metadata of what was there, which can be those that were approved. */
static void test_a_repair_is_not_the_approved_version(void **state) {
        struct machine *machine = *state;
        CLEANUP_FREE char *content = NULL;

        write_policy(machine, "enforce");
        write_at(machine, config_path, "PasswordAuthentication no\nMaxAuthTries 6\n");
        if (!start_prepared(machine))
                return;
        write_at(machine, "/etc/sshguardd/sshguardd.conf",
                 "mode = \"enforce\";\n"
                 "rules = ( { id = \"tries\"; sshd = \"MaxAuthTries\"; at_most = 3;\n"
                 "            response = \"repair\"; } );\n");
        load_policy(machine);
        reconcile(machine, config_path);
        content = read_at(machine, config_path);
        assert_non_null(strstr(content, "MaxAuthTries 3"));
}

static void test_what_left_the_set_is_let_go(void **state) {
        struct machine *machine = *state;
        const struct guarded_set nothing = { 0 };

        if (!start_prepared(machine))
                return;
        standbys_forget_left(&machine->world.standbys, &machine->world.set);
        assert_non_null(get(machine));
        standbys_forget_left(&machine->world.standbys, &nothing);
        assert_int_equal(standbys_count(&machine->world.standbys), 0);
}

static void test_no_file_system_is_kept_busy_for_it(void **state) {
        struct machine *machine = *state;

        start(machine);
        standbys_init(&machine->world.standbys, "/proc/self");
        while (prepare_next(machine))
                ;
        assert_int_equal(standbys_count(&machine->world.standbys), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_a_revert_uses_what_stands_by, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(test_what_was_approved_since_takes_its_place,
                                                set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_a_repair_is_not_the_approved_version, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(test_what_left_the_set_is_let_go, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(test_no_file_system_is_kept_busy_for_it, set_up,
                                                tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
