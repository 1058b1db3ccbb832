/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "../os/tree.h"
#include "base/text.h"
#include "guard/read_ahead.h"

enum { N_ACCOUNTS = 300 };

/* Accounts with one file of keys each, which is in a directory of its own. */
struct fixture {
        struct tree tree;
        struct looker *looker;
        struct account accounts[N_ACCOUNTS];
        struct accounts list;
        struct users users;
        bool is_forgotten;
};

static int set_up(void **state) {
        struct fixture *fixture = calloc(1, sizeof *fixture);

        assert_non_null(fixture);
        tree_make(&fixture->tree);
        assert_int_equal(looker_new(&fixture->tree.root, &fixture->looker), 0);
        users_init(&fixture->users, fixture->looker);
        fixture->list = (struct accounts){ .items = fixture->accounts, .n_items = N_ACCOUNTS };
        fixture->users.accounts = &fixture->list;
        fixture->users.items = calloc(N_ACCOUNTS, sizeof *fixture->users.items);
        fixture->users.n_items = N_ACCOUNTS;
        fixture->is_forgotten = true;
        for (unsigned i = 0; i < N_ACCOUNTS; i++) {
                struct guarded_user *user = &fixture->users.items[i];
                char *home = text_format("/user%u", i), *path = text_format("/user%u/keys", i);

                fixture->accounts[i].uid = fixture->accounts[i].gid = geteuid();
                tree_mkdir(&fixture->tree, home);
                if (i == 7)
                        TREE_MUST(mkfifo(tree_path(&fixture->tree, path), 0600));
                else
                        tree_write(&fixture->tree, path, "x");
                user->files = calloc(1, sizeof *user->files);
                user->files[user->n_files++] =
                        (struct user_file){ .path = path, .role = USER_KEYS };
                fixture->is_forgotten &= i == 7 || tree_forget_content(&fixture->tree, path);
                free(home);
        }
        *state = fixture;
        return 0;
}

static int tear_down(void **state) {
        struct fixture *fixture = *state;

        users_done(&fixture->users);
        looker_free(fixture->looker);
        tree_remove(&fixture->tree);
        free(fixture);
        return 0;
}

/* Of the accounts that children FIRST to END - 1 have. Somebody may drop the kernel's caches
 * meanwhile, so they are filled again if need be. */
static size_t n_cached(const struct fixture *fixture, size_t first, size_t end) {
        size_t n = 0;

        for (size_t i = 0; i < N_ACCOUNTS; i++)
                if (i != 7 && i / 16 % READ_AHEAD_CHILDREN >= first &&
                    i / 16 % READ_AHEAD_CHILDREN < end)
                        n += tree_is_cached(&fixture->tree, fixture->users.items[i].files[0].path);
        return n;
}

/* Each account is one child's, and all are somebody's. */
static void test_shares(void **state) {
        static const size_t sizes[READ_AHEAD_CHILDREN] = { 79, 80, 76, 64 };
        struct fixture *fixture = *state;

        if (!fixture->is_forgotten)
                SKIP("the file system keeps everything in memory");
        for (size_t i = 0; i < READ_AHEAD_CHILDREN; i++) {
                for (int n = 0; n < 1000 && n_cached(fixture, i, i + 1) < sizes[i]; n++) {
                        if (n % 100 == 0)
                                read_ahead_share(&fixture->users, i);
                        (void)usleep(10000);
                }
                assert_int_equal(n_cached(fixture, i, i + 1), sizes[i]);
                assert_int_equal(n_cached(fixture, i + 1, READ_AHEAD_CHILDREN), 0);
        }
}

static bool has_ended(const struct read_ahead *read_ahead) {
        for (size_t i = 0; i < READ_AHEAD_CHILDREN; i++)
                if (read_ahead->children[i])
                        return false;
        return true;
}

static void test_children(void **state) {
        struct fixture *fixture = *state;
        struct read_ahead read_ahead = { 0 };
        sd_event *event = NULL;

        assert_true(sd_event_new(&event) >= 0);
        for (int n = 0; n < 10 && n_cached(fixture, 0, READ_AHEAD_CHILDREN) < N_ACCOUNTS - 1; n++) {
                assert_int_equal(read_ahead_start(&read_ahead, event, &fixture->users), 0);
                assert_false(has_ended(&read_ahead));
                while (!has_ended(&read_ahead))
                        assert_true(sd_event_run(event, UINT64_MAX) >= 0);
                (void)usleep(100000);
        }
        assert_int_equal(n_cached(fixture, 0, READ_AHEAD_CHILDREN), N_ACCOUNTS - 1);
        read_ahead_stop(&read_ahead);

        assert_int_equal(read_ahead_start(&read_ahead, event, &fixture->users), 0);
        read_ahead_stop(&read_ahead);
        assert_true(has_ended(&read_ahead));

        fixture->users.n_items = READ_AHEAD_USERS_MIN - 1;
        assert_int_equal(read_ahead_start(&read_ahead, event, &fixture->users), 0);
        assert_true(has_ended(&read_ahead));
        fixture->users.n_items = N_ACCOUNTS;
        sd_event_unref(event);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_shares, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_children, set_up, tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
