/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <openssl/sha.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "os/store.h"
#include "tree.h"

static struct tree tree;

static int set_up(void **state) {
        (void)state;
        tree_make_fast(&tree);
        return 0;
}

static int tear_down(void **state) {
        (void)state;
        tree_remove(&tree);
        return 0;
}

static struct store *open_store(void) {
        struct store *store = NULL;

        assert_int_equal(store_open(tree_path(&tree, "/state"), &store), 0);
        return store;
}

static struct file_metadata metadata_of(const char *data) {
        struct file_metadata m = {
                .kind = FILE_REGULAR,
                .mode = 0640,
                .uid = UINT32_MAX,
                .gid = 42,
                .size = strlen(data),
                .mtime_ns = -1,
                .ctime_ns = INT64_MAX,
                .dev = UINT64_MAX,
                .ino = 7,
                .nlink = 2,
                .flags = 0x10,
                .has_sha256 = true,
        };

        (void)SHA256((const void *)data, strlen(data), m.sha256);
        return m;
}

static void approve(struct store *store, const char *path, const char *data) {
        char path_copy[64], reason[] = "adopted at first start";
        struct approved_version version = {
                .path = path_copy,
                .metadata = metadata_of(data),
                .approved_at_us = 1700000000000001,
                .approved_by = 1000,
                .reason = reason,
        };

        (void)snprintf(path_copy, sizeof path_copy, "%s", path);
        assert_int_equal(store_approve(store, &version, data, strlen(data)), 0);
}

static int64_t add(struct store *store, const char *path, const char *data, bool is_contested) {
        char path_copy[64], rule[] = "sshd.x", got[] = "yes";
        struct incident incident = {
                .at_us = 5,
                .path = path_copy,
                .rule_id = rule,
                .severity = 3,
                .line = 12,
                .got = got,
                .generation = 9,
                .count = 1,
                .is_contested = is_contested,
        };
        struct snapshot snapshot = { 0 };
        char data_copy[256];
        int64_t id = 0;

        (void)snprintf(path_copy, sizeof path_copy, "%s", path);
        if (data) {
                (void)snprintf(data_copy, sizeof data_copy, "%s", data);
                snapshot.metadata = metadata_of(data);
                snapshot.data = data_copy;
                snapshot.n_data = strlen(data);
        }
        assert_int_equal(store_add_incident(store, &incident, data ? &snapshot : NULL, &id), 0);
        assert_true(id > 0);
        return id;
}

static int64_t add_incident(struct store *store, const char *path, const char *data) {
        return add(store, path, data, false);
}

static int64_t add_contested(struct store *store, const char *path, const char *data) {
        return add(store, path, data, true);
}

static void test_open(void **state) {
        struct store *store = NULL;
        struct stat st;

        (void)state;
        assert_int_equal(store_open_read_only(tree_path(&tree, "/state"), &store), -ENOENT);
        store = open_store();
        assert_int_equal(stat(tree_path(&tree, "/state"), &st), 0);
        assert_int_equal(st.st_mode & 07777, 0700);
        assert_int_equal(stat(tree_path(&tree, "/state/state.db"), &st), 0);
        assert_int_equal(st.st_mode & 07777, 0600);
        assert_int_equal(store_set_value(store, "generation", "3"), 0);
        assert_int_equal(stat(tree_path(&tree, "/state/state.db-wal"), &st), 0);
        assert_int_equal(st.st_mode & 07777, 0600);
        store_free(store);
        store_free(NULL);
        assert_int_equal(store_open(tree_path(&tree, "/no/parent"), &store), -ENOENT);
}

static void test_approved(void **state) {
        struct store *store = open_store();
        struct approved_version version, *versions;
        struct file_metadata expected = metadata_of("PermitRootLogin no\n");
        char *data;
        size_t n;

        (void)state;
        assert_int_equal(store_get_approved(store, "/etc/a", &version), -ENOENT);
        approve(store, "/etc/a", "first");
        approve(store, "/etc/a", "PermitRootLogin no\n");
        approve(store, "/etc/\xff", "other");
        store_free(store);
        store = open_store();
        assert_int_equal(store_get_approved(store, "/etc/a", &version), 0);
        assert_string_equal(version.path, "/etc/a");
        assert_string_equal(version.reason, "adopted at first start");
        assert_int_equal(version.approved_at_us, 1700000000000001);
        assert_int_equal(version.approved_by, 1000);
        assert_false(version.is_secret);
        assert_int_equal(file_metadata_compare(&version.metadata, &expected), 0);
        assert_int_equal(version.metadata.uid, UINT32_MAX);
        assert_true(version.metadata.dev == UINT64_MAX);
        assert_int_equal(version.metadata.mtime_ns, -1);
        assert_true(version.metadata.ctime_ns == INT64_MAX);
        assert_int_equal(version.metadata.nlink, 2);
        assert_int_equal(store_get_content(store, version.metadata.sha256, &data, &n), 0);
        assert_int_equal(n, 19);
        assert_string_equal(data, "PermitRootLogin no\n");
        free(data);
        approved_version_done(&version);
        /* what nobody refers to is gone */
        expected = metadata_of("first");
        assert_int_equal(store_get_content(store, expected.sha256, &data, &n), -ENOENT);

        assert_int_equal(store_list_approved(store, &versions, &n), 0);
        assert_int_equal(n, 2);
        assert_string_equal(versions[0].path, "/etc/a");
        assert_string_equal(versions[1].path, "/etc/\xff");
        approved_versions_free(versions, n);
        assert_int_equal(store_forget_approved(store, "/etc/a"), 0);
        assert_int_equal(store_forget_approved(store, "/etc/a"), 0);
        assert_int_equal(store_get_approved(store, "/etc/a", &version), -ENOENT);
        store_free(store);
}

static void test_approved_kinds(void **state) {
        struct store *store = open_store();
        char name[] = "system.posix_acl_access", value[] = "\2\0\0", target[] = "../x";
        struct file_xattr xattr = { .name = name, .value = value, .n_value = 4 };
        char path[] = "/etc/link";
        struct approved_version version = {
                .path = path,
                .metadata = { .kind = FILE_SYMLINK,
                              .link_target = target,
                              .xattrs = &xattr,
                              .n_xattrs = 1 },
                .is_secret = true,
        };
        struct approved_version got;

        (void)state;
        assert_int_equal(store_approve(store, &version, NULL, 0), 0);
        assert_int_equal(store_get_approved(store, path, &got), 0);
        assert_int_equal(file_metadata_compare(&version.metadata, &got.metadata), 0);
        assert_string_equal(got.metadata.link_target, "../x");
        assert_int_equal(got.metadata.n_xattrs, 1);
        assert_memory_equal(got.metadata.xattrs[0].value, value, 4);
        assert_null(got.reason);
        assert_true(got.is_secret);
        assert_false(got.metadata.has_sha256);
        approved_version_done(&got);

        version.metadata = (struct file_metadata){ .kind = FILE_ABSENT };
        assert_int_equal(store_approve(store, &version, NULL, 0), 0);
        assert_int_equal(store_get_approved(store, path, &got), 0);
        assert_int_equal(got.metadata.kind, FILE_ABSENT);
        approved_version_done(&got);

        /* content that is not what the metadata says is refused, and the old version stays */
        version.metadata = metadata_of("a");
        assert_int_equal(store_approve(store, &version, "b", 1), -EINVAL);
        assert_int_equal(store_get_approved(store, path, &got), 0);
        assert_int_equal(got.metadata.kind, FILE_ABSENT);
        approved_version_done(&got);
        assert_int_equal(store_forget_approved(store, path), 0);
        store_free(store);
}

static void test_empty_content(void **state) {
        struct store *store = open_store();
        struct file_metadata m = metadata_of("");
        char *data = NULL;
        size_t n = 1;

        (void)state;
        approve(store, "/etc/empty", "");
        assert_int_equal(store_get_content(store, m.sha256, &data, &n), 0);
        assert_int_equal(n, 0);
        assert_string_equal(data, "");
        free(data);
        store_free(store);
}

static void test_incidents(void **state) {
        struct store *store = open_store();
        struct store_usage before, after;
        struct incident incident;
        int64_t first, second, third;
        char *data;
        size_t n;

        (void)state;
        assert_int_equal(store_get_usage(store, &before), 0);
        first = add_incident(store, "/etc/a", "PermitRootLogin yes\n");
        second = add_incident(store, "/etc/a", "PermitRootLogin yes\n");
        third = add_incident(store, "/etc/b", NULL);
        assert_true(first < second && second < third);
        assert_int_equal(store_get_usage(store, &after), 0);
        assert_int_equal(after.quarantine_bytes - before.quarantine_bytes, 20); /* once */
        assert_int_equal(after.n_incidents - before.n_incidents, 3);
        assert_int_equal(after.n_quarantined - before.n_quarantined, 2);

        assert_int_equal(store_get_incident(store, first, &incident), 0);
        assert_int_equal(incident.id, first);
        assert_int_equal(incident.at_us, 5);
        assert_string_equal(incident.path, "/etc/a");
        assert_string_equal(incident.rule_id, "sshd.x");
        assert_string_equal(incident.got, "yes");
        assert_null(incident.want);
        assert_int_equal(incident.severity, 3);
        assert_int_equal(incident.line, 12);
        assert_int_equal(incident.generation, 9);
        assert_int_equal(incident.count, 1);
        assert_true(incident.has_version && incident.has_quarantine);
        assert_int_equal(incident.metadata.mode, 0640);
        incident_done(&incident);
        assert_int_equal(store_get_quarantine(store, first, &data, &n), 0);
        assert_string_equal(data, "PermitRootLogin yes\n");
        assert_int_equal(n, 20);
        free(data);

        assert_int_equal(store_get_incident(store, third, &incident), 0);
        assert_false(incident.has_version || incident.has_quarantine);
        incident_done(&incident);
        assert_int_equal(store_get_quarantine(store, third, &data, &n), -ENOENT);
        assert_int_equal(store_get_incident(store, 999999, &incident), -ENOENT);

        assert_int_equal(store_update_incident(store, third, "reverted", NULL, 7), 0);
        assert_int_equal(store_update_incident(store, 999999, "reverted", NULL, 7), -ENOENT);
        store_free(store);
}

static void test_incidents_are_chosen(void **state) {
        static const struct {
                struct incident_filter filter;
                int64_t ids[3]; /* newest first */
        } cases[] = {
                { { 0 }, { 3, 2, 1 } },
                { { .limit = 2 }, { 3, 2 } },
                { { .path = "/etc/b" }, { 3 } },
                { { .rule_id = "sshd.x", .path = "/etc/a" }, { 2, 1 } },
                { { .rule_id = "sshd.y" }, { 0 } },
                { { .severity_at_least = 3 }, { 3, 2, 1 } },
                { { .severity_at_least = 4 }, { 0 } },
                { { .user = "b", .home = "/etc" }, { 3, 2, 1 } },
                { { .user = "b", .home = "/et" }, { 0 } },
                { { .since_us = 6 }, { 0 } },
                { { .until_us = 4 }, { 0 } },
                { { .since_us = 5, .until_us = 5 }, { 3, 2, 1 } },
        };
        struct store *store = open_store();

        (void)state;
        assert_int_equal(add_incident(store, "/etc/a", "X11Forwarding yes\n"), 1);
        assert_int_equal(add_incident(store, "/etc/a", "X11Forwarding yes\n"), 2);
        assert_int_equal(add_incident(store, "/etc/b", NULL), 3);
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                struct incident *incidents;
                size_t n, n_expected = 0;

                assert_int_equal(store_list_incidents(store, &cases[i].filter, &incidents, &n), 0);
                while (n_expected < N_ELEMENTS(cases[i].ids) && cases[i].ids[n_expected])
                        n_expected++;
                assert_int_equal(n, n_expected);
                for (size_t k = 0; k < n; k++)
                        assert_int_equal(incidents[k].id, cases[i].ids[k]);
                incidents_free(incidents, n);
        }
        store_free(store);
}

/* An approved version's content survives its approval while an incident refers to it. */
static void test_shared_content(void **state) {
        struct store *store = open_store();
        int64_t id;
        char *data;
        size_t n;

        (void)state;
        approve(store, "/etc/shared", "both");
        id = add_incident(store, "/etc/shared", "both");
        assert_int_equal(store_forget_approved(store, "/etc/shared"), 0);
        assert_int_equal(store_get_quarantine(store, id, &data, &n), 0);
        assert_string_equal(data, "both");
        free(data);
        store_free(store);
}

static void test_copies_are_bounded(void **state) {
        struct store *store = open_store();
        struct store_usage before, after;
        struct incident incident;
        int64_t first = 0, last = 0;
        char *data, text[32];
        size_t n;

        (void)state;
        assert_int_equal(store_get_usage(store, &before), 0);
        for (int i = 0; i < STORE_QUARANTINE_COPIES_MAX + 3; i++) {
                (void)snprintf(text, sizeof text, "contested %d", i);
                last = add_contested(store, "/etc/contested", text);
                if (i == 0)
                        first = last;
        }
        assert_int_equal(store_get_usage(store, &after), 0);
        assert_int_equal(after.n_quarantined - before.n_quarantined, STORE_QUARANTINE_COPIES_MAX);
        assert_int_equal(after.n_dropped - before.n_dropped, 3);
        assert_int_equal(store_get_quarantine(store, last, &data, &n), -ENOENT);
        assert_int_equal(store_get_incident(store, last, &incident), 0);
        assert_true(incident.has_version);
        assert_false(incident.has_quarantine);
        assert_true(incident.metadata.has_sha256);
        incident_done(&incident);
        assert_int_equal(store_get_quarantine(store, first, &data, &n), 0);
        free(data);
        /* a new incident's copy goes before the latest of the contest, which is not the first */
        last = add_incident(store, "/etc/contested", "not contested");
        assert_int_equal(store_get_quarantine(store, last, &data, &n), 0);
        free(data);
        assert_int_equal(store_get_quarantine(store, first, &data, &n), 0);
        free(data);
        assert_int_equal(store_get_usage(store, &after), 0);
        assert_int_equal(after.n_quarantined - before.n_quarantined, STORE_QUARANTINE_COPIES_MAX);
        assert_int_equal(after.n_dropped - before.n_dropped, 4);
        /* what is kept already is kept again */
        last = add_incident(store, "/etc/contested", "contested 0");
        assert_int_equal(store_get_quarantine(store, last, &data, &n), 0);
        free(data);
        store_free(store);
}

static int64_t add_big(struct store *store, const char *path, char mark, size_t n) {
        char path_copy[64];
        struct incident incident = { .path = path_copy, .count = 1 };
        struct snapshot snapshot = { .metadata = { .kind = FILE_REGULAR, .is_oversize = true },
                                     .data = malloc(n),
                                     .n_data = n };
        int64_t id = 0;

        (void)snprintf(path_copy, sizeof path_copy, "%s", path);
        memset(snapshot.data, mark, n);
        assert_int_equal(store_add_incident(store, &incident, &snapshot, &id), 0);
        free(snapshot.data);
        return id;
}

/* When all is full, who took most gives way, and nobody loses the first copy. */
static void test_total_is_bounded(void **state) {
        const size_t big = 32 << 20;
        struct store_usage usage;
        struct store *store;
        int64_t ids[STORE_QUARANTINE_FAIR + 2], other;
        char *data;
        size_t n;

        (void)state;
        assert_int_equal(store_open(tree_path(&tree, "/full"), &store), 0);
        /* many small ones of a greedy path, beyond its share, then bulk until it is full */
        for (int i = 0; i < STORE_QUARANTINE_FAIR + 2; i++)
                ids[i] = add_big(store, "/greedy", (char)('a' + i), big / 2);
        for (int i = 0; i < 6; i++) {
                char path[32];

                (void)snprintf(path, sizeof path, "/other%d", i);
                other = add_big(store, path, (char)('0' + i), big);
                assert_int_equal(store_get_quarantine(store, other, &data, &n), 0);
                free(data);
        }
        assert_int_equal(store_get_quarantine(store, ids[0], &data, &n), 0);
        free(data);
        assert_int_equal(store_get_quarantine(store, ids[STORE_QUARANTINE_FAIR + 1], &data, &n),
                         -ENOENT);
        assert_int_equal(store_get_usage(store, &usage), 0);
        assert_int_equal(usage.n_dropped, 2);
        assert_int_equal(usage.n_quarantined, STORE_QUARANTINE_FAIR + 6);
        /* a greedy path gets nothing more, a second copy neither, a first one does */
        other = add_big(store, "/greedy", 'z', big);
        assert_int_equal(store_get_quarantine(store, other, &data, &n), -ENOENT);
        other = add_big(store, "/other0", 'y', big);
        assert_int_equal(store_get_quarantine(store, other, &data, &n), -ENOENT);
        other = add_big(store, "/new", 'x', big);
        assert_int_equal(store_get_quarantine(store, other, &data, &n), 0);
        free(data);
        store_free(store);
}

static void test_values_and_gaps(void **state) {
        struct store *store = open_store();
        char reason[] = "stopped", *value;
        struct gap gap = { .from_us = 10, .until_us = 20, .reason = reason }, *gaps;
        size_t n;

        (void)state;
        assert_int_equal(store_get_value(store, "none", &value), -ENOENT);
        assert_int_equal(store_set_value(store, "last-seen", "1"), 0);
        assert_int_equal(store_set_value(store, "last-seen", "2"), 0);
        assert_int_equal(store_get_value(store, "last-seen", &value), 0);
        assert_string_equal(value, "2");
        free(value);
        assert_int_equal(store_add_gap(store, &gap), 0);
        gap = (struct gap){ .from_us = 30 };
        assert_int_equal(store_add_gap(store, &gap), 0);
        assert_int_equal(store_close_gaps(store, 40), 0);
        assert_int_equal(store_list_gaps(store, 0, &gaps, &n), 0);
        assert_int_equal(n, 2);
        assert_int_equal(gaps[0].from_us, 30);
        assert_int_equal(gaps[0].until_us, 40);
        assert_null(gaps[0].reason);
        assert_int_equal(gaps[1].until_us, 20);
        assert_string_equal(gaps[1].reason, "stopped");
        gaps_free(gaps, n);
        assert_int_equal(store_list_gaps(store, 1, &gaps, &n), 0);
        assert_int_equal(n, 1);
        gaps_free(gaps, n);
        store_free(store);
}

static void test_transactions(void **state) {
        struct store *store = open_store(), *reader;
        struct approved_version version;
        struct store_usage before, after;

        (void)state;
        assert_int_equal(store_get_usage(store, &before), 0);
        assert_int_equal(store_begin(store), 0);
        approve(store, "/etc/t", "t");
        (void)add_incident(store, "/etc/t", "not kept");
        assert_int_equal(store_open_read_only(tree_path(&tree, "/state"), &reader), 0);
        assert_int_equal(store_get_approved(reader, "/etc/t", &version), -ENOENT);
        assert_int_equal(store_set_value(reader, "x", "y"), -EROFS);
        store_rollback(store);
        store_rollback(store);
        assert_int_equal(store_get_usage(store, &after), 0);
        assert_memory_equal(&before, &after, sizeof before);
        assert_int_equal(store_begin(store), 0);
        assert_int_equal(store_begin(store), -EUCLEAN); /* a bug of the caller's */
        approve(store, "/etc/t", "t");
        assert_int_equal(store_commit(store), 0);
        assert_int_equal(store_get_approved(reader, "/etc/t", &version), 0);
        approved_version_done(&version);
        store_free(reader);
        store_free(store);
}

/* Killed between the changes of a transaction: it never was. Killed after: it is there. */
static void test_kill(void **state) {
        struct approved_version version;
        struct store *store;
        int status;
        pid_t pid;

        (void)state;
        pid = fork();
        if (pid == 0) {
                store = open_store();
                approve(store, "/etc/committed", "1");
                if (store_begin(store) < 0)
                        _exit(1);
                approve(store, "/etc/begun", "2");
                (void)kill(getpid(), SIGKILL);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
        store = open_store();
        assert_int_equal(store_get_approved(store, "/etc/committed", &version), 0);
        approved_version_done(&version);
        assert_int_equal(store_get_approved(store, "/etc/begun", &version), -ENOENT);
        store_free(store);
}

static void scribble(const char *path, off_t offset, const char *text) {
        int fd = open(path, O_WRONLY | O_CLOEXEC);

        assert_true(fd >= 0);
        assert_int_equal(pwrite(fd, text, strlen(text), offset), (ssize_t)strlen(text));
        (void)close(fd);
}

static void test_damage(void **state) {
        static const struct {
                const char *name;
                off_t offset;
        } cases[] = {
                { "header", 0 },
                { "first page", 110 },
                { "a later page", 4096 * 3 },
        };
        char *kept;

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                const char *directory = tree_path(&tree, "/damaged");
                struct store *store = NULL;
                int r;

                assert_int_equal(store_open(directory, &store), 0);
                approve(store, "/etc/a", "content of a file");
                store_free(store);
                store = NULL;
                scribble(tree_path(&tree, "/damaged/state.db"), cases[i].offset,
                         "garbage garbage garbage garbage garbage garbage garbage garbage");
                r = store_open(directory, &store);
                if (r != -EUCLEAN)
                        fail_msg("%s: %d", cases[i].name, r);
                assert_int_equal(store_set_aside(directory, &kept), 0);
                assert_int_equal(access(kept, F_OK), 0);
                free(kept);
                assert_int_equal(store_open(directory, &store), 0);
                store_free(store);
                assert_int_equal(store_set_aside(directory, &kept), 0);
                free(kept);
        }
}

static void run_sql(const char *directory, const char *sql) {
        char path[PATH_MAX];
        sqlite3 *handle;

        (void)snprintf(path, sizeof path, "%s/state.db", directory);
        assert_int_equal(sqlite3_open(path, &handle), SQLITE_OK);
        assert_int_equal(sqlite3_exec(handle, sql, NULL, NULL, NULL), SQLITE_OK);
        (void)sqlite3_close(handle);
}

static void test_content_is_checked(void **state) {
        struct file_metadata m = metadata_of("true");
        const char *directory = tree_path(&tree, "/tampered");
        struct store *store;
        int64_t id;
        char *data;
        size_t n;

        (void)state;
        assert_int_equal(store_open(directory, &store), 0);
        approve(store, "/etc/a", "true");
        id = add_incident(store, "/etc/a", "true");
        store_free(store);
        run_sql(directory, "UPDATE content SET data = 'false'");
        assert_int_equal(store_open(directory, &store), 0);
        assert_int_equal(store_get_content(store, m.sha256, &data, &n), -EUCLEAN);
        assert_int_equal(store_get_quarantine(store, id, &data, &n), -EUCLEAN);
        store_free(store);
}

static void test_foreign_schemas(void **state) {
        const char *directory = tree_path(&tree, "/foreign");
        struct approved_version version, *versions;
        struct store *store;
        size_t n;

        (void)state;
        assert_int_equal(store_open(directory, &store), 0);
        approve(store, "/etc/a", "a");
        store_free(store);
        run_sql(directory, "UPDATE version SET kind = 99");
        assert_int_equal(store_open(directory, &store), 0);
        assert_int_equal(store_get_approved(store, "/etc/a", &version), -EUCLEAN);
        assert_int_equal(store_list_approved(store, &versions, &n), -EUCLEAN);
        store_free(store);
        run_sql(directory, "UPDATE version SET kind = 1, xattrs = x'ffffffff01'");
        assert_int_equal(store_open(directory, &store), 0);
        assert_int_equal(store_get_approved(store, "/etc/a", &version), -EUCLEAN);
        store_free(store);
        run_sql(directory, "DROP TABLE gap");
        assert_int_equal(store_open(directory, &store), -EUCLEAN);
        run_sql(directory, "PRAGMA user_version = 4711");
        assert_int_equal(store_open(directory, &store), -ENOTSUP);
}

static void test_acknowledged(void **state) {
        struct store *store = open_store(), *copy = NULL;
        struct acknowledgement *items = NULL;
        size_t n = 0, n_copied;

        (void)state;
        for (int i = 0; i < 2; i++) /* the second takes the place of the first */
                assert_int_equal(store_acknowledge(store,
                                                   &(struct acknowledgement){
                                                           .rule_id = BORROWED("sshd.x"),
                                                           .terms = BORROWED(i ? "b" : "a"),
                                                           .at_us = 5 + i,
                                                           .by = UINT32_MAX,
                                                           .reason = i ? NULL : BORROWED("why"),
                                                   }),
                                 0);
        assert_int_equal(
                store_acknowledge(store, &(struct acknowledgement){ .rule_id = BORROWED("a.first"),
                                                                    .terms = BORROWED(""),
                                                                    .reason = BORROWED("seen") }),
                0);
        assert_int_equal(store_open(tree_path(&tree, "/copy"), &copy), 0);
        assert_int_equal(store_copy_protection(store, copy, &n_copied), 0);
        store_free(store);
        assert_int_equal(store_list_acknowledged(copy, &items, &n), 0);
        assert_int_equal(n, 2);
        assert_string_equal(items[0].rule_id, "a.first");
        assert_string_equal(items[0].reason, "seen");
        assert_string_equal(items[1].rule_id, "sshd.x");
        assert_string_equal(items[1].terms, "b");
        assert_int_equal(items[1].at_us, 6);
        assert_true(items[1].by == UINT32_MAX);
        assert_null(items[1].reason);
        acknowledgements_free(items, n);
        store_free(copy);
}

/* Only what was not done because a rule only reports is counted, as often as it was summarised. */
static void test_would(void **state) {
        static const struct {
                const char *rule, *action;
                int64_t at_us, count;
        } rows[] = {
                { "w.b", "would revert", 10, 1 }, { "w.b", "would repair", 30, 4 },
                { "w.b", "reverted", 40, 1 },     { "w.a", "would lock", 20, 1 },
                { "w.c", "would not", 50, 1 },    { "w.d", "alerted", 60, 1 },
                { "w.d", "wouldn't", 70, 1 },
        };
        struct store *store = open_store();
        struct would_count *counts = NULL;
        size_t n = 0;

        (void)state;
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                const struct incident incident = { .at_us = rows[i].at_us,
                                                   .rule_id = BORROWED(rows[i].rule),
                                                   .action = BORROWED(rows[i].action),
                                                   .count = rows[i].count };
                int64_t id;

                assert_int_equal(store_add_incident(store, &incident, NULL, &id), 0);
        }
        assert_int_equal(store_count_would(store, &counts, &n), 0);
        assert_int_equal(n, 3);
        assert_string_equal(counts[0].rule_id, "w.a");
        assert_int_equal(counts[0].n, 1);
        assert_string_equal(counts[1].rule_id, "w.b");
        assert_int_equal(counts[1].n, 5);
        assert_int_equal(counts[1].last_at_us, 30);
        assert_string_equal(counts[2].rule_id, "w.c");
        would_counts_free(counts, n);
        store_free(store);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_open),
                cmocka_unit_test(test_incidents_are_chosen), /* while there are no others */
                cmocka_unit_test(test_approved),
                cmocka_unit_test(test_approved_kinds),
                cmocka_unit_test(test_empty_content),
                cmocka_unit_test(test_incidents),
                cmocka_unit_test(test_shared_content),
                cmocka_unit_test(test_copies_are_bounded),
                cmocka_unit_test(test_total_is_bounded),
                cmocka_unit_test(test_values_and_gaps),
                cmocka_unit_test(test_transactions),
                cmocka_unit_test(test_kill),
                cmocka_unit_test(test_damage),
                cmocka_unit_test(test_content_is_checked),
                cmocka_unit_test(test_foreign_schemas),
                cmocka_unit_test(test_acknowledged),
                cmocka_unit_test(test_would),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
