/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What would lock the administrators out. Real logins are asked in tests/oracle/lockout; here each
 * clause has its case. */
#include "accounts_machine.h"

#include "keys/authorized_keys.h"
#include "world/keys_tree.h"
#include "world/lockout.h"

#define CONFIG   "/etc/ssh/sshd_config"
#define ANN      "/home/ann/.ssh/authorized_keys"
#define BEN      "/home/ben/.ssh/authorized_keys"
#define SETTINGS "UsePAM no\nPasswordAuthentication no\n"

static const char policy[] = "mode = \"enforce\";\n%s\n"
                             "rules = ( { id = \"approved\"; keys = \"*\"; approved_only = true; "
                             "response = \"revert\"; } );\n";

static int set_up(void **state) {
        struct machine *machine = make_machine();

        write_at(machine, "/etc/passwd",
                 "root:x:0:0::/root:/bin/sh\nann:x:4001:4001::/home/ann:/bin/sh\n"
                 "ben:x:4002:4002::/home/ben:/bin/sh\n");
        write_at(machine, "/etc/group", "root:x:0:\nann:x:4001:\nben:x:4002:\nwheel:x:10:ben\n");
        write_at(machine, "/etc/shadow", "ann:$6$a$b:19000::::::\nben:$6$a$b:19000::::::\n");
        make_shell(machine);
        write_at(machine, CONFIG, SETTINGS);
        *state = machine;
        if (geteuid() != 0)
                return 0;
        make_home(machine, "ann", 4001, KEY_A);
        make_home(machine, "ben", 4002, KEY_B);
        return 0;
}

static void start_with(struct machine *machine, const char *settings) {
        CLEANUP_FREE char *text = text_format(policy, settings);

        write_at(machine, "/etc/sshguardd/sshguardd.conf", text);
        start(machine);
}

/* What the machine would be if PATH had this content; NULL: it were gone. */
static struct view *lay(struct machine *machine, const char *path, const char *content) {
        struct file_metadata metadata;
        const struct snapshot *now;
        struct view *candidate;

        assert_int_equal(view_look(machine->world.view, path, 0, &now), 0);
        assert_int_equal(file_metadata_copy(&metadata, &now->metadata), 0);
        metadata.has_sha256 = false;
        if (content)
                metadata.size = strlen(content);
        else
                metadata.kind = FILE_ABSENT;
        assert_int_equal(view_new_over(machine->world.view, &candidate), 0);
        assert_int_equal(view_put(candidate, path, &metadata, content, content ? metadata.size : 0),
                         0);
        file_metadata_done(&metadata);
        return candidate;
}

/* Why PATH may not have this content; NULL: it may. */
static char *judge(struct machine *machine, const char *path, const char *content) {
        struct view *candidate = lay(machine, path, content);
        char *own = BORROWED(path), *reason = NULL;

        assert_int_equal(lockout_judge(&machine->world, candidate, &own, 1, &reason), 0);
        view_free(candidate);
        return reason;
}

struct candidate {
        const char *path, *content;
        const char *refused; /* a part of the reason; NULL: it is not */
};

static void expect(struct machine *machine, const struct candidate *cases, size_t n) {
        for (size_t i = 0; i < n; i++) {
                CLEANUP_FREE char *reason = judge(machine, cases[i].path, cases[i].content);

                if (!cases[i].refused != !reason || (reason && !strstr(reason, cases[i].refused)))
                        fail_msg("%s: %s\nwanted %s, got %s", cases[i].path,
                                 cases[i].content ? cases[i].content : "(gone)",
                                 cases[i].refused ? cases[i].refused : "nothing",
                                 reason ? reason : "nothing");
        }
}

static void test_what_takes_the_last_login_away(void **state) {
        static const char lost[] =
                "no administrator could log in any more: now ann with key SHA256:";
        static const struct candidate cases[] = {
                { CONFIG, SETTINGS "DenyUsers ann\n", lost },
                { CONFIG, SETTINGS "AllowUsers ben\n", lost },
                { CONFIG, SETTINGS "AllowUsers ann@127.0.0.1\n", lost },
                { CONFIG, SETTINGS "AllowUsers ann@::1\n", lost },
                { CONFIG, SETTINGS "AllowGroups wheel\n", lost },
                { CONFIG, SETTINGS "PubkeyAuthentication no\n", lost },
                { CONFIG, SETTINGS "AuthorizedKeysFile /etc/ssh/keys/%u\n", lost },
                { CONFIG, SETTINGS "AuthenticationMethods publickey,password\n", lost },
                { CONFIG, SETTINGS "ForceCommand internal-sftp\n", lost },
                { CONFIG, SETTINGS "Match Address *\n    DenyUsers ann\n", lost },
                { ANN, "", lost },
                { ANN, NULL, lost },
                { ANN, "#" KEY_A, lost },
                { ANN, "from=\"127.0.0.1\" " KEY_A, lost },
                { ANN, "restrict,command=\"true\" " KEY_A, lost },
                { ANN, "expiry-time=\"20200101\" " KEY_A, lost },
                /* a key that nobody may hold */
                { ANN, KEY_B, lost },
                { CONFIG, SETTINGS, NULL },
                { CONFIG, SETTINGS "DenyUsers ben\n", NULL },
                { CONFIG, SETTINGS "AllowUsers ann@203.0.113.*\n", NULL },
                { CONFIG, SETTINGS "PermitRootLogin no\nX11Forwarding no\n", NULL },
                { CONFIG, SETTINGS "Match User ben\n    PubkeyAuthentication no\n", NULL },
                /* a password is what it was */
                { CONFIG, "UsePAM no\nPubkeyAuthentication no\nPasswordAuthentication yes\n",
                  NULL },
                { ANN, KEY_A KEY_B, NULL },
                { ANN, "from=\"203.0.113.9\" " KEY_A, NULL },
                { BEN, "", NULL },
        };
        struct machine *machine = *state;

        if (geteuid() != 0)
                SKIP("files of several users need root");
        start_with(machine, "admins = [ \"ann\" ];");
        expect(machine, cases, N_ELEMENTS(cases));
}

static void test_one_administrator_is_enough(void **state) {
        static const struct candidate cases[] = {
                { CONFIG, SETTINGS "DenyUsers ann\n", NULL },
                { CONFIG, SETTINGS "DenyUsers ben\n", NULL },
                { CONFIG, SETTINGS "DenyUsers ann ben\n", "now ann with key" },
                { ANN, "", NULL },
        };
        struct machine *machine = *state;

        if (geteuid() != 0)
                SKIP("files of several users need root");
        start_with(machine, "admins = [ \"ann\", \"@wheel\" ];");
        expect(machine, cases, N_ELEMENTS(cases));
        assert_true(lockout_concerns(machine->world.policy,
                                     accounts_find(&machine->world.accounts, "ben")));
        assert_false(lockout_concerns(machine->world.policy,
                                      accounts_find(&machine->world.accounts, "root")));
}

static size_t count_findings(struct machine *machine) {
        CLEANUP(findings_done) struct findings findings = { 0 };

        assert_int_equal(lockout_assess(&machine->world, &findings), 0);
        for (size_t i = 0; i < findings.n_items; i++)
                assert_string_equal(findings.items[i].rule_id, FINDING_ADMINS);
        return findings.n_items;
}

static void test_who_does_not_get_in_loses_nothing(void **state) {
        static const struct candidate cases[] = {
                { CONFIG, SETTINGS "DenyUsers root ann ben\n", NULL },
                { ANN, "", NULL },
        };
        struct machine *machine = *state;

        if (geteuid() != 0)
                SKIP("files of several users need root");
        start_with(machine, "admins = [ \"root\" ];");
        expect(machine, cases, N_ELEMENTS(cases));
        assert_int_equal(count_findings(machine), 1);
}

static void test_nobody_named_means_nothing(void **state) {
        static const struct candidate cases[] = {
                { CONFIG, SETTINGS "DenyUsers root ann ben\n", NULL },
                { ANN, "", NULL },
        };
        struct machine *machine = *state;

        if (geteuid() != 0)
                SKIP("files of several users need root");
        start_with(machine, "");
        expect(machine, cases, N_ELEMENTS(cases));
        assert_int_equal(count_findings(machine), 0);
}

/* The fingerprint of KEY_A, as `ssh-keygen -lf` prints it. */
static char *fingerprint(const char *line) {
        const struct keys_release release = { 9, 2 };
        CLEANUP(authorized_keys_done) struct authorized_keys keys = { 0 };

        assert_int_equal(
                authorized_keys_parse(line, strlen(line), &release, &keys_tree_environment, &keys),
                0);
        assert_int_equal(keys.n_items, 1);
        return strdup(keys.items[0].key.sha256);
}

static void test_what_is_never_removed(void **state) {
        static const char kept[] = "must never be removed from " ANN;
        static const struct candidate cases[] = {
                { ANN, "", kept },
                { ANN, NULL, kept },
                { ANN, KEY_B, kept },
                { ANN, "#" KEY_A, kept },
                { ANN, KEY_B "restrict " KEY_A, NULL },
                { ANN, KEY_A KEY_B, NULL },
                { BEN, "", NULL }, /* it never had it */
                { CONFIG, SETTINGS "DenyUsers ann\n", NULL },
        };
        struct machine *machine = *state;
        CLEANUP_FREE char *sha256 = fingerprint(KEY_A);
        CLEANUP_FREE char *settings = text_format("never_remove = [ \"%s\" ];", sha256);

        if (geteuid() != 0)
                SKIP("files of several users need root");
        start_with(machine, settings);
        expect(machine, cases, N_ELEMENTS(cases));
}

/* A rule wants the approved version back, and that lacks the key of the day everything is wrong. */
static void test_a_revert_leaves_it(void **state) {
        struct machine *machine = *state;
        CLEANUP_FREE char *sha256 = fingerprint(KEY_A);
        CLEANUP_FREE char *settings = text_format("never_remove = [ \"%s\" ];", sha256);
        const struct incident_filter filter = { .path = BEN };
        struct incident *incidents = NULL;
        char *path = BORROWED(BEN);
        bool is_told = false;
        size_t n = 0;

        if (geteuid() != 0)
                SKIP("files of several users need root");
        start_with(machine, settings);
        write_at(machine, BEN, KEY_B KEY_A);
        assert_int_equal(reconcile_paths(&machine->reconciler, &path, 1), 0);
        assert_content(machine, BEN, KEY_B KEY_A);
        assert_int_equal(store_list_incidents(machine->world.store, &filter, &incidents, &n), 0);
        for (size_t i = 0; i < n; i++)
                is_told |= incidents[i].outcome &&
                           strstr(incidents[i].outcome, "must never be removed") != NULL;
        incidents_free(incidents, n);
        assert_true(is_told);
        /* without the word it goes */
        stop(machine);
        memset(&machine->world, 0, sizeof machine->world);
        start_with(machine, "");
        assert_int_equal(reconcile_paths(&machine->reconciler, &path, 1), 0);
        assert_content(machine, BEN, KEY_B);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_what_takes_the_last_login_away, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(test_one_administrator_is_enough, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(test_who_does_not_get_in_loses_nothing, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(test_nobody_named_means_nothing, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_what_is_never_removed, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_a_revert_leaves_it, set_up, tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
