/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "memory_tree.h"
#include "sshd/changes.h"

static const char passwd_text[] = "root:x:0:0::/root:/bin/bash\n"
                                  "alice:x:1000:1000::/home/alice:/bin/bash\n";
static const char group_text[] = "root:x:0:\nalice:x:1000:\n";

static struct accounts accounts;

static int set_up(void **state) {
        (void)state;
        return accounts_parse(passwd_text, sizeof passwd_text - 1, group_text,
                              sizeof group_text - 1, &accounts);
}

static int tear_down(void **state) {
        (void)state;
        accounts_done(&accounts);
        return 0;
}

static struct sshd_config *load(const char *text) {
        const struct memory_file file = { "/etc/ssh/sshd_config", text };
        struct memory_tree tree = { &file, 1 };
        struct sshd_config *config;

        assert_int_equal(memory_load(&tree, &accounts, &config), 0);
        assert_null(sshd_config_refusal(config));
        return config;
}

/* A line each: "KEYWORD: BEFORE -> AFTER", with " for user=NAME" where not all are concerned. */
static char *changes_of(const char *before, const char *after) {
        struct sshd_config *old = load(before), *new = load(after);
        struct sshd_changes changes;
        struct text text = { 0 };

        (void)text_append(&text, "");
        assert_int_equal(sshd_changes_find(old, new, &accounts, &changes), 0);
        assert_true(changes.complete);
        for (size_t i = 0; i < changes.n_items; i++) {
                const struct sshd_change *change = &changes.items[i];

                (void)text_appendf(&text, "%s: %s -> %s", change->setting, change->before,
                                   change->after);
                if (change->connection)
                        (void)text_appendf(&text, " for %.*s",
                                           (int)strcspn(change->connection, ","),
                                           change->connection);
                (void)text_append(&text, "\n");
        }
        sshd_changes_done(&changes);
        sshd_config_free(old);
        sshd_config_free(new);
        return text_take(&text);
}

static void test_what_differs_is_said(void **state) {
        static const struct {
                const char *before, *after, *wanted;
        } cases[] = {
                { "", "", "" },
                { "PermitRootLogin no\n", "# tidied\npermitrootlogin=no\n", "" },
                { "", "MaxAuthTries 3\n", "MaxAuthTries: 6 -> 3\n" },
                { "MaxAuthTries 3\nX11Forwarding yes\n", "",
                  "MaxAuthTries: 3 -> 6\nX11Forwarding: yes -> no\n" },
                /* the first line wins: the second says nothing */
                { "MaxAuthTries 3\n", "MaxAuthTries 3\nMaxAuthTries 5\n", "" },
                { "AllowUsers alice\n", "AllowUsers alice root\n",
                  "AllowUsers: alice -> alice root\n" },
                { "", "AllowUsers alice\n", "AllowUsers:  -> alice\n" },
                { "", "Match User alice\nMaxAuthTries 3\n",
                  "MaxAuthTries: 6 -> 3 for user=alice\n" },
                /* a block that hits everybody */
                { "", "Match Address *\nMaxAuthTries 3\n", "MaxAuthTries: 6 -> 3\n" },
        };

        (void)state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                char *got = changes_of(cases[i].before, cases[i].after);

                assert_string_equal(got, cases[i].wanted);
                free(got);
        }
}

static void test_each_value_is_said_once(void **state) {
        char *got = changes_of("Match User alice\nMaxAuthTries 3\n",
                               "Match User alice\nMaxAuthTries 2\nMatch all\nMaxAuthTries 4\n");

        (void)state;
        assert_non_null(strstr(got, "MaxAuthTries: 3 -> 2 for user=alice\n"));
        assert_non_null(strstr(got, "MaxAuthTries: 6 -> 4 for user="));
        assert_null(strstr(strstr(got, "6 -> 4") + 1, "6 -> 4"));
        free(got);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_what_differs_is_said),
                cmocka_unit_test(test_each_value_is_said_once),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
