/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a change gave to whom, in words. */
#include "accounts_machine.h"

#include "world/access_change.h"

#define CONFIG   "/etc/ssh/sshd_config"
#define ANN      "/home/ann/.ssh/authorized_keys"
#define SETTINGS "UsePAM no\nPasswordAuthentication no\n"

static int set_up(void **state) {
        struct machine *machine = make_machine();

        write_at(machine, "/etc/passwd", "ann:x:4001:4001::/home/ann:/bin/sh\n");
        write_at(machine, "/etc/group", "ann:x:4001:\n");
        write_at(machine, "/etc/shadow", "ann:$6$a$b:19000::::::\n");
        write_at(machine, "/etc/sshguardd/sshguardd.conf", "rules = ();\n");
        write_at(machine, "/etc/motd", "hello\n");
        make_shell(machine);
        write_at(machine, CONFIG, SETTINGS);
        *state = machine;
        if (geteuid() != 0)
                return 0;
        make_home(machine, "ann", 4001, KEY_A);
        start(machine);
        return 0;
}

static struct snapshot version(struct machine *machine, const char *path, const char *content) {
        struct snapshot snapshot = { .data = BORROWED(content), .n_data = strlen(content) };
        const struct snapshot *now;

        assert_int_equal(view_look(machine->world.view, path, 0, &now), 0);
        snapshot.metadata = now->metadata;
        snapshot.metadata.size = snapshot.n_data;
        snapshot.metadata.has_sha256 = false;
        return snapshot;
}

static void test_words(void **state) {
        static const char *const path_of[] = { CONFIG, ANN };
        static const struct {
                unsigned path;
                const char *content;
                const char *text; /* NULL: nothing */
                bool gives, takes;
        } cases[] = {
                { 0, SETTINGS, NULL, false, false },
                { 0, "# a remark\n" SETTINGS, NULL, false, false },
                { 0, SETTINGS "X11Forwarding yes\n", NULL, false, false },
                { 0, "UsePAM no\nPasswordAuthentication yes\n",
                  "ann gains password login from any address", true, false },
                { 0, SETTINGS "Match Address 10.1.2.3\n    PasswordAuthentication yes\n",
                  "ann gains password login from like 10.1.2.3", true, false },
                { 0,
                  "UsePAM no\nMatch Address 10.1.2.3\n    PasswordAuthentication yes\n"
                  "Match all\n    PasswordAuthentication no\n",
                  "ann gains password login from like 10.1.2.3", true, false },
                { 0, SETTINGS "DenyUsers ann\n", "ann loses key login from any address", false,
                  true },
                { 0, SETTINGS "ForceCommand internal-sftp\n",
                  "ann loses a session of sftp in the place of shell", false, true },
                { 1, KEY_A KEY_B, "ann gains key SHA256:", true, false },
                { 1, KEY_B, "ann loses key SHA256:", true, true },
                { 1, "", "ann loses key login from any address", false, true },
                { 1, "from=\"10.1.2.3\" " KEY_A, "ann loses key login from elsewhere", false,
                  true },
                { 1, "# " KEY_B KEY_A, NULL, false, false },
        };
        struct machine *machine = *state;

        if (geteuid() != 0)
                SKIP("files of several users need root");
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                CLEANUP(access_change_done) struct access_change change = { 0 };
                const char *path = path_of[cases[i].path];
                const struct snapshot bad = version(machine, path, cases[i].content);

                assert_int_equal(access_change_of(&machine->world, path, &bad, &change), 0);
                if (!cases[i].text != !change.text || change.gives != cases[i].gives ||
                    change.takes != cases[i].takes ||
                    (change.text && !strstr(change.text, cases[i].text)))
                        fail_msg("%s\nwanted %s, got %s%s%s", cases[i].content,
                                 cases[i].text ? cases[i].text : "nothing",
                                 change.text ? change.text : "nothing",
                                 change.gives ? ", gives" : "", change.takes ? ", takes" : "");
        }
}

/* What sshd would not take says nothing about who gets in, and so does a file that decides of none.
 */
static void test_nothing_to_say(void **state) {
        struct machine *machine = *state;
        CLEANUP(access_change_done) struct access_change change = { 0 };
        struct snapshot bad;

        if (geteuid() != 0)
                SKIP("files of several users need root");
        bad = version(machine, CONFIG, "PasswordAuthentication perhaps\n");
        assert_int_equal(access_change_of(&machine->world, CONFIG, &bad, &change), 0);
        assert_null(change.text);
        bad = version(machine, "/etc/motd", "good-bye\n");
        assert_int_equal(access_change_of(&machine->world, "/etc/motd", &bad, &change), 0);
        assert_null(change.text);
        assert_false(change.gives || change.takes);
}

/* What is there now, against what was approved. */
static void test_what_is_there(void **state) {
        struct machine *machine = *state;
        CLEANUP(access_change_done) struct access_change change = { 0 };

        if (geteuid() != 0)
                SKIP("files of several users need root");
        write_at(machine, ANN, KEY_A KEY_B);
        view_forget(machine->world.view, ANN);
        assert_int_equal(access_change_of(&machine->world, ANN, NULL, &change), 0);
        assert_non_null(change.text);
        assert_true(change.gives);
        assert_non_null(strstr(change.text, "ann gains key SHA256:"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_words, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_nothing_to_say, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_what_is_there, set_up, tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
