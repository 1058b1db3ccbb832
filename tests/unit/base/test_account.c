/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <string.h>

#include "base/account.h"
#include "base/cleanup.h"
#include "base/text.h"

static const char passwd_text[] = "root:x:0:0:root:/root:/bin/bash\n"
                                  "# comment:x:1:1::/:/bin/sh\n"
                                  "+nis\n"
                                  "broken:x:notanumber:1::/:/bin/sh\n"
                                  "short:x:5\n"
                                  "bob:x:1000:1000:Bob,,,:/home/bob:/bin/sh\n"
                                  "bob:x:1001:1001:twin:/home/twin:/bin/sh";
static const char group_text[] = "sudo:x:27:alice,bob\n"
                                 "root:x:0:\n"
                                 "bob:x:1000:bob\n"
                                 "bobs:x:1005:bobby\n";

static void test_parse(void **state) {
        struct accounts accounts;
        const struct account *bob;
        uint32_t gid;

        (void)state;
        assert_int_equal(accounts_parse(passwd_text, sizeof passwd_text - 1, group_text,
                                        sizeof group_text - 1, &accounts),
                         0);
        assert_int_equal(accounts.n_items, 2);
        assert_true(accounts.complete);
        bob = accounts_find(&accounts, "bob");
        assert_non_null(bob);
        assert_int_equal(bob->uid, 1000);
        assert_string_equal(bob->home, "/home/bob");
        assert_int_equal(bob->n_groups, 2);
        assert_string_equal(bob->groups[0], "bob");
        assert_string_equal(bob->groups[1], "sudo");
        assert_null(accounts_find(&accounts, "short"));
        assert_true(accounts_find_group(&accounts, "sudo", &gid));
        assert_int_equal(gid, 27);
        assert_string_equal(accounts_group_name(&accounts, 1005), "bobs");
        assert_null(accounts_group_name(&accounts, 4));
        accounts_done(&accounts);
}

/* getgrgid(3) gives one name per id, whatever the name a membership is written under. */
static void test_shared_group_id(void **state) {
        static const char passwd[] = "carol:x:1:1::/c:/bin/sh\n";
        static const char group[] = "wheel:x:7:\ntwin:x:7:carol\n";
        CLEANUP(accounts_done) struct accounts accounts = { 0 };

        (void)state;
        assert_int_equal(
                accounts_parse(passwd, sizeof passwd - 1, group, sizeof group - 1, &accounts), 0);
        assert_int_equal(accounts.items[0].n_groups, 1);
        assert_string_equal(accounts.items[0].groups[0], "wheel");
}

/* Look-ups by every key, in a list long enough that its indexes grew several times. */
static void test_many(void **state) {
        CLEANUP(accounts_done) struct accounts accounts = { 0 };
        CLEANUP(text_done) struct text passwd = { 0 }, group = { 0 };

        (void)state;
        for (unsigned i = 0; i < 3000; i++) {
                /* two names of each uid, groups in the other direction */
                (void)text_appendf(&passwd, "u%u:x:%u:%u::/home/u%u:/bin/sh\n", i, i / 2, i, i);
                (void)text_appendf(&group, "g%u:x:%u:u%u,u%u,nobody-of-that-name\n", i, i, i,
                                   2999 - i);
        }
        assert_int_equal(
                accounts_parse(text_get(&passwd), passwd.n, text_get(&group), group.n, &accounts),
                0);
        for (unsigned i = 0; i < 3000; i++) {
                CLEANUP_FREE char *name = text_format("u%u", i);
                CLEANUP_FREE char *group_name = text_format("g%u", i);
                const struct account *account = accounts_find(&accounts, name);
                uint32_t gid;

                assert_ptr_equal(account, &accounts.items[i]);
                assert_ptr_equal(accounts_find_uid(&accounts, i / 2), &accounts.items[i & ~1U]);
                assert_true(accounts_find_group(&accounts, group_name, &gid));
                assert_int_equal(gid, i);
                assert_string_equal(accounts_group_name(&accounts, i), group_name);
                assert_int_equal(account->n_groups, 2);
                assert_string_equal(account->groups[0], group_name);
        }
        assert_null(accounts_find_uid(&accounts, 1500));
        assert_false(account_is_same(&accounts.items[0], &accounts.items[1]));
        assert_true(account_is_same(&accounts.items[0], &accounts.items[0]));
}

static void test_same_lists(void **state) {
        static const char passwd[] = "a:x:1:1::/home/a:/bin/sh\nb:x:2:2::/home/b:/bin/sh\n";
        static const char group[] = "a:x:1:\nb:x:2:a\n";
        static const struct {
                const char *passwd, *group;
        } others[] = {
                { "a:x:1:1::/home/a:/bin/sh\n", group },
                { "b:x:2:2::/home/b:/bin/sh\na:x:1:1::/home/a:/bin/sh\n", group },
                { "a:x:1:1::/home/a:/bin/bash\nb:x:2:2::/home/b:/bin/sh\n", group },
                { "a:x:1:1::/home/c:/bin/sh\nb:x:2:2::/home/b:/bin/sh\n", group },
                { passwd, "a:x:1:\nb:x:2:\n" },
                { passwd, "a:x:1:\nb:x:3:a\n" },
                { passwd, "a:x:1:\nb:x:2:a\nc:x:3:\n" },
        };
        struct accounts a, b;

        (void)state;
        assert_int_equal(accounts_parse(passwd, strlen(passwd), group, strlen(group), &a), 0);
        assert_int_equal(accounts_parse(passwd, strlen(passwd), group, strlen(group), &b), 0);
        assert_true(accounts_are_same(&a, &b));
        b.complete = !b.complete;
        assert_false(accounts_are_same(&a, &b));
        accounts_done(&b);
        for (size_t i = 0; i < N_ELEMENTS(others); i++) {
                assert_int_equal(accounts_parse(others[i].passwd, strlen(others[i].passwd),
                                                others[i].group, strlen(others[i].group), &b),
                                 0);
                if (accounts_are_same(&a, &b) || accounts_are_same(&b, &a))
                        fail_msg("list %zu is taken for the same", i);
                accounts_done(&b);
        }
        accounts_done(&a);
}

static void test_nothing(void **state) {
        struct accounts accounts;

        (void)state;
        assert_int_equal(accounts_parse(NULL, 0, NULL, 0, &accounts), 0);
        assert_int_equal(accounts.n_items, 0);
        assert_false(accounts.complete);
        accounts_done(&accounts);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_parse),   cmocka_unit_test(test_shared_group_id),
                cmocka_unit_test(test_many),    cmocka_unit_test(test_same_lists),
                cmocka_unit_test(test_nothing),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
