/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Responses in turns, and each file once. */

#include "machine.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum { FILES = 12 };

static const char policy[] = "mode = \"enforce\";\n"
                             "rules = ( { id = \"keys\"; keys = \"*\"; approved_only = true;\n"
                             "  response = \"revert\"; severity = \"high\"; } );\n";

static char *file_of(const char *account, int i) {
        return text_format("/home/%s/.ssh/k%02d", account, i);
}

static void write_file(const struct machine *machine, const char *account, int i,
                       const char *content) {
        CLEANUP_FREE char *path = file_of(account, i);

        write_at(machine, path, content);
}

static size_t count_good(const struct machine *machine, const char *account) {
        size_t n = 0;

        for (int i = 0; i < FILES; i++) {
                CLEANUP_FREE char *path = file_of(account, i);
                CLEANUP_FREE char *content = read_at(machine, path);

                n += content && strcmp(content, "# good\n") == 0;
        }
        return n;
}

/* Two accounts with many files of keys, adopted. */
static void start_with_accounts(struct machine *machine) {
        static const char *const directories[] = { "/home", "/home/ann", "/home/ann/.ssh",
                                                   "/home/bob", "/home/bob/.ssh" };
        CLEANUP_FREE char *passwd =
                text_format("ann:x:%u:%u::/home/ann:/bin/sh\nbob:x:%u:%u::/home/bob:/bin/sh\n",
                            getuid(), getgid(), getuid(), getgid());
        CLEANUP(text_done) struct text config = { 0 };

        assert_int_equal(text_append(&config, "AuthorizedKeysFile"), 0);
        for (int i = 0; i < FILES; i++)
                assert_int_equal(text_appendf(&config, " .ssh/k%02d", i), 0);
        assert_int_equal(text_append(&config, "\n"), 0);
        for (size_t i = 0; i < N_ELEMENTS(directories); i++) {
                CLEANUP_FREE char *name =
                        text_format("%s/root%s", machine->directory, directories[i]);

                assert_int_equal(mkdir(name, 0755), 0);
        }
        write_at(machine, "/etc/passwd", passwd);
        write_at(machine, "/etc/ssh/sshd_config", text_get(&config));
        write_at(machine, "/etc/sshguardd/sshguardd.conf", policy);
        for (int i = 0; i < FILES; i++) {
                write_file(machine, "ann", i, "# good\n");
                write_file(machine, "bob", i, "# good\n");
        }
        start(machine);
        assert_int_equal(reconcile_users(&machine->reconciler, 0, 2), 0);
}

static void reconcile_file(struct machine *machine, const char *account, int i) {
        CLEANUP_FREE char *path = file_of(account, i);

        assert_int_equal(reconcile_paths(&machine->reconciler, &path, 1), 0);
}

struct turns {
        size_t n_over;
        char last[64];
};

static void note_turn_over(void *userdata, const char *path) {
        struct turns *turns = userdata;

        turns->n_over++;
        (void)snprintf(turns->last, sizeof turns->last, "%s", path);
}

static void test_an_account_is_answered_as_a_whole(void **state) {
        struct machine *machine = *state;

        start_with_accounts(machine);
        for (int i = 0; i < FILES; i++)
                write_file(machine, "ann", i, "# bad\n");
        reconcile_file(machine, "ann", 3);
        assert_int_equal(count_good(machine, "ann"), FILES);
        assert_int_equal(count_incidents(machine, "reverted"), FILES);
}

static void test_a_turn_ends_and_the_rest_has_another(void **state) {
        struct machine *machine = *state;
        struct turns turns = { 0 };
        size_t n_first;

        start_with_accounts(machine);
        machine->reconciler.on_turn_over = note_turn_over;
        machine->reconciler.userdata = &turns;
        machine->reconciler.turn_us = 3600 * 1000000ULL;
        for (int i = 0; i < FILES; i++)
                write_file(machine, "ann", i, "# bad\n");
        reconcile_file(machine, "ann", 0);
        n_first = count_good(machine, "ann");
        assert_in_range(n_first, 1, FILES - 1);
        assert_int_equal(turns.n_over, 1);
        assert_string_equal(turns.last, "/home/ann");
        reconcile_file(machine, "ann", 0);
        assert_int_equal(count_good(machine, "ann"), FILES);
        assert_int_equal(turns.n_over, 1);
        assert_int_equal(count_incidents(machine, "reverted"), FILES);
        assert_int_equal(count_incidents(machine, "alerted"), 0);
}

/* As a slice of a full pass: whoever is not answered for want of time is named. */
static void test_each_account_of_a_slice_is_named(void **state) {
        struct machine *machine = *state;
        struct turns turns = { 0 };

        start_with_accounts(machine);
        machine->reconciler.on_turn_over = note_turn_over;
        machine->reconciler.userdata = &turns;
        machine->reconciler.turn_us = 1; /* over when one was answered */
        for (int i = 0; i < FILES; i++) {
                write_file(machine, "ann", i, "# bad\n");
                write_file(machine, "bob", i, "# bad\n");
        }
        assert_int_equal(reconcile_users(&machine->reconciler, 0, 2), 0);
        assert_int_equal(count_good(machine, "ann") + count_good(machine, "bob"), 1);
        assert_int_equal(turns.n_over, 2);
        while (turns.n_over > 0) {
                turns.n_over = 0;
                assert_int_equal(reconcile_users(&machine->reconciler, 0, 2), 0);
        }
        assert_int_equal(count_good(machine, "ann"), FILES);
        assert_int_equal(count_good(machine, "bob"), FILES);
        assert_int_equal(count_incidents(machine, "reverted"), 2 * FILES);
}

/* An approved link and what it leads to: one write, and no complaint that the other failed. */
static void test_what_a_link_leads_to_is_answered_once(void **state) {
        struct machine *machine = *state;
        CLEANUP_FREE char *target = NULL, *name = NULL;

        start_with_accounts(machine);
        stop(machine);
        name = text_format("%s/root/home/ann/.ssh/k01", machine->directory);
        target = text_format("k00");
        assert_int_equal(unlink(name), 0);
        assert_int_equal(symlink(target, name), 0);
        {
                CLEANUP_FREE char *database = text_format("%s/state.db", machine->directory);

                assert_int_equal(unlink(database), 0);
        }
        start(machine);
        assert_int_equal(reconcile_users(&machine->reconciler, 0, 2), 0);
        write_file(machine, "ann", 0, "# bad\n");
        write_file(machine, "ann", 2, "# bad\n");
        reconcile_file(machine, "ann", 0);
        assert_int_equal(count_good(machine, "ann"), FILES);
        assert_int_equal(count_incidents(machine, "reverted"), 2);
        assert_int_equal(count_incidents(machine, "not reverted"), 0);
}

static const char main_path[] = "/etc/ssh/sshd_config";
static const char evil[] = "PasswordAuthentication yes\n";

/* Who puts a bad file back the moment it was put right. */
static void put_it_back(void *userdata, const struct incident *incident) {
        if (strcmp(incident->action, "reverted") == 0)
                write_at(userdata, main_path, evil);
}

/* Another turn is asked for, and all else gets its own; told it is only if that does not end. */
static void test_who_never_ends_gets_no_more_than_a_pass(void **state) {
        struct machine *machine = *state;
        struct turns turns = { 0 };

        start(machine);
        machine->reconciler.on_turn_over = note_turn_over;
        machine->reconciler.on_sshd_changed = NULL;
        machine->reconciler.userdata = &turns;
        machine->reconciler.answer_us = 1;            /* over when one was answered */
        machine->reconciler.recorder.contests = NULL; /* each one is recorded */
        machine->reconciler.recorder.on_incident = put_it_back;
        machine->reconciler.recorder.userdata = machine;
        write_at(machine, main_path, evil);
        for (size_t n = 1; n <= PUT_OFF_MAX; n++) {
                reconcile(machine, main_path);
                assert_int_equal(turns.n_over, n);
                assert_string_equal(turns.last, main_path);
                assert_int_equal(count_incidents(machine, "reverted"), n);
                assert_int_equal(count_incidents(machine, "alerted"), 0);
                assert_int_equal(machine->reconciler.ledger.n_items, 0);
        }
        reconcile(machine, main_path);
        assert_int_equal(count_incidents(machine, "alerted"), 1);
        assert_int_equal(machine->reconciler.ledger.n_items, 1);
        machine->reconciler.recorder.on_incident = NULL;
        reconcile(machine, main_path);
        assert_int_equal(turns.n_over, PUT_OFF_MAX + 1);
        assert_int_equal(count_incidents(machine, "reverted"), PUT_OFF_MAX + 2);
        assert_int_equal(machine->reconciler.ledger.n_items, 0);
        assert_int_equal(machine->reconciler.n_put_off, 0);
        assert_content(machine, main_path, main_config);
}

/* ---- where nothing can be exchanged ---- */

/* As on FUSE: renameat2(2) takes no flags. */
static bool forbid_exchange(void) {
        struct sock_filter code[] = {
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_renameat2, 0, 3),
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[4])),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        };
        const struct sock_fprog program = { N_ELEMENTS(code), code };

        return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
               prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* There is room for a configuration file, and none in the store. */
static bool fill_the_disk(void) {
        const struct rlimit little = { 1024, RLIM_INFINITY };

        return signal(SIGXFSZ, SIG_IGN) != SIG_ERR && setrlimit(RLIMIT_FSIZE, &little) == 0;
}

static bool make_room(void) {
        const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };

        return setrlimit(RLIMIT_FSIZE, &all) == 0;
}

static bool has_content(const struct machine *machine, const char *path, const char *content) {
        CLEANUP_FREE char *now = read_at(machine, path);

        return now && strcmp(now, content) == 0;
}

static bool is_open_as(const struct machine *machine, const char *action) {
        const struct ledger *ledger = &machine->reconciler.ledger;

        return ledger->n_items == 1 && strcmp(ledger->items[0].action, action) == 0;
}

/* What cannot be kept is not overwritten, which is told; and it is once there is room. Each step
 * that goes wrong has a number. */
static int revert_without_exchange(struct machine *machine) {
        char *paths[] = { BORROWED(main_path) };

        write_at(machine, main_path, evil);
        if (!forbid_exchange() || !fill_the_disk())
                return 1;
        if (reconcile_paths(&machine->reconciler, paths, 1) >= 0)
                return 2;
        if (!has_content(machine, main_path, evil))
                return 3;
        if (!is_open_as(machine, "not reverted"))
                return 4;
        if (!make_room() || reconcile_paths(&machine->reconciler, paths, 1) < 0)
                return 5;
        if (!has_content(machine, main_path, main_config))
                return 6;
        if (machine->reconciler.ledger.n_items != 0)
                return 7;
        return count_incidents(machine, "reverted") == 1 ? 0 : 8;
}

static void test_where_nothing_can_be_exchanged_it_is_kept_first(void **state) {
        struct machine *machine = *state;
        int status;
        pid_t pid;

        start(machine);
        pid = fork(); /* there is no way back from a filter */
        assert_true(pid >= 0);
        if (pid == 0)
                _exit(revert_without_exchange(machine));
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_an_account_is_answered_as_a_whole, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(test_a_turn_ends_and_the_rest_has_another, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(test_each_account_of_a_slice_is_named, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(test_what_a_link_leads_to_is_answered_once, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(
                        test_where_nothing_can_be_exchanged_it_is_kept_first, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_who_never_ends_gets_no_more_than_a_pass,
                                                set_up, tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
