/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>

#include "machine.h"

static void test_three_ways_back_to_passwords(void **state) {
        struct machine *machine = *state;

        start(machine);
        write_at(machine, "/etc/ssh/sshd_config", "PasswordAuthentication yes\n");
        reconcile(machine, "/etc/ssh/sshd_config");
        assert_content(machine, "/etc/ssh/sshd_config", main_config);
        write_at(machine, "/etc/ssh/sshd_config.d/00.conf", "PasswordAuthentication yes\n");
        reconcile(machine, "/etc/ssh/sshd_config.d/00.conf");
        assert_content(machine, "/etc/ssh/sshd_config.d/00.conf", NULL);
        write_at(machine, "/etc/ssh/sshd_config.d/zz.conf",
                 "Match Address *\nPasswordAuthentication yes\n");
        reconcile(machine, "/etc/ssh/sshd_config.d/zz.conf");
        assert_content(machine, "/etc/ssh/sshd_config.d/zz.conf", NULL);
        assert_int_equal(machine->reconciler.ledger.n_items, 0);
        assert_int_equal(count_incidents(machine, "reverted"), 3);
        assert_int_equal(machine->n_reloads, 3);
}

static void test_the_removed_version_is_kept(void **state) {
        struct machine *machine = *state;
        CLEANUP_FREE char *kept = NULL;
        size_t n_kept;

        start(machine);
        write_at(machine, "/etc/ssh/sshd_config", "PasswordAuthentication yes # mine\n");
        reconcile(machine, "/etc/ssh/sshd_config");
        assert_int_equal(store_get_quarantine(machine->world.store, 1, &kept, &n_kept), 0);
        assert_string_equal(kept, "PasswordAuthentication yes # mine\n");
}

static void test_only_what_drifted_is_touched(void **state) {
        struct machine *machine = *state;
        static const char compliant[] = "PasswordAuthentication no\nX11Forwarding no\n";

        start(machine);
        write_at(machine, "/etc/ssh/sshd_config", compliant);
        reconcile(machine, "/etc/ssh/sshd_config");
        assert_string_equal(only_finding(machine)->finding.rule_id, "file.unapproved");
        write_at(machine, "/etc/ssh/sshd_config.d/zz.conf",
                 "Match User root\nPasswordAuthentication yes\n");
        write_at(machine, "/etc/ssh/sshd_config",
                 "PasswordAuthentication no\nInclude /etc/ssh/sshd_config.d/*.conf\n");
        reconcile(machine, "/etc/ssh/sshd_config");
        /* the smallest set is the winning line's file; the rest stays, reported */
        assert_content(machine, "/etc/ssh/sshd_config.d/zz.conf", NULL);
        assert_content(machine, "/etc/ssh/sshd_config",
                       "PasswordAuthentication no\nInclude /etc/ssh/sshd_config.d/*.conf\n");
        assert_string_equal(only_finding(machine)->finding.rule_id, "file.unapproved");
}

static void test_comments_are_information(void **state) {
        struct machine *machine = *state;
        CLEANUP_FREE char *text = text_format("# a remark\n%s", main_config);

        start(machine);
        write_at(machine, "/etc/ssh/sshd_config", text);
        reconcile(machine, "/etc/ssh/sshd_config");
        assert_int_equal(only_finding(machine)->finding.severity, SEVERITY_INFO);
        assert_content(machine, "/etc/ssh/sshd_config", text);
        write_at(machine, "/etc/ssh/sshd_config", main_config);
        reconcile(machine, "/etc/ssh/sshd_config");
        assert_int_equal(machine->reconciler.ledger.n_items, 0);
}

static void test_what_sshd_would_refuse_goes_back(void **state) {
        struct machine *machine = *state;
        CLEANUP_FREE char *fifo = NULL;

        start(machine);
        write_at(machine, "/etc/ssh/sshd_config", "PasswordAuthentication no\nNonsense yes\n");
        reconcile(machine, "/etc/ssh/sshd_config");
        assert_content(machine, "/etc/ssh/sshd_config", main_config);
        fifo = text_format("%s/root/etc/ssh/sshd_config.d/x.conf", machine->directory);
        assert_int_equal(mkfifo(fifo, 0644), 0);
        reconcile(machine, "/etc/ssh/sshd_config.d/x.conf");
        assert_int_equal(access(fifo, F_OK), -1);
        assert_int_equal(count_incidents(machine, "reverted"), 2);
}

static void test_file_rules(void **state) {
        struct machine *machine = *state;
        CLEANUP_FREE char *name = text_format("%s/root/etc/ssh/sshd_config", machine->directory);
        struct stat st;

        start(machine);
        assert_int_equal(chmod(name, 0666), 0);
        reconcile(machine, "/etc/ssh/sshd_config");
        assert_int_equal(stat(name, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0644);
        write_at(machine, "/etc/ssh/sshrc", "touch /tmp/x\n");
        reconcile(machine, "/etc/ssh/sshrc");
        assert_content(machine, "/etc/ssh/sshrc", NULL);
        assert_int_equal(machine->reconciler.ledger.n_items, 0);
}

static void test_repair_is_the_smallest_edit(void **state) {
        struct machine *machine = *state;
        CLEANUP_FREE char *bad = text_format("%sMaxAuthTries 9 # why not\n", main_config);
        CLEANUP_FREE char *good = text_format("%sMaxAuthTries 6 # why not\n", main_config);

        start(machine);
        write_at(machine, "/etc/ssh/sshd_config", bad);
        reconcile(machine, "/etc/ssh/sshd_config");
        assert_content(machine, "/etc/ssh/sshd_config", good);
        assert_int_equal(machine->reconciler.ledger.n_items, 0);
        assert_int_equal(count_incidents(machine, "repaired"), 1);
}

static void test_audit_changes_nothing(void **state) {
        struct machine *machine = *state;

        write_policy(machine, "audit");
        start(machine);
        write_at(machine, "/etc/ssh/sshd_config", "PasswordAuthentication yes\n");
        reconcile(machine, "/etc/ssh/sshd_config");
        assert_content(machine, "/etc/ssh/sshd_config", "PasswordAuthentication yes\n");
        assert_int_equal(count_incidents(machine, "would revert"), 1);
        reconcile(machine, "/etc/ssh/sshd_config");
        assert_int_equal(count_incidents(machine, "would revert"), 1);
        write_policy(machine, "enforce");
        load_policy(machine);
        reconcile(machine, "/etc/ssh/sshd_config");
        assert_content(machine, "/etc/ssh/sshd_config", main_config);
}

static void test_a_violation_is_never_adopted(void **state) {
        struct machine *machine = *state;
        static const char violating[] = "Include /etc/ssh/sshd_config.d/*.conf\n"
                                        "PasswordAuthentication yes\n";

        write_at(machine, "/etc/ssh/sshd_config", violating);
        start(machine);
        reconcile(machine, "/etc/ssh/sshd_config");
        assert_null(baseline_get(machine->world.baseline, "/etc/ssh/sshd_config"));
        assert_content(machine, "/etc/ssh/sshd_config", violating);
        assert_string_equal(only_finding(machine)->action, "not reverted");
        /* what is put on top of it goes all the same */
        write_at(machine, "/etc/ssh/sshd_config.d/zz.conf",
                 "Match User root\nPasswordAuthentication yes\n");
        reconcile(machine, "/etc/ssh/sshd_config.d/zz.conf");
        assert_content(machine, "/etc/ssh/sshd_config.d/zz.conf", NULL);
}

static void test_what_changed_while_nobody_watched(void **state) {
        struct machine *machine = *state;

        start(machine);
        stop(machine);
        write_at(machine, "/etc/ssh/sshd_config.d/00.conf", "PasswordAuthentication yes\n");
        start(machine);
        reconcile(machine, "/etc/ssh/sshd_config");
        assert_content(machine, "/etc/ssh/sshd_config.d/00.conf", NULL);
}

static struct permit lasting_permit(enum permit_kind kind, const char *path) {
        return (struct permit){ .kind = kind,
                                .path = BORROWED(path),
                                .since_us = 1,
                                .until_us = INT64_MAX,
                                .uses_left = -1,
                                .reason = BORROWED("a test") };
}

static void test_a_permit_suspends_the_response_not_the_alert(void **state) {
        struct machine *machine = *state;
        const struct permit permit = lasting_permit(PERMIT_CHANGE, "/etc/ssh/sshd_config");
        int64_t id;

        start(machine);
        assert_int_equal(permits_add(&machine->permits, &permit, &id), 0);
        write_at(machine, "/etc/ssh/sshd_config", "PasswordAuthentication yes\n");
        reconcile(machine, "/etc/ssh/sshd_config");
        assert_content(machine, "/etc/ssh/sshd_config", "PasswordAuthentication yes\n");
        assert_string_equal(only_finding(machine)->finding.rule_id, "password");
        assert_int_equal(permits_remove(&machine->permits, id), 0);
        reconcile(machine, "/etc/ssh/sshd_config");
        assert_content(machine, "/etc/ssh/sshd_config", main_config);
}

static bool is_open_for_writing(void *userdata, const char *path) {
        (void)userdata;
        (void)path;
        return true;
}

static bool is_closed(void *userdata, const char *path) {
        (void)userdata;
        (void)path;
        return false;
}

static void test_a_slow_write_is_one_change(void **state) {
        struct machine *machine = *state;
        const char *path = "/etc/ssh/sshd_config";
        const struct permit permit = { .kind = PERMIT_CHANGE,
                                       .path = BORROWED(path),
                                       .since_us = record_now_us(),
                                       .until_us = record_now_us() + 600000000,
                                       .uses_left = 2,
                                       .reason = BORROWED("a test") };

        start(machine);
        assert_int_equal(permits_add(&machine->permits, &permit, NULL), 0);
        reconcile(machine, path);
        machine->reconciler.is_being_written = is_open_for_writing;
        write_at(machine, path, "");
        reconcile(machine, path);
        assert_int_equal(machine->permits.items[0].uses_left, 1);
        write_at(machine, path, "PasswordAuthentication yes\n");
        reconcile(machine, path);
        assert_int_equal(machine->permits.items[0].uses_left, 1);
        /* and its end, which is still the same write */
        machine->reconciler.is_being_written = is_closed;
        write_at(machine, path, "PasswordAuthentication yes\n# all of it\n");
        reconcile(machine, path);
        assert_int_equal(machine->permits.items[0].uses_left, 1);
        write_at(machine, path, "PasswordAuthentication yes\n");
        reconcile(machine, path);
        assert_int_equal(machine->permits.items[0].uses_left, 0);
        assert_content(machine, path, "PasswordAuthentication yes\n");
}

static void test_a_foreign_file_is_not_removed_for_an_include(void **state) {
        struct machine *machine = *state;
        static const char foreign[] = "PasswordAuthentication yes\n";
        CLEANUP_FREE char *text = text_format("Include /etc/foreign\n%s", main_config);

        write_at(machine, "/etc/foreign", foreign);
        start(machine);
        write_at(machine, "/etc/ssh/sshd_config", text);
        reconcile(machine, "/etc/ssh/sshd_config");
        assert_content(machine, "/etc/foreign", foreign);
        assert_content(machine, "/etc/ssh/sshd_config", main_config);
}

/* An excepted drop-in, a compliant edit, and then a drop-in that sshd refuses: only that one goes.
 */
static void test_a_refused_file_takes_nothing_with_it(void **state) {
        struct machine *machine = *state;
        static const char excepted[] = "PasswordAuthentication yes\n";
        static const char compliant[] = "Include /etc/ssh/sshd_config.d/*.conf\n"
                                        "PasswordAuthentication no\n"
                                        "PermitRootLogin no\n"
                                        "X11Forwarding no\n";
        struct permit exception =
                lasting_permit(PERMIT_EXCEPTION, "/etc/ssh/sshd_config.d/50.conf");
        int64_t id;

        exception.rule_id = BORROWED("password");
        start(machine);
        assert_int_equal(permits_add(&machine->permits, &exception, &id), 0);
        write_at(machine, "/etc/ssh/sshd_config.d/50.conf", excepted);
        write_at(machine, "/etc/ssh/sshd_config", compliant);
        reconcile(machine, "/etc/ssh/sshd_config");
        assert_int_equal(count_incidents(machine, "reverted"), 0);
        write_at(machine, "/etc/ssh/sshd_config.d/60.conf", "Nonsense yes\n");
        reconcile(machine, "/etc/ssh/sshd_config.d/60.conf");
        assert_content(machine, "/etc/ssh/sshd_config.d/60.conf", NULL);
        assert_content(machine, "/etc/ssh/sshd_config.d/50.conf", excepted);
        assert_content(machine, "/etc/ssh/sshd_config", compliant);
        assert_int_equal(count_incidents(machine, "reverted"), 1);
        assert_int_equal(permits_remove(&machine->permits, id), 0);
        reconcile(machine, "/etc/ssh/sshd_config.d/50.conf");
        assert_content(machine, "/etc/ssh/sshd_config.d/50.conf", NULL);
}

/* What sshd refuses goes also from a tree that breaks a rule of its own. */
static void test_a_refused_file_goes_from_a_violating_tree(void **state) {
        struct machine *machine = *state;

        write_at(machine, "/etc/ssh/sshd_config",
                 "Include /etc/ssh/sshd_config.d/*.conf\nPasswordAuthentication yes\n");
        start(machine);
        write_at(machine, "/etc/ssh/sshd_config.d/60.conf", "Nonsense yes\n");
        reconcile(machine, "/etc/ssh/sshd_config.d/60.conf");
        assert_content(machine, "/etc/ssh/sshd_config.d/60.conf", NULL);
        assert_string_equal(only_finding(machine)->finding.rule_id, "password");
}

/* The drifted files that set the keyword go together, but for what is allowed. */
static void test_what_is_permitted_joins_no_set(void **state) {
        struct machine *machine = *state;
        const struct permit permit = lasting_permit(PERMIT_CHANGE, "/etc/ssh/sshd_config");
        static const char own[] = "Include /etc/ssh/sshd_config.d/*.conf\n"
                                  "PasswordAuthentication yes\n";
        int64_t id;

        start(machine);
        assert_int_equal(permits_add(&machine->permits, &permit, &id), 0);
        write_at(machine, "/etc/ssh/sshd_config", own);
        write_at(machine, "/etc/ssh/sshd_config.d/00.conf", "PasswordAuthentication yes\n");
        reconcile(machine, "/etc/ssh/sshd_config");
        assert_content(machine, "/etc/ssh/sshd_config", own);
        /* nor does it shield the other file */
        assert_content(machine, "/etc/ssh/sshd_config.d/00.conf", NULL);
        assert_string_equal(only_finding(machine)->finding.path, "/etc/ssh/sshd_config");
}

static void link_at(const struct machine *machine, const char *target, const char *path) {
        CLEANUP_FREE char *name = text_format("%s/root%s", machine->directory, path);

        assert_int_equal(symlink(target, name), 0);
}

/* Where a guarded link leads is no path of the set, and is looked at anew all the same. */
static bool has_finding(const struct machine *machine, const char *rule_id, const char *path) {
        const struct ledger *ledger = &machine->reconciler.ledger;

        for (size_t i = 0; i < ledger->n_items; i++)
                if (strcmp(ledger->items[i].finding.rule_id, rule_id) == 0 &&
                    strcmp(ledger->items[i].finding.path, path) == 0)
                        return true;
        return false;
}

static void test_what_a_link_leads_to_is_put_back(void **state) {
        struct machine *machine = *state;

        write_at(machine, "/etc/real", "X11Forwarding no\n");
        link_at(machine, "/etc/real", "/etc/ssh/sshd_config.d/10.conf");
        start(machine);
        write_at(machine, "/etc/real", "PasswordAuthentication yes\n");
        reconcile(machine, "/etc/ssh/sshd_config.d/10.conf");
        assert_content(machine, "/etc/real", "X11Forwarding no\n");
        assert_int_equal(machine->reconciler.ledger.n_items, 0);
        assert_int_equal(count_incidents(machine, "reverted"), 1);
}

/* As the sweep finds it: what the link leads to changed, and no event said so of the link. */
static void test_a_rule_about_a_link_speaks_of_where_it_leads(void **state) {
        struct machine *machine = *state;
        CLEANUP_FREE char *folder =
                text_format("%s/root/etc/sshguardd/policy.d", machine->directory);

        assert_int_equal(mkdir(folder, 0755), 0);
        write_at(machine, "/etc/sshguardd/policy.d/x.conf",
                 "rules = ( { id = \"x\"; file = \"/etc/ssh/sshd_config.d/*.conf\";\n"
                 "approved_only = true; response = \"revert\"; } );\n");
        write_at(machine, "/etc/real", "X11Forwarding no\n");
        link_at(machine, "/etc/real", "/etc/ssh/between");
        link_at(machine, "/etc/ssh/between", "/etc/ssh/sshd_config.d/10.conf");
        start(machine);
        write_at(machine, "/etc/real", "X11Forwarding yes\n");
        reconcile(machine, "/etc/real");
        assert_content(machine, "/etc/real", "X11Forwarding no\n");
        assert_int_equal(machine->reconciler.ledger.n_items, 0);
}

/* A slice of a full pass can be the first to see a change of what an account and a rule share. */
static void test_what_an_account_shares_with_a_rule_is_judged_by_it(void **state) {
        struct machine *machine = *state;
        CLEANUP_FREE char *folder =
                text_format("%s/root/etc/sshguardd/policy.d", machine->directory);
        CLEANUP_FREE char *config =
                text_format("%sAuthorizedPrincipalsFile /etc/ssh/principals\n", main_config);

        assert_int_equal(mkdir(folder, 0755), 0);
        write_at(machine, "/etc/sshguardd/policy.d/x.conf",
                 "rules = ( { id = \"x\"; file = \"/etc/ssh/principals\";\n"
                 "approved_only = true; response = \"revert\"; } );\n");
        write_at(machine, "/etc/ssh/sshd_config", config);
        write_at(machine, "/etc/ssh/principals", "alice\n");
        start(machine);
        assert_non_null(users_get(&machine->world.users, "/etc/ssh/principals"));
        assert_int_equal(reconcile_users(&machine->reconciler, 0, 1), 0);
        write_at(machine, "/etc/ssh/principals", "alice\nroot\n");
        assert_int_equal(reconcile_users(&machine->reconciler, 0, 1), 0);
        assert_content(machine, "/etc/ssh/principals", "alice\n");
        assert_int_equal(count_incidents(machine, "reverted"), 1);
}

static void test_a_repair_leaves_a_link_a_link(void **state) {
        struct machine *machine = *state;
        CLEANUP_FREE char *name =
                text_format("%s/root/etc/ssh/sshd_config.d/10.conf", machine->directory);
        struct stat st;

        write_at(machine, "/etc/real", "MaxAuthTries 4\n");
        link_at(machine, "/etc/real", "/etc/ssh/sshd_config.d/10.conf");
        start(machine);
        write_at(machine, "/etc/real", "MaxAuthTries 9\n");
        reconcile(machine, "/etc/ssh/sshd_config.d/10.conf");
        assert_int_equal(lstat(name, &st), 0);
        assert_true(S_ISLNK(st.st_mode));
        assert_content(machine, "/etc/real", "MaxAuthTries 6\n");
        assert_int_equal(machine->reconciler.ledger.n_items, 0);
        assert_int_equal(count_incidents(machine, "repaired"), 1);
        assert_int_equal(machine->n_reloads, 1);
}

static uint32_t flags_at(const struct machine *machine, const char *path) {
        CLEANUP_FREE char *name = text_format("%s/root%s", machine->directory, path);
        int fd = open(name, O_RDONLY | O_CLOEXEC), flags = 0;

        assert_true(fd >= 0);
        if (ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0)
                flags = 0;
        (void)close(fd);
        return (uint32_t)flags;
}

static void clear_flags_at(const struct machine *machine, const char *path) {
        CLEANUP_FREE char *name = text_format("%s/root%s", machine->directory, path);
        int fd = open(name, O_RDONLY | O_CLOEXEC), flags = 0;

        assert_true(fd >= 0);
        assert_int_equal(ioctl(fd, FS_IOC_GETFLAGS, &flags), 0);
        flags &= ~FS_IMMUTABLE_FL;
        assert_int_equal(ioctl(fd, FS_IOC_SETFLAGS, &flags), 0);
        (void)close(fd);
}

/* Tried on a file of its own, so that a daemon that sets no flag fails and is not skipped. */
static bool can_set_flags(const struct machine *machine) {
        CLEANUP_FREE char *name = text_format("%s/root/flags", machine->directory);
        int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600), flags, kept = 0;
        bool can;

        assert_true(fd >= 0);
        can = ioctl(fd, FS_IOC_GETFLAGS, &kept) == 0;
        flags = kept | FS_IMMUTABLE_FL;
        can = can && ioctl(fd, FS_IOC_SETFLAGS, &flags) == 0;
        if (can)
                assert_int_equal(ioctl(fd, FS_IOC_SETFLAGS, &kept), 0);
        (void)close(fd);
        (void)unlink(name);
        return can;
}

static void test_a_lock_comes_with_the_revert_and_stays(void **state) {
        struct machine *machine = *state;
        const struct permit permit = lasting_permit(PERMIT_UNLOCK, "/etc/ssh/sshd_config");
        int64_t id;

        write_at(machine, "/etc/sshguardd/sshguardd.conf",
                 "rules = ( { id = \"password\"; sshd = \"PasswordAuthentication\";\n"
                 "  must = \"no\"; response = \"lock\"; } );\n");
        if (!can_set_flags(machine))
                SKIP("no right to set inode flags, or no flags here");
        start(machine);
        write_at(machine, "/etc/ssh/sshd_config", "PasswordAuthentication yes\n");
        reconcile(machine, "/etc/ssh/sshd_config");
        assert_content(machine, "/etc/ssh/sshd_config", main_config);
        assert_int_equal(count_incidents(machine, "locked"), 1);
        assert_true(flags_at(machine, "/etc/ssh/sshd_config") & FS_IMMUTABLE_FL);
        assert_int_equal(machine->reconciler.ledger.n_items, 0);
        /* taken away by somebody: it comes back, and is told */
        clear_flags_at(machine, "/etc/ssh/sshd_config");
        reconcile(machine, "/etc/ssh/sshd_config");
        assert_true(flags_at(machine, "/etc/ssh/sshd_config") & FS_IMMUTABLE_FL);
        assert_int_equal(count_incidents(machine, "locked"), 2);
        /* and with a change: both are put right at once */
        clear_flags_at(machine, "/etc/ssh/sshd_config");
        write_at(machine, "/etc/ssh/sshd_config", "PasswordAuthentication yes\n");
        reconcile(machine, "/etc/ssh/sshd_config");
        assert_content(machine, "/etc/ssh/sshd_config", main_config);
        assert_true(flags_at(machine, "/etc/ssh/sshd_config") & FS_IMMUTABLE_FL);
        assert_int_equal(count_incidents(machine, "locked"), 3);
        /* lifted by an administrator: it stays away, and nothing else is allowed */
        assert_int_equal(permits_add(&machine->permits, &permit, &id), 0);
        reconcile(machine, "/etc/ssh/sshd_config");
        assert_false(flags_at(machine, "/etc/ssh/sshd_config") & FS_IMMUTABLE_FL);
        assert_int_equal(machine->reconciler.ledger.n_items, 0);
        assert_int_equal(permits_remove(&machine->permits, id), 0);
        reconcile(machine, "/etc/ssh/sshd_config");
        assert_true(flags_at(machine, "/etc/ssh/sshd_config") & FS_IMMUTABLE_FL);
        assert_int_equal(count_incidents(machine, "locked"), 3);
        clear_flags_at(machine, "/etc/ssh/sshd_config");
}

/* Breaking the configuration resolves nothing. */
static void test_a_refused_file_resolves_nothing(void **state) {
        struct machine *machine = *state;
        const struct permit permit =
                lasting_permit(PERMIT_CHANGE, "/etc/ssh/sshd_config.d/60.conf");
        int64_t id, incident;

        write_at(machine, "/etc/ssh/sshd_config",
                 "Include /etc/ssh/sshd_config.d/*.conf\nPasswordAuthentication yes\n");
        start(machine);
        reconcile(machine, "/etc/ssh/sshd_config");
        incident = only_finding(machine)->incident_id;
        assert_int_equal(permits_add(&machine->permits, &permit, &id), 0);
        write_at(machine, "/etc/ssh/sshd_config.d/60.conf", "Nonsense yes\n");
        reconcile(machine, "/etc/ssh/sshd_config.d/60.conf");
        assert_int_equal(machine->reconciler.ledger.n_items, 2);
        assert_string_equal(machine->reconciler.ledger.items[0].finding.rule_id, "password");
        assert_int_equal(machine->reconciler.ledger.items[0].incident_id, incident);
        assert_string_equal(machine->reconciler.ledger.items[1].finding.rule_id, "sshd.refused");
}

/* What was not adopted and then put right by hand can be approved, and is guarded from then on. */
static void test_what_was_declined_can_be_approved(void **state) {
        struct machine *machine = *state;
        static const char sshd_config[] = "/etc/ssh/sshd_config";
        const struct snapshot *now;

        write_at(machine, sshd_config,
                 "Include /etc/ssh/sshd_config.d/*.conf\nPasswordAuthentication yes\n");
        start(machine);
        write_at(machine, sshd_config, main_config);
        reconcile(machine, sshd_config);
        assert_int_equal(machine->reconciler.ledger.n_items, 0);
        assert_null(baseline_get(machine->world.baseline, sshd_config));
        assert_int_equal(view_look(machine->world.view, sshd_config, 0, &now), 0);
        assert_int_equal(
                baseline_approve(machine->world.baseline, sshd_config, now, false, 0, "mine"), 0);
        assert_int_equal(world_update_patterns(&machine->world), 0);
        reconcile(machine, sshd_config);
        write_at(machine, sshd_config, "PasswordAuthentication yes\n");
        reconcile(machine, sshd_config);
        assert_content(machine, sshd_config, main_config);
        assert_int_equal(machine->reconciler.ledger.n_items, 0);
}

/* A rule that came while nobody watched finds files that were there before it. */
static void test_a_new_rule_removes_nothing(void **state) {
        struct machine *machine = *state;
        CLEANUP_FREE char *name = text_format("%s/root/etc/ssh/own.x", machine->directory);

        write_at(machine, "/etc/ssh/own.x", "mine\n");
        assert_int_equal(chmod(name, 0666), 0);
        start(machine);
        stop(machine);
        write_at(machine, "/etc/sshguardd/sshguardd.conf",
                 "rules = ( { id = \"own\"; file = \"/etc/ssh/*.x\"; mode_at_most = \"0644\";\n"
                 "  response = \"revert\"; },\n"
                 "  { id = \"none\"; file = \"/etc/ssh/*.y\"; absent = true;\n"
                 "  response = \"revert\"; } );\n");
        start(machine);
        write_at(machine, "/etc/ssh/new.y", "new\n");
        {
                char directory[] = "/etc/ssh";
                char *paths[] = { BORROWED("/etc/ssh/own.x"), directory };

                assert_int_equal(reconcile_paths(&machine->reconciler, paths, 2), 0);
        }
        assert_content(machine, "/etc/ssh/own.x", "mine\n");
        assert_content(machine, "/etc/ssh/new.y", NULL);
        assert_int_equal(machine->reconciler.ledger.n_items, 2);
        assert_true(has_finding(machine, "own", "/etc/ssh/own.x"));
        /* nobody asked to load that policy */
        assert_true(has_finding(machine, "file.unapproved", "/etc/sshguardd/sshguardd.conf"));
}

static void test_no_name_takes_protection_away(void **state) {
        struct machine *machine = *state;

        start(machine);
        write_at(machine, "/etc/ssh/sshd_config.d/00.conf",
                 "PasswordAuthentication yes\n"
                 "HostKey /etc/ssh/sshd_config.d/00.conf\n"
                 "Subsystem sftp /etc/ssh/sshd_config.d/00.conf\n");
        reconcile(machine, "/etc/ssh/sshd_config.d/00.conf");
        assert_content(machine, "/etc/ssh/sshd_config.d/00.conf", NULL);
        write_at(machine, "/etc/ssh/sshrc", "touch /tmp/x\n");
        write_at(machine, "/etc/ssh/sshd_config.d/00.conf", "ForceCommand /etc/ssh/sshrc\n");
        reconcile(machine, "/etc/ssh/sshd_config.d/00.conf");
        reconcile(machine, "/etc/ssh/sshrc");
        assert_content(machine, "/etc/ssh/sshrc", NULL);
}

static void test_a_file_that_is_gone_is_missed(void **state) {
        struct machine *machine = *state;
        CLEANUP_FREE char *name =
                text_format("%s/root/etc/ssh/sshd_config.d/10.conf", machine->directory);

        write_at(machine, "/etc/ssh/sshd_config.d/10.conf", "X11Forwarding no\n");
        start(machine);
        assert_int_equal(unlink(name), 0);
        reconcile(machine, "/etc/ssh/sshd_config.d/10.conf");
        assert_string_equal(only_finding(machine)->finding.rule_id, "file.unapproved");
        assert_string_equal(only_finding(machine)->finding.path, "/etc/ssh/sshd_config.d/10.conf");
        assert_string_equal(only_finding(machine)->finding.got, "absent");
}

/* The daemon ends before there was a tree. */
static void test_what_never_began_can_be_ended(void **state) {
        struct reconciler reconciler = { 0 };

        (void)state;
        reconciler_done(&reconciler);
        assert_null(reconciler.world);
}

static void test_what_the_unit_says_beats_the_files(void **state) {
        static const char unit[] = "[Service]\nEnvironmentFile=-/etc/default/ssh\n"
                                   "ExecStart=/usr/sbin/sshd -D $SSHD_OPTS\n";
        static const char drop_in_path[] = "/etc/systemd/system/ssh.service.d/x.conf";
        struct machine *machine = *state;

        write_at(machine, "/etc/systemd/system/ssh.service", unit);
        write_at(machine, "/etc/default/ssh", "SSHD_OPTS=\n");
        start(machine);
        assert_int_equal(machine->reconciler.ledger.n_items, 0);
        write_at(machine, "/etc/default/ssh", "# x\nSSHD_OPTS=-oPasswordAuthentication=yes\n");
        reconcile(machine, "/etc/default/ssh");
        assert_content(machine, "/etc/default/ssh", "SSHD_OPTS=\n");
        write_at(machine, drop_in_path,
                 "[Service]\nExecStart=\nExecStart=/usr/sbin/sshd -D -o MaxAuthTries=9\n");
        reconcile(machine, drop_in_path);
        assert_content(machine, drop_in_path, NULL);
        write_at(machine, drop_in_path, "[Service]\nEnvironment=LD_PRELOAD=/tmp/x.so\n");
        reconcile(machine, drop_in_path);
        assert_content(machine, drop_in_path, NULL);
        /* of the second no edit helps, so that it went back */
        assert_int_equal(count_incidents(machine, "reverted"), 3);
        assert_int_equal(count_incidents(machine, "repaired"), 0);
        assert_int_equal(machine->reconciler.ledger.n_items, 0);
}

static void test_another_file_on_the_command_line_is_followed(void **state) {
        static const char unit[] = "[Service]\nEnvironmentFile=-/etc/default/ssh\n"
                                   "ExecStart=/usr/sbin/sshd -D $SSHD_OPTS\n";
        struct machine *machine = *state;
        const struct open_finding *open;

        write_at(machine, "/etc/systemd/system/ssh.service", unit);
        write_policy(machine, "audit");
        start(machine);
        write_at(machine, "/etc/ssh/other", "PasswordAuthentication yes\n");
        write_at(machine, "/etc/default/ssh", "SSHD_OPTS=\"-f /etc/ssh/other\"\n");
        reconcile(machine, "/etc/default/ssh");
        assert_non_null(guarded_set_get(&machine->world.set, "/etc/ssh/other"));
        assert_non_null(guarded_set_get(&machine->world.set, "/etc/ssh/sshd_config"));
        open = &machine->reconciler.ledger.items[0];
        assert_string_equal(open->finding.rule_id, "password");
        assert_string_equal(open->finding.path, "/etc/ssh/other");
        assert_non_null(strstr(open->finding.witness, "sshd -T -f /etc/ssh/other -C "));
}

/* While the drop-in that is there already is read, another one is moved in: the configuration is
 * read without it, and the guarded set, which is derived later, has it. */
static int read_and_move_in(void *userdata, const char *path, const char *owned, unsigned flags,
                            struct snapshot *ret) {
        const struct machine *machine = userdata;

        (void)owned;
        if (strcmp(path, "/etc/ssh/sshd_config.d/10.conf") == 0)
                write_at(machine, "/etc/ssh/sshd_config.d/zz.conf",
                         "Match Address *\nPasswordAuthentication yes\n");
        return snapshot_take(&machine->world.root, path, flags, ret);
}

static bool is_nobodys(void *userdata, const char *path) {
        (void)userdata;
        (void)path;
        return false;
}

static void test_a_file_that_comes_meanwhile_is_told_once(void **state) {
        struct machine *machine = *state;
        const struct view_reader reader = { machine, read_and_move_in, is_nobodys, NULL };

        write_at(machine, "/etc/ssh/sshd_config.d/10.conf", "X11Forwarding no\n");
        start(machine);
        view_set_reader(machine->world.view, &reader);
        reconcile(machine, "/etc/ssh/sshd_config.d/10.conf");
        assert_content(machine, "/etc/ssh/sshd_config.d/zz.conf", NULL);
        assert_int_equal(count_incidents(machine, "reverted"), 1);
        assert_int_equal(count_incidents(machine, "alerted"), 0);
        assert_int_equal(machine->reconciler.ledger.n_items, 0);
}

#define MACHINE_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_what_never_began_can_be_ended),
                MACHINE_TEST(test_three_ways_back_to_passwords),
                MACHINE_TEST(test_the_removed_version_is_kept),
                MACHINE_TEST(test_only_what_drifted_is_touched),
                MACHINE_TEST(test_comments_are_information),
                MACHINE_TEST(test_what_sshd_would_refuse_goes_back),
                MACHINE_TEST(test_file_rules),
                MACHINE_TEST(test_repair_is_the_smallest_edit),
                MACHINE_TEST(test_audit_changes_nothing),
                MACHINE_TEST(test_a_violation_is_never_adopted),
                MACHINE_TEST(test_what_changed_while_nobody_watched),
                MACHINE_TEST(test_a_permit_suspends_the_response_not_the_alert),
                MACHINE_TEST(test_a_slow_write_is_one_change),
                MACHINE_TEST(test_a_foreign_file_is_not_removed_for_an_include),
                MACHINE_TEST(test_a_refused_file_takes_nothing_with_it),
                MACHINE_TEST(test_a_refused_file_goes_from_a_violating_tree),
                MACHINE_TEST(test_what_is_permitted_joins_no_set),
                MACHINE_TEST(test_what_a_link_leads_to_is_put_back),
                MACHINE_TEST(test_a_rule_about_a_link_speaks_of_where_it_leads),
                MACHINE_TEST(test_what_an_account_shares_with_a_rule_is_judged_by_it),
                MACHINE_TEST(test_a_repair_leaves_a_link_a_link),
                MACHINE_TEST(test_a_lock_comes_with_the_revert_and_stays),
                MACHINE_TEST(test_a_refused_file_resolves_nothing),
                MACHINE_TEST(test_what_was_declined_can_be_approved),
                MACHINE_TEST(test_a_new_rule_removes_nothing),
                MACHINE_TEST(test_no_name_takes_protection_away),
                MACHINE_TEST(test_a_file_that_is_gone_is_missed),
                MACHINE_TEST(test_what_the_unit_says_beats_the_files),
                MACHINE_TEST(test_another_file_on_the_command_line_is_followed),
                MACHINE_TEST(test_a_file_that_comes_meanwhile_is_told_once),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
