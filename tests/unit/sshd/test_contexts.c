/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <stdio.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "memory_tree.h"
#include "sshd/contexts.h"
#include "sshd/effective.h"

static const char passwd_text[] = "root:x:0:0::/root:/bin/bash\n"
                                  "alice:x:1000:1000::/home/alice:/bin/bash\n"
                                  "bob:x:1001:1001::/home/bob:/usr/sbin/nologin\n"
                                  "backup:x:34:34::/var/backups:/usr/sbin/nologin\n";
static const char group_text[] = "root:x:0:\nalice:x:1000:\nbob:x:1001:\nbackup:x:34:\n"
                                 "sshauth:x:2000:alice,bob\n";

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
        return config;
}

/* The value of KEYWORD for a connection, list elements joined; the caller frees. */
static char *value_for(const struct sshd_config *config, const char *keyword,
                       const struct sshd_connection *connection) {
        struct sshd_effective *effective;
        const struct sshd_setting *setting;
        struct text text = { 0 };

        assert_int_equal(sshd_effective_new(config, connection, &accounts, &effective, NULL), 0);
        setting = sshd_effective_get(effective, keyword);
        assert_non_null(setting);
        for (size_t i = 0; i < setting->n_values; i++)
                assert_int_equal(text_appendf(&text, "%s;", setting->values[i]), 0);
        sshd_effective_free(effective);
        return text_take(&text);
}

/* How many of the contexts give VALUE. */
static size_t count_value(const char *text, const char *keyword, const struct sshd_when *when,
                          const char *value) {
        struct sshd_config *config = load(text);
        struct sshd_contexts contexts;
        size_t n = 0;

        assert_null(sshd_config_refusal(config));
        assert_int_equal(sshd_contexts_new(config, keyword, &accounts, when, &contexts), 0);
        assert_true(contexts.complete);
        for (size_t i = 0; i < contexts.n_items; i++) {
                char *got = value_for(config, keyword, &contexts.items[i]);

                n += strcmp(got, value) == 0;
                free(got);
        }
        sshd_contexts_done(&contexts);
        sshd_config_free(config);
        return n;
}

static void test_reachable_and_unreachable_values(void **state) {
        static const struct {
                const char *text, *value;
                size_t n;
        } cases[] = {
                { "PasswordAuthentication no\n", "no;", 1 },
                { "PasswordAuthentication no\nMatch Address *\nPasswordAuthentication yes\n",
                  "yes;", 1 },
                { "PasswordAuthentication no\nMatch User root\nPasswordAuthentication yes\n",
                  "yes;", 1 },
                { "PasswordAuthentication no\nMatch User root,!root\nPasswordAuthentication yes\n",
                  "yes;", 0 },
                { "Match all\nPasswordAuthentication no\nMatch User root\n"
                  "PasswordAuthentication yes\n",
                  "yes;", 0 },
                { "PasswordAuthentication no\nMatch Group sshauth\nPasswordAuthentication yes\n",
                  "yes;", 1 },
                { "PasswordAuthentication no\nMatch Group nosuchgroup\n"
                  "PasswordAuthentication yes\n",
                  "yes;", 0 },
                { "PasswordAuthentication no\nMatch Address 10.0.0.0/8,!10.0.0.0/9\n"
                  "PasswordAuthentication yes\n",
                  "yes;", 1 },
                { "PasswordAuthentication no\nMatch Address 10.0.0.0/8,!10.0.0.0/7\n"
                  "PasswordAuthentication yes\n",
                  "yes;", 0 },
                { "PasswordAuthentication no\nMatch LocalPort 2222 User bob Address fe80::/10\n"
                  "PasswordAuthentication yes\n",
                  "yes;", 1 },
                { "PasswordAuthentication no\nMatch User a?q*,!*zz\nPasswordAuthentication yes\n",
                  "yes;", 1 },
                /* with UseDNS no the host name is the address */
                { "PasswordAuthentication no\nMatch Host bad.example\nPasswordAuthentication yes\n",
                  "yes;", 0 },
                { "UseDNS yes\nPasswordAuthentication no\nMatch Host bad.example\n"
                  "PasswordAuthentication yes\n",
                  "yes;", 1 },
                { "PasswordAuthentication no\nMatch Host 192.168.7.*\nPasswordAuthentication yes\n",
                  "yes;", 1 },
        };

        (void)state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                if (count_value(cases[i].text, "passwordauthentication", NULL, cases[i].value) !=
                    cases[i].n)
                        fail_msg("case %zu: %s", i, cases[i].text);
        }
}

static void test_when_restricts_the_question(void **state) {
        static const char text[] = "PasswordAuthentication no\n"
                                   "Match User alice\nPasswordAuthentication yes\n"
                                   "Match Address 10.0.0.0/8\nPasswordAuthentication yes\n";
        const struct sshd_when root = { .user = "root" };
        const struct sshd_when root_from_outside = { .user = "root", .address = "*,!10.0.0.0/8" };
        const struct sshd_when nologin = { .shell = "*/nologin", .address = "192.0.2.0/24" };
        const struct sshd_when group = { .group = "sshauth", .address = "192.0.2.0/24" };

        (void)state;
        assert_int_equal(count_value(text, "passwordauthentication", &root, "yes;"), 1);
        assert_int_equal(count_value(text, "passwordauthentication", &root_from_outside, "yes;"),
                         0);
        assert_int_equal(count_value(text, "passwordauthentication", &nologin, "yes;"), 0);
        assert_int_equal(count_value(text, "passwordauthentication", &group, "yes;"), 1);
}

static void test_lists_that_add_up(void **state) {
        static const char text[] = "Match User root\nDenyUsers a\n"
                                   "Match Address 10.0.0.0/8\nDenyUsers b\n";

        (void)state;
        assert_int_equal(count_value(text, "denyusers", NULL, ""), 1);
        assert_int_equal(count_value(text, "denyusers", NULL, "a;"), 1);
        assert_int_equal(count_value(text, "denyusers", NULL, "b;"), 1);
        assert_int_equal(count_value(text, "denyusers", NULL, "a;b;"), 1);
}

/* N globs of one letter each: any of them together. */
static struct sshd_config *load_letters(int n) {
        CLEANUP(text_done) struct text text = { 0 };
        struct sshd_config *config;

        for (int i = 0; i < n; i++)
                assert_int_equal(
                        text_appendf(&text, "Match User *%c*\nDenyUsers u%d\n", 'a' + i, i), 0);
        config = load(text_get(&text));
        assert_null(sshd_config_refusal(config));
        return config;
}

static void test_the_bound_is_said(void **state) {
        struct sshd_config *config = load_letters(14);
        struct sshd_contexts contexts;

        (void)state;
        assert_int_equal(sshd_contexts_new(config, "denyusers", &accounts, NULL, &contexts), 0);
        assert_true(contexts.n_items <= SSHD_CONTEXTS_MAX);
        assert_false(contexts.complete);
        sshd_contexts_done(&contexts);
        sshd_config_free(config);

        config = load_letters(8);
        assert_int_equal(sshd_contexts_new(config, "denyusers", &accounts, NULL, &contexts), 0);
        assert_int_equal(contexts.n_items, 256);
        assert_true(contexts.complete);
        sshd_contexts_done(&contexts);
        sshd_config_free(config);
}

/* A thousand puzzles: an answer comes, and says that it is not the whole one. */
static void test_the_worst_ends(void **state) {
        CLEANUP(text_done) struct text text = { 0 };
        struct sshd_config *config;
        struct sshd_contexts contexts;

        (void)state;
        for (int i = 0; i < 1000; i++)
                assert_int_equal(text_appendf(&text,
                                              "Match User *%c*,*%c* Address 10.*.%d,10.?.%d.* "
                                              "LocalAddress *.%d.*\nDenyUsers u%d\n",
                                              'a' + i * 7 % 26, 'a' + i * 11 % 26, i % 10, i % 9,
                                              i % 8, i),
                                 0);
        config = load(text_get(&text));
        assert_int_equal(sshd_contexts_new(config, "denyusers", &accounts, NULL, &contexts), 0);
        assert_false(contexts.complete);
        assert_true(contexts.n_items > 0 && contexts.n_items <= SSHD_CONTEXTS_MAX);
        sshd_contexts_done(&contexts);
        sshd_config_free(config);
}

/* sshd dies of the banner where it is in force; the others of the kind are asked about all the
 * same. */
static void test_connections_that_sshd_drops(void **state) {
        static const char text[] = "PasswordAuthentication yes\n"
                                   "Match User root\nBanner ~no-such-user/x\n"
                                   "Match User alice\nPasswordAuthentication no\n";

        (void)state;
        assert_true(count_value(text, "passwordauthentication", NULL, "yes;") >= 1);
        assert_int_equal(count_value(text, "passwordauthentication", NULL, "no;"), 1);
        assert_int_equal(count_value("Match User root\nBanner ~no-such-user/x\n"
                                     "PasswordAuthentication no\n",
                                     "passwordauthentication", NULL, "no;"),
                         0);
}

/* Names that no connection has. */
static void test_impossible_names(void **state) {
        static const struct {
                const char *criterion;
                size_t n;
        } cases[] = {
                { "User a:b", 0 },
                { "User *:*", 0 },
                { "User a/b", 0 },
                { "User \"a b\"", 1 },
                { "RDomain vrf-?", 1 },
                { "RDomain averylongnameofavrf", 0 },
                { "Address ::ffff:0:0/96", 0 },
                { "LocalPort 0", 0 },
                { "LocalPort 22022", 1 },
        };

        (void)state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                CLEANUP_FREE char *text =
                        text_format("Match %s\nMaxAuthTries 1\n", cases[i].criterion);

                if (count_value(text, "maxauthtries", NULL, "1;") != cases[i].n)
                        fail_msg("%s", cases[i].criterion);
        }
}

static void test_unknown_keyword(void **state) {
        struct sshd_config *config = load("");
        struct sshd_contexts contexts;

        (void)state;
        assert_int_equal(sshd_contexts_new(config, "nosuchkeyword", &accounts, NULL, &contexts),
                         -EINVAL);
        sshd_config_free(config);
}

/* For a random configuration, keyword and connection, some context gives the connection's value. */
static unsigned long long seed = 1;

static unsigned pick(unsigned n) {
        seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
        return (unsigned)(seed >> 33) % n;
}

static void random_config(struct text *text, const char *keyword, const char *const *values) {
        static const char *const criteria[] = {
                "User root",
                "User alice,bob",
                "User a*",
                "User *,!root",
                "User ?o*",
                "Group sshauth",
                "Group *,!root",
                "Group root",
                "Address 10.0.0.0/8",
                "Address 10.1.0.0/16",
                "Address *",
                "Address 10.1.*",
                "Address !10.0.0.0/8,*",
                "Address 2001:db8::/32",
                "LocalPort 2222",
                "LocalPort 22",
                "LocalAddress 192.0.2.1",
                "LocalAddress 192.0.2.0/24",
                "Host 10.*",
                "all",
                "User backup",
                "Host *",
                "Address 127.0.0.1,10.1.2.3",
        };

        if (pick(2))
                (void)text_appendf(text, "%s %s\n", keyword, values[pick(3)]);
        for (unsigned i = pick(5); i > 0; i--) {
                const char *first = criteria[pick(N_ELEMENTS(criteria))];
                const char *second = criteria[pick(N_ELEMENTS(criteria))];

                (void)text_appendf(text, "Match %s", first);
                if (pick(2) && strcmp(first, "all") != 0 && strcmp(second, "all") != 0)
                        (void)text_appendf(text, " %s", second);
                (void)text_appendf(text, "\n%s %s\n", keyword, values[pick(3)]);
        }
}

static void random_connection(struct sshd_connection *connection) {
        static const char *const users[] = { "root", "alice", "bob", "backup", "stranger", "ao" };
        static const char *const addresses[] = { "10.0.0.1",    "10.1.2.3",  "203.0.113.5",
                                                 "2001:db8::7", "127.0.0.1", "10.1.255.255" };
        static const char *const locals[] = { "192.0.2.1", "192.0.2.200", "198.51.100.1" };

        sshd_connection_init(connection);
        connection->user = strdup(users[pick(6)]);
        connection->addr = strdup(addresses[pick(6)]);
        connection->host = strdup(connection->addr);
        connection->laddr = strdup(locals[pick(3)]);
        connection->lport = pick(2) ? 22 : 2222;
}

static void check_random(const char *keyword, const char *const *values) {
        CLEANUP(text_done) struct text text = { 0 };
        struct sshd_connection connection;
        struct sshd_contexts contexts;
        struct sshd_config *config;
        char *wanted;
        bool is_reached = false;

        random_config(&text, keyword, values);
        config = load(text_get(&text));
        if (sshd_config_refusal(config)) {
                sshd_config_free(config);
                return;
        }
        random_connection(&connection);
        wanted = value_for(config, keyword, &connection);
        assert_int_equal(sshd_contexts_new(config, keyword, &accounts, NULL, &contexts), 0);
        for (size_t i = 0; i < contexts.n_items && !is_reached; i++) {
                char *got = value_for(config, keyword, &contexts.items[i]);

                is_reached = strcmp(got, wanted) == 0;
                free(got);
        }
        if (!is_reached)
                fail_msg("%s=%s of user=%s addr=%s laddr=%s lport=%d is in no context of\n%s",
                         keyword, wanted, connection.user, connection.addr, connection.laddr,
                         connection.lport, text_get(&text));
        free(wanted);
        sshd_contexts_done(&contexts);
        sshd_connection_done(&connection);
        sshd_config_free(config);
}

static void test_every_value_has_a_context(void **state) {
        static const char *const flags[] = { "yes", "no", "yes" };
        static const char *const users[] = { "u1", "u2", "u3" };
        static const char *const numbers[] = { "1", "2", "3" };

        (void)state;
        for (int i = 0; i < 700; i++) {
                check_random("passwordauthentication", flags);
                check_random("denyusers", users);
                check_random("maxauthtries", numbers);
        }
}

/* A context is a spec that its own release reads: invalid-user is one from 9.9 on. */
static void test_invalid_user_where_it_can_be_told(void **state) {
        static const struct {
                const char *release;
                bool is_told;
        } cases[] = { { "8.4", false }, { "9.2", false }, { "9.8", false },
                      { "9.9", true },  { "10.0", true }, { "10.6", true } };
        const struct memory_file file = { "/etc/ssh/sshd_config",
                                          "Match User nobody-known\nPasswordAuthentication no\n" };

        (void)state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                struct memory_tree tree = { &file, 1 };
                struct sshd_config *config;
                struct sshd_contexts contexts;
                size_t n = 0;

                assert_int_equal(memory_load_as(cases[i].release, &tree, &accounts, &config), 0);
                assert_int_equal(sshd_contexts_new(config, "passwordauthentication", &accounts,
                                                   NULL, &contexts),
                                 0);
                for (size_t j = 0; j < contexts.n_items; j++) {
                        const struct sshd_connection *item = &contexts.items[j];

                        if (!item->user || strcmp(item->user, "nobody-known") != 0)
                                continue;
                        n++;
                        assert_int_equal(item->invalid_user, cases[i].is_told);
                }
                assert_int_equal(n, 1);
                sshd_contexts_done(&contexts);
                sshd_config_free(config);
        }
}

/* Wants settings that hold the element USERDATA names. */
static int holds(void *userdata, const struct sshd_setting *setting) {
        for (size_t i = 0; i < setting->n_values; i++)
                if (strcmp(setting->values[i], userdata) == 0)
                        return 1;
        return 0;
}

/* What is found where one element alone is asked for: how many contexts, and that each has it. */
static void test_what_nobody_asks_about_is_not_looked_for(void **state) {
        static const struct {
                const char *text, *keyword, *wanted;
                bool by_line;
                size_t n;
        } cases[] = {
                { "Match User alice\nPasswordAuthentication no\nMatch User bob\n"
                  "PasswordAuthentication no\nMatch User backup\nPasswordAuthentication yes\n"
                  "Match all\nPasswordAuthentication no\nMatch User root\n"
                  "PasswordAuthentication yes\n",
                  "passwordauthentication", "yes", false, 1 },
                { "Match User alice\nPasswordAuthentication no\n", "passwordauthentication", "yes",
                  false, 1 },
                { "PasswordAuthentication no\n", "passwordauthentication", "yes", false, 0 },
                /* a block in force adds what it has to no other's */
                { "AcceptEnv A\nMatch User alice\nAcceptEnv B\nMatch Address 10.0.0.0/8\n"
                  "AcceptEnv B\nMatch User bob\nAcceptEnv C\n",
                  "acceptenv", "B", true, 2 },
                { "AcceptEnv A\nMatch User alice\nAcceptEnv B\nMatch User alice,bob\n"
                  "AcceptEnv C\n",
                  "acceptenv", "B", true, 1 },
                { "AcceptEnv A\nMatch User alice,!alice\nAcceptEnv B\n", "acceptenv", "B", true,
                  0 },
                { "AcceptEnv A\nMatch User alice\nAcceptEnv B\n", "acceptenv", "A", true, 1 },
                /* all together, since each combination is a value of its own */
                { "Match User alice\nAcceptEnv A\nMatch Address 10.0.0.0/8\nAcceptEnv B\n",
                  "acceptenv", "A", false, 2 },
                /* sshd dies of the line, which nobody can be asked about */
                { "Banner none\nMatch User alice\nBanner ~nobody-known/x\nMatch User bob\n"
                  "Banner /b\n",
                  "banner", "/b", false, 1 },
        };

        (void)state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                CLEANUP(sshd_contexts_done) struct sshd_contexts contexts = { 0 };
                struct sshd_choice choice = { BORROWED(cases[i].wanted), holds, cases[i].by_line };
                struct sshd_config *config = load(cases[i].text);

                assert_int_equal(sshd_contexts_find(config, cases[i].keyword, &accounts, NULL,
                                                    &choice, &contexts),
                                 0);
                if (contexts.n_items != cases[i].n)
                        fail_msg("case %zu: %zu contexts", i, contexts.n_items);
                for (size_t k = 0; k < contexts.n_items; k++) {
                        CLEANUP_FREE char *value =
                                value_for(config, cases[i].keyword, &contexts.items[k]);

                        assert_non_null(strstr(value, cases[i].wanted));
                }
                sshd_config_free(config);
        }
}

/* Pass 2 dies of an address whatever connection it is for: nobody is served. */
static void test_nobody_is_served(void **state) {
        struct sshd_config *config = load("AddressFamily any\nPasswordAuthentication yes\n"
                                          "Match all\nListenAddress ::1\nAddressFamily inet\n");
        struct sshd_contexts contexts;

        (void)state;
        assert_int_equal(
                sshd_contexts_new(config, "passwordauthentication", &accounts, NULL, &contexts), 0);
        assert_int_equal(contexts.n_items, 0);
        sshd_contexts_done(&contexts);
        sshd_config_free(config);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_reachable_and_unreachable_values),
                cmocka_unit_test(test_when_restricts_the_question),
                cmocka_unit_test(test_lists_that_add_up),
                cmocka_unit_test(test_the_bound_is_said),
                cmocka_unit_test(test_the_worst_ends),
                cmocka_unit_test(test_connections_that_sshd_drops),
                cmocka_unit_test(test_impossible_names),
                cmocka_unit_test(test_unknown_keyword),
                cmocka_unit_test(test_every_value_has_a_context),
                cmocka_unit_test(test_invalid_user_where_it_can_be_told),
                cmocka_unit_test(test_what_nobody_asks_about_is_not_looked_for),
                cmocka_unit_test(test_nobody_is_served),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
