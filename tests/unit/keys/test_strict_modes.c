/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <string.h>

#include "base/cleanup.h"
#include "keys/strict_modes.h"
#include "keys_data.h"

enum { BOB = 1000, EVE = 1001, WWW = 33 };

/* Group 1000 is bob's own, 1001 eve's; 50 is bob's as its only member, 60 has bob and eve, 70 is
 * empty, 80 lists bob while it is his primary group, 90 a name without account. */
static bool group_of_the_test(void *userdata, uint32_t gid, struct strict_modes_group *ret) {
        static const char *const bob[] = { "bob" }, *const both[] = { "bob", "eve" },
                                 *const ghost[] = { "ghost" };

        (void)userdata;
        if (gid == 99)
                return false;
        if (gid == 50)
                *ret = (struct strict_modes_group){ bob, 1 };
        else if (gid == 60)
                *ret = (struct strict_modes_group){ both, 2 };
        else if (gid == 90)
                *ret = (struct strict_modes_group){ ghost, 1 };
        else
                *ret = (struct strict_modes_group){ NULL, 0 };
        return true;
}

static const char passwd[] = "root:x:0:0::/root:/bin/sh\n"
                             "bob:x:1000:1000::/home/bob:/bin/sh\n"
                             "eve:x:1001:1001::/home/eve:/bin/sh\n"
                             "www:x:33:1001::/:/bin/sh\n";
static const char group[] = "root:x:0:\nbob:x:1000:\neve:x:1001:\nstaff:x:50:bob\n"
                            "shared:x:60:bob,eve\nempty:x:70:\nghosts:x:90:ghost\n";

static struct accounts accounts;

static int set_up(void **state) {
        (void)state;
        return accounts_parse(passwd, sizeof passwd - 1, group, sizeof group - 1, &accounts);
}

static int tear_down(void **state) {
        (void)state;
        accounts_done(&accounts);
        return 0;
}

/* One element differs from a chain that is fine. */
struct chain_case {
        size_t i;
        struct strict_modes_path path;
        bool upstream, debian; /* trusted by */
};

static void test_chain(void **state) {
        static const struct strict_modes_path fine[] = {
                { "/home/bob/.ssh/authorized_keys", 0600, BOB, BOB },
                { "/home/bob/.ssh", 0700, BOB, BOB },
                { "/home/bob", 0755, BOB, BOB },
                { "/home", 01777, 0, 0 }, /* above the home nobody looks */
                { "/", 0755, 0, 0 },
        };
        static const struct chain_case cases[] = {
                { 0, { "/home/bob/.ssh/authorized_keys", 0644, 0, 0 }, true, true },
                { 0, { "/home/bob/.ssh/authorized_keys", 0600, EVE, BOB }, false, false },
                { 0, { "/home/bob/.ssh/authorized_keys", 0602, BOB, BOB }, false, false },
                { 0, { "/home/bob/.ssh/authorized_keys", 0620, BOB, BOB }, false, true },
                { 0, { "/home/bob/.ssh/authorized_keys", 0620, BOB, EVE }, false, false },
                { 0, { "/home/bob/.ssh/authorized_keys", 0620, BOB, 50 }, false, true },
                { 0, { "/home/bob/.ssh/authorized_keys", 0620, BOB, 60 }, false, false },
                { 0, { "/home/bob/.ssh/authorized_keys", 0620, BOB, 70 }, false, false },
                { 0, { "/home/bob/.ssh/authorized_keys", 0620, BOB, 90 }, false, false },
                { 0, { "/home/bob/.ssh/authorized_keys", 0620, BOB, 99 }, false, false },
                { 0, { "/home/bob/.ssh/authorized_keys", 0620, 0, 50 }, false, false },
                { 0, { "/home/bob/.ssh/authorized_keys", 0620, 0, BOB }, false, true },
                { 1, { "/home/bob/.ssh", 0775, BOB, BOB }, false, true },
                { 1, { "/home/bob/.ssh", 01777, BOB, BOB }, false, false },
                { 2, { "/home/bob", 0777, BOB, BOB }, false, false },
                { 2, { "/home/bob", 0755, EVE, BOB }, false, false },
                { 2, { "/home/alice", 0755, BOB, BOB }, false, false }, /* not the home: goes on */
                { 4, { "/", 0777, EVE, 0 }, true, true },
        };

        (void)state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                struct strict_modes_path chain[N_ELEMENTS(fine)];
                const struct strict_modes_question question = {
                        .uid = BOB,
                        .chain = chain,
                        .n_chain = N_ELEMENTS(chain),
                        .home = "/home/bob",
                        .accounts = &accounts,
                        .group = group_of_the_test,
                };

                memcpy(chain, fine, sizeof chain);
                chain[cases[i].i] = cases[i].path;
                assert_int_equal(strict_modes_refuse(&question, &openssh_10_5) == NULL,
                                 cases[i].upstream);
                assert_int_equal(strict_modes_refuse(&question, &openssh_9_2) == NULL,
                                 cases[i].debian);
        }
}

static void test_outside_home(void **state) {
        static const struct strict_modes_path chain[] = {
                { "/var/tmp/keys", 0600, BOB, BOB },
                { "/var/tmp", 01777, 0, 0 },
                { "/var", 0755, 0, 0 },
                { "/", 0755, 0, 0 },
        };
        struct strict_modes_question question = { .uid = BOB,
                                                  .chain = chain,
                                                  .n_chain = N_ELEMENTS(chain) };

        (void)state;
        assert_ptr_equal(strict_modes_refuse(&question, &openssh_9_2), &chain[1]);
        question.n_chain = 1;
        assert_null(strict_modes_refuse(&question, &openssh_9_2));
}

/* Without group(5) itself, memberships of the accounts must do; without accounts, nobody is
 * alone. */
static void test_without_groups(void **state) {
        static const struct {
                uint32_t gid;
                bool is_trusted;
        } cases[] = { { BOB, true }, { EVE, false }, { 50, true }, { 60, false }, { 70, false } };

        (void)state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                const struct strict_modes_path chain[] = { { "/k", 0660, BOB, cases[i].gid } };
                struct strict_modes_question question = {
                        .uid = BOB, .chain = chain, .n_chain = 1, .accounts = &accounts
                };

                assert_int_equal(strict_modes_refuse(&question, &openssh_9_2) == NULL,
                                 cases[i].is_trusted);
                question.accounts = NULL;
                assert_non_null(strict_modes_refuse(&question, &openssh_9_2));
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_chain),
                cmocka_unit_test(test_outside_home),
                cmocka_unit_test(test_without_groups),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
