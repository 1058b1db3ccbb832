/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What sshd has read: stories of edits, readings and looks, and what is known at their end. */

#include "cmocka_env.h"

#include "machine.h"

#include "guard/reread.h"

enum { STEPS_MAX = 8 };

/* One look: which PidFile (0: none), which content, how often the files were touched so far, and
 * how many seconds went by. */
struct look {
        unsigned pid;
        char content;
        unsigned touched;
        unsigned seconds;
};

struct story {
        const char *name;
        struct look looks[STEPS_MAX]; /* content 'a' is the approved one, and so is 'A' later; 'c'
                                         and 'd' break no rule */
        const char *stale;            /* a letter a look: 'y', 'n' */
};

static const struct story stories[] = {
        { "nothing happens", { { 1, 'a', 1, 0 }, { 1, 'a', 1, 0 }, { 2, 'a', 1, 0 } }, "nnn" },
        { "edit, look, reload, look, restore",
          { { 1, 'a', 1, 0 }, { 1, 'x', 2, 0 }, { 2, 'x', 2, 0 }, { 2, 'a', 3, 0 } },
          "nnny" },
        { "edit, reload and restore between two looks",
          { { 1, 'a', 1, 0 }, { 2, 'a', 3, 0 } },
          "ny" },
        { "edit and restore without a reload",
          { { 1, 'a', 1, 0 }, { 1, 'x', 2, 0 }, { 1, 'a', 3, 0 }, { 2, 'a', 3, 0 } },
          "nnnn" },
        { "the reload that follows puts it right",
          { { 1, 'a', 1, 0 }, { 2, 'a', 3, 0 }, { 3, 'a', 3, 0 } },
          "nyn" },
        { "a reload while it is drifted, then it is approved",
          { { 1, 'a', 1, 0 }, { 1, 'x', 2, 0 }, { 2, 'x', 2, 0 }, { 2, 'X', 2, 0 } },
          "nnnn" },
        { "what was read drifted is replaced by something else that is approved",
          { { 1, 'a', 1, 0 }, { 1, 'x', 2, 0 }, { 2, 'x', 2, 0 }, { 2, 'Y', 3, 0 } },
          "nnny" },
        { "approved, not read yet: the administrator's business",
          { { 1, 'a', 1, 0 }, { 1, 'x', 2, 0 }, { 1, 'X', 2, 0 } },
          "nnn" },
        { "while it reads there is no PidFile",
          { { 1, 'a', 1, 0 }, { 0, 'x', 2, 0 }, { 0, 'a', 3, 0 }, { 2, 'a', 3, 0 } },
          "nnny" },
        { "edited while sshd does not run for long",
          { { 1, 'a', 1, 0 }, { 0, 'a', 1, 1 }, { 0, 'a', 2, 20 }, { 2, 'a', 2, 0 } },
          "nnnn" },
        { "the guard starts first, and reverts before sshd starts",
          { { 0, 'x', 1, 0 }, { 0, 'a', 2, 0 }, { 1, 'a', 2, 0 } },
          "nnn" },
        { "unsure, and wrong at the moment: nothing is done until it is right",
          { { 1, 'a', 1, 0 }, { 2, 'x', 3, 0 }, { 2, 'a', 4, 0 } },
          "nny" },
        { "a rule broken, read and undone beside drift that breaks none",
          { { 1, 'c', 1, 0 },
            { 1, 'x', 2, 0 },
            { 2, 'x', 2, 0 },
            { 2, 'c', 3, 0 },
            { 3, 'c', 3, 0 } },
          "nnnyn" },
        { "edit, reload and restore between two looks beside drift that breaks no rule",
          { { 1, 'c', 1, 0 }, { 2, 'c', 3, 0 }, { 3, 'c', 3, 0 } },
          "nyn" },
        { "a manager of configuration writes and reloads between two looks",
          { { 1, 'a', 1, 0 }, { 2, 'c', 2, 0 }, { 3, 'c', 2, 0 } },
          "nyn" },
        { "an administrator edits, reloads and edits again",
          { { 1, 'a', 1, 0 }, { 1, 'c', 2, 0 }, { 2, 'c', 2, 0 }, { 2, 'd', 3, 0 } },
          "nnnn" },
        { "what nobody approved was read and undone",
          { { 1, 'a', 1, 0 }, { 1, 'c', 2, 0 }, { 2, 'c', 2, 0 }, { 2, 'a', 3, 0 } },
          "nnny" },
};

static struct reread_observation observe(const struct look *look, uint64_t now_us) {
        struct reread_observation observation = {
                .pid = { look->pid > 0, look->pid * 1000, look->pid },
                .is_approved = look->content == 'a' || look->content < 'a',
                .is_compliant = look->content <= 'd',
                .now_us = now_us,
        };

        memset(observation.digest, look->content | 0x20, sizeof observation.digest);
        memset(observation.stamp, (int)look->touched, sizeof observation.stamp);
        return observation;
}

static void tell(const struct story *story, bool restarts) {
        struct reread reread = { 0 };
        uint64_t now_us = 1;

        for (size_t i = 0; story->stale[i]; i++) {
                struct reread_observation observation;
                bool is_stale;

                now_us += story->looks[i].seconds * 1000000;
                observation = observe(&story->looks[i], now_us);
                is_stale = reread_observe(&reread, &observation);
                if (is_stale != (story->stale[i] == 'y'))
                        print_error("%s: look %zu\n", story->name, i);
                assert_int_equal(is_stale, story->stale[i] == 'y');
                if (restarts && reread.has_begun && observation.pid.is_there) {
                        CLEANUP_FREE char *text = reread_format(&reread);
                        struct reread again = { 0 };

                        assert_true(reread_parse(&again, text));
                        again.has_looked = true;
                        reread = again;
                }
        }
}

static void test_stories(void **state) {
        (void)state;
        for (size_t i = 0; i < N_ELEMENTS(stories); i++)
                tell(&stories[i], false);
}

static void test_stories_with_a_restart_after_each_look(void **state) {
        (void)state;
        for (size_t i = 0; i < N_ELEMENTS(stories); i++)
                tell(&stories[i], true);
}

static void test_a_change_in_one_go_is_told_from_one_that_was_undone(void **state) {
        static const struct {
                struct look before, after;
                enum reread_knowledge expected;
                bool is_suspicious;
        } cases[] = {
                { { 1, 'a', 1, 0 }, { 2, 'a', 3, 0 }, REREAD_UNSURE, true },
                { { 1, 'c', 1, 0 }, { 2, 'c', 3, 0 }, REREAD_UNSURE, true },
                { { 1, 'a', 1, 0 }, { 2, 'c', 2, 0 }, REREAD_CHANGED, false },
                { { 1, 'c', 1, 0 }, { 2, 'd', 2, 0 }, REREAD_CHANGED, false },
                { { 1, 'c', 1, 0 }, { 2, 'a', 2, 0 }, REREAD_UNSURE, true },
                { { 1, 'a', 1, 0 }, { 2, 'x', 2, 0 }, REREAD_UNSURE, true },
                { { 1, 'c', 1, 0 }, { 2, 'c', 1, 0 }, REREAD_COMPLIANT, true },
                { { 1, 'x', 1, 0 }, { 2, 'x', 1, 0 }, REREAD_DRIFTED, true },
        };

        (void)state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                struct reread_observation before = observe(&cases[i].before, 1);
                struct reread_observation after = observe(&cases[i].after, 2);
                struct reread reread = { 0 };

                (void)reread_observe(&reread, &before);
                (void)reread_observe(&reread, &after);
                assert_int_equal(reread.knowledge, cases[i].expected);
                assert_int_equal(reread_is_suspicious(&reread), cases[i].is_suspicious);
        }
}

static void test_what_was_read_in_one_go_and_undone_later_is_suspicious(void **state) {
        const struct look looks[] = {
                { 1, 'a', 1, 0 }, { 2, 'c', 2, 0 }, { 2, 'C', 2, 0 }, { 2, 'a', 3, 0 }
        };
        static const bool is_suspicious[] = { true, false, false, true };
        struct reread reread = { 0 };

        (void)state;
        for (size_t i = 0; i < N_ELEMENTS(looks); i++) {
                struct reread_observation observation = observe(&looks[i], i + 1);

                assert_int_equal(reread_observe(&reread, &observation), i > 0);
                assert_int_equal(reread_is_suspicious(&reread), is_suspicious[i]);
        }
}

static void test_a_reload_that_failed_is_due_once_the_files_are_right(void **state) {
        struct reloads reloads = { 0 };
        uint64_t wait_us;

        (void)state;
        assert_int_equal(reloads_advise(&reloads, &wait_us), RELOADS_TRY);
        reloads_begin(&reloads, 5);
        assert_false(reloads_take_due(&reloads, 6, true)); /* it goes on */
        reloads.has_failed = true;
        assert_false(reloads_take_due(&reloads, 5, true)); /* nothing is another way since */
        assert_false(reloads_take_due(&reloads, 6, false));
        assert_true(reloads_take_due(&reloads, 7, true));
        assert_int_equal(reloads.n_tried, 0); /* and there is all the patience again */
        assert_false(reloads_take_due(&reloads, 7, true));
        reloads_begin(&reloads, 7);
        assert_false(reloads_take_due(&reloads, 8, true)); /* it ended well */
}

static void test_a_reload_is_tried_more_than_once_and_not_for_ever(void **state) {
        struct reloads reloads = { 0 };
        uint64_t wait_us = 0, before_us = 0;

        (void)state;
        for (unsigned i = 0; i < RELOADS_MAX; i++) {
                assert_int_equal(reloads_advise(&reloads, &wait_us), RELOADS_TRY);
                assert_true(wait_us > before_us);
                before_us = wait_us;
        }
        assert_int_equal(reloads_advise(&reloads, &wait_us), RELOADS_TELL);
        assert_int_equal(reloads_advise(&reloads, &wait_us), RELOADS_LEAVE);
        assert_int_equal(reloads_advise(&reloads, &wait_us), RELOADS_LEAVE);
}

static void test_what_is_no_memory_is_refused(void **state) {
        static const char *const texts[] = { "", "0 1 2 ab cd", "9 1 2 ", "x" };

        (void)state;
        for (size_t i = 0; i < N_ELEMENTS(texts); i++) {
                struct reread reread = { 0 };

                assert_false(reread_parse(&reread, texts[i]));
                assert_false(reread.has_begun);
        }
}

static struct reread_observation look(const struct machine *machine, const char *pid_path) {
        struct reread_observation observation;

        assert_int_equal(reread_look(&machine->world, pid_path, &observation), 0);
        return observation;
}

static void test_a_look_sees_files_directories_and_the_pid_file(void **state) {
        struct machine *machine = *state;
        struct reread_observation before, after;

        start(machine);
        write_at(machine, "/sshd.pid", "1\n");
        before = look(machine, "/sshd.pid");
        assert_true(before.is_approved);
        assert_true(before.pid.is_there);
        after = look(machine, "/sshd.pid");
        assert_memory_equal(before.stamp, after.stamp, FILE_SHA256_SIZE);
        assert_memory_equal(before.digest, after.digest, FILE_SHA256_SIZE);
        /* a drop-in that came and went */
        write_at(machine, "/etc/ssh/sshd_config.d/x.conf", "UsePAM no\n");
        {
                CLEANUP_FREE char *name =
                        text_format("%s/root/etc/ssh/sshd_config.d/x.conf", machine->directory);

                assert_int_equal(unlink(name), 0);
        }
        after = look(machine, "/sshd.pid");
        assert_memory_not_equal(before.stamp, after.stamp, FILE_SHA256_SIZE);
        assert_memory_equal(before.digest, after.digest, FILE_SHA256_SIZE);
        assert_false(look(machine, NULL).pid.is_there);
        assert_false(look(machine, "/none").pid.is_there);
        /* drift that breaks no rule */
        write_at(machine, "/etc/ssh/sshd_config", "PasswordAuthentication no\nUseDNS yes\n");
        reconcile(machine, "/etc/ssh/sshd_config");
        after = look(machine, "/sshd.pid");
        assert_false(after.is_approved);
        assert_memory_not_equal(before.digest, after.digest, FILE_SHA256_SIZE);
}

static void test_the_pid_file_is_the_configurations(void **state) {
        static const struct {
                const char *line, *path;
        } cases[] = { { "", "/run/sshd.pid" },
                      { "PidFile /tmp/x\n", "/tmp/x" },
                      { "PidFile none\n", NULL } };
        struct machine *machine = *state;

        start(machine);
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                CLEANUP_FREE char *text =
                        text_format("PasswordAuthentication no\n%s", cases[i].line);
                CLEANUP_FREE char *path = NULL;

                write_at(machine, "/etc/ssh/sshd_config", text);
                reconcile(machine, "/etc/ssh/sshd_config");
                assert_int_equal(reread_pid_path(&machine->world, &path), 0);
                assert_true(!path == !cases[i].path);
                if (path)
                        assert_string_equal(path, cases[i].path);
        }
}

#define MACHINE_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_stories),
                cmocka_unit_test(test_stories_with_a_restart_after_each_look),
                cmocka_unit_test(test_a_change_in_one_go_is_told_from_one_that_was_undone),
                cmocka_unit_test(test_what_was_read_in_one_go_and_undone_later_is_suspicious),
                cmocka_unit_test(test_a_reload_that_failed_is_due_once_the_files_are_right),
                cmocka_unit_test(test_a_reload_is_tried_more_than_once_and_not_for_ever),
                cmocka_unit_test(test_what_is_no_memory_is_refused),
                MACHINE_TEST(test_a_look_sees_files_directories_and_the_pid_file),
                MACHINE_TEST(test_the_pid_file_is_the_configurations),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
