/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The connections of an account that differ, and what they are called. */
#include "cmocka_env.h"

#include <stdio.h>

#include "memory_machine.h"

#define KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOVESzZkRnwsOAS0HEQ/PKbtB2Ca9HDZbjrYodt8Rxkt me\n"

static struct memory_machine memory;

static void open_machine(const char *config, const char *keys) {
        static struct memory_file files[6];

        files[0] = (struct memory_file){ .path = "/etc/ssh/sshd_config", .text = config };
        files[1] = (struct memory_file){ .path = "/etc/passwd",
                                         .text = "bob:x:1000:1000::/home/bob:/bin/sh\n"
                                                 "cut:x:1001:1001::/home/cut:/sbin/nologin\n" };
        files[2] = (struct memory_file){ .path = "/etc/group", .text = "bob:x:1000:\n" };
        files[3] =
                (struct memory_file){ .path = "/etc/shadow", .text = "bob:$6$a$b:19000::::::\n" };
        files[4] = (struct memory_file){ .path = "/bin/sh", .text = "", .mode = 0755 };
        files[5] = (struct memory_file){ .path = "/home/bob/.ssh/authorized_keys", .text = keys };
        assert_int_equal(memory_machine_open(files, N_ELEMENTS(files), &memory), 0);
        assert_null(sshd_config_refusal(memory.config));
}

static const struct account *bob(void) {
        return accounts_find(&memory.accounts, "bob");
}

/* "WHERE: yes | no", one a line. */
static char *describe(const struct access_logins *logins) {
        struct text text = { 0 };

        (void)text_append(&text, "");
        for (size_t i = 0; i < logins->n_items; i++) {
                CLEANUP_FREE char *where = access_logins_where(logins, i);

                (void)text_appendf(&text, "%s%s: %s", i > 0 ? "; " : "", where,
                                   logins->items[i].answer == ACCESS_YES ? "yes" : "no");
        }
        return text_take(&text);
}

static void test_names(void **state) {
        static const struct {
                const char *config, *keys, *wanted;
        } cases[] = {
                { "UsePAM no\n", "", "anywhere: yes" },
                { "UsePAM no\nMatch Address 10.0.0.0/8\n    PasswordAuthentication no\n", "",
                  "elsewhere: yes; like 10.0.0.1: no" },
                { "UsePAM no\nPort 22\nPort 2222\nMatch LocalPort 2222\n"
                  "    PasswordAuthentication no\n",
                  "", "elsewhere: yes; like 203.0.113.9 to 192.0.2.1 port 2222: no" },
                { "UsePAM no\nAllowUsers bob@10.0.*.*\n", "", "elsewhere: no; like 10.0.1.1: yes" },
                { "UsePAM no\nDenyUsers bob@2001:db8:7::/48\n", "",
                  "elsewhere: yes; like 2001:db8:7::1: no" },
                { "UsePAM no\nAllowUsers bob@host.example.org *\n", "", "anywhere: yes" },
                { "UsePAM no\nPasswordAuthentication no\n",
                  "from=\"10.9.8.7,!10.9.8.8,*.org\" " KEY, "elsewhere: no; like 10.9.8.7: yes" },
        };

        (void)state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                CLEANUP(access_logins_done) struct access_logins logins = { 0 };
                CLEANUP_FREE char *got = NULL;

                open_machine(cases[i].config, cases[i].keys);
                assert_int_equal(access_logins_judge(&memory.machine, bob(), &logins), 0);
                got = describe(&logins);
                if (strcmp(got, cases[i].wanted) != 0 || !logins.is_complete)
                        fail_msg("%s\nwanted %s\ngot    %s", cases[i].config, cases[i].wanted, got);
                memory_machine_close(&memory);
        }
}

static void test_from_one_address(void **state) {
        static const struct {
                const char *address, *wanted;
        } cases[] = {
                { "10.0.0.9", "10.0.0.9: no" },
                { "192.0.2.9", "192.0.2.9: yes" },
                { "2001:db8::5", "2001:db8::5: yes" },
        };

        (void)state;
        open_machine("UsePAM no\nMatch Address 10.0.0.0/8\n    PasswordAuthentication no\n", "");
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                CLEANUP(access_logins_done) struct access_logins logins = { 0 };
                CLEANUP_FREE char *got = NULL;

                assert_int_equal(
                        access_logins_judge_from(&memory.machine, bob(), cases[i].address, &logins),
                        0);
                got = describe(&logins);
                assert_string_equal(got, cases[i].wanted);
        }
        memory_machine_close(&memory);
}

static void test_when(void **state) {
        const struct {
                struct sshd_when when;
                const char *wanted;
                int error;
        } cases[] = {
                { { .address = BORROWED("10.0.0.0/8") }, "no", 0 },
                { { .address = BORROWED("192.0.2.0/24") }, "yes", 0 },
                { { .user = BORROWED("ann") }, "", 0 },
                { { .user = BORROWED("b*") }, "yes", 0 },
                { { .shell = BORROWED("*/nologin") }, "", 0 },
                { { .shell = BORROWED("/bin/*") }, "yes", 0 },
        };

        (void)state;
        open_machine("UsePAM no\nMatch Address 10.0.0.0/8\n    PasswordAuthentication no\n", "");
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                CLEANUP(access_logins_done) struct access_logins logins = { 0 };
                CLEANUP_FREE char *got = NULL;

                assert_int_equal(
                        access_logins_judge_when(&memory.machine, bob(), &cases[i].when, &logins),
                        cases[i].error);
                got = describe(&logins);
                if (cases[i].wanted[0] ? !strstr(got, cases[i].wanted) : got[0] != '\0')
                        fail_msg("case %zu: wanted %s, got %s", i, cases[i].wanted, got);
        }
        memory_machine_close(&memory);
}

/* More kinds of connections than are looked at: the answer says that there are others. */
static void test_a_bound(void **state) {
        CLEANUP(access_logins_done) struct access_logins logins = { 0 };
        CLEANUP(text_done) struct text config = { 0 };

        (void)state;
        (void)text_append(&config, "UsePAM no\nAllowUsers");
        for (unsigned i = 0; i < 2000; i++)
                (void)text_appendf(&config, " bob@10.%u.%u.0/24", i / 250, i % 250);
        (void)text_append(&config, "\n");
        open_machine(text_get(&config), "");
        assert_int_equal(access_logins_judge(&memory.machine, bob(), &logins), 0);
        assert_false(logins.is_complete);
        memory_machine_close(&memory);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_names),
                cmocka_unit_test(test_from_one_address),
                cmocka_unit_test(test_when),
                cmocka_unit_test(test_a_bound),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
